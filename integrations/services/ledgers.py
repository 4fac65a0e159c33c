"""An open ledger for services: the engine's client with the connection's own tokens, limits and recorder.

The only place where services and the engine's network side meet.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass

from integrations.engine.client import Client
from integrations.engine.converters import Context
from integrations.engine.endpoints import Endpoints
from integrations.engine.errors import ConfigurationError, ReauthorizationNeeded
from integrations.engine.ledger import Ledger
from integrations.engine.limits import NOTHING, Heard
from integrations.engine.messages import Answer, RemoteRequest
from integrations.engine.turns import Limiter, Turn
from integrations.models import Connection, LedgerRecord
from integrations.services.access import endpoints_of, refresh_tokens
from integrations.services.calls import Recorder
from integrations.services.connectors import connector_of, way_of
from integrations.services.credentials import access_token, needs_reauthorisation, typed
from integrations.services.limits import PATIENCE_SECONDS, PostgresLimiter

# A token that was good for a minute is good for this long, and one that was taken away is refused and renewed.
_SECONDS_BETWEEN_LOOKS = 5.0


@dataclass(frozen=True)
class Session:
    """A ledger that calls can be made on, and the recorder that saw them."""

    connection: Connection
    ledger: Ledger
    recorder: Recorder


class StoredTokens:
    """The engine's token source: the stored credential, refreshed by one process at a time."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._token, self._looked_at = "", 0.0

    def token(self) -> str:
        """A token good for at least a minute; calls that follow each other do not look it up again."""
        if not self._token or time.monotonic() - self._looked_at > _SECONDS_BETWEEN_LOOKS:
            self._remember(access_token(self._connection, refresh_tokens))
        return self._token

    def renew(self, stale: str) -> str:
        """A token other than the one just refused."""
        self._remember(access_token(self._connection, refresh_tokens, refused=stale))
        return self._token

    def _remember(self, token: str) -> None:
        self._token, self._looked_at = token, time.monotonic()


@dataclass
class _NoClient:
    """For what a ledger knows without being called: pages must never call one."""

    endpoints: Endpoints

    def send(self, request: RemoteRequest) -> Answer:
        """Refuse."""
        raise ConfigurationError(
            "A page asked for a call to the ledger; only workers make calls.", code="no_calls_here"
        )

    def expect(self, requests: Iterable[RemoteRequest], *, first: bool = False) -> None:
        """Nothing is read ahead where nothing is read."""

    def is_here(self, request: RemoteRequest) -> bool:
        """Nothing has come."""
        return False

    def forget(self) -> None:
        """There is nothing to forget."""

    def fetch(self, url: str, *, hosts: Sequence[str]) -> Answer:
        """Refuse."""
        return self.send(RemoteRequest("GET", url))


@dataclass
class _Proving:
    """A limiter after whose wait the work proves that it is still its worker's, before anything leaves."""

    limiter: Limiter
    prove: Callable[[], None]

    @property
    def patience(self) -> float:
        """The limiter's."""
        return self.limiter.patience

    def acquire(self, lane: str, endpoint_kind: str, *, is_write: bool = False) -> object:
        """The lease, or whatever the proof raises, with the lease given back."""
        lease = self.limiter.acquire(lane, endpoint_kind, is_write=is_write)
        self._proved(lease)
        return lease

    def ask(self, lane: str, endpoint_kind: str, *, is_write: bool = False) -> Turn:
        """A turn or a wait, or whatever the proof raises, with the lease given back."""
        turn = self.limiter.ask(lane, endpoint_kind, is_write=is_write)
        if turn.is_mine:
            self._proved(turn.lease)
        return turn

    def _proved(self, lease: object) -> None:
        try:
            self.prove()
        except Exception:
            self.limiter.release(lease)
            raise

    def release(self, lease: object, *, heard: Heard = NOTHING, ago: float = 0.0) -> None:
        """Give it back."""
        self.limiter.release(lease, heard=heard, ago=ago)


@contextmanager
def open_ledger(
    connection: Connection,
    *,
    recorder: Recorder,
    lane: str,
    before_call: Callable[[], None] = lambda: None,
    patience: float = PATIENCE_SECONDS,
) -> Iterator[Session]:
    """The ledger of a connection, closed afterwards; a grant that turns out to be dead stops the connection.

    `before_call` runs when a call has got its turn; what it raises keeps the call from being made. A call whose turn
    would not come within `patience` seconds raises RateLimited.
    """
    connector, way = connector_of(connection), way_of(connection)
    limiter = _Proving(PostgresLimiter(connection, connector.limits, patience=patience), before_call)
    with closing(recorder), Client(
        connector, endpoints_of(connection), StoredTokens(connection), limiter=limiter, recorder=recorder, lane=lane,
        way=way.name, credentials=typed(connection) if way.form else {},
    ) as client:  # fmt: skip
        try:
            yield Session(connection, Ledger(connector, client, _context(connection)), recorder)
        except ReauthorizationNeeded as error:
            needs_reauthorisation(connection, error)
            raise


def without_calls(connection: Connection) -> Ledger:
    """The ledger as far as it is known without being called; every call is refused."""
    return Ledger(connector_of(connection), _NoClient(endpoints_of(connection)), _context(connection))


def record_url(record: LedgerRecord) -> str:
    """Where a person sees the record in the ledger's own pages; empty where it has none. No network."""
    ledger = without_calls(record.connection)
    return ledger.record_url(record.resource, record.external_id, record.remote_type)


def _context(connection: Connection) -> Context:
    own = {"org": connection.external_org_id, "home_currency": connection.currency, "country": connection.country}
    return Context(values={**endpoints_of(connection).places, **own})
