"""Doorbells: each task loads by id and calls one service; the sweeper finds what no doorbell rang for."""

from uuid import UUID

from celery import shared_task
from django.db import connection
from django.utils import timezone

from reconciliation.services import closing, progress, runs
from reconciliation.services.sweeping import start_due_run

_MOST = 200


@shared_task(name="reconciliation.tasks.run_matching")
def run_matching(tenant_id: str, run_id: str) -> None:
    """Do a queued matching run; nothing when another worker has it."""
    runs.run_matching(tenant_id, run_id)


@shared_task(name="reconciliation.tasks.refresh_match")
def refresh_match(tenant_id: str, match_id: str) -> None:
    """Let a match follow its postings."""
    progress.refresh_match(tenant_id, match_id)


@shared_task(name="reconciliation.tasks.recheck_close")
def recheck_close(tenant_id: str, close_id: str) -> None:
    """See whether what a certified period stands on is still what was signed."""
    closing.recheck(tenant_id, close_id)


@shared_task(name="reconciliation.tasks.sweep")
def sweep() -> None:
    """Ring for every due row; a database function names them without showing them."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT kind, tenant_id, row_id FROM reconciliation_due(%s, %s)", [timezone.now(), _MOST])
        due: list[tuple[str, UUID, UUID]] = cursor.fetchall()
    for kind, tenant_id, row_id in due:
        if kind == "match_run":
            run_matching.delay(str(tenant_id), str(row_id))
        elif kind == "match":
            refresh_match.delay(str(tenant_id), str(row_id))
        elif kind == "close":
            recheck_close.delay(str(tenant_id), str(row_id))
        elif (run := start_due_run(tenant_id, row_id)) is not None:
            run_matching.delay(str(tenant_id), str(run.pk))
