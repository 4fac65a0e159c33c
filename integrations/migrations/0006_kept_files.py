"""Files that follow their documents into the ledger, fenced by tenant."""

import django.db.models.deletion
import django.utils.timezone
import pghistory.utils
import pgtrigger.compiler
import pgtrigger.migrations
import tenants.models
from django.conf import settings
from django.db import migrations, models

from tenants.rls import RowSecurity


class Migration(migrations.Migration):

    dependencies = [
        ('integrations', '0005_bank_lines'),
        ('tenants', '0004_audit_trail'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AlterField(
            model_name='posting',
            name='operation',
            field=models.CharField(choices=[('create', 'Create'), ('update', 'Update'), ('void', 'Void'), ('delete', 'Delete'), ('allocate', 'Apply to documents'), ('approve', 'Approve'), ('send', 'Send to the contact'), ('attach', 'Attach a file to')], default='create', max_length=10),
        ),
        migrations.AlterField(
            model_name='postingevent',
            name='operation',
            field=models.CharField(choices=[('create', 'Create'), ('update', 'Update'), ('void', 'Void'), ('delete', 'Delete'), ('allocate', 'Apply to documents'), ('approve', 'Approve'), ('send', 'Send to the contact'), ('attach', 'Attach a file to')], default='create', max_length=10),
        ),
        migrations.CreateModel(
            name='KeptFile',
            fields=[
                ('id', models.UUIDField(default=tenants.models.new_id, editable=False, primary_key=True, serialize=False)),
                ('origin_kind', models.CharField(help_text='source_document.', max_length=30)),
                ('origin_id', models.UUIDField()),
                ('name', models.CharField(max_length=150)),
                ('content_type', models.CharField(max_length=100)),
                ('size', models.PositiveIntegerField(help_text='In bytes.')),
                ('digest', models.CharField(help_text='SHA-256 of the content.', max_length=64)),
                ('content', models.BinaryField(help_text='The file itself.')),
                ('external_id', models.CharField(blank=True, help_text="The ledger's own id of it, once it is there.", max_length=200)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('connection', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='kept_files', to='integrations.connection')),
                ('grant', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='tenants.partnergrant')),
                ('sent_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('tenant', models.ForeignKey(editable=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='tenants.tenant')),
            ],
            options={
                'verbose_name': 'file',
            },
        ),
        migrations.CreateModel(
            name='KeptFileEvent',
            fields=[
                ('pgh_id', models.AutoField(primary_key=True, serialize=False)),
                ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                ('pgh_label', models.TextField(help_text='The event label.')),
                ('pgh_context', pghistory.utils.JSONField(null=True)),
                ('pgh_context_id', models.UUIDField(null=True)),
                ('id', models.UUIDField(default=tenants.models.new_id, editable=False, serialize=False)),
                ('origin_kind', models.CharField(help_text='source_document.', max_length=30)),
                ('origin_id', models.UUIDField()),
                ('name', models.CharField(max_length=150)),
                ('content_type', models.CharField(max_length=100)),
                ('size', models.PositiveIntegerField(help_text='In bytes.')),
                ('digest', models.CharField(help_text='SHA-256 of the content.', max_length=64)),
                ('external_id', models.CharField(blank=True, help_text="The ledger's own id of it, once it is there.", max_length=200)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('connection', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='integrations.connection')),
                ('grant', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='tenants.partnergrant')),
                ('pgh_obj', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='events', to='integrations.keptfile')),
                ('sent_by', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to=settings.AUTH_USER_MODEL)),
                ('tenant', models.ForeignKey(db_constraint=False, editable=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='tenants.tenant')),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.AddConstraint(
            model_name='keptfile',
            constraint=models.UniqueConstraint(fields=('tenant', 'origin_kind', 'origin_id', 'digest'), name='one_file_per_content', violation_error_message='This file is there already.'),
        ),
        migrations.AddConstraint(
            model_name='keptfile',
            constraint=models.UniqueConstraint(fields=('tenant', 'origin_kind', 'origin_id', 'name'), name='one_file_per_name', violation_error_message='A file of this name is there already.'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='keptfile',
            trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "integrations_keptfileevent" ("connection_id", "content_type", "created_at", "digest", "external_id", "grant_id", "id", "name", "origin_id", "origin_kind", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "sent_by_id", "size", "tenant_id") VALUES (NEW."connection_id", NEW."content_type", NEW."created_at", NEW."digest", NEW."external_id", NEW."grant_id", NEW."id", NEW."name", NEW."origin_id", NEW."origin_kind", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, NOW(), \'insert\', NEW."id", NEW."sent_by_id", NEW."size", NEW."tenant_id"); RETURN NULL;', hash='f3ba0fba03ad87a72df0d94eed2eaf36f61f8733', operation='INSERT', pgid='pgtrigger_insert_insert_fa498', table='integrations_keptfile', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='keptfile',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."connection_id" IS DISTINCT FROM (NEW."connection_id") OR OLD."content_type" IS DISTINCT FROM (NEW."content_type") OR OLD."created_at" IS DISTINCT FROM (NEW."created_at") OR OLD."digest" IS DISTINCT FROM (NEW."digest") OR OLD."external_id" IS DISTINCT FROM (NEW."external_id") OR OLD."grant_id" IS DISTINCT FROM (NEW."grant_id") OR OLD."id" IS DISTINCT FROM (NEW."id") OR OLD."name" IS DISTINCT FROM (NEW."name") OR OLD."origin_id" IS DISTINCT FROM (NEW."origin_id") OR OLD."origin_kind" IS DISTINCT FROM (NEW."origin_kind") OR OLD."sent_by_id" IS DISTINCT FROM (NEW."sent_by_id") OR OLD."size" IS DISTINCT FROM (NEW."size") OR OLD."tenant_id" IS DISTINCT FROM (NEW."tenant_id"))', func='INSERT INTO "integrations_keptfileevent" ("connection_id", "content_type", "created_at", "digest", "external_id", "grant_id", "id", "name", "origin_id", "origin_kind", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "sent_by_id", "size", "tenant_id") VALUES (NEW."connection_id", NEW."content_type", NEW."created_at", NEW."digest", NEW."external_id", NEW."grant_id", NEW."id", NEW."name", NEW."origin_id", NEW."origin_kind", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, NOW(), \'update\', NEW."id", NEW."sent_by_id", NEW."size", NEW."tenant_id"); RETURN NULL;', hash='c722eb8e0fa24826246f8c50aea8f9e2e13ff950', operation='UPDATE', pgid='pgtrigger_update_update_b788d', table='integrations_keptfile', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='keptfile',
            trigger=pgtrigger.compiler.Trigger(name='delete_delete', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "integrations_keptfileevent" ("connection_id", "content_type", "created_at", "digest", "external_id", "grant_id", "id", "name", "origin_id", "origin_kind", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "sent_by_id", "size", "tenant_id") VALUES (OLD."connection_id", OLD."content_type", OLD."created_at", OLD."digest", OLD."external_id", OLD."grant_id", OLD."id", OLD."name", OLD."origin_id", OLD."origin_kind", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, NOW(), \'delete\', OLD."id", OLD."sent_by_id", OLD."size", OLD."tenant_id"); RETURN NULL;', hash='a0689f5064df4b1a0ffc7539bdb9c7d4eef27016', operation='DELETE', pgid='pgtrigger_delete_delete_927f7', table='integrations_keptfile', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='keptfileevent',
            trigger=pgtrigger.compiler.Trigger(name='append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='f7574da8aef53139414bd90fd746344bf41e5197', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_3c37a', table='integrations_keptfileevent', when='BEFORE')),
        ),
        RowSecurity("keptfile"),
        RowSecurity("keptfileevent"),
    ]
