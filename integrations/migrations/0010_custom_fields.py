"""User-defined fields of ledgers."""

import django.core.validators
import django.db.models.deletion
import django.utils.timezone
import pghistory.utils
import pgtrigger.compiler
import pgtrigger.migrations
import tenants.models
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('integrations', '0009_granted'),
        ('tenants', '0004_audit_trail'),
    ]

    operations = [
        migrations.CreateModel(
            name='CustomField',
            fields=[
                ('id', models.UUIDField(default=tenants.models.new_id, editable=False, primary_key=True, serialize=False)),
                ('resource', models.CharField(choices=[('company_info', 'Company'), ('accounts', 'Accounts'), ('contacts', 'Contacts'), ('items', 'Items'), ('tax_rates', 'Tax codes'), ('tracking_categories', 'Tracking categories'), ('payment_methods', 'Payment methods'), ('terms', 'Terms'), ('currencies', 'Currencies'), ('invoices', 'Invoices'), ('credit_notes', 'Credit notes'), ('payments', 'Payments'), ('bills', 'Bills'), ('vendor_credits', 'Vendor credits'), ('bill_payments', 'Bill payments'), ('purchase_orders', 'Purchase orders'), ('expenses', 'Expenses'), ('journal_entries', 'Journal entries'), ('bank_transactions', 'Bank transactions'), ('budgets', 'Budgets'), ('attachments', 'Attachments')], max_length=30)),
                ('external_id', models.CharField(help_text="The ledger's own id or script name of the field.", max_length=100)),
                ('name', models.CharField(blank=True, max_length=200)),
                ('type', models.CharField(choices=[('text', 'Text'), ('number', 'Number'), ('date', 'Date'), ('bool', 'Yes or no'), ('choice', 'Choice'), ('list', 'Several choices')], default='text', max_length=10)),
                ('choices', models.JSONField(blank=True, default=list, help_text='[{id, name}] of a choice.')),
                ('is_writable', models.BooleanField(default=True)),
                ('key', models.CharField(blank=True, help_text='Filled from this attribute.', max_length=60, validators=[django.core.validators.RegexValidator('^[a-z][a-z0-9_]{0,59}$', 'Use small letters, digits and underscores, such as po_number.')])),
                ('seen_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('connection', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='custom_fields', to='integrations.connection')),
                ('tenant', models.ForeignKey(editable=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='tenants.tenant')),
            ],
        ),
        migrations.CreateModel(
            name='CustomFieldEvent',
            fields=[
                ('pgh_id', models.AutoField(primary_key=True, serialize=False)),
                ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                ('pgh_label', models.TextField(help_text='The event label.')),
                ('pgh_context', pghistory.utils.JSONField(null=True)),
                ('pgh_context_id', models.UUIDField(null=True)),
                ('id', models.UUIDField(default=tenants.models.new_id, editable=False, serialize=False)),
                ('resource', models.CharField(choices=[('company_info', 'Company'), ('accounts', 'Accounts'), ('contacts', 'Contacts'), ('items', 'Items'), ('tax_rates', 'Tax codes'), ('tracking_categories', 'Tracking categories'), ('payment_methods', 'Payment methods'), ('terms', 'Terms'), ('currencies', 'Currencies'), ('invoices', 'Invoices'), ('credit_notes', 'Credit notes'), ('payments', 'Payments'), ('bills', 'Bills'), ('vendor_credits', 'Vendor credits'), ('bill_payments', 'Bill payments'), ('purchase_orders', 'Purchase orders'), ('expenses', 'Expenses'), ('journal_entries', 'Journal entries'), ('bank_transactions', 'Bank transactions'), ('budgets', 'Budgets'), ('attachments', 'Attachments')], max_length=30)),
                ('external_id', models.CharField(help_text="The ledger's own id or script name of the field.", max_length=100)),
                ('name', models.CharField(blank=True, max_length=200)),
                ('type', models.CharField(choices=[('text', 'Text'), ('number', 'Number'), ('date', 'Date'), ('bool', 'Yes or no'), ('choice', 'Choice'), ('list', 'Several choices')], default='text', max_length=10)),
                ('choices', models.JSONField(blank=True, default=list, help_text='[{id, name}] of a choice.')),
                ('is_writable', models.BooleanField(default=True)),
                ('key', models.CharField(blank=True, help_text='Filled from this attribute.', max_length=60, validators=[django.core.validators.RegexValidator('^[a-z][a-z0-9_]{0,59}$', 'Use small letters, digits and underscores, such as po_number.')])),
                ('seen_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('connection', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='integrations.connection')),
                ('pgh_obj', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='events', to='integrations.customfield')),
                ('tenant', models.ForeignKey(db_constraint=False, editable=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='tenants.tenant')),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.AddConstraint(
            model_name='customfield',
            constraint=models.UniqueConstraint(fields=('connection', 'resource', 'external_id'), name='one_row_per_custom_field'),
        ),
        migrations.AddConstraint(
            model_name='customfield',
            constraint=models.UniqueConstraint(condition=models.Q(('key', ''), _negated=True), fields=('connection', 'resource', 'key'), name='one_custom_field_per_key', violation_error_message='Another field of these records is already filled from this attribute.'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='customfield',
            trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "integrations_customfieldevent" ("choices", "connection_id", "external_id", "id", "is_writable", "key", "name", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "resource", "seen_at", "tenant_id", "type") VALUES (NEW."choices", NEW."connection_id", NEW."external_id", NEW."id", NEW."is_writable", NEW."key", NEW."name", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, NOW(), \'insert\', NEW."id", NEW."resource", NEW."seen_at", NEW."tenant_id", NEW."type"); RETURN NULL;', hash='0f4f1bd6cee2a1cc59343d03f24b768a2c4b78e1', operation='INSERT', pgid='pgtrigger_insert_insert_908b3', table='integrations_customfield', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='customfield',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."key" IS DISTINCT FROM (NEW."key") OR OLD."name" IS DISTINCT FROM (NEW."name") OR OLD."type" IS DISTINCT FROM (NEW."type"))', func='INSERT INTO "integrations_customfieldevent" ("choices", "connection_id", "external_id", "id", "is_writable", "key", "name", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "resource", "seen_at", "tenant_id", "type") VALUES (NEW."choices", NEW."connection_id", NEW."external_id", NEW."id", NEW."is_writable", NEW."key", NEW."name", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, NOW(), \'update\', NEW."id", NEW."resource", NEW."seen_at", NEW."tenant_id", NEW."type"); RETURN NULL;', hash='18da5d39a40f8541a3f385ce974ab95a8258e7f3', operation='UPDATE', pgid='pgtrigger_update_update_f3f13', table='integrations_customfield', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='customfield',
            trigger=pgtrigger.compiler.Trigger(name='delete_delete', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "integrations_customfieldevent" ("choices", "connection_id", "external_id", "id", "is_writable", "key", "name", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "resource", "seen_at", "tenant_id", "type") VALUES (OLD."choices", OLD."connection_id", OLD."external_id", OLD."id", OLD."is_writable", OLD."key", OLD."name", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, NOW(), \'delete\', OLD."id", OLD."resource", OLD."seen_at", OLD."tenant_id", OLD."type"); RETURN NULL;', hash='4666d0238bcc5ba190493a3590f4e37d55b7bfe4', operation='DELETE', pgid='pgtrigger_delete_delete_a1fdf', table='integrations_customfield', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='customfieldevent',
            trigger=pgtrigger.compiler.Trigger(name='append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='7b63cd2af8a9fa8f3de55d3c4cd80db9ccf688f2', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_26f59', table='integrations_customfieldevent', when='BEFORE')),
        ),
    ]
