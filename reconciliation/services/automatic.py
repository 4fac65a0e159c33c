"""Automatic approval: off unless an approver opens it for an account and a kind; never where a person has to look."""

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import reduce
from operator import or_
from uuid import UUID

from django.conf import settings as django_settings
from django.db import transaction
from django.db.models import Exists, Max, OuterRef, Q, QuerySet
from django.db.models.functions import Abs
from django.utils import timezone

from integrations.models import Posting
from reconciliation.calibration import Band, above, money_of
from reconciliation.models import (
    Anomaly,
    AutoApproval,
    AutoMatch,
    BankAccount,
    Decision,
    MatchRun,
    Proposal,
    ProposalLine,
)
from reconciliation.money import percent
from reconciliation.services.approval import (
    Approval,
    at_stake,
    current_plan,
    enact,
    lock_lines,
    lock_open,
    needs_second_person,
)
from reconciliation.services.decisions import Portal, RefusedError, require
from reconciliation.services.reversal import options_of, postings_of, reverse, undo
from reconciliation.services.track_record import outcomes_of
from tenants.models import Membership, Tenant
from tenants.permissions import APPROVE_MATCHES
from tenants.rls import tenant_scope

LAST_DECISIONS = 500
FEWEST = 50
MOST_UNSEEN = 100
_MAY_NOT = "Your role does not open automatic approval; ask a finance approver or an owner."
_LOOKS = "Your role does not look through automatic approvals; ask a finance approver."


@dataclass(frozen=True, slots=True)
class Preview:
    """What a setting would have done with the last decisions, and what it would do now; money by currency."""

    looked_at: int
    band: Band
    money: dict[str, Decimal]
    wrong_money: dict[str, Decimal]
    expected_wrong: Decimal
    expected_money: dict[str, Decimal]
    now: int

    @property
    def wrong(self) -> int:
        """How many of them people decided otherwise."""
        return self.band.decided - self.band.right

    @property
    def missing(self) -> str:
        """What the decisions do not prove yet, in a sentence; empty when they prove enough to switch it on.

        Enough are as many decisions as say something, at least as often right as the confidence that is asked for.
        """
        found = self.band
        if found.decided < FEWEST:
            return (
                f"It takes {FEWEST} decisions of people on this account and kind, from this confidence on and up to "
                f"this amount; there are {found.decided}."
            )
        if found.share < found.least:
            return (
                f"Of {found.decided} decisions {found.right} were right, {percent(found.share)}; the confidence that "
                f"is asked for is {percent(found.least)}."
            )
        return ""


def preview(*, bank_account: BankAccount, kind: str, threshold: Decimal, most: Decimal, tenant: Tenant) -> Preview:
    """The last decisions about this account and kind, as if the setting had been in use."""
    known = outcomes_of(tenant, account=bank_account, kind=kind, last=LAST_DECISIONS)
    ceiling = most if tenant.two_person_limit is None else min(most, tenant.two_person_limit)
    taken = [each for each in known if each.confidence >= threshold and each.amount <= ceiling]
    risk: dict[str, Decimal] = {}
    for each in taken:
        risk[each.currency] = risk.get(each.currency, Decimal(0)) + each.amount * (1 - each.confidence)
    probe = AutoApproval(tenant=tenant, bank_account=bank_account, kind=kind, threshold=threshold, most=most)
    return Preview(
        looked_at=len(known),
        band=above(taken, threshold),
        money=money_of(taken),
        wrong_money=money_of(each for each in taken if not each.is_right),
        expected_wrong=sum((1 - each.confidence for each in taken), Decimal(0)),
        expected_money={currency: round(amount, 2) for currency, amount in risk.items()},
        now=_waiting(probe).count(),
    )


@transaction.atomic
def allow(
    *,
    bank_account: BankAccount,
    kind: str,
    threshold: Decimal,
    most: Decimal,
    is_on: bool,
    by: Membership,
    despite: str = "",
) -> AutoApproval:
    """Open an account and kind for automatic approval, change its limits, or close it again.

    What people decided so far has to prove it (`Preview.missing`), or `despite` says why it is right all the same,
    which is kept. What is on already may become stricter without. RefusedError when neither is so, or unless the role
    approves; ValidationError for a kind or a limit that is never automatic.
    """
    require(by, APPROVE_MATCHES, _MAY_NOT)
    row = (
        AutoApproval.objects.for_tenant(by.tenant)
        .select_for_update()
        .filter(bank_account=bank_account, kind=kind)
        .first()
    )
    row = row or AutoApproval(tenant=by.tenant, bank_account=bank_account, kind=kind)
    is_stricter = row.is_on and threshold >= row.threshold and most <= row.most
    row.threshold, row.most, row.is_on, row.off_because = threshold, most, is_on, ""
    row.changed_by, row.changed_at = by.user, timezone.now()
    row.seen_at = None
    row.full_clean(exclude=["tenant"], validate_unique=False)
    if is_on and not is_stricter:
        row.despite = _proved_or_despite(row, despite)
    row.save()
    return row


def _proved_or_despite(row: AutoApproval, despite: str) -> str:
    """Empty when the decisions prove enough; otherwise what is missing, with the reason. RefusedError without one."""
    known = preview(
        bank_account=row.bank_account, kind=row.kind, threshold=row.threshold, most=row.most, tenant=row.tenant
    )
    if known.missing and not despite.strip():
        raise RefusedError(
            f"{known.missing} Let people decide some more first, or say why it is right to switch it on all the same."
        )
    return f"{known.missing} {despite.strip()}"[:500] if known.missing else ""


def _waiting(setting: AutoApproval) -> QuerySet[Proposal]:
    """Open proposals of the engine that the setting may take; asked again, under locks, before each approval.

    Not what anybody has decided anything about (so that what was taken back is never approved again), not odd payments
    whatever was said of them, not parts of split lines, not lines of other accounts, not above the two-person limit.
    """
    lines = ProposalLine.objects.filter(proposal=OuterRef("pk"))
    not_for_it = (
        Decision.objects.filter(proposal=OuterRef("pk")),
        Anomaly.objects.filter(bank_line__proposal_lines__proposal=OuterRef("pk")),
        lines.filter(bank_line__part_of__isnull=False),
        lines.exclude(bank_line__bank_account=setting.bank_account_id),
    )
    rows = Proposal.objects.for_tenant(setting.tenant_id).replaceable().annotate(size=Abs("amount"))
    rows = rows.filter(
        kind=setting.kind,
        confidence__gte=setting.threshold,
        size__lte=setting.most,
        booking={},
        lead__bank_account=setting.bank_account_id,
    )
    limit = setting.tenant.two_person_limit
    rows = rows.filter(size__lte=limit) if limit is not None else rows
    return rows.exclude(reduce(or_, map(Exists, not_for_it))).order_by("pk")


def approve_by_itself(tenant_id: UUID | str, connection_id: UUID | str) -> Generator[Sequence[Posting], None, None]:
    """Go through what the connection's settings allow; yields the postings of each approval after its own commit.

    Every approval is a transaction of its own: a worker that dies leaves what it did, and the next one goes on.
    """
    for setting_id in _claim(tenant_id, connection_id):
        with tenant_scope(tenant_id):
            setting = AutoApproval.objects.select_related("bank_account", "tenant").get(pk=setting_id)
            done = MatchRun.objects.filter(connection_id=connection_id, status=MatchRun.Status.DONE)
            seen_at = done.aggregate(last=Max("finished_at"))["last"]
            wanted = list(_waiting(setting).values_list("pk", flat=True))
        for proposal_id in wanted:
            with tenant_scope(tenant_id):
                approval = _approve(setting_id, proposal_id)
            if approval is not None:
                yield approval.postings
        with tenant_scope(tenant_id):
            AutoApproval.objects.filter(pk=setting_id).update(seen_at=seen_at, lease_until=None)


def _claim(tenant_id: UUID | str, connection_id: UUID | str) -> list[UUID]:
    with tenant_scope(tenant_id):
        rows = AutoApproval.objects.filter(is_on=True, bank_account__connection_id=connection_id)
        rows = rows.filter(Q(lease_until=None) | Q(lease_until__lte=timezone.now()))
        found = [row.pk for row in rows.select_for_update(of=("self",), skip_locked=True)]
        AutoApproval.objects.filter(pk__in=found).update(lease_until=_lease())
        return found


def _lease() -> datetime:
    return timezone.now() + timedelta(seconds=django_settings.WORK_LEASE_SECONDS)


def _approve(setting_id: UUID, proposal_id: UUID) -> Approval | None:
    """One approval, unless the setting is off by now, too many wait to be looked at, or a person has to look."""
    rows = AutoApproval.objects.select_for_update(of=("self",)).select_related("bank_account", "tenant")
    setting = rows.get(pk=setting_id)
    AutoApproval.objects.filter(pk=setting_id).update(lease_until=_lease())
    if not setting.is_on or setting.made.waiting().count() >= MOST_UNSEEN:
        return None
    try:
        with transaction.atomic():
            return _decide(setting, proposal_id)
    except RefusedError:
        return None


def _decide(setting: AutoApproval, proposal_id: UUID) -> Approval:
    by = Portal(setting.tenant)
    proposal = lock_open(proposal_id, by)
    lines = lock_lines(proposal)
    is_allowed = _waiting(setting).filter(pk=proposal.pk).exists()
    if not is_allowed or needs_second_person(at_stake(proposal.amount, lines), setting.tenant):
        raise RefusedError("A person has to look at this one.")
    plan = current_plan(proposal, lines, lock=True)
    if not plan.is_possible:
        raise RefusedError(plan.sentence)
    approval = enact(proposal, lines, plan, by)
    assert approval.match is not None  # noqa: S101 - enacting makes one
    AutoMatch.objects.create(
        tenant_id=setting.tenant_id, setting=setting, match=approval.match, confidence=proposal.confidence
    )
    return approval


@dataclass(frozen=True, slots=True)
class Judged:
    """What follows from looking at an automatic approval: reversals to be rung, and a sentence for people."""

    reversals: Sequence[Posting]
    sentence: str


@transaction.atomic
def judge(*, row: AutoMatch, by: Membership, is_right: bool, note: str = "") -> Judged:
    """Say that an automatic approval is right, or take it back, which switches off what made it.

    RefusedError without a reason for what is wrong, or when somebody has looked already.
    """
    require(by, APPROVE_MATCHES, _LOOKS)
    locked = (
        AutoMatch.objects.for_tenant(by.tenant).select_for_update(of=("self",)).select_related("match").get(pk=row.pk)
    )
    if locked.verdict != AutoMatch.Verdict.WAITING:
        raise RefusedError(f"{locked.looked_by or 'Somebody'} has looked at this already.")
    if is_right:
        locked.verdict, locked.looked_by, locked.looked_at = AutoMatch.Verdict.RIGHT, by.user, timezone.now()
        locked.note = note.strip()[:300]
        locked.save(update_fields=["verdict", "looked_by", "looked_at", "note"])
        return Judged((), "Noted.")
    if not note.strip():
        raise RefusedError("Say what is wrong: it is why automatic approval is switched off.")
    options = options_of(locked.match, postings_of(locked.match))
    if options.can_undo:
        undo(match=locked.match, by=by, reason=note)
        return Judged((), "Undone: nothing was posted. Automatic approval of this kind is switched off.")
    if options.can_reverse:
        found = reverse(match=locked.match, by=by, reason=note)
        return Judged(found, "The reversal is on its way. Automatic approval of this kind is switched off.")
    AutoApproval.objects.filter(pk=locked.setting_id).update(
        is_on=False, off_because=f"{by.user} found one wrong: {note.strip()}"[:300], changed_at=timezone.now()
    )
    return Judged((), f"Switched off. {options.sentence} Then take it back here.")
