"""Automatic approval and what came of it, fenced; who has to be told, and what may be approved without a person."""

import django.core.validators
import django.db.models.deletion
import django.utils.timezone
import pghistory.utils
import pgtrigger.compiler
import pgtrigger.migrations
import tenants.models
from django.conf import settings
from django.db import migrations, models

from tenants.rls import RowSecurity

BEFORE = """
  (SELECT DISTINCT ON (c.tenant_id, c.assignee_id) 'case', c.tenant_id, c.id FROM reconciliation_case c
    WHERE c.told_at IS NULL AND c.assignee_id IS NOT NULL AND c.assigned_at <= at - interval '20 seconds'
    ORDER BY c.tenant_id, c.assignee_id LIMIT most)
"""
# 'automatic': connections with a run that no setting has gone through yet, unless a worker is at it. The settings have
# a column of the same name as the second argument, so that is called by its number.
AUTOMATIC = """
  UNION ALL
  (SELECT DISTINCT 'automatic', a.tenant_id, b.connection_id FROM reconciliation_autoapproval a
    JOIN reconciliation_bankaccount b ON b.id = a.bank_account_id
    WHERE a.is_on AND (a.lease_until IS NULL OR a.lease_until <= at)
      AND EXISTS (SELECT 1 FROM reconciliation_matchrun r WHERE r.connection_id = b.connection_id
            AND r.status = 'done' AND r.finished_at > COALESCE(a.seen_at, '-infinity'))
    LIMIT $2)
"""
FUNCTION = """
CREATE OR REPLACE FUNCTION reconciliation_desk_due(at timestamptz, most integer)
RETURNS TABLE (kind text, tenant_id uuid, row_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
AS $$ {} $$
"""
FENCED = ("autoapproval", "autoapprovalevent", "automatch", "automatchevent")


class Migration(migrations.Migration):

    dependencies = [
        ('reconciliation', '0006_feed_lines'),
        ('tenants', '0004_audit_trail'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='AutoApproval',
            fields=[
                ('id', models.UUIDField(default=tenants.models.new_id, editable=False, primary_key=True, serialize=False)),
                ('kind', models.CharField(choices=[('match', 'Exact'), ('fee', 'Short by a fee'), ('discount', 'Early-payment discount'), ('rounding', 'Rounding'), ('overpaid', 'Overpaid'), ('typing', 'Mistyped amount'), ('partial', 'Part payment'), ('instalments', 'Instalments'), ('combined', 'Several documents'), ('run', 'Payment run'), ('payout', 'Processor payout'), ('chargeback', 'Chargeback'), ('currency', 'Currency difference'), ('return', 'Payment and its return'), ('duplicate', 'Delivered twice')], max_length=20)),
                ('threshold', models.DecimalField(decimal_places=4, help_text='From 0.9 to 1.', max_digits=5, validators=[django.core.validators.MinValueValidator(0.9), django.core.validators.MaxValueValidator(1)], verbose_name='confidence from')),
                ('most', models.DecimalField(decimal_places=2, max_digits=18, validators=[django.core.validators.MinValueValidator(0.01)], verbose_name='up to the amount')),
                ('is_on', models.BooleanField(default=False, verbose_name='in use')),
                ('off_because', models.CharField(blank=True, help_text='Why the portal switched it off by itself.', max_length=300)),
                ('changed_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('seen_at', models.DateTimeField(editable=False, help_text='Runs until then were gone through.', null=True)),
                ('lease_until', models.DateTimeField(editable=False, help_text='A worker goes through them until then.', null=True)),
            ],
            options={
                'verbose_name': 'automatic approval',
            },
        ),
        migrations.CreateModel(
            name='AutoApprovalEvent',
            fields=[
                ('pgh_id', models.AutoField(primary_key=True, serialize=False)),
                ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                ('pgh_label', models.TextField(help_text='The event label.')),
                ('pgh_context', pghistory.utils.JSONField(null=True)),
                ('pgh_context_id', models.UUIDField(null=True)),
                ('id', models.UUIDField(default=tenants.models.new_id, editable=False, serialize=False)),
                ('kind', models.CharField(choices=[('match', 'Exact'), ('fee', 'Short by a fee'), ('discount', 'Early-payment discount'), ('rounding', 'Rounding'), ('overpaid', 'Overpaid'), ('typing', 'Mistyped amount'), ('partial', 'Part payment'), ('instalments', 'Instalments'), ('combined', 'Several documents'), ('run', 'Payment run'), ('payout', 'Processor payout'), ('chargeback', 'Chargeback'), ('currency', 'Currency difference'), ('return', 'Payment and its return'), ('duplicate', 'Delivered twice')], max_length=20)),
                ('threshold', models.DecimalField(decimal_places=4, help_text='From 0.9 to 1.', max_digits=5, validators=[django.core.validators.MinValueValidator(0.9), django.core.validators.MaxValueValidator(1)], verbose_name='confidence from')),
                ('most', models.DecimalField(decimal_places=2, max_digits=18, validators=[django.core.validators.MinValueValidator(0.01)], verbose_name='up to the amount')),
                ('is_on', models.BooleanField(default=False, verbose_name='in use')),
                ('off_because', models.CharField(blank=True, help_text='Why the portal switched it off by itself.', max_length=300)),
                ('changed_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('seen_at', models.DateTimeField(editable=False, help_text='Runs until then were gone through.', null=True)),
                ('lease_until', models.DateTimeField(editable=False, help_text='A worker goes through them until then.', null=True)),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='AutoMatch',
            fields=[
                ('id', models.UUIDField(default=tenants.models.new_id, editable=False, primary_key=True, serialize=False)),
                ('confidence', models.DecimalField(decimal_places=6, max_digits=7)),
                ('verdict', models.CharField(choices=[('waiting', 'To look at'), ('right', 'Right'), ('wrong', 'Wrong, taken back')], default='waiting', max_length=20)),
                ('looked_at', models.DateTimeField(null=True)),
                ('note', models.CharField(blank=True, max_length=300)),
            ],
            options={
                'verbose_name': 'approved automatically',
                'verbose_name_plural': 'approved automatically',
            },
        ),
        migrations.CreateModel(
            name='AutoMatchEvent',
            fields=[
                ('pgh_id', models.AutoField(primary_key=True, serialize=False)),
                ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                ('pgh_label', models.TextField(help_text='The event label.')),
                ('pgh_context', pghistory.utils.JSONField(null=True)),
                ('pgh_context_id', models.UUIDField(null=True)),
                ('id', models.UUIDField(default=tenants.models.new_id, editable=False, serialize=False)),
                ('confidence', models.DecimalField(decimal_places=6, max_digits=7)),
                ('verdict', models.CharField(choices=[('waiting', 'To look at'), ('right', 'Right'), ('wrong', 'Wrong, taken back')], default='waiting', max_length=20)),
                ('looked_at', models.DateTimeField(null=True)),
                ('note', models.CharField(blank=True, max_length=300)),
            ],
            options={
                'abstract': False,
            },
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name='decision',
            name='insert_insert',
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name='decision',
            name='update_update',
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name='decision',
            name='delete_delete',
        ),
        migrations.AddField(
            model_name='decision',
            name='confidence',
            field=models.DecimalField(decimal_places=6, help_text='What the portal said of its proposal when this was decided.', max_digits=7, null=True),
        ),
        migrations.AddField(
            model_name='decisionevent',
            name='confidence',
            field=models.DecimalField(decimal_places=6, help_text='What the portal said of its proposal when this was decided.', max_digits=7, null=True),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='decision',
            trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "reconciliation_decisionevent" ("amount", "bank_line_id", "by_id", "confidence", "currency", "decided_at", "id", "kind", "match_id", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "proposal_id", "reason", "tenant_id") VALUES (NEW."amount", NEW."bank_line_id", NEW."by_id", NEW."confidence", NEW."currency", NEW."decided_at", NEW."id", NEW."kind", NEW."match_id", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, NOW(), \'insert\', NEW."id", NEW."proposal_id", NEW."reason", NEW."tenant_id"); RETURN NULL;', hash='0e89d7b33e488832f5873ffff1d9346f9905821d', operation='INSERT', pgid='pgtrigger_insert_insert_177ed', table='reconciliation_decision', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='decision',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD.* IS DISTINCT FROM NEW.*)', func='INSERT INTO "reconciliation_decisionevent" ("amount", "bank_line_id", "by_id", "confidence", "currency", "decided_at", "id", "kind", "match_id", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "proposal_id", "reason", "tenant_id") VALUES (NEW."amount", NEW."bank_line_id", NEW."by_id", NEW."confidence", NEW."currency", NEW."decided_at", NEW."id", NEW."kind", NEW."match_id", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, NOW(), \'update\', NEW."id", NEW."proposal_id", NEW."reason", NEW."tenant_id"); RETURN NULL;', hash='a023bb77fb7b7f957bfc5c5249726547326afdf2', operation='UPDATE', pgid='pgtrigger_update_update_1d790', table='reconciliation_decision', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='decision',
            trigger=pgtrigger.compiler.Trigger(name='delete_delete', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "reconciliation_decisionevent" ("amount", "bank_line_id", "by_id", "confidence", "currency", "decided_at", "id", "kind", "match_id", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "proposal_id", "reason", "tenant_id") VALUES (OLD."amount", OLD."bank_line_id", OLD."by_id", OLD."confidence", OLD."currency", OLD."decided_at", OLD."id", OLD."kind", OLD."match_id", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, NOW(), \'delete\', OLD."id", OLD."proposal_id", OLD."reason", OLD."tenant_id"); RETURN NULL;', hash='22ecac0c01aa0ff639bc385eeea804332b2c829a', operation='DELETE', pgid='pgtrigger_delete_delete_c7f72', table='reconciliation_decision', when='AFTER')),
        ),
        migrations.AddField(
            model_name='autoapproval',
            name='bank_account',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='automatic', to='reconciliation.bankaccount'),
        ),
        migrations.AddField(
            model_name='autoapproval',
            name='changed_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='autoapproval',
            name='tenant',
            field=models.ForeignKey(editable=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='tenants.tenant'),
        ),
        migrations.AddField(
            model_name='autoapprovalevent',
            name='bank_account',
            field=models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='reconciliation.bankaccount'),
        ),
        migrations.AddField(
            model_name='autoapprovalevent',
            name='changed_by',
            field=models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='autoapprovalevent',
            name='pgh_obj',
            field=models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='events', to='reconciliation.autoapproval'),
        ),
        migrations.AddField(
            model_name='autoapprovalevent',
            name='tenant',
            field=models.ForeignKey(db_constraint=False, editable=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='tenants.tenant'),
        ),
        migrations.AddField(
            model_name='automatch',
            name='looked_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='automatch',
            name='match',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='automatic', to='reconciliation.match'),
        ),
        migrations.AddField(
            model_name='automatch',
            name='setting',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='made', to='reconciliation.autoapproval'),
        ),
        migrations.AddField(
            model_name='automatch',
            name='tenant',
            field=models.ForeignKey(editable=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='tenants.tenant'),
        ),
        migrations.AddField(
            model_name='automatchevent',
            name='looked_by',
            field=models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='automatchevent',
            name='match',
            field=models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='reconciliation.match'),
        ),
        migrations.AddField(
            model_name='automatchevent',
            name='pgh_obj',
            field=models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='events', to='reconciliation.automatch'),
        ),
        migrations.AddField(
            model_name='automatchevent',
            name='setting',
            field=models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='reconciliation.autoapproval'),
        ),
        migrations.AddField(
            model_name='automatchevent',
            name='tenant',
            field=models.ForeignKey(db_constraint=False, editable=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='tenants.tenant'),
        ),
        migrations.AddIndex(
            model_name='autoapproval',
            index=models.Index(condition=models.Q(('is_on', True)), fields=['seen_at'], name='automatic_due'),
        ),
        migrations.AddConstraint(
            model_name='autoapproval',
            constraint=models.UniqueConstraint(fields=('bank_account', 'kind'), name='one_automatic_approval_per_account_and_kind', violation_error_message='There is one for this account and kind already; change that.'),
        ),
        migrations.AddConstraint(
            model_name='autoapproval',
            constraint=models.CheckConstraint(condition=models.Q(('threshold__gte', 0.9), ('threshold__lte', 1)), name='automatic_approval_is_sure', violation_error_message='Below 90 % nothing is approved without a person.'),
        ),
        migrations.AddConstraint(
            model_name='autoapproval',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', ['manual', 'rule', 'transfer']), _negated=True), name='what_people_made_is_approved_by_people', violation_error_message='This kind is approved by people only.'),
        ),
        migrations.AddConstraint(
            model_name='autoapproval',
            constraint=models.CheckConstraint(condition=models.Q(('most__gt', 0)), name='automatic_approval_has_a_limit', violation_error_message='Say up to what.'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='autoapproval',
            trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "reconciliation_autoapprovalevent" ("bank_account_id", "changed_at", "changed_by_id", "id", "is_on", "kind", "lease_until", "most", "off_because", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "seen_at", "tenant_id", "threshold") VALUES (NEW."bank_account_id", NEW."changed_at", NEW."changed_by_id", NEW."id", NEW."is_on", NEW."kind", NEW."lease_until", NEW."most", NEW."off_because", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, NOW(), \'insert\', NEW."id", NEW."seen_at", NEW."tenant_id", NEW."threshold"); RETURN NULL;', hash='e41f828668322d8b5fda66087d5f7d49f70b81d5', operation='INSERT', pgid='pgtrigger_insert_insert_b4632', table='reconciliation_autoapproval', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='autoapproval',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."is_on" IS DISTINCT FROM (NEW."is_on") OR OLD."most" IS DISTINCT FROM (NEW."most") OR OLD."off_because" IS DISTINCT FROM (NEW."off_because") OR OLD."threshold" IS DISTINCT FROM (NEW."threshold"))', func='INSERT INTO "reconciliation_autoapprovalevent" ("bank_account_id", "changed_at", "changed_by_id", "id", "is_on", "kind", "lease_until", "most", "off_because", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "seen_at", "tenant_id", "threshold") VALUES (NEW."bank_account_id", NEW."changed_at", NEW."changed_by_id", NEW."id", NEW."is_on", NEW."kind", NEW."lease_until", NEW."most", NEW."off_because", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, NOW(), \'update\', NEW."id", NEW."seen_at", NEW."tenant_id", NEW."threshold"); RETURN NULL;', hash='3a80e2a331f8e7fc506060e45417790b8ce89fc0', operation='UPDATE', pgid='pgtrigger_update_update_d87dd', table='reconciliation_autoapproval', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='autoapproval',
            trigger=pgtrigger.compiler.Trigger(name='delete_delete', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "reconciliation_autoapprovalevent" ("bank_account_id", "changed_at", "changed_by_id", "id", "is_on", "kind", "lease_until", "most", "off_because", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "seen_at", "tenant_id", "threshold") VALUES (OLD."bank_account_id", OLD."changed_at", OLD."changed_by_id", OLD."id", OLD."is_on", OLD."kind", OLD."lease_until", OLD."most", OLD."off_because", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, NOW(), \'delete\', OLD."id", OLD."seen_at", OLD."tenant_id", OLD."threshold"); RETURN NULL;', hash='67fc2a9b9dee343020a291222bc080858fe89048', operation='DELETE', pgid='pgtrigger_delete_delete_606b6', table='reconciliation_autoapproval', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='autoapprovalevent',
            trigger=pgtrigger.compiler.Trigger(name='append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='5e5fd3136feae8248e7709b05e3b770fdee183a0', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_dab7a', table='reconciliation_autoapprovalevent', when='BEFORE')),
        ),
        migrations.AddIndex(
            model_name='automatch',
            index=models.Index(fields=['tenant', 'verdict', '-id'], name='automatic_list'),
        ),
        migrations.AddConstraint(
            model_name='automatch',
            constraint=models.UniqueConstraint(fields=('match',), name='one_automatic_approval_per_match'),
        ),
        migrations.AddConstraint(
            model_name='automatch',
            constraint=models.CheckConstraint(condition=models.Q(('verdict', 'waiting'), ('looked_at__isnull', False), _connector='XOR'), name='a_looked_at_match_has_a_time'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='automatch',
            trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "reconciliation_automatchevent" ("confidence", "id", "looked_at", "looked_by_id", "match_id", "note", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "setting_id", "tenant_id", "verdict") VALUES (NEW."confidence", NEW."id", NEW."looked_at", NEW."looked_by_id", NEW."match_id", NEW."note", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, NOW(), \'insert\', NEW."id", NEW."setting_id", NEW."tenant_id", NEW."verdict"); RETURN NULL;', hash='39e9bacf2e14c5ca78efc877117eacc25bf9eecb', operation='INSERT', pgid='pgtrigger_insert_insert_4de27', table='reconciliation_automatch', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='automatch',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."verdict" IS DISTINCT FROM (NEW."verdict"))', func='INSERT INTO "reconciliation_automatchevent" ("confidence", "id", "looked_at", "looked_by_id", "match_id", "note", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "setting_id", "tenant_id", "verdict") VALUES (NEW."confidence", NEW."id", NEW."looked_at", NEW."looked_by_id", NEW."match_id", NEW."note", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, NOW(), \'update\', NEW."id", NEW."setting_id", NEW."tenant_id", NEW."verdict"); RETURN NULL;', hash='9929abebd4a6e71d6af24a5091c9e9fa7d8bc219', operation='UPDATE', pgid='pgtrigger_update_update_49dee', table='reconciliation_automatch', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='automatch',
            trigger=pgtrigger.compiler.Trigger(name='delete_delete', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "reconciliation_automatchevent" ("confidence", "id", "looked_at", "looked_by_id", "match_id", "note", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "setting_id", "tenant_id", "verdict") VALUES (OLD."confidence", OLD."id", OLD."looked_at", OLD."looked_by_id", OLD."match_id", OLD."note", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, NOW(), \'delete\', OLD."id", OLD."setting_id", OLD."tenant_id", OLD."verdict"); RETURN NULL;', hash='c67a3215088d809446e7e8c51a7d0ed174f9f832', operation='DELETE', pgid='pgtrigger_delete_delete_1c241', table='reconciliation_automatch', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='automatchevent',
            trigger=pgtrigger.compiler.Trigger(name='append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='97700e1efcc9c3605ec7826e6efe61eedd3a1d35', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_e38c3', table='reconciliation_automatchevent', when='BEFORE')),
        ),
        *[RowSecurity(model) for model in FENCED],
        migrations.RunSQL(FUNCTION.format(BEFORE + AUTOMATIC), FUNCTION.format(BEFORE)),
    ]
