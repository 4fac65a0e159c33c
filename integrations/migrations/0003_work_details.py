"""Editions of a posting, the lease of a consent, what a full re-read has seen; secrets stay out of the audit rows."""

import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
import tenants.models
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('integrations', '0002_row_security'),
        ('tenants', '0004_audit_trail'),
    ]

    operations = [
        migrations.CreateModel(
            name='SeenRecord',
            fields=[
                ('id', models.UUIDField(default=tenants.models.new_id, editable=False, primary_key=True, serialize=False)),
                ('resource', models.CharField(choices=[('company_info', 'Company'), ('accounts', 'Accounts'), ('contacts', 'Contacts'), ('items', 'Items'), ('tax_rates', 'Tax codes'), ('tracking_categories', 'Tracking categories'), ('payment_methods', 'Payment methods'), ('terms', 'Terms'), ('currencies', 'Currencies'), ('invoices', 'Invoices'), ('credit_notes', 'Credit notes'), ('payments', 'Payments'), ('bills', 'Bills'), ('vendor_credits', 'Vendor credits'), ('bill_payments', 'Bill payments'), ('purchase_orders', 'Purchase orders'), ('expenses', 'Expenses'), ('journal_entries', 'Journal entries'), ('bank_transactions', 'Bank transactions'), ('budgets', 'Budgets'), ('attachments', 'Attachments')], max_length=30)),
                ('remote_type', models.CharField(max_length=40)),
                ('external_id', models.CharField(max_length=100)),
            ],
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name='authorisation',
            name='insert_insert',
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name='authorisation',
            name='update_update',
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name='authorisation',
            name='delete_delete',
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name='credential',
            name='insert_insert',
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name='credential',
            name='update_update',
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name='credential',
            name='delete_delete',
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name='posting',
            name='insert_insert',
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name='posting',
            name='update_update',
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name='posting',
            name='delete_delete',
        ),
        migrations.RemoveField(
            model_name='authorisationevent',
            name='state',
        ),
        migrations.RemoveField(
            model_name='credentialevent',
            name='lease_until',
        ),
        migrations.AddField(
            model_name='authorisation',
            name='lease_until',
            field=models.DateTimeField(blank=True, help_text='One worker is exchanging the code until then.', null=True),
        ),
        migrations.AddField(
            model_name='posting',
            name='edition',
            field=models.PositiveIntegerField(default=0, help_text='How often it was refused and sent anew; each edition has its own request id in the ledger.'),
        ),
        migrations.AddField(
            model_name='postingevent',
            name='edition',
            field=models.PositiveIntegerField(default=0, help_text='How often it was refused and sent anew; each edition has its own request id in the ledger.'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='authorisation',
            trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "integrations_authorisationevent" ("connection_id", "connector", "created_at", "error", "expires_at", "id", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "redirect_uri", "requested_by_id", "status", "tenant_id") VALUES (NEW."connection_id", NEW."connector", NEW."created_at", NEW."error", NEW."expires_at", NEW."id", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, NOW(), \'insert\', NEW."id", NEW."redirect_uri", NEW."requested_by_id", NEW."status", NEW."tenant_id"); RETURN NULL;', hash='03719d26c98f3c1da4d0c79191a37677351ef15d', operation='INSERT', pgid='pgtrigger_insert_insert_92957', table='integrations_authorisation', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='authorisation',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."connection_id" IS DISTINCT FROM (NEW."connection_id") OR OLD."error" IS DISTINCT FROM (NEW."error") OR OLD."status" IS DISTINCT FROM (NEW."status"))', func='INSERT INTO "integrations_authorisationevent" ("connection_id", "connector", "created_at", "error", "expires_at", "id", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "redirect_uri", "requested_by_id", "status", "tenant_id") VALUES (NEW."connection_id", NEW."connector", NEW."created_at", NEW."error", NEW."expires_at", NEW."id", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, NOW(), \'update\', NEW."id", NEW."redirect_uri", NEW."requested_by_id", NEW."status", NEW."tenant_id"); RETURN NULL;', hash='d283dab720644a0a1fdb5e47cb7046c2f9b630ec', operation='UPDATE', pgid='pgtrigger_update_update_c16eb', table='integrations_authorisation', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='authorisation',
            trigger=pgtrigger.compiler.Trigger(name='delete_delete', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "integrations_authorisationevent" ("connection_id", "connector", "created_at", "error", "expires_at", "id", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "redirect_uri", "requested_by_id", "status", "tenant_id") VALUES (OLD."connection_id", OLD."connector", OLD."created_at", OLD."error", OLD."expires_at", OLD."id", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, NOW(), \'delete\', OLD."id", OLD."redirect_uri", OLD."requested_by_id", OLD."status", OLD."tenant_id"); RETURN NULL;', hash='5f2a32960c3285d206aa0f4c9a3738d8907d5408', operation='DELETE', pgid='pgtrigger_delete_delete_28ca5', table='integrations_authorisation', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='credential',
            trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "integrations_credentialevent" ("connection_id", "expires_at", "hard_expires_at", "id", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "refresh_expires_at", "refreshed_at", "scope", "tenant_id", "token_type", "version") VALUES (NEW."connection_id", NEW."expires_at", NEW."hard_expires_at", NEW."id", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, NOW(), \'insert\', NEW."id", NEW."refresh_expires_at", NEW."refreshed_at", NEW."scope", NEW."tenant_id", NEW."token_type", NEW."version"); RETURN NULL;', hash='10eeadfd355d68eb15ec4a350c1dc4c5aa0855b4', operation='INSERT', pgid='pgtrigger_insert_insert_df376', table='integrations_credential', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='credential',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."expires_at" IS DISTINCT FROM (NEW."expires_at") OR OLD."hard_expires_at" IS DISTINCT FROM (NEW."hard_expires_at") OR OLD."scope" IS DISTINCT FROM (NEW."scope") OR OLD."version" IS DISTINCT FROM (NEW."version"))', func='INSERT INTO "integrations_credentialevent" ("connection_id", "expires_at", "hard_expires_at", "id", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "refresh_expires_at", "refreshed_at", "scope", "tenant_id", "token_type", "version") VALUES (NEW."connection_id", NEW."expires_at", NEW."hard_expires_at", NEW."id", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, NOW(), \'update\', NEW."id", NEW."refresh_expires_at", NEW."refreshed_at", NEW."scope", NEW."tenant_id", NEW."token_type", NEW."version"); RETURN NULL;', hash='7c9054b8a52a5388fa7b40537e48a468f3c97e07', operation='UPDATE', pgid='pgtrigger_update_update_5a4fc', table='integrations_credential', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='credential',
            trigger=pgtrigger.compiler.Trigger(name='delete_delete', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "integrations_credentialevent" ("connection_id", "expires_at", "hard_expires_at", "id", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "refresh_expires_at", "refreshed_at", "scope", "tenant_id", "token_type", "version") VALUES (OLD."connection_id", OLD."expires_at", OLD."hard_expires_at", OLD."id", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, NOW(), \'delete\', OLD."id", OLD."refresh_expires_at", OLD."refreshed_at", OLD."scope", OLD."tenant_id", OLD."token_type", OLD."version"); RETURN NULL;', hash='530930126b132c8f683fb77ceaaee30476c715cd', operation='DELETE', pgid='pgtrigger_delete_delete_34c8f', table='integrations_credential', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='posting',
            trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "integrations_postingevent" ("attempts", "available_at", "body", "body_hash", "connection_id", "correlation_id", "created_at", "depends_on_id", "edition", "error", "error_code", "external_id", "fence", "finished_at", "id", "idempotency_key", "lease_until", "operation", "origin_id", "origin_kind", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "record_id", "remote_type", "requested_by_id", "resource", "reverses_id", "sent_at", "status", "tenant_id") VALUES (NEW."attempts", NEW."available_at", NEW."body", NEW."body_hash", NEW."connection_id", NEW."correlation_id", NEW."created_at", NEW."depends_on_id", NEW."edition", NEW."error", NEW."error_code", NEW."external_id", NEW."fence", NEW."finished_at", NEW."id", NEW."idempotency_key", NEW."lease_until", NEW."operation", NEW."origin_id", NEW."origin_kind", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, NOW(), \'insert\', NEW."id", NEW."record_id", NEW."remote_type", NEW."requested_by_id", NEW."resource", NEW."reverses_id", NEW."sent_at", NEW."status", NEW."tenant_id"); RETURN NULL;', hash='c5c8aec3effaa208c5aa4aa7875b50514cbccec4', operation='INSERT', pgid='pgtrigger_insert_insert_ca20c', table='integrations_posting', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='posting',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."error_code" IS DISTINCT FROM (NEW."error_code") OR OLD."external_id" IS DISTINCT FROM (NEW."external_id") OR OLD."status" IS DISTINCT FROM (NEW."status"))', func='INSERT INTO "integrations_postingevent" ("attempts", "available_at", "body", "body_hash", "connection_id", "correlation_id", "created_at", "depends_on_id", "edition", "error", "error_code", "external_id", "fence", "finished_at", "id", "idempotency_key", "lease_until", "operation", "origin_id", "origin_kind", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "record_id", "remote_type", "requested_by_id", "resource", "reverses_id", "sent_at", "status", "tenant_id") VALUES (NEW."attempts", NEW."available_at", NEW."body", NEW."body_hash", NEW."connection_id", NEW."correlation_id", NEW."created_at", NEW."depends_on_id", NEW."edition", NEW."error", NEW."error_code", NEW."external_id", NEW."fence", NEW."finished_at", NEW."id", NEW."idempotency_key", NEW."lease_until", NEW."operation", NEW."origin_id", NEW."origin_kind", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, NOW(), \'update\', NEW."id", NEW."record_id", NEW."remote_type", NEW."requested_by_id", NEW."resource", NEW."reverses_id", NEW."sent_at", NEW."status", NEW."tenant_id"); RETURN NULL;', hash='2174a4b45b63a3f5b6e6a9cb15e788e0c513b2f1', operation='UPDATE', pgid='pgtrigger_update_update_07c59', table='integrations_posting', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='posting',
            trigger=pgtrigger.compiler.Trigger(name='delete_delete', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "integrations_postingevent" ("attempts", "available_at", "body", "body_hash", "connection_id", "correlation_id", "created_at", "depends_on_id", "edition", "error", "error_code", "external_id", "fence", "finished_at", "id", "idempotency_key", "lease_until", "operation", "origin_id", "origin_kind", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "record_id", "remote_type", "requested_by_id", "resource", "reverses_id", "sent_at", "status", "tenant_id") VALUES (OLD."attempts", OLD."available_at", OLD."body", OLD."body_hash", OLD."connection_id", OLD."correlation_id", OLD."created_at", OLD."depends_on_id", OLD."edition", OLD."error", OLD."error_code", OLD."external_id", OLD."fence", OLD."finished_at", OLD."id", OLD."idempotency_key", OLD."lease_until", OLD."operation", OLD."origin_id", OLD."origin_kind", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, NOW(), \'delete\', OLD."id", OLD."record_id", OLD."remote_type", OLD."requested_by_id", OLD."resource", OLD."reverses_id", OLD."sent_at", OLD."status", OLD."tenant_id"); RETURN NULL;', hash='71d962ce265d25afb46968898efddf0a32efc85e', operation='DELETE', pgid='pgtrigger_delete_delete_537f5', table='integrations_posting', when='AFTER')),
        ),
        migrations.AddField(
            model_name='seenrecord',
            name='sync_run',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='seen', to='integrations.syncrun'),
        ),
        migrations.AddField(
            model_name='seenrecord',
            name='tenant',
            field=models.ForeignKey(editable=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='tenants.tenant'),
        ),
        migrations.AddConstraint(
            model_name='seenrecord',
            constraint=models.UniqueConstraint(fields=('sync_run', 'resource', 'remote_type', 'external_id'), name='a_record_is_seen_once_per_run'),
        ),
    ]
