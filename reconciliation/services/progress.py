"""Bring matches up to date with what became of their postings, and with what the ledger's documents show afterwards."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from integrations.models import Posting
from reconciliation.models import BankLine, Match, MatchEntry, Proposal
from reconciliation.services.entries import DOCUMENTS
from reconciliation.services.reversal import end_match, postings_of
from tenants.rls import tenant_scope


def refresh_match(tenant_id: UUID | str, match_id: UUID | str) -> Match | None:
    """Give a match the status that follows from its postings; note the read-back; end it when its reversal is done."""
    with tenant_scope(tenant_id):
        rows = Match.objects.for_tenant(UUID(str(tenant_id))).live().select_for_update(of=("self",))
        match = rows.select_related("connection").filter(pk=match_id).first()
        if match is None or match.status == Match.Status.LINKED:
            return match
        postings = postings_of(match)
        if match.status == Match.Status.REVERSING:
            _finish_reversal(match, postings)
        else:
            _follow(match, postings)
        return match


def status_of(postings: Sequence[Posting]) -> Match.Status:
    """The status of a match that is not being taken back."""
    states = {posting.status for posting in postings}
    if not states:
        return Match.Status.LINKED
    if Posting.Status.REJECTED in states:
        return Match.Status.REFUSED
    if states <= {Posting.Status.POSTED, Posting.Status.CANCELLED}:
        return Match.Status.POSTED
    return Match.Status.APPROVED


def _follow(match: Match, postings: Sequence[Posting]) -> None:
    status = status_of(postings)
    read_back_at = match.read_back_at
    if status == Match.Status.POSTED and read_back_at is None:
        read_back_at = read_back_moment(match, postings)
    if (status, read_back_at) != (match.status, match.read_back_at):
        match.status, match.read_back_at = status, read_back_at
        match.save(update_fields=["status", "read_back_at"])


def read_back_moment(match: Match, postings: Sequence[Posting]) -> datetime | None:
    """When the mirror showed the payment on every document: read after the posting, or its open amount went down."""
    finished = max((p.finished_at for p in postings if p.finished_at), default=None)
    # Recorded bookings do not change by being matched; only documents can show the payment.
    rows = MatchEntry.objects.filter(match=match, record__resource__in=DOCUMENTS)
    entries = list(rows.select_related("record").defer("record__raw", "record__unified"))
    rests = {entry.record_id: entry.open_before for entry in entries}
    for entry in entries:
        rests[entry.record_id] -= abs(entry.amount)
    records = {entry.record_id: entry.record for entry in entries}
    for pk, row in records.items():
        is_newer = finished is not None and row.synced_at > finished
        is_lower = row.open_amount is not None and abs(row.open_amount) <= rests[pk]
        if not (is_newer or is_lower):
            return None
    return max((row.synced_at for row in records.values()), default=timezone.now())


def _finish_reversal(match: Match, postings: Sequence[Posting]) -> None:
    posted = [posting for posting in postings if posting.status == Posting.Status.POSTED]
    voided = {
        row.reverses_id
        for row in Posting.objects.filter(reverses__in=posted, status=Posting.Status.POSTED).only("reverses_id")
    }
    if all(posting.pk in voided for posting in posted):
        with transaction.atomic():
            end_match(match, Match.Status.REVERSED, line_status=BankLine.Status.UNMATCHED)
            Proposal.objects.filter(pk=match.proposal_id).update(status=Proposal.Status.SUPERSEDED)
