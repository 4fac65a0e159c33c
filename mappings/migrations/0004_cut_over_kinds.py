"""A cut-over may be about some kinds of documents only."""

import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('mappings', '0003_cut_over'),
    ]

    operations = [
        pgtrigger.migrations.RemoveTrigger(
            model_name='cutover',
            name='insert_insert',
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name='cutover',
            name='update_update',
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name='cutover',
            name='delete_delete',
        ),
        migrations.AddField(
            model_name='cutover',
            name='kinds',
            field=models.JSONField(default=list, help_text='Only documents of these kinds are held and linked; empty: all.'),
        ),
        migrations.AddField(
            model_name='cutoverevent',
            name='kinds',
            field=models.JSONField(default=list, help_text='Only documents of these kinds are held and linked; empty: all.'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='cutover',
            trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "mappings_cutoverevent" ("attempts", "available_at", "connection_id", "counts", "created_at", "days_apart", "error", "error_code", "fence", "finished_at", "id", "is_dry", "is_in_force", "kinds", "lease_until", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "progress", "requested_by_id", "starts_on", "status", "tenant_id") VALUES (NEW."attempts", NEW."available_at", NEW."connection_id", NEW."counts", NEW."created_at", NEW."days_apart", NEW."error", NEW."error_code", NEW."fence", NEW."finished_at", NEW."id", NEW."is_dry", NEW."is_in_force", NEW."kinds", NEW."lease_until", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, NOW(), \'insert\', NEW."id", NEW."progress", NEW."requested_by_id", NEW."starts_on", NEW."status", NEW."tenant_id"); RETURN NULL;', hash='fbcd006977a7afa7ba80bb28618c90bf17da2f78', operation='INSERT', pgid='pgtrigger_insert_insert_7d678', table='mappings_cutover', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='cutover',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."days_apart" IS DISTINCT FROM (NEW."days_apart") OR OLD."is_in_force" IS DISTINCT FROM (NEW."is_in_force") OR OLD."kinds" IS DISTINCT FROM (NEW."kinds") OR OLD."starts_on" IS DISTINCT FROM (NEW."starts_on"))', func='INSERT INTO "mappings_cutoverevent" ("attempts", "available_at", "connection_id", "counts", "created_at", "days_apart", "error", "error_code", "fence", "finished_at", "id", "is_dry", "is_in_force", "kinds", "lease_until", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "progress", "requested_by_id", "starts_on", "status", "tenant_id") VALUES (NEW."attempts", NEW."available_at", NEW."connection_id", NEW."counts", NEW."created_at", NEW."days_apart", NEW."error", NEW."error_code", NEW."fence", NEW."finished_at", NEW."id", NEW."is_dry", NEW."is_in_force", NEW."kinds", NEW."lease_until", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, NOW(), \'update\', NEW."id", NEW."progress", NEW."requested_by_id", NEW."starts_on", NEW."status", NEW."tenant_id"); RETURN NULL;', hash='a714d8873e1570152fef65afae1b06ad77104cb7', operation='UPDATE', pgid='pgtrigger_update_update_d75bf', table='mappings_cutover', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='cutover',
            trigger=pgtrigger.compiler.Trigger(name='delete_delete', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "mappings_cutoverevent" ("attempts", "available_at", "connection_id", "counts", "created_at", "days_apart", "error", "error_code", "fence", "finished_at", "id", "is_dry", "is_in_force", "kinds", "lease_until", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "progress", "requested_by_id", "starts_on", "status", "tenant_id") VALUES (OLD."attempts", OLD."available_at", OLD."connection_id", OLD."counts", OLD."created_at", OLD."days_apart", OLD."error", OLD."error_code", OLD."fence", OLD."finished_at", OLD."id", OLD."is_dry", OLD."is_in_force", OLD."kinds", OLD."lease_until", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, NOW(), \'delete\', OLD."id", OLD."progress", OLD."requested_by_id", OLD."starts_on", OLD."status", OLD."tenant_id"); RETURN NULL;', hash='a7febb2ad5d69cf7a17e4a4e579d9ede83958d35', operation='DELETE', pgid='pgtrigger_delete_delete_a264a', table='mappings_cutover', when='AFTER')),
        ),
    ]
