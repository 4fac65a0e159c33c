"""Replays keep their units as rows, each with its turn and its outcome."""

import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
import tenants.models
from tenants.rls import RowSecurity
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('integrations', '0018_compression'),
        ('tenants', '0004_audit_trail'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='ReplayUnit',
            fields=[
                ('id', models.UUIDField(default=tenants.models.new_id, editable=False, primary_key=True, serialize=False)),
                ('position', models.PositiveIntegerField()),
                ('row_id', models.UUIDField()),
                ('watched_id', models.UUIDField(help_text='The row that tells what became of it.', null=True)),
                ('outcome', models.CharField(choices=[('waiting', 'Waiting for its turn'), ('gone', 'On its way again'), ('landed', 'Succeeded'), ('refused', 'Rests again'), ('left', 'Left alone')], default='waiting', max_length=10)),
                ('error_code', models.CharField(blank=True, max_length=60)),
                ('gone_at', models.DateTimeField(null=True)),
            ],
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name='replay',
            name='insert_insert',
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name='replay',
            name='update_update',
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name='replay',
            name='delete_delete',
        ),
        migrations.RemoveField(
            model_name='replay',
            name='after_id',
        ),
        migrations.RemoveField(
            model_name='replay',
            name='until_id',
        ),
        migrations.RemoveField(
            model_name='replayevent',
            name='after_id',
        ),
        migrations.RemoveField(
            model_name='replayevent',
            name='until_id',
        ),
        migrations.AddField(
            model_name='replay',
            name='landed',
            field=models.PositiveIntegerField(default=0, help_text='How many succeeded this time.'),
        ),
        migrations.AddField(
            model_name='replay',
            name='refused',
            field=models.PositiveIntegerField(default=0, help_text='How many rest again.'),
        ),
        migrations.AddField(
            model_name='replay',
            name='started_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='replay',
            name='warnings',
            field=models.JSONField(default=list, help_text='What the plan warned of, in sentences.'),
        ),
        migrations.AddField(
            model_name='replayevent',
            name='landed',
            field=models.PositiveIntegerField(default=0, help_text='How many succeeded this time.'),
        ),
        migrations.AddField(
            model_name='replayevent',
            name='refused',
            field=models.PositiveIntegerField(default=0, help_text='How many rest again.'),
        ),
        migrations.AddField(
            model_name='replayevent',
            name='started_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='replayevent',
            name='warnings',
            field=models.JSONField(default=list, help_text='What the plan warned of, in sentences.'),
        ),
        migrations.AlterField(
            model_name='replay',
            name='cause',
            field=models.CharField(blank=True, help_text='The error code that they rest with.', max_length=60),
        ),
        migrations.AlterField(
            model_name='replay',
            name='done',
            field=models.PositiveIntegerField(default=0, help_text='How many had their turn.'),
        ),
        migrations.AlterField(
            model_name='replay',
            name='kind',
            field=models.CharField(choices=[('posting', 'Postings'), ('sync', 'Syncs'), ('webhook_event', 'Announced changes'), ('fetch', 'Questions to the ledger')], max_length=20),
        ),
        migrations.AlterField(
            model_name='replay',
            name='status',
            field=models.CharField(choices=[('planned', 'Planned, not started'), ('running', 'Running'), ('done', 'Done'), ('cancelled', 'Cancelled'), ('stopped', 'Stopped by itself')], default='planned', max_length=20),
        ),
        migrations.AlterField(
            model_name='replayevent',
            name='cause',
            field=models.CharField(blank=True, help_text='The error code that they rest with.', max_length=60),
        ),
        migrations.AlterField(
            model_name='replayevent',
            name='done',
            field=models.PositiveIntegerField(default=0, help_text='How many had their turn.'),
        ),
        migrations.AlterField(
            model_name='replayevent',
            name='kind',
            field=models.CharField(choices=[('posting', 'Postings'), ('sync', 'Syncs'), ('webhook_event', 'Announced changes'), ('fetch', 'Questions to the ledger')], max_length=20),
        ),
        migrations.AlterField(
            model_name='replayevent',
            name='status',
            field=models.CharField(choices=[('planned', 'Planned, not started'), ('running', 'Running'), ('done', 'Done'), ('cancelled', 'Cancelled'), ('stopped', 'Stopped by itself')], default='planned', max_length=20),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='replay',
            trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "integrations_replayevent" ("attempts", "available_at", "cause", "connection_id", "created_at", "done", "error", "error_code", "excluded", "fence", "finished_at", "id", "kind", "landed", "lease_until", "per_minute", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "planned", "refused", "requested_by_id", "started_at", "status", "tenant_id", "warnings") VALUES (NEW."attempts", NEW."available_at", NEW."cause", NEW."connection_id", NEW."created_at", NEW."done", NEW."error", NEW."error_code", NEW."excluded", NEW."fence", NEW."finished_at", NEW."id", NEW."kind", NEW."landed", NEW."lease_until", NEW."per_minute", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, NOW(), \'insert\', NEW."id", NEW."planned", NEW."refused", NEW."requested_by_id", NEW."started_at", NEW."status", NEW."tenant_id", NEW."warnings"); RETURN NULL;', hash='b47482dc463f0366c597847d4c915769eaf892c9', operation='INSERT', pgid='pgtrigger_insert_insert_bdf2f', table='integrations_replay', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='replay',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."status" IS DISTINCT FROM (NEW."status"))', func='INSERT INTO "integrations_replayevent" ("attempts", "available_at", "cause", "connection_id", "created_at", "done", "error", "error_code", "excluded", "fence", "finished_at", "id", "kind", "landed", "lease_until", "per_minute", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "planned", "refused", "requested_by_id", "started_at", "status", "tenant_id", "warnings") VALUES (NEW."attempts", NEW."available_at", NEW."cause", NEW."connection_id", NEW."created_at", NEW."done", NEW."error", NEW."error_code", NEW."excluded", NEW."fence", NEW."finished_at", NEW."id", NEW."kind", NEW."landed", NEW."lease_until", NEW."per_minute", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, NOW(), \'update\', NEW."id", NEW."planned", NEW."refused", NEW."requested_by_id", NEW."started_at", NEW."status", NEW."tenant_id", NEW."warnings"); RETURN NULL;', hash='8e17a27e8a2f0fc0005b35501a22acc7b7984b75', operation='UPDATE', pgid='pgtrigger_update_update_7fdfe', table='integrations_replay', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='replay',
            trigger=pgtrigger.compiler.Trigger(name='delete_delete', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "integrations_replayevent" ("attempts", "available_at", "cause", "connection_id", "created_at", "done", "error", "error_code", "excluded", "fence", "finished_at", "id", "kind", "landed", "lease_until", "per_minute", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "planned", "refused", "requested_by_id", "started_at", "status", "tenant_id", "warnings") VALUES (OLD."attempts", OLD."available_at", OLD."cause", OLD."connection_id", OLD."created_at", OLD."done", OLD."error", OLD."error_code", OLD."excluded", OLD."fence", OLD."finished_at", OLD."id", OLD."kind", OLD."landed", OLD."lease_until", OLD."per_minute", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, NOW(), \'delete\', OLD."id", OLD."planned", OLD."refused", OLD."requested_by_id", OLD."started_at", OLD."status", OLD."tenant_id", OLD."warnings"); RETURN NULL;', hash='df6d17c5dca74e0e5acef8342085710d6a755d42', operation='DELETE', pgid='pgtrigger_delete_delete_aa86e', table='integrations_replay', when='AFTER')),
        ),
        migrations.AddConstraint(
            model_name='replay',
            constraint=models.CheckConstraint(condition=models.Q(('per_minute__gt', 0)), name='a_replay_has_a_rate', violation_error_message='Give a rate of at least one a minute.'),
        ),
        migrations.AddField(
            model_name='replayunit',
            name='replay',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='units', to='integrations.replay'),
        ),
        migrations.AddField(
            model_name='replayunit',
            name='tenant',
            field=models.ForeignKey(editable=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='tenants.tenant'),
        ),
        migrations.AddIndex(
            model_name='replayunit',
            index=models.Index(fields=['replay', 'outcome', 'position'], name='replay_unit_turn'),
        ),
        migrations.AddConstraint(
            model_name='replayunit',
            constraint=models.UniqueConstraint(fields=('replay', 'row_id'), name='a_unit_goes_once_per_replay'),
        ),
        RowSecurity("replayunit"),
    ]
