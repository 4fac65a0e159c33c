"""Old deliveries can be deleted without seeing the events that name them: the database takes the reference out."""

from django.db import migrations

_COLUMN = "SELECT conname FROM pg_constraint WHERE conrelid = 'integrations_webhookevent'::regclass AND contype = 'f'" \
    " AND confrelid = 'integrations_webhookdelivery'::regclass"
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
    dependencies = [("integrations", "0015_paused_runs")]

    operations = [
        migrations.RunSQL(
            _ANEW.format(column=_COLUMN, action=" ON DELETE SET NULL"), _ANEW.format(column=_COLUMN, action="")
        ),
    ]
