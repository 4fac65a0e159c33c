"""Bodies of the API as neutral documents; a value that is not sent keeps what it was."""

from collections.abc import Callable
from typing import Any

from integrations.sandbox.books.money import decimal
from integrations.sandbox.books.store import Record
from integrations.sandbox.wire import Body
from integrations.sandbox.xero import lines
from integrations.sandbox.xero.books import Books
from integrations.sandbox.xero.errors import NOT_AUTHORISED, InvalidError, NotFoundError
from integrations.sandbox.xero.forms import read_day

_MODES = {"Exclusive": "exclusive", "Inclusive": "inclusive", "NoTax": "none", "EXCLUSIVE": "exclusive",
          "INCLUSIVE": "inclusive", "NOTAX": "none"}  # fmt: skip
_OWN = ("SentToContact", "Url", "IsReconciled", "BrandingThemeID", "DeliveryDate")
_NUMBERS = {"Invoices": "InvoiceNumber", "CreditNotes": "CreditNoteNumber", "PurchaseOrders": "PurchaseOrderNumber"}
KINDS = {"ACCREC": "invoice", "ACCPAY": "bill", "ACCRECCREDIT": "credit_note", "ACCPAYCREDIT": "vendor_credit",
         "SPEND": "expense", "RECEIVE": "receipt", "RECEIVE-OVERPAYMENT": "payment",
         "RECEIVE-PREPAYMENT": "payment", "SPEND-OVERPAYMENT": "bill_payment",
         "SPEND-PREPAYMENT": "bill_payment"}  # fmt: skip
_FIXED = {"PurchaseOrders": "purchase_order", "ManualJournals": "journal_entry", "BankTransfers": "transfer"}
_PAYS = {"invoice": "payment", "bill": "bill_payment", "credit_note": "bill_payment", "vendor_credit": "payment"}


def kind_of(books: Books, endpoint: str, given: Body, before: Record | None) -> str:
    """Which neutral kind a new element becomes."""
    if before is not None:
        return before.table
    if endpoint in _FIXED:
        return _FIXED[endpoint]
    if endpoint == "Payments":
        return _PAYS[paid(books, given).table]
    kind = KINDS.get(str(given.get("Type")))
    if kind is None:
        raise InvalidError("A valid Type is required")
    return kind


def document(books: Books, endpoint: str, kind: str, given: Body, before: Record | None, places: int) -> Body:
    """The whole neutral body. Raises InvalidError, NotFoundError."""
    body: Body = dict(before.body) if before else {"own": {}}
    body["own"] = {**(body.get("own") or {}), **{name: given[name] for name in _OWN if name in given}}
    _head(books, endpoint, kind, given, body)
    if kind in ("payment", "bill_payment"):
        return _over(books, kind, given, body)
    if kind == "transfer":
        return _transfer(books, given, body)
    mode = "inclusive" if kind in ("expense", "receipt") else "none" if kind == "journal_entry" else "exclusive"
    body["tax_mode"] = _MODES.get(str(given.get("LineAmountTypes")), body.get("tax_mode", mode))
    if kind == "journal_entry":
        if "JournalLines" in given:
            body["lines"] = lines.read_journal(books, given["JournalLines"])
        if "Narration" in given:
            body["memo"] = given["Narration"]
    elif "LineItems" in given:
        body["lines"] = lines.read(books, given["LineItems"], places, discounts=kind not in ("bill", "vendor_credit"))
    if "BankAccount" in given:
        body["account"] = books.account(given["BankAccount"])
    return body


def _head(books: Books, endpoint: str, kind: str, given: Body, body: Body) -> None:
    if given.get("Contact"):
        body["contact"] = books.contact(given["Contact"])
        meet(books, kind, body["contact"])
    for theirs, ours in (("Date", "on"), ("DueDate", "due_on")):
        if theirs in given:
            body[ours] = day_of(given[theirs], theirs)
    if "Reference" in given and kind != "bill":
        body["reference"] = given["Reference"]
    if given.get("CurrencyCode"):
        body["currency"] = given["CurrencyCode"]
    elif "currency" not in body and kind not in ("transfer",):
        # A contact's default currency is taken; a bank account's currency goes before it.
        body["currency"] = books.body("contact", body.get("contact")).get("currency") or books.home
    if given.get("CurrencyRate") and body.get("currency") != books.home:
        body["rate"] = 1 / decimal(given["CurrencyRate"])
        body["own"]["CurrencyRate"] = str(given["CurrencyRate"])
    number = _NUMBERS.get(endpoint)
    if number and number in given:
        body["number"] = given[number]


def day_of(value: Any, name: str) -> str | None:
    """A day. Raises InvalidError."""
    try:
        return read_day(value)
    except ValueError as error:
        raise InvalidError(f"{name}: '{value}' is not a valid date") from error


def meet(books: Books, kind: str, key: Any) -> None:
    """A contact becomes a customer or supplier with its first document."""
    side = {"invoice": "is_customer", "credit_note": "is_customer", "bill": "is_vendor", "vendor_credit": "is_vendor",
            "purchase_order": "is_vendor"}.get(kind)  # fmt: skip
    record = books.store.get("contact", str(key)) if key else None
    if side and record is not None and not record.body.get(side):
        books.company.save("contact", {**record.body, side: True}, record.id)


def _over(books: Books, kind: str, given: Body, body: Body) -> Body:
    """An over- or prepayment is made as a bank transaction."""
    rows = given.get("LineItems") or []
    body["total"] = sum((decimal(each.get("LineAmount") or decimal(each.get("Quantity") or 1)
                                 * decimal(each.get("UnitAmount") or 0)) for each in rows), decimal(0))  # fmt: skip
    body["account"] = books.account(given.get("BankAccount"))
    body["own"]["type"] = "prepayment" if "PREPAYMENT" in str(given.get("Type")) else "overpayment"
    return body


def _transfer(books: Books, given: Body, body: Body) -> Body:
    body |= {"account": books.account(given.get("FromBankAccount")), "total": given.get("Amount"),
             "to_account": books.account(given.get("ToBankAccount"))}  # fmt: skip
    body["currency"] = books.body("account", body["account"]).get("currency") or books.home
    return body


def paid(books: Books, given: Body) -> Record:
    """The document that a payment names. Raises NotFoundError, InvalidError."""
    for name, kinds in (("Invoice", ("invoice", "bill")), ("CreditNote", ("credit_note", "vendor_credit"))):
        told = given.get(name)
        if not told:
            continue
        key, number = str(told.get(f"{name}ID") or "").lower(), told.get(f"{name}Number")
        for kind in kinds:
            found = (
                [key] if key else [each.partition(":")[2] for each in books.store.find(f"{kind}.number", str(number))]
            )
            record = books.store.get(kind, found[0]) if found else None
            if record is not None:
                return record
        raise NotFoundError(key)
    raise InvalidError("A payment must name an Invoice, CreditNote, Prepayment or Overpayment")


def payment(books: Books, given: Body) -> Body:
    """A neutral payment of one document."""
    about = paid(books, given)
    if about.body["status"] != "authorised" or not books.company.open_amount(about):
        raise InvalidError(NOT_AUTHORISED)
    body: Body = {
        "contact": about.body["contact"], "currency": about.body["currency"], "total": given.get("Amount"),
        "on": day_of(given.get("Date"), "Date") or books.today.isoformat(), "reference": given.get("Reference"),
        "account": books.account(given.get("Account")),
        "own": {"document": about.key, "IsReconciled": bool(given.get("IsReconciled"))},
    }  # fmt: skip
    if given.get("CurrencyRate") and about.body["currency"] != books.home:
        body["rate"] = 1 / decimal(given["CurrencyRate"])
        body["own"]["CurrencyRate"] = str(given["CurrencyRate"])
    body["allocations"] = [{"document": about.key, "amount": given.get("Amount"), "on": body["on"]}]
    return body


Reader = Callable[[Books, Body, Record | None], Body]
