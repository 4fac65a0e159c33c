"""When each resource of a connection is next asked for changes, and which are due: the rule of `engine.rhythm` on rows.

A run that came to its end writes down how much it found, from that how often the resource changes, and from that when
it is due again. A scheduled run takes only what is due. The connection's `next_sync_at` is the earliest of them.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

from django.utils import timezone
from django.utils.dateparse import parse_datetime

from integrations.engine.declarations import Connector
from integrations.engine.rhythm import LONGEST_MINUTES, Subject, average, next_due
from integrations.models import Connection, SyncCursor, SyncRun
from integrations.services import leases, policies, silence
from integrations.services.connectors import connector_of, has_change_feed, tells_deleted, tells_modified
from integrations.services.planning import FULL
from integrations.services.policies import Policy

# What is due within this time goes along with what is due now.
TOGETHER = timedelta(minutes=2)
_HOUR, _LONG_SECONDS = 3600.0, 3600.0


@dataclass(frozen=True)
class Rhythm:
    """How often one resource is asked for, for its page."""

    resource: str
    changes_per_hour: float
    read_at: datetime | None
    due_at: datetime | None


def due_resources(connection: Connection, now: datetime) -> list[str]:
    """What a scheduled run takes now; everything that is read, when something asked for a look before it was due."""
    connector, cursors = connector_of(connection), _cursors(connection)
    wanted = policies.read_resources(connection)
    due = [name for name in wanted if _is_due(cursors.get(name), now + TOGETHER)]
    feed = [name for name in wanted if is_asked_together(connector, name)]
    if set(due) & set(feed):
        # One question covers them all: who goes along costs nothing.
        due = [name for name in wanted if name in due or name in feed]
    return due or [name for name in wanted if _is_told(connector, name)] or wanted


def _is_told(connector: Connector, resource: str) -> bool:
    if connector.changes is not None:
        return has_change_feed(connector, resource)
    return tells_modified(connector, resource)


def _is_due(cursor: SyncCursor | None, moment: datetime) -> bool:
    return cursor is None or cursor.full_synced_at is None or cursor.due_at is None or cursor.due_at <= moment


def settle(run: SyncRun) -> datetime:
    """After a run that came to its end: rates and due times; returns when the connection is next due.

    Inside the tenant's scope, with the run's cursors moved already.
    """
    connection, now = run.connection, timezone.now()
    silence.judge(run)
    connection.refresh_from_db(fields=["webhook_at", "webhook_silent_at", "sync_minutes"])
    cursors = _cursors(connection)
    asked = [name for name, state in run.progress.items() if state["is_done"] and name in cursors]
    for name in asked:
        cursors[name].changes_per_hour = _rate(cursors[name], run.progress[name], now)
    return _write(connection, cursors, asked, now)


def replan(connection: Connection) -> datetime:
    """Count every resource's pause anew, from when it was last read: somebody changed how often is wanted."""
    cursors = _cursors(connection)
    now = timezone.now()
    due = next_due(subjects(connection, cursors), now=now, calls_per_hour=calls_per_hour(connection))
    for name, cursor in cursors.items():
        if cursor.due_at is not None and name in due:
            cursor.due_at = max(now, cursor.changed_through + (due[name] - now))
    SyncCursor.objects.bulk_update(list(cursors.values()), ["due_at"])
    return _first_due(connection, cursors, now)


def change_policies(*, connection: Connection, wanted: Sequence[Policy]) -> list[Policy]:
    """Keep what is wanted of resources, and plan anew by it; returns what was changed. ValidationError in words."""
    changed = policies.set_policies(connection=connection, wanted=wanted)
    due_at = replan(connection)
    rows = Connection.objects.for_tenant(connection.tenant_id).filter(pk=connection.pk)
    # What begins to be read has made the connection due already; a plan never puts that off.
    rows.filter(next_sync_at__gt=due_at).update(next_sync_at=due_at)
    return changed


def _write(connection: Connection, cursors: Mapping[str, SyncCursor], asked: Iterable[str], now: datetime) -> datetime:
    due = next_due(subjects(connection, cursors), now=now, calls_per_hour=calls_per_hour(connection))
    changed = [cursors[name] for name in asked]
    for cursor in changed:
        cursor.due_at = due.get(cursor.resource)
    SyncCursor.objects.bulk_update(changed, ["due_at", "changes_per_hour"])
    return _first_due(connection, cursors, now)


def _first_due(connection: Connection, cursors: Mapping[str, SyncCursor], now: datetime) -> datetime:
    wanted = policies.read_resources(connection)
    # What could not be read yet is tried again with the connection's own pause.
    later = now + timedelta(minutes=connection.sync_minutes)
    moments = [cursor.due_at for name in wanted if (cursor := cursors.get(name)) and cursor.due_at is not None]
    return min([*moments, later] if len(moments) < len(wanted) else moments, default=later)


def rhythms(connection: Connection) -> dict[str, Rhythm]:
    """How often each resource is asked for, by what is known of it."""
    return {
        name: Rhythm(name, cursor.changes_per_hour, cursor.changed_through, cursor.due_at)
        for name, cursor in _cursors(connection).items()
    }


# What the rule is told ---------------------------------------------------------------------------------------------


def subjects(connection: Connection, cursors: Mapping[str, SyncCursor]) -> list[Subject]:
    """What is asked for of a connection, question by question."""
    wishes = policies.all_of(connection)
    return questions(
        connector_of(connection),
        rates={
            name: cursors[name].changes_per_hour if name in cursors else 0.0
            for name in policies.read_resources(connection)
        },
        own={name: wish.sync_minutes for name, wish in wishes.items()},
        announced=silence.announced(connection),
        longest=connection.sync_minutes,
    )


def questions(
    connector: Connector,
    *,
    rates: Mapping[str, float],
    longest: float,
    own: Mapping[str, int | None] = MappingProxyType({}),
    announced: frozenset[str] = frozenset(),
) -> list[Subject]:
    """Resources (with their changes per hour) as questions: those of a change feed share one."""
    single = [
        Subject(
            names=(name,),
            changes_per_hour=rate,
            calls=calls_of(connector, name),
            # What tells no changes is read whole, once a day, beside what does.
            at_most=float(longest) if _is_told(connector, name) else LONGEST_MINUTES,
            own=own.get(name),
            is_announced=name in announced,
        )
        for name, rate in rates.items()
    ]
    fed = [subject for subject in single if is_asked_together(connector, subject.names[0])]
    # A survey says which kinds changed, and a list of deletions what is gone.
    calls = 1 if connector.changes is not None or connector.deletions is None else 2
    return [*([_together(fed, calls)] if fed else []), *(subject for subject in single if subject not in fed)]


def _together(fed: list[Subject], calls: int) -> Subject:
    """One question for all of them, as often as the most wanted of them is."""
    quiet = [subject.changes_per_hour for subject in fed if not subject.is_announced]
    own = [subject.own for subject in fed if subject.own is not None]
    return Subject(
        names=tuple(name for subject in fed for name in subject.names),
        changes_per_hour=sum(quiet),
        calls=calls,
        at_most=fed[0].at_most,
        own=min(own) if own else None,
        is_announced=not quiet,
    )


def is_asked_together(connector: Connector, resource: str) -> bool:
    """Whether one question tells which of several resources changed: a change feed, or a survey over their kinds."""
    entities = connector.resources[resource].entities.values()
    return has_change_feed(connector, resource) or all(each.paging.survey_statement for each in entities)


def calls_of(connector: Connector, resource: str) -> float:
    """What asking for the changes of a resource costs at least."""
    entities = connector.resources[resource].entities.values()
    # Deletions that nothing tells of show in the ledger's own count, where it has one; the newest record brings it.
    is_counted = tells_modified(connector, resource) and not tells_deleted(connector, resource)
    counted = [each for each in entities if each.paging.can_count and not each.paging.tells_newest]
    return float(len(entities) + (len(counted) if is_counted else 0))


def calls_per_hour(connection: Connection) -> float | None:
    """What the ledger's long limits leave for an hour; None where no long limit is declared. Inside the scope."""
    scope = leases.own(connection, connector_of(connection).limits)
    long = [window for window in scope.policy.windows if window.seconds >= _LONG_SECONDS and not window.kinds]
    if not long:
        return None
    usage = scope.usage()
    left = []
    for window in long:
        count = usage.counts.get(window)
        free = window.most * (1 - window.reserve) - (count.used if count else 0)
        left.append(max(free, 0.0) / (window.seconds / _HOUR))
    # What the ledger's own answers say is left weighs more than what we counted.
    told = [reading.left / (reading.seconds / _HOUR) for reading in usage.readings if reading.seconds >= _LONG_SECONDS]
    return min([*left, *told])


def _rate(cursor: SyncCursor, state: Mapping[str, Any], now: datetime) -> float:
    before = parse_datetime(state.get("since") or "")
    if before is None or (state["mode"] == FULL and not state["is_reread"]):
        # A first reading tells how much there is, and nothing of how often it changes.
        return cursor.changes_per_hour
    hours = (now - before).total_seconds() / _HOUR
    return average(cursor.changes_per_hour, int(state.get("changed", 0)), hours)


def _cursors(connection: Connection) -> dict[str, SyncCursor]:
    rows = SyncCursor.objects.for_tenant(connection.tenant_id).filter(connection=connection)
    return {cursor.resource: cursor for cursor in rows}
