"""Tokens by declaration: consent and codes, refreshes, key pairs and secrets, and how access ends."""

import hashlib
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol
from urllib.parse import urlencode

from integrations.engine import errors, faults, logins, signing, templates
from integrations.engine.declarations import Connector
from integrations.engine.endpoints import Endpoints
from integrations.engine.errors import ConfigurationError, LedgerUnavailable, RejectedError
from integrations.engine.messages import Answer, RemoteRequest
from integrations.engine.ways import ClientGrant, CodeGrant, TokenWay, Way

JWT_BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


class FormClient(Protocol):
    """The part of the client that speaks to authorisation servers."""

    connector: Connector
    endpoints: Endpoints

    def form(self, url: str, data: Mapping[str, str], headers: Mapping[str, str], *, as_json: bool = False) -> Answer:
        """POST a form; the answer whatever its status."""

    def send(self, request: RemoteRequest) -> Answer:
        """A call of the API, let in by the connection's token."""


@dataclass(frozen=True, slots=True)
class TokenSet:
    """What a token endpoint gave (RFC 6749 names). `refresh_token` is the one to keep: a new one, or the old one."""

    access_token: str
    refresh_token: str
    expires_at: datetime | None
    """None: it does not expire."""
    refresh_expires_at: datetime | None
    hard_expires_at: datetime | None
    scope: str
    token_type: str

    def __repr__(self) -> str:
        shown = f"{self.expires_at:%Y-%m-%dT%H:%M:%SZ}" if self.expires_at else "never"
        return f"TokenSet(expires_at={shown})"


NO_TOKENS = TokenSet("", "", None, None, None, "", "")
"""Of a way whose calls are signed with secrets that do not expire."""


def code_challenge(verifier: str) -> str:
    """The S256 challenge of a PKCE verifier (RFC 7636)."""
    return urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def authorize_url(way: Way, endpoints: Endpoints, *, redirect_uri: str, state: str, code_verifier: str = "") -> str:
    """Where to send the browser for consent."""
    grant = _code_grant(way)
    query = {
        "client_id": endpoints.client_id,
        "response_type": "code",
        "scope": " ".join(grant.scopes),
        "redirect_uri": redirect_uri,
        "state": state,
        **grant.authorize_params,
    }
    if grant.uses_pkce:
        query |= {"code_challenge": code_challenge(code_verifier), "code_challenge_method": "S256"}
    return f"{endpoints.authorize}?{urlencode(query)}"


def exchange_code(client: FormClient, way: Way, *, code: str, redirect_uri: str, code_verifier: str = "") -> TokenSet:
    """The first tokens, for the code of a callback. Raises ReauthorizationNeeded for a bad code, IntegrationError."""
    grant = _code_grant(way)
    data = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri}
    if grant.uses_pkce:
        data["code_verifier"] = code_verifier
    now, body = datetime.now(UTC), _asked(client, grant, data)
    return code_tokens(client.connector, grant, body, now=now, is_consent=True)


def refresh(client: FormClient, way: Way, *, refresh_token: str) -> TokenSet:
    """New tokens. One caller at a time: the caller holds the lock. Raises ReauthorizationNeeded, LedgerUnavailable."""
    grant = _code_grant(way)
    now = datetime.now(UTC)
    body = _asked(client, grant, {"grant_type": "refresh_token", "refresh_token": refresh_token})
    return code_tokens(client.connector, grant, body, now=now, refresh_token=refresh_token)


def obtain(client: FormClient, way: Way, *, credentials: Mapping[str, str]) -> TokenSet:
    """A token for the portal itself, by what a person typed; asked for again whenever it ends."""
    if not isinstance(way, ClientGrant):
        raise TypeError(f"{way.name} gives no tokens by itself")
    endpoints = client.endpoints
    known = {**endpoints.places, "client_id": endpoints.client_id, "client_secret": endpoints.client_secret}
    # What may be left out of the form is empty.
    known |= {"token_url": endpoints.token, **{field.name: "" for field in way.form if field.is_optional}}
    known |= credentials
    if way.login is not None:
        body = logins.logged_in(client, way.login, credentials=known)
        known["session"] = logins.session_in(client.connector, body, way.session_path)
    data = {"grant_type": "client_credentials", **templates.filled_all(way.params, known)}
    if way.assertion is not None:
        signed = signing.assertion(
            {name: _claim(value, known) for name, value in way.assertion.claims.items()},
            key=known[way.assertion.key],
            key_id=templates.filled(way.assertion.key_id, known),
            algorithms=way.assertion.algorithms,
            minutes=way.assertion.minutes,
        )
        data |= {"client_assertion_type": JWT_BEARER, "client_assertion": signed}
    elif way.scopes:
        data["scope"] = " ".join(way.scopes)
    own = replace(endpoints, client_id=known["client_id"], client_secret=known["client_secret"])
    return token_set(client.connector, way, _asked(client, way, data, own), now=datetime.now(UTC))


def _claim(value: Any, known: Mapping[str, str]) -> Any:
    return templates.filled(value, known) if isinstance(value, str) else value


def revoke(client: FormClient, way: Way, *, token: str, places: Mapping[str, str]) -> None:
    """End the access as the way says. Raises IntegrationError, ReauthorizationNeeded where there was none any more."""
    if way.disconnect.way == "delete":
        path = templates.filled_path(way.disconnect.path, places)
        client.send(RemoteRequest("DELETE", path, operation="delete"))
    elif way.disconnect.way == "revoke" and isinstance(way, TokenWay):
        as_json = isinstance(way, CodeGrant) and way.revoke_body == "json"
        data = {"token": token} if as_json else {"token": token, **_client_fields(client.endpoints, way)}
        answer = client.form(client.endpoints.revoke, data, _headers(client.endpoints, way), as_json=as_json)
        _checked(client.connector, way, answer)


def _code_grant(way: Way) -> CodeGrant:
    if not isinstance(way, CodeGrant):
        raise TypeError(f"{way.name} asks for no consent")
    return way


def _headers(endpoints: Endpoints, way: TokenWay) -> dict[str, str]:
    sent = {"Accept": "application/json", **way.token_headers}
    if way.client_auth == "basic":
        pair = f"{endpoints.client_id}:{endpoints.client_secret}"
        sent["Authorization"] = f"Basic {b64encode(pair.encode()).decode()}"
    return sent


def _client_fields(endpoints: Endpoints, way: TokenWay) -> dict[str, str]:
    if way.client_auth != "body":
        return {}
    return {"client_id": endpoints.client_id, "client_secret": endpoints.client_secret}


def _asked(client: FormClient, way: TokenWay, data: Mapping[str, str], own: Endpoints | None = None) -> Any:
    endpoints = own or client.endpoints
    sent = {**data, **_client_fields(endpoints, way)}
    answer = client.form(client.endpoints.token, sent, _headers(endpoints, way))
    try:
        _checked(client.connector, way, answer)
    except RejectedError as error:
        # Said about the tokens, not about the document whose writing needed them.
        raise ConfigurationError(
            f"{client.connector.label} gave no access token: {error.message}",
            code="token_refused",
            ledger_code=error.ledger_code,
            ledger_message=error.ledger_message,
            correlation_id=error.correlation_id,
        ) from error
    return answer.body


_CODES = {"invalid_client": "bad_client", "unauthorized_client": "bad_client", "invalid_scope": "bad_scope"}
_COMPARE = "Compare each value with the ledger, correct it, and connect again."
_REGISTERED = "Check the client id, the client secret and the scopes that are registered with the ledger."

_ENVELOPE = faults.Envelope(items="", code=("error",), message=("error_description",))


def _checked(connector: Connector, way: TokenWay, answer: Answer) -> None:
    """Raise what a token endpoint's error means, whatever its status: by the way, the RFC, the manifest."""
    rules = (*_own_rules(way), *_standard_rules(way), *connector.errors.rules)
    replace(connector.errors, envelopes=(_ENVELOPE, *connector.errors.envelopes), rules=rules).check(
        answer, is_write=False
    )


def _own_rules(way: TokenWay) -> list[faults.Rule]:
    return [_rule(way, code, kind) for code, kind in way.token_errors.items()]


def _standard_rules(way: TokenWay) -> list[faults.Rule]:
    """RFC 6749, 5.2. Who is to blame for a refused client depends on whose key it is."""
    own = "configuration" if way.is_consent else "reauthorization"
    kinds = {
        "invalid_grant": "reauthorization",
        "invalid_client": own,
        "unauthorized_client": own,
        "invalid_scope": own,
    }
    return [_rule(way, code, kind) for code, kind in kinds.items()]


def _rule(way: TokenWay, code: str, kind: str) -> faults.Rule:
    found = faults.KINDS[kind]
    if found is errors.ReauthorizationNeeded and way.is_consent:
        words = ("{ledger} no longer accepts this connection's consent.", "", errors.WhoCanFix.OWNER)
    elif found is errors.ReauthorizationNeeded:
        words = ("{ledger} does not accept these credentials: {detail}", _COMPARE, errors.WhoCanFix.OWNER)
    elif found is ConfigurationError:
        words = ("{ledger} does not accept the portal's own application.", _REGISTERED, errors.WhoCanFix.OPERATOR)
    else:
        words = ("{ledger} gives no token now: {detail}", "", errors.WhoCanFix.NOBODY)
    cause, remedy, who = words
    return faults.Rule(found, _CODES.get(code, ""), cause, remedy, who, codes=frozenset({code}))


def token_set(connector: Connector, way: TokenWay, body: Any, *, now: datetime, refresh_token: str = "") -> TokenSet:
    """The tokens of an answer's body. Raises LedgerUnavailable when they are not in it."""
    if not isinstance(body, Mapping) or not body.get("access_token"):
        raise LedgerUnavailable(f"{connector.label} answered without a token.", code="no_token")
    return TokenSet(
        access_token=str(body["access_token"]),
        refresh_token=str(body.get("refresh_token") or refresh_token),
        expires_at=_after(body, "expires_in", now) or now + timedelta(minutes=30),
        refresh_expires_at=None,
        hard_expires_at=None,
        scope=str(body.get("scope", " ".join(way.scopes))),
        token_type=str(body.get("token_type", "bearer")).lower(),
    )


def code_tokens(
    connector: Connector, way: CodeGrant, body: Any, *, now: datetime, refresh_token: str = "", is_consent: bool = False
) -> TokenSet:
    """The tokens of a consent or a refresh, with the two ends of the refresh token as dates.

    An absolute end that the ledger does not tell counts from the consent: a refresh leaves it unsaid.
    """
    found = token_set(connector, way, body, now=now, refresh_token=refresh_token)
    idle = now + timedelta(days=way.refresh_idle_days) if way.refresh_idle_days else None
    hard = now + timedelta(days=way.refresh_hard_days) if way.refresh_hard_days and is_consent else None
    return replace(
        found,
        refresh_expires_at=_after(body, way.refresh_expires_field, now) or idle,
        hard_expires_at=_after(body, way.hard_expires_field, now) or hard,
    )


def _after(body: Mapping[str, Any], name: str, now: datetime) -> datetime | None:
    seconds = body.get(name) if name else None
    return None if seconds in (None, "") else now + timedelta(seconds=int(seconds))
