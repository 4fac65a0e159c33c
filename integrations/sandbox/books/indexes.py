"""How neutral records are found again, and how they come back from storage."""

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any

from integrations.sandbox.books.kinds import DOCUMENTS
from integrations.sandbox.books.money import decimal
from integrations.sandbox.books.store import Key, Record, Store
from integrations.sandbox.storage import Storage
from integrations.sandbox.wire import Body

AMOUNTS = frozenset({
    "amount", "total", "subtotal", "tax_total", "price", "quantity", "tax_amount", "net", "rate", "percent", "debit",
    "credit", "sale_price", "purchase_price", "discount_percent", "discount_amount",
})  # fmt: skip


def open_store(
    organisation_id: str, storage: Storage, more: Callable[[Record], Iterable[Key]] = lambda record: ()
) -> Store:
    """An empty store for a neutral company; `more` are the ledger's own ways to find a record."""
    return Store(organisation_id, storage, lambda record: (*keys_of(record), *more(record)), exact)


def keys_of(record: Record) -> Iterable[Key]:
    """Names, codes, roles and numbers."""
    kind, body = record.table, record.body
    if kind in DOCUMENTS:
        if body.get("number"):
            yield f"{kind}.number", str(body["number"])
        if kind == "deposit" and body["status"] != "voided":
            yield from (("deposited", str(line["document"])) for line in body["lines"] if line.get("document"))
        return
    yield from name_keys(kind, body)
    if kind == "account":
        yield "account.type", str(body.get("type"))
        if body.get("role"):
            yield "account.role", str(body["role"])


def name_keys(kind: str, body: Body) -> Iterable[Key]:
    """What may not be the same in two list records of a kind; a code comes before a name."""
    if kind == "dimension":
        yield f"dimension.{body.get('type')}.{body.get('parent') or ''}", str(body.get("name", "")).casefold()
    elif kind in ("account", "item", "currency") and body.get("code"):
        yield f"{kind}.code", str(body["code"]).casefold()
    elif kind in ("account", "item", "contact", "tax_rate", "payment_term"):
        yield f"{kind}.name", str(body.get("name", "")).casefold()


def exact(value: Any) -> Any:
    """The same body with every amount a Decimal; what is the ledger's own stays as it is."""
    if isinstance(value, list):
        return [exact(each) for each in value]
    if not isinstance(value, dict):
        return value
    return {name: part if name == "own" else _part(name, part) for name, part in value.items()}


def _part(name: str, value: Any) -> Any:
    if name not in AMOUNTS or value is None or isinstance(value, dict | list):
        return exact(value) if isinstance(value, dict | list) else value
    return value if isinstance(value, Decimal) else decimal(value)
