"""The workbench under a person's hands: 300 values by keyboard alone, and 5,000 values that stay quick."""

from typing import Any

import pytest
from django.urls import reverse
from playwright.sync_api import Browser, Page, expect

from integrations.models import Connection
from mappings.models import MappingSet, ValueMapping
from mappings.services.intake import receive_document
from mappings.services.mapping import map_documents
from tenants.rls import tenant_scope
from tests.browser.mapping import Hands, Meaning, arrive, chart, picture, sit_down, three_hundred
from tests.conftest import Actors
from tests.mappings.factories import connection_of, sale

pytestmark = [pytest.mark.browser, pytest.mark.integration, pytest.mark.usefixtures("alone")]

ACTIONS_PER_VALUE = 1.3


@pytest.fixture
def connection(acme: Actors) -> Connection:
    with tenant_scope(acme.tenant.pk):
        return connection_of(acme.tenant)


def screen(live_server: Any, connection: Connection) -> str:
    return f"{live_server.url}{reverse('admin:mappings_workbench_connection', args=[connection.pk])}"


def _count(page: Page, show: str) -> Any:
    return page.locator(f"[data-show={show}] b")


def _map_one(hands: Hands, truth: dict[tuple[str, str], str]) -> None:
    seen = hands.active()
    side = "sales" if "Sales" in seen["use"] else "purchases"
    code = truth[(side, seen["value"])]
    if seen["chip"].split(" ")[0] != code:
        hands.write(code)
        expect(hands.option()).to_contain_text(code)
    hands.press("Enter")


def test_three_hundred_values_by_keyboard_alone(
    live_server: Any, browser: Browser, acme: Actors, connection: Connection
) -> None:
    with tenant_scope(acme.tenant.pk):
        words = three_hundred(chart(connection))
        arrive(connection, words)
        lines = [{"category": word.value, "tax_code": "", "amount": "1.00"} for word in words if word.side == "sales"]
        total = f"{len(lines)}.00"
        body = sale(connection, tax_mode="none", lines=lines, total=total, tax_total=None)
        document = receive_document(connection=connection, body=body).document
    map_documents(acme.tenant.pk, connection.pk)
    truth = {(word.side, word.value): word.code for word in words}
    assert len(truth) == 300

    page, complaints = sit_down(browser, live_server.url, acme.client("editor"))
    hands = Hands(page)
    page.goto(screen(live_server, connection))
    expect(_count(page, "unmapped")).to_have_text("300")
    picture(page, "workbench-300")
    page.reload()
    hands.press("Control+Enter")
    hands.saved()
    exact = 300 - int(_count(page, "unmapped").inner_text())
    while left := int(_count(page, "unmapped").inner_text()):
        _map_one(hands, truth)
        # The count follows with the next picture; who looked sooner would map one more than there is.
        expect(_count(page, "unmapped")).not_to_have_text(str(left))
    hands.saved()
    hands.press("Control+s")
    expect(page.locator("[data-head] [name=comment]")).to_be_focused()
    hands.write("Shop")
    with page.expect_navigation():
        hands.press("Enter")
    expect(page.get_by_text("another person must approve")).to_be_visible()

    with tenant_scope(acme.tenant.pk):
        mapped = ValueMapping.objects.values_list("side", "value", "target_external_id")
        assert {(side, value): target.removeprefix("id-") for side, value, target in mapped} == truth
    _approve(live_server, browser, acme, connection)
    with tenant_scope(acme.tenant.pk):
        document.refresh_from_db()
        assert document.status == "received"
        assert MappingSet.objects.active().get().approved_by == acme.approver
    each = hands.keys / 300
    print(hands.report("keyboard-300", [f"{hands.keys} keys for 300 values: {each:.2f} each; {exact} were exact"]))  # noqa: T201
    assert each <= ACTIONS_PER_VALUE
    assert not complaints


def _approve(live_server: Any, browser: Browser, acme: Actors, connection: Connection) -> None:
    phone, complaints = sit_down(browser, live_server.url, acme.client("approver"), width=390)
    phone.goto(screen(live_server, connection))
    phone.get_by_text("See the 300 changes").click()
    expect(phone.locator("[data-head] table tbody tr").first).to_be_visible()
    picture(phone, "workbench-approval")
    phone.set_viewport_size({"width": 390, "height": 844})
    with phone.expect_navigation():
        phone.get_by_role("button", name="Approve and activate").click()
    expect(phone.get_by_text("is active").first).to_be_visible()
    assert not complaints


def test_five_thousand_values_stay_quick(
    live_server: Any, browser: Browser, acme: Actors, connection: Connection
) -> None:
    with tenant_scope(acme.tenant.pk):
        chart(connection, extra=9_900)
        near = [f"Cost centre no. {number:05d}" for number in range(4_900)]
        same = [f"Cost centre {number:05d}" for number in range(100)]
        arrive(connection, [Meaning("category", "purchases", value, "") for value in near + same])
    page, complaints = sit_down(browser, live_server.url, acme.client("editor"))
    hands = Hands(page)
    with hands.timed("open"):
        page.goto(screen(live_server, connection))
        expect(_count(page, "unmapped")).to_have_text("5000")
    assert page.locator("tr.word").count() < 60
    with hands.timed("accept 100 exact"):
        hands.press("Control+Enter")
        expect(_count(page, "unmapped")).to_have_text("4900")
    hands.saved()
    _find_assign_undo(hands)
    for key in ("Control+End", "Control+Home", "PageDown"):
        with hands.timed("move"):
            hands.press(key)
            expect(page.locator("tr.word:focus-within")).to_be_visible()
    picture(page, "workbench-5000")
    print(hands.report("workbench-5000", ["5,000 values, 10,000 accounts"]))  # noqa: T201
    assert {what for what, took in hands.seconds.items() if max(took) > 30} == set()
    assert not complaints


def _find_assign_undo(hands: Hands) -> None:
    page = hands.page
    hands.press("/")
    with hands.timed("filter"):
        hands.write("no. 012")
        expect(_count(page, "all")).to_have_text("100")
    hands.press("Enter")
    with hands.timed("search"):
        hands.write("29898")
        expect(hands.option()).to_contain_text("Cost centre 09898")
    with hands.timed("assign"):
        hands.press("Enter")
        expect(_count(page, "unmapped")).to_have_text("99")
    hands.press("Control+a")
    hands.write("Cost centre 00007")
    expect(hands.option()).to_contain_text("20007")
    with hands.timed("assign 100"):
        hands.press("Enter")
        expect(_count(page, "unmapped")).to_have_text("0")
    hands.saved()
    with hands.timed("undo 100"):
        hands.press("Control+z")
        expect(_count(page, "unmapped")).to_have_text("99")
    hands.press("Control+z")
    expect(_count(page, "unmapped")).to_have_text("100")
    hands.press("Control+y")
    hands.saved()
    expect(_count(page, "unmapped")).to_have_text("99")
