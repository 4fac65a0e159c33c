"""The pace of first syncs at a ledger's real limits, against the least time and the fewest calls that these allow.

    python benchmarks/pace.py [--ledger xero] [--connections 1] [--invoices 10000] [--page 100] [--workers 1]
                              [--seed 1] [--json]

Starts a sandbox of its own, which counts calls as the ledger does and answers each after 150 to 250 ms, and uses the
database of DATABASE_URL (a tenant `pace-…` is added to it). `--page` asks for pages of so many records instead of the
manifest's. Workers are processes of their own with a thread for every run, as the portal's worker for backfills is.
The floor is a greedy simulation (`floors.py`): every call leaves the moment the ledger's own limits allow. The heard
floor is the same with the seconds that the sandbox really took, and with the first page, which tells how many there
are, before the others. Exit status 1 when a run failed, a call was refused for speed, or more than 1.05 times the
fewest calls were made. Wall time is printed with the machine's load and judged by whoever reads it: a busy machine
makes it worse.
"""

import argparse
import json
import os
import sys
import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
os.environ["LOG_LEVEL"] = "ERROR"
sys.path.insert(0, str(ROOT))

LATENCY = (0.15, 0.25)
# Calls made while connecting count in the first window: they must have left it.
_QUIET_SECONDS = 61.0
# A run that was put back for longer is left, and its status says so.
_LONGEST_WAIT_SECONDS = 120.0
# Lists whose next page is known only from the page before.
_CHAINED = ("netsuite",)


def small_pages(ledger: str, size: int) -> None:
    """Make every list of a connector ask for so many records a page, in this process and its forks."""
    from integrations.engine import manifest

    for declared in manifest.load(ledger).resources.values():
        for entity in declared.entities.values():
            object.__setattr__(entity.paging, "size", min(size, entity.paging.size))


def warm(connections: list[Any], resource: str) -> None:
    """Read every list once: the simulated ledger keeps the JSON of its rows, for a real one has its own processors."""
    from integrations.services import ledgers
    from integrations.services.calls import Recorder

    for connection in connections:
        with ledgers.open_ledger(connection, recorder=Recorder(connection), lane="backfill") as session:
            for _ in session.ledger.pages(resource):
                pass


def requested(connections: list[Any], resource: str) -> list[Any]:
    """A first full sync of one resource for each connection; nothing else is waiting."""
    from integrations.models import SyncRun
    from integrations.services.sync import request_sync
    from tenants.rls import tenant_scope

    with tenant_scope(connections[0].tenant_id, source="command"):
        SyncRun.objects.all().delete()
        return [
            request_sync(connection=each, trigger="initial", is_full=True, resources=[resource]) for each in connections
        ]


def in_workers(runs: list[Any], workers: int) -> tuple[float, float, float, int]:
    """Run the syncs in forked processes; wall seconds, processor seconds, the biggest process in megabytes, and how
    many of them broke off (each has said why)."""
    from django.db import connections

    from portal.celery import settle

    connections.close_all()
    settle()
    began, pids = time.monotonic(), []
    for place in range(workers):
        pid = os.fork()
        if pid == 0:
            code = 1
            try:
                _work(runs[place::workers])
                code = 0
            except Exception:  # noqa: BLE001 - the process ends here, and nobody else would say it
                traceback.print_exc()
            finally:
                os._exit(code)
        pids.append(pid)
    seconds, biggest, broken = 0.0, 0.0, 0
    for pid in pids:
        _, status, usage = os.wait4(pid, 0)
        broken += status != 0
        seconds += usage.ru_utime + usage.ru_stime
        biggest = max(biggest, usage.ru_maxrss / 1024)
    return time.monotonic() - began, seconds, biggest, broken


def _work(runs: list[Any]) -> None:
    from django.db import connections

    from integrations.services.sync import run_sync

    def one(run: Any) -> None:
        # What was put back is due later, and taken by nobody sooner.
        while (found := run_sync(run.tenant_id, run.pk)) is not None and found.status == "queued":
            wait = (found.available_at - datetime.now(UTC)).total_seconds()
            time.sleep(min(max(wait, 0.05), _LONGEST_WAIT_SECONDS))
        connections.close_all()

    with ThreadPoolExecutor(max(len(runs), 1)) as pool:
        for future in [pool.submit(one, run) for run in runs]:
            future.result()


def told(runs: list[Any]) -> dict[str, Any]:
    """What became of the runs, from their rows."""
    from integrations.models import SyncRun
    from tenants.rls import tenant_scope

    with tenant_scope(runs[0].tenant_id):
        rows = list(SyncRun.objects.filter(pk__in=[run.pk for run in runs]))
    longest = max(row.seconds or 0.0 for row in rows)
    return {
        "statuses": sorted({row.status for row in rows}),
        "errors": sorted({str(row.error.get("message", "")) for row in rows} - {""}),
        "records": sum(row.records for row in rows),
        "longest_run": round(longest, 2),
    }


def fewest(sandbox: Any, resource: str, size: int) -> int:
    """One call for each page that there is, of every kind of record of the resource."""
    from integrations.engine import manifest

    kinds = manifest.load(sandbox.ledger).resources[resource].entities
    total = 0
    for company in sandbox.companies:
        listed = sandbox.call(f"/_control/organisations/{company['id']}/documents?resource={resource}")["count"]
        total += max(1, -(-listed // size)) + len(kinds) - 1
    return total


def fewest_for_lines(connections: list[Any], resource: str) -> int:
    """One call for each full page of lines, where they are a list of their own; counted in the mirror, after the run.

    As if pages were independent of the records that they belong to. Lists under lines (taxes) are asked once a page of
    lines, too.
    """
    from django.db.models import IntegerField, Sum
    from django.db.models.expressions import RawSQL

    from integrations.models import LedgerRecord
    from integrations.services.connectors import connector_of
    from tenants.rls import tenant_scope

    (entity, *_) = connector_of(connections[0]).resources[resource].entities.values()
    settings = connector_of(connections[0]).settings
    there = [part for part in entity.parts if all(settings[name].default == value for name, value in part.only.items())]
    total = 0
    for connection in connections if there else []:
        with tenant_scope(connection.tenant_id):
            lines = RawSQL("jsonb_array_length(coalesce(unified->'lines', '[]'))", (), output_field=IntegerField())
            rows = LedgerRecord.objects.for_tenant(connection.tenant_id).of(connection, resource)
            count = rows.aggregate(lines=Sum(lines))["lines"] or 0
        total += sum(max(1, -(-count // part.listing.size)) for part in there)
    return total


def heard_floor(calls: list[dict[str, Any]], ledger: str) -> float:
    """The floor with the seconds that the sandbox itself took for each call, of the slowest connection.

    The first page tells how many there are: the others cannot leave before its answer.
    """
    from benchmarks.floors import ALLOWED, greedy

    taken: dict[str, list[float]] = {}
    for call in sorted(calls, key=lambda each: each["seq"]):
        taken.setdefault(call["org"], []).append(float(call["seconds"]))
    floors = [greedy(each, ALLOWED[ledger], chained=len(each) if ledger in _CHAINED else 2) for each in taken.values()]
    return max(floors)


def against_floors(
    wall: float, calls_each: int, calls: list[dict[str, Any]], options: argparse.Namespace
) -> dict[str, float]:
    """The wall time and its ratios to both floors."""
    from benchmarks.floors import ALLOWED, slowest_floor

    chained = calls_each if options.ledger in _CHAINED else 0
    floor = slowest_floor(options.connections, calls_each, ALLOWED[options.ledger], LATENCY, chained=chained)
    heard = heard_floor(calls, options.ledger)
    return {
        "wall": round(wall, 2),
        "floor": round(floor, 2),
        "wall_ratio": round(wall / floor, 4),
        "heard_floor": round(heard, 2),
        "heard_ratio": round(wall / heard, 4),
    }


def timeline(calls: list[dict[str, Any]], began: float, wall: float) -> dict[str, Any]:
    """Where the seconds went that are not the ledger's: before the first call and after the last."""
    moments = sorted(datetime.fromisoformat(call["time"]).timestamp() - began for call in calls)
    return {"first_call_after": round(moments[0], 2), "after_last_call": round(wall - moments[-1], 2)}


def run(options: argparse.Namespace) -> dict[str, Any]:
    """The whole benchmark; the dict is what --json prints."""
    import django

    from benchmarks.faults import connect_all, sandbox_process

    sizes = {"contacts": 20, "invoices": options.invoices, "bills": 0, "payments": 0, "bank_lines": 0, "months": 18}
    sizes["credit_notes"] = 0
    with sandbox_process(options.connections, options.seed, sizes=sizes, ledger=options.ledger) as sandbox:
        django.setup()
        connections = connect_all(sandbox, options.seed, name="pace")
        warm(connections, "invoices")
        small_pages(options.ledger, options.page)
        runs = requested(connections, "invoices")
        least = fewest(sandbox, "invoices", options.page)
        path = "/invoices" if options.ledger == "zoho_books" else ""
        sandbox.call("/_control/faults", {"ledger": options.ledger, "path": path, "action": {
            "delay": {"seconds": LATENCY[0], "to": LATENCY[1]}}, "seed": options.seed})  # fmt: skip
        mark = sandbox.call("/_control/calls")["calls"][-1]["seq"]
        time.sleep(_QUIET_SECONDS)
        load = os.getloadavg()[0]
        began = time.time()
        wall, cpu, memory, broken = in_workers(runs, options.workers)
        calls = [each for each in sandbox.call(f"/_control/calls?since={mark}")["calls"] if each["kind"] != "oauth"]
        least += fewest_for_lines(connections, "invoices")
        if not calls:
            raise SystemExit(f"No call was made: {told(runs)}")
    return {
        "ledger": options.ledger,
        "connections": options.connections,
        "invoices_each": options.invoices,
        "page": options.page,
        "workers": options.workers,
        "workers_broken_off": broken,
        **told(runs),
        **against_floors(wall, least // options.connections, calls, options),
        "calls": len(calls),
        "fewest_calls": least,
        "calls_ratio": round(len(calls) / least, 4),
        "over_limit": sum(bool(call["over_limit"]) for call in calls),
        **timeline(calls, began, wall),
        "cpu_seconds": round(cpu, 2),
        "cpu_ms_a_call": round(1000 * cpu / max(len(calls), 1), 2),
        "peak_mb": round(memory, 1),
        "load_before_and_after": [round(load, 1), round(os.getloadavg()[0], 1)],
    }


def main() -> int:
    """Parse, run, print; 1 when a promise that a busy machine cannot break was broken."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ledger", default="xero")
    parser.add_argument("--connections", type=int, default=1)
    parser.add_argument("--invoices", type=int, default=10_000)
    parser.add_argument("--page", type=int, default=100, help="records a page, at most what the manifest asks for")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    result = run(options)
    if options.json:
        print(json.dumps(result, default=str))
    else:
        print("\n".join(f"{name.replace('_', ' '):<22} {value}" for name, value in result.items()))
    is_kept = (
        result["statuses"] == ["succeeded"]
        and not result["workers_broken_off"]
        and not result["over_limit"]
        and result["calls_ratio"] <= 1.05
    )
    return 0 if is_kept else 1


if __name__ == "__main__":
    raise SystemExit(main())
