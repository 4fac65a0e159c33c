"""LineItems and JournalLines, both ways."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from integrations.sandbox.books.money import ZERO, decimal
from integrations.sandbox.books.store import Record
from integrations.sandbox.wire import Body
from integrations.sandbox.xero.books import Books
from integrations.sandbox.xero.errors import InvalidError
from integrations.sandbox.xero.forms import bare, guid, is_guid, plain

_BAD_TAX = "The TaxType code '{}' does not exist or cannot be used for this type of transaction."
_BAD_CODE = "Account code '{}' is not a valid code for this document."


def line_id(record: Record, line: Body) -> str:
    """A line's GUID: its own, or one made of its place."""
    own = str(line["id"])
    return own if is_guid(own) else guid(record.id, "line", own)


def tracking(books: Books, line: Body) -> list[Body]:
    """Categories and options of a line."""
    return [
        {"TrackingCategoryID": category, "TrackingOptionID": option, "Name": books.name("category", category),
         "Option": books.name("dimension", option)}
        for category, option in (line.get("dimensions") or {}).items()
    ]  # fmt: skip


def shown(books: Books, record: Record, places: int = 2) -> list[Body]:
    """LineItems of a document."""
    return [_shown(books, record, line, places) for line in record.body["lines"]]


def _shown(books: Books, record: Record, line: Body, places: int) -> Body:
    return bare({
        "LineItemID": line_id(record, line), "Description": line.get("description"),
        "Quantity": plain(line["quantity"], 4), "UnitAmount": plain(line["price"], places),
        "LineAmount": line["amount"], "TaxAmount": line["tax_amount"], "TaxType": line.get("tax"),
        "DiscountRate": line.get("discount_percent"), **_named_by(books, line), "ValidationErrors": [],
    })  # fmt: skip


def _named_by(books: Books, line: Body) -> Body:
    """Account, item and tracking of a line: thousands of lines name the same few, which are looked up once."""
    account, item, dimensions = line.get("account"), line.get("item"), line.get("dimensions") or {}
    return books.store.remembered(
        ("line", account, item, *dimensions.items()), lambda: _looked_up(books, line, account, item)
    )


def _looked_up(books: Books, line: Body, account: str | None, item: str | None) -> Body:
    code = books.body("item", item).get("code")
    return bare({
        "AccountCode": books.body("account", account).get("code"), "AccountID": account, "ItemCode": code,
        "Item": {"ItemID": item, "Code": code, "Name": books.name("item", item)} if item else None,
        "Tracking": tracking(books, line),
    })  # fmt: skip


def journal_shown(books: Books, record: Record) -> list[Body]:
    """JournalLines of a manual journal: debits positive."""
    return [
        bare({"LineAmount": line["amount"], "AccountCode": books.body("account", line["account"]).get("code"),
              "AccountID": line["account"], "Description": line.get("description"),
              "TaxType": line.get("tax") or "NONE", "TaxAmount": line["tax_amount"],
              "Tracking": tracking(books, line), "IsBlank": False})
        for line in record.body["lines"]
    ]  # fmt: skip


def read(books: Books, given: Any, places: int = 2, *, discounts: bool = True) -> list[Body]:
    """Neutral lines of LineItems. Raises InvalidError."""
    if not isinstance(given, list):
        raise InvalidError("One or more line items must be specified")
    return [_read(books, each, places, discounts) for each in given]


def _read(books: Books, each: Body, places: int, discounts: bool) -> Body:
    if not discounts and (each.get("DiscountRate") or each.get("DiscountAmount")):
        raise InvalidError("Discounts may not be applied to ACCPAY invoices.")
    price = each.get("UnitAmount")
    line = bare({
        "id": each.get("LineItemID"), "description": each.get("Description"), "quantity": each.get("Quantity"),
        "price": None if price is None else plain(decimal(price), places), "amount": each.get("LineAmount"),
        "discount_percent": each.get("DiscountRate"), "discount_amount": each.get("DiscountAmount"),
        "tax_amount": each.get("TaxAmount"), "item": _item(books, each), **_common(books, each),
    })  # fmt: skip
    if "item" not in line and "price" not in line and "amount" not in line:
        line["amount"] = ZERO
    return line


def _item(books: Books, each: Body) -> str | None:
    code = each.get("ItemCode") or (each.get("Item") or {}).get("Code")
    if not code:
        return None
    found = books.store.find("item.code", str(code).casefold())
    if not found:
        raise InvalidError(f"Item code '{code}' is not valid")
    return found[0].partition(":")[2]


def _common(books: Books, each: Body) -> Body:
    """Account, tax and tracking; without a TaxType the account's is taken."""
    account = None
    if each.get("AccountID") or each.get("AccountCode"):
        account = books.account(each, _BAD_CODE.format(each.get("AccountCode") or each.get("AccountID")))
    tax = each.get("TaxType") or books.body("account", account).get("tax")
    if tax and not books.store.get("tax_rate", str(tax)):
        raise InvalidError(_BAD_TAX.format(tax))
    return {"account": account, "tax": tax, "dimensions": _dimensions(books, each.get("Tracking") or [])}


def _dimensions(books: Books, given: list[Body]) -> Body:
    found: Body = {}
    for each in given:
        category = _named(books.store.live("category"), each.get("TrackingCategoryID"), each.get("Name"))
        if category is None:
            continue
        options = [record for record in books.store.live("dimension") if record.body["type"] == category]
        option = _named(options, each.get("TrackingOptionID"), each.get("Option"))
        if option is not None:
            found[category] = option
    return found


def _named(among: Iterable[Record], key: Any, name: Any) -> str | None:
    """By id or by name; an unknown one is ignored, as Xero does (not verified)."""
    found = (each.id for each in among if each.id == key or (not key and each.body["name"] == name))
    return next(found, None)


def read_journal(books: Books, given: Any) -> list[Body]:
    """Neutral lines of JournalLines."""
    rows = given if isinstance(given, list) else []
    total = sum((decimal(each.get("LineAmount") or 0) for each in rows), ZERO)
    if total:
        debits = sum((decimal(each["LineAmount"]) for each in rows if decimal(each["LineAmount"]) > 0), ZERO)
        raise InvalidError(f"The total debits ({debits:.2f}) must equal total credits ({total - debits:.2f})")
    return [_read_journal(books, each) for each in rows]


def _read_journal(books: Books, each: Body) -> Body:
    amount = decimal(each.get("LineAmount") or 0)
    common = _common(books, each)
    tax = str(each["TaxType"]) if each.get("TaxType") else None
    return bare({**common, "tax": tax, "description": each.get("Description"),
                 "debit": max(amount, Decimal(0)), "credit": max(-amount, Decimal(0))})  # fmt: skip
