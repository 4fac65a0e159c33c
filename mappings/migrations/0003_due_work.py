"""What sweepers may know of all tenants: ids of rows that are due, and whose turn to be looked at has come."""

from django.db import migrations

# A second of grace lets the doorbell come first; documents that wait for the ledger are due after its next sync.
DUE_WORK = """
CREATE OR REPLACE FUNCTION mappings_due(at timestamptz, most integer)
RETURNS TABLE (kind text, tenant_id uuid, row_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
AS $$
  (SELECT 'connection', d.tenant_id, d.connection_id FROM mappings_sourcedocument d
    WHERE d.status = 'received' AND d.received_at <= at - interval '1 second'
    GROUP BY d.tenant_id, d.connection_id ORDER BY min(d.received_at) LIMIT most)
  UNION
  (SELECT DISTINCT 'connection', d.tenant_id, d.connection_id FROM mappings_sourcedocument d
    JOIN integrations_connection c ON c.id = d.connection_id
    WHERE d.status = 'waiting' AND d.waits_for = 'ledger' AND c.last_success_at > d.checked_at LIMIT most)
  UNION ALL
  (SELECT 'cut_over', o.tenant_id, o.id FROM mappings_cutover o
    WHERE o.status IN ('queued', 'running') AND o.available_at <= at
      AND (o.lease_until IS NULL OR o.lease_until <= at) ORDER BY o.available_at LIMIT most)
  UNION ALL
  (SELECT 'back_test', b.tenant_id, b.id FROM mappings_backtest b
    WHERE b.status IN ('queued', 'running') AND b.available_at <= at
      AND (b.lease_until IS NULL OR b.lease_until <= at) ORDER BY b.available_at LIMIT most)
  UNION ALL
  (SELECT 'document_import', i.tenant_id, i.id FROM mappings_documentimport i
    WHERE i.status IN ('queued', 'checking', 'accepted', 'importing') AND i.available_at <= at
      AND (i.lease_until IS NULL OR i.lease_until <= at) ORDER BY i.available_at LIMIT most)
$$
"""

# After a sync, after an approval, and every quarter of an hour for what webhooks brought.
WATCH_DUE = """
CREATE OR REPLACE FUNCTION mappings_watch_due(at timestamptz, most integer) RETURNS TABLE (tenant_id uuid, connection_id uuid)
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
    dependencies = [("mappings", "0002_row_security"), ("integrations", "0003_due_work")]

    operations = [
        migrations.RunSQL(DUE_WORK, "DROP FUNCTION mappings_due(timestamptz, integer)"),
        migrations.RunSQL(WATCH_DUE, "DROP FUNCTION mappings_watch_due(timestamptz, integer)"),
    ]
