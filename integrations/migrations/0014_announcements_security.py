"""Fence the tables of 0013; announced changes, proofs and replays are due like other work."""

from importlib import import_module

from django.db import migrations

from tenants.rls import RowSecurity

_fetches = import_module("integrations.migrations.0008_fetch_security")
_END = "\n$$\n"
BEFORE = _fetches._BEFORE.removesuffix(_END) + _fetches._QUESTIONS.rstrip() + _END
_MORE = """
  UNION ALL
  (SELECT DISTINCT 'announcements', e.tenant_id, e.connection_id FROM integrations_webhookevent e
    WHERE e.status = 'pending' AND e.available_at <= at
      AND (e.lease_until IS NULL OR e.lease_until <= at) LIMIT most)
  UNION ALL
  (SELECT 'proof', p.tenant_id, p.id FROM integrations_proof p
    WHERE p.status IN ('queued', 'running') AND p.available_at <= at
      AND (p.lease_until IS NULL OR p.lease_until <= at) ORDER BY p.available_at LIMIT most)
  UNION ALL
  (SELECT 'proving', c.tenant_id, c.id FROM integrations_connection c
    WHERE c.status = 'active' AND c.next_proof_at <= at ORDER BY c.next_proof_at LIMIT most)
  UNION ALL
  (SELECT 'replay', r.tenant_id, r.id FROM integrations_replay r
    WHERE r.status = 'running' AND r.available_at <= at
      AND (r.lease_until IS NULL OR r.lease_until <= at) ORDER BY r.available_at LIMIT most)
"""
DUE_WORK = BEFORE.removesuffix(_END) + _MORE.rstrip() + _END

# Whose organisations a delivery names; ids and nothing else, for workers that distribute what no tenant owns.
CONNECTIONS_OF = """
CREATE FUNCTION integrations_connections_of(ledger text, organisations text[])
RETURNS TABLE (external_org_id text, tenant_id uuid, connection_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
AS $$
  SELECT c.external_org_id, c.tenant_id, c.id FROM integrations_connection c
  WHERE c.connector = ledger AND c.external_org_id = ANY(organisations) AND c.status <> 'disconnected'
$$
"""
# Ledgers whose webhooks carry no signature are known by a secret in the address.
CONNECTION_OF_KEY = """
CREATE FUNCTION integrations_connection_of_webhook_key(ledger text, digest text)
RETURNS TABLE (tenant_id uuid, connection_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
AS $$
  SELECT c.tenant_id, c.id FROM integrations_connection c
  WHERE c.connector = ledger AND c.webhook_key = digest AND digest <> '' AND c.status <> 'disconnected'
$$
"""


class Migration(migrations.Migration):
    dependencies = [("integrations", "0013_sync_that_loses_nothing")]

    operations = [
        *(
            RowSecurity(name)
            for name in (
                "discrepancy",
                "discrepancyevent",
                "proof",
                "replay",
                "replayevent",
                "resourcepolicy",
                "resourcepolicyevent",
                "webhookevent",
            )
        ),
        migrations.RunSQL(DUE_WORK, BEFORE),
        migrations.RunSQL(CONNECTIONS_OF, "DROP FUNCTION integrations_connections_of(text, text[])"),
        migrations.RunSQL(CONNECTION_OF_KEY, "DROP FUNCTION integrations_connection_of_webhook_key(text, text)"),
    ]
