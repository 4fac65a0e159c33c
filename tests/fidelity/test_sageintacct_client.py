"""Proof of fidelity: the published Sage Intacct client works against the sandbox's XML gateway, unchanged."""

import http.client
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).resolve().parent
LISTS = (
    "accounts", "ar_invoice_items", "ar_invoices", "ar_payments", "charge_card_accounts", "checking_accounts",
    "classes", "contacts", "customers", "departments", "employees", "items", "location_entities", "locations",
    "projects", "tax_details", "tax_solutions", "vendors",
)  # fmt: skip

pytestmark = pytest.mark.integration


def _credentials(port: int) -> str:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    body = {"ledger": "sage_intacct", "name": "Fidelity", "country": "US", "currency": "USD", "seed": 3}
    connection.request("POST", "/_control/organisations", json.dumps(body))
    made = json.loads(connection.getresponse().read())
    connection.close()
    return json.dumps(made["credentials"])


def test_the_sage_intacct_client_does_a_full_round(python: str, sandbox: int) -> None:
    command = [python, str(HERE / "sageintacct_round.py"), f"http://127.0.0.1:{sandbox}", _credentials(sandbox)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    seen: dict[str, Any] = json.loads(done.stdout)
    assert seen == {
        "vendor": ["Fidelity Supplies", "pay@fidelity.example", "active"],
        "bill": ["FID-B1", "Fidelity Supplies", "125.50", "Posted", "04/04/2026", "By the client library"],
        "paid": {"STATE": "Paid", "TOTALDUE": "0.00"},
        "payments": True,
        "deleted": 0,
        "entry": True,
        "unbalanced": ["WrongParamsError", "BL01001973", "Transactions do not balance"],
        "card": {"RECORDID": "FID-R1", "TRX_TOTALENTERED": "10.00"},
        "duplicate": ["WrongParamsError", "BL34000061",
                      "Another record with the value 'FID-B1' for the field billNumber already exists."],
        "unknown_vendor": ["WrongParamsError", "BL03000130", "Vendor 'NOBODY' specified is not valid."],
        "unknown_field": ["WrongParamsError", "DL02000001",
                          "There was an error processing the request. One or more fields are not valid:\n\tvendor: "
                          "[SHOESIZE]"],
        "wrong_sender": ["WrongParamsError", "XL03000006", "Incorrect Intacct XML Partner ID or password."],
        "wrong_session": ["InvalidTokenError", "invalidRequest", "The session is not valid or has ended."],
        "wrong_password": "Invalid token / Incorrect credentials",
        "attached": {"SUPDOCID": "FID-A"},
        "file": "a receipt",
        "folder": "Fidelity",
        "lists": dict.fromkeys(LISTS, True),
        "several": True,
        "pages": True,
        "either": ["1000", "6000"],
        "dimensions": ["CHANNEL"],
        "values": ["Online", "Partner"],
        "custom": ["PROJECT_CODE", "URGENT"],
        "objects": True,
        "entity": True,
    }  # fmt: skip
