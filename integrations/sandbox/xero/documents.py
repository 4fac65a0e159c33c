"""Documents as Xero shows them, each made of the neutral record and of what settles it."""

from collections import Counter
from collections.abc import Callable
from decimal import Decimal

from integrations.sandbox.books.money import ZERO
from integrations.sandbox.books.store import Record
from integrations.sandbox.wire import Body
from integrations.sandbox.xero import lines
from integrations.sandbox.xero.books import Books
from integrations.sandbox.xero.forms import bare, day, day_text, guid, moment

MODES = {"exclusive": "Exclusive", "inclusive": "Inclusive", "none": "NoTax"}
SALES = ("invoice", "credit_note", "payment", "receipt")
_STATUSES = {"draft": "DRAFT", "submitted": "SUBMITTED", "voided": "VOIDED"}
_SETTLING = {"invoice": "ACCRECPAYMENT", "bill": "ACCPAYPAYMENT", "credit_note": "ARCREDITPAYMENT",
             "vendor_credit": "APCREDITPAYMENT"}  # fmt: skip


def own(record: Record) -> Body:
    """What only Xero knows of a record."""
    return dict(record.body.get("own") or {})


def status(books: Books, record: Record) -> str:
    """DRAFT, SUBMITTED, AUTHORISED, PAID, VOIDED or DELETED."""
    if record.deleted:
        return "DELETED"
    body = record.body
    if body["status"] in _STATUSES:
        return _STATUSES[body["status"]]
    settled = record.table in ("invoice", "bill", "credit_note", "vendor_credit", "payment", "bill_payment")
    return "PAID" if settled and not books.company.open_amount(record) else "AUTHORISED"


def contact_ref(books: Books, key: str | None) -> Body | None:
    """ContactID, Name and status of a nested contact."""
    return None if key is None else books.store.remembered(("contact", key), lambda: _contact_ref(books, key))


def _contact_ref(books: Books, key: str) -> Body:
    body = books.body("contact", key)
    return {"ContactID": key, "Name": body.get("name", ""), "Addresses": [], "Phones": [], "ContactGroups": [],
            "ContactPersons": [], "ContactStatus": "ACTIVE" if body.get("is_active", True) else "ARCHIVED",
            "HasValidationErrors": False}  # fmt: skip


def _head(books: Books, record: Record, state: str) -> Body:
    body = record.body
    return bare({
        "Contact": contact_ref(books, body.get("contact")), "DateString": day_text(body["on"]),
        "Date": day(body["on"]), "Status": state, "LineAmountTypes": MODES.get(body.get("tax_mode", "exclusive")),
        "SubTotal": body.get("subtotal"), "TotalTax": body.get("tax_total"), "Total": body["total"],
        "UpdatedDateUTC": moment(record.updated), "CurrencyCode": body["currency"], "CurrencyRate": books.rate(body),
        "HasAttachments": bool(books.store.find("attached", record.key)),
    })  # fmt: skip


def _lined(books: Books, record: Record, whole: bool, places: int) -> Body:
    return {"LineItems": lines.shown(books, record, places) if whole else []}


def settled(books: Books, record: Record) -> tuple[list[Body], list[Body], Body]:
    """Payments, credit notes and amounts of an invoice or bill."""
    payments: list[Body] = []
    credits_: list[Body] = []
    over: list[Body] = []
    for each in books.company.settlements(record):
        table, _, key = each.source.partition(":")
        source = books.store.tables[table][key]
        row = {"Date": day(each.on), "Amount": each.amount}
        if table in ("credit_note", "vendor_credit"):
            credits_.append({"CreditNoteID": key, "CreditNoteNumber": source.body.get("number") or "", "ID": key,
                             "AppliedAmount": each.amount, "Date": row["Date"], "Total": source.body["total"],
                             "HasErrors": False})  # fmt: skip
        elif own(source).get("type"):
            over.append({"OverpaymentID": key, "ID": key, "AppliedAmount": each.amount, "Date": row["Date"],
                         "Total": source.body["total"]})  # fmt: skip
        else:
            payments.append({"PaymentID": key, **row, "Reference": source.body.get("reference") or "",
                             "CurrencyRate": books.rate(source.body), "HasAccount": True,
                             "HasValidationErrors": False})  # fmt: skip
    paid = sum((each["Amount"] for each in payments), ZERO)
    credited = sum((each["AppliedAmount"] for each in [*credits_, *over]), ZERO)
    return payments, credits_, {"AmountPaid": paid, "AmountCredited": credited, "Overpayments": over}


def invoice(books: Books, record: Record, whole: bool = True, places: int = 2) -> Body:
    """A sales invoice (ACCREC) or a bill (ACCPAY)."""
    body, mine, state = record.body, own(record), status(books, record)
    payments, credits_, amounts = settled(books, record)
    last = max((each.on for each in books.company.settlements(record)), default=None)
    silent = state in ("VOIDED", "DELETED")
    due = ZERO if silent else body["total"] - amounts["AmountPaid"] - amounts["AmountCredited"]
    sales = record.table == "invoice"
    return bare({
        "Type": "ACCREC" if sales else "ACCPAY", "InvoiceID": record.id, "InvoiceNumber": body.get("number") or "",
        "Reference": (body.get("reference") or "") if sales else None, "Payments": payments, "CreditNotes": credits_,
        "Prepayments": [], **amounts, "AmountDue": due, "SentToContact": bool(mine.get("SentToContact")),
        "IsDiscounted": any(line.get("discount_percent") for line in body["lines"]), "HasErrors": False,
        "DueDateString": day_text(body["due_on"]), "DueDate": day(body["due_on"]), "Url": mine.get("Url"),
        "FullyPaidOnDate": day(last) if state == "PAID" else None, **_head(books, record, state),
        **_lined(books, record, whole, places),
    })  # fmt: skip


def credit_note(books: Books, record: Record, whole: bool = True, places: int = 2) -> Body:
    """A credit note to a customer or of a supplier, with what it is allocated to."""
    body, sales = record.body, record.table == "credit_note"
    payments, _, _ = settled(books, record)
    return bare({
        "CreditNoteID": record.id, "ID": record.id, "CreditNoteNumber": body.get("number") or "", "Payments": payments,
        "Type": "ACCRECCREDIT" if sales else "ACCPAYCREDIT", "Reference": body.get("reference") or "",
        "RemainingCredit": books.company.open_amount(record), "Allocations": allocations(books, record),
        "HasErrors": False, **_head(books, record, status(books, record)), **_lined(books, record, whole, places),
    })  # fmt: skip


def allocations(books: Books, record: Record) -> list[Body]:
    """What a credit, over- or prepayment was used for; an id stays when others are taken back."""
    found: list[Body] = []
    seen: Counter[tuple[str, ...]] = Counter()
    for each in record.body["allocations"]:
        table, _, key = each["document"].partition(":")
        said = (each["document"], each["on"], str(each["amount"]))
        number = books.body(table, key).get("number") or ""
        found.append({"AllocationID": guid(record.id, "allocation", *said, seen[said]), "Amount": each["amount"],
                      "Date": day(each["on"]), "Invoice": {"InvoiceID": key, "InvoiceNumber": number},
                      "IsDeleted": False})  # fmt: skip
        seen[said] += 1
    return found


def payment(books: Books, record: Record, whole: bool = True, places: int = 2) -> Body:
    """A payment of one document."""
    body, mine = record.body, own(record)
    table, _, key = str(mine.get("document") or "").partition(":")
    about = books.store.tables[table].get(key) if table else None
    shown = bare({
        "PaymentID": record.id, "Date": day(body["on"]), "BankAmount": body["total"], "Amount": body["total"],
        "CurrencyRate": books.rate(body), "PaymentType": _SETTLING.get(table), "Reference": body.get("reference"),
        "Status": "DELETED" if record.deleted or body["status"] == "voided" else "AUTHORISED",
        "UpdatedDateUTC": moment(record.updated), "HasAccount": True, "IsReconciled": bool(mine.get("IsReconciled")),
        "Account": books.account_ref(body["account"]), "BatchPaymentID": mine.get("batch"),
        "HasValidationErrors": False,
    })  # fmt: skip
    if about is not None:
        # The contact stands in the document; only documents opened one by one bring their lines along.
        name = "Invoice" if table in ("invoice", "bill") else "CreditNote"
        shown[name] = _about(books, about, name)
    return shown


def _about(books: Books, about: Record, name: str) -> Body:
    body, sales = about.body, about.table in SALES
    kind = {"Invoice": ("ACCREC", "ACCPAY"), "CreditNote": ("ACCRECCREDIT", "ACCPAYCREDIT")}[name][0 if sales else 1]
    return {f"{name}ID": about.id, f"{name}Number": body.get("number") or "", "Type": kind,
            "CurrencyCode": body["currency"], "Contact": contact_ref(books, body["contact"]),
            "HasErrors": False}  # fmt: skip


def overpayment(books: Books, record: Record, whole: bool = True, places: int = 2) -> Body:
    """An over- or prepayment: money that waits to be allocated."""
    body, mine = record.body, own(record)
    name = "Prepayment" if mine["type"] == "prepayment" else "Overpayment"
    direction = "RECEIVE" if record.table == "payment" else "SPEND"
    line = {"Description": body.get("memo") or name, "Quantity": Decimal(1), "UnitAmount": body["total"],
            "LineAmount": body["total"], "TaxAmount": ZERO, "TaxType": "NONE", "Tracking": []}  # fmt: skip
    return bare({
        f"{name}ID": record.id, "ID": record.id, "Type": f"{direction}-{name.upper()}", "Payments": [],
        "RemainingCredit": books.company.open_amount(record), "Allocations": allocations(books, record),
        **_head(books, record, status(books, record)), "SubTotal": body["total"], "TotalTax": ZERO,
        "LineItems": [line] if whole else [],
    })  # fmt: skip


def bank_transaction(books: Books, record: Record, whole: bool = True, places: int = 2) -> Body:
    """Money spent or received without an invoice."""
    body, mine = record.body, own(record)
    state = "DELETED" if record.deleted or body["status"] == "voided" else "AUTHORISED"
    shown = {"BankTransactionID": record.id, "BankAccount": books.account_ref(body["account"]),
             "Reference": body.get("reference") or "", "IsReconciled": bool(mine.get("IsReconciled"))}  # fmt: skip
    if record.table in ("payment", "bill_payment"):
        over = overpayment(books, record, whole)
        kept = {name: value for name, value in over.items() if not name.endswith("ID") and name not in
                ("RemainingCredit", "Allocations", "Payments")}  # fmt: skip
        return {**kept, **shown, "BankTransactionID": guid(record.id, "bank"), "Status": state}
    kind = "SPEND" if record.table == "expense" else "RECEIVE"
    return {**shown, "Type": kind, **_head(books, record, state), **_lined(books, record, whole, places)}


def transfer(books: Books, record: Record, whole: bool = True, places: int = 2) -> Body:
    """Money between two bank accounts."""
    body = record.body
    return bare({
        "BankTransferID": record.id, "FromBankAccount": books.account_ref(body["account"]),
        "ToBankAccount": books.account_ref(body["to_account"]), "Amount": body["total"], "Date": day(body["on"]),
        "CurrencyRate": books.rate(body), "FromBankTransactionID": guid(record.id, "from"),
        "ToBankTransactionID": guid(record.id, "to"), "CreatedDateUTC": moment(record.created),
        "HasAttachments": False, "Reference": body.get("reference"), "FromIsReconciled": False,
        "ToIsReconciled": False, "Status": "DELETED" if record.deleted else "AUTHORISED",
    })  # fmt: skip


def purchase_order(books: Books, record: Record, whole: bool = True, places: int = 2) -> Body:
    """A purchase order; it posts nothing."""
    body, mine = record.body, own(record)
    state = "DELETED" if record.deleted else str(mine.get("Status") or "AUTHORISED")
    return bare({
        "PurchaseOrderID": record.id, "PurchaseOrderNumber": body.get("number") or "",
        "Reference": body.get("reference") or "", "DeliveryDate": day(mine.get("DeliveryDate")), "HasErrors": False,
        "IsDiscounted": False, "TotalDiscount": ZERO, "SentToContact": bool(mine.get("SentToContact")),
        "Type": "PURCHASEORDER", **_head(books, record, state), **_lined(books, record, True, places),
    })  # fmt: skip


def journal(books: Books, record: Record, whole: bool = True, places: int = 2) -> Body:
    """A manual journal."""
    body = record.body
    words = {"draft": "DRAFT", "voided": "VOIDED"}
    return bare({
        "ManualJournalID": record.id, "Narration": body.get("memo") or "", "Date": day(body["on"]),
        "Status": "DELETED" if record.deleted else words.get(body["status"], "POSTED"),
        "LineAmountTypes": MODES[body["tax_mode"]], "UpdatedDateUTC": moment(record.updated),
        "ShowOnCashBasisReports": True, "HasAttachments": bool(books.store.find("attached", record.key)),
        "Url": own(record).get("Url"), "JournalLines": lines.journal_shown(books, record) if whole else [],
    })  # fmt: skip


SHOWS: dict[str, Callable[[Books, Record, bool, int], Body]] = {
    "Invoices": invoice, "CreditNotes": credit_note, "Payments": payment, "Overpayments": overpayment,
    "Prepayments": overpayment, "BankTransactions": bank_transaction, "BankTransfers": transfer,
    "PurchaseOrders": purchase_order, "ManualJournals": journal,
}  # fmt: skip
