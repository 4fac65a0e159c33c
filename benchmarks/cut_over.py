"""A cut-over of many documents against as many of the ledger's: how long, how much memory, and who is linked to whom.

    python benchmarks/cut_over.py [--documents 10000] [--seed 7] [--json]

The documents and the books are made by `cut_over_books.py`, which knows the truth: of a thousand documents 700 are
exact but for spelling, legal forms and days; the others are renumbered, have another prefix or another amount, exist
twice in the ledger, or are not there at all; half of all amounts are one of eight prices, and a tenth as many records
are the ledger's own. Everything goes through the database of DATABASE_URL, as in the portal: counted only, put in
force, run again, then clear proposals from 80 % on are accepted, each in a forked worker whose peak is its own. A
tenant `cut-over-…` is added; its links, documents and records are removed at the end.

Exit status 1 when anything is linked by itself that is not the same, when an exact document is not linked, or when
running again changes anything.
"""

import argparse
import json
import os
import resource
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

from benchmarks.cut_over_books import START, SURE, Case, Paper, cases, strangers  # noqa: E402 - found as a script

_AT_ONCE = 2000
_ACCEPT_FROM = 80


def founded(documents: int, seed: int) -> Any:
    """A connection of a tenant of its own, with the documents received and the books read."""
    from integrations.models import Connection, LedgerRecord
    from mappings.models import SourceDocument
    from tenants.rls import tenant_scope
    from tenants.services import create_tenant

    tenant = create_tenant(slug=f"cut-over-{os.getpid()}-{seed}", name="Cut-over", currency="GBP")
    with tenant_scope(tenant.pk, source="command"):
        connection = Connection.objects.create(
            tenant=tenant, name="Books", connector="quickbooks", external_org_id=tenant.slug, currency="GBP",
            status=Connection.Status.ACTIVE,
        )  # fmt: skip
    _insert(tenant.pk, SourceDocument, (_document(connection, case.document) for case in cases(documents, seed=seed)))
    papers = (paper for case in cases(documents, seed=seed) for paper in case.records)
    _insert(tenant.pk, LedgerRecord, (_record(connection, paper) for paper in papers))
    _insert(tenant.pk, LedgerRecord, (_record(connection, paper) for paper in strangers(documents // 10)))
    return connection


def _insert(tenant_id: Any, model: Any, rows: Iterator[Any]) -> None:
    from tenants.rls import tenant_scope

    while chunk := list(islice(rows, _AT_ONCE)):
        with tenant_scope(tenant_id, source="command"):
            model.objects.bulk_create(chunk)


def _document(connection: Any, paper: Paper) -> Any:
    from mappings.models import SourceDocument

    return SourceDocument(
        tenant_id=connection.tenant_id, connection=connection, source="shop", external_id=paper.id, kind="sale",
        number=paper.number, issued_on=paper.day, currency="GBP", total=paper.amount, counterparty=paper.contact,
        body={}, body_hash="0" * 64,
    )  # fmt: skip


def _record(connection: Any, paper: Paper) -> Any:
    from django.utils import timezone

    from integrations.models import LedgerRecord

    return LedgerRecord(
        tenant_id=connection.tenant_id, connection=connection, resource="invoices", remote_type="Invoice",
        external_id=paper.id, number=paper.number, contact_name=paper.contact, issued_on=paper.day,
        amount=paper.amount, currency="GBP", unified={}, raw={}, content_hash="0" * 64, synced_at=timezone.now(),
    )  # fmt: skip


def forked(work: Callable[[], None]) -> dict[str, float]:
    """Seconds, processor seconds and peak memory of a worker that does this and nothing else."""
    from django.db import connections

    connections.close_all()
    began = time.perf_counter()
    pid = os.fork()
    if pid == 0:
        try:
            work()
        except BaseException:  # noqa: BLE001 - a fork must end here, whatever happens
            sys.excepthook(*sys.exc_info())
            os._exit(1)
        os._exit(0)
    _, status, used = os.wait4(pid, 0)
    if status:
        raise SystemExit("The worker failed; its error stands above.")
    return {
        "seconds": round(time.perf_counter() - began, 1),
        "cpu_seconds": round(used.ru_utime + used.ru_stime, 1),
        "peak_mb": round(used.ru_maxrss / 1024),
    }


def measured(connection: Any, documents: int, seed: int) -> dict[str, Any]:
    """All four steps, and what was found against the truth."""
    from mappings.models import CutOver
    from mappings.services.cutover import request_run, run_cut_over, set_up
    from mappings.services.cutover_decisions import accept_above
    from tenants.rls import tenant_scope

    tenant_id = connection.tenant_id
    with tenant_scope(tenant_id, source="command"):
        cut_over = set_up(connection=connection, starts_on=START)

    def run(is_dry: bool) -> dict[str, float]:
        with tenant_scope(tenant_id, source="command"):
            request_run(CutOver.objects.get(pk=cut_over.pk), is_dry=is_dry)
        return forked(lambda: _ran(run_cut_over(tenant_id, cut_over.pk)))

    def accept() -> None:
        with tenant_scope(tenant_id, source="command"):
            accept_above(cut_over=cut_over, confidence=_ACCEPT_FROM, by=None)

    found: dict[str, Any] = {"count": run(is_dry=True), "link": run(is_dry=False)}
    linked = links_of(connection)
    found |= {"by_itself": judged(linked, cases(documents, seed=seed)), "again": run(is_dry=False)}
    found["changed_by_again"] = len(set(links_of(connection).items()) ^ set(linked.items()))
    found["accept"] = forked(accept)
    accepted = links_of(connection).items() - linked.items()
    right = sum(external_id.startswith(f"{document}-r") for document, external_id in accepted)
    found |= {"accepted_right": right, "accepted_wrong": len(accepted) - right}
    return found


def _ran(cut_over: Any) -> None:
    assert cut_over is not None
    assert cut_over.status == "idle", cut_over.error


def links_of(connection: Any) -> dict[str, str]:
    """The source's id of each linked document → the ledger's id of its record."""
    from mappings.models import CutOverLink
    from tenants.rls import tenant_scope

    with tenant_scope(connection.tenant_id, source="command"):
        rows = CutOverLink.objects.filter(cut_over__connection=connection, state="linked")
        return dict(rows.values_list("document__external_id", "external_id"))


def judged(linked: dict[str, str], truth: Iterable[Case]) -> dict[str, int]:
    """Linked and the same; linked and not the same; exact and not linked; rightly left to a person."""
    found: Counter[str] = Counter(right=0, wrong=0, missed=0, left=0)
    for case in truth:
        record = linked.get(case.document.id)
        if record is not None:
            found["right" if case.wanted == SURE and record == case.records[0].id else "wrong"] += 1
        else:
            found["missed" if case.wanted == SURE else "left"] += 1
    return dict(found)


def forget(connection: Any) -> None:
    """Remove what was made; the trail of it stays, as it always does."""
    import pgtrigger

    from integrations.models import CrossReference, LedgerRecord
    from mappings.models import CutOverLink, SourceDocument
    from tenants.rls import tenant_scope

    models = (CutOverLink, CrossReference, SourceDocument, LedgerRecord)
    tracked = [f"{model._meta.label}:delete_delete" for model in (CutOverLink, SourceDocument, LedgerRecord)]
    with tenant_scope(connection.tenant_id, source="command"), pgtrigger.ignore(*tracked):
        for model in models:
            rows: Any = model.objects.for_tenant(connection.tenant_id)
            rows._raw_delete("default")


def main() -> int:
    """Parse, run, print; 1 when a promise is not kept."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    import django

    django.setup()
    connection = founded(options.documents, options.seed)
    try:
        own = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
        found = {"documents": options.documents, "before_mb": own}
        found |= measured(connection, options.documents, options.seed)
    finally:
        forget(connection)
    if options.json:
        print(json.dumps(found))
    else:
        for name, value in found.items():
            told = ", ".join(f"{what} {figure}" for what, figure in value.items()) if isinstance(value, dict) else value
            print(f"{name:<18}{told}")
        print(f"load of the machine now {os.getloadavg()[0]:.1f}")
    by_itself = found["by_itself"]
    return 1 if by_itself["wrong"] or by_itself["missed"] or found["changed_by_again"] else 0


if __name__ == "__main__":
    raise SystemExit(main())
