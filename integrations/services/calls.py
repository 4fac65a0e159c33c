"""Every exchange with a ledger is kept, redacted by the engine, beside the run or posting that made it."""

from typing import Any

from django.conf import settings

from integrations.engine.client import Exchange
from integrations.models import ApiCall, Connection, Posting, SyncRun
from tenants.rls import tenant_scope

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
        self._waiting: list[ApiCall] = []
        self.calls = 0
        self.correlation_id = ""
        self._untold = [0, 0]

    def record(self, exchange: Exchange) -> None:
        """Keep one exchange."""
        self.calls += 1
        self._untold[0] += 1
        self._untold[1] += exchange.status == _THROTTLED
        self.correlation_id = exchange.correlation_id or self.correlation_id
        call = ApiCall(
            tenant_id=self._connection.tenant_id,
            connection=self._connection,
            sync_run=self._run,
            posting=self._posting,
            **_columns(exchange),
        )
        self._waiting.append(call)
        if len(self._waiting) > self._most_waiting:
            self.close()

    def write(self) -> None:
        """Write what waits, inside the caller's transaction and the tenant's scope."""
        if not self._waiting:
            return
        waiting, self._waiting = self._waiting, []
        ApiCall.objects.bulk_create(waiting)
        if any(call.pk.int % _TRIM_ONE_IN == 0 for call in waiting):
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


def _columns(exchange: Exchange) -> dict[str, Any]:
    return {
        "method": exchange.method,
        "url": exchange.url[:2000],
        "request_headers": dict(exchange.request_headers),
        "request_body": exchange.request_body.replace("\x00", ""),
        "status_code": exchange.status,
        "response_headers": dict(exchange.response_headers),
        "response_body": exchange.response_body.replace("\x00", ""),
        "started_at": exchange.started_at,
        "seconds": exchange.seconds,
        "bytes_received": exchange.bytes_received,
        "correlation_id": exchange.correlation_id[:100],
        "error_code": exchange.error_code[:60],
    }
