"""Logging in to a ledger: the call with what a person typed, and the session that its answer gives."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Protocol
from urllib.parse import urlsplit

from integrations.engine import paths, signing, templates
from integrations.engine.declarations import Connector
from integrations.engine.endpoints import Endpoints, origin
from integrations.engine.errors import ConfigurationError, LedgerUnavailable, WhoCanFix
from integrations.engine.messages import Answer, RemoteRequest
from integrations.engine.ways import Login


class Sender(Protocol):
    """The part of the client that is needed."""

    connector: Connector
    endpoints: Endpoints

    def send(self, request: RemoteRequest) -> Answer:
        """A call of the API."""


def logged_in(client: Sender, login: Login, *, credentials: Mapping[str, str]) -> Any:
    """The body of a login's answer. Raises IntegrationError."""
    own = {"now": datetime.now(UTC).isoformat(timespec="seconds"), "nonce": signing.nonce()}
    known = {**client.endpoints.application, **client.endpoints.places, **credentials, **own}
    return client.send(
        RemoteRequest(
            login.method,
            templates.filled_path(login.path, known),
            headers=templates.filled_all(login.headers, known),
            body=templates.filled_structure(login.body, known),
            interface=login.interface,
            action=login.action,
        )
    ).body


def session_in(connector: Connector, body: Any, path: str) -> str:
    """The session that an answer gives. Raises LedgerUnavailable."""
    found = paths.getter(path)(body)
    if not found:
        raise LedgerUnavailable(f"{connector.label} answered without a session.", code="no_session")
    return str(found)


def check_endpoint(client: Sender, body: Any, path: str, hosts: str) -> None:
    """A session that belongs to a host which is not the ledger's is refused, and never sent there."""
    told = str(paths.getter(path)(body) or "") if path else ""
    if not told or origin(told) in client.endpoints.origins:
        return
    parts = urlsplit(told)
    if parts.scheme != "https" or not hosts or not re.fullmatch(hosts, parts.hostname or ""):
        raise ConfigurationError(
            f"{client.connector.label} sends the session to {parts.hostname}, which is none of its hosts.",
            code="host_not_allowed",
            remedy="Check the ledger's address in the environment.",
            who_can_fix=WhoCanFix.OPERATOR,
        )
