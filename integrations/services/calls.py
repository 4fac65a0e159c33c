"""Every exchange with a ledger is kept, redacted by the engine, beside the run or posting that made it."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import orjson
from django.conf import settings
from django.db import connection as database

from integrations.engine.client import Exchange
from integrations.models import ApiCall, Connection, Posting, SyncRun
from tenants.models import new_id
from tenants.rls import tenant_scope

# As the ORM would write it, without making a statement anew for every page of a sync: a third of the time.
_COLUMNS = (
    "id", "tenant_id", "connection_id", "sync_run_id", "posting_id", "method", "url", "request_headers", "request_body",
    "status_code", "response_headers", "response_body", "started_at", "seconds", "bytes_received", "correlation_id",
    "error_code",
)  # fmt: skip
_PLACES = f"({', '.join('%s::jsonb' if name.endswith('_headers') else '%s' for name in _COLUMNS)})"
_PUT = f"INSERT INTO integrations_apicall ({', '.join(_COLUMNS)}) VALUES "  # noqa: S608 - constants

_TRIM_ONE_IN = 128
_THROTTLED = 429
_MOST_WAITING = 50


class Recorder:
    """Writes calls in their own short transactions, so that they stay whatever becomes of the work; counts them.

    `waits`: for work that writes after every call anyway. What it recorded goes in with `write` inside the work's own
    transaction; `close` writes what is left, and a worker killed between loses the record of a call that is made again.
    """

    def __init__(
        self,
        connection: Connection,
        *,
        run: SyncRun | None = None,
        posting: Posting | None = None,
        waits: bool = False,
    ) -> None:
        self._connection, self._run, self._posting = connection, run, posting
        self._most_waiting = _MOST_WAITING if waits else 0
        self._waiting: list[tuple[Any, ...]] = []
        self.calls = 0
        self.correlation_id = ""
        self._untold = [0, 0]

    def record(self, exchange: Exchange) -> None:
        """Keep one exchange."""
        self.calls += 1
        self._untold[0] += 1
        self._untold[1] += exchange.status == _THROTTLED
        self.correlation_id = exchange.correlation_id or self.correlation_id
        owner = (self._connection.tenant_id, self._connection.pk, _key(self._run), _key(self._posting))
        self._waiting.append((new_id(), *owner, *_columns(exchange)))
        if len(self._waiting) > self._most_waiting:
            self.close()

    def write(self) -> None:
        """Write what waits, inside the caller's transaction and the tenant's scope."""
        if not self._waiting:
            return
        waiting, self._waiting = self._waiting, []
        with database.cursor() as cursor:
            cursor.execute(_PUT + ", ".join([_PLACES] * len(waiting)), [value for call in waiting for value in call])
        if any(call[0].int % _TRIM_ONE_IN == 0 for call in waiting):
            trim(self._connection)

    def close(self) -> None:
        """Write what waits, now."""
        if self._waiting:
            with tenant_scope(self._connection.tenant_id):
                self.write()

    def take_counts(self) -> tuple[int, int]:
        """Calls made and calls throttled since this was asked last."""
        calls, throttled = self._untold
        self._untold = [0, 0]
        return calls, throttled


def trim(connection: Connection) -> int:
    """Forget the oldest calls beyond the number kept per connection; returns how many."""
    rows = ApiCall.objects.for_tenant(connection.tenant_id).filter(connection=connection)
    oldest_kept = rows.order_by("-id").values_list("id", flat=True)[
        settings.API_CALLS_KEPT - 1 : settings.API_CALLS_KEPT
    ]
    newest = oldest_kept.first()
    return rows.filter(id__lt=newest).delete()[0] if newest else 0


def _key(row: SyncRun | Posting | None) -> UUID | None:
    return None if row is None else row.pk


def _columns(exchange: Exchange) -> tuple[Any, ...]:
    """The last of _COLUMNS, from the method on."""
    return (
        exchange.method,
        exchange.url[:2000],
        _headers(exchange.request_headers),
        exchange.request_body.replace("\x00", ""),
        exchange.status,
        _headers(exchange.response_headers),
        exchange.response_body.replace("\x00", ""),
        exchange.started_at,
        exchange.seconds,
        exchange.bytes_received,
        exchange.correlation_id[:100],
        exchange.error_code[:60],
    )


def _headers(found: Mapping[str, str]) -> str:
    return orjson.dumps(dict(found)).decode()
