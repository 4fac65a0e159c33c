"""Documents as Zoho is given them → neutral bodies, over what was there before: a head is changed in part."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

from integrations.sandbox.books.money import decimal
from integrations.sandbox.books.store import Record
from integrations.sandbox.wire import Body
from integrations.sandbox.zoho_books import custom, lines, lists
from integrations.sandbox.zoho_books.books import Books
from integrations.sandbox.zoho_books.errors import invalid_value, missing

_PARTY = {"invoice": "customer_id", "credit_note": "customer_id", "payment": "customer_id"}
_OWN = ("payment_terms", "payment_terms_label", "terms", "payment_mode", "is_billable", "customer_id", "journal_type",
        "delivery_date", "place_of_supply", "tax_treatment", "location_id", "template_id",
        "salesperson_name")  # fmt: skip
_DEFAULT = {"invoice": "sales", "credit_note": "sales"}
_SHARED = {"reference_number": "reference", "notes": "memo", "due_date": "due_on", "date": "on", "journal_date": "on",
           "description": "memo"}  # fmt: skip


def _head(books: Books, kind: str, given: Body, before: Body) -> Body:
    found = {ours: given[theirs] or None for theirs, ours in _SHARED.items() if theirs in given}
    own = {**(before.get("own") or {}), **{name: given[name] for name in _OWN if name in given}}
    if kind in _PARTY:
        own.pop("customer_id", None)
    if "custom_fields" in given:
        own["custom_fields"] = custom.read(books, given["custom_fields"], own.get("custom_fields"))
    if given.get("currency_id"):
        found["currency"] = lists.currency_code(books, given["currency_id"])
    if given.get("exchange_rate"):
        found["rate"] = _number(given["exchange_rate"], "exchange_rate")
    if not before and not found.get("on"):
        found["on"] = books.today.isoformat()
    return {**before, **found, "own": own}


def _number(value: Any, name: str) -> Any:
    try:
        return decimal(value)
    except ValueError as error:
        raise invalid_value(name) from error


def _contact(given: Body, found: Body, kind: str) -> None:
    name = _PARTY.get(kind, "vendor_id")
    if given.get(name):
        found["contact"] = str(given[name])
    if not found.get("contact"):
        raise missing(name)


def lined(books: Books, kind: str, given: Body, before: Record | None) -> Body:
    """Invoice, credit note, bill, vendor credit, purchase order."""
    found = _head(books, kind, given, before.body if before else {})
    _contact(given, found, kind)
    if "is_inclusive_tax" in given or not before:
        found["tax_mode"] = "inclusive" if given.get("is_inclusive_tax") else "exclusive"
    if "payment_terms" in given and "due_date" not in given:
        found["due_on"] = _due(found["on"], given["payment_terms"])
    default = _DEFAULT.get(kind, "purchases")
    if "line_items" in given or not before:
        found["lines"] = lines.read(books, given.get("line_items", []), before, default)
        if not found["lines"]:
            raise missing("line_items")
    elif before:
        found["lines"] = lines.visible(before)
    _discount(given, found)
    last = max(int(line["id"]) for line in found["lines"])
    extra = "other_charges" if default == "sales" else "purchases"
    found["lines"] = [*found["lines"], *lines.read_hidden(books, given, before, extra, last)]
    return found


def _due(on: Any, days: Any) -> str:
    return (date.fromisoformat(str(on)) + timedelta(days=int(days))).isoformat()


def _discount(given: Body, found: Body) -> None:
    """A discount on the whole document, in percent, counts on every line (amounts are not known here)."""
    if not str(given.get("discount") or "").endswith("%"):
        return
    for line in found["lines"]:
        line |= lines.discount(given["discount"])
        line.pop("amount", None)


def payment(books: Books, kind: str, given: Body, before: Record | None) -> Body:
    """Customer and vendor payments: amount, account, what they pay."""
    found = _head(books, kind, given, before.body if before else {})
    _contact(given, found, kind)
    if given.get("amount") is not None:
        found["total"] = _number(given["amount"], "amount")
    if found.get("total") is None:
        raise missing("amount")
    account = given.get("account_id" if kind == "payment" else "paid_through_account_id")
    if account:
        found["account"] = str(account)
    if not found.get("account"):
        found["account"] = books.company.role("undeposited") if kind == "payment" else _bank(books)
    many, key, target = ("invoices", "invoice_id", "invoice") if kind == "payment" else ("bills", "bill_id", "bill")
    if many in given:
        found["allocations"] = [
            {"document": f"{target}:{each.get(key)}", "amount": each.get("amount_applied"), "on": found["on"]}
            for each in given[many] or ()
        ]
    return found


def _bank(books: Books) -> str:
    return next(each.id for each in books.store.live("account") if each.body["type"] == "bank")


def expense(books: Books, kind: str, given: Body, before: Record | None) -> Body:
    """One line from the head, or itemised."""
    found = _head(books, kind, given, before.body if before else {})
    if not before and not given.get("paid_through_account_id"):
        raise missing("paid_through_account_id")
    if given.get("paid_through_account_id"):
        found["account"] = str(given["paid_through_account_id"])
    if "vendor_id" in given:
        found["contact"] = str(given["vendor_id"]) or None
    if "is_inclusive_tax" in given or not before:
        found["tax_mode"] = "inclusive" if given.get("is_inclusive_tax") else "exclusive"
    if given.get("line_items"):
        rows = [{**line, "rate": line.get("amount", line.get("item_total"))} for line in given["line_items"]]
        found["lines"] = lines.read(books, rows, before, "purchases")
    elif not before or {"amount", "account_id", "tax_id"} & set(given):
        found["lines"] = [_only_line(books, given, before)]
    return found


def _only_line(books: Books, given: Body, before: Record | None) -> Body:
    for name in ("account_id", "amount"):
        if not before and given.get(name) in (None, ""):
            raise missing(name)
    kept = before.body["lines"][0] if before else {}
    names = {"account_id": "account_id", "tax_id": "tax_id", "amount": "rate", "description": "description",
             "tags": "tags"}  # fmt: skip
    told = {theirs: given[name] for name, theirs in names.items() if name in given}
    if kept:
        told = {"account_id": kept["account"], "tax_id": kept.get("tax"), "rate": kept["price"], **told}
    return lines.read(books, [told], None, "purchases")[0]


def journal(books: Books, kind: str, given: Body, before: Record | None) -> Body:
    """Debits and credits; published unless said otherwise."""
    found = _head(books, kind, given, before.body if before else {})
    if not before and not given.get("journal_date"):
        raise missing("journal_date")
    found["tax_mode"] = "none"
    if "line_items" in given or not before:
        found["lines"] = [
            _journal_line(books, each, index) for index, each in enumerate(given.get("line_items", []), 1)
        ]
    if "status" in given or not before:
        found["status"] = "draft" if given.get("status") == "draft" else "authorised"
    return found


def _journal_line(books: Books, given: Body, index: int) -> Body:
    side = given.get("debit_or_credit")
    if side not in ("debit", "credit"):
        raise invalid_value("debit_or_credit")
    line: Body = {
        "id": str(index), "account": given.get("account_id"), side: _number(given.get("amount"), "amount"),
        "description": given.get("description") or "", "dimensions": lines.tags(books, given.get("tags")),
    }  # fmt: skip
    if given.get("customer_id"):
        line["contact"] = str(given["customer_id"])
    return line


_READS: dict[str, Callable[[Books, str, Body, Record | None], Body]] = {
    "payment": payment, "bill_payment": payment, "expense": expense, "journal_entry": journal,
    **dict.fromkeys(("invoice", "credit_note", "bill", "vendor_credit", "purchase_order"), lined),
    "contact": lambda books, kind, given, before: lists.read_contact(books, given, before.body if before else {}),
    "account": lambda books, kind, given, before: lists.read_account(books, given, before.body if before else {}),
    "item": lambda books, kind, given, before: lists.read_item(books, given, before.body if before else {}),
}  # fmt: skip


def read(books: Books, kind: str, given: Body, before: Record | None) -> Body:
    """The neutral body of what a client sends for a record of a collection."""
    return _READS[kind](books, kind, given, before)
