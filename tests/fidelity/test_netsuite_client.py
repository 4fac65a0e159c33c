"""Proof of fidelity: the community's NetSuite client works against the sandbox, unchanged."""

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
    body = {"ledger": "netsuite", "name": "Fidelity", "country": "US", "seed": 3, "purchase_orders": 3}
    connection.request("POST", "/_control/organisations", json.dumps(body))
    made = json.loads(connection.getresponse().read())
    connection.close()
    return json.dumps(made["credentials"]["tokens"])


def test_the_netsuite_client_does_a_full_round(python: str, sandbox: int) -> None:
    command = [python, str(HERE / "netsuite_round.py"), f"http://127.0.0.1:{sandbox}", _credentials(sandbox)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    seen: dict[str, Any] = json.loads(done.stdout)
    assert seen == {
        "bill": ["FID-1", 125.5, "Fidelity Supplies"],
        "project": "Warehouse",
        "status": "Paid In Full",
        "delete_paid": [400, "USER_ERROR"],
        "memo": "changed",
        "upserted": "1",
        "deleted": True,
        "missing": [404, "NONEXISTENT_ID"],
        "unknown_name": [400, "INVALID_CONTENT"],
        "bad_query": [400, "INVALID_PARAMETER"],
        "listed": 1,
        "walked": True,
        "order": "Purchase Order : Pending Receipt",
        "custom": "Supplier Reference",
        "catalog": ["invoice", "vendorBill"],
        "limit": 5,
        "wrong_secret": [401, "INVALID_LOGIN"],
    }
