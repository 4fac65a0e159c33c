"""Progress by account and month: every line in one state, every amount once, and the links lead to what is open."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from reconciliation.models import BankAccount, BankLine, StatementBalance, StatementImport
from reconciliation.services.approval import approve
from reconciliation.services.closing import start_close
from reconciliation.services.periods import MONTHS, Month, months_of
from reconciliation.services.rejection import set_aside
from reconciliation.services.splitting import Part, split
from tenants.rls import tenant_scope
from tests.conftest import Actors
from tests.reconciliation.factories import (
    bank_account_of,
    connection_of,
    line_of,
    matched,
    member,
    paid_invoice,
    proposal_of,
)

PAGE = reverse("admin:reconciliation_periods")
WORKBENCH = reverse("admin:reconciliation_workbench")


@pytest.fixture
def account(in_acme: Actors) -> BankAccount:
    return bank_account_of(connection_of(in_acme.tenant), name="Acme current")


def _october(account: BankAccount, by: Any) -> None:
    """Five lines of October: matched, to decide, unexplained, set aside, and one split in two; one of November."""
    days = [date(2026, 10, day) for day in (1, 7, 14, 30, 31)]
    lines = [paid_invoice(account, amount)[0] for amount in ("100.00", "200.00")]
    lines += [line_of(account, amount, description=f"no words {amount}") for amount in ("-30.50", "-4.00", "90.00")]
    line_of(account, "7.00", booked_on=date(2026, 11, 1), description="later")
    for line, day in zip(lines, days, strict=True):
        BankLine.objects.filter(pk=line.pk).update(booked_on=day)
    matched(account.connection)
    approve(proposals=[proposal_of(lines[0])], by=by("approver"))
    set_aside(line=lines[3], by=by("editor"), reason="Fee")
    split(line=lines[4], parts=[Part(Decimal(95)), Part(Decimal(-5))], by=by("editor"))


@pytest.fixture
def role(in_acme: Actors) -> Any:
    return lambda name: member(in_acme.tenant, getattr(in_acme, name))


def _balances(account: BankAccount, *said: tuple[date, str]) -> None:
    file = StatementImport.objects.create(
        tenant_id=account.tenant_id, bank_account=account, file_name="x.csv", file_hash="x", content=b"",
        status="imported",
    )  # fmt: skip
    for at, (on, amount) in enumerate(said):
        StatementBalance.objects.create(
            tenant_id=account.tenant_id, bank_account=account, statement=file, on=on, amount=Decimal(amount),
            is_opening=at == 0, position=at,
        )  # fmt: skip


def _of(months: list[Month], first_on: date) -> Month:
    (found,) = [month for month in months if month.first_on == first_on]
    return found


def test_every_line_of_a_month_is_counted_once_with_its_money(account: BankAccount, role: Any) -> None:
    _october(account, role)
    months = months_of(account.tenant)
    assert [month.key for month in months] == ["2026-11", "2026-10"]
    october = months[1]
    assert (october.lines, october.matched, october.set_aside, october.proposed, october.unmatched) == (6, 1, 1, 1, 3)
    assert october.money == Decimal("434.50")
    assert october.open_money == Decimal("330.50")
    assert october.last_on == date(2026, 10, 31)
    assert (october.proof, october.close) == ("no balance", None)


def test_a_month_says_whether_the_bank_agrees_and_who_has_signed(account: BankAccount, role: Any) -> None:
    _october(account, role)
    _balances(account, (date(2026, 10, 1), "1000.00"), (date(2026, 10, 31), "1355.50"), (date(2026, 11, 1), "1000.00"))
    close = start_close(bank_account=account, first_on=date(2026, 10, 1), last_on=date(2026, 10, 31), by=role("editor"))
    months = months_of(account.tenant)
    october, november = _of(months, date(2026, 10, 1)), _of(months, date(2026, 11, 1))
    assert (october.gaps, october.proof, october.close) == (0, "2 days proved", close)
    assert (november.proof, november.close) == ("1 day with a difference", None)


def test_old_months_stay_while_something_is_open_in_them(account: BankAccount, role: Any) -> None:
    old = line_of(account, "5.00", booked_on=date(2024, 1, 15))
    for month in range(1, 13):
        line_of(account, "1.00", booked_on=date(2026, month, 3))
    assert len(months_of(account.tenant)) == MONTHS + 1
    set_aside(line=old, by=role("editor"), reason="Done by hand")
    assert len(months_of(account.tenant)) == MONTHS
    (only,) = months_of(account.tenant, month=date(2026, 3, 1))
    assert only.key == "2026-03"


def test_it_asks_the_same_for_one_account_and_for_five(in_acme: Actors, account: BankAccount, role: Any) -> None:
    def asked() -> int:
        with CaptureQueriesContext(database) as queries:
            months_of(in_acme.tenant)
        return len(queries)

    _october(account, role)
    few = asked()
    for _ in range(4):
        _october(bank_account_of(account.connection), role)
    assert asked() == few


def test_the_links_of_a_month_lead_to_what_is_open_in_it(acme: Actors, rival: Actors) -> None:
    with tenant_scope(acme.tenant.pk):
        account = bank_account_of(connection_of(acme.tenant), name="Acme current")
        _october(account, lambda name: member(acme.tenant, getattr(acme, name)))
    client = acme.client("auditor")
    page = client.get(PAGE).content.decode()
    address = f"{WORKBENCH}?show=unmatched&amp;account={account.pk}&amp;month=2026-10"
    assert f'<a class="link" href="{address}">3 unexplained</a>' in page
    shown = client.get(address.replace("&amp;", "&"))
    assert shown.context_data is not None
    assert len(shown.context_data["cards"]) == 3
    assert "2 of 6 lines done in October 2026" in shown.content.decode()
    assert "Acme current" not in rival.client("owner").get(PAGE).content.decode()


@pytest.mark.parametrize("month", ["2026-13", "last", "2026-10-01", "0000-01", "9999-12", "\0"])
def test_a_month_that_is_none_is_not_asked_for(acme: Actors, month: str) -> None:
    answer = acme.client("auditor").get(WORKBENCH, {"month": month})
    assert answer.status_code == 200


def test_after_a_decision_the_board_comes_back_alone(acme: Actors) -> None:
    with tenant_scope(acme.tenant.pk):
        account = bank_account_of(connection_of(acme.tenant))
        line, _ = paid_invoice(account)
        matched(account.connection)
        proposal = proposal_of(line)
    client = acme.client("approver")
    whole = client.get(WORKBENCH)
    url = reverse("admin:reconciliation_proposal_approve", args=[proposal.pk])
    answer = client.post(url, {"next": WORKBENCH}, headers={"Portal-Board": "1"}, follow=True)
    text = answer.content.decode()
    assert "1 match approved" in text
    assert "1 of 1 lines done" in text
    assert "<html" not in text
    assert "<html" in whole.content.decode()
    assert "Portal-Board" in whole["Vary"]
    assert "Portal-Board" in answer["Vary"]
