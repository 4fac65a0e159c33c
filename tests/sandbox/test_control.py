"""The control API: organisations, documents, changes, statements, loopback only."""

from decimal import Decimal
from typing import Any

import pytest
from werkzeug.test import Client

from integrations.sandbox.clock import Clock
from tests.sandbox.driver import Books, connect, control, read, start

SPECIFICATION = {"ledger": "quickbooks", "name": "Harbour Ltd", "country": "GB", "currency": "GBP", "seed": 9,
                 "contacts": 20, "invoices": 60, "bills": 30, "payments": 50,
                 "bank_lines": 80, "months": 6}  # fmt: skip
COUNTED = {"invoices": 60, "bills": 30, "contacts": 20}


def _make(client: Client, **changed: Any) -> str:
    return str(control(client, "/_control/organisations", {**SPECIFICATION, **changed})["id"])


def _documents(client: Client, key: str, resource: str) -> Any:
    return control(client, f"/_control/organisations/{key}/documents?resource={resource}")


def test_an_organisation_has_the_documents_it_was_asked_for_and_balanced_books(sandbox: Client) -> None:
    key = _make(sandbox)
    for resource, count in COUNTED.items():
        assert _documents(sandbox, key, resource)["count"] == count
    payments = _documents(sandbox, key, "payments")["count"] + _documents(sandbox, key, "bill-payments")["count"]
    assert payments == 50
    balance = control(sandbox, f"/_control/organisations/{key}/trial_balance")
    assert Decimal(balance["difference"]) == 0
    assert Decimal(balance["total_debit"]) > 0


@pytest.mark.parametrize("country", ["GB", "US"])
def test_open_documents_agree_with_the_control_accounts(sandbox: Client, country: str) -> None:
    key = _make(sandbox, country=country, currency={"GB": "GBP", "US": "USD"}[country])
    invoices = sum(row["Balance"] for row in _documents(sandbox, key, "invoices")["documents"])
    credits = sum(row["Balance"] for row in _documents(sandbox, key, "credit_notes")["documents"])
    unapplied = sum(row["UnappliedAmt"] for row in _documents(sandbox, key, "payments")["documents"])
    accounts = {row["AcctNum"]: row["CurrentBalance"] for row in _documents(sandbox, key, "accounts")["documents"]}
    assert invoices - credits - unapplied == accounts["1100"]
    bills = sum(row["Balance"] for row in _documents(sandbox, key, "bills")["documents"])
    vendor_credits = sum(row["Balance"] for row in _documents(sandbox, key, "vendor_credits")["documents"])
    assert vendor_credits - bills == accounts["2100"]


def test_the_same_seed_gives_the_same_books_in_the_same_second(monkeypatch: pytest.MonkeyPatch) -> None:
    # Some stamps are the moment of founding; two foundings take longer than a second on a busy machine.
    now = Clock().wall()
    monkeypatch.setattr(Clock, "wall", lambda clock: now)
    first, second = start(), start()
    texts = []
    for client in (first, second):
        key = _make(client)
        rows = [_documents(client, key, name)["documents"] for name in ("contacts", "invoices", "payments", "bills")]
        lines = control(client, f"/_control/organisations/{key}/bank_lines")["bank_lines"]
        texts.append((rows, lines))
    assert texts[0] == texts[1]
    other = _make(first, seed=10)
    assert _documents(first, other, "contacts")["documents"] != texts[0][0][0]


def test_more_payments_than_documents_become_instalments(sandbox: Client) -> None:
    key = _make(sandbox, invoices=10, bills=0, payments=25)
    assert _documents(sandbox, key, "payments")["count"] == 25
    assert Decimal(control(sandbox, f"/_control/organisations/{key}/trial_balance")["difference"]) == 0


def test_the_chart_of_accounts_grows_to_the_number_asked_for(sandbox: Client) -> None:
    assert _documents(sandbox, _make(sandbox, accounts=120), "accounts")["count"] == 120


def test_the_statement_has_the_lines_asked_for_in_the_interface_s_fields(sandbox: Client) -> None:
    key = _make(sandbox)
    lines = control(sandbox, f"/_control/organisations/{key}/bank_lines")["bank_lines"]
    names = {"id", "account_id", "date", "amount", "currency", "description", "counterparty", "reference"}
    assert len(lines) == 80
    assert all(set(line) == names for line in lines)
    assert len({line["id"] for line in lines}) == 80


def test_the_statement_tells_the_truth_when_asked(sandbox: Client) -> None:
    key = _make(sandbox)
    lines = control(sandbox, f"/_control/organisations/{key}/bank_lines?truth=1")["bank_lines"]
    invoices = {f"Invoice:{row['Id']}": row for row in _documents(sandbox, key, "invoices")["documents"]}
    unrecorded = [line for line in lines if line["truth"]["kind"] == "unrecorded" and Decimal(line["amount"]) > 0]
    assert unrecorded
    for line in unrecorded:
        owed = invoices[line["truth"]["ids"][0]]["Balance"]
        assert Decimal(line["amount"]) + Decimal(line["truth"].get("fee", "0")) == owed
    assert {line["truth"]["kind"] for line in lines} == {"recorded", "unrecorded", "fee"}


@pytest.mark.parametrize(
    "body",
    [{"ledger": "sevenhills"}, {"ledger": "quickbooks", "invoices": -1}, {"ledger": "quickbooks", "months": "x"}],
)
def test_an_impossible_organisation_is_refused_with_a_sentence(sandbox: Client, body: Any) -> None:
    answer = sandbox.post("/_control/organisations", json=body)
    assert answer.status_code == 400
    assert len(read(answer)["error"]) > 10


def test_reset_empties_everything(sandbox: Client, us: Books) -> None:
    control(sandbox, "/_control/faults", {"action": "drop_before"})
    control(sandbox, "/_control/reset", {})
    assert control(sandbox, "/_control/organisations")["organisations"] == []
    assert control(sandbox, "/_control/faults")["faults"] == []
    assert us.call("GET", "preferences").status_code == 401


def test_control_answers_on_the_loopback_interface_only(sandbox: Client) -> None:
    answer = sandbox.get("/_control/organisations", environ_overrides={"REMOTE_ADDR": "10.0.0.7"})
    assert answer.status_code == 403


def test_a_user_of_the_ledger_does_what_users_do(us: Books) -> None:
    invoice = us.control("changes", {"action": "create", "resource": "invoices", "amount": "120.50", "contact": "1"})
    key = invoice["id"]
    assert invoice["record"]["Line"][0]["Amount"] == Decimal("120.5")
    us.control("changes", {"action": "edit", "resource": "invoices", "id": key, "data": {"PrivateNote": "by hand"}})
    assert us.read("Invoice", key)["PrivateNote"] == "by hand"
    us.control("changes", {"action": "pay", "resource": "invoices", "id": key})
    assert us.read("Invoice", key)["Balance"] == 0
    both = us.control("changes", {"changes": [
        {"action": "create", "resource": "bills", "amount": 10},
        {"action": "create", "resource": "contacts", "contact_type": "vendor", "name": "New Vendor"},
    ]})["changes"]  # fmt: skip
    assert [done["entity"] for done in both] == ["Bill", "Vendor"]
    us.control("changes", {"action": "pay", "resource": "bills", "id": both[0]["id"]})
    assert us.read("Bill", both[0]["id"])["Balance"] == 0
    us.control(
        "changes",
        {"action": "void", "resource": "payments", "id": us.query("select * from Payment")["Payment"][0]["Id"]},
    )
    us.control("changes", {"action": "delete", "resource": "invoices", "id": key})
    assert us.call("GET", f"invoice/{key}").status_code == 400
    assert us.difference() == 0


@pytest.mark.parametrize("resource", ["journal_entries", "expenses", "deposits", "transfers", "vendor_credits",
                                      "credit_notes", "purchase_orders", "payments", "items", "accounts",
                                      "terms"])  # fmt: skip
def test_every_resource_can_be_created_with_little_said(us: Books, resource: str) -> None:
    done = us.control("changes", {"action": "create", "resource": resource, "amount": "12.34", "name": "Made by hand"})
    assert done["id"]
    assert us.difference() == 0


def test_the_ledgers_refusal_reaches_the_operator(us: Books) -> None:
    answer = us.client.post(
        f"/_control/organisations/{us.id}/changes", json={"action": "delete", "resource": "invoices", "id": "999"}
    )
    assert answer.status_code == 400
    assert "999" in read(answer)["error"]


def test_calls_are_recorded_with_organisation_and_kind(sandbox: Client, us: Books) -> None:
    start_at = control(sandbox, "/_control/calls")["calls"][-1]["seq"]
    us.query("select * from Invoice")
    us.fault("invoice", {})
    calls = control(sandbox, f"/_control/calls?since={start_at}")["calls"]
    assert [(call["org"], call["kind"], call["method"], call["status"]) for call in calls] == [
        (us.realm, "query", "GET", 200),
        (us.realm, "write", "POST", 400),
    ]
    assert all(call["bytes"] > 0 and not call["over_limit"] for call in calls)
    assert "Authorization" not in str(calls)


def test_organisations_are_found_by_either_id(sandbox: Client) -> None:
    books = connect(sandbox)
    for key in (books.id, books.realm):
        assert control(sandbox, f"/_control/organisations/{key}")["external_org_id"] == books.realm
    assert sandbox.get("/_control/organisations/none").status_code == 400
