"""The raw form as it was written (`json`), not taken apart (`jsonb`): a sixth of what a new record cost the database.

PostgreSQL rewrites both tables for it, which takes about a minute for a million records, and locks them meanwhile.
"""

import django.core.serializers.json
import integrations.fields
from django.db import migrations

# A new type forgets how its column was to be compressed (see 0002).
_COMPRESSED = """
DO $$
BEGIN
  ALTER TABLE {table} ALTER COLUMN raw SET COMPRESSION lz4;
EXCEPTION WHEN feature_not_supported THEN
  NULL;
END
$$
"""
_BIG = ("integrations_ledgerrecord", "integrations_ledgerrecordevent")


class Migration(migrations.Migration):

    dependencies = [
        ('integrations', '0006_kept_files'),
    ]

    operations = [
        *[
            migrations.AlterField(
                model_name=model,
                name='raw',
                field=integrations.fields.WrittenJSONField(encoder=django.core.serializers.json.DjangoJSONEncoder),
            )
            for model in ('ledgerrecord', 'ledgerrecordevent')
        ],
        *[
            migrations.RunSQL(_COMPRESSED.format(table=table), _COMPRESSED.format(table=table))
            for table in _BIG
        ],
    ]
