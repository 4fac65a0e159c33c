"""Mappings as files: by names people know, into drafts only, with errors by row and nothing half done."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from tablib import Dataset

from integrations.models import Connection
from mappings.models import MappingSet, ValueMapping
from mappings.resources import ValueMappingResource
from tenants.rls import tenant_scope
from tests.conftest import Actors
from tests.mappings.factories import activated, chart_of, connection_of, drafted

HEADS = ["connection", "subject", "side", "value", "target", "target_id"]


@pytest.fixture
def connection(in_acme: Actors) -> Connection:
    found = connection_of(in_acme.tenant)
    chart_of(found)
    return found


def load(acme: Actors, *rows: tuple[str, ...], dry_run: bool = False):  # type: ignore[no-untyped-def]
    data = Dataset(*rows, headers=HEADS)
    return ValueMappingResource(tenant=acme.tenant, user=acme.editor).import_data(data, dry_run=dry_run)


def test_a_row_names_its_target_by_code_name_or_id(connection: Connection, acme: Actors) -> None:
    result = load(
        acme,
        ("Acme Books", "category", "sales", "Consulting", "4000", ""),
        ("Acme Books", "category", "purchases", "Trips", "travel", ""),
        ("Acme Books", "tax_code", "sales", "V20", "", "20"),
    )
    assert not result.has_errors()
    rows = {row.value: row.target_external_id for row in ValueMapping.objects.all()}
    assert rows == {"Consulting": "3", "Trips": "5", "V20": "20"}
    draft = MappingSet.objects.get()
    assert (draft.status, draft.editors) == ("draft", [acme.editor.pk])


def test_a_dry_run_changes_nothing(connection: Connection, acme: Actors) -> None:
    result = load(acme, ("Acme Books", "category", "sales", "Consulting", "4000", ""), dry_run=True)
    assert result.totals["new"] == 1
    assert not ValueMapping.objects.exists()


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (("Acme Books", "category", "sales", "X", "9999", ""), "No record of the ledger matches “9999”"),
        (("Acme Books", "category", "sales", "X", "6200", ""), "a sale needs an income account"),
        (("Nobody", "category", "sales", "X", "4000", ""), "no connection named “Nobody”"),
        (("Acme Books", "colour", "sales", "X", "4000", ""), "subject is one of"),
        (("Acme Books", "category", "sales", "", "4000", ""), "value is empty"),
    ],
)
def test_a_wrong_row_says_why_and_nothing_is_imported(
    connection: Connection, acme: Actors, row: tuple[str, ...], words: str
) -> None:
    result = load(acme, ("Acme Books", "category", "sales", "Consulting", "4000", ""), row)
    assert words in str(result.row_errors()[0][1][0].error)
    assert not ValueMapping.objects.exists()


def test_a_file_without_the_needed_columns_is_told_which(connection: Connection, acme: Actors) -> None:
    result = ValueMappingResource(tenant=acme.tenant, user=acme.editor).import_data(Dataset(("a",), headers=["value"]))
    assert "lacks the column subject, side, target" in str(result.row_errors()[0][1][0].error)


def test_an_editor_sees_a_preview_and_then_confirms_it(connection: Connection, acme: Actors) -> None:
    client, url = acme.client("editor"), reverse("admin:mappings_valuemapping_import")
    data = Dataset(("Acme Books", "category", "sales", "Consulting", "4000", ""), headers=HEADS).export("csv")
    upload = SimpleUploadedFile("map.csv", data.encode(), content_type="text/csv")
    preview = client.post(url, {"import_file": upload, "format": "0"})
    assert b"4000 Sales of services" in preview.content
    assert not ValueMapping.objects.exists()
    confirmation = preview.context["confirm_form"].initial
    done = client.post(reverse("admin:mappings_valuemapping_process_import"), confirmation)
    assert done.status_code == 302
    assert ValueMapping.objects.get().changed_by == acme.editor


def test_who_may_not_edit_may_export_but_not_import(connection: Connection, acme: Actors) -> None:
    client = acme.client("auditor")
    assert client.get(reverse("admin:mappings_valuemapping_import")).status_code == 403
    assert client.get(reverse("admin:mappings_valuemapping_export")).status_code == 200


def test_importing_changes_the_draft_and_never_the_active_version(connection: Connection, acme: Actors) -> None:
    version = activated(connection, acme)
    result = load(acme, ("Acme Books", "category", "sales", "Consulting", "4100", ""))
    assert result.totals["update"] == 1
    assert ValueMapping.objects.get(mapping_set=version, value="Consulting").target_external_id == "3"
    assert ValueMapping.objects.get(mapping_set__version=2, value="Consulting").target_external_id == "4"


def test_an_export_comes_back_in_unchanged(connection: Connection, acme: Actors) -> None:
    drafted(connection, acme.editor)
    data = ValueMappingResource(tenant=acme.tenant).export()
    assert data.headers == HEADS
    result = ValueMappingResource(tenant=acme.tenant, user=acme.editor).import_data(data)
    assert not result.has_errors()
    assert (result.totals["skip"], result.totals["update"]) == (5, 0)


def test_a_file_cannot_reach_another_tenants_mappings(connection: Connection, acme: Actors, rival: Actors) -> None:
    drafted(connection, acme.editor)
    with tenant_scope(rival.tenant.pk):
        assert len(ValueMappingResource(tenant=rival.tenant).export()) == 0
        result = ValueMappingResource(tenant=rival.tenant, user=rival.editor).import_data(
            Dataset(("Acme Books", "category", "sales", "Consulting", "4100", ""), headers=HEADS)
        )
        assert "no connection named" in str(result.row_errors()[0][1][0].error)
    assert ValueMapping.objects.get(value="Consulting").target_external_id == "3"
