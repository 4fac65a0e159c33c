"""Doorbells: each task loads by id and calls one service; the sweeper finds what no doorbell rang for."""

from typing import Any
from uuid import UUID

from celery import shared_task
from django.db import connection
from django.utils import timezone

from integrations.tasks import send_posting
from reconciliation.services import automatic, case_mail, case_policy, closing, figures, progress, runs
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


@shared_task(name="reconciliation.tasks.tell_assignee")
def tell_assignee(tenant_id: str, case_id: str) -> None:
    """Mail to the person an exception was given to, about all that were."""
    case_mail.tell_assignee(tenant_id, case_id)


@shared_task(name="reconciliation.tasks.raise_exceptions")
def raise_exceptions(tenant_id: str, policy_id: str) -> None:
    """Raise what a tenant's policy makes an exception."""
    case_policy.raise_by_policy(tenant_id, policy_id)


@shared_task(name="reconciliation.tasks.approve_by_itself")
def approve_by_itself(tenant_id: str, connection_id: str) -> None:
    """Approve what a tenant allows to be approved without a person; ring for each posting."""
    for postings in automatic.approve_by_itself(tenant_id, connection_id):
        for posting in postings:
            send_posting.delay(tenant_id, str(posting.pk))


@shared_task(name="reconciliation.tasks.fold_figures")
def fold_figures(tenant_id: str, _row_id: str) -> None:
    """Make few rows of the many that changes of bank lines left among a tenant's figures."""
    figures.fold(tenant_id)


_BELLS: dict[str, Any] = {
    "match_run": run_matching,
    "match": refresh_match,
    "close": recheck_close,
    "case": tell_assignee,
    "automatic": approve_by_itself,
    "policy": raise_exceptions,
    "figures": fold_figures,
}


_DUE = (
    "reconciliation_due",
    "reconciliation_desk_due",
    "reconciliation_feeds_due",
    "reconciliation_policies_due",
    "reconciliation_figures_due",
)


@shared_task(name="reconciliation.tasks.sweep")
def sweep() -> None:
    """Ring for every due row; database functions name them without showing them."""
    due: list[tuple[str, UUID, UUID]] = []
    with connection.cursor() as cursor:
        for function in _DUE:
            cursor.execute(f"SELECT kind, tenant_id, row_id FROM {function}(%s, %s)", [timezone.now(), _MOST])  # noqa: S608
            due += cursor.fetchall()
    for kind, tenant_id, row_id in due:
        if bell := _BELLS.get(kind):
            bell.delay(str(tenant_id), str(row_id))
        elif (run := start_due_run(tenant_id, row_id)) is not None:
            run_matching.delay(str(tenant_id), str(run.pk))
