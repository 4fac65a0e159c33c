"""The sweep also finds access that will end (14, 7 and 2 days before, each once) and choices that nobody made."""

from importlib import import_module

from django.db import migrations

_first = import_module("integrations.migrations.0002_row_security")
_last = import_module("integrations.migrations.0004_work_security")

BEFORE = _first.DUE_WORK.replace(*_last._HEAD).replace(*_last._CONSENTS)
BEFORE = BEFORE.replace(f"({_last._REFRESHES}", _last._REVOCATIONS)

ENDINGS = """(SELECT 'ending', k.tenant_id, k.id FROM integrations_credential k
    JOIN integrations_connection c ON c.id = k.connection_id AND c.status IN ('active', 'paused')
    WHERE (LEAST(k.refresh_expires_at, k.hard_expires_at) <= at + interval '14 days' AND k.warned_days IS NULL)
      OR (LEAST(k.refresh_expires_at, k.hard_expires_at) <= at + interval '7 days' AND k.warned_days > 7)
      OR (LEAST(k.refresh_expires_at, k.hard_expires_at) <= at + interval '2 days' AND k.warned_days > 2) LIMIT most)
  UNION ALL
  (SELECT 'unchosen', a.tenant_id, a.id FROM integrations_authorisation a
    WHERE a.status = 'choosing' AND a.expires_at <= at LIMIT most)
  UNION ALL
  """
DUE_WORK = BEFORE.replace("(SELECT 'revocation'", f"{ENDINGS}(SELECT 'revocation'")


class Migration(migrations.Migration):
    dependencies = [("integrations", "0005_ways")]

    operations = [migrations.RunSQL(DUE_WORK, BEFORE)]
