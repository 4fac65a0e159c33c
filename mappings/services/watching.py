"""Which connections the health watch and the search for duplicates are due for."""

from datetime import datetime
from uuid import UUID

from django.db import connection as database


def due_watches(at: datetime, most: int) -> list[tuple[UUID, UUID]]:
    """(tenant, connection) synced or approved since the last look, or not looked at for a quarter of an hour."""
    with database.cursor() as cursor:
        cursor.execute("SELECT tenant_id, connection_id FROM mappings_watch_due(%s, %s)", [at, most])
        rows: list[tuple[UUID, UUID]] = cursor.fetchall()
    return rows
