"""A line that the bank delivers twice: the copy is proposed, before and after the first was approved, and set aside
without a posting; the first keeps its own match."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.urls import reverse

from integrations.models import Posting
from reconciliation.models import BankAccount, BankLine, Match, Proposal
from reconciliation.services.approval import approve
from reconciliation.services.bank_rules import apply_rules
from reconciliation.services.rejection import reject
from reconciliation.services.reversal import undo
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

WORKBENCH = reverse("admin:reconciliation_workbench")


@pytest.fixture
def account(acme: Actors) -> BankAccount:
    with tenant_scope(acme.tenant.pk):
        return bank_account_of(connection_of(acme.tenant, name="Acme books"))


def _again(line: BankLine, days: int = 0) -> BankLine:
    told = {"description": line.description, "counterparty": line.counterparty, "reference": line.reference}
    return line_of(line.bank_account, str(line.amount), booked_on=line.booked_on + timedelta(days), **told)


def _approved(account: BankAccount, acme: Actors) -> BankLine:
    line, _ = paid_invoice(account, "431.27")
    matched(account.connection)
    approve(proposals=[proposal_of(line)], by=member(acme.tenant, acme.approver))
    line.refresh_from_db()
    return line


def test_a_copy_of_an_open_line_leaves_the_first_to_its_document(account: BankAccount) -> None:
    with tenant_scope(account.tenant_id):
        line, invoice = paid_invoice(account, "431.27")
        copy = _again(line, 1)
        matched(account.connection)

        found, own = proposal_of(copy), proposal_of(line)

        assert (found.kind, found.original) == (Proposal.Kind.DUPLICATE, line)
        assert [each.bank_line for each in found.lines.all()] == [copy]
        assert [each.record for each in own.entries.all()] == [invoice]
        assert [each.bank_line for each in own.lines.all()] == [line]


def test_a_copy_that_comes_after_the_approval_is_proposed_too(acme: Actors, account: BankAccount) -> None:
    with tenant_scope(account.tenant_id):
        line = _approved(account, acme)
        copy = _again(line)
        matched(account.connection)

        found = proposal_of(copy)

        assert (found.kind, found.original, found.amount) == (Proposal.Kind.DUPLICATE, line, Decimal("431.27"))


def test_approving_a_copy_sets_it_aside_posts_nothing_and_can_be_undone(acme: Actors, account: BankAccount) -> None:
    with tenant_scope(account.tenant_id):
        line, by = _approved(account, acme), member(acme.tenant, acme.approver)
        copy = _again(line)
        matched(account.connection)
        first, posted = Match.objects.get(), Posting.objects.count()

        (approval,) = approve(proposals=[proposal_of(copy)], by=by)

        assert approval.refused == ""
        assert approval.match is not None
        assert (approval.match.status, approval.postings, Posting.objects.count()) == (Match.Status.LINKED, (), posted)
        copy.refresh_from_db()
        first.refresh_from_db()
        assert (copy.status, first.status) == (BankLine.Status.MATCHED, Match.Status.APPROVED)
        undo(match=approval.match, by=by)
        assert proposal_of(copy).kind == Proposal.Kind.DUPLICATE
        line.refresh_from_db()
        assert line.status == BankLine.Status.MATCHED


def test_a_copy_that_a_person_refused_is_not_proposed_again(acme: Actors, account: BankAccount) -> None:
    with tenant_scope(account.tenant_id):
        copy = _again(_approved(account, acme))
        matched(account.connection)
        reject(proposal=proposal_of(copy), by=member(acme.tenant, acme.approver), reason="Paid twice on purpose")
        matched(account.connection)
        copy.refresh_from_db()

        assert copy.proposal is None


def test_a_copy_keeps_its_proposal_on_the_second_look(acme: Actors, account: BankAccount) -> None:
    with tenant_scope(account.tenant_id):
        copy = _again(_approved(account, acme))
        matched(account.connection)
        found = proposal_of(copy)
        matched(account.connection)
        apply_rules(account.connection)

        assert proposal_of(copy) == found


def test_the_workbench_shows_the_first_line_and_says_what_approval_does(acme: Actors, account: BankAccount) -> None:
    with tenant_scope(account.tenant_id):
        _again(_approved(account, acme))
        matched(account.connection)
    page = acme.client("approver").get(WORKBENCH).content.decode()

    assert "The bank delivered this line before (matched):" in page
    assert "Approve: set the copy aside, nothing is posted" in page
    assert "and leaves the first one as it is" in page


def test_a_copy_of_a_line_that_was_set_aside_itself_waits_for_a_person(acme: Actors, account: BankAccount) -> None:
    with tenant_scope(account.tenant_id):
        line, _ = paid_invoice(account, "431.27")
        copy = _again(line)
        matched(account.connection)
        BankLine.objects.filter(pk=line.pk).update(status=BankLine.Status.IGNORED, proposal=None)

        (approval,) = approve(proposals=[proposal_of(copy)], by=member(acme.tenant, acme.approver))

        assert "gone or set aside" in approval.refused
