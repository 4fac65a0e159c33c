"""A ledger's limits, shared by all workers through PostgreSQL: the policy is pure, the numbers are rows.

A call is a lease: under way until its answer came, from then on counted in the window. A worker that dies with a lease
gives it back when its lease expires. Nothing waits inside a transaction.

Short windows and calls at once are decided and taken by a function of the database, in one round trip. Long and shared
windows, and what the ledger says of itself, cost more to look at: while they are far from full they are looked at now
and then, otherwise at every call, in the same transaction that takes the turn.
"""

import threading
import time
from collections.abc import Callable
from uuid import UUID

from django.conf import settings
from django.db import connection as database

from integrations.engine.limits import NOTHING, Decision, Headroom, Heard, LimitPolicy, decide
from integrations.engine.limits import headroom as headroom_of
from integrations.engine.turns import Turn, room, too_long
from integrations.models import Connection
from integrations.services import leases
from integrations.services.connectors import connector_of
from integrations.services.leases import Leases, Usage
from tenants.models import new_id
from tenants.rls import tenant_scope

PATIENCE_SECONDS = 75.0
"""A call waits so long for its turn at most; then its work is put back into the queue and the worker is free.

Longer than a minute, because most ledgers count by the minute: who waits in place begins the moment a place is free.
"""

_TRIM_ONE_IN = 64
_KEPT_LONGER_SECONDS = 120.0
# A wait longer than this gives the connection to the database back meanwhile.
_LONG_WAIT_SECONDS = 5.0

_answered: dict[UUID, threading.Condition] = {}
"""By connection: tells threads of this process that wait for a place that one of them gave one back."""


class PostgresLimiter:
    """The engine's Limiter for one connection; every process that calls the same connection meets the same rows."""

    def __init__(
        self,
        connection: Connection,
        policy: LimitPolicy,
        *,
        patience: float = PATIENCE_SECONDS,
        sleep: Callable[[float], None] | None = None,
    ) -> None:
        self._connection, self.patience = connection, patience
        self._own, self._shared = leases.own(connection, policy), leases.shared(connection, policy)
        is_shared = not policy.shared.is_empty or any(refusal.is_shared for refusal in policy.refusals.values())
        # Own before shared, everywhere: who waits for the one never holds the other.
        self._scopes = (self._own, self._shared) if is_shared else (self._own,)
        self._condition = _answered.setdefault(connection.pk, threading.Condition())
        self._sleep = sleep or self._wait
        self._far_until: dict[tuple[str, bool], float] = {}

    def acquire(self, lane: str, endpoint_kind: str, *, is_write: bool = False) -> object:
        """Wait for a turn and return its lease; RateLimited, with `retry_after`, when the turn is too far away."""
        deadline = time.monotonic() + self.patience
        while True:
            turn = self.ask(lane, endpoint_kind, is_write=is_write)
            if turn.is_mine:
                return turn.lease
            seconds = turn.decision.wait_seconds
            if time.monotonic() + seconds > deadline:
                raise too_long(turn.decision)
            self._sleep(seconds)

    def ask(self, lane: str, endpoint_kind: str, *, is_write: bool = False) -> Turn:
        """A turn now, or when to ask again; never waits."""
        lease, now = new_id(), time.monotonic()
        # Writes of a lane may fill more than its reads: each knows for itself how far it is from full.
        if now < self._far_until.get((lane, is_write), 0.0):
            return Turn(lease, self._own.turn(self._where(), lease, lane, endpoint_kind, is_write=is_write))
        with tenant_scope(self._connection.tenant_id):
            far = float("inf")
            for scope in self._scopes:
                scope.line_up()
                usage = scope.usage()
                decision = _decided(scope.policy, usage, lane, endpoint_kind, is_write=is_write)
                if not decision.is_allowed:
                    return Turn(lease, decision)
                far = min(far, _far(scope.policy, usage, lane, is_write=is_write))
            for scope in self._scopes:
                scope.take(lease, kind=endpoint_kind, lane=lane, seconds=settings.WORK_LEASE_SECONDS)
        self._far_until[lane, is_write] = now + far
        return Turn(lease)

    def release(self, lease: object, *, heard: Heard = NOTHING, ago: float = 0.0) -> None:
        """The answer came; after a refusal nobody calls this connection, or this ledger, for as long as it says."""
        self._own.answered(self._where(), lease, heard, ago)
        with self._condition:
            self._condition.notify_all()
        is_trimming = isinstance(lease, UUID) and lease.int % _TRIM_ONE_IN == 0
        if heard.retry_after is None and not is_trimming:
            return
        with tenant_scope(self._connection.tenant_id):
            if heard.retry_after is not None:
                (self._shared if heard.is_shared else self._own).pause(heard.retry_after)
            for scope in self._scopes if is_trimming else ():
                scope.trim(kept_longer=_KEPT_LONGER_SECONDS)

    def _where(self) -> Leases | None:
        return self._shared if len(self._scopes) > 1 else None

    def _wait(self, seconds: float) -> None:
        """Until the time is over, or a thread of this process gave a place back."""
        if seconds > _LONG_WAIT_SECONDS and not database.in_atomic_block:
            database.close()
        with self._condition:
            self._condition.wait(seconds)


def _decided(policy: LimitPolicy, usage: Usage, lane: str, kind: str, *, is_write: bool) -> Decision:
    return decide(
        policy,
        lane=lane,
        kind=kind,
        is_write=is_write,
        now=usage.now,
        calls=usage.calls,
        paused_until=usage.paused_until,
        counts=usage.counts,
        readings=usage.readings,
    )


def _far(policy: LimitPolicy, usage: Usage, lane: str, *, is_write: bool) -> float:
    """For how many seconds nothing of this can fill up that is not decided call by call anyway."""
    return room(
        policy,
        lane=lane,
        is_write=is_write,
        now=usage.now,
        calls=usage.calls,
        counts=usage.counts,
        readings=usage.readings,
    )


def headroom(connection: Connection) -> list[Headroom]:
    """How full each limit of a connection is now, for its page; inside the tenant's scope."""
    scope = leases.own(connection, connector_of(connection).limits)
    usage = scope.usage()
    return headroom_of(scope.policy, now=usage.now, calls=usage.calls, counts=usage.counts)
