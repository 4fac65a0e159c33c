"""The whole journey, from an empty portal to a reconciled payment and a repaired failure, in a real browser."""

import re
import time
from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.browser import steps
from tests.browser.conftest import Person, Portal, sign_in

pytestmark = [pytest.mark.browser, pytest.mark.integration]


def until(what: Callable[[], Any], *, seconds: float = 60) -> Any:
    """The first true answer of `what`, asked every half second."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if answer := what():
            return answer
        time.sleep(0.5)
    raise AssertionError(f"waited {seconds:.0f} s in vain for {what}")


def _organisation(portal: Portal) -> str:
    found = portal.control("GET", "/_control/organisations")["organisations"]
    return str(next(each["id"] for each in found if each["name"] == "Acme Trading Ltd"))


def _true_books(portal: Portal, resource: str) -> list[dict[str, Any]]:
    path = f"/_control/organisations/{_organisation(portal)}/documents?resource={resource}"
    documents: list[dict[str, Any]] = portal.control("GET", path)["documents"]
    return documents


def _unrecorded(portal: Portal) -> dict[str, Any]:
    """A line that pays one invoice which the ledger still calls open, and whose amount means nothing else."""
    lines = portal.control("GET", f"/_control/organisations/{_organisation(portal)}/bank_lines?truth=1")["bank_lines"]
    amounts = Counter(Decimal(line["amount"]) for line in lines)
    amounts.update(Decimal(str(each["TotalAmt"])) for each in _true_books(portal, "payments"))
    return next(
        line
        for line in lines
        if line["truth"]["kind"] == "unrecorded"
        and line["reference"]
        and len(line["truth"]["ids"]) == 1
        and line["truth"]["ids"][0].startswith("Invoice:")
        and amounts[Decimal(line["amount"])] == 1
    )


def _balance(portal: Portal, line: dict[str, Any]) -> Decimal:
    wanted = line["truth"]["ids"][0].removeprefix("Invoice:")
    invoice = next(each for each in _true_books(portal, "invoices") if each["Id"] == wanted)
    return Decimal(str(invoice["Balance"]))


def _posted(portal: Portal, document: dict[str, Any]) -> Any:
    return until(lambda: (now := steps.document_state(portal, document))["state"] == "posted" and now)


def test_the_whole_journey(portal: Portal, browser: Browser) -> None:
    people = {
        role: sign_in(portal, browser, f"{role}@acme.example") for role in ("owner", "editor", "approver", "auditor")
    }
    steps.connect_a_ledger(people["owner"])
    steps.browse_the_books(people["auditor"])
    document = _document_waits_and_goes_by_itself(portal, people)
    _the_page_tells_its_journey(people["editor"], document)
    _a_bank_line_becomes_a_payment(portal, people)
    _a_lost_answer_is_not_posted_twice(portal, people)
    _a_failed_sync_is_found_and_replayed(portal, people)
    people["owner"].open("/admin/")
    people["owner"].picture("overview")
    _rival_sees_nothing(portal, browser, document)
    complaints = [text for person in people.values() for text in person.complaints]
    assert not complaints, complaints
    books = portal.control("GET", f"/_control/organisations/{_organisation(portal)}/trial_balance")
    assert Decimal(books["difference"]) == 0


def _document_waits_and_goes_by_itself(portal: Portal, people: dict[str, Person]) -> dict[str, Any]:
    document = steps.send_a_sale(portal, "1001")
    until(lambda: steps.document_state(portal, document)["state"] == "waiting")
    steps.map_and_submit(people["editor"])
    steps.approve_the_mapping(people["approver"])
    posted = _posted(portal, document)
    invoices = [each for each in _true_books(portal, "invoices") if each.get("DocNumber") == "WS-1001"]
    assert [each["Id"] for each in invoices] == [posted["ledger_external_id"]]
    assert Decimal(str(invoices[0]["TotalAmt"])) == Decimal("288")
    return document


def _the_page_tells_its_journey(editor: Person, document: dict[str, Any]) -> None:
    page = editor.open(f"/admin/mappings/sourcedocument/{document['id']}/change/")
    for word in ("Received", "Mapped", "Sent", "Ledger's answer"):
        expect(page.get_by_text(word, exact=True).first).to_be_visible()
    expect(page.get_by_text("4010 Subscriptions").first).to_be_visible()
    editor.picture("source-document")


def _a_bank_line_becomes_a_payment(portal: Portal, people: dict[str, Person]) -> None:
    line = _unrecorded(portal)
    before = _balance(portal, line)
    assert before > 0
    steps.upload_the_statement(people["editor"])
    steps.approve_a_payment(people["approver"], line["reference"])
    assert _balance(portal, line) == before - Decimal(line["amount"])
    steps.reverse_the_match(people["approver"])
    until(lambda: _balance(portal, line) == before)


def _a_lost_answer_is_not_posted_twice(portal: Portal, people: dict[str, Person]) -> None:
    fault = {"ledger": "quickbooks", "method": "POST", "path": "/invoice", "times": 1, "action": "drop_after_commit"}
    portal.control("POST", "/_control/faults", fault)
    document = steps.send_a_sale(portal, "1002")
    posted = _posted(portal, document)
    (fault_there,) = portal.control("GET", "/_control/faults")["faults"]
    assert fault_there["hits"] == 1, "the answer was never lost, so this proves nothing"
    twice = [each for each in _true_books(portal, "invoices") if each.get("DocNumber") == "WS-1002"]
    assert [each["Id"] for each in twice] == [posted["ledger_external_id"]]
    portal.control("DELETE", "/_control/faults")


def _a_failed_sync_is_found_and_replayed(portal: Portal, people: dict[str, Person]) -> None:
    owner = people["owner"]
    refused = {"Fault": {"Error": [{"Message": "Permission Denied", "Detail": "Permission Denied", "code": "5020"}],
                         "type": "ValidationFault"}}  # fmt: skip
    fault = {"ledger": "quickbooks", "method": "GET", "action": "status", "status": 403, "body": refused}
    portal.control("POST", "/_control/faults", fault)
    page = owner.open("/admin/integrations/connection/")
    page.locator("a[href*='/integrations/connection/'][href*='/change/']").first.click()
    page.get_by_role("button", name=re.compile("Sync now")).first.click()
    until(lambda: "Failures to look at" in owner.open("/admin/").inner_text("body") and _failures(owner) > 0)
    page.get_by_role("link", name=re.compile("See failures")).click()
    owner.picture("failures")
    page.get_by_role("link", name=re.compile("^Sync of")).first.click()
    expect(page.get_by_role("heading", name="The exchange that failed")).to_be_visible()
    expect(page.get_by_text("Permission Denied").first).to_be_visible()
    assert "Bearer ey" not in page.content()
    owner.picture("failed-run")
    portal.control("DELETE", "/_control/faults")
    page.get_by_role("button", name=re.compile("Replay")).first.click()
    until(lambda: owner.open("/admin/") and _failures(owner) == 0)


def _failures(owner: Person) -> int:
    card = owner.page.locator("a", has_text="Failures to look at").first.inner_text()
    return int(re.search(r"\d+", card)[0])  # type: ignore[index]


def _rival_sees_nothing(portal: Portal, browser: Browser, document: dict[str, Any]) -> None:
    rival = sign_in(portal, browser, "owner@rival.example")
    for path in ("/admin/", "/admin/mappings/sourcedocument/", "/admin/integrations/ledgerrecord/"):
        text = rival.open(path).inner_text("body")
        assert "Harbour Books" not in text
        assert "Acme" not in text
    answer = rival.page.goto(f"{portal.url}/admin/mappings/sourcedocument/{document['id']}/change/")
    assert answer is not None
    assert "Harbour Books" not in rival.page.inner_text("body")
