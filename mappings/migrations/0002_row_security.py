"""Fence the tables of this app, and keep editors from approving."""

from django.db import migrations

from tenants.rls import RowSecurity

FENCED = (
    "backtest", "backtestevent", "contactalias", "contactaliasevent", "contactsapart", "contactsapartevent",
    "cutover", "cutoverevent", "cutoverlink", "cutoverlinkevent", "documentimport", "documentimportevent",
    "documentvalue", "documentvalueevent", "duplicategroup", "duplicategroupevent", "healthfinding",
    "healthfindingevent", "healthwatch", "mappingset", "mappingsetevent", "postingrule", "postingruleevent",
    "refusedsuggestion", "refusedsuggestionevent", "sourcedocument", "sourcedocumentevent", "sourcevalue",
    "sourcevalueevent", "valuemapping", "valuemappingevent", "watchedtarget",
)  # fmt: skip

NOBODY_APPROVES_THEIR_OWN = """
ALTER TABLE mappings_mappingset ADD CONSTRAINT nobody_approves_their_own_change
  CHECK (approved_by_id IS NULL OR NOT (approved_by_id = ANY (editors)))
"""


class Migration(migrations.Migration):
    dependencies = [("mappings", "0001_initial"), ("tenants", "0003_row_security")]

    operations = [
        *[RowSecurity(model) for model in FENCED],
        migrations.RunSQL(
            NOBODY_APPROVES_THEIR_OWN,
            "ALTER TABLE mappings_mappingset DROP CONSTRAINT nobody_approves_their_own_change",
        ),
    ]
