"""The OAuth 2.0 and OpenID Connect endpoints."""

import base64
import binascii
import time
from collections.abc import Callable
from functools import cached_property
from typing import Any
from urllib.parse import urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from werkzeug.utils import redirect
from werkzeug.wrappers import Request, Response

from integrations.sandbox import wire
from integrations.sandbox.clock import Clock
from integrations.sandbox.faces import Organisation
from integrations.sandbox.quickbooks import consent, envelopes
from integrations.sandbox.quickbooks.grants import ACCESS_SECONDS, Grants, InvalidGrantError, Issued
from integrations.sandbox.storage import Storage
from integrations.sandbox.wire import Body

REFRESH_SECONDS = 0.1
"""How long a refresh takes, real time: long enough that two at once really overlap."""
_SCOPE = "_quickbooks_keys"
_WRONG = "Incorrect Token type or clientID"
_CARRIED = ("client_id", "response_type", "scope", "redirect_uri", "state", "nonce")
_PREFIX = "/quickbooks"


class OAuth:
    """Consent, tokens, revocation, discovery, user info."""

    def __init__(
        self, clock: Clock, storage: Storage, clients: dict[str, str], companies: Callable[[], list[Organisation]]
    ) -> None:
        self.grants = Grants(clock, storage)
        self.clients = clients
        self._clock = clock
        self._storage = storage
        self._companies = companies

    def authorize(self, request: Request) -> Response:
        """GET shows the consent page, POST is the user's decision; auto_consent=1 decides without a user."""
        given = request.values
        fields = {name: given[name] for name in _CARRIED if given.get(name)}
        problem = self._problem(fields)
        if problem:
            page = consent.refusal("This app can't connect", problem)
            return Response(page, 400, content_type="text/html; charset=utf-8")
        wants_auto = given.get("auto_consent", "") in ("1", "true", "yes")
        if request.method == "POST" or wants_auto:
            return self._decided(request, fields, is_auto=wants_auto)
        response = Response(consent.page(self._companies(), fields), content_type="text/html; charset=utf-8")
        response.headers["X-Frame-Options"] = "DENY"
        return response

    def _problem(self, fields: Body) -> str | None:
        if fields.get("client_id") not in self.clients:
            return "The client_id is unknown here."
        if urlsplit(fields.get("redirect_uri", "")).scheme not in ("http", "https"):
            return "The redirect_uri query parameter value is invalid."
        if fields.get("response_type") != "code":
            return "The response_type must be code."
        return None if fields.get("scope") else "The scope is missing."

    def _decided(self, request: Request, fields: Body, *, is_auto: bool) -> Response:
        state = {"state": fields["state"]} if fields.get("state") else {}
        companies = {company.external_org_id: company for company in self._companies()}
        realm = request.values.get("realm_id") or (next(iter(companies), "") if is_auto else "")
        agreed = is_auto or request.form.get("decision") == "connect"
        if not agreed or realm not in companies:
            return self._back(fields, {"error": "access_denied", **state})
        code = self.grants.authorise(
            client=fields["client_id"], realm=realm, redirect_uri=fields["redirect_uri"], scope=fields["scope"]
        )
        return self._back(fields, {"code": code, **state, "realmId": realm})

    @staticmethod
    def _back(fields: Body, parameters: dict[str, str]) -> Response:
        target = fields["redirect_uri"]
        return redirect(f"{target}{'&' if '?' in target else '?'}{urlencode(parameters)}", 302)

    def token(self, request: Request) -> Response:
        """The token endpoint."""
        client = self._client(request)
        if client is None:
            return _json({"error": "invalid_client"}, 401)
        form = request.form
        try:
            match form.get("grant_type"):
                case "authorization_code":
                    if not form.get("code") or not form.get("redirect_uri"):
                        return _json({"error": "invalid_request"}, 400)
                    issued = self.grants.exchange(form["code"], client=client, redirect_uri=form["redirect_uri"])
                case "refresh_token":
                    if not form.get("refresh_token"):
                        return _json({"error": "invalid_request"}, 400)
                    issued = self._refresh(form["refresh_token"], client)
                case _:
                    return _json({"error": "unsupported_grant_type"}, 400)
        except InvalidGrantError:
            return _json({"error": "invalid_grant", "error_description": _WRONG}, 400)
        return self._issued(request, issued)

    def _refresh(self, value: str, client: str) -> Issued:
        grant = self.grants.begin_refresh(value, client)
        time.sleep(REFRESH_SECONDS)
        return self.grants.finish_refresh(grant)

    def _issued(self, request: Request, issued: Issued) -> Response:
        body: Body = {
            "token_type": "bearer",
            "access_token": issued.access,
            "expires_in": ACCESS_SECONDS,
            "refresh_token": issued.grant.refresh,
            "x_refresh_token_expires_in": issued.rolling_left,
        }
        if request.headers.get("x-include-refresh-token-hard-expires-in", "").lower() == "true":
            body["x_refresh_token_hard_expires_in"] = issued.hard_left
        if "openid" in issued.grant.scope.split() and request.form.get("grant_type") == "authorization_code":
            body["id_token"] = self._id_token(request, issued)
        return _json(body)

    def _client(self, request: Request) -> str | None:
        """The client of a Basic authorization header, None when it is not one of ours."""
        kind, _, encoded = request.headers.get("Authorization", "").partition(" ")
        if kind.lower() != "basic":
            return None
        try:
            name, _, secret = base64.b64decode(encoded).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return None
        return name if name in self.clients and self.clients[name] == secret else None

    def revoke(self, request: Request) -> Response:
        """Kill the grant of an access or refresh token."""
        client = self._client(request)
        if client is None:
            return _json({"error": "invalid_client"}, 401)
        try:
            body: Any = wire.parse(request.get_data() or b"{}")
        except wire.MalformedJsonError:
            body = {}
        token = str(body.get("token", "")) if isinstance(body, dict) else ""
        done = self.grants.revoke(token or request.form.get("token", ""), client)
        return envelopes.respond(b"", 200 if done else 400, envelopes.trace_id())

    def discovery(self, request: Request) -> Response:
        """The OpenID configuration with this server's addresses."""
        root = request.host_url.rstrip("/") + _PREFIX
        return _json({
            "issuer": f"{root}/op/v1",
            "authorization_endpoint": f"{root}/connect/oauth2",
            "token_endpoint": f"{root}/oauth2/v1/tokens/bearer",
            "userinfo_endpoint": f"{root}/v1/openid_connect/userinfo",
            "revocation_endpoint": f"{root}/v2/oauth2/tokens/revoke",
            "jwks_uri": f"{root}/op/v1/jwks",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "scopes_supported": ["openid", "email", "profile", "address", "phone"],
            "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
            "claims_supported": ["aud", "exp", "iat", "iss", "realmid", "sub"],
        })  # fmt: skip

    def userinfo(self, request: Request) -> Response:
        """Who consented."""
        token = request.headers.get("Authorization", "").partition(" ")[2]
        grant, _ = self.grants.check(token)
        if grant is None or "openid" not in grant.scope.split():
            return _json({"error": "invalid_token"}, 401)
        return _json({
            "sub": _subject(grant.realm), "email": "alex.morgan@example.com", "emailVerified": True,
            "givenName": "Alex", "familyName": "Morgan",
        })  # fmt: skip

    def jwks(self, request: Request) -> Response:
        """The public key of id tokens."""
        numbers = self._key.public_key().public_numbers()
        entry = {
            "kty": "RSA",
            "use": "sig",
            "alg": "RS256",
            "kid": "sandbox",
            "n": _text(numbers.n),
            "e": _text(numbers.e),
        }
        return _json({"keys": [entry]})

    @cached_property
    def _key(self) -> rsa.RSAPrivateKey:
        for kind, _, data in self._storage.load(_SCOPE):
            if kind == "rsa":
                found = serialization.load_pem_private_key(data, None)
                if isinstance(found, rsa.RSAPrivateKey):
                    return found
        key = rsa.generate_private_key(65537, 2048)
        plain = serialization.NoEncryption()
        pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
        self._storage.save(_SCOPE, [("rsa", "1", pem)])
        return key

    def _id_token(self, request: Request, issued: Issued) -> str:
        now = int(self._clock.wall())
        claims = {
            "sub": _subject(issued.grant.realm),
            "aud": [issued.grant.client],
            "realmid": issued.grant.realm,
            "auth_time": now,
            "iss": f"{request.host_url.rstrip('/')}{_PREFIX}/op/v1",
            "iat": now,
            "exp": now + ACCESS_SECONDS,
        }
        return jwt.encode(claims, self._key, algorithm="RS256", headers={"kid": "sandbox"})


def _subject(realm: str) -> str:
    return f"b05{realm}-6f4d-4b8a-a6cd"


def _text(value: int) -> str:
    data = value.to_bytes((value.bit_length() + 7) // 8, "big")
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _json(body: Body, status: int = 200) -> Response:
    return envelopes.respond(wire.dump(body), status, envelopes.trace_id())
