"""The workbench of bank lines under a person's hands: two hundred lines cleared by keyboard alone, and the odd ones."""

import re
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from django.urls import reverse
from playwright.sync_api import Browser, Locator, Page, expect

from reconciliation.models import BankAccount, BankLine, BankRule, Decision, Match, MatchEntry, Proposal
from tenants.rls import tenant_scope
from tests.browser.mapping import Hands, picture, sit_down
from tests.conftest import Actors
from tests.reconciliation.factories import (
    bank_account_of,
    connection_of,
    line_of,
    matched,
    paid_invoice,
    proposal_of,
    record_of,
)

pytestmark = [pytest.mark.browser, pytest.mark.integration, pytest.mark.usefixtures("alone")]

LINES = 200
ACTIONS_PER_LINE = 1.2
WORKBENCH = reverse("admin:reconciliation_workbench")


@pytest.fixture
def account(acme: Actors) -> BankAccount:
    with tenant_scope(acme.tenant.pk):
        return bank_account_of(connection_of(acme.tenant, name="Acme books"))


def _paid(account: BankAccount, count: int) -> dict[UUID, UUID]:
    """So many invoices, each paid by a bank line that cites it, and matched → line: invoice."""
    with tenant_scope(account.tenant_id):
        pairs = [paid_invoice(account, f"{100 + number}.{number % 100:02d}") for number in range(count)]
        matched(account.connection)
        return {line.pk: invoice.pk for line, invoice in pairs}


def _focused(page: Page) -> Locator:
    return page.locator("[data-card]:focus")


def _look_around(page: Page) -> None:
    """j past the last question of a page opens the next page, k before its first one goes back to where it was."""
    page.locator("#card-24").focus()
    page.keyboard.press("j")
    expect(page.get_by_text("Page 2 of 8")).to_be_visible()
    expect(_focused(page)).to_have_id("card-0")
    page.keyboard.press("k")
    expect(page.get_by_text("Page 1 of 8")).to_be_visible()
    expect(_focused(page)).to_have_id("card-24")
    expect(page.locator(".board-progress")).to_be_in_viewport()


def _done(page: Page, count: int, of: int = LINES) -> None:
    page.locator(".board-progress p", has_text=re.compile(rf"^{count} of {of} lines done")).wait_for()


def _live(account: BankAccount) -> dict[UUID, UUID]:
    """What is matched in the database now → line: record."""
    with tenant_scope(account.tenant_id):
        rows = MatchEntry.objects.filter(match__in=Match.objects.live())
        return dict(rows.values_list("bank_line", "record"))


def test_two_hundred_lines_by_keyboard_alone(
    live_server: Any, browser: Browser, acme: Actors, account: BankAccount
) -> None:
    truth = _paid(account, LINES)
    page, complaints = sit_down(browser, live_server.url, acme.client("approver"))
    page.goto(live_server.url + WORKBENCH)
    _done(page, 0)
    _look_around(page)
    picture(page, "reconcile-200")

    page.goto(live_server.url + WORKBENCH)
    hands = Hands(page)
    for count in range(1, 31):
        _approve_one(hands, count)
    before = _live(account)
    hands.press("u")
    _done(page, 29)
    after = _live(account)
    assert len(before.items() - after.items()) == 1
    assert after.items() < before.items()
    for key in ("j", "k"):
        hands.press(key)
        expect(_focused(page)).to_have_count(1)
    for count in range(30, LINES + 1):
        _approve_one(hands, count)
    expect(page.get_by_role("heading", name="All done")).to_be_visible()
    picture(page, "reconcile-done")

    assert _live(account) == truth
    with tenant_scope(acme.tenant.pk):
        assert set(BankLine.objects.values_list("status", flat=True)) == {BankLine.Status.MATCHED}
        matches = Match.objects.live()
        assert matches.filter(status=Match.Status.APPROVED, approved_by=acme.approver).count() == LINES
        assert Match.objects.exclude(pk__in=matches).count() == 1
    each = hands.keys / LINES
    print(hands.report("reconcile-200", [f"{hands.keys} keys for {LINES} lines, one undone: {each:.2f} each"]))  # noqa: T201
    assert each <= ACTIONS_PER_LINE
    assert not complaints


def _approve_one(hands: Hands, count: int) -> None:
    """One key; the next question has moved into the focus."""
    with hands.timed("approve"):
        hands.press("a")
        _done(hands.page, count)
    if count < LINES:
        assert _focused(hands.page).count() == 1


def test_the_next_explanation_and_a_rejection_by_keyboard(
    live_server: Any, browser: Browser, acme: Actors, account: BankAccount
) -> None:
    with tenant_scope(acme.tenant.pk):
        invoices = [record_of(account.connection, "invoices", "840.00", contact="Ashford Ltd") for _ in range(2)]
        twofold = line_of(account, "840.00", description="ASHFORD LTD", counterparty="ASHFORD LTD")
        wrong, _ = paid_invoice(account, "310.00")
        matched(account.connection)
        shown = proposal_of(twofold).entries.get().record
        (other,) = (invoice for invoice in invoices if invoice != shown)
    page, complaints = sit_down(browser, live_server.url, acme.client("approver"))
    hands = Hands(page)
    page.goto(live_server.url + WORKBENCH + "?sort=largest")
    _done(page, 0, of=2)
    expect(_focused(page)).to_contain_text(shown.number)
    hands.press("n")
    expect(_focused(page)).to_contain_text("2 of 2 explanations")
    expect(_focused(page).get_by_role("link", name=other.number, exact=True)).to_be_visible()
    picture(page, "reconcile-explanation")
    hands.press("n")
    expect(_focused(page)).to_contain_text("1 of 2 explanations")
    hands.press("n")
    hands.press("a")
    _done(page, 1, of=2)
    assert _live(account) == {twofold.pk: other.pk}

    hands.press("x")
    expect(page.locator("input[name=reason]:focus")).to_have_count(1)
    hands.write("jk")
    hands.press("Escape")
    expect(_focused(page)).to_contain_text("310.00")
    hands.press("x")
    expect(page.locator("input[name=reason]:focus")).to_have_value("jk")
    hands.press("Control+a")
    hands.write("Paid in cash")
    picture(page, "reconcile-reject")
    hands.press("Enter")
    expect(page.locator("[data-said]")).to_contain_text("Rejected: this combination is not proposed again.")
    with tenant_scope(acme.tenant.pk):
        wrong.refresh_from_db()
        assert wrong.status == BankLine.Status.UNMATCHED
        assert Decision.objects.get(kind=Decision.Kind.REJECT).reason == "Paid in cash"
    hands.press("u")
    expect(_focused(page)).to_contain_text("310.00")
    with tenant_scope(acme.tenant.pk):
        assert proposal_of(wrong).status == Proposal.Status.OPEN

    assert not complaints


def test_a_line_without_a_proposal_is_found_by_hand_by_key(
    live_server: Any, browser: Browser, acme: Actors, account: BankAccount
) -> None:
    with tenant_scope(acme.tenant.pk):
        unknown = line_of(account, "-17.35", description="no words", counterparty="Bank charges")
        for amount, number in (("10.00", "K-1"), ("5.00", "K-2")):
            record_of(account.connection, "bills", amount, contact="Kiosk", number=number)
    page, complaints = sit_down(browser, live_server.url, acme.client("editor"))
    page.goto(live_server.url + WORKBENCH + "?show=unmatched")
    expect(_focused(page)).to_contain_text("no words")
    with page.expect_navigation():
        page.keyboard.press("f")
    assert page.url.endswith(reverse("admin:reconciliation_bankline_find", args=[unknown.pk]))
    page.get_by_label("Bill K-1").check()
    page.get_by_label("Search the books").fill("k-2")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    # What was chosen is still chosen, and counted.
    expect(page.locator("[data-difference]")).to_have_text("-7.35")
    page.get_by_label("Bill K-2").check()
    expect(page.locator("[data-chosen]")).to_have_text("-15.00")
    expect(page.locator("[data-difference]")).to_have_text("-2.35")
    page.goto(live_server.url + WORKBENCH + "?show=unmatched")
    expect(_focused(page)).to_contain_text("no words")
    with page.expect_navigation():
        page.keyboard.press("r")
    expect(page.locator("input[name=counterparty]")).to_have_value("Bank charges")
    assert not complaints


def test_a_payment_short_by_a_fee_is_settled_in_full_with_three_keys(
    live_server: Any, browser: Browser, acme: Actors, account: BankAccount
) -> None:
    with tenant_scope(acme.tenant.pk):
        invoice = record_of(account.connection, "invoices", "600.00", contact="Ashford Ltd", number="INV-7701")
        other = record_of(account.connection, "invoices", "75.00", contact="Elsewhere", number="INV-8802")
        line = line_of(account, "592.50", description="INV-7701", counterparty="Ashford Ltd")
        write_off = {"name": "Bank charges", "text": "fee", "most": 20, "outcome": "write_off", "is_active": True}
        write_off |= {"external_account_id": "77", "external_account_name": "Bank charges"}
        BankRule.objects.create(tenant_id=account.tenant_id, connection=account.connection, **write_off)
        matched(account.connection)
    page, complaints = sit_down(browser, live_server.url, acme.client("editor"))
    hands = Hands(page)
    page.goto(live_server.url + WORKBENCH)
    expect(_focused(page)).to_contain_text("Short by a fee")
    with page.expect_navigation():
        hands.press("d")
    expect(page.locator("[data-rest]")).to_have_text("0.00")
    expect(page.locator("select").nth(1)).to_contain_text("Bank charges")
    picture(page, "reconcile-settled")
    page.get_by_label("Search the books").fill(other.number)
    with page.expect_navigation():
        page.keyboard.press("Enter")
    expect(page.locator("select").first).to_have_value(f"record:{invoice.pk}")
    expect(page.locator("select").first).to_contain_text("INV-8802")
    page.get_by_label("Amount of this part").first.focus()
    with page.expect_navigation():
        page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="2 parts")).to_be_visible()
    with tenant_scope(acme.tenant.pk):
        assert sorted(line.parts.values_list("amount", flat=True)) == [Decimal("-7.50"), Decimal(600)]
    assert not complaints


def test_bulk_approval_by_keyboard_shows_money_and_mistakes_first(
    live_server: Any, browser: Browser, acme: Actors, account: BankAccount
) -> None:
    sure = dict(list(_paid(account, 10).items())[:6])
    with tenant_scope(acme.tenant.pk):
        Proposal.objects.update(confidence="0.93")
        Proposal.objects.filter(lead__in=sure).update(confidence="0.995")
        money = sum(BankLine.objects.filter(pk__in=sure).values_list("amount", flat=True), Decimal(0))
    page, complaints = sit_down(browser, live_server.url, acme.client("approver"))
    hands = Hands(page)
    page.goto(live_server.url + WORKBENCH)
    _done(page, 0, of=10)
    with page.expect_navigation():
        hands.press("b")
    risk = (money * Decimal("0.005")).quantize(Decimal("0.01"))
    told = {
        "Proposals": "6",
        "Money": f"{money:,.2f} GBP",
        "Mistakes to expect": "0.03 of 6",
        "Money in mistakes to expect": f"{risk} GBP",
        "Payments posted to the ledger": "6",
    }
    for what, figure in told.items():
        fact = page.locator("dl.facts > div", has=page.get_by_text(what, exact=True))
        expect(fact.locator("dd")).to_have_text(figure)
    expect(page.locator("select[name=confidence]")).to_be_focused()
    assert _live(account) == {}
    picture(page, "reconcile-bulk")
    hands.press("Tab")
    hands.press("Tab")
    expect(page.get_by_role("button", name="Approve these 6")).to_be_focused()
    with page.expect_navigation():
        hands.press("Enter")
    _done(page, 6, of=10)
    assert _live(account) == sure
    assert not complaints


def test_a_line_is_asked_about_given_away_and_split_by_keyboard(
    live_server: Any, browser: Browser, acme: Actors, account: BankAccount
) -> None:
    with tenant_scope(acme.tenant.pk):
        unknown = line_of(account, "970.00", description="collected for two")
        invoice = record_of(account.connection, "invoices", "600.00", contact="Ashford Ltd")
    page, complaints = sit_down(browser, live_server.url, acme.client("editor"))
    hands = Hands(page)
    page.goto(live_server.url + WORKBENCH + "?show=unmatched")
    expect(_focused(page)).to_contain_text("collected for two")
    hands.press("c")
    hands.write("Whose is it?")
    hands.press("Enter")
    expect(_focused(page)).to_contain_text("editor@acme.test")
    expect(_focused(page)).to_contain_text("Whose is it?")
    hands.press("g")
    hands.write("a")
    hands.press("Tab")
    hands.press("Enter")
    expect(_focused(page)).to_contain_text("with approver@acme.test")
    picture(page, "reconcile-asked")

    with page.expect_navigation():
        hands.press("s")
    expect(page.locator("[data-rest]")).to_have_text("970.00")
    expect(page.get_by_role("button", name="Split")).to_be_disabled()
    page.locator("select").first.select_option(f"record:{invoice.pk}")
    expect(page.locator("[data-rest]")).to_have_text("370.00")
    page.get_by_role("button", name="takes the rest").nth(1).click()
    expect(page.locator("[data-rest]")).to_have_text("0.00")
    picture(page, "reconcile-split")
    with page.expect_navigation():
        page.get_by_role("button", name="Split").click()
    expect(page.get_by_role("heading", name="2 parts")).to_be_visible()
    picture(page, "reconcile-parts")
    with tenant_scope(acme.tenant.pk):
        assert sorted(unknown.parts.values_list("amount", flat=True)) == [Decimal(370), Decimal(600)]
    page.goto(live_server.url + WORKBENCH + "?show=unmatched")
    _done(page, 0, of=2)
    hands.press("u")
    _done(page, 0, of=1)
    with tenant_scope(acme.tenant.pk):
        unknown.refresh_from_db()
        assert unknown.status == BankLine.Status.UNMATCHED
    assert not complaints
