"""Debits equal credits whatever a document says of itself; credits are the other side of what they undo."""

from decimal import Decimal
from typing import Any

import pytest

from integrations.engine.effects import entries, undone

LINES = [{"account": {"name": "Sales"}, "amount": "100.00", "tax_amount": "20.00"}]
GROSS = [{"account": {"name": "Sales"}, "amount": "120.00", "tax_amount": "20.00"}]


def sides(resource: str, body: dict[str, Any]) -> dict[str, Decimal]:
    """Account → debit, or credit as a negative figure."""
    return {each.account: each.debit - each.credit for each in entries(resource, body)}


@pytest.mark.parametrize("lines", [LINES, GROSS])
def test_an_invoice_and_its_credit_note_are_each_others_other_side(lines: list[dict[str, Any]]) -> None:
    body = {"total": "120.00", "tax_total": "20.00", "lines": lines}
    found = sides("invoices", body)
    assert found == {"Accounts receivable": 120, "Sales": -100, "Tax to pay": -20}
    assert undone(entries("invoices", body)) == entries("credit_notes", body)


def test_purchases_and_payments() -> None:
    bill = {"total": "120.00", "tax_total": "20.00", "lines": LINES}
    assert sides("bills", bill) == {"Sales": 100, "Tax to reclaim": 20, "Accounts payable": -120}
    assert undone(entries("bills", bill)) == entries("vendor_credits", bill)
    paid = {"total": "120.00", "account": {"name": "Bank"}}
    assert sides("payments", paid) == {"Bank": 120, "Accounts receivable": -120}
    assert sides("bill_payments", paid) == {"Accounts payable": 120, "Bank": -120}
    assert sides("expenses", {**bill, "account": {"name": "Bank"}})["Bank"] == -120


@pytest.mark.parametrize("resource", ["invoices", "credit_notes", "bills", "vendor_credits", "expenses"])
def test_what_lines_and_total_are_apart_is_shown_and_the_sums_agree(resource: str) -> None:
    body = {"total": "108.00", "tax_total": "18.00", "lines": LINES}
    found = entries(resource, body)
    assert sum(each.debit for each in found) == sum(each.credit for each in found)
    assert abs(sides(resource, body)["Discounts, charges and rounding"]) == 10


def test_what_moves_no_account_has_no_effect() -> None:
    assert entries("contacts", {"name": "Anna"}) == []
    assert entries("purchase_orders", {"total": "5", "lines": LINES}) == []
