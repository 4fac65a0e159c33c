"""Decisions under a person's hands: suggestions refused and taken back, filters, duplicates by keyboard, health."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect

from integrations.models import Connection, LedgerRecord
from mappings.models import ContactAlias, DuplicateGroup, RefusedSuggestion, ValueMapping
from mappings.services import cleansing, health
from mappings.services.versions import Word
from tenants.rls import tenant_scope
from tests.browser.mapping import Hands, Meaning, arrive, chart, picture, sit_down
from tests.browser.test_mapping_workbench import _count, connection, screen
from tests.conftest import Actors
from tests.mappings.factories import activated, drafted, record_of

__all__ = ["connection"]
pytestmark = [pytest.mark.browser, pytest.mark.integration, pytest.mark.usefixtures("alone")]


@pytest.fixture
def hands(live_server: Any, browser: Browser, acme: Actors) -> Iterator[Hands]:
    """An editor at a desk; the browser has nothing to complain of in the end."""
    page, complaints = sit_down(browser, live_server.url, acme.client("editor"))
    yield Hands(page)
    assert not complaints


def _row(page: Page, value: str) -> Any:
    return page.locator("tr.word", has=page.get_by_text(value, exact=True))


def _chip(page: Page, value: str) -> Any:
    return _row(page, value).locator(".chip-name")


def test_a_suggestion_is_refused_and_taken_back_by_key_and_by_button(
    live_server: Any, hands: Hands, acme: Actors, connection: Connection
) -> None:
    with tenant_scope(acme.tenant.pk):
        chart(connection)
        arrive(
            connection,
            [Meaning("category", "purchases", "Bank charges", ""), Meaning("category", "purchases", "zz", "")],
        )
    page = hands.page
    page.goto(f"{screen(live_server, connection)}?q=bank")
    expect(_chip(page, "Bank charges")).to_have_text("6010 Bank charges")
    hands.press("Escape")
    page.locator("tr.word input[role=combobox]").first.focus()
    hands.press("Control+Delete")
    expect(page.locator("[data-status]")).to_have_text("Not suggested again: 6010 Bank charges.")
    expect(_row(page, "Bank charges")).not_to_contain_text("6010 Bank charges")
    picture(page, "workbench-refused")
    hands.press("Control+z")
    expect(_chip(page, "Bank charges")).to_have_text("6010 Bank charges")
    _row(page, "Bank charges").get_by_text("Not this").click()
    expect(_row(page, "Bank charges").get_by_text("1 refused")).to_be_visible()
    page.reload()
    expect(_row(page, "Bank charges").get_by_text("1 refused")).to_be_visible()
    expect(_row(page, "Bank charges")).not_to_contain_text("6010 Bank charges")
    with tenant_scope(acme.tenant.pk):
        assert RefusedSuggestion.objects.get().refused_by == acme.editor
    page.locator("tr.word input[role=combobox]").first.focus()
    hands.press("Alt+Delete")
    expect(_chip(page, "Bank charges")).to_have_text("6010 Bank charges")
    with tenant_scope(acme.tenant.pk):
        assert not RefusedSuggestion.objects.exists()
        assert not ValueMapping.objects.exists()


def test_what_is_mapped_teaches_the_values_like_it_without_reloading(
    live_server: Any, hands: Hands, acme: Actors, connection: Connection
) -> None:
    with tenant_scope(acme.tenant.pk):
        chart(connection)
        words = [f"Quokka {place}" for place in ("Rome", "Oslo", "Bern", "Lima")]
        arrive(connection, [Meaning("category", "purchases", word, "") for word in words])
    page = hands.page
    page.goto(screen(live_server, connection))
    expect(_row(page, "Quokka Lima")).to_contain_text("Nothing similar found")
    for place in ("rome", "oslo", "bern"):
        page.locator("[data-find]").fill(place)
        page.locator("[data-find]").press("Enter")
        if place == "rome":
            hands.write("Train journeys")
            expect(hands.option()).to_contain_text("Train journeys")
        else:
            expect(_row(page, f"Quokka {place.title()}").locator(".chip-name")).to_contain_text("Train journeys")
        hands.press("Enter")
        hands.saved()
    page.locator("[data-find]").fill("lima")
    expect(_row(page, "Quokka Lima")).to_contain_text("“quokka” was mapped like this 3 times")
    picture(page, "workbench-learned")


def test_filters_count_what_each_is_about_and_stay_in_sight(
    live_server: Any, hands: Hands, acme: Actors, connection: Connection
) -> None:
    with tenant_scope(acme.tenant.pk):
        chart(connection)
        sales = [Meaning("category", "sales", f"Sold {number:02d}", "") for number in range(30)]
        bought = [
            Meaning("category", "purchases", word, "") for word in ("Named", "Gone", "Other", "Rest", "German only")
        ]
        arrive(connection, [*sales, *bought, Meaning("tax_code", "sales", "VAT", "")])
        rules = {Word("category", "purchases", "Named"): "id-6000", Word("category", "purchases", "Gone"): "id-6030"}
        activated(connection, acme, rules)
        LedgerRecord.objects.filter(external_id="id-6030").update(is_active=False)
        german = Word("category", "purchases", "German only", (("country", "DE"),))
        drafted(connection, acme.editor, {Word("category", "purchases", ""): "id-6010", german: "id-6020"})
        drafted(connection, acme.editor, {Word("category", "purchases", "Other"): "id-6020"})
    page = hands.page
    page.goto(screen(live_server, connection))
    shown = {"all": 36, "unmapped": 32, "default": 2, "rules": 1, "changed": 1, "unfit": 1, "waiting": 0}
    for name, number in shown.items():
        expect(_count(page, name)).to_have_text(str(number))
    for place, number in enumerate(shown.values(), start=1):
        page.locator("tr.word input[role=combobox]").first.focus()
        hands.press(f"Alt+{place}")
        expect(page.locator("table.words")).to_have_attribute("aria-rowcount", str(number + 1))
        if number == 0:
            page.get_by_role("button", name="Show all").click()
    hands.press("Control+End")
    expect(_count(page, "all")).to_be_in_viewport()
    picture(page, "workbench-filters")


@pytest.fixture
def duplicates(connection: Connection, acme: Actors) -> list[DuplicateGroup]:
    """Three groups of two suppliers each, that look alike."""
    with tenant_scope(acme.tenant.pk):
        for number, name in enumerate(("Kowalski Printing", "Blue Harbour Foods", "Northwind Traders")):
            for place, form in enumerate((f"{name} Ltd", f"{name} Limited")):
                unified = {"contact_type": "vendor", "email": f"post@{name.split()[0].lower()}.example"}
                external_id = f"v{number}{place}"
                record_of(connection, "contacts", external_id, form, kind="vendor", unified=unified)
        cleansing.find_duplicates(connection)
        return list(DuplicateGroup.objects.order_by("id"))


def test_duplicates_are_decided_by_keyboard_alone(
    live_server: Any, hands: Hands, acme: Actors, connection: Connection, duplicates: list[DuplicateGroup]
) -> None:
    assert len(duplicates) == 3
    page, url = hands.page, f"{live_server.url}{reverse('admin:mappings_duplicategroup_changelist')}"
    page.goto(url)
    picture(page, "duplicates-keyboard")
    expect(page.locator("form[data-group]:focus-within")).to_have_count(1)
    hands.press("j")
    hands.press("k")
    first = page.locator("form[data-group]").first
    hands.press("2")
    expect(first.locator("input[type=radio]").nth(1)).to_be_checked()
    stays = first.locator("input[type=radio]").nth(1).input_value()
    with page.expect_navigation():
        hands.press("m")
    expect(page.locator("form[data-group]")).to_have_count(2)
    with page.expect_navigation():
        hands.press("a")
    expect(page.locator("form[data-group]")).to_have_count(1)
    with tenant_scope(acme.tenant.pk):
        assert sorted(DuplicateGroup.objects.values_list("status", flat=True)) == ["apart", "merged", "open"]
        assert set(ContactAlias.objects.values_list("target_external_id", flat=True)) == {stays}
        assert LedgerRecord.objects.filter(resource="contacts", deleted_at=None).count() == 6
    page.get_by_role("link", name="Merged 1").click()
    with page.expect_navigation():
        page.get_by_role("button", name="Undo").press("Enter")
    with tenant_scope(acme.tenant.pk):
        assert not ContactAlias.objects.exists()


def test_mapping_health_is_one_click_from_the_connection(
    live_server: Any, hands: Hands, acme: Actors, connection: Connection
) -> None:
    with tenant_scope(acme.tenant.pk):
        chart(connection)
        Connection.objects.filter(pk=connection.pk).update(last_success_at=timezone.now())
        connection.refresh_from_db()
        arrive(connection, [Meaning("category", "purchases", word, "") for word in ("Named", "Fuel")])
        activated(connection, acme, {Word("category", "purchases", "Fuel"): "id-6160"})
        assert health.look(connection) == 0
        LedgerRecord.objects.filter(external_id="id-6160").update(is_active=False)
        assert health.look(connection) == 1
    page = hands.page
    page.goto(f"{live_server.url}{reverse('admin:integrations_connection_change', args=[connection.pk])}")
    picture(page, "connection-mapping-health")
    page.get_by_role("link", name="Open the mappings").click()
    expect(page.locator("tr.word:focus-within")).to_contain_text("Fuel")
    expect(page.locator("tr.word:focus-within")).to_contain_text("Unhealthy")
