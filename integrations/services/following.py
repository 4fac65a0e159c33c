"""Syncs that people ask for while another one is under way: joined to one that has not begun, else they come after it.

At most one waits for each connection. It is let go in the transaction that ends the one before it, so that nothing has
to remember it; should that ever be missed, the connection's next turn lets it go.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from integrations.models import Connection, SyncRun
from integrations.services.work import free_at

Status = SyncRun.Status
BY_PEOPLE = frozenset(
    trigger.value for trigger in (SyncRun.Trigger.INITIAL, SyncRun.Trigger.MANUAL, SyncRun.Trigger.REPLAY)
)


@dataclass(frozen=True)
class Wish:
    """What a sync is to read (empty `resources`: all), and the columns that say why and for whom."""

    resources: Sequence[str]
    is_full: bool
    columns: dict[str, Any]


def covers(run: SyncRun, resources: Sequence[str], *, is_full: bool) -> bool:
    """Whether a run reads all of it, as thoroughly."""
    is_enough = not run.resources or (bool(resources) and set(resources) <= set(run.resources))
    return is_enough and (run.is_full or run.trigger == SyncRun.Trigger.INITIAL or not is_full)


def join_or_follow(existing: SyncRun, wish: Wish) -> SyncRun:
    """The run that does what is wished for: `existing` if it has not begun, or one that waits until it is over.

    Inside the caller's tenant transaction. ValidationError when one waits already that cannot take this in.
    """
    # Whoever ends it now waits for us, and then finds what we leave; if it has ended, this one goes at once.
    held = SyncRun.objects.for_tenant(existing.tenant_id).filter(pk=existing.pk).unfinished().select_for_update()
    under_way = held.first()
    if under_way is not None and _take_in(under_way, wish):
        return under_way
    status = Status.QUEUED if under_way is None else Status.WAITING
    waiting = _waiting(existing.connection).first()
    if waiting is None:
        try:
            with transaction.atomic():
                return SyncRun.objects.create(
                    tenant_id=existing.tenant_id,
                    connection=existing.connection,
                    status=status,
                    resources=list(wish.resources),
                    is_full=wish.is_full,
                    **wish.columns,
                )
        except IntegrityError:
            waiting = _waiting(existing.connection).first()
    if waiting is None or not (covers(waiting, wish.resources, is_full=wish.is_full) or _take_in(waiting, wish)):
        raise ValidationError(
            "A sync of this connection is under way, and another one waits for it. Wait for them, or cancel that one."
        )
    return waiting


def let_follow(connection: Connection) -> None:
    """A sync is over: what waited for it may go. Inside the transaction that ended it."""
    unfinished = SyncRun.objects.for_tenant(connection.tenant_id).filter(connection=connection).unfinished()
    if unfinished.exists():
        return
    try:
        with transaction.atomic():
            _waiting(connection).update(status=Status.QUEUED, available_at=timezone.now())
    except IntegrityError:
        # Somebody else's sync has just begun: it lets this one go when it is over.
        return


def cancel_waiting(tenant_id: UUID, run_id: UUID) -> bool:
    """Take back one that waits; False when it does not wait any more."""
    rows = SyncRun.objects.for_tenant(tenant_id).filter(pk=run_id, status=Status.WAITING)
    return bool(rows.update(status=Status.CANCELLED, finished_at=timezone.now()))


def _waiting(connection: Connection) -> "QuerySet[SyncRun]":
    return SyncRun.objects.for_tenant(connection.tenant_id).filter(connection=connection, status=Status.WAITING)


def _take_in(run: SyncRun, wish: Wish) -> bool:
    """Let a run that has not begun read this too; False where that would read more thoroughly than anybody asked."""
    is_larger = wish.is_full and (
        not wish.resources or (bool(run.resources) and set(run.resources) <= set(wish.resources))
    )
    if run.is_full != wish.is_full and not is_larger:
        return False
    named = [] if not run.resources or not wish.resources else list(dict.fromkeys([*run.resources, *wish.resources]))
    rows = SyncRun.objects.for_tenant(run.tenant_id).filter(
        free_at(timezone.now()), pk=run.pk, progress={}, status__in=[Status.QUEUED, Status.WAITING]
    )
    changes = {"resources": named, "is_full": run.is_full or wish.is_full, **wish.columns}
    if not rows.update(fence=F("fence") + 1, **changes):
        return False
    run.refresh_from_db()
    return True
