"""The failure inbox: everything that rests with an error, grouped by its root cause."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Count, Max, QuerySet

from integrations.models import Connection, Posting, SyncRun, WebhookEvent
from integrations.services.health import unresolved_failures
from tenants.models import Tenant

EXAMPLES = 5
_STUCK = (Posting.Status.REJECTED, Posting.Status.UNKNOWN)


@dataclass(frozen=True)
class FailureGroup:
    """One cause: `count` rows rest because of it, `examples` are the newest.

    `kind` is connection, sync, posting or webhook_event.
    """

    kind: str
    connection: Connection
    error_code: str
    count: int
    latest_at: datetime | None
    error: dict[str, Any]
    examples: list[Any]

    @property
    def key(self) -> str:
        """Names the group in an address."""
        return f"{self.kind}:{self.connection.pk}:{self.error_code}"


def failure_groups(tenant: Tenant) -> list[FailureGroup]:
    """What needs somebody, the causes that stop most first; a number of queries that does not depend on the rows."""
    groups = [*_broken_connections(tenant), *_sync_groups(tenant), *_posting_groups(tenant), *_event_groups(tenant)]
    order = {"connection": 0, "sync": 1, "posting": 2, "webhook_event": 3}
    return sorted(groups, key=lambda group: (order[group.kind], -group.count))


def failure_count(tenant: Tenant) -> int:
    """How many rows the inbox stands for: connections, runs, postings and events that need somebody."""
    broken = Connection.objects.for_tenant(tenant).filter(status=Connection.Status.NEEDS_REAUTHORISATION).count()
    # Asked for by every page: two of the counts are one question.
    postings, events = stuck_postings(tenant).order_by().values("pk"), failed_events(tenant).order_by().values("pk")
    return broken + failed_runs(tenant).count() + postings.union(events, all=True).count()


def failed_runs(tenant: Tenant) -> "QuerySet[SyncRun]":
    """Failed runs that no later success of their connection has made good."""
    alive = Connection.objects.for_tenant(tenant).exclude(status=Connection.Status.DISCONNECTED)
    return unresolved_failures().filter(tenant=tenant, connection__in=alive)


def stuck_postings(tenant: Tenant) -> "QuerySet[Posting]":
    """Postings that the ledger refused, and those whose outcome nobody knows yet."""
    return Posting.objects.for_tenant(tenant).filter(status__in=_STUCK)


def failed_events(tenant: Tenant) -> "QuerySet[WebhookEvent]":
    """Announced changes that could not be read."""
    alive = Connection.objects.for_tenant(tenant).exclude(status=Connection.Status.DISCONNECTED)
    return WebhookEvent.objects.for_tenant(tenant).filter(status=WebhookEvent.Status.FAILED, connection__in=alive)


def rows_of(tenant: Tenant, key: str) -> tuple[str, "QuerySet[Any]"]:
    """The kind and the rows of a group's `key`, oldest first; nothing for a key that is not one."""
    kind, _, rest = key.partition(":")
    connection_id, _, error_code = rest.partition(":")
    of_kind: dict[str, Callable[[Tenant], QuerySet[Any]]] = {
        "sync": failed_runs,
        "posting": stuck_postings,
        "webhook_event": failed_events,
    }
    rows = of_kind.get(kind, stuck_postings)(tenant)
    try:
        wanted = UUID(connection_id)
    except ValueError:
        return kind, rows.none()
    if kind not in of_kind:
        return kind, rows.none()
    return kind, rows.filter(connection_id=wanted, error_code=error_code).order_by("id")


def _broken_connections(tenant: Tenant) -> Iterable[FailureGroup]:
    rows = Connection.objects.for_tenant(tenant).filter(status=Connection.Status.NEEDS_REAUTHORISATION)
    for row in rows:
        code = str(row.error.get("code", "reauthorisation_needed"))
        yield FailureGroup("connection", row, code, 1, None, row.error, [])


def _sync_groups(tenant: Tenant) -> Iterable[FailureGroup]:
    return _grouped("sync", failed_runs(tenant), "finished_at")


def _posting_groups(tenant: Tenant) -> Iterable[FailureGroup]:
    return _grouped("posting", stuck_postings(tenant), "created_at")


def _event_groups(tenant: Tenant) -> Iterable[FailureGroup]:
    return _grouped("webhook_event", failed_events(tenant), "finished_at")


def _grouped(kind: str, rows: "QuerySet[Any]", when: str) -> Iterable[FailureGroup]:
    counts = rows.order_by().values("connection_id", "error_code").annotate(count=Count("pk"), latest=Max(when))
    totals = {(row["connection_id"], row["error_code"]): (row["count"], row["latest"]) for row in counts}
    newest = rows.select_related("connection").order_by("-id")[: EXAMPLES * 100]
    examples: dict[tuple[UUID, str], list[Any]] = {}
    for row in newest:
        examples.setdefault((row.connection_id, row.error_code), []).append(row)
    for cause, found in examples.items():
        count, latest = totals[cause]
        yield FailureGroup(kind, found[0].connection, cause[1], count, latest, found[0].error, found[:EXAMPLES])
