"""How many documents a ledger record concerns: those booked to it lately, by their own trace, and those that wait."""

from collections.abc import Collection
from datetime import timedelta
from typing import Any

from django.db import connection as database
from django.utils import timezone

from integrations.models import Connection

_DAYS = 90

# By the documents' own traces, so that rules of any kind count; and by the words that keep documents waiting now.
_SQL = """
WITH concerned AS (
  SELECT t ->> 'target_id' AS target_id, t ->> 'field' AS field, d.id, d.issued_on, d.status
  FROM mappings_sourcedocument d CROSS JOIN LATERAL jsonb_array_elements(d.trace) AS t
  WHERE d.tenant_id = %(tenant)s AND d.connection_id = %(connection)s
    AND (d.issued_on >= %(since)s OR d.status = 'waiting') AND t ->> 'target_id' = ANY(%(ids)s)
  UNION ALL
  SELECT m.target_external_id, m.target_resource, d.id, d.issued_on, d.status
  FROM mappings_valuemapping m
  JOIN mappings_mappingset s ON s.id = m.mapping_set_id AND s.status = 'active' AND s.connection_id = %(connection)s
  JOIN mappings_sourcevalue v ON v.connection_id = s.connection_id AND v.subject = m.subject AND v.side = m.side
    AND v.value = m.value
  JOIN mappings_documentvalue u ON u.source_value_id = v.id AND u.is_missing
  JOIN mappings_sourcedocument d ON d.id = u.document_id AND d.status = 'waiting'
  WHERE m.tenant_id = %(tenant)s AND m.target_external_id = ANY(%(ids)s))
SELECT CASE WHEN field IN ('tax rate', 'tax_rate', 'tax_rates') THEN 'tax_rates'
            WHEN field IN ('contact', 'contacts') THEN 'contacts'
            WHEN field IN ('item', 'items') THEN 'items' ELSE '' END AS resource,
  target_id, count(DISTINCT id) FILTER (WHERE issued_on >= %(since)s),
  count(DISTINCT id) FILTER (WHERE status = 'waiting')
FROM concerned GROUP BY 1, 2
"""
_NAMED = frozenset({"tax_rates", "contacts", "items"})


def impact_by_target(
    connection: Connection, targets: Collection[tuple[str, str, str]]
) -> dict[tuple[str, str, str], tuple[int, int]]:
    """(resource, remote type, external id) → (documents of the last 90 days, waiting ones); one query."""
    values: dict[str, Any] = {
        "tenant": connection.tenant_id,
        "connection": connection.pk,
        "since": timezone.localdate() - timedelta(days=_DAYS),
        "ids": sorted({target[2] for target in targets}),
    }
    with database.cursor() as cursor:
        cursor.execute(_SQL, values)
        counts = {
            (resource, target_id): (recent, waiting) for resource, target_id, recent, waiting in cursor.fetchall()
        }
    return {target: counts.get((target[0] if target[0] in _NAMED else "", target[2]), (0, 0)) for target in targets}
