"""Xero's identity server: consent to several organisations, rotating refresh tokens with grace, connections."""

import secrets
from collections.abc import Callable
from urllib.parse import urlencode

from werkzeug.utils import redirect
from werkzeug.wrappers import Request, Response

from integrations.sandbox import wire
from integrations.sandbox.books.consent import Page
from integrations.sandbox.books.oauth import Grant, Grants, InvalidGrantError, Issued, Policy
from integrations.sandbox.clock import Clock
from integrations.sandbox.faces import Organisation
from integrations.sandbox.storage import Storage
from integrations.sandbox.wire import Body
from integrations.sandbox.xero.forms import guid

_CONSENT = Page(
    "Xero", "would like to access your organisations.", "org", "Organisation", ("reject", "Reject"),
    ("accept", "Accept"), takes_several=True,
)  # fmt: skip

_CARRIED = ("client_id", "response_type", "scope", "redirect_uri", "state", "code_challenge", "code_challenge_method")
_DAY = 86400
_CONNECTED = "2026-01-05T09:30:00.0000000"
_MODULES = ("invoices", "payments", "banktransactions", "manualjournals", "settings", "contacts", "attachments",
            "transactions")  # fmt: skip
_SCOPES = {
    "openid", "profile", "email", "offline_access", "accounting.budgets.read", "accounting.journals.read",
    "accounting.reports.read", *(f"accounting.{each}" for each in _MODULES),
    *(f"accounting.{each}.read" for each in _MODULES),
    *(f"accounting.reports.{each}.read" for each in ("aged", "balancesheet", "banksummary", "budgetsummary",
      "executivesummary", "profitandloss", "trialbalance", "taxreports", "tenninetynine")),
}  # fmt: skip


def _json(body: Body | list[Body], status: int = 200) -> Response:
    return Response(wire.dump(body), status, content_type="application/json; charset=utf-8")


class OAuth:
    """Grants cover every organisation that the user ticked; the app names one by Xero-tenant-id."""

    def __init__(
        self,
        clock: Clock,
        storage: Storage,
        clients: dict[str, str],
        organisations: Callable[[], list[Organisation]],
    ) -> None:
        # 30 minutes; refreshed within 60 days; the refresh token before answers again for 30 minutes.
        policy = Policy(access_seconds=1800, code_seconds=300, rotates=True, grace_seconds=1800, idle_seconds=60 * _DAY)
        self.grants = Grants(clock, storage, "_xero_oauth", policy)
        self._clients = clients
        self._organisations = organisations

    def authorize(self, request: Request) -> Response:
        """GET shows the page, POST is the decision; auto_consent=1 decides without a user (org= chooses one)."""
        given = request.values
        fields = {name: given[name] for name in _CARRIED if given.get(name)}
        if fields.get("client_id") not in self._clients:
            return _CONSENT.refusal("unauthorized_client", "Unknown client or client not enabled")
        if not fields.get("redirect_uri", "").startswith(("http://", "https://")):
            return _CONSENT.refusal("invalid_request", "Invalid redirect_uri")
        scopes = fields.get("scope", "").split()
        if not scopes or not set(scopes) <= _SCOPES:
            return self._back(fields, {"error": "invalid_scope"})
        companies = self._organisations()
        if request.method == "GET" and not given.get("auto_consent"):
            return _CONSENT.shown(companies, fields)
        if given.get("decision") == "reject" or not companies:
            return self._back(fields, {"error": "access_denied"})
        known = {each.external_org_id for each in companies}
        chosen = [key for key in given.getlist("org") if key in known] or sorted(known)
        code = self.grants.authorise(
            client=fields["client_id"], organisations=chosen, redirect_uri=fields["redirect_uri"],
            scope=fields["scope"], challenge=fields.get("code_challenge", ""), offline="offline_access" in scopes,
        )  # fmt: skip
        return self._back(fields, {"code": code, "scope": fields["scope"], "session_state": secrets.token_hex(16)})

    def _back(self, fields: Body, answer: Body) -> Response:
        uri, state = fields["redirect_uri"], {"state": fields["state"]} if fields.get("state") else {}
        return redirect(f"{uri}{'&' if '?' in uri else '?'}{urlencode({**answer, **state})}")

    def _client(self, request: Request) -> str | None:
        """Basic, or client_id and client_secret in the body; PKCE needs no secret."""
        basic, form = request.authorization, request.form
        if basic is not None and basic.type == "basic":
            name, secret = str(basic.username), basic.password
        else:
            name, secret = form.get("client_id", ""), form.get("client_secret")
        public = form.get("code_verifier") and secret is None
        return name if name in self._clients and (public or self._clients[name] == secret) else None

    def token(self, request: Request) -> Response:
        """Tokens for a code or refresh token."""
        form, client = request.form, self._client(request)
        if client is None:
            return _json({"error": "invalid_client"}, 400)
        try:
            if form.get("grant_type") == "authorization_code":
                issued = self.grants.exchange(
                    form.get("code", ""),
                    client=client,
                    verifier=form.get("code_verifier", ""),
                    redirect_uri=form.get("redirect_uri", ""),
                )
            elif form.get("grant_type") == "refresh_token":
                issued = self.grants.refresh(form.get("refresh_token", ""), client)
            else:
                return _json({"error": "unsupported_grant_type"}, 400)
        except InvalidGrantError:
            return _json({"error": "invalid_grant"}, 400)
        return _json(_told(issued))

    def revoke(self, request: Request) -> Response:
        """Kills the consent and its connections."""
        client = self._client(request)
        if client is None:
            return _json({"error": "invalid_client"}, 400)
        self.grants.revoke(request.form.get("token", ""), client)
        return Response("", 200)

    def connections(self, grant: Grant, event: str = "") -> Response:
        """The organisations of a grant."""
        if event and event != guid("event", grant.id):
            return _json([])
        known = {each.external_org_id: each for each in self._organisations()}
        return _json([_connection(grant, known[key]) for key in grant.organisations if key in known])

    def disconnect(self, grant: Grant, link: str) -> Response:
        """One organisation leaves the grant."""
        for key in grant.organisations:
            if guid("connection", grant.id, key) == link.lower():
                self.grants.disconnect(grant, key)
                return Response("", 204)
        return Response("", 404)

    def organisation_of(self, refresh: str) -> str | None:
        """Whose refresh token it is, for the call log: the first organisation."""
        found = next((each for each in self.grants.grants() if refresh == each.refresh or refresh in each.before), None)
        return next(iter(found.organisations), None) if found else None


def _told(issued: Issued) -> Body:
    body = {"access_token": issued.access, "expires_in": issued.expires_in, "token_type": "Bearer",
            "scope": issued.grant.scope}  # fmt: skip
    return body | ({"refresh_token": issued.refresh} if issued.refresh else {})


def _connection(grant: Grant, organisation: Organisation) -> Body:
    return {"id": guid("connection", grant.id, organisation.external_org_id), "authEventId": guid("event", grant.id),
            "tenantId": organisation.external_org_id, "tenantType": "ORGANISATION", "tenantName": organisation.name,
            "createdDateUtc": _CONNECTED, "updatedDateUtc": _CONNECTED}  # fmt: skip
