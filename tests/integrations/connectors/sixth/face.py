"""Brook's side of the wire: a small REST ledger over the sandbox's neutral books."""

import hashlib
import hmac
import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from werkzeug.utils import redirect
from werkzeug.wrappers import Request, Response

from integrations.sandbox import wire
from integrations.sandbox.books.chart import Chart, standard_accounts
from integrations.sandbox.books.company import BooksError, Company
from integrations.sandbox.books.founding import found
from integrations.sandbox.books.indexes import open_store
from integrations.sandbox.books.limits import Limits, Window
from integrations.sandbox.books.oauth import Grants, InvalidGrantError, Policy
from integrations.sandbox.books.store import Record, Store
from integrations.sandbox.books.user import User
from integrations.sandbox.calls import Call
from integrations.sandbox.faces import AccountBalance, Delivery, Organisation, Setting
from integrations.sandbox.wire import Body

_PATH = re.compile(r"/brook/v1/businesses/([^/]+)(?:/([a-z_]+)(?:/([^/]+))?)?$")
KINDS = {
    "ledger_accounts": "account", "taxes": "tax_rate", "clients": "contact", "suppliers": "contact",
    "products": "item", "invoices": "invoice", "bills": "bill", "receipts": "payment", "journals": "journal_entry",
}  # fmt: skip
# Brook's name → the neutral one.
_LISTED = {"name": "name", "code": "code", "active": "is_active"}
_DOCUMENT = {"contact_id": "contact", "number": "number", "date": "on", "currency": "currency", "notes": "memo"}
_LINE = {
    "id": "id", "text": "description", "product_id": "item", "account_id": "account", "units": "quantity",
    "unit_price": "price", "amount": "amount", "tax_id": "tax", "debit": "debit", "credit": "credit",
}  # fmt: skip
NAMES: dict[str, dict[str, str]] = {
    "account": {**_LISTED, "kind": "type"},
    "tax_rate": {**_LISTED, "percent": "percent"},
    "contact": {"name": "name", "email": "email", "phone": "phone", "active": "is_active"},
    "item": {**_LISTED, "text": "description", "sort": "sort", "price": "sale_price",
             "income_account_id": "income_account", "expense_account_id": "expense_account"},
    "invoice": {**_DOCUMENT, "due_date": "due_on", "tax_mode": "tax_mode"},
    "bill": {**_DOCUMENT, "due_date": "due_on", "tax_mode": "tax_mode"},
    "payment": {**_DOCUMENT, "account_id": "account", "total": "total"},
    "journal_entry": _DOCUMENT,
}  # fmt: skip
_TOLD = {"item": "products", "invoice": "invoices", "bill": "bills", "payment": "receipts"}
_COMPUTED = {"net": "subtotal", "tax": "tax_total", "total": "total"}


class BrookFace:
    """Brook below /brook."""

    name = "brook"
    formats: tuple[str, ...] = ("json",)

    def __init__(self, setting: Setting) -> None:
        self._setting = setting
        self._grants = Grants(setting.clock, setting.storage, "_brook_oauth", Policy())
        self._limits = Limits(setting.clock, [Window("120 per minute", 120, 60)], at_once=4)
        self._answers: dict[tuple[str, str], tuple[int, bytes]] = {}

    def identify(self, request: Request, call: Call) -> None:
        """The business from the path."""
        match = _PATH.match(request.path)
        call.org, call.kind = (match[1], "call") if match else (None, "oauth")

    def answer(self, request: Request, call: Call) -> Response:
        """Consent, tokens, or the API."""
        routes: dict[str, Callable[[Request], Response]] = {
            "/brook/oauth/authorize": self._authorize, "/brook/oauth/token": self._token,
            "/brook/oauth/revoke": self._revoke,
        }  # fmt: skip
        if request.path in routes:
            return routes[request.path](request)
        grant, _ = self._grants.check(_bearer(request))
        if grant is None:
            return _refused(401, "unauthenticated", "The token is not valid.")
        if request.path == "/brook/v1/me":
            own = [each for each in self._organisations() if each.external_org_id in grant.organisations]
            return _json({"businesses": [{"id": each.external_org_id, "name": each.name} for each in own]})
        match = _PATH.match(request.path)
        organisation = next(
            (each for each in self._organisations() if match and each.external_org_id == match[1]), None
        )
        if match is None or organisation is None or match[1] not in grant.organisations:
            return _refused(404, "not_found", "There is no such thing.")
        with self._limits.admitted(call, match[1], grant.client) as refusal:
            if refusal is not None:
                return _refused(429, "slow_down", refusal.name)
            return self._served(request, organisation, match[2] or "", match[3] or "")

    def _served(self, request: Request, organisation: Organisation, path: str, key: str) -> Response:
        company = self._company(organisation)
        if not path:
            return _json({"data": {"id": organisation.external_org_id, "name": organisation.name,
                                   "country": organisation.country, "currency": organisation.currency}})  # fmt: skip
        if path not in KINDS:
            return _refused(404, "not_found", "There is no such list.")
        with organisation.store.lock:
            return self._once(request, lambda: self._acted(request, company, path, key))

    def _once(self, request: Request, act: Callable[[], Response]) -> Response:
        """A write under a key that was answered is answered the same again."""
        key = request.headers.get("Idempotency-Key", "")
        remembered = self._answers.get((request.path, key)) if key else None
        if remembered is not None:
            return Response(remembered[1], remembered[0], content_type="application/json")
        answer = act()
        if key and answer.status_code < 500:
            self._answers[request.path, key] = answer.status_code, answer.get_data()
        return answer

    def _acted(self, request: Request, company: Company, path: str, key: str) -> Response:
        kind = KINDS[path]
        try:
            match request.method:
                case "GET" if key:
                    return _json({"data": shown(company.get(kind, key), company)})
                case "GET":
                    return _json(_listed(company, path, request))
                case "POST":
                    record = company.save(kind, neutral(path, wire.parse(request.get_data()), {}))
                    return _json({"data": shown(record, company)}, 201)
                case "PATCH":
                    before = company.get(kind, key)
                    body = neutral(path, wire.parse(request.get_data()), before.body)
                    return _json({"data": shown(company.save(kind, body, key), company)})
                case "DELETE":
                    company.delete(kind, key)
                    return _json({"data": {"id": key, "deleted": "yes"}})
        except BooksError as error:
            return _refused(404 if error.code == "not_found" else 422, error.code, error.message, error.field)
        return _refused(405, "method", "Not so.")

    def _authorize(self, request: Request) -> Response:
        """Brook's consent page agrees at once: only tests come here."""
        given = request.args
        code = self._grants.authorise(
            client=given["client_id"],
            organisations=[each.external_org_id for each in self._organisations()],
            redirect_uri=given["redirect_uri"],
            scope=given["scope"],
            challenge=given.get("code_challenge", ""),
        )
        return redirect(f"{given['redirect_uri']}?{urlencode({'code': code, 'state': given['state']})}")

    def _token(self, request: Request) -> Response:
        form = request.form
        client = form.get("client_id", "")
        if self._setting.clients.get(client) != form.get("client_secret"):
            return _json({"error": "invalid_client"}, 401)
        try:
            if form["grant_type"] == "refresh_token":
                issued = self._grants.refresh(form["refresh_token"], client)
            else:
                issued = self._grants.exchange(
                    form["code"],
                    client=client,
                    redirect_uri=form["redirect_uri"],
                    verifier=form.get("code_verifier", ""),
                )
        except InvalidGrantError as error:
            return _json({"error": "invalid_grant", "error_description": str(error)}, 400)
        return _json({"access_token": issued.access, "refresh_token": issued.refresh, "token_type": "bearer",
                      "expires_in": issued.expires_in})  # fmt: skip

    def _revoke(self, request: Request) -> Response:
        self._grants.revoke(request.form.get("token", ""))
        return _json({})

    def _organisations(self) -> list[Organisation]:
        return self._setting.organisations(self.name)

    def _company(self, organisation: Organisation) -> Company:
        return Company(
            organisation.store, self._setting.clock, currency=organisation.currency, country=organisation.country,
            ids=lambda kind, number: f"{kind[:2]}{number}", org=organisation.external_org_id,
        )  # fmt: skip

    def external_id(self, number: int, seed: int) -> str:
        """A short text."""
        return f"biz{number}x{seed}"

    def open_store(self, organisation_id: str) -> Store:
        """A neutral store."""
        return open_store(organisation_id, self._setting.storage)

    def found(self, organisation: Organisation) -> None:
        """The standard chart with one tax."""
        rate = {"name": "VAT 20%", "code": "V20", "percent": "20", "account": "2200"}
        chart = Chart(standard_accounts(), [rate], sale_tax="VAT 20%", purchase_tax="VAT 20%",
                      numbers={"invoice": "B-{:04d}"})  # fmt: skip
        company = self._company(organisation)
        organisation.statement = found(company, organisation.specification, chart, company.today).statement

    def credentials(self, organisation: Organisation) -> Body:
        """The application's keys."""
        client, secret = next(iter(self._setting.clients.items()))
        return {"client_id": client, "client_secret": secret}

    def documents(self, organisation: Organisation, resource: str) -> Body:
        """The true books in Brook's form."""
        return self._user(organisation).documents(resource)

    def trial_balance(self, organisation: Organisation) -> list[AccountBalance]:
        """Every account that moved."""
        return self._company(organisation).trial_balance()

    def change(self, organisation: Organisation, order: Body) -> Body:
        """Act as a user."""
        return self._user(organisation).apply(order)

    def _user(self, organisation: Organisation) -> User:
        company = self._company(organisation)
        paths = {kind: path for path, kind in KINDS.items()}
        return User(
            company, lambda kind, data: neutral(paths[kind], data, {}), lambda record: shown(record, company)
        )  # fmt: skip

    def permission_gap(self) -> Response:
        """403."""
        return _refused(403, "forbidden", "You may not do this.")

    def revoke_token(self, request: Request) -> None:
        """The user disconnects the app."""
        self._grants.revoke(_bearer(request))

    def notify(self, events: Iterable[Any], key: str, style: str) -> list[Delivery]:
        """A signed post for each event: what it is about, and no more."""
        return [self._delivery(event, key) for event in events if event.kind in _TOLD]

    def _delivery(self, event: Any, key: str) -> Delivery:
        told = {"what": _TOLD[event.kind], "id": event.id, "did": event.operation, "when": int(event.at * 1000)}
        body = wire.dump({"id": f"ev-{event.kind}-{event.id}-{event.at}", "business": event.org, "change": told})
        moment = str(int(self._setting.clock.wall()))
        mark = hmac.new(key.encode(), f"{moment}.".encode() + body, hashlib.sha256).hexdigest()
        headers = {"Content-Type": "application/json", "Brook-Time": moment, "Brook-Mark": mark}
        return Delivery(body, headers)

    def forget(self) -> None:
        """Forget tokens and what ran."""
        self._grants.clear()
        self._limits.clear()
        self._answers.clear()


def _bearer(request: Request) -> str:
    return request.headers.get("Authorization", "").partition(" ")[2]


def _json(body: Body, status: int = 200) -> Response:
    return Response(wire.dump(body), status, content_type="application/json")


def _refused(status: int, code: str, message: str, field: str = "") -> Response:
    return _json({"errors": [{"code": code, "message": message, "field": field}]}, status)


def _listed(company: Company, path: str, request: Request) -> Body:
    page, size = int(request.args.get("page", 1)), int(request.args.get("per_page", 50))
    since = request.args.get("updated_since")
    after = datetime.fromisoformat(since).timestamp() if since else 0
    wanted = {"clients": "is_customer", "suppliers": "is_vendor"}.get(path)
    rows = [record for record in company.live(KINDS[path]) if record.updated >= after]
    rows = [record for record in rows if wanted is None or record.body.get(wanted)]
    start = (page - 1) * size
    return {"data": [shown(each, company) for each in rows[start : start + size]], "more": start + size < len(rows)}


def neutral(path: str, given: Body, before: Body) -> Body:
    """Brook's form laid over a neutral body."""
    kind = KINDS[path]
    body = {**before, **{ours: given[theirs] for theirs, ours in NAMES[kind].items() if theirs in given}}
    if kind == "contact":
        body |= {"is_customer": True} if path == "clients" else {"is_vendor": True}
        body.setdefault("is_customer", False)
        body.setdefault("is_vendor", False)
    if "lines" in given:
        body["lines"] = [
            {ours: line[theirs] for theirs, ours in _LINE.items() if theirs in line} for line in given["lines"]
        ]
    if "settles" in given:
        body["allocations"] = [
            {"document": f"invoice:{each['id']}", "amount": each["amount"]} for each in given["settles"]
        ]
    return body


def shown(record: Record, company: Company) -> Body:
    """Brook's form of a neutral record; amounts are decimal text."""
    body = record.body
    found: Body = {"id": record.id, "created_at": _moment(record.created), "updated_at": _moment(record.updated)}
    found |= {theirs: _plain(body[ours]) for theirs, ours in NAMES[record.table].items() if body.get(ours) is not None}
    if "lines" in body:
        found["lines"] = [
            {theirs: _plain(line[ours]) for theirs, ours in _LINE.items() if line.get(ours) is not None}
            for line in body["lines"]
        ]
    if record.table in ("invoice", "bill"):
        found |= {theirs: _plain(body[ours]) for theirs, ours in _COMPUTED.items()}
        left = company.open_amount(record)
        found["open"] = _plain(left)
        found["state"] = "paid" if not left else "part_paid" if left < body["total"] else "open"
    if record.table == "payment":
        found["settles"] = [
            {"kind": "invoice", "id": each["document"].partition(":")[2], "amount": _plain(each["amount"])}
            for each in body["allocations"]
        ]
    return found


def _moment(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()


def _plain(value: Any) -> Any:
    return format(value, "f") if isinstance(value, Decimal) else value
