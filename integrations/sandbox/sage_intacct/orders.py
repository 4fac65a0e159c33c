"""Purchasing documents of the type “Purchase Order”, both ways: items, units, quantities, prices; nothing is posted."""

from datetime import date, timedelta
from decimal import Decimal

from integrations.sandbox.books.money import cents
from integrations.sandbox.books.store import Record
from integrations.sandbox.sage_intacct import custom, dimensions, errors, lines, properties
from integrations.sandbox.sage_intacct.books import Books, money
from integrations.sandbox.sage_intacct.heads import HEADS
from integrations.sandbox.sage_intacct.kinds import Object
from integrations.sandbox.sage_intacct.properties import Property, own
from integrations.sandbox.sage_intacct.reading_heads import (
    check_draft,
    check_unique,
    currency,
    head,
    next_number,
    require,
)
from integrations.sandbox.wire import Body

_LINE = (Property("memo", "description"), *own("text", "unit", default="Each"), *own("any", "taxSchedule"),
         Property("unitQuantity", "quantity", "number"), Property("unitPrice", "price", "number"))  # fmt: skip
_CLOSED = ("closed", "converted")


def read(books: Books, obj: Object, given: Body, before: Record | None) -> Body:
    """A purchase order. Raises SageError."""
    body = head(books, obj, given, before)
    require(obj, HEADS[obj.kind], body, ("vendor", "txnDate"))
    if not body.get("due_on"):
        body["due_on"] = _due(books, body, before)
    currency(books, body, before)
    if before is None and not body.get("number"):
        body["number"] = next_number(books, obj.kind)
    check_unique(books, obj, body, before)
    body["code"] = f"{_kind(obj)}-{body['number']}"
    state = body["own"].get("state") or "pending"
    if before is not None and (before.body.get("own") or {}).get("state") in _CLOSED and "lines" in given:
        raise errors.business("A closed or converted document cannot be changed.", "BL01001981")
    body["own"]["state"] = state
    body["status"] = {"draft": "draft", "submitted": "submitted", "declined": "submitted"}.get(state, "authorised")
    body["tax_mode"] = "exclusive"
    body["lines"] = lines.merged(
        obj, given, before, lambda item, kept: _line(books, obj, item, kept, str(body.get("currency") or books.home))
    )
    check_draft(obj, body)
    return body


def _kind(obj: Object) -> str:
    """The name of the transaction definition, which begins every id."""
    return obj.path.partition("::")[2]


def _due(books: Books, body: Body, before: Record | None) -> str:
    """The day that the term says; a planned history's orders are due at once."""
    if before is not None:
        return str(body["on"])
    if not body.get("term"):
        raise errors.business("Required field dueDate is missing.", "BL01001974")
    days = int(books.body("payment_term", body["term"]).get("days") or 0)
    return (date.fromisoformat(body["on"]) + timedelta(days=days)).isoformat()


def _line(books: Books, obj: Object, item: Body, kept: Body | None, code: str) -> Body:
    known = [each.path for each in _LINE]
    properties.check_known(obj.lines, item, known, prefixes=("dimensions", "sourceDocumentLine"))
    if item.get("sourceDocumentLine"):
        raise errors.business("Purchase orders are not converted from other documents here.", "PL04000055")
    line: Body = {**(kept or {}), "own": dict((kept or {}).get("own") or {})}
    properties.read(books, _LINE, item, line)
    dimensions.read(books, item, line)
    if not line.get("item") and not line.get("account"):
        raise errors.business("Required field dimensions.item is missing.", "BL01001974")
    for name in ("quantity", "price"):
        if line.get(name) is None:
            path = "unitQuantity" if name == "quantity" else "unitPrice"
            raise errors.business(f"Required field {path} is missing.", "BL01001974")
    if "unitQuantity" in item or "unitPrice" in item or kept is None:
        for stale in ("computed", "tax_amount"):
            line.pop(stale, None)
        line["amount"] = cents(Decimal(line["quantity"]) * Decimal(line["price"]), code)
    for name in ("tax", "description"):
        line.setdefault(name, None)
    return custom.kept(books, obj.lines, item, line)


def state(record: Record) -> str:
    """draft, submitted, pending, closed, converted, declined."""
    if record.body["status"] == "voided":
        return "closed"
    return str((record.body.get("own") or {}).get("state") or "pending")


def shown(books: Books, obj: Object, record: Record) -> Body:
    """A purchase order; its id is its type and number."""
    body, rate = record.body, record.body["rate"]
    told = body.get("own") or {}
    found = {**books.base(obj, record), **properties.shown(books, HEADS[obj.kind], body)}
    found["exchangeRate"] = {"date": told.get("rateDate") or body["on"], "typeId": told.get("rateType"), "rate": rate}
    name = f"{_kind(obj)}-{body.get('number')}"
    return {
        **found, "id": name, "documentId": name, "documentType": _kind(obj),
        "dueDate": body.get("due_on") or body["on"], "baseCurrency": books.home,
        "state": state(record), "subtotal": money(body["subtotal"]), "txnSubtotal": money(body["subtotal"]),
        "total": money(cents(body["total"] * rate, books.home)), "txnTotal": money(body["total"]),
        "lines": [_shown(books, obj, record, line, number) for number, line in enumerate(body["lines"], 1)],
    }  # fmt: skip


def _shown(books: Books, obj: Object, record: Record, line: Body, number: int) -> Body:
    rate = record.body["rate"]
    found = {**lines.head(books, obj, record, line, number), **properties.shown(books, _LINE, line)}
    found |= {
        "unitQuantity": _plain(line.get("quantity")), "unitPrice": _plain(line.get("price")),
        "priceInTxnCurrency": _plain(line.get("price")), "txnExtendedPrice": money(line["amount"]),
        "extendedPrice": money(cents(line["amount"] * rate, books.home)),
    }  # fmt: skip
    if not line.get("item"):
        # A planned history orders without items.
        found["glAccount"] = books.reference("general-ledger/account", line.get("account"))
    return found


def _plain(value: Decimal | None) -> str | None:
    """A quantity or price as text, at least two places: 1 → 1, 10.1 → 10.10."""
    if value is None:
        return None
    text = f"{value.normalize():f}"
    places = len(text.partition(".")[2])
    return text if places != 1 else f"{text}0"
