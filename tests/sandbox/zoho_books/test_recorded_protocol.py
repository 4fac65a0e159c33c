"""The sandbox against what Zoho's own interface was seen to say.

`recorded_keys.json` holds the keys of answers recorded from a real organisation in June 2026; the table below holds
calls and answers documented for the interface: path, what is sent, status, message, and a part of what comes back.
"""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import Client

from integrations.sandbox.cli import build
from tests.sandbox.driver import read
from tests.sandbox.zoho_books.driver import Zoho, connect

RECORDED = json.loads(Path(__file__).with_name("recorded_keys.json").read_text())
ANSWERS = {
    "contacts": ("get-contact", "list-contacts"), "chartofaccounts": ("get-chart-of-account", "list-chart-of-accounts"),
    "items": ("get-item", "list-items"), "invoices": ("get-invoice", "list-invoices"),
    "customerpayments": ("get-payment", "list-payments"), "creditnotes": ("get-credit-note", "list-credit-notes"),
    "bills": ("get-bill", "list-bills"), "vendorpayments": ("get-vendor-payment", "list-vendor-payments"),
    "purchaseorders": ("get-purchase-order", "list-purchase-orders"), "expenses": ("get-expense", "list-expenses"),
    "journals": ("get-journal", "list-journals"),
}  # fmt: skip
DOCUMENTED = {
    # Not in the recordings of an American organisation, or only in the interface's description.
    "contacts": {"tax_reg_no", "contact_number"},
    "chartofaccounts": {"currency_id", "currency_code", "currency_symbol", "price_precision", "is_user_created",
                        "created_time", "last_modified_time", "current_balance", "custom_field_hash"},
    "items": {"item_name", "tax_type"},
    "customerpayments": {"amount_refunded"},
    "bills": {"shipping_charge"},
    "purchaseorders": {"shipping_charge"},
    "expenses": {"currency_symbol", "price_precision", "tax_type"},
    "journals": {"custom_field_hash"},
}  # fmt: skip
LINE_KEYS = {"customer_id", "customer_name", "is_billable"}


@pytest.fixture(scope="module")
def zoho() -> Zoho:
    """One organisation with a history for all comparisons; its clock is real."""
    client = Client(build(time_scale=1000.0, data_dir=None, clients=[]))
    return connect(
        client, contacts=20, invoices=30, bills=20, payments=30, months=4, purchase_orders=6, expenses=8,
        credit_notes=4, vendor_credits=3,
    )  # fmt: skip


@pytest.mark.parametrize("path", ANSWERS)
def test_a_row_has_no_key_that_was_never_seen(zoho: Zoho, path: str) -> None:
    recorded = RECORDED[ANSWERS[path][1]]
    row = zoho.get(path)[recorded["under"]][0]
    assert set(row) - set(recorded["keys"].split()) <= DOCUMENTED.get(path, set())


@pytest.mark.parametrize("path", ANSWERS)
def test_a_record_has_no_key_that_was_never_seen(zoho: Zoho, path: str) -> None:
    recorded, listed = (RECORDED[name] for name in ANSWERS[path])
    row = zoho.get(path)[listed["under"]][0]
    key = next(value for name, value in row.items() if name == _id_of(path))
    record = zoho.get(f"{path}/{key}")[recorded["under"]]
    assert set(record) - set(recorded["keys"].split()) <= DOCUMENTED.get(path, set())
    for part in ("line_items", "invoices", "bills"):
        if part in recorded and record.get(part):
            assert set(record[part][0]) - set(recorded[part].split()) <= LINE_KEYS, part


def _id_of(path: str) -> str:
    names = {"chartofaccounts": "account_id", "customerpayments": "payment_id", "vendorpayments": "payment_id"}
    return names.get(path, f"{path[:-1]}_id")


@pytest.mark.parametrize(
    ("path", "name"),
    [("organizations", "list-organizations"), ("settings/currencies", "list-currencies"),
     ("bankaccounts", "list-bank-accounts")],
)  # fmt: skip
def test_lists_of_settings_have_the_keys_that_were_seen(zoho: Zoho, path: str, name: str) -> None:
    recorded = RECORDED[name]
    row = zoho.get(path)[recorded["under"]][0]
    assert set(row) <= set(recorded["keys"].split())


def _ids(zoho: Zoho) -> dict[str, str]:
    """The documents' places: {customer} and so on."""
    return {
        "customer": zoho.contact(), "vendor": zoho.contact("vendor"), "travel": zoho.account("Travel Expense"),
        "rent": zoho.account("Rent Expense"), "bank": zoho.account("Current Account"),
        "item": str(zoho.one("items", "items")["item_id"]), "tax": str(zoho.one("settings/taxes", "taxes")["tax_id"]),
        "gbp": str(zoho.one("settings/currencies", "currencies")["currency_id"]),
    }  # fmt: skip


# (path, sent, message, under, what the answer says)
DOCUMENTED_CALLS: list[tuple[str, dict[str, Any], str, str, dict[str, Any]]] = [
    ("contacts", {"contact_name": "Acme Supplies", "company_name": "Acme Supplies Ltd", "contact_type": "vendor",
                  "currency_id": "{gbp}", "payment_terms": 15,
                  "contact_persons": [{"first_name": "Ann", "email": "ann@acme.test", "is_primary_contact": True}],
                  "billing_address": {"address": "1 High St", "city": "Leeds", "zip": "LS1", "country": "U.K."}},
     "The contact has been added.", "contact",
     {"contact_name": "Acme Supplies", "contact_type": "vendor", "status": "active", "payment_terms": 15,
      "payment_terms_label": "Net 15", "outstanding_receivable_amount": 0, "custom_fields": []}),
    ("chartofaccounts", {"account_name": "Fares", "account_code": "6299", "account_type": "expense", "description": ""},
     "The account has been created.", "chart_of_account", {"account_name": "Fares", "is_active": True}),
    ("journals", {"journal_date": "2026-01-31", "reference_number": "OUR-77", "notes": "Accrual", "status": "published",
                  "line_items": [{"account_id": "{rent}", "debit_or_credit": "debit", "amount": 500},
                                 {"account_id": "{bank}", "debit_or_credit": "credit", "amount": 500}]},
     "The journal entry has been created.", "journal",
     {"reference_number": "OUR-77", "exchange_rate": 1, "journal_type": "both", "status": "published", "total": 500,
      "line_item_total": 500, "bcy_total": 500, "price_precision": 2, "taxes": []}),
    ("invoices", {"customer_id": "{customer}", "date": "2026-01-17", "payment_terms": 15, "reference_number": "OUR-1",
                  "line_items": [{"item_id": "{item}", "quantity": 1, "rate": 120, "tax_id": "{tax}"}]},
     "The invoice has been created.", "invoice",
     {"date": "2026-01-17", "status": "draft", "due_date": "2026-02-01", "exchange_rate": 1, "is_inclusive_tax": False,
      "sub_total": 120, "tax_total": 24, "total": 144, "balance": 144, "payment_made": 0, "credits_applied": 0}),
    ("bills", {"vendor_id": "{vendor}", "bill_number": "S-454", "reference_number": "OUR-B1", "date": "2026-01-11",
               "due_date": "2099-01-26", "is_inclusive_tax": False,
               "line_items": [{"account_id": "{rent}", "description": "Hosting", "rate": 40, "quantity": 1,
                               "tax_id": "{tax}"}]},
     "The bill has been created.", "bill",
     {"status": "open", "bill_number": "S-454", "reference_number": "OUR-B1", "sub_total": 40, "tax_total": 8,
      "total": 48, "payment_made": 0, "vendor_credits_applied": 0, "balance": 48, "payments": [],
      "vendor_credits": [], "documents": [], "custom_fields": []}),
    ("purchaseorders", {"vendor_id": "{vendor}", "date": "2026-02-10", "reference_number": "OUR-PO1",
                        "line_items": [{"account_id": "{rent}", "name": "Hard Drive", "rate": 112, "quantity": 1}]},
     "Purchase Order has been added.", "purchaseorder",
     {"status": "draft", "order_status": "draft", "billed_status": "to_be_billed",
      "received_status": "to_be_received", "total": 112}),
    ("expenses", {"account_id": "{travel}", "paid_through_account_id": "{bank}", "date": "2026-01-18", "amount": 112.5,
                  "is_inclusive_tax": False, "reference_number": "OUR-E1", "description": "Taxi"},
     "The expense has been recorded.", "expense",
     {"transaction_type": "expense", "status": "nonbillable", "total": Decimal("112.5")}),
    ("items", {"name": "Hard Drive", "rate": 120, "sku": "s12345", "product_type": "goods", "purchase_rate": "80"},
     "The item has been added.", "item", {"name": "Hard Drive", "status": "active", "rate": 120, "sku": "s12345"}),
    ("vendorpayments", {"vendor_id": "{vendor}", "date": "2026-01-20", "amount": 10, "reference_number": "OUR-P9"},
     "The payment made to the vendor has been recorded", "vendorpayment",
     {"status": "paid", "amount": 10, "balance": 10, "offset_account_name": "Prepaid Expenses"}),
    ("customerpayments", {"customer_id": "{customer}", "payment_mode": "banktransfer", "amount": 135,
                          "date": "2026-01-20", "reference_number": "OUR-P1"},
     "The payment from the customer has been recorded", "payment",
     {"amount": 135, "payment_mode": "banktransfer", "payment_status": "paid", "account_name": "Undeposited Funds"}),
    ("creditnotes", {"customer_id": "{customer}", "date": "2026-01-21", "line_items": [{"name": "Back", "rate": 5}]},
     "The credit note has been created.", "creditnote", {"status": "open", "total": 5, "balance": 5}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("path", "sent", "message", "under", "said"), DOCUMENTED_CALLS, ids=lambda value: str(value)[:16]
)
def test_a_documented_call_is_answered_as_documented(
    zoho: Zoho, path: str, sent: dict[str, Any], message: str, under: str, said: dict[str, Any]
) -> None:
    text = json.dumps(sent)
    for name, key in _ids(zoho).items():
        text = text.replace(f"{{{name}}}", key)
    response = zoho.call("POST", path, json.loads(text))
    answer = read(response)
    assert (response.status_code, answer["code"], answer["message"]) == (201, 0, message), answer
    assert response.headers["allow"] == "OPTIONS, DELETE, POST, GET, PUT"
    assert response.content_type == "application/json;charset=UTF-8"
    record = answer[under]
    assert response.headers["location"] == f"/api/v3/{path}/{record[_id_of(path)]}"
    assert {name: record.get(name) for name in said} == said


@pytest.mark.parametrize(
    ("path", "report"),
    [("bills", "Bills"), ("contacts", "Contacts"), ("journals", "Manual Journals"), ("vendorpayments", "Payments Made"),
     ("purchaseorders", "Purchase Orders")],
)  # fmt: skip
def test_page_context_is_as_recorded(zoho: Zoho, path: str, report: str) -> None:
    context = zoho.get(path)["page_context"]
    assert (context["report_name"], context["applied_filter"]) == (report, "Status.All")
    assert set(context) == {
        "page", "per_page", "has_more_page", "report_name", "applied_filter", "custom_fields", "sort_column",
        "sort_order",
    }  # fmt: skip
    sorts = {"bills": ("created_time", "D"), "purchaseorders": ("created_time", "D"), "contacts": ("contact_name", "A"),
             "journals": ("journal_date", "D"), "vendorpayments": ("date", "D")}  # fmt: skip
    assert (context["sort_column"], context["sort_order"]) == sorts[path]


@pytest.mark.parametrize(
    ("path", "updated", "deleted"),
    [
        ("bills", "Bill information has been updated.", "The bill has been deleted."),
        ("invoices", "Invoice information has been updated.", "The invoice has been deleted."),
        ("contacts", "Contact information has been saved.", "The vendor has been deleted."),
        ("items", "Item details have been saved.", "The item has been deleted."),
        ("journals", "The journal entry has been updated.", "The selected journal entry has been deleted."),
        ("chartofaccounts", "The details of the account have been updated.", "The account has been deleted."),
        ("purchaseorders", "Purchase Order has been updated.", "The purchase order has been deleted."),
        ("expenses", "Expense information has been updated.", "The expense has been deleted."),
    ],
)
def test_messages_of_change_and_deletion_are_as_recorded(zoho: Zoho, path: str, updated: str, deleted: str) -> None:
    sent, under = next((sent, under) for name, sent, _, under, _ in DOCUMENTED_CALLS if name == path)
    names = {"bill_number", "contact_name", "account_name", "name", "account_code", "sku"} & set(sent)
    text = json.dumps({**sent, **dict.fromkeys(names, f"{path[:5]} 2")})
    for name, key in _ids(zoho).items():
        text = text.replace(f"{{{name}}}", key)
    record = zoho.post(path, json.loads(text))[under]
    key = record[_id_of(path)]
    note = {"items": "description", "chartofaccounts": "description", "expenses": "description"}.get(path, "notes")
    assert zoho.put(f"{path}/{key}", {note: "changed"})["message"] == updated
    assert zoho.delete(f"{path}/{key}")["message"] == deleted
