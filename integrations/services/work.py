"""Claims: how a worker takes a row, keeps it, and notices that it lost it.

A claim is one UPDATE that succeeds only for rows nobody holds; it raises the fence. Every later write of that worker is
made `WHERE fence = mine`, so a worker that was thought dead cannot write over its successor.
"""

import random
from collections.abc import Collection
from datetime import timedelta
from typing import Any, TypeVar, cast
from uuid import UUID

from django.conf import settings
from django.db import connection as database
from django.db.models import F, Model, Q, QuerySet
from django.utils import timezone

from integrations.models.sync import Work

WorkRow = TypeVar("WorkRow", bound=Work)

_LONGEST_WAIT_SECONDS = 900.0
_HELD = "UPDATE {table} SET {columns} WHERE id = %s AND tenant_id = %s AND fence = %s"


class LeaseLostError(Exception):
    """Another worker, or a person who cancelled, took this row over: stop and write nothing."""


def lease() -> timedelta:
    """How long a silent worker is believed to be alive; longer than the longest call to a ledger."""
    return timedelta(seconds=settings.WORK_LEASE_SECONDS)


def free_at(moment: Any) -> Q:
    """Rows that nobody holds at that moment."""
    return Q(lease_until=None) | Q(lease_until__lte=moment)


def claim(
    model: type[WorkRow], *, tenant_id: UUID | str, row_id: UUID | str, statuses: Collection[str]
) -> WorkRow | None:
    """The row with a raised fence, or None when it is held, not due, or already concluded.

    Must run inside the tenant's scope; the claim counts from that transaction's commit.
    """
    now = timezone.now()
    due = free_at(now) & Q(available_at__lte=now, status__in=list(statuses))
    rows = model._default_manager.filter(due, tenant_id=tenant_id, pk=row_id)
    taken = rows.update(fence=F("fence") + 1, lease_until=now + lease())
    return cast("WorkRow", model._default_manager.get(pk=row_id)) if taken else None


def claim_several(rows: "QuerySet[WorkRow]", *, most: int) -> list[WorkRow]:
    """At most so many rows of a queryset that are due and that nobody holds or is just taking, each with its own fence.

    Must run inside the tenant's scope; the queryset says the tenant, the statuses and the order.
    """
    now = timezone.now()
    due = rows.filter(free_at(now), available_at__lte=now)
    found = list(due.select_for_update(skip_locked=True, of=("self",))[:most])
    until = now + lease()
    rows.model._default_manager.filter(pk__in=[row.pk for row in found]).update(fence=F("fence") + 1, lease_until=until)
    for row in found:
        row.fence, row.lease_until = row.fence + 1, until
    return found


def keep(row: Work, **changes: Any) -> None:
    """Write to a claimed row and stay its holder; LeaseLostError when it is no longer ours."""
    _write(row, lease_until=timezone.now() + lease(), **changes)


def release(row: Work, *, wait: timedelta = timedelta(0), **changes: Any) -> None:
    """Write to a claimed row and give it back, to be taken again after `wait`; LeaseLostError when it is not ours."""
    _write(row, lease_until=None, available_at=timezone.now() + wait, **changes)


def conclude(row: Work, **changes: Any) -> None:
    """Write the last word on a claimed row; LeaseLostError when it is no longer ours."""
    _write(row, lease_until=None, finished_at=timezone.now(), **changes)


def _write(row: Work, **changes: Any) -> None:
    # What `filter(…).update(…)` says, without its second way through the ORM: a sync writes so after every page.
    meta = row._meta
    fields: list[Any] = [meta.get_field(name) for name in changes]
    columns = ", ".join(f"{database.ops.quote_name(field.column)} = %s" for field in fields)
    values = [
        field.get_db_prep_save(value.pk if isinstance(value, Model) else value, database)
        for field, value in zip(fields, changes.values(), strict=True)
    ]
    with database.cursor() as cursor:
        cursor.execute(
            _HELD.format(table=database.ops.quote_name(meta.db_table), columns=columns),
            [*values, row.pk, row.tenant_id, row.fence],
        )
        if not cursor.rowcount:
            raise LeaseLostError(f"{meta.verbose_name} {row.pk} was taken over.")
    for name, value in changes.items():
        setattr(row, name, value)


def wake(rows: Any) -> int:
    """Let waiting rows of a queryset be taken at once, whatever they were waiting for; returns how many."""
    return cast("int", rows.update(available_at=timezone.now()))


def backoff(attempts: int, retry_after: float | None = None) -> timedelta:
    """How long to wait before the next attempt: doubling, spread by half, never sooner than the ledger said."""
    base: float = settings.RETRY_BASE_SECONDS
    doubled = min(base * 2 ** min(attempts, 16), _LONGEST_WAIT_SECONDS)
    # Spread, so that a ledger that comes back is not met by everybody at once; nothing secret depends on it.
    spread = doubled * (0.5 + random.random())  # noqa: S311
    return timedelta(seconds=max(spread, retry_after or 0.0))
