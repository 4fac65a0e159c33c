"""A founded company: the same from the same seed, balanced, kept by storage, and what its reports say agrees."""

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from integrations.sandbox.books import reports
from integrations.sandbox.storage import SqliteStorage
from tests.sandbox.books.firm import TODAY, found_firm, open_company

COUNTS: dict[str, Any] = {"invoices": 40, "bills": 25, "payments": 40, "bank_lines": 30, "expenses": 8, "months": 4}


def test_the_same_seed_gives_the_same_books() -> None:
    first, second = found_firm(**COUNTS), found_firm(**COUNTS)
    assert first.state() == second.state()
    assert first.made.statement == second.made.statement
    assert first.state() != found_firm(**COUNTS, seed=8).state()


def test_the_counts_asked_for_are_there() -> None:
    firm = found_firm(**COUNTS, accounts=60)
    found = {kind: len(firm.company.live(kind)) for kind in ("invoice", "bill", "expense", "contact", "account")}
    assert found == {"invoice": 40, "bill": 25, "expense": 8, "contact": 12, "account": 60}
    assert len(firm.made.statement) == 30
    assert firm.difference() == 0


def test_reports_agree_with_the_trial_balance() -> None:
    firm = found_firm(**COUNTS)
    rows = reports.trial_balance(firm.company)
    assert {row.account: row.amount for row in rows} == firm.company.store.journal.trial_balance()
    sheet = reports.balance_sheet(firm.company, TODAY)
    assert sheet.totals["assets"] == sheet.totals["liabilities"] + sheet.totals["equity"]
    earned = reports.profit_and_loss(firm.company, date(2026, 1, 1), TODAY).totals["net_profit"]
    assert earned == sheet.totals["current_earnings"]
    flow = reports.cash_flow(firm.company, date(2026, 3, 1), TODAY)
    banks = sum((firm.company.balance(firm.account(code)) for code in ("1000", "1210")), Decimal(0))
    assert flow.totals["closing"] == banks


def test_aged_reports_add_up_to_the_control_accounts_on_any_day() -> None:
    firm = found_firm(**COUNTS)
    for day in (date(2026, 3, 31), TODAY):
        receivable = sum((row.total for row in reports.aged(firm.company, "receivable", day)), Decimal(0))
        payable = sum((row.total for row in reports.aged(firm.company, "payable", day)), Decimal(0))
        assert receivable == firm.company.balance(firm.account("1100"), day)
        assert payable == -firm.company.balance(firm.account("2100"), day)


def test_foreign_contacts_are_paid_in_their_currency() -> None:
    firm = found_firm(**COUNTS, currencies=["EUR", "JPY"])
    assert {record.body["currency"] for record in firm.company.live("payment")} > {"GBP"}
    assert firm.company.rate("EUR", TODAY) == Decimal("0.852")
    assert firm.difference() == 0


def test_books_come_back_from_storage_as_they_were(tmp_path: Path) -> None:
    firm = found_firm(storage=SqliteStorage(tmp_path), **COUNTS)
    firm.company.close_through(date(2026, 4, 1))
    again = open_company(storage=SqliteStorage(tmp_path))
    again.store.load()
    assert again.store.journal.trial_balance() == firm.company.store.journal.trial_balance()
    assert again.closed_through == date(2026, 4, 1)
    for kind in ("invoice", "payment", "account", "tax_rate"):
        assert {each.id: each.body for each in again.live(kind)} == {
            each.id: each.body for each in firm.company.live(kind)
        }
    total = again.live("invoice")[0].body["total"]
    assert isinstance(total, Decimal)
    new = again.save("contact", {"name": "Later"})
    assert new.id not in {each.id for each in firm.company.live("contact")}
