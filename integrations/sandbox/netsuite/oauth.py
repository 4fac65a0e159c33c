"""The OAuth 2.0 endpoints: consent, tokens by code, refresh or signed assertion, revocation."""

import base64
import binascii
import hashlib
from collections.abc import Callable
from urllib.parse import urlencode, urlsplit

from werkzeug.utils import redirect
from werkzeug.wrappers import Request, Response

from integrations.sandbox import wire
from integrations.sandbox.books.consent import Page
from integrations.sandbox.faces import Organisation
from integrations.sandbox.netsuite import assertion
from integrations.sandbox.netsuite.accounts import canonical, host_form
from integrations.sandbox.netsuite.assertion import Certificate, UnprovedError
from integrations.sandbox.netsuite.grants import ACCESS_SECONDS, Grant, Grants, InvalidGrantError
from integrations.sandbox.wire import Body

_CONSENT = Page(
    "NetSuite", "asks for access with your role Administrator.", "company", "Account", ("deny", "Cancel"),
    ("allow", "Allow"),
)  # fmt: skip

SCOPES = ("rest_webservices", "restlets", "suite_analytics")
_CARRIED = ("client_id", "response_type", "scope", "redirect_uri", "state", "code_challenge", "code_challenge_method")
_STATE = range(22, 1025)


class _RefusedError(Exception):
    """A refusal of the token endpoint: the error's name, and its status."""

    def __init__(self, error: str, status: int = 400) -> None:
        super().__init__(error)
        self.error = error
        self.status = status


class OAuth:
    """Everything a client does before its first call."""

    def __init__(
        self,
        grants: Grants,
        clients: dict[str, str],
        organisations: Callable[[], list[Organisation]],
        certificate: Callable[[str], Certificate | None],
    ) -> None:
        self.grants = grants
        self._clients = clients
        self._organisations = organisations
        self._certificate = certificate

    def authorize(self, request: Request) -> Response:
        """GET shows the consent page, POST is the user's decision; auto_consent=1 decides without a user."""
        given = request.values
        fields = {name: given[name] for name in _CARRIED if given.get(name)}
        problem = self._problem(fields)
        if problem:
            return _CONSENT.refusal("This request is not valid", problem, 400)
        is_auto = given.get("auto_consent", "") in ("1", "true", "yes")
        if request.method == "POST" or is_auto:
            return self._decided(request, fields, is_auto=is_auto)
        response = _CONSENT.shown(self._organisations(), fields)
        response.headers["X-Frame-Options"] = "DENY"
        return response

    def _problem(self, fields: dict[str, str]) -> str | None:
        scopes = fields.get("scope", "").split()
        if fields.get("client_id") not in self._clients:
            return "invalid_client: no such integration record."
        if urlsplit(fields.get("redirect_uri", "")).scheme not in ("http", "https"):
            return "invalid_request: the redirect_uri does not match the integration record."
        if fields.get("response_type") != "code":
            return "invalid_request: response_type must be code."
        if not scopes or not set(scopes) <= {*SCOPES, "mcp"} or ("mcp" in scopes and len(scopes) > 1):
            return "invalid_scope"
        if len(fields.get("state", "")) not in _STATE:
            return "invalid_request: state must have 22 to 1024 characters."
        if fields.get("code_challenge") and fields.get("code_challenge_method") != "S256":
            return "invalid_request: code_challenge_method must be S256."
        return None

    def _decided(self, request: Request, fields: dict[str, str], *, is_auto: bool) -> Response:
        accounts = [each.external_org_id for each in self._organisations()]
        named = request.values.get("company") or request.values.get("realm_id") or request.values.get("org") or ""
        account = canonical(named) or (accounts[0] if is_auto and accounts else "")
        if account not in accounts or not (is_auto or request.form.get("decision") == "allow"):
            return _back(fields, {"error": "access_denied"})
        code = self.grants.code(
            account,
            fields["client_id"],
            fields["scope"],
            redirect_uri=fields["redirect_uri"],
            challenge=fields.get("code_challenge", ""),
        )
        return _back(fields, {"code": code, "role": "3", "entity": "-5", "company": account})

    def token(self, request: Request) -> Response:
        """The token endpoint."""
        try:
            return _json(self._granted(request))
        except _RefusedError as refused:
            response = _json({"error": refused.error}, refused.status)
            if refused.status == 401:
                response.headers["WWW-Authenticate"] = 'Basic realm="netsuite"'
            return response
        except InvalidGrantError:
            return _json({"error": "invalid_grant"}, 400)

    def _granted(self, request: Request) -> Body:
        form = request.form
        match form.get("grant_type"):
            case "authorization_code":
                return self._by_code(form.to_dict(), self._client(request))
            case "refresh_token":
                return self._by_refresh(form.to_dict(), self._client(request))
            case "client_credentials":
                return self._by_assertion(form.to_dict(), request)
            case None | "":
                raise _RefusedError("invalid_request")
        raise _RefusedError("unsupported_grant_type")

    def _by_code(self, form: dict[str, str], client: str) -> Body:
        if not form.get("code") or not form.get("redirect_uri"):
            raise _RefusedError("invalid_request")
        grant = self.grants.redeem(form["code"], client)
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        proof = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if grant.redirect_uri != form["redirect_uri"] or (grant.challenge and grant.challenge != proof):
            raise InvalidGrantError
        return {**self._access(grant), "refresh_token": self.grants.refresh_token(grant)}

    def _by_refresh(self, form: dict[str, str], client: str) -> Body:
        if not form.get("refresh_token"):
            raise _RefusedError("invalid_request")
        grant = self.grants.check("refresh", form["refresh_token"])
        if grant.client != client:
            raise InvalidGrantError
        return self._access(grant)

    def _by_assertion(self, form: dict[str, str], request: Request) -> Body:
        kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
        if form.get("client_assertion_type") != kind or not form.get("client_assertion"):
            raise _RefusedError("invalid_request")
        called = request.base_url
        try:
            certificate, scope = assertion.verified(
                form["client_assertion"],
                self._certificate,
                lambda account: assertion.token_urls(host_form(account), called),
            )
        except UnprovedError as error:
            raise _RefusedError(str(error), 401 if str(error) == "invalid_client" else 400) from error
        if not scope.split() or not set(scope.split()) <= set(SCOPES):
            raise _RefusedError("invalid_scope")
        return self._access(self.grants.machine(certificate.account, certificate.client, scope))

    def _access(self, grant: Grant) -> Body:
        known = [each.external_org_id for each in self._organisations()]
        if grant.account not in known:
            raise InvalidGrantError
        # The number comes as a text, as it does from NetSuite.
        return {"access_token": self.grants.access(grant), "expires_in": str(ACCESS_SECONDS), "token_type": "bearer"}

    def _client(self, request: Request) -> str:
        """The client of a Basic header. Raises invalid_client."""
        kind, _, encoded = request.headers.get("Authorization", "").partition(" ")
        try:
            name, _, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError) as error:
            raise _RefusedError("invalid_client", 401) from error
        if kind.lower() != "basic" or name not in self._clients or self._clients[name] != secret:
            raise _RefusedError("invalid_client", 401)
        if request.form.get("client_id", name) != name or request.form.get("client_secret"):
            raise _RefusedError("invalid_request")
        return name

    def revoke(self, request: Request) -> Response:
        """End a consent. (That NetSuite's endpoint stands at this path is not verified.)"""
        try:
            self._client(request)
        except _RefusedError as refused:
            return _json({"error": refused.error}, refused.status)
        self.grants.revoke(request.form.get("token", ""))
        return Response(status=200)


def _back(fields: dict[str, str], parameters: dict[str, str]) -> Response:
    target = fields["redirect_uri"]
    query = urlencode({"state": fields["state"], **parameters})
    return redirect(f"{target}{'&' if '?' in target else '?'}{query}", 302)


def _json(body: Body, status: int = 200) -> Response:
    response = Response(wire.dump(body), status, content_type="application/json")
    response.headers["Cache-Control"] = "no-store"
    return response
