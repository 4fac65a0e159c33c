"""Fence the tables of this app; compress the two big ones; let old deliveries go without their events."""

from django.db import migrations

from tenants.rls import RowSecurity

FENCED = (
    "apicall", "authorisation", "authorisationevent", "baseline", "connection", "connectionevent", "credential",
    "credentialevent", "crossreference", "crossreferenceevent", "customfield", "customfieldevent", "discrepancy",
    "discrepancyevent", "fetch", "fetchevent", "fieldoverride", "fieldoverrideevent", "ledgerrecord",
    "ledgerrecordevent", "limitlease", "overriddenwrite", "posting", "postingevent", "proof", "replay", "replayevent",
    "replayunit", "rereading", "resourcepolicy", "resourcepolicyevent", "seenrecord", "synccursor", "synccursorevent",
    "syncrun", "syncrunevent", "webhookevent",
)  # fmt: skip

# LZ4 where PostgreSQL was built with it: half the time of a page's insert was pglz.
_BIG = ("integrations_ledgerrecord", "integrations_ledgerrecordevent")
_COMPRESSED = """
DO $$
BEGIN
  ALTER TABLE {table} ALTER COLUMN unified SET COMPRESSION {method}, ALTER COLUMN raw SET COMPRESSION {method};
EXCEPTION WHEN feature_not_supported THEN
  NULL;
END
$$
"""

# Deliveries belong to no tenant: who deletes old ones does not see the events that name them. The database takes the
# reference out.
_COLUMN = (
    "SELECT conname FROM pg_constraint WHERE conrelid = 'integrations_webhookevent'::regclass AND contype = 'f'"
    " AND confrelid = 'integrations_webhookdelivery'::regclass"
)
_ANEW = """
DO $$
DECLARE old text;
BEGIN
  FOR old IN {column} LOOP
    EXECUTE format('ALTER TABLE integrations_webhookevent DROP CONSTRAINT %I', old);
  END LOOP;
  ALTER TABLE integrations_webhookevent ADD CONSTRAINT webhookevent_delivery_fk FOREIGN KEY (delivery_id)
    REFERENCES integrations_webhookdelivery (id){action} DEFERRABLE INITIALLY DEFERRED;
END
$$
"""


class Migration(migrations.Migration):
    dependencies = [("integrations", "0001_initial"), ("tenants", "0003_row_security")]

    operations = [
        *[RowSecurity(model) for model in FENCED],
        *[
            migrations.RunSQL(
                _COMPRESSED.format(table=table, method="lz4"), _COMPRESSED.format(table=table, method="pglz")
            )
            for table in _BIG
        ],
        migrations.RunSQL(
            _ANEW.format(column=_COLUMN, action=" ON DELETE SET NULL"), _ANEW.format(column=_COLUMN, action="")
        ),
    ]
