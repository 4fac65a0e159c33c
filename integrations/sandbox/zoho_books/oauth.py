"""Zoho accounts: consent, tokens that live an hour, refresh tokens that stay. Errors come with status 200."""

import re
import secrets
import threading
from collections import defaultdict, deque
from collections.abc import Callable
from urllib.parse import urlencode

from werkzeug.utils import redirect
from werkzeug.wrappers import Request, Response

from integrations.sandbox import wire
from integrations.sandbox.books.consent import Page
from integrations.sandbox.books.oauth import Grants, InvalidGrantError, Issued, Policy
from integrations.sandbox.clock import Clock
from integrations.sandbox.faces import Organisation
from integrations.sandbox.storage import Storage
from integrations.sandbox.wire import Body
from integrations.sandbox.zoho_books import centres

_CONSENT = Page(
    "Zoho Books", "would like to access your organisations.", "org", "Organisation", ("reject", "Reject"),
    ("accept", "Accept"), scope_separator=",",
)  # fmt: skip

_CARRIED = ("client_id", "response_type", "scope", "redirect_uri", "state", "access_type", "prompt")
_SCOPE = re.compile(r"ZohoBooks\.[a-z]+\.(CREATE|READ|UPDATE|DELETE|ALL|all)")
ACCESS_IN_TEN_MINUTES, REFRESHES_IN_A_MINUTE = 10, 5


def _value() -> str:
    return f"1000.{secrets.token_hex(16)}.{secrets.token_hex(16)}"


class _TokenError(Exception):
    """A refusal of the token endpoint by its name."""


class OAuth:
    """The accounts server of every data centre; `centre` is the path's, empty where none stands in it."""

    def __init__(
        self,
        clock: Clock,
        storage: Storage,
        clients: dict[str, str],
        organisations: Callable[[], list[Organisation]],
    ) -> None:
        # 20 refresh tokens a user and client: the 21st silently ends the oldest; 30 access tokens each.
        policy = Policy(access_seconds=3600, code_seconds=60, rotates=False, most_refresh=20, most_access=30,
                        access_value=_value, refresh_value=_value, code_value=_value)  # fmt: skip
        self.grants = Grants(clock, storage, "_zoho_books_oauth", policy)
        self._clock = clock
        self._clients = clients
        self._organisations = organisations
        self._lock = threading.Lock()
        self._made: dict[str, deque[float]] = defaultdict(deque)
        self._offered: set[tuple[str, str]] = set()

    def authorize(self, request: Request, centre: str) -> Response:
        """GET shows the page, POST is the decision; auto_consent=1 decides without a user (org= chooses)."""
        given = request.values
        fields = {name: given[name] for name in _CARRIED if given.get(name)}
        if fields.get("client_id") not in self._clients:
            return _CONSENT.refusal("invalid_client", "No such client.")
        if not fields.get("redirect_uri", "").startswith(("http://", "https://")):
            return _CONSENT.refusal("invalid_redirect_uri", "The redirect_uri is not registered.")
        scopes = fields.get("scope", "").split(",")
        if not all(_SCOPE.fullmatch(each) for each in scopes) or fields.get("response_type") != "code":
            return self._back(fields, {"error": "invalid_scope"})
        companies = [each for each in self._organisations() if centre in ("", centres.of(each.country))]
        if request.method == "GET" and not given.get("auto_consent"):
            return _CONSENT.shown(companies, fields)
        if given.get("decision") == "reject" or not companies:
            return self._back(fields, {"error": "access_denied"})
        chosen = given.get("org") or companies[0].external_org_id
        return self._consented(request, fields, companies, chosen)

    def _consented(self, request: Request, fields: Body, companies: list[Organisation], chosen: str) -> Response:
        """A consent covers every organisation of the user in that data centre."""
        first = next((each for each in companies if each.external_org_id == chosen), companies[0])
        location = centres.of(first.country)
        covered = [each.external_org_id for each in companies if centres.of(each.country) == location]
        again = (fields["client_id"], ",".join(covered))
        # Without prompt=consent a second agreement gives an access token only.
        offline = fields.get("access_type") == "offline" and (
            fields.get("prompt") == "consent" or again not in self._offered
        )
        self._offered.add(again)
        code = self.grants.authorise(
            client=fields["client_id"], organisations=covered, redirect_uri=fields["redirect_uri"],
            scope=fields["scope"], offline=offline,
        )  # fmt: skip
        server = centres.accounts_server(request, location)
        return self._back(fields, {"code": code, "location": location, "accounts-server": server})

    def _back(self, fields: Body, answer: Body) -> Response:
        uri, state = fields["redirect_uri"], {"state": fields["state"]} if fields.get("state") else {}
        joint = "&" if "?" in uri else "?"
        return redirect(f"{uri}{joint}{urlencode({**state, **answer})}")

    def token(self, request: Request, centre: str) -> Response:
        """Tokens for a code or a refresh token; parameters in the form or in the query."""
        try:
            issued, body = self._issued(request, centre)
        except _TokenError as error:
            return _json({"error": str(error)})
        except InvalidGrantError:
            return _json({"error": "invalid_code"})
        if body.pop("is_new", False) and issued.refresh:
            body["refresh_token"] = issued.refresh
        return _json(body)

    def _issued(self, request: Request, centre: str) -> tuple[Issued, Body]:
        given = request.values
        client = given.get("client_id", "")
        if self._clients.get(client) != given.get("client_secret") or client not in self._clients:
            raise _TokenError("invalid_client")
        is_new = given.get("grant_type") == "authorization_code"
        if is_new:
            issued = self.grants.exchange(
                given.get("code", ""), client=client, redirect_uri=given.get("redirect_uri", "")
            )
        elif given.get("grant_type") == "refresh_token":
            refresh = given.get("refresh_token", "")
            self._count(refresh)
            issued = self.grants.refresh(refresh, client)
        else:
            raise _TokenError("unsupported_grant_type")
        location = self._location(issued)
        if centre not in ("", location):
            # A code or token is known in its own data centre only.
            raise _TokenError("invalid_code")
        body = {"access_token": issued.access, "api_domain": centres.api_domain(request, location),
                "token_type": "Bearer", "expires_in": issued.expires_in, "is_new": is_new}  # fmt: skip
        return issued, body

    def _count(self, refresh: str) -> None:
        """At most 10 access tokens in ten minutes and 5 refreshes in a minute."""
        with self._lock:
            now, times = self._clock.scaled(), self._made[refresh]
            while times and times[0] <= now - 600:
                times.popleft()
            if (
                len(times) >= ACCESS_IN_TEN_MINUTES
                or sum(moment > now - 60 for moment in times) >= REFRESHES_IN_A_MINUTE
            ):
                # The name of this refusal is not verified.
                raise _TokenError("access_denied")
            times.append(now)

    def _location(self, issued: Issued) -> str:
        wanted = issued.grant.organisations[0]
        return next((centres.of(each.country) for each in self._organisations() if each.external_org_id == wanted), "")

    def revoke(self, request: Request) -> Response:
        """The refresh token ends, and with it every access token (the answer's form is not verified)."""
        found = self.grants.revoke(request.values.get("token", ""))
        return _json({"status": "success"} if found else {"error": "invalid_token"})

    def organisation_of(self, refresh: str) -> str | None:
        """Whose refresh token it is, for the call log."""
        found = next((each for each in self.grants.grants() if each.refresh == refresh), None)
        return found.organisations[0] if found else None

    def forget(self) -> None:
        """No grants, nothing counted."""
        self.grants.clear()
        with self._lock:
            self._made.clear()
            self._offered.clear()


def _json(body: Body) -> Response:
    return Response(wire.dump(body), 200, content_type="application/json;charset=UTF-8")
