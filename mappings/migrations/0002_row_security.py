"""Fence the tables of this app, keep editors from approving, and tell the sweeper which connections have documents."""

from django.db import migrations

from tenants.rls import RowSecurity

FENCED = [
    "documentvalue",
    "documentvalueevent",
    "mappingset",
    "mappingsetevent",
    "sourcedocument",
    "sourcedocumentevent",
    "sourcevalue",
    "sourcevalueevent",
    "valuemapping",
    "valuemappingevent",
]

NOBODY_APPROVES_THEIR_OWN = """
ALTER TABLE mappings_mappingset ADD CONSTRAINT nobody_approves_their_own_change
  CHECK (approved_by_id IS NULL OR NOT (approved_by_id = ANY (editors)))
"""

# A second of grace lets the doorbell come first; documents that wait for the ledger are due after its next sync.
DUE_WORK = """
CREATE FUNCTION mappings_due(at timestamptz, most integer) RETURNS TABLE (kind text, tenant_id uuid, row_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
AS $$
  (SELECT 'connection', d.tenant_id, d.connection_id FROM mappings_sourcedocument d
    WHERE d.status = 'received' AND d.received_at <= at - interval '1 second'
    GROUP BY d.tenant_id, d.connection_id ORDER BY min(d.received_at) LIMIT most)
  UNION
  (SELECT DISTINCT 'connection', d.tenant_id, d.connection_id FROM mappings_sourcedocument d
    JOIN integrations_connection c ON c.id = d.connection_id
    WHERE d.status = 'waiting' AND d.waits_for = 'ledger' AND c.last_success_at > d.checked_at LIMIT most)
$$
"""


class Migration(migrations.Migration):
    dependencies = [("mappings", "0001_initial"), ("tenants", "0003_row_security")]

    operations = [
        *[RowSecurity(model) for model in FENCED],
        migrations.RunSQL(
            NOBODY_APPROVES_THEIR_OWN,
            "ALTER TABLE mappings_mappingset DROP CONSTRAINT nobody_approves_their_own_change",
        ),
        migrations.RunSQL(DUE_WORK, "DROP FUNCTION mappings_due(timestamptz, integer)"),
    ]
