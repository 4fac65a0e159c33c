"""Employees' expense reports, both ways. They can be approved; posting them is not simulated: none is ever posted."""

from collections.abc import Callable
from decimal import Decimal

from integrations.sandbox.books.money import ZERO, cents
from integrations.sandbox.books.store import Record
from integrations.sandbox.sage_intacct import custom, dimensions, errors, lines, properties
from integrations.sandbox.sage_intacct.books import Books, money
from integrations.sandbox.sage_intacct.kinds import Object
from integrations.sandbox.sage_intacct.properties import Property, own, ref
from integrations.sandbox.sage_intacct.reading_heads import require
from integrations.sandbox.wire import Body

_HEAD = (
    Property("expenseReportNumber", "number"), ref("employee", "employee", "company-config/employee"),
    Property("createdDate", "on", "date"), Property("description", "memo"),
    ref("attachment", "own.attachment", "company-config/attachment"),
    Property("basePayment.baseCurrency", "own.base", aliases=("basePaymentInformation.baseCurrency",)),
    Property("reimbursement.reimbursementCurrency", "currency",
             aliases=("reimbursementInformation.reimbursementCurrency",)),
    Property("state", "own.action", "choice", values=("draft", "submitted")),
)  # fmt: skip
"""Two names are in use for the blocks of currencies."""
_LINE = (
    ref("glAccount", "account", "general-ledger/account"), *own("any", "expenseType"),
    Property("entryDate", "on", "date"), *own("text", "paidTo", "paidFor"),
    *own("flag", "isBillable", default=False), *own("any", "paymentType"), *own("text", "txnCurrency"),
    Property("txnAmount", "amount", "money"),
)  # fmt: skip


def read(books: Books, obj: Object, given: Body, before: Record | None) -> Body:
    """An expense report. Raises SageError."""
    known = [path for each in _HEAD for path in (each.path, *each.aliases)]
    properties.check_known(obj.path, given, known, prefixes=(obj.lines_field,))
    kept: Body = before.body if before else {"status": "draft"}
    if kept["status"] != "draft":
        raise errors.business(f"The expense report cannot be changed because its state is {kept['status']}.",
                              "BL01001981")  # fmt: skip
    body: Body = {**kept, "own": dict(kept.get("own") or {})}
    properties.read(books, _HEAD, given, body)
    require(obj, _HEAD, body, ("employee", "createdDate"))
    body["currency"] = body.get("currency") or books.home
    if before is None and not body.get("number"):
        body["number"] = f"EXP-{books.store.take('number.employee_expense'):05d}"
    code = str(body["currency"])
    body["lines"] = lines.merged(obj, given, before, lambda item, line: _line(books, obj, item, line, code))
    body["status"] = body["own"].pop("action", None) or "draft"
    if not body["lines"] and body["status"] != "draft":
        raise errors.business("At least one line item is required.", "BL01001974")
    return body


def _line(books: Books, obj: Object, item: Body, kept: Body | None, code: str) -> Body:
    properties.check_known(obj.lines, item, [each.path for each in _LINE], prefixes=("dimensions",))
    line: Body = {**(kept or {}), "own": dict((kept or {}).get("own") or {})}
    properties.read(books, _LINE, item, line)
    dimensions.read(books, item, line)
    if not line.get("account") and not line["own"].get("expenseType"):
        raise errors.business("Required field expenseType is missing.", "BL01001974")
    if line.get("amount") is None:
        raise errors.business("Required field txnAmount is missing.", "BL01001974")
    line["amount"] = cents(Decimal(line["amount"]), code)
    return custom.kept(books, obj.lines, item, line)


def shown(books: Books, obj: Object, record: Record) -> Body:
    """An expense report."""
    body = record.body
    total = sum((Decimal(line["amount"]) for line in body["lines"]), ZERO)
    rows = [
        {**lines.head(books, obj, record, line, number), **properties.shown(books, _LINE, line),
         "txnCurrency": (line.get("own") or {}).get("txnCurrency") or body["currency"]}
        for number, line in enumerate(body["lines"], 1)
    ]  # fmt: skip
    return {
        **books.base(obj, record), **properties.shown(books, _HEAD, body), "basePayment": {"baseCurrency": books.home},
        "reimbursement": {"reimbursementCurrency": body["currency"]}, "state": body["status"],
        "totalTxnAmount": money(total), "lines": rows,
    }  # fmt: skip


READ: dict[str, Callable[[Books, Object, Body, Record | None], Body]] = {"employee_expense": read}
SHOWN: dict[str, Callable[[Books, Object, Record], Body]] = {"employee_expense": shown}
