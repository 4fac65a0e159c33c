"""Replays: planned before anything goes, then sent back to work in order, at a rate, until done, cancelled or stopped.

A replay only puts units back to work; whoever does that work ordinarily does it. What became of a unit is read from
its own row, so that a worker that dies loses nothing and counts nothing twice.
"""

from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Count, F
from django.utils import timezone

from integrations.models import Connection, Fetch, Posting, Replay, ReplayUnit, SyncRun, WebhookEvent
from integrations.services import failures, inbox
from integrations.services.postings import replay_posting
from integrations.services.replay_plans import candidates, closed_because, rate_of, warnings_of
from integrations.services.sync import replay_sync
from integrations.services.work import claim, conclude, release
from tenants.models import User
from tenants.rls import tenant_scope

STOP_AFTER = 10
"""So many refusals of one cause in a row end a replay: the cause is not removed."""

_STEP = timedelta(seconds=5)
_PATIENCE = timedelta(minutes=2)
_LAST_WORD = timedelta(minutes=10)
_MOST_PER_MINUTE = 6000
_INSERT_AT_ONCE = 5000
_Outcome = ReplayUnit.Outcome
_Status = Replay.Status


def plan_replay(
    *,
    connection: Connection,
    kind: str,
    cause: str,
    chosen: Collection[UUID] | None = None,
    per_minute: int | None = None,
    requested_by: User | None = None,
) -> Replay:
    """Write down what would go and what stays; nothing goes before `start_replay`. `chosen`: only these units.

    An earlier plan of the same cause that nobody started is replaced. ValidationError for a kind that is none.
    """
    if kind not in Replay.Kind.values:
        raise ValidationError(f"There is nothing of the kind “{kind}” to replay.")
    if per_minute is not None and not 0 < per_minute <= _MOST_PER_MINUTE:
        raise ValidationError(f"The rate must be between 1 and {_MOST_PER_MINUTE} a minute.")
    same = Replay.objects.for_tenant(connection.tenant_id).filter(connection=connection, kind=kind, cause=cause)
    same.filter(status=_Status.PLANNED).delete()
    found = candidates(connection, kind, cause, chosen)
    replay = Replay.objects.create(
        tenant_id=connection.tenant_id,
        connection=connection,
        kind=kind,
        cause=cause,
        planned=len(found.ids),
        excluded=found.excluded,
        warnings=warnings_of(connection, kind, cause, found.ids),
        per_minute=per_minute or rate_of(connection),
        requested_by=requested_by,
    )
    units = (
        ReplayUnit(tenant_id=replay.tenant_id, replay=replay, position=position, row_id=row_id)
        for position, row_id in enumerate(found.ids)
    )
    ReplayUnit.objects.bulk_create(units, batch_size=_INSERT_AT_ONCE)
    return replay


def start_replay(replay: Replay, *, per_minute: int | None = None, requested_by: User | None = None) -> None:
    """Let a planned replay go; ValidationError when it has begun, nothing may go, or its cause is being replayed."""
    connection = replay.connection
    if closed_because(connection, replay.kind) or not replay.planned:
        raise ValidationError("Nothing of this plan may go now. Look at what is left out and why, then plan again.")
    if per_minute is not None and not 0 < per_minute <= _MOST_PER_MINUTE:
        raise ValidationError(f"The rate must be between 1 and {_MOST_PER_MINUTE} a minute.")
    now = timezone.now()
    changes: dict[str, Any] = {"status": _Status.RUNNING, "started_at": now, "available_at": now}
    changes |= {"per_minute": per_minute or replay.per_minute, "requested_by": requested_by or replay.requested_by}
    rows = Replay.objects.for_tenant(replay.tenant_id).filter(pk=replay.pk, status=_Status.PLANNED)
    try:
        with transaction.atomic():
            changed = rows.update(**changes)
    except IntegrityError as error:
        raise ValidationError("These are being replayed already. Wait for that, or cancel it.") from error
    if not changed:
        raise ValidationError("This replay was started before.")
    replay.refresh_from_db()


def cancel_replay(replay: Replay) -> None:
    """Stop at once; what has not gone keeps resting. ValidationError when it is over."""
    rows = Replay.objects.for_tenant(replay.tenant_id).filter(pk=replay.pk)
    changes = {"status": _Status.CANCELLED, "finished_at": timezone.now(), "lease_until": None}
    # The fence moves, so that a worker that is just about to send the next ones finds it is no longer its own.
    changed = rows.filter(status__in=[_Status.PLANNED, _Status.RUNNING]).update(fence=F("fence") + 1, **changes)
    replay.refresh_from_db()
    if not changed:
        raise ValidationError(f"This replay is over: {replay.get_status_display().lower()}.")


@dataclass(frozen=True)
class Bell:
    """Work that can be done now, to be rung for after commit."""

    kind: str
    row_id: UUID


def run_replay(tenant_id: UUID | str, replay_id: UUID | str) -> list[Bell]:
    """One step: count what came back, send the next at the replay's rate, and rest until its next turn."""
    with tenant_scope(tenant_id):
        replay = claim(Replay, tenant_id=tenant_id, row_id=replay_id, statuses=[_Status.RUNNING])
        return _step(replay) if replay is not None else []


def _step(replay: Replay) -> list[Bell]:
    _settle(replay)
    counts = _counts(replay)
    stopped = _why_stop(replay)
    if stopped:
        conclude(replay, status=_Status.STOPPED, **counts, **stopped)
        return []
    batch = max(1, round(replay.per_minute * _STEP.total_seconds() / 60))
    bells = _send(replay, min(batch, _room(replay, batch)))
    counts = _counts(replay)
    if _is_over(replay):
        conclude(replay, status=_Status.DONE, **counts)
    else:
        release(replay, wait=_wait(replay, batch), **counts)
    return bells


def _wait(replay: Replay, batch: int) -> timedelta:
    is_waiting = replay.units.filter(outcome=_Outcome.WAITING).exists()
    return timedelta(minutes=batch / replay.per_minute) if is_waiting else timedelta(seconds=2)


def _room(replay: Replay, batch: int) -> int:
    """Only so many are under way at once that refusals are noticed before everything has gone."""
    lately = timezone.now() - _PATIENCE
    under_way = replay.units.filter(outcome=_Outcome.GONE, gone_at__gt=lately).count()
    return max(0, max(STOP_AFTER, 2 * batch) - under_way)


def _is_over(replay: Replay) -> bool:
    if replay.units.filter(outcome=_Outcome.WAITING).exists():
        return False
    lately = timezone.now() - _LAST_WORD
    return not replay.units.filter(outcome=_Outcome.GONE, gone_at__gt=lately).exists()


def _counts(replay: Replay) -> dict[str, Any]:
    counted = replay.units.order_by().values_list("outcome").annotate(count=Count("pk"))
    outcomes: Counter[str] = Counter(dict(counted))
    done = replay.planned - outcomes[_Outcome.WAITING]
    return {"done": done, "landed": outcomes[_Outcome.LANDED], "refused": outcomes[_Outcome.REFUSED]}


def _why_stop(replay: Replay) -> dict[str, Any]:
    if closed := closed_because(replay.connection, replay.kind):
        text = f"The connection cannot be used any more: {closed.replace('_', ' ')}."
        return _stopped("connection", text, "Mend the connection, then plan a replay of what is left.")
    settled = replay.units.filter(outcome__in=[_Outcome.LANDED, _Outcome.REFUSED]).order_by("-position")
    last = list(settled.values_list("outcome", "error_code")[:STOP_AFTER])
    codes = {code for outcome, code in last if outcome == _Outcome.REFUSED}
    is_hopeless = len(last) == STOP_AFTER and len(codes) == 1 and all(each[0] == _Outcome.REFUSED for each in last)
    if not is_hopeless:
        return {}
    code = codes.pop().replace("_", " ")
    text = f"{STOP_AFTER} in a row were refused again with the same cause ({code}), so it stopped by itself."
    return _stopped("still_refused", text, "Remove the cause first, then plan a replay of what still rests.")


def _stopped(code: str, text: str, remedy: str) -> dict[str, Any]:
    return {"error_code": code, "error": {"code": code, "message": text, "remedy": remedy}}


# What goes ----------------------------------------------------------------------------------------------------------


def _send(replay: Replay, most: int) -> list[Bell]:
    units = list(replay.units.filter(outcome=_Outcome.WAITING).order_by("position")[:most])
    now, bells, left = timezone.now(), [], Counter[str]()
    for unit in units:
        try:
            with transaction.atomic():
                unit.watched_id = _BACK_TO_WORK[replay.kind](replay, unit.row_id)
        except (ValidationError, Posting.DoesNotExist, SyncRun.DoesNotExist):
            unit.outcome = _Outcome.LEFT
            left[_why_left(replay, unit.row_id)] += 1
        else:
            unit.outcome, unit.gone_at = _Outcome.GONE, now
            bells.append(Bell(_BELLS.get(Replay.Kind(replay.kind), ""), unit.watched_id))
    ReplayUnit.objects.bulk_update(units, ["watched_id", "outcome", "gone_at"])
    if left:
        excluded = Counter(replay.excluded) + left
        Replay.objects.filter(pk=replay.pk, fence=replay.fence).update(excluded=dict(excluded))
        replay.excluded = dict(excluded)
    return bells


def _why_left(replay: Replay, row_id: UUID) -> str:
    cancelled = Posting.objects.filter(pk=row_id, status=Posting.Status.CANCELLED)
    unknown = Posting.objects.filter(pk=row_id, status=Posting.Status.UNKNOWN)
    if replay.kind == Replay.Kind.POSTING and cancelled.exists():
        return "cancelled"
    return "outcome_unknown" if replay.kind == Replay.Kind.POSTING and unknown.exists() else "not_resting"


def _posting_back(replay: Replay, row_id: UUID) -> UUID:
    posting = Posting.objects.for_tenant(replay.tenant_id).select_for_update().get(pk=row_id)
    if posting.status not in inbox.REST:
        raise ValidationError("It does not rest any more.")
    replay_posting(posting=posting, requested_by=replay.requested_by)
    return row_id


def _run_back(replay: Replay, row_id: UUID) -> UUID:
    run = SyncRun.objects.for_tenant(replay.tenant_id).select_related("connection").get(pk=row_id)
    return replay_sync(run=run, requested_by=replay.requested_by).pk


def _row_back(model: Any, failed: str, again: str) -> Callable[[Replay, UUID], UUID]:
    def back(replay: Replay, row_id: UUID) -> UUID:
        fresh = {"status": again, "attempts": 0, "available_at": timezone.now(), "finished_at": None}
        rows = model.objects.filter(tenant_id=replay.tenant_id, pk=row_id, status=failed)
        if not rows.update(fence=F("fence") + 1, lease_until=None, **fresh, **failures.NO_ERROR):
            raise ValidationError("It does not rest any more.")
        return row_id

    return back


_BACK_TO_WORK: dict[str, Callable[[Replay, UUID], UUID]] = {
    Replay.Kind.POSTING: _posting_back,
    Replay.Kind.SYNC: _run_back,
    Replay.Kind.EVENT: _row_back(WebhookEvent, WebhookEvent.Status.FAILED, WebhookEvent.Status.PENDING),
    Replay.Kind.FETCH: _row_back(Fetch, Fetch.Status.FAILED, Fetch.Status.QUEUED),
}

# Names of the doorbells; what is announced is taken by connection, so the sweep rings for it.
_BELLS = {Replay.Kind.POSTING: "posting", Replay.Kind.SYNC: "sync_run", Replay.Kind.FETCH: "fetch"}

# What came of it ----------------------------------------------------------------------------------------------------

_MODELS: dict[str, Any] = {
    Replay.Kind.POSTING: Posting,
    Replay.Kind.SYNC: SyncRun,
    Replay.Kind.EVENT: WebhookEvent,
    Replay.Kind.FETCH: Fetch,
}
_UNDER_WAY = {"pending", "sent", "unknown", "waiting", "queued", "running", "paused"}
_RESTS_AGAIN = {"rejected", "resting", "failed", "held"}


def _settle(replay: Replay) -> None:
    units = list(replay.units.filter(outcome=_Outcome.GONE))
    rows = _MODELS[replay.kind].objects.filter(pk__in=[unit.watched_id for unit in units])
    found = {pk: (status, code) for pk, status, code in rows.values_list("pk", "status", "error_code")}
    settled = []
    for unit in units:
        status, code = found.get(unit.watched_id, ("gone", ""))
        if status in _UNDER_WAY:
            continue
        is_again = status in _RESTS_AGAIN
        is_left = status in {"cancelled", "gone"}
        unit.outcome = _Outcome.REFUSED if is_again else _Outcome.LEFT if is_left else _Outcome.LANDED
        unit.error_code = code if is_again else ""
        settled.append(unit)
    ReplayUnit.objects.bulk_update(settled, ["outcome", "error_code"])


def replays_of(tenant_id: UUID) -> tuple[list[Replay], list[Replay]]:
    """Those under way, and the newest that are over."""
    rows = Replay.objects.for_tenant(tenant_id).select_related("connection").order_by("-id")
    return list(rows.running()), list(rows.over()[:5])
