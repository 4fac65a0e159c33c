"""Reports: made on demand after a while, told by their status, downloaded as CSV; a trial balance at once for XML."""

import csv
import io
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from urllib.parse import urlencode

from werkzeug.wrappers import Response

from integrations.sandbox.books.kinds import RESULT_TYPES
from integrations.sandbox.books.money import ZERO
from integrations.sandbox.books.reports import sums
from integrations.sandbox.books.store import Record
from integrations.sandbox.sage_intacct import errors, properties
from integrations.sandbox.sage_intacct.answers import Answer, Ask, one
from integrations.sandbox.sage_intacct.books import Books, money
from integrations.sandbox.sage_intacct.kinds import at
from integrations.sandbox.wire import Body

RETRY_AFTER = "30"
TAKES = 2.0
"""Seconds of the ledger's clock until a report is there; the first half of them it is waiting."""
BOOK = "ACCRUAL"
_PERIOD = "general-ledger/reporting-period"
_TYPES = ("csv",)
_HERE = "/services/reports"


@dataclass(frozen=True)
class Balance:
    """An account over a period in home currency, debit positive: what it began with, moved by and ended with."""

    account: Record
    start: Decimal
    debits: Decimal
    credits: Decimal

    @property
    def end(self) -> Decimal:
        """What it ended with."""
        return self.start + self.debits - self.credits

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to tell."""
        return not (self.start or self.debits or self.credits)


def trial_balance_rows(books: Books, start: date, end: date, *, show_zero: bool = False) -> list[Balance]:
    """Every account with a balance or movement from `start` to `end`, by number; ends sum to zero.

    Income and cost accounts begin each year (January) with nothing: earlier results stand in retained earnings.
    """
    company = books.company
    year = start.replace(month=1, day=1)
    opening = sums(company, None, start - timedelta(days=1))
    retained, earlier = company.role("retained"), sums(company, None, year - timedelta(days=1))
    moved = _moved(books, start, end)
    found = []
    closed = sum((earlier.get(each.id, ZERO) for each in _accounts(books) if _is_result(each)), ZERO)
    for account in _accounts(books):
        before = opening.get(account.id, ZERO)
        if _is_result(account):
            before -= earlier.get(account.id, ZERO)
        elif account.id == retained:
            before += closed
        debits, credits = moved[account.id]
        found.append(Balance(account, before, debits, credits))
    rows = found if show_zero else [each for each in found if not each.is_empty]
    return sorted(rows, key=lambda each: str(each.account.body.get("code") or ""))


def _accounts(books: Books) -> list[Record]:
    """All accounts, also deleted ones that once moved."""
    return list(books.store.tables["account"].values())


def _is_result(account: Record) -> bool:
    return account.body["type"] in RESULT_TYPES


def _moved(books: Books, start: date, end: date) -> dict[str, tuple[Decimal, Decimal]]:
    """Account → debits and credits of the period."""
    first, last = start.isoformat(), end.isoformat()
    found: dict[str, tuple[Decimal, Decimal]] = defaultdict(lambda: (ZERO, ZERO))
    for record in books.company.posted():
        if first <= record.body["on"] <= last:
            for line in record.lines:
                debits, credits = found[line.account]
                found[line.account] = (debits + max(line.amount, ZERO), credits + max(-line.amount, ZERO))
    return found


# The report service


class File(Answer):
    """A download: bytes instead of JSON."""

    def response(self) -> Response:
        """As it is sent."""
        name = {"Content-Disposition": 'attachment; filename="report.csv"'}
        return Response(self.body, self.status, headers={**self.headers, **name}, content_type="text/csv")


def serve(books: Books, ask: Ask) -> Answer:
    """What /services/reports/… answers. Raises SageError."""
    match [ask.method, *ask.parts[2:]]:
        case ["POST", "general-ledger", name] if name in _MAKERS:
            return _submitted(books, name, ask.body)
        case ["GET", "status"]:
            return _status(books, ask)
        case ["GET", "download"]:
            return _download(books, ask)
        case ["POST", "cancel"]:
            return _cancelled(books, ask)
    raise errors.unknown_object("/".join(ask.parts))


def _submitted(books: Books, name: str, given: object) -> Answer:
    """202: the report is asked for. What it will say is settled now."""
    if not isinstance(given, dict):
        raise errors.invalid_request("The body must be an object.")
    if given.get("outputType", "csv") not in _TYPES:
        raise errors.invalid_request(f"The outputType must be one of {', '.join(_TYPES)}.")
    if at(given, "parameters.dimensions"):
        raise errors.invalid_request("Reports by dimension are not available for this company.")
    start, end = _period(books, given.get("parameters") or {})
    body = {"name": name, "title": str(given.get("reportName") or name), "content": _MAKERS[name](books, start, end),
            "asked": str(books.clock.scaled()), "cancelled": False}  # fmt: skip
    record = books.keep("report", None, body)
    href = f"{_HERE}/status?{urlencode({'reportId': record.id})}"
    answer = one({"reportId": record.id, "status": "submitted", "href": href}, 202)
    answer.headers["Retry-After"] = RETRY_AFTER
    return answer


def _period(books: Books, parameters: Body) -> tuple[date, date]:
    """The days of a report: {periodToDate: {reportingPeriod, asOfDate}} or {dateRange: {startDate, endDate}}.

    The name of a free range of days is not verified.
    """
    told = parameters.get("timePeriod")
    if not isinstance(told, dict):
        raise errors.invalid_request("Required field parameters.timePeriod is missing.")
    if isinstance(told.get("dateRange"), dict):
        days = [properties.day(told["dateRange"].get(name), name) for name in ("startDate", "endDate")]
        return date.fromisoformat(days[0]), date.fromisoformat(days[1])
    chosen = told.get("periodToDate")
    if not isinstance(chosen, dict):
        raise errors.invalid_request("The timePeriod must be periodToDate or dateRange.")
    period = books.find(_PERIOD, chosen.get("reportingPeriod")).body
    last = properties.day(chosen.get("asOfDate") or period["to"], "asOfDate")
    return date.fromisoformat(period["from"]), date.fromisoformat(min(last, period["to"]))


def _found(books: Books, key: object) -> Record:
    record = books.store.get("report", str(key or ""))
    if record is None:
        raise errors.not_found("reports", str(key or ""))
    return record


def _state(books: Books, record: Record) -> str:
    """submitted, processing, completed or cancelled."""
    if record.body["cancelled"]:
        return "cancelled"
    age = books.clock.scaled() - float(record.body["asked"])
    return "completed" if age >= TAKES else "processing" if age >= TAKES / 2 else "submitted"


def _status(books: Books, ask: Ask) -> Answer:
    record = _found(books, ask.query.get("reportId"))
    state = _state(books, record)
    told: Body = {"reportId": record.id, "reportName": record.body["title"], "status": state}
    if state == "completed":
        told["downloadURL"] = f"{_HERE}/download?{urlencode({'reportId': record.id, 'outputType': 'csv'})}"
    answer = one(told)
    if state in ("submitted", "processing"):
        answer.headers["Retry-After"] = RETRY_AFTER
    return answer


def _download(books: Books, ask: Ask) -> Answer:
    record = _found(books, ask.query.get("reportId"))
    if _state(books, record) != "completed":
        raise errors.business("The report is not completed.", "RPT-0100")
    return File(200, str(record.body["content"]).encode())


def _cancelled(books: Books, ask: Ask) -> Answer:
    given = ask.body if isinstance(ask.body, dict) else {}
    record = _found(books, given.get("reportId") or ask.query.get("reportId"))
    if _state(books, record) == "completed":
        raise errors.business("The report is completed and cannot be cancelled.", "RPT-0101")
    books.keep("report", record.id, {**record.body, "cancelled": True})
    return one({"reportId": record.id, "status": "cancelled"})


# Their contents (column titles are not verified)


def _csv(header: list[str], rows: list[list[str]]) -> str:
    sheet = io.StringIO()
    csv.writer(sheet, lineterminator="\n").writerows([header, *rows])
    return sheet.getvalue()


def _trial_balance(books: Books, start: date, end: date) -> str:
    header = ["Account no.", "Account title", "Opening balance", "Debits", "Credits", "Closing balance", "Book"]
    rows = [
        [str(each.account.body.get("code") or ""), str(each.account.body["name"]), money(each.start),
         money(each.debits), money(each.credits), money(each.end), BOOK]
        for each in trial_balance_rows(books, start, end)
    ]  # fmt: skip
    return _csv(header, rows)


def _account_balance(books: Books, start: date, end: date) -> str:
    rows = [
        [str(each.account.body.get("code") or ""), str(each.account.body["name"]), money(each.end), books.home]
        for each in trial_balance_rows(books, start, end)
    ]
    return _csv(["Account no.", "Account title", "Balance", "Currency"], rows)


def _details(books: Books, start: date, end: date) -> str:
    """The general ledger: a row for every line posted."""
    first, last = start.isoformat(), end.isoformat()
    rows = []
    for record in books.company.posted():
        if first <= record.body["on"] <= last:
            for line in record.lines:
                account = books.body("account", line.account)
                rows.append([record.body["on"], str(account.get("code") or ""), str(account["name"]), record.id,
                             str(record.body.get("number") or ""), money(max(line.amount, ZERO)),
                             money(max(-line.amount, ZERO)), line.memo or ""])  # fmt: skip
    header = ["Posted dt.", "Account no.", "Account title", "Transaction", "Document", "Debit", "Credit", "Memo"]
    return _csv(header, sorted(rows))


_MAKERS: dict[str, Callable[[Books, date, date], str]] = {
    "trial-balance": _trial_balance, "account-balance": _account_balance, "details": _details,
}  # fmt: skip
