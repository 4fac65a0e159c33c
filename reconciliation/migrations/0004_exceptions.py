"""Exceptions with comments, files and due dates, fenced; and who has to be told of them."""

import django.db.models.deletion
import django.utils.timezone
import pghistory.utils
import pgtrigger.compiler
import pgtrigger.migrations
import tenants.models
from django.conf import settings
from django.db import migrations, models

from tenants.rls import RowSecurity

# Who is still to be told of exceptions that were given to them: one row for each person, after a moment's grace in which
# the doorbell has usually rung.
DUE_WORK = """
CREATE FUNCTION reconciliation_desk_due(at timestamptz, most integer)
RETURNS TABLE (kind text, tenant_id uuid, row_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
AS $$
  (SELECT DISTINCT ON (c.tenant_id, c.assignee_id) 'case', c.tenant_id, c.id FROM reconciliation_case c
    WHERE c.told_at IS NULL AND c.assignee_id IS NOT NULL AND c.assigned_at <= at - interval '20 seconds'
    ORDER BY c.tenant_id, c.assignee_id LIMIT most)
$$
"""
FENCED = (
    "case", "casecomment", "casecommentevent", "caseevent", "casefile", "casefileevent", "duepolicy", "duepolicyevent",
)  # fmt: skip


class Migration(migrations.Migration):

    dependencies = [
        ('integrations', '0004_turns'),
        ('reconciliation', '0003_due_work'),
        ('tenants', '0004_audit_trail'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Case',
            fields=[
                ('id', models.UUIDField(default=tenants.models.new_id, editable=False, primary_key=True, serialize=False)),
                ('amount', models.DecimalField(decimal_places=6, default=0, help_text='Signed, when it was raised.', max_digits=20)),
                ('currency', models.CharField(blank=True, max_length=3)),
                ('since', models.DateField(help_text='The day of the money: of the line, or when the document was due.')),
                ('assigned_at', models.DateTimeField(null=True)),
                ('told_at', models.DateTimeField(help_text='When the assignee was told by mail; empty: still to be told.', null=True)),
                ('due_on', models.DateField(verbose_name='due')),
                ('due_reason', models.CharField(blank=True, help_text='Why somebody set another day; empty: by amount and age.', max_length=300)),
                ('raised_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('assigned_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('assignee', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('bank_line', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='cases', to='reconciliation.bankline')),
                ('discrepancy', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='integrations.discrepancy')),
                ('record', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='integrations.ledgerrecord')),
                ('tenant', models.ForeignKey(editable=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='tenants.tenant')),
            ],
            options={
                'verbose_name': 'exception',
            },
        ),
        migrations.CreateModel(
            name='CaseComment',
            fields=[
                ('id', models.UUIDField(default=tenants.models.new_id, editable=False, primary_key=True, serialize=False)),
                ('at', models.DateTimeField(default=django.utils.timezone.now)),
                ('text', models.CharField(max_length=2000)),
                ('by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('case', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='comments', to='reconciliation.case')),
                ('tenant', models.ForeignKey(editable=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='tenants.tenant')),
            ],
            options={
                'ordering': ['id'],
            },
        ),
        migrations.CreateModel(
            name='CaseCommentEvent',
            fields=[
                ('pgh_id', models.AutoField(primary_key=True, serialize=False)),
                ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                ('pgh_label', models.TextField(help_text='The event label.')),
                ('pgh_context', pghistory.utils.JSONField(null=True)),
                ('pgh_context_id', models.UUIDField(null=True)),
                ('id', models.UUIDField(default=tenants.models.new_id, editable=False, serialize=False)),
                ('at', models.DateTimeField(default=django.utils.timezone.now)),
                ('text', models.CharField(max_length=2000)),
                ('by', models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to=settings.AUTH_USER_MODEL)),
                ('case', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='reconciliation.case')),
                ('pgh_obj', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='events', to='reconciliation.casecomment')),
                ('tenant', models.ForeignKey(db_constraint=False, editable=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='tenants.tenant')),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='CaseEvent',
            fields=[
                ('pgh_id', models.AutoField(primary_key=True, serialize=False)),
                ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                ('pgh_label', models.TextField(help_text='The event label.')),
                ('pgh_context', pghistory.utils.JSONField(null=True)),
                ('pgh_context_id', models.UUIDField(null=True)),
                ('id', models.UUIDField(default=tenants.models.new_id, editable=False, serialize=False)),
                ('amount', models.DecimalField(decimal_places=6, default=0, help_text='Signed, when it was raised.', max_digits=20)),
                ('currency', models.CharField(blank=True, max_length=3)),
                ('since', models.DateField(help_text='The day of the money: of the line, or when the document was due.')),
                ('assigned_at', models.DateTimeField(null=True)),
                ('told_at', models.DateTimeField(help_text='When the assignee was told by mail; empty: still to be told.', null=True)),
                ('due_on', models.DateField(verbose_name='due')),
                ('due_reason', models.CharField(blank=True, help_text='Why somebody set another day; empty: by amount and age.', max_length=300)),
                ('raised_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('assigned_by', models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to=settings.AUTH_USER_MODEL)),
                ('assignee', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to=settings.AUTH_USER_MODEL)),
                ('bank_line', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='reconciliation.bankline')),
                ('discrepancy', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='integrations.discrepancy')),
                ('pgh_obj', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='events', to='reconciliation.case')),
                ('record', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='integrations.ledgerrecord')),
                ('tenant', models.ForeignKey(db_constraint=False, editable=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='tenants.tenant')),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='CaseFile',
            fields=[
                ('id', models.UUIDField(default=tenants.models.new_id, editable=False, primary_key=True, serialize=False)),
                ('name', models.CharField(max_length=200)),
                ('content_type', models.CharField(max_length=100)),
                ('size', models.PositiveIntegerField()),
                ('content', models.BinaryField()),
                ('at', models.DateTimeField(default=django.utils.timezone.now)),
                ('by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('case', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='files', to='reconciliation.case')),
                ('comment', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='files', to='reconciliation.casecomment')),
                ('tenant', models.ForeignKey(editable=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='tenants.tenant')),
            ],
            options={
                'ordering': ['id'],
            },
        ),
        migrations.CreateModel(
            name='CaseFileEvent',
            fields=[
                ('pgh_id', models.AutoField(primary_key=True, serialize=False)),
                ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                ('pgh_label', models.TextField(help_text='The event label.')),
                ('pgh_context', pghistory.utils.JSONField(null=True)),
                ('pgh_context_id', models.UUIDField(null=True)),
                ('id', models.UUIDField(default=tenants.models.new_id, editable=False, serialize=False)),
                ('name', models.CharField(max_length=200)),
                ('content_type', models.CharField(max_length=100)),
                ('size', models.PositiveIntegerField()),
                ('at', models.DateTimeField(default=django.utils.timezone.now)),
                ('by', models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to=settings.AUTH_USER_MODEL)),
                ('case', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='reconciliation.case')),
                ('comment', models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='reconciliation.casecomment')),
                ('pgh_obj', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='events', to='reconciliation.casefile')),
                ('tenant', models.ForeignKey(db_constraint=False, editable=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='tenants.tenant')),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='DuePolicy',
            fields=[
                ('id', models.UUIDField(default=tenants.models.new_id, editable=False, primary_key=True, serialize=False)),
                ('bands', models.JSONField(default=list, help_text='[{"least": "1000", "days": 7}], one of them from 0.')),
                ('late_days', models.PositiveSmallIntegerField(default=2, help_text='Days for what is late already when it turns up.')),
                ('changed_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('changed_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('tenant', models.ForeignKey(editable=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='tenants.tenant')),
            ],
            options={
                'verbose_name': 'due date policy',
                'verbose_name_plural': 'due date policies',
            },
        ),
        migrations.CreateModel(
            name='DuePolicyEvent',
            fields=[
                ('pgh_id', models.AutoField(primary_key=True, serialize=False)),
                ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                ('pgh_label', models.TextField(help_text='The event label.')),
                ('pgh_context', pghistory.utils.JSONField(null=True)),
                ('pgh_context_id', models.UUIDField(null=True)),
                ('id', models.UUIDField(default=tenants.models.new_id, editable=False, serialize=False)),
                ('bands', models.JSONField(default=list, help_text='[{"least": "1000", "days": 7}], one of them from 0.')),
                ('late_days', models.PositiveSmallIntegerField(default=2, help_text='Days for what is late already when it turns up.')),
                ('changed_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('changed_by', models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to=settings.AUTH_USER_MODEL)),
                ('pgh_obj', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='events', to='reconciliation.duepolicy')),
                ('tenant', models.ForeignKey(db_constraint=False, editable=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='tenants.tenant')),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.AddIndex(
            model_name='case',
            index=models.Index(fields=['tenant', 'due_on', 'id'], name='case_list'),
        ),
        migrations.AddIndex(
            model_name='case',
            index=models.Index(condition=models.Q(('assignee__isnull', False), ('told_at', None)), fields=['assignee'], name='case_to_tell'),
        ),
        migrations.AddConstraint(
            model_name='case',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('bank_line__isnull', False), ('discrepancy', None), ('record', None)), models.Q(('bank_line', None), ('discrepancy', None), ('record__isnull', False)), models.Q(('bank_line', None), ('discrepancy__isnull', False), ('record', None)), _connector='OR'), name='an_exception_is_about_one_thing'),
        ),
        migrations.AddConstraint(
            model_name='case',
            constraint=models.UniqueConstraint(fields=('bank_line',), name='one_exception_per_bank_line'),
        ),
        migrations.AddConstraint(
            model_name='case',
            constraint=models.UniqueConstraint(fields=('record',), name='one_exception_per_record'),
        ),
        migrations.AddConstraint(
            model_name='case',
            constraint=models.UniqueConstraint(fields=('discrepancy',), name='one_exception_per_discrepancy'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='case',
            trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "reconciliation_caseevent" ("amount", "assigned_at", "assigned_by_id", "assignee_id", "bank_line_id", "currency", "discrepancy_id", "due_on", "due_reason", "id", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "raised_at", "record_id", "since", "tenant_id", "told_at") VALUES (NEW."amount", NEW."assigned_at", NEW."assigned_by_id", NEW."assignee_id", NEW."bank_line_id", NEW."currency", NEW."discrepancy_id", NEW."due_on", NEW."due_reason", NEW."id", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, NOW(), \'insert\', NEW."id", NEW."raised_at", NEW."record_id", NEW."since", NEW."tenant_id", NEW."told_at"); RETURN NULL;', hash='2bcb5a14178666a4ae4331d7d03cad78d2c6c291', operation='INSERT', pgid='pgtrigger_insert_insert_916c9', table='reconciliation_case', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='case',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."assignee_id" IS DISTINCT FROM (NEW."assignee_id") OR OLD."due_on" IS DISTINCT FROM (NEW."due_on") OR OLD."due_reason" IS DISTINCT FROM (NEW."due_reason"))', func='INSERT INTO "reconciliation_caseevent" ("amount", "assigned_at", "assigned_by_id", "assignee_id", "bank_line_id", "currency", "discrepancy_id", "due_on", "due_reason", "id", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "raised_at", "record_id", "since", "tenant_id", "told_at") VALUES (NEW."amount", NEW."assigned_at", NEW."assigned_by_id", NEW."assignee_id", NEW."bank_line_id", NEW."currency", NEW."discrepancy_id", NEW."due_on", NEW."due_reason", NEW."id", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, NOW(), \'update\', NEW."id", NEW."raised_at", NEW."record_id", NEW."since", NEW."tenant_id", NEW."told_at"); RETURN NULL;', hash='7915fcdc8aa938e14a9b902e4f3ea709201e8d0e', operation='UPDATE', pgid='pgtrigger_update_update_35676', table='reconciliation_case', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='case',
            trigger=pgtrigger.compiler.Trigger(name='delete_delete', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "reconciliation_caseevent" ("amount", "assigned_at", "assigned_by_id", "assignee_id", "bank_line_id", "currency", "discrepancy_id", "due_on", "due_reason", "id", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "raised_at", "record_id", "since", "tenant_id", "told_at") VALUES (OLD."amount", OLD."assigned_at", OLD."assigned_by_id", OLD."assignee_id", OLD."bank_line_id", OLD."currency", OLD."discrepancy_id", OLD."due_on", OLD."due_reason", OLD."id", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, NOW(), \'delete\', OLD."id", OLD."raised_at", OLD."record_id", OLD."since", OLD."tenant_id", OLD."told_at"); RETURN NULL;', hash='4671145e47a3e0719d8228b5423545830d3e1a22', operation='DELETE', pgid='pgtrigger_delete_delete_3aff6', table='reconciliation_case', when='AFTER')),
        ),
        migrations.AddIndex(
            model_name='casecomment',
            index=models.Index(fields=['case', 'id'], name='case_thread'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='casecomment',
            trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "reconciliation_casecommentevent" ("at", "by_id", "case_id", "id", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "tenant_id", "text") VALUES (NEW."at", NEW."by_id", NEW."case_id", NEW."id", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, NOW(), \'insert\', NEW."id", NEW."tenant_id", NEW."text"); RETURN NULL;', hash='1a58cfa25c75d044aa1d591dcdd7db2719044a63', operation='INSERT', pgid='pgtrigger_insert_insert_23777', table='reconciliation_casecomment', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='casecomment',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD.* IS DISTINCT FROM NEW.*)', func='INSERT INTO "reconciliation_casecommentevent" ("at", "by_id", "case_id", "id", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "tenant_id", "text") VALUES (NEW."at", NEW."by_id", NEW."case_id", NEW."id", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, NOW(), \'update\', NEW."id", NEW."tenant_id", NEW."text"); RETURN NULL;', hash='c6adc11585c5e80bc0ca733f3ad548454a196f8e', operation='UPDATE', pgid='pgtrigger_update_update_c480f', table='reconciliation_casecomment', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='casecomment',
            trigger=pgtrigger.compiler.Trigger(name='delete_delete', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "reconciliation_casecommentevent" ("at", "by_id", "case_id", "id", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "tenant_id", "text") VALUES (OLD."at", OLD."by_id", OLD."case_id", OLD."id", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, NOW(), \'delete\', OLD."id", OLD."tenant_id", OLD."text"); RETURN NULL;', hash='5c4e433522ee08f9755fdea9d2ea9d8c2f7f1292', operation='DELETE', pgid='pgtrigger_delete_delete_cb159', table='reconciliation_casecomment', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='casecommentevent',
            trigger=pgtrigger.compiler.Trigger(name='append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='99164750a94a2cc8f7b63d7a6ba9de5e2b5dff43', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_815ac', table='reconciliation_casecommentevent', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='caseevent',
            trigger=pgtrigger.compiler.Trigger(name='append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='036f26c80cfe47e9469613b226aec640638d8811', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_a4ff6', table='reconciliation_caseevent', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='casefile',
            trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "reconciliation_casefileevent" ("at", "by_id", "case_id", "comment_id", "content_type", "id", "name", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "size", "tenant_id") VALUES (NEW."at", NEW."by_id", NEW."case_id", NEW."comment_id", NEW."content_type", NEW."id", NEW."name", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, NOW(), \'insert\', NEW."id", NEW."size", NEW."tenant_id"); RETURN NULL;', hash='408922cdc564021cc217b8a9ea5ebaf45868e5cc', operation='INSERT', pgid='pgtrigger_insert_insert_2a4a1', table='reconciliation_casefile', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='casefile',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."at" IS DISTINCT FROM (NEW."at") OR OLD."by_id" IS DISTINCT FROM (NEW."by_id") OR OLD."case_id" IS DISTINCT FROM (NEW."case_id") OR OLD."comment_id" IS DISTINCT FROM (NEW."comment_id") OR OLD."content_type" IS DISTINCT FROM (NEW."content_type") OR OLD."id" IS DISTINCT FROM (NEW."id") OR OLD."name" IS DISTINCT FROM (NEW."name") OR OLD."size" IS DISTINCT FROM (NEW."size") OR OLD."tenant_id" IS DISTINCT FROM (NEW."tenant_id"))', func='INSERT INTO "reconciliation_casefileevent" ("at", "by_id", "case_id", "comment_id", "content_type", "id", "name", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "size", "tenant_id") VALUES (NEW."at", NEW."by_id", NEW."case_id", NEW."comment_id", NEW."content_type", NEW."id", NEW."name", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, NOW(), \'update\', NEW."id", NEW."size", NEW."tenant_id"); RETURN NULL;', hash='2fc2189f2c712d04ddc9da1150d0a985c0ef21f6', operation='UPDATE', pgid='pgtrigger_update_update_b9deb', table='reconciliation_casefile', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='casefile',
            trigger=pgtrigger.compiler.Trigger(name='delete_delete', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "reconciliation_casefileevent" ("at", "by_id", "case_id", "comment_id", "content_type", "id", "name", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "size", "tenant_id") VALUES (OLD."at", OLD."by_id", OLD."case_id", OLD."comment_id", OLD."content_type", OLD."id", OLD."name", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, NOW(), \'delete\', OLD."id", OLD."size", OLD."tenant_id"); RETURN NULL;', hash='319f3818206a0ecea9a6b2cac0b7757dfb1934b1', operation='DELETE', pgid='pgtrigger_delete_delete_02a6a', table='reconciliation_casefile', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='casefileevent',
            trigger=pgtrigger.compiler.Trigger(name='append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='31205060990913522c098655a300b64d9c43e3f6', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_1fdbe', table='reconciliation_casefileevent', when='BEFORE')),
        ),
        migrations.AddConstraint(
            model_name='duepolicy',
            constraint=models.UniqueConstraint(fields=('tenant',), name='one_due_policy_per_tenant'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='duepolicy',
            trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "reconciliation_duepolicyevent" ("bands", "changed_at", "changed_by_id", "id", "late_days", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "tenant_id") VALUES (NEW."bands", NEW."changed_at", NEW."changed_by_id", NEW."id", NEW."late_days", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, NOW(), \'insert\', NEW."id", NEW."tenant_id"); RETURN NULL;', hash='ece7e5994fa49480470f5c45ce42044e809080a8', operation='INSERT', pgid='pgtrigger_insert_insert_46f0f', table='reconciliation_duepolicy', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='duepolicy',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD.* IS DISTINCT FROM NEW.*)', func='INSERT INTO "reconciliation_duepolicyevent" ("bands", "changed_at", "changed_by_id", "id", "late_days", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "tenant_id") VALUES (NEW."bands", NEW."changed_at", NEW."changed_by_id", NEW."id", NEW."late_days", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, NOW(), \'update\', NEW."id", NEW."tenant_id"); RETURN NULL;', hash='65ce407474af630b803eb0aa4915f58b714eb126', operation='UPDATE', pgid='pgtrigger_update_update_295da', table='reconciliation_duepolicy', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='duepolicy',
            trigger=pgtrigger.compiler.Trigger(name='delete_delete', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "reconciliation_duepolicyevent" ("bands", "changed_at", "changed_by_id", "id", "late_days", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "tenant_id") VALUES (OLD."bands", OLD."changed_at", OLD."changed_by_id", OLD."id", OLD."late_days", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, NOW(), \'delete\', OLD."id", OLD."tenant_id"); RETURN NULL;', hash='8bb5e35d1cc86f3d5f73c90778c2410022eeda3a', operation='DELETE', pgid='pgtrigger_delete_delete_4a126', table='reconciliation_duepolicy', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='duepolicyevent',
            trigger=pgtrigger.compiler.Trigger(name='append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='2d0b0032b298b91b2e6f0ad0192f011594988285', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_acc79', table='reconciliation_duepolicyevent', when='BEFORE')),
        ),
        *[RowSecurity(model) for model in FENCED],
        migrations.RunSQL(DUE_WORK, "DROP FUNCTION reconciliation_desk_due(timestamptz, integer)"),
    ]
