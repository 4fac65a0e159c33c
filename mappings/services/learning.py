"""What this tenant's own choices and books teach: earlier versions, the other side, other connections, ledger lines.

Read anew each time from rows that stand for themselves, so whatever is undone is forgotten; never another tenant's.
"""

from collections.abc import Iterator
from typing import Any

from django.db import connection as database

from integrations.models import Connection, LedgerRecord
from mappings.models import MappingSet, RefusedSuggestion, ValueMapping
from mappings.services.targets import name_of
from mappings.suggest import Knowledge, Use, plain
from mappings.transform.fit import RESOURCES

_Status = MappingSet.Status
_DOCUMENTS = {("category", "purchases"): ("bills", "expenses"), ("category", "sales"): ("invoices",)}
_NEWEST, _MOST = 3000, 4000

# What the newest documents say of each line, and the account it went to. Those that this portal posted went where the
# mappings say: they would only repeat it, and make a habit of what a default did.
_LINES = """
WITH newest AS (
  SELECT r.contact_name, r.unified FROM integrations_ledgerrecord r
  WHERE r.tenant_id = %(tenant)s AND r.connection_id = %(connection)s AND r.resource = ANY(%(resources)s)
    AND r.deleted_at IS NULL AND NOT EXISTS (
      SELECT 1 FROM integrations_crossreference x
      WHERE x.connection_id = r.connection_id AND x.resource = r.resource AND x.remote_type = r.remote_type
        AND x.external_id = r.external_id AND x.posting_id IS NOT NULL)
  ORDER BY r.issued_on DESC NULLS LAST, r.id DESC LIMIT %(newest)s)
SELECT said.words, line -> 'account' ->> 'id', count(*)
FROM newest CROSS JOIN LATERAL jsonb_array_elements(
    CASE jsonb_typeof(newest.unified -> 'lines') WHEN 'array' THEN newest.unified -> 'lines' ELSE '[]' END) AS line
CROSS JOIN LATERAL (VALUES (newest.contact_name), (line ->> 'description'), (line -> 'item' ->> 'name')) AS said(words)
WHERE line -> 'account' ->> 'id' IS NOT NULL AND coalesce(said.words, '') <> ''
GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2 LIMIT %(most)s
"""


def knowledge_of(connection: Connection, subject: str, side: str) -> Knowledge:
    """Everything a `Suggester` may know about this use; at most four queries."""
    uses = (*_chosen(connection, subject, side), *_written(connection, subject, side))
    refused = refusals_of(connection).get((subject, side), ())
    return Knowledge(subject, side, connection.country, uses, tuple(refused))


def refusals_of(connection: Connection) -> dict[tuple[str, str], list[tuple[str, str]]]:
    """What was refused, by (subject, side): pairs of text and external id; one query."""
    rows = RefusedSuggestion.objects.for_tenant(connection.tenant_id).filter(connection=connection).order_by("id")
    found: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for subject, side, value, external_id in rows.values_list("subject", "side", "value", "external_id"):
        found.setdefault((subject, side), []).append((value, external_id))
    return found


def _chosen(connection: Connection, subject: str, side: str) -> Iterator[Use]:
    """The newest meaning of each value in each connection of the tenant, on either side, active or being worked on."""
    rows = ValueMapping.objects.for_tenant(connection.tenant_id).filter(subject=subject, conditions={})
    # A version is a whole copy: what none of these says any more was taken back.
    said = rows.exclude(value="").filter(mapping_set__status__in=[_Status.ACTIVE, _Status.SUBMITTED, _Status.DRAFT])
    newest = said.order_by("mapping_set__connection", "side", "value", "-mapping_set__version").distinct(
        "mapping_set__connection", "side", "value"
    )
    columns = ("mapping_set__connection", "mapping_set__version", "side", "value", "target_external_id", "target_name")
    found = list(newest.values_list(*columns))
    by_name = _by_name(connection, subject) if any(row[0] != connection.pk for row in found) else {}
    for place, version, used_on, value, external_id, name in found:
        if place != connection.pk:
            if target := by_name.get(plain(name)):
                yield Use(value, target, 2, "another of your connections", is_choice=True)
            continue
        where = f"version {version}" if used_on == side else f"version {version}, on {used_on}"
        yield Use(value, external_id, 3 if used_on == side else 2, where, is_choice=True)


def _by_name(connection: Connection, subject: str) -> dict[str, str]:
    rows = LedgerRecord.objects.for_tenant(connection.tenant_id).of(connection, RESOURCES[subject])
    return {plain(name_of(row)): row.external_id for row in rows.filter(is_active=True).defer("raw", "search")}


def _written(connection: Connection, subject: str, side: str) -> Iterator[Use]:
    """Suppliers, descriptions and items of the ledger's own documents, and the accounts they went to."""
    resources = _DOCUMENTS.get((subject, side))
    if resources is None:
        return
    values: dict[str, Any] = {
        "tenant": connection.tenant_id,
        "connection": connection.pk,
        "resources": list(resources),
        "newest": _NEWEST,
        "most": _MOST,
    }
    with database.cursor() as cursor:
        cursor.execute(_LINES, values)
        rows = cursor.fetchall()
    for words, external_id, times in rows:
        yield Use(words[:200], external_id, times, f"lines of {' and '.join(resources)}")
