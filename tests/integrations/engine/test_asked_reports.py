"""Reports that are asked for by a body, and a trial balance told account by account."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from integrations.engine import reports
from integrations.engine.declarations import ReportCall

CALL = ReportCall(
    "trial_balance", "", {"start_on": "startdate", "end_on": "enddate"}, "intacct_trial_balance", {}, {},
    body={"start": {"year": "{start_on.year}", "day": "{start_on.day}"}, "end": "{end_on}"}, interface="gateway",
)  # fmt: skip


def told(*rows: dict[str, Any]) -> Any:
    found = rows[0] if len(rows) == 1 else list(rows)
    return {"response": {"operation": {"result": {"data": {"trialbalance": found}}}}}


def test_dates_and_their_parts_stand_in_the_body() -> None:
    request = reports.request(CALL, {}, {"start_on": date(2026, 2, 3), "end_on": date(2026, 3, 31)})
    assert (request.method, request.interface, request.kind) == ("POST", "gateway", "report")
    assert request.body == {"start": {"year": "2026", "day": "3"}, "end": "2026-03-31"}


def test_what_is_not_asked_is_this_year_until_today() -> None:
    today = datetime.now(UTC).date()
    assert reports.request(CALL, {}, {}).body == {
        "start": {"year": str(today.year), "day": "1"}, "end": today.isoformat(),
    }  # fmt: skip


def test_a_balance_stands_on_its_side_and_both_sides_are_compared() -> None:
    rows = [{"glaccountno": "1000", "endbalance": "70.00", "currency": "USD"},
            {"glaccountno": "4000", "endbalance": "-70.00"}, {"glaccountno": "5000", "endbalance": None}]  # fmt: skip
    found = reports.read(CALL, told(*rows))
    assert [(row["label"], row["values"]) for row in found["rows"]] == [
        ("1000", {"debit": Decimal("70.00"), "credit": None}),
        ("4000", {"debit": None, "credit": Decimal("70.00")}),
        ("5000", {"debit": None, "credit": None}),
    ]
    assert found["currency"] == "USD"
    assert found["checks"] == {"made": 1, "differences": []}


def test_a_trial_balance_of_one_side_does_not_add_up() -> None:
    assert reports.read(CALL, told({"glaccountno": "1000", "endbalance": "70.00"}))["checks"]["differences"] != []
