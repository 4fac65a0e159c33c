"""Zoho Books' declarations against the simulated ledger: what is Zoho's own."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from integrations.engine import manifest
from integrations.engine.endpoints import resolve
from integrations.engine.errors import (
    LedgerUnavailable,
    OutcomeUnknown,
    PermissionMissing,
    RateLimited,
    ReauthorizationNeeded,
    RejectedError,
)
from integrations.engine.messages import RemoteRequest
from integrations.engine.results import Deletion, Outcome, Record
from tests.integrations.connectors.simulation import Simulation

CENTRES = {
    "us": "zohoapis.com", "eu": "zohoapis.eu", "in": "zohoapis.in", "au": "zohoapis.com.au", "jp": "zohoapis.jp",
    "cn": "zohoapis.com.cn", "ca": "zohoapis.ca", "sa": "zohoapis.sa",
}  # fmt: skip


@pytest.fixture(scope="module")
def acme() -> Simulation:
    """A British organisation with some history."""
    return Simulation("zoho_books", expenses=4, credit_notes=3, vendor_credits=2, purchase_orders=3)


def listed(acme: Simulation, resource: str, **asked: Any) -> list[dict[str, Any]]:
    return [record.unified for page in acme.ledger.pages(resource, **asked) for record in page.records]


def first(acme: Simulation, resource: str, **wanted: Any) -> dict[str, Any]:
    rows = listed(acme, resource)
    return next(row for row in rows if all(row[name] == value for name, value in wanted.items()))


def created(acme: Simulation, resource: str, body: dict[str, Any], key: str = "k") -> dict[str, Any]:
    record = acme.ledger.post(resource, "create", body, key=key)
    assert isinstance(record, Record)
    return record.unified


def done(acme: Simulation, resource: str, operation: str, body: dict[str, Any]) -> dict[str, Any]:
    record = acme.ledger.post(resource, operation, body, key=f"{operation}-1")
    assert isinstance(record, Record)
    return record.unified


def document(acme: Simulation, side: str, number: str, price: str = "100") -> dict[str, Any]:
    account = first(acme, "accounts", type="income" if side == "customer" else "expense")["external_id"]
    contact = first(acme, "contacts", contact_type=side)["external_id"]
    line = {"description": "Work", "account": {"id": account}, "quantity": Decimal(1), "unit_price": Decimal(price)}
    return {"contact": {"id": contact}, "number": number, "issued_on": "2026-11-02", "due_on": "2099-12-02",
            "lines": [line]}  # fmt: skip


@pytest.mark.parametrize(("centre", "site"), CENTRES.items())
def test_every_data_centre_has_its_own_hosts(centre: str, site: str) -> None:
    endpoints = resolve(manifest.load("zoho_books"), {}, given={"dc": centre})
    accounts = "zohocloud.ca" if centre == "ca" else site.replace("zohoapis", "zoho")
    assert endpoints.api == f"https://www.{site}"
    assert endpoints.token == f"https://accounts.{accounts}/oauth/v2/token"


def test_no_other_host_can_be_made_of_a_setting() -> None:
    with pytest.raises(Exception, match="Data centre"):
        resolve(manifest.load("zoho_books"), {}, given={"dc": "evil.example"})


def test_the_data_centre_is_learnt_at_consent(acme: Simulation) -> None:
    assert acme.settings == {"dc": "eu"}


def test_the_organisation_is_named_in_every_call(acme: Simulation) -> None:
    request = acme.ledger.request("bills", "create", document(acme, "vendor", "N-1"))
    sent = acme.browser.get("/_control/calls").get_json()["calls"]
    assert request.path == "/books/v3/bills"
    assert {call["org"] for call in sent if call["path"].endswith("/books/v3/accounts")} <= {acme.org}
    assert all(f"organization_id={acme.org}" in call["query"] for call in sent if call["path"].endswith("/v3/bills"))


@pytest.mark.parametrize(
    "resource",
    ["accounts", "contacts", "items", "invoices", "credit_notes", "payments", "bills", "vendor_credits",
     "bill_payments", "purchase_orders", "expenses", "journal_entries"],
)  # fmt: skip
def test_everything_the_ledger_holds_is_read(acme: Simulation, resource: str) -> None:
    pages = list(acme.ledger.pages(resource))
    assert [page.unreadable for page in pages if page.unreadable] == []
    names = {"payments": "payment_id", "bill_payments": "payment_id"}
    true = acme.truth(resource)
    name = names.get(resource) or next(iter(true[0]))
    assert {record.external_id for page in pages for record in page.records} == {row[name] for row in true}


def test_only_changed_documents_are_read_whole(acme: Simulation) -> None:
    stamps = {row["external_id"]: row["modified_at"] for row in listed(acme, "bills")}
    started = acme.browser.get("/_control/calls").get_json()["calls"][-1]["seq"]
    key = created(acme, "bills", document(acme, "vendor", "CH-1"))["external_id"]
    pages = list(
        acme.ledger.pages("bills", known=lambda found: [one for one, at in found.items() if stamps.get(one) == at])
    )
    assert [record.external_id for page in pages for record in page.records] == [key]
    assert len([one for page in pages for one in page.unchanged]) == len(stamps)
    calls = acme.browser.get(f"/_control/calls?since={started}").get_json()["calls"]
    details = [call for call in calls if call["method"] == "GET" and "/bills/" in call["path"]]
    assert len(details) == 1


def test_payments_tell_when_they_changed_in_the_list_alone(acme: Simulation) -> None:
    assert all("last_modified_time" not in row for row in acme.truth("payments"))
    stamps = {row["external_id"]: row["modified_at"] for row in listed(acme, "payments")}
    assert None not in stamps.values()
    pages = acme.ledger.pages("payments", known=lambda found: [one for one, at in found.items() if stamps[one] == at])
    assert [page.records for page in pages if page.records] == []


def test_lists_that_obey_are_asked_for_changes_only(acme: Simulation) -> None:
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    assert listed(acme, "bills", since=tomorrow) == []
    # This list ignores the question and comes whole.
    assert listed(acme, "payments", since=tomorrow) != []


def test_an_invoice_is_approved_paid_in_part_and_read_so(acme: Simulation) -> None:
    invoice = created(acme, "invoices", document(acme, "customer", "AP-1"))
    assert (invoice["status"], invoice["number"]) == ("draft", "AP-1")
    key = invoice["external_id"]
    assert done(acme, "invoices", "approve", {"external_id": key})["status"] == "open"
    payment = {"contact": invoice["contact"], "issued_on": "2026-11-04", "total": Decimal(30),
               "account": {"id": first(acme, "accounts", type="bank")["external_id"]},
               "allocations": [{"type": "invoice", "id": key, "amount": Decimal(30)}]}  # fmt: skip
    created(acme, "payments", payment)
    found = acme.ledger.read("invoices", key).unified
    assert (found["status"], found["balance"]) == ("partially_paid", Decimal(70))


def test_a_credit_note_is_applied_by_a_call_of_its_own(acme: Simulation) -> None:
    invoice = created(acme, "invoices", document(acme, "customer", "CR-1"))
    done(acme, "invoices", "approve", {"external_id": invoice["external_id"]})
    note = created(acme, "credit_notes", document(acme, "customer", "CRN-1", "40"))
    rows = [{"type": "invoice", "id": invoice["external_id"], "amount": Decimal(40)}]
    applied = done(acme, "credit_notes", "allocate", {"external_id": note["external_id"], "allocations": rows})
    assert (applied["status"], applied["balance"]) == ("closed", 0)
    assert applied["allocations"] == rows
    found = acme.ledger.read("invoices", invoice["external_id"]).unified
    assert found["balance"] == Decimal(60)


def test_a_vendor_credit_is_applied_to_bills(acme: Simulation) -> None:
    bill = created(acme, "bills", document(acme, "vendor", "VB-1"))
    credit = created(acme, "vendor_credits", document(acme, "vendor", "VC-1", "40"))
    rows = [{"type": "bill", "id": bill["external_id"], "amount": Decimal(25)}]
    applied = done(acme, "vendor_credits", "allocate", {"external_id": credit["external_id"], "allocations": rows})
    assert (applied["status"], applied["balance"]) == ("open", Decimal(15))


@pytest.mark.parametrize(
    ("resource", "side"), [("invoices", "customer"), ("bills", "vendor"), ("purchase_orders", "vendor")]
)
def test_documents_are_voided(acme: Simulation, resource: str, side: str) -> None:
    made = created(acme, resource, document(acme, side, f"V-{resource}"))
    assert done(acme, resource, "void", {"external_id": made["external_id"]})["status"] == "void"
    probe = acme.ledger.probe(resource, "void", {"external_id": made["external_id"]}, key="k")
    assert probe.outcome is Outcome.POSTED


def test_documents_are_deleted_for_good(acme: Simulation) -> None:
    made = created(acme, "bills", document(acme, "vendor", "D-1"))
    gone = acme.ledger.post("bills", "delete", {"external_id": made["external_id"]}, key="d")
    assert isinstance(gone, Deletion)
    with pytest.raises(RejectedError) as caught:
        acme.ledger.read("bills", made["external_id"])
    assert caught.value.code == "not_found"


def test_an_update_changes_what_it_names_only(acme: Simulation) -> None:
    made = created(acme, "bills", document(acme, "vendor", "U-1"))
    changed = done(acme, "bills", "update", {"external_id": made["external_id"], "memo": "checked"})
    assert (changed["memo"], changed["lines"]) == ("checked", made["lines"])


@pytest.mark.parametrize(
    ("action", "outcome"), [("drop_after_commit", Outcome.POSTED), ("drop_before", Outcome.ABSENT)]
)
@pytest.mark.parametrize(("resource", "side"), [("invoices", "customer"), ("bills", "vendor")])
def test_a_lost_answer_is_found_out_by_searching(
    acme: Simulation, resource: str, side: str, action: str, outcome: Outcome
) -> None:
    body = document(acme, side, f"L-{resource}-{action}", f"77.{len(action)}")
    acme.control("faults", {"method": "POST", "path": f"/{resource}", "action": action, "times": 1})
    sent_at = datetime.now(UTC) - timedelta(seconds=31)
    with pytest.raises(OutcomeUnknown):
        acme.ledger.post(resource, "create", body, key="lost")
    assert acme.ledger.probe(resource, "create", body, key="lost", sent_at=sent_at).outcome is outcome


def test_absence_is_believed_after_a_while_only(acme: Simulation) -> None:
    body = document(acme, "vendor", "LATE-1")
    probe = acme.ledger.probe("bills", "create", body, key="late", sent_at=datetime.now(UTC))
    assert probe.outcome is Outcome.UNKNOWN


def test_a_taken_number_is_named_as_such(acme: Simulation) -> None:
    body = document(acme, "vendor", "TWICE")
    created(acme, "bills", body)
    with pytest.raises(RejectedError) as caught:
        acme.ledger.post("bills", "create", body, key="again")
    assert caught.value.code == "duplicate_number"


def test_an_unbalanced_journal_is_refused(acme: Simulation) -> None:
    lines = [{"account": {"id": first(acme, "accounts", type="expense")["external_id"]}, "debit": Decimal(5)}]
    with pytest.raises(RejectedError) as caught:
        acme.ledger.post("journal_entries", "create", {"issued_on": "2026-11-01", "lines": lines}, key="j")
    assert caught.value.code == "unbalanced"


def test_a_locked_period_is_named_as_such() -> None:
    own = Simulation("zoho_books", invoices=0, bills=0, payments=0)
    own.control(f"organisations/{own.id}/changes", {"action": "close_period", "through": "2026-11-30"})
    with pytest.raises(RejectedError) as caught:
        own.ledger.post("bills", "create", document(own, "vendor", "P-1"), key="p")
    assert caught.value.code == "period_closed"


@pytest.mark.parametrize(
    ("status", "code", "error"),
    [
        (200, 57, PermissionMissing), (401, 14, ReauthorizationNeeded), (429, 44, RateLimited), (429, 45, RateLimited),
        (429, 1070, RateLimited), (500, 1000, LedgerUnavailable), (200, 2, RejectedError),
        (400, 6041, ReauthorizationNeeded),
    ],
)  # fmt: skip
def test_the_code_in_the_body_counts_not_the_status(
    acme: Simulation, status: int, code: int, error: type[Exception]
) -> None:
    rule = {"path": "/items", "action": "status", "status": status, "body": {"code": code, "message": "No."}}
    acme.control("faults", {**rule, "times": 9})
    try:
        with pytest.raises(error):
            list(acme.ledger.pages("items"))
    finally:
        acme.browser.delete("/_control/faults")


def test_tags_and_custom_fields_are_written_and_read(acme: Simulation) -> None:
    tag = acme.truth("tracking_categories")[1]
    body = document(acme, "vendor", "TAG-1")
    body["lines"][0]["dimensions"] = [{"type": tag["type"], "id": tag["id"]}]
    body["custom_fields"] = [{"id": "462300000000001000", "value": "P-9"}]
    made = created(acme, "bills", body)
    assert made["lines"][0]["dimensions"] == [{"type": tag["type"], "id": tag["id"], "name": tag["name"]}]
    assert made["custom_fields"] == [{"id": "462300000000001000", "name": "Project Code", "value": "P-9"}]


def test_statement_lines_that_wait_are_no_transactions(acme: Simulation) -> None:
    rows = listed(acme, "bank_transactions")
    assert {row["type"] for row in rows} >= {"payment", "transfer"} or rows
    assert len({row["external_id"] for row in rows}) == len(rows)
    assert all(row["amount"] == row["total"] or row["amount"] == -row["total"] for row in rows)


def test_links_lead_to_zohos_own_pages() -> None:
    endpoints = resolve(manifest.load("zoho_books"), {}, given={"dc": "in"})
    assert endpoints.app == "https://books.zoho.in"


def test_the_profit_is_worked_out_again(acme: Simulation) -> None:
    report = acme.ledger.report("profit_and_loss", start_on=date(2020, 1, 1), end_on=date(2099, 1, 1)).unified
    assert report["checks"]["made"] >= 6
    assert report["checks"]["differences"] == []
    accounts = {row["id"]: row for row in acme.trial_balance()["accounts"]}
    income = next(row for row in report["rows"] if row["group"] == "income")
    for line in income["rows"]:
        truth = accounts[line["id"]]
        assert line["values"]["total"] == Decimal(truth["credit"]) - Decimal(truth["debit"])


def test_every_posting_is_in_the_general_ledger(acme: Simulation) -> None:
    asked = {"start_on": date(2020, 1, 1), "end_on": date(2099, 1, 1)}
    report = acme.ledger.report("general_ledger", **asked).unified
    assert report["rows"]
    assert {row["kind"] for row in report["rows"]} == {"line"}


def test_balance_of_the_books_after_all_this(acme: Simulation) -> None:
    assert acme.trial_balance()["difference"] == "0.00"


@pytest.fixture(scope="module")
def keyed() -> Simulation:
    """An organisation with a custom field for the portal's keys."""
    return Simulation("zoho_books", given={"key_field": "cf_external_id"})


def test_with_a_field_for_keys_a_write_is_repeated_without_a_second_document(keyed: Simulation) -> None:
    body = document(keyed, "customer", "KEY-1")
    first_time, second_time = (created(keyed, "invoices", body, key="k-1") for _ in range(2))
    assert first_time["external_id"] == second_time["external_id"]
    assert [row["invoice_number"] for row in keyed.truth("invoices")].count("KEY-1") == 1


def test_with_a_field_for_keys_a_lost_answer_is_asked_for_again(keyed: Simulation) -> None:
    body = document(keyed, "vendor", "KEY-2")
    keyed.control("faults", {"ledger": "zoho_books", "path": "/bills", "action": "drop_after_commit", "times": 1})
    with pytest.raises(OutcomeUnknown):
        keyed.ledger.post("bills", "create", body, key="k-2")
    found = keyed.ledger.probe("bills", "create", body, key="k-2", sent_at=datetime.now(UTC))
    assert found.outcome is Outcome.POSTED
    assert [row["bill_number"] for row in keyed.truth("bills")].count("KEY-2") == 1


def test_what_zoho_cannot_repeat_is_not_repeated_though_there_is_a_field(keyed: Simulation) -> None:
    invoice, credit = (keyed.connector.resources[name] for name in ("invoices", "vendor_credits"))
    verbs = [
        each.entities[kind].operations["create"] for each, kind in ((invoice, "invoice"), (credit, "vendor_credit"))
    ]
    assert [verb.chosen(keyed.ledger.context.values).is_upsert for verb in verbs] == [True, False]
    assert [verb.chosen({}).is_upsert for verb in verbs] == [False, False]


# Lines of the bank's feed ---------------------------------------------------------------------------------------------


def fed(acme: Simulation, amount: str, side: str, reference: str = "") -> dict[str, Any]:
    """A line as Zoho's feed brings it, and as the portal reads it."""
    bank = first(acme, "accounts", type="bank")["external_id"]
    row = {"date": "2026-11-05", "debit_or_credit": side, "amount": amount, "payee": "PAYEE", "description": "words",
           "reference_number": reference}  # fmt: skip
    body = {"account_id": bank, "start_date": "2026-11-01", "end_date": "2026-11-30", "transactions": [row]}
    acme.ledger.client.send(RemoteRequest("POST", "/books/v3/bankstatements", body=body))
    return next(row for row in listed(acme, "bank_lines") if row["reference"] == reference)


def paying(acme: Simulation, line: dict[str, Any], invoice: dict[str, Any]) -> dict[str, Any]:
    settled = {"type": "invoice", "id": invoice["external_id"], "amount": line["amount"]}
    return {"contact": invoice["contact"], "issued_on": "2026-11-05", "account": line["account"],
            "total": line["amount"], "reference": line["reference"], "allocations": [settled],
            "bank_line": line["external_id"]}  # fmt: skip


def test_a_feed_line_becomes_the_payment_and_can_never_be_booked_twice(acme: Simulation) -> None:
    invoice = created(acme, "invoices", document(acme, "customer", "FEED-1"), key="feed-1")
    done(acme, "invoices", "update", {"external_id": invoice["external_id"], "memo": "sent"})
    line = fed(acme, "60", "debit", "FEED-A")
    assert (line["amount"], line["status"], line["payee"]) == (Decimal(60), "open", "PAYEE")
    before = len(acme.truth("payments"))
    paid = created(acme, "payments", paying(acme, line, invoice), key="feed-2")
    assert (paid["total"], paid["allocations"][0]["amount"], paid["account"]["id"]) == (60, 60, line["account"]["id"])
    assert first(acme, "bank_transactions", external_id=paid["external_id"])["amount"] == 60
    assert not [row for row in listed(acme, "bank_lines") if row["external_id"] == line["external_id"]]
    with pytest.raises(RejectedError):
        created(acme, "payments", paying(acme, line, invoice), key="feed-3")
    assert len(acme.truth("payments")) == before + 1


def test_a_feed_line_becomes_an_expense_and_waits_again_when_that_is_deleted(acme: Simulation) -> None:
    line = fed(acme, "12.50", "credit", "FEED-B")
    cost = first(acme, "accounts", type="expense")["external_id"]
    body = {"issued_on": "2026-11-05", "account": line["account"], "payment_type": "cash", "reference": "FEED-B",
            "lines": [{"account": {"id": cost}, "amount": Decimal("12.50")}], "total": Decimal("12.50"),
            "bank_line": line["external_id"]}  # fmt: skip
    spent = created(acme, "expenses", body, key="feed-4")
    assert line["amount"] == Decimal("-12.50")
    assert spent["total"] == Decimal("12.50")
    acme.ledger.post("expenses", "delete", {"external_id": spent["external_id"]}, key="feed-5")
    assert first(acme, "bank_lines", external_id=line["external_id"])["status"] == "open"


def test_a_document_of_another_amount_than_its_line_is_refused_and_leaves_nothing(acme: Simulation) -> None:
    line = fed(acme, "9.99", "credit", "FEED-C")
    cost, before = first(acme, "accounts", type="expense")["external_id"], len(acme.truth("expenses"))
    body = {"issued_on": "2026-11-05", "account": line["account"], "payment_type": "cash",
            "lines": [{"account": {"id": cost}, "amount": Decimal("9.98")}],
            "bank_line": line["external_id"]}  # fmt: skip
    with pytest.raises(RejectedError):
        created(acme, "expenses", body, key="feed-6")
    assert len(acme.truth("expenses")) == before
