"""Records are compressed by LZ4 where PostgreSQL was built with it: half the time of a page's insert was pglz."""

from django.db import migrations

_TABLES = ("integrations_ledgerrecord", "integrations_ledgerrecordevent")
_SET = """
DO $$
BEGIN
  ALTER TABLE {table} ALTER COLUMN unified SET COMPRESSION {method}, ALTER COLUMN raw SET COMPRESSION {method};
EXCEPTION WHEN feature_not_supported THEN
  NULL;
END
$$
"""


class Migration(migrations.Migration):
    dependencies = [("integrations", "0017_baselines")]

    operations = [
        migrations.RunSQL(_SET.format(table=table, method="lz4"), _SET.format(table=table, method="pglz"))
        for table in _TABLES
    ]
