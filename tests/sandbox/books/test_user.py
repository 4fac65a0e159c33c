"""A user of any ledger acts on the neutral company through the control API's words."""

from typing import Any

import pytest

from integrations.sandbox.books.user import User
from integrations.sandbox.faces import BadOrderError
from tests.sandbox.books.firm import Firm, found_firm


@pytest.fixture
def firm() -> Firm:
    """Books without documents."""
    return found_firm()


@pytest.fixture
def user(firm: Firm) -> User:
    """A user whose ledger's form is the neutral one."""
    return User(firm.company, lambda kind, data: data, lambda record: record.body)


def test_an_invoice_is_made_paid_edited_and_refuses_to_go(firm: Firm, user: User) -> None:
    made = user.apply({"action": "create", "resource": "invoices", "amount": 80, "date": "2026-05-04"})
    paid = user.apply({"action": "pay", "resource": "invoices", "id": made["id"], "amount": 30, "date": "2026-05-05"})
    assert paid["entity"] == "payment"
    assert firm.company.open_amount(firm.company.get("invoice", made["id"])) == 50
    edited = user.apply({"action": "edit", "resource": "invoices", "id": made["id"], "data": {"memo": "New"}})
    assert edited["record"]["memo"] == "New"
    with pytest.raises(BadOrderError, match="settled"):
        user.apply({"action": "void", "resource": "invoices", "id": made["id"]})
    user.apply({"action": "delete", "resource": "payments", "id": paid["id"]})
    assert user.apply({"action": "void", "resource": "invoices", "id": made["id"]})["record"]["status"] == "voided"


@pytest.mark.parametrize(
    "resource",
    [
        "bills",
        "credit_notes",
        "vendor_credits",
        "purchase_orders",
        "expenses",
        "payments",
        "deposits",
        "transfers",
        "journal_entries",
    ],
)
def test_every_document_can_be_made_from_an_amount(firm: Firm, user: User, resource: str) -> None:
    made = user.apply({"action": "create", "resource": resource, "amount": 25})
    assert made["record"]["total"] == 25
    assert user.documents(resource)["count"] >= 1
    assert firm.difference() == 0


def test_accounts_are_archived_restored_and_renamed(firm: Firm, user: User) -> None:
    order: dict[str, Any] = {"resource": "accounts", "id": firm.account("6000")}
    assert user.apply({"action": "archive", **order})["record"]["is_active"] is False
    assert user.apply({"action": "restore", **order})["record"]["is_active"] is True
    assert user.apply({"action": "rename", **order, "name": "Premises"})["record"]["name"] == "Premises"


def test_a_new_tax_rate_changes_only_what_comes_after(firm: Firm, user: User) -> None:
    before = firm.invoice(100, tax="Split")
    user.apply({"action": "change_tax_rate", "name": "Split", "rate": 10})
    assert firm.invoice(100, tax="Split").body["tax_total"] == 10
    assert firm.fresh(before).body["total"] == before.body["total"]


def test_a_closed_period_yields_only_to_override(user: User) -> None:
    user.apply({"action": "close_period", "through": "2026-05-10"})
    order = {"action": "create", "resource": "invoices", "amount": 5, "date": "2026-05-04"}
    with pytest.raises(BadOrderError, match="closed"):
        user.apply(order)
    user.apply({**order, "override": True})
    with pytest.raises(BadOrderError, match="YYYY"):
        user.apply({"action": "close_period", "through": "May"})


def test_orders_that_make_no_sense_say_so(user: User) -> None:
    for order in (
        {"action": "dance"},
        {"action": "edit", "resource": "dragons"},
        {"action": "pay", "resource": "invoices", "id": "9"},
    ):
        with pytest.raises(BadOrderError):
            user.apply(order)
