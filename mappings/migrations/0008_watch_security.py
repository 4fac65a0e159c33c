"""Fence the tables of the health watch and of duplicate contacts, and tell the sweeper whose turn to be looked at has come."""

from django.db import migrations

from tenants.rls import RowSecurity

FENCED = [
    "contactalias",
    "contactaliasevent",
    "contactsapart",
    "contactsapartevent",
    "duplicategroup",
    "duplicategroupevent",
    "healthfinding",
    "healthfindingevent",
    "healthwatch",
    "refusedsuggestion",
    "refusedsuggestionevent",
    "watchedtarget",
]

# After a sync, after an approval, and every quarter of an hour for what webhooks brought.
WATCH_DUE = """
CREATE FUNCTION mappings_watch_due(at timestamptz, most integer) RETURNS TABLE (tenant_id uuid, connection_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
AS $$
  SELECT c.tenant_id, c.id FROM integrations_connection c
  LEFT JOIN mappings_healthwatch w ON w.connection_id = c.id
  WHERE c.last_success_at IS NOT NULL AND c.status <> 'disconnected' AND (
    w.id IS NULL OR c.last_success_at > w.checked_at OR w.checked_at <= at - interval '15 minutes'
    OR EXISTS (SELECT FROM mappings_mappingset s
      WHERE s.connection_id = c.id AND s.status = 'active' AND s.approved_at > w.checked_at))
  ORDER BY w.checked_at NULLS FIRST LIMIT most
$$
"""


class Migration(migrations.Migration):
    dependencies = [("mappings", "0007_health_and_cleansing"), ("tenants", "0003_row_security")]

    operations = [
        *[RowSecurity(model) for model in FENCED],
        migrations.RunSQL(WATCH_DUE, "DROP FUNCTION mappings_watch_due(timestamptz, integer)"),
    ]
