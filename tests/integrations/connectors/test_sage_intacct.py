"""Sage Intacct's declarations against the simulated ledger: what is Intacct's own."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import httpx
import pytest

from integrations.engine import auth, manifest
from integrations.engine.client import Client
from integrations.engine.converters import Context
from integrations.engine.endpoints import resolve
from integrations.engine.errors import (
    RejectedError,
)
from integrations.engine.ledger import Ledger
from integrations.engine.messages import RemoteRequest
from integrations.engine.results import BatchItem, Deletion, Outcome, Record
from integrations.engine.steps import Offset
from tests.integrations.connectors.simulation import SANDBOX, Held, Simulation
from tests.integrations.engine.company import Recorded

CONNECTOR = manifest.load("sage_intacct")


@pytest.fixture(scope="module")
def acme() -> Simulation:
    """A British company with some history, entered by consent."""
    return Simulation("sage_intacct", expenses=4, credit_notes=3, vendor_credits=2, purchase_orders=3)


def listed(acme: Simulation, resource: str, **asked: Any) -> list[dict[str, Any]]:
    return [record.unified for page in acme.ledger.pages(resource, **asked) for record in page.records]


def first(acme: Simulation, resource: str, **wanted: Any) -> dict[str, Any]:
    rows = listed(acme, resource)
    return next(row for row in rows if all(row.get(name) == value for name, value in wanted.items()))


def created(acme: Simulation, resource: str, body: dict[str, Any], key: str = "k") -> dict[str, Any]:
    record = acme.ledger.post(resource, "create", body, key=f"{key}-{body.get('number') or body.get('name')}")
    assert isinstance(record, Record)
    return record.unified


def done(acme: Simulation, resource: str, operation: str, body: dict[str, Any], key: str = "1") -> dict[str, Any]:
    record = acme.ledger.post(resource, operation, body, key=f"{operation}-{body['external_id']}-{key}")
    assert isinstance(record, Record)
    return record.unified


def document(acme: Simulation, side: str, number: str, amount: str = "100.00", **line: Any) -> dict[str, Any]:
    account = first(acme, "accounts", type="income" if side == "customer" else "expense")["external_id"]
    contact = first(acme, "contacts", contact_type=side)["external_id"]
    lines = [{"description": "Work", "account": {"id": account}, "amount": Decimal(amount), **line}]
    return {"contact": {"id": contact}, "number": number, "issued_on": "2026-11-02", "due_on": "2099-12-02",
            "memo": "checked", "lines": lines}  # fmt: skip


def calls(acme: Simulation, since: int = 0) -> list[dict[str, Any]]:
    return list(acme.browser.get(f"/_control/calls?since={since}").get_json()["calls"])


@pytest.mark.parametrize("way", CONNECTOR.auth)
def test_every_way_lets_one_in(way: str) -> None:
    own = Simulation("sage_intacct", way=way, invoices=1, bills=1, payments=0)
    assert own.ledger.organisation().currency == "GBP"
    assert len(listed(own, "bills")) == 1


def test_the_company_of_a_consent_is_learnt_from_the_gateway(acme: Simulation) -> None:
    found = acme.ledger.organisation()
    assert (found.external_org_id, found.name, found.currency) == (acme.org, acme.org, "GBP")


@pytest.mark.parametrize(
    "resource",
    ["accounts", "contacts", "items", "tax_rates", "tracking_categories", "invoices", "credit_notes", "payments",
     "bills", "vendor_credits", "bill_payments", "purchase_orders", "expenses", "journal_entries"],
)  # fmt: skip
def test_everything_the_ledger_holds_is_read(acme: Simulation, resource: str) -> None:
    pages = list(acme.ledger.pages(resource))
    assert [page.unreadable for page in pages if page.unreadable] == []
    name = "id" if resource == "tax_rates" else "key"
    elsewhere = ("/project/", "/warehouse/", "/platform-apps/")
    true = {row[name] for row in acme.truth(resource) if not any(part in row["href"] for part in elsewhere)}
    assert true
    assert true <= {record.external_id for page in pages for record in page.records}


def test_lines_of_a_page_of_documents_cost_a_call_for_all_and_their_taxes_another(acme: Simulation) -> None:
    listed(acme, "bills")
    started = calls(acme)[-1]["seq"]
    bills = listed(acme, "bills")
    assert all(bill["lines"] and bill["lines"][0]["account"]["id"] for bill in bills)
    assert sum(bill["tax_total"] for bill in bills) > 0
    made = [call for call in calls(acme, started) if "/services/core/" in call["path"]]
    assert len(made) == 3


def test_without_the_taxes_application_its_objects_are_left_alone() -> None:
    own = Simulation("sage_intacct", invoices=1, bills=2, payments=0)
    own.ledger.context.values["taxes"] = "off"  # type: ignore[index]
    started = calls(own)[-1]["seq"]
    assert listed(own, "tax_rates") == []
    assert len(listed(own, "bills")) == 2
    assert len([call for call in calls(own, started) if call["path"].endswith("/query")]) == 2


def test_terms_of_both_sides_tell_their_days(acme: Simulation) -> None:
    days = {(row["remote_type"], row["name"]): row["due_days"] for row in listed(acme, "terms")}
    assert days["vendor_term", "Net 60"] == days["customer_term", "Net 60"] == 60


def test_projects_are_read_where_the_company_has_them() -> None:
    own = Simulation("sage_intacct", invoices=0, bills=0, payments=0)
    assert "project" not in {row["type"] for row in listed(own, "tracking_categories")}
    own.ledger.context.values["projects"] = "on"  # type: ignore[index]
    assert {row["name"] for row in listed(own, "tracking_categories") if row["type"] == "project"} == {"Office move"}


def test_pages_go_on_where_the_ledger_says_the_next_begins(acme: Simulation) -> None:
    entity = acme.ledger.connector.resources["invoices"].entities["invoice"]
    whole = [row["external_id"] for row in listed(acme, "invoices")]
    listing = replace(entity.paging, size=4, step=Offset(first=1, more_path="ia::meta.next"))
    found: list[str] = []
    sizes: list[int] = []
    at, is_done = None, False
    while not is_done:
        answer = acme.ledger.client.send(listing.request(at, acme.ledger.places(entity), None))
        keys = [row["key"] for row in answer.body["ia::result"]]
        at = listing.advance(at, keys, keys, answer)
        found, sizes, is_done = found + keys, [*sizes, len(keys)], at is None
    assert found == whole
    assert set(sizes[:-1]) == {4}


def test_only_what_changed_since_is_asked_for(acme: Simulation) -> None:
    tomorrow = datetime.now(UTC) + timedelta(days=2)
    assert listed(acme, "bills", since=tomorrow) == []
    assert len(listed(acme, "bills", since=datetime(2020, 1, 1, tzinfo=UTC))) == len(listed(acme, "bills"))


def test_inactive_records_are_read_too(acme: Simulation) -> None:
    item = created(acme, "items", {"name": "Old", "code": "OLD-1", "type": "service"})
    acme.ledger.post("items", "update", {"external_id": item["external_id"], "is_active": False}, key="old")
    assert first(acme, "items", code="OLD-1")["is_active"] is False


def test_an_entity_is_named_in_a_header() -> None:
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(200, json={"ia::result": []})

    for given in ({"entity": "100"}, {}):
        endpoints = resolve(CONNECTOR, {}, given=given, org="ACME")
        with Client(CONNECTOR, endpoints, Held("t", lambda: "t"), transport=httpx.MockTransport(answer)) as client:
            client.send(RemoteRequest("GET", "/x"))
    assert [request.headers.get("X-IA-API-Param-Entity") for request in asked] == ["100", None]


def test_neither_passwords_nor_sessions_nor_the_senders_secret_are_kept() -> None:
    own = Simulation("sage_intacct", way="password", invoices=1, bills=1, payments=0)
    kept = Recorded()
    endpoints = resolve(CONNECTOR, SANDBOX, org=own.org)
    client = Client(CONNECTOR, endpoints, way="password", credentials=own.typed, recorder=kept,
                    transport=httpx.MockTransport(own._answer))  # fmt: skip
    access = auth.obtain(client, own.way, credentials=own.typed).access_token
    inside = Client(CONNECTOR, endpoints, Held(access, lambda: access), way="password", recorder=kept,
                    transport=httpx.MockTransport(own._answer))  # fmt: skip
    Ledger(CONNECTOR, inside, Context(values={**endpoints.places, "org": own.org})).organisation()
    session = own.ledger.client._session  # type: ignore[attr-defined]
    told = "".join(
        f"{each.request_headers}{each.request_body}{each.response_body}{each.url}" for each in kept.exchanges
    )
    assert "getAPISession" in told
    assert "getFinancialSetup" in told
    for secret in ("sandbox-secret", own.typed["user_password"] + "<", access, session, inside._session):
        assert secret
        assert secret not in told


# Writing


@pytest.mark.parametrize(("resource", "side"), [("invoices", "customer"), ("bills", "vendor")])
def test_documents_are_reversed_on_a_day(acme: Simulation, resource: str, side: str) -> None:
    made = created(acme, resource, document(acme, side, f"V-{resource}"))
    assert (made["status"], made["balance"]) == ("open", made["total"])
    undone = done(acme, resource, "void", {"external_id": made["external_id"], "issued_on": "2026-11-05"})
    assert undone["status"] == "void"
    body = {"external_id": made["external_id"], "issued_on": "2026-11-05"}
    assert acme.ledger.probe(resource, "void", body, key="another").outcome is Outcome.POSTED


@pytest.mark.parametrize(("resource", "side"), [("credit_notes", "customer"), ("vendor_credits", "vendor")])
def test_credits_are_negative_there_and_positive_here(acme: Simulation, resource: str, side: str) -> None:
    made = created(acme, resource, document(acme, side, f"C-{resource}", "40.00"))
    raw = acme.ledger.read(resource, made["external_id"]).raw
    assert Decimal(raw["totalTxnAmount"]) == -40
    assert (made["total"], made["balance"], made["status"]) == (Decimal(40), Decimal(40), "open")
    assert made["lines"][0]["amount"] == Decimal(40)


def test_a_payment_is_what_its_allocations_add_up_to(acme: Simulation) -> None:
    bill = created(acme, "bills", document(acme, "vendor", "PAY-1"))
    payment = {"contact": bill["contact"], "issued_on": "2026-11-04", "payment_type": "check", "total": Decimal(40),
               "account": {"id": first(acme, "accounts", type="bank")["external_id"]},
               "allocations": [{"type": "bill", "id": bill["external_id"], "amount": Decimal(30)}]}  # fmt: skip
    with pytest.raises(RejectedError, match="add up to, which is 30, not 40"):
        acme.ledger.post("bill_payments", "create", payment, key="pay-1")
    made = created(acme, "bill_payments", {**payment, "total": Decimal(30)})
    assert made["total"] == Decimal(30)
    assert made["allocations"] == payment["allocations"]
    after = acme.ledger.read("bills", bill["external_id"]).unified
    assert (after["status"], after["balance"]) == ("partially_paid", Decimal(70))
    with pytest.raises(RejectedError) as caught:
        done(acme, "bills", "void", {"external_id": bill["external_id"], "issued_on": "2026-11-05"})
    assert caught.value.code == "in_use"


@pytest.mark.parametrize(("given", "told"), [({}, "cash"), ({"method": {"id": "eft"}}, "eft")])
def test_a_payment_has_one_of_intaccts_methods(acme: Simulation, given: dict[str, Any], told: str) -> None:
    invoice = created(acme, "invoices", document(acme, "customer", f"M-{told}"))
    payment = {"contact": invoice["contact"], "issued_on": "2026-11-04", "total": Decimal(30), "reference": told,
               "account": {"id": first(acme, "accounts", type="bank")["external_id"]},
               "allocations": [{"type": "invoice", "id": invoice["external_id"], "amount": Decimal(30)}]}  # fmt: skip
    made = acme.ledger.post("payments", "create", payment | given, key=f"paid-{told}")
    assert isinstance(made, Record)
    assert made.unified["method"]["id"] == told


def test_lines_with_an_id_are_changed_and_others_added(acme: Simulation) -> None:
    made = created(acme, "bills", document(acme, "vendor", "L-1"))
    line, key = made["lines"][0], made["external_id"]
    changed = {"id": line["id"], "account": line["account"], "description": "Changed"}
    done(acme, "bills", "update", {"external_id": key, "lines": [changed]})
    more = {"account": line["account"], "amount": Decimal(5)}
    found = done(acme, "bills", "update", {"external_id": key, "lines": [more]}, "2")
    assert [(each["description"], each["amount"]) for each in found["lines"]] == [
        ("Changed", Decimal(100)), (None, Decimal(5)),
    ]  # fmt: skip


def test_tax_and_dimensions_stand_on_lines(acme: Simulation) -> None:
    rate = first(acme, "tax_rates", applies_to="purchases", rate=Decimal(20))
    place = first(acme, "tracking_categories", type="department")
    dimensions = [{"type": "department", "id": place["external_id"], "name": place["name"]}]
    body = document(acme, "vendor", "T-1", tax_rate={"id": rate["external_id"]}, dimensions=dimensions)
    made = created(acme, "bills", body)
    (line,) = made["lines"]
    assert (line["amount"], line["tax_amount"], line["gross_amount"]) == (Decimal(100), Decimal(20), Decimal(120))
    assert line["tax_rate"]["id"] == rate["external_id"]
    assert line["dimensions"] == dimensions
    assert (made["subtotal"], made["tax_total"], made["total"]) == (Decimal(100), Decimal(20), Decimal(120))


def test_amounts_with_tax_are_given_as_gross_amounts(acme: Simulation) -> None:
    rate = first(acme, "tax_rates", applies_to="sales", rate=Decimal(20))
    body = document(acme, "customer", "G-1", tax_rate={"id": rate["external_id"]})
    body["tax_mode"], body["lines"][0]["gross_amount"] = "inclusive", Decimal(120)
    del body["lines"][0]["amount"]
    made = created(acme, "invoices", body)
    assert (made["subtotal"], made["total"]) == (Decimal(100), Decimal(120))


def test_custom_fields_are_found_written_and_read(acme: Simulation) -> None:
    known = {each.id: each for each in acme.ledger.custom_fields("bills")}
    assert known["nsp::PROJECT_CODE"].name == "Project Code"
    body = document(acme, "vendor", "N-1") | {"custom_fields": [{"id": "nsp::PROJECT_CODE", "value": "P-9"}]}
    made = created(acme, "bills", body)
    assert {"id": "nsp::PROJECT_CODE", "name": "Project Code", "value": "P-9"} in made["custom_fields"]


def test_lines_have_custom_fields_of_their_own(acme: Simulation) -> None:
    body = document(acme, "customer", "N-2", custom_fields=[{"id": "nsp::CONTRACT_REF", "value": "C-7"}])
    (line,) = created(acme, "invoices", body)["lines"]
    assert line["custom_fields"] == [{"id": "nsp::CONTRACT_REF", "name": "Contract Ref", "value": "C-7"}]


def test_kinds_of_records_are_told_apart_by_their_names() -> None:
    kinds = {(entity.remote_type, entity.path) for resource in CONNECTOR.resources.values()
             for entity in resource.entities.values()}  # fmt: skip
    assert len(kinds) == len({name for name, _ in kinds})


def test_a_document_keeps_all_its_files_in_one_attachment(acme: Simulation) -> None:
    bill = created(acme, "bills", document(acme, "vendor", "F-1"))["external_id"]
    sent = {name: acme.ledger.attach("bills", bill, file_name=name, content_type="text/plain", content=name.encode(),
                                     key=f"file-{name}") for name in ("a.txt", "b.txt")}  # fmt: skip
    assert [each.file_name for each in acme.ledger.attachments("bills", bill)] == ["a.txt", "b.txt"]
    for name, file in sent.items():
        assert acme.ledger.download("bills", bill, file.external_id) == name.encode()


def test_a_batch_has_an_outcome_for_each_of_its_records(acme: Simulation) -> None:
    created(acme, "bills", document(acme, "vendor", "TWICE"))
    bodies = [document(acme, "vendor", number) for number in ("B-1", "TWICE", "B-2")]
    items = [BatchItem("bills", "create", body, f"batch-{n}") for n, body in enumerate(bodies)]
    first_made, refused, second_made = acme.ledger.post_batch(items)
    assert isinstance(first_made, Record)
    assert isinstance(second_made, Record)
    assert (first_made.unified["number"], second_made.unified["number"]) == ("B-1", "B-2")
    assert isinstance(refused, RejectedError)
    assert refused.code == "duplicate_number"


def test_deletions_are_for_good(acme: Simulation) -> None:
    made = created(acme, "journal_entries", journal(acme, "D-1"))
    gone = acme.ledger.post("journal_entries", "delete", {"external_id": made["external_id"]}, key="gone")
    assert isinstance(gone, Deletion)
    with pytest.raises(RejectedError) as caught:
        acme.ledger.read("journal_entries", made["external_id"])
    assert caught.value.code == "not_found"


def journal(acme: Simulation, number: str, credit: str = "5.00") -> dict[str, Any]:
    expense, income = (first(acme, "accounts", type=kind)["external_id"] for kind in ("expense", "income"))
    lines = [{"account": {"id": expense}, "debit": Decimal(5)}, {"account": {"id": income}, "credit": Decimal(credit)}]
    return {"number": number, "issued_on": "2026-11-05", "memo": "Accrual", "lines": lines}


# Reports, rates, banks


def test_the_trial_balance_is_that_of_the_books(acme: Simulation) -> None:
    asked = {"start_on": date(2026, 1, 1), "end_on": date(2027, 1, 1)}
    report = acme.ledger.report("trial_balance", **asked).unified
    assert report["checks"]["differences"] == []
    told = {row["id"]: (row["values"]["debit"] or 0) - (row["values"]["credit"] or 0) for row in report["rows"]}
    true = {row["id"]: Decimal(row["debit"]) - Decimal(row["credit"]) for row in acme.trial_balance()["accounts"]}
    assert {code: amount for code, amount in told.items() if amount} == {c: a for c, a in true.items() if a}


def test_an_entry_in_another_currency_says_so_on_every_line() -> None:
    own = Simulation("sage_intacct", currencies=["EUR"], invoices=1, bills=1, payments=0)
    body = journal(own, "FX-1") | {"currency": "EUR", "exchange_rate": Decimal("0.86")}
    made = created(own, "journal_entries", body)
    assert (made["currency"], made["exchange_rate"], made["total"]) == ("EUR", Decimal("0.86"), Decimal(5))
    assert created(own, "journal_entries", journal(own, "FX-2"))["currency"] == "GBP"
    assert own.trial_balance()["difference"] == "0.00"


def test_a_rate_is_that_of_its_day() -> None:
    own = Simulation("sage_intacct", currencies=["EUR"], invoices=1, bills=1, payments=0)
    assert own.ledger.organisation().is_multi_currency
    assert {row["code"] for row in listed(own, "currencies")} == {"GBP", "EUR"}
    rate = own.ledger.exchange_rate("EUR", date(2026, 11, 1))
    assert rate is not None
    assert Decimal("0.5") < rate < 1
    assert own.ledger.exchange_rate("EUR", date(2006, 11, 1)) is None


def test_bank_accounts_stand_beside_the_accounts_they_post_to(acme: Simulation) -> None:
    bank, card = (first(acme, "accounts", type=kind) for kind in ("bank", "credit_card"))
    numbers = {row["external_id"]: row["code"] for row in listed(acme, "accounts")}
    assert bank["parent"]["id"] in numbers
    assert card["parent"]["id"] in numbers
    assert first(acme, "expenses")["account"]["id"] == card["external_id"]


def test_the_books_balance_after_all_this(acme: Simulation) -> None:
    assert acme.trial_balance()["difference"] == "0.00"


def test_lines_of_the_banks_feed_are_read_signed_and_tell_what_is_matched() -> None:
    books = Simulation("sage_intacct")
    rows = [
        {"postingDate": "2026-11-05", "txnType": kind, "amount": "56.34", "payee": "X", "documentNumber": "100"}
        for kind in ("withdrawal", "deposit")
    ]
    bank = next(
        record.unified["external_id"]
        for page in books.ledger.pages("accounts")
        for record in page.records
        if record.unified["type"] == "bank"
    )
    body = {"financialAccount": {"id": bank}, "feedDate": "2026-11-06", "feedType": "xml", "transactions": rows}
    books.ledger.client.send(RemoteRequest("POST", "/ia/api/v1/objects/cash-management/bank-feed", body=body))
    found = [record.unified for page in books.ledger.pages("bank_lines") for record in page.records]
    assert [(str(row["amount"]), row["account"]["id"], row["status"], row["currency"]) for row in found] == [
        ("-56.34", bank, "open", "GBP"),
        ("56.34", bank, "open", "GBP"),
    ]
    assert books.ledger.count("bank_lines") == 2
