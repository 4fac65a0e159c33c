"""Sage Intacct's face over the neutral books: REST v1 and the XML gateway, one company each."""

import re
import threading
import traceback
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from werkzeug.wrappers import Request, Response

from integrations.sandbox.books import limits as counting
from integrations.sandbox.books.company import Event
from integrations.sandbox.books.errors import BooksError
from integrations.sandbox.books.oauth import Grant
from integrations.sandbox.books.store import Store
from integrations.sandbox.calls import Call
from integrations.sandbox.faces import AccountBalance, Delivery, Organisation, Setting
from integrations.sandbox.sage_intacct import answers, api, changes, errors, founding, gateway, limits, triggers
from integrations.sandbox.sage_intacct.answers import Ask
from integrations.sandbox.sage_intacct.books import Books, open_store
from integrations.sandbox.sage_intacct.errors import SageError
from integrations.sandbox.sage_intacct.idempotency import Replies
from integrations.sandbox.sage_intacct.jobs import Jobs
from integrations.sandbox.sage_intacct.kinds import BY_PATH
from integrations.sandbox.sage_intacct.limits import Throttle
from integrations.sandbox.sage_intacct.oauth import OAuth, who
from integrations.sandbox.sage_intacct.sessions import Session, Sessions
from integrations.sandbox.wire import Body

_PATH = re.compile(r"/sage_intacct(/.*)$")
_FAILURES = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
GATEWAY = ["ia", "xml", "xmlgw.phtml"]
ENTITY_HEADERS = ("X-IA-API-Param-Entity", "X-IA-API-ParamEntity")


class SageIntacctFace:
    """Sage Intacct below /sage_intacct, with the paths of api.intacct.com."""

    name = "sage_intacct"
    formats: tuple[str, ...] = ("http_post",)

    def __init__(self, setting: Setting) -> None:
        self.clock = setting.clock
        self.clients = setting.clients
        self._storage = setting.storage
        self._throttles: dict[str, Throttle] = {}
        self._lock = threading.Lock()
        self.gateway_limits = counting.Limits(setting.clock, [], at_once=gateway.AT_ONCE, at_once_by="org")
        self.organisations = partial(setting.organisations, self.name)
        self.sessions = Sessions(setting.clock)
        self.oauth = OAuth(setting, self.organisations, self.authorised, self.sessions)
        self._replies = Replies(setting.clock, setting.storage)
        self._jobs = Jobs(setting.clock)

    # Requests

    def identify(self, request: Request, call: Call) -> None:
        """Kind from the path, company from the token."""
        path = _steps(request)
        if path == GATEWAY:
            gateway.identify(self, request, call)
            return
        if path[3:4] == ["oauth2"]:
            call.kind = "refresh" if request.values.get("grant_type") == "refresh_token" else "oauth"
            token = request.values.get("refresh_token", "")
        else:
            call.kind = _kind(request.method, path[3:])
            token = request.headers.get("Authorization", "").partition(" ")[2].strip()
        call.org = self.oauth.company_of(token) if token else None

    def answer(self, request: Request, call: Call) -> Response:
        """Token service, REST, or the gateway."""
        path = _steps(request)
        try:
            match [request.method, *path]:
                case ["GET" | "POST", "ia", "api", "v1", "oauth2", "authorize"]:
                    return self.oauth.authorize(request)
                case ["POST", "ia", "api", "v1", "oauth2", "token"]:
                    return self.oauth.token(request)
                case ["POST", "ia", "api", "v1", "oauth2", "revoke"]:
                    return self.oauth.revoke(request)
                case [_, "ia", "api", "v1", "oauth2", *_]:
                    raise errors.gateway("GW-0033", "Invalid OAuth endpoint.", 404)
                case ["POST", *parts] if parts == GATEWAY:
                    return gateway.serve(self, request, call)
                case [_, "ia", "api", "v1", *parts]:
                    return self._guarded(request, call, parts)
        except SageError as error:
            return answers.refused(None, error).response()
        return Response("Not Found", 404, content_type="text/plain")

    def _guarded(self, request: Request, call: Call, parts: list[str]) -> Response:
        """Token, company, entity, limits; then the API."""
        grant = self.oauth.check(request)
        company, user, entity = who(grant)
        call.org = company
        organisation = self.organisation(company)
        wanted = next((request.headers[name] for name in ENTITY_HEADERS if request.headers.get(name)), entity)
        throttle = self.throttle(company)
        with throttle.admitted(call, company, grant.client) as refusal:
            if refusal is not None:
                response = _over_limit(refusal)
            else:
                opened = partial(self.sessions.open, company, user, wanted, grant.client)
                run = partial(self._once, request, grant, organisation, parts, wanted, opened)
                response = self._sooner_or_later(request, company, parts, run)
        return throttle.tell(response, company, grant.client, refusal)

    def _sooner_or_later(self, request: Request, company: str, parts: list[str], run: Callable[[], Response]
                         ) -> Response:  # fmt: skip
        """Answered at once, or by a job where the request prefers that."""
        if [request.method, *parts] == ["GET", "services", "core", "async", "job-status"]:
            return self._jobs.status(company, request.args.get("jobId", ""))
        return self._jobs.accepted(company, run()) if self._jobs.is_wanted(request, parts) else run()

    def organisation(self, company: str) -> Organisation:
        """The company by its id, if it lets the sender in. Raises GW-0011."""
        found = next((each for each in self.organisations() if each.external_org_id == company), None)
        if found is None or not self.authorised(found):
            raise errors.gateway("GW-0011", "Invalid Request", 400)
        return found

    def authorised(self, organisation: Organisation) -> bool:
        """Whether the company has the sender among its Web Services authorizations."""
        return bool(self.books(organisation).settings.get("sender_authorised", True))

    def throttle(self, company: str) -> Throttle:
        """The limits of a company; REST and the gateway share them."""
        with self._lock:
            return self._throttles.setdefault(company, Throttle(self.clock))

    def _once(self, request: Request, grant: Grant, organisation: Organisation, parts: list[str], entity: str,
              opened: Callable[[], Session]) -> Response:  # fmt: skip
        """Served, or answered again where an Idempotency-Key says so."""
        run = partial(self._served, request, organisation, parts, entity, opened)
        key = request.headers.get("Idempotency-Key", "")
        if not key or request.method not in ("POST", "PATCH") or parts[:1] not in (["objects"], ["workflows"]):
            return run()
        asked = b"\n".join([request.method.encode(), request.path.encode(), request.get_data()])
        return self._replies.once(f"{organisation.external_org_id}:{grant.client}", key, asked, run)

    def _served(self, request: Request, organisation: Organisation, parts: list[str], entity: str,
                opened: Callable[[], Session]) -> Response:  # fmt: skip
        ask = Ask(request.method, parts)
        books = Books(organisation, self.clock, entity)
        with books.store.lock:
            try:
                if entity and books.named(BY_PATH["company-config/entity"], entity) is None:
                    raise errors.invalid_request(f"The entity {entity} does not exist.")
                ask = api.asked(request, parts)
                with books.store.transaction():
                    answer = api.serve(books, ask, opened)
            except SageError as error:
                answer = answers.refused(ask, error)
            except BooksError as error:
                answer = answers.refused(ask, errors.translated(error))
            except _FAILURES as problem:
                # A body of the wrong shape can fail anywhere below; Intacct answers 500 with a support id as well.
                traceback.print_exception(problem)
                answer = answers.refused(ask, SageError("An internal error occurred.", status=500, code="internalError",
                                                        error_id="REST-9999"))  # fmt: skip
            limits.count(books.company, answer.units)
        return answer.response()

    # The control API

    def books(self, organisation: Organisation) -> Books:
        """The company at its top level."""
        return Books(organisation, self.clock)

    def external_id(self, number: int, seed: int) -> str:
        """A company id."""
        return f"SIM{(seed * 7919 + number * 104_729) % 900_000 + 100_000}"

    def open_store(self, organisation_id: str) -> Store:
        """An empty store of neutral records."""
        return open_store(organisation_id, self._storage)

    def found(self, organisation: Organisation) -> None:
        """Chart of accounts, dimensions, custom fields and history."""
        founding.found(self.books(organisation))

    def credentials(self, organisation: Organisation) -> Body:
        """The app to connect with, and a Web Services user; any password is right but `wrong`."""
        client, secret = next(iter(self.clients.items()))
        company = organisation.external_org_id
        return {"client_id": client, "client_secret": secret, "company_id": company, "user_id": "ws",
                "username": f"ws@{company}", "sender_id": client, "sender_password": secret,
                "user_password": "sandbox"}  # fmt: skip

    def documents(self, organisation: Organisation, resource: str) -> Body:
        """The true books of a resource in REST's form; `usage` is this month's transactions."""
        books = self.books(organisation)
        if resource == "usage":
            return {"resource": resource, "transactions": limits.used(books.company), "included": limits.MONTHLY}
        return changes.user(books).documents(resource)

    def trial_balance(self, organisation: Organisation) -> list[AccountBalance]:
        """Every account that moved."""
        return self.books(organisation).company.trial_balance()

    def change(self, organisation: Organisation, order: Body) -> Body:
        """Act as a user of this company."""
        return changes.apply(self.books(organisation), order)

    def permission_gap(self) -> Response:
        """403: the user may not do this."""
        error = SageError("You do not have permission to perform this operation.", status=403, code="permissionDenied",
                          error_id="REST-2001")  # fmt: skip
        return answers.refused(Ask("GET", ["objects"]), error).response()

    def revoke_token(self, request: Request) -> None:
        """The company removes the app's authorisation; at the gateway the session ends."""
        if _steps(request) == GATEWAY:
            gateway.revoke(self, request)
            return
        self.oauth.grants.revoke(request.headers.get("Authorization", "").partition(" ")[2].strip())

    def notify(self, events: Iterable[Any], key: str, style: str) -> list[Delivery]:
        """A platform trigger's HTTP post for each event; `key` is the client secret that signs it."""
        found = (self._delivery(event, key) for event in events if isinstance(event, Event))
        return [each for each in found if each is not None]

    def _delivery(self, event: Event, key: str) -> Delivery | None:
        organisation = next((each for each in self.organisations() if each.external_org_id == event.org), None)
        if organisation is None:
            return None
        books = self.books(organisation)
        with books.store.lock:
            return triggers.delivery(books, event, next(iter(self.clients)), key)

    def forget(self) -> None:
        """No tokens, no sessions, no counted calls."""
        self.oauth.grants.clear()
        self.sessions.clear()
        self._replies.clear()
        self._jobs.clear()
        self.gateway_limits.clear()
        with self._lock:
            self._throttles.clear()


def _over_limit(refusal: counting.Refusal) -> Response:
    text = f"The rate limit has been exceeded ({refusal.name}). Please Try Again Later."
    return answers.refused(None, errors.gateway("GW-0010", text, 429)).response()


def _steps(request: Request) -> list[str]:
    match = _PATH.match(request.path)
    return [part for part in match[1].split("/") if part] if match else []


def _kind(method: str, parts: list[str]) -> str:
    if parts[:2] == ["services", "reports"]:
        return "report"
    if parts[:3] == ["services", "core", "query"]:
        return "query"
    if parts[1:3] == ["company-config", "attachment"]:
        return "attachment"
    if method != "GET":
        return "write"
    return "read"
