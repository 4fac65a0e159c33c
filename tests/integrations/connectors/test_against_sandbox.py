"""QuickBooks' declarations against the simulated ledger: all it holds is read, all that can be is written."""

import json
import re
from collections.abc import Generator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx
import pytest
from werkzeug.test import Client as Browser

from integrations.engine import auth, manifest
from integrations.engine.client import Client
from integrations.engine.compare import differences
from integrations.engine.converters import Context
from integrations.engine.endpoints import resolve
from integrations.engine.errors import OutcomeUnknown, RejectedError
from integrations.engine.ledger import Ledger
from integrations.engine.results import Outcome, Record
from integrations.sandbox.cli import build
from integrations.sandbox.server import ConnectionDropped

CONNECTOR = manifest.load("quickbooks")
ENDPOINTS = resolve(CONNECTOR, {"PORTAL_SANDBOX_URL": "http://127.0.0.1:8900"})
BOOKS = {"contacts": 12, "invoices": 15, "bills": 8, "payments": 8, "bank_lines": 6, "months": 3, "seed": 7}


class Held:
    """The token that consent gave."""

    def __init__(self, access: str) -> None:
        self.access = access

    def token(self) -> str:
        return self.access

    def renew(self, stale: str) -> str:
        return self.access


class Simulated:
    """A sandbox in this process, its control, and a ledger connected by the real consent."""

    def __init__(self, country: str, currency: str) -> None:
        # Fast clocks, so that no test waits for a limit.
        self.app = build(time_scale=1000.0, data_dir=None, clients=[])
        self.browser = Browser(self.app)
        made = self.control("organisations", {"ledger": "quickbooks", "name": "Acme", "country": country,
                                              "currency": currency, **BOOKS})  # fmt: skip
        self.id, self.realm = made["id"], made["external_org_id"]
        tokens = auth.exchange_code(
            self.client(""), CONNECTOR.way(), code=self._consent(), redirect_uri="http://127.0.0.1:8000/cb"
        )
        self.http = self.client(tokens.access_token)
        self.ledger = Ledger(CONNECTOR, self.http, Context(values={"org": self.realm}))
        self.ledger.organisation()

    def control(self, path: str, body: dict[str, Any]) -> Any:
        return json.loads(self.browser.post(f"/_control/{path}", json=body).get_data(as_text=True))

    def client(self, access: str) -> Client:
        transport = httpx.MockTransport(self._answer)
        return Client(CONNECTOR, ENDPOINTS, Held(access) if access else None, transport=transport)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        try:
            answer = self.browser.open(
                request.url.raw_path.decode(),
                method=request.method,
                headers=list(request.headers.items()),
                data=request.content,
            )
            content = answer.get_data()
        except ConnectionDropped as error:
            raise httpx.RemoteProtocolError("dropped") from error
        return httpx.Response(answer.status_code, headers=list(answer.headers), content=content)

    def _consent(self) -> str:
        url = auth.authorize_url(CONNECTOR.way(), ENDPOINTS, redirect_uri="http://127.0.0.1:8000/cb", state="s")
        parts = urlsplit(url)
        page = self.browser.get(f"{parts.path}?{parts.query}").get_data(as_text=True)
        fields = dict(re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', page))
        form = urlencode({**fields, "realm_id": self.realm, "decision": "connect"})
        answer = self.browser.post(parts.path, data=form, content_type="application/x-www-form-urlencoded")
        return dict(parse_qsl(urlsplit(answer.headers["Location"]).query))["code"]

    def truth(self, resource: str) -> list[Any]:
        answer = self.browser.get(f"/_control/organisations/{self.id}/documents?resource={resource}")
        return list(json.loads(answer.get_data(as_text=True))["documents"])


@pytest.fixture(scope="module")
def us() -> Simulated:
    """A US company, shared by the tests that only read."""
    return Simulated("US", "USD")


@pytest.fixture(params=[("US", "USD"), ("GB", "GBP")], ids=lambda pair: pair[0])
def company(request: pytest.FixtureRequest) -> Simulated:
    """A company of one's own, of either kind of tax."""
    return Simulated(*request.param)


@pytest.mark.parametrize("resource", sorted(set(CONNECTOR.resources) - {"company_info"}))
def test_everything_the_ledger_holds_is_read_and_counted(us: Simulated, resource: str) -> None:
    pages = list(us.ledger.pages(resource))
    assert [page.unreadable for page in pages] == [[] for _ in pages]
    assert sum(len(page.records) for page in pages) == us.ledger.count(resource)


def test_invoices_are_the_true_books(us: Simulated) -> None:
    records = [record for page in us.ledger.pages("invoices") for record in page.records]
    true = {item["Id"]: item for item in us.truth("invoices")}
    assert {record.external_id for record in records} == set(true)
    for record in records:
        assert str(record.unified["total"]) == str(true[record.external_id]["TotalAmt"])
        assert sum(line["amount"] for line in record.unified["lines"]) == record.unified["subtotal"]


def test_the_trial_balance_is_balanced(us: Simulated) -> None:
    rows = us.ledger.report("trial_balance", start_on=date(2000, 1, 1), end_on=date(2100, 1, 1)).unified["rows"]
    total = rows[-1]["values"]
    assert total["debit"] == total["credit"] > 0


def documents(simulated: Simulated) -> Generator[tuple[str, dict[str, Any]], str, None]:
    """One record of every writable resource, each built on those before it."""
    tax = "NON" if simulated.ledger.context.values["country"] == "US" else next(
        record.external_id for page in simulated.ledger.pages("tax_rates") for record in page.records
    )  # fmt: skip
    coded = {"tax_rate": {"id": tax}}
    ids = yield "accounts", {"name": "Clearing", "code": "1999", "type": "bank"}
    bank = {"id": ids}
    expense = {"id": (yield "accounts", {"name": "Fees", "code": "6999", "type": "expense"})}
    income = {"id": (yield "accounts", {"name": "Sales X", "code": "4999", "type": "income"})}
    customer = {"id": (yield "contacts", {"contact_type": "customer", "name": "New Customer", "email": "a@b.example"})}
    vendor = {"id": (yield "contacts", {"contact_type": "vendor", "name": "New Vendor"})}
    item = {"id": (yield "items", {"name": "Work", "type": "service", "income_account": income, "unit_price": "10.50"})}
    sale = {"contact": customer, "issued_on": "2026-11-02"}
    line = {"item": item, "quantity": "3", "unit_price": "10.50", "amount": "31.50", "description": "w", **coded}
    invoice = yield "invoices", {**sale, "number": "P-1", "due_on": "2026-12-02", "memo": "note", "lines": [line]}
    yield "credit_notes", {**sale, "number": "C-1", "lines": [line]}
    allocation = [{"type": "invoice", "id": invoice, "amount": "20.00"}]
    yield "payments", {**sale, "total": "20.00", "account": bank, "reference": "R1", "allocations": allocation}
    cost = {"account": expense, "amount": "12.34", "description": "x", **coded}
    purchase = {"contact": vendor, "issued_on": "2026-11-03", "lines": [cost]}
    bill = yield "bills", {**purchase, "number": "B-1", "due_on": "2026-12-03"}
    yield "vendor_credits", {**purchase, "number": "V-1"}
    payable = next(r.external_id for page in simulated.ledger.pages("accounts") for r in page.records
                   if r.unified["type"] == "accounts_payable")  # fmt: skip
    yield "purchase_orders", {**purchase, "number": "O-1", "account": {"id": payable}}
    paid = [{"type": "bill", "id": bill, "amount": "12.34"}]
    yield "bill_payments", {"contact": vendor, "issued_on": "2026-11-04", "total": "12.34", "payment_type": "check",
                            "account": bank, "allocations": paid}  # fmt: skip
    yield "expenses", {**purchase, "contact": {**vendor, "type": "vendor"}, "payment_type": "cash", "account": bank}
    entry = [{"account": expense, "debit": "9.99"}, {"account": bank, "credit": "9.99"}]
    yield "journal_entries", {"number": "J-1", "issued_on": "2026-11-03", "memo": "m", "lines": entry}
    yield "tracking_categories", {"type": "class", "name": "North"}
    yield "payment_methods", {"name": "Voucher"}
    yield "terms", {"name": "Net 7", "due_days": 7}


def test_everything_writable_is_written_once_and_found_as_it_was_given(company: Simulated) -> None:
    made = documents(company)
    resource, body = next(made)
    written: set[str] = set()
    while True:
        key = f"{resource}-{len(written)}-{body.get('name') or body.get('number')}"
        record = company.ledger.post(resource, "create", body, key=key)
        again = company.ledger.post(resource, "create", body, key=key)
        assert isinstance(record, Record)
        assert isinstance(again, Record)
        assert again.external_id == record.external_id
        wanted = CONNECTOR.resources[resource].typed(body, "create")
        assert differences({k: v for k, v in wanted.items() if k in record.unified}, record.unified) == [], resource
        late = company.ledger.probe(resource, "create", body, key=key, sent_at=datetime.now(UTC) - timedelta(days=9))
        assert late.outcome is Outcome.POSTED, (resource, late.reason)
        written.add(resource)
        try:
            resource, body = made.send(record.external_id)
        except StopIteration:
            break
    assert written == {
        name for name, declared in CONNECTOR.resources.items()
        if any("create" in entity.operations for entity in declared.entities.values())
    } - {"currencies", "attachments"}  # fmt: skip


def journal(number: str) -> dict[str, Any]:
    lines = [{"account": {"id": "1"}, "debit": "5.00"}, {"account": {"id": "4"}, "credit": "5.00"}]
    return {"number": number, "issued_on": "2026-11-05", "lines": lines}


@pytest.mark.parametrize("action", ["drop_after_commit", "truncate"])
def test_a_write_whose_answer_is_lost_is_found_and_not_doubled(company: Simulated, action: str) -> None:
    company.control("faults", {"method": "POST", "path": "journalentry", "times": 1, "action": action})
    with pytest.raises(OutcomeUnknown):
        company.ledger.post("journal_entries", "create", journal("LOST"), key="lost-1")
    probe = company.ledger.probe("journal_entries", "create", journal("LOST"), key="lost-1", sent_at=datetime.now(UTC))
    assert probe.outcome is Outcome.POSTED
    assert sum(item.get("DocNumber") == "LOST" for item in company.truth("journal_entries")) == 1


def test_a_write_that_never_arrived_is_proved_absent(company: Simulated) -> None:
    company.control("faults", {"method": "POST", "path": "journalentry", "times": 1, "action": "drop_before"})
    with pytest.raises(OutcomeUnknown):
        company.ledger.post("journal_entries", "create", journal("NEVER"), key="never-1")
    long_ago = datetime.now(UTC) - timedelta(days=9)
    probe = company.ledger.probe("journal_entries", "create", journal("NEVER"), key="never-1", sent_at=long_ago)
    assert probe.outcome is Outcome.ABSENT


def test_a_change_is_told_by_the_feed_and_a_deletion_too(company: Simulated) -> None:
    record = company.ledger.post("journal_entries", "create", journal("GONE"), key="g-1")
    assert isinstance(record, Record)
    gone = {"external_id": record.external_id, "version": record.unified["version"]}
    company.ledger.post("journal_entries", "delete", gone, key="g-2")
    changes = company.ledger.changes(["journal_entries", "invoices"], datetime.now(UTC) - timedelta(days=1))
    assert record.external_id in {deletion.external_id for deletion in changes.deletions}
    with pytest.raises(RejectedError) as caught:
        company.ledger.read("journal_entries", record.external_id)
    assert caught.value.code == "not_found"
