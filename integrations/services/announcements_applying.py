"""Announced changes brought into the mirror: one connection at a time, each record once, as it is now in the ledger.

What an event says of a record is never stored. Records are read with as few calls as the ledger allows; what the mirror
knows already costs none. The cursors of the syncs are left alone: they stand for everything, events for what they name.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

import structlog
from django.conf import settings
from django.db import connection as database
from django.utils import timezone

from integrations.engine.announced import Told
from integrations.engine.errors import IntegrationError, RateLimited, ReauthorizationNeeded, TransientError
from integrations.models import Connection, WebhookEvent
from integrations.services import drift, failures, ledgers, policies, records
from integrations.services.announcements_known import Group, grouped, settled
from integrations.services.announcements_rows import conclude, keep, put_back
from integrations.services.calls import Recorder
from integrations.services.work import LeaseLostError, backoff, lease
from tenants.rls import tenant_scope

log = structlog.get_logger(__name__)

Status = WebhookEvent.Status
MOST_ATTEMPTS = 8
"""Failures after which an event rests with its cause until a person replays it."""
AT_ONCE = 500
_MOST_TURNS = 40
_TRIM_ONE_IN = 64
_PARKED = timedelta(hours=1)
_BEFORE = timedelta(minutes=5)
"""Clocks differ: what changed is asked for from a little earlier on."""

# One worker at a time reads what was announced of a connection: of two that read the same record, the one that read
# earlier might store later, and a ledger's stamps of a second would not tell.
_TAKE = """
UPDATE integrations_webhookevent SET fence = fence + 1, lease_until = %(until)s WHERE id IN (
  SELECT id FROM integrations_webhookevent
  WHERE tenant_id = %(tenant)s AND connection_id = %(connection)s AND status = 'pending' AND available_at <= %(now)s
    AND NOT EXISTS (
      SELECT FROM integrations_webhookevent held WHERE held.connection_id = %(connection)s AND held.status = 'pending'
        AND held.lease_until > %(now)s)
  ORDER BY id LIMIT %(most)s)
RETURNING id
"""


def apply_announcements(tenant_id: UUID | str, connection_id: UUID | str) -> int:
    """The worker's use case: read what was announced of a connection until nothing waits; how many events ended."""
    ended = 0
    for _ in range(_MOST_TURNS):
        turn = _take(tenant_id, connection_id)
        if turn is None:
            break
        turn.work()
        ended += turn.ended
        if turn.ended:
            drift.look(turn.connection)
        if turn.is_troubled:
            break
    return ended


def _take(tenant_id: UUID | str, connection_id: UUID | str) -> "_Turn | None":
    now = timezone.now()
    with tenant_scope(tenant_id):
        # The row's lock makes the question and the claim one: two workers must not both find nobody at work.
        rows = Connection.objects.filter(tenant_id=tenant_id, pk=connection_id).select_for_update(of=("self",))
        connection = rows.first()
        if connection is None:
            return None
        events = WebhookEvent.objects.for_tenant(connection.tenant_id).filter(connection=connection).pending()
        if connection.status != Connection.Status.ACTIVE:
            events.filter(available_at__lte=now).update(available_at=now + _PARKED)
            return None
        asked = {"tenant": tenant_id, "connection": connection_id, "now": now, "until": now + lease(), "most": AT_ONCE}
        with database.cursor() as cursor:
            cursor.execute(_TAKE, asked)
            ids = [row[0] for row in cursor.fetchall()]
        return _Turn(connection, list(events.filter(pk__in=ids).order_by("id"))) if ids else None


class _Turn:
    """Some events of one connection, claimed together."""

    def __init__(self, connection: Connection, events: list[WebhookEvent]) -> None:
        self.connection = connection
        self.ended = 0
        self.is_troubled = False
        self._events = events
        self._open: dict[tuple[str, str], Group] = {}
        self._unread: set[str] = set()

    def work(self) -> None:
        """Settle what needs no call, read the rest, and write down what came of it."""
        self._open = {group.key: group for group in grouped(self._events)}
        if self._events[0].pk.int % _TRIM_ONE_IN == 0:
            self._in_tenant(partial(forget_old_events, self.connection))
        self._in_tenant(self._settle)
        if not self._open:
            return
        try:
            recorder = Recorder(self.connection)
            with ledgers.open_ledger(
                self.connection, recorder=recorder, lane="webhook", before_call=self._keep
            ) as session:
                for told in session.ledger.announced(self._wanted(), self._since()):
                    self._in_tenant(partial(self._store, told))
        except LeaseLostError:
            self.is_troubled = True
            log.info("announcements_taken_over", connection=str(self.connection.pk))
        except ReauthorizationNeeded as error:
            self._later(error, _PARKED)
        except RateLimited as error:
            # Waiting for one's turn is no failure.
            self._later(error, backoff(0, error.retry_after))
        except TransientError as error:
            self._failed(error)
        except IntegrationError as error:
            self._rest(failures.columns(error))
        except Exception as error:
            self._rest(failures.of_bug(error))
            raise

    def _in_tenant(self, act: Callable[[], object]) -> None:
        with tenant_scope(self.connection.tenant_id):
            act()

    def _keep(self) -> None:
        """A call may have waited long for its turn."""
        self._in_tenant(lambda: keep(self._waiting()))

    def _waiting(self) -> list[WebhookEvent]:
        return [event for group in self._open.values() for event in group.events]

    # Without a call

    def _settle(self) -> None:
        self._unread = {name for name, policy in policies.all_of(self.connection).items() if not policy.reads}
        for status, group in settled(self.connection, list(self._open.values()), unread=self._unread):
            self._end(group, status)

    # By reading

    def _wanted(self) -> dict[str, dict[str, bool]]:
        wanted: dict[str, dict[str, bool]] = {}
        for group in self._open.values():
            wanted.setdefault(group.kind, {})[group.record] = group.is_deleted
        return wanted

    def _since(self) -> datetime | None:
        moments = [group.latest.occurred_at for group in self._open.values()]
        told = [moment for moment in moments if moment is not None]
        return min(told) - _BEFORE if told and len(told) == len(moments) else None

    def _store(self, told: Told) -> None:
        """One transaction for what was read together: records, deletions and the events that asked for them."""
        before = records.states(self.connection, self._names(told))
        by_resource: dict[str, list[Any]] = {}
        for found in told.found.values():
            for resource, record in found:
                if resource in self._unread:
                    continue
                by_resource.setdefault(resource, []).append(record)
        for resource, rows in by_resource.items():
            records.upsert_page(connection=self.connection, resource=resource, records=rows)
        self._store_gone(told, before)
        after = records.states(self.connection, self._names(told))
        changed = {name for name in {*before, *after} if before.get(name) != after.get(name)}
        for key in told.keys & self._open.keys():
            self._conclude(key, told, changed)

    def _names(self, told: Told) -> list[tuple[str, str, str]]:
        found = [
            (resource, each.remote_type, each.external_id) for rows in told.found.values() for resource, each in rows
        ]
        gone = [(each.resource, each.remote_type, each.external_id) for rows in told.gone.values() for each in rows]
        return found + gone

    def _store_gone(self, told: Told, before: dict[tuple[str, str, str], records.State]) -> None:
        now, gone = timezone.now(), []
        for each in [each for rows in told.gone.values() for each in rows if each.resource not in self._unread]:
            name = (each.resource, each.remote_type, each.external_id)
            known = before.get(name)
            # It is gone now, whatever the clocks say of its last change.
            moments = [moment for moment in (each.at, now, known.modified_at if known else None) if moment is not None]
            gone.append((*name, max(moments)))
        records.mark_deleted(connection=self.connection, gone=gone)

    def _conclude(self, key: tuple[str, str], told: Told, changed: set[tuple[str, str, str]]) -> None:
        group = self._open[key]
        if error := told.failed.get(key):
            self._end(group, Status.FAILED, **failures.columns(error))
            return
        found, gone = told.found.get(key, []), told.gone.get(key, [])
        names = {(resource, each.remote_type, each.external_id) for resource, each in found}
        names |= {(each.resource, each.remote_type, each.external_id) for each in gone}
        if found:
            group.latest.resource = found[0][0]
        status = Status.APPLIED if names & changed else Status.UNCHANGED if names else Status.IGNORED
        self._end(group, status, resource=group.latest.resource)

    def _end(self, group: Group, status: str, **changes: Any) -> None:
        """The newest event says what came of it; the others of the record are covered by it."""
        conclude([group.latest], status=status, **changes)
        conclude(group.earlier, status=Status.SUPERSEDED)
        if status != Status.FAILED:
            rows = WebhookEvent.objects.for_tenant(self.connection.tenant_id).filter(connection=self.connection)
            rows.filter(
                status=Status.FAILED, remote_type=group.kind, external_id=group.record, pk__lt=group.latest.pk
            ).update(status=Status.SUPERSEDED)
        self.ended += len(group.events)
        del self._open[group.key]

    # Later

    def _failed(self, error: TransientError) -> None:
        """A failure of the ledger costs one of the attempts; with the last one the event rests."""
        self.is_troubled = True
        columns = failures.columns(error)

        def write() -> None:
            for group in list(self._open.values()):
                if max(event.attempts for event in group.events) + 1 >= MOST_ATTEMPTS:
                    self._end(group, Status.FAILED, **_given_up(columns))
            waiting = self._waiting()
            attempts = max((event.attempts for event in waiting), default=0)
            put_back(waiting, wait=backoff(attempts, error.retry_after), more_attempts=1, **columns)

        self._in_tenant(write)

    def _later(self, error: IntegrationError, wait: timedelta) -> None:
        self.is_troubled = True
        self._in_tenant(lambda: put_back(self._waiting(), wait=wait, more_attempts=0, **failures.columns(error)))

    def _rest(self, columns: dict[str, Any]) -> None:
        """Nothing that happens by itself makes the next attempt better: a person has to act."""
        self.is_troubled = True

        def write() -> None:
            for group in list(self._open.values()):
                self._end(group, Status.FAILED, **columns)

        self._in_tenant(write)


def _given_up(columns: dict[str, Any]) -> dict[str, Any]:
    """The last failure, with what to do now that nothing is tried any more."""
    remedy = f"It was tried {MOST_ATTEMPTS} times. Once the ledger answers again, press Read it again."
    return {**columns, "error": {**columns["error"], "remedy": remedy, "who_can_fix": "finance editor"}}


def forget_old_events(connection: Connection) -> int:
    """Delete concluded events of a connection that are older than webhooks are kept; inside the tenant's scope."""
    before = timezone.now() - timedelta(days=settings.WEBHOOK_DAYS)
    rows = WebhookEvent.objects.for_tenant(connection.tenant_id).filter(connection=connection, created_at__lt=before)
    return rows.exclude(status__in=[Status.PENDING, Status.FAILED]).delete()[0]
