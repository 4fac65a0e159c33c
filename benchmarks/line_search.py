"""Bank lines by text, amount, day and status where there are a million of them: what each page's question costs.

    python benchmarks/line_search.py [--lines 1000000] [--rounds 5] [--json]

Uses the migrated database of DATABASE_URL as the application's own role, so that row-level security counts, and
DATABASE_OWNER_URL for statistics. The lines are stored for a tenant of their own and deleted at the end; take a
database that may be thrown away. Exit status 1 when the 95th percentile of a question is above 300 milliseconds.
"""

import argparse
import json
import os
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

LIMIT_MS = 300.0
_AT_ONCE = 50_000
# One line in twenty waits; names come from 5,000 payers, references are their own.
_LINES = """
INSERT INTO reconciliation_bankline (id, tenant_id, bank_account_id, external_id, booked_on, amount, currency,
  description, counterparty, reference, status, created_at)
SELECT gen_random_uuid(), %s, %s, 'B' || n, date '2016-01-01' + (n %% 3650), 10 + (n * 7919 %% 1000000) / 100.0, 'EUR',
  'PAYMENT OF INVOICE INV-' || n, 'Payer ' || md5((n %% 5000)::text), 'E2E' || md5(n::text),
  CASE WHEN n %% 20 = 0 THEN 'unmatched' ELSE 'matched' END, now()
FROM generate_series(%s, %s) AS n
"""


@contextmanager
def stored(lines: int) -> Iterator[Any]:
    """A tenant with that many bank lines, gone again afterwards."""
    import psycopg
    from django.db import connection

    from integrations.models import Connection
    from reconciliation.models import BankAccount
    from tenants.rls import tenant_scope
    from tenants.services import create_tenant

    slug = f"lines-{os.getpid()}"
    tenant = create_tenant(slug=slug, name="Lines", currency="EUR")
    with tenant_scope(tenant.pk):
        books = Connection.objects.create(
            tenant=tenant, name="Books", connector="quickbooks", external_org_id=slug, currency="EUR", country="DE"
        )
        account = BankAccount.objects.create(tenant=tenant, connection=books, name="Current", currency="EUR")
    try:
        for first in range(1, lines + 1, _AT_ONCE):
            with tenant_scope(tenant.pk), connection.cursor() as cursor:
                cursor.execute(_LINES, [tenant.pk, account.pk, first, min(first + _AT_ONCE - 1, lines)])
        with psycopg.connect(os.environ["DATABASE_OWNER_URL"], autocommit=True) as owner:
            owner.execute("VACUUM (ANALYZE) reconciliation_bankline")
        yield tenant
    finally:
        with tenant_scope(tenant.pk):
            # Without Django's collector, which would load a million rows to look for what hangs on them.
            account.lines.all()._raw_delete(account.lines.db)


def questions(tenant: Any, lines: int) -> dict[str, Callable[[], Any]]:
    """What pages ask, by name."""
    from reconciliation.models import BankLine
    from reconciliation.services.filters import lines_of, read_filters
    from tenants.admin import CappedPaginator

    def page(**query: str) -> Callable[[], Any]:
        def ask() -> Any:
            rows = lines_of(tenant, read_filters({"show": "matched", "sort": "oldest", **query}))
            found = CappedPaginator(rows, 25).get_page(1)
            return found.paginator.count, list(found.object_list)

        return ask

    def newest() -> Any:
        return list(BankLine.objects.for_tenant(tenant).order_by("-booked_on", "-id")[9_900:10_000])

    middle = lines // 2 + 1
    return {
        "text, one line": page(q=f"inv-{middle}"),
        "text, one payer": page(q="payer cfcd208495d565ef66e7dff9f98764da", show="unmatched"),
        "text, every line": page(q="payment"),
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
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()

    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    django.setup()
    from tenants.rls import tenant_scope

    told: dict[str, dict[str, float]] = {}
    started = time.perf_counter()
    with stored(options.lines) as tenant:
        print(f"{options.lines} lines stored in {time.perf_counter() - started:.0f} s", file=sys.stderr)
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
