"""Back-tests: a version tried on real documents, and its turn in the sweep."""

import django.db.models.deletion
import django.utils.timezone
import pghistory.utils
import pgtrigger.compiler
import pgtrigger.migrations
import tenants.models
from django.conf import settings
from django.db import migrations, models

from importlib import import_module
from tenants.rls import RowSecurity

_BEFORE = import_module("mappings.migrations.0003_cut_over").DUE_WORK
_END = "\n$$\n"
_MORE = """
  UNION ALL
  (SELECT 'back_test', b.tenant_id, b.id FROM mappings_backtest b
    WHERE b.status IN ('queued', 'running') AND b.available_at <= at
      AND (b.lease_until IS NULL OR b.lease_until <= at) ORDER BY b.available_at LIMIT most)
"""
DUE_WORK = _BEFORE.removesuffix(_END) + _MORE.rstrip() + _END


class Migration(migrations.Migration):

    dependencies = [
        ('mappings', '0005_rules'),
        ('tenants', '0004_audit_trail'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='BackTest',
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
                ('wanted', models.PositiveIntegerField(help_text='So many of the last documents are tried.', verbose_name='documents')),
                ('looked_at', models.PositiveIntegerField(default=0)),
                ('total', models.PositiveIntegerField(default=0, help_text='Documents there are to try, at most `wanted`.')),
                ('status', models.CharField(choices=[('queued', 'Waiting for a worker'), ('running', 'Under way'), ('done', 'Done'), ('failed', 'Failed')], default='queued', max_length=20)),
                ('report', models.JSONField(blank=True, default=dict)),
                ('content', models.CharField(blank=True, help_text="Digest of the version's rules when it was tried; another: outdated.", max_length=64)),
                ('mapping_set', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='back_tests', to='mappings.mappingset')),
                ('requested_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('tenant', models.ForeignKey(editable=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='tenants.tenant')),
            ],
            options={
                'verbose_name': 'back-test',
            },
        ),
        migrations.CreateModel(
            name='BackTestEvent',
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
                ('wanted', models.PositiveIntegerField(help_text='So many of the last documents are tried.', verbose_name='documents')),
                ('looked_at', models.PositiveIntegerField(default=0)),
                ('total', models.PositiveIntegerField(default=0, help_text='Documents there are to try, at most `wanted`.')),
                ('status', models.CharField(choices=[('queued', 'Waiting for a worker'), ('running', 'Under way'), ('done', 'Done'), ('failed', 'Failed')], default='queued', max_length=20)),
                ('report', models.JSONField(blank=True, default=dict)),
                ('content', models.CharField(blank=True, help_text="Digest of the version's rules when it was tried; another: outdated.", max_length=64)),
                ('mapping_set', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='mappings.mappingset')),
                ('pgh_obj', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='events', to='mappings.backtest')),
                ('requested_by', models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to=settings.AUTH_USER_MODEL)),
                ('tenant', models.ForeignKey(db_constraint=False, editable=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='tenants.tenant')),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.AddIndex(
            model_name='backtest',
            index=models.Index(fields=['mapping_set', '-created_at'], name='back_test_latest'),
        ),
        migrations.AddIndex(
            model_name='backtest',
            index=models.Index(condition=models.Q(('status__in', ['queued', 'running'])), fields=['available_at'], name='back_test_due'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='backtest',
            trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "mappings_backtestevent" ("attempts", "available_at", "content", "created_at", "error", "error_code", "fence", "finished_at", "id", "lease_until", "looked_at", "mapping_set_id", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "report", "requested_by_id", "status", "tenant_id", "total", "wanted") VALUES (NEW."attempts", NEW."available_at", NEW."content", NEW."created_at", NEW."error", NEW."error_code", NEW."fence", NEW."finished_at", NEW."id", NEW."lease_until", NEW."looked_at", NEW."mapping_set_id", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, NOW(), \'insert\', NEW."id", NEW."report", NEW."requested_by_id", NEW."status", NEW."tenant_id", NEW."total", NEW."wanted"); RETURN NULL;', hash='ea96453f9b7d8402f10fb918511d13e89c0b75d8', operation='INSERT', pgid='pgtrigger_insert_insert_0d1e3', table='mappings_backtest', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='backtest',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."status" IS DISTINCT FROM (NEW."status"))', func='INSERT INTO "mappings_backtestevent" ("attempts", "available_at", "content", "created_at", "error", "error_code", "fence", "finished_at", "id", "lease_until", "looked_at", "mapping_set_id", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "report", "requested_by_id", "status", "tenant_id", "total", "wanted") VALUES (NEW."attempts", NEW."available_at", NEW."content", NEW."created_at", NEW."error", NEW."error_code", NEW."fence", NEW."finished_at", NEW."id", NEW."lease_until", NEW."looked_at", NEW."mapping_set_id", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, NOW(), \'update\', NEW."id", NEW."report", NEW."requested_by_id", NEW."status", NEW."tenant_id", NEW."total", NEW."wanted"); RETURN NULL;', hash='bbb930311f53f653196c372013b57440ddcc52bb', operation='UPDATE', pgid='pgtrigger_update_update_c777a', table='mappings_backtest', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='backtest',
            trigger=pgtrigger.compiler.Trigger(name='delete_delete', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "mappings_backtestevent" ("attempts", "available_at", "content", "created_at", "error", "error_code", "fence", "finished_at", "id", "lease_until", "looked_at", "mapping_set_id", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "report", "requested_by_id", "status", "tenant_id", "total", "wanted") VALUES (OLD."attempts", OLD."available_at", OLD."content", OLD."created_at", OLD."error", OLD."error_code", OLD."fence", OLD."finished_at", OLD."id", OLD."lease_until", OLD."looked_at", OLD."mapping_set_id", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, NOW(), \'delete\', OLD."id", OLD."report", OLD."requested_by_id", OLD."status", OLD."tenant_id", OLD."total", OLD."wanted"); RETURN NULL;', hash='d2eaeb468e829bc947b6a971882818e185c614c8', operation='DELETE', pgid='pgtrigger_delete_delete_1283f', table='mappings_backtest', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='backtestevent',
            trigger=pgtrigger.compiler.Trigger(name='append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='0f90c6dcb9cb8be25ef49b1ef128aa54a837eb21', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_eb3d4', table='mappings_backtestevent', when='BEFORE')),
        ),
        *[RowSecurity(model) for model in ("backtest", "backtestevent")],
        migrations.RunSQL(DUE_WORK, _BEFORE),
    ]
