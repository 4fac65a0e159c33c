"""NetSuite's face over the shared books: REST, SuiteQL and SOAP behind one pool of concurrent calls."""

import threading
import traceback
from collections import defaultdict
from collections.abc import Iterable
from functools import partial
from typing import Any
from xml.etree.ElementTree import Element

from werkzeug.wrappers import Request, Response

from integrations.sandbox.books import indexes
from integrations.sandbox.books.store import Store
from integrations.sandbox.calls import Call
from integrations.sandbox.faces import AccountBalance, Delivery, Organisation, Setting
from integrations.sandbox.netsuite import assertion, changes, errors, founding, rest
from integrations.sandbox.netsuite.accounts import canonical, host_form
from integrations.sandbox.netsuite.assertion import Certificate
from integrations.sandbox.netsuite.authentication import Caller, Doorkeeper, LoginRefusedError, secrets_of
from integrations.sandbox.netsuite.books import Books, keys_of
from integrations.sandbox.netsuite.grants import Grants
from integrations.sandbox.netsuite.jobs import Jobs
from integrations.sandbox.netsuite.oauth import OAuth
from integrations.sandbox.netsuite.rest import LIMIT, Service
from integrations.sandbox.netsuite.soap import faults, server, xml
from integrations.sandbox.netsuite.soap.searches import Searches
from integrations.sandbox.netsuite.suiteql.database import Database
from integrations.sandbox.netsuite.suiteql.rows import AccountSource
from integrations.sandbox.wire import Body

PREFIX = "/netsuite"
_KINDS = {"query": "query", "record": "read", "async": "read", "system": "other"}
_FAILURES = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)


class NetSuiteFace:
    """NetSuite below /netsuite; `/netsuite/1234567-sb1/…` works as well, as the account's own host does."""

    name = "netsuite"
    formats: tuple[str, ...] = ("none",)
    """There are no webhooks."""

    def __init__(self, setting: Setting) -> None:
        self._clock = setting.clock
        self._storage = setting.storage
        self._clients = setting.clients
        self._organisations = setting.organisations
        self._grants = Grants(setting.clock, setting.storage)
        self._doors = Doorkeeper(setting.clock, self._grants, setting.clients, self._accounts)
        self._jobs = Jobs()
        self._searches = Searches()
        self._databases: dict[str, Database] = {}
        self._lock = threading.Lock()
        self._running: dict[str, int] = defaultdict(int)
        self.oauth = OAuth(self._grants, setting.clients, partial(setting.organisations, self.name), self._certificate)

    def _accounts(self) -> list[str]:
        return [each.external_org_id for each in self._organisations(self.name)]

    def _organisation(self, account: str) -> Organisation:
        return next(each for each in self._organisations(self.name) if each.external_org_id == account)

    def _parts(self, request: Request) -> list[str]:
        parts = [part for part in request.path.removeprefix(PREFIX).split("/") if part]
        hosts = [host_form(each) for each in self._accounts()]
        return parts[1:] if parts and parts[0] in hosts else parts

    def identify(self, request: Request, call: Call) -> None:
        """Kind from the path; the account from the credentials."""
        match self._parts(request):
            case ["services", "rest", "auth", *_]:
                call.kind = "refresh" if request.form.get("grant_type") == "refresh_token" else "oauth"
            case ["services", "rest", service, *_]:
                call.org = self._doors.claimed(request)
                is_write = service == "record" and request.method != "GET"
                call.kind = "write" if is_write else _KINDS.get(service, "other")
            case ["services", *_]:
                call.org, call.kind = self._doors.claimed(request), "soap"
            case _:
                call.kind = "oauth"

    def answer(self, request: Request, call: Call) -> Response:
        """OAuth endpoints, SOAP, or the REST services."""
        match self._parts(request):
            case ["app", "login", "oauth2", "authorize.nl"]:
                return self.oauth.authorize(request)
            case ["services", "rest", "auth", "oauth2", "v1", "token"] if request.method == "POST":
                return self.oauth.token(request)
            case ["services", "rest", "auth", "oauth2", "v1", "revoke"] if request.method == "POST":
                return self.oauth.revoke(request)
            case ["services", "rest", *parts]:
                return self._rest(request, call, parts)
            case ["services", port] if server.version_of(port) and request.method == "POST":
                return self._soap(request, call, str(server.version_of(port)))
        return Response("Not Found", 404, content_type="text/plain")

    # REST

    def _rest(self, request: Request, call: Call, parts: list[str]) -> Response:
        try:
            caller = self._doors.rest(request, PREFIX)
            call.org = caller.account
            if caller.way != "tba" and "rest_webservices" not in caller.scopes:
                raise errors.permission("REST Web Services")
            self._enter(caller, call)
        except errors.NetSuiteError as error:
            return rest.refused(error)
        try:
            return self._served(request, caller, parts)
        finally:
            self._leave(caller)

    def _served(self, request: Request, caller: Caller, parts: list[str]) -> Response:
        books = self.books(self._organisation(caller.account), request)
        service = Service(books, self._database(caller.account), self._jobs)
        try:
            with books.store.lock:
                return service.answer(request, parts)
        except errors.NetSuiteError as error:
            return rest.refused(error)
        except _FAILURES as problem:
            # A body of the wrong shape can fail anywhere below; NetSuite answers such things with an error id.
            traceback.print_exception(problem)
            detail = f"An unexpected error occurred. Error ID: sandbox-{type(problem).__name__}"
            return rest.refused(errors.NetSuiteError(detail, "UNEXPECTED_ERROR", 500))

    def _enter(self, caller: Caller, call: Call) -> None:
        most = int(self.books(self._organisation(caller.account)).settings.get("concurrency") or LIMIT)
        with self._lock:
            if self._running[caller.account] >= most:
                call.over_limit, call.limit = True, f"{most} at once"
                raise errors.too_many()
            self._running[caller.account] += 1

    def _leave(self, caller: Caller) -> None:
        with self._lock:
            self._running[caller.account] -= 1

    # SOAP

    def _soap(self, request: Request, call: Call, version: str) -> Response:
        try:
            root = xml.parse(request.get_data())
            header = xml.child(root, "Header")
            operation = next(iter(xml.child(root, "Body") or ()), None)
            if operation is None:
                raise faults.malformed("The envelope has no operation.")
            body = self._soap_body(request, call, header, operation)
        except faults.SoapFault as fault:
            return _xml(version, fault.body(), 500)
        except xml.MalformedXmlError as error:
            return _xml(version, faults.malformed(str(error)).body(), 500)
        return _xml(version, body, 200)

    def _soap_body(self, request: Request, call: Call, header: Element | None, operation: Element) -> str:
        caller = self._soap_caller(request, header)
        call.org = caller.account
        try:
            self._enter(caller, call)
        except errors.NetSuiteError as error:
            raise faults.blocked() from error
        try:
            books = self.books(self._organisation(caller.account), request)
            with books.store.lock:
                return server.SoapService(books, self._searches).answer(header, operation)
        except errors.NetSuiteError as error:
            raise faults.unexpected(error.detail) from error
        finally:
            self._leave(caller)

    def _soap_caller(self, request: Request, header: Element | None) -> Caller:
        passport = xml.child(header, "tokenPassport")
        try:
            if passport is None and request.headers.get("Authorization", "").lower().startswith("bearer "):
                return self._doors.bearer(request.headers["Authorization"].partition(" ")[2].strip())
            fields = {xml.local(each): (each.text or "").strip() for each in (passport if passport is not None else ())}
            signature = xml.child(passport, "signature")
            fields["algorithm"] = signature.get("algorithm", "") if signature is not None else ""
            return self._doors.soap(fields)
        except LoginRefusedError as error:
            raise faults.login() from error

    # What they are served from

    def books(self, organisation: Organisation, request: Request | None = None) -> Books:
        """The account as NetSuite sees it."""
        base = f"{request.host_url.rstrip('/')}{PREFIX}" if request is not None else ""
        return Books(organisation, founding.company(organisation, self._clock), self._clock, base)

    def _database(self, account: str) -> Database:
        with self._lock:
            if account not in self._databases:
                self._databases[account] = Database(AccountSource(lambda: self.books(self._organisation(account))))
            return self._databases[account]

    def _certificate(self, kid: str) -> Certificate | None:
        for organisation in self._organisations(self.name):
            account = organisation.external_org_id
            for client in self._clients:
                own = assertion.own_certificate(account, client)
                if own.kid == kid:
                    return own
            uploaded = organisation.store.get("certificate", kid)
            if uploaded is not None:
                return Certificate(kid, account, uploaded.body["client"], uploaded.body["pem"])
        return None

    # The control API

    def external_id(self, number: int, seed: int) -> str:
        """An account id; every third one is a sandbox account, which spells its host differently."""
        digits = 1_000_000 + (seed * 7_919 + number * 104_729) % 8_999_999
        return f"{digits}_SB1" if number % 3 == 0 else str(digits)

    def open_store(self, organisation_id: str) -> Store:
        """An empty store that finds records by external id."""
        return Store(organisation_id, self._storage, keys_of, indexes.exact)

    def found(self, organisation: Organisation) -> None:
        """Chart of accounts, tax, subsidiaries, lists and history."""
        founding.found(self.books(organisation))

    def credentials(self, organisation: Organisation) -> Body:
        """What each way of connecting needs."""
        client, secret = next(iter(self._clients.items()))
        account = canonical(organisation.external_org_id)
        keys = secrets_of(account, client)
        own = assertion.own_certificate(account, client)
        keys_form = {"account": account, "consumer_key": keys.consumer_key, "consumer_secret": keys.consumer_secret,
                     "token_id": keys.token, "token_secret": keys.token_secret}  # fmt: skip
        pair_form = {"account": account, "client_id": client, "certificate_id": own.kid,
                     "private_key": assertion.private_pem(account)}  # fmt: skip
        return {"client_id": client, "client_secret": secret, "account": account, "tokens": keys_form, "m2m": pair_form}

    def documents(self, organisation: Organisation, resource: str) -> Body:
        """Records of a resource or record type, in REST's form."""
        if resource == "login_audit_trail":
            found = [each for each in self._doors.trail if each["account"] in ("", organisation.external_org_id)]
            return {"resource": resource, "count": len(found), "documents": found}
        return changes.documents(self.books(organisation), resource)

    def trial_balance(self, organisation: Organisation) -> list[AccountBalance]:
        """Debits minus credits of every account that moved."""
        return self.books(organisation).company.trial_balance()

    def change(self, organisation: Organisation, order: Body) -> Body:
        """Act as a user of this account."""
        return changes.apply(self.books(organisation), order, next(iter(self._clients)))

    def permission_gap(self) -> Response:
        """403: the role lacks the permission."""
        return rest.refused(errors.permission())

    def revoke_token(self, request: Request) -> None:
        """An administrator revokes what the app holds."""
        self._doors.revoke(request)

    def notify(self, events: Iterable[Any], key: str, style: str) -> list[Delivery]:
        """NetSuite tells nobody by itself."""
        return []

    def forget(self) -> None:
        """No tokens, nonces, jobs, searches, tables."""
        self._grants.clear()
        self._doors.clear()
        self._jobs.clear()
        self._searches.clear()
        with self._lock:
            self._databases.clear()
            self._running.clear()


def _xml(version: str, body: str, status: int) -> Response:
    return Response(xml.envelope(version, "", body), status, content_type="text/xml; charset=utf-8")
