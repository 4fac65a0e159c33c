"""The plan of a replay: what would go, what stays and why, how fast, and whether the cause still holds."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db.models import Case, IntegerField, QuerySet, Value, When

from integrations.engine.errors import RejectedError
from integrations.models import Connection, Posting, Replay, ResourcePolicy
from integrations.services import inbox
from integrations.services.connectors import connector_of
from integrations.services.readiness import NotYetError, ready_body

# What others refer to goes first; within a rank the oldest goes first.
_FIRST = ("contacts", "accounts", "items", "invoices", "bills", "credit_notes", "vendor_credits")
_SAMPLE = 20
_SLOWEST, _FASTEST, _UNLIMITED = 1, 600, 120
_MINUTES = 60.0
_LONGEST_WINDOW = 3600.0
# Looking up and reading back take calls too, and ordinary work goes on meanwhile.
_PART_OF_THE_LANE = 0.5

EXCLUSIONS = {
    "outcome_unknown": "their outcome is unknown: the ledger is searched for them, and they are never sent before",
    "cancelled": "they were cancelled meanwhile",
    "not_resting": "they do not rest any more",
    "predecessor": "what has to come before them was refused, rests or was cancelled",
    "covered": "a newer run covers what they were to read",
    "paused": "the connection is paused: resume it first",
    "needs_reauthorisation": "the connection needs to be reconnected first",
    "disconnected": "the connection is disconnected",
    "connecting": "the connection is not finished yet",
    "read_only": "the connection is read only: allow postings first",
    "direction": "nothing may be written to this resource: its direction is read only or off",
}


@dataclass
class Candidates:
    """Ids in the order they would go, and how many stay for which reason."""

    ids: list[UUID] = field(default_factory=list)
    excluded: dict[str, int] = field(default_factory=dict)

    def leave(self, reason: str, count: int) -> None:
        """Leave so many out for this reason."""
        if count:
            self.excluded[reason] = self.excluded.get(reason, 0) + count


def candidates(connection: Connection, kind: str, cause: str, chosen: Collection[UUID] | None = None) -> Candidates:
    """What rests with a cause (or only the `chosen` of it), sifted."""
    rows = inbox.resting(connection.tenant, kind).filter(connection=connection, error_code=cause)
    rows = rows if chosen is None else rows.filter(pk__in=chosen)
    found = Candidates()
    if kind == Replay.Kind.POSTING:
        _leave_what_is_not_resting(found, connection, cause, chosen)
    closed = closed_because(connection, kind)
    if closed:
        found.leave(closed, rows.count())
    elif kind == Replay.Kind.POSTING:
        _sift_postings(found, connection, rows)
    else:
        found.ids = list(rows.order_by("id").values_list("pk", flat=True))
        if kind == Replay.Kind.SYNC:
            # One pull repairs all failed runs of a connection: only the newest is worth repeating.
            found.leave("covered", len(found.ids[:-1]))
            found.ids = found.ids[-1:]
    return found


def closed_because(connection: Connection, kind: str) -> str:
    """Why nothing may go on this connection now; empty when it may."""
    if connection.status != Connection.Status.ACTIVE:
        return str(connection.status)
    return "read_only" if kind == Replay.Kind.POSTING and connection.is_read_only else ""


def _leave_what_is_not_resting(
    found: Candidates, connection: Connection, cause: str, chosen: Collection[UUID] | None
) -> None:
    postings = Posting.objects.for_tenant(connection.tenant_id).filter(connection=connection)
    unknown = postings.filter(status=Posting.Status.UNKNOWN)
    if chosen is None:
        found.leave("outcome_unknown", unknown.filter(error_code=cause).count())
        return
    ticked = postings.filter(pk__in=chosen)
    found.leave("outcome_unknown", ticked.filter(status=Posting.Status.UNKNOWN).count())
    found.leave("cancelled", ticked.filter(status=Posting.Status.CANCELLED).count())
    others = ticked.exclude(status__in=[*inbox.REST, Posting.Status.UNKNOWN, Posting.Status.CANCELLED])
    found.leave("not_resting", others.count())


def _sift_postings(found: Candidates, connection: Connection, rows: "QuerySet[Posting]") -> None:
    policies = ResourcePolicy.objects.for_tenant(connection.tenant_id).filter(connection=connection)
    closed = policies.filter(direction__in=[ResourcePolicy.Direction.READ, ResourcePolicy.Direction.OFF])
    shut = list(closed.values_list("resource", flat=True))
    found.leave("direction", rows.filter(resource__in=shut).count())
    ranks = [When(resource=name, then=Value(rank)) for rank, name in enumerate(_FIRST)]
    rank = Case(*ranks, default=Value(len(_FIRST)), output_field=IntegerField())
    ordered = rows.exclude(resource__in=shut).annotate(rank=rank).order_by("rank", "id")
    waits_for: dict[UUID, UUID | None] = dict(ordered.values_list("pk", "depends_on_id"))
    stuck = _stuck_predecessors(connection, rows.exclude(depends_on=None))
    going = _without_stuck(waits_for, stuck)
    found.leave("predecessor", len(waits_for) - len(going))
    found.ids = list(going)


def _stuck_predecessors(connection: Connection, rows: "QuerySet[Posting]") -> set[UUID]:
    will_not_come = [*inbox.REST, Posting.Status.CANCELLED, Posting.Status.HELD]
    stuck = rows.filter(depends_on__status__in=will_not_come)
    return set(stuck.values_list("depends_on_id", flat=True))


def _without_stuck(waits_for: dict[UUID, UUID | None], stuck: set[UUID]) -> dict[UUID, UUID | None]:
    """Without those whose predecessor is stuck and does not go in this replay itself; the order stays."""
    going = dict(waits_for)
    while True:
        left = [pk for pk, first in going.items() if first in stuck and first not in going]
        if not left:
            return going
        for pk in left:
            del going[pk]


def rate_of(connection: Connection) -> int:
    """How many may go a minute: half of what background work may use of the ledger's limits."""
    policy = connector_of(connection).limits
    windows = [each for each in policy.windows if not each.kinds and each.seconds <= _LONGEST_WINDOW]
    calls = min((each.most * _MINUTES / each.seconds for each in windows), default=float(_UNLIMITED))
    return max(_SLOWEST, min(_FASTEST, int(calls * policy.share("backfill") * _PART_OF_THE_LANE)))


def warnings_of(connection: Connection, kind: str, cause: str, ids: Sequence[UUID]) -> list[str]:
    """Whether what is known before the ledger is asked still stands in the way; the oldest few are looked at."""
    if kind != Replay.Kind.POSTING or not ids:
        return []
    rows = Posting.objects.for_tenant(connection.tenant_id).filter(pk__in=ids[:_SAMPLE])
    sample: list[Any] = list(rows.select_related("connection", "depends_on").order_by("id"))
    told = [reason for posting in sample if (reason := _refused_beforehand(posting))]
    if not told:
        return []
    of_how_many = f"{len(told)} of the {len(sample)} looked at" if len(sample) > 1 else "It"
    same = "The cause still holds" if any(code == cause for code, _ in told) else "Something else stands in the way"
    sentences = list(dict.fromkeys(text for _, text in told))
    return [f"{same}: {of_how_many} would be refused again.", *sentences[:3]]


def _refused_beforehand(posting: Posting) -> tuple[str, str] | None:
    try:
        ready_body(posting)
    except NotYetError:
        return None
    except RejectedError as error:
        return error.code, f"{error} {error.remedy or ''}".strip()
    return None
