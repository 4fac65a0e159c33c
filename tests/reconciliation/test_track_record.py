"""Calibration as the tenant sees it: what people made of proposals at each confidence, and when that says something."""

from decimal import Decimal
from typing import Any

from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from reconciliation.calibration import EDGES, FEW, Outcome, above, bands_of, span_of
from reconciliation.models import BankAccount, Proposal
from reconciliation.services.approval import approve
from reconciliation.services.rejection import choose_alternative, propose_by_hand, reject, undo_rejection
from reconciliation.services.reversal import undo
from reconciliation.services.track_record import outcomes_of, sentence_at
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
    record_of,
)


def _outcome(confidence: str, is_right: bool = True) -> Outcome:
    return Outcome(Decimal(confidence), Decimal(100), "GBP", "match", is_right)


@given(st.lists(st.tuples(st.decimals(0, 1, places=6), st.booleans()), max_size=60))
def test_every_outcome_is_in_exactly_one_band(pairs: list[tuple[Decimal, bool]]) -> None:
    known = [Outcome(said, Decimal(1), "GBP", "match", is_right) for said, is_right in pairs]
    bands = bands_of(known)
    assert [band.least for band in bands] == list(EDGES)
    assert sum(band.decided for band in bands) == len(known)
    assert sum(band.right for band in bands) == sum(is_right for _, is_right in pairs)
    for band in bands:
        assert not band.decided or band.least <= band.said <= band.most


@given(st.integers(1, 3000), st.data())
def test_a_share_lies_within_its_span_and_more_decisions_say_more(decided: int, data: st.DataObject) -> None:
    right = data.draw(st.integers(0, decided))
    low, high = span_of(right, decided)
    assert 0 <= low <= round(Decimal(right) / decided, 6) <= high <= 1
    closer = span_of(right * 4, decided * 4)
    assert closer[1] - closer[0] <= high - low


def test_a_few_decisions_say_nothing_and_many_wrong_ones_say_it_is_off() -> None:
    few = above([_outcome("0.995")] * (FEW - 1), Decimal("0.99"))
    assert not few.is_telling
    assert not few.is_off
    wrong = [_outcome("0.995", is_right=False)] * 10
    assert above([_outcome("0.995")] * 90 + wrong, Decimal("0.99")).is_off
    assert not above([_outcome("0.995")] * 300, Decimal("0.99")).is_off
    assert span_of(0, 0) == (Decimal(0), Decimal(1))


def _proposals(account: BankAccount, count: int) -> list[Proposal]:
    rows = [paid_invoice(account, f"{100 + n}.00") for n in range(count)]
    matched(account.connection)
    Proposal.objects.update(confidence=Decimal("0.991"))
    return [proposal_of(line) for line, _ in rows]


def test_rejected_chosen_and_undone_proposals_were_wrong(in_acme: Actors, account: BankAccount) -> None:
    approver, owner = (member(in_acme.tenant, each) for each in (in_acme.approver, in_acme.owner))
    good, undone, refused, chosen, reopened, _open = _proposals(account, 6)
    other = record_of(account.connection, "invoices", str(chosen.amount))
    Proposal.objects.filter(pk=chosen.pk).update(alternatives=[{"records": [str(other.pk)], "confidence": 0.2}])
    results = approve(proposals=[good, undone], by=approver)
    assert results[1].match is not None
    undo(match=results[1].match, by=approver)
    reject(proposal=refused, by=approver, reason="Not theirs")
    reject(proposal=reopened, by=approver, reason="A slip")
    undo_rejection(proposal=reopened, by=approver)
    approve(proposals=[choose_alternative(proposal=chosen, records=[other.pk], by=approver)], by=approver)
    line, invoice = paid_invoice(account, "77.00")
    by_hand = propose_by_hand(connection=account.connection, lines=[line], records=[invoice], by=owner)
    approve(proposals=[by_hand], by=approver)

    known = {each.amount: each for each in outcomes_of(in_acme.tenant)}
    assert {amount: each.is_right for amount, each in known.items()} == {
        good.amount: True, undone.amount: False, refused.amount: False, chosen.amount: False,
    }  # fmt: skip
    # What was said of the explanation that people did not choose, not of the one they chose.
    assert known[chosen.amount].confidence == Decimal("0.991")


def test_an_undone_approval_that_is_given_again_was_right(in_acme: Actors, account: BankAccount) -> None:
    approver = member(in_acme.tenant, in_acme.approver)
    (proposal,) = _proposals(account, 1)
    (first,) = approve(proposals=[proposal], by=approver)
    assert first.match is not None
    undo(match=first.match, by=approver)
    approve(proposals=[proposal], by=approver)
    (outcome,) = outcomes_of(in_acme.tenant)
    assert outcome.is_right


def test_the_sentence_is_honest_about_too_few(in_acme: Actors, account: BankAccount) -> None:
    approver = member(in_acme.tenant, in_acme.approver)
    proposals = _proposals(account, FEW)
    approve(proposals=proposals[1:], by=approver)
    assert sentence_at(in_acme.tenant, Decimal("0.99")).startswith(f"Only {FEW - 1} proposals at 99 % and above")
    reject(proposal=proposals[0], by=approver, reason="Not theirs")
    said = sentence_at(in_acme.tenant, Decimal("0.99"))
    assert f"Of the last {FEW} proposals at 99 % and above that were decided, {FEW - 1} were approved unchanged" in said
    assert "Only 0 proposals at 99.5 %" in sentence_at(in_acme.tenant, Decimal("0.995"))


def _page(actors: Actors, role: str = "auditor") -> str:
    return actors.client(role).get(reverse("admin:reconciliation_track_record")).content.decode()


def test_the_page_shows_bands_and_kinds_of_the_own_tenant(acme: Actors, rival: Actors) -> None:
    assert "Nobody has decided on a proposal yet" in _page(acme)
    with tenant_scope(acme.tenant.pk):
        account = bank_account_of(connection_of(acme.tenant))
        approve(proposals=_proposals(account, 2), by=member(acme.tenant, acme.approver))
    page = _page(acme)
    assert "2 decided proposals" in page
    assert "too few to say" in page
    assert "Nobody has decided on a proposal yet" in _page(rival)


def test_the_page_asks_the_same_whatever_was_decided(acme: Actors) -> None:
    def asked() -> int:
        with CaptureQueriesContext(database) as queries:
            _page(acme)
        return len(queries)

    with tenant_scope(acme.tenant.pk):
        account = bank_account_of(connection_of(acme.tenant))
        line_of(account, "1.00")
        approve(proposals=_proposals(account, 1), by=member(acme.tenant, acme.approver))
    _page(acme)
    few = asked()
    with tenant_scope(acme.tenant.pk):
        more: Any = _proposals(account, 6)
        approve(proposals=more, by=member(acme.tenant, acme.approver))
    assert asked() == few
