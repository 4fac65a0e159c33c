"""Mappings as files: by names people know, into drafts only, with errors by row and nothing half done."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from tablib import Dataset

from integrations.models import Connection
from mappings.models import MappingSet, ValueMapping
from mappings.resources import ValueMappingResource
from mappings.services.versions import Word
from tenants.rls import tenant_scope
from tests.conftest import Actors
from tests.mappings.factories import activated, chart_of, connection_of, drafted, received

HEADS = ["connection", "subject", "side", "value", "conditions", "holds_from", "target", "target_id"]
PLAIN = [name for name in HEADS if name not in ("conditions", "holds_from")]


@pytest.fixture
def connection(in_acme: Actors) -> Connection:
    found = connection_of(in_acme.tenant)
    chart_of(found)
    return found


def load(acme: Actors, *rows: tuple[str, ...], dry_run: bool = False):  # type: ignore[no-untyped-def]
    data = Dataset(*rows, headers=PLAIN if len(rows[0]) == len(PLAIN) else HEADS)
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
    assert "lacks the column subject, side, target" in str(result.base_errors[0].error)


@pytest.mark.parametrize(
    ("conditions", "since", "words"),
    [
        ("country", "", "is no condition"),
        ("moon=full", "", "cannot be a condition here"),
        ("country=DE", "soon", "is no day to hold from"),
    ],
)
def test_conditions_that_cannot_be_asked_are_named(
    connection: Connection, acme: Actors, conditions: str, since: str, words: str
) -> None:
    result = load(acme, ("Acme Books", "category", "sales", "X", conditions, since, "4000", ""))
    assert words in str(result.row_errors()[0][1][0].error)


def test_rules_and_defaults_go_out_and_come_back(connection: Connection, acme: Actors) -> None:
    rows = [
        ("Acme Books", "category", "sales", "Food", "", "", "4000", ""),
        ("Acme Books", "category", "sales", "Food", "country=de; currency=EUR", "2027-01-31", "4100", ""),
        ("Acme Books", "category", "sales", "*", "", "", "4100", ""),
    ]
    assert not load(acme, *rows).has_errors()
    assert ValueMapping.objects.get(value="").target_external_id == "4"
    ruled = ValueMapping.objects.exclude(conditions={}).get()
    assert (ruled.conditions, str(ruled.effective_from)) == ({"country": "DE", "currency": "EUR"}, "2027-01-31")
    data = ValueMappingResource(tenant=acme.tenant).export()
    assert ("country=DE; currency=EUR", "2027-01-31") in {(row[4], str(row[5])) for row in data}
    again = ValueMappingResource(tenant=acme.tenant, user=acme.editor).import_data(data)
    assert (again.has_errors(), again.totals["skip"]) == (False, 3)


def test_two_rules_that_could_tie_are_refused_within_a_file(connection: Connection, acme: Actors) -> None:
    rows = [
        ("Acme Books", "category", "sales", "Food", "country=DE", "", "4000", ""),
        ("Acme Books", "category", "sales", "Food", "currency=EUR", "", "4100", ""),
    ]
    assert "could win equally" in str(load(acme, *rows).row_errors()[0][1][0].error)
    assert not ValueMapping.objects.exists()


def test_the_same_row_twice_is_refused_with_the_first_ones_number(connection: Connection, acme: Actors) -> None:
    row = ("Acme Books", "category", "sales", "Food", "4000", "")
    assert "Row 1 says the same already" in str(load(acme, row, row).row_errors()[0][1][0].error)


def test_text_that_a_spreadsheet_would_run_goes_out_guarded_and_comes_back_itself(
    connection: Connection, acme: Actors
) -> None:
    evil = "=HYPERLINK(1)"
    load(acme, ("Acme Books", "category", "sales", f"'{evil}", "4000", ""))
    assert ValueMapping.objects.get().value == evil
    data = ValueMappingResource(tenant=acme.tenant).export()
    assert data["value"] == [f"'{evil}"]
    again = ValueMappingResource(tenant=acme.tenant, user=acme.editor).import_data(data)
    assert again.totals["skip"] == 1


def test_a_code_that_a_spreadsheet_made_a_number_is_still_that_code(connection: Connection, acme: Actors) -> None:
    result = load(acme, ("Acme Books", "category", "sales", 4711.0, 4000, ""))  # type: ignore[arg-type]
    assert not result.has_errors()
    assert (ValueMapping.objects.get().value, ValueMapping.objects.get().target_external_id) == ("4711", "3")


def test_a_template_lists_what_has_no_meaning_yet_and_open_rows_stay_open(connection: Connection, acme: Actors) -> None:
    received(connection)
    drafted(connection, acme.editor, {Word("tax_code", "sales", "VAT20"): "20"})
    client = acme.client("editor")
    url = reverse("admin:mappings_template", args=[connection.pk])
    answer = client.get(url, {"format": "csv"})
    assert answer.headers["Content-Disposition"] == 'attachment; filename="mappings-acme-books.csv"'
    data = Dataset().load(answer.content.decode(), format="csv")
    assert list(data) == [("Acme Books", "category", "sales", "Consulting", "", "", "", "")]
    result = ValueMappingResource(tenant=acme.tenant, user=acme.editor).import_data(data)
    assert (result.has_errors(), result.totals["skip"]) == (False, 1)
    assert client.get(url, {"format": "xlsx"}).content[:2] == b"PK"
    assert client.get(url, {"format": "exe"}).status_code == 404


def test_a_file_costs_the_same_queries_for_ten_and_for_forty_rows(connection: Connection, acme: Actors) -> None:
    counts = []
    for first, last in ((0, 10), (10, 50)):
        rows = [("Acme Books", "category", "sales", f"W{number}", "4000", "") for number in range(first, last)]
        drafted(connection, acme.editor, {Word("category", "sales", f"Seed{first}"): "3"})
        with CaptureQueriesContext(database) as queries:
            assert load(acme, *rows).totals["new"] == len(rows)
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_an_editor_sees_a_preview_and_then_confirms_it(connection: Connection, acme: Actors) -> None:
    client, url = acme.client("editor"), reverse("admin:mappings_valuemapping_import")
    data = Dataset(("Acme Books", "category", "sales", "Consulting", "4000", ""), headers=PLAIN).export("csv")
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
            Dataset(("Acme Books", "category", "sales", "Consulting", "4100", ""), headers=PLAIN)
        )
        assert "no connection named" in str(result.row_errors()[0][1][0].error)
    assert ValueMapping.objects.get(value="Consulting").target_external_id == "3"
