"""Parts of bank lines, and the law that they are always the whole line."""

import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models

# Looked at when the transaction ends: splitting writes the parts before the line, joining the other way round. It reads as the
# owner of the tables, because by then the tenant of the transaction may be another one.
WHOLE = """
CREATE FUNCTION reconciliation_parts_are_the_line() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
DECLARE
  line_id uuid := COALESCE(NEW.part_of_id, NEW.id);
  is_split boolean;
  whole numeric;
  together numeric;
BEGIN
  SELECT status = 'split', amount INTO is_split, whole FROM reconciliation_bankline WHERE id = line_id;
  SELECT COALESCE(sum(amount), 0) INTO together FROM reconciliation_bankline
    WHERE part_of_id = line_id AND status <> 'joined';
  IF is_split AND together <> whole OR NOT is_split AND together <> 0 THEN
    RAISE EXCEPTION 'the parts of a bank line are not the line' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER parts_are_the_line_when_added AFTER INSERT ON reconciliation_bankline
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.part_of_id IS NOT NULL OR NEW.status = 'split')
  EXECUTE FUNCTION reconciliation_parts_are_the_line();
CREATE CONSTRAINT TRIGGER parts_are_the_line_when_changed AFTER UPDATE ON reconciliation_bankline
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
  WHEN (NEW.part_of_id IS NOT NULL OR NEW.status = 'split' OR OLD.status = 'split')
  EXECUTE FUNCTION reconciliation_parts_are_the_line();
"""
NO_WHOLE = """
DROP TRIGGER parts_are_the_line_when_added ON reconciliation_bankline;
DROP TRIGGER parts_are_the_line_when_changed ON reconciliation_bankline;
DROP FUNCTION reconciliation_parts_are_the_line();
"""


class Migration(migrations.Migration):

    dependencies = [
        ('reconciliation', '0004_exceptions'),
        ('tenants', '0004_audit_trail'),
    ]

    operations = [
        pgtrigger.migrations.RemoveTrigger(
            model_name='bankline',
            name='insert_insert',
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name='bankline',
            name='update_update',
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name='bankline',
            name='delete_delete',
        ),
        migrations.AddField(
            model_name='bankline',
            name='part_of',
            field=models.ForeignKey(blank=True, help_text='The line that was split; its live parts are always the whole of it (a trigger holds that).', null=True, on_delete=django.db.models.deletion.CASCADE, related_name='parts', to='reconciliation.bankline'),
        ),
        migrations.AddField(
            model_name='banklineevent',
            name='part_of',
            field=models.ForeignKey(blank=True, db_constraint=False, help_text='The line that was split; its live parts are always the whole of it (a trigger holds that).', null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='reconciliation.bankline'),
        ),
        migrations.AlterField(
            model_name='bankline',
            name='status',
            field=models.CharField(choices=[('unmatched', 'No proposal'), ('proposed', 'To decide'), ('matched', 'Matched'), ('ignored', 'Set aside'), ('split', 'Split into parts'), ('joined', 'Part, put together again')], default='unmatched', max_length=20),
        ),
        migrations.AlterField(
            model_name='banklineevent',
            name='status',
            field=models.CharField(choices=[('unmatched', 'No proposal'), ('proposed', 'To decide'), ('matched', 'Matched'), ('ignored', 'Set aside'), ('split', 'Split into parts'), ('joined', 'Part, put together again')], default='unmatched', max_length=20),
        ),
        migrations.AlterField(
            model_name='decision',
            name='kind',
            field=models.CharField(choices=[('propose', 'Proposed by hand'), ('choose', 'Chose an alternative'), ('first_approve', 'First approval'), ('approve', 'Approved'), ('reject', 'Rejected'), ('undo', 'Undone'), ('reverse', 'Reversed'), ('ignore', 'Line set aside'), ('restore', 'Line brought back'), ('split', 'Line split'), ('join', 'Line put together again')], max_length=20),
        ),
        migrations.AlterField(
            model_name='decisionevent',
            name='kind',
            field=models.CharField(choices=[('propose', 'Proposed by hand'), ('choose', 'Chose an alternative'), ('first_approve', 'First approval'), ('approve', 'Approved'), ('reject', 'Rejected'), ('undo', 'Undone'), ('reverse', 'Reversed'), ('ignore', 'Line set aside'), ('restore', 'Line brought back'), ('split', 'Line split'), ('join', 'Line put together again')], max_length=20),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='bankline',
            trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "reconciliation_banklineevent" ("amount", "bank_account_id", "booked_on", "counterparty", "created_at", "currency", "description", "external_id", "id", "part_of_id", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "proposal_id", "reference", "statement_id", "status", "tenant_id") VALUES (NEW."amount", NEW."bank_account_id", NEW."booked_on", NEW."counterparty", NEW."created_at", NEW."currency", NEW."description", NEW."external_id", NEW."id", NEW."part_of_id", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, NOW(), \'insert\', NEW."id", NEW."proposal_id", NEW."reference", NEW."statement_id", NEW."status", NEW."tenant_id"); RETURN NULL;', hash='8721c243cdef15d51f06f6e3fb149025196f87cc', operation='INSERT', pgid='pgtrigger_insert_insert_0f569', table='reconciliation_bankline', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='bankline',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."amount" IS DISTINCT FROM (NEW."amount") OR OLD."booked_on" IS DISTINCT FROM (NEW."booked_on") OR OLD."currency" IS DISTINCT FROM (NEW."currency") OR OLD."status" IS DISTINCT FROM (NEW."status"))', func='INSERT INTO "reconciliation_banklineevent" ("amount", "bank_account_id", "booked_on", "counterparty", "created_at", "currency", "description", "external_id", "id", "part_of_id", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "proposal_id", "reference", "statement_id", "status", "tenant_id") VALUES (NEW."amount", NEW."bank_account_id", NEW."booked_on", NEW."counterparty", NEW."created_at", NEW."currency", NEW."description", NEW."external_id", NEW."id", NEW."part_of_id", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, NOW(), \'update\', NEW."id", NEW."proposal_id", NEW."reference", NEW."statement_id", NEW."status", NEW."tenant_id"); RETURN NULL;', hash='783c3d7a08e19d2a403771b346b7972e9242e194', operation='UPDATE', pgid='pgtrigger_update_update_e5cad', table='reconciliation_bankline', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='bankline',
            trigger=pgtrigger.compiler.Trigger(name='delete_delete', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "reconciliation_banklineevent" ("amount", "bank_account_id", "booked_on", "counterparty", "created_at", "currency", "description", "external_id", "id", "part_of_id", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "proposal_id", "reference", "statement_id", "status", "tenant_id") VALUES (OLD."amount", OLD."bank_account_id", OLD."booked_on", OLD."counterparty", OLD."created_at", OLD."currency", OLD."description", OLD."external_id", OLD."id", OLD."part_of_id", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, NOW(), \'delete\', OLD."id", OLD."proposal_id", OLD."reference", OLD."statement_id", OLD."status", OLD."tenant_id"); RETURN NULL;', hash='3496e81aa1ff47ac2917ddfd00a3b00f54c0795f', operation='DELETE', pgid='pgtrigger_delete_delete_4ce1f', table='reconciliation_bankline', when='AFTER')),
        ),
        migrations.AddConstraint(
            model_name='bankline',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('part_of__isnull', False), ('status', 'split'), _negated=True), models.Q(('part_of', None), ('status', 'joined'), _negated=True)), name='parts_are_not_split_again'),
        ),
        migrations.RunSQL(WHOLE, NO_WHOLE),
    ]
