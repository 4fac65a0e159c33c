"""Questions asked on demand."""

import django.core.serializers.json
import django.db.models.deletion
import django.utils.timezone
import pghistory.utils
import pgtrigger.compiler
import pgtrigger.migrations
import tenants.models
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('integrations', '0006_endings'),
        ('tenants', '0004_audit_trail'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Fetch',
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
                ('kind', models.CharField(choices=[('report', 'Report'), ('attachments', 'List of attachments'), ('file', 'Attachment'), ('custom_fields', 'Custom fields')], max_length=20)),
                ('params', models.JSONField(default=dict, help_text="What is asked for, such as a report's name and dates.")),
                ('status', models.CharField(choices=[('queued', 'Asking the ledger'), ('done', 'Answered'), ('failed', 'Failed')], default='queued', max_length=20)),
                ('answer', models.JSONField(default=dict, encoder=django.core.serializers.json.DjangoJSONEncoder)),
                ('content', models.BinaryField(help_text='The bytes of a file.', null=True)),
                ('expires_at', models.DateTimeField(help_text='The answer is forgotten then.')),
                ('connection', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='fetches', to='integrations.connection')),
                ('requested_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('tenant', models.ForeignKey(editable=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='tenants.tenant')),
            ],
            options={'verbose_name': 'report'},
        ),
        migrations.CreateModel(
            name='FetchEvent',
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
                ('kind', models.CharField(choices=[('report', 'Report'), ('attachments', 'List of attachments'), ('file', 'Attachment'), ('custom_fields', 'Custom fields')], max_length=20)),
                ('params', models.JSONField(default=dict, help_text="What is asked for, such as a report's name and dates.")),
                ('status', models.CharField(choices=[('queued', 'Asking the ledger'), ('done', 'Answered'), ('failed', 'Failed')], default='queued', max_length=20)),
                ('expires_at', models.DateTimeField(help_text='The answer is forgotten then.')),
                ('connection', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='integrations.connection')),
                ('pgh_obj', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='events', to='integrations.fetch')),
                ('requested_by', models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to=settings.AUTH_USER_MODEL)),
                ('tenant', models.ForeignKey(db_constraint=False, editable=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='tenants.tenant')),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.AddIndex(
            model_name='fetch',
            index=models.Index(fields=['connection', 'kind', '-id'], name='fetch_latest'),
        ),
        migrations.AddIndex(
            model_name='fetch',
            index=models.Index(condition=models.Q(('status', 'queued')), fields=['available_at'], name='fetch_due'),
        ),
        migrations.AddIndex(
            model_name='fetch',
            index=models.Index(fields=['expires_at'], name='fetch_expiry'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='fetch',
            trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "integrations_fetchevent" ("attempts", "available_at", "connection_id", "created_at", "error", "error_code", "expires_at", "fence", "finished_at", "id", "kind", "lease_until", "params", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "requested_by_id", "status", "tenant_id") VALUES (NEW."attempts", NEW."available_at", NEW."connection_id", NEW."created_at", NEW."error", NEW."error_code", NEW."expires_at", NEW."fence", NEW."finished_at", NEW."id", NEW."kind", NEW."lease_until", NEW."params", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, NOW(), \'insert\', NEW."id", NEW."requested_by_id", NEW."status", NEW."tenant_id"); RETURN NULL;', hash='6375ad1590ea9cf7e644e5f48dbe075f3a3e665b', operation='INSERT', pgid='pgtrigger_insert_insert_3263c', table='integrations_fetch', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='fetch',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."error_code" IS DISTINCT FROM (NEW."error_code") OR OLD."status" IS DISTINCT FROM (NEW."status"))', func='INSERT INTO "integrations_fetchevent" ("attempts", "available_at", "connection_id", "created_at", "error", "error_code", "expires_at", "fence", "finished_at", "id", "kind", "lease_until", "params", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "requested_by_id", "status", "tenant_id") VALUES (NEW."attempts", NEW."available_at", NEW."connection_id", NEW."created_at", NEW."error", NEW."error_code", NEW."expires_at", NEW."fence", NEW."finished_at", NEW."id", NEW."kind", NEW."lease_until", NEW."params", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, NOW(), \'update\', NEW."id", NEW."requested_by_id", NEW."status", NEW."tenant_id"); RETURN NULL;', hash='d15c91ad11ed9bcb590e1cb0772ad0ce755b63a9', operation='UPDATE', pgid='pgtrigger_update_update_cabfc', table='integrations_fetch', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='fetch',
            trigger=pgtrigger.compiler.Trigger(name='delete_delete', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "integrations_fetchevent" ("attempts", "available_at", "connection_id", "created_at", "error", "error_code", "expires_at", "fence", "finished_at", "id", "kind", "lease_until", "params", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "requested_by_id", "status", "tenant_id") VALUES (OLD."attempts", OLD."available_at", OLD."connection_id", OLD."created_at", OLD."error", OLD."error_code", OLD."expires_at", OLD."fence", OLD."finished_at", OLD."id", OLD."kind", OLD."lease_until", OLD."params", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, NOW(), \'delete\', OLD."id", OLD."requested_by_id", OLD."status", OLD."tenant_id"); RETURN NULL;', hash='a286d2eb7f3657682d6a2d9de054816316da9702', operation='DELETE', pgid='pgtrigger_delete_delete_f1cb3', table='integrations_fetch', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='fetchevent',
            trigger=pgtrigger.compiler.Trigger(name='append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='62c4d88532cd2485cfa6041427942a733d96d865', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_12b4a', table='integrations_fetchevent', when='BEFORE')),
        ),
    ]
