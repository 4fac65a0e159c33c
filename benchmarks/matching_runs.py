"""What one new bank line costs in the running product, read, match and store, with 100,000 documents in PostgreSQL.

    python benchmarks/matching_runs.py DIR [--entries 100000] [--lines 2000] [--new 100] [--json]

Uses the migrated database of DATABASE_URL as the application's own role; the tenant `runs-…` stays there.
`DIR` is a sample as `matching.py` reads it; beside its own open entries stand the same days and amounts of other
contacts, as in `matching_growth.py`. All but `--new` lines wait and are matched as a whole first; then each new line
arrives and is matched by a run of its own, then all at once by a whole run. Measured is processor time, of this process
and of PostgreSQL together, so that a busy machine counts little. `agreement`: the share of the lines whose proposal
holds the same lines and records after the single runs as after the whole one. Exit status 1 when the median is above
500 milliseconds, or they agree on less than 95 % of the lines.
"""

import argparse
import json
import math
import os
import sys
import time
from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.matching import FILES
from benchmarks.matching_growth import elsewhere
from reconciliation.matching import BankLine as Line
from reconciliation.matching import LedgerEntry
from reconciliation.matching.files import read_job

GOAL_MS = 500.0
LEAST_AGREEMENT = 0.95
_BATCH = 2000
_RESOURCES = {
    ("invoice", True): "invoices", ("bill", False): "bills", ("credit_note", False): "credit_notes",
    ("credit_note", True): "vendor_credits", ("payment", True): "payments", ("payment", False): "bill_payments",
    ("expense", False): "expenses",
}  # fmt: skip
_DOCUMENTS = ("invoices", "bills", "credit_notes", "vendor_credits")


def fields(entry: LedgerEntry) -> dict[str, Any] | None:
    """The columns of the record that a ledger would have sent; None for what no resource holds."""
    resource = _RESOURCES.get((entry.kind, entry.amount > 0))
    if resource is None or not entry.open_amount:
        return None
    return {
        "resource": resource,
        "remote_type": resource,
        "external_id": entry.id[:100],
        "number": entry.number[:100],
        "contact_name": entry.contact_name[:300],
        "issued_on": entry.on,
        "due_on": entry.due_on,
        "amount": abs(entry.amount),
        "open_amount": abs(entry.open_amount) if resource in _DOCUMENTS else None,
        "currency": entry.currency,
        "status": "open",
        "unified": {"memo": entry.memo, "reference": entry.reference},
        "raw": {
            "Id": entry.id,
            **{f"Field{at}": f"value {at}, as long as ledgers send it" for at in range(12)},
        },
    }


def books(slug: str, name: str) -> tuple[Any, Any]:
    """A tenant of its own and its connected ledger, in euros."""
    from integrations.models import Connection
    from tenants.rls import tenant_scope
    from tenants.services import create_tenant

    tenant = create_tenant(slug=slug, name=name, currency="EUR")
    with tenant_scope(tenant.pk):
        connection = Connection.objects.create(
            tenant=tenant, name="Books", connector="quickbooks", external_org_id=slug, currency="EUR", country="DE",
            status="active",
        )  # fmt: skip
    return tenant, connection


def prepared(slug: str, entries: Sequence[LedgerEntry]) -> Any:
    """A connection with these entries as records."""
    from django.utils import timezone

    from integrations.models import LedgerRecord
    from tenants.rls import tenant_scope

    tenant, connection = books(slug, "Runs")
    hashed = {"content_hash": "0" * 64, "synced_at": timezone.now()}
    rows = [
        LedgerRecord(tenant=tenant, connection=connection, **hashed, **told)
        for entry in entries
        if (told := fields(entry)) is not None
    ]
    for start in range(0, len(rows), _BATCH):
        with tenant_scope(tenant.pk):
            LedgerRecord.objects.bulk_create(rows[start : start + _BATCH])
    return connection


def arrive(connection: Any, lines: Sequence[Line]) -> None:
    """Bank lines as an import stores them."""
    from reconciliation.models import BankAccount, BankLine
    from tenants.rls import tenant_scope

    with tenant_scope(connection.tenant_id):
        accounts = {
            name: BankAccount.objects.get_or_create(
                connection=connection, name=name, defaults={"tenant_id": connection.tenant_id, "currency": currency}
            )[0]
            for name, currency in {x.account_id: x.currency for x in lines}.items()
        }
        BankLine.objects.bulk_create(
            [
                BankLine(
                    tenant_id=connection.tenant_id, bank_account=accounts[x.account_id], external_id=x.id,
                    booked_on=x.on, amount=x.amount, currency=x.currency, description=x.description,
                    counterparty=x.counterparty, reference=x.reference,
                )
                for x in lines
            ],
            batch_size=_BATCH,
        )  # fmt: skip


def processor_seconds() -> tuple[float, float]:
    """Of this process, and of its PostgreSQL session where that runs on this machine."""
    from django.db import connection as database

    with database.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        pid = cursor.fetchone()[0]
    stat = Path(f"/proc/{pid}/stat")
    told = stat.read_text().rsplit(")", 1)[1].split() if stat.exists() else []
    ours = sum(map(int, told[11:13])) / os.sysconf("SC_CLK_TCK") if told else 0.0
    return time.process_time(), ours


def run(connection: Any, *, is_whole: bool) -> dict[str, Any]:
    """One run, with what it cost in milliseconds."""
    from reconciliation.services.runs import request_match_run, run_matching
    from tenants.rls import tenant_scope

    before, begun = processor_seconds(), time.perf_counter()
    with tenant_scope(connection.tenant_id):
        asked = request_match_run(connection=connection, is_whole=is_whole)
    done = run_matching(connection.tenant_id, asked.pk)
    assert done is not None  # noqa: S101 - nobody else matches this tenant
    passed, after = (time.perf_counter() - begun) * 1000, processor_seconds()
    python, postgres = ((b - a) * 1000 for a, b in zip(before, after, strict=True))
    return {
        "is_whole": done.is_whole, "lines": done.lines, "entries": done.entries, "proposals": done.proposals,
        "python_ms": python, "postgres_ms": postgres, "processor_ms": python + postgres, "passed_ms": passed,
    }  # fmt: skip


def proposed(connection: Any) -> dict[str, tuple[frozenset[str], frozenset[str]]]:
    """Of every line the lines and records of its proposal."""
    from reconciliation.models import BankLine, Proposal
    from tenants.rls import tenant_scope

    with tenant_scope(connection.tenant_id):
        rows = Proposal.objects.open().filter(connection=connection).prefetch_related("lines", "entries")
        sides = {
            row.pk: (
                frozenset(str(x.bank_line_id) for x in row.lines.all()),
                frozenset(str(x.record_id) for x in row.entries.all()),
            )
            for row in rows
        }
        lines = BankLine.objects.of_connection(connection).values_list("pk", "proposal")
        return {str(pk): sides.get(proposal, (frozenset(), frozenset())) for pk, proposal in lines}


def _entries(job: Any, least: int) -> Iterator[LedgerEntry]:
    opened = [e for e in job.entries if e.open_amount != Decimal(0)]
    yield from opened
    for copy in range(1, math.ceil(least / len(opened))):
        yield from elsewhere(opened, copy)


def measured(directory: Path, entries: int, lines: int, new: int) -> dict[str, Any]:
    """The whole first, the new lines one by one, the whole again."""
    from integrations.models import Connection

    job = read_job({n: (directory / n).read_text(encoding="utf-8") for n in FILES if (directory / n).is_file()})
    used = job.lines[:lines]
    fresh = used[:: max(1, len(used) // new)][:new] if new else ()
    kept = {x.id for x in fresh}
    connection: Connection = prepared(f"runs-{os.getpid()}", list(_entries(job, entries)))
    arrive(connection, [x for x in used if x.id not in kept])
    first = run(connection, is_whole=True)
    single = []
    for line in fresh:
        arrive(connection, [line])
        single.append(run(connection, is_whole=False))
    after = proposed(connection)
    again = run(connection, is_whole=True)
    whole = proposed(connection)
    costs = sorted(r["processor_ms"] for r in single)
    own = {key for key in whole if after[key] != whole[key]}
    return {
        "open_entries": first["entries"],
        "waiting_lines": len(used),
        "first_whole": first,
        "whole": again,
        "new_lines": len(single),
        "by_themselves": sum(not r["is_whole"] for r in single),
        "median_ms": costs[len(costs) // 2],
        "p95_ms": costs[int(len(costs) * 0.95)],
        "longest_ms": costs[-1],
        "median_python_ms": sorted(r["python_ms"] for r in single)[len(single) // 2],
        "ratio": again["processor_ms"] / costs[len(costs) // 2],
        "agreement": 1 - len(own) / len(whole),
        "asked_again": sum(r["lines"] for r in single) / len(single),
        "read_entries": sum(r["entries"] for r in single) / len(single),
    }


def main() -> int:
    """Print what a line costs, or with --json one object."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directory", type=Path, metavar="DIR")
    parser.add_argument("--entries", type=int, default=100_000)
    parser.add_argument("--lines", type=int, default=2000)
    parser.add_argument("--new", type=int, default=100)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    import django

    django.setup()
    told = measured(options.directory, options.entries, options.lines, options.new)
    if options.json:
        print(json.dumps(told))
    else:
        print(
            f"{told['open_entries']:,} open entries, {told['waiting_lines']:,} waiting lines\n"
            f"everything: {told['whole']['processor_ms']:,.0f} ms of processor "
            f"({told['first_whole']['processor_ms']:,.0f} the first time)\n"
            f"one new line: median {told['median_ms']:.0f} ms ({told['median_python_ms']:.0f} of them Python), "
            f"p95 {told['p95_ms']:.0f}, longest {told['longest_ms']:.0f}; {told['ratio']:.0f} times less; "
            f"{told['by_themselves']} of {told['new_lines']} runs about what changed\n"
            f"asked again with it {told['asked_again']:.1f} lines, read {told['read_entries']:.0f} entries; "
            f"same proposals as the whole for {told['agreement']:.1%} of the lines"
        )
    return 1 if told["median_ms"] > GOAL_MS or told["agreement"] < LEAST_AGREEMENT else 0


if __name__ == "__main__":
    sys.exit(main())
