"""What the pages of reconciliation ask, where a tenant has very many bank lines: the processor time of each page.

    python benchmarks/desk.py [--lines 100000] [--rounds 5] [--tenant SLUG] [--json]

Uses the migrated database of DATABASE_URL as the application's own role, so that row-level security counts, and
DATABASE_OWNER_URL to make the lines (`desk_books`); take a database that may be thrown away. The tenant `desk-…` stays
there; `--tenant` asks about one that was made before. Measured is processor time, of this process and of PostgreSQL
together, and the time that passed. Exit status 1 when a page takes more than 300 milliseconds of processor, or when
the sums that pages show are not those of the lines.
"""

import argparse
import json
import os
import statistics
import sys
import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.matching_runs import processor_seconds

LIMIT_MS = 300.0
_PER_PAGE = 25


def _page(rows: Any, number: int = 1) -> tuple[int, list[Any]]:
    from tenants.admin import CappedPaginator

    found = CappedPaginator(rows, _PER_PAGE).get_page(number)
    return found.paginator.count, list(found.object_list)


def workbench(membership: Any, number: int = 1, **query: str) -> Callable[[], Any]:
    """A view of the workbench: the lines, their cards and the progress."""
    from reconciliation.services.board import cards_of, progress_of
    from reconciliation.services.filters import hits_of, lines_of, read_filters

    def ask() -> Any:
        filters = read_filters(query)
        lines = lines_of(membership.tenant, filters, hits_of(filters)).select_related("bank_account", "feed_record")
        _, found = _page(lines, number)
        return cards_of(found, by=membership), progress_of(membership.tenant, filters)

    return ask


def bulk(membership: Any, threshold: str) -> Callable[[], Any]:
    """What approval in bulk shows first."""
    from dataclasses import replace

    from reconciliation.services.approval import weigh_bulk
    from reconciliation.services.board import cards_of
    from reconciliation.services.filters import lines_of, read_filters
    from reconciliation.services.track_record import sentence_at

    def ask() -> Any:
        filters = replace(read_filters({"confidence": threshold}), show="proposed")
        lines: Any = lines_of(membership.tenant, filters).select_related("bank_account", "feed_record")
        leads = list(lines.window(0, 501))
        cards = cards_of(leads[:500], by=membership)
        weighed = weigh_bulk([card.proposal for card in cards if card.proposal], by=membership)
        return weighed, sentence_at(membership.tenant, Decimal(threshold) / 100)

    return ask


def sums(tenant: Any) -> dict[str, Callable[[], Any]]:
    """Progress, of everything and by month."""
    from reconciliation.services.board import progress_of
    from reconciliation.services.filters import read_filters
    from reconciliation.services.periods import months_of

    return {
        "progress": lambda: progress_of(tenant, read_filters({})),
        "progress, one month": lambda: progress_of(tenant, read_filters({"month": "2020-03"})),
        "by month": lambda: months_of(tenant),
        "by month, one": lambda: months_of(tenant, month=months_of(tenant)[0].first_on),
    }


def views(membership: Any) -> dict[str, Callable[[], Any]]:
    """The workbench under its filters, and what is approved in bulk."""
    queries: dict[str, dict[str, Any]] = {
        "oldest first": {"sort": "oldest"},
        "largest first": {"sort": "largest"},
        "unexplained": {"show": "unmatched"},
        "matched": {"show": "matched"},
        "second": {"show": "second"},
        "older": {"age": "1100"},
        "amounts": {"least": "500", "most": "600"},
        "99 % sure": {"confidence": "99"},
        "rare kind": {"kind": "fee"},
        "no such kind": {"kind": "run"},
        "month": {"month": "2020-03"},
    }
    return {
        "workbench": workbench(membership),
        "workbench, page 2": workbench(membership, 2),
        "workbench, page 100": workbench(membership, 100),
        **{f"workbench, {name}": workbench(membership, **query) for name, query in queries.items()},
        "bulk, 99 %": bulk(membership, "99"),
        "bulk, 90 %": bulk(membership, "90"),
    }


def exceptions(membership: Any, **query: str) -> Callable[[], Any]:
    """The list of exceptions under some filters."""
    from django.contrib.admin.sites import site
    from django.test import RequestFactory

    from reconciliation.models import Case

    def ask() -> Any:
        request: Any = RequestFactory().get("/", query)
        request.tenant, request.user, request.membership = membership.tenant, membership.user, membership
        request.session = {}
        return list(site._registry[Case].get_changelist_instance(request).result_list)

    return ask


def lists(membership: Any) -> dict[str, Callable[[], Any]]:
    """Bank lines, exceptions, odd payments."""
    from reconciliation.models import Anomaly, BankLine, Case

    tenant = membership.tenant
    lines = BankLine.objects.for_tenant(tenant).select_related("bank_account").order_by("-booked_on", "-id")
    odd = Anomaly.objects.for_tenant(tenant).select_related("bank_line__bank_account")
    odd = odd.order_by("-status", "-is_strong", "-id")
    return {
        "lines": lambda: _page(lines),
        "lines, page 400": lambda: _page(lines, 400),
        "lines, matched": lambda: _page(lines.filter(status="matched"), 40),
        "exceptions, tabs": lambda: Case.objects.for_tenant(tenant).open().counted(membership.user),
        "exceptions": exceptions(membership),
        "exceptions, overdue": exceptions(membership, due="over"),
        "exceptions, large": exceptions(membership, least="10000"),
        "exceptions, settled": exceptions(membership, state="settled"),
        # As the last page of few is shown for it, not refused.
        "exceptions, page 40": lambda: _page(Case.objects.for_tenant(tenant).open().order_by("due_on", "id"), 40),
        "odd payments": lambda: _page(odd),
        "odd payments, page 40": lambda: _page(odd, 40),
        "odd payments, open": lambda: _page(odd.filter(status="open")),
    }


def is_true(tenant: Any) -> bool:
    """Whether the kept sums are those of the lines."""
    from django.db.models import Count, Sum
    from django.db.models.functions import Abs

    from reconciliation.models import BankLine
    from reconciliation.services.board import progress_of
    from reconciliation.services.filters import read_filters

    rows = BankLine.objects.for_tenant(tenant).moving().order_by().values("status")
    summed = {row["status"]: (row["n"], row["moved"]) for row in rows.annotate(n=Count("pk"), moved=Sum(Abs("amount")))}
    told = progress_of(tenant, read_filters({}))
    money = sum((moved for _, moved in summed.values()), type(told.money[0][1])(0))
    return told.counts == {status: n for status, (n, _) in summed.items()} and told.money[0][2] == money


def measured(tenant: Any, rounds: int) -> dict[str, dict[str, float]]:
    """Milliseconds of each page, the first view apart."""
    from tenants.models import Membership, Role, User
    from tenants.rls import tenant_scope

    told: dict[str, dict[str, float]] = {}
    with tenant_scope(tenant.pk):
        user = User.objects.get_or_create(email=f"{tenant.slug}@bench.example")[0]
        membership = Membership.objects.get_or_create(tenant=tenant, user=user, defaults={"role": Role.OWNER})[0]
        asked = {**sums(tenant), **views(membership), **lists(membership)}
    for name, ask in asked.items():
        passed, used = [], []
        for _ in range(rounds + 1):
            with tenant_scope(tenant.pk):
                before, begun = processor_seconds(), time.perf_counter()
                ask()
                passed.append((time.perf_counter() - begun) * 1000)
                used.append([(b - a) * 1000 for a, b in zip(before, processor_seconds(), strict=True)])
        told[name] = {
            "first_ms": round(passed[0], 1),
            "median_ms": round(statistics.median(passed[1:]), 1),
            # Ticks of ten milliseconds: only the mean of several views tells.
            "python_ms": round(statistics.mean(each[0] for each in used[1:]), 1),
            "postgres_ms": round(statistics.mean(each[1] for each in used[1:]), 1),
        }
    return told


def main() -> int:
    """Store, ask, tell."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lines", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--tenant", default="")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    import django

    django.setup()
    from benchmarks.desk_books import found, stored
    from tenants.rls import tenant_scope

    tenant = found(options.tenant) if options.tenant else stored(f"desk-{os.getpid()}", options.lines)
    told = measured(tenant, options.rounds)
    with tenant_scope(tenant.pk):
        is_exact = is_true(tenant)
    if options.json:
        print(json.dumps({"tenant": tenant.slug, "is_exact": is_exact, "pages": told}))
    else:
        print(f"{'page':26}{'first':>10}{'median':>10}{'python':>10}{'postgres':>10}  ms")
        for name, row in told.items():
            print(f"{name:26}" + "".join(f"{value:>10}" for value in row.values()))
        print(f"tenant {tenant.slug}; the sums are {'' if is_exact else 'NOT '}those of the lines")
    slow = any(row["python_ms"] + row["postgres_ms"] > LIMIT_MS for row in told.values())
    return int(slow or not is_exact)


if __name__ == "__main__":
    sys.exit(main())
