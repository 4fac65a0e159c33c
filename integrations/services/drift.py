"""Drift: documents that the portal wrote and that somebody changed, voided or deleted in the ledger since.

A record asks to be compared by its content having moved, whoever stored it (sync, webhook, read-back), so nothing is
missed when a worker dies, and nothing is looked at twice.
"""

from collections.abc import Collection, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db.models import Case, Exists, F, OuterRef, Value, When
from django.db.models.fields.json import KT
from django.utils import timezone

from integrations.engine.deviations import Deviation, deviations
from integrations.engine.overlay import declared
from integrations.models import Connection, Discrepancy, LedgerRecord, Posting, ResourcePolicy
from integrations.models.record import DELETED, TO_COMPARE
from integrations.services import baselines
from integrations.services.baselines import ORIGIN
from integrations.services.discrepancies import Finding, report_all, resolve_gone
from tenants.rls import tenant_scope

Kind = Discrepancy.Kind

_AT_ONCE = 500
_UNDER_WAY = (Posting.Status.PENDING, Posting.Status.SENT, Posting.Status.UNKNOWN, Posting.Status.HELD)
_REFUSED = (Posting.Status.REJECTED, Posting.Status.CANCELLED)
_UNDONE = (Posting.Operation.VOID, Posting.Operation.DELETE)
# How long a re-push may take before nobody expects its refusal any more.
_REPUSH_DAYS = timedelta(days=60)


def look(connection: Connection) -> int:
    """Compare what has moved since it was last compared, in transactions of its own; returns how many differ."""
    found = 0
    with tenant_scope(connection.tenant_id):
        _reopen_refused(connection)
    while True:
        with tenant_scope(connection.tenant_id):
            rows = _moved(connection)
            found += _compare(connection, rows)
            if len(rows) < _AT_ONCE:
                return found


def key_of(record_id: UUID) -> str:
    """What names the drift of a record."""
    return f"drift:{record_id}"


def _moved(connection: Connection) -> list[LedgerRecord]:
    rows = LedgerRecord.objects.for_tenant(connection.tenant_id).filter(TO_COMPARE, connection=connection)
    # Our own change on its way: its answer will say what is agreed.
    writes = Posting.objects.for_tenant(connection.tenant_id).annotate(about=KT("body__external_id"))
    ours = writes.filter(
        connection=connection,
        status__in=_UNDER_WAY,
        resource=OuterRef("resource"),
        about=OuterRef("external_id"),
    )
    waiting = rows.filter(~Exists(ours), baseline__isnull=False).select_related("baseline", "baseline__posting")
    return list(waiting.select_for_update(of=("self",), skip_locked=True).order_by("id")[:_AT_ONCE])


def _compare(connection: Connection, rows: Sequence[LedgerRecord]) -> int:
    if not rows:
        return 0
    told = {row.pk: deviation(row) for row in rows}
    told = _without_our_own(connection, told)
    truths = _truths(connection)
    findings = [finding(row, *told[row.pk], truth=truths.get(row.resource, "")) for row in rows if told[row.pk][0]]
    report_all(connection=connection, findings=findings)
    differing = {each.key for each in findings}
    resolve_gone(connection=connection, keys=[key for row in rows if (key := key_of(row.pk)) not in differing])
    now = Case(When(deleted_at__isnull=True, then=F("content_hash")), default=Value(DELETED))
    same = LedgerRecord.objects.for_tenant(connection.tenant_id).filter(pk__in=[row.pk for row in rows])
    same.update(compared_hash=now)
    return len(findings)


Told = tuple[str, list[Deviation]]


def deviation(row: LedgerRecord) -> Told:
    """(kind, deviations) of a written record against its baseline; no kind where there is nothing to say."""
    # What an override makes of it is ours, not the ledger's.
    baseline, found_now = row.baseline, declared(row.unified)
    if row.deleted_at is not None:
        return Kind.DELETED, [Deviation("", "The document", "in the ledger", "deleted")]
    was, status = (each.get("status") or "" for each in (baseline.state, found_now))
    if status == "void" != was:
        return Kind.VOIDED, [Deviation("status", "Status", was.replace("_", " "), "void")]
    found = deviations(row.resource, baseline.body, baseline.state, found_now)
    return (Kind.DRIFT, found) if found else ("", [])


def finding(row: LedgerRecord, kind: str, found: Sequence[Deviation], *, truth: str) -> Finding:
    """The discrepancy of a record."""
    return Finding(
        kind=kind,
        key=key_of(row.pk),
        resource=row.resource,
        record=row,
        posting=row.baseline.posting,
        differences=[each.as_dict() for each in found],
        proposal=_proposal(kind, is_ours=truth == ResourcePolicy.Truth.SOURCE),
    )


def _proposal(kind: str, *, is_ours: bool) -> dict[str, Any]:
    if not is_ours:
        return {"action": "accept", "text": "Accept what the ledger says now."}
    again = "Send ours to the ledger again." if kind == Kind.DRIFT else "Create the document in the ledger again."
    return {"action": "repush", "text": again}


def _truths(connection: Connection) -> dict[str, str]:
    rows = ResourcePolicy.objects.for_tenant(connection.tenant_id).filter(connection=connection)
    return dict(rows.values_list("resource", "source_of_truth"))


def _without_our_own(connection: Connection, told: dict[UUID, Told]) -> dict[UUID, Told]:
    """A payment loses what it was applied to when we take that document back ourselves: that is no drift."""
    applied = {each.field for _, found in told.values() for each in found if each.field.startswith("allocations.")}
    if not applied:
        return told
    undone = _undone(connection, {field.partition(".")[2] for field in applied})
    kept = {key: (kind, [each for each in found if each.field not in undone]) for key, (kind, found) in told.items()}
    return {key: (kind if found else "", found) for key, (kind, found) in kept.items()}


def _undone(connection: Connection, ids: Collection[str]) -> set[str]:
    rows = Posting.objects.for_tenant(connection.tenant_id).filter(
        connection=connection, operation__in=_UNDONE, status=Posting.Status.POSTED, external_id__in=list(ids)
    )
    return {f"allocations.{key}" for key in rows.values_list("external_id", flat=True)}


def _reopen_refused(connection: Connection) -> None:
    """What was sent again and refused is open again: nothing has changed in the ledger."""
    sent = Posting.objects.for_tenant(connection.tenant_id).filter(origin_kind=ORIGIN, origin_id=OuterRef("pk"))
    rows = Discrepancy.objects.for_tenant(connection.tenant_id).filter(
        Exists(sent.filter(status__in=_REFUSED)),
        ~Exists(sent.exclude(status__in=_REFUSED)),
        connection=connection,
        status=Discrepancy.Status.REPUSHED,
        decided_at__gt=timezone.now() - _REPUSH_DAYS,
    )
    others = Discrepancy.objects.for_tenant(connection.tenant_id).filter(connection=connection, key=OuterRef("key"))
    for row in rows.filter(~Exists(others.open())).select_related("record").order_by("id")[:_AT_ONCE]:
        refused = list(Posting.objects.for_tenant(connection.tenant_id).of_origin(ORIGIN, row.pk).order_by("id"))
        baselines.take_back(row)
        Discrepancy.objects.filter(pk=row.pk).update(
            status=Discrepancy.Status.OPEN, decided_by=None, decided_at=None, reason=_refusal(refused)
        )


def _refusal(refused: Sequence[Posting]) -> str:
    last = refused[-1]
    words = " ".join(str(part) for part in ("Sending it again was refused.", last.error.get("message")) if part)
    taken = sum(each.error_code == baselines.NUMBER_TAKEN for each in refused)
    number = str(last.body.get("number") or "")
    if last.error_code != baselines.NUMBER_TAKEN or not number:
        return words[:500]
    first = str(refused[0].body.get("number") or "")
    return f"{words[:380]} Sent once more, it gets the number {baselines.next_number(first, taken)}."[:500]


__all__ = ["deviation", "finding", "key_of", "look"]
