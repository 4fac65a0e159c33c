"""Fence the tenant tables, and let the application find a tenant by its slug without seeing the others."""

from django.db import migrations

from tenants.rls import MEMBER_TENANT, OWN_GRANT, OWN_MEMBERSHIP, OWN_TENANT, TENANT_MATCHES, RowSecurity

TENANT_BY_SLUG = """
CREATE FUNCTION portal_tenant_by_slug(wanted text) RETURNS uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
AS $$ SELECT id FROM tenants_tenant WHERE slug = wanted $$
"""


class Migration(migrations.Migration):
    dependencies = [("tenants", "0002_partner_grants")]

    operations = [
        RowSecurity("membership", visible=OWN_MEMBERSHIP, writable=TENANT_MATCHES),
        RowSecurity("membershipevent"),
        RowSecurity("partnergrant", visible=OWN_GRANT, writable=TENANT_MATCHES),
        RowSecurity("partnergrantevent"),
        RowSecurity("tenant", visible=MEMBER_TENANT, writable=OWN_TENANT),
        RowSecurity("tenantevent", visible=OWN_TENANT, writable=OWN_TENANT),
        migrations.RunSQL(TENANT_BY_SLUG, "DROP FUNCTION portal_tenant_by_slug(text)"),
    ]
