"""Stored records laid over anew when the expressions in force have changed: from what is stored, without the ledger.

The rows themselves tell what is left: those whose print is not the one in force. A killed worker goes on there. A page
that was being stored while the expressions changed is met by a last look some minutes later.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import orjson
from django.db import connection as database
from django.db.models import Q, QuerySet
from django.utils import timezone

from integrations.engine import jsontext
from integrations.engine.overlay import MARKS, declared, laid_over
from integrations.models import Connection, LedgerRecord, Rereading
from integrations.services import failures
from integrations.services.overlays import Applier, Overlay, evaluator_for, masked, overlay_of
from integrations.services.work import LeaseLostError, claim, conclude, keep, release
from integrations.unified.summary import summarise
from tenants.models import User
from tenants.rls import tenant_scope

AT_ONCE = 200
_LAST_LOOK = timedelta(minutes=10)
_BUSY = (Rereading.Status.QUEUED, Rereading.Status.RUNNING)

_STORED = """
SELECT r.id, r.unified::text, r.raw::text, r.content_hash, r.overlay FROM integrations_ledgerrecord r
WHERE r.tenant_id = %(tenant)s AND r.connection_id = %(connection)s AND r.resource = %(resource)s
  AND r.deleted_at IS NULL AND r.overlay <> %(print)s ORDER BY r.id LIMIT %(most)s
"""
# A row that a sync stored meanwhile is another one, and has its own print.
_STORE = """
UPDATE integrations_ledgerrecord AS r SET
  unified = p.unified, content_hash = p.content_hash, overlay = %(print)s, name = p.name, number = p.number,
  contact_id_external = p.contact_id, contact_name = p.contact_name, due_on = p.due_on::date, kind = p.kind,
  is_active = p.is_active, search = p.search
FROM jsonb_to_recordset(%(rows)s::jsonb) AS p(id uuid, was text, content_hash text, unified jsonb, name text,
  number text, contact_id text, contact_name text, due_on text, kind text, is_active boolean, search text)
WHERE r.id = p.id AND r.content_hash = p.was AND r.tenant_id = %(tenant)s
"""


def request_rereading(*, connection: Connection, resource: str, by: User | None = None) -> Rereading:
    """Ask for the stored records of a resource to be laid over anew, in the caller's transaction."""
    fresh: dict[str, Any] = {
        "status": Rereading.Status.QUEUED, "available_at": timezone.now(), "requested_by": by, "done": 0, "changed": 0,
        "failed": 0, "attempts": 0, "total": _left(connection, resource).count(), "is_last_look": False,
        "finished_at": None, "lease_until": None, **failures.NO_ERROR,
    }  # fmt: skip
    row, _ = Rereading.objects.get_or_create(
        connection=connection, resource=resource, defaults={"tenant_id": connection.tenant_id}
    )
    # The fence moves: a worker that still lays over what was in force before stops.
    Rereading.objects.for_tenant(connection.tenant_id).filter(pk=row.pk).update(fence=row.fence + 1, **fresh)
    row.refresh_from_db()
    return row


def reread(tenant_id: UUID | str, rereading_id: UUID | str) -> Rereading | None:
    """The worker's use case: in transactions of a few hundred rows; None when there was nothing to take."""
    with tenant_scope(tenant_id):
        row = claim(Rereading, tenant_id=tenant_id, row_id=rereading_id, statuses=_BUSY)
        if row is None:
            return None
        _ = row.connection
        keep(row, status=Rereading.Status.RUNNING, attempts=row.attempts + 1)
    try:
        with evaluator_for(tenant_id) as evaluator:
            applier: Applier | None = None
            is_done = False
            while not is_done:
                with tenant_scope(tenant_id):
                    overlay = overlay_of(row.connection, row.resource)
                    if overlay and (applier is None or applier.overlay.print != overlay.print):
                        applier = Applier(overlay, evaluator)
                    is_done = _some(row, overlay, applier if overlay else None)
        _end(row)
    except LeaseLostError:
        return row
    except Exception as error:
        with tenant_scope(tenant_id):
            conclude(row, status=Rereading.Status.FAILED, **failures.of_bug(error))
        raise
    return row


def _end(row: Rereading) -> None:
    with tenant_scope(row.tenant_id):
        if row.is_last_look:
            conclude(row, status=Rereading.Status.DONE)
        else:
            release(row, wait=_LAST_LOOK, status=Rereading.Status.QUEUED, is_last_look=True)


def _left(connection: Connection, resource: str) -> "QuerySet[LedgerRecord]":
    overlay = overlay_of(connection, resource)
    rows = LedgerRecord.objects.for_tenant(connection.tenant_id).of(connection, resource)
    return rows.filter(~Q(overlay=overlay.print if overlay else ""))


@dataclass(frozen=True)
class _Stored:
    """One row as it is stored, its JSON as text."""

    id: UUID
    unified: str
    raw: str
    digest: str
    print: str


def _some(row: Rereading, overlay: Overlay | None, applier: Applier | None) -> bool:
    """Lay over the next rows; true when there are no more."""
    named: dict[str, Any] = {"tenant": row.tenant_id, "connection": row.connection_id, "resource": row.resource}
    print_ = overlay.print if overlay else ""
    with database.cursor() as cursor:
        cursor.execute(_STORED, {**named, "print": print_, "most": AT_ONCE})
        stored = [_Stored(*each) for each in cursor.fetchall()]
        laid = [_laid(each, row.resource, print_, applier) for each in stored]
        if laid:
            rows = orjson.dumps(laid, default=_plain).decode()
            cursor.execute(_STORE, {**named, "print": print_, "rows": rows})
    failed = sum(any("error" in mark for mark in each["unified"].get(MARKS, ())) for each in laid)
    changed = sum(each.pop("is_changed") for each in laid)
    keep(row, done=row.done + len(laid), changed=row.changed + changed, failed=row.failed + failed)
    return len(stored) < AT_ONCE


def _laid(stored: _Stored, resource: str, print_: str, applier: Applier | None) -> dict[str, Any]:
    before = jsontext.loads(stored.unified)
    unified = declared(before)
    if applier is not None:
        told = orjson.dumps(unified, default=_plain)
        unified = laid_over(resource, unified, applier.results(told, stored.raw.encode()))
    shown = summarise(resource, unified)
    words = (shown.number, shown.name, shown.contact_name, unified.get("email"), unified.get("memo"))
    return {
        "id": stored.id,
        "was": stored.digest,
        "content_hash": masked(masked(stored.digest, stored.print), print_),
        "unified": unified,
        "name": shown.name[:300],
        "number": shown.number[:100],
        "contact_id": shown.contact_id[:100],
        "contact_name": shown.contact_name[:300],
        "due_on": shown.due_on,
        "kind": shown.kind[:40],
        "is_active": shown.is_active,
        "search": " ".join(str(word) for word in words if word).lower(),
        "is_changed": unified != before,
    }


def _plain(value: Any) -> str:
    return str(value)


def rereadings(connection: Connection, resources: Sequence[str]) -> list[Rereading]:
    """Those of these resources, for pages that show how far they are."""
    rows = Rereading.objects.for_tenant(connection.tenant_id).filter(connection=connection, resource__in=resources)
    return list(rows.order_by("resource"))
