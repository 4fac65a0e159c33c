"""NetSuite as finance people know it: joined orders, two contact kinds, custom fields, legacy tax, locked periods."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import httpx
import pytest

from integrations.engine import manifest
from integrations.engine.converters import Context
from integrations.engine.errors import OutcomeUnknown, RateLimited, RejectedError
from integrations.engine.results import Deletion, Record
from tests.integrations.connectors.simulation import Simulation

YESTERDAY = datetime.now(UTC) - timedelta(days=1)


@pytest.fixture(scope="module")
def netsuite() -> Simulation:
    """An account with a history, called by token-based authentication."""
    return Simulation(
        "netsuite", way="tokens", purchase_orders=5, invoices=20, bills=12, payments=12, currencies=["EUR"]
    )


@pytest.fixture(autouse=True)
def no_faults(netsuite: Simulation) -> Iterator[None]:
    """Faults of one test do not strike another."""
    yield
    netsuite.browser.delete("/_control/faults")


def all_of(simulation: Simulation, resource: str) -> list[Record]:
    return [record for page in simulation.ledger.pages(resource) for record in page.records]


def first(simulation: Simulation, resource: str, **wanted: Any) -> str:
    """The id of the first record with these values."""
    fitting = (each.unified for each in all_of(simulation, resource))
    return str(next(row["external_id"] for row in fitting if all(row.get(n) == v for n, v in wanted.items())))


def bill(simulation: Simulation, amount: str = "100", **more: Any) -> dict[str, Any]:
    line = {
        "account": {"id": first(simulation, "accounts", code="6000")},
        "amount": Decimal(amount),
        "tax_rate": {"id": first(simulation, "tax_rates", name="S-GB")},
        "description": "Rent",
    }
    vendor = first(simulation, "contacts", contact_type="vendor")
    return {"contact": {"id": vendor}, "number": "B-1", "issued_on": "2026-11-02", "lines": [line], **more}


def created(simulation: Simulation, resource: str, body: dict[str, Any], key: str) -> Record:
    record = simulation.ledger.post(resource, "create", body, key=key)
    assert isinstance(record, Record)
    return record


def calls_since(simulation: Simulation, mark: int) -> list[Any]:
    return list(simulation.browser.get(f"/_control/calls?since={mark}&org={simulation.org}").get_json()["calls"])


def mark(simulation: Simulation) -> int:
    return int((calls_since(simulation, 0) or [{"seq": 0}])[-1]["seq"])


def test_orders_come_joined_with_vendor_and_subsidiary_and_every_value_is_typed(netsuite: Simulation) -> None:
    orders = all_of(netsuite, "purchase_orders")
    truth = {each["id"]: each for each in netsuite.truth("purchase_orders")}
    assert {each.external_id for each in orders} == set(truth)
    for order in orders:
        found, true = order.unified, truth[order.external_id]
        assert found["contact"] == {"id": true["entity"]["id"], "name": true["entity"]["refName"], "type": "vendor"}
        assert {"type": "subsidiary", "id": "1", "name": "Acme"} in found["dimensions"]
        assert found["total"] == Decimal(str(true["total"]))
        assert isinstance(found["total"], Decimal)
        assert found["subtotal"] + found["tax_total"] == found["total"]
        assert found["issued_on"] == date.fromisoformat(true["tranDate"])
        assert (found["currency"], found["status"]) == ("GBP", "open")
        assert sum(line["amount"] for line in found["lines"]) == found["subtotal"]


@pytest.mark.parametrize("resource", ["invoices", "bills", "credit_notes", "vendor_credits", "expenses"])
def test_documents_agree_with_the_books(netsuite: Simulation, resource: str) -> None:
    truth = {each["id"]: each for each in netsuite.truth(resource)}
    found = all_of(netsuite, resource)
    assert {each.external_id for each in found} == set(truth)
    for each in found:
        assert each.unified["total"] == Decimal(str(truth[each.external_id]["total"]))
        assert sum(line["amount"] for line in each.unified["lines"]) == each.unified["subtotal"]


def test_lines_of_a_page_are_gathered_in_one_more_call(netsuite: Simulation) -> None:
    all_of(netsuite, "invoices")
    before = mark(netsuite)
    assert len(all_of(netsuite, "invoices")) == 20
    asked = calls_since(netsuite, before)
    assert [each["kind"] for each in asked] == ["query", "query"]


def test_contacts_are_routed_by_their_kind(netsuite: Simulation) -> None:
    for kind, record_type in (("customer", "Customer"), ("vendor", "Vendor")):
        body = {
            "contact_type": kind, "name": f"New {kind}", "email": "new@some.example",
            "billing_address": {"line1": "1 Mill Lane", "city": "Leeds", "postal_code": "LS1 4DY", "country": "GB"},
        }  # fmt: skip
        made = created(netsuite, "contacts", body, f"contact-{kind}")
        assert made.remote_type == record_type
        assert made.unified["billing_address"]["line1"] == "1 Mill Lane"
        changed = {"external_id": made.external_id, "remote_type": record_type, "contact_type": kind, "phone": "123"}
        netsuite.ledger.post("contacts", "update", changed, key=f"contact-{kind}-2")
        found = netsuite.ledger.read("contacts", made.external_id, record_type).unified
        assert (found["phone"], found["name"]) == ("123", f"New {kind}")


def test_legacy_tax_is_read_by_soap_with_a_signed_passport(netsuite: Simulation) -> None:
    before = mark(netsuite)
    rates = {each.unified["name"]: each.unified["rate"] for each in all_of(netsuite, "tax_rates")}
    assert rates == {"S-GB": Decimal(20), "R-GB": Decimal(5), "Z-GB": Decimal(0), "E-GB": Decimal(0)}
    assert {each["path"] for each in calls_since(netsuite, before)} == {"/netsuite/services/NetSuitePort_2025_2"}


def test_groups_of_legacy_tax_have_their_parts() -> None:
    american = Simulation("netsuite", way="tokens", country="US", currency="USD")
    (group,) = [each for each in all_of(american, "tax_rates") if each.remote_type == "TaxGroup"]
    assert group.unified["rate"] == Decimal("8.25")
    assert [each["rate"] for each in group.unified["components"]] == [Decimal("7.25"), Decimal(1)]


def test_under_suitetax_the_codes_are_read_by_query() -> None:
    modern = Simulation("netsuite", way="tokens", suitetax=True)
    ledger = modern.ledger
    ledger.context = Context(values={**ledger.context.values, "tax": "suitetax"}, lookups=ledger.context.lookups)
    rates = {each.unified["name"]: each.unified["rate"] for each in all_of(modern, "tax_rates")}
    assert rates["S-GB"] == Decimal(20)


def test_custom_fields_and_segments_are_discovered_written_and_read_typed(netsuite: Simulation) -> None:
    known = {each.id: each.type for each in netsuite.ledger.custom_fields("bills")}
    assert known["custbody_approved_on"] == "date"
    assert known["custcol_project"] == "choice"
    fields: list[dict[str, Any]] = [
        {"id": "custbody_po_ref", "value": "A-1"},
        {"id": "custbody_approved_on", "value": date(2026, 3, 1)},
        {"id": "custbody_is_urgent", "value": True},
        {"id": "custbody_budget_left", "value": Decimal("4.5")},
    ]
    body = bill(netsuite, custom_fields=fields, dimensions=[{"type": "cseg_region", "id": "1"}])
    body["lines"][0] |= {
        "dimensions": [{"type": "cseg_region", "id": "2"}, {"type": "department", "id": "4"}],
        "custom_fields": [{"id": "custcol_project", "value": {"id": "2"}}],
    }
    found = created(netsuite, "bills", body, "custom-1").unified
    assert {each["id"]: each["value"] for each in found["custom_fields"]} == {
        each["id"]: each["value"] for each in fields
    }
    assert {"type": "cseg_region", "id": "1", "name": "North"} in found["dimensions"]
    (line,) = found["lines"]
    assert {"type": "cseg_region", "id": "2", "name": "South"} in line["dimensions"]
    assert {"type": "department", "id": "4", "name": "Operations"} in line["dimensions"]
    assert [each["value"] for each in line["custom_fields"]] == [{"id": "2", "name": "Warehouse"}]


def test_foreign_currency_is_said_by_its_code(netsuite: Simulation) -> None:
    vendor = created(
        netsuite, "contacts", {"contact_type": "vendor", "name": "Paris SA", "currency": "EUR"}, "paris"
    ).external_id
    body = bill(netsuite, contact={"id": vendor}, currency="EUR", exchange_rate=Decimal("0.8"))
    found = created(netsuite, "bills", body, "paris-bill").unified
    assert (found["currency"], found["exchange_rate"], found["total"]) == ("EUR", Decimal("0.8"), Decimal(120))
    assert netsuite.trial_balance()["difference"] == "0.00"


def test_the_same_key_writes_once_and_a_lost_answer_is_found_by_it(netsuite: Simulation) -> None:
    body = bill(netsuite, "55")
    one = created(netsuite, "bills", body, "same-key")
    two = created(netsuite, "bills", body, "same-key")
    assert one.external_id == two.external_id
    netsuite.control("faults", {"action": "drop_after_commit", "method": "PUT", "path": "/vendorBill/", "times": 1})
    with pytest.raises(OutcomeUnknown):
        netsuite.ledger.post("bills", "create", body, key="lost-key")
    probe = netsuite.ledger.probe("bills", "create", body, key="lost-key", sent_at=datetime.now(UTC))
    assert probe.record is not None
    found = netsuite.ledger.read("bills", probe.record.external_id, "VendorBill")
    assert found.unified["total"] == Decimal(66)
    absent = netsuite.ledger.probe("bills", "create", body, key="never-sent", sent_at=datetime.now(UTC))
    assert absent.record is None


def test_what_changed_and_what_was_deleted_is_asked_for(netsuite: Simulation) -> None:
    kept = created(netsuite, "bills", bill(netsuite, "7"), "kept").external_id
    gone = created(netsuite, "bills", bill(netsuite, "8"), "gone").external_id
    done = netsuite.ledger.post("bills", "delete", {"external_id": gone, "remote_type": "VendorBill"}, key="gone-2")
    assert isinstance(done, Deletion)
    since = datetime.now(UTC) - timedelta(minutes=5)
    changed = {each.external_id for page in netsuite.ledger.pages("bills", since=since) for each in page.records}
    assert kept in changed
    assert gone not in changed
    # Asked a day early, for the zone of the ledger's dates: what is older than that is not read again.
    assert len(changed) < len(all_of(netsuite, "bills"))
    assert gone in {each.external_id for each in netsuite.ledger.deleted(since) if each.resource == "bills"}


def test_a_journal_is_reversed(netsuite: Simulation) -> None:
    bank, rent = first(netsuite, "accounts", code="1000"), first(netsuite, "accounts", code="6000")
    lines = [{"account": {"id": rent}, "debit": Decimal(50)}, {"account": {"id": bank}, "credit": Decimal(50)}]
    made = created(netsuite, "journal_entries", {"issued_on": "2026-11-02", "lines": lines}, "journal")
    assert (made.unified["total"], made.unified["status"]) == (Decimal(50), "posted")
    order = {"external_id": made.external_id, "issued_on": "2026-11-03"}
    done = netsuite.ledger.post("journal_entries", "void", order, key="journal-2")
    assert isinstance(done, Record)
    assert done.unified["status"] == "void"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"contact": {"id": "99999"}}, "invalid_reference"),
        ({"lines": [{"account": {"id": "24"}, "amount": Decimal(1)}]}, "invalid_tax"),
        ({"lines": [{"account": {"id": "99999"}, "amount": Decimal(1)}]}, "invalid_reference"),
    ],
)
def test_refusals_are_told_in_plain_words(netsuite: Simulation, change: dict[str, Any], code: str) -> None:
    with pytest.raises(RejectedError) as refused:
        netsuite.ledger.post("bills", "create", bill(netsuite, **change), key=f"refused-{code}")
    assert refused.value.code == code
    assert refused.value.remedy


def test_a_locked_period_a_settled_bill_and_a_full_pool() -> None:
    account = Simulation("netsuite", way="tokens")
    paid = next(each for each in all_of(account, "bills") if each.unified["status"] == "paid")
    with pytest.raises(RejectedError) as used:
        account.ledger.post("bills", "delete", {"external_id": paid.external_id, "remote_type": "VendorBill"}, key="d")
    assert used.value.code == "in_use"
    account.control(f"organisations/{account.id}/changes", {"action": "close_period", "through": "2026-10-31"})
    with pytest.raises(RejectedError) as closed:
        account.ledger.post("bills", "create", bill(account, issued_on="2026-10-15"), key="closed")
    assert closed.value.code == "period_closed"
    assert account.ledger.organisation().closed_through == date(2026, 10, 31)
    full = {
        "o:errorDetails": [
            {"detail": "Concurrent request limit exceeded.", "o:errorCode": "CONCURRENCY_LIMIT_EXCEEDED"}
        ]
    }
    account.control("faults", {"action": "status", "status": 429, "body": full, "times": 1})
    with pytest.raises(RateLimited):
        account.ledger.read("bills", paid.external_id)


def test_declarations_read_a_row_of_a_query_and_a_record_alike() -> None:
    bills = manifest.load("netsuite").resource("bills")
    record = {
        "id": "10452", "tranId": "INV-991", "tranDate": "2026-01-15", "total": "2540", "amountRemaining": "40",
        "status": {"id": "VendBill:A", "refName": "Bill : Open"}, "entity": {"id": "1722", "refName": "Acme Supplies"},
        "item": {"items": [{"line": "1", "item": {"id": "84", "refName": "Widget"}, "quantity": "25", "rate": "100",
                            "amount": "2500"}]},
        "expense": {"items": [{"line": "2", "account": {"id": "58", "refName": "6100 Freight"}, "amount": "40"}]},
    }  # fmt: skip
    found = bills.read(record, "VendorBill", Context(values={"home_currency": "USD"}))
    assert (found["status"], found["balance"], found["currency"]) == ("partially_paid", Decimal(40), "USD")
    assert [line["amount"] for line in found["lines"]] == [Decimal(2500), Decimal(40)]
    assert found["lines"][0]["quantity"] == Decimal(25)


def test_a_file_is_kept_in_the_cabinet_hung_on_its_bill_listed_and_fetched(netsuite: Simulation) -> None:
    key = created(netsuite, "bills", bill(netsuite, "9"), "with-file").external_id
    content = b"%PDF-1.4 \x00 a receipt"
    netsuite.ledger.attach(
        "bills", key, file_name="receipt.pdf", content_type="application/pdf", content=content, key="file-1"
    )
    (file,) = netsuite.ledger.attachments("bills", key)
    # Names are unique in a folder of the cabinet: a second receipt.pdf would replace the first, on every record.
    assert (file.file_name, file.size) == (f"{key}-receipt.pdf", len(content))
    assert netsuite.ledger.download("bills", key, file.external_id) == content


def test_the_trial_balance_made_of_postings_is_that_of_the_books(netsuite: Simulation) -> None:
    told = netsuite.ledger.report("trial_balance").unified["rows"]
    found = {row["id"]: (row["values"]["debit"] or Decimal(0), row["values"]["credit"] or Decimal(0)) for row in told}
    books = {
        account["id"]: (Decimal(account["debit"]), Decimal(account["credit"]))
        for account in netsuite.trial_balance()["accounts"]
    }
    assert found == {key: sides for key, sides in books.items() if any(sides)}


def test_profit_and_loss_of_a_period_is_what_the_accounts_moved_in_it(netsuite: Simulation) -> None:
    year = netsuite.ledger.report("profit_and_loss").unified
    before = netsuite.ledger.report(
        "profit_and_loss", start_on=date(2000, 1, 1), end_on=date(datetime.now(UTC).year - 1, 12, 31)
    ).unified
    sheet = netsuite.ledger.report("balance_sheet").unified
    (equity,) = [row for row in sheet["rows"] if row["group"] == "equity"]
    (earned,) = [row["values"]["total"] for row in equity["rows"] if row["id"] is None]
    assert earned == sum(
        row["values"]["total"] for report in (year, before) for row in report["rows"] if row["group"] == "net_profit"
    )


def test_a_report_tells_the_days_it_was_asked_for(netsuite: Simulation) -> None:
    days = {"start_on": date(2026, 1, 1), "end_on": date(2026, 3, 31)}
    report = netsuite.ledger.report("profit_and_loss", **days).unified
    assert {name: report[name] for name in days} == days
    sheet = netsuite.ledger.report("balance_sheet", on=date(2026, 3, 31)).unified
    assert (sheet["start_on"], sheet["end_on"]) == (None, date(2026, 3, 31))


class Overheard(Simulation):
    """A simulation that keeps what was asked."""

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.asked = [*getattr(self, "asked", []), request.content.decode()]
        return super()._answer(request)


def test_what_several_resources_join_is_read_once() -> None:
    company = Overheard("netsuite", way="tokens")
    for resource in ("invoices", "bills", "payments"):
        assert all_of(company, resource)
    assert sum("FROM currency c" in question for question in company.asked) == 1
