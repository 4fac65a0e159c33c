"""OAuth 2.0 by declaration: where consent is asked for, how a code or a refresh token becomes tokens, how they end."""

import hashlib
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol
from urllib.parse import urlencode

from integrations.engine.declarations import Connector
from integrations.engine.endpoints import Endpoints
from integrations.engine.errors import ConfigurationError, LedgerUnavailable, RejectedError
from integrations.engine.messages import Answer


class FormClient(Protocol):
    """The part of the client that speaks to authorisation servers."""

    connector: Connector
    endpoints: Endpoints

    def form(self, url: str, data: Mapping[str, str], headers: Mapping[str, str], *, as_json: bool = False) -> Answer:
        """POST a form."""


@dataclass(frozen=True, slots=True)
class TokenSet:
    """What a token endpoint gave (RFC 6749 names). `refresh_token` is the one to keep: a new one, or the old one."""

    access_token: str
    refresh_token: str
    expires_at: datetime
    refresh_expires_at: datetime | None
    hard_expires_at: datetime | None
    scope: str
    token_type: str

    def __repr__(self) -> str:
        return f"TokenSet(expires_at={self.expires_at:%Y-%m-%dT%H:%M:%SZ})"


def code_challenge(verifier: str) -> str:
    """The S256 challenge of a PKCE verifier (RFC 7636)."""
    return urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def authorize_url(
    connector: Connector, endpoints: Endpoints, *, redirect_uri: str, state: str, code_verifier: str | None = None
) -> str:
    """Where to send the browser for consent."""
    query = {
        "client_id": endpoints.client_id,
        "response_type": "code",
        "scope": " ".join(connector.auth.scopes),
        "redirect_uri": redirect_uri,
        "state": state,
        **connector.auth.authorize_params,
    }
    if connector.auth.uses_pkce and code_verifier:
        query |= {"code_challenge": code_challenge(code_verifier), "code_challenge_method": "S256"}
    return f"{endpoints.authorize}?{urlencode(query)}"


def exchange_code(client: FormClient, *, code: str, redirect_uri: str, code_verifier: str | None = None) -> TokenSet:
    """The first tokens, for the code of a callback. Raises ReauthorizationNeeded for a bad code, IntegrationError."""
    data = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri}
    if client.connector.auth.uses_pkce and code_verifier:
        data["code_verifier"] = code_verifier
    return _tokens(client, data, refresh_token="")


def refresh(client: FormClient, *, refresh_token: str) -> TokenSet:
    """New tokens. One caller at a time: the caller holds the lock. Raises ReauthorizationNeeded, LedgerUnavailable."""
    return _tokens(client, {"grant_type": "refresh_token", "refresh_token": refresh_token}, refresh_token=refresh_token)


def revoke(client: FormClient, *, token: str) -> None:
    """End the grant of an access or refresh token. Raises IntegrationError."""
    client.form(
        client.endpoints.revoke, {"token": token}, _headers(client), as_json=client.connector.auth.revoke_body == "json"
    )


def _headers(client: FormClient) -> dict[str, str]:
    sent = {"Accept": "application/json", **client.connector.auth.token_headers}
    if client.connector.auth.client_auth == "basic":
        pair = f"{client.endpoints.client_id}:{client.endpoints.client_secret}"
        sent["Authorization"] = f"Basic {b64encode(pair.encode()).decode()}"
    return sent


def _tokens(client: FormClient, data: dict[str, str], *, refresh_token: str) -> TokenSet:
    if client.connector.auth.client_auth == "body":
        data = {**data, "client_id": client.endpoints.client_id, "client_secret": client.endpoints.client_secret}
    try:
        answer = client.form(client.endpoints.token, data, _headers(client))
    except RejectedError as error:
        # Said about the tokens, not about the document whose writing needed them.
        raise ConfigurationError(
            f"{client.connector.label} gave no access token: {error.message}",
            code="token_refused",
            ledger_code=error.ledger_code,
            ledger_message=error.ledger_message,
            correlation_id=error.correlation_id,
        ) from error
    return token_set(client.connector, answer.body, now=datetime.now(UTC), refresh_token=refresh_token)


def token_set(connector: Connector, body: Any, *, now: datetime, refresh_token: str = "") -> TokenSet:
    """The tokens of an answer's body. Raises LedgerUnavailable when they are not in it."""
    if not isinstance(body, Mapping) or not body.get("access_token"):
        raise LedgerUnavailable(f"{connector.label} answered without a token.", code="no_token")
    auth = connector.auth

    def after(name: str, days: int = 0) -> datetime | None:
        seconds = body.get(name) if name else None
        if seconds in (None, ""):
            return now + timedelta(days=days) if days else None
        return now + timedelta(seconds=int(seconds))

    return TokenSet(
        access_token=str(body["access_token"]),
        refresh_token=str(body.get("refresh_token") or refresh_token),
        expires_at=after("expires_in") or now + timedelta(minutes=30),
        refresh_expires_at=after(auth.refresh_expires_field, auth.refresh_expires_days),
        hard_expires_at=after(auth.hard_expires_field),
        scope=str(body.get("scope", " ".join(auth.scopes))),
        token_type=str(body.get("token_type", "bearer")).lower(),
    )
