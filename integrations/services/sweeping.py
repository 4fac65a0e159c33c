"""Which rows of all tenants have work due; the database function shows their kind and ids and nothing else."""

from datetime import datetime
from uuid import UUID

from django.db import connection
from django.utils import timezone

MOST_PER_KIND = 200
# Among so many times as many of a kind, each tenant has its turn before one has its second.
_LOOKED_AT = 100

_FAIR = """
SELECT kind, tenant_id, row_id FROM (
  SELECT kind, tenant_id, row_id, row_number() OVER (PARTITION BY kind ORDER BY turn, place) AS order_in_kind FROM (
    SELECT kind, tenant_id, row_id, place, row_number() OVER (PARTITION BY kind, tenant_id ORDER BY place) AS turn
    FROM integrations_due(%(at)s, %(looked_at)s) WITH ORDINALITY AS due(kind, tenant_id, row_id, place)
  ) AS turns
) AS fair WHERE order_in_kind <= %(most)s ORDER BY order_in_kind
"""


def due_work(*, at: datetime | None = None, most: int = MOST_PER_KIND) -> list[tuple[str, str, str]]:
    """(kind, tenant id, row id) of work that nobody holds and whose time has come.

    Within a kind tenants take turns, each with its oldest first: whoever has much to do holds up nobody.
    """
    with connection.cursor() as cursor:
        cursor.execute(_FAIR, {"at": at or timezone.now(), "most": most, "looked_at": most * _LOOKED_AT})
        return [(kind, str(tenant_id), str(row_id)) for kind, tenant_id, row_id in cursor.fetchall()]


def tenant_of_connection(connection_id: UUID) -> UUID | None:
    """Whose connection it is, for commands that are given only its id; None when there is none."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT integrations_tenant_of_connection(%s)", [connection_id])
        found = cursor.fetchone()
    return UUID(str(found[0])) if found and found[0] else None
