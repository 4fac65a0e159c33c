"""Approve proposals: who may, who may not, the second person, and the postings that follow."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from integrations.models import Posting
from integrations.services.postings import request_posting
from reconciliation.models import (
    Anomaly,
    BankLine,
    Decision,
    Match,
    MatchEntry,
    MatchLine,
    Proposal,
    ProposalEntry,
    ProposalLine,
)
from reconciliation.services.decisions import Decider, RefusedError, record, require
from reconciliation.services.plan import POST, Payment, Plan, make_plan
from reconciliation.services.situations import Ground
from tenants.models import Membership, Tenant
from tenants.permissions import APPROVE_MATCHES


@dataclass(frozen=True, slots=True)
class Approval:
    """What became of one proposal: a match, a first approval that waits for a second person, or a refusal."""

    proposal_id: UUID
    match: Match | None = None
    waits_for_second: bool = False
    refused: str = ""
    postings: tuple[Posting, ...] = ()


def needs_second_person(amount: Decimal, tenant: Tenant) -> bool:
    """Whether this much money needs two approvals.

    The limit counts in the figure of any currency: without a rate the portal rather asks once too often.
    """
    limit = tenant.two_person_limit
    return limit is not None and abs(amount) > limit


def at_stake(amount: Decimal, lines: Iterable[BankLine]) -> Decimal:
    """The money that the limit is asked about: of a part the whole line's, so that nobody splits below the limit."""
    wholes = (abs(line.part_of.amount) for line in lines if line.part_of is not None)
    return max(abs(amount), *wholes, Decimal(0))


def approve(*, proposals: Sequence[Proposal], by: Membership) -> list[Approval]:
    """Approve each proposal in a savepoint of its own, so that one refusal leaves the others approved.

    RefusedError when the person may approve nothing at all. The caller rings the returned postings after the commit.
    """
    require(by, APPROVE_MATCHES, "Your role does not approve matches; ask a finance approver.")
    results = []
    for proposal in proposals:
        try:
            with transaction.atomic():
                results.append(_approve_one(proposal.pk, by))
        except RefusedError as refusal:
            results.append(Approval(proposal.pk, refused=str(refusal)))
    return results


def _approve_one(proposal_id: UUID, by: Membership) -> Approval:
    proposal = lock_open(proposal_id, by)
    if proposal.proposed_by_id == by.user_id:
        raise RefusedError("You proposed this match yourself; somebody else has to approve it.")
    lines = lock_lines(proposal)
    plan = current_plan(proposal, lines, lock=True)
    if not plan.is_possible:
        raise RefusedError(plan.sentence)
    if needs_second_person(at_stake(proposal.amount, lines), by.tenant):
        if proposal.first_approved_by_id is None:
            return _first_approval(proposal, by)
        if proposal.first_approved_by_id == by.user_id:
            raise RefusedError("You gave the first approval; above the limit a second person has to approve too.")
    return enact(proposal, lines, plan, by)


def lock_open(proposal_id: UUID, by: Decider) -> Proposal:
    """The proposal, locked; RefusedError says what happened to it when it is no longer open."""
    rows = Proposal.objects.for_tenant(by.tenant).select_for_update(of=("self",))
    proposal = rows.select_related("connection").get(pk=proposal_id)
    if proposal.status != Proposal.Status.OPEN:
        raise RefusedError(
            f"This proposal is no longer open: {proposal.get_status_display().lower()}. Reload the page."
        )
    return proposal


def lock_lines(proposal: Proposal) -> list[BankLine]:
    """The proposal's bank lines in their order, locked; RefusedError when one is spoken for by something else."""
    wanted = BankLine.objects.filter(proposal_lines__proposal=proposal).order_by("pk")
    rows = {
        row.pk: row
        for row in wanted.select_related("bank_account", "feed_record", "part_of__feed_record").select_for_update(
            of=("self",)
        )
    }
    if any(row.proposal_id != proposal.pk or row.status != BankLine.Status.PROPOSED for row in rows.values()):
        raise RefusedError("A bank line of this proposal was decided elsewhere meanwhile. Reload the page.")
    return [rows[line.bank_line_id] for line in proposal.lines.all()]


def current_plan(proposal: Proposal, lines: Sequence[BankLine], *, lock: bool = False) -> Plan:
    """The plan as things stand now; RefusedError when the ledger changed since the proposal was shown."""
    entries = list(proposal.entries.all())
    record_ids = [entry.record_id for entry in entries]
    ground = Ground([proposal.connection], record_ids, lock=lock)
    if not ground.has_all(record_ids):
        raise RefusedError("A ledger record of this proposal was deleted in the ledger meanwhile. Match again.")
    plan = make_plan(ground.situation(proposal, lines, record_ids))
    if plan.is_possible and _changed(entries, plan):
        raise RefusedError(
            "The open amounts changed in the ledger since this was proposed. Match again, then look anew."
        )
    return plan


def _changed(entries: Sequence[ProposalEntry], plan: Plan) -> bool:
    now: dict[UUID, Decimal] = {entry.record_id: Decimal(0) for entry in entries}
    for share in plan.shares:
        now[share.entry.record_id] += share.amount
    return any(now[entry.record_id] != entry.amount for entry in entries)


def _first_approval(proposal: Proposal, by: Membership) -> Approval:
    proposal.first_approved_by, proposal.first_approved_at = by.user, timezone.now()
    proposal.save(update_fields=["first_approved_by", "first_approved_at"])
    record(Decision.Kind.FIRST_APPROVE, by, proposal=proposal)
    return Approval(proposal.pk, waits_for_second=True)


def enact(proposal: Proposal, lines: Sequence[BankLine], plan: Plan, by: Decider) -> Approval:
    """Make the match and write down its postings; whoever calls has checked that this decides and may decide."""
    match = Match.objects.create(
        tenant_id=proposal.tenant_id,
        proposal=proposal,
        connection=proposal.connection,
        status=Match.Status.APPROVED if plan.kind == POST else Match.Status.LINKED,
        amount=proposal.amount,
        currency=proposal.currency,
        approved_by=by.user,
    )
    owner = {"tenant_id": proposal.tenant_id, "match": match}
    MatchLine.objects.bulk_create([MatchLine(**owner, bank_line=line) for line in lines])
    MatchEntry.objects.bulk_create(
        MatchEntry(
            **owner,
            bank_line=share.line,
            record_id=share.entry.record_id,
            amount=share.amount,
            open_before=abs(share.entry.free),
            position=at,
        )
        for at, share in enumerate(plan.shares)
    )
    Proposal.objects.filter(pk=proposal.pk).update(status=Proposal.Status.APPROVED)
    BankLine.objects.filter(pk__in=[line.pk for line in lines]).update(status=BankLine.Status.MATCHED)
    record(Decision.Kind.APPROVE, by, proposal=proposal, match=match)
    postings: list[Posting] = []
    for payment in plan.payments:
        postings.append(_post(match, postings, payment, by))
    return Approval(proposal.pk, match=match, postings=tuple(postings))


def _naming(body: Any, first: Posting) -> Any:
    """The body with `{"write": "first"}` replaced by what stands for that posting's id in the ledger."""
    if body == {"write": "first"}:
        return {"posting": str(first.pk)}
    if isinstance(body, dict):
        return {name: _naming(value, first) for name, value in body.items()}
    return [_naming(value, first) for value in body] if isinstance(body, list) else body


def _post(match: Match, before: Sequence[Posting], payment: Payment, by: Decider) -> Posting:
    try:
        return request_posting(
            connection=match.connection,
            resource=payment.resource,
            operation=payment.operation,
            body=_naming(payment.body, before[0]) if payment.follows else payment.body,
            depends_on=before[-1] if payment.follows else None,
            origin_kind="match",
            origin_id=match.pk,
            idempotency_key=f"match-{match.pk.hex}-{len(before) + 1}",
            requested_by=by.user,
        )
    except ValidationError as error:
        raise RefusedError(" ".join(error.messages)) from error


@dataclass(frozen=True, slots=True)
class Bulk:
    """What approving everything above a confidence would do, before anybody does it."""

    proposals: Sequence[Proposal]
    without: dict[str, int]
    money: dict[str, Decimal]
    expected_wrong: Decimal
    money_at_risk: dict[str, Decimal]

    @property
    def left_out(self) -> int:
        """How many have to be looked at one by one; `without` says why."""
        return sum(self.without.values())


def _odd(proposals: Sequence[Proposal]) -> set[UUID]:
    """Those with a payment that somebody has to look at first."""
    rows = ProposalLine.objects.filter(proposal__in=[p.pk for p in proposals])
    strong = rows.filter(bank_line__anomalies__status=Anomaly.Status.OPEN, bank_line__anomalies__is_strong=True)
    return set(strong.values_list("proposal_id", flat=True))


def _needs_second(proposal: Proposal, tenant: Tenant) -> bool:
    lines = [row.bank_line for row in proposal.lines.all()]
    return needs_second_person(at_stake(proposal.amount, lines), tenant)


def _why_not_in_bulk(proposal: Proposal, by: Membership, *, is_odd: bool) -> str:
    """Words for the page, behind a number; empty when it may be approved with others."""
    told = (
        ("proposed by you", proposal.proposed_by_id == by.user_id),
        ("an odd payment", is_odd),
        ("for two people to approve", _needs_second(proposal, by.tenant)),
        ("matched by hand, so without a measured confidence", proposal.kind == Proposal.Kind.MANUAL),
    )
    return next((words for words, holds in told if holds), "")


def weigh_bulk(proposals: Sequence[Proposal], *, by: Membership) -> Bulk:
    """The money moved and the mistakes to expect; leaves out what this person alone cannot approve, odd payments, and
    what was matched by hand: nobody has measured how often that is right.

    Expected mistakes are the sum of (1 - confidence), money at risk that sum weighted by amount, per currency.
    """
    odd = _odd(proposals)
    reasons = {p.pk: _why_not_in_bulk(p, by, is_odd=p.pk in odd) for p in proposals}
    usable = [p for p in proposals if not reasons[p.pk]]
    totals: dict[str, Decimal] = {}
    risks: dict[str, Decimal] = {}
    for proposal in usable:
        amount, doubt = abs(proposal.amount), 1 - proposal.confidence
        totals[proposal.currency] = totals.get(proposal.currency, Decimal(0)) + amount
        risks[proposal.currency] = risks.get(proposal.currency, Decimal(0)) + amount * doubt
    wrong = sum((1 - p.confidence for p in usable), Decimal(0))
    without = dict(Counter(filter(None, reasons.values())))
    return Bulk(usable, without, totals, wrong, {c: round(r, 2) for c, r in risks.items()})
