"""Proof of fidelity: the published client of Intacct's REST API works against the sandbox, unchanged."""

import http.client
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).resolve().parent

pytestmark = pytest.mark.integration


def _credentials(port: int) -> str:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    body = {"ledger": "sage_intacct", "name": "Fidelity", "country": "GB", "currency": "GBP", "seed": 3}
    connection.request("POST", "/_control/organisations", json.dumps(body))
    made = json.loads(connection.getresponse().read())
    connection.close()
    return json.dumps(made["credentials"])


def test_the_rest_client_does_a_full_round(python: str, sandbox: int) -> None:
    command = [python, str(HERE / "intacct_rest_round.py"), f"http://127.0.0.1:{sandbox}", _credentials(sandbox)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    seen: dict[str, Any] = json.loads(done.stdout)
    assert seen == {
        "again": ["BadRequestError", "Another record with the value 'FID' for the field id already exists."],
        "same": True,
        "bill": ["FID-1", "125.50", "FID", "posted", "att-1", "P7", "Operations"],
        "entry": True,
        "unbalanced": True,
        "charge": True,
        "nobody": ["BadRequestError", "Vendor 'Nobody' specified is not valid."],
        "paid": "0.00",
        "delete_paid": "BadRequestError",
        "renamed": True,
        "deleted": True,
        "gone": ["BadRequestError", "invalidKey"],
        "accounts": [True, "1000"],
        "channel": ["Online", "Partner"],
        "model": ["nsp::PROJECT_CODE", "nsp::URGENT"],
        "taxes": ["20.00", "UK - VAT"],
        "entities": ["100", "200"],
        "card": ["CARD"],
        "banks": ["BOA", "SAV"],
        "quoted": [{"id": "FID"}],
        "session": ["expiresIn", "sessionId"],
        "entity": "200",
        "older": ["BadRequestError", "tokenInvalid"],
        "bad_refresh": "InvalidTokenError",
    }
