"""The rows behind limits: a connection's own, or those that all connections of a ledger share.

Times are the database's. Short windows are looked at call by call; long and shared ones are counted.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection as database
from django.utils.crypto import salted_hmac
from psycopg.types.json import Jsonb

from integrations.engine.limits import Call, Count, Decision, Heard, LimitPolicy, Reading, Window, reading
from integrations.models import Connection
from tenants.models import new_id

_PAUSE = "pause"

_RECENT = """
SELECT kind, extract(epoch FROM released_at)::float8, extract(epoch FROM expires_at)::float8
FROM {table}
WHERE {where} AND (
  (released_at IS NULL AND expires_at > clock_timestamp())
  OR released_at > clock_timestamp() - make_interval(secs => %(window)s))
"""
_COUNT = """
SELECT count(*), extract(epoch FROM min(released_at))::float8, count(*) FILTER (WHERE {own}), count(DISTINCT {sharer})
FROM {table}
WHERE {where} AND kind <> 'pause' AND (%(kinds)s::text[] IS NULL OR kind = ANY(%(kinds)s)) AND (
  (released_at IS NULL AND expires_at > clock_timestamp())
  OR released_at > clock_timestamp() - make_interval(secs => %(window)s))
"""
_METERS = """
WITH last AS (
  SELECT meters, released_at FROM {table}
  WHERE {where} AND meters IS NOT NULL AND released_at > clock_timestamp() - make_interval(secs => %(window)s)
  ORDER BY released_at DESC LIMIT 1)
SELECT last.meters, extract(epoch FROM last.released_at)::float8, (
  SELECT count(*) FROM {table}
  WHERE {where} AND kind <> 'pause' AND (
    released_at > last.released_at OR (released_at IS NULL AND expires_at > clock_timestamp())))
FROM last
"""
_TAKE = """
INSERT INTO {table} (id, {columns}, kind, lane, taken_at, expires_at)
VALUES (%(id)s, {values}, %(kind)s, %(lane)s, clock_timestamp(), clock_timestamp() + make_interval(secs => %(seconds)s))
"""
_TRIM = """
DELETE FROM {table} WHERE {where}
  AND coalesce(released_at, expires_at) < clock_timestamp() - make_interval(secs => %(window)s)
"""


_TURN = """
SELECT wait, limited_by FROM integrations_turn(%(key)s, %(tenant)s, %(connection)s, %(connector)s, %(sharer)s,
  %(lease)s, %(kind)s, %(lane)s, %(seconds)s, %(at_once)s, %(windows)s, %(is_alone)s)
"""
_ANSWERED = """
SELECT integrations_answered(%(tenant)s, %(connection)s, %(connector)s, %(lease)s, %(ago)s, %(meters)s,
  %(shared_meters)s, %(is_alone)s)
"""
_UNSHARED = {"connector": "", "sharer": ""}


@dataclass(frozen=True)
class Usage:
    """How much of a policy is used now: what the decision needs."""

    now: float
    calls: list[Call]
    paused_until: float | None
    counts: dict[Window, Count] = field(default_factory=dict)
    readings: list[Reading] = field(default_factory=list)


@dataclass(frozen=True)
class Leases:
    """The rows of one scope. Its parts of statements are constants of this module."""

    key: int
    """What the processes that decide for this scope line up at."""
    policy: LimitPolicy
    parts: Mapping[str, str]
    named: Mapping[str, Any]

    def line_up(self) -> None:
        """Until the end of the transaction only this process decides for this scope."""
        self._run("SELECT pg_advisory_xact_lock(%(key)s)", key=self.key)

    def usage(self) -> Usage:
        """What is under way, what counts, until when everybody stays away."""
        short = [window.seconds for window in self.policy.windows if not _is_counted(window)]
        rows = self._rows(_RECENT, window=max(short, default=0.0))
        ((now,),) = self._rows("SELECT extract(epoch FROM clock_timestamp())::float8")
        pauses = [expires_at for kind, _, expires_at in rows if kind == _PAUSE]
        return Usage(
            now=float(now),
            calls=[Call(kind=kind, released_at=released_at) for kind, released_at, _ in rows if kind != _PAUSE],
            paused_until=max(pauses, default=None),
            counts={window: self._count(window) for window in self.policy.windows if _is_counted(window)},
            readings=self._readings() if self.policy.meters else [],
        )

    def _count(self, window: Window) -> Count:
        kinds = sorted(window.kinds) or None
        ((used, oldest_at, own, sharers),) = self._rows(_COUNT, window=window.seconds, kinds=kinds)
        return Count(used, oldest_at, own, sharers + (own == 0))

    def _readings(self) -> list[Reading]:
        longest = max(meter.seconds for meter in self.policy.meters)
        return [
            reading(float(seconds), left, reset, at=at, since=since)
            for meters, at, since in self._rows(_METERS, window=longest)
            for seconds, (left, reset) in _mapping(meters).items()
        ]

    def take(self, lease: UUID, *, kind: str, lane: str, seconds: float) -> None:
        """A call is under way, for so long at most."""
        self._run(_TAKE, id=lease, kind=kind, lane=lane, seconds=seconds)

    def turn(self, beside: "Leases | None", lease: UUID, lane: str, kind: str, *, is_write: bool) -> Decision:
        """Decide by short windows and calls at once, and take the turn, here and in the shared scope `beside`."""
        asked = {"key": self.key, "lease": lease, "kind": kind, "lane": lane, "seconds": settings.WORK_LEASE_SECONDS}
        at_once = self.policy.at_once(lane)
        windows = Jsonb(self.policy.ceilings(lane, is_write=is_write))
        ((wait, name),) = self._called(_TURN, beside, **asked, at_once=at_once, windows=windows)
        return Decision(not wait, float(wait), name)

    def answered(self, beside: "Leases | None", lease: object, heard: Heard, ago: float) -> None:
        """The answer came so many seconds ago, and showed these meters."""
        shared = dict(heard.shared_meters) or None
        meters = Jsonb(dict(heard.meters)) if heard.meters else None
        told = {"meters": meters, "shared_meters": Jsonb(shared) if shared else None}
        self._called(_ANSWERED, beside, lease=lease, ago=ago, **told)

    def _called(self, statement: str, beside: "Leases | None", **values: Any) -> list[Any]:
        """One round trip; a transaction of its own need not wait for the disk."""
        named = {**self.named, **(beside.named if beside else _UNSHARED), **values}
        with database.cursor() as cursor:
            cursor.execute(statement, {**named, "is_alone": not database.in_atomic_block})
            return list(cursor.fetchall())

    def pause(self, seconds: float) -> None:
        """Nobody calls for so long."""
        self.take(new_id(), kind=_PAUSE, lane="", seconds=seconds)

    def trim(self, *, kept_longer: float) -> None:
        """Forget what no window can count any more."""
        self._run(_TRIM, window=self.policy.longest_window + kept_longer)

    def _run(self, statement: str, **values: Any) -> None:
        with database.cursor() as cursor:
            cursor.execute(self._said(statement), {**self.named, **values})

    def _rows(self, statement: str, **values: Any) -> list[Any]:
        with database.cursor() as cursor:
            cursor.execute(self._said(statement), {**self.named, **values})
            return list(cursor.fetchall())

    def _said(self, statement: str) -> str:
        for name, part in self.parts.items():
            statement = statement.replace("{" + name + "}", part)
        return statement


def own(connection: Connection, policy: LimitPolicy) -> Leases:
    """The rows of one connection."""
    parts = {
        "table": "integrations_limitlease",
        "where": "tenant_id = %(tenant)s AND connection_id = %(connection)s",
        "columns": "tenant_id, connection_id",
        "values": "%(tenant)s, %(connection)s",
        "own": "true",
        "sharer": "connection_id",
    }
    named = {"tenant": connection.tenant_id, "connection": connection.pk}
    return Leases(connection.pk.int % 2**63, policy.own, parts, named)


def shared(connection: Connection, policy: LimitPolicy) -> Leases:
    """The rows of all connections to the same ledger; tenants are told apart without being named."""
    parts = {
        "table": "integrations_sharedlease",
        "where": "connector = %(connector)s",
        "columns": "connector, sharer",
        "values": "%(connector)s, %(sharer)s",
        "own": "sharer = %(sharer)s",
        "sharer": "sharer",
    }
    sharer = salted_hmac("integrations.limits", str(connection.tenant_id)).hexdigest()[:16]
    key = int(salted_hmac("integrations.limits.connector", connection.connector).hexdigest()[:15], 16)
    return Leases(key, policy.shared, parts, {"connector": connection.connector, "sharer": sharer})


def _is_counted(window: Window) -> bool:
    return window.is_long or window.is_shared


def _mapping(value: Any) -> dict[str, Any]:
    """Django's cursors hand JSON out as text."""
    return dict(value) if isinstance(value, Mapping) else json.loads(value)
