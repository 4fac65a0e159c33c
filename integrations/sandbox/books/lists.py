"""What list records must keep: a name of their own, references that exist, and no deletion while in use."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from integrations.sandbox.books.errors import BooksError
from integrations.sandbox.books.indexes import exact, name_keys
from integrations.sandbox.books.kinds import DOCUMENTS
from integrations.sandbox.books.store import Record
from integrations.sandbox.wire import Body

if TYPE_CHECKING:
    from integrations.sandbox.books.company import Company

_REFERENCES = {
    "account": {"tax": "tax_rate", "parent": "account"},
    "contact": {"term": "payment_term"},
    "item": {"income_account": "account", "expense_account": "account", "sale_tax": "tax_rate"},
    "tax_rate": {"account": "account"},
    "dimension": {"parent": "dimension"},
}


def referred(company: "Company", kind: str, key: Any, field: str, *, trusted: bool) -> Record:
    """The live, active record behind an id. Raises invalid_reference, inactive_reference."""
    record = company.store.get(kind, str(key))
    if record is None:
        raise BooksError("invalid_reference", f"{field}: there is no {kind} {key!r}", field, kind=kind, id=key)
    if record.body.get("is_active") is False and not trusted:
        name = record.body.get("name")
        raise BooksError(
            "inactive_reference", f"{field}: {kind} {name!r} is not active", field, kind=kind, id=key, name=name
        )
    return record


def checked(company: "Company", kind: str, body: Body, before: Record | None) -> Body:
    """The body with exact amounts. Raises missing, duplicate_name, invalid_reference."""
    final: Body = {"is_active": True, **exact(body)}
    if not final.get("name") and not final.get("code"):
        raise BooksError("missing", f"a {kind} needs a name", "name")
    final.setdefault("name", final.get("code"))
    own = before.key if before else None
    for index, value in name_keys(kind, final):
        if any(key != own for key in company.store.find(index, value)):
            raise BooksError(
                "duplicate_name", f"there is a {kind} {value!r} already", index.rpartition(".")[2], value=value
            )
    for field, other in _REFERENCES.get(kind, {}).items():
        if final.get(field) is not None:
            referred(company, other, final[field], field, trusted=True)
    return final


def check_unused(company: "Company", record: Record) -> None:
    """Raises in_use while a document or list record names this one."""
    for other in _others(company):
        if other.key != record.key and record.id in _named(record.table, other):
            raise BooksError("in_use", f"{record.key} is used by {other.key}", user=other.key)


def _others(company: "Company") -> Iterator[Record]:
    for kind in (*DOCUMENTS, *_REFERENCES):
        yield from company.store.live(kind)


def _named(kind: str, other: Record) -> Iterator[Any]:
    """Every id of a kind that a record names."""
    body = other.body
    if kind == "account":
        yield from (line.account for line in other.lines)
        yield body.get("to_account")
    yield from (body.get(name) for name, target in _REFERENCES.get(other.table, {}).items() if target == kind)
    if other.table not in DOCUMENTS:
        return
    names = {"tax_rate": "tax"}.get(kind, kind)
    yield body.get(names)
    for line in body.get("lines", ()):
        yield line.get(names)
        if kind == "dimension":
            yield from line.get("dimensions", {}).values()
