"""The tenant's policy of exceptions: what becomes one by itself, and until when each is due."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Abs, Coalesce
from django.utils import timezone

from integrations.models import Connection, Discrepancy, LedgerRecord
from reconciliation.due import MOST_DAYS, BandError, Bands, read_bands
from reconciliation.models import Case, DuePolicy, MatchEntry, Proposal, ProposalEntry
from reconciliation.services.cases import computed_due, raise_cases
from reconciliation.services.decisions import RefusedError
from reconciliation.services.entries import DOCUMENTS
from tenants.models import Membership
from tenants.permissions import APPROVE_MATCHES, may
from tenants.rls import tenant_scope

_BATCH = 500
# Nobody owes what is not in the books, or not any more.
_NOT_OWED = ("void", "voided", "draft", "deleted")


@dataclass(frozen=True, slots=True)
class Taking:
    """What becomes an exception by itself, beside lines that nothing explains."""

    documents: bool = False
    days: int = 30
    least: Decimal = Decimal(0)
    discrepancies: bool = False


def taking_of(tenant_id: UUID) -> Taking:
    """The tenant's policy; without one, nothing but lines."""
    row = DuePolicy.objects.for_tenant(tenant_id).first()
    return _taking(row) if row else Taking()


def _taking(row: DuePolicy) -> Taking:
    return Taking(row.takes_documents, row.document_days, row.document_least, row.takes_discrepancies)


@transaction.atomic
def set_policy(*, bands: Sequence[dict[str, Any]], late_days: int, by: Membership, taking: Taking | None = None) -> int:
    """Other bands, and another choice of what is taken, from now on; how many open exceptions are due on another day.

    Days that a person set stay. What is not taken any more and nobody touched is an exception no longer; what is newly
    taken is raised by the next sweep. RefusedError when the bands or the choice do not hold together.
    """
    if not may(by, APPROVE_MATCHES):
        raise RefusedError("Your role does not set due dates for everybody; ask a finance approver or an owner.")
    try:
        wanted = read_bands(bands, late_days)
    except BandError as wrong:
        raise RefusedError(str(wrong)) from wrong
    said = [{"least": f"{band.least.normalize():f}", "days": band.days} for band in wanted.bands]
    chosen = taking or taking_of(by.tenant.pk)
    if chosen.least < 0 or not 0 <= chosen.days <= MOST_DAYS:
        raise RefusedError(f"Amounts begin at 0, and days go from 0 to {MOST_DAYS}.")
    DuePolicy.objects.update_or_create(
        tenant=by.tenant,
        defaults={
            "bands": said,
            "late_days": late_days,
            "takes_documents": chosen.documents,
            "document_days": chosen.days,
            "document_least": chosen.least,
            "takes_discrepancies": chosen.discrepancies,
            "changed_by": by.user,
            "changed_at": timezone.now(),
            "looked_at": None,
        },
    )
    _withdraw(by.tenant.pk, chosen)
    return _move_due(by.tenant.pk, wanted)


def _move_due(tenant_id: UUID, bands: Bands) -> int:
    rows = Case.objects.for_tenant(tenant_id).open().filter(due_reason="").order_by("pk")
    moved = []
    for row in rows.select_for_update(of=("self",)):
        day = computed_due(row, bands)
        if day != row.due_on:
            row.due_on = day
            moved.append(row)
    Case.objects.bulk_update(moved, ["due_on"], batch_size=_BATCH)
    return len(moved)


def _withdraw(tenant_id: UUID, taking: Taking) -> None:
    """Take back what is open, only the policy raised and nobody gave away, dated or talked about."""
    raised = Case.objects.for_tenant(tenant_id).open().filter(is_by_policy=True, assignee=None, due_reason="")
    # Whoever comments on one of them locks it, too: what is said is seen by the second question, or comes after it.
    locked = list(raised.order_by("pk").select_for_update(of=("self",)).values_list("pk", flat=True))
    untouched = Case.objects.for_tenant(tenant_id).filter(pk__in=locked, comments=None)
    late = late_documents(tenant_id, taking) if taking.documents else LedgerRecord.objects.none()
    gone = Q(record__isnull=False) & ~Q(record__in=late.values("pk"))
    if not taking.discrepancies:
        gone |= Q(discrepancy__isnull=False)
    untouched.filter(gone).delete()


def late_documents(tenant_id: UUID, taking: Taking) -> QuerySet[LedgerRecord]:
    """Open documents so many days after they were due, that no proposal and no match on its way explains."""
    day = timezone.localdate() - timedelta(days=taking.days)
    proposed = ProposalEntry.objects.filter(record=OuterRef("pk"), proposal__status=Proposal.Status.OPEN)
    coming = MatchEntry.objects.filter(record=OuterRef("pk"), match__ended_at=None, match__read_back_at=None)
    rows = LedgerRecord.objects.for_tenant(tenant_id).filter(resource__in=DOCUMENTS, deleted_at=None)
    rows = rows.exclude(connection__status=Connection.Status.DISCONNECTED).exclude(status__in=_NOT_OWED)
    named = rows.annotate(late_since=Coalesce("due_on", "issued_on"), owed=Abs("open_amount"))
    rows = named.filter(~Q(open_amount=0), late_since__lt=day, owed__gt=0, owed__gte=taking.least)
    return rows.exclude(Exists(proposed)).exclude(Exists(coming))


def raise_by_policy(tenant_id: UUID | str, policy_id: UUID | str) -> int:
    """Go by a policy once: an exception for each late document and open discrepancy that has none; how many are new."""
    with tenant_scope(tenant_id):
        row = DuePolicy.objects.select_for_update(of=("self",), skip_locked=True).filter(pk=policy_id).first()
        if row is None:
            return 0
        taking, count = _taking(row), 0
        if taking.documents:
            known = Case.objects.filter(record=OuterRef("pk"))
            late = late_documents(row.tenant_id, taking).exclude(Exists(known)).defer("raw", "unified", "search")
            count += raise_cases(late.iterator(_BATCH), row.tenant_id, by_policy=True)
        if taking.discrepancies:
            known = Case.objects.filter(discrepancy=OuterRef("pk"))
            odd = Discrepancy.objects.for_tenant(row.tenant_id).open().exclude(Exists(known))
            count += raise_cases(odd.select_related("record"), row.tenant_id, by_policy=True)
        DuePolicy.objects.filter(pk=row.pk).update(looked_at=timezone.now())
    return count
