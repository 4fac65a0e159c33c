"""The cut-over: count first, then link in batches; repeatable, and never against what a person decided.

A document dated before the start is held (`matching`) before it could be mapped; only `linked`, `left_out` or a
person's "post it after all" lead on from there. Comparing happens outside transactions, writing in short ones.
"""

from collections.abc import Collection, Iterator
from datetime import date
from functools import partial
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db.models import Count, QuerySet
from django.utils import timezone

from integrations.models import Connection, Posting
from integrations.services import failures
from integrations.services.postings import cancel_posting
from integrations.services.work import LeaseLostError, claim, conclude, keep
from mappings.linking import Found, match
from mappings.models import CutOver, CutOverLink, SourceDocument
from mappings.services.cutover_reading import documents_of, records_of
from mappings.services.cutover_writing import write
from tenants.models import User
from tenants.rls import tenant_scope

AT_ONCE = 1000
MOST_DAYS = 31
_State = CutOverLink.State
_Status = SourceDocument.Status
_HELD_BACK = [_Status.RECEIVED, _Status.WAITING]
_NOT_SENT = ["pending", "rejected", "held", "resting", "cancelled"]


def set_up(
    *, connection: Connection, starts_on: date, days_apart: int = 3, kinds: Collection[str] = (), by: User | None = None
) -> CutOver:
    """Name the first day to post and the kinds (none: all); nothing is held or linked before a run that is not dry.

    In force, documents that it is no longer about go the ordinary way. ValidationError while it compares, or when such
    documents are linked or left out already.
    """
    if not 0 <= days_apart <= MOST_DAYS:
        raise ValidationError(f"The days apart must be between 0 and {MOST_DAYS}.")
    if unknown := set(kinds) - set(SourceDocument.Kind.values):
        known = ", ".join(SourceDocument.Kind.values)
        raise ValidationError(f"“{sorted(unknown)[0]}” is no kind of document. There are: {known}.")
    found, _ = CutOver.objects.get_or_create(
        tenant_id=connection.tenant_id, connection=connection, defaults={"starts_on": starts_on, "requested_by": by}
    )
    if found.is_busy:
        raise ValidationError("It is comparing just now. Wait until it is done, then change it.")
    found.starts_on, found.days_apart, found.kinds = starts_on, days_apart, sorted(kinds)
    outside = found.links.exclude(document__in=SourceDocument.objects.filter(found.covered))
    if outside.filter(state__in=[_State.LINKED, _State.LEFT_OUT]).exists():
        raise ValidationError("Documents that it would no longer be about are linked or left out. Undo those first.")
    found.save(update_fields=["starts_on", "days_apart", "kinds"])
    _let_go(found, outside.undecided())
    return found


def _let_go(cut_over: CutOver, links: QuerySet[CutOverLink]) -> None:
    """What it is no longer about is received anew; the sweep rings for it."""
    links.delete()
    rows = SourceDocument.objects.for_tenant(cut_over.tenant_id).filter(connection_id=cut_over.connection_id)
    rows.filter(status=_Status.MATCHING).exclude(cut_over.covered).update(status=_Status.RECEIVED)


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
    cut_over = CutOver.objects.for_tenant(document.tenant_id).in_force().filter(connection_id=document.connection_id)
    found = cut_over.first()
    links = CutOverLink.objects.for_tenant(document.tenant_id).filter(document_id=document.pk)
    if found is None or not _is_about(found, document) or links.filter(state=_State.POST).exists():
        return False
    # Locked: a run that is just ending either sees this document, or has ended when this one asks for the next.
    cut_over.select_for_update(no_key=True).get()
    document.status, document.waits_for, document.problems = _Status.MATCHING, "", []
    document.checked_at = timezone.now()
    document.save()
    cut_over.filter(status__in=[CutOver.Status.IDLE, CutOver.Status.FAILED]).update(**_next_run())
    return True


def _is_about(cut_over: CutOver, document: SourceDocument) -> bool:
    is_of_kind = not cut_over.kinds or document.kind in cut_over.kinds
    return is_of_kind and document.issued_on < cut_over.starts_on


def _next_run() -> dict[str, Any]:
    fresh = {"status": CutOver.Status.QUEUED, "is_dry": False, "progress": {}, "attempts": 0}
    return fresh | {"available_at": timezone.now()}


def run_cut_over(tenant_id: UUID | str, cut_over_id: UUID | str, *, at_once: int = AT_ONCE) -> CutOver | None:
    """The worker's use case: hold back, compare, write or only count. None when there was nothing to take.

    Written `at_once` documents a transaction: whoever takes over from a worker that died finds those linked.
    """
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
        counts = _compare_and_write(cut_over, at_once)
        with tenant_scope(tenant_id):
            _conclude(cut_over, counts)
    except LeaseLostError:
        return cut_over
    except Exception as error:
        with tenant_scope(tenant_id):
            conclude(cut_over, status=CutOver.Status.FAILED, **failures.of_bug(error))
        raise
    return cut_over


def _conclude(cut_over: CutOver, counts: dict[str, Any]) -> None:
    """The run is over; what arrived while it compared is for the next one, which is asked for here."""
    CutOver.objects.select_for_update(no_key=True).get(pk=cut_over.pk)
    held = SourceDocument.objects.for_tenant(cut_over.tenant_id).filter(cut_over.covered, status=_Status.MATCHING)
    is_more = cut_over.is_in_force and held.filter(cut_over_link=None).exists()
    state = _next_run() if is_more else {"status": CutOver.Status.IDLE, "progress": {}}
    conclude(cut_over, counts=counts, **failures.NO_ERROR, **state)


def _compare_and_write(cut_over: CutOver, at_once: int) -> dict[str, Any]:
    if not cut_over.is_dry:
        _hold_back(cut_over)
    with tenant_scope(cut_over.tenant_id):
        documents, records = documents_of(cut_over), records_of(cut_over)
    total = len(documents)
    _say(cut_over, "comparing", 0, total)
    found = match(
        documents,
        records,
        days_apart=cut_over.days_apart,
        step=partial(_say, cut_over, "comparing", total=total),
    )
    with tenant_scope(cut_over.tenant_id):
        kept_open = set(map(str, cut_over.links.filter(is_kept_open=True).values_list("document_id", flat=True)))
    for document in kept_open & set(found.sure):
        found.doubt(document)
    ids, in_ledger = [entry.id for entry in documents], len(records)
    # What was compared takes most of the memory of a run, and writing needs only what was found.
    del documents, records
    if not cut_over.is_dry:
        for done, chunk in _counted(ids, at_once):
            with tenant_scope(cut_over.tenant_id):
                write(cut_over, list(chunk), found)
            _say(cut_over, "writing", done, len(ids))
    counts = _counts(ids, found, records=in_ledger)
    if not cut_over.is_dry:
        with tenant_scope(cut_over.tenant_id):
            counts["states"] = state_counts(cut_over)
    return counts


def _counted(ids: list[str], at_once: int) -> Iterator[tuple[int, tuple[str, ...]]]:
    done = 0
    for start in range(0, len(ids), at_once):
        chunk = tuple(ids[start : start + at_once])
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
    return dict(rows.order_by().values_list("state").annotate(count=Count("pk")))


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
    rows = SourceDocument.objects.for_tenant(cut_over.tenant_id).filter(cut_over.covered)
    return rows.exclude(cut_over_link__state=_State.POST)


def _take_back(document: Any) -> None:
    posting = Posting.objects.for_tenant(document.tenant_id).get(pk=document.posting_id)
    if posting.status != Posting.Status.CANCELLED:
        try:
            cancel_posting(posting)
        except ValidationError:
            return  # It is just leaving: what becomes of it is seen by the next run.
    SourceDocument.objects.filter(pk=document.pk, status=_Status.MAPPED).update(status=_Status.MATCHING)
