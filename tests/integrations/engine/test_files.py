"""Files of records: one call or several, lists, downloads from the ledger or from where it keeps them."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import httpx
import pytest

from integrations.engine.errors import ConfigurationError, RejectedError
from integrations.engine.manifest import ManifestError
from integrations.engine.manifest_files import files
from integrations.engine.results import Attachment
from integrations.engine.sections import Section
from tests.integrations.engine.company import Company, said
from tests.integrations.engine.test_writing import API, Quarry

ENTRY = {"Id": "7", "FileName": "receipt.pdf", "ContentType": "application/pdf", "Size": 4}
PDF: dict[str, Any] = {"file_name": "receipt.pdf", "content_type": "application/pdf", "content": b"%PDF", "key": "k"}


def test_the_files_of_a_record_are_listed() -> None:
    company = Company([{"QueryResponse": {"Attachable": [ENTRY]}}])
    assert company.ledger.attachments("bills", "95") == [Attachment("7", "receipt.pdf", "application/pdf", 4, ENTRY)]
    assert "AttachableRef.EntityRef.Type = 'Bill' AND AttachableRef.EntityRef.value = '95'" in company.queries[0]
    assert Company([{"QueryResponse": {}}]).ledger.attachments("bills", "95") == []


def test_an_id_cannot_end_a_query() -> None:
    company = Company([])
    with pytest.raises(RejectedError, match="is no id of a record"):
        company.ledger.attachments("bills", "95' OR Id > '0")
    assert company.requests == []


def test_a_file_is_fetched_from_where_the_ledger_keeps_it_without_a_token() -> None:
    link = "https://bucket.s3.amazonaws.com/r.pdf?Signature=s3cret"
    listed = {"QueryResponse": {"Attachable": [{**ENTRY, "TempDownloadUri": link}]}}
    company = Company([listed, httpx.Response(200, content=b"%PDF", headers={"content-type": "application/pdf"})])
    assert company.ledger.download("bills", "95", "7") == b"%PDF"
    assert "Authorization" not in company.requests[1].headers
    assert "s3cret" not in company.recorded.exchanges[1].url


@pytest.mark.parametrize("link", ["https://amazonaws.com.evil.test/r", "http://bucket.s3.amazonaws.com/r", "file:///r"])
def test_a_file_is_fetched_from_nowhere_else(link: str) -> None:
    company = Company([{"QueryResponse": {"Attachable": [{**ENTRY, "TempDownloadUri": link}]}}])
    with pytest.raises(ConfigurationError, match="is no address of QuickBooks"):
        company.ledger.download("bills", "95", "7")


def test_a_file_that_is_gone_is_said_so() -> None:
    with pytest.raises(RejectedError) as caught:
        Company([{"QueryResponse": {}}]).ledger.download("bills", "95", "7")
    assert caught.value.code == "not_found"


def test_an_upload_may_take_two_calls_the_second_with_what_the_first_answered() -> None:
    quarry = Quarry(said({"file": {"key": "f1"}}), httpx.Response(204))
    attached = quarry.ledger.attach("credit_notes", "55", **PDF)
    assert quarry.asked == [("POST", "/eu/files"), ("POST", "/eu/credits/55/files/f1")]
    assert quarry.bodies == [{"name": "receipt.pdf", "data": "JVBERg==", "folder": "credits"}, {"kind": "credit"}]
    assert [request.headers["Request-Key"] for request in quarry.requests] == ["k", "k-2"]
    assert (attached.external_id, attached.size) == ("f1", 4)


def test_a_download_by_path_gives_the_bytes() -> None:
    quarry = Quarry(httpx.Response(200, content=b"\x00\xff", headers={"content-type": "application/octet-stream"}))
    assert quarry.ledger.download("credit_notes", "55", "f1") == b"\x00\xff"
    assert quarry.asked == [("GET", "/eu/files/f1")]
    assert str(quarry.requests[0].url).startswith(API)


LISTED = [{"path": "/{kind}/{id}", "take": {"shelf": "shelf"}},
          {"path": "/shelves/{shelf}", "many": "files", "id": "key", "name": "name"}]  # fmt: skip


def test_files_may_stand_on_a_shelf_that_the_record_names_with_their_bytes_in_the_list() -> None:
    found = raw_upload({"list": LISTED, "download": {"content_path": "data"}})()
    shelf = {"files": [{"key": "f1", "name": "a.txt", "data": "eA=="}, {"key": "f2", "name": "b.txt", "data": "eQ=="}]}
    quarry = Quarry(said({"shelf": "s 1"}), said(shelf), said({"shelf": "s 1"}), said(shelf), said({"shelf": None}))
    quarry.ledger.connector = replace(quarry.ledger.connector, files=found)
    assert [each.external_id for each in quarry.ledger.attachments("bills", "9")] == ["f1", "f2"]
    assert quarry.ledger.download("bills", "9", "f2") == b"y"
    assert quarry.asked[:2] == [("GET", "/Bill/9"), ("GET", "/shelves/s%201")]
    assert quarry.ledger.attachments("bills", "9") == []


SHELVED = [
    {"method": "GET", "path": "/{kind}/{id}", "take": {"shelf": "shelf"}},
    {"when": {"shelf": False}, "path": "/shelves", "body": {"files": ["{base64}"]}, "take": {"made": "key"}},
    {"when": {"shelf": False}, "path": "/{kind}/{id}/{made}"},
    {"when": {"shelf": True}, "method": "PATCH", "path": "/shelves/{shelf}", "body": {"files": ["{base64}"]}},
]


@pytest.mark.parametrize(
    ("shelf", "paths"),
    [
        (None, [("GET", "/Bill/9"), ("POST", "/shelves"), ("POST", "/Bill/9/s2")]),
        ("s1", [("GET", "/Bill/9"), ("PATCH", "/shelves/s1")]),
    ],
)
def test_a_file_goes_to_the_shelf_that_is_there_or_a_new_one_is_made(shelf: Any, paths: list[tuple[str, str]]) -> None:
    found = raw_upload({"style": "base64", "upload": SHELVED, "list": LISTED, "answer": "files.-1"})()
    quarry = Quarry(said({"shelf": shelf}), said({"key": "s2", "files": [{"key": "f1"}, {"key": "f2"}]}), said({}))
    quarry.ledger.connector = replace(quarry.ledger.connector, files=found)
    assert quarry.ledger.attach("bills", "9", **PDF).external_id == "f2"
    assert quarry.asked == paths
    assert quarry.bodies[1] == {"files": ["JVBERg=="]}


def raw_upload(section: dict[str, Any]) -> Callable[..., Any]:
    declared = {"max_bytes": 10, "kinds": {"bills": "Bill"}, "style": "raw", **section}
    return lambda: files(Section.of("manifest", {"attachments": declared}, "x/manifest.yaml"))


@pytest.mark.parametrize(
    ("declared", "expected"),
    [
        ({"style": "multipart", "upload": {"path": "/u"}}, "part is missing"),
        ({"style": "raw", "upload": {"path": "/u/{nobody}"}}, "unknown places nobody"),
        ({"style": "heap", "upload": {"path": "/u"}}, "'heap' is unknown, expected one of base64, multipart, raw"),
        ({"download": {}}, "expected either path or url_path"),
        ({"download": {"url_path": "Url"}}, "needs a list"),
    ],
)
def test_a_mistake_in_the_declaration_says_where(declared: dict[str, Any], expected: str) -> None:
    with pytest.raises(ManifestError, match=expected):
        raw_upload(declared)()


def test_raw_bytes_are_sent_as_they_are() -> None:
    found = raw_upload({"style": "raw", "upload": {"method": "PUT", "path": "/{kind}/{id}/Attachments/{file_name}"}})()
    quarry = Quarry(said({}))
    quarry.ledger.connector = replace(quarry.ledger.connector, files=found)
    quarry.ledger.attach("bills", "9", **PDF)
    assert quarry.asked == [("PUT", "/Bill/9/Attachments/receipt.pdf")]
    assert quarry.requests[0].content == b"%PDF"
    assert quarry.requests[0].headers["Content-Type"] == "application/pdf"
