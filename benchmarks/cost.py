"""What it costs to know what changed: calls and bytes per changed record, and calls a day, for each ledger.

    python benchmarks/cost.py [--ledgers xero zoho_books] [--documents 2000] [--changes 0 1 10 100] [--json]

Starts a sandbox of its own for each ledger and uses the database of DATABASE_URL (a tenant `cost-…` is added to it). A
company is read in full; then its user creates some invoices and a scheduled sync of everything looks for them. The five
minutes that every question goes back are taken as one second here, as if that long had passed since the last change.
Bytes are those of the answers as received. The day is a simulation by the portal's own rule (`engine.rhythm`): how many
calls a day of polling costs when nothing changes, and on a working day with 20 changes an hour from nine to five.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
os.environ["LOG_LEVEL"] = "ERROR"
sys.path.insert(0, str(ROOT))

BUSY_PER_HOUR = 20
"""Changes of an invoice, a payment or a contact in a working hour."""

_MOST_TURNS = 20
_BUSY = ("invoices", "payments", "contacts")
_DAY = datetime(2026, 11, 18, tzinfo=UTC)


def measured(ledger: str, options: argparse.Namespace) -> list[dict[str, Any]]:
    """A row for the full sync and one for each number of changes."""
    import django

    from benchmarks.faults import CLIENT, connect_all, sandbox_process
    from benchmarks.loading import lift_limits

    name = ledger.upper()
    os.environ |= {f"PORTAL_{name}_CLIENT_ID": CLIENT, f"PORTAL_{name}_CLIENT_SECRET": CLIENT}
    share = options.documents // 4
    sizes = {"contacts": 120, "invoices": share, "bills": share, "payments": share, "months": 12, "bank_lines": share}
    with sandbox_process(1, options.seed, sizes, ledger, "--time-scale", "60") as sandbox:
        django.setup()
        from integrations.services import pulling

        pulling.OVERLAP = timedelta(seconds=1)
        lift_limits(ledger)
        (connection,) = connect_all(sandbox, int(time.time()) % 1_000_000, name="cost")
        rows = [synced(connection, "full", 0)]
        for count in options.changes:
            time.sleep(1.5)
            create(sandbox, count)
            rows.append(synced(connection, "changes", count))
    return [{"ledger": ledger, **row} for row in rows]


def create(sandbox: Any, count: int) -> None:
    """The user of the ledger writes so many invoices."""
    address = f"/_control/organisations/{sandbox.companies[0]['id']}/changes"
    for number in range(count):
        order = {"action": "create", "resource": "invoices", "amount": "12.50", "date": "2026-11-02"}
        sandbox.call(address, {**order, "number": f"C{count}-{number}"})


def synced(connection: Any, kind: str, made: int) -> dict[str, Any]:
    """One sync of everything, with its calls and bytes."""
    from django.db.models import Sum
    from django.utils import timezone

    from benchmarks.sync import in_a_worker, request
    from integrations.models import ApiCall, SyncRun
    from tenants.rls import tenant_scope

    with tenant_scope(connection.tenant_id, source="command"):
        ApiCall.objects.filter(connection=connection).delete()
    run = request(connection, is_full=False)
    for _ in range(_MOST_TURNS):
        in_a_worker(connection.tenant_id, run.pk)
        with tenant_scope(connection.tenant_id):
            run = SyncRun.objects.get(pk=run.pk)
            if run.status != SyncRun.Status.QUEUED:
                break
            # The ledger asked to slow down; its clock runs faster here than what it says.
            SyncRun.objects.filter(pk=run.pk).update(available_at=timezone.now())
        time.sleep(1.5)
    with tenant_scope(connection.tenant_id):
        size = ApiCall.objects.filter(sync_run=run).aggregate(bytes=Sum("bytes_received"))["bytes"] or 0
    if run.status != SyncRun.Status.SUCCEEDED:
        raise SystemExit(f"{connection}: {run.status} {run.error}")
    each = {"calls_each": run.calls / made, "bytes_each": size / made} if made else {}
    return {"sync": kind, "made": made, "changed": run.changed, "calls": run.calls, "bytes": size, **each}


def day(ledger: str, per_hour: float, *, announced: bool = False) -> int:
    """Calls that a day of polling costs, by the portal's own rule, from a quiet night on."""
    from integrations.engine import manifest
    from integrations.services.connectors import readable_resources

    connector = manifest.load(ledger)
    told = frozenset(readable_resources(connector)) if announced else frozenset()
    return sum(polled(connector, per_hour, told))


def polled(connector: Any, per_hour: float, told: frozenset[str]) -> Iterator[int]:
    """The calls of each poll of a day, one after the other."""
    from integrations.engine.rhythm import average, next_due
    from integrations.services.connectors import readable_resources
    from integrations.services.scheduling import questions

    names = readable_resources(connector)
    rates, asked, due = dict.fromkeys(names, 0.0), dict.fromkeys(names, _DAY), dict.fromkeys(names, _DAY)
    while (now := min(due.values())) < _DAY + timedelta(days=1):
        every = questions(connector, rates=rates, announced=told, longest=connector.limits.sync_minutes)
        for subject in every:
            if min(due[name] for name in subject.names) > now:
                continue
            yield int(subject.calls)
            for name in subject.names:
                found = 0 if name in told or name not in _BUSY else changes(asked[name], now, per_hour / len(_BUSY))
                rates[name] = average(rates[name], found, (now - asked[name]) / timedelta(hours=1))
                asked[name] = now
        later = questions(connector, rates=rates, announced=told, longest=connector.limits.sync_minutes)
        moments = next_due(later, now=now, calls_per_hour=None)
        due |= {name: moment for name, moment in moments.items() if asked[name] == now}


def changes(since: datetime, until: datetime, per_hour: float) -> int:
    """How many changes an even working day holds between two moments."""

    def so_far(moment: datetime) -> float:
        worked = (moment - _DAY - timedelta(hours=9)) / timedelta(hours=1)
        return per_hour * min(max(worked, 0.0), 8.0)

    return int(so_far(until)) - int(so_far(since))


def main() -> int:
    """Parse, run, print; 1 when a sync found not what was made."""
    from integrations.engine import manifest

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ledgers", nargs="*", default=sorted(manifest.names()))
    parser.add_argument("--documents", type=int, default=2000)
    parser.add_argument("--changes", type=int, nargs="*", default=[0, 1, 10, 100])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    rows = [row for ledger in options.ledgers for row in measured(ledger, options)]
    days = [
        {
            "ledger": name,
            "idle": day(name, 0),
            "busy": day(name, BUSY_PER_HOUR),
            "webhooks": day(name, 0, announced=True),
        }
        for name in options.ledgers
    ]
    if options.json:
        print(json.dumps({"syncs": rows, "days": days}))
    else:
        show(rows, days)
    return 0 if all(row["changed"] >= row["made"] for row in rows) else 1


def show(rows: list[dict[str, Any]], days: list[dict[str, Any]]) -> None:
    """Two tables."""
    heads = f"{'made':>5} {'changed':>8} {'calls':>6} {'bytes':>10} {'calls/rec':>10} {'bytes/rec':>10}"
    print(f"{'ledger':<13} {'sync':<8} {heads}")
    for row in rows:
        each = f"{row['calls_each']:>10.2f} {row['bytes_each']:>10.0f}" if row["made"] else f"{'–':>10} {'–':>10}"
        print(
            f"{row['ledger']:<13} {row['sync']:<8} {row['made']:>5} {row['changed']:>8} {row['calls']:>6} "
            f"{row['bytes']:>10} {each}"
        )
    print(f"\n{'calls a day':<13} {'idle':>6} {'busy':>6} {'idle, with webhooks':>20}")
    for row in days:
        print(f"{row['ledger']:<13} {row['idle']:>6} {row['busy']:>6} {row['webhooks']:>20}")


if __name__ == "__main__":
    raise SystemExit(main())
