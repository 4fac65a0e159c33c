"""What approvals taught, as the tenant sees it: in words, its own, and gone when they are undone."""

from datetime import timedelta

import pytest
from django.urls import reverse

from reconciliation.matching.ways import WAYS
from reconciliation.matching.weights import OWN_WAYS, WEIGHTS
from reconciliation.models import BankAccount, Match
from reconciliation.services.approval import approve
from reconciliation.services.rejection import propose_by_hand
from reconciliation.services.reversal import undo
from reconciliation.services.taught import taught_by
from tenants.rls import tenant_scope
from tests.conftest import Actors
from tests.reconciliation.factories import TODAY, bank_account_of, connection_of, line_of, member, record_of

CUSTOMERS = 9


@pytest.fixture
def account(acme: Actors) -> BankAccount:
    with tenant_scope(acme.tenant.pk):
        return bank_account_of(connection_of(acme.tenant))


def _approve_late_payments(account: BankAccount, actors: Actors) -> None:
    """Customers with four equal monthly invoices each, every one paid fifty days after it was due."""
    approver, editor = member(account.tenant, actors.approver), member(account.tenant, actors.editor)
    for number in range(CUSTOMERS):
        for month in range(4):
            due = TODAY - timedelta(days=200 - 30 * month + number % 5)
            contact = f"Quillfeather {number} Mills"
            invoice = record_of(
                account.connection, "invoices", f"{200 + number}.00", contact_name=contact, due_on=due,
                issued_on=due - timedelta(days=14),
            )  # fmt: skip
            line = line_of(account, f"{200 + number}.00", counterparty=contact, description="transfer",
                           booked_on=due + timedelta(days=50))  # fmt: skip
            proposal = propose_by_hand(connection=account.connection, lines=[line], records=[invoice], by=editor)
            approve(proposals=[proposal], by=approver)


def _page(actors: Actors) -> str:
    return actors.client("auditor").get(reverse("admin:reconciliation_learned")).content.decode()


def test_every_way_of_a_tenant_has_words() -> None:
    assert {name for name in WEIGHTS if name.startswith(OWN_WAYS)} == WAYS.keys()


def test_a_tenant_whose_customers_pay_late_reads_that_late_counts_more_here(
    acme: Actors, rival: Actors, account: BankAccount
) -> None:
    assert "Nothing yet" in _page(acme)
    with tenant_scope(acme.tenant.pk):
        _approve_late_payments(account, acme)
        taught = taught_by(account.connection)
    assert taught.approvals == 4 * CUSTOMERS
    late = next(way for way in taught.ways if way.evidence == WAYS["due_overdue"])
    assert "more for a match than usual" in late.says
    assert WAYS["due_overdue"] in _page(acme)
    assert WAYS["due_overdue"] not in _page(rival)


def test_what_is_undone_is_no_longer_learned(acme: Actors, account: BankAccount) -> None:
    with tenant_scope(acme.tenant.pk):
        _approve_late_payments(account, acme)
        for match in Match.objects.live():
            undo(match=match, by=member(account.tenant, acme.approver))
        taught = taught_by(account.connection)
    assert (taught.approvals, taught.ways) == (0, ())
