"""What a document must say before it is taken in; the API and file imports obey the same rules of the kinds' table."""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from mappings.transform.kinds import KINDS, Kind
from mappings.transform.money import quantum_of

TAX_MODES = ("exclusive", "inclusive", "reverse_charge", "none")
MOST_LINES = 500
_OPTIONAL = (
    "counterparty",
    "lines",
    "tax_mode",
    "tax_total",
    "due_on",
    "payment_method",
    "paid_into",
    "applies_to",
    "refers_to",
    "parts",
    "purchase_order",
    "dimensions",
    "location",
)
_WHY = {
    "counterparty": "It names the customer or vendor.",
    "lines": "It has at least one line.",
    "tax_mode": f"It says its tax mode: {', '.join(TAX_MODES)}.",
    "payment_method": "It names what it was paid with; that decides the account.",
    "paid_into": "A payout names what it was paid into; that decides the bank account.",
    "parts": "A payout lists its parts; their sum is proved against it.",
}


def errors_of(body: Mapping[str, Any]) -> dict[str, str]:
    """Field → what is wrong, for a body whose single fields are typed already; empty when it may come in."""
    kind = KINDS[body["kind"]]
    found = {
        **_fields(body, kind),
        **_lines(body, kind),
        **_amounts(body),
        **_references(body),
    }
    if body.get("side") and body["side"] not in kind.becomes:
        found["side"] = f"A {body['kind']} is on the side of {' or '.join(kind.becomes)}."
    if body.get("due_on") and str(body["due_on"]) < str(body["issued_on"]):
        found["due_on"] = "It is before issued_on."
    if body["total"] < 0 and kind.builds != "payout":
        found["total"] = "A negative total: send what it is, a credit or a refund, with a total above zero."
    return found


def _fields(body: Mapping[str, Any], kind: Kind) -> dict[str, str]:
    found = {}
    for name in _OPTIONAL:
        given = body.get(name) not in (None, "", [], {})
        if name in kind.needs and not given:
            found[name] = _WHY[name]
        elif given and name not in kind.fields and not (name == "tax_mode" and body[name] == "none"):
            takers = ", ".join(each for each, known in KINDS.items() if name in known.fields)
            found[name] = f"A {body['kind']} has none. Those that have: {takers}."
    return found


def _lines(body: Mapping[str, Any], kind: Kind) -> dict[str, str]:
    lines: Sequence[Mapping[str, Any]] = body.get("lines") or ()
    if max(len(lines), len(body.get("parts") or ())) > MOST_LINES:
        return {"lines": f"At most {MOST_LINES} lines."}
    taxed = "tax_mode" in kind.needs and body.get("tax_mode") not in ("none", None)
    if taxed and any(not line.get("tax_code") for line in lines):
        return {"lines": "Every line needs a tax_code, or send tax_mode none."}
    return {}


def _amounts(body: Mapping[str, Any]) -> dict[str, str]:
    unit, money = quantum_of(body["currency"]), body["currency"]
    too_fine = f"{money} has no amounts finer than {unit}."
    found = {name: too_fine for name, amount in _all_amounts(body) if amount is not None and amount % unit}
    rate = body.get("exchange_rate")
    if rate is not None and rate <= 0:
        found["exchange_rate"] = "Units of the ledger's own currency for one unit of the document's: above zero."
    return found


def _all_amounts(body: Mapping[str, Any]) -> Iterator[tuple[str, Decimal | None]]:
    yield "total", body["total"]
    yield "tax_total", body.get("tax_total")
    for name in ("lines", "parts", "applies_to", "refers_to"):
        for each in body.get(name) or ():
            yield name, each.get("amount")


def _references(body: Mapping[str, Any]) -> dict[str, str]:
    found = {}
    for name in ("applies_to", "refers_to"):
        rows: Sequence[Mapping[str, Any]] = body.get(name) or ()
        keys = [(each.get("source") or body["source"], each["external_id"]) for each in rows]
        amounts = [each.get("amount") for each in rows]
        if (body["source"], body["external_id"]) in keys:
            found[name] = "It names itself."
        elif len(set(keys)) < len(keys):
            found[name] = "It names a document twice: add the amounts up."
        elif any(amount is not None and amount <= 0 for amount in amounts):
            found[name] = "Every amount is above zero."
        elif name == "applies_to" and len(rows) > 1 and None in amounts:
            found[name] = "With several documents, each says its amount."
        elif len(rows) > MOST_LINES:
            found[name] = f"At most {MOST_LINES} documents."
    return found
