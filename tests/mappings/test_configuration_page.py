"""The page of configuration files: downloaded, compared, made into drafts; each role its part, no other tenant."""

import io
import zipfile
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from integrations.models import Connection
from mappings.models import MappingSet
from tenants.rls import tenant_scope
from tests.conftest import Actors
from tests.mappings.test_configuration import CHANGED, books

__all__ = ["books"]
PAGE = "/admin/mappings/mappingset/configuration/"


def upload(name: str, content: bytes | str) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content.encode() if isinstance(content, str) else content)


def archive(**files: str) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as made:
        for name, text in files.items():
            made.writestr(f"folder/{name}.yaml", text)
    return target.getvalue()


def test_what_is_downloaded_says_what_is_in_force_and_comes_back_as_no_change(acme: Actors, books: Connection) -> None:
    auditor, editor = acme.client("auditor"), acme.client("editor")
    first, second = (auditor.get(f"{PAGE}{books.pk}/files.zip").content for _ in range(2))
    assert first == second
    with zipfile.ZipFile(io.BytesIO(first)) as found:
        assert sorted(found.namelist()) == ["connection.yaml", "mappings.yaml", "overrides.yaml"]
    page = editor.post(f"{PAGE}{books.pk}/", {"files": upload("a.zip", first)}).content.decode()
    assert "Nothing differs from what is in force" in page


def test_files_are_compared_and_then_made_into_drafts(acme: Actors, books: Connection) -> None:
    client = acme.client("editor")
    page = client.post(f"{PAGE}{books.pk}/", {"files": upload("a.zip", archive(mappings=CHANGED))}).content.decode()
    assert "3 changes" in page
    assert "4010 Online sales" in page
    with tenant_scope(books.tenant_id):
        assert not MappingSet.objects.open().exists()
    done = client.post(f"{PAGE}{books.pk}/", {"mappings.yaml": CHANGED, "import": "1"}, follow=True)
    assert "is a draft now" in done.content.decode()
    with tenant_scope(books.tenant_id):
        assert MappingSet.objects.open().get().values.count() == 2
        assert MappingSet.objects.active().get().version == 1


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("mappings.yaml", "format: 1\nmappings: 7\n", "mappings.yaml, line 2"),
        ("mappings.yaml", b"format: 1\n\xff\xfe", "line 2: is no UTF-8 text"),
        ("a.zip", b"PK not really", "cannot be read as an archive"),
        ("a.zip", archive(surprise="x"), "Choose an archive"),
        ("other.txt", "x", "is no such file"),
        ("mappings.yaml", "#" * (2 * 1024 * 1024 + 1), "larger than 2 MB"),
    ],
    ids=["wrong", "bytes", "no-zip", "empty-zip", "other", "large"],
)
def test_what_is_wrong_is_told_and_nothing_imported(
    acme: Actors, books: Connection, name: str, content: Any, told: str
) -> None:
    data = {"files": upload(name, content), "import": "1"}
    answer = acme.client("editor").post(f"{PAGE}{books.pk}/", data)
    assert answer.status_code == 422
    assert told in answer.content.decode()
    with tenant_scope(books.tenant_id):
        assert not MappingSet.objects.open().exists()


@pytest.mark.parametrize("role", ["approver", "auditor", "support"])
def test_only_editors_bring_files_in(acme: Actors, books: Connection, role: str) -> None:
    client = acme.client(role)
    assert client.post(f"{PAGE}{books.pk}/", {"mappings.yaml": CHANGED, "import": "1"}).status_code == 403
    page = client.get(f"{PAGE}{books.pk}/").content.decode()
    assert ("Online sales" in page) is (role != "support")
    assert "Compare files" not in page


def test_only_who_manages_connections_sets_their_settings(acme: Actors, books: Connection) -> None:
    text = "format: 1\nledger: quickbooks\norganisation: x\npolicies: {read_only: true}\n"
    data = {"connection.yaml": text, "import": "1", "with_policies": "1"}
    assert acme.client("editor").post(f"{PAGE}{books.pk}/", data).status_code == 403
    acme.client("owner").post(f"{PAGE}{books.pk}/", data)
    with tenant_scope(books.tenant_id):
        assert Connection.objects.get(pk=books.pk).is_read_only


def test_another_tenant_sees_nothing(rival: Actors, books: Connection) -> None:
    client = rival.client("owner")
    assert client.get(f"{PAGE}{books.pk}/").status_code == 404
    assert client.get(f"{PAGE}{books.pk}/files.zip").status_code == 404
    assert client.post(f"{PAGE}{books.pk}/", {"mappings.yaml": CHANGED}).status_code == 404
    assert "No connection yet" in client.get(PAGE).content.decode()
