"""Late documents and open discrepancies become exceptions where a tenant's policy says so."""

import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models


# Each policy that takes something is gone by once an hour, and at once after it was changed.
DUE_POLICIES = """
CREATE OR REPLACE FUNCTION reconciliation_policies_due(at timestamptz, most integer)
RETURNS TABLE (kind text, tenant_id uuid, row_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
AS $$
  SELECT 'policy', p.tenant_id, p.id FROM reconciliation_duepolicy p
    WHERE (p.takes_documents OR p.takes_discrepancies)
      AND (p.looked_at IS NULL OR p.looked_at <= at - interval '1 hour')
    ORDER BY p.looked_at NULLS FIRST LIMIT most
$$
"""


class Migration(migrations.Migration):

    dependencies = [
        ('reconciliation', '0008_the_line_that_is_repeated'),
        ('tenants', '0004_audit_trail'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        pgtrigger.migrations.RemoveTrigger(
            model_name='case',
            name='insert_insert',
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name='case',
            name='update_update',
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name='case',
            name='delete_delete',
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name='duepolicy',
            name='insert_insert',
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name='duepolicy',
            name='update_update',
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name='duepolicy',
            name='delete_delete',
        ),
        migrations.AddField(
            model_name='case',
            name='is_by_policy',
            field=models.BooleanField(default=False, editable=False, help_text="The tenant's policy raised it, nobody asked for it by hand."),
        ),
        migrations.AddField(
            model_name='caseevent',
            name='is_by_policy',
            field=models.BooleanField(default=False, editable=False, help_text="The tenant's policy raised it, nobody asked for it by hand."),
        ),
        migrations.AddField(
            model_name='duepolicy',
            name='document_days',
            field=models.PositiveSmallIntegerField(default=30, help_text='So many days after a document was due.'),
        ),
        migrations.AddField(
            model_name='duepolicy',
            name='document_least',
            field=models.DecimalField(decimal_places=2, default=0, help_text='Only with so much open, in the figure of any currency.', max_digits=18),
        ),
        migrations.AddField(
            model_name='duepolicy',
            name='looked_at',
            field=models.DateTimeField(editable=False, help_text='When it was last gone by; empty: at once.', null=True),
        ),
        migrations.AddField(
            model_name='duepolicy',
            name='takes_discrepancies',
            field=models.BooleanField(default=False, help_text='Open discrepancies become exceptions.'),
        ),
        migrations.AddField(
            model_name='duepolicy',
            name='takes_documents',
            field=models.BooleanField(default=False, help_text='Open documents become exceptions when they are late.'),
        ),
        migrations.AddField(
            model_name='duepolicyevent',
            name='document_days',
            field=models.PositiveSmallIntegerField(default=30, help_text='So many days after a document was due.'),
        ),
        migrations.AddField(
            model_name='duepolicyevent',
            name='document_least',
            field=models.DecimalField(decimal_places=2, default=0, help_text='Only with so much open, in the figure of any currency.', max_digits=18),
        ),
        migrations.AddField(
            model_name='duepolicyevent',
            name='looked_at',
            field=models.DateTimeField(editable=False, help_text='When it was last gone by; empty: at once.', null=True),
        ),
        migrations.AddField(
            model_name='duepolicyevent',
            name='takes_discrepancies',
            field=models.BooleanField(default=False, help_text='Open discrepancies become exceptions.'),
        ),
        migrations.AddField(
            model_name='duepolicyevent',
            name='takes_documents',
            field=models.BooleanField(default=False, help_text='Open documents become exceptions when they are late.'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='case',
            trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "reconciliation_caseevent" ("amount", "assigned_at", "assigned_by_id", "assignee_id", "bank_line_id", "currency", "discrepancy_id", "due_on", "due_reason", "id", "is_by_policy", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "raised_at", "record_id", "since", "tenant_id", "told_at") VALUES (NEW."amount", NEW."assigned_at", NEW."assigned_by_id", NEW."assignee_id", NEW."bank_line_id", NEW."currency", NEW."discrepancy_id", NEW."due_on", NEW."due_reason", NEW."id", NEW."is_by_policy", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, NOW(), \'insert\', NEW."id", NEW."raised_at", NEW."record_id", NEW."since", NEW."tenant_id", NEW."told_at"); RETURN NULL;', hash='2b40d0b5603bbd7b72ed42b8cf5b4085c6987253', operation='INSERT', pgid='pgtrigger_insert_insert_916c9', table='reconciliation_case', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='case',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."assignee_id" IS DISTINCT FROM (NEW."assignee_id") OR OLD."due_on" IS DISTINCT FROM (NEW."due_on") OR OLD."due_reason" IS DISTINCT FROM (NEW."due_reason"))', func='INSERT INTO "reconciliation_caseevent" ("amount", "assigned_at", "assigned_by_id", "assignee_id", "bank_line_id", "currency", "discrepancy_id", "due_on", "due_reason", "id", "is_by_policy", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "raised_at", "record_id", "since", "tenant_id", "told_at") VALUES (NEW."amount", NEW."assigned_at", NEW."assigned_by_id", NEW."assignee_id", NEW."bank_line_id", NEW."currency", NEW."discrepancy_id", NEW."due_on", NEW."due_reason", NEW."id", NEW."is_by_policy", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, NOW(), \'update\', NEW."id", NEW."raised_at", NEW."record_id", NEW."since", NEW."tenant_id", NEW."told_at"); RETURN NULL;', hash='1b8cc854c4b35518683d0d2686fe6495bb5d1f46', operation='UPDATE', pgid='pgtrigger_update_update_35676', table='reconciliation_case', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='case',
            trigger=pgtrigger.compiler.Trigger(name='delete_delete', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "reconciliation_caseevent" ("amount", "assigned_at", "assigned_by_id", "assignee_id", "bank_line_id", "currency", "discrepancy_id", "due_on", "due_reason", "id", "is_by_policy", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "raised_at", "record_id", "since", "tenant_id", "told_at") VALUES (OLD."amount", OLD."assigned_at", OLD."assigned_by_id", OLD."assignee_id", OLD."bank_line_id", OLD."currency", OLD."discrepancy_id", OLD."due_on", OLD."due_reason", OLD."id", OLD."is_by_policy", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, NOW(), \'delete\', OLD."id", OLD."raised_at", OLD."record_id", OLD."since", OLD."tenant_id", OLD."told_at"); RETURN NULL;', hash='aaa6b2d847945a45788dbdbcd1403d74f5b18b23', operation='DELETE', pgid='pgtrigger_delete_delete_3aff6', table='reconciliation_case', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='duepolicy',
            trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "reconciliation_duepolicyevent" ("bands", "changed_at", "changed_by_id", "document_days", "document_least", "id", "late_days", "looked_at", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "takes_discrepancies", "takes_documents", "tenant_id") VALUES (NEW."bands", NEW."changed_at", NEW."changed_by_id", NEW."document_days", NEW."document_least", NEW."id", NEW."late_days", NEW."looked_at", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, NOW(), \'insert\', NEW."id", NEW."takes_discrepancies", NEW."takes_documents", NEW."tenant_id"); RETURN NULL;', hash='b089b627a640e52b232ea283d96c135ce77864c8', operation='INSERT', pgid='pgtrigger_insert_insert_46f0f', table='reconciliation_duepolicy', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='duepolicy',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."bands" IS DISTINCT FROM (NEW."bands") OR OLD."document_days" IS DISTINCT FROM (NEW."document_days") OR OLD."document_least" IS DISTINCT FROM (NEW."document_least") OR OLD."late_days" IS DISTINCT FROM (NEW."late_days") OR OLD."takes_discrepancies" IS DISTINCT FROM (NEW."takes_discrepancies") OR OLD."takes_documents" IS DISTINCT FROM (NEW."takes_documents"))', func='INSERT INTO "reconciliation_duepolicyevent" ("bands", "changed_at", "changed_by_id", "document_days", "document_least", "id", "late_days", "looked_at", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "takes_discrepancies", "takes_documents", "tenant_id") VALUES (NEW."bands", NEW."changed_at", NEW."changed_by_id", NEW."document_days", NEW."document_least", NEW."id", NEW."late_days", NEW."looked_at", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, NOW(), \'update\', NEW."id", NEW."takes_discrepancies", NEW."takes_documents", NEW."tenant_id"); RETURN NULL;', hash='384f6a230f4df8db0e7620513aa9a44147e71947', operation='UPDATE', pgid='pgtrigger_update_update_295da', table='reconciliation_duepolicy', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='duepolicy',
            trigger=pgtrigger.compiler.Trigger(name='delete_delete', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "reconciliation_duepolicyevent" ("bands", "changed_at", "changed_by_id", "document_days", "document_least", "id", "late_days", "looked_at", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "takes_discrepancies", "takes_documents", "tenant_id") VALUES (OLD."bands", OLD."changed_at", OLD."changed_by_id", OLD."document_days", OLD."document_least", OLD."id", OLD."late_days", OLD."looked_at", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, NOW(), \'delete\', OLD."id", OLD."takes_discrepancies", OLD."takes_documents", OLD."tenant_id"); RETURN NULL;', hash='591c93743d9129a03a410c57273612c358ac427f', operation='DELETE', pgid='pgtrigger_delete_delete_4a126', table='reconciliation_duepolicy', when='AFTER')),
        ),
        migrations.AddConstraint(
            model_name='duepolicy',
            constraint=models.CheckConstraint(condition=models.Q(('document_least__gte', 0)), name='documents_are_taken_from_an_amount', violation_error_message='The amount from which documents are taken begins at 0.'),
        ),
        migrations.RunSQL(DUE_POLICIES, "DROP FUNCTION reconciliation_policies_due(timestamptz, integer)"),
    ]
