"""Verbs beside create, update, void and delete; meters of calls, and calls that count for all connections of a ledger."""

import tenants.models
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('integrations', '0011_custom_field_security'),
    ]

    operations = [
        migrations.AddField(
            model_name='limitlease',
            name='meters',
            field=models.JSONField(help_text="What the ledger's answer said was left: seconds of a window → [left, seconds to reset].", null=True),
        ),
        migrations.AlterField(
            model_name='posting',
            name='operation',
            field=models.CharField(choices=[('create', 'Create'), ('update', 'Update'), ('void', 'Void'), ('delete', 'Delete'), ('allocate', 'Apply to documents'), ('approve', 'Approve'), ('send', 'Send to the contact')], default='create', max_length=10),
        ),
        migrations.AlterField(
            model_name='postingevent',
            name='operation',
            field=models.CharField(choices=[('create', 'Create'), ('update', 'Update'), ('void', 'Void'), ('delete', 'Delete'), ('allocate', 'Apply to documents'), ('approve', 'Approve'), ('send', 'Send to the contact')], default='create', max_length=10),
        ),
        migrations.CreateModel(
            name='SharedLease',
            fields=[
                ('kind', models.CharField(default='call', max_length=30)),
                ('lane', models.CharField(max_length=20)),
                ('taken_at', models.DateTimeField()),
                ('released_at', models.DateTimeField(null=True)),
                ('expires_at', models.DateTimeField(help_text='A worker that dies holding it gives it back then.')),
                ('meters', models.JSONField(help_text="What the ledger's answer said was left: seconds of a window → [left, seconds to reset].", null=True)),
                ('id', models.UUIDField(default=tenants.models.new_id, editable=False, primary_key=True, serialize=False)),
                ('connector', models.CharField(max_length=30)),
                ('sharer', models.CharField(blank=True, max_length=16)),
            ],
            options={
                'indexes': [models.Index(fields=['connector', 'released_at'], name='shared_window')],
            },
        ),
    ]
