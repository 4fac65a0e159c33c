"""Xero as finance people know it: complete lines, archived and voided records, batches, reports, limits, words."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from integrations.engine import manifest
from integrations.engine.errors import PermissionMissing, RateLimited, RejectedError
from integrations.engine.messages import Answer
from integrations.engine.results import BatchItem, Record
from integrations.engine.steps import Seen
from tests.integrations.connectors.simulation import Simulation


@pytest.fixture(scope="module")
def acme() -> Simulation:
    """A British organisation with some history."""
    return Simulation("xero", expenses=4, credit_notes=3, purchase_orders=3)


@pytest.fixture(autouse=True)
def no_faults(acme: Simulation) -> Iterator[None]:
    """Faults of one test do not strike another."""
    yield
    acme.browser.delete("/_control/faults")


def listed(acme: Simulation, resource: str) -> list[dict[str, Any]]:
    return [record.unified for page in acme.ledger.pages(resource) for record in page.records]


def invoice(acme: Simulation, number: str) -> dict[str, Any]:
    account = next(row for row in listed(acme, "accounts") if row["type"] == "income")
    contact = next(row for row in listed(acme, "contacts") if row["is_active"])
    return {
        "contact": {"id": contact["external_id"]},
        "number": number,
        "issued_on": "2026-11-02",
        "due_on": "2026-12-02",
        "lines": [
            {"description": "Work", "quantity": Decimal(1), "unit_price": Decimal("80"), "amount": Decimal("80"),
             "account": {"id": account["external_id"]}},
        ],
    }  # fmt: skip


def test_every_listed_document_has_its_lines(acme: Simulation) -> None:
    for resource in ("invoices", "bills", "credit_notes", "purchase_orders", "expenses", "journal_entries"):
        assert all(row["lines"] for row in listed(acme, resource)), resource


def test_every_numbered_page_is_asked_for_in_an_order_that_no_edit_changes() -> None:
    """A record that is edited under the walk would move, and those after it slip over the border of a page, unseen."""
    connector = manifest.load("xero")
    orders = {
        entity.path: entity.paging.request(None, {"path": entity.path, "key": entity.key}, None).params.get("order", "")
        for resource in connector.resources.values()
        for entity in resource.entities.values()
        if entity.paging.step.ahead(None, Seen([], [], Answer(200, {}, {"pagination": {"pageCount": 9}}, "")), 1, 9)
    }
    assert len(orders) == 7
    # With an order, Xero has given all manual journals at once.
    assert orders.pop("ManualJournals") == ""
    assert all(order.endswith("ID") for order in orders.values()), orders


def test_archived_contacts_and_voided_invoices_are_read(acme: Simulation) -> None:
    made = acme.ledger.post("contacts", "create", {"contact_type": "customer", "name": "Gone Ltd"}, key="gone")
    assert isinstance(made, Record)
    acme.ledger.post("contacts", "update", {**_identity(made), "is_active": False}, key="archive")
    drawn = acme.ledger.post("invoices", "create", invoice(acme, "V-1"), key="v-1")
    assert isinstance(drawn, Record)
    acme.ledger.post("invoices", "approve", _identity(drawn), key="v-2")
    acme.ledger.post("invoices", "void", _identity(drawn), key="v-3")
    contacts, invoices = ({row["external_id"]: row for row in listed(acme, name)} for name in ("contacts", "invoices"))
    assert contacts[made.external_id]["is_active"] is False
    assert invoices[drawn.external_id]["status"] == "void"


def _identity(record: Record) -> dict[str, Any]:
    return {"external_id": record.external_id, "remote_type": record.remote_type}


def test_in_a_batch_one_refused_invoice_leaves_the_others_posted(acme: Simulation) -> None:
    taken = next(row["number"] for row in listed(acme, "invoices") if row["status"] == "open")
    items = [BatchItem("invoices", "create", invoice(acme, number), f"b-{number}") for number in ("B-1", taken, "B-2")]
    first, refused, last = acme.ledger.post_batch(items)
    assert isinstance(first, Record)
    assert isinstance(last, Record)
    assert isinstance(refused, RejectedError)
    assert (first.unified["number"], last.unified["number"]) == ("B-1", "B-2")


def test_the_trial_balance_is_that_of_the_books(acme: Simulation) -> None:
    report = acme.ledger.report("trial_balance").unified
    told = {
        line["id"]: (line["values"]["debit"] or Decimal(0), line["values"]["credit"] or Decimal(0))
        for section in report["rows"]
        for line in section.get("rows", ())
    }
    books = {
        account["id"]: (Decimal(account["debit"]), Decimal(account["credit"]))
        for account in acme.trial_balance()["accounts"]
    }
    assert told == {key: sides for key, sides in books.items() if any(sides)}


def test_the_balance_sheet_nests_banks_in_assets_and_net_assets_are_the_equity(acme: Simulation) -> None:
    report = acme.ledger.report("balance_sheet").unified
    assets, _, net, equity = report["rows"]
    assert [row["label"] for row in assets["rows"]][:2] == ["Bank", "Current Assets"]
    assert net["values"]["total"] == equity["total"]["values"]["total"]
    assert report["checks"]["differences"] == []


def test_the_day_that_is_used_up_says_until_when(acme: Simulation) -> None:
    headers = {"X-Rate-Limit-Problem": "day", "Retry-After": "1800"}
    acme.control("faults", {"ledger": "xero", "action": "status", "status": 429, "headers": headers, "times": 1})
    with pytest.raises(RateLimited) as limited:
        acme.ledger.read("contacts", listed_id(acme))
    assert limited.value.retry_after == 1800


def listed_id(acme: Simulation) -> str:
    return str(acme.truth("contacts")[0]["ContactID"])


def test_a_scope_that_was_not_granted_is_a_permission_and_no_reason_to_reconnect_in_vain(acme: Simulation) -> None:
    fault = {"ledger": "xero", "action": "permission_gap", "times": 1}
    acme.control("faults", fault)
    with pytest.raises(PermissionMissing):
        acme.ledger.read("contacts", listed_id(acme))


def test_a_lock_date_is_known_before_anything_is_sent(acme: Simulation) -> None:
    assert acme.ledger.organisation().closed_through is None
    control = f"/_control/organisations/{acme.id}/changes"
    answer = acme.browser.post(control, json={"action": "close_period", "through": "2026-03-31"})
    assert answer.status_code == 200, answer.get_data(as_text=True)
    assert acme.ledger.organisation().closed_through == date(2026, 3, 31)


@pytest.mark.parametrize(
    ("remote", "kind", "amount"),
    [
        ("SPEND", "expense", "-5"),
        ("SPEND-OVERPAYMENT", "expense", "-5"),
        ("RECEIVE-PREPAYMENT", "deposit", "5"),
        ("RECEIVE-TRANSFER", "transfer", "5"),
        ("SPEND-TRANSFER", "transfer", "-5"),
    ],
)
def test_a_bank_transaction_tells_its_kind_and_which_way_the_money_went(remote: str, kind: str, amount: str) -> None:
    resource = manifest.load("xero").resources["bank_transactions"]
    raw = {"BankTransactionID": "b1", "Type": remote, "Total": Decimal(5), "LineItems": []}
    unified = resource.read(raw, "banktransaction")
    assert (unified["type"], unified["amount"]) == (kind, Decimal(amount))
