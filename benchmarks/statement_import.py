"""What keeping the sums by day costs an import of bank lines, and a decision: with its triggers and without, by turns.

    python benchmarks/statement_import.py [--lines 20000] [--days 90] [--turns 5] [--json]

Uses the migrated database of DATABASE_URL as the application's own role, so that row-level security counts, and
DATABASE_OWNER_URL to switch the triggers of bank lines' sums (migration 0014) off and on again; take a database that
may be thrown away, and that nobody else uses. Each turn imports the same CSV file into a new account as a person does
(preview, then import), and then sets 500 of its lines aside, each in a transaction. Measured is processor time, of this
process and of its PostgreSQL session. Exit status 1 when the sums are not those of the lines.
"""

import argparse
import json
import os
import statistics
import sys
from datetime import date, timedelta
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.matching_runs import books, processor_seconds

_EVENTS = ("insert", "update", "delete")
_DECIDED = 500
_FIRST = date(2026, 1, 1)


def statement(lines: int, days: int) -> bytes:
    """A CSV file of so many lines over so many days, with the bank's ids and a running balance."""
    rows, balance = ["id,date,amount,description,counterparty,reference,balance"], 0
    for n in range(lines):
        cents = (n * 7919 % 1_000_000 + 1000) * (-1 if n % 3 == 0 else 1)
        balance += cents
        day = _FIRST + timedelta(days=n * days // lines)
        name = f"Payer {n % 5000:05}"
        rows.append(f"B{n},{day},{cents / 100:.2f},PAYMENT OF INVOICE INV-{n},{name},E2E{n:012},{balance / 100:.2f}")
    return "\n".join(rows).encode()


def switched(owner: Any, *, on: bool) -> None:
    """Let the sums follow the lines, or not."""
    word = "ENABLE" if on else "DISABLE"
    for event in _EVENTS:
        owner.execute(f"ALTER TABLE reconciliation_bankline {word} TRIGGER figures_follow_lines_{event}")


def turn(tenant: Any, connection: Any, content: bytes, number: int) -> dict[str, float]:
    """Milliseconds of processor of one import and of 500 decisions, by whose they are; the lines stay."""
    from reconciliation.models import BankAccount, BankLine
    from reconciliation.services.statements import import_statement
    from tenants.rls import tenant_scope

    with tenant_scope(tenant.pk):
        account = BankAccount.objects.create(tenant=tenant, connection=connection, name=f"No {number}", currency="EUR")
        begun = processor_seconds()
        import_statement(bank_account=account, file_name="statement.csv", content=content)
    imported = processor_seconds()
    with tenant_scope(tenant.pk):
        chosen = list(BankLine.objects.filter(bank_account=account).values_list("pk", flat=True)[:_DECIDED])
    for pk in chosen:
        with tenant_scope(tenant.pk):
            BankLine.objects.filter(pk=pk).update(status=BankLine.Status.IGNORED)
    decided = processor_seconds()
    steps = {"import": (begun, imported), "decisions": (imported, decided)}
    return {
        f"{step} {whose}": (after[at] - before[at]) * 1000
        for step, (before, after) in steps.items()
        for at, whose in enumerate(("python", "postgres"))
    }


def agrees(tenant: Any) -> bool:
    """Whether the sums of the accounts that kept them are those of their lines."""
    from django.db.models import Sum

    from reconciliation.models import BankLine, DayFigure
    from tenants.rls import tenant_scope

    with tenant_scope(tenant.pk):
        kept = DayFigure.objects.values_list("bank_account").annotate(n=Sum("lines"), net=Sum("net"))
        told = {account: (n, net) for account, n, net in kept}
        lines = BankLine.objects.filter(bank_account__in=told).values_list("bank_account", "amount")
        found: dict[Any, tuple[int, Any]] = {}
        for account, amount in lines:
            n, net = found.get(account, (0, 0))
            found[account] = (n + 1, net + amount)
    return bool(told) and told == found


def main() -> int:
    """Import by turns, tell the medians."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lines", type=int, default=20_000)
    parser.add_argument("--days", type=int, default=90)
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    import django

    django.setup()
    import psycopg

    tenant, connection = books(f"import-{os.getpid()}", "Imports")
    content = statement(options.lines, options.days)
    told: dict[bool, list[dict[str, float]]] = {True: [], False: []}
    with psycopg.connect(os.environ["DATABASE_OWNER_URL"], autocommit=True) as owner:
        try:
            for number in range(2 * options.turns):
                is_on = number % 2 == 0
                switched(owner, on=is_on)
                told[is_on].append(turn(tenant, connection, content, number))
        finally:
            switched(owner, on=True)
    medians = {
        "with" if is_on else "without": {
            step: round(statistics.median(each[step] for each in turns), 1) for step in turns[0]
        }
        for is_on, turns in told.items()
    }
    is_right = agrees(tenant)
    if options.json:
        print(json.dumps({"medians_ms": medians, "sums_agree": is_right}))
    else:
        for step in medians["with"]:
            print(f"{step:20} {medians['with'][step]:10,.1f} ms with, {medians['without'][step]:10,.1f} ms without")
        print("sums agree" if is_right else "SUMS DIFFER")
    return 0 if is_right else 1


if __name__ == "__main__":
    sys.exit(main())
