"""Lines of transactions, both ways: amounts net and gross, tax entries, dimensions, custom fields."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from integrations.sandbox.books.lines import percent_of
from integrations.sandbox.books.money import HUNDRED, ZERO, cents
from integrations.sandbox.books.store import Record
from integrations.sandbox.sage_intacct import custom, dimensions, errors, kinds, properties
from integrations.sandbox.sage_intacct.books import Books, money
from integrations.sandbox.sage_intacct.kinds import Object, at
from integrations.sandbox.sage_intacct.properties import Property, own, ref
from integrations.sandbox.wire import Body

DELETE = "delete"
_ACCOUNT = ref("glAccount", "account", "general-ledger/account")
_PURCHASED = ("purchasingTaxDetail", "tax/purchasing-tax-detail")
_SOLD = ("orderEntryTaxDetail", "tax/order-entry-tax-detail")


@dataclass(frozen=True)
class Style:
    """How a kind's lines are written: where the amount stands, how a tax entry names its detail, the sign.

    `tax` is (name, object). With sign -1 a negative amount is a positive one of the neutral document.
    """

    properties: tuple[Property, ...]
    tax: tuple[str, str] = _PURCHASED
    amount: str = "txnAmount"
    gross: str = "totalTxnAmount"
    sign: int = 1


_MEMO = (_ACCOUNT, Property("memo", "description"), *own("any", "allocation"),
         ref("overrideOffsetGLAccount", "own.offset", "general-ledger/account"))  # fmt: skip
_SPENT = (*_MEMO, *own("flag", "project.isBillable", default=False))
STYLES: dict[str, Style] = {
    "bill": Style((*_SPENT, *own("flag", "hasForm1099", default=False))),
    "vendor_credit": Style(_SPENT, sign=-1),
    "invoice": Style(_MEMO, _SOLD),
    "credit_note": Style(_MEMO, _SOLD, "txnCurrency.amount", "txnCurrency.totalAmount", sign=-1),
    "expense": Style((_ACCOUNT, Property("description", "description"), *own("flag", "isBillable", default=False))),
    "receipt": Style(_MEMO, _SOLD),
}  # fmt: skip


def read(books: Books, obj: Object, given: Body, body: Body, before: Record | None) -> list[Body]:
    """All lines of a document with amounts after a request. Raises SageError."""
    return merged(obj, given, before, lambda item, kept: _read(books, obj, item, body, kept))


def merged(obj: Object, given: Body, before: Record | None, read_one: Callable[[Body, Body | None], Body],
           rows: Callable[[Body], list[Body]] = lambda body: body["lines"]) -> list[Body]:  # fmt: skip
    """Lines with a key are changed or deleted, those without added, others stay. Raises SageError."""
    items = given.get(obj.lines_field)
    kept = {str(line["id"]): line for line in rows(before.body)} if before else {}
    if items is None:
        return [dict(line) for line in kept.values()]
    last = max((int(key) for key in kept), default=0)
    found = dict(kept)
    for item in properties.entries(items, obj.lines_field):
        key = position(obj, item, before, kept)
        if key and item.get("ia::operation") == DELETE:
            del found[key]
            continue
        last += not key
        fresh = key or str(last)
        found[fresh] = {**read_one(item, kept.get(key)), "id": fresh}
    return list(found.values())


def position(obj: Object, item: Body, before: Record | None, kept: Iterable[str]) -> str:
    """The line that an item with a key means, "" for a new one. Raises SageError for another's."""
    if item.get("key") in (None, ""):
        return ""
    owner, place = kinds.owner_key(str(item["key"]))
    if before is None or owner != before.id or place not in kept:
        raise errors.not_found(obj.lines, str(item["key"]))
    return place


def _read(books: Books, obj: Object, item: Body, body: Body, kept: Body | None) -> Body:
    style = STYLES[obj.kind]
    known = [each.path for each in style.properties] + [style.amount, style.gross, "txnCurrency.currency", "currency"]
    properties.check_known(obj.lines, item, known, prefixes=("dimensions", "taxEntries"))
    line: Body = {**(kept or {}), "own": dict((kept or {}).get("own") or {})}
    properties.read(books, style.properties, item, line)
    dimensions.read(books, item, line)
    _tax(books, style, item, line)
    _amount(books, style, item, body, line)
    if line.get("account") is None:
        raise errors.business("Required field glAccount is missing.", "BL01001974")
    if body["status"] != "draft":
        dimensions.check_required(books, line)
    # Said outright, so that the neutral books fill in nothing from an item named as a dimension.
    for name in ("tax", "description"):
        line.setdefault(name, None)
    return custom.kept(books, obj.lines, item, line)


def _tax(books: Books, style: Style, item: Body, line: Body) -> None:
    if "taxEntries" not in item:
        return
    entries = properties.entries(item["taxEntries"], "taxEntries")
    name, path = style.tax
    if len(entries) > 1:
        raise errors.business("A line can have one tax entry only.", "TX-0101")
    line["tax"] = books.given(path, entries[0], name) if entries else None
    for stale in ("tax_amount", "computed"):
        line.pop(stale, None)
    told = entries[0].get("txnTaxAmount") if entries else None
    if told not in (None, ""):
        line["tax_amount"] = style.sign * properties.amount(told, "taxEntries.txnTaxAmount")


def _amount(books: Books, style: Style, item: Body, body: Body, line: Body) -> None:
    """The neutral amount: gross where the document is tax inclusive, else net. What is missing is worked out."""
    net, gross = (at(item, path) for path in (style.amount, style.gross))
    if net in (None, "") and gross in (None, ""):
        if line.get("amount") is None:
            raise errors.business(f"Required field {style.amount} is missing.", "BL01001974")
        return
    currency = str(body.get("currency") or books.home)
    percent = percent_of(books.body("tax_rate", line["tax"])) if line.get("tax") else ZERO
    for stale in ("price", "quantity", "computed"):
        line.pop(stale, None)
    if "taxEntries" not in item:
        line.pop("tax_amount", None)
    is_inclusive = body.get("tax_mode") == "inclusive"
    if is_inclusive and gross not in (None, ""):
        line["amount"] = _exact(style, gross, style.gross, currency)
    elif net not in (None, ""):
        line["amount"] = _exact(style, net, style.amount, currency)
        if is_inclusive:
            line.setdefault("tax_amount", cents(line["amount"] * percent / HUNDRED, currency))
            line["amount"] += line["tax_amount"]
    else:
        told = _exact(style, gross, style.gross, currency)
        line.setdefault("tax_amount", told - cents(told * HUNDRED / (HUNDRED + percent), currency))
        line["amount"] = told - line["tax_amount"]


def _exact(style: Style, value: Any, path: str, currency: str) -> Decimal:
    return style.sign * cents(properties.amount(value, path), currency)


def shown(books: Books, obj: Object, record: Record) -> list[Body]:
    """A document's lines in REST form, each with its own record number and its owner."""
    return [_shown(books, obj, record, line, number) for number, line in enumerate(record.body["lines"], 1)]


def head(books: Books, obj: Object, record: Record, line: Body, number: int) -> Body:
    """What every line shows of itself: key, id, href, owner, lineNumber, dimensions, custom fields, audit."""
    key = kinds.line_key(record.id, line["id"])
    owner = {"id": record.id, "key": record.id, "href": f"{obj.href}/{record.id}"}
    return {"id": key, "key": key, "href": obj.line_href(key), "lineNumber": number, obj.owner: owner,
            "dimensions": dimensions.shown(books, line), "audit": books.audit(record),
            **custom.shown(books, obj.lines, line)}  # fmt: skip


def _shown(books: Books, obj: Object, record: Record, line: Body, number: int) -> Body:
    style = STYLES[record.table]
    found = {**head(books, obj, record, line, number), **properties.shown(books, style.properties, line)}
    net, tax = style.sign * line["net"], style.sign * line["tax_amount"]
    rate, currency = record.body["rate"], record.body["currency"]
    properties.put(found, style.amount, money(net))
    properties.put(found, style.gross, money(net + tax))
    if style.amount.startswith("txnCurrency."):
        found["txnCurrency"]["currency"] = currency
        found["baseCurrency"] = {"amount": money(cents(net * rate, books.home)), "currency": books.home}
    else:
        base = {"baseAmount": cents(net * rate, books.home), "totalBaseAmount": cents((net + tax) * rate, books.home)}
        found |= {name: money(value) for name, value in base.items()}
        found["currency"] = {"txnCurrency": currency, "baseCurrency": books.home}
    found["taxEntries"] = tax_entries(books, obj, record, line, style.tax, tax)
    return found


def tax_entries(books: Books, obj: Object, record: Record, line: Body, named: tuple[str, str], tax: Decimal
                ) -> list[Body]:  # fmt: skip
    """The one tax entry of a taxed line; its rate in percent as text."""
    if not line.get("tax"):
        return []
    name, path = named
    key = kinds.line_key(record.id, line["id"])
    owner = {"id": key, "key": key, "href": obj.line_href(key)}
    base = cents(tax * record.body["rate"], books.home)
    return [{
        "id": key, "key": key, "baseTaxAmount": money(base), "txnTaxAmount": money(tax),
        "taxRate": money(percent_of(books.body("tax_rate", line["tax"]))),
        name: books.reference(path, line["tax"]), f"{obj.owner}Line": owner,
    }]  # fmt: skip
