"""Sessions: a login gives one, or a token opens one, for calls that name it inside their envelope."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol
from urllib.parse import urlsplit

from integrations.engine import paths, signing, templates
from integrations.engine.auth import TokenSet
from integrations.engine.declarations import Connector
from integrations.engine.endpoints import Endpoints, origin
from integrations.engine.errors import ConfigurationError, LedgerUnavailable, WhoCanFix
from integrations.engine.messages import Answer, RemoteRequest
from integrations.engine.ways import Opening, SessionLogin

# A session whose end the ledger does not tell is opened again after so long.
_BELIEVED = timedelta(minutes=30)


class Sender(Protocol):
    """The part of the client that is needed."""

    connector: Connector
    endpoints: Endpoints

    def send(self, request: RemoteRequest) -> Answer:
        """A call of the API."""


def log_in(client: Sender, way: SessionLogin, *, credentials: Mapping[str, str]) -> TokenSet:
    """A session by what a person typed, as the token of a connection. Raises IntegrationError."""
    now = datetime.now(UTC)
    own = {"now": now.isoformat(timespec="seconds"), "nonce": signing.nonce()}
    known = {**client.endpoints.application, **client.endpoints.places, **credentials, **own}
    login = way.login
    answer = client.send(
        RemoteRequest(
            login.method,
            templates.filled_path(login.path, known),
            headers=templates.filled_all(login.headers, known),
            body=templates.filled_structure(login.body, known),
            interface=login.interface,
            action=login.action,
        )
    )
    _check_endpoint(client, way, answer.body)
    session = _session(client.connector, answer.body, way.session_path)
    expires_at = _moment(answer.body, way.expires_path, now)
    return TokenSet(session, "", expires_at, None, None, "", "session")


def opened(client: Sender, opening: Opening) -> str:
    """A session for the token that the connection has. Raises IntegrationError."""
    answer = client.send(RemoteRequest(opening.method, opening.path))
    return _session(client.connector, answer.body, opening.session_path)


def _session(connector: Connector, body: Any, path: str) -> str:
    found = paths.getter(path)(body)
    if not found:
        raise LedgerUnavailable(f"{connector.label} answered without a session.", code="no_session")
    return str(found)


def _moment(body: Any, path: str, now: datetime) -> datetime:
    """When the session ends: told as a moment, or as seconds from now."""
    told = str(paths.getter(path)(body) or "") if path else ""
    if not told:
        return now + _BELIEVED
    if told.isdigit():
        return now + timedelta(seconds=int(told))
    found = datetime.fromisoformat(told)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _check_endpoint(client: Sender, way: SessionLogin, body: Any) -> None:
    """A session that belongs to a host which is not the ledger's is refused, and never sent there."""
    told = str(paths.getter(way.endpoint_path)(body) or "") if way.endpoint_path else ""
    if not told or origin(told) in client.endpoints.origins:
        return
    parts = urlsplit(told)
    if parts.scheme != "https" or not way.hosts or not re.fullmatch(way.hosts, parts.hostname or ""):
        raise ConfigurationError(
            f"{client.connector.label} sends the session to {parts.hostname}, which is none of its hosts.",
            code="host_not_allowed",
            remedy="Check the ledger's address in the environment.",
            who_can_fix=WhoCanFix.OPERATOR,
        )
