"""Transactions as REST shows them."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

from integrations.sandbox.books.money import ZERO, cents
from integrations.sandbox.books.store import Record
from integrations.sandbox.sage_intacct import (
    attachments,
    banking,
    employee_expenses,
    feeds,
    journals,
    lines,
    orders,
    payments,
    properties,
)
from integrations.sandbox.sage_intacct.books import Books, money
from integrations.sandbox.sage_intacct.heads import HEADS
from integrations.sandbox.sage_intacct.kinds import Object
from integrations.sandbox.sage_intacct.reading_heads import DUELESS
from integrations.sandbox.wire import Body

_TYPES = {
    "bill": ("pi", "accountsPayable"), "vendor_credit": ("pa", "accountsPayable"),
    "invoice": ("ri", "accountsReceivable"), "credit_note": ("ra", "accountsReceivable"),
}  # fmt: skip
Show = Callable[[Books, Object, Record], Body]


def state(books: Books, record: Record) -> str:
    """draft, submitted, declined, posted, paid (settled in full) or reversed."""
    body = record.body
    told = {"draft": "draft", "submitted": "submitted", "voided": "reversed"}.get(body["status"])
    if told:
        return str((body.get("own") or {}).get("state") or told)
    is_settled = body["total"] and not books.company.open_amount(record)
    return "paid" if is_settled else "posted"


def lined(books: Books, obj: Object, record: Record) -> Body:
    """Bill, AR invoice, AR and AP adjustment."""
    record_type, module = _TYPES[record.table]
    found = {**books.base(obj, record), **head(books, record)}
    found |= {"recordType": record_type, "moduleName": module, "state": state(books, record),
              "isSystemGenerated": False, **_amounts(books, record),
              "isTaxInclusive": record.body["tax_mode"] == "inclusive",
              obj.lines_field: lines.shown(books, obj, record)}  # fmt: skip
    if record.table == "bill":
        found["billSummary"]["name"] = found["billSummary"]["id"]
    reversed_by = (record.body.get("own") or {}).get("reversal")
    if reversed_by:
        found["reversal"] = dict(reversed_by)
    return found


def web_url(books: Books, obj: Object, record: Record) -> Body:
    """Where a person sees the record."""
    company = books.organisation.external_org_id
    return {"url": f"https://www.intacct.com/ia/acct/ur.phtml?.r={obj.xml}-{company}-{record.id}"}


def head(books: Books, record: Record) -> Body:
    """The head's own properties, its currency with base currency and rate among them."""
    body = record.body
    own = {"createdDate": body["on"], **(body.get("own") or {})}
    dated = {"due_on": None} if own.get(DUELESS) else {}
    found = properties.shown(books, HEADS[record.table], {**body, **dated, "own": own})
    rate = {"date": own.get("rateDate") or own["createdDate"], "typeId": own.get("rateType"), "rate": body["rate"]}
    if isinstance(found.get("currency"), dict):
        found["currency"] |= {"baseCurrency": books.home, "exchangeRate": rate}
    elif "exchangeRate" in found:
        found["exchangeRate"] = rate
        split = isinstance(found["txnCurrency"], dict)
        found["baseCurrency"] = {"currency": books.home} if split else books.home
    return found


def _amounts(books: Books, record: Record) -> Body:
    """Totals and what is due, as texts; an adjustment that credits is negative."""
    body, rate = record.body, record.body["rate"]
    sign = -1 if record.table in ("credit_note", "vendor_credit") else 1
    due = body["total"] if body["status"] in ("draft", "submitted") else books.company.open_amount(record)
    paid = ZERO if body["status"] == "voided" else body["total"] - due
    values = {"totalTxnAmount": body["total"], "totalTxnAmountDue": due}
    found = {name: money(sign * value) for name, value in values.items()}
    found |= {name.replace("Txn", "Base"): money(sign * cents(value * rate, books.home))
              for name, value in values.items()}  # fmt: skip
    information: Body = {
        "fullyPaidDate": _paid_on(books, record, due), "totalTxnAmountPaid": money(sign * paid),
        "totalBaseAmountPaid": money(sign * cents(paid * rate, books.home)),
        "totalTxnAmountSelectedForPayment": "0.00", "totalBaseAmountSelectedForPayment": "0.00",
    }  # fmt: skip
    is_due = body.get("due_on") and not (body.get("own") or {}).get(DUELESS)
    days = (date.fromisoformat(body["due_on"]) - books.today).days if is_due else None
    return {**found, "paymentInformation": information, "dueInDays": days}


def _paid_on(books: Books, record: Record, due: Decimal) -> Any:
    days = [each.on for each in books.company.settlements(record)] + [each["on"] for each in record.body["allocations"]]
    return max(days) if days and not due else None


def _linked(show: Show) -> Show:
    return lambda books, obj, record: {**show(books, obj, record), "webURL": web_url(books, obj, record)}


_TRANSACTIONS: dict[str, Show] = {
    **dict.fromkeys(_TYPES, lined), "payment": payments.shown, "bill_payment": payments.shown,
    "journal_entry": journals.shown, "purchase_order": orders.shown, **banking.SHOWN, **feeds.SHOWN,
    **employee_expenses.SHOWN,
}  # fmt: skip
SHOWN: dict[str, Show] = {**{kind: _linked(show) for kind, show in _TRANSACTIONS.items()}, **attachments.SHOWN}
"""Kind → how its records look in REST."""
