"""Fence the table of 0007; a question is due until it is answered, and once more when its answer is to be forgotten."""

from importlib import import_module

from django.db import migrations

from tenants.rls import RowSecurity

_BEFORE = import_module("integrations.migrations.0006_endings").DUE_WORK
_END = "\n$$\n"
_QUESTIONS = """
  UNION ALL
  (SELECT 'fetch', f.tenant_id, f.id FROM integrations_fetch f
    WHERE f.status = 'queued' AND f.available_at <= at
      AND (f.lease_until IS NULL OR f.lease_until <= at) ORDER BY f.available_at LIMIT most)
  UNION ALL
  (SELECT 'forgetting', f.tenant_id, f.id FROM integrations_fetch f
    WHERE f.expires_at <= at ORDER BY f.expires_at LIMIT most)
"""


class Migration(migrations.Migration):
    dependencies = [("integrations", "0007_fetch")]

    operations = [
        RowSecurity("fetch"),
        RowSecurity("fetchevent"),
        migrations.RunSQL(_BEFORE.removesuffix(_END) + _QUESTIONS.rstrip() + _END, _BEFORE),
    ]
