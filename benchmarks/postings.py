"""Calls that batches save: the same invoices one by one as each is asked for, and all waiting together.

    python benchmarks/postings.py [--ledgers quickbooks,xero,sage_intacct] [--postings 300] [--seed 1] [--json]

Starts a sandbox of its own with two companies in each ledger, and uses the database of DATABASE_URL (a tenant
`postings-…` is added to it). Calls are counted by the sandbox, token requests left out; drafts are approved as the
portal does, one by one, and counted too. Exit status 1 when an invoice is missing or there twice, or nothing is saved.
"""

import argparse
import json
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.faults import Sandbox, connect_all, listed, sandbox_process, sold_and_bank

_DAY = "2026-11-02"


def request(connection: Any, numbers: list[str], sold: dict[str, Any], customer: str) -> list[Any]:
    """Ask for invoices of one customer."""
    from integrations.services.postings import request_posting
    from tenants.rls import tenant_scope

    with tenant_scope(connection.tenant_id, source="command"):
        return [
            request_posting(
                connection=connection,
                resource="invoices",
                body={
                    "number": number,
                    "contact": {"id": customer, "type": "customer"},
                    "issued_on": _DAY,
                    "due_on": _DAY,
                    "lines": [{**sold, "quantity": "1", "unit_price": "80.00", "amount": "80.00"}],
                },
                origin_kind="benchmark",
                idempotency_key=number,
            )
            for number in numbers
        ]


def send_all(tenant_id: Any) -> None:
    """Work until nothing is due any more, as the tasks and the sweep do."""
    from integrations.services.postings import send_posting
    from integrations.services.sweeping import due_work

    while True:
        due = [row for kind, tenant, row in due_work() if kind == "posting" and tenant == str(tenant_id)]
        for row in due:
            send_posting(tenant_id, row)
        if not due and not unfinished(tenant_id):
            return
        if not due:
            time.sleep(0.2)


def unfinished(tenant_id: Any) -> int:
    """Postings that are still on their way."""
    from integrations.models import Posting
    from tenants.rls import tenant_scope

    with tenant_scope(tenant_id, source="command"):
        return Posting.objects.for_tenant(tenant_id).unfinished().count()


def calls(sandbox: Sandbox) -> int:
    """Calls that the sandbox has received, token requests left out."""
    return sum(call["kind"] != "oauth" for call in sandbox.call("/_control/calls?limit=1000000")["calls"])


def measured(ledger: str, postings: int, seed: int) -> dict[str, Any]:
    """Calls and seconds alone and together, in two companies that are alike."""
    result: dict[str, Any] = {"ledger": ledger, "postings": postings, "missing": 0, "twice": 0}
    with sandbox_process(2, seed, ledger=ledger) as sandbox:
        for connection, way in zip(
            connect_all(sandbox, seed, name=f"postings-{ledger.replace('_', '-')}"), ("alone", "together"), strict=True
        ):
            sold, _ = sold_and_bank(connection)
            contacts = [row for row in listed(connection, "contacts") if row["contact_type"] != "vendor"]
            numbers = [f"P{place:05d}" for place in range(postings)]
            before, started = calls(sandbox), time.monotonic()
            chunks = [[number] for number in numbers] if way == "alone" else [numbers]
            for chunk in chunks:
                request(connection, chunk, sold, contacts[0]["external_id"])
                send_all(connection.tenant_id)
            result |= {f"calls {way}": calls(sandbox) - before, f"seconds {way}": round(time.monotonic() - started, 1)}
            there = Counter(row.get("number") for row in listed(connection, "invoices"))
            result["missing"] += sum(there[number] == 0 for number in numbers)
            result["twice"] += sum(there[number] > 1 for number in numbers)
    result["saved"] = f"{1 - result['calls together'] / result['calls alone']:.1%}"
    return result


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ledgers", default="quickbooks,xero,sage_intacct")
    parser.add_argument("--postings", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    import django

    django.setup()
    results = [measured(ledger, options.postings, options.seed) for ledger in options.ledgers.split(",")]
    if options.json:
        print(json.dumps(results))
    else:
        for result in results:
            print(", ".join(f"{name} {value}" for name, value in result.items()))
    is_kept = all(
        not result["missing"] and not result["twice"] and result["calls together"] < result["calls alone"]
        for result in results
    )
    return 0 if is_kept else 1


if __name__ == "__main__":
    raise SystemExit(main())
