"""Contacts, items, dimensions, locations and currencies of documents, by rules as categories are."""

from decimal import Decimal
from typing import Any

import pytest

from integrations.models import Connection, LedgerRecord, Posting
from mappings.models import DocumentValue, PostingRule, SourceDocument
from mappings.services.intake import receive_document
from mappings.services.mapping import document_postings, map_documents
from mappings.services.versions import Word
from mappings.services.waiting import cards_of
from tests.conftest import Actors
from tests.mappings.factories import activated, chart_of, connection_of, record_of, sale


@pytest.fixture
def connection(in_acme: Actors) -> Connection:
    """A QuickBooks company with classes, departments, a vendor, a second item and two currencies."""
    found = connection_of(in_acme.tenant)
    chart_of(found)
    for external_id, name, kind in (
        ("c1", "Shops", "class"),
        ("c2", "Online", "class"),
        ("d1", "Berlin", "department"),
    ):
        record_of(found, "tracking_categories", external_id, name, kind=kind, remote_type=kind.capitalize())
    record_of(found, "contacts", "77", "Blue Bottle Limited", kind="customer")
    other = {"income_account": {"id": "4", "name": "Other sales"}, "type": "service"}
    record_of(found, "items", "31", "Workshops", kind="service", unified=other)
    record_of(found, "currencies", "EUR", "Euro", remote_type="CompanyCurrency", unified={"code": "EUR"})
    activated(found, in_acme)
    return found


def arrive(connection: Connection, external_id: str = "order-1", **changes: Any) -> SourceDocument:
    row = receive_document(connection=connection, body=sale(connection, external_id, **changes)).document
    return looked_at(row)


def looked_at(row: SourceDocument) -> SourceDocument:
    map_documents(row.tenant_id, row.connection_id)
    row.refresh_from_db()
    return row


def line(**changes: Any) -> dict[str, Any]:
    found = {"category": "Consulting", "tax_code": "VAT20", "amount": Decimal("50.00"), "description": "Day"}
    return found | changes


TRACKED = {
    Word("dimension", "sales", "channel: shop"): "c1",
    Word("dimension", "sales", "channel: web"): "c2",
    Word("location", "sales", "BER"): "d1",
}


def test_dimensions_wait_with_a_card_for_each_word_and_go_by_themselves(connection: Connection, acme: Actors) -> None:
    lines = [line(), line(dimensions={"channel": "web"})]
    row = arrive(connection, lines=lines, dimensions={"channel": "shop"}, location="BER")
    assert (row.status, row.waits_for) == ("waiting", "mapping")
    cards = {
        (card.subject, card.source.value): [each.target.name for each in card.choices] for card in cards_of(connection)
    }
    assert set(cards) == {("Dimension", "channel: shop"), ("Dimension", "channel: web"), ("Location", "BER")}
    assert cards["Location", "BER"] == ["Berlin"]
    activated(connection, acme, TRACKED)
    looked_at(row)
    body = document_postings(row).get().body
    assert [each["dimensions"] for each in body["lines"]] == [
        [{"type": "class", "id": "c1", "name": "Shops"}],
        [{"type": "class", "id": "c2", "name": "Online"}],
    ]
    assert body["dimensions"] == [{"type": "department", "id": "d1", "name": "Berlin"}]
    assert {each["field"] for each in row.trace if "dimension" in each["field"]} == {"dimension channel"}


def test_what_the_ledger_takes_once_for_a_document_cannot_differ_from_line_to_line(
    connection: Connection, acme: Actors
) -> None:
    record_of(connection, "tracking_categories", "d2", "Paris", kind="department", remote_type="Department")
    activated(connection, acme, TRACKED | {Word("location", "sales", "PAR"): "d2"})
    row = arrive(connection, lines=[line(location="BER"), line(location="PAR")])
    assert [each["code"] for each in row.problems] == ["dimensions_clash"]
    assert "Paris and Berlin" in row.problems[0]["text"]


def test_a_ledger_that_cannot_be_told_of_dimensions_says_so_on_the_document(acme: Actors, in_acme: Actors) -> None:
    zoho = connection_of(acme.tenant, name="Zoho", connector="zoho_books")
    chart_of(zoho)
    activated(zoho, acme)
    row = arrive(zoho, location="BER")
    assert row.status == "mapped", row.problems
    told = next(each for each in row.trace if each["field"] == "location")
    assert (told["target"], told["rule"][:15]) == ("nothing", "left out: Zoho ")


def test_a_contact_that_a_rule_names_is_used_and_none_is_made(connection: Connection, acme: Actors) -> None:
    activated(connection, acme, {Word("contact", "sales", "Blue Bottle Ltd"): "77"})
    row = arrive(connection)
    (write,) = Posting.objects.all()
    assert write.body["contact"] == {"id": "77", "name": "Blue Bottle Limited", "type": "customer"}
    assert any(each["field"] == "contact" and each["target_id"] == "77" for each in row.trace)


@pytest.mark.parametrize("subject", ["contact", "item"])
def test_posting_rules_may_want_contacts_and_items_mapped_before_anything_goes(
    connection: Connection, acme: Actors, subject: str
) -> None:
    PostingRule.objects.create(tenant_id=acme.tenant.pk, connection=connection, must_map=[subject])
    row = arrive(connection, lines=[line(item="SKU-1", amount=Decimal("100.00"))])
    word = {"contact": "Blue Bottle Ltd", "item": "SKU-1"}[subject]
    assert [(each["subject"], each["value"]) for each in row.problems] == [(subject, word)]
    assert [card.source.value for card in cards_of(connection)] == [word]
    activated(connection, acme, {Word(subject, "sales", word): {"contact": "77", "item": "30"}[subject]})
    assert looked_at(row).status == "mapped"


def test_words_that_nobody_maps_are_no_gaps(connection: Connection) -> None:
    row = arrive(connection, lines=[line(item="SKU-1", amount=Decimal("100.00"))])
    assert row.status == "mapped"
    subjects = DocumentValue.objects.values_list("source_value__subject", flat=True)
    assert set(subjects) == {"category", "tax_code"}


def test_a_mapped_item_stands_on_the_line_and_must_book_where_the_category_says(
    connection: Connection, acme: Actors
) -> None:
    activated(connection, acme, {Word("item", "sales", "SKU-1"): "30", Word("item", "sales", "SKU-2"): "31"})
    row = arrive(connection, lines=[line(item="SKU-1", amount=Decimal("100.00"))])
    assert document_postings(row).get().body["lines"][0]["item"] == {"id": "30", "name": "Consulting hours"}
    other = arrive(connection, "order-2", lines=[line(item="SKU-2", amount=Decimal("100.00"))])
    assert [each["code"] for each in other.problems] == ["item_books_elsewhere"]
    assert "Workshops" in other.problems[0]["text"]


def test_a_currency_that_a_rule_names_is_written_with_the_ledgers_code(connection: Connection, acme: Actors) -> None:
    activated(connection, acme, {Word("currency", "sales", "XEU"): "EUR"})
    row = arrive(connection, currency="XEU")
    assert document_postings(row).get().body["currency"] == "EUR"


def test_a_category_of_xero_is_no_value_but_its_options_are(connection: Connection) -> None:
    from mappings.services.targets import search_targets, target_of

    record_of(connection, "tracking_categories", "k1", "Region", kind="category", remote_type="category")
    parent = {"parent": {"id": "k1", "name": "Region"}}
    record_of(connection, "tracking_categories", "o1", "North", kind="option", remote_type="option", unified=parent)
    found = search_targets(connection=connection, subject="dimension", side="sales")
    assert "a line takes a value of a dimension" in next(each.why_not for each in found if each.target.name == "Region")
    option = target_of(LedgerRecord.objects.get(external_id="o1"))
    assert (option.name, option.dimension) == ("Region: North", "k1")
