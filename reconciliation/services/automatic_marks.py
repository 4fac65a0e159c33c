"""What people say of automatic approvals; the first wrong one switches off what made it."""

from django.utils import timezone

from reconciliation.models import AutoApproval, AutoMatch, Match
from tenants.models import Membership


def note_taken_back(match: Match, by: Membership, reason: str) -> None:
    """A person takes a match back: if none had approved it, it was wrong, and its like are left to people again."""
    row = (
        AutoMatch.objects.filter(match=match).exclude(verdict=AutoMatch.Verdict.WRONG).select_related("setting").first()
    )
    if row is None:
        return
    row.verdict, row.looked_by, row.looked_at, row.note = AutoMatch.Verdict.WRONG, by.user, timezone.now(), reason[:300]
    row.save(update_fields=["verdict", "looked_by", "looked_at", "note"])
    why = f"{by.user} took back {match.amount:.2f} {match.currency} that was approved at {row.confidence:.1%}"
    AutoApproval.objects.filter(pk=row.setting_id).update(
        is_on=False, off_because=(f"{why}: {reason}" if reason else why)[:300], changed_at=timezone.now()
    )
