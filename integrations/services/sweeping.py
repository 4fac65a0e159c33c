"""Which rows of all tenants have work due; the database function shows their kind and ids and nothing else."""

from datetime import datetime
from uuid import UUID

from django.db import connection
from django.utils import timezone

MOST_PER_KIND = 200


def due_work(*, at: datetime | None = None, most: int = MOST_PER_KIND) -> list[tuple[str, str, str]]:
    """(kind, tenant id, row id) of work that nobody holds and whose time has come, oldest first within a kind."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT kind, tenant_id, row_id FROM integrations_due(%s, %s)", [at or timezone.now(), most])
        return [(kind, str(tenant_id), str(row_id)) for kind, tenant_id, row_id in cursor.fetchall()]


def tenant_of_connection(connection_id: UUID) -> UUID | None:
    """Whose connection it is, for commands that are given only its id; None when there is none."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT integrations_tenant_of_connection(%s)", [connection_id])
        found = cursor.fetchone()
    return UUID(str(found[0])) if found and found[0] else None
