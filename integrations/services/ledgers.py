"""An open ledger for services: the engine's client with the connection's own tokens, limits and recorder.

The only place where services and the engine's network side meet.
"""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit

from integrations.engine import auth, manifest
from integrations.engine.auth import TokenSet
from integrations.engine.client import Client
from integrations.engine.converters import Context
from integrations.engine.endpoints import Endpoints, resolve
from integrations.engine.errors import ConfigurationError, ReauthorizationNeeded
from integrations.engine.ledger import Ledger
from integrations.engine.limits import Limiter
from integrations.engine.messages import Answer, RemoteRequest
from integrations.models import Connection, LedgerRecord
from integrations.services.calls import Recorder
from integrations.services.connectors import connector_of
from integrations.services.credentials import access_token, needs_reauthorisation
from integrations.services.limits import PostgresLimiter


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

    def token(self) -> str:
        """A token good for at least a minute."""
        return access_token(self._connection, refresh_tokens)

    def renew(self, stale: str) -> str:
        """A token other than the one just refused."""
        return access_token(self._connection, refresh_tokens, refused=stale)


@dataclass
class _NoClient:
    """For what a ledger knows without being called: pages must never call one."""

    endpoints: Endpoints

    def send(self, request: RemoteRequest) -> Answer:
        """Refuse."""
        raise ConfigurationError(
            "A page asked for a call to the ledger; only workers make calls.", code="no_calls_here"
        )


@dataclass
class _Proving:
    """A limiter after whose wait the work proves that it is still its worker's, before anything leaves."""

    limiter: Limiter
    prove: Callable[[], None]

    def acquire(self, lane: str, endpoint_kind: str) -> object:
        """The lease, or whatever the proof raises, with the lease given back."""
        lease = self.limiter.acquire(lane, endpoint_kind)
        try:
            self.prove()
        except Exception:
            self.limiter.release(lease)
            raise
        return lease

    def release(self, lease: object, *, retry_after: float | None = None) -> None:
        """Give it back."""
        self.limiter.release(lease, retry_after=retry_after)


@contextmanager
def open_ledger(
    connection: Connection, *, recorder: Recorder, lane: str, before_call: Callable[[], None] = lambda: None
) -> Iterator[Session]:
    """The ledger of a connection, closed afterwards; a grant that turns out to be dead stops the connection.

    `before_call` runs when a call has got its turn; what it raises keeps the call from being made.
    """
    connector = connector_of(connection)
    limiter = _Proving(PostgresLimiter(connection, connector.limits), before_call)
    with Client(
        connector, endpoints_of(connection.connector), StoredTokens(connection),
        limiter=limiter, recorder=recorder, lane=lane,
    ) as client:  # fmt: skip
        try:
            yield Session(connection, Ledger(connector, client, _context(connection)), recorder)
        except ReauthorizationNeeded as error:
            needs_reauthorisation(connection, error)
            raise


def refresh_tokens(connection: Connection, refresh_token: str) -> TokenSet:
    """New tokens over the network; the caller holds the credential's lease."""
    with _token_client(connection) as client:
        return auth.refresh(client, refresh_token=refresh_token)


def exchange_code(connection: Connection, *, code: str, redirect_uri: str) -> TokenSet:
    """The first tokens for the code of a callback."""
    with _token_client(connection) as client:
        return auth.exchange_code(client, code=code, redirect_uri=redirect_uri)


def revoke(connection: Connection, *, token: str) -> None:
    """End the grant at the ledger."""
    with _token_client(connection) as client:
        auth.revoke(client, token=token)


def authorize_url(connector_name: str, *, redirect_uri: str, state: str) -> str:
    """The ledger's consent page; ConfigurationError when this portal is not registered with the ledger."""
    endpoints = endpoints_of(connector_name)
    if not endpoints.client_id or not endpoints.client_secret:
        name = connector_name.upper()
        raise ConfigurationError(
            f"This portal has no application keys for {manifest.load(connector_name).label}.",
            code="no_client",
            remedy=f"Set PORTAL_{name}_CLIENT_ID and PORTAL_{name}_CLIENT_SECRET and restart.",
        )
    return auth.authorize_url(manifest.load(connector_name), endpoints, redirect_uri=redirect_uri, state=state)


def agreed(connector_name: str, url: str, *, org: str = "") -> dict[str, str]:
    """What a simulated ledger's consent page sends back when it agrees by itself: the callback's parameters.

    ConfigurationError for a real ledger: its consent page is no address that the client may call.
    """
    page, _, query = url.partition("?")
    params = {**dict(parse_qsl(query)), "auto_consent": "1", **({"realm_id": org} if org else {})}
    with Client(manifest.load(connector_name), endpoints_of(connector_name)) as client:
        answer = client.raw(RemoteRequest("GET", page, params))
    target = urlsplit(answer.headers.get("location", ""))
    if not target.query:
        raise ConfigurationError(
            f"The consent page answered with status {answer.status} instead of sending the browser back.",
            code="no_callback",
            remedy="Check that the sandbox runs at PORTAL_SANDBOX_URL and knows the portal's client id.",
        )
    return dict(parse_qsl(target.query))


def organisation_of_callback(connector_name: str, parameters: Mapping[str, str]) -> str:
    """The organisation that a callback names, or an empty text where the ledger says it later."""
    name = manifest.load(connector_name).auth.org_param
    return parameters.get(name, "")[:100] if name else ""


def record_url(record: LedgerRecord) -> str:
    """Where a person sees the record in the ledger's own pages; empty where it has none. No network."""
    connection = record.connection
    ledger = Ledger(connector_of(connection), _NoClient(endpoints_of(connection.connector)), _context(connection))
    return ledger.record_url(record.resource, record.external_id, record.remote_type)


def endpoints_of(connector_name: str) -> Endpoints:
    """The addresses in force for a ledger."""
    return resolve(manifest.load(connector_name), os.environ)


def _token_client(connection: Connection) -> Client:
    return Client(
        connector_of(connection), endpoints_of(connection.connector), recorder=Recorder(connection), lane="interactive"
    )


def _context(connection: Connection) -> Context:
    values = {"org": connection.external_org_id, "home_currency": connection.currency, "country": connection.country}
    return Context(values=values)
