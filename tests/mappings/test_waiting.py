"""What waits has one card for each cause, is resolved in place, and is nobody else's to see."""

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from integrations.models import Connection, LedgerRecord
from mappings.models import MappingSet, SourceDocument, ValueMapping
from mappings.services import decisions
from mappings.services.mapping import map_documents
from mappings.services.versions import Word
from mappings.services.waiting import cards_of, piles_of
from tenants.rls import tenant_scope
from tests.conftest import Actors
from tests.mappings.factories import chart_of, connection_of, drafted, received


@pytest.fixture
def connection(in_acme: Actors) -> Connection:
    """A company with a chart and no mappings."""
    found = connection_of(in_acme.tenant)
    chart_of(found)
    return found


def test_each_missing_word_has_one_card_with_count_and_amount(connection: Connection) -> None:
    for number in range(3):
        received(connection, external_id=f"o-{number}")
    cards = cards_of(connection)
    assert {(card.source.value, card.count, card.money) for card in cards} == {
        ("Consulting", 3, "360.00 GBP"),
        ("VAT20", 3, "360.00 GBP"),
    }
    category = next(card for card in cards if card.source.subject == "category")
    assert {choice.record.kind for choice in category.choices} == {"income"}
    assert piles_of(connection) == []


def test_the_number_of_queries_does_not_grow_with_the_words(connection: Connection) -> None:
    def asked() -> int:
        with CaptureQueriesContext(database) as found:
            cards_of(connection)
        return len(found)

    received(connection)
    few = asked()
    for number in range(8):
        line = {"category": f"Word {number}", "tax_code": "VAT20", "amount": "100.00"}
        received(connection, external_id=f"w-{number}", lines=[line])
    assert asked() == few


def test_a_word_is_resolved_in_place_and_its_documents_go_when_that_is_approved(
    connection: Connection, acme: Actors
) -> None:
    document = received(connection)
    page = reverse("admin:mappings_waiting_connection", args=[connection.pk])
    client = acme.client("editor")
    assert "120.00 GBP" in client.get(page).content.decode()
    for card in cards_of(connection):
        record = "3" if card.source.subject == "category" else "20"
        sent = {"word": str(card.source.pk), "record": record}
        assert client.post(reverse("admin:mappings_resolve", args=[connection.pk]), sent).status_code == 302
    assert ValueMapping.objects.count() == 2
    assert "In the draft it means" in client.get(page).content.decode()
    draft = MappingSet.objects.get()
    decisions.submit(mapping_set=draft, by=acme.editor, comment="Words")
    decisions.activate(mapping_set=draft, by=acme.approver)
    map_documents(connection.tenant_id, connection.pk)
    document.refresh_from_db()
    assert document.status == SourceDocument.Status.MAPPED
    assert "Nothing waits" in client.get(page).content.decode()


def test_a_card_promises_nothing_of_a_rule_that_does_not_hold_for_its_documents(
    connection: Connection, acme: Actors
) -> None:
    received(connection)
    german = Word("category", "sales", "Consulting", (("country", "DE"),))
    drafted(connection, acme.editor, {german: "3", Word("tax_code", "sales", "VAT20"): "20"})
    LedgerRecord.objects.filter(resource="tax_rates", external_id="20").update(is_active=False)
    cards = {card.source.value: card for card in cards_of(connection)}
    assert (cards["Consulting"].chosen, cards["Consulting"].unfit) == ("", "")
    assert cards["VAT20"].chosen == ""
    assert cards["VAT20"].unfit.startswith("20.0% S, which cannot be used: it is inactive")
    page = acme.client("auditor").get(reverse("admin:mappings_waiting_connection", args=[connection.pk]))
    assert "the documents go as soon as" not in page.content.decode()


@pytest.mark.parametrize("role", ["approver", "auditor"])
def test_who_does_not_edit_mappings_looks_only(connection: Connection, acme: Actors, role: str) -> None:
    received(connection)
    card = cards_of(connection)[0]
    client = acme.client(role)
    page = client.get(reverse("admin:mappings_waiting")).content.decode()
    assert "It means" not in page
    sent = {"word": str(card.source.pk), "record": "3"}
    assert client.post(reverse("admin:mappings_resolve", args=[connection.pk]), sent).status_code == 403


@pytest.mark.django_db(transaction=True)
def test_another_tenants_waiting_page_and_words_do_not_exist(acme: Actors, rival: Actors) -> None:
    with tenant_scope(acme.tenant.pk):
        connection = connection_of(acme.tenant)
        chart_of(connection)
        received(connection)
        word = cards_of(connection)
    client = rival.client("owner")
    assert client.get(reverse("admin:mappings_waiting_connection", args=[connection.pk])).status_code == 404
    sent = {"word": str(word[0].source.pk), "record": "3"}
    assert client.post(reverse("admin:mappings_resolve", args=[connection.pk]), sent).status_code == 404
