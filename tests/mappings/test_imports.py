"""Documents as a file: every error names row and column, all or nothing, nothing runs as a formula, nobody else's."""

import csv
import io
import tracemalloc
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse
from openpyxl import Workbook

from integrations.models import Connection
from mappings.models import DocumentImport, SourceDocument
from mappings.serializers import IntakeSerializer
from mappings.services.importing import accept, run_import, upload
from mappings.services.intake import plain, receive_document
from mappings.tabular import COLUMNS, FileError, documents, template
from tenants.rls import tenant_scope
from tests.conftest import Actors
from tests.mappings.factories import connection_of, sale

ROW = {
    "source": "shop",
    "external_id": "o-1",
    "kind": "sale",
    "issued_on": "2026-11-02",
    "currency": "GBP",
    "tax_mode": "none",
    "counterparty": "Blue Ltd",
    "category": "Goods",
    "amount": "10.00",
    "total": "10.00",
}


def csv_of(*rows: dict[str, Any]) -> bytes:
    """A CSV with the heads that the rows use."""
    heads = list(dict.fromkeys(name for row in rows for name in row))
    out = io.StringIO()
    writer = csv.DictWriter(out, heads)
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


def xlsx_of(*rows: dict[str, Any]) -> bytes:
    """The same as a workbook."""
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(list(rows[0]))
    for row in rows:
        sheet.append(list(row.values()))
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def problems(*rows: dict[str, Any]) -> list[tuple[int, str]]:
    return [(each.row, each.column) for read in documents("a.csv", csv_of(*rows)) for each in read.problems]


def test_dimensions_and_location_are_the_lines_and_attributes_are_the_documents() -> None:
    more = {"Dimension: Cost Centre": "Berlin", "location": "Hall 2", "attribute:po_number": "4711"}
    more |= {"counterparty_external_id": "c-7", "total": "20.00"}
    second = ROW | more | {"Dimension: Cost Centre": "", "location": "", "dimension:channel": "web"}
    (read,) = documents("a.csv", csv_of(ROW | more | {"dimension:channel": "shop"}, second))
    assert not read.problems
    first, other = read.body["lines"]
    assert (first["dimensions"], first["location"]) == ({"Cost Centre": "Berlin", "channel": "shop"}, "Hall 2")
    assert (other["dimensions"], "location" in other) == ({"channel": "web"}, False)
    assert read.body["attributes"] == {"po_number": "4711"}
    assert read.body["counterparty"]["external_id"] == "c-7"
    accepted = IntakeSerializer().fields
    assert set(first) <= set(accepted["lines"].child.fields)  # type: ignore[attr-defined]
    assert set(read.body) <= set(accepted)


def test_rows_that_disagree_on_an_attribute_are_told() -> None:
    assert problems(ROW | {"attribute:a": "1"}, ROW | {"attribute:a": "2"}) == [(3, "attribute:a")]


@pytest.mark.parametrize(
    ("heads", "why"),
    [
        (["dimension:"], "dimension: is not known"),
        (["dimension"], "dimension is not known"),
        ([f"dimension:{number}" for number in range(11)], "At most 10 columns of dimension:NAME"),
        (["dimension:" + "x" * 91], "is not known"),
    ],
)
def test_a_family_of_columns_has_its_limits(heads: list[str], why: str) -> None:
    with pytest.raises(FileError, match=why):
        list(documents("a.csv", csv_of(ROW | dict.fromkeys(heads, "x"))))


def test_rows_of_one_document_become_its_lines() -> None:
    (read,) = documents("a.csv", csv_of(ROW | {"total": "30.00"}, ROW | {"amount": "20.00", "total": "30.00"}))
    assert not read.problems
    assert [line["amount"] for line in read.body["lines"]] == [Decimal("10.00"), Decimal("20.00")]
    assert read.body["counterparty"] == {"name": "Blue Ltd"}


def test_the_template_is_a_sound_file_of_every_column() -> None:
    read = list(documents("template.csv", template()))
    assert [each.problems for each in read] == [(), ()]
    heads = template().decode("utf-8-sig").splitlines()[0].split(",")
    assert heads == [*COLUMNS, "dimension:department", "attribute:order_channel"]


@pytest.mark.parametrize(
    ("changes", "column"),
    [
        ({"total": "ten"}, "total"),
        ({"total": "1e400"}, "total"),
        ({"total": "NaN"}, "total"),
        ({"amount": "1.0001"}, "amount"),
        ({"issued_on": "02/11/2026"}, "issued_on"),
        ({"kind": "gift"}, "kind"),
        ({"currency": "pounds"}, "currency"),
        ({"counterparty": "=cmd|' /C calc'!A0"}, "counterparty"),
        ({"external_id": "x" * 101}, "external_id"),
        ({"counterparty": ""}, "counterparty"),
        ({"currency": "JPY", "amount": "1.5"}, "lines"),
        ({"tax_mode": "exclusive"}, "lines"),
        ({"source": "my shop"}, "source"),
    ],
)
def test_what_is_wrong_is_said_by_row_and_column(changes: dict[str, str], column: str) -> None:
    assert problems(ROW, ROW | {"external_id": "o-2"} | changes) == [(3, column)]


def test_rows_that_disagree_or_stand_apart_are_refused() -> None:
    assert problems(ROW, ROW | {"currency": "EUR"}) == [(3, "currency")]
    assert problems(ROW, ROW | {"external_id": "o-2"}, ROW) == [(4, "external_id")]


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.csv", b"source,kind\n", "lacks the column external_id"),
        ("a.csv", csv_of(ROW | {"colour": "red"}), "colour is not known"),
        ("a.csv", "source,é\n".encode("latin-1"), "not UTF-8"),
        ("a.xlsx", b"not a zip", "no XLSX"),
        ("a.csv", b"", "lacks the column"),
    ],
)
def test_a_file_that_is_none_is_refused_with_the_remedy(name: str, content: bytes, words: str) -> None:
    with pytest.raises(FileError, match=words):
        list(documents(name, content))


def test_a_workbook_is_read_like_the_text_and_a_formula_is_refused() -> None:
    (read,) = documents("a.xlsx", xlsx_of(ROW | {"amount": 10.0, "total": 10.0}))
    assert read.body["total"] == Decimal("10")
    assert not read.problems
    (read,) = documents("a.xlsx", xlsx_of(ROW | {"total": "=1+9"}))
    assert (read.problems[0].row, read.problems[0].column) == (2, "total")
    assert "formula" in read.problems[0].text


def test_a_quoted_value_loses_the_apostrophe_that_exports_put_before_it() -> None:
    (read,) = documents("a.csv", csv_of(ROW | {"counterparty": "'+44 Ltd"}))
    assert read.body["counterparty"]["name"] == "+44 Ltd"


# With the database --------------------------------------------------------------------------------------------------


@pytest.fixture
def connection(in_acme: Actors) -> Connection:
    return connection_of(in_acme.tenant)


def imported(connection: Connection, by: Any, content: bytes, name: str = "a.csv") -> DocumentImport:
    """Uploaded and checked."""
    row = upload(connection=connection, name=name, content=content, by=by)
    run_import(connection.tenant_id, row.pk)
    row.refresh_from_db()
    return row


def test_a_file_is_checked_first_and_taken_in_when_a_person_says_so(connection: Connection, acme: Actors) -> None:
    row = imported(connection, acme.editor, csv_of(ROW, ROW | {"external_id": "o-2"}))
    assert (row.status, row.counts["new"], row.counts["errors"]) == ("checked", 2, 0)
    assert not SourceDocument.objects.exists()
    accept(document_import=row)
    run_import(connection.tenant_id, row.pk)
    row.refresh_from_db()
    assert (row.status, bytes(row.content)) == ("imported", b"")
    assert {each.sent_by for each in SourceDocument.objects.all()} == {acme.editor}
    assert run_import(connection.tenant_id, row.pk) is None


def test_one_bad_row_keeps_the_whole_file_out(connection: Connection, acme: Actors) -> None:
    row = imported(connection, acme.editor, csv_of(ROW, ROW | {"external_id": "o-2", "total": "11.00x"}))
    assert (row.counts["errors"], row.problems[0]["row"]) == (1, 3)
    with pytest.raises(ValidationError, match="has errors"):
        accept(document_import=row)
    # Even where somebody else's document came in between the check and the import.
    good = imported(connection, acme.editor, csv_of(ROW, ROW | {"external_id": "o-2"}))
    receive_document(connection=connection, body=sale(connection, "o-2"))
    accept(document_import=good)
    run_import(connection.tenant_id, good.pk)
    good.refresh_from_db()
    assert (good.status, good.counts["errors"], good.problems[0]["row"]) == ("checked", 1, 3)
    assert SourceDocument.objects.count() == 1


def test_what_is_here_already_is_counted_and_not_taken_twice(connection: Connection, acme: Actors) -> None:
    content = csv_of(ROW)
    first = imported(connection, acme.editor, content)
    accept(document_import=first)
    run_import(connection.tenant_id, first.pk)
    second = imported(connection, acme.editor, content)
    assert (second.counts["new"], second.counts["same"]) == (0, 1)


def test_file_and_api_make_the_same_document(connection: Connection, acme: Actors) -> None:
    (read,) = documents("a.csv", csv_of(ROW))
    sent = plain(read.body) | {"connection": str(connection.pk)}
    request = type("Request", (), {"tenant": acme.tenant})()
    intake = IntakeSerializer(data=sent, context={"request": request})
    assert intake.is_valid(), intake.errors
    assert plain(intake.validated_data) == plain(read.body)


def test_a_large_file_is_read_in_bounded_memory() -> None:
    rows = 20_000
    text = csv_of(*({**ROW, "external_id": f"o-{number}"} for number in range(rows)))
    tracemalloc.start()
    count = sum(1 for read in documents("a.csv", text) if not read.problems)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == rows
    # The ids seen, and nothing of the documents themselves; the text is there already.
    assert peak < 12_000_000


@pytest.mark.django_db(transaction=True)
def test_another_tenants_files_and_connections_do_not_exist(acme: Actors, rival: Actors) -> None:
    with tenant_scope(acme.tenant.pk):
        mine = connection_of(acme.tenant)
        row = upload(connection=mine, name="a.csv", content=csv_of(ROW), by=acme.editor)
    page = reverse("admin:mappings_documentimport_change", args=[row.pk])
    assert rival.client("owner").get(page).status_code in (302, 404)
    assert (
        "a.csv" not in rival.client("owner").get(reverse("admin:mappings_documentimport_changelist")).content.decode()
    )
    assert run_import(rival.tenant.pk, row.pk) is None
    file = io.BytesIO(csv_of(ROW))
    file.name = "b.csv"
    sent = {"connection": str(mine.pk), "file": file}
    rival.client("owner").post(reverse("admin:mappings_documentimport_upload"), sent)
    with tenant_scope(rival.tenant.pk):
        assert not DocumentImport.objects.exists()


@pytest.mark.parametrize(("role", "may"), [("owner", True), ("editor", True), ("approver", False), ("auditor", False)])
def test_only_who_submits_documents_uploads(connection: Connection, acme: Actors, role: str, may: bool) -> None:
    file = io.BytesIO(csv_of(ROW))
    file.name = "b.csv"
    sent = {"connection": str(connection.pk), "file": file}
    answer = acme.client(role).post(reverse("admin:mappings_documentimport_upload"), sent)
    assert answer.status_code == (302 if may else 403)
