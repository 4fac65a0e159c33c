"""Mappings by file: rows a second and the memory they take, dry run first and then for good, CSV or XLSX.

    python benchmarks/mapping_files.py [--rows 50000] [--accounts 10000] [--format csv] [--json]

Uses the migrated database of DATABASE_URL; the tenant `files-…` and all of its rows are rolled back. Exit status 1 when
rows are lost, the dry run and the import together take more than 60 seconds for 50,000 rows, or memory is not bounded.
`cpu_seconds` is what this process itself computed, without the database and other programs.
"""

import argparse
import json
import os
import resource
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

LIMIT_SECONDS, LIMIT_MEGABYTES = 60.0, 500


class Undo(Exception):
    """Ends the transaction without keeping anything."""


def megabytes() -> float:
    """The most memory this process has had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def prepared(rows: int, accounts: int, kind: str) -> tuple[Any, Any, bytes | str]:
    """A tenant, an editor, and a file for a connection with that many accounts."""
    from django.utils import timezone
    from tablib import Dataset

    from integrations.models import Connection, LedgerRecord
    from tenants.models import Role
    from tenants.rls import tenant_scope
    from tenants.services import create_tenant, create_user

    slug = f"files-{os.getpid()}"
    tenant = create_tenant(slug=slug, name="Files", currency="EUR")
    editor = create_user(email=f"editor@{slug}.test", tenant=tenant, role=Role.EDITOR, password=None)
    with tenant_scope(tenant.pk):
        connection = Connection.objects.create(
            tenant=tenant, name="Books", connector="quickbooks", external_org_id=slug, currency="EUR", country="DE"
        )
        LedgerRecord.objects.bulk_create(
            (
                LedgerRecord(
                    tenant=tenant, connection=connection, resource="accounts", remote_type="Account",
                    external_id=str(number), unified={"code": f"{number}", "name": f"Account {number}"}, raw={},
                    content_hash="0" * 64, synced_at=timezone.now(), name=f"Account {number}", number=f"{number}",
                    kind="expense",
                )
                for number in range(10_000, 10_000 + accounts)
            ),
            batch_size=2000,
        )  # fmt: skip
    data = Dataset(headers=["connection", "subject", "side", "value", "target", "target_id"])
    for number in range(rows):
        data.append(("Books", "category", "purchases", f"Word {number}", str(10_000 + number % accounts), ""))
    return tenant, editor, data.export(kind)


def imported(tenant: Any, editor: Any, content: bytes | str, kind: str, *, dry_run: bool) -> tuple[float, float, Any]:
    """Seconds and processor seconds from the file's bytes to the result, and the result."""
    from tablib import Dataset

    from mappings.resources import ValueMappingResource

    started, computed = time.perf_counter(), time.process_time()
    data = Dataset().load(content, format=kind)
    result = ValueMappingResource(tenant=tenant, user=editor).import_data(data, dry_run=dry_run)
    return time.perf_counter() - started, time.process_time() - computed, result


def measured(rows: int, accounts: int, kind: str) -> dict[str, Any]:
    """All figures."""
    from django.db import transaction

    from mappings.models import ValueMapping
    from tenants.rls import tenant_scope

    found: dict[str, Any] = {"rows": rows, "accounts": accounts, "format": kind}
    try:
        with transaction.atomic():
            tenant, editor, content = prepared(rows, accounts, kind)
            found["megabytes_before"] = round(megabytes())
            with tenant_scope(tenant.pk):
                dry, dry_cpu, _ = imported(tenant, editor, content, kind, dry_run=True)
                real, real_cpu, result = imported(tenant, editor, content, kind, dry_run=False)
                found["kept"] = ValueMapping.objects.for_tenant(tenant).count()
            found |= {"dry_seconds": round(dry, 1), "seconds": round(real, 1), "new": result.totals["new"]}
            found["cpu_seconds"] = round(dry_cpu + real_cpu, 1)
            raise Undo
    except Undo:
        return found | {"megabytes": round(megabytes())}


def main() -> int:
    """Measure and judge."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=50_000)
    parser.add_argument("--accounts", type=int, default=10_000)
    parser.add_argument("--format", choices=["csv", "xlsx"], default="csv")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    import django

    django.setup()
    found = measured(args.rows, args.accounts, args.format)
    allowed = LIMIT_SECONDS * max(1.0, args.rows / 50_000)
    found["is_good"] = (
        found["kept"] == args.rows
        and found["dry_seconds"] + found["seconds"] <= allowed
        and found["megabytes"] - found["megabytes_before"] <= LIMIT_MEGABYTES
    )
    print(json.dumps(found) if args.json else "\n".join(f"{name}: {value}" for name, value in found.items()))
    return 0 if found["is_good"] else 1


if __name__ == "__main__":
    sys.exit(main())
