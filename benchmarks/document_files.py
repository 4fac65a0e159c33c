"""Documents by file: seconds and memory of a file that is checked as a whole, then taken in as a whole.

    python benchmarks/document_files.py [--rows 50000] [--format csv] [--json]

Two rows a document. Uses the migrated database of DATABASE_URL; the tenant `documents-…` and all of its rows are rolled
back. Exit status 1 when rows are lost, checking and import together take more than 60 seconds for 50,000 rows, or
memory is not bounded. `cpu_seconds` is what this process itself computed, without the database and other programs.
"""

import argparse
import csv
import io
import json
import os
import resource
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

LIMIT_SECONDS, LIMIT_MEGABYTES = 60.0, 200
HEADS = (
    "source", "external_id", "kind", "issued_on", "currency", "counterparty", "tax_mode", "tax_code", "tax_total",
    "total", "category", "amount", "description",
)  # fmt: skip


class Undo(Exception):
    """Ends the transaction without keeping anything."""


def megabytes() -> float:
    """The most memory this process has had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def lines(rows: int) -> Iterator[tuple[str, ...]]:
    """Sales of two lines each."""
    for number in range(rows // 2):
        head = ("shop", f"order-{number}", "sale", "2026-11-18", "GBP", f"Customer {number % 900} Ltd", "exclusive")
        for at in (1, 2):
            yield (*head, "VAT20", "24.00", "144.00", f"Category {at}", "100.00" if at == 1 else "20.00", f"Line {at}")


def file_of(rows: int, kind: str) -> bytes:
    """The file, written a row at a time so that its making does not count as memory of its reading."""
    if kind == "xlsx":
        from openpyxl import Workbook

        book = Workbook(write_only=True)
        sheet = book.create_sheet()
        sheet.append(HEADS)
        for line in lines(rows):
            sheet.append(line)
        content = io.BytesIO()
        book.save(content)
        return content.getvalue()
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(HEADS)
    writer.writerows(lines(rows))
    return text.getvalue().encode()


def timed(row: Any) -> tuple[float, float, Any]:
    """Seconds and processor seconds of one step of an import, and the row after it."""
    from mappings.services.importing import run_import

    started, computed = time.perf_counter(), time.process_time()
    done = run_import(row.tenant_id, row.pk)
    return time.perf_counter() - started, time.process_time() - computed, done


def measured(rows: int, kind: str) -> dict[str, Any]:
    """All figures."""
    from django.db import transaction

    from integrations.models import Connection
    from mappings.models import DocumentImport, SourceDocument
    from mappings.services.importing import accept, upload
    from tenants.models import Role
    from tenants.rls import tenant_scope
    from tenants.services import create_tenant, create_user

    found: dict[str, Any] = {"rows": rows, "format": kind}
    content = file_of(rows, kind)
    try:
        with transaction.atomic():
            slug = f"documents-{os.getpid()}"
            tenant = create_tenant(slug=slug, name="Documents", currency="GBP")
            editor = create_user(email=f"editor@{slug}.test", tenant=tenant, role=Role.EDITOR, password=None)
            with tenant_scope(tenant.pk):
                books = Connection.objects.create(
                    tenant=tenant, name="Books", connector="quickbooks", external_org_id=slug, currency="GBP",
                    country="GB",
                )  # fmt: skip
                row = upload(connection=books, name=f"documents.{kind}", content=content, by=editor)
                found["megabytes_before"] = round(megabytes())
                dry, dry_cpu, row = timed(row)
                accept(document_import=row)
                real, real_cpu, row = timed(row)
                found["kept"] = SourceDocument.objects.for_tenant(tenant).count()
                found["is_imported"] = row.status == DocumentImport.Status.IMPORTED
            found |= {"dry_seconds": round(dry, 1), "seconds": round(real, 1)}
            found["cpu_seconds"] = round(dry_cpu + real_cpu, 1)
            raise Undo
    except Undo:
        return found | {"megabytes": round(megabytes())}


def main() -> int:
    """Measure and judge."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=50_000)
    parser.add_argument("--format", choices=["csv", "xlsx"], default="csv")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    import django

    django.setup()
    found = measured(args.rows, args.format)
    found["is_good"] = (
        found["kept"] == args.rows // 2
        and found["is_imported"]
        and found["dry_seconds"] + found["seconds"] <= LIMIT_SECONDS * max(1.0, args.rows / 50_000)
        and found["megabytes"] - found["megabytes_before"] <= LIMIT_MEGABYTES
    )
    print(json.dumps(found) if args.json else "\n".join(f"{name}: {value}" for name, value in found.items()))
    return 0 if found["is_good"] else 1


if __name__ == "__main__":
    sys.exit(main())
