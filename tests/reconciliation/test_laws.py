"""The laws of matching: one live match per line, two pairs of eyes, approve and undo change nothing, no means no."""

from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from integrations.models import Posting
from reconciliation.models import BankAccount, BankLine, Decision, Match, MatchEntry, MatchLine, Proposal
from reconciliation.services.approval import approve, weigh_bulk
from reconciliation.services.decisions import RefusedError
from reconciliation.services.entries import used_amounts
from reconciliation.services.progress import refresh_match
from reconciliation.services.rejection import choose_alternative, propose_by_hand, reject, undo_rejection
from reconciliation.services.reversal import reverse, undo
from tests.conftest import Actors
from tests.reconciliation.factories import (
    line_of,
    matched,
    paid_invoice,
    proposal_of,
    record_of,
)


def test_an_approved_invoice_becomes_a_payment_for_the_ledger(account: BankAccount, role: Any) -> None:
    line, invoice = paid_invoice(account, "1200.00")
    matched(account.connection)
    (approval,) = approve(proposals=[proposal_of(line)], by=role("approver"))

    assert approval.match is not None
    (posting,) = approval.postings
    assert (posting.resource, posting.origin_kind, posting.origin_id) == ("payments", "match", approval.match.pk)
    assert posting.body["total"] == "1200.00"
    assert posting.body["account"]["id"] == account.external_account_id
    assert posting.body["allocations"] == [{"type": "invoice", "id": invoice.external_id, "amount": "1200.00"}]
    line.refresh_from_db()
    assert line.status == BankLine.Status.MATCHED


def test_a_recorded_payment_is_linked_and_nothing_is_posted(account: BankAccount, role: Any) -> None:
    payment = record_of(account.connection, "payments", "480.00", number="PMT-77")
    line = line_of(account, "480.00", description="PMT-77", counterparty=payment.contact_name)
    matched(account.connection)
    (approval,) = approve(proposals=[proposal_of(line)], by=role("approver"))
    assert approval.match is not None
    assert approval.match.status == Match.Status.LINKED
    assert approval.postings == ()
    assert not Posting.objects.exists()


def test_a_line_is_in_at_most_one_live_match(account: BankAccount, role: Any) -> None:
    line, _ = paid_invoice(account)
    matched(account.connection)
    (approval,) = approve(proposals=[proposal_of(line)], by=role("approver"))
    assert approval.match is not None
    other = Proposal.objects.create(
        tenant_id=account.tenant_id, connection=account.connection, kind="match", confidence=1, amount=1,
        currency="GBP", lead=line,
    )  # fmt: skip
    second = Match.objects.create(
        tenant_id=account.tenant_id, proposal=other, connection=account.connection, status="linked", amount=1,
        currency="GBP",
    )  # fmt: skip
    with pytest.raises(IntegrityError, match="one_live_match_per_bank_line"), transaction.atomic():
        MatchLine.objects.create(tenant_id=account.tenant_id, match=second, bank_line=line)


def test_a_second_approval_of_the_same_proposal_is_refused(account: BankAccount, role: Any) -> None:
    line, _ = paid_invoice(account)
    matched(account.connection)
    proposal = proposal_of(line)
    first, second = approve(proposals=[proposal, proposal], by=role("approver"))
    assert first.match is not None
    assert "no longer open" in second.refused
    assert Posting.objects.count() == 1


def test_approving_and_undoing_returns_to_the_same_state(account: BankAccount, role: Any) -> None:
    line, invoice = paid_invoice(account)
    matched(account.connection)
    proposal = proposal_of(line)
    before = _state(account)
    (approval,) = approve(proposals=[proposal], by=role("approver"))
    assert _state(account) != before
    assert approval.match is not None
    undo(match=approval.match, by=role("approver"))
    assert _state(account) == before
    assert Posting.objects.get().status == Posting.Status.CANCELLED
    matched(account.connection)
    assert proposal_of(line) == proposal
    (again,) = approve(proposals=[proposal], by=role("approver"))
    assert again.match is not None
    assert Posting.objects.filter(status="pending").count() == 1


def _state(account: BankAccount) -> Any:
    return (
        list(BankLine.objects.order_by("pk").values_list("pk", "status", "proposal")),
        list(Proposal.objects.order_by("pk").values_list("pk", "status", "amount", "difference", "confidence")),
        dict(used_amounts(account.connection)),
        MatchLine.objects.filter(is_live=True).count(),
        Posting.objects.filter(status="pending").count(),
    )


def test_undo_ends_when_the_payment_was_sent_and_reversal_begins(account: BankAccount, role: Any) -> None:
    line, _ = paid_invoice(account)
    matched(account.connection)
    (approval,) = approve(proposals=[proposal_of(line)], by=role("approver"))
    match = approval.match
    assert match is not None
    _answer(approval.postings[0], "posted", external_id="180", remote_type="Payment")
    refresh_match(account.tenant_id, match.pk)
    match.refresh_from_db()
    assert match.status == Match.Status.POSTED
    with pytest.raises(RefusedError, match="in the ledger"):
        undo(match=match, by=role("approver"))

    (reversal,) = reverse(match=match, by=role("approver"), reason="Paid by somebody else")
    assert reversal.reverses == approval.postings[0]
    match.refresh_from_db()
    assert match.status == Match.Status.REVERSING
    assert match.ended_at is None
    _answer(reversal, "posted", external_id="180", remote_type="Payment")
    refresh_match(account.tenant_id, match.pk)
    match.refresh_from_db()
    line.refresh_from_db()
    assert match.status == Match.Status.REVERSED
    assert (line.status, line.proposal) == (BankLine.Status.UNMATCHED, None)


def _answer(posting: Posting, status: str, **fields: Any) -> None:
    Posting.objects.filter(pk=posting.pk).update(status=status, finished_at=posting.created_at, **fields)


def test_a_refused_payment_can_be_undone_and_never_replayed(account: BankAccount, role: Any) -> None:
    line, _ = paid_invoice(account)
    matched(account.connection)
    (approval,) = approve(proposals=[proposal_of(line)], by=role("approver"))
    assert approval.match is not None
    _answer(approval.postings[0], "rejected", error={"message": "The books are closed."})
    refreshed = refresh_match(account.tenant_id, approval.match.pk)
    assert refreshed is not None
    assert refreshed.status == Match.Status.REFUSED
    undo(match=approval.match, by=role("approver"))
    assert Posting.objects.get().status == Posting.Status.CANCELLED


def test_nobody_approves_what_they_proposed_themselves(account: BankAccount, role: Any) -> None:
    line, invoice = paid_invoice(account)
    proposal = propose_by_hand(connection=account.connection, lines=[line], records=[invoice], by=role("owner"))
    (own,) = approve(proposals=[proposal], by=role("owner"))
    assert "somebody else" in own.refused
    (other,) = approve(proposals=[proposal], by=role("approver"))
    assert other.match is not None


@pytest.mark.parametrize("other", ["-999.00", "50.00"])
def test_a_line_that_pays_nothing_cannot_hide_in_the_match_of_another(
    in_acme: Actors, account: BankAccount, role: Any, other: str
) -> None:
    in_acme.tenant.two_person_limit = Decimal(500)
    in_acme.tenant.save()
    line, invoice = paid_invoice(account, "1000.00")
    lines = [line, line_of(account, other)]
    proposal = propose_by_hand(connection=account.connection, lines=lines, records=[invoice], by=role("owner"))
    (approval,) = approve(proposals=[proposal], by=role("approver"))
    assert "Not every bank line" in approval.refused
    assert not Posting.objects.exists()


@pytest.mark.parametrize("name", ["editor", "auditor", "support"])
def test_only_approvers_and_owners_approve(account: BankAccount, role: Any, name: str) -> None:
    line, _ = paid_invoice(account)
    matched(account.connection)
    with pytest.raises(RefusedError, match="role"):
        approve(proposals=[proposal_of(line)], by=role(name))


def test_above_the_limit_a_second_person_has_to_approve(in_acme: Actors, account: BankAccount, role: Any) -> None:
    in_acme.tenant.two_person_limit = Decimal(1000)
    in_acme.tenant.save()
    line, _ = paid_invoice(account, "1000.01")
    small, _ = paid_invoice(account, "900.00")
    matched(account.connection)
    proposal = proposal_of(line)
    first, alone = approve(proposals=[proposal, proposal_of(small)], by=role("approver"))
    assert first.waits_for_second
    assert alone.match is not None
    (twice,) = approve(proposals=[proposal], by=role("approver"))
    assert "second person" in twice.refused
    (second,) = approve(proposals=[proposal], by=role("owner"))
    assert second.match is not None
    kinds = list(Decision.objects.filter(proposal=proposal).order_by("id").values_list("kind", flat=True))
    assert kinds == ["first_approve", "approve"]


def test_a_run_leaves_a_first_approval_alone(in_acme: Actors, account: BankAccount, role: Any) -> None:
    in_acme.tenant.two_person_limit = Decimal(1)
    in_acme.tenant.save()
    line, invoice = paid_invoice(account)
    matched(account.connection)
    proposal = proposal_of(line)
    approve(proposals=[proposal], by=role("approver"))
    record_of(account.connection, "invoices", "1200.00", contact=invoice.contact_name)
    matched(account.connection)
    assert proposal_of(line) == proposal
    proposal.refresh_from_db()
    assert proposal.first_approved_by == in_acme.approver


def test_a_rejected_pair_is_not_proposed_again(account: BankAccount, role: Any) -> None:
    line, _ = paid_invoice(account)
    matched(account.connection)
    proposal = proposal_of(line)
    reject(proposal=proposal, by=role("approver"), reason="Another customer's money")
    matched(account.connection)
    line.refresh_from_db()
    assert (line.status, line.proposal) == (BankLine.Status.UNMATCHED, None)
    undo_rejection(proposal=proposal, by=role("approver"))
    assert proposal_of(line) == proposal


def test_a_rejection_needs_a_reason(account: BankAccount, role: Any) -> None:
    line, _ = paid_invoice(account)
    matched(account.connection)
    with pytest.raises(RefusedError, match="Say why"):
        reject(proposal=proposal_of(line), by=role("approver"), reason=" ")


def test_a_chosen_alternative_takes_the_place_of_the_proposal(account: BankAccount, role: Any) -> None:
    line, invoice = paid_invoice(account)
    other = record_of(account.connection, "invoices", "1200.00", contact=invoice.contact_name)
    matched(account.connection)
    proposal = proposal_of(line)
    Proposal.objects.filter(pk=proposal.pk).update(alternatives=[{"records": [str(other.pk)], "confidence": 0.2}])
    chosen = choose_alternative(proposal=proposal, records=[other.pk], by=role("approver"))
    assert [entry.record for entry in chosen.entries.all()] == [other]
    assert chosen.alternatives[0]["records"] == [str(invoice.pk)]
    (approval,) = approve(proposals=[chosen], by=role("approver"))
    assert approval.postings[0].body["allocations"][0]["id"] == other.external_id


def test_what_changed_in_the_ledger_is_not_approved_unseen(account: BankAccount, role: Any) -> None:
    line, invoice = paid_invoice(account)
    matched(account.connection)
    proposal = proposal_of(line)
    invoice.open_amount = Decimal(500)
    invoice.save()
    (approval,) = approve(proposals=[proposal], by=role("approver"))
    assert "changed in the ledger" in approval.refused
    invoice.open_amount = Decimal(0)
    invoice.save()
    (approval,) = approve(proposals=[proposal], by=role("approver"))
    assert "Nothing of invoice" in approval.refused


def test_an_invoice_is_not_paid_twice_before_the_ledger_was_read_back(account: BankAccount, role: Any) -> None:
    line, invoice = paid_invoice(account)
    matched(account.connection)
    (approval,) = approve(proposals=[proposal_of(line)], by=role("approver"))
    twin = line_of(account, "1200.00", description=f"PAYMENT {invoice.number}", counterparty=invoice.contact_name)
    matched(account.connection)
    twin.refresh_from_db()
    assert invoice.pk not in set(Proposal.objects.open().filter(lead=twin).values_list("entries__record", flat=True))
    assert approval.match is not None
    _answer(approval.postings[0], "posted", external_id="9", remote_type="Payment")
    invoice.open_amount = Decimal(0)
    invoice.save()
    refreshed = refresh_match(account.tenant_id, approval.match.pk)
    assert refreshed is not None
    assert refreshed.read_back_at is not None


def test_the_books_of_a_short_payment_are_told_to_the_cent(account: BankAccount, role: Any) -> None:
    invoice = record_of(account.connection, "invoices", "500.00")
    line = line_of(account, "485.00", description=f"PAYMENT {invoice.number}", counterparty=invoice.contact_name)
    proposal = propose_by_hand(connection=account.connection, lines=[line], records=[invoice], by=role("editor"))
    assert proposal.difference == Decimal("-15.00")
    (approval,) = approve(proposals=[proposal], by=role("approver"))
    assert approval.postings[0].body["total"] == "485.00"
    assert MatchEntry.objects.get().amount == Decimal("485.00")


def test_bulk_approval_tells_money_and_expected_error_first(in_acme: Actors, account: BankAccount, role: Any) -> None:
    in_acme.tenant.two_person_limit = Decimal(5000)
    in_acme.tenant.save()
    rows = [paid_invoice(account, amount)[0] for amount in ("100.00", "250.00", "9000.00")]
    matched(account.connection)
    proposals = [proposal_of(row) for row in rows]
    Proposal.objects.update(confidence=Decimal("0.99"))
    bulk = weigh_bulk(list(Proposal.objects.filter(pk__in=[p.pk for p in proposals])), by=role("approver"))
    assert len(bulk.proposals) == 2
    assert bulk.left_out == 1
    assert bulk.money == {"GBP": Decimal("350.00")}
    assert bulk.expected_wrong == Decimal("0.02")
    assert bulk.money_at_risk == {"GBP": Decimal("3.50")}
