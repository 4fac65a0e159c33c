"""How the portal gets into a ledger: consent pages, tokens over the network, organisations, and the way out again."""

import os
from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import UTC, date, datetime, time
from typing import Any

from integrations.engine import auth, manifest, organisations, sessions
from integrations.engine.auth import TokenSet
from integrations.engine.client import Client
from integrations.engine.converters import Context
from integrations.engine.endpoints import Endpoints, resolve
from integrations.engine.errors import ConfigurationError
from integrations.engine.ledger import Ledger
from integrations.engine.ways import ClientGrant, CodeGrant, SessionLogin, SignedCalls, Way
from integrations.models import Authorisation, Connection
from integrations.services.calls import Recorder
from integrations.services.connectors import connector_of, way_of
from integrations.services.credentials import Held, keep_while_ending, typed


class _OneToken:
    """The token just received, before it has a home."""

    def __init__(self, token: str) -> None:
        self._token = token

    def token(self) -> str:
        """It."""
        return self._token

    def renew(self, stale: str) -> str:
        """There is no other."""
        return self._token


def endpoints_of(connection: Connection) -> Endpoints:
    """The addresses in force for a connection."""
    return resolve(connector_of(connection), os.environ, given=connection.settings, org=connection.external_org_id)


def authorize_url(authorisation: Authorisation, *, code_verifier: str) -> str:
    """The ledger's consent page; ConfigurationError when this portal is not registered with the ledger."""
    connector, endpoints = manifest.load(authorisation.connector), _endpoints(authorisation)
    if not endpoints.client_id or not endpoints.client_secret:
        name = connector.name.upper()
        raise ConfigurationError(
            f"This portal has no application keys for {connector.label}.",
            code="no_client",
            remedy=f"Set PORTAL_{name}_CLIENT_ID and PORTAL_{name}_CLIENT_SECRET and restart.",
        )
    return auth.authorize_url(
        connector.way(authorisation.way),
        endpoints,
        redirect_uri=authorisation.redirect_uri,
        state=authorisation.state,
        code_verifier=code_verifier,
    )


def callback_facts(way: Way, parameters: Mapping[str, str]) -> tuple[str, dict[str, str]]:
    """The organisation and the settings that a callback names; empty where the ledger says them later."""
    if not isinstance(way, CodeGrant):
        return "", {}
    settings = {name: parameters[param] for name, param in way.settings_params.items() if parameters.get(param)}
    return parameters.get(way.org_param, "")[:100] if way.org_param else "", settings


def exchange_code(authorisation: Authorisation) -> TokenSet:
    """The first tokens for the code of a callback."""
    secret = authorisation.secret
    with _client(authorisation) as client:
        return auth.exchange_code(
            client,
            client.connector.way(authorisation.way),
            code=secret["code"],
            redirect_uri=authorisation.redirect_uri,
            code_verifier=secret.get("verifier", ""),
        )


def obtain_tokens(authorisation: Authorisation) -> TokenSet:
    """The first tokens by what was typed; none where each call is signed."""
    with _client(authorisation) as client:
        return _obtained(client, authorisation.way, {**authorisation.settings, **authorisation.secret.get("typed", {})})


def check_credentials(authorisation: Authorisation, tokens: TokenSet) -> None:
    """Ask the ledger for its organisation with what was typed, before it is kept; raises what the ledger says."""
    connector, endpoints = manifest.load(authorisation.connector), _endpoints(authorisation)
    source = _OneToken(tokens.access_token) if tokens.access_token else None
    credentials = {**authorisation.settings, **authorisation.secret["typed"]}
    with Client(connector, endpoints, source, way=authorisation.way, credentials=credentials) as client:
        Ledger(connector, client, Context(values=endpoints.places)).organisation()


def refresh_tokens(connection: Connection, refresh_token: str) -> TokenSet:
    """New tokens over the network; the caller holds the credential's lease."""
    way = way_of(connection)
    with Client(connector_of(connection), endpoints_of(connection), recorder=Recorder(connection)) as client:
        if isinstance(way, CodeGrant):
            return auth.refresh(client, way, refresh_token=refresh_token)
        return _obtained(client, way.name, typed(connection))


def _obtained(client: Client, way_name: str, credentials: Mapping[str, str]) -> TokenSet:
    way = client.connector.way(way_name)
    found = tokens_of(client, way, credentials)
    if day := credentials.get(way.ends) if way.ends else "":
        # What was typed, such as a certificate, ends with its last day at the latest.
        return replace(found, hard_expires_at=datetime.combine(date.fromisoformat(day), time(), UTC))
    return found


def tokens_of(client: Client, way: Way, credentials: Mapping[str, str]) -> TokenSet:
    """Tokens by what was typed; none where each call is signed. ConfigurationError for a way that asks for consent."""
    if isinstance(way, SignedCalls):
        return auth.NO_TOKENS
    if isinstance(way, SessionLogin):
        return sessions.log_in(client, way, credentials=credentials)
    if isinstance(way, ClientGrant):
        return auth.obtain(client, way, credentials=credentials)
    raise ConfigurationError(f"{client.connector.label} cannot be connected by {way.label}.", code="unknown_way")


def organisations_of(authorisation: Authorisation, tokens: TokenSet) -> list[dict[str, Any]] | None:
    """What a fresh consent covers, as {id, name, kind, link_id}; None where the ledger has no list of it."""
    with _client(authorisation, _OneToken(tokens.access_token)) as client:
        found = organisations.listed(client, client.connector.way(authorisation.way))
    return None if found is None else [asdict(organisation) for organisation in found]


class _LastTokens:
    """The tokens of a connection that is being ended: renewed once where only a fresh one may say goodbye."""

    def __init__(self, connection: Connection, held: Held) -> None:
        self._connection, self._held = connection, held

    def token(self) -> str:
        """The stored one, however old."""
        return self._held.secret.get("access_token") or ""

    def renew(self, stale: str) -> str:
        """A new one, stored before use like every other; the caller holds the credential's lease."""
        tokens = refresh_tokens(self._connection, self._held.secret.get("refresh_token") or "")
        keep_while_ending(self._connection, self._held, tokens)
        return tokens.access_token


def end_access(connection: Connection, held: Held) -> None:
    """End the grant, or this organisation's link alone, as the way says; the caller holds the credential's lease."""
    way, secret = way_of(connection), held.secret
    places = {**connection.settings, "org": connection.external_org_id}
    tokens = _LastTokens(connection, held)
    with Client(
        connector_of(connection), endpoints_of(connection), tokens, recorder=Recorder(connection), way=way.name
    ) as client:
        auth.revoke(client, way, token=secret.get("refresh_token") or secret.get("access_token") or "", places=places)


def give_back(authorisation: Authorisation, tokens: TokenSet) -> None:
    """End a grant that no connection came of, where the ledger ends grants as a whole."""
    with _client(authorisation) as client:
        way = client.connector.way(authorisation.way)
        if way.disconnect.way == "revoke":
            auth.revoke(client, way, token=tokens.refresh_token or tokens.access_token, places={})


def _endpoints(authorisation: Authorisation) -> Endpoints:
    connector = manifest.load(authorisation.connector)
    return resolve(connector, os.environ, given=authorisation.settings, org=authorisation.secret.get("org", ""))


def _client(authorisation: Authorisation, tokens: _OneToken | None = None) -> Client:
    connector = manifest.load(authorisation.connector)
    return Client(connector, _endpoints(authorisation), tokens, way=authorisation.way)
