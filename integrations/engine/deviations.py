"""How a document in a ledger deviates from what both sides agreed on, in what we wrote and in words of the books.

Ledgers add and normalise; so the state right after our write is the measure, and only fields that we gave are compared,
beside the total, which all of them make.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from integrations.engine.compare import differences
from integrations.unified import SCHEMAS
from integrations.unified.schema import Schema

# A name of something else, the ledger's own, or not the document's to say.
_NOT_COMPARED = frozenset({
    "external_id", "remote_type", "version", "created_at", "modified_at", "remote_fields", "custom_fields", "links",
    "status", "id", "kind", "name_of", "balance", "subtotal", "exchange_rate", "gross_amount",
})  # fmt: skip
_ROWS = frozenset({"lines", "allocations"})
_LABELS: Mapping[str, str] = {
    "issued_on": "Date", "due_on": "Due date", "tax_mode": "Amounts are", "tax_rate": "tax code", "tax_total": "Tax",
    "tax_amount": "tax", "expected_on": "Expected on", "payment_terms": "Terms", "total": "Total", "account": "Account",
}  # fmt: skip
_MONEY = frozenset({"money"})


@dataclass(frozen=True, slots=True)
class Deviation:
    """One field that differs: its path, its label, and what either side says ("" where it says nothing)."""

    field: str
    label: str
    ours: str
    theirs: str

    def as_dict(self) -> dict[str, str]:
        """As discrepancies keep it."""
        return asdict(self)


def deviations(
    resource: str, body: Mapping[str, Any], agreed: Mapping[str, Any], found: Mapping[str, Any]
) -> list[Deviation]:
    """What of the written `body` is in `found` no longer as it was in `agreed`; all three are unified records."""
    schema = SCHEMAS[resource]
    named = [name for name in body if _is_given(body[name]) and name not in _NOT_COMPARED | _ROWS]
    found_all = list(_fields(schema, [*named, *({"total"} & set(schema) - set(named))], agreed, found, "", ""))
    if body.get("lines"):
        found_all += _lines(schema["lines"].fields, body["lines"], agreed.get("lines") or [], found.get("lines") or [])
    if body.get("allocations"):
        found_all += _allocations(body["allocations"], agreed.get("allocations") or [], found.get("allocations") or [])
    return found_all


def _is_given(value: Any) -> bool:
    return value is not None and value != "" and value != [] and value != {}


def _fields(
    schema: Schema, names: Sequence[str], agreed: Mapping[str, Any], found: Mapping[str, Any], path: str, label: str
) -> Iterator[Deviation]:
    for name in names:
        ours, theirs = agreed.get(name), found.get(name)
        # What the ledger did not keep when we wrote it, it cannot have changed since.
        if not _is_given(ours) or not differences(ours, theirs):
            continue
        kind = schema[name].kind if name in schema else ""
        yield Deviation(path + name, _label(name, label), text(ours, kind), text(theirs, kind))


def _label(name: str, of: str) -> str:
    words = _LABELS.get(name, name.replace("_", " "))
    return f"{of} {words.lower()}" if of else words[:1].upper() + words[1:]


# Lines ---------------------------------------------------------------------------------------------------------------


def _lines(schema: Schema, written: Sequence[Any], agreed: Sequence[Any], found: Sequence[Any]) -> Iterator[Deviation]:
    names = list(dict.fromkeys(
        name for line in written for name, value in line.items() if _is_given(value) and name not in _NOT_COMPARED
    ))  # fmt: skip
    partners, added = _paired(agreed, found)
    for position, (ours, theirs) in enumerate(zip(agreed, partners, strict=True)):
        path, label = f"lines.{position}", f"Line {position + 1}"
        if theirs is None:
            yield Deviation(path, label, _line_text(ours), "")
        else:
            yield from _fields(schema, names, ours, theirs, f"{path}.", label)
    for offset, theirs in enumerate(added):
        position = len(agreed) + offset
        yield Deviation(f"lines.{position}", f"Line {position + 1}", "", _line_text(theirs))


def _paired(agreed: Sequence[Any], found: Sequence[Any]) -> tuple[list[Any], list[Any]]:
    """The found line of each agreed one, and those left over: by their ids where they have kept them, else in order."""
    by_id = {str(line["id"]): line for line in found if line.get("id")}
    ids = [str(line.get("id") or "") for line in agreed]
    if by_id.keys() & set(ids):
        known = set(ids)
        return [by_id.get(key) for key in ids], [line for line in found if str(line.get("id") or "") not in known]
    missing: list[Any] = [None] * (len(agreed) - len(found))
    return [*found[: len(agreed)], *missing], list(found[len(agreed) :])


def _line_text(line: Mapping[str, Any]) -> str:
    about = line.get("description") or text(line.get("item") or line.get("account"), "ref")
    amount = text(line.get("amount") or line.get("debit") or line.get("credit"), "money")
    return " ".join(part for part in (about, amount) if part) or "a line"


# Allocations ---------------------------------------------------------------------------------------------------------


def _allocations(written: Sequence[Any], agreed: Sequence[Any], found: Sequence[Any]) -> Iterator[Deviation]:
    """What a payment or credit is applied to; ledgers list it in an order of their own."""
    ours, theirs, wanted = _applied(agreed), _applied(found), _applied(written)
    for key, amount in ours.items():
        if (key in wanted or not wanted) and theirs.get(key, Decimal(0)) != amount:
            label = f"Applied to {key[0].replace('_', ' ')} {key[1]}"
            told = text(theirs[key], "money") if key in theirs else ""
            yield Deviation(f"allocations.{key[1]}", label, text(amount, "money"), told)


def _applied(rows: Sequence[Mapping[str, Any]]) -> dict[tuple[str, str], Decimal]:
    """Sums by what they are applied to; what waits for another posting's id is not known yet."""
    sums: dict[tuple[str, str], Decimal] = {}
    for row in rows:
        if isinstance(row.get("id"), str):
            key = (str(row.get("type") or ""), row["id"])
            sums[key] = sums.get(key, Decimal(0)) + (_number(row.get("amount")) or Decimal(0))
    return sums


# Words ---------------------------------------------------------------------------------------------------------------


def text(value: Any, kind: str = "") -> str:
    """A value as a person reads it in the books; "" for none."""
    if not _is_given(value):
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        named = value.get("name") or value.get("id")
        return str(named) if named else ", ".join(str(part) for part in value.values() if _is_given(part))
    if isinstance(value, list):
        return ", ".join(text(each) for each in value)
    number = _number(value) if kind in {"money", "number"} else None
    if number is None:
        return str(value).replace("_", " ") if kind == "choice" else str(value)
    return f"{number:.2f}" if kind in _MONEY and number == round(number, 2) else f"{number.normalize():f}"


def _number(value: Any) -> Decimal | None:
    try:
        return None if value is None else Decimal(str(value))
    except InvalidOperation:
        return None
