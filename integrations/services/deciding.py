"""What a person decides about a posting that the portal cannot go on with alone: a closed period, a lost outcome.

Every answer stays in the row's `question` and, with its author, in the audit trail.
"""

from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone
from django.utils.dateparse import parse_date

from integrations.engine.overlay import declared
from integrations.engine.results import Record
from integrations.models import CrossReference, LedgerRecord, Posting
from integrations.services import baselines, closing, correcting, outcomes
from integrations.services.failures import NO_ERROR
from integrations.services.postings import cancel_posting
from integrations.services.work import free_at
from tenants.models import User

__all__ = ["AT_ONCE", "answer_posting", "answer_postings", "candidates", "send_again", "settle_as"]

Status = Posting.Status
SHORTEST_REASON = 10
AT_ONCE = 500
"""So many are answered in one request; each answer is a decision of its own, with its own line in the audit trail."""

_CANDIDATES = 8
_BUSY = "It is being worked on right now; try again in a minute."


def answer_posting(*, posting: Posting, choice: str, answered_by: User | None = None) -> Posting:
    """Answer the question of a held posting with one of its choices; ValidationError for anything else."""
    if posting.status != Status.HELD:
        raise ValidationError(f"Nothing is asked about it any more: {posting.get_status_display().lower()}.")
    offered = [each["name"] for each in posting.question.get("choices", [])]
    if choice not in offered:
        raise ValidationError(f"Choose one of: {', '.join(offered)}.")
    if choice == closing.CANCEL:
        cancel_posting(posting)
        return posting
    if choice == correcting.APPROVE:
        correcting.check_second(posting, answered_by)
    by = str(answered_by) if answered_by else "a partner application"
    changes: dict[str, Any] = {"question": {**posting.question, "answer": choice, "by": by}}
    if choice == closing.FIRST_OPEN_DAY:
        own, first = (parse_date(str(posting.question[name])) for name in ("own_day", "dated_on"))
        if own is None or first is None:
            raise ValidationError("The first open day is not known any more; cancel it, or leave it.")
        changes = closing.redated(posting, own, first, by=by)
    _change(posting, [Status.HELD], status=Status.PENDING, available_at=timezone.now(), **changes, **NO_ERROR)
    return posting


@dataclass(frozen=True)
class Answered:
    """What became of an answer given to several: which took it, how many did not and why, how many still ask."""

    postings: list[Posting]
    refusals: list[str]
    left: int


def answer_postings(*, rows: "QuerySet[Posting]", choice: str, answered_by: User | None = None) -> Answered:
    """Give the same answer to the held postings of a queryset, the oldest `AT_ONCE` of them."""
    answered: list[Posting] = []
    refusals: list[str] = []
    held = rows.filter(status=Status.HELD)
    for posting in held.select_related("connection").order_by("id")[:AT_ONCE]:
        try:
            with transaction.atomic():
                answered.append(answer_posting(posting=posting, choice=choice, answered_by=answered_by))
        except ValidationError as refused:
            refusals += refused.messages
    return Answered(answered, refusals, held.count())


def candidates(posting: Posting) -> list[LedgerRecord]:
    """Records of the mirror that an unknown posting may have become: what the probe met, then what bears its names.

    Records that are known to be another source's are left out.
    """
    mirror = LedgerRecord.objects.for_tenant(posting.tenant_id).of(posting.connection, posting.resource)
    body = posting.body
    alike = Q(pk=None)
    for name in ("number", "name"):
        if body.get(name):
            alike |= Q(**{name: str(body[name])})
    if body.get("reference"):
        alike |= Q(unified__reference=str(body["reference"]))
    contact, day = (body.get("contact") or {}).get("id"), closing.day_of(body)
    if isinstance(contact, str) and day is not None:
        alike |= Q(contact_id_external=contact, issued_on=day)
    if met := posting.error.get("candidate"):
        alike |= Q(external_id=met["external_id"], remote_type=met["remote_type"])
    taken = CrossReference.objects.for_tenant(posting.tenant_id).filter(
        connection_id=posting.connection_id, resource=posting.resource
    )
    return list(mirror.filter(alike).exclude(external_id__in=taken.values("external_id")).order_by("-id")[:_CANDIDATES])


def settle_as(*, posting: Posting, record: LedgerRecord, settled_by: User | None = None) -> Posting:
    """A person found it in the ledger: the posting is this record, and is linked to its source. ValidationError when it
    is not unknown, or the record is somebody else's."""
    if record.connection_id != posting.connection_id or record.resource != posting.resource:
        raise ValidationError("That record is of another kind or of another ledger.")
    rows = CrossReference.objects.for_tenant(posting.tenant_id).filter(connection_id=posting.connection_id)
    if rows.filter(resource=record.resource, external_id=record.external_id, remote_type=record.remote_type).exists():
        raise ValidationError("That record is known to be another source's document; choose another one.")
    answer = {"code": "outcome_unknown", "answer": "it_is", "by": str(settled_by or "a partner application")}
    _change(
        posting,
        [Status.UNKNOWN],
        status=Status.POSTED,
        external_id=record.external_id,
        remote_type=record.remote_type,
        record=record,
        finished_at=timezone.now(),
        question={**answer, "text": f"{answer['by']} found it in the ledger."},
        **NO_ERROR,
    )
    baselines.agree(posting, Record(declared(record.unified), record.raw, record.remote_type))
    outcomes.after_posting(posting, record)
    return posting


def send_again(*, posting: Posting, reason: str, decided_by: User | None = None) -> Posting:
    """A person looked and it is not in the ledger: it is sent again, with the reason in writing.

    What had been sent alone keeps its key: where the ledger remembers it, even then nothing is written twice.
    """
    reason = reason.strip()
    if len(reason) < SHORTEST_REASON:
        raise ValidationError("Say in a sentence where you looked: if it is there after all, it is posted twice.")
    by = str(decided_by or "a partner application")
    told = {"code": "outcome_unknown", "answer": "send_again", "by": by, "reason": reason[:500]}
    told["text"] = f"{by} looked and did not find it in the ledger: {reason[:500]}"
    now = timezone.now()
    _change(posting, [Status.UNKNOWN], status=Status.PENDING, available_at=now, attempts=0, question=told, **NO_ERROR)
    return posting


def _change(posting: Posting, statuses: list[str], **changes: Any) -> None:
    """Write the answer over the fence of whoever might be about to look, unless it is being worked on."""
    rows = Posting.objects.for_tenant(posting.tenant_id).filter(free_at(timezone.now()), pk=posting.pk)
    if not rows.filter(status__in=statuses).update(fence=F("fence") + 1, lease_until=None, **changes):
        posting.refresh_from_db()
        words = posting.get_status_display().lower()
        raise ValidationError(_BUSY if posting.status in statuses else f"It is too late for that: {words}.")
    posting.refresh_from_db()
