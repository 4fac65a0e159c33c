"""Proof of fidelity: Xero's own Python client works against the sandbox, unchanged."""

import http.client
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).resolve().parent
TAKEN = (
    "The contact name Fidelity Ltd is already assigned to another contact. The contact name must be unique across all "
    "active contacts."
)
SETTLED = "The status VOIDED cannot be applied to the invoice because it has payments or credit notes allocated to it."

pytestmark = pytest.mark.integration


def _tenant(port: int) -> str:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    body = {"ledger": "xero", "name": "Fidelity", "country": "GB", "currency": "GBP", "seed": 3, "invoices": 20,
            "bills": 10, "contacts": 8, "payments": 6, "months": 3}  # fmt: skip
    connection.request("POST", "/_control/organisations", json.dumps(body))
    made = json.loads(connection.getresponse().read())
    connection.close()
    return str(made["external_org_id"])


def test_xero_python_does_a_full_round(python: str, sandbox: int) -> None:
    command = [python, str(HERE / "xero_round.py"), f"http://127.0.0.1:{sandbox}", _tenant(sandbox)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=180, check=False)
    assert done.returncode == 0, done.stderr
    seen: dict[str, Any] = json.loads(done.stdout)
    assert seen == {
        "connections": [["ORGANISATION", "Fidelity"]],
        "rotated": True,
        "other_tenant": [403, "HTTPStatusException"],
        "disconnected": [403, "HTTPStatusException"],
        "bank": ["BANK", "BANK", "Current Account"],
        "organisation": ["Fidelity", "GBP", "UK"],
        "contact": [1, "who@some.example", False],
        "same_name": [400, [TAKEN]],
        "item": "12.5",
        "item_gone": [404, "NotFoundException"],
        "tax_rate": ["ACTIVE", "10"],
        "rates": 8,
        "currencies": ["GBP"],
        "third_category": [400, ["An organisation can have two active tracking categories"]],
        "option": ["Renamed"],
        "invoice": ["AUTHORISED", "120", "120", "2026-10-15"],
        "changed": "Changed",
        "payment": ["ACCRECPAYMENT", "50", "AUTHORISED"],
        "void_paid": [400, [SETTLED]],
        "too_much": [400, ["Payment amount exceeds the amount outstanding on this document"]],
        "allocated": ["25", "35", 1],
        "due": "45",
        "allocation_gone": True,
        "voided": "VOIDED",
        "bill": ["ACCPAY", "SUP-9", "20"],
        "attachment": ["a receipt.pdf", 1, 10],
        "downloaded": "%PDF-1.4 x",
        "missing": [404, "NotFoundException"],
        "mixed": [["ERROR", True], ["OK", False]],
        "spent": ["Inclusive", "20", "24"],
        "transfer": ["5", 2],
        "journal": ["DRAFT", "POSTED", 2],
        "uneven": [400, ["The total debits (30.00) must equal total credits (0.00)"]],
        "order": ["DRAFT", True],
        "journals": True,
        "trial_balance": ["Trial Balance", "Total", True],
        "profit": ["Income", "Less Cost of Sales", "Less Operating Expenses"],
        "sheet": ["BalanceSheet", "Header"],
        "aged": "120.00",
        "walked": True,
    }
