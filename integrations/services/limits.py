"""A ledger's limits, shared by all workers through PostgreSQL: the policy is pure, the numbers are rows.

A call is a lease: under way until its answer came, from then on counted in the window. A worker that dies with a lease
gives it back when its lease expires. Nothing waits inside a transaction.
"""

import time
from collections.abc import Callable
from uuid import UUID

from django.conf import settings

from integrations.engine.errors import RateLimited
from integrations.engine.limits import NOTHING, Decision, Headroom, Heard, LimitPolicy, decide
from integrations.engine.limits import headroom as headroom_of
from integrations.models import Connection
from integrations.services import leases
from integrations.services.connectors import connector_of
from integrations.services.leases import Leases
from tenants.models import new_id
from tenants.rls import tenant_scope

PATIENCE_SECONDS = 45.0
"""A call waits so long for its turn at most; then its work is put back into the queue and the worker is free."""

_TRIM_ONE_IN = 64
_KEPT_LONGER_SECONDS = 120.0


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
        self._connection, self._patience, self._sleep = connection, patience, sleep
        self._own, self._shared = leases.own(connection, policy), leases.shared(connection, policy)
        is_shared = not policy.shared.is_empty or any(refusal.is_shared for refusal in policy.refusals.values())
        # Own before shared, everywhere: who waits for the one never holds the other.
        self._scopes = (self._own, self._shared) if is_shared else (self._own,)

    def acquire(self, lane: str, endpoint_kind: str, *, is_write: bool = False) -> UUID:
        """Wait for a turn and return its lease; RateLimited, with `retry_after`, when the turn is too far away."""
        deadline = time.monotonic() + self._patience
        while True:
            lease = new_id()
            decision = self._try(lease, lane, endpoint_kind, is_write=is_write)
            if decision.is_allowed:
                return lease
            if time.monotonic() + decision.wait_seconds > deadline:
                raise RateLimited(
                    f"This connection has used up what the ledger allows ({decision.limit}).",
                    retry_after=decision.wait_seconds,
                )
            self._sleep(decision.wait_seconds)

    def release(self, lease: object, *, heard: Heard = NOTHING) -> None:
        """The answer came; after a refusal nobody calls this connection, or this ledger, for as long as it says."""
        with tenant_scope(self._connection.tenant_id):
            for scope in self._scopes:
                scope.release(lease, heard.shared_meters if scope is self._shared else heard.meters)
            if heard.retry_after is not None:
                (self._shared if heard.is_shared else self._own).pause(heard.retry_after)
            if isinstance(lease, UUID) and lease.int % _TRIM_ONE_IN == 0:
                for scope in self._scopes:
                    scope.trim(kept_longer=_KEPT_LONGER_SECONDS)

    def _try(self, lease: UUID, lane: str, kind: str, *, is_write: bool) -> Decision:
        with tenant_scope(self._connection.tenant_id):
            for scope in self._scopes:
                decision = _decided(scope, lane, kind, is_write=is_write)
                if not decision.is_allowed:
                    return decision
            for scope in self._scopes:
                scope.take(lease, kind=kind, lane=lane, seconds=settings.WORK_LEASE_SECONDS)
        return decision


def _decided(scope: Leases, lane: str, kind: str, *, is_write: bool) -> Decision:
    """Only one process at a time decides for a scope; others may decide for theirs meanwhile."""
    scope.line_up()
    usage = scope.usage()
    return decide(
        scope.policy,
        lane=lane,
        kind=kind,
        is_write=is_write,
        now=usage.now,
        calls=usage.calls,
        paused_until=usage.paused_until,
        counts=usage.counts,
        readings=usage.readings,
    )


def headroom(connection: Connection) -> list[Headroom]:
    """How full each limit of a connection is now, for its page; inside the tenant's scope."""
    scope = leases.own(connection, connector_of(connection).limits)
    usage = scope.usage()
    return headroom_of(scope.policy, now=usage.now, calls=usage.calls, counts=usage.counts)
