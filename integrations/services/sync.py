"""Syncs: asked for, claimed, pulled, concluded; and when the next one is due."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import structlog
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from integrations.engine.errors import ConfigurationError, IntegrationError, ReauthorizationNeeded, TransientError
from integrations.engine.turns import seconds_for
from integrations.models import Connection, SyncRun
from integrations.services import drift, failures, ledgers, policies, scheduling
from integrations.services.calls import Recorder
from integrations.services.connectors import connector_of, known_resources
from integrations.services.following import BY_PEOPLE, Wish, cancel_waiting, covers, join_or_follow, let_follow
from integrations.services.proof_times import first_proof
from integrations.services.pulling import Pull, call_counts
from integrations.services.work import LeaseLostError, backoff, claim, conclude, keep, release
from tenants.models import User
from tenants.rls import tenant_scope

log = structlog.get_logger(__name__)

MOST_ATTEMPTS = 8
"""Failures in a row, without a page in between, after which a run rests until a person replays it."""

_PARKED = timedelta(hours=1)


def request_sync(
    *,
    connection: Connection,
    trigger: str,
    resources: Sequence[str] = (),
    is_full: bool = False,
    requested_by: User | None = None,
    replay_of: SyncRun | None = None,
) -> SyncRun:
    """Write down a sync (empty `resources`: all); one already waiting or running that covers it is returned instead.

    What a person asks for while another sync is under way that does not cover it joins that, or comes after it. Runs in
    the caller's tenant transaction. ValidationError when the connection cannot be called, a resource is unknown or not
    read, the sync under way is paused, or, for what no person asked for, another sync is under way.
    """
    if connection.status in {Connection.Status.DISCONNECTED, Connection.Status.NEEDS_REAUTHORISATION}:
        raise ValidationError(f"{connection} is not connected. Reconnect it first.")
    names = known_resources(connection.connector, resources)
    policies.check_reads(connection, names)
    existing = _unfinished(connection)
    columns = {"trigger": trigger, "requested_by": requested_by, "replay_of": replay_of}
    if existing is None:
        row = {"tenant_id": connection.tenant_id, "connection": connection, "resources": names, "is_full": is_full}
        try:
            with transaction.atomic():
                return SyncRun.objects.create(**row, **columns)
        except IntegrityError:
            existing = _unfinished(connection)
    if existing is not None and existing.status == SyncRun.Status.PAUSED:
        raise ValidationError("A sync of this connection is paused. Resume it, or cancel it.")
    if existing is not None and covers(existing, names, is_full=is_full):
        return existing
    if existing is None or trigger not in BY_PEOPLE:
        raise ValidationError("Another sync of this connection is under way. Wait for it, or cancel it.")
    return join_or_follow(existing, Wish(names, is_full, columns))


def sync_after_consent(*, connection: Connection, is_first: bool, requested_by: User | None) -> SyncRun:
    """The sync with which a connection begins, or catches up. No sync under way makes the consent fail.

    One that is paused stays so, and is returned; as is one that cannot take this in: the schedule reads the rest.
    """
    trigger = SyncRun.Trigger.INITIAL if is_first else SyncRun.Trigger.MANUAL
    existing = _unfinished(connection)
    try:
        return request_sync(connection=connection, trigger=trigger, requested_by=requested_by)
    except ValidationError:
        if existing is None:
            raise
        return existing


def replay_sync(*, run: SyncRun, requested_by: User | None = None) -> SyncRun:
    """Ask again for what a failed or cancelled run was to do."""
    return request_sync(
        connection=run.connection,
        trigger=SyncRun.Trigger.REPLAY,
        resources=run.resources,
        is_full=run.is_full,
        requested_by=requested_by,
        replay_of=run,
    )


def cancel_sync(run: SyncRun) -> None:
    """Stop a run; its worker notices with the next page. ValidationError when it is over."""
    if cancel_waiting(run.tenant_id, run.pk):
        run.refresh_from_db()
        return
    rows = SyncRun.objects.for_tenant(run.tenant_id).filter(pk=run.pk).unfinished()
    _take_away(run, rows, status=SyncRun.Status.CANCELLED, finished_at=timezone.now())
    let_follow(run.connection)


def pause_sync(run: SyncRun) -> None:
    """Hold a run after the page that is being stored, until `resume_sync`. ValidationError when it is not under way."""
    rows = SyncRun.objects.for_tenant(run.tenant_id).filter(pk=run.pk)
    under_way = rows.filter(status__in=[SyncRun.Status.QUEUED, SyncRun.Status.RUNNING])
    _take_away(run, under_way, status=SyncRun.Status.PAUSED)


def resume_sync(run: SyncRun) -> None:
    """Let a paused run go on from its last page; ring `run_sync`. ValidationError when it is not paused."""
    rows = SyncRun.objects.for_tenant(run.tenant_id).filter(pk=run.pk, status=SyncRun.Status.PAUSED)
    _take_away(run, rows, status=SyncRun.Status.QUEUED, available_at=timezone.now())


def _take_away(run: SyncRun, rows: QuerySet[SyncRun], **changes: Any) -> None:
    # The fence moves, so that the worker's next page finds that the run is no longer its own.
    changed = rows.update(fence=F("fence") + 1, lease_until=None, **changes)
    run.refresh_from_db()
    if not changed:
        raise ValidationError(f"This sync is {run.get_status_display().lower()}; nothing was changed.")


def request_due_sync(tenant_id: UUID | str, connection_id: UUID | str) -> SyncRun | None:
    """The schedule's turn of a connection; None when it is not due (any more)."""
    now = timezone.now()
    with tenant_scope(tenant_id):
        rows = Connection.objects.filter(tenant_id=tenant_id, pk=connection_id).usable()
        connection = rows.filter(next_sync_at__lte=now).select_for_update(skip_locked=True).first()
        if connection is None:
            return None
        later = now + timedelta(minutes=connection.sync_minutes)
        Connection.objects.filter(pk=connection.pk).update(next_sync_at=later)
        names = scheduling.due_resources(connection, now)
        trigger = SyncRun.Trigger.SCHEDULE
        let_follow(connection)
        return _unfinished(connection) or request_sync(connection=connection, trigger=trigger, resources=names)


def run_sync(tenant_id: UUID | str, run_id: UUID | str) -> SyncRun | None:
    """The worker's use case: take the run, pull, conclude. None when there was nothing to take."""
    with tenant_scope(tenant_id):
        run = claim(
            SyncRun, tenant_id=tenant_id, row_id=run_id, statuses=[SyncRun.Status.QUEUED, SyncRun.Status.RUNNING]
        )
        if run is None or not _begin(run):
            return run
    recorder = Recorder(run.connection, run=run, waits=True)
    try:
        with ledgers.open_ledger(run.connection, recorder=recorder, lane=_lane(run)) as session:
            pull = Pull(run, session)
            pull.everything()
        _succeed(run, pull.unreadable)
    except LeaseLostError:
        log.info("sync_taken_over", run=str(run.pk))
    except IntegrationError as error:
        _fail(run, error, call_counts(run, recorder))
    except Exception as error:
        _rest(run, {**failures.of_bug(error), **call_counts(run, recorder)})
        raise
    if run.status == SyncRun.Status.SUCCEEDED:
        _afterwards(run.connection)
    return run


def _afterwards(connection: Connection) -> None:
    """What a finished sync makes possible: written documents are looked at, and the books get their hour of proof."""
    drift.look(connection)
    with tenant_scope(connection.tenant_id):
        first_proof(connection)


def time_left(run: SyncRun) -> timedelta | None:
    """How long a running sync may still take; None while that cannot be told.

    From the calls that are left and what the ledger's limits allow, where it has told how many pages there are; else
    from the pace so far.
    """
    if run.status != SyncRun.Status.RUNNING:
        return None
    states = [state for state in run.progress.values() if isinstance(state, dict)]
    calls = _calls_left(states)
    if calls is not None:
        policy = connector_of(run.connection).limits
        return timedelta(seconds=round(seconds_for(policy, _lane(run), calls)))
    done = sum(1.0 if state["is_done"] else _part(state) for state in states)
    if run.seconds is None or done <= 0:
        return None
    return timedelta(seconds=round(run.seconds * (len(states) - done) / done))


def _calls_left(states: Sequence[dict[str, Any]]) -> int | None:
    """The pages left, one for what is not begun; None when what is under way does not know its size, or nothing is."""
    left = [state for state in states if not state["is_done"]]
    begun = [state for state in left if state.get("pages")]
    if not begun or any(state.get("left") is None for state in begun):
        return None
    return sum(int(state["left"]) for state in begun) + len(left) - len(begun)


def _part(state: dict[str, Any]) -> float:
    return min(state["records"] / state["total"], 1.0) if state["total"] else 0.0


def _unfinished(connection: Connection) -> SyncRun | None:
    return SyncRun.objects.for_tenant(connection.tenant_id).filter(connection=connection).unfinished().first()


def _lane(run: SyncRun) -> str:
    return "interactive" if run.trigger in {SyncRun.Trigger.MANUAL, SyncRun.Trigger.READ_BACK} else "backfill"


def _begin(run: SyncRun) -> bool:
    """Inside the claim's transaction: start, unless the connection may not be called or the run fails for ever."""
    if run.connection.status != Connection.Status.ACTIVE:
        release(run, wait=_PARKED, status=SyncRun.Status.QUEUED)
        return False
    if run.attempts >= MOST_ATTEMPTS:
        conclude(run, status=SyncRun.Status.FAILED, **failures.columns(_given_up()))
        let_follow(run.connection)
        return False
    keep(run, status=SyncRun.Status.RUNNING, started_at=run.started_at or timezone.now(), attempts=run.attempts + 1)
    return True


def _succeed(run: SyncRun, unreadable: IntegrationError | None) -> None:
    now = timezone.now()
    # What could not be read held nothing up; the run says it all the same.
    columns = failures.columns(unreadable) if unreadable else failures.NO_ERROR
    with tenant_scope(run.tenant_id):
        conclude(run, status=SyncRun.Status.SUCCEEDED, **columns)
        let_follow(run.connection)
        due_at = scheduling.settle(run)
        Connection.objects.filter(pk=run.connection_id).usable().update(
            last_success_at=now, next_sync_at=due_at, error={}
        )


def _fail(run: SyncRun, error: IntegrationError, counts: dict[str, int]) -> None:
    changes = {**failures.columns(error), **counts}
    is_passing = isinstance(error, TransientError) and run.attempts < MOST_ATTEMPTS
    if isinstance(error, ReauthorizationNeeded):
        # The cursor stays in the row: after reconnecting it goes on where it stopped.
        _put_back(run, changes, _PARKED)
    elif is_passing:
        _put_back(run, changes, backoff(run.attempts, error.retry_after))
    else:
        _rest(run, changes)


def _put_back(run: SyncRun, changes: dict[str, Any], wait: timedelta) -> None:
    with tenant_scope(run.tenant_id):
        _unless_lost(run, lambda: release(run, wait=wait, status=SyncRun.Status.QUEUED, **changes))


def _rest(run: SyncRun, changes: dict[str, Any]) -> None:
    with tenant_scope(run.tenant_id):
        _unless_lost(run, lambda: conclude(run, status=SyncRun.Status.FAILED, **changes))
        rows = Connection.objects.filter(pk=run.connection_id).usable()
        later = timezone.now() + timedelta(minutes=run.connection.sync_minutes)
        rows.update(error=changes["error"], next_sync_at=later)
        let_follow(run.connection)


def _unless_lost(run: SyncRun, write: Any) -> None:
    try:
        write()
    except LeaseLostError:
        log.info("sync_taken_over", run=str(run.pk))


def _given_up() -> ConfigurationError:
    return ConfigurationError(
        f"The sync stopped {MOST_ATTEMPTS} times without getting further.",
        code="gave_up",
        remedy="Look at the recorded calls, remove the cause, and press Replay.",
    )
