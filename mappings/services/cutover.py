"""The cut-over: count first, then link in batches; repeatable, and never against what a person decided.

A document dated before the start is held (`matching`) before it could be mapped; only `linked`, `left_out` or a
person's "post it after all" lead on from there. Comparing happens outside transactions, writing in short ones.
"""

from collections import Counter
from collections.abc import Iterator
from datetime import date
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db.models import Q
from django.utils import timezone

from integrations.models import Connection, CrossReference, LedgerRecord, Posting
from integrations.services import failures
from integrations.services.postings import cancel_posting
from integrations.services.work import LeaseLostError, claim, conclude, keep
from mappings.linking import Found, Pair, match
from mappings.models import CutOver, CutOverLink, SourceDocument
from mappings.models.documents import ORIGIN
from mappings.services.cutover_reading import documents_of, records_of
from tenants.models import User
from tenants.rls import tenant_scope

AT_ONCE = 1000
_MOST_DAYS = 31
_State = CutOverLink.State
_Status = SourceDocument.Status
_HELD_BACK = [_Status.RECEIVED, _Status.WAITING]
_NOT_SENT = ["pending", "rejected", "held", "resting", "cancelled"]


def set_up(*, connection: Connection, starts_on: date, days_apart: int = 3, by: User | None = None) -> CutOver:
    """Name the first day to post; nothing is held or linked before `request_run(is_dry=False)`."""
    if not 0 <= days_apart <= _MOST_DAYS:
        raise ValidationError(f"The days apart must be between 0 and {_MOST_DAYS}.")
    found, _ = CutOver.objects.get_or_create(
        tenant_id=connection.tenant_id, connection=connection, defaults={"starts_on": starts_on, "requested_by": by}
    )
    if found.status in (CutOver.Status.QUEUED, CutOver.Status.RUNNING):
        raise ValidationError("It is comparing just now. Wait until it is done, then change it.")
    if found.is_in_force and starts_on < found.starts_on and _decided_from(found, starts_on):
        raise ValidationError("Documents dated on or after that day are linked already. Undo those links first.")
    found.starts_on, found.days_apart = starts_on, days_apart
    found.save(update_fields=["starts_on", "days_apart"])
    return found


def _decided_from(cut_over: CutOver, day: date) -> bool:
    return cut_over.links.filter(document__issued_on__gte=day).exists()


def request_run(cut_over: CutOver, *, is_dry: bool, by: User | None = None) -> None:
    """Ask for a comparison: only counted, or in force from now on; ring `run_cut_over` after commit."""
    rows = CutOver.objects.for_tenant(cut_over.tenant_id).filter(pk=cut_over.pk)
    free = rows.exclude(status__in=[CutOver.Status.QUEUED, CutOver.Status.RUNNING])
    changes: dict[str, Any] = {"status": CutOver.Status.QUEUED, "is_dry": is_dry, "progress": {}, "requested_by": by}
    changes |= {"available_at": timezone.now(), "attempts": 0, **failures.NO_ERROR}
    if not is_dry:
        changes["is_in_force"] = True
    if not free.update(**changes):
        raise ValidationError("It is comparing just now. This page follows it.")
    cut_over.refresh_from_db()


def holds(document: SourceDocument) -> bool:
    """Whether a cut-over keeps this document from being posted; then it is held and compared soon."""
    if document.status in (_Status.LINKED, _Status.LEFT_OUT):
        return True
    found = CutOver.objects.for_tenant(document.tenant_id).in_force().filter(connection_id=document.connection_id)
    cut_over = found.filter(starts_on__gt=document.issued_on).first()
    links = CutOverLink.objects.for_tenant(document.tenant_id).filter(document_id=document.pk)
    if cut_over is None or links.filter(state=_State.POST).exists():
        return False
    document.status, document.waits_for, document.problems = _Status.MATCHING, "", []
    document.checked_at = timezone.now()
    document.save()
    idle = CutOver.objects.filter(pk=cut_over.pk, status__in=[CutOver.Status.IDLE, CutOver.Status.FAILED])
    idle.update(status=CutOver.Status.QUEUED, is_dry=False, progress={}, available_at=timezone.now(), attempts=0)
    return True


def run_cut_over(tenant_id: UUID | str, cut_over_id: UUID | str) -> CutOver | None:
    """The worker's use case: hold back, compare, write or only count. None when there was nothing to take."""
    with tenant_scope(tenant_id):
        cut_over = claim(
            CutOver,
            tenant_id=tenant_id,
            row_id=cut_over_id,
            statuses=[CutOver.Status.QUEUED, CutOver.Status.RUNNING],
        )
        if cut_over is None:
            return None
        keep(cut_over, status=CutOver.Status.RUNNING, attempts=cut_over.attempts + 1)
    try:
        counts = _compare_and_write(cut_over)
        with tenant_scope(tenant_id):
            conclude(cut_over, status=CutOver.Status.IDLE, counts=counts, progress={}, **failures.NO_ERROR)
    except LeaseLostError:
        return cut_over
    except Exception as error:
        with tenant_scope(tenant_id):
            conclude(cut_over, status=CutOver.Status.FAILED, **failures.of_bug(error))
        raise
    return cut_over


def _compare_and_write(cut_over: CutOver) -> dict[str, Any]:
    if not cut_over.is_dry:
        _hold_back(cut_over)
    with tenant_scope(cut_over.tenant_id):
        documents, records = documents_of(cut_over), records_of(cut_over)
    _say(cut_over, "comparing", 0, len(documents))
    found = match(
        documents,
        records,
        days_apart=cut_over.days_apart,
        step=lambda done: _say(cut_over, "comparing", done, len(documents)),
    )
    with tenant_scope(cut_over.tenant_id):
        kept_open = set(map(str, cut_over.links.filter(is_kept_open=True).values_list("document_id", flat=True)))
    for document in kept_open & set(found.sure):
        pair = found.sure.pop(document)
        found.candidates[document], found.proposed[document] = [pair], pair
    ids = [entry.id for entry in documents]
    if not cut_over.is_dry:
        for done, chunk in _counted(ids):
            with tenant_scope(cut_over.tenant_id):
                _write(cut_over, list(chunk), found)
            _say(cut_over, "writing", done, len(ids))
    counts = _counts(ids, found, records=len(records))
    if not cut_over.is_dry:
        with tenant_scope(cut_over.tenant_id):
            counts["states"] = state_counts(cut_over)
    return counts


def _counted(ids: list[str]) -> Iterator[tuple[int, tuple[str, ...]]]:
    done = 0
    for start in range(0, len(ids), AT_ONCE):
        chunk = tuple(ids[start : start + AT_ONCE])
        done += len(chunk)
        yield done, chunk


def _counts(ids: list[str], found: Found, *, records: int) -> dict[str, Any]:
    opened = sum(document in found.candidates for document in ids)
    sure = len(found.sure)
    return {
        "documents": len(ids),
        "records": records,
        "sure": sure,
        "to_decide": opened,
        "ambiguous": len(found.ambiguous),
        "alone": len(ids) - sure - opened,
    }


def _say(cut_over: CutOver, phase: str, done: int, total: int) -> None:
    with tenant_scope(cut_over.tenant_id):
        keep(cut_over, progress={"phase": phase, "done": done, "total": total})


def state_counts(cut_over: CutOver) -> dict[str, int]:
    """How many documents are in each state now."""
    rows = CutOverLink.objects.for_tenant(cut_over.tenant_id).filter(cut_over=cut_over)
    return dict(Counter(rows.values_list("state", flat=True).iterator(chunk_size=10_000)))


# Holding back -------------------------------------------------------------------------------------------------------


def _hold_back(cut_over: CutOver) -> None:
    """Nothing dated before the start goes on to the ledger; writes that have not left are cancelled."""
    with tenant_scope(cut_over.tenant_id):
        rows = _before(cut_over)
        rows.filter(status__in=_HELD_BACK).update(status=_Status.MATCHING, waits_for="", checked_at=timezone.now())
        mapped = list(rows.filter(status=_Status.MAPPED).with_state().filter(posting_status__in=_NOT_SENT))
    for document in mapped:
        with tenant_scope(cut_over.tenant_id):
            _take_back(document)


def _before(cut_over: CutOver) -> Any:
    rows = SourceDocument.objects.for_tenant(cut_over.tenant_id).filter(connection_id=cut_over.connection_id)
    after_all = Q(cut_over_link__state=_State.POST)
    return rows.filter(issued_on__lt=cut_over.starts_on).exclude(after_all)


def _take_back(document: Any) -> None:
    posting = Posting.objects.for_tenant(document.tenant_id).get(pk=document.posting_id)
    if posting.status != Posting.Status.CANCELLED:
        try:
            cancel_posting(posting)
        except ValidationError:
            return  # It is just leaving: what becomes of it is seen by the next run.
    SourceDocument.objects.filter(pk=document.pk, status=_Status.MAPPED).update(status=_Status.MATCHING)


# Writing ------------------------------------------------------------------------------------------------------------


def _write(cut_over: CutOver, ids: list[str], found: Found) -> None:
    """One batch: what is sure is linked both ways, the rest is laid before a person; what moved meanwhile is left."""
    held = SourceDocument.objects.filter(pk__in=ids, status=_Status.MATCHING).select_for_update(of=("self",))
    still = {str(pk) for pk in held.order_by("id").values_list("pk", flat=True)}
    pairs = {document: found.sure[document] for document in still if document in found.sure}
    linked = _link_all(cut_over, pairs)
    links = [_laid_out(cut_over, document, found) for document in sorted(still - set(linked))]
    CutOverLink.objects.bulk_create(
        [*linked.values(), *links],
        update_conflicts=True,
        unique_fields=["document"],
        update_fields=[*_LINK_FIELDS, "proposal", "confidence", "reasons", "candidates", "is_ambiguous"],
    )
    SourceDocument.objects.filter(pk__in=list(linked)).update(status=_Status.LINKED)


_LINK_FIELDS = ("state", "record", "resource", "remote_type", "external_id")


def _link_all(cut_over: CutOver, pairs: dict[str, Pair]) -> dict[str, CutOverLink]:
    """Cross-references for the pairs; a record that got one from elsewhere meanwhile is not linked."""
    rows = LedgerRecord.objects.for_tenant(cut_over.tenant_id).filter(
        pk__in=[pair.record for pair in pairs.values()], deleted_at=None
    )
    records = {str(row.pk): row for row in rows.defer("raw", "unified")}
    wanted = {document: records[pair.record] for document, pair in pairs.items() if pair.record in records}
    CrossReference.objects.bulk_create(
        [_reference(cut_over, document, record) for document, record in wanted.items()], ignore_conflicts=True
    )
    mine = CrossReference.objects.for_tenant(cut_over.tenant_id).filter(
        connection_id=cut_over.connection_id, local_kind=ORIGIN, local_id__in=list(wanted)
    )
    made = set(mine.values_list("local_id", "external_id"))
    return {
        document: _linked(cut_over, document, record, pairs[document])
        for document, record in wanted.items()
        if (document, record.external_id) in made
    }


def _reference(cut_over: CutOver, document: str, record: LedgerRecord) -> CrossReference:
    return CrossReference(
        tenant_id=cut_over.tenant_id,
        connection_id=cut_over.connection_id,
        local_kind=ORIGIN,
        local_id=document,
        resource=record.resource,
        remote_type=record.remote_type,
        external_id=record.external_id,
    )


def _linked(cut_over: CutOver, document: str, record: LedgerRecord, pair: Pair) -> CutOverLink:
    return CutOverLink(
        tenant_id=cut_over.tenant_id,
        cut_over=cut_over,
        document_id=UUID(document),
        state=_State.LINKED,
        record=record,
        resource=record.resource,
        remote_type=record.remote_type,
        external_id=record.external_id,
        confidence=pair.confidence,
        reasons=list(pair.reasons),
    )


def _laid_out(cut_over: CutOver, document: str, found: Found) -> CutOverLink:
    candidates = found.candidates.get(document, [])
    proposed = found.proposed.get(document)
    best = proposed or (candidates[0] if candidates else None)
    return CutOverLink(
        tenant_id=cut_over.tenant_id,
        cut_over=cut_over,
        document_id=UUID(document),
        state=_State.OPEN if candidates else _State.ALONE,
        proposal_id=UUID(proposed.record) if proposed else None,
        confidence=best.confidence if best else 0,
        reasons=list(best.reasons) if best else [],
        candidates=[
            {"record": pair.record, "confidence": pair.confidence, "reasons": list(pair.reasons)} for pair in candidates
        ],
        is_ambiguous=document in found.ambiguous,
    )
