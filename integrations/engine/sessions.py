"""Sessions: a login gives one, or a token opens one, for calls that name it inside their envelope."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from integrations.engine import logins, paths
from integrations.engine.auth import TokenSet
from integrations.engine.logins import Sender
from integrations.engine.messages import RemoteRequest
from integrations.engine.ways import Opening, SessionLogin

# A session whose end the ledger does not tell is opened again after so long.
_BELIEVED = timedelta(minutes=30)


def log_in(client: Sender, way: SessionLogin, *, credentials: Mapping[str, str]) -> TokenSet:
    """A session by what a person typed, as the token of a connection. Raises IntegrationError."""
    now = datetime.now(UTC)
    body = logins.logged_in(client, way.login, credentials=credentials)
    logins.check_endpoint(client, body, way.endpoint_path, way.hosts)
    session = logins.session_in(client.connector, body, way.session_path)
    return TokenSet(session, "", _moment(body, way.expires_path, now), None, None, "", "session")


def opened(client: Sender, opening: Opening) -> str:
    """A session for the token that the connection has. Raises IntegrationError."""
    answer = client.send(RemoteRequest(opening.method, opening.path))
    return logins.session_in(client.connector, answer.body, opening.session_path)


def _moment(body: Any, path: str, now: datetime) -> datetime:
    """When the session ends: told as a moment, or as seconds from now."""
    told = str(paths.getter(path)(body) or "") if path else ""
    if not told:
        return now + _BELIEVED
    if told.isdigit():
        return now + timedelta(seconds=int(told))
    found = datetime.fromisoformat(told)
    return found if found.tzinfo else found.replace(tzinfo=UTC)
