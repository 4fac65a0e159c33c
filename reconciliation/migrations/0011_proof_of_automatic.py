"""Who switched automatic approval on without the decisions that prove it, and why, stays with the setting."""

import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('reconciliation', '0010_exceptions_by_policy'),
    ]

    operations = [
        pgtrigger.migrations.RemoveTrigger(
            model_name='autoapproval',
            name='insert_insert',
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name='autoapproval',
            name='update_update',
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name='autoapproval',
            name='delete_delete',
        ),
        migrations.AddField(
            model_name='autoapproval',
            name='despite',
            field=models.CharField(blank=True, help_text='What was missing when somebody switched it on all the same, and why they did; empty: nothing was.', max_length=500),
        ),
        migrations.AddField(
            model_name='autoapprovalevent',
            name='despite',
            field=models.CharField(blank=True, help_text='What was missing when somebody switched it on all the same, and why they did; empty: nothing was.', max_length=500),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='autoapproval',
            trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "reconciliation_autoapprovalevent" ("bank_account_id", "changed_at", "changed_by_id", "despite", "id", "is_on", "kind", "lease_until", "most", "off_because", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "seen_at", "tenant_id", "threshold") VALUES (NEW."bank_account_id", NEW."changed_at", NEW."changed_by_id", NEW."despite", NEW."id", NEW."is_on", NEW."kind", NEW."lease_until", NEW."most", NEW."off_because", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, NOW(), \'insert\', NEW."id", NEW."seen_at", NEW."tenant_id", NEW."threshold"); RETURN NULL;', hash='cd7892ff065fe2c7c30787ea98830d8cb2ea0e4d', operation='INSERT', pgid='pgtrigger_insert_insert_b4632', table='reconciliation_autoapproval', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='autoapproval',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."despite" IS DISTINCT FROM (NEW."despite") OR OLD."is_on" IS DISTINCT FROM (NEW."is_on") OR OLD."most" IS DISTINCT FROM (NEW."most") OR OLD."off_because" IS DISTINCT FROM (NEW."off_because") OR OLD."threshold" IS DISTINCT FROM (NEW."threshold"))', func='INSERT INTO "reconciliation_autoapprovalevent" ("bank_account_id", "changed_at", "changed_by_id", "despite", "id", "is_on", "kind", "lease_until", "most", "off_because", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "seen_at", "tenant_id", "threshold") VALUES (NEW."bank_account_id", NEW."changed_at", NEW."changed_by_id", NEW."despite", NEW."id", NEW."is_on", NEW."kind", NEW."lease_until", NEW."most", NEW."off_because", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, NOW(), \'update\', NEW."id", NEW."seen_at", NEW."tenant_id", NEW."threshold"); RETURN NULL;', hash='3efa038b641e59a5509db18cb6c07933d01e18f8', operation='UPDATE', pgid='pgtrigger_update_update_d87dd', table='reconciliation_autoapproval', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='autoapproval',
            trigger=pgtrigger.compiler.Trigger(name='delete_delete', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "reconciliation_autoapprovalevent" ("bank_account_id", "changed_at", "changed_by_id", "despite", "id", "is_on", "kind", "lease_until", "most", "off_because", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "seen_at", "tenant_id", "threshold") VALUES (OLD."bank_account_id", OLD."changed_at", OLD."changed_by_id", OLD."despite", OLD."id", OLD."is_on", OLD."kind", OLD."lease_until", OLD."most", OLD."off_because", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, NOW(), \'delete\', OLD."id", OLD."seen_at", OLD."tenant_id", OLD."threshold"); RETURN NULL;', hash='6cd1f4e99844f2c5081b4be5519e1f227681bcb9', operation='DELETE', pgid='pgtrigger_delete_delete_606b6', table='reconciliation_autoapproval', when='AFTER')),
        ),
    ]
