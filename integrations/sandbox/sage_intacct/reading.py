"""Transactions as REST sends them, as neutral bodies: what is given over what was there."""

from collections.abc import Callable

from integrations.sandbox.books.store import Record
from integrations.sandbox.sage_intacct import (
    attachments,
    banking,
    chart,
    employee_expenses,
    errors,
    feeds,
    journals,
    lines,
    orders,
    reading_payments,
)
from integrations.sandbox.sage_intacct.books import Books
from integrations.sandbox.sage_intacct.heads import HEADS
from integrations.sandbox.sage_intacct.kinds import Object
from integrations.sandbox.sage_intacct.reading_heads import (
    DUELESS,
    check_draft,
    check_unique,
    currency,
    head,
    missing_due_date,
    next_number,
    posting_date,
    require,
    status,
    wait_for_approval,
)
from integrations.sandbox.wire import Body

_NEEDED = {
    "bill": ("vendor", "createdDate"), "vendor_credit": ("vendor", "createdDate"),
    "invoice": ("customer", "invoiceDate"), "credit_note": ("customer", "createdDate"),
}  # fmt: skip


def lined(books: Books, obj: Object, given: Body, before: Record | None) -> Body:
    """Bill, AR invoice, AR and AP adjustment."""
    body = head(books, obj, given, before)
    require(obj, HEADS[obj.kind], body, _NEEDED[obj.kind])
    posting_date(obj, given, body, before)
    currency(books, body, before)
    inclusive = bool(body["own"].get("inclusive"))
    body["tax_mode"] = "inclusive" if inclusive else "exclusive"
    status(body, before)
    if obj.kind == "bill":
        wait_for_approval(books, body, before)
    if obj.kind in ("bill", "invoice"):
        _due(obj, given, body)
    if before is None and not body.get("number") and obj.kind in chart.NUMBERS:
        body["number"] = next_number(books, obj.kind)
    check_unique(books, obj, body, before)
    body["lines"] = lines.read(books, obj, given, body, before)
    check_draft(obj, body)
    if obj.kind in ("credit_note", "vendor_credit"):
        _negative(obj, body)
    return body


def _due(obj: Object, given: Body, body: Body) -> None:
    """A due date is given, or the document's own term says it; a draft may do without. Raises SageError."""
    is_moved = "term" in given or _date_field(obj) in given
    if "dueDate" not in given and (body["own"].pop(DUELESS, False) or (is_moved and body.get("term"))):
        body["due_on"] = None
    body["own"].pop(DUELESS, None)
    if not body.get("due_on") and not body.get("term"):
        if body["status"] != "draft":
            raise missing_due_date()
        # The neutral books give every document a due date; this one is not shown.
        body["own"][DUELESS] = True


def _date_field(obj: Object) -> str:
    return "invoiceDate" if obj.kind == "invoice" else "createdDate"


def _negative(obj: Object, body: Body) -> None:
    """Negative lines make a credit; these books keep no debit memos. AP lines all have one sign."""
    amounts = [line["amount"] for line in body["lines"]]
    if obj.kind == "vendor_credit" and min(amounts, default=0) < 0 < max(amounts, default=0):
        raise errors.business("All line items of an adjustment must be either positive or negative.", "BL03002201")
    if amounts and sum(amounts) <= 0:
        raise errors.business("Adjustments that increase the amount due (debit memos) are not enabled for this "
                              "company. Enter negative amounts.", "BL03002202")  # fmt: skip


READ: dict[str, Callable[[Books, Object, Body, Record | None], Body]] = {
    **dict.fromkeys(("bill", "invoice", "credit_note", "vendor_credit"), lined),
    "payment": reading_payments.payment, "bill_payment": reading_payments.payment,
    "journal_entry": journals.read, "purchase_order": orders.read, **banking.READ, **feeds.READ, **attachments.READ,
    **employee_expenses.READ,
}  # fmt: skip
"""Kind → the neutral body of what REST sends."""
