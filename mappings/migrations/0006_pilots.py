"""Pilots: their table, its fence, and their place in what sweepers may know of all tenants."""

from importlib import import_module

import django.contrib.postgres.fields
import django.db.models.deletion
import django.utils.timezone
import pghistory.utils
import pgtrigger.compiler
import pgtrigger.migrations
import tenants.models
from django.conf import settings
from django.db import migrations, models

from tenants.rls import RowSecurity

BEFORE = import_module("mappings.migrations.0003_due_work").DUE_WORK

PILOTS = """(SELECT 'pilot', p.tenant_id, p.id FROM mappings_pilot p
    WHERE p.status IN ('queued', 'running', 'stopping') AND p.available_at <= at
      AND (p.lease_until IS NULL OR p.lease_until <= at) ORDER BY p.available_at LIMIT most)
  UNION ALL
  """

DUE_WORK = BEFORE.replace("(SELECT 'document_import'", PILOTS + "(SELECT 'document_import'")


class Migration(migrations.Migration):

    dependencies = [
        ('mappings', '0005_order_tolerance'),
        ('tenants', '0004_audit_trail'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Pilot',
            fields=[
                ('id', models.UUIDField(default=tenants.models.new_id, editable=False, primary_key=True, serialize=False)),
                ('available_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('lease_until', models.DateTimeField(blank=True, null=True)),
                ('fence', models.PositiveIntegerField(default=0)),
                ('attempts', models.PositiveIntegerField(default=0)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('finished_at', models.DateTimeField(blank=True, null=True)),
                ('error_code', models.CharField(blank=True, max_length=60)),
                ('error', models.JSONField(blank=True, default=dict, help_text='message, remedy, who_can_fix, ledger_code, …')),
                ('wanted', models.PositiveIntegerField(help_text='So many of the last documents are posted.', verbose_name='documents')),
                ('kinds', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(choices=[('sale', 'Sale'), ('credit', 'Credit'), ('refund', 'Refund'), ('payment', 'Payment'), ('payout', 'Payout'), ('fee', 'Fee'), ('purchase', 'Purchase'), ('expense', 'Expense'), ('adjustment', 'Adjustment')], max_length=20), blank=True, default=list, help_text='Only documents of these kinds; none named: of all.', size=None)),
                ('dated_from', models.DateField(blank=True, help_text='Only documents dated on or after.', null=True)),
                ('dated_to', models.DateField(blank=True, help_text='Only documents dated on or before.', null=True)),
                ('status', models.CharField(choices=[('queued', 'Waiting for a worker'), ('running', 'Under way'), ('stopping', 'Being stopped'), ('done', 'Done'), ('failed', 'Failed'), ('cancelled', 'Stopped')], default='queued', max_length=20)),
                ('step', models.CharField(blank=True, help_text='What is done just now, in words.', max_length=60)),
                ('looked_at', models.PositiveIntegerField(default=0)),
                ('total', models.PositiveIntegerField(default=0, help_text='Documents to post, in all companies together.')),
                ('report', models.JSONField(blank=True, default=dict)),
                ('content', models.CharField(blank=True, help_text="Digest of the version's rules when it ran; another: outdated.", max_length=64)),
                ('mapping_set', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='pilots', to='mappings.mappingset')),
                ('requested_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('tenant', models.ForeignKey(editable=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='tenants.tenant')),
            ],
        ),
        migrations.CreateModel(
            name='PilotEvent',
            fields=[
                ('pgh_id', models.AutoField(primary_key=True, serialize=False)),
                ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                ('pgh_label', models.TextField(help_text='The event label.')),
                ('pgh_context', pghistory.utils.JSONField(null=True)),
                ('pgh_context_id', models.UUIDField(null=True)),
                ('id', models.UUIDField(default=tenants.models.new_id, editable=False, serialize=False)),
                ('available_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('lease_until', models.DateTimeField(blank=True, null=True)),
                ('fence', models.PositiveIntegerField(default=0)),
                ('attempts', models.PositiveIntegerField(default=0)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('finished_at', models.DateTimeField(blank=True, null=True)),
                ('error_code', models.CharField(blank=True, max_length=60)),
                ('error', models.JSONField(blank=True, default=dict, help_text='message, remedy, who_can_fix, ledger_code, …')),
                ('wanted', models.PositiveIntegerField(help_text='So many of the last documents are posted.', verbose_name='documents')),
                ('kinds', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(choices=[('sale', 'Sale'), ('credit', 'Credit'), ('refund', 'Refund'), ('payment', 'Payment'), ('payout', 'Payout'), ('fee', 'Fee'), ('purchase', 'Purchase'), ('expense', 'Expense'), ('adjustment', 'Adjustment')], max_length=20), blank=True, default=list, help_text='Only documents of these kinds; none named: of all.', size=None)),
                ('dated_from', models.DateField(blank=True, help_text='Only documents dated on or after.', null=True)),
                ('dated_to', models.DateField(blank=True, help_text='Only documents dated on or before.', null=True)),
                ('status', models.CharField(choices=[('queued', 'Waiting for a worker'), ('running', 'Under way'), ('stopping', 'Being stopped'), ('done', 'Done'), ('failed', 'Failed'), ('cancelled', 'Stopped')], default='queued', max_length=20)),
                ('step', models.CharField(blank=True, help_text='What is done just now, in words.', max_length=60)),
                ('looked_at', models.PositiveIntegerField(default=0)),
                ('total', models.PositiveIntegerField(default=0, help_text='Documents to post, in all companies together.')),
                ('report', models.JSONField(blank=True, default=dict)),
                ('content', models.CharField(blank=True, help_text="Digest of the version's rules when it ran; another: outdated.", max_length=64)),
                ('mapping_set', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='mappings.mappingset')),
                ('pgh_obj', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='events', to='mappings.pilot')),
                ('requested_by', models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to=settings.AUTH_USER_MODEL)),
                ('tenant', models.ForeignKey(db_constraint=False, editable=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='tenants.tenant')),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.AddIndex(
            model_name='pilot',
            index=models.Index(fields=['mapping_set', '-created_at'], name='pilot_latest'),
        ),
        migrations.AddIndex(
            model_name='pilot',
            index=models.Index(condition=models.Q(('status__in', ['queued', 'running', 'stopping'])), fields=['available_at'], name='pilot_due'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='pilot',
            trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "mappings_pilotevent" ("attempts", "available_at", "content", "created_at", "dated_from", "dated_to", "error", "error_code", "fence", "finished_at", "id", "kinds", "lease_until", "looked_at", "mapping_set_id", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "report", "requested_by_id", "status", "step", "tenant_id", "total", "wanted") VALUES (NEW."attempts", NEW."available_at", NEW."content", NEW."created_at", NEW."dated_from", NEW."dated_to", NEW."error", NEW."error_code", NEW."fence", NEW."finished_at", NEW."id", NEW."kinds", NEW."lease_until", NEW."looked_at", NEW."mapping_set_id", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, NOW(), \'insert\', NEW."id", NEW."report", NEW."requested_by_id", NEW."status", NEW."step", NEW."tenant_id", NEW."total", NEW."wanted"); RETURN NULL;', hash='e5bb9ea17b8566a88f10a94fe00422fe381eff1f', operation='INSERT', pgid='pgtrigger_insert_insert_557a6', table='mappings_pilot', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='pilot',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."status" IS DISTINCT FROM (NEW."status"))', func='INSERT INTO "mappings_pilotevent" ("attempts", "available_at", "content", "created_at", "dated_from", "dated_to", "error", "error_code", "fence", "finished_at", "id", "kinds", "lease_until", "looked_at", "mapping_set_id", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "report", "requested_by_id", "status", "step", "tenant_id", "total", "wanted") VALUES (NEW."attempts", NEW."available_at", NEW."content", NEW."created_at", NEW."dated_from", NEW."dated_to", NEW."error", NEW."error_code", NEW."fence", NEW."finished_at", NEW."id", NEW."kinds", NEW."lease_until", NEW."looked_at", NEW."mapping_set_id", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, NOW(), \'update\', NEW."id", NEW."report", NEW."requested_by_id", NEW."status", NEW."step", NEW."tenant_id", NEW."total", NEW."wanted"); RETURN NULL;', hash='7289b5a35d47f8fed7d69ad37b756ffc76c3fc72', operation='UPDATE', pgid='pgtrigger_update_update_cfab5', table='mappings_pilot', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='pilot',
            trigger=pgtrigger.compiler.Trigger(name='delete_delete', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "mappings_pilotevent" ("attempts", "available_at", "content", "created_at", "dated_from", "dated_to", "error", "error_code", "fence", "finished_at", "id", "kinds", "lease_until", "looked_at", "mapping_set_id", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "report", "requested_by_id", "status", "step", "tenant_id", "total", "wanted") VALUES (OLD."attempts", OLD."available_at", OLD."content", OLD."created_at", OLD."dated_from", OLD."dated_to", OLD."error", OLD."error_code", OLD."fence", OLD."finished_at", OLD."id", OLD."kinds", OLD."lease_until", OLD."looked_at", OLD."mapping_set_id", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, NOW(), \'delete\', OLD."id", OLD."report", OLD."requested_by_id", OLD."status", OLD."step", OLD."tenant_id", OLD."total", OLD."wanted"); RETURN NULL;', hash='8869bf8e1d5db7be2fba0ddb67fcecfd651b3221', operation='DELETE', pgid='pgtrigger_delete_delete_e3e00', table='mappings_pilot', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='pilotevent',
            trigger=pgtrigger.compiler.Trigger(name='append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='9bdcbf91470a2e2ff8a0b7b1bbaef3fba924e970', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_29e1a', table='mappings_pilotevent', when='BEFORE')),
        ),
        RowSecurity("pilot"),
        RowSecurity("pilotevent"),
        migrations.RunSQL(DUE_WORK, BEFORE),
    ]
