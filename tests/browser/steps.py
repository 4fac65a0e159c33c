"""The steps of the journey, one function each; every step is something a person sees or does."""

import json
import re
from base64 import b64encode
from typing import Any

from playwright.sync_api import Page, expect

from tests.browser.conftest import Person, Portal

PATIENCE = 60_000
BOOKS = {
    "accounts": "Business Current Account",
    "contacts": "",
    "items": "",
    "tax_rates": "20.0% S",
    "invoices": "",
    "bills": "",
    "payments": "",
    "journal_entries": "",
    "bank_transactions": "",
}


def connect_a_ledger(owner: Person) -> None:
    """From the empty overview to a connected company whose first sync has succeeded."""
    page = owner.open("/admin/")
    expect(page.get_by_text("Start by connecting a ledger")).to_be_visible()
    owner.picture("overview-empty")
    page.get_by_role("link", name="Connect a ledger").first.click()
    owner.picture("connect")
    page.get_by_role("button", name="Connect").first.click()
    page.get_by_label("Acme Trading Ltd").check()
    page.get_by_role("button", name="Connect").click()
    page.wait_for_url("**/integrations/connection/*/change/", timeout=PATIENCE)
    expect(page.get_by_role("heading", name="Acme Trading Ltd", exact=True)).to_be_visible()
    owner.picture("first-sync")
    expect(page.get_by_text("Succeeded").first).to_be_visible(timeout=PATIENCE)


def browse_the_books(auditor: Person) -> None:
    """Each kind of record is listed, searched and opened, with its raw form and a way back to the ledger."""
    for resource, wanted in BOOKS.items():
        page = auditor.open(f"/admin/integrations/ledgerrecord/?resource__exact={resource}")
        links = page.locator("#result_list tbody a[href*='/change/']")
        expect(links.first).to_be_visible()
        if wanted:
            page.get_by_placeholder(re.compile("search", re.IGNORECASE)).first.fill(wanted)
            page.keyboard.press("Enter")
            expect(page.locator("#result_list").get_by_text(wanted).first).to_be_visible()
        links.first.click()
        expect(page.get_by_role("heading", name="In the ledger", exact=True)).to_be_visible()
        expect(page.get_by_text("Id in the ledger")).to_be_visible()
        if resource == "invoices":
            auditor.picture("invoice")
            expect(page.get_by_role("link", name=re.compile("Open in QuickBooks"))).to_be_visible()


def partner_token(portal: Portal) -> tuple[dict[str, str], str]:
    """The demo partner's bearer header and the connection it may write to."""
    keys = json.loads((portal.folder / "demo" / "partner.json").read_text())
    basic = b64encode(f"{keys['client_id']}:{keys['client_secret']}".encode()).decode()
    path = keys["token_url"].removeprefix(portal.url)
    _, token = portal.call("POST", path, b"grant_type=client_credentials", Authorization=f"Basic {basic}")
    header = {"Authorization": f"Bearer {token['access_token']}"}
    _, connections = portal.call("GET", "/api/v1/connections", **header)
    return header, connections["results"][0]["id"]


def sale(connection: str, number: str, *, customer: str = "Harbour Books") -> dict[str, Any]:
    """A sale in the web shop's own words: 240.00 net, 20 % tax."""
    line = {"description": "Annual subscription", "category": "subscriptions", "tax_code": "standard"}
    return {
        "connection": connection, "source": "web-shop", "external_id": f"order-{number}", "kind": "sale",
        "number": f"WS-{number}", "issued_on": "2026-11-20", "due_on": "2026-12-20", "currency": "GBP",
        "tax_mode": "exclusive", "counterparty": {"name": customer},
        "lines": [line | {"quantity": "1", "unit_price": "240.00", "amount": "240.00"}],
        "tax_total": "48.00", "total": "288.00",
    }  # fmt: skip


def send_a_sale(portal: Portal, number: str) -> dict[str, Any]:
    """A partner posts a document; sending it again gives the same one."""
    header, connection = partner_token(portal)
    body = sale(connection, number)
    status, document = portal.call("POST", "/api/v1/source-documents", body, **header)
    assert status in {200, 201, 202}
    again = portal.call("POST", "/api/v1/source-documents", body, **header)[1]
    assert again["id"] == document["id"]
    return dict(document)


def document_state(portal: Portal, document: dict[str, Any]) -> dict[str, Any]:
    """The document as the partner sees it now."""
    header, _ = partner_token(portal)
    return dict(portal.call("GET", f"/api/v1/source-documents/{document['id']}", **header)[1])


def map_and_submit(editor: Person) -> None:
    """The editor maps the category by its suggestion and the tax code by search, and asks for approval."""
    page = editor.open("/admin/mappings/mappingset/workbench/")
    expect(page.get_by_role("link", name="1 waits").first).to_be_visible()
    editor.picture("mappings")
    _choose(page, "Categories", "4010", re.compile("4010"))
    _choose(page, "Tax codes", "20.0% S", re.compile("20.0% S"))
    page.locator("[name=comment]").first.fill("The web shop's words")
    page.get_by_role("button", name="Submit for approval").click()
    expect(page.get_by_text("another person must approve")).to_be_visible()
    expect(page.get_by_role("button", name="Approve and activate")).to_have_count(0)


def _choose(page: Page, tab: str, typed: str, option: re.Pattern[str]) -> None:
    page.locator("[data-workbench]").get_by_role("link", name=tab).first.click()
    box = page.locator("[data-word] input[role=combobox]").first
    box.click()
    box.press_sequentially(typed, delay=20)
    page.get_by_role("option", name=option).first.click()
    expect(page.get_by_text("Saved in the draft.")).to_be_visible()


def approve_the_mapping(approver: Person) -> None:
    """A second person sees what it sets free, and activates it."""
    page = approver.open("/admin/mappings/mappingset/workbench/")
    expect(page.get_by_text("waiting document").first).to_be_visible()
    approver.picture("mapping-approval")
    page.get_by_role("button", name="Approve and activate").click()
    expect(page.get_by_text("is active").first).to_be_visible()


def upload_the_statement(editor: Person) -> None:
    """The bank's file is previewed, imported and matched."""
    page = editor.open("/admin/reconciliation/statementimport/add/")
    page.locator("input[type=file]").set_input_files(editor.portal.folder / "demo" / "acme-statement.csv")
    page.get_by_role("button", name="Preview").click()
    editor.picture("statement-preview")
    page.get_by_role("button", name=re.compile("Import 240 lines")).click()
    expect(page.get_by_text("To decide").first).to_be_visible(timeout=PATIENCE)
    # The board says that it matches, and comes back by itself with what was found.
    editor.open("/admin/reconciliation/bankline/workbench/")
    expect(page.locator("[data-card]").first).to_be_visible(timeout=PATIENCE)


def approve_a_payment(approver: Person, reference: str) -> None:
    """The button says what it will do; the payment reaches the ledger and its page shows the way there."""
    page = approver.open(f"/admin/reconciliation/bankline/workbench/?show=proposed&q={reference}")
    approver.picture("reconciliation")
    page.get_by_role("button", name=re.compile("Approve: post a payment")).first.click()
    expect(page.get_by_text("on the way to the ledger").first).to_be_visible()
    approver.open(f"/admin/reconciliation/bankline/workbench/?show=matched&q={reference}")
    page.get_by_role("link", name="Journey, undo and reversal").first.click()
    for _ in range(30):
        if page.get_by_role("button", name=re.compile("Reverse")).count():
            break
        page.wait_for_timeout(1000)
        page.reload()
    approver.picture("match-journey")


def reverse_the_match(approver: Person) -> None:
    """After posting, taking it back means reversing it in the ledger."""
    page = approver.page
    reason = page.locator("[name=reason]").first
    if reason.count():
        reason.fill("Paid by another customer")
    page.get_by_role("button", name=re.compile("Reverse")).first.click()
    page.wait_for_load_state("networkidle")
