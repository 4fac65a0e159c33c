"""Fence the tables of this app, and tell sweepers which tenants have work without showing the rows themselves."""

from django.db import migrations

from tenants.rls import RowSecurity

FENCED = [
    "apicall",
    "authorisation",
    "authorisationevent",
    "connection",
    "connectionevent",
    "credential",
    "credentialevent",
    "crossreference",
    "crossreferenceevent",
    "ledgerrecord",
    "ledgerrecordevent",
    "limitlease",
    "posting",
    "postingevent",
    "synccursor",
    "synccursorevent",
    "syncrun",
    "syncrunevent",
]

DUE_WORK = """
CREATE FUNCTION integrations_due(at timestamptz, most integer) RETURNS TABLE (kind text, tenant_id uuid, row_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
AS $$
  (SELECT 'authorisation', a.tenant_id, a.id FROM integrations_authorisation a WHERE a.status = 'received' LIMIT most)
  UNION ALL
  (SELECT 'sync_run', r.tenant_id, r.id FROM integrations_syncrun r
    WHERE r.status IN ('queued', 'running') AND r.available_at <= at
      AND (r.lease_until IS NULL OR r.lease_until <= at) ORDER BY r.available_at LIMIT most)
  UNION ALL
  (SELECT 'posting', p.tenant_id, p.id FROM integrations_posting p
    WHERE p.status IN ('pending', 'sent', 'unknown') AND p.available_at <= at
      AND (p.lease_until IS NULL OR p.lease_until <= at) ORDER BY p.available_at LIMIT most)
  UNION ALL
  (SELECT 'connection', c.tenant_id, c.id FROM integrations_connection c
    WHERE c.status = 'active' AND c.next_sync_at <= at ORDER BY c.next_sync_at LIMIT most)
  UNION ALL
  (SELECT 'credential', k.tenant_id, k.id FROM integrations_credential k
    JOIN integrations_connection c ON c.id = k.connection_id AND c.status = 'active'
    WHERE k.expires_at <= at + interval '3 minutes' AND (k.lease_until IS NULL OR k.lease_until <= at)
    ORDER BY k.expires_at LIMIT most)
$$
"""

TENANT_OF_CONNECTION = """
CREATE FUNCTION integrations_tenant_of_connection(wanted uuid) RETURNS uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
AS $$ SELECT tenant_id FROM integrations_connection WHERE id = wanted $$
"""


class Migration(migrations.Migration):
    dependencies = [("integrations", "0001_initial"), ("tenants", "0003_row_security")]

    operations = [
        *[RowSecurity(model) for model in FENCED],
        migrations.RunSQL(DUE_WORK, "DROP FUNCTION integrations_due(timestamptz, integer)"),
        migrations.RunSQL(TENANT_OF_CONNECTION, "DROP FUNCTION integrations_tenant_of_connection(uuid)"),
    ]
