"""Fence the table of 0003; a consent is due only when nobody is finishing it, a disconnected grant until it is revoked."""

from importlib import import_module

from django.db import migrations

from tenants.rls import RowSecurity

_before = import_module("integrations.migrations.0002_row_security")
_HEAD = "CREATE FUNCTION", "CREATE OR REPLACE FUNCTION"
_CONSENTS = (
    "a.status = 'received' LIMIT most",
    "a.status = 'received' AND (a.lease_until IS NULL OR a.lease_until <= at) LIMIT most",
)
_REFRESHES = "SELECT 'credential', k.tenant_id"
_REVOCATIONS = """(SELECT 'revocation', k.tenant_id, k.id FROM integrations_credential k
    JOIN integrations_connection c ON c.id = k.connection_id AND c.status = 'disconnected'
    WHERE k.lease_until IS NULL OR k.lease_until <= at LIMIT most)
  UNION ALL
  (SELECT 'credential', k.tenant_id"""


class Migration(migrations.Migration):
    dependencies = [("integrations", "0003_work_details")]

    operations = [
        RowSecurity("seenrecord"),
        migrations.RunSQL(
            _before.DUE_WORK.replace(*_HEAD).replace(*_CONSENTS).replace(f"({_REFRESHES}", _REVOCATIONS),
            _before.DUE_WORK.replace(*_HEAD),
        ),
    ]
