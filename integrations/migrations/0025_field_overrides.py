"""Tenants' own expressions for fields, what they made of a write, and the re-reading that they ask for."""

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

_fair = import_module("integrations.migrations.0024_fair_postings")
_BEFORE = _fair._before.replace(_fair._OLDEST, _fair._OF_EACH)
_END = "\n$$\n"
_MORE = """
  UNION ALL
  (SELECT 'rereading', r.tenant_id, r.id FROM integrations_rereading r
    WHERE r.status IN ('queued', 'running') AND r.available_at <= at
      AND (r.lease_until IS NULL OR r.lease_until <= at) ORDER BY r.available_at LIMIT most)"""
DUE_WORK = _BEFORE.removesuffix(_END) + _MORE + _END


class Migration(migrations.Migration):

    dependencies = [
        ('integrations', '0024_fair_postings'),
        ('tenants', '0004_audit_trail'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name='ledgerrecord',
            name='overlay',
            field=models.CharField(blank=True, db_default='', help_text='Which overrides this row was read with: their print; empty: none.', max_length=32),
        ),
        migrations.CreateModel(
            name='FieldOverride',
            fields=[
                ('id', models.UUIDField(default=tenants.models.new_id, editable=False, primary_key=True, serialize=False)),
                ('resource', models.CharField(choices=[('company_info', 'Company'), ('accounts', 'Accounts'), ('contacts', 'Contacts'), ('items', 'Items'), ('tax_rates', 'Tax codes'), ('tracking_categories', 'Tracking categories'), ('payment_methods', 'Payment methods'), ('terms', 'Terms'), ('currencies', 'Currencies'), ('invoices', 'Invoices'), ('credit_notes', 'Credit notes'), ('payments', 'Payments'), ('bills', 'Bills'), ('vendor_credits', 'Vendor credits'), ('bill_payments', 'Bill payments'), ('purchase_orders', 'Purchase orders'), ('expenses', 'Expenses'), ('journal_entries', 'Journal entries'), ('bank_transactions', 'Bank transactions'), ('budgets', 'Budgets'), ('attachments', 'Attachments')], max_length=30)),
                ('direction', models.CharField(choices=[('read', 'On reading'), ('write', 'On writing')], max_length=10)),
                ('target', models.CharField(help_text='A unified field or custom_fields.name; on writing a path such as PrivateNote.', max_length=120, verbose_name='field')),
                ('version', models.PositiveIntegerField()),
                ('expression', models.TextField(help_text="JSONata over the ledger's record; on writing over the unified record.")),
                ('status', models.CharField(choices=[('draft', 'Draft'), ('submitted', 'Waiting for approval'), ('active', 'In force'), ('superseded', 'Was in force'), ('rejected', 'Sent back')], default='draft', max_length=20)),
                ('editors', models.JSONField(default=list, help_text='Ids of everybody who worked on it; none of them may approve it.')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('submitted_at', models.DateTimeField(blank=True, null=True)),
                ('reason', models.TextField(blank=True, help_text='Why it is wanted, by who submitted it.')),
                ('decided_at', models.DateTimeField(blank=True, null=True)),
                ('decision', models.TextField(blank=True, help_text='Why it was approved, sent back or taken out of force.')),
                ('ended_at', models.DateTimeField(blank=True, help_text='When it stopped being in force.', null=True)),
                ('connection', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='overrides', to='integrations.connection')),
                ('created_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('decided_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('submitted_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('tenant', models.ForeignKey(editable=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='tenants.tenant')),
            ],
            options={
                'verbose_name': 'field override',
            },
        ),
        migrations.CreateModel(
            name='FieldOverrideEvent',
            fields=[
                ('pgh_id', models.AutoField(primary_key=True, serialize=False)),
                ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                ('pgh_label', models.TextField(help_text='The event label.')),
                ('pgh_context', pghistory.utils.JSONField(null=True)),
                ('pgh_context_id', models.UUIDField(null=True)),
                ('id', models.UUIDField(default=tenants.models.new_id, editable=False, serialize=False)),
                ('resource', models.CharField(choices=[('company_info', 'Company'), ('accounts', 'Accounts'), ('contacts', 'Contacts'), ('items', 'Items'), ('tax_rates', 'Tax codes'), ('tracking_categories', 'Tracking categories'), ('payment_methods', 'Payment methods'), ('terms', 'Terms'), ('currencies', 'Currencies'), ('invoices', 'Invoices'), ('credit_notes', 'Credit notes'), ('payments', 'Payments'), ('bills', 'Bills'), ('vendor_credits', 'Vendor credits'), ('bill_payments', 'Bill payments'), ('purchase_orders', 'Purchase orders'), ('expenses', 'Expenses'), ('journal_entries', 'Journal entries'), ('bank_transactions', 'Bank transactions'), ('budgets', 'Budgets'), ('attachments', 'Attachments')], max_length=30)),
                ('direction', models.CharField(choices=[('read', 'On reading'), ('write', 'On writing')], max_length=10)),
                ('target', models.CharField(help_text='A unified field or custom_fields.name; on writing a path such as PrivateNote.', max_length=120, verbose_name='field')),
                ('version', models.PositiveIntegerField()),
                ('expression', models.TextField(help_text="JSONata over the ledger's record; on writing over the unified record.")),
                ('status', models.CharField(choices=[('draft', 'Draft'), ('submitted', 'Waiting for approval'), ('active', 'In force'), ('superseded', 'Was in force'), ('rejected', 'Sent back')], default='draft', max_length=20)),
                ('editors', models.JSONField(default=list, help_text='Ids of everybody who worked on it; none of them may approve it.')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('submitted_at', models.DateTimeField(blank=True, null=True)),
                ('reason', models.TextField(blank=True, help_text='Why it is wanted, by who submitted it.')),
                ('decided_at', models.DateTimeField(blank=True, null=True)),
                ('decision', models.TextField(blank=True, help_text='Why it was approved, sent back or taken out of force.')),
                ('ended_at', models.DateTimeField(blank=True, help_text='When it stopped being in force.', null=True)),
                ('connection', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='integrations.connection')),
                ('created_by', models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to=settings.AUTH_USER_MODEL)),
                ('decided_by', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to=settings.AUTH_USER_MODEL)),
                ('pgh_obj', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='events', to='integrations.fieldoverride')),
                ('submitted_by', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to=settings.AUTH_USER_MODEL)),
                ('tenant', models.ForeignKey(db_constraint=False, editable=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='tenants.tenant')),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='OverriddenWrite',
            fields=[
                ('id', models.UUIDField(default=tenants.models.new_id, editable=False, primary_key=True, serialize=False)),
                ('edition', models.PositiveIntegerField(help_text='Of the posting; another edition is made anew.')),
                ('remote_fields', models.JSONField(help_text="Properties in the ledger's words, laid over what the declaration says.")),
                ('altered', models.JSONField(default=list, help_text='Paths of the unified record that therefore read otherwise.')),
                ('applied', models.JSONField(default=list, help_text='[{"field", "version"}]')),
                ('made_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('posting', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='overridden', to='integrations.posting')),
                ('tenant', models.ForeignKey(editable=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='tenants.tenant')),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='Rereading',
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
                ('resource', models.CharField(choices=[('company_info', 'Company'), ('accounts', 'Accounts'), ('contacts', 'Contacts'), ('items', 'Items'), ('tax_rates', 'Tax codes'), ('tracking_categories', 'Tracking categories'), ('payment_methods', 'Payment methods'), ('terms', 'Terms'), ('currencies', 'Currencies'), ('invoices', 'Invoices'), ('credit_notes', 'Credit notes'), ('payments', 'Payments'), ('bills', 'Bills'), ('vendor_credits', 'Vendor credits'), ('bill_payments', 'Bill payments'), ('purchase_orders', 'Purchase orders'), ('expenses', 'Expenses'), ('journal_entries', 'Journal entries'), ('bank_transactions', 'Bank transactions'), ('budgets', 'Budgets'), ('attachments', 'Attachments')], max_length=30)),
                ('status', models.CharField(choices=[('queued', 'Waiting for a worker'), ('running', 'Re-reading'), ('done', 'Done'), ('failed', 'Failed')], default='queued', max_length=20)),
                ('done', models.PositiveIntegerField(default=0)),
                ('total', models.PositiveIntegerField(default=0)),
                ('changed', models.PositiveIntegerField(default=0)),
                ('failed', models.PositiveIntegerField(default=0, help_text='Records on which an expression failed.')),
                ('is_last_look', models.BooleanField(default=False, help_text='It only looks for what was stored in between.')),
                ('connection', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='rereadings', to='integrations.connection')),
                ('requested_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('tenant', models.ForeignKey(editable=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='tenants.tenant')),
            ],
        ),
        migrations.AddIndex(
            model_name='fieldoverride',
            index=models.Index(fields=['tenant', '-id'], name='override_list'),
        ),
        migrations.AddConstraint(
            model_name='fieldoverride',
            constraint=models.UniqueConstraint(fields=('connection', 'resource', 'direction', 'target', 'version'), name='one_override_per_version', violation_error_message='This version exists already; reload the page.'),
        ),
        migrations.AddConstraint(
            model_name='fieldoverride',
            constraint=models.UniqueConstraint(condition=models.Q(('status', 'active')), fields=('connection', 'resource', 'direction', 'target'), name='one_active_override_per_field', violation_error_message='Another version for this field is in force; it must be replaced first.'),
        ),
        migrations.AddConstraint(
            model_name='fieldoverride',
            constraint=models.UniqueConstraint(condition=models.Q(('status__in', ['draft', 'submitted'])), fields=('connection', 'resource', 'direction', 'target'), name='one_open_override_per_field', violation_error_message='There is a draft for this field already: open that one.'),
        ),
        migrations.AddConstraint(
            model_name='fieldoverride',
            constraint=models.CheckConstraint(condition=models.Q(('decided_by', None), models.Q(('decided_by', models.F('submitted_by')), _negated=True), _connector='OR'), name='nobody_decides_on_their_own_override', violation_error_message='Another person must decide about what you submitted.'),
        ),
        migrations.AddConstraint(
            model_name='fieldoverride',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('status__in', ['active', 'superseded']), _negated=True), ('decided_by__isnull', False), _connector='OR'), name='active_override_was_approved', violation_error_message="An override comes into force only by somebody's approval."),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='fieldoverride',
            trigger=pgtrigger.compiler.Trigger(name='only_a_draft_changes', sql=pgtrigger.compiler.UpsertTriggerSql(condition="WHEN (OLD.status <> 'draft' AND (OLD.expression, OLD.target, OLD.resource, OLD.direction, OLD.version) IS DISTINCT FROM (NEW.expression, NEW.target, NEW.resource, NEW.direction, NEW.version))", func="\n    RAISE EXCEPTION 'Only a draft can be changed; a submitted or approved expression stays as it was decided on.'\n        USING ERRCODE = 'check_violation';\n", hash='5864f16c0eec5b0fdc5c12fde0805a202917e6c3', operation='UPDATE', pgid='pgtrigger_only_a_draft_changes_81b3c', table='integrations_fieldoverride', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='fieldoverride',
            trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "integrations_fieldoverrideevent" ("connection_id", "created_at", "created_by_id", "decided_at", "decided_by_id", "decision", "direction", "editors", "ended_at", "expression", "id", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "reason", "resource", "status", "submitted_at", "submitted_by_id", "target", "tenant_id", "version") VALUES (NEW."connection_id", NEW."created_at", NEW."created_by_id", NEW."decided_at", NEW."decided_by_id", NEW."decision", NEW."direction", NEW."editors", NEW."ended_at", NEW."expression", NEW."id", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, NOW(), \'insert\', NEW."id", NEW."reason", NEW."resource", NEW."status", NEW."submitted_at", NEW."submitted_by_id", NEW."target", NEW."tenant_id", NEW."version"); RETURN NULL;', hash='8e57489c26fea4e5cd9c88da0031eeb15d4aad24', operation='INSERT', pgid='pgtrigger_insert_insert_d6c6d', table='integrations_fieldoverride', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='fieldoverride',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD.* IS DISTINCT FROM NEW.*)', func='INSERT INTO "integrations_fieldoverrideevent" ("connection_id", "created_at", "created_by_id", "decided_at", "decided_by_id", "decision", "direction", "editors", "ended_at", "expression", "id", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "reason", "resource", "status", "submitted_at", "submitted_by_id", "target", "tenant_id", "version") VALUES (NEW."connection_id", NEW."created_at", NEW."created_by_id", NEW."decided_at", NEW."decided_by_id", NEW."decision", NEW."direction", NEW."editors", NEW."ended_at", NEW."expression", NEW."id", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, NOW(), \'update\', NEW."id", NEW."reason", NEW."resource", NEW."status", NEW."submitted_at", NEW."submitted_by_id", NEW."target", NEW."tenant_id", NEW."version"); RETURN NULL;', hash='706de64f6354ee956d94bb8c59a5d46420d10fd0', operation='UPDATE', pgid='pgtrigger_update_update_fcfff', table='integrations_fieldoverride', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='fieldoverride',
            trigger=pgtrigger.compiler.Trigger(name='delete_delete', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "integrations_fieldoverrideevent" ("connection_id", "created_at", "created_by_id", "decided_at", "decided_by_id", "decision", "direction", "editors", "ended_at", "expression", "id", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "reason", "resource", "status", "submitted_at", "submitted_by_id", "target", "tenant_id", "version") VALUES (OLD."connection_id", OLD."created_at", OLD."created_by_id", OLD."decided_at", OLD."decided_by_id", OLD."decision", OLD."direction", OLD."editors", OLD."ended_at", OLD."expression", OLD."id", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, NOW(), \'delete\', OLD."id", OLD."reason", OLD."resource", OLD."status", OLD."submitted_at", OLD."submitted_by_id", OLD."target", OLD."tenant_id", OLD."version"); RETURN NULL;', hash='f870f8b850576a36052df013c58517dcf5438cfd', operation='DELETE', pgid='pgtrigger_delete_delete_e26b1', table='integrations_fieldoverride', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='fieldoverrideevent',
            trigger=pgtrigger.compiler.Trigger(name='append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='5742fa42f86508dbd63df79aa6fbf30d7468fc8d', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_1e669', table='integrations_fieldoverrideevent', when='BEFORE')),
        ),
        migrations.AddIndex(
            model_name='rereading',
            index=models.Index(condition=models.Q(('status__in', ['queued', 'running'])), fields=['available_at'], name='rereading_due'),
        ),
        migrations.AddConstraint(
            model_name='rereading',
            constraint=models.UniqueConstraint(fields=('connection', 'resource'), name='one_rereading_per_resource'),
        ),
        *[RowSecurity(name) for name in ("fieldoverride", "fieldoverrideevent", "overriddenwrite", "rereading")],
        migrations.RunSQL(DUE_WORK, _BEFORE),
    ]
