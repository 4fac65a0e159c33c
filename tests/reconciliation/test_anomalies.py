"""Odd payments: found by the tenant's own history, told in figures, looked at before they are approved."""

from datetime import date, timedelta
from decimal import Decimal
from time import process_time
from typing import Any

import pytest
from django.urls import reverse

from reconciliation.anomalies import Finding, Paid, find
from reconciliation.models import Anomaly, BankAccount, Proposal
from reconciliation.services.anomalies import decide, look
from reconciliation.services.approval import approve, weigh_bulk
from reconciliation.services.decisions import RefusedError
from tenants.rls import tenant_scope
from tests.conftest import Actors
from tests.reconciliation.factories import (
    bank_account_of,
    connection_of,
    line_of,
    matched,
    member,
    proposal_of,
    record_of,
)

MONDAY = date(2026, 11, 2)


def paid(at: int, day: int, amount: str, who: str = "Acme Supplies", **fields: Any) -> Paid:
    """A payment, so many days after the first Monday."""
    return Paid(f"p{at:04}", "a", MONDAY + timedelta(days=day), Decimal(amount), "EUR", who, **fields)


def kinds(lines: list[Paid], **asked: Any) -> dict[str, list[str]]:
    """Ids of findings by kind."""
    found: dict[str, list[str]] = {}
    for each in find(lines, **asked):
        found.setdefault(each.kind, []).append(each.id)
    return found


def usual(count: int = 40, who: str = "Everyday") -> list[Paid]:
    """Payments between 20 and 60 to many payees on working days."""
    days = [7 * (n // 5) + n % 5 - 70 for n in range(count)]
    return [paid(1000 + n, day, f"-{20 + n % 40}.{n % 90:02}", f"{who} {n}") for n, day in enumerate(days)]


def test_the_same_amount_to_the_same_payee_soon_after_is_told_with_both_payments() -> None:
    lines = [
        paid(1, 0, "-120.50", "Müller GmbH"),
        paid(2, 3, "-120.50", "MULLER  gmbh"),
        paid(3, 3, "-120.50", "Other"),
    ]
    (found,) = find(lines)
    assert (found.id, found.kind, found.is_strong, found.others) == ("p0002", "duplicate", True, ("p0001",))
    assert found.reason == "120.50 EUR went to the same payee 3 days before."


@pytest.mark.parametrize(
    ("lines", "strong"),
    [
        ([paid(1, 0, "-9", reference="A"), paid(2, 1, "-9", reference="B")], [False]),
        ([paid(1, 0, "-9", reference="A"), paid(2, 1, "-9", reference="A")], [True]),
        ([paid(1, 0, "-9"), paid(2, 15, "-9")], []),
        ([paid(1, 0, "9"), paid(2, 1, "9")], []),
        ([paid(n, 7 * n, "-9") for n in range(6)], [True, True]),  # by the third equal week it is a subscription
    ],
)
def test_references_time_direction_and_rhythm_tell_a_duplicate_from_a_habit(
    lines: list[Paid], strong: list[bool]
) -> None:
    assert [each.is_strong for each in find(lines) if each.kind == "duplicate"] == strong


def test_an_amount_is_unusual_against_the_payees_own_payments() -> None:
    lines = [paid(n, 7 * n, f"-{100 + n % 3}") for n in range(8)] + [paid(9, 60, "-950"), paid(10, 61, "-250")]
    found = [each for each in find(lines) if each.kind == "amount"]
    assert [each.id for each in found] == ["p0009"]
    assert (
        "950.00 EUR is 9 times what this payee usually gets (101.00 EUR, the median of 8 payments)" in found[0].reason
    )


def test_a_new_payee_counts_only_when_the_sum_is_large_and_there_is_a_history() -> None:
    assert kinds([*usual(), paid(1, 1, "-900", "Newcomer")]).get("vendor") == ["p0001"]
    assert "vendor" not in kinds([*usual(), paid(1, 1, "-30", "Newcomer")])
    assert "vendor" not in kinds([*usual(10), paid(1, 1, "-900", "Newcomer")])


def test_a_sum_split_under_the_limit_names_the_limit_and_the_whole() -> None:
    limit = Decimal(5000)
    lines = [paid(1, 0, "-3000.10"), paid(2, 2, "-4100.20")]
    (found,) = [each for each in find(lines, limit=limit) if each.kind == "split"]
    assert (found.id, found.others, found.is_strong) == ("p0002", ("p0001",), True)
    assert "5,000.00 EUR" in found.reason
    assert "7,100.30 EUR together" in found.reason
    assert kinds([paid(1, 0, "-4990.01")], limit=limit) == {"split": ["p0001"]}
    assert "split" not in kinds(lines)
    assert "split" not in kinds([paid(1, 0, "-3000.10"), paid(2, 9, "-4100.20")], limit=limit)


def test_round_sums_and_weekends_are_told_but_hold_nothing_up() -> None:
    lines = [*usual(), paid(1, 0, "-3000"), paid(2, 7, "-2000"), paid(3, 5, "-41.17", "Saturday Ltd")]
    weak = [each for each in find(lines) if each.kind in ("round", "weekend")]
    assert {(each.id, each.kind, each.is_strong) for each in weak} == {
        ("p0001", "round", False),
        ("p0003", "weekend", False),
    }
    assert "Saturday" in next(each.reason for each in weak if each.kind == "weekend")


def test_what_comes_later_never_changes_what_was_found_before() -> None:
    lines = [*usual(), *(paid(n, n, f"-{90 + n % 4}") for n in range(12)), paid(77, 13, "-990", "Newcomer")]

    def before(day: int, of: list[Paid]) -> list[Finding]:
        early = {line.id for line in lines if line.on <= MONDAY + timedelta(days=day)}
        return [each for each in find(of) if each.id in early]

    for day in range(0, 14, 3):
        early = [line for line in lines if line.on <= MONDAY + timedelta(days=day)]
        assert before(day, lines) == find(early)


def test_thousands_of_payments_to_one_payee_are_looked_at_in_time() -> None:
    lines = [paid(n, n // 40, f"-{1 + n % 7}.{n % 97:02}") for n in range(20_000)]
    started = process_time()
    find(lines, limit=Decimal(5))
    assert process_time() - started < 60


@pytest.fixture
def account(acme: Actors) -> BankAccount:
    with tenant_scope(acme.tenant.pk):
        return bank_account_of(connection_of(acme.tenant))


def _twice(account: BankAccount) -> list[Any]:
    lines = []
    for _ in range(2):
        bill = record_of(account.connection, "bills", "120.50", contact="Müller GmbH")
        lines.append(
            line_of(account, "-120.50", counterparty="Müller GmbH", description=f"Bill {bill.number}", reference="R1")
        )
    matched(account.connection)
    return lines


def test_a_run_finds_them_bulk_approval_leaves_them_out_and_a_decision_stays(
    acme: Actors, account: BankAccount
) -> None:
    with tenant_scope(acme.tenant.pk):
        first, second = _twice(account)
        (row,) = Anomaly.objects.all()
        assert (row.bank_line, row.kind, row.others) == (second, "duplicate", [str(first.pk)])
        proposals = list(Proposal.objects.open())
        by = member(acme.tenant, acme.approver)
        assert weigh_bulk(proposals, by=by).left_out == 1
        with pytest.raises(RefusedError, match="Say why"):
            decide(anomaly=row, by=by, is_in_order=True, note=" ")
        with pytest.raises(RefusedError, match="role"):
            decide(anomaly=row, by=member(acme.tenant, acme.auditor), is_in_order=True, note="x")
        decide(anomaly=row, by=by, is_in_order=True, note="two orders")
        with pytest.raises(RefusedError, match="already"):
            decide(anomaly=row, by=by, is_in_order=False, note="again")
        assert weigh_bulk(proposals, by=by).left_out == 0
        assert look(account.connection) == 0
        assert Anomaly.objects.get().status == Anomaly.Status.EXPLAINED
        assert approve(proposals=[proposal_of(second)], by=by)[0].refused == ""


def test_what_is_no_longer_odd_is_forgotten_while_nobody_has_decided(acme: Actors, account: BankAccount) -> None:
    with tenant_scope(acme.tenant.pk):
        first, _ = _twice(account)
        first.delete()
        assert look(account.connection) == 0
        assert not Anomaly.objects.exists()


def test_the_reason_stands_on_the_card_and_on_a_page_that_only_the_tenant_sees(
    acme: Actors, rival: Actors, account: BankAccount
) -> None:
    with tenant_scope(acme.tenant.pk):
        _twice(account)
        row = Anomaly.objects.get()
    client = acme.client("editor")
    assert (
        "went to the same payee on the same day"
        in client.get(reverse("admin:reconciliation_workbench")).content.decode()
    )
    change = reverse("admin:reconciliation_anomaly_change", args=[row.pk])
    page = client.get(change).content.decode()
    assert page.count("120.50") >= 2
    url = reverse("admin:reconciliation_anomaly_decide", args=[row.pk])
    said = {"is_in_order": "0", "note": "paid twice"}
    rival.client("owner").post(url, said)
    assert "Müller" not in rival.client("owner").get(change, follow=True).content.decode()
    assert "Your role" in acme.client("auditor").post(url, said, follow=True).content.decode()
    with tenant_scope(acme.tenant.pk):
        assert Anomaly.objects.open().exists()
    assert "paid twice" in client.post(url, said, follow=True).content.decode()
    assert "Not in order" in client.get(reverse("admin:reconciliation_anomaly_changelist")).content.decode()
