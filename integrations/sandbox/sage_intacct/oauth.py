"""Intacct's token service: code with PKCE, refresh with rotation, client credentials, revoke."""

import base64
import secrets
from collections.abc import Callable
from urllib.parse import urlencode

from werkzeug.utils import redirect
from werkzeug.wrappers import Request, Response

from integrations.sandbox import wire
from integrations.sandbox.books.oauth import Grant, Grants, InvalidGrantError, Issued, Policy
from integrations.sandbox.faces import Organisation, Setting
from integrations.sandbox.sage_intacct import consent, errors
from integrations.sandbox.sage_intacct.sessions import Sessions
from integrations.sandbox.wire import Body

_CARRIED = (
    "client_id", "response_type", "scope", "redirect_uri", "state", "code_challenge", "code_challenge_method",
)  # fmt: skip
_LOCAL = ("http://localhost", "http://127.0.0.1", "http://testserver")
ACCESS_SECONDS = 21_600


def _jwt() -> str:
    """A token in the form of a JWT; what it claims is known to the token service alone."""
    head = wire.dump({"alg": "HS256", "typ": "JWT"})
    parts = [head, wire.dump({"jti": secrets.token_hex(12)}), secrets.token_bytes(32)]
    return ".".join(base64.urlsafe_b64encode(each).rstrip(b"=").decode() for each in parts)


def who(grant: Grant) -> tuple[str, str, str]:
    """Company, user and entity of a grant."""
    user, entity, _ = grant.scope.split("|", 2)
    return grant.organisations[0], user, entity


class OAuth:
    """Grants of all companies. A newer grant of the same user, company and app ends the older one (REST-2102)."""

    def __init__(
        self,
        setting: Setting,
        organisations: Callable[[], list[Organisation]],
        authorised: Callable[[Organisation], bool],
        sessions: Sessions,
    ) -> None:
        policy = Policy(access_seconds=ACCESS_SECONDS, code_seconds=300, rotates=True, access_value=_jwt)
        self.grants = Grants(setting.clock, setting.storage, "_sage_intacct_oauth", policy)
        self._clients = setting.clients
        self._organisations = organisations
        self._authorised = authorised
        self._sessions = sessions

    def authorize(self, request: Request) -> Response:
        """GET shows the page, POST is the decision; auto_consent=1 decides by itself (company=, user=, entity=)."""
        given = request.values
        fields = {name: given[name] for name in _CARRIED if given.get(name)}
        if fields.get("client_id") not in self._clients:
            return consent.refusal("invalid_client", "The client is not known.")
        if not fields.get("redirect_uri", "").startswith(("https://", *_LOCAL)):
            return consent.refusal("invalid_request", "The redirect_uri must be https.")
        if fields.get("response_type") != "code" or fields.get("code_challenge_method", "S256") != "S256":
            return _back(fields, {"error": "invalid_request"})
        companies = self._organisations()
        if request.method == "GET" and not given.get("auto_consent"):
            return consent.page(companies, fields)
        wanted = given.get("company") or given.get("org") or (companies[0].external_org_id if companies else "")
        chosen = next((each for each in companies if each.external_org_id == wanted), None)
        if given.get("decision") == "deny" or chosen is None:
            return _back(fields, {"error": "access_denied"})
        if not self._authorised(chosen):
            return consent.refusal("Invalid Web Services Authorization", unauthorised(fields["client_id"], wanted))
        asked = fields.get("scope", "")
        code = self.grants.authorise(
            client=fields["client_id"], organisations=[wanted], redirect_uri=fields["redirect_uri"],
            scope=f"{given.get('user') or 'Admin'}|{given.get('entity') or ''}|{asked}",
            challenge=fields.get("code_challenge", ""), offline="offline_access" in asked.split(),
        )  # fmt: skip
        return _back(fields, {"code": code})

    def token(self, request: Request) -> Response:
        """Tokens of a code, a refresh token, or an app's own credentials."""
        given = _form(request)
        if not given:
            raise errors.gateway("GW-0035", "Missing request body for the token request.", 400)
        self._check_client(given)
        try:
            issued = self._issued(given)
        except InvalidGrantError as error:
            # 400 with these words is what production clients look for when a refresh token has died.
            raise errors.gateway("GW-0031", f"Invalid token: {error}.", 400) from error
        body: Body = {"token_type": "Bearer", "access_token": issued.access, "expires_in": issued.expires_in}
        if issued.refresh:
            body["refresh_token"] = issued.refresh
        return Response(wire.dump(body), content_type="application/json")

    def _check_client(self, given: dict[str, str]) -> None:
        client = given.get("client_id", "")
        if client not in self._clients or self._clients[client] != given.get("client_secret"):
            raise errors.gateway("GW-0011", "Invalid Request", 400)

    def _issued(self, given: dict[str, str]) -> Issued:
        client, kind = given["client_id"], given.get("grant_type")
        if kind == "refresh_token":
            return self.grants.refresh(given.get("refresh_token", ""), client)
        if kind == "authorization_code":
            issued = self.grants.exchange(given.get("code", ""), client=client, verifier=given.get("code_verifier", ""),
                                          redirect_uri=given.get("redirect_uri", ""))  # fmt: skip
        elif kind == "client_credentials":
            company, user, entity = self._service_user(given)
            issued = self.grants.grant(client=client, organisations=[company], scope=f"{user}|{entity}|", offline=True)
        else:
            raise errors.gateway("GW-0032", "Invalid grant_type.", 400)
        self._end_older(issued.grant)
        return issued

    def _service_user(self, given: dict[str, str]) -> tuple[str, str, str]:
        """(company, user, entity) of username=user@Company|Entity, or of a session."""
        if given.get("session_id"):
            session = self._sessions.find(given["session_id"])
            if session is None:
                raise errors.gateway("GW-0031", "Invalid token: the session has ended.", 400)
            return session.company, session.user, session.entity
        user, at, place = given.get("username", "").rpartition("@")
        if not (user and at):
            raise errors.gateway("GW-0036", "Missing username for the client_credentials grant.", 400)
        company, _, entity = place.partition("|")
        found = next((each for each in self._organisations() if each.external_org_id == company), None)
        if found is None or not self._authorised(found):
            raise errors.gateway("GW-0011", "Invalid Request", 400)
        return company, user, entity

    def _end_older(self, newest: Grant) -> None:
        """Every other grant of the same user in the same company through the same app dies."""
        for each in self.grants.grants():
            is_same = each.client == newest.client and who(each)[:2] == who(newest)[:2]
            token = each.refresh or next(iter(each.access), "")
            if is_same and each.id != newest.id and token:
                self.grants.revoke(token)

    def revoke(self, request: Request) -> Response:
        """The grant behind a token ends (the answer's form is not verified)."""
        given = _form(request)
        self._check_client(given)
        self.grants.revoke(given.get("token", ""), given["client_id"])
        return Response(b"{}", content_type="application/json")

    def check(self, request: Request) -> Grant:
        """The grant of a request. Raises 401 GW-0034 without a bearer, REST-2102 for a dead token."""
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.casefold() != "bearer":
            raise errors.gateway("GW-0034", "The Authorization header has no Bearer token.", 401)
        grant, why = self.grants.check(token.strip())
        if grant is None and why == "unknown":
            raise errors.gateway("GW-0031", "Invalid token", 401)
        if grant is None:
            raise errors.token_invalid()
        return grant

    def company_of(self, token: str) -> str | None:
        """Whose token it is, live or not, for the call log."""
        for each in self.grants.grants():
            if token == each.refresh or token in each.access:
                return each.organisations[0]
        return None


def unauthorised(sender: str, company: str) -> str:
    """The sentence for a sender that the company has not let in."""
    return (f"Invalid Web Services Authorization: the sender ID '{sender}' is not authorized to make Web Services "
            f"requests to company ID '{company}'.")  # fmt: skip


def _form(request: Request) -> dict[str, str]:
    """The parameters of a form or JSON body."""
    if request.is_json:
        given = wire.parse(request.get_data() or b"{}")
        return {name: str(value) for name, value in given.items()} if isinstance(given, dict) else {}
    return request.form.to_dict()


def _back(fields: dict[str, str], answer: Body) -> Response:
    uri, state = fields["redirect_uri"], {"state": fields["state"]} if fields.get("state") else {}
    joint = "&" if "?" in uri else "?"
    return redirect(f"{uri}{joint}{urlencode({**answer, **state})}")
