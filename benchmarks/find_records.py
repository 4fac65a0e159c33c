"""Find and match by hand: what it costs to find ledger records for a bank line among very many.

    python benchmarks/find_records.py [--records 100000] [--rounds 10] [--tenant SLUG] [--json]

Uses the migrated database of DATABASE_URL as the application's own role, so that row-level security counts, and
DATABASE_OWNER_URL to make the records (`desk_books`); take a database that may be thrown away. The tenant `found-…`
stays there; `--tenant` asks about one that was made before. Measured is processor time, of this process and of its
PostgreSQL session, and the time that passed. Exit status 1 when a search takes more than 300 milliseconds of processor.
"""

import argparse
import json
import os
import statistics
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.matching_runs import processor_seconds

LIMIT_MS = 300.0
SEARCHES = {
    "nearest amounts": "",
    "a number": "inv-50004",
    "a name": "payer cfcd208495",
    "a word of every record": "delivery",
    "two letters": "pa",
    "two words": "delivery 50004",
    "nothing has it": "no such words",
}


def measured(tenant: Any, rounds: int) -> dict[str, dict[str, float]]:
    """Milliseconds of each search."""
    from reconciliation.models import BankLine
    from reconciliation.services.finding import find_records
    from tenants.rls import tenant_scope

    told: dict[str, dict[str, float]] = {}
    for name, text in SEARCHES.items():
        passed, used, many = [], [], 0
        for _ in range(rounds + 1):
            with tenant_scope(tenant.pk):
                line = BankLine.objects.for_tenant(tenant).select_related("bank_account__connection").first()
                assert line is not None  # noqa: S101 - stored before
                before, begun = processor_seconds(), time.perf_counter()
                many = len(find_records(line, text=text))
                passed.append((time.perf_counter() - begun) * 1000)
                used.append(sum(b - a for a, b in zip(before, processor_seconds(), strict=True)) * 1000)
        told[name] = {
            "found": many,
            "first_ms": round(passed[0], 1),
            "median_ms": round(statistics.median(passed[1:]), 1),
            "worst_ms": round(max(passed[1:]), 1),
            "processor_ms": round(statistics.mean(used[1:]), 1),
        }
    return told


def main() -> int:
    """Store, ask, tell."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--tenant", default="")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    import django

    django.setup()
    from benchmarks.desk_books import found, stored

    tenant = found(options.tenant) if options.tenant else stored(f"found-{os.getpid()}", options.records)
    told = measured(tenant, options.rounds)
    if options.json:
        print(json.dumps({"tenant": tenant.slug, "searches": told}))
    else:
        print(f"{'search':26}{'found':>8}{'first':>10}{'median':>10}{'worst':>10}{'processor':>11}  ms")
        for name, row in told.items():
            print(f"{name:26}{row['found']:>8}{row['first_ms']:>10}{row['median_ms']:>10}{row['worst_ms']:>10}", end="")
            print(f"{row['processor_ms']:>11}")
    return int(any(row["processor_ms"] > LIMIT_MS for row in told.values()))


if __name__ == "__main__":
    sys.exit(main())
