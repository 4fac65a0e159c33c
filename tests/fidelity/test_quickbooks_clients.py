"""Proof of fidelity: the real client libraries of QuickBooks work against the sandbox, unchanged."""

import http.client
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).resolve().parent

pytestmark = pytest.mark.integration


def _company(port: int, country: str) -> str:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    body = {"ledger": "quickbooks", "name": "Fidelity", "country": country, "seed": 3}
    connection.request("POST", "/_control/organisations", json.dumps(body))
    made = json.loads(connection.getresponse().read())
    connection.close()
    return str(made["external_org_id"])


def test_python_quickbooks_and_intuit_oauth_do_a_full_round(python: str, sandbox: int) -> None:
    realm = _company(sandbox, "US")
    command = [python, str(HERE / "quickbooks_round.py"), f"http://127.0.0.1:{sandbox}", realm]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    seen: dict[str, Any] = json.loads(done.stdout)
    assert seen["report"][1] == seen["report"][2]
    seen.pop("report")
    assert seen == {
        "id_token": True,
        "email": "alex.morgan@example.com",
        "invoice": {"total": 125.5, "balance_after": 0, "token_after": "1"},
        "balance_after_void": 125.5,
        "note": "changed",
        "duplicate": 6240,
        "missing": 610,
        "query": 4001,
        "found": 1,
        "like": 1,
        "count": 41,
        "page": 2,
        "captured": {"Invoice": 1, "Customer": 1, "Payment": 1},
        "company": "Fidelity",
        "currency": "USD",
        "attachment": "kept",
        "pdf": "%PDF-",
        "batch": {"successes": 2, "faults": ["6240"]},
        "deleted": {"successes": 3, "faults": 0},
        "revoked": True,
        "after_revoke": 400,
    }
