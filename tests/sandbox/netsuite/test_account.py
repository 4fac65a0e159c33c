"""An account as its operator and its own users see it: pool of calls, control API, survival of a restart."""

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path

import pytest
from werkzeug.test import Client

from integrations.sandbox.app import SandboxApp
from integrations.sandbox.netsuite.face import NetSuiteFace
from integrations.sandbox.storage import SqliteStorage
from tests.sandbox.driver import control, new_world, read
from tests.sandbox.netsuite.driver import Account, bill, open_account, texts


def test_six_calls_at_once_are_one_too_many_over_all_interfaces(account: Account) -> None:
    app = account.client.application
    assert isinstance(app, SandboxApp)
    face = app.world.faces["netsuite"]
    assert isinstance(face, NetSuiteFace)
    store = app.world.organisations[account.id].store
    with ThreadPoolExecutor(8) as pool:
        with store.lock:
            running = [pool.submit(account.call, "GET", "system/v1/serverTime") for _ in range(4)]
            running.append(pool.submit(account.soap, "<m:getServerTime/>"))
            while sum(face._running.values()) < 5:
                pass
            refused = pool.submit(account.call, "GET", "system/v1/serverTime").result()
            blocked = pool.submit(account.soap, "<m:getServerTime/>").result()
        assert [each.result().status_code for each in running] == [200] * 5
    assert refused.status_code == 429
    assert read(refused)["o:errorDetails"][0]["o:errorCode"] == "CONCURRENCY_LIMIT_EXCEEDED"
    assert texts(blocked, "code") == ["WS_REQUEST_BLOCKED"]
    calls = control(account.client, f"/_control/calls?org={account.account}")
    assert calls["over_limit"] == 2


def test_a_history_has_the_documents_asked_for_and_balances(busy: Account) -> None:
    for resource, count in {"invoices": 40, "bills": 30, "contacts": 20, "purchase_orders": 6}.items():
        assert busy.control(f"documents?resource={resource}")["count"] == count
    assert Decimal(busy.control("trial_balance")["difference"]) == 0
    assert busy.control("bank_lines")["bank_lines"] == []


def test_the_same_seed_gives_the_same_books(sandbox: Client) -> None:
    both = [open_account(sandbox, invoices=10, bills=5, payments=6, bank_lines=8) for _ in range(2)]
    rows = [each.rows("SELECT tranid, foreigntotal, memo FROM transaction ORDER BY id") for each in both]
    assert rows[0] == rows[1]
    assert both[0].control("bank_lines") == both[1].control("bank_lines")


@pytest.mark.parametrize("resource", ["journal_entries", "expenses", "deposits", "transfers", "vendor_credits",
                                      "credit_notes", "purchase_orders", "payments", "items", "accounts", "terms",
                                      "bills", "invoices", "contacts", "tracking_categories"])  # fmt: skip
def test_every_resource_can_be_created_with_little_said(account: Account, resource: str) -> None:
    made = account.control("changes", {"action": "create", "resource": resource, "amount": 10, "name": "Fresh"})
    assert made["id"]
    assert made["id"] in [row["id"] for row in account.control(f"documents?resource={resource}")["documents"]]
    assert Decimal(account.control("trial_balance")["difference"]) == 0


def test_a_user_edits_pays_voids_renames_archives_and_changes_rates(account: Account) -> None:
    made = account.control("changes", {"action": "create", "resource": "bills", "amount": 10})["id"]
    account.control("changes", {"action": "edit", "resource": "bills", "id": made})
    assert account.get(f"record/v1/vendorBill/{made}")["memo"] == "Edited in NetSuite"
    paid = account.control("changes", {"action": "pay", "resource": "bills", "id": made})["id"]
    assert account.get(f"record/v1/vendorBill/{made}")["status"]["id"] == "B"
    account.control("changes", {"action": "void", "resource": "bill_payments", "id": paid})
    assert account.rows("SELECT voided FROM transaction WHERE id = ?", paid) == [{"voided": "T"}]
    assert account.get(f"record/v1/vendorBill/{made}")["balance"] == 12
    vendor = account.party("vendor")
    account.control("changes", {"action": "rename", "resource": "vendors", "id": vendor, "name": "Renamed"})
    assert account.rows("SELECT companyname FROM vendor WHERE id = ?", vendor) == [{"companyname": "Renamed"}]
    rent = account.account_id("6000")
    account.control("changes", {"action": "archive", "id": rent})
    assert "Invalid" in account.refusal("POST", "record/v1/vendorBill", bill(account, 5))[2]
    account.control("changes", {"action": "restore", "id": rent})
    account.control("changes", {"action": "change_tax_rate", "id": "5", "rate": 21})
    key = account.create("vendorBill", bill(account, 100))
    assert account.get(f"record/v1/vendorBill/{key}")["total"] == 121


def test_faults_strike_this_ledger_too(account: Account) -> None:
    control(account.client, "/_control/faults", {"action": "status", "status": 503, "times": 1, "path": "/netsuite/"})
    assert account.call("GET", "system/v1/serverTime").status_code == 503
    control(account.client, "/_control/faults", {"action": "permission_gap", "times": 1, "org": account.account})
    assert account.refusal("GET", "system/v1/serverTime")[:2] == (403, "INSUFFICIENT_PERMISSION")


def test_committed_books_survive_a_restart(tmp_path: Path) -> None:
    storage = SqliteStorage(tmp_path)
    account = open_account(Client(SandboxApp(new_world(storage))))
    key = account.create("vendorBill", bill(account, 10, externalId="kept"))
    before = account.whole("vendorBill", key)
    account.client = Client(SandboxApp(new_world(SqliteStorage(tmp_path))))
    assert account.whole("vendorBill", key) == before
    assert account.get("record/v1/vendorBill/eid:kept")["id"] == key
    assert account.create("vendorBill", bill(account, 10)) != key


def test_foreign_currency_is_posted_at_its_rate(sandbox: Client) -> None:
    account = open_account(sandbox, currencies=["EUR"], name="Abroad")
    euro = account.rows("SELECT id FROM currency WHERE symbol = 'EUR'")[0]["id"]
    vendor = account.create("vendor", {"companyName": "Paris", "currency": {"id": euro}})
    body = {**bill(account, 100), "entity": {"id": vendor}, "exchangeRate": 0.8}
    key = account.create("vendorBill", body)
    assert account.get(f"record/v1/vendorBill/{key}")["currency"]["refName"] == "EUR"
    assert account.rows("SELECT foreigntotal, total FROM transaction WHERE id = ?", key) == [
        {"foreigntotal": "-120", "total": "-96"}
    ]
    items = [{"doc": {"id": key}, "apply": True}]
    account.create("vendorPayment", {"entity": {"id": vendor}, "account": account.account_id("1000"),
        "exchangeRate": 0.9,
                                     "apply": {"items": items}})  # fmt: skip
    assert Decimal(account.control("trial_balance")["difference"]) == 0
    assert account.get(f"record/v1/vendorBill/{key}")["balance"] == 0
