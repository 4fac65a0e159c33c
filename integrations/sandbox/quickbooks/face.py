"""QuickBooks Online's face over the shared books: routing, authentication, limits, webhooks."""

import base64
import hashlib
import hmac
import re
import traceback
import uuid
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from functools import partial
from typing import Any

from werkzeug.wrappers import Request, Response

from integrations.sandbox import wire
from integrations.sandbox.books.store import Store
from integrations.sandbox.calls import Call
from integrations.sandbox.clock import pacific
from integrations.sandbox.faces import AccountBalance, BadOrderError, Delivery, Organisation, Setting
from integrations.sandbox.quickbooks import api, changes, envelopes, errors, files, founding
from integrations.sandbox.quickbooks.company import Company, Event, keys_of, label
from integrations.sandbox.quickbooks.entities import BY_PATH
from integrations.sandbox.quickbooks.errors import FaultError, UnknownPathError
from integrations.sandbox.quickbooks.limits import limits
from integrations.sandbox.quickbooks.oauth import OAuth
from integrations.sandbox.storage import MemoryStorage
from integrations.sandbox.wire import Body

_COMPANY = re.compile(r"/quickbooks/v3/company/([^/]+)(?:/(.*))?$")
_FILE = re.compile(r"/quickbooks/files/([^/]+)/([^/]+)$")
_VERBS = {"Create": "created", "Update": "updated", "Delete": "deleted", "Void": "voided", "Merge": "merged"}
_SILENT = ("Attachable", "CompanyInfo", "ExchangeRate", "TaxAgency", "TaxCode", "TaxRate")


class QuickBooksFace:
    """QuickBooks Online below /quickbooks."""

    name = "quickbooks"
    formats: tuple[str, ...] = ("cloudevents", "classic")

    def __init__(self, setting: Setting) -> None:
        self._clock = setting.clock
        self._storage = setting.storage
        self._clients = setting.clients
        self._organisations = setting.organisations
        self._limits = limits(setting.clock)
        companies = partial(setting.organisations, self.name)
        self.oauth = OAuth(setting.clock, setting.storage, setting.clients, companies)

    def identify(self, request: Request, call: Call) -> None:
        """Organisation from the path; kind from path and form."""
        match = _COMPANY.match(request.path)
        if match:
            call.org = match[1]
            call.kind = api.kind_of(request.method, (match[2] or "").split("/"))
        elif request.path.endswith("/tokens/bearer"):
            call.kind = "refresh" if request.form.get("grant_type") == "refresh_token" else "oauth"
        else:
            call.kind = "oauth"

    def answer(self, request: Request, call: Call) -> Response:
        """OAuth endpoints, temporary files, or the Accounting API."""
        handler = self._handler(request)
        if call.kind == "refresh":
            # Told here and not in `identify`: faults that strike a company's API leave its tokens alone.
            call.org = self.oauth.grants.realm_of(request.form.get("refresh_token", ""))
        if handler is not None:
            return handler(request)
        file = _FILE.match(request.path)
        if file:
            return self._file(request, file[1], file[2])
        match = _COMPANY.match(request.path)
        if match is None:
            return Response("Not Found", 404, content_type="text/plain")
        return self._guarded(request, call, match[1], [part for part in (match[2] or "").split("/") if part])

    def _handler(self, request: Request) -> Callable[[Request], Response] | None:
        routes: dict[tuple[str, str], Callable[[Request], Response]] = {
            ("GET", "/connect/oauth2"): self.oauth.authorize,
            ("POST", "/connect/oauth2"): self.oauth.authorize,
            ("POST", "/oauth2/v1/tokens/bearer"): self.oauth.token,
            ("POST", "/v2/oauth2/tokens/revoke"): self.oauth.revoke,
            ("GET", "/openid_configuration"): self.oauth.discovery,
            ("GET", "/.well-known/openid_configuration"): self.oauth.discovery,
            ("GET", "/.well-known/openid_sandbox_configuration"): self.oauth.discovery,
            ("GET", "/v1/openid_connect/userinfo"): self.oauth.userinfo,
            ("GET", "/op/v1/jwks"): self.oauth.jwks,
        }
        return routes.get((request.method, request.path.removeprefix("/quickbooks").rstrip("/")))

    def _guarded(self, request: Request, call: Call, realm: str, parts: list[str]) -> Response:
        """Token, company, limits; then the API."""
        tid, wall = envelopes.trace_id(), self._clock.wall()
        token = request.headers.get("Authorization", "").partition(" ")[2].strip()
        grant, problem = self.oauth.grants.check(token)
        if grant is None:
            return envelopes.unauthenticated(problem or "Token invalid", wall, tid)
        organisation = self._by_realm(realm)
        if organisation is None or grant.realm != realm or "accounting" not in grant.scope:
            return envelopes.unauthorised(wall, tid)
        with self._limits.admitted(call, realm, grant.client, "batch" if parts == ["batch"] else "") as refusal:
            if refusal is not None:
                return envelopes.fault(errors.throttled(), wall, tid)
            return self._served(request, call, organisation, parts, tid)

    def _served(self, request: Request, call: Call, organisation: Organisation, parts: list[str], tid: str) -> Response:
        company = Company(organisation, self._clock)
        try:
            special = self._special(company, request, parts)
            if special is not None:
                return special
            with organisation.store.lock:
                body = api.serve(company, request, parts)
            call.replayed = bool(request.environ.get("sandbox.replayed"))
            body.setdefault("time", pacific(company.now, milliseconds=True))
            return envelopes.respond(wire.dump(body), 200, tid)
        except FaultError as fault:
            return envelopes.fault(fault, company.now, tid)
        except UnknownPathError:
            return Response("Not Found", 404, content_type="text/plain")
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as problem:
            # A body of the wrong shape can fail anywhere below; QuickBooks answers such things with 10000 as well.
            traceback.print_exception(problem)
            detail = f"System Failure Error: {type(problem).__name__}"
            return envelopes.fault(errors.system_failure(detail), company.now, tid)

    def _special(self, company: Company, request: Request, parts: list[str]) -> Response | None:
        """Answers that are not JSON: download links and PDFs."""
        match parts:
            case ["download", key] if request.method == "GET":
                company.read("Attachable", key)
                text = files.link(request.host_url.rstrip("/"), company.realm, key)
                return Response(text, content_type="text/plain")
            case [path, key, "pdf"] if request.method == "GET" and path in BY_PATH:
                return Response(files.pdf(company.read(BY_PATH[path].name, key)), content_type="application/pdf")
        return None

    def _file(self, request: Request, realm: str, key: str) -> Response:
        organisation = self._by_realm(realm)
        if organisation is None or not files.is_valid(request, realm, key):
            return Response("Request has expired", 403, content_type="text/plain")
        try:
            return files.download(Company(organisation, self._clock), key)
        except FaultError:
            return Response("Not Found", 404, content_type="text/plain")

    def _by_realm(self, realm: str) -> Organisation | None:
        return next((each for each in self._organisations(self.name) if each.external_org_id == realm), None)

    def external_id(self, number: int, seed: int) -> str:
        """A realmId: 16 digits."""
        return f"9341{(seed * 7_919_317 + number * 104_729_000_003) % 10**12:012d}"

    def open_store(self, organisation_id: str) -> Store:
        """An empty store with QuickBooks' indexes."""
        return Store(organisation_id, self._storage, keys_of)

    def found(self, organisation: Organisation) -> None:
        """Chart of accounts, tax codes, lists and history."""
        if organisation.specification["archived"] and not isinstance(self._storage, MemoryStorage):
            raise BadOrderError("archived invoices are not stored: start the sandbox without --data-dir")
        founding.found(organisation, self._clock)

    def credentials(self, organisation: Organisation) -> Body:
        """The OAuth client to connect with."""
        client, secret = next(iter(self._clients.items()))
        return {"client_id": client, "client_secret": secret, "realm_id": organisation.external_org_id}

    def documents(self, organisation: Organisation, resource: str) -> Body:
        """Records of a resource or entity, inactive ones included."""
        return changes.documents(Company(organisation, self._clock), resource)

    def trial_balance(self, organisation: Organisation) -> list[AccountBalance]:
        """Debits minus credits of every account that moved."""
        store = organisation.store
        rows = []
        for key, amount in store.journal.trial_balance().items():
            record = store.tables["Account"][key]
            rows.append(AccountBalance(key, record.body.get("AcctNum"), label(record), amount))
        return sorted(rows, key=lambda row: (row.code or "", row.name))

    def change(self, organisation: Organisation, order: Body) -> Body:
        """Act as a user of this company."""
        return changes.apply(Company(organisation, self._clock), order)

    def permission_gap(self) -> Response:
        """403 with 5020: the connected user may not do this."""
        detail = "Permission Denied Error : You do not have permission to perform this operation."
        fault = FaultError("5020", "Permission Denied Error", detail, status=403, kind="AuthorizationFault")
        return envelopes.fault(fault, self._clock.wall(), envelopes.trace_id())

    def revoke_token(self, request: Request) -> None:
        """The user disconnects the app."""
        self.oauth.grants.revoke(request.headers.get("Authorization", "").partition(" ")[2].strip())

    def notify(self, events: Iterable[Any], key: str, style: str) -> list[Delivery]:
        """One signed request for all events: classic object or array of CloudEvents."""
        told = [(realm, event) for realm, event in events if event.entity not in _SILENT]
        if not told:
            return []
        body = wire.dump(_classic(told) if style == "classic" else [_cloud_event(*each) for each in told])
        signature = base64.b64encode(hmac.new(key.encode(), body, hashlib.sha256).digest()).decode()
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "User-Agent": "intuit_notification_server/0.1",
            "intuit-signature": signature,
            "intuit-created-time": datetime.now(UTC).isoformat().replace("+00:00", "Z"),
            "intuit-t-id": str(uuid.uuid4()),
            "intuit-notification-schema-version": "0.1",
        }
        return [Delivery(body, headers)]

    def forget(self) -> None:
        """No tokens, no counted calls."""
        self.oauth.grants.clear()
        self._limits.clear()


def _classic(events: list[tuple[str, Event]]) -> Body:
    by_realm: dict[str, list[Body]] = {}
    for realm, event in events:
        moment = datetime.fromtimestamp(event.at, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
        entry = {"name": event.entity, "id": event.id, "operation": event.operation, "lastUpdated": moment}
        by_realm.setdefault(realm, []).append(entry)
    return {
        "eventNotifications": [
            {"realmId": realm, "dataChangeEvent": {"entities": entries}} for realm, entries in by_realm.items()
        ]
    }


def _cloud_event(realm: str, event: Event) -> Body:
    moment = datetime.fromtimestamp(event.at, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f") + "000Z"
    return {
        "specversion": "1.0",
        "id": str(uuid.uuid4()),
        "source": "intuit.dsnBgbseACLLRZNxo2dfc4evmEJdxde58xeeYcZliOU=",
        "type": f"qbo.{event.entity.lower()}.{_VERBS[event.operation]}.v1",
        "datacontenttype": "application/json",
        "time": moment,
        "intuitentityid": event.id,
        "intuitaccountid": realm,
        "data": {},
    }
