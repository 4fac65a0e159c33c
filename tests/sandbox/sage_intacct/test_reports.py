"""Reports: asked for, waited for, downloaded; the trial balance agrees with the books."""

import csv
import io
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from integrations.sandbox.books.reports import profit_and_loss, sums
from integrations.sandbox.sage_intacct import reports
from integrations.sandbox.sage_intacct.answers import Answer, Ask
from integrations.sandbox.sage_intacct.errors import SageError
from tests.sandbox.driver import start
from tests.sandbox.sage_intacct.bookkeeping import ENTRY, Keeper, company
from tests.sandbox.sage_intacct.driver import connect


@pytest.fixture(scope="module")
def busy() -> Keeper:
    """A company with a history."""
    return company(name="Busy", contacts=12, invoices=30, bills=20, payments=25, months=5, expenses=8)


def asked(keeper: Keeper, method: str, path: str, body: Any = None, **query: str) -> Answer:
    return reports.serve(keeper.books, Ask(method, ["services", "reports", *path.split("/")], query, body))


def order(keeper: Keeper, name: str = "trial-balance", **more: Any) -> Answer:
    today = keeper.books.today
    period = {"dateRange": {"startDate": f"{today.year}-01-01", "endDate": today.isoformat()}}
    given = {"reportName": "TB", "outputType": "csv", "outputLocation": "intacct",
             "parameters": {"timePeriod": period, "reportingBook": "ACCRUAL", **more}}  # fmt: skip
    return asked(keeper, "POST", f"general-ledger/{name}", given)


def rows(keeper: Keeper, key: str) -> list[list[str]]:
    keeper.books.clock.advance(reports.TAKES)
    data = asked(keeper, "GET", "download", reportId=key).response().get_data(as_text=True)
    return list(csv.reader(io.StringIO(data)))


def test_a_report_is_submitted_processed_completed_and_downloaded(busy: Keeper) -> None:
    answer = order(busy)
    told = answer.body["ia::result"]
    assert (answer.status, told["status"], answer.headers["Retry-After"]) == (202, "submitted", "30")
    with pytest.raises(SageError, match="not completed"):
        asked(busy, "GET", "download", reportId=told["reportId"])
    busy.books.clock.advance(reports.TAKES / 2)
    waiting = asked(busy, "GET", "status", reportId=told["reportId"])
    assert waiting.body["ia::result"]["status"] == "processing"
    busy.books.clock.advance(reports.TAKES)
    done = asked(busy, "GET", "status", reportId=told["reportId"]).body["ia::result"]
    assert done["status"] == "completed"
    assert done["downloadURL"].startswith("/services/reports/download?reportId=")
    response = asked(busy, "GET", "download", reportId=told["reportId"]).response()
    assert response.content_type.startswith("text/csv")
    assert response.get_data(as_text=True).startswith("Account no.,")


def test_the_trial_balance_agrees_with_the_books(busy: Keeper) -> None:
    first, last = date(2000, 1, 1), busy.books.today
    found = reports.trial_balance_rows(busy.books, first, last)
    assert {row.account.id: row.end for row in found if row.end} == sums(busy.books.company, None, last)
    assert sum(row.end for row in found) == 0
    assert sum(row.debits for row in found) == sum(row.credits for row in found)


def test_results_of_earlier_years_stand_in_retained_earnings() -> None:
    keeper = company()
    for on in ("2025-06-30", "2026-06-30"):
        keeper.post(ENTRY, {"glJournal": {"id": "GJ"}, "postingDate": on, "description": "sale", "lines": [
            {"txnType": "debit", "txnAmount": "100.00", "glAccount": {"id": "1000"}},
            {"txnType": "credit", "txnAmount": "100.00", "glAccount": {"id": "4000"}}]})  # fmt: skip
    found = reports.trial_balance_rows(keeper.books, date(2026, 1, 1), date(2026, 7, 31))
    balances = {row.account.body["code"]: row for row in found}
    assert (balances["4000"].start, balances["4000"].end) == (Decimal(0), Decimal("-100.00"))
    assert balances["3100"].start == Decimal("-100.00")
    assert sum(row.start for row in found) == sum(row.end for row in found) == 0


def test_a_period_shows_what_moved_in_it(busy: Keeper) -> None:
    today = busy.books.today
    first = today.replace(day=1)
    found = reports.trial_balance_rows(busy.books, first, today, show_zero=True)
    assert len(found) == len(busy.books.store.tables["account"])
    income = sum(row.credits - row.debits for row in found if row.account.body["type"] == "income")
    report = profit_and_loss(busy.books.company, first, today)
    assert income == report.total("income")


def test_the_download_holds_every_account_and_adds_up(busy: Keeper) -> None:
    head, *lines = rows(busy, order(busy).body["ia::result"]["reportId"])
    assert head[0] == "Account no."
    assert sum(Decimal(line[5]) for line in lines) == 0
    assert {line[0] for line in lines} >= {"1000", "4000"}


def test_account_balances_and_details_are_reports_too(busy: Keeper) -> None:
    _, *balances = rows(busy, order(busy, "account-balance").body["ia::result"]["reportId"])
    assert sum(Decimal(line[2]) for line in balances) == 0
    _, *details = rows(busy, order(busy, "details").body["ia::result"]["reportId"])
    assert sum(Decimal(line[5]) for line in details) == sum(Decimal(line[6]) for line in details) > 0


def test_a_reporting_period_is_named(busy: Keeper) -> None:
    period = {"periodToDate": {"reportingPeriod": {"id": "Month Ended October 2026"}, "asOfDate": "2026-10-31"}}
    answer = order(busy, timePeriod=period)
    assert answer.status == 202
    with pytest.raises(SageError, match="'Never'"):
        order(busy, timePeriod={"periodToDate": {"reportingPeriod": {"id": "Never"}}})


def test_a_report_can_be_cancelled_while_it_waits(busy: Keeper) -> None:
    key = order(busy).body["ia::result"]["reportId"]
    assert asked(busy, "POST", "cancel", {"reportId": key}).body["ia::result"]["status"] == "cancelled"
    busy.books.clock.advance(reports.TAKES)
    assert asked(busy, "GET", "status", reportId=key).body["ia::result"]["status"] == "cancelled"


def test_what_is_not_there_is_refused(busy: Keeper) -> None:
    with pytest.raises(SageError) as caught:
        order(busy, "balance-sheet")
    assert caught.value.status == 404
    with pytest.raises(SageError, match="timePeriod"):
        order(busy, timePeriod=None)
    with pytest.raises(SageError, match="dimension"):
        order(busy, dimensions={"location": {"id": "110"}})


def test_a_report_travels_as_csv_over_the_wire() -> None:
    intacct = connect(start())
    period = {"dateRange": {"startDate": "2026-01-01", "endDate": "2026-12-31"}}
    told = intacct.post("services/reports/general-ledger/trial-balance", {"parameters": {"timePeriod": period}}, 202)
    intacct.world.clock.advance(reports.TAKES)
    state = intacct.get("services/reports/status", reportId=told["reportId"], outputType="csv")
    assert state["status"] == "completed"
    response = intacct.call("GET", "services/reports/download", reportId=told["reportId"], outputType="csv")
    assert response.headers["Content-Disposition"] == 'attachment; filename="report.csv"'
    assert sum(Decimal(row["Closing balance"]) for row in csv.DictReader(io.StringIO(response.text))) == 0
