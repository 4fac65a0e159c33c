"""Documents that were in the ledger before: the cut-over, its links, and its turn in the sweep."""

import django.db.models.deletion
import django.utils.timezone
import pghistory.utils
import pgtrigger.compiler
import pgtrigger.migrations
import tenants.models
from importlib import import_module
from tenants.rls import RowSecurity
from django.conf import settings
from django.db import migrations, models

_BEFORE = import_module("mappings.migrations.0002_row_security").DUE_WORK.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION")
_END = "\n$$\n"
_MORE = """
  UNION ALL
  (SELECT 'cut_over', o.tenant_id, o.id FROM mappings_cutover o
    WHERE o.status IN ('queued', 'running') AND o.available_at <= at
      AND (o.lease_until IS NULL OR o.lease_until <= at) ORDER BY o.available_at LIMIT most)
"""
DUE_WORK = _BEFORE.removesuffix(_END) + _MORE.rstrip() + _END


class Migration(migrations.Migration):

    dependencies = [
        ("integrations", "0001_initial"),
        ('mappings', '0002_row_security'),
        ('tenants', '0004_audit_trail'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AlterField(
            model_name='sourcedocument',
            name='status',
            field=models.CharField(choices=[('received', 'Received'), ('waiting', 'Waiting'), ('mapped', 'Mapped'), ('refused', 'Refused'), ('matching', 'Waiting for the cut-over'), ('linked', 'Linked to the ledger'), ('left_out', 'Left out')], default='received', max_length=20),
        ),
        migrations.AlterField(
            model_name='sourcedocumentevent',
            name='status',
            field=models.CharField(choices=[('received', 'Received'), ('waiting', 'Waiting'), ('mapped', 'Mapped'), ('refused', 'Refused'), ('matching', 'Waiting for the cut-over'), ('linked', 'Linked to the ledger'), ('left_out', 'Left out')], default='received', max_length=20),
        ),
        migrations.CreateModel(
            name='CutOver',
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
                ('starts_on', models.DateField(help_text='Documents dated on or after this day are posted; earlier ones are linked.', verbose_name='first day to post')),
                ('days_apart', models.PositiveSmallIntegerField(default=3, help_text='So many days the two dates may differ and still count as the same.', verbose_name='days apart')),
                ('status', models.CharField(choices=[('idle', 'Ready'), ('queued', 'Waiting for a worker'), ('running', 'Comparing'), ('failed', 'Failed')], default='idle', max_length=20)),
                ('is_in_force', models.BooleanField(default=False)),
                ('is_dry', models.BooleanField(default=True, help_text='The run only counts and writes nothing.')),
                ('progress', models.JSONField(default=dict, help_text='{"phase", "done", "total"} of the run under way.')),
                ('counts', models.JSONField(default=dict, help_text='What the last run found.')),
                ('connection', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='cut_over', to='integrations.connection')),
                ('requested_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('tenant', models.ForeignKey(editable=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='tenants.tenant')),
            ],
        ),
        migrations.CreateModel(
            name='CutOverEvent',
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
                ('starts_on', models.DateField(help_text='Documents dated on or after this day are posted; earlier ones are linked.', verbose_name='first day to post')),
                ('days_apart', models.PositiveSmallIntegerField(default=3, help_text='So many days the two dates may differ and still count as the same.', verbose_name='days apart')),
                ('status', models.CharField(choices=[('idle', 'Ready'), ('queued', 'Waiting for a worker'), ('running', 'Comparing'), ('failed', 'Failed')], default='idle', max_length=20)),
                ('is_in_force', models.BooleanField(default=False)),
                ('is_dry', models.BooleanField(default=True, help_text='The run only counts and writes nothing.')),
                ('progress', models.JSONField(default=dict, help_text='{"phase", "done", "total"} of the run under way.')),
                ('counts', models.JSONField(default=dict, help_text='What the last run found.')),
                ('connection', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='integrations.connection')),
                ('pgh_obj', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='events', to='mappings.cutover')),
                ('requested_by', models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to=settings.AUTH_USER_MODEL)),
                ('tenant', models.ForeignKey(db_constraint=False, editable=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='tenants.tenant')),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='CutOverLink',
            fields=[
                ('id', models.UUIDField(default=tenants.models.new_id, editable=False, primary_key=True, serialize=False)),
                ('state', models.CharField(choices=[('linked', 'Linked'), ('open', 'To decide'), ('alone', 'Without partner'), ('post', 'Posted after all'), ('left_out', 'Left out')], max_length=10)),
                ('resource', models.CharField(blank=True, choices=[('company_info', 'Company'), ('accounts', 'Accounts'), ('contacts', 'Contacts'), ('items', 'Items'), ('tax_rates', 'Tax codes'), ('tracking_categories', 'Tracking categories'), ('payment_methods', 'Payment methods'), ('terms', 'Terms'), ('currencies', 'Currencies'), ('invoices', 'Invoices'), ('credit_notes', 'Credit notes'), ('payments', 'Payments'), ('bills', 'Bills'), ('vendor_credits', 'Vendor credits'), ('bill_payments', 'Bill payments'), ('purchase_orders', 'Purchase orders'), ('expenses', 'Expenses'), ('journal_entries', 'Journal entries'), ('bank_transactions', 'Bank transactions'), ('budgets', 'Budgets'), ('attachments', 'Attachments')], max_length=30)),
                ('remote_type', models.CharField(blank=True, max_length=40)),
                ('external_id', models.CharField(blank=True, help_text='Of the linked record; empty: not linked.', max_length=100)),
                ('confidence', models.PositiveSmallIntegerField(default=0, help_text='0 to 100, of the link or the proposal.')),
                ('reasons', models.JSONField(default=list, help_text='Why, in sentences.')),
                ('candidates', models.JSONField(default=list, help_text='[{record, confidence, reasons}], best first.')),
                ('is_ambiguous', models.BooleanField(default=False, help_text='Another record, or another document, fits as well.')),
                ('is_kept_open', models.BooleanField(default=False, help_text='A person undid it: no run links it by itself.')),
                ('decided_at', models.DateTimeField(null=True)),
                ('reason', models.CharField(blank=True, help_text="The person's own words.", max_length=500)),
                ('cut_over', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='links', to='mappings.cutover')),
                ('decided_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('document', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='cut_over_link', to='mappings.sourcedocument')),
                ('proposal', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='integrations.ledgerrecord')),
                ('record', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='integrations.ledgerrecord')),
                ('tenant', models.ForeignKey(editable=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='tenants.tenant')),
            ],
        ),
        migrations.CreateModel(
            name='CutOverLinkEvent',
            fields=[
                ('pgh_id', models.AutoField(primary_key=True, serialize=False)),
                ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                ('pgh_label', models.TextField(help_text='The event label.')),
                ('pgh_context', pghistory.utils.JSONField(null=True)),
                ('pgh_context_id', models.UUIDField(null=True)),
                ('id', models.UUIDField(default=tenants.models.new_id, editable=False, serialize=False)),
                ('state', models.CharField(choices=[('linked', 'Linked'), ('open', 'To decide'), ('alone', 'Without partner'), ('post', 'Posted after all'), ('left_out', 'Left out')], max_length=10)),
                ('resource', models.CharField(blank=True, choices=[('company_info', 'Company'), ('accounts', 'Accounts'), ('contacts', 'Contacts'), ('items', 'Items'), ('tax_rates', 'Tax codes'), ('tracking_categories', 'Tracking categories'), ('payment_methods', 'Payment methods'), ('terms', 'Terms'), ('currencies', 'Currencies'), ('invoices', 'Invoices'), ('credit_notes', 'Credit notes'), ('payments', 'Payments'), ('bills', 'Bills'), ('vendor_credits', 'Vendor credits'), ('bill_payments', 'Bill payments'), ('purchase_orders', 'Purchase orders'), ('expenses', 'Expenses'), ('journal_entries', 'Journal entries'), ('bank_transactions', 'Bank transactions'), ('budgets', 'Budgets'), ('attachments', 'Attachments')], max_length=30)),
                ('remote_type', models.CharField(blank=True, max_length=40)),
                ('external_id', models.CharField(blank=True, help_text='Of the linked record; empty: not linked.', max_length=100)),
                ('confidence', models.PositiveSmallIntegerField(default=0, help_text='0 to 100, of the link or the proposal.')),
                ('reasons', models.JSONField(default=list, help_text='Why, in sentences.')),
                ('is_ambiguous', models.BooleanField(default=False, help_text='Another record, or another document, fits as well.')),
                ('is_kept_open', models.BooleanField(default=False, help_text='A person undid it: no run links it by itself.')),
                ('decided_at', models.DateTimeField(null=True)),
                ('reason', models.CharField(blank=True, help_text="The person's own words.", max_length=500)),
                ('cut_over', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='mappings.cutover')),
                ('decided_by', models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to=settings.AUTH_USER_MODEL)),
                ('document', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='mappings.sourcedocument')),
                ('pgh_obj', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='events', to='mappings.cutoverlink')),
                ('proposal', models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='integrations.ledgerrecord')),
                ('record', models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='integrations.ledgerrecord')),
                ('tenant', models.ForeignKey(db_constraint=False, editable=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='tenants.tenant')),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.AddIndex(
            model_name='cutover',
            index=models.Index(condition=models.Q(('status__in', ['queued', 'running'])), fields=['available_at'], name='cut_over_due'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='cutover',
            trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "mappings_cutoverevent" ("attempts", "available_at", "connection_id", "counts", "created_at", "days_apart", "error", "error_code", "fence", "finished_at", "id", "is_dry", "is_in_force", "lease_until", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "progress", "requested_by_id", "starts_on", "status", "tenant_id") VALUES (NEW."attempts", NEW."available_at", NEW."connection_id", NEW."counts", NEW."created_at", NEW."days_apart", NEW."error", NEW."error_code", NEW."fence", NEW."finished_at", NEW."id", NEW."is_dry", NEW."is_in_force", NEW."lease_until", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, NOW(), \'insert\', NEW."id", NEW."progress", NEW."requested_by_id", NEW."starts_on", NEW."status", NEW."tenant_id"); RETURN NULL;', hash='c63cb2ffcc708ac43d6a89a229f5f04dec5e6404', operation='INSERT', pgid='pgtrigger_insert_insert_7d678', table='mappings_cutover', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='cutover',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."days_apart" IS DISTINCT FROM (NEW."days_apart") OR OLD."is_in_force" IS DISTINCT FROM (NEW."is_in_force") OR OLD."starts_on" IS DISTINCT FROM (NEW."starts_on"))', func='INSERT INTO "mappings_cutoverevent" ("attempts", "available_at", "connection_id", "counts", "created_at", "days_apart", "error", "error_code", "fence", "finished_at", "id", "is_dry", "is_in_force", "lease_until", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "progress", "requested_by_id", "starts_on", "status", "tenant_id") VALUES (NEW."attempts", NEW."available_at", NEW."connection_id", NEW."counts", NEW."created_at", NEW."days_apart", NEW."error", NEW."error_code", NEW."fence", NEW."finished_at", NEW."id", NEW."is_dry", NEW."is_in_force", NEW."lease_until", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, NOW(), \'update\', NEW."id", NEW."progress", NEW."requested_by_id", NEW."starts_on", NEW."status", NEW."tenant_id"); RETURN NULL;', hash='4de9f22ef8be384142d9e7edff3770106b8cec91', operation='UPDATE', pgid='pgtrigger_update_update_d75bf', table='mappings_cutover', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='cutover',
            trigger=pgtrigger.compiler.Trigger(name='delete_delete', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "mappings_cutoverevent" ("attempts", "available_at", "connection_id", "counts", "created_at", "days_apart", "error", "error_code", "fence", "finished_at", "id", "is_dry", "is_in_force", "lease_until", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "progress", "requested_by_id", "starts_on", "status", "tenant_id") VALUES (OLD."attempts", OLD."available_at", OLD."connection_id", OLD."counts", OLD."created_at", OLD."days_apart", OLD."error", OLD."error_code", OLD."fence", OLD."finished_at", OLD."id", OLD."is_dry", OLD."is_in_force", OLD."lease_until", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, NOW(), \'delete\', OLD."id", OLD."progress", OLD."requested_by_id", OLD."starts_on", OLD."status", OLD."tenant_id"); RETURN NULL;', hash='b614da8d507118a46138d9be11e71a68bae613a6', operation='DELETE', pgid='pgtrigger_delete_delete_a264a', table='mappings_cutover', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='cutoverevent',
            trigger=pgtrigger.compiler.Trigger(name='append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='2acc0b4310747f7d4cad6b24936542c278a6ecba', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_e28c1', table='mappings_cutoverevent', when='BEFORE')),
        ),
        migrations.AddIndex(
            model_name='cutoverlink',
            index=models.Index(fields=['cut_over', 'state', '-confidence', 'id'], name='cut_over_tabs'),
        ),
        migrations.AddConstraint(
            model_name='cutoverlink',
            constraint=models.UniqueConstraint(condition=models.Q(('state', 'linked')), fields=('cut_over', 'resource', 'remote_type', 'external_id'), name='a_ledger_record_is_linked_once', violation_error_message='Another document is linked to this record already. Undo that link first.'),
        ),
        migrations.AddConstraint(
            model_name='cutoverlink',
            constraint=models.CheckConstraint(condition=models.Q(('state', 'linked'), ('external_id', ''), _connector='XOR'), name='linked_means_a_ledger_record_is_named'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='cutoverlink',
            trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "mappings_cutoverlinkevent" ("confidence", "cut_over_id", "decided_at", "decided_by_id", "document_id", "external_id", "id", "is_ambiguous", "is_kept_open", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "proposal_id", "reason", "reasons", "record_id", "remote_type", "resource", "state", "tenant_id") VALUES (NEW."confidence", NEW."cut_over_id", NEW."decided_at", NEW."decided_by_id", NEW."document_id", NEW."external_id", NEW."id", NEW."is_ambiguous", NEW."is_kept_open", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, NOW(), \'insert\', NEW."id", NEW."proposal_id", NEW."reason", NEW."reasons", NEW."record_id", NEW."remote_type", NEW."resource", NEW."state", NEW."tenant_id"); RETURN NULL;', hash='d03fbfcdf64472383db7bdc188d6c6fcc27dc619', operation='INSERT', pgid='pgtrigger_insert_insert_67cb3', table='mappings_cutoverlink', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='cutoverlink',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."external_id" IS DISTINCT FROM (NEW."external_id") OR OLD."state" IS DISTINCT FROM (NEW."state"))', func='INSERT INTO "mappings_cutoverlinkevent" ("confidence", "cut_over_id", "decided_at", "decided_by_id", "document_id", "external_id", "id", "is_ambiguous", "is_kept_open", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "proposal_id", "reason", "reasons", "record_id", "remote_type", "resource", "state", "tenant_id") VALUES (NEW."confidence", NEW."cut_over_id", NEW."decided_at", NEW."decided_by_id", NEW."document_id", NEW."external_id", NEW."id", NEW."is_ambiguous", NEW."is_kept_open", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, NOW(), \'update\', NEW."id", NEW."proposal_id", NEW."reason", NEW."reasons", NEW."record_id", NEW."remote_type", NEW."resource", NEW."state", NEW."tenant_id"); RETURN NULL;', hash='26b74d9b0832b7f7e903c640529d73c6248550f7', operation='UPDATE', pgid='pgtrigger_update_update_57b5b', table='mappings_cutoverlink', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='cutoverlink',
            trigger=pgtrigger.compiler.Trigger(name='delete_delete', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "mappings_cutoverlinkevent" ("confidence", "cut_over_id", "decided_at", "decided_by_id", "document_id", "external_id", "id", "is_ambiguous", "is_kept_open", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "proposal_id", "reason", "reasons", "record_id", "remote_type", "resource", "state", "tenant_id") VALUES (OLD."confidence", OLD."cut_over_id", OLD."decided_at", OLD."decided_by_id", OLD."document_id", OLD."external_id", OLD."id", OLD."is_ambiguous", OLD."is_kept_open", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, NOW(), \'delete\', OLD."id", OLD."proposal_id", OLD."reason", OLD."reasons", OLD."record_id", OLD."remote_type", OLD."resource", OLD."state", OLD."tenant_id"); RETURN NULL;', hash='19b7013162520c18255ffbd85cb6a6b77879ba3d', operation='DELETE', pgid='pgtrigger_delete_delete_9a3d9', table='mappings_cutoverlink', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='cutoverlinkevent',
            trigger=pgtrigger.compiler.Trigger(name='append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='5152ce4816a43bef98c7f999443770e9b7946a26', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_905e2', table='mappings_cutoverlinkevent', when='BEFORE')),
        ),
        *[RowSecurity(model) for model in ("cutover", "cutoverevent", "cutoverlink", "cutoverlinkevent")],
        migrations.RunSQL(DUE_WORK, _BEFORE),
    ]
