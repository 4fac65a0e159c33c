"""Whether one tenant's first sync slows another tenant's work: latencies while nothing goes on, and during it.

    python benchmarks/fairness.py [--records 100000] [--samples 40] [--seed 1] [--json]

Brings up a portal of its own as `./bin/portal up` does (PostgreSQL, broker, web, workers, beat; nothing of the
environment is used) and a sandbox of its own that answers every call after 0.2 s. A small tenant does, over and over:

- page: a partner's GET of a page of contacts;
- question: a trial balance asked of the ledger now, until its answer is stored;
- posting: a new contact, until it is posted.

First with nothing else going on, then while a large tenant's company with `--records` old invoices is read for the
first time, then again with nothing else. Exit status 1 when a p95 during the sync is more than 1.25 times that without,
or when the sync ended before a quarter of the samples was taken.
"""

import argparse
import json
import os
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.chaos import portal_of_its_own  # noqa: E402 - run as a script, the project is found now
from benchmarks.chaos_load import called, fresh_token  # noqa: E402
from benchmarks.faults import sandbox_process  # noqa: E402

MOST = 1.25
_LATENCY = 0.2
_SMALL = {"contacts": 40, "invoices": 40, "bills": 10, "payments": 5, "bank_lines": 0, "months": 4}
_PATIENCE = 60.0


@dataclass
class Tenant:
    """A tenant with one connection to one company."""

    tenant: Any
    connection: Any
    web: str
    token: str = ""

    @classmethod
    def connected(cls, sandbox: Any, web: str, slug: str, sizes: dict[str, int], seed: int) -> "Tenant":
        """Founded, connected, not yet read."""
        from integrations.services.autoconsent import connect_by_itself
        from tenants.services import create_partner, create_tenant

        order = {"ledger": "quickbooks", "name": slug.title(), "currency": "USD", "country": "US", "seed": seed}
        company = sandbox.call("/_control/organisations", {**order, **sizes})
        tenant = create_tenant(slug=slug, name=slug.title(), currency="USD")
        done = connect_by_itself(
            tenant=tenant, connector="quickbooks", redirect_uri=f"{web}/callback", org=str(company["external_org_id"])
        )
        assert done.connection is not None, done.error
        keys = create_partner(name=slug, tenant=tenant, scopes=("contacts:read",))
        return cls(tenant, done.connection, web, fresh_token(web, keys))

    def sync(self, resource: str = "") -> Any:
        """Ask for a first sync and ring for it."""
        from integrations.services.sync import request_sync
        from integrations.tasks import run_sync
        from tenants.rls import tenant_scope

        with tenant_scope(self.tenant.pk, source="command"):
            names = [resource] if resource else []
            run = request_sync(connection=self.connection, trigger="initial", is_full=True, resources=names)
        run_sync.delay(str(run.tenant_id), str(run.pk))
        return run

    def page(self) -> None:
        """A page of contacts."""
        url = f"{self.web}/api/v1/contacts?connection={self.connection.pk}&limit=25"
        assert called(url, headers={"Authorization": f"Bearer {self.token}"})["results"]

    def question(self) -> None:
        """The trial balance as the ledger has it now."""
        from datetime import timedelta

        from integrations.models import Fetch
        from integrations.services.fetching import request_fetch
        from integrations.tasks import perform_fetch
        from tenants.rls import tenant_scope

        with tenant_scope(self.tenant.pk, source="command"):
            fetch = request_fetch(
                connection=self.connection,
                kind=Fetch.Kind.REPORT,
                params={"name": "trial_balance"},
                fresh=timedelta(0),
            )
        perform_fetch.delay(str(fetch.tenant_id), str(fetch.pk))
        self._wait_for(fetch, "done")

    def posting(self) -> None:
        """A new contact."""
        from integrations.services.postings import request_posting
        from integrations.tasks import send_posting
        from tenants.rls import tenant_scope

        with tenant_scope(self.tenant.pk, source="command"):
            posting = request_posting(
                connection=self.connection,
                resource="contacts",
                body={"name": f"Fair {uuid4()}", "contact_type": "customer"},
                origin_kind="benchmark",
            )
        send_posting.delay(str(posting.tenant_id), str(posting.pk))
        self._wait_for(posting, "posted")

    def _wait_for(self, row: Any, status: str) -> None:
        deadline = time.monotonic() + _PATIENCE
        while (found := self.status_of(row)) != status:
            is_hopeless = found == "failed" or time.monotonic() > deadline
            assert not is_hopeless, f"{row.pk} is {found}, wanted {status}: {row.error}"
            time.sleep(0.01)

    def status_of(self, row: Any) -> str:
        """What its row says."""
        from tenants.rls import tenant_scope

        with tenant_scope(self.tenant.pk):
            row.refresh_from_db(fields=["status", "error"])
        return str(row.status)


def sampled(small: Tenant, samples: int, goes_on: Callable[[], bool] = lambda: True) -> dict[str, list[float]]:
    """Seconds of each kind of work, one after the other, so often at most, as long as something goes on."""
    found: dict[str, list[float]] = {"page": [], "question": [], "posting": []}
    for _ in range(samples):
        if not goes_on():
            break
        for name, seconds in found.items():
            began = time.monotonic()
            getattr(small, name)()
            seconds.append(time.monotonic() - began)
    return found


def p95(seconds: list[float]) -> float:
    """The 95th percentile, interpolated."""
    return statistics.quantiles(seconds, n=20, method="inclusive")[-1]


def run(options: argparse.Namespace) -> dict[str, Any]:
    """The whole benchmark; the dict is what --json prints."""
    with (
        sandbox_process(0, options.seed) as sandbox,
        portal_of_its_own(keep=False, ledgers=sandbox.url, haste=False) as portal,
    ):
        import django

        django.setup()
        web = portal.supervisor.url
        small = Tenant.connected(sandbox, web, "small", _SMALL, options.seed)
        large = Tenant.connected(sandbox, web, "large", {**_SMALL, "archived": options.records}, options.seed + 1)
        small._wait_for(small.sync(), "succeeded")
        sandbox.call("/_control/faults", {"ledger": "quickbooks", "action": {"delay": {"seconds": _LATENCY}}})
        sampled(small, 3)
        before = sampled(small, options.samples)
        first = large.sync("invoices")
        while large.status_of(first) != "running":
            time.sleep(0.05)
        during = sampled(small, options.samples, lambda: large.status_of(first) == "running")
        read = _records_of(large, first)
        _cancel(large, first)
        after = sampled(small, options.samples)
    result: dict[str, Any] = {"records_read_meanwhile": read, "samples": len(during["page"])}
    for name in during:
        idle, busy = p95([*before[name], *after[name]]), p95(during[name])
        result[name] = {"idle_p95": round(idle, 4), "during_p95": round(busy, 4), "ratio": round(busy / idle, 3)}
    result["load"] = round(os.getloadavg()[0], 1)
    return result


def _records_of(large: Tenant, run: Any) -> int:
    from tenants.rls import tenant_scope

    with tenant_scope(large.tenant.pk):
        run.refresh_from_db()
    return int(run.records)


def _cancel(large: Tenant, run: Any) -> None:
    from django.core.exceptions import ValidationError

    from integrations.services.sync import cancel_sync
    from tenants.rls import tenant_scope

    with tenant_scope(large.tenant.pk, source="command"):
        try:
            cancel_sync(run)
        except ValidationError:
            return  # It is over.


def main() -> int:
    """Parse, run, print; 1 when the other tenant was slowed down."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=100_000)
    parser.add_argument("--samples", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    result = run(options)
    if options.json:
        print(json.dumps(result))
    else:
        print("\n".join(f"{name:<22} {value}" for name, value in result.items()))
    ratios = [value["ratio"] for value in result.values() if isinstance(value, dict)]
    return 0 if max(ratios) <= MOST and result["samples"] >= options.samples / 4 else 1


if __name__ == "__main__":
    raise SystemExit(main())
