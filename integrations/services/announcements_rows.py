"""Claims on many events at once: like `work`, each write goes over the fence that its claim raised."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import orjson
from django.db import connection as database
from django.db.models import QuerySet
from django.utils import timezone

from integrations.models import WebhookEvent
from integrations.services.work import LeaseLostError, lease
from tenants.models import User

_WRITE = """
UPDATE integrations_webhookevent e SET {columns}
FROM jsonb_to_recordset(%(rows)s::jsonb) AS p(id uuid, tenant_id uuid, fence int)
WHERE e.id = p.id AND e.tenant_id = p.tenant_id AND e.fence = p.fence
"""


def keep(events: Sequence[WebhookEvent]) -> None:
    """Stay the holder of these events; LeaseLostError when another worker took one over."""
    if _write(events, {"lease_until": timezone.now() + lease()}) < len(events):
        raise LeaseLostError("These announcements were taken over.")


def conclude(events: Sequence[WebhookEvent], *, status: str, **changes: Any) -> int:
    """The last word on events; those that are no longer ours are left alone."""
    named = {"error_code": "", "error": {}, **changes}
    return _write(events, {"status": status, "lease_until": None, "finished_at": timezone.now(), **named})


def put_back(events: Sequence[WebhookEvent], *, wait: timedelta, more_attempts: int, **changes: Any) -> int:
    """Give events back, to be taken again after `wait`."""
    columns = {"lease_until": None, "available_at": timezone.now() + wait, **changes}
    return _write(events, columns, more_attempts=more_attempts)


def _write(events: Sequence[WebhookEvent], columns: dict[str, Any], *, more_attempts: int = 0) -> int:
    if not events:
        return 0
    rows = [{"id": event.pk, "tenant_id": event.tenant_id, "fence": event.fence} for event in events]
    values = {name: _json(value) if isinstance(value, dict) else value for name, value in columns.items()}
    # Names of columns are words of this module and of `failures`, never of a person or a ledger.
    written = [*(f"{name} = %({name})s" for name in values), "attempts = e.attempts + %(more_attempts)s"]
    told = {**values, "more_attempts": more_attempts, "rows": _json(rows)}
    with database.cursor() as cursor:
        cursor.execute(_WRITE.format(columns=", ".join(written)), told)
        return int(cursor.rowcount)


def _json(value: Any) -> str:
    return orjson.dumps(value, default=str).decode()


def replay_events(rows: "QuerySet[WebhookEvent]", *, requested_by: User) -> int:
    """Let failed events of a tenant's queryset be read again, with all their attempts before them; how many."""
    failed = rows.filter(status=WebhookEvent.Status.FAILED)
    return failed.update(
        status=WebhookEvent.Status.PENDING,
        attempts=0,
        available_at=timezone.now(),
        lease_until=None,
        finished_at=None,
        requested_by=requested_by,
    )
