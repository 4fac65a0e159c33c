"""What all reports share: period, header, columns, rows, cells as text."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from integrations.sandbox.books.journal import Line
from integrations.sandbox.books.money import cents
from integrations.sandbox.books.store import Record
from integrations.sandbox.clock import pacific
from integrations.sandbox.quickbooks import errors
from integrations.sandbox.quickbooks.company import Company
from integrations.sandbox.wire import Body

PROFIT_AND_LOSS = ("Revenue", "Expense")
_MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
           "November", "December")  # fmt: skip


@dataclass(frozen=True)
class Period:
    """First and last day of a report."""

    start: date
    end: date


def _given(options: dict[str, str], name: str) -> date | None:
    text = options.get(name)
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise errors.bad_value("2060", "Invalid Date", name, text) from error


def fiscal_start(company: Company, day: date) -> date:
    """First day of the fiscal year that contains the day."""
    prefs = company.preferences.get("AccountingInfoPrefs", {})
    month = _MONTHS.index(prefs.get("FirstMonthOfFiscalYear", "January")) + 1
    return date(day.year if day.month >= month else day.year - 1, month, 1)


def period(company: Company, options: dict[str, str]) -> Period:
    """start_date and end_date, a date_macro, or the fiscal year to date. Raises 2060."""
    today = company.today
    start, end = _given(options, "start_date"), _given(options, "end_date")
    if start or end:
        last = end or today
        return Period(start or fiscal_start(company, last), last)
    month = today.replace(day=1)
    last_month = month - timedelta(days=1)
    macros = {
        "today": Period(today, today),
        "this month": Period(month, (month + timedelta(days=32)).replace(day=1) - timedelta(days=1)),
        "this month-to-date": Period(month, today),
        "last month": Period(last_month.replace(day=1), last_month),
        "this year": Period(date(today.year, 1, 1), date(today.year, 12, 31)),
        "this year-to-date": Period(date(today.year, 1, 1), today),
        "last year": Period(date(today.year - 1, 1, 1), date(today.year - 1, 12, 31)),
        "all": Period(date(1980, 1, 1), today),
    }
    return macros.get(options.get("date_macro", "").lower(), Period(fiscal_start(company, today), today))


def report_date(company: Company, options: dict[str, str]) -> date:
    """The day an aging report is about; start and end dates are ignored there."""
    return _given(options, "report_date") or company.today


def booked_on(record: Record) -> str:
    """The book date of what a record posted."""
    return str(record.body.get("TxnDate") or record.body.get("InvStartDate") or "1980-01-01")


def postings(company: Company) -> Iterator[tuple[str, Record, Line]]:
    """Every journal line with its date and record."""
    for records in list(company.store.tables.values()):
        for record in records.values():
            for line in record.lines:
                yield booked_on(record), record, line


def sums(company: Company, start: date | None, end: date) -> dict[str, Decimal]:
    """Account → debits minus credits from start (or ever) to end."""
    first, last = start.isoformat() if start else "", end.isoformat()
    totals: dict[str, Decimal] = defaultdict(Decimal)
    for day, _, line in postings(company):
        if first <= day <= last:
            totals[line.account] += line.amount
    return totals


def money(amount: Decimal, currency: str) -> str:
    """A cell: two decimals, empty for zero."""
    rounded = cents(amount, currency)
    return f"{rounded:f}" if rounded else ""


def accounts(company: Company) -> list[Record]:
    """All accounts by number, then name."""
    found = company.store.live("Account")
    return sorted(found, key=lambda record: (str(record.body.get("AcctNum") or "~"), record.body["Name"]))


def title(record: Record) -> str:
    """How reports name an account."""
    number = record.body.get("AcctNum")
    return f"{number} {record.body['Name']}" if number else str(record.body["Name"])


def document(
    company: Company, name: str, span: Period, columns: list[Body], rows: list[Body], options: dict[str, str]
) -> Body:
    """The whole report; without rows NoReportData says so."""
    listed = [{"Name": "AccountingStandard", "Value": "GAAP"}, {"Name": "NoReportData", "Value": str(not rows).lower()}]
    header = {
        "Time": pacific(company.now),
        "ReportName": name,
        "ReportBasis": options.get("accounting_method") or "Accrual",
        "StartPeriod": span.start.isoformat(),
        "EndPeriod": span.end.isoformat(),
        "SummarizeColumnsBy": options.get("summarize_column_by") or "Total",
        "Currency": company.home,
        "Option": listed,
    }
    return {"Header": header, "Columns": {"Column": columns}, "Rows": {"Row": rows} if rows else {}}


def column(title_text: str, kind: str, key: str, **dates: str) -> Body:
    """A column with its ColKey and, for periods, its dates."""
    meta = [{"Name": name, "Value": value} for name, value in dates.items()]
    return {"ColTitle": title_text, "ColType": kind, "MetaData": [*meta, {"Name": "ColKey", "Value": key}]}


def cells(name: str, values: list[str], key: str | None = None) -> list[Body]:
    """A row's cells; the first may carry the id of what it names."""
    first: Body = {"value": name}
    if key is not None:
        first["id"] = key
    return [first, *({"value": value} for value in values)]


def data(name: str, values: list[str], key: str | None = None) -> Body:
    """A data row."""
    return {"ColData": cells(name, values, key), "type": "Data"}


def summary(name: str, values: list[str], group: str) -> Body:
    """A row that only sums up."""
    return {"Summary": {"ColData": cells(name, values)}, "type": "Section", "group": group}


def section(name: str, rows: list[Body], values: list[str], group: str, total: str | None = None) -> Body:
    """A section with header, rows and summary."""
    return {
        "Header": {"ColData": cells(name, ["" for _ in values])},
        "Rows": {"Row": rows},
        "Summary": {"ColData": cells(total or f"Total {name}", values)},
        "type": "Section",
        "group": group,
    }


def grand_total(values: list[str]) -> Body:
    """The last row of flat reports."""
    return summary("TOTAL", values, "GrandTotal")
