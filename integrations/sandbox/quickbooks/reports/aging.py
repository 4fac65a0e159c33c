"""Who owes what since when, and whom we owe."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from integrations.sandbox.books.money import ZERO
from integrations.sandbox.books.store import Record
from integrations.sandbox.quickbooks.company import Company, label
from integrations.sandbox.quickbooks.reports import frame
from integrations.sandbox.wire import Body


@dataclass(frozen=True)
class Side:
    """Receivables or payables: which documents raise them and which settle them."""

    entity: str
    account_type: str
    documents: dict[str, int]
    settlements: str
    sign: int


RECEIVABLES = Side("Customer", "Accounts Receivable", {"Invoice": 1, "CreditMemo": -1}, "Payment", 1)
PAYABLES = Side("Vendor", "Accounts Payable", {"Bill": 1, "VendorCredit": -1}, "BillPayment", -1)


def _control(company: Company, side: Side) -> set[str]:
    return {record.id for record in company.store.live("Account") if record.body["AccountType"] == side.account_type}


def _moved(record: Record, accounts: set[str], side: Side) -> dict[str, Decimal]:
    """Contact id → what the record adds to the open amount, in home currency."""
    found: dict[str, Decimal] = defaultdict(Decimal)
    for line in record.lines:
        if line.account in accounts and line.contact:
            found[line.contact.partition(":")[2]] += side.sign * line.amount
    return found


def _open(company: Company, side: Side, on: date) -> Iterator[tuple[str, date, Decimal]]:
    """(contact id, day it falls due, open amount) at the end of a day; the sum is the control accounts' balance."""
    accounts, last = _control(company, side), on.isoformat()
    for table, records in list(company.store.tables.items()):
        for record in records.values():
            if record.lines and frame.booked_on(record) <= last:
                for contact, amount in _moved(record, accounts, side).items():
                    due = str(record.body.get("DueDate") or frame.booked_on(record))
                    shift = _settled(company, side, table, record, last)
                    yield contact, date.fromisoformat(due), amount + shift


def _settled(company: Company, side: Side, table: str, record: Record, last: str) -> Decimal:
    """Move settlements from the payment to what it settles, when both are dated by then."""
    rate = Decimal(record.body.get("ExchangeRate") or 1)
    if table in side.documents:
        parts = [
            amount for source, amount in record.applied.items() if _is_booked(company, source, last)
        ]  # fmt: skip
        return -side.documents[table] * sum(parts, ZERO) * rate
    if table != side.settlements:
        return ZERO
    total = ZERO
    for line in record.body.get("Line") or []:
        for link in line.get("LinkedTxn") or []:
            kind = str(link["TxnType"])
            target = company.store.get(kind, str(link["TxnId"]))
            if kind in side.documents and target is not None and frame.booked_on(target) <= last:
                target_rate = Decimal(target.body.get("ExchangeRate") or 1)
                total += side.documents[kind] * target.applied.get(record.key, ZERO) * target_rate
    return total


def _is_booked(company: Company, source: str, last: str) -> bool:
    table, _, key = source.partition(":")
    record = company.store.get(table, key)
    return table != "Deposit" and record is not None and frame.booked_on(record) <= last


def _whole(options: dict[str, str], name: str, default: int) -> int:
    text = options.get(name, "")
    return int(text) if text.isdigit() and 0 < int(text) <= 365 else default


def _aged(company: Company, options: dict[str, str], side: Side, name: str) -> Body:
    on = frame.report_date(company, options)
    width, count = _whole(options, "aging_period", 30), _whole(options, "num_periods", 4)
    titles = ["Current"]
    titles += [f"{number * width + 1} - {(number + 1) * width}" for number in range(count - 1)]
    titles.append(f"{(count - 1) * width + 1} and over")
    table: dict[str, list[Decimal]] = defaultdict(lambda: [ZERO] * (count + 1))
    for contact, due, amount in _open(company, side, on):
        late = (on - due).days
        bucket = 0 if late <= 0 else min((late - 1) // width + 1, count)
        table[contact][bucket] += amount
    rows = _rows(company, side, table)
    columns = [frame.column("", side.entity, side.entity.lower())]
    columns += [frame.column(title, "Money", _key(number, count)) for number, title in enumerate(titles)]
    columns.append(frame.column("Total", "Money", "total"))
    return frame.document(company, name, frame.Period(on, on), columns, rows, options)


def _key(number: int, count: int) -> str:
    return "current" if number == 0 else f"{number}" if number < count else "over"


def _rows(company: Company, side: Side, table: dict[str, list[Decimal]]) -> list[Body]:
    found, totals = [], None
    for record in sorted(company.store.tables[side.entity].values(), key=lambda each: label(each).casefold()):
        amounts = table.get(record.id)
        if amounts is None or not any(amounts):
            continue
        full = [*amounts, sum(amounts, ZERO)]
        totals = full if totals is None else [a + b for a, b in zip(totals, full, strict=True)]
        found.append(frame.data(label(record), [frame.money(each, company.home) for each in full], record.id))
    if totals is not None:
        found.append(frame.grand_total([frame.money(each, company.home) for each in totals]))
    return found


def _balances(company: Company, options: dict[str, str], side: Side, name: str) -> Body:
    on = frame.report_date(company, options)
    table: dict[str, list[Decimal]] = defaultdict(lambda: [ZERO])
    for contact, _, amount in _open(company, side, on):
        table[contact][0] += amount
    rows = [_single(row) for row in _rows(company, side, table)]
    columns = [frame.column("", side.entity, side.entity.lower()), frame.column("Total", "Money", "total")]
    return frame.document(company, name, frame.Period(on, on), columns, rows, options)


def _single(row: Body) -> Body:
    """One amount instead of bucket and total."""
    if "Summary" in row:
        return {**row, "Summary": {"ColData": row["Summary"]["ColData"][:2]}}
    return {**row, "ColData": row["ColData"][:2]}


def aged_receivables(company: Company, options: dict[str, str]) -> Body:
    """Open amounts by customer and days overdue."""
    return _aged(company, options, RECEIVABLES, "AgedReceivables")


def aged_payables(company: Company, options: dict[str, str]) -> Body:
    """Open amounts by vendor and days overdue."""
    return _aged(company, options, PAYABLES, "AgedPayables")


def customer_balance(company: Company, options: dict[str, str]) -> Body:
    """What each customer owes."""
    return _balances(company, options, RECEIVABLES, "CustomerBalance")


def vendor_balance(company: Company, options: dict[str, str]) -> Body:
    """What each vendor is owed."""
    return _balances(company, options, PAYABLES, "VendorBalance")
