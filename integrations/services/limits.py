"""A ledger's limits, shared by all workers through PostgreSQL: the policy is pure, the numbers are rows.

A call is a lease: under way until its answer came, from then on counted in the window. A worker that dies with a lease
gives it back when its lease expires. Nothing waits inside a transaction.
"""

import time
from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection as database

from integrations.engine.errors import RateLimited
from integrations.engine.limits import Call, Decision, Headroom, LimitPolicy, decide
from integrations.engine.limits import headroom as headroom_of
from integrations.models import Connection
from integrations.services.connectors import connector_of
from tenants.models import new_id
from tenants.rls import tenant_scope

PATIENCE_SECONDS = 45.0
"""A call waits so long for its turn at most; then its work is put back into the queue and the worker is free."""

_PAUSE = "pause"
_TRIM_ONE_IN = 64
_KEPT_LONGER_SECONDS = 120.0

_RECENT = """
SELECT kind, extract(epoch FROM released_at)::float8, extract(epoch FROM expires_at)::float8
FROM integrations_limitlease
WHERE tenant_id = %(tenant)s AND connection_id = %(connection)s AND (
  (released_at IS NULL AND expires_at > clock_timestamp())
  OR released_at > clock_timestamp() - make_interval(secs => %(window)s))
"""
_TAKE = """
INSERT INTO integrations_limitlease (id, tenant_id, connection_id, kind, lane, taken_at, expires_at)
VALUES (%(id)s, %(tenant)s, %(connection)s, %(kind)s, %(lane)s, clock_timestamp(),
  clock_timestamp() + make_interval(secs => %(seconds)s))
"""
_RELEASE = """
UPDATE integrations_limitlease SET released_at = clock_timestamp()
WHERE tenant_id = %(tenant)s AND id = %(id)s AND released_at IS NULL
"""
_TRIM = """
DELETE FROM integrations_limitlease WHERE tenant_id = %(tenant)s AND connection_id = %(connection)s
  AND coalesce(released_at, expires_at) < clock_timestamp() - make_interval(secs => %(window)s)
"""


class PostgresLimiter:
    """The engine's Limiter for one connection; every process that calls the same connection meets the same rows."""

    def __init__(
        self,
        connection: Connection,
        policy: LimitPolicy,
        *,
        patience: float = PATIENCE_SECONDS,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._connection, self._policy, self._patience, self._sleep = connection, policy, patience, sleep

    def acquire(self, lane: str, endpoint_kind: str) -> UUID:
        """Wait for a turn and return its lease; RateLimited, with `retry_after`, when the turn is too far away."""
        deadline = time.monotonic() + self._patience
        while True:
            lease = new_id()
            decision = self._try(lease, lane, endpoint_kind)
            if decision.is_allowed:
                return lease
            if time.monotonic() + decision.wait_seconds > deadline:
                raise RateLimited(
                    f"This connection has used up what the ledger allows ({decision.limit}).",
                    retry_after=decision.wait_seconds,
                )
            self._sleep(decision.wait_seconds)

    def release(self, lease: object, *, retry_after: float | None = None) -> None:
        """The answer came; after a refusal nobody calls this connection for `retry_after` seconds."""
        with tenant_scope(self._connection.tenant_id):
            self._execute(_RELEASE, id=lease)
            if retry_after is not None:
                self._execute(_TAKE, id=new_id(), kind=_PAUSE, lane="", seconds=retry_after)
            if isinstance(lease, UUID) and lease.int % _TRIM_ONE_IN == 0:
                self._execute(_TRIM, window=self._policy.longest_window + _KEPT_LONGER_SECONDS)

    def _try(self, lease: UUID, lane: str, kind: str) -> Decision:
        with tenant_scope(self._connection.tenant_id):
            # Only one process at a time decides for a connection; others may decide for theirs meanwhile.
            self._execute("SELECT pg_advisory_xact_lock(%(key)s)", key=self._connection.pk.int % 2**63)
            now, calls, paused_until = _recent(self._connection, self._policy)
            decision = decide(self._policy, lane=lane, kind=kind, now=now, calls=calls, paused_until=paused_until)
            if decision.is_allowed:
                self._execute(_TAKE, id=lease, kind=kind, lane=lane, seconds=settings.WORK_LEASE_SECONDS)
        return decision

    def _execute(self, statement: str, **values: Any) -> None:
        with database.cursor() as cursor:
            cursor.execute(statement, _named(self._connection, **values))


def headroom(connection: Connection) -> list[Headroom]:
    """How full each limit of a connection is now, for its page; inside the tenant's scope."""
    policy = connector_of(connection).limits
    now, calls, _ = _recent(connection, policy)
    return headroom_of(policy, now=now, calls=calls)


def _recent(connection: Connection, policy: LimitPolicy) -> tuple[float, list[Call], float | None]:
    """The database's time, every call that may count, and until when everybody stays away."""
    with database.cursor() as cursor:
        cursor.execute(_RECENT, _named(connection, window=policy.longest_window))
        rows = cursor.fetchall()
        cursor.execute("SELECT extract(epoch FROM clock_timestamp())::float8")
        (now,) = cursor.fetchone() or (time.time(),)
    pauses = [expires_at for kind, _, expires_at in rows if kind == _PAUSE]
    calls = [Call(kind=kind, released_at=released_at) for kind, released_at, _ in rows if kind != _PAUSE]
    return float(now), calls, max(pauses, default=None)


def _named(connection: Connection, **values: Any) -> dict[str, Any]:
    return {"tenant": connection.tenant_id, "connection": connection.pk, **values}
