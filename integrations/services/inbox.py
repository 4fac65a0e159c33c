"""The failure inbox: everything that rests with an error, grouped by its root cause."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Count, Exists, F, Max, OuterRef, QuerySet, Window
from django.db.models.functions import RowNumber
from django.utils import timezone

from integrations.models import Connection, Fetch, Posting, Replay, SyncRun, WebhookEvent
from integrations.services.health import unresolved_failures
from tenants.models import Tenant

EXAMPLES = 5
UNKNOWN = "unknown"
"""The kind of group whose postings are looked up in the ledger and never sent again before that."""

HELD = "held"
"""The kind of group whose postings ask something: they go on, or not, once somebody has answered."""

REST: tuple[Posting.Status, ...] = (Posting.Status.REJECTED, Posting.Status.RESTING)
# A question that nobody has asked again for so long is of no interest any more.
_QUESTIONS_KEPT = timedelta(days=7)
_ORDER = ("connection", Replay.Kind.SYNC, HELD, Replay.Kind.POSTING, UNKNOWN, Replay.Kind.EVENT, Replay.Kind.FETCH)


@dataclass(frozen=True)
class FailureGroup:
    """One cause: `kind` is connection, held, unknown or a kind of replay; `count` rows rest, `examples` the newest."""

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

    @property
    def choices(self) -> list[dict[str, str]]:
        """What may be answered, of the newest that offers most; nothing for a kind that asks nothing."""
        asked: list[list[dict[str, str]]] = [
            row.question.get("choices", []) for row in self.examples if self.kind == HELD
        ]
        return max(asked, key=len, default=[])


def failure_groups(tenant: Tenant) -> list[FailureGroup]:
    """What needs somebody, the causes that stop most first; a number of queries that does not depend on the rows."""
    groups = [*_broken_connections(tenant)]
    for kind in _ORDER[1:]:
        groups += _grouped(kind, resting(tenant, kind))
    return sorted(groups, key=lambda group: (_ORDER.index(group.kind), -group.count))


def failure_count(tenant: Tenant) -> int:
    """How many rows the inbox stands for: broken connections, and all that rests with a cause."""
    broken = Connection.objects.for_tenant(tenant).filter(status=Connection.Status.NEEDS_REAUTHORISATION)
    # Every page shows the number: one query for all kinds.
    others = [resting(tenant, kind).order_by().values("pk") for kind in _ORDER[1:]]
    return broken.order_by().values("pk").union(*others, all=True).count()


def resting(tenant: Tenant, kind: str) -> "QuerySet[Any]":
    """What rests with an error, of one kind of work; nothing for a kind that is none."""
    return _RESTING[kind](tenant) if kind in _RESTING else Posting.objects.none()


def failed_runs(tenant: Tenant) -> "QuerySet[SyncRun]":
    """Failed runs that no later success of their connection has made good."""
    alive = Connection.objects.for_tenant(tenant).exclude(status=Connection.Status.DISCONNECTED)
    return unresolved_failures().filter(tenant=tenant, connection__in=alive)


def _resting_postings(tenant: Tenant) -> "QuerySet[Posting]":
    return Posting.objects.for_tenant(tenant).filter(status__in=REST)


def _unknown_postings(tenant: Tenant) -> "QuerySet[Posting]":
    return Posting.objects.for_tenant(tenant).filter(status=Posting.Status.UNKNOWN)


def _held_postings(tenant: Tenant) -> "QuerySet[Posting]":
    return Posting.objects.for_tenant(tenant).filter(status=Posting.Status.HELD)


def _failed_events(tenant: Tenant) -> "QuerySet[WebhookEvent]":
    return WebhookEvent.objects.for_tenant(tenant).filter(status=WebhookEvent.Status.FAILED)


def _failed_questions(tenant: Tenant) -> "QuerySet[Fetch]":
    rows: QuerySet[Fetch] = Fetch.objects.filter(tenant=tenant)
    same = rows.filter(connection=OuterRef("connection"), kind=OuterRef("kind"), params=OuterRef("params"))
    later = same.filter(pk__gt=OuterRef("pk"))
    recent = rows.filter(status=Fetch.Status.FAILED, created_at__gt=timezone.now() - _QUESTIONS_KEPT)
    return recent.filter(~Exists(later))


_RESTING: dict[str, Any] = {
    Replay.Kind.SYNC: failed_runs,
    HELD: _held_postings,
    Replay.Kind.POSTING: _resting_postings,
    UNKNOWN: _unknown_postings,
    Replay.Kind.EVENT: _failed_events,
    Replay.Kind.FETCH: _failed_questions,
}


def group_of(tenant: Tenant, key: str) -> FailureGroup | None:
    """The group that a key names, while something rests in it."""
    kind, rows = rows_of(tenant, key)
    return next(iter(_grouped(kind, rows)), None)


def rows_of(tenant: Tenant, key: str) -> tuple[str, "QuerySet[Any]"]:
    """The kind and the rows of a group's `key`, oldest first; nothing for a key that is not one."""
    kind, _, rest = key.partition(":")
    connection_id, _, error_code = rest.partition(":")
    rows = resting(tenant, kind)
    try:
        wanted = UUID(connection_id)
    except ValueError:
        return kind, rows.none()
    return kind, rows.filter(connection_id=wanted, error_code=error_code).order_by("id")


def _broken_connections(tenant: Tenant) -> Iterable[FailureGroup]:
    rows = Connection.objects.for_tenant(tenant).filter(status=Connection.Status.NEEDS_REAUTHORISATION)
    for row in rows:
        code = str(row.error.get("code", "reauthorisation_needed"))
        yield FailureGroup("connection", row, code, 1, None, row.error, [])


def _grouped(kind: str, rows: "QuerySet[Any]") -> Iterable[FailureGroup]:
    counts = rows.order_by().values("connection_id", "error_code").annotate(count=Count("pk"), latest=Max("created_at"))
    totals = {(row["connection_id"], row["error_code"]): (row["count"], row["latest"]) for row in counts}
    if not totals:
        return
    newest = Window(RowNumber(), partition_by=["connection_id", "error_code"], order_by=F("id").desc())
    ranked = rows.select_related("connection").annotate(rank=newest).filter(rank__lte=EXAMPLES).order_by("-id")
    examples: dict[tuple[UUID, str], list[Any]] = {}
    for row in ranked:
        examples.setdefault((row.connection_id, row.error_code), []).append(row)
    for cause, found in examples.items():
        count, latest = totals[cause]
        yield FailureGroup(kind, found[0].connection, cause[1], count, latest, found[0].error, found)
