"""The audit trail: database triggers write one append-only event row per change, with who, for whom and from where.

Triggers (django-pghistory) also catch bulk writes and `queryset.update()`, which model signals miss. The context is
stored inside each event row, so that every event belongs to one tenant and row-level security covers it.
"""

from collections.abc import Callable
from typing import TypeVar

import pghistory
from django.db import models

_Model = TypeVar("_Model", bound=type[models.Model])


def audited(
    *trackers: pghistory.Tracker, exclude: tuple[str, ...] = (), only_when: tuple[str, ...] = ()
) -> Callable[[_Model], _Model]:
    """Track inserts, updates and deletes of a tenant-owned model; `exclude` names secrets that must not be copied.

    `only_when` limits updates to those that change one of the named fields, for rows that count their own progress.
    """
    chosen = trackers or (
        pghistory.InsertEvent(),
        pghistory.UpdateEvent(condition=pghistory.AnyChange(*only_when) if only_when else pghistory.AnyChange()),
        pghistory.DeleteEvent(),
    )

    def wrap(model: _Model) -> _Model:
        tracked: _Model = pghistory.track(
            *chosen,
            exclude=list(exclude) or None,
            context_field=pghistory.ContextJSONField(null=True),
            context_id_field=pghistory.ContextUUIDField(null=True),
            append_only=True,
        )(model)
        return tracked

    return wrap
