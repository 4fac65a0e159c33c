"""Attachments: base64 files in, the same files out, and documents that name them."""

import base64
from typing import Any

import pytest

from tests.sandbox.sage_intacct.bookkeeping import BILL, Keeper, company, within

ATTACHMENT = "company-config/attachment"
FOLDER = "company-config/folder"
DATA = base64.b64encode(b"%PDF-1.4 a bill").decode()


@pytest.fixture
def keeper() -> Keeper:
    """A UK company."""
    return company()


def an_attachment(**more: Any) -> dict[str, Any]:
    return {"id": "att-02", "name": "Bill pdf", "folder": {"id": "Documents"},
            "files": [{"name": "bill.pdf", "data": DATA}], **more}  # fmt: skip


def test_an_attachment_is_read_as_it_was_written(keeper: Keeper) -> None:
    given = an_attachment()
    made = keeper.post(ATTACHMENT, given)
    assert within(given, made) == []
    assert made["files"][0]["size"] == 15
    assert base64.b64decode(keeper.get(ATTACHMENT, made["key"])["files"][0]["data"]) == b"%PDF-1.4 a bill"


def test_a_bill_names_its_attachment(keeper: Keeper) -> None:
    keeper.post(ATTACHMENT, an_attachment())
    given = {"vendor": {"id": "V100"}, "createdDate": "2026-10-01", "dueDate": "2026-10-31",
             "attachment": {"id": "att-02"}, "lines": [{"glAccount": {"id": "6000"}, "txnAmount": "1.00"}]}  # fmt: skip
    made = keeper.post(BILL, given)
    assert made["attachment"]["name"] == "Bill pdf"
    assert keeper.patch(BILL, made["key"], {"attachment": {"id": None}})["attachment"]["id"] is None
    assert "'att-99'" in keeper.refusal(BILL, {**given, "attachment": {"id": "att-99"}}).last.message


def test_files_are_added_and_taken_away(keeper: Keeper) -> None:
    made = keeper.post(ATTACHMENT, an_attachment())
    changed = keeper.patch(ATTACHMENT, made["key"], {"files": [
        {"key": made["files"][0]["key"], "ia::operation": "delete"}, {"name": "b.txt", "data": "YQ=="}]})  # fmt: skip
    assert [(each["name"], each["size"]) for each in changed["files"]] == [("b.txt", 1)]
    assert changed["name"] == "Bill pdf"


def test_ids_are_unique_or_made(keeper: Keeper) -> None:
    keeper.post(ATTACHMENT, an_attachment())
    assert "Another record with the value 'att-02'" in keeper.refusal(ATTACHMENT, an_attachment()).last.message
    first, second = (keeper.post(ATTACHMENT, an_attachment(id=None))["id"] for _ in range(2))
    assert first != second


def test_what_is_missing_or_no_base64_is_refused(keeper: Keeper) -> None:
    assert "folder" in keeper.refusal(ATTACHMENT, an_attachment(folder=None)).last.message
    assert "file" in keeper.refusal(ATTACHMENT, an_attachment(files=[])).last.message
    wrong = an_attachment(files=[{"name": "a.pdf", "data": "not base64!"}])
    assert "base64" in keeper.refusal(ATTACHMENT, wrong).last.message


def test_a_folder_is_made_and_filled(keeper: Keeper) -> None:
    made = keeper.post(FOLDER, {"id": "2026 Bills", "description": "all of them", "status": "active"})
    assert (made["id"], made["description"], made["status"]) == ("2026 Bills", "all of them", "active")
    filed = keeper.post(ATTACHMENT, an_attachment(folder={"key": made["key"]}))
    assert filed["folder"]["id"] == "2026 Bills"
    assert "Another record" in keeper.refusal(FOLDER, {"id": "2026 bills"}).last.message
