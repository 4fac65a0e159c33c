"""Documents that belong together go in order, each write once; a second person looks where the rules say so."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from integrations.models import Connection, LedgerRecord, Posting
from mappings.models import CutOver, CutOverLink, PostingRule, SourceDocument
from mappings.models.documents import OUTCOMES, Outcome, State
from mappings.services import approval
from mappings.services.earlier import mark_linked
from mappings.services.intake import receive_document
from mappings.services.journey import earlier_of, journey_of, later_of, state_of
from mappings.services.mapping import document_postings, map_again, map_documents
from mappings.services.versions import Word
from tests.conftest import Actors
from tests.mappings.factories import WORDS, activated, chart_of, connection_of, record_of, sale

_MORE = {Word("payment_method", "sales", "card"): "1", Word("payment_method", "purchases", "card"): "1"}


@pytest.fixture
def connection(in_acme: Actors) -> Connection:
    """A QuickBooks company in which every word is mapped."""
    found = connection_of(in_acme.tenant)
    chart_of(found)
    record_of(found, "accounts", "90", "Debtors", kind="accounts_receivable")
    activated(found, in_acme, WORDS | _MORE)
    return found


def payment(connection: Connection, external_id: str = "pay-1", **changes: Any) -> dict[str, Any]:
    """A payment of 120.00 for order-1."""
    body = sale(connection, external_id, kind="payment", payment_method="card", tax_mode="none")
    for name in ("lines", "tax_total", "due_on"):
        body.pop(name)
    return body | {"applies_to": [{"external_id": "order-1"}]} | changes


def arrive(connection: Connection, *bodies: dict[str, Any]) -> list[SourceDocument]:
    """Taken in and looked at, in this order."""
    rows = [receive_document(connection=connection, body=body).document for body in bodies]
    map_documents(connection.tenant_id, connection.pk)
    for row in rows:
        row.refresh_from_db()
    return rows


def posted(posting: Posting, external_id: str) -> None:
    Posting.objects.filter(pk=posting.pk).update(status="posted", external_id=external_id)


def test_a_payment_that_comes_before_its_sale_waits_and_then_goes_by_itself(connection: Connection) -> None:
    (paid,) = arrive(connection, payment(connection))
    assert (paid.status, paid.waits_for) == ("waiting", "earlier")
    assert "order-1" in paid.problems[0]["text"]
    sold, *_ = arrive(connection, sale(connection))
    paid.refresh_from_db()
    assert (sold.status, paid.status) == ("mapped", "mapped")
    write = document_postings(paid).get()
    invoice = document_postings(sold).get()
    assert write.body["allocations"] == [{"type": "invoice", "id": {"posting": str(invoice.pk)}, "amount": "120"}]
    assert write.pk > invoice.pk
    assert earlier_of(paid) == [sold]
    assert later_of(sold) == [paid]


def test_what_another_tenant_or_connection_sent_settles_nothing(connection: Connection, acme: Actors) -> None:
    other = connection_of(acme.tenant, name="Other books")
    receive_document(connection=other, body=sale(other))
    (paid,) = arrive(connection, payment(connection))
    assert paid.waits_for == "earlier"


def test_a_refund_writes_a_chain_in_which_each_waits_for_the_one_before(connection: Connection) -> None:
    refund = sale(connection, "ref-1", kind="refund", payment_method="card", refers_to=[{"external_id": "order-1"}])
    refund.pop("due_on")
    _, given_back = arrive(connection, sale(connection), refund)
    credit, money, settle = document_postings(given_back)
    assert (credit.resource, money.resource, settle.resource) == ("credit_notes", "journal_entries", "payments")
    assert (settle.depends_on, money.depends_on) == (money, credit)
    assert money.body["lines"][0]["contact"]["type"] == "customer"
    assert {share["type"] for share in settle.body["allocations"]} == {"credit_note", "journal_entry"}


def test_a_chain_that_was_refused_in_the_middle_goes_on_without_sending_its_head_again(connection: Connection) -> None:
    refund = sale(connection, "ref-1", kind="refund", payment_method="card", refers_to=[])
    refund.pop("due_on")
    (document,) = arrive(connection, refund)
    credit, money, settle = document_postings(document)
    posted(credit, "77")
    Posting.objects.filter(pk=money.pk).update(status="rejected", error={"message": "Closed."})
    assert state_of(document) == "partly"
    assert journey_of(document).steps[-1].text.startswith("Refused: Closed. A part of it is in the ledger already")
    map_again(document)
    map_documents(connection.tenant_id, connection.pk)
    assert document_postings(document).filter(resource="credit_notes").count() == 1
    again = document_postings(document).exclude(status="cancelled").filter(resource="journal_entries").get()
    assert again.pk not in (money.pk, settle.pk)
    assert again.depends_on == credit
    document.refresh_from_db()
    assert state_of(document) == "mapped"
    assert [write.resource for write in journey_of(document).writes] == ["credit_notes", "journal_entries", "payments"]


def test_when_a_refused_sale_is_mapped_again_its_payment_follows_the_new_invoice(connection: Connection) -> None:
    sold, paid = arrive(connection, sale(connection), payment(connection))
    old = document_postings(sold).get()
    Posting.objects.filter(pk=old.pk).update(status="rejected")
    map_again(sold)
    map_documents(connection.tenant_id, connection.pk)
    fresh = document_postings(sold).exclude(status="cancelled").get()
    write = document_postings(paid).exclude(status="cancelled").get()
    assert write.body["allocations"][0]["id"] == {"posting": str(fresh.pk)}


def test_every_state_is_one_outcome() -> None:
    assert set(OUTCOMES) == set(State)
    assert set(OUTCOMES.values()) == set(Outcome)


def test_a_bill_is_matched_with_its_order_and_not_billed_beyond_it(connection: Connection) -> None:
    order = {"total": "100.00", "contact": {"id": "5", "name": "Rail Co"}, "status": "open"}
    record_of(connection, "purchase_orders", "41", "PO-7", number="PO-7", unified=order)
    lines = [{"category": "Travel costs", "tax_code": "VAT0", "amount": Decimal("60.00")}]
    bill = sale(connection, "b-1", kind="purchase", lines=lines, total=Decimal("60.00"), tax_total=Decimal(0))
    bill |= {"counterparty": {"name": "Rail Co"}, "purchase_order": "PO-7"}
    first, second = arrive(connection, bill, bill | {"external_id": "b-2"})
    assert first.status == "mapped"
    assert any(each["field"] == "purchase order" for each in first.trace)
    assert (second.status, second.waits_for, second.problems[0]["code"]) == ("waiting", "ledger", "order_exceeded")
    assert "20.00 GBP too much" in second.problems[0]["text"]


_TRAIN = {"account": {"id": "5", "name": "6200 Travel"}, "quantity": "4", "unit_price": "25.00", "amount": "100.00"}


def _ordered(connection: Connection, *lines: dict[str, Any]) -> None:
    order = {"total": "100.00", "contact": {"id": "5", "name": "Rail Co"}, "status": "open", "lines": list(lines)}
    record_of(connection, "purchase_orders", "41", "PO-7", number="PO-7", unified=order)


def _billed(connection: Connection, external_id: str, quantity: str, price: str, **changes: Any) -> dict[str, Any]:
    total = Decimal(quantity) * Decimal(price)
    line = {"category": "Travel costs", "tax_code": "VAT0", "amount": total}
    line |= {"quantity": Decimal(quantity), "unit_price": Decimal(price)}
    bill = sale(connection, external_id, kind="purchase", lines=[line | changes], total=total, tax_total=Decimal(0))
    return bill | {"counterparty": {"name": "Rail Co"}, "purchase_order": "PO-7"}


@pytest.mark.parametrize(
    ("quantity", "price", "code", "words"),
    [
        ("1", "26.00", "order_price_differs", "costs 26.00 on this bill and 25.00 on purchase order PO-7"),
        ("5", "20.00", "order_quantity_exceeded", "With this bill 5 of “6200 Travel” are billed; purchase order PO-7"),
    ],
)
def test_a_bill_beyond_its_order_waits_with_the_difference(
    connection: Connection, quantity: str, price: str, code: str, words: str
) -> None:
    _ordered(connection, _TRAIN)
    (row,) = arrive(connection, _billed(connection, "b-1", quantity, price))
    assert (row.status, row.waits_for, [each["code"] for each in row.problems]) == ("waiting", "ledger", [code])
    assert words in row.problems[0]["text"]
    assert not Posting.objects.exists()


def test_what_was_not_ordered_waits(connection: Connection) -> None:
    _ordered(connection, _TRAIN | {"account": {"id": "6", "name": "6300 Software"}})
    (row,) = arrive(connection, _billed(connection, "b-1", "1", "25.00"))
    assert [each["code"] for each in row.problems] == ["order_line_missing"]
    assert "is not on purchase order PO-7" in row.problems[0]["text"]


def test_bills_of_one_order_share_its_quantity_and_name_it_in_the_ledger(connection: Connection) -> None:
    _ordered(connection, _TRAIN)
    bodies = [_billed(connection, f"b-{number}", "2", "20.00") for number in (1, 2, 3)]
    first, second, third = arrive(connection, *bodies)
    assert [row.status for row in (first, second, third)] == ["mapped", "mapped", "waiting"]
    assert {each["code"] for each in third.problems} == {"order_quantity_exceeded", "order_exceeded"}
    assert "6 of “6200 Travel” are billed" in third.problems[0]["text"]
    body = document_postings(first).get().body
    assert body["links"] == [{"type": "purchase_order", "id": "41"}]
    assert "compared line by line" in next(each["rule"] for each in first.trace if each["field"] == "purchase order")


def test_the_tenants_tolerance_lets_a_little_more_through(connection: Connection) -> None:
    _ordered(connection, _TRAIN)
    PostingRule.objects.create(
        tenant_id=connection.tenant_id, connection=connection, kind="purchase", order_tolerance=Decimal(5)
    )
    (row,) = arrive(connection, _billed(connection, "b-1", "4", "26.00"))
    assert row.status == "mapped", row.problems


def test_an_order_whose_lines_name_nothing_in_common_is_compared_by_its_total(connection: Connection) -> None:
    _ordered(connection, {"description": "Trains", "amount": "100.00"})
    (row,) = arrive(connection, _billed(connection, "b-1", "3", "30.00"))
    assert row.status == "mapped", row.problems
    assert any("compared by its total" in each["rule"] for each in row.trace)


# Approval before posting ---------------------------------------------------------------------------------------------


@pytest.fixture
def limited(connection: Connection) -> Connection:
    """From 100.00 GBP a second person has to agree."""
    PostingRule.objects.create(tenant_id=connection.tenant_id, connection=connection, approve_from=Decimal(100))
    return connection


def test_above_the_limit_a_second_person_sees_the_entry_and_nothing_is_sent_before(
    limited: Connection, acme: Actors
) -> None:
    (document,) = arrive(limited, sale(limited))
    assert document.status == state_of(document) == "approval"
    assert not Posting.objects.exists()
    assert {each.account: each.debit or -each.credit for each in approval.effect_of_proposal(document)} == {
        "Accounts receivable": Decimal(120),
        "4000 Sales of services": Decimal(-100),
        "Tax to pay": Decimal(-20),
    }
    approval.approve(document=document, by=acme.approver, seen=document.proposal["hash"])
    map_documents(limited.tenant_id, limited.pk)
    document.refresh_from_db()
    assert (document.status, document.decided_by) == ("mapped", acme.approver)
    assert document_postings(document).get().body["total"] == "120"


def test_what_changed_after_it_was_seen_or_agreed_to_is_looked_at_again(limited: Connection, acme: Actors) -> None:
    (document,) = arrive(limited, sale(limited))
    with pytest.raises(approval.ApprovalError, match="changed since you opened"):
        approval.approve(document=document, by=acme.approver, seen="another")
    approval.approve(document=document, by=acme.approver)
    activated(limited, acme, {Word("category", "sales", "Consulting"): "4"})
    map_documents(limited.tenant_id, limited.pk)
    document.refresh_from_db()
    assert (document.status, document.decided_by) == ("approval", None)
    assert "changed" in document.proposal["why"]
    assert not Posting.objects.exists()


def test_nobody_approves_what_they_imported_not_even_past_the_service(limited: Connection, acme: Actors) -> None:
    (document,) = arrive(limited, sale(limited))
    SourceDocument.objects.filter(pk=document.pk).update(sent_by=acme.owner)
    document.refresh_from_db()
    with pytest.raises(approval.ApprovalError, match="Another person"):
        approval.approve(document=document, by=acme.owner)
    with pytest.raises(IntegrityError), transaction.atomic():
        SourceDocument.objects.filter(pk=document.pk).update(decided_by=acme.owner)


def test_a_refusal_needs_its_reason_and_ends_the_document(limited: Connection, acme: Actors) -> None:
    (document,) = arrive(limited, sale(limited))
    with pytest.raises(approval.ApprovalError, match="Say why"):
        approval.refuse(document=document, by=acme.approver, comment=" ")
    approval.refuse(document=document, by=acme.approver, comment="Not ours")
    assert state_of(document) == "refused"
    assert "Not ours" in document.problems[0]["text"]
    assert journey_of(document).steps[2].status == "failed"


@pytest.mark.parametrize(
    ("rule", "changes", "asks"),
    [
        ({"approve_from": Decimal(120)}, {}, True),
        ({"approve_from": Decimal("120.01")}, {}, False),
        ({"approve_from": Decimal(0), "kind": "sale"}, {}, True),
        ({"approve_from": Decimal(0), "kind": "expense"}, {}, False),
        ({"approve_from": Decimal(1000)}, {"currency": "EUR"}, True),
        ({"approve_from": Decimal(1000)}, {"currency": "EUR", "exchange_rate": Decimal("0.9")}, False),
    ],
)
def test_limits_and_kinds_decide_who_waits(
    connection: Connection, rule: dict[str, Any], changes: dict[str, Any], asks: bool
) -> None:
    PostingRule.objects.create(tenant_id=connection.tenant_id, connection=connection, **rule)
    (document,) = arrive(connection, sale(connection, **changes))
    assert (document.status == "approval") is asks, document.problems


def test_several_are_approved_at_once_and_each_that_is_not_says_why(limited: Connection, acme: Actors) -> None:
    rows = arrive(limited, sale(limited), sale(limited, "order-2"))
    SourceDocument.objects.filter(pk=rows[1].pk).update(sent_by=acme.owner)
    for row in rows:
        row.refresh_from_db()
    done, left = approval.approve_many(documents=rows, by=acme.owner)
    assert done == 1
    assert "Another person" in left[0]


def test_a_rest_is_refused_where_the_rule_says_so(connection: Connection) -> None:
    PostingRule.objects.create(tenant_id=connection.tenant_id, connection=connection, overpayment="refuse")
    shares = [{"external_id": "order-1", "amount": Decimal("100.00")}]
    _, paid = arrive(connection, sale(connection), payment(connection, applies_to=shares))
    assert (paid.status, paid.problems[0]["code"]) == ("refused", "overpaid")


def test_what_the_ledger_cannot_book_waits_with_words(connection: Connection) -> None:
    LedgerRecord.objects.filter(kind="accounts_receivable").delete()
    refund = sale(connection, "ref-1", kind="refund", payment_method="card", refers_to=[])
    refund.pop("due_on")
    (document,) = arrive(connection, refund)
    assert (document.waits_for, document.problems[0]["code"]) == ("ledger", "no_receivable")


def test_what_a_cut_over_finds_in_the_ledger_sets_its_payment_free(connection: Connection) -> None:
    (paid,) = arrive(connection, payment(connection))
    sold = receive_document(connection=connection, body=sale(connection)).document
    record = record_of(connection, "invoices", "INV-9", "9")
    cut_over = CutOver.objects.create(
        tenant_id=connection.tenant_id, connection=connection, starts_on=date(2026, 12, 1)
    )
    CutOverLink.objects.create(
        tenant_id=connection.tenant_id,
        cut_over=cut_over,
        document=sold,
        state="linked",
        record=record,
        resource="invoices",
        external_id="INV-9",
    )
    mark_linked([sold.pk])
    map_documents(connection.tenant_id, connection.pk)
    paid.refresh_from_db()
    assert paid.status == "mapped", paid.problems
    assert document_postings(paid).get().body["allocations"][0]["id"] == "INV-9"
