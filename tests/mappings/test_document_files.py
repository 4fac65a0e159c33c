"""Files of a document: brought by form or by API, kept once, taken back, and seen by nobody else."""

from base64 import b64encode
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoCaptureOnCommitCallbacks

from integrations.models import Connection, KeptFile, Posting
from integrations.services.filing import MOST_FILES, Brought, check
from integrations.services.postings import cancel_posting
from mappings.models import SourceDocument
from mappings.services.files import add_files, request_files, states_of
from mappings.services.intake import receive_document
from mappings.services.mapping import map_document
from tenants.rls import tenant_scope
from tests.conftest import Actors
from tests.integrations.test_api import _partner
from tests.mappings.factories import activated, chart_of, connection_of, received, sale

PDF = b"%PDF-1.4 a receipt"


@pytest.fixture
def connection(in_acme: Actors) -> Connection:
    found = connection_of(in_acme.tenant)
    chart_of(found)
    return found


@pytest.fixture
def mapped(connection: Connection, in_acme: Actors) -> SourceDocument:
    """A sale whose invoice waits to be sent."""
    activated(connection, in_acme)
    return received(connection)


def _address(document: SourceDocument, word: str, *more: Any) -> str:
    return reverse(f"admin:mappings_document_{word}", args=[document.pk, *more])


def _chosen(*names: str, content: bytes = PDF) -> dict[str, Any]:
    return {"files": [SimpleUploadedFile(name, content + name.encode()) for name in names]}


def test_a_file_that_comes_first_follows_the_document_in_a_write_of_its_own(
    connection: Connection, in_acme: Actors
) -> None:
    activated(connection, in_acme)
    document = receive_document(connection=connection, body=sale(connection)).document
    add_files(document=document, files=[Brought("receipt.pdf", PDF)])
    assert [each.text for each in states_of(document)] == ["Goes to the ledger after the document."]
    map_document(connection.tenant_id, document.pk)
    made, file = Posting.objects.get(resource="invoices", operation="create"), Posting.objects.get(operation="attach")
    assert (file.resource, file.depends_on, file.body["external_id"]) == ("invoices", made, {"posting": str(made.pk)})
    assert PDF.decode() not in str(file.body)
    document.refresh_from_db()
    assert [posting.pk for posting in request_files(document)] == [file.pk]
    assert [each.code for each in states_of(document)] == ["sending"]


def test_mapped_again_the_file_follows_the_new_write(mapped: SourceDocument) -> None:
    from mappings.services.mapping import map_again

    add_files(document=mapped, files=[Brought("receipt.pdf", PDF)])
    (first,) = request_files(mapped)
    cancel_posting(Posting.objects.get(resource="invoices", operation="create"))
    first.refresh_from_db()
    assert first.status == "cancelled"
    map_again(mapped)
    map_document(mapped.tenant_id, mapped.pk)
    second = Posting.objects.exclude(status="cancelled").get(operation="attach")
    assert second.depends_on == Posting.objects.exclude(status="cancelled").get(resource="invoices", operation="create")


def test_a_refused_file_leaves_the_document_posted(mapped: SourceDocument) -> None:
    from mappings.services.journey import state_of

    add_files(document=mapped, files=[Brought("receipt.pdf", PDF)])
    (file,) = request_files(mapped)
    Posting.objects.exclude(pk=file.pk).update(status="posted", external_id="7")
    Posting.objects.filter(pk=file.pk).update(status="rejected", error={"message": "Too large."})
    assert state_of(mapped) == "posted"
    assert [each.text for each in states_of(mapped)] == ["Not in the ledger: Too large."]


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("run.exe", b"MZ", "of a kind that is not kept"),
        ("noending", PDF, "of a kind that is not kept"),
        ("receipt.pdf", b"MZ\x90", "not what its name says"),
        ("table.csv", b"PK\x03\x04", "not what its name says"),
        ("empty.pdf", b"", "is empty"),
        ("big.pdf", b"%PDF" + b"0" * 10_000_000, "larger than 10 MB"),
    ],
)
def test_what_is_no_receipt_is_refused_with_the_reason(name: str, content: bytes, why: str) -> None:
    from django.core.exceptions import ValidationError

    with pytest.raises(ValidationError, match=why):
        check(Brought(name, content))


def test_the_page_takes_several_files_at_once_and_shows_where_each_is(
    mapped: SourceDocument, acme: Actors, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    editor = acme.client("editor")
    with django_capture_on_commit_callbacks() as bells:
        editor.post(_address(mapped, "files"), _chosen("a.pdf", "b.pdf"))
    assert len(bells) == 2
    text = editor.get(reverse("admin:mappings_sourcedocument_change", args=[mapped.pk])).content.decode()
    assert all(each in text for each in ("a.pdf", "b.pdf", "On its way to the ledger."))
    # Once more, and under another name: the same files.
    editor.post(_address(mapped, "files"), _chosen("a.pdf"))
    assert KeptFile.objects.count() == 2
    file = KeptFile.objects.get(name="a.pdf")
    answer = editor.get(_address(mapped, "file", file.pk))
    assert (answer.content, answer["X-Content-Type-Options"]) == (PDF + b"a.pdf", "nosniff")
    assert answer["Content-Disposition"] == 'attachment; filename="a.pdf"'


def test_one_bad_file_keeps_all_of_them_out(mapped: SourceDocument, acme: Actors) -> None:
    files = {"files": [SimpleUploadedFile("a.pdf", PDF), SimpleUploadedFile("b.pdf", b"MZ")]}
    answer = acme.client("editor").post(_address(mapped, "files"), files, follow=True)
    assert "b.pdf is not what its name says" in answer.content.decode()
    assert not KeptFile.objects.exists()
    many = _chosen(*[f"{number}.pdf" for number in range(MOST_FILES + 1)])
    assert (
        "at most 10 files" in acme.client("editor").post(_address(mapped, "files"), many, follow=True).content.decode()
    )
    assert not KeptFile.objects.exists()


def test_files_of_one_name_get_numbers(mapped: SourceDocument) -> None:
    add_files(document=mapped, files=[Brought("r.pdf", PDF), Brought("../x/R.pdf", PDF + b"2"), Brought("r.pdf", PDF)])
    assert list(KeptFile.objects.order_by("id").values_list("name", flat=True)) == ["r.pdf", "R (2).pdf"]


def test_a_file_is_taken_back_until_it_has_gone(mapped: SourceDocument, acme: Actors) -> None:
    editor = acme.client("editor")
    editor.post(_address(mapped, "files"), _chosen("a.pdf", "b.pdf"))
    gone, there = KeptFile.objects.order_by("name")
    Posting.objects.filter(origin_id=there.pk).update(status="posted", external_id="7")
    for file in (gone, there):
        answer = editor.post(_address(mapped, "file_remove", file.pk), follow=True)
    assert "is in the ledger, or on its way" in answer.content.decode()
    assert list(KeptFile.objects.all()) == [there]
    assert Posting.objects.get(origin_id=gone.pk).status == "cancelled"


def test_who_may_not_submit_adds_nothing_and_support_sees_no_name(mapped: SourceDocument, acme: Actors) -> None:
    add_files(document=mapped, files=[Brought("Zanzibar invoice.pdf", PDF)])
    file = KeptFile.objects.get()
    for role in ("auditor", "support"):
        assert acme.client(role).post(_address(mapped, "files"), _chosen("a.pdf")).status_code == 403
    page = reverse("admin:mappings_sourcedocument_change", args=[mapped.pk])
    assert "Zanzibar" not in acme.client("support").get(page).content.decode()
    assert acme.client("support").get(_address(mapped, "file", file.pk)).status_code == 403
    assert "Zanzibar" in acme.client("auditor").get(page).content.decode()


def test_another_tenants_files_do_not_exist(mapped: SourceDocument, acme: Actors, rival: Actors) -> None:
    add_files(document=mapped, files=[Brought("a.pdf", PDF)])
    file = KeptFile.objects.get()
    stranger = rival.client("owner")
    assert stranger.get(_address(mapped, "file", file.pk)).status_code == 404
    assert stranger.post(_address(mapped, "files"), _chosen("b.pdf")).status_code == 404
    assert stranger.post(_address(mapped, "file_remove", file.pk)).status_code == 404
    with tenant_scope(rival.tenant.pk):
        assert not KeptFile.objects.exists()
        shop = _partner(rival, ["source-documents:read", "source-documents:write"])
    address = f"/api/v1/source-documents/{mapped.pk}/files"
    assert shop.get(address).status_code == 404
    assert shop.post(address, {"file": SimpleUploadedFile("b.pdf", PDF)}).status_code == 404
    assert shop.get(f"{address}/{file.pk}/content").status_code == 404


@pytest.fixture
def shop(acme: Actors) -> Client:
    """A partner application that brings documents."""
    return _partner(acme, ["source-documents:read", "source-documents:write"])


def test_the_api_takes_a_form_or_base64_and_the_same_once(mapped: SourceDocument, shop: Client) -> None:
    address = f"/api/v1/source-documents/{mapped.pk}/files"
    first = shop.post(address, {"file": SimpleUploadedFile("a.pdf", PDF)})
    told = {"name": "again.pdf", "content": b64encode(PDF).decode()}
    again = shop.post(address, told, content_type="application/json")
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json()["id"] == again.json()["id"]
    assert (first.json()["state"], first.json()["size"]) == ("sending", len(PDF))
    (listed,) = shop.get(address).json()
    assert listed["posting"] == str(Posting.objects.get(operation="attach").pk)
    assert shop.get(f"{address}/{listed['id']}/content").content == PDF
    assert shop.delete(f"{address}/{listed['id']}").status_code == 204
    assert shop.get(address).json() == []


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({"name": "a.pdf", "content": "§"}, 400, "content"),
        ({"name": "a.pdf"}, 400, "content"),
        ({"content": "QUJD"}, 400, "name"),
        ({"name": "a.exe", "content": "QUJD"}, 422, ""),
    ],
)
def test_the_api_says_what_is_wrong(
    mapped: SourceDocument, shop: Client, body: dict[str, str], status: int, field: str
) -> None:
    answer = shop.post(f"/api/v1/source-documents/{mapped.pk}/files", body, content_type="application/json")
    assert answer.status_code == status
    assert not field or field in answer.json()["errors"]


def test_a_connection_that_is_not_written_to_keeps_the_file(mapped: SourceDocument, acme: Actors) -> None:
    from integrations.models import ResourcePolicy

    ResourcePolicy.objects.create(
        tenant_id=mapped.tenant_id, connection=mapped.connection, resource="invoices", direction="read"
    )
    answer = acme.client("editor").post(_address(mapped, "files"), _chosen("a.pdf"), follow=True)
    assert "its files stay here until it is" in answer.content.decode()
    assert KeptFile.objects.get().name == "a.pdf"
    ResourcePolicy.objects.all().delete()
    acme.client("editor").post(_address(mapped, "files_send"))
    assert Posting.objects.filter(operation="attach").exists()
