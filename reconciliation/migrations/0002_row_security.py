"""Fence the tables of this app."""

from django.db import migrations

from tenants.rls import RowSecurity

FENCED = (
    "anomaly", "anomalyevent", "bankaccount", "bankaccountevent", "bankline", "banklineevent", "bankrule",
    "bankruleevent", "closestep", "closestepevent", "decision", "decisionevent", "match", "matchentry",
    "matchentryevent", "matchevent", "matchline", "matchlineevent", "matchrun", "matchrunevent", "periodclose",
    "periodcloseevent", "proposal", "proposalentry", "proposalentryevent", "proposalevent", "proposalline",
    "proposallineevent", "statementbalance", "statementbalanceevent", "statementimport", "statementimportevent",
    "statementlayout", "statementlayoutevent",
)  # fmt: skip


class Migration(migrations.Migration):
    dependencies = [("reconciliation", "0001_initial"), ("tenants", "0003_row_security")]

    operations = [RowSecurity(model) for model in FENCED]
