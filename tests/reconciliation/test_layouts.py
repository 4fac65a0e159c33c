"""Remembered layouts of banks' tables: listed with who uses them, changed, forgotten."""

from django.urls import reverse

from reconciliation.models import BankLine, StatementImport, StatementLayout
from reconciliation.services.statements import confirm_import, explain_columns, preview_statement
from reconciliation.statements import Layout
from tenants.rls import tenant_scope
from tests.conftest import Actors
from tests.reconciliation.factories import bank_account_of, connection_of

FILE = b"Wann;Wieviel;Wozu\n03.11.2026;10,00;Miete\n"
COLUMNS = {"date": "Wann", "amount": "Wieviel", "description": "Wozu"}


def explained(acme: Actors) -> StatementLayout:
    """A file nobody could read before somebody explained it, imported by the layout."""
    with tenant_scope(acme.tenant.pk):
        account = bank_account_of(connection_of(acme.tenant), name="Sparkasse")
        row = preview_statement(bank_account=account, file_name="eins.csv", content=FILE).statement
        explain_columns(statement=row, layout=Layout(COLUMNS, None, None, False), by=acme.editor)
        confirm_import(statement=row)
        assert BankLine.objects.count() == 1
        return StatementLayout.objects.get()


def test_a_layout_is_listed_with_its_banks_and_files(acme: Actors, rival: Actors) -> None:
    row = explained(acme)
    listed = reverse("admin:reconciliation_statementlayout_changelist")
    page = acme.client("auditor").get(listed).content.decode()
    assert "from “Wieviel”" in page
    assert "Sparkasse" in page
    change = reverse("admin:reconciliation_statementlayout_change", args=[row.pk])
    shown = acme.client("auditor").get(change).content.decode()
    assert "Used by 1 imported file," in shown
    assert "Keep it so" not in shown
    assert "Wieviel" not in rival.client("editor").get(listed).content.decode()
    assert "Wieviel" not in rival.client("editor").get(change, follow=True).content.decode()


def test_a_layout_is_said_anew_and_forgotten(acme: Actors, rival: Actors) -> None:
    row = explained(acme)
    save = reverse("admin:reconciliation_statementlayout_save", args=[row.pk])
    forget = reverse("admin:reconciliation_statementlayout_forget", args=[row.pk])
    said = {"date": "Wann", "amount": "Wieviel", "reference": "Wozu", "order": "day", "mark": "comma"}
    assert acme.client("auditor").post(save, said).status_code == 403
    rival.client("editor").post(forget)
    client = acme.client("editor")
    assert "chosen twice" in client.post(save, said | {"date": "Wozu"}, follow=True).content.decode()
    client.post(save, said)
    with tenant_scope(acme.tenant.pk):
        row.refresh_from_db()
        assert (row.columns["reference"], row.day_first, row.decimal_comma) == ("Wozu", True, True)
    client.post(forget)
    with tenant_scope(acme.tenant.pk):
        assert not StatementLayout.objects.exists()
        assert StatementImport.objects.count() == 1
        assert BankLine.objects.count() == 1
