"""What a synced record costs: a full sync of invoices, against dlt loading the same ones into the same PostgreSQL.

    python benchmarks/loading.py [--records 10000] [--records 100000] [--rounds 3] [--again] [--nested] [--json]
                                 [--environment DIR]

A sandbox process of its own founds a company with that many invoices and serves both sides; its limits run so fast
that nobody waits (`--time-scale`), and the portal's are lifted, because processor time is measured here, not patience.
Ours is the sync as the portal does it: unified form with lines, raw form, content hash, cursor, calls recorded, limits,
row-level security and history, in a forked worker. The peer is dlt's REST source with its defaults, merging on the key,
flat (`max_table_nesting=0`; `--nested`: a table of lines too), in a virtual environment that this command makes with
pip. Imports are outside the measure on both sides. Rounds are interleaved and their order alternates.

`--again` has both sides load everything once more, unchanged. Uses the database of DATABASE_URL (dlt: that of
DATABASE_OWNER_URL where there is one), adds a tenant `loading-…` to it and removes its records. Exit status 1 when a
side lost records, or when a median ratio of processor time or of wall time is above one half.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
import venv
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
os.environ["LOG_LEVEL"] = "ERROR"
sys.path.insert(0, str(ROOT))

ENVIRONMENT = Path.home() / ".cache" / "ledger-portal" / "dlt"
MOST = 0.5
_NO_LIMIT = 1_000_000
_TIME_SCALE = 30


def dlt_python(directory: Path) -> Path:
    """The interpreter of an environment that has dlt; made when it is not there."""
    python = directory / "bin" / "python"
    known = python.exists() and subprocess.run([python, "-c", "import dlt, psycopg2"], capture_output=True, check=False)
    if not known or known.returncode:
        venv.create(directory, with_pip=True, clear=True)
        subprocess.run([python, "-m", "pip", "install", "-q", "dlt[postgres]"], check=True, stderr=subprocess.DEVNULL)
    return python


def lift_limits(name: str) -> None:
    """Let the portal call a ledger as fast as it can, with the limiter at work all the same."""
    from integrations.engine import manifest

    connector = manifest.load(name)
    windows = tuple(replace(window, most=_NO_LIMIT) for window in connector.limits.windows)
    object.__setattr__(connector, "limits", replace(connector.limits, windows=windows, meters=()))


@contextmanager
def company(records: int, seed: int, *, archived: int = 0) -> Iterator[tuple[Any, Any]]:
    """A sandbox with one company of that many invoices, and our connection to it."""
    import django

    from benchmarks.faults import connect_all, sandbox_process

    sizes = {"contacts": 120, "invoices": records, "bills": 0, "payments": 0, "bank_lines": 0, "months": 18}
    sizes |= {"archived": archived} if archived else {}
    with sandbox_process(1, seed, sizes, "quickbooks", "--time-scale", str(_TIME_SCALE)) as sandbox:
        django.setup()
        lift_limits("quickbooks")
        (connection,) = connect_all(sandbox, int(time.time()) % 1_000_000, name="loading")
        forget(connection)
        yield sandbox, connection


def forget(connection: Any) -> None:
    """Take the connection's records, cursors and runs away, without a trail of each."""
    import pgtrigger

    from integrations.models import LedgerRecord, SyncCursor, SyncRun
    from tenants.rls import tenant_scope

    with (
        tenant_scope(connection.tenant_id, source="command"),
        pgtrigger.ignore("integrations.LedgerRecord:delete_delete"),
    ):
        LedgerRecord.objects.filter(connection=connection)._raw_delete("default")
        SyncCursor.objects.filter(connection=connection).delete()
        SyncRun.objects.filter(connection=connection).delete()


def ours(connection: Any, runs: int) -> list[dict[str, Any]]:
    """Full syncs of the invoices, the first into an empty mirror."""
    from benchmarks.sync import in_a_worker, outcome
    from integrations.services.sync import request_sync
    from tenants.rls import tenant_scope

    found = []
    for _ in range(runs):
        with tenant_scope(connection.tenant_id, source="command"):
            run = request_sync(connection=connection, trigger="schedule", resources=["invoices"], is_full=True)
        found.append(outcome(run, in_a_worker(connection.tenant_id, run.pk)))
        assert found[-1]["status"] == "succeeded", found[-1]
    forget(connection)
    return found


def theirs(python: Path, sandbox: Any, connection: Any, *, nesting: int, runs: int) -> list[dict[str, Any]]:
    """dlt's loads into a schema of their own."""
    from integrations.services.ledgers import StoredTokens

    url = f"{sandbox.url}/quickbooks/v3/company/{connection.external_org_id}"
    database = os.environ.get("DATABASE_OWNER_URL") or os.environ["DATABASE_URL"]
    tokens = StoredTokens(connection)
    # On the sandbox's fast clock the one at hand may have ended.
    told = [url, tokens.renew(tokens.token()), database, f"benchmark_{os.getpid()}", str(nesting), str(runs)]
    script = ROOT / "benchmarks" / "loading_dlt.py"
    done = subprocess.run([python, script, *told], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


def measure(options: argparse.Namespace, python: Path, records: int) -> dict[str, Any]:
    """Interleaved rounds with one company."""
    runs = 2 if options.again else 1
    nesting = 1 if options.nested else 0
    rounds: list[tuple[list[dict[str, Any]], list[dict[str, Any]]]] = []
    with company(records, options.seed) as (sandbox, connection):
        for number in range(options.rounds):
            if number % 2:
                peer = theirs(python, sandbox, connection, nesting=nesting, runs=runs)
                rounds.append((ours(connection, runs), peer))
            else:
                own = ours(connection, runs)
                rounds.append((own, theirs(python, sandbox, connection, nesting=nesting, runs=runs)))
    lost = sum(each["records"] != records for own, peer in rounds for each in (*own, *peer))
    result: dict[str, Any] = {"records": records, "rounds": options.rounds, "lost": lost}
    for place, name in enumerate(("first", "again")[:runs]):
        result[name] = compared([(own[place], peer[place]) for own, peer in rounds], records)
    return result


def compared(pairs: Sequence[tuple[dict[str, Any], dict[str, Any]]], records: int) -> dict[str, Any]:
    """(least, median, most) of what each side took, and of the ratios of each round."""
    found: dict[str, Any] = {}
    for side, name in enumerate(("ours", "dlt")):
        found[f"{name}_cpu_us_per_record"] = spread([pair[side]["cpu_seconds"] / records * 1e6 for pair in pairs])
        found[f"{name}_seconds"] = spread([pair[side]["seconds"] for pair in pairs])
        found[f"{name}_peak_mb"] = spread([pair[side]["peak_mb"] for pair in pairs])
    for told, name in (("cpu_seconds", "cpu_ratio"), ("seconds", "wall_ratio"), ("peak_mb", "memory_ratio")):
        found[name] = spread([own[told] / peer[told] for own, peer in pairs])
    return found


def spread(values: Sequence[float]) -> tuple[float, float, float]:
    """Least, median, most."""
    return round(min(values), 3), round(statistics.median(values), 3), round(max(values), 3)


def main() -> int:
    """Parse, run, print; 1 when something was lost or a goal missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, action="append", help="how many invoices (may be repeated)")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--again", action="store_true", help="load everything once more, unchanged")
    parser.add_argument("--nested", action="store_true", help="dlt makes a table of lines too")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--environment", type=Path, default=ENVIRONMENT, help="where dlt's environment is kept")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    python = dlt_python(options.environment)
    results = [measure(options, python, records) for records in options.records or [10_000, 100_000]]
    for result in results:
        if options.json:
            print(json.dumps(result))
            continue
        for name in ("first", "again"):
            for what, values in result.get(name, {}).items():
                print(f"{result['records']:>7} {name:<6} {what:<24} {' / '.join(f'{value:g}' for value in values)}")
    load = os.getloadavg()[0]
    print(f"least / median / most of {options.rounds} rounds; load of the machine now {load:.1f}", file=sys.stderr)
    is_kept = all(
        not result["lost"] and result["first"]["cpu_ratio"][1] <= MOST and result["first"]["wall_ratio"][1] <= MOST
        for result in results
    )
    return 0 if is_kept else 1


if __name__ == "__main__":
    raise SystemExit(main())
