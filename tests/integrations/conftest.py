"""A real sandbox process beside the test database, and a company in it."""

import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from integrations.models import Connection
from tests.conftest import Actors

ROOT = Path(__file__).resolve().parents[2]
CLIENT = "portal-under-test"


@dataclass(frozen=True)
class Company:
    """One organisation in the sandbox, seen from its owner's side."""

    sandbox: "Sandbox"
    id: str
    realm: str

    def documents(self, resource: str) -> list[dict[str, Any]]:
        """The true books."""
        found = self.sandbox.get(f"/_control/organisations/{self.id}/documents?resource={resource}")
        rows: list[dict[str, Any]] = found["documents"]
        return rows

    def change(self, **order: Any) -> dict[str, Any]:
        """Act as a user of the ledger."""
        return self.sandbox.post(f"/_control/organisations/{self.id}/changes", order)

    def is_balanced(self) -> bool:
        """Whether the trial balance sums to zero."""
        return Decimal(self.sandbox.get(f"/_control/organisations/{self.id}/trial_balance")["difference"]) == 0


@dataclass(frozen=True)
class Sandbox:
    """The simulated ledgers' control API."""

    url: str

    def get(self, path: str) -> dict[str, Any]:
        """GET, parsed with exact decimals."""
        return self._call(urllib.request.Request(self.url + path))

    def post(self, path: str, body: Any) -> dict[str, Any]:
        """POST JSON."""
        data = json.dumps(body).encode()
        return self._call(urllib.request.Request(self.url + path, data, {"Content-Type": "application/json"}))

    def fault(self, action: Any, **options: Any) -> None:
        """Put a fault in force."""
        self.post("/_control/faults", {"ledger": "quickbooks", "action": action, **options})

    def lift_faults(self) -> None:
        """No faults any more."""
        self._call(urllib.request.Request(f"{self.url}/_control/faults", method="DELETE"))

    def calls(self, *kinds: str) -> list[dict[str, Any]]:
        """Calls received, OAuth left out unless asked for."""
        found = self.get("/_control/calls")["calls"]
        return [call for call in found if (call["kind"] in kinds if kinds else call["kind"] != "oauth")]

    def company(self, **specification: Any) -> Company:
        """A company with history."""
        sizes = {"contacts": 4, "invoices": 4, "bills": 3, "payments": 2, "bank_lines": 0, "months": 2}
        body = {"ledger": "quickbooks", "name": "Books", "currency": "USD", "country": "US", "seed": 7}
        made = self.post("/_control/organisations", {**body, **sizes, **specification})
        return Company(self, str(made["id"]), str(made["external_org_id"]))

    def _call(self, request: urllib.request.Request) -> dict[str, Any]:
        with urllib.request.urlopen(request, timeout=30) as response:
            found: dict[str, Any] = json.loads(response.read(), parse_float=Decimal)
        return found


@pytest.fixture(scope="session")
def sandbox_process() -> Iterator[Sandbox]:
    """One sandbox process for the session, on a port of its own."""
    command = [sys.executable, "-m", "integrations.sandbox", "--port", "0", "--client", f"{CLIENT}:{CLIENT}"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            assert "ready" in line, "the sandbox did not start"
            yield Sandbox(line.split()[-1])
        finally:
            process.terminate()
            process.wait(timeout=10)


@pytest.fixture
def sandbox(sandbox_process: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Sandbox:
    """The empty sandbox, to which every ledger address of this process points."""
    for name in [name for name in os.environ if name.startswith("PORTAL_QUICKBOOKS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PORTAL_SANDBOX_URL", sandbox_process.url)
    monkeypatch.setenv("PORTAL_QUICKBOOKS_CLIENT_ID", CLIENT)
    monkeypatch.setenv("PORTAL_QUICKBOOKS_CLIENT_SECRET", CLIENT)
    sandbox_process.post("/_control/reset", {})
    sandbox_process.lift_faults()
    return sandbox_process


@pytest.fixture
def company(sandbox: Sandbox) -> Company:
    """A small US company."""
    return sandbox.company()


@pytest.fixture
def connected(acme: Actors, company: Company) -> Connection:
    """Acme's connection to it, authorised over the real protocol; its first sync is requested and has not run."""
    from integrations.services.autoconsent import connect_by_itself

    done = connect_by_itself(
        tenant=acme.tenant, connector="quickbooks", redirect_uri="https://portal.test/callback", org=company.realm
    )
    assert done.connection is not None, done.error
    return done.connection
