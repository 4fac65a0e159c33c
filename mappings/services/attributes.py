"""What else documents bring along, by name: how often, since when, in which kinds, and which ledger fields it fills."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import connection as database

from integrations.models import Connection, CustomField
from integrations.services.custom_fields import set_key

LATEST = 20_000
"""So many of the newest documents are looked at."""
_MOST = 500

_BROUGHT = """
WITH latest AS (
  SELECT id, kind, status, received_at, body->'attributes' AS attributes FROM mappings_sourcedocument
  WHERE tenant_id = %(tenant)s AND connection_id = %(connection)s ORDER BY id DESC LIMIT %(latest)s)
SELECT a.key, count(*), min(received_at), count(*) FILTER (WHERE status = 'waiting'),
  array_agg(DISTINCT kind ORDER BY kind), (array_agg(a.value ORDER BY latest.id DESC))[1]
FROM latest, jsonb_each_text(CASE jsonb_typeof(attributes) WHEN 'object' THEN attributes ELSE '{}' END) a
GROUP BY a.key ORDER BY count(*) DESC, a.key LIMIT %(most)s
"""


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute of a connection's documents; `fields` are the ledger's fields that it fills."""

    name: str
    documents: int
    since: datetime
    waiting: int
    kinds: tuple[str, ...]
    example: str
    fields: tuple[CustomField, ...]


def attributes_of(connection: Connection) -> list[Attribute]:
    """What the newest documents bring, the most frequent first; and what fills a field though none of them has it.

    Inside the tenant's scope; two queries.
    """
    fields: dict[str, list[CustomField]] = defaultdict(list)
    for field in CustomField.objects.for_tenant(connection.tenant_id).filter(connection=connection).exclude(key=""):
        fields[field.key].append(field)
    with database.cursor() as cursor:
        named: dict[str, Any] = {
            "tenant": connection.tenant_id,
            "connection": connection.pk,
            "latest": LATEST,
            "most": _MOST,
        }
        cursor.execute(_BROUGHT, named)
        rows = cursor.fetchall()
    return [
        Attribute(name, count, since, waiting, tuple(kinds), example or "", tuple(fields.get(name, ())))
        for name, count, since, waiting, kinds, example in rows
    ]


def fill(*, connection: Connection, field_id: str, name: str) -> CustomField:
    """Let an attribute fill a field of the ledger; an empty name lets nothing fill it. Returns the field as it was.

    ValidationError when there is no such field, or it cannot be filled so.
    """
    rows = CustomField.objects.for_tenant(connection.tenant_id).filter(connection=connection)
    # By its text: what a page sends need not be an id at all.
    field = next((row for row in rows if str(row.pk) == field_id), None)
    if field is None:
        raise ValidationError("Choose a field of the ledger.")
    set_key(field, name)
    return field
