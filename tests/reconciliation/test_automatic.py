"""Approval without a person: only where it was opened, never where people look, and over with the first mistake."""

from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from integrations.models import Posting
from reconciliation import tasks
from reconciliation.models import (
    Anomaly,
    AutoApproval,
    AutoMatch,
    BankAccount,
    BankLine,
    Decision,
    Match,
    Proposal,
)
from reconciliation.services import automatic
from reconciliation.services.approval import approve
from reconciliation.services.automatic import allow, approve_by_itself, judge, preview
from reconciliation.services.decisions import RefusedError
from reconciliation.services.rejection import choose_alternative, propose_by_hand, reject
from reconciliation.services.reversal import undo
from reconciliation.services.splitting import Part, split
from reconciliation.services.track_record import outcomes_of
from tenants.models import Membership
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

SURE = Decimal("0.995")


def _sure(account: BankAccount, *amounts: str) -> list[Proposal]:
    lines = [paid_invoice(account, amount)[0] for amount in amounts]
    matched(account.connection)
    Proposal.objects.open().update(confidence=SURE, kind="match")
    Anomaly.objects.all().delete()
    return [proposal_of(line) for line in lines]


def _allow(account: BankAccount, by: Membership, **fields: Any) -> AutoApproval:
    values = {"kind": "match", "threshold": Decimal("0.99"), "most": Decimal(1000), "is_on": True}
    values |= {"despite": "Tried elsewhere"}
    return allow(bank_account=account, by=by, **{**values, **fields})


def _go(account: BankAccount) -> list[Posting]:
    return [each for postings in approve_by_itself(account.tenant_id, account.connection_id) for each in postings]


def _due(account: BankAccount) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT kind, row_id FROM reconciliation_desk_due(%s, 10)", [timezone.now()])
        return ("automatic", account.connection_id) in cursor.fetchall()


def test_nothing_is_approved_without_a_person_until_somebody_allows_it(account: BankAccount, role: Any) -> None:
    _sure(account, "120.00")
    assert not _due(account)
    assert _go(account) == []
    _allow(account, role("approver"), is_on=False)
    assert not _due(account)
    assert _go(account) == []
    assert not Match.objects.exists()


def test_what_is_allowed_is_approved_once_and_listed(account: BankAccount, role: Any) -> None:
    sure, too_much, unsure = _sure(account, "120.00", "1000.01", "140.00")
    Proposal.objects.filter(pk=unsure.pk).update(confidence=Decimal("0.9899"))
    setting = _allow(account, role("approver"))
    assert _due(account)
    (posting,) = _go(account)
    assert posting.body["total"] == "120.00"
    made = AutoMatch.objects.get()
    assert (made.setting, made.match.proposal, made.verdict) == (setting, sure, AutoMatch.Verdict.WAITING)
    assert made.match.approved_by is None
    assert Decision.objects.get(kind=Decision.Kind.APPROVE).by is None
    assert {proposal_of(p.lead).status for p in (too_much, unsure)} == {Proposal.Status.OPEN}
    assert not _due(account)
    assert _go(account) == []
    matched(account.connection)
    Proposal.objects.filter(pk=unsure.pk).update(confidence=Decimal("0.9899"))
    assert _due(account)
    assert _go(account) == []
    assert Posting.objects.count() == 1


def test_another_account_and_another_kind_stay_with_people(account: BankAccount, role: Any) -> None:
    other = bank_account_of(account.connection)
    _sure(other, "120.00")
    (short,) = _sure(account, "130.00")
    Proposal.objects.filter(pk=short.pk).update(kind="fee")
    _allow(account, role("approver"))
    assert _go(account) == []


@pytest.mark.parametrize("status", ["open", "explained", "confirmed"])
def test_an_odd_payment_is_looked_at_by_a_person(account: BankAccount, role: Any, status: str) -> None:
    (proposal,) = _sure(account, "120.00")
    Anomaly.objects.create(
        tenant_id=account.tenant_id, bank_line=proposal.lead, kind="round", reason="Round", status=status,
        decided_at=None if status == "open" else timezone.now(),
    )  # fmt: skip
    _allow(account, role("approver"))
    assert _go(account) == []


def test_above_the_two_person_limit_two_people_approve(in_acme: Actors, account: BankAccount, role: Any) -> None:
    in_acme.tenant.two_person_limit = Decimal(100)
    in_acme.tenant.save()
    large, _small = _sure(account, "120.00", "99.00")
    _allow(account, role("approver"))
    assert [posting.body["total"] for posting in _go(account)] == ["99.00"]
    assert proposal_of(large.lead).status == Proposal.Status.OPEN


def test_what_people_made_or_decided_is_never_approved_by_the_portal(account: BankAccount, role: Any) -> None:
    chosen, undone, rejected = _sure(account, "120.00", "130.00", "140.00")
    line, invoice = paid_invoice(account, "150.00")
    propose_by_hand(connection=account.connection, lines=[line], records=[invoice], by=role("owner"))
    other = record_of(account.connection, "invoices", "120.00")
    Proposal.objects.filter(pk=chosen.pk).update(alternatives=[{"records": [str(other.pk)], "confidence": 0.999}])
    choose_alternative(proposal=chosen, records=[other.pk], by=role("approver"))
    (approval,) = approve(proposals=[undone], by=role("approver"))
    assert approval.match is not None
    undo(match=approval.match, by=role("approver"))
    reject(proposal=rejected, by=role("approver"), reason="Not theirs")
    whole = line_of(account, "600.00")
    split(line=whole, parts=[Part(Decimal(300)), Part(Decimal(300))], by=role("editor"))
    Proposal.objects.open().update(confidence=SURE, kind="match")
    _allow(account, role("approver"))
    assert _go(account) == []
    assert not AutoMatch.objects.exists()


@pytest.mark.parametrize("kind", ["manual", "rule", "transfer", "nonsense"])
def test_kinds_that_are_left_to_people_cannot_be_opened(account: BankAccount, role: Any, kind: str) -> None:
    with pytest.raises(ValidationError):
        _allow(account, role("owner"), kind=kind)


@pytest.mark.parametrize(
    "fields", [{"threshold": Decimal("0.89")}, {"threshold": Decimal("1.01")}, {"most": Decimal(0)}]
)
def test_limits_have_to_be_limits(account: BankAccount, role: Any, fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        _allow(account, role("owner"), **fields)


@pytest.mark.parametrize("name", ["editor", "auditor", "support"])
def test_only_those_who_approve_open_it_and_look_through(account: BankAccount, role: Any, name: str) -> None:
    with pytest.raises(RefusedError, match="Your role"):
        _allow(account, role(name))
    _sure(account, "120.00")
    _allow(account, role("owner"))
    _go(account)
    with pytest.raises(RefusedError, match="Your role"):
        judge(row=AutoMatch.objects.get(), by=role(name), is_right=True)


def test_the_first_wrong_one_is_taken_back_and_switches_it_off(account: BankAccount, role: Any) -> None:
    first, second = _sure(account, "120.00", "130.00")
    setting = _allow(account, role("owner"))
    _go(account)
    right, wrong = AutoMatch.objects.order_by("match__amount")
    judge(row=right, by=role("approver"), is_right=True)
    with pytest.raises(RefusedError, match="has looked"):
        judge(row=right, by=role("owner"), is_right=False, note="After all not")
    with pytest.raises(RefusedError, match="Say what is wrong"):
        judge(row=wrong, by=role("approver"), is_right=False)
    judge(row=wrong, by=role("approver"), is_right=False, note="Another customer")
    wrong.refresh_from_db()
    setting.refresh_from_db()
    assert wrong.verdict == AutoMatch.Verdict.WRONG
    assert wrong.match.status == Match.Status.UNDONE
    assert not setting.is_on
    assert "130.00 GBP" in setting.off_because
    assert "Another customer" in setting.off_because
    assert {each.amount: each.is_right for each in outcomes_of(account.tenant)} == {
        first.amount: True, second.amount: False,
    }  # fmt: skip
    matched(account.connection)
    Proposal.objects.open().update(confidence=SURE)
    _allow(account, role("owner"))
    assert _go(account) == []


def test_a_match_taken_back_elsewhere_switches_it_off_too(account: BankAccount, role: Any) -> None:
    _sure(account, "120.00")
    setting = _allow(account, role("owner"))
    _go(account)
    undo(match=Match.objects.get(), by=role("approver"), reason="A wrong one")
    setting.refresh_from_db()
    assert not setting.is_on
    assert AutoMatch.objects.get().note == "A wrong one"


def test_what_is_being_sent_is_switched_off_first_and_taken_back_later(account: BankAccount, role: Any) -> None:
    _sure(account, "120.00")
    setting = _allow(account, role("owner"))
    (posting,) = _go(account)
    Posting.objects.filter(pk=posting.pk).update(status=Posting.Status.SENT)
    row = AutoMatch.objects.get()
    assert "being sent" in judge(row=row, by=role("owner"), is_right=False, note="Wrong").sentence
    setting.refresh_from_db()
    assert not setting.is_on
    Posting.objects.filter(pk=posting.pk).update(
        status=Posting.Status.POSTED, external_id="9", remote_type="Payment", finished_at=timezone.now()
    )
    judged = judge(row=row, by=role("owner"), is_right=False, note="Wrong")
    assert [each.reverses for each in judged.reversals] == [posting]


def test_what_nobody_has_looked_at_proves_nothing(account: BankAccount, role: Any) -> None:
    _sure(account, "120.00")
    _allow(account, role("owner"))
    _go(account)
    assert outcomes_of(account.tenant) == []


def test_it_pauses_while_too_many_wait_to_be_looked_at(
    account: BankAccount, role: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(automatic, "MOST_UNSEEN", 2)
    _sure(account, "120.00", "130.00", "140.00")
    _allow(account, role("owner"))
    assert len(_go(account)) == 2


def test_a_worker_that_dies_in_the_middle_leaves_nothing_half_and_nothing_twice(
    account: BankAccount, role: Any
) -> None:
    _sure(account, "120.00", "130.00", "140.00")
    setting = _allow(account, role("owner"))
    steps = approve_by_itself(account.tenant_id, account.connection_id)
    next(steps)
    steps.close()
    assert Match.objects.count() == AutoMatch.objects.count() == Posting.objects.count() == 1
    assert _go(account) == [], "the lease of the dead worker still holds"
    AutoApproval.objects.filter(pk=setting.pk).update(lease_until=timezone.now())
    assert _due(account)
    assert len(_go(account)) == 2
    assert Match.objects.live().count() == AutoMatch.objects.count() == Posting.objects.count() == 3
    assert len(set(BankLine.objects.values_list("match_lines__match", flat=True))) == 3
    assert not _due(account)


def test_switching_it_off_stops_a_worker_under_way(account: BankAccount, role: Any) -> None:
    _sure(account, "120.00", "130.00")
    _allow(account, role("owner"))
    steps = approve_by_itself(account.tenant_id, account.connection_id)
    next(steps)
    _allow(account, role("approver"), is_on=False)
    assert list(steps) == []
    assert Match.objects.count() == 1


def test_what_changed_in_the_ledger_is_not_approved_unseen(account: BankAccount, role: Any) -> None:
    (proposal,) = _sure(account, "120.00")
    invoice = proposal.entries.get().record
    invoice.open_amount = Decimal(50)
    invoice.save()
    _allow(account, role("owner"))
    assert _go(account) == []


def test_before_it_is_switched_on_it_says_what_it_would_have_done(
    in_acme: Actors, account: BankAccount, role: Any
) -> None:
    good, bad, _unsure, waiting = _sure(account, "100.00", "300.00", "50.00", "70.00")
    Proposal.objects.filter(pk=_unsure.pk).update(confidence=Decimal("0.95"))
    approve(proposals=[good, _unsure], by=role("approver"))
    reject(proposal=bad, by=role("approver"), reason="Not theirs")
    shown = preview(
        bank_account=account, kind="match", threshold=Decimal("0.99"), most=Decimal(1000), tenant=in_acme.tenant
    )
    assert (shown.looked_at, shown.band.decided, shown.wrong, shown.now) == (3, 2, 1, 1)
    assert shown.money == {"GBP": Decimal(400)}
    assert shown.wrong_money == {"GBP": Decimal(300)}
    assert shown.expected_wrong == Decimal("0.01")
    assert shown.expected_money == {"GBP": Decimal("2.00")}
    assert not shown.band.is_telling
    assert proposal_of(waiting.lead).status == Proposal.Status.OPEN


# Pages


def test_it_is_previewed_switched_on_and_looked_through_on_pages(acme: Actors) -> None:
    with tenant_scope(acme.tenant.pk):
        account = bank_account_of(connection_of(acme.tenant))
        _sure(account, "120.00")
    client = acme.client("approver")
    url = reverse("admin:reconciliation_autoapproval_add")
    said = {"account": str(account.pk), "kind": "match", "confidence": "99", "most": "1000"}
    page = client.get(url, said).content.decode()
    assert "Not proved yet: It takes 50 decisions" in page
    assert "Would be approved now" in page
    assert client.post(url, said | {"confidence": "50", "is_on": "1"}).status_code == 422
    refused = client.post(url, said | {"is_on": "1"})
    assert refused.status_code == 422
    assert "It takes 50 decisions" in refused.content.decode()
    said |= {"despite": "Tried in our former system"}
    switched = client.post(url, said | {"is_on": "1"}, follow=True).content.decode()
    assert "Switched on: from" in switched
    assert "approver@acme.test all the same: It takes 50 decisions" in switched
    assert "Tried in our former system" in switched
    with tenant_scope(acme.tenant.pk):
        setting = AutoApproval.objects.get()
    tasks.sweep()
    assert len(_go(account)) == 1
    with tenant_scope(acme.tenant.pk):
        made = AutoMatch.objects.get()
    assert "Approved automatically" in client.get(reverse("admin:index")).content.decode()
    one = reverse("admin:reconciliation_automatch_change", args=[made.pk])
    assert "It is wrong, take it back" in client.get(one).content.decode()
    assert "It is wrong, take it back" not in acme.client("auditor").get(one).content.decode()
    judged = reverse("admin:reconciliation_automatch_judge", args=[made.pk])
    assert acme.client("editor").post(judged, {"is_right": "0", "note": "No"}).status_code == 403
    client.post(judged, {"is_right": "0", "note": "Another customer"})
    change = reverse("admin:reconciliation_autoapproval_change", args=[setting.pk])
    stopped = acme.client("auditor").get(change).content.decode()
    assert "Another customer" in stopped
    assert "Would be approved now" in stopped
    client.post(change, said | {"confidence": "99.25", "is_on": "1"})
    assert "Switch off" in client.get(change).content.decode()
    assert "Switched off." in client.post(change, said | {"is_on": "0"}, follow=True).content.decode()
    assert acme.client("editor").get(url).status_code == 403
    assert acme.client("editor").post(change, said | {"is_on": "1"}).status_code == 422


def test_many_are_marked_as_right_together(acme: Actors) -> None:
    with tenant_scope(acme.tenant.pk):
        account = bank_account_of(connection_of(acme.tenant))
        _sure(account, "120.00", "130.00")
        _allow(account, member(acme.tenant, acme.owner))
    _go(account)
    url = reverse("admin:reconciliation_automatch_changelist")
    with tenant_scope(acme.tenant.pk):
        ids = [str(pk) for pk in AutoMatch.objects.values_list("pk", flat=True)]
    chosen = {"action": "found_right", "_selected_action": ids}
    acme.client("editor").post(url, chosen)
    assert "2 marked as right" in acme.client("approver").post(url, chosen, follow=True).content.decode()


def test_a_rival_neither_sees_nor_opens_anything(acme: Actors, rival: Actors) -> None:
    with tenant_scope(acme.tenant.pk):
        account = bank_account_of(connection_of(acme.tenant, name="Acme books"), name="Acme current")
        _sure(account, "120.00")
        setting = _allow(account, member(acme.tenant, acme.owner))
    _go(account)
    with tenant_scope(acme.tenant.pk):
        made = AutoMatch.objects.get()
    client = rival.client("owner")
    said = {"account": str(account.pk), "kind": "match", "confidence": "99", "most": "1000", "is_on": "1"}
    assert client.post(reverse("admin:reconciliation_autoapproval_add"), said).status_code == 422
    assert "Acme current" not in client.get(reverse("admin:reconciliation_autoapproval_add")).content.decode()
    client.post(reverse("admin:reconciliation_autoapproval_change", args=[setting.pk]), said | {"is_on": "0"})
    client.post(reverse("admin:reconciliation_automatch_judge", args=[made.pk]), {"is_right": "0", "note": "Ha"})
    with tenant_scope(acme.tenant.pk):
        setting.refresh_from_db()
        made.refresh_from_db()
    assert setting.is_on
    assert made.verdict == AutoMatch.Verdict.WAITING
    with tenant_scope(rival.tenant.pk):
        assert not AutoApproval.objects.exists()
