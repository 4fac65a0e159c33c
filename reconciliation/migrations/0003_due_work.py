"""What the sweeper may know of all tenants: ids of rows that are due."""

from django.db import migrations

# 'match_run': waiting or abandoned runs. 'match': its postings moved on, or the ledger was read since it was posted.
# 'connection': lines wait, and the mirror of the ledger changed since the last run. 'close': certified periods, each
# compared with what is behind it at most once in ten minutes.
DUE_WORK = """
CREATE OR REPLACE FUNCTION reconciliation_due(at timestamptz, most integer)
RETURNS TABLE (kind text, tenant_id uuid, row_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
AS $$
  (SELECT 'match_run', r.tenant_id, r.id FROM reconciliation_matchrun r
    WHERE r.status IN ('queued', 'running') AND r.available_at <= at
      AND (r.lease_until IS NULL OR r.lease_until <= at) ORDER BY r.available_at LIMIT most)
  UNION ALL
  (SELECT 'match', m.tenant_id, m.id FROM reconciliation_match m
    WHERE (m.status = 'approved' AND EXISTS (SELECT 1 FROM integrations_posting p
             WHERE p.origin_kind = 'match' AND p.origin_id = m.id AND p.status IN ('posted', 'rejected')))
       OR (m.status = 'refused' AND NOT EXISTS (SELECT 1 FROM integrations_posting p
             WHERE p.origin_kind = 'match' AND p.origin_id = m.id AND p.status = 'rejected'))
       OR (m.status = 'reversing' AND EXISTS (SELECT 1 FROM integrations_posting p
             JOIN integrations_posting v ON v.reverses_id = p.id
             WHERE p.origin_kind = 'match' AND p.origin_id = m.id AND v.status = 'posted'))
       OR (m.status = 'posted' AND m.read_back_at IS NULL AND EXISTS (SELECT 1 FROM reconciliation_matchentry e
             JOIN integrations_ledgerrecord l ON l.id = e.record_id
             WHERE e.match_id = m.id AND l.synced_at > m.approved_at))
    ORDER BY m.id LIMIT most)
  UNION ALL
  (SELECT 'connection', c.tenant_id, c.id FROM integrations_connection c
    WHERE c.status = 'active'
      AND EXISTS (SELECT 1 FROM reconciliation_bankaccount a JOIN reconciliation_bankline b ON b.bank_account_id = a.id
            WHERE a.connection_id = c.id AND b.status IN ('unmatched', 'proposed'))
      AND NOT EXISTS (SELECT 1 FROM reconciliation_matchrun r
            WHERE r.connection_id = c.id AND r.status IN ('queued', 'running'))
      AND EXISTS (SELECT 1 FROM integrations_syncrun s
            WHERE s.connection_id = c.id AND s.status = 'succeeded' AND s.changed + s.deleted > 0
              AND s.finished_at > COALESCE(
                (SELECT max(r.created_at) FROM reconciliation_matchrun r WHERE r.connection_id = c.id), '-infinity'))
    LIMIT most)
  UNION ALL
  (SELECT 'close', p.tenant_id, p.id FROM reconciliation_periodclose p
    WHERE p.status = 'certified' AND p.checked_at <= at - interval '10 minutes' ORDER BY p.checked_at LIMIT most)
$$
"""


class Migration(migrations.Migration):
    dependencies = [("reconciliation", "0002_row_security"), ("integrations", "0003_due_work")]

    operations = [migrations.RunSQL(DUE_WORK, "DROP FUNCTION reconciliation_due(timestamptz, integer)")]
