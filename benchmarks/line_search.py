"""Bank lines by text, amount, day and status where there are a million of them: what each page's question costs.

    python benchmarks/line_search.py [--lines 1000000] [--rounds 20] [--tenant SLUG] [--json]

Uses the migrated database of DATABASE_URL as the application's own role, so that row-level security counts, and
DATABASE_OWNER_URL to make the lines (`desk_books`); take a database that may be thrown away. The tenant `lines-…` stays
there; `--tenant` asks about one that was made before. Exit status 1 when the 95th percentile of a question is above
300 milliseconds.
"""

import argparse
import json
import os
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

LIMIT_MS = 300.0


def questions(tenant: Any, lines: int) -> dict[str, Callable[[], Any]]:
    """What pages ask, by name."""
    from reconciliation.models import BankLine
    from reconciliation.services.filters import lines_of, read_filters
    from tenants.admin import CappedPaginator

    def page(**query: str) -> Callable[[], Any]:
        def ask() -> Any:
            rows = lines_of(tenant, read_filters({"show": "matched", **query}))
            found = CappedPaginator(rows, 25).get_page(1)
            return found.paginator.count, list(found.object_list)

        return ask

    def newest() -> Any:
        return list(BankLine.objects.for_tenant(tenant).order_by("-booked_on", "-id").window(9_900, 10_000))

    middle = lines // 2 + 11
    return {
        "text, one line": page(q=f"inv-{middle}"),
        "text, one payer": page(q="payer cfcd208495", show="unmatched"),
        "text, a number": page(q=f"{middle}"),
        "text, three words": page(q=f"payment inv-{middle} payer"),
        "text, every line": page(q="payment"),
        "text, every line, a month": page(q="payment", month="2020-03"),
        "text, two letters": page(q="in"),
        "text, nothing": page(q="no such words"),
        "amount, one cent": page(least="4321.98", most="4321.98"),
        "amount, largest first": page(least="9000", sort="largest"),
        "older than 3 years": page(age="1100"),
        "list, its last page": newest,
    }


def main() -> int:
    """Store, ask, tell."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lines", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--tenant", default="")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()

    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    django.setup()
    from benchmarks.desk_books import found, stored
    from tenants.rls import tenant_scope

    told: dict[str, dict[str, float]] = {}
    started = time.perf_counter()
    slug = f"lines-{os.getpid()}"
    tenant = found(options.tenant) if options.tenant else stored(slug, options.lines, ("line", "proposal"))
    print(f"{options.lines} lines are there after {time.perf_counter() - started:.0f} s", file=sys.stderr)
    for name, ask in questions(tenant, options.lines).items():
        taken = []
        for _ in range(options.rounds + 1):
            with tenant_scope(tenant.pk):
                began = time.perf_counter()
                ask()
                taken.append((time.perf_counter() - began) * 1000)
        warm = sorted(taken[1:])
        told[name] = {
            "first_ms": round(taken[0], 1),
            "median_ms": round(statistics.median(warm), 1),
            "p95_ms": round(warm[max(0, round(len(warm) * 0.95) - 1)], 1),
        }
    if options.json:
        print(json.dumps({"lines": options.lines, "questions": told}))
    else:
        print(f"{'question':24}{'first':>10}{'median':>10}{'p95':>10}  ms")
        for name, row in told.items():
            print(f"{name:24}{row['first_ms']:>10}{row['median_ms']:>10}{row['p95_ms']:>10}")
    return int(any(row["p95_ms"] > LIMIT_MS for row in told.values()))


if __name__ == "__main__":
    raise SystemExit(main())
