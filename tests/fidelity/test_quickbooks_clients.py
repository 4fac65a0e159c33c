"""Proof of fidelity: the real client libraries of QuickBooks work against the sandbox, unchanged.

They live in an environment of their own (.portal/fidelity-venv), because they pin what the portal does not.
"""

import http.client
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent
ENVIRONMENT = ROOT / ".portal" / "fidelity-venv"

pytestmark = pytest.mark.integration


def _uv() -> str | None:
    beside = Path(sys.executable).with_name("uv")
    return str(beside) if beside.exists() else shutil.which("uv")


def _run(*command: str) -> None:
    """Run an installer; its last words become the reason to skip."""
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        pytest.skip(f"the client libraries cannot be installed: {error}")
    if done.returncode:
        words = (done.stderr or done.stdout).strip().splitlines() or ["no reason given"]
        pytest.skip(f"the client libraries cannot be installed: {words[-1].strip()}")


@pytest.fixture(scope="module")
def python() -> str:
    """The interpreter of the clients' environment, built when it is missing or its requirements changed."""
    requirements = HERE / "requirements.txt"
    mark, found = ENVIRONMENT / "requirements.sha256", ENVIRONMENT / "bin" / "python"
    wanted = sha256(requirements.read_bytes()).hexdigest()
    if found.exists() and mark.exists() and mark.read_text() == wanted:
        return str(found)
    shutil.rmtree(ENVIRONMENT, ignore_errors=True)
    ENVIRONMENT.parent.mkdir(exist_ok=True)
    uv = _uv()
    if uv:
        _run(uv, "venv", "--python", sys.executable, str(ENVIRONMENT))
        _run(uv, "pip", "install", "--python", str(found), "-r", str(requirements))
    else:
        _run(sys.executable, "-m", "venv", str(ENVIRONMENT))
        _run(str(found), "-m", "pip", "install", "--disable-pip-version-check", "-r", str(requirements))
    mark.write_text(wanted)
    return str(found)


@pytest.fixture
def sandbox() -> Iterator[int]:
    """A sandbox process on a free port; its limits never strike."""
    command = [sys.executable, "-m", "integrations.sandbox", "--port", "0", "--time-scale", "1000"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            match = re.search(r":(\d+)$", process.stdout.readline().strip())
            assert match
            yield int(match[1])
        finally:
            process.kill()


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
