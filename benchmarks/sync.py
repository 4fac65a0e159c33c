"""A full sync of a company with thousands of documents, then an unchanged one: seconds, calls, memory of the worker.

    python benchmarks/sync.py [--documents 2400] [--seed 1] [--json]

Starts a sandbox of its own and uses the database of DATABASE_URL (a tenant `sync-…` is added to it). The worker is a
process of its own, so that its peak memory (resident set) is the worker's and nobody else's. The fewest calls that the
protocol allows is one per page of 1,000 of every entity; the books say how many that is.
"""

import argparse
import json
import os
import resource
import sys
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
os.environ["LOG_LEVEL"] = "ERROR"
sys.path.insert(0, str(ROOT))

_DOCUMENTS = (
    "invoices", "credit_notes", "payments", "bills", "vendor_credits", "bill_payments", "purchase_orders", "expenses",
    "journal_entries",
)  # fmt: skip


def in_a_worker(tenant_id: Any, run_id: Any) -> dict[str, float]:
    """Run one sync in a fork of this process; its seconds, processor seconds and peak memory in megabytes."""
    from django.db import connections

    from integrations.services.sync import run_sync
    from portal.celery import settle

    connections.close_all()
    settle()
    began = time.monotonic()
    pid = os.fork()
    if pid == 0:
        try:
            run_sync(tenant_id, run_id)
        finally:
            os._exit(0)
    _, _, usage = os.wait4(pid, 0)
    return {
        "seconds": round(time.monotonic() - began, 2),
        "cpu_seconds": round(usage.ru_utime + usage.ru_stime, 2),
        "peak_mb": round(usage.ru_maxrss / 1024, 1),
    }


def request(connection: Any, *, is_full: bool) -> Any:
    """Write down a sync."""
    from integrations.services.sync import request_sync
    from tenants.rls import tenant_scope

    with tenant_scope(connection.tenant_id, source="command"):
        return request_sync(connection=connection, trigger="schedule", is_full=is_full)


def outcome(run: Any, usage: dict[str, float]) -> dict[str, Any]:
    """What the run's row says, with the worker's usage."""
    from tenants.rls import tenant_scope

    with tenant_scope(run.tenant_id):
        run.refresh_from_db()
    counts = {name: getattr(run, name) for name in ("status", "records", "changed", "deleted", "calls", "throttled")}
    return {**counts, **usage, "error": run.error}


def unchanged(connection: Any) -> Any:
    """Ask for a sync as it is some minutes later: nothing has changed within the overlap."""
    from datetime import timedelta

    from django.db.models import F

    from integrations.models import SyncCursor
    from integrations.services.pulling import OVERLAP
    from tenants.rls import tenant_scope

    with tenant_scope(connection.tenant_id):
        later = F("changed_through") + OVERLAP + timedelta(minutes=1)
        SyncCursor.objects.filter(connection=connection).update(changed_through=later)
    return request(connection, is_full=False)


def fewest_calls(sandbox: Any, company: dict[str, Any]) -> tuple[int, int]:
    """(documents, least calls): one per started thousand of every entity that a sync reads, from the books."""
    from integrations.engine import manifest

    connector = manifest.load("quickbooks")
    entities = {kind for each in connector.resources.values() for kind in each.entities}
    lookups = {lookup.entity for each in connector.resources.values() for lookup in each.lookups.values()}
    calls = 0
    for name in entities | lookups:
        found = sandbox.call(f"/_control/organisations/{company['id']}/documents?resource={name}")["count"]
        calls += max(1, -(-found // 1000))
    documents = sum(
        sandbox.call(f"/_control/organisations/{company['id']}/documents?resource={name}")["count"]
        for name in _DOCUMENTS
    )
    return documents, calls


def run(options: argparse.Namespace) -> dict[str, Any]:
    """The whole benchmark; the dict is what --json prints."""
    import django

    from benchmarks.faults import connect_all, sandbox_process

    share = options.documents // 8
    sizes = {"contacts": 120, "invoices": share * 3, "bills": share * 2, "payments": share * 2, "months": 18}
    sizes |= {"bank_lines": share}
    with sandbox_process(1, options.seed, sizes=sizes) as sandbox:
        django.setup()
        (connection,) = connect_all(sandbox, options.seed, name="sync")
        documents, least = fewest_calls(sandbox, sandbox.companies[0])
        first = request(connection, is_full=False)
        full = outcome(first, in_a_worker(connection.tenant_id, first.pk))
        second = unchanged(connection)
        again = outcome(second, in_a_worker(connection.tenant_id, second.pk))
    base = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1)
    return {"documents": documents, "fewest_calls": least, "full": full, "unchanged": again, "idle_mb": base}


def main() -> int:
    """Parse, run, print; 1 when a sync failed or the unchanged one took more than one call."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=int, default=2400)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    result = run(options)
    is_kept = (
        result["full"]["status"] == result["unchanged"]["status"] == "succeeded" and result["unchanged"]["calls"] == 1
    )
    if options.json:
        print(json.dumps(result, default=str))
    else:
        print(f"documents {result['documents']}, fewest calls possible {result['fewest_calls']}")
        for name in ("full", "unchanged"):
            print(f"{name:<10}", ", ".join(f"{key} {value}" for key, value in result[name].items()))
    return 0 if is_kept else 1


if __name__ == "__main__":
    raise SystemExit(main())
