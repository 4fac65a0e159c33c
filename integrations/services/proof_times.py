"""When a connection is proved: once a day in the hour in which its books are quiet, spread over that hour."""

from datetime import datetime, timedelta

from django.db.models import Sum
from django.db.models.functions import ExtractHour
from django.utils import timezone

from integrations.models import Connection, SyncRun

_LOOK_BACK = timedelta(days=14)
_AT_NIGHT = (2, 3, 1, 4, 0, 5, 23, 22)
"""Hours in the portal's time zone, the first choice first; a quieter hour outside of them is no better."""


def first_proof(connection: Connection) -> None:
    """Give a connection its daily hour, unless it has one; inside the tenant's scope."""
    if connection.next_proof_at is None:
        rows = Connection.objects.filter(pk=connection.pk, next_proof_at=None).usable()
        rows.update(next_proof_at=tomorrow(connection))


def tomorrow(connection: Connection) -> datetime:
    """The next time of its quiet hour that is more than an hour away, at a minute of its own."""
    now = timezone.localtime()
    minute = connection.pk.int % 60
    at = now.replace(hour=quiet_hour(connection), minute=minute, second=0, microsecond=0)
    return at if at > now + timedelta(hours=1) else at + timedelta(days=1)


def quiet_hour(connection: Connection) -> int:
    """The hour of the night in which syncs found least to change lately."""
    runs = SyncRun.objects.for_tenant(connection.tenant_id).filter(
        connection=connection, started_at__gt=timezone.now() - _LOOK_BACK
    )
    # A first or full sync says when somebody connected, not when the books move.
    found = runs.filter(is_full=False).exclude(trigger=SyncRun.Trigger.INITIAL)
    moved = dict(
        found.annotate(hour=ExtractHour("started_at", tzinfo=timezone.get_current_timezone()))
        .order_by()
        .values_list("hour")
        .annotate(changed=Sum("changed"))
    )
    return min(_AT_NIGHT, key=lambda hour: (moved.get(hour) or 0, _AT_NIGHT.index(hour)))
