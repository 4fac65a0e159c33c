"""What a tenant's expressions cost: a page of records stored without, beside and with an override, per record.

    .venv/bin/python benchmarks/overrides.py [--records 500] [--rounds 5] [--json]

Needs a migrated database (DATABASE_URL); everything it writes is rolled back.
"""

import argparse
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

import django

from integrations.engine import jsontext
from integrations.engine.results import Record

LINES = [
    {"Id": str(n), "Amount": 12.5 * n, "Description": f"Line {n}", "SalesItemLineDetail": {"Qty": n}} for n in range(8)
]
EXPRESSIONS = {
    "one path": "PrivateNote",
    "text and lines": "$uppercase(PrivateNote) & ' / ' & $string($sum(Line.Amount))",
}


def page(size: int, begin: int) -> list[Record]:
    """Records that nobody has seen."""
    return [
        Record(
            {"external_id": str(n), "number": f"N-{n}", "memo": f"note {n}", "custom_fields": [], "total": "12.50"},
            jsontext.loads(json.dumps({"Id": str(n), "PrivateNote": f"note {n}", "Line": LINES})),
            "Invoice",
        )
        for n in range(begin, begin + size)
    ]


def processor() -> float:
    """Processor seconds of this process and of the one that evaluates for it."""
    children = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text().split()
    ticks = 0
    for child in children:
        fields = Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return time.process_time() + ticks / os.sysconf("SC_CLK_TCK")


def seconds(connection: Any, size: int, rounds: int, *, is_new: bool) -> float:
    """Processor time of a page, of many: others use this machine too."""
    from integrations.services import records

    records.upsert_page(connection=connection, resource="invoices", records=page(size, 0))
    pages = [page(size, turn * size if is_new else 0) for turn in range(1, rounds + 1)]
    begun = processor()
    for rows in pages:
        records.upsert_page(connection=connection, resource="invoices", records=rows)
    return (processor() - begun) / rounds


def measured(size: int, rounds: int) -> dict[str, Any]:
    """Microseconds a record, by the kind of override; what is written is rolled back."""
    from django.db import transaction

    from integrations.models import Connection, FieldOverride
    from tenants.models import Role
    from tenants.rls import tenant_scope
    from tenants.services import create_tenant, create_user

    found = {}
    with transaction.atomic():
        tenant = create_tenant(slug="measured-overrides", name="Measured", currency="USD")
        people = [create_user(email=f"{n}@m.test", tenant=tenant, role=Role.OWNER, password=None) for n in range(2)]
        with tenant_scope(tenant.pk):
            for name, expression in {"none": "", **EXPRESSIONS}.items():
                connection = Connection.objects.create(
                    tenant=tenant, connector="quickbooks", external_org_id=name, status="active", currency="USD"
                )
                if expression:
                    FieldOverride.objects.create(
                        tenant=tenant, connection=connection, resource="invoices", direction="read", target="memo",
                        expression=expression, version=1, status="active", created_by=people[0],
                        submitted_by=people[0], decided_by=people[1],
                    )  # fmt: skip
                new = seconds(connection, size, rounds, is_new=True)
                same = seconds(connection, size, rounds, is_new=False)
                found[name] = {"new_us": new / size * 1e6, "unchanged_us": same / size * 1e6}
        transaction.set_rollback(True)
    return found


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    django.setup()
    found = measured(options.records, options.rounds)
    if options.json:
        print(json.dumps(found))
        return
    print(
        f"{'override':<16}{'new record':>14}{'unchanged':>14}   processor microseconds a record, without the database's"
    )
    for name, row in found.items():
        print(f"{name:<16}{row['new_us']:>14.1f}{row['unchanged_us']:>14.1f}")


if __name__ == "__main__":
    main()
