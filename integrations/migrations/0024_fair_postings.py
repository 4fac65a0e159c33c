"""Postings are due per connection, so that one with very many hides none of the others; and who gives way to whom."""

from importlib import import_module

from django.db import migrations, models

_before = import_module("integrations.migrations.0014_announcements_security").DUE_WORK
_OLDEST = """(SELECT 'posting', p.tenant_id, p.id FROM integrations_posting p
    WHERE p.status IN ('pending', 'sent', 'unknown') AND p.available_at <= at
      AND (p.lease_until IS NULL OR p.lease_until <= at) ORDER BY p.available_at LIMIT most)"""
# Of each connection its oldest, then of each its second: a cut at the end cuts those who have most.
_OF_EACH = """(SELECT 'posting', d.tenant_id, d.id FROM integrations_connection c CROSS JOIN LATERAL (
      SELECT p.tenant_id, p.id, p.available_at, row_number() OVER (ORDER BY p.available_at) AS turn
        FROM integrations_posting p
        WHERE p.connection_id = c.id AND p.status IN ('pending', 'sent', 'unknown') AND p.available_at <= at
          AND (p.lease_until IS NULL OR p.lease_until <= at) ORDER BY p.available_at LIMIT 200) d
    ORDER BY d.turn, d.available_at LIMIT most)"""

INSTEAD = """
CREATE FUNCTION integrations_posting_instead(named uuid, at timestamptz, share integer)
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
    dependencies = [("integrations", "0023_following_syncs")]

    operations = [
        migrations.RemoveIndex(model_name="posting", name="posting_due"),
        migrations.RemoveIndex(model_name="posting", name="posting_waiting"),
        migrations.AddIndex(
            model_name="posting",
            index=models.Index(
                condition=models.Q(("status__in", ["pending", "sent", "unknown"])),
                fields=["connection", "available_at"],
                name="posting_due",
            ),
        ),
        migrations.AddIndex(
            model_name="posting",
            index=models.Index(
                condition=models.Q(("lease_until__isnull", False)), fields=["connection"], name="posting_held"
            ),
        ),
        migrations.RunSQL(_before.replace(_OLDEST, _OF_EACH), _before),
        migrations.RunSQL(INSTEAD, "DROP FUNCTION integrations_posting_instead(uuid, timestamptz, integer)"),
    ]
