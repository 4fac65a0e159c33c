"""Matching runs: ask for one, and do one. The engine works between two short transactions, on plain values.

A run is about everything, or about what changed since the last one (`question.load_nearby`). What has changed is rows:
lines with `waits_since`, and records stored after the connection's mark. The mark moves in the transaction that stores
the proposals, so that a run that was cut off is simply done again.
"""

from datetime import timedelta
from uuid import UUID

from django.utils import timezone

from integrations.models import Connection
from integrations.services.work import LeaseLostError, claim, conclude, keep, release
from reconciliation.matching import match, match_among
from reconciliation.models import MatchMark, MatchRun
from reconciliation.services import marking
from reconciliation.services.anomalies import look
from reconciliation.services.bank_rules import apply_rules
from reconciliation.services.cases import raise_unexplained
from reconciliation.services.clues import settled_at
from reconciliation.services.feeds import take_in
from reconciliation.services.question import load_nearby, load_question
from reconciliation.services.statements import follow_accounts
from reconciliation.services.storing import store
from tenants.models import User
from tenants.rls import tenant_scope

_MOST_ATTEMPTS = 3
_UNFINISHED = (MatchRun.Status.QUEUED, MatchRun.Status.RUNNING)


def request_match_run(
    *,
    connection: Connection,
    requested_by: User | None = None,
    wait: timedelta = timedelta(0),
    is_whole: bool = True,
) -> MatchRun:
    """A queued run for the connection, or the unfinished one; `wait` gathers several reasons in one run.

    `is_whole`: match everything with everything, as a person means who asks for it; otherwise what changed is enough.
    """
    unfinished = MatchRun.objects.filter(connection=connection, status__in=_UNFINISHED).first()
    if unfinished is not None and (unfinished.is_whole or not is_whole or _widen(unfinished)):
        return unfinished
    return MatchRun.objects.create(
        tenant_id=connection.tenant_id,
        connection=connection,
        requested_by=requested_by,
        is_whole=is_whole,
        available_at=timezone.now() + wait,
    )


def _widen(run: MatchRun) -> bool:
    """Let an unfinished run be about everything; one under way begins again when it is through. False: it is done."""
    run.is_whole = bool(MatchRun.objects.filter(pk=run.pk, status__in=_UNFINISHED).update(is_whole=True))
    return run.is_whole


def run_matching(tenant_id: UUID | str, run_id: UUID | str) -> MatchRun | None:
    """Claim a run, match, and store its proposals; None when somebody else has it or it is done.

    No network. A bug in the engine marks the run as failed and is raised again.
    """
    run = _take(tenant_id, run_id)
    if run is None:
        return None
    try:
        with tenant_scope(tenant_id):
            take_in(run.connection)
            follow_accounts(run.connection)
            mark = None if run.is_whole else marking.usable(run.connection)
        if mark is None or not _match_nearby(run, mark):
            _match_all(run)
    except LeaseLostError:
        return None
    except Exception as error:
        with tenant_scope(tenant_id):
            conclude(run, status=MatchRun.Status.FAILED, error_code="bug", error=_bug(error))
        raise
    return run


def _match_all(run: MatchRun) -> None:
    """Everything that waits with everything open."""
    with tenant_scope(run.tenant_id):
        read_through = settled_at()
        question = load_question(run.connection)
    found = match(question.lines, question.entries, question.context)
    with tenant_scope(run.tenant_id):
        store(run, question.candidates, found, question.waited)
        apply_rules(run.connection)
        look(run.connection)
        raise_unexplained(run.connection)
    if question.lines:
        with tenant_scope(run.tenant_id):
            marking.whole(run.connection, question, read_through)


def _match_nearby(run: MatchRun, mark: MatchMark) -> bool:
    """What changed since the mark, with what it touches; false when everything has to be matched instead."""
    with tenant_scope(run.tenant_id):
        read_through = settled_at()
        question = load_nearby(run.connection, mark)
    if question is None:
        return False
    found = (
        match_among(question.lines, question.entries, question.context, whole=question.whole, held=question.held)
        if question.whole
        else []
    )
    among = [line.id for line in question.lines]
    with tenant_scope(run.tenant_id):
        asked_for_all = MatchRun.objects.select_for_update().get(pk=run.pk).is_whole
        store(run, question.candidates, found, question.waited, among=among)
        apply_rules(run.connection, among)
        look(run.connection, among)
        raise_unexplained(run.connection, among)
        marking.move(mark, read_through)
        if asked_for_all:
            release(run, status=MatchRun.Status.QUEUED, is_whole=True, attempts=0, finished_at=None)
    return True


def _take(tenant_id: UUID | str, run_id: UUID | str) -> MatchRun | None:
    with tenant_scope(tenant_id):
        run = claim(
            MatchRun, tenant_id=tenant_id, row_id=run_id, statuses=[MatchRun.Status.QUEUED, MatchRun.Status.RUNNING]
        )
        if run is None:
            return None
        if run.attempts >= _MOST_ATTEMPTS:
            conclude(run, status=MatchRun.Status.FAILED, error_code="worker_lost", error=_GAVE_UP)
            return None
        now = timezone.now()
        keep(run, status=MatchRun.Status.RUNNING, attempts=run.attempts + 1, started_at=run.started_at or now)
        return run


_GAVE_UP = {
    "message": f"The worker stopped {_MOST_ATTEMPTS} times during this run.",
    "remedy": "Start matching again; if it stops again, support finds the reason in the worker's log.",
    "who_can_fix": "Support",
}


def _bug(error: Exception) -> dict[str, str]:
    return {
        "message": "Matching stopped because of an error in the portal. Nothing was changed.",
        "remedy": "Start matching again; if it fails again, tell support.",
        "who_can_fix": "Support",
        "detail": f"{type(error).__name__}: {error}"[:500],
    }
