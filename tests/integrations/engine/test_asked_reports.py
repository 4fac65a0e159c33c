"""Reports that are asked for by a body, and a trial balance told account by account."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from integrations.engine import reports
from integrations.engine.declarations import ReportCall
from integrations.engine.errors import UnexpectedShape

CALL = ReportCall(
    "trial_balance", "", {"start_on": "startdate", "end_on": "enddate"}, "intacct_trial_balance", {}, {},
    body={"start": {"year": "{start_on.year}", "day": "{start_on.day}"}, "end": "{end_on}"}, interface="gateway",
)  # fmt: skip


def told(*rows: dict[str, Any]) -> Any:
    found = rows[0] if len(rows) == 1 else list(rows)
    accounts = [{"code": "1000", "external_id": "200", "name": "Cash", "type": "current_asset"},
                {"code": "4000", "external_id": "210", "name": "Sales", "type": "income"},
                {"code": "5000", "external_id": "211", "name": "Rent", "type": "expense"}]  # fmt: skip
    return {"response": {"operation": {"result": {"data": {"trialbalance": found}}}}, "accounts": accounts}


def test_dates_and_their_parts_stand_in_the_body() -> None:
    request = reports.request(CALL, {}, {"start_on": date(2026, 2, 3), "end_on": date(2026, 3, 31)})
    assert (request.method, request.interface, request.kind) == ("POST", "gateway", "report")
    assert request.body == {"start": {"year": "2026", "day": "3"}, "end": "2026-03-31"}


def test_what_is_not_asked_is_this_year_until_today() -> None:
    today = datetime.now(UTC).date()
    assert reports.request(CALL, {}, {}).body == {
        "start": {"year": str(today.year), "day": "1"}, "end": today.isoformat(),
    }  # fmt: skip


CASH = {"glaccountno": "1000", "debits": "90.00", "credits": "20.00", "endbalance": "75.00", "currency": "USD"}
SALES = {"glaccountno": "4000", "debits": "0.00", "credits": "90.00", "endbalance": "-95.00"}
RENT = {"glaccountno": "5000", "debits": "15.00", "adjdebits": "5.00", "credits": "0.00", "endbalance": "20.00"}


def test_a_balance_stands_on_its_side_and_both_sides_are_compared() -> None:
    found = reports.read(CALL, told(CASH, SALES, RENT))
    assert [(row["label"], row["id"], row["values"]) for row in found["rows"]] == [
        ("1000 Cash", "200", {"debit": Decimal("75.00"), "credit": None}),
        ("4000 Sales", "210", {"debit": None, "credit": Decimal("95.00")}),
        ("5000 Rent", "211", {"debit": Decimal("20.00"), "credit": None}),
    ]
    assert found["currency"] == "USD"
    assert found["checks"] == {"made": 1, "differences": []}


def test_the_statements_are_made_of_it_by_the_types_of_accounts() -> None:
    profit = reports.read(replace(CALL, name="profit_and_loss"), told(CASH, SALES, RENT))
    assert profit["rows"][-1]["values"] == {"total": Decimal("70.00")}
    assert profit["checks"]["differences"] == []
    balance = reports.read(replace(CALL, name="balance_sheet"), told(CASH, SALES, RENT))
    assert balance["rows"][-1]["values"] == {"total": Decimal("75.00")}
    assert (balance["checks"]["made"] > 0, balance["checks"]["differences"]) == (True, [])


def test_an_account_that_nobody_knows_is_not_left_out() -> None:
    with pytest.raises(UnexpectedShape, match="not in the ledger: 9999"):
        reports.read(CALL, told({**CASH, "glaccountno": "9999"}))
    assert reports.read(CALL, told({"glaccountno": "9999", "endbalance": "0.00"}))["rows"] == []


def test_a_trial_balance_of_one_side_does_not_add_up() -> None:
    assert reports.read(CALL, told(CASH))["checks"]["differences"] != []
