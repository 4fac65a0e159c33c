"""Fence the table of 0010."""

from django.db import migrations

from tenants.rls import RowSecurity


class Migration(migrations.Migration):
    dependencies = [("integrations", "0010_custom_fields")]

    operations = [RowSecurity("customfield"), RowSecurity("customfieldevent")]
