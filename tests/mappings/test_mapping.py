"""Documents: taken once, mapped by the active version, waiting with a reason, going by themselves when it is cured."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection as database
from django.utils import timezone

from integrations.models import Connection, LedgerRecord, Posting
from integrations.services import policies
from integrations.services.postings import replay_posting
from mappings.models import DocumentValue, SourceDocument, SourceValue
from mappings.services import decisions
from mappings.services.impact import impact_of
from mappings.services.intake import DocumentConflictError, receive_document
from mappings.services.journey import effect_of, journey_of, preview_of, state_of
from mappings.services.mapping import document_postings, map_again, map_document, map_documents
from mappings.services.versions import Word, active_set
from mappings.services.workbench import waiting_by_value
from tenants.rls import tenant_scope
from tests.conftest import Actors
from tests.mappings.factories import (
    WORDS,
    activated,
    chart_of,
    connection_of,
    drafted,
    expense,
    received,
    record_of,
    sale,
)


@pytest.fixture
def connection(in_acme: Actors) -> Connection:
    found = connection_of(in_acme.tenant)
    chart_of(found)
    return found


def waiting_words(document: SourceDocument) -> set[str]:
    uses = DocumentValue.objects.filter(document=document, is_missing=True)
    return set(uses.values_list("source_value__value", flat=True))


def test_the_same_document_twice_is_one_document(connection: Connection) -> None:
    first = receive_document(connection=connection, body=sale(connection))
    body = sale(connection, total=Decimal("120"))
    second = receive_document(connection=connection, body=body)
    assert (first.is_new, second.is_new) == (True, False)
    assert first.document.pk == second.document.pk


def test_the_same_id_with_other_content_is_refused_and_names_the_first(connection: Connection) -> None:
    first = receive_document(connection=connection, body=sale(connection)).document
    with pytest.raises(DocumentConflictError, match="order-1") as refused:
        receive_document(connection=connection, body=sale(connection, memo="other"))
    assert refused.value.document == first
    assert refused.value.code == "document_differs"


def test_an_idempotency_key_belongs_to_one_document(connection: Connection) -> None:
    receive_document(connection=connection, body=sale(connection), idempotency_key="k1")
    assert not receive_document(connection=connection, body=sale(connection), idempotency_key="k1").is_new
    with pytest.raises(DocumentConflictError) as refused:
        receive_document(connection=connection, body=sale(connection, "order-2"), idempotency_key="k1")
    assert refused.value.code == "idempotency_key_reused"


def test_without_a_mapping_a_document_waits_and_its_words_are_listed(connection: Connection) -> None:
    document = received(connection)
    assert (document.status, document.waits_for) == ("waiting", "mapping")
    assert {problem["value"] for problem in document.problems} == {"Consulting", "VAT20"} == waiting_words(document)
    value = SourceValue.objects.get(value="Consulting")
    assert (value.subject, value.side, value.occurrences) == ("category", "sales", 1)
    waiting = waiting_by_value(connection, "category")[value.pk]
    assert (waiting.count, waiting.money) == (1, "120.00 GBP")
    assert not Posting.objects.exists()


def test_a_mapped_sale_asks_for_the_customer_first_and_then_the_invoice(connection: Connection, acme: Actors) -> None:
    activated(connection, acme)
    document = received(connection)
    contact, invoice = Posting.objects.order_by("id")
    assert (contact.resource, invoice.resource, invoice.depends_on) == ("contacts", "invoices", contact)
    assert contact.body["contact_type"] == "customer"
    assert invoice.body["contact"]["id"] == {"posting": str(contact.pk)}
    line = invoice.body["lines"][0]
    assert (line["item"]["id"], line["tax_rate"]["id"]) == ("30", "20")
    assert document.status == "mapped"
    assert document.mapping_set == active_set(connection)
    assert [each["field"] for each in document.trace] == ["account", "tax rate", "contact", "item"]


def test_a_known_customer_is_used_whatever_the_case_of_its_name(connection: Connection, acme: Actors) -> None:
    activated(connection, acme)
    record_of(connection, "contacts", "77", "BLUE bottle Ltd", kind="customer")
    received(connection)
    (invoice,) = Posting.objects.all()
    assert invoice.body["contact"]["id"] == "77"
    assert invoice.depends_on is None


def test_a_name_that_a_vendor_has_gives_the_customer_another_name(connection: Connection, acme: Actors) -> None:
    activated(connection, acme)
    record_of(connection, "contacts", "77", "Blue Bottle Ltd", kind="vendor", remote_type="Vendor")
    received(connection)
    assert Posting.objects.get(resource="contacts").body["name"] == "Blue Bottle Ltd (customer)"


def test_a_name_that_is_being_given_to_a_customer_gives_the_vendor_another_name(
    connection: Connection, acme: Actors
) -> None:
    activated(connection, acme)
    received(connection)
    body = expense(connection, counterparty={"name": "BLUE bottle Ltd"})
    map_document(acme.tenant.pk, receive_document(connection=connection, body=body).document.pk)
    made = {each.body["contact_type"]: each.body["name"] for each in Posting.objects.filter(resource="contacts")}
    assert made == {"customer": "Blue Bottle Ltd", "vendor": "BLUE bottle Ltd (vendor)"}


def test_documents_arriving_together_share_one_posting_of_their_new_customer(
    connection: Connection, acme: Actors
) -> None:
    activated(connection, acme)
    received(connection)
    received(connection, external_id="order-2", counterparty={"name": "blue bottle ltd", "email": "x@y.example"})
    assert Posting.objects.filter(resource="contacts").count() == 1
    first, second = Posting.objects.filter(resource="invoices")
    assert first.body["contact"]["id"] == second.body["contact"]["id"]


def test_an_item_is_made_where_none_books_to_the_account_and_never_stock_moved(
    connection: Connection, acme: Actors
) -> None:
    activated(connection, acme)
    LedgerRecord.objects.filter(resource="items").update(kind="inventory")
    received(connection)
    item = Posting.objects.get(resource="items")
    assert item.body["name"] == "Sales - 4000 Sales of services"
    assert item.body["income_account"]["id"] == "3"
    invoice = Posting.objects.get(resource="invoices")
    assert invoice.body["lines"][0]["item"]["id"] == {"posting": str(item.pk)}
    assert (invoice.depends_on, item.depends_on) == (item, Posting.objects.get(resource="contacts"))


def test_an_expense_is_paid_from_the_card_and_books_to_the_account(connection: Connection, acme: Actors) -> None:
    activated(connection, acme)
    document = receive_document(connection=connection, body=expense(connection)).document
    map_document(acme.tenant.pk, document.pk)
    posting = document_postings(document).get()
    assert (posting.resource, posting.body["account"]["id"], posting.body["payment_type"]) == (
        "expenses",
        "2",
        "credit_card",
    )
    assert posting.body["lines"][0]["account"]["id"] == "5"


def test_wrong_sums_are_refused_for_good(connection: Connection, acme: Actors) -> None:
    activated(connection, acme)
    document = received(connection, total=Decimal("130.00"))
    assert document.status == "refused"
    assert "10.00 GBP" in document.problems[0]["text"]
    with pytest.raises(ValueError, match="sums are wrong"):
        map_again(document)


def test_activating_a_version_lets_waiting_documents_go_in_the_order_they_came(
    connection: Connection, acme: Actors
) -> None:
    documents = [received(connection, external_id=f"order-{number}") for number in range(3)]
    draft = drafted(connection, acme.editor)
    decisions.submit(mapping_set=draft, by=acme.editor, comment="First")
    impact = impact_of(draft)
    assert (impact.goes, impact.money, impact.stays) == (3, "360.00 GBP", 0)
    assert decisions.activate(mapping_set=draft, by=acme.approver) == 3
    mapped = map_documents(acme.tenant.pk, connection.pk)
    assert (mapped.looked_at, mapped.is_done) == (3, True)
    invoices = Posting.objects.filter(resource="invoices").order_by("id")
    assert [posting.origin_id for posting in invoices] == [document.pk for document in documents]
    assert not waiting_by_value(connection, "category")


def test_impact_counts_only_documents_whose_every_word_is_named(connection: Connection, acme: Actors) -> None:
    received(connection)
    lines = [{"category": "Mystery", "tax_code": "VAT20", "amount": Decimal("100.00")}]
    received(connection, external_id="order-2", lines=lines)
    draft = drafted(connection, acme.editor)
    impact = impact_of(draft)
    assert (impact.goes, impact.stays) == (1, 1)


def test_the_sweeper_is_told_of_connections_with_received_documents(connection: Connection, acme: Actors) -> None:
    receive_document(connection=connection, body=sale(connection))
    later = timezone.now() + timedelta(seconds=5)
    with tenant_scope("00000000-0000-0000-0000-000000000000"), database.cursor() as cursor:
        cursor.execute("SELECT kind, tenant_id, row_id FROM mappings_due(%s, 10)", [later])
        assert cursor.fetchall() == [("connection", acme.tenant.pk, connection.pk)]


def test_a_document_waiting_for_a_read_only_ledger_goes_after_the_next_sync(
    connection: Connection, acme: Actors
) -> None:
    activated(connection, acme)
    Connection.objects.update(is_read_only=True)
    document = received(connection)
    assert (document.status, document.waits_for) == ("waiting", "ledger")
    Connection.objects.update(is_read_only=False, last_success_at=timezone.now())
    map_documents(acme.tenant.pk, connection.pk)
    document.refresh_from_db()
    assert document.status == "mapped"


def test_a_refused_write_can_be_mapped_again_under_a_new_key(connection: Connection, acme: Actors) -> None:
    activated(connection, acme)
    document = received(connection)
    with pytest.raises(ValueError, match="on its way"):
        map_again(document)
    document_postings(document).update(status=Posting.Status.REJECTED, error={"message": "Account closed"})
    assert state_of(document) == "refused"
    activated(connection, acme, {Word("category", "sales", "Consulting"): "4"})
    map_again(document)
    map_document(acme.tenant.pk, document.pk)
    document.refresh_from_db()
    first, second = document_postings(document)
    assert first.idempotency_key != second.idempotency_key
    assert (document.attempt, document.mapping_set.version, state_of(document)) == (2, 2, "mapped")  # type: ignore[union-attr]


def test_a_refused_write_cannot_be_replayed_once_its_document_is_mapped_again(
    connection: Connection, acme: Actors
) -> None:
    activated(connection, acme)
    document = received(connection)
    document_postings(document).update(status=Posting.Status.REJECTED)
    stale = SourceDocument.objects.get(pk=document.pk)
    map_again(document)
    map_document(acme.tenant.pk, document.pk)
    first, _ = document_postings(document)
    with pytest.raises(ValidationError, match="nothing to replay"):
        replay_posting(posting=first)
    with pytest.raises(ValueError, match="on its way"):
        map_again(stale)


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("pending", "mapped"),
        ("sent", "sent"),
        ("unknown", "unknown"),
        ("rejected", "refused"),
        ("cancelled", "cancelled"),
    ],
)
def test_the_state_continues_with_the_postings(connection: Connection, acme: Actors, status: str, state: str) -> None:
    activated(connection, acme)
    document = received(connection)
    document_postings(document).update(status=status)
    assert SourceDocument.objects.with_state().get().state == state  # type: ignore[attr-defined]
    assert SourceDocument.objects.in_state(state).count() == 1


def test_the_journey_tells_each_step_in_words(connection: Connection, acme: Actors) -> None:
    activated(connection, acme)
    document = received(connection)
    steps = journey_of(document).steps
    assert [(step.name, step.status) for step in steps] == [
        ("received", "done"),
        ("mapped", "done"),
        ("sent", "now"),
        ("answered", "todo"),
    ]
    assert "“Blue Bottle Ltd”" in steps[2].text
    now = timezone.now()
    changes: dict[str, Any] = {"status": "posted", "external_id": "145", "remote_type": "Invoice", "sent_at": now}
    document_postings(document).update(finished_at=now, **changes)
    assert journey_of(document).steps[3].text == "Posted as Invoice 145 in Acme Books."


def test_the_preview_shows_debits_and_credits_of_a_draft_without_writing(connection: Connection, acme: Actors) -> None:
    document = received(connection)
    preview = preview_of(document, drafted(connection, acme.editor))
    assert [(entry.account, entry.debit, entry.credit) for entry in preview.effect] == [
        ("Accounts receivable", Decimal(120), Decimal(0)),
        ("4000 Sales of services", Decimal(0), Decimal(100)),
        ("Tax to pay", Decimal(0), Decimal(20)),
    ]
    assert not Posting.objects.exists()


def test_the_effect_of_what_was_sent_names_the_account_behind_the_item(connection: Connection, acme: Actors) -> None:
    activated(connection, acme)
    document = received(connection)
    effect = effect_of(list(document_postings(document)), document.trace)
    assert sum(entry.debit for entry in effect) == sum(entry.credit for entry in effect) == 120
    assert "4000 Sales of services" in {entry.account for entry in effect}


def test_what_a_word_meant_before_is_named_as_the_alternative_that_lost(connection: Connection, acme: Actors) -> None:
    activated(connection, acme)
    activated(connection, acme, {Word("category", "sales", "Consulting"): "4"})
    trace = received(connection).trace[0]
    assert trace["target"] == "4100 Other sales"
    assert trace["alternatives"] == [
        {"target": "4000 Sales of services", "lost_because": "was meant until version 1 was replaced"}
    ]


def test_a_document_the_portal_fails_on_waits_for_support_and_lets_others_pass(
    connection: Connection, acme: Actors
) -> None:
    activated(connection, acme)
    broken = receive_document(connection=connection, body=sale(connection, "order-0")).document
    SourceDocument.objects.filter(pk=broken.pk).update(body={"kind": "sale"})
    good = receive_document(connection=connection, body=sale(connection, "order-1")).document
    with pytest.raises(KeyError):
        map_documents(acme.tenant.pk, connection.pk)
    map_documents(acme.tenant.pk, connection.pk)
    broken.refresh_from_db()
    good.refresh_from_db()
    assert (broken.status, broken.waits_for, good.status) == ("waiting", "support", "mapped")


def test_no_scope_and_another_tenant_see_nothing(connection: Connection, acme: Actors, rival: Actors) -> None:
    activated(connection, acme)
    received(connection)
    with tenant_scope(rival.tenant.pk):
        assert map_documents(rival.tenant.pk, connection.pk).looked_at == 0
        for model in (SourceDocument, SourceValue, DocumentValue):
            assert not model.objects.exists()
    assert len(WORDS) == 5


def test_a_document_whose_direction_is_closed_waits_makes_nothing_and_goes_after_the_next_sync(
    connection: Connection, acme: Actors
) -> None:
    activated(connection, acme)
    policies.set_policy(connection=connection, resource="invoices", direction="read")
    document = received(connection)
    assert (document.status, document.waits_for) == ("waiting", "ledger")
    assert document.problems[0]["code"] == "direction"
    assert "turn writing on" in document.problems[0]["remedy"]
    assert not Posting.objects.exists()
    policies.set_policy(connection=connection, resource="invoices", direction="both")
    Connection.objects.update(last_success_at=timezone.now())
    map_documents(acme.tenant.pk, connection.pk)
    document.refresh_from_db()
    assert document.status == "mapped"
