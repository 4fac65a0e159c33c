"""What sweepers and distributors may know of all tenants: ids of rows that are due, and who gives way to whom."""

from django.db import migrations

DUE_WORK = """
CREATE OR REPLACE FUNCTION integrations_due(at timestamptz, most integer)
RETURNS TABLE (kind text, tenant_id uuid, row_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
AS $$
  (SELECT 'authorisation', a.tenant_id, a.id FROM integrations_authorisation a
    WHERE a.status = 'received' AND (a.lease_until IS NULL OR a.lease_until <= at) LIMIT most)
  UNION ALL
  (SELECT 'sync_run', r.tenant_id, r.id FROM integrations_syncrun r
    WHERE r.status IN ('queued', 'running') AND r.available_at <= at
      AND (r.lease_until IS NULL OR r.lease_until <= at) ORDER BY r.available_at LIMIT most)
  UNION ALL
  -- Of each connection its oldest, then of each its second: a cut at the end cuts those who have most.
  (SELECT 'posting', d.tenant_id, d.id FROM integrations_connection c CROSS JOIN LATERAL (
      SELECT p.tenant_id, p.id, p.available_at, row_number() OVER (ORDER BY p.available_at) AS turn
        FROM integrations_posting p
        WHERE p.connection_id = c.id AND p.status IN ('pending', 'sent', 'unknown') AND p.available_at <= at
          AND (p.lease_until IS NULL OR p.lease_until <= at) ORDER BY p.available_at LIMIT 200) d
    ORDER BY d.turn, d.available_at LIMIT most)
  UNION ALL
  (SELECT 'connection', c.tenant_id, c.id FROM integrations_connection c
    WHERE c.status = 'active' AND c.next_sync_at <= at ORDER BY c.next_sync_at LIMIT most)
  UNION ALL
  (SELECT 'ending', k.tenant_id, k.id FROM integrations_credential k
    JOIN integrations_connection c ON c.id = k.connection_id AND c.status IN ('active', 'paused')
    WHERE (LEAST(k.refresh_expires_at, k.hard_expires_at) <= at + interval '14 days' AND k.warned_days IS NULL)
      OR (LEAST(k.refresh_expires_at, k.hard_expires_at) <= at + interval '7 days' AND k.warned_days > 7)
      OR (LEAST(k.refresh_expires_at, k.hard_expires_at) <= at + interval '2 days' AND k.warned_days > 2) LIMIT most)
  UNION ALL
  (SELECT 'unchosen', a.tenant_id, a.id FROM integrations_authorisation a
    WHERE a.status = 'choosing' AND a.expires_at <= at LIMIT most)
  UNION ALL
  (SELECT 'revocation', k.tenant_id, k.id FROM integrations_credential k
    JOIN integrations_connection c ON c.id = k.connection_id AND c.status = 'disconnected'
    WHERE k.lease_until IS NULL OR k.lease_until <= at LIMIT most)
  UNION ALL
  (SELECT 'credential', k.tenant_id, k.id FROM integrations_credential k
    JOIN integrations_connection c ON c.id = k.connection_id AND c.status = 'active'
    WHERE k.expires_at <= at + interval '3 minutes' AND (k.lease_until IS NULL OR k.lease_until <= at)
    ORDER BY k.expires_at LIMIT most)
  UNION ALL
  (SELECT 'fetch', f.tenant_id, f.id FROM integrations_fetch f
    WHERE f.status = 'queued' AND f.available_at <= at
      AND (f.lease_until IS NULL OR f.lease_until <= at) ORDER BY f.available_at LIMIT most)
  UNION ALL
  (SELECT 'forgetting', f.tenant_id, f.id FROM integrations_fetch f
    WHERE f.expires_at <= at ORDER BY f.expires_at LIMIT most)
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
  UNION ALL
  (SELECT 'rereading', r.tenant_id, r.id FROM integrations_rereading r
    WHERE r.status IN ('queued', 'running') AND r.available_at <= at
      AND (r.lease_until IS NULL OR r.lease_until <= at) ORDER BY r.available_at LIMIT most)
$$
"""

TENANT_OF_CONNECTION = """
CREATE OR REPLACE FUNCTION integrations_tenant_of_connection(wanted uuid) RETURNS uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
AS $$ SELECT tenant_id FROM integrations_connection WHERE id = wanted $$
"""

# Whose organisations a delivery names; ids and nothing else, for workers that distribute what no tenant owns.
CONNECTIONS_OF = """
CREATE OR REPLACE FUNCTION integrations_connections_of(ledger text, organisations text[])
RETURNS TABLE (external_org_id text, tenant_id uuid, connection_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
AS $$
  SELECT c.external_org_id, c.tenant_id, c.id FROM integrations_connection c
  WHERE c.connector = ledger AND c.external_org_id = ANY(organisations) AND c.status <> 'disconnected'
$$
"""
# Ledgers whose webhooks carry no signature are known by a secret in the address.
CONNECTION_OF_KEY = """
CREATE OR REPLACE FUNCTION integrations_connection_of_webhook_key(ledger text, digest text)
RETURNS TABLE (tenant_id uuid, connection_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
AS $$
  SELECT c.tenant_id, c.id FROM integrations_connection c
  WHERE c.connector = ledger AND c.webhook_key = digest AND digest <> '' AND c.status <> 'disconnected'
$$
"""

INSTEAD = """
CREATE OR REPLACE FUNCTION integrations_posting_instead(named uuid, at timestamptz, share integer)
RETURNS TABLE (tenant_id uuid, row_id uuid) LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp
AS $$
DECLARE
  v_connection uuid;
BEGIN
  SELECT p.connection_id INTO v_connection FROM integrations_posting p WHERE p.id = named;
  -- What goes together is one call.
  IF v_connection IS NULL OR share > (
    SELECT count(DISTINCT coalesce(p.batch, p.id)) FROM integrations_posting p
    WHERE p.connection_id = v_connection AND p.lease_until IS NOT NULL AND p.lease_until > at) THEN
    RETURN;
  END IF;
  RETURN QUERY SELECT d.tenant_id, d.id FROM integrations_connection c CROSS JOIN LATERAL (
      SELECT p.tenant_id, p.id, p.available_at FROM integrations_posting p
      WHERE p.connection_id = c.id AND p.status IN ('pending', 'sent', 'unknown') AND p.available_at <= at
        AND (p.lease_until IS NULL OR p.lease_until <= at) ORDER BY p.available_at LIMIT 1) d
    WHERE c.id <> v_connection AND c.status = 'active' AND NOT EXISTS (
      SELECT 1 FROM integrations_posting h
      WHERE h.connection_id = c.id AND h.lease_until IS NOT NULL AND h.lease_until > at)
    ORDER BY d.available_at LIMIT 1;
END
$$
"""


class Migration(migrations.Migration):
    dependencies = [("integrations", "0002_row_security")]

    operations = [
        migrations.RunSQL(DUE_WORK, "DROP FUNCTION integrations_due(timestamptz, integer)"),
        migrations.RunSQL(TENANT_OF_CONNECTION, "DROP FUNCTION integrations_tenant_of_connection(uuid)"),
        migrations.RunSQL(CONNECTIONS_OF, "DROP FUNCTION integrations_connections_of(text, text[])"),
        migrations.RunSQL(CONNECTION_OF_KEY, "DROP FUNCTION integrations_connection_of_webhook_key(text, text)"),
        migrations.RunSQL(INSTEAD, "DROP FUNCTION integrations_posting_instead(uuid, timestamptz, integer)"),
    ]
