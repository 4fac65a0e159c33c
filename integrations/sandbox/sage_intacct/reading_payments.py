"""AR and AP payments as REST sends them: where the money went, what is paid in cash and by which credits."""

from decimal import Decimal

from integrations.sandbox.books.money import ZERO
from integrations.sandbox.books.store import Record
from integrations.sandbox.sage_intacct import errors, payments, properties
from integrations.sandbox.sage_intacct.books import Books
from integrations.sandbox.sage_intacct.heads import HEADS
from integrations.sandbox.sage_intacct.kinds import Object, at
from integrations.sandbox.sage_intacct.lines import merged
from integrations.sandbox.sage_intacct.payments import CREDIT, CREDIT_AMOUNT, SIDES
from integrations.sandbox.sage_intacct.reading_heads import currency, head, require, status
from integrations.sandbox.wire import Body

_NEEDED = {
    "payment": ("customer", "paymentMethod", "paymentSummary.receiptDate"),
    "bill_payment": ("vendor", "paymentMethod", "paymentDate"),
}  # fmt: skip
_CASH = "txnCurrency.paymentAmount"


def payment(books: Books, obj: Object, given: Body, before: Record | None) -> Body:
    """The neutral payment; own.details keeps every row, own.details with a credit are applied after saving."""
    body = head(books, obj, given, before, "financialEntity", "undepositedGLAccount")
    require(obj, HEADS[obj.kind], body, _NEEDED[obj.kind])
    currency(books, body, before)
    status(body, before)
    account(books, given, body, allow_undeposited=obj.kind == "payment")
    rows = merged(obj, given, before, lambda item, kept: _row(books, obj, item, kept or {}), payments.rows)
    extra = properties.amount(body["own"].get("overpaymentTxnAmount") or 0, "overpaymentTxnAmount")
    if not rows and not extra:
        raise errors.business("At least one payment detail is required.", "BL01001974",
                              first=f"Could not create {obj.label} record.")  # fmt: skip
    body["own"]["details"] = rows
    body["total"] = sum((row["amount"] for row in rows), extra)
    body["allocations"] = payments.allocations(body) if body["status"] == "authorised" else []
    return body


def account(books: Books, given: Body, body: Body, *, allow_undeposited: bool) -> None:
    """The ledger account behind the bank account, or the one that undeposited money waits on. Raises SageError."""
    told = given.get("financialEntity")
    if told:
        bank = payments.bank(books, told)
        body["own"]["bank"], body["account"] = bank.id, bank.body["account"]
    elif allow_undeposited and given.get("undepositedGLAccount"):
        body["own"].pop("bank", None)
        body["account"] = books.given("general-ledger/account", given, "undepositedGLAccount")
    if not body.get("account"):
        raise errors.business("Required field financialEntity is missing.", "BL01001974")


def _row(books: Books, obj: Object, item: Body, kept: Body) -> Body:
    side = SIDES[obj.kind]
    known = [_CASH, CREDIT_AMOUNT, "txnCurrency.currency"]
    properties.check_known(obj.lines, item, known, prefixes=(side.document, CREDIT))
    row: Body = {"document": None, "amount": ZERO, "credit": None, "credit_amount": ZERO, **kept}
    if side.document in item:
        row["document"] = _key(books, side.path, item, side.document, side.kind)
    if CREDIT in item:
        row["credit"] = _key(books, side.credit_path, item, CREDIT, side.credit_kind)
    for name, path in (("amount", _CASH), ("credit_amount", CREDIT_AMOUNT)):
        if at(item, path) not in (None, ""):
            row[name] = properties.amount(at(item, path), path)
    if row["document"] is None:
        raise errors.business(f"Required field {side.document} is missing.", "BL01001974")
    _check_amounts(row)
    return row


def _key(books: Books, path: str, item: Body, name: str, kind: str) -> str | None:
    key = books.given(path, item, name)
    return None if key is None else f"{kind}:{key}"


def _check_amounts(row: Body) -> None:
    cash, credit = Decimal(row["amount"]), Decimal(row["credit_amount"])
    if cash < 0 or credit < 0 or not cash + credit:
        raise errors.business("The payment amount must be greater than zero.", "BL03002133")
    if bool(credit) != bool(row["credit"]):
        raise errors.business("An adjustment needs its key and the amount to apply.", "BL03002134")
