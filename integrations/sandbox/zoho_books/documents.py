"""Documents as Zoho shows them, each made of the neutral record and of what settles it."""

from collections.abc import Callable
from decimal import Decimal
from functools import partial

from integrations.sandbox.books.money import ZERO, cents
from integrations.sandbox.books.settling import Settlement
from integrations.sandbox.books.store import Record
from integrations.sandbox.wire import Body
from integrations.sandbox.zoho_books import columns, custom, kinds, lines, lists
from integrations.sandbox.zoho_books.books import Books
from integrations.sandbox.zoho_books.lists import text

_DOCUMENTS = {"invoice": ("customer", "sent"), "credit_note": ("customer", "open"), "bill": ("vendor", "open"),
              "vendor_credit": ("vendor", "open"), "purchase_order": ("vendor", "draft")}  # fmt: skip
_SAYS_PAID = {"invoice": "paid", "bill": "paid", "credit_note": "closed", "vendor_credit": "closed"}


def status(books: Books, record: Record) -> str:
    """Where a document stands, in Zoho's words."""
    body, kind = record.body, record.table
    if body["status"] in ("draft", "voided"):
        return "draft" if body["status"] == "draft" else "void"
    if kind == "purchase_order":
        return str((body.get("own") or {}).get("status") or "open")
    left = books.company.open_amount(record)
    if not left and body["total"]:
        return _SAYS_PAID[kind]
    if kind in ("invoice", "bill"):
        if body["due_on"] < books.today.isoformat():
            return "overdue"
        if left < body["total"]:
            return "partially_paid"
    return _DOCUMENTS[kind][1]


def _head(books: Books, record: Record) -> Body:
    body, own = record.body, record.body.get("own") or {}
    return {
        "date": body["on"], "reference_number": text(body.get("reference")), **books.currency(body["currency"]),
        "exchange_rate": body["rate"], **custom.shown(books, own.get("custom_fields")),
        "documents": _files(books, record), **books.times(record), "tags": [],
    }  # fmt: skip


def _files(books: Books, record: Record) -> list[Body]:
    found = [each for each in books.store.live("attachment") if each.body["document"] == record.key]
    return [
        {"document_id": each.id, "file_name": each.body["file_name"], "file_type": each.body["file_type"],
         "file_size": each.body["size"]}
        for each in found
    ]  # fmt: skip


def lined(books: Books, record: Record) -> Body:
    """Invoice, credit note, bill, vendor credit or purchase order."""
    body, own = record.body, record.body.get("own") or {}
    collection, (party, _) = kinds.BY_KIND[record.table], _DOCUMENTS[record.table]
    left = books.company.open_amount(record)
    shown = {
        collection.id: record.id, collection.number: text(body.get("number")), f"{party}_id": body["contact"],
        f"{party}_name": books.name("contact", body["contact"]), "status": status(books, record),
        "due_date": text(body.get("due_on")), "payment_terms": own.get("payment_terms", 0),
        "payment_terms_label": own.get("payment_terms_label", ""),
        "is_inclusive_tax": body["tax_mode"] == "inclusive", "line_items": lines.shown(books, record),
        **{name: lines.hidden(record, name) for name in lines.HIDDEN},
        "sub_total": sum((line["amount"] for line in lines.visible(record)), ZERO), "tax_total": body["tax_total"],
        "total": body["total"], "taxes": lines.taxes(books, record), "notes": text(body.get("memo")),
        "terms": own.get("terms", ""), **_head(books, record),
    }  # fmt: skip
    if record.table == "purchase_order":
        billed = "billed" if own.get("status") == "billed" else "to_be_billed"
        return shown | {"order_status": shown["status"], "billed_status": billed, "delivery_date":
                        own.get("delivery_date", ""), "received_status": "to_be_received"}  # fmt: skip
    shown["balance"] = body["total"] if body["status"] == "draft" else left
    return shown | _settled(books, record, left)


def _settled(books: Books, record: Record, left: Decimal) -> Body:
    """Who paid a document, or what a credit was applied to."""
    if record.table in ("credit_note", "vendor_credit"):
        return _applied(books, record, left)
    rows: list[Body] = []
    taken: list[Body] = []
    sums = {True: ZERO, False: ZERO}
    for each in books.company.settlements(record):
        table, _, key = each.source.partition(":")
        source, is_payment = books.store.tables[table][key], table in ("payment", "bill_payment")
        sums[is_payment] += each.amount
        (rows if is_payment else taken).append(_SETTLEMENTS[record.table, is_payment](source, record, each))
    if record.table == "invoice":
        return {"payment_made": sums[True], "credits_applied": sums[False], "payments": rows, "credits": taken}
    return {"payment_made": sums[True], "vendor_credits_applied": sums[False], "payments": rows,
            "vendor_credits": taken}  # fmt: skip


def _paid(name: str, source: Record, document: Record, each: Settlement) -> Body:
    return {
        name: part_id(source, document.key), "payment_id": source.id, "date": each.on, "amount": each.amount,
        "reference_number": text(source.body.get("reference")), "payment_mode": _mode(source),
    }  # fmt: skip


def _credited_invoice(source: Record, document: Record, each: Settlement) -> Body:
    return {"creditnote_id": source.id, "creditnotes_invoice_id": part_id(source, document.key),
            "credited_amount": each.amount, "credited_date": each.on}  # fmt: skip


def _credited_bill(source: Record, document: Record, each: Settlement) -> Body:
    return {"vendor_credit_id": source.id, "vendor_credit_bill_id": part_id(source, document.key),
            "amount": each.amount, "date": each.on}  # fmt: skip


_SETTLEMENTS: dict[tuple[str, bool], Callable[[Record, Record, Settlement], Body]] = {
    ("invoice", True): partial(_paid, "invoice_payment_id"), ("invoice", False): _credited_invoice,
    ("bill", True): partial(_paid, "bill_payment_id"), ("bill", False): _credited_bill,
}  # fmt: skip


def part_id(source: Record, document: str) -> str:
    """The id of the first allocation of a payment or credit to a document: counted down from 999."""
    places = [each["document"] for each in source.body["allocations"]]
    return kinds.line_id(source.id, str(999 - places.index(document)))


def _applied(books: Books, record: Record, left: Decimal) -> Body:
    sales = record.table == "credit_note"
    rows = []
    for each in record.body["allocations"]:
        table, _, key = each["document"].partition(":")
        number = books.body(table, key).get("number")
        row: Body = {"date": each["on"], "bill_id" if not sales else "invoice_id": key,
                     "invoice_number" if sales else "bill_number": text(number)}  # fmt: skip
        part = part_id(record, each["document"])
        row |= {"creditnote_invoice_id": part, "credited_amount": each["amount"]} if sales else {
            "vendor_credit_bill_id": part, "amount": each["amount"]}  # fmt: skip
        rows.append(row)
    used = sum((each["amount"] for each in record.body["allocations"]), ZERO)
    name = "invoices_credited" if sales else "bills_credited"
    return {name: rows, "total_credits_used": used, "total_refunded_amount": ZERO, "balance": left}


def _mode(record: Record) -> str:
    # A payment without a mode shows “Cash” (recorded).
    return str((record.body.get("own") or {}).get("payment_mode") or "cash")


def payment(books: Books, record: Record) -> Body:
    """A customer's payment or one to a vendor."""
    body, sales = record.body, record.table == "payment"
    party, account = ("customer", "account") if sales else ("vendor", "paid_through_account")
    left = books.company.open_amount(record)
    rows = [_part(books, record, each) for each in body["allocations"]]
    shown: Body = {
        "payment_id": record.id, "payment_number": text(body.get("number")), "payment_mode": _mode(record),
        f"{party}_id": body["contact"], f"{party}_name": books.name("contact", body["contact"]),
        "amount": body["total"], "bcy_amount": cents(body["total"] * body["rate"], books.home), "balance": left,
        f"{account}_id": body["account"], f"{account}_name": books.name("account", body["account"]),
        "description": text(body.get("memo")), "bank_charges": ZERO, "invoices" if sales else "bills": rows,
        **_head(books, record),
    }  # fmt: skip
    if sales:
        numbers = ", ".join(row["invoice_number"] for row in rows)
        state = "void" if body["status"] == "voided" else "paid"
        return shown | {"unused_amount": left, "amount_refunded": ZERO, "invoice_numbers": numbers,
                        "payment_status": state, "status": "success" if state == "paid" else "void"}  # fmt: skip
    numbers = ", ".join(row["bill_number"] for row in rows)
    return shown | {"bill_numbers": numbers, "status": "void" if body["status"] == "voided" else "paid",
                    "offset_account_name": "Prepaid Expenses" if left else "Accounts Payable"}  # fmt: skip


def _part(books: Books, record: Record, each: Body) -> Body:
    table, _, key = each["document"].partition(":")
    target = books.store.tables[table][key]
    name = "invoice" if table == "invoice" else "bill"
    return {
        f"{name}_payment_id": part_id(record, each["document"]), f"{name}_id": key,
        f"{name}_number": text(target.body.get("number")), "date": target.body["on"],
        "due_date": text(target.body.get("due_on")), "total": target.body["total"], "amount_applied": each["amount"],
        "balance": books.company.open_amount(target), "tax_amount_withheld": ZERO,
    }  # fmt: skip


def expense(books: Books, record: Record) -> Body:
    """An expense: one line stands in its head, several are itemised."""
    body, own = record.body, record.body.get("own") or {}
    rows = [
        {"line_item_id": row["line_item_id"], "account_id": row["account_id"], "account_name": row["account_name"],
         "description": row["description"], "amount": line["amount"], "item_total": line["amount"],
         "item_order": row["item_order"], "tax_amount": line["tax_amount"], **books.tax(line.get("tax")),
         "tags": row["tags"]}
        for row, line in zip(lines.shown(books, record), lines.visible(record), strict=True)
    ]  # fmt: skip
    contact = books.body("contact", body.get("contact"))
    vendor = body.get("contact") if contact.get("is_vendor") else ""
    billable, customer = bool(own.get("is_billable")), own.get("customer_id", "")
    return {
        "expense_id": record.id, "transaction_type": "expense", "account_id": rows[0]["account_id"] if rows else "",
        "account_name": rows[0]["account_name"] if rows else "", "paid_through_account_id": body["account"],
        "paid_through_account_name": books.name("account", body["account"]), "vendor_id": text(vendor),
        "vendor_name": books.name("contact", vendor), "customer_id": customer,
        "customer_name": books.name("contact", customer), "is_billable": billable,
        "status": "unbilled" if billable else "nonbillable", "is_inclusive_tax": body["tax_mode"] == "inclusive",
        "sub_total": body["subtotal"], "tax_amount": body["tax_total"], "total": body["total"],
        "bcy_total": cents(body["total"] * body["rate"], books.home),
        "amount": sum((row["amount"] for row in rows), ZERO),
        "description": text(body.get("memo")), "payment_mode": own.get("payment_mode", ""), "line_items": rows,
        "taxes": lines.taxes(books, record), "expense_type": "non_mileage", **books.tax(
            record.body["lines"][0].get("tax") if rows else None), **_head(books, record),
    }  # fmt: skip


def journal(books: Books, record: Record) -> Body:
    """A manual journal; amounts are positive, the side is a word."""
    body, own = record.body, record.body.get("own") or {}
    rows = []
    for line in body["lines"]:
        amount = max(line["debit"], line["credit"])
        rows.append({
            "line_id": kinds.line_id(record.id, line["id"]), "account_id": line["account"],
            "account_name": books.name("account", line["account"]), "customer_id": text(line.get("contact")),
            "customer_name": books.name("contact", line.get("contact")), "description": text(line.get("description")),
            "debit_or_credit": "debit" if line["debit"] else "credit", "amount": amount,
            "bcy_amount": cents(amount * body["rate"], books.home), **books.tax(line.get("tax")),
            "tags": books.tags(line.get("dimensions")),
        })  # fmt: skip
    shown = _head(books, record)
    day = shown.pop("date")
    return {
        "journal_id": record.id, "entry_number": text(body.get("number")), "journal_date": day,
        "journal_type": own.get("journal_type", "both"), "notes": text(body.get("memo")),
        "status": "draft" if body["status"] == "draft" else "published", "line_items": rows,
        "line_item_total": body["total"], "total": body["total"], "taxes": [],
        "bcy_total": cents(body["total"] * body["rate"], books.home), **shown,
    }  # fmt: skip


_SHOWS: dict[str, Callable[[Books, Record], Body]] = {
    "contact": lists.contact, "account": lists.account, "item": lists.item, "payment": payment,
    "bill_payment": payment, "expense": expense, "journal_entry": journal, **dict.fromkeys(_DOCUMENTS, lined),
}  # fmt: skip


def whole(books: Books, record: Record) -> Body:
    """Everything that is known of a record of a collection."""
    return _SHOWS[record.table](books, record)


def shown(books: Books, record: Record) -> Body:
    """A record as its own address answers."""
    hidden = columns.NOT_IN_RECORDS.get(kinds.BY_KIND[record.table].path, frozenset())
    return {name: value for name, value in whole(books, record).items() if name not in hidden}


def row(books: Books, record: Record) -> Body:
    """A row of a list: the head only."""
    known = whole(books, record) | {"has_attachment": bool(_files(books, record))}
    names = columns.ROWS[kinds.BY_KIND[record.table].path]
    return {name: value for name, value in known.items() if name in names}
