"""Zoho Books' face over the neutral books: data centres, tokens, organisations, limits, webhooks."""

import hashlib
import hmac
import re
import threading
import traceback
from collections.abc import Iterable
from functools import partial
from typing import Any

from werkzeug.wrappers import Request, Response

from integrations.sandbox import wire
from integrations.sandbox.books import indexes
from integrations.sandbox.books.company import Event
from integrations.sandbox.books.errors import BooksError
from integrations.sandbox.books.limits import Limits, Window
from integrations.sandbox.books.oauth import Grant
from integrations.sandbox.books.store import Store
from integrations.sandbox.calls import Call
from integrations.sandbox.faces import AccountBalance, Delivery, Organisation, Setting
from integrations.sandbox.wire import Body
from integrations.sandbox.zoho_books import api, centres, changes, errors, kinds, settings
from integrations.sandbox.zoho_books.books import Books
from integrations.sandbox.zoho_books.errors import ZohoError
from integrations.sandbox.zoho_books.oauth import OAuth

_PATH = re.compile(rf"/zoho_books(?:/({'|'.join(centres.CENTRES)}))?(/.*)$")
_FAILURES = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
_SCHEMES = ("zoho-oauthtoken", "bearer")
_DAY = 86400


class ZohoBooksFace:
    """Zoho Books below /zoho_books, or below /zoho_books/eu and so on for one data centre."""

    name = "zoho_books"
    formats: tuple[str, ...] = ("default_payload",)

    def __init__(self, setting: Setting) -> None:
        self._clock = setting.clock
        self._storage = setting.storage
        self._clients = setting.clients
        self._organisations = partial(setting.organisations, self.name)
        self._limits: dict[str, Limits] = {}
        self._lock = threading.Lock()
        self.oauth = OAuth(setting.clock, setting.storage, setting.clients, self._organisations)

    def identify(self, request: Request, call: Call) -> None:
        """Organisation from the query, kind from the path."""
        _, path = _parts(request)
        call.org = request.args.get("organization_id")
        if path[:2] == ["oauth", "v2"]:
            is_refresh = request.values.get("grant_type") == "refresh_token"
            call.kind = "refresh" if is_refresh else "oauth"
        elif path[:2] == ["books", "v3"]:
            call.kind = _kind(request.method, path[2:])

    def answer(self, request: Request, call: Call) -> Response:
        """The accounts server or the API."""
        centre, path = _parts(request)
        match [request.method, *path]:
            case ["GET" | "POST", "oauth", "v2", "auth"]:
                return self.oauth.authorize(request, centre)
            case ["POST", "oauth", "v2", "token"]:
                if call.kind == "refresh":
                    call.org = self.oauth.organisation_of(request.values.get("refresh_token", ""))
                return self.oauth.token(request, centre)
            case ["POST", "oauth", "v2", "token", "revoke"]:
                return self.oauth.revoke(request)
            case [_, "books", "v3", *parts]:
                return self._guarded(request, call, centre, parts)
        return Response("Not Found", 404, content_type="text/plain")

    def _guarded(self, request: Request, call: Call, centre: str, parts: list[str]) -> Response:
        """Token, organisation, scope, limits; then the API."""
        try:
            grant = self._grant(request)
            if parts[:1] == ["organizations"] and request.method == "GET":
                return self._listed(grant, parts[1:])
            organisation = self._organisation(grant, str(call.org or ""), centre)
            if not api.covers(grant.scope, request.method, parts):
                raise errors.not_authorised()
        except ZohoError as error:
            return api.refuse(error)
        limits = self._limits_of(organisation)
        with limits.admitted(call, organisation.external_org_id, "") as refusal:
            if refusal is None:
                response = self._served(request, organisation, parts)
            else:
                response = api.refuse(errors.over_limit(refusal.name))
        return self._told(response, limits, organisation)

    def _grant(self, request: Request) -> Grant:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        grant, _ = self.oauth.grants.check(token.strip())
        if scheme.casefold() not in _SCHEMES or grant is None:
            raise errors.invalid_token()
        return grant

    def _organisation(self, grant: Grant, wanted: str, centre: str) -> Organisation:
        """The organisation that organization_id names; tokens of another data centre know nothing of it."""
        found = next((each for each in self._organisations() if each.external_org_id == wanted), None)
        if found is None or wanted not in grant.organisations:
            raise errors.wrong_organisation()
        if centre not in ("", centres.of(found.country)):
            raise errors.invalid_token()
        return found

    def _listed(self, grant: Grant, rest: list[str]) -> Response:
        found = [each for each in self._organisations() if each.external_org_id in grant.organisations]
        if not rest:
            return api.respond({"organizations": [settings.organisation(self.books(each)) for each in found]})
        one = next((each for each in found if each.external_org_id == rest[0]), None)
        if one is None:
            raise errors.wrong_organisation()
        return api.respond({"organization": settings.organisation(self.books(one))})

    def _served(self, request: Request, organisation: Organisation, parts: list[str]) -> Response:
        books = self.books(organisation)
        try:
            with books.store.lock, books.store.transaction():
                return api.serve(books, request, parts)
        except ZohoError as error:
            return api.refuse(error)
        except BooksError as error:
            return api.refuse(errors.translated(error))
        except _FAILURES as problem:
            # A body of the wrong shape can fail anywhere below; Zoho answers such things with 1000 as well.
            traceback.print_exception(problem)
            return api.refuse(ZohoError(1000, "Internal Error", 500))

    # Limits: 100 a minute for an organisation, its plan's calls a day, 5 or 10 at once (numbers not verified)

    def _limits_of(self, organisation: Organisation) -> Limits:
        plan = settings.plan(organisation)
        key = f"{organisation.external_org_id}:{plan}"
        with self._lock:
            if key not in self._limits:
                windows = [Window("minute", 100, 60, by="org"), Window("day", settings.PLANS[plan], _DAY, by="org")]
                at_once = 5 if plan == "FREE" else 10
                self._limits[key] = Limits(self._clock, windows, at_once=at_once, at_once_by="org")
            return self._limits[key]

    def _told(self, response: Response, limits: Limits, organisation: Organisation) -> Response:
        """What is left of the day, in headers."""
        response.headers["x-rate-limit-limit"] = str(settings.PLANS[settings.plan(organisation)])
        response.headers["x-rate-limit-remaining"] = str(limits.left(organisation.external_org_id, "")["day"])
        response.headers["x-rate-limit-reset"] = str(_DAY - int(self._clock.scaled()) % _DAY)
        return response

    # The control API

    def books(self, organisation: Organisation) -> Books:
        """The organisation as Zoho sees it."""
        return Books(organisation, self._clock)

    def external_id(self, number: int, seed: int) -> str:
        """An organization_id: eight digits or more."""
        return str(10_000_000 + (seed * 7_919_317 + number * 104_729) % 889_999_999)

    def open_store(self, organisation_id: str) -> Store:
        """An empty store of neutral records."""
        return indexes.open_store(organisation_id, self._storage)

    def found(self, organisation: Organisation) -> None:
        """Chart of accounts, taxes, tags, custom fields and history."""
        self.books(organisation).found()

    def credentials(self, organisation: Organisation) -> Body:
        """The OAuth client to connect with, and where the organisation lives."""
        client, secret = next(iter(self._clients.items()))
        return {"client_id": client, "client_secret": secret, "organization_id": organisation.external_org_id,
                "location": centres.of(organisation.country)}  # fmt: skip

    def documents(self, organisation: Organisation, resource: str) -> Body:
        """The true books of a resource, in Zoho's form."""
        return changes.user(self.books(organisation)).documents(resource)

    def trial_balance(self, organisation: Organisation) -> list[AccountBalance]:
        """Every account that moved."""
        return self.books(organisation).company.trial_balance()

    def change(self, organisation: Organisation, order: Body) -> Body:
        """Act as a user of this organisation."""
        return changes.apply(self.books(organisation), order)

    def permission_gap(self) -> Response:
        """401 with 57: the user may not do this."""
        return api.refuse(errors.not_authorised())

    def revoke_token(self, request: Request) -> None:
        """The user disconnects the app."""
        self.oauth.grants.revoke(request.headers.get("Authorization", "").partition(" ")[2].strip())

    def notify(self, events: Iterable[Any], key: str, style: str) -> list[Delivery]:
        """A workflow rule's webhook for each event: the record as JSON, its HMAC in a header (not verified)."""
        found = (self._delivery(event, key) for event in events if event.kind in kinds.BY_KIND)
        return [each for each in found if each is not None]

    def _delivery(self, event: Event, key: str) -> Delivery | None:
        organisation = next((each for each in self._organisations() if each.external_org_id == event.org), None)
        if organisation is None:
            return None
        books, collection = self.books(organisation), kinds.BY_KIND[event.kind]
        with books.store.lock:
            record = books.store.tables[event.kind][event.id]
            shown = {collection.id: event.id} if record.deleted else changes.show(books, record)
        body = wire.dump({collection.one: shown, "organization_id": event.org, "operation": event.operation})
        signature = hmac.new(key.encode(), body, hashlib.sha256).hexdigest()
        return Delivery(body, {"Content-Type": "application/json", "X-Zoho-Webhook-Signature": signature})

    def forget(self) -> None:
        """No tokens, no counted calls."""
        self.oauth.forget()
        with self._lock:
            self._limits.clear()


def _parts(request: Request) -> tuple[str, list[str]]:
    """The data centre a path names, and its other steps."""
    match = _PATH.match(request.path)
    return (match[1] or "", [part for part in match[2].split("/") if part]) if match else ("", [])


def _kind(method: str, parts: list[str]) -> str:
    if parts[:1] == ["reports"]:
        return "report"
    if parts and parts[-1] in ("attachment", "receipt"):
        return "attachment"
    if method != "GET":
        return "write"
    return "read" if len(parts) > 1 else "query"
