"""Xero's face over the neutral books: identity, connections, tenants, limits, webhooks."""

import base64
import hashlib
import hmac
import secrets
import threading
import traceback
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import partial
from typing import Any

from werkzeug.wrappers import Request, Response

from integrations.sandbox import wire
from integrations.sandbox.books import indexes
from integrations.sandbox.books.company import Event
from integrations.sandbox.books.errors import BooksError
from integrations.sandbox.books.limits import Limits, Refusal, Window
from integrations.sandbox.books.oauth import Grant
from integrations.sandbox.books.store import Key, Record, Store
from integrations.sandbox.calls import Call
from integrations.sandbox.faces import AccountBalance, Delivery, Organisation, Setting
from integrations.sandbox.wire import Body
from integrations.sandbox.xero import api, changes, documents, endpoints, errors, lists
from integrations.sandbox.xero.books import Books
from integrations.sandbox.xero.errors import ApiError, InvalidError, NotFoundError
from integrations.sandbox.xero.forms import guid
from integrations.sandbox.xero.idempotency import Kept
from integrations.sandbox.xero.oauth import OAuth

_FAILURES = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
_CATEGORIES = {"contact": "CONTACT", "invoice": "INVOICE", "bill": "INVOICE", "credit_note": "CREDITNOTE",
               "vendor_credit": "CREDITNOTE"}  # fmt: skip
_PATHS = {"CONTACT": "Contacts", "INVOICE": "Invoices", "CREDITNOTE": "CreditNotes"}
_DAY = 86400


def _files_of(record: Record) -> Iterable[Key]:
    if record.table == "file":
        yield "attached", record.body["about"]


class XeroFace:
    """Xero below /xero."""

    name = "xero"
    formats: tuple[str, ...] = ("events",)

    def __init__(self, setting: Setting) -> None:
        self._clock = setting.clock
        self._storage = setting.storage
        self._clients = setting.clients
        self._organisations = partial(setting.organisations, self.name)
        self._limits: dict[int, Limits] = {}
        self._kept = Kept(setting.clock)
        self._lock = threading.Lock()
        self._sequence = 0
        self.oauth = OAuth(setting.clock, setting.storage, setting.clients, self._organisations)

    def identify(self, request: Request, call: Call) -> None:
        """Organisation from the tenant header, kind from the path."""
        call.org = request.headers.get("Xero-tenant-id")
        parts = _parts(request)
        if parts[:1] == ["identity"]:
            call.kind = "refresh" if request.form.get("grant_type") == "refresh_token" else "oauth"
        elif parts[:2] == ["api.xro", "2.0"]:
            call.kind = _kind(request.method, parts[2:])

    def answer(self, request: Request, call: Call) -> Response:
        """The identity server, the connections, or the API."""
        match [request.method, *_parts(request)]:
            case ["GET" | "POST", "identity", "connect", "authorize"]:
                return self.oauth.authorize(request)
            case ["POST", "identity", "connect", "token"]:
                if call.kind == "refresh":
                    call.org = self.oauth.organisation_of(request.form.get("refresh_token", ""))
                return self.oauth.token(request)
            case ["POST", "identity", "connect", "revocation"]:
                return self.oauth.revoke(request)
            case [method, "connections" | "Connections", *link] if method in ("GET", "DELETE"):
                return self._connections(request, link)
            case [_, "api.xro", "2.0", *parts]:
                return self._guarded(request, call, parts)
        return errors.not_found()

    def _connections(self, request: Request, link: list[str]) -> Response:
        grant, refusal = self._grant(request)
        if grant is None:
            return refusal
        if request.method == "DELETE":
            return self.oauth.disconnect(grant, "".join(link))
        return self.oauth.connections(grant, request.args.get("authEventId", ""))

    def _grant(self, request: Request) -> tuple[Grant | None, Response]:
        token = request.headers.get("Authorization", "").removeprefix("Bearer ").strip()
        grant, why = self.oauth.grants.check(token)
        if why == "expired":
            detail = f"TokenExpired: token expired at {datetime.now(UTC):%d/%m/%Y %H:%M:%S}"
            return None, errors.gateway(401, detail)
        return grant, errors.gateway(401, "AuthenticationUnsuccessful")

    def _guarded(self, request: Request, call: Call, parts: list[str]) -> Response:
        """Token, tenant, scope, limits; then the API."""
        grant, refused = self._grant(request)
        if grant is None:
            return refused
        found = next((each for each in self._organisations() if each.external_org_id == call.org), None)
        if found is None or call.org not in grant.organisations:
            return errors.gateway(403, "AuthenticationUnsuccessful")
        if not endpoints.covers(grant.scope, request.method, parts):
            return errors.gateway(401, "AuthorizationUnsuccessful", {"WWW-Authenticate": "insufficent_scope"})
        limits = self._limits_of(found)
        with limits.admitted(call, found.external_org_id, grant.client) as refusal:
            response = self._served(request, call, found, parts) if refusal is None else _over_limit(refusal)
        left = limits.left(found.external_org_id, grant.client)
        names = {
            "X-MinLimit-Remaining": "minute",
            "X-DayLimit-Remaining": "day",
            "X-AppMinLimit-Remaining": "appminute",
        }
        for header, name in names.items():
            response.headers[header] = str(left[name])
        response.headers["Xero-Correlation-Id"] = secrets.token_hex(16)
        return response

    def _served(self, request: Request, call: Call, organisation: Organisation, parts: list[str]) -> Response:
        books = self.books(organisation)
        try:
            with books.store.lock:
                response, call.replayed = self._kept.once(
                    organisation.external_org_id, request, lambda: self._api(books, request, parts)
                )
                return response
        except ApiError as error:
            return errors.refuse(error)

    def _api(self, books: Books, request: Request, parts: list[str]) -> Response:
        try:
            with books.store.transaction():
                return api.serve(books, request, parts)
        except (BooksError, InvalidError, NotFoundError) as problem:
            error = errors.translated(problem) if isinstance(problem, BooksError) else problem
            if isinstance(error, InvalidError):
                return errors.invalid([{"ValidationErrors": [{"Message": text} for text in error.messages]}])
            return errors.not_found()
        except ApiError as error:
            return errors.refuse(error)
        except _FAILURES as problem:
            # A body of the wrong shape can fail anywhere below.
            traceback.print_exception(problem)
            return errors.refuse(errors.post_error(str(problem)))

    def _limits_of(self, organisation: Organisation) -> Limits:
        """60 a minute and 5 at once for an app in an organisation, a day's calls, 10,000 a minute for an app."""
        most = 1000 if lists.tier(organisation) == "STARTER" else 5000
        with self._lock:
            if most not in self._limits:
                windows = [Window("minute", 60, 60), Window("day", most, _DAY, by="org"),
                           Window("appminute", 10_000, 60, by="app")]  # fmt: skip
                self._limits[most] = Limits(self._clock, windows, at_once=5)
            return self._limits[most]

    # The control API

    def books(self, organisation: Organisation) -> Books:
        """The organisation as Xero sees it."""
        return Books(organisation, self._clock)

    def external_id(self, number: int, seed: int) -> str:
        """A tenant id."""
        return guid("tenant", seed, number)

    def open_store(self, organisation_id: str) -> Store:
        """An empty store of neutral records."""
        return indexes.open_store(organisation_id, self._storage, _files_of)

    def found(self, organisation: Organisation) -> None:
        """Chart of accounts, tax rates, tracking and history."""
        self.books(organisation).found()

    def credentials(self, organisation: Organisation) -> Body:
        """The OAuth client to connect with."""
        client, secret = next(iter(self._clients.items()))
        return {"client_id": client, "client_secret": secret, "tenant_id": organisation.external_org_id}

    def documents(self, organisation: Organisation, resource: str) -> Body:
        """The true books of a resource, in Xero's form."""
        return changes.user(self.books(organisation)).documents(resource)

    def trial_balance(self, organisation: Organisation) -> list[AccountBalance]:
        """Every account that moved."""
        return self.books(organisation).company.trial_balance()

    def change(self, organisation: Organisation, order: Body) -> Body:
        """Act as a user of this organisation."""
        return changes.apply(self.books(organisation), order)

    def permission_gap(self) -> Response:
        """The user's role does not allow this."""
        return errors.gateway(403, "Forbidden")

    def revoke_token(self, request: Request) -> None:
        """The user disconnects the app."""
        self.oauth.grants.revoke(request.headers.get("Authorization", "").removeprefix("Bearer ").strip())

    def notify(self, events: Iterable[Any], key: str, style: str) -> list[Delivery]:
        """Contacts, invoices, bills and credit notes that changed, in one signed body."""
        told = [_event(each, self._data(each)) for each in events if each.kind in _CATEGORIES]
        if not told:
            return []
        with self._lock:
            first, self._sequence = self._sequence + 1, self._sequence + len(told)
            body = {"events": told, "firstEventSequence": first, "lastEventSequence": self._sequence,
                    "entropy": secrets.token_hex(10).upper()}  # fmt: skip
        return [signed(body, key)]

    def _data(self, event: Event) -> Body:
        """What events of credit notes tell beside the rest."""
        found = next((each for each in self._organisations() if each.external_org_id == event.org), None)
        record = found.store.tables[event.kind].get(event.id) if found else None
        if found is None or record is None or _CATEGORIES[event.kind] != "CREDITNOTE":
            return {}
        shown = documents.credit_note(self.books(found), record)
        return {"data": {"Type": shown["Type"], "Status": shown["Status"]}}

    def forget(self) -> None:
        """No tokens, no counted calls, no kept answers."""
        self.oauth.grants.clear()
        self._kept.forget()
        with self._lock:
            self._limits.clear()


def signed(body: Body, key: str) -> Delivery:
    """A body with its x-xero-signature."""
    data = wire.dump(body)
    signature = base64.b64encode(hmac.new(key.encode(), data, hashlib.sha256).digest()).decode()
    return Delivery(data, {"Content-Type": "application/json", "x-xero-signature": signature})


def intents(key: str) -> list[Delivery]:
    """The intent to receive: empty bodies, one signed rightly and one wrongly."""
    body = {"events": [], "firstEventSequence": 0, "lastEventSequence": 0, "entropy": secrets.token_hex(10).upper()}
    return [signed(body, key), signed(body, f"not {key}")]


def _event(event: Event, more: Body) -> Body:
    category = _CATEGORIES[event.kind]
    return {
        "resourceUrl": f"https://api.xero.com/api.xro/2.0/{_PATHS[category]}/{event.id}", "resourceId": event.id,
        "tenantId": event.org, "tenantType": "ORGANISATION", "eventCategory": category,
        "eventType": "CREATE" if event.operation == "create" else "UPDATE",
        "eventDateUtc": datetime.fromtimestamp(event.at, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3], **more,
    }  # fmt: skip


def _over_limit(refusal: Refusal) -> Response:
    """429 with the limit's name; calls at once name no moment to come back."""
    name = refusal.name if refusal.name in ("minute", "day", "appminute") else "concurrent"
    headers = {"X-Rate-Limit-Problem": name}
    if name != "concurrent":
        headers["Retry-After"] = str(int(refusal.retry_after) + 1)
    return Response("", 429, headers=headers, content_type="text/html")


def _parts(request: Request) -> list[str]:
    """The steps below /xero."""
    return [part for part in request.path.split("/")[2:] if part]


def _kind(method: str, parts: list[str]) -> str:
    if "Attachments" in parts:
        return "attachment"
    if parts[:1] == ["Reports"]:
        return "report"
    if method != "GET":
        return "write"
    return "read" if len(parts) > 1 else "query"
