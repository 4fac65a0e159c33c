"""The cut-over: what the ledger has already is linked and never posted; people decide the rest; nothing twice."""

import json
from datetime import date
from decimal import Decimal
from io import StringIO
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.db import IntegrityError, transaction
from django.db import connection as database
from django.utils import timezone

from integrations.models import Connection, CrossReference, LedgerRecord, Posting
from mappings.models import CutOver, CutOverLink, SourceDocument
from mappings.services import cutover_decisions as decisions
from mappings.services.cutover import request_run, run_cut_over, set_up
from mappings.services.intake import receive_document
from mappings.services.journey import journey_of, state_of
from mappings.services.mapping import map_again, map_document, map_documents
from tests.conftest import Actors
from tests.mappings.factories import activated, chart_of, connection_of, received, record_of, sale

START = date(2026, 11, 10)


@pytest.fixture
def connection(in_acme: Actors) -> Connection:
    found = connection_of(in_acme.tenant)
    chart_of(found)
    return found


def invoice(connection: Connection, external_id: str, number: str = "ORDER-1", **changes: Any) -> LedgerRecord:
    fields: dict[str, Any] = {
        "remote_type": "Invoice",
        "number": number,
        "contact_name": "Blue Bottle Ltd",
        "contact_id_external": "58",
        "issued_on": date(2026, 11, 2),
        "amount": Decimal("120"),
        "currency": "GBP",
    }
    return record_of(connection, "invoices", external_id, "", **(fields | changes))


def ran(connection: Connection, *, is_dry: bool = False, starts_on: date = START) -> CutOver:
    cut_over = set_up(connection=connection, starts_on=starts_on)
    request_run(cut_over, is_dry=is_dry)
    run_cut_over(connection.tenant_id, cut_over.pk)
    cut_over.refresh_from_db()
    assert cut_over.status == "idle", cut_over.error
    return cut_over


def sums(net: str) -> dict[str, Any]:
    """A document of another size: net and a fifth of it."""
    tax = Decimal(net) / 5
    lines = [{"category": "Consulting", "tax_code": "VAT20", "amount": Decimal(net)}]
    return {"lines": lines, "tax_total": tax, "total": Decimal(net) + tax}


def link_of(document: SourceDocument) -> CutOverLink:
    return CutOverLink.objects.get(document=document)


def test_a_dry_run_counts_and_writes_nothing(connection: Connection) -> None:
    document = received(connection)
    received(connection, external_id="order-2", counterparty={"name": "Rail Co"}, number="X", **sums("5"))
    invoice(connection, "130")
    cut_over = ran(connection, is_dry=True)
    wanted = {"documents": 2, "records": 1, "sure": 1, "to_decide": 0, "ambiguous": 0, "alone": 1}
    assert cut_over.counts == wanted
    assert not CutOverLink.objects.exists()
    assert not CrossReference.objects.exists()
    document.refresh_from_db()
    assert document.status == "waiting"


def test_an_exact_document_is_linked_both_ways_and_its_journey_says_so(connection: Connection) -> None:
    document = received(connection)
    invoice(connection, "130")
    ran(connection)
    document.refresh_from_db()
    assert (document.status, state_of(document)) == ("linked", "linked")
    reference = CrossReference.objects.get()
    assert (reference.local_id, reference.external_id) == (str(document.pk), "130")
    shown: Any = SourceDocument.objects.with_state().get()
    assert shown.ledger_ref == "130"
    step = journey_of(document).steps[-1]
    assert (step.name, step.status) == ("linked", "done")
    assert "The number ORDER-1 is the same." in step.text


def test_a_linked_document_is_never_posted_not_even_by_a_later_mapping(connection: Connection, acme: Actors) -> None:
    document = received(connection)
    invoice(connection, "130")
    ran(connection)
    activated(connection, acme)
    map_documents(connection.tenant_id, connection.pk)
    assert map_document(connection.tenant_id, document.pk) == []
    document.refresh_from_db()
    with pytest.raises(ValueError, match="belongs to the cut-over"):
        map_again(document)
    assert not Posting.objects.exists()
    assert document.status == "linked"


def test_documents_from_the_start_on_are_posted_as_ever(connection: Connection, acme: Actors) -> None:
    activated(connection, acme)
    ran(connection)
    assert received(connection, issued_on=START.isoformat()).status == "mapped"


def test_a_document_that_arrives_later_takes_the_same_way_by_itself(connection: Connection, acme: Actors) -> None:
    activated(connection, acme)
    cut_over = ran(connection)
    invoice(connection, "130")
    document = received(connection)
    assert (document.status, Posting.objects.count()) == ("matching", 0)
    cut_over.refresh_from_db()
    assert (cut_over.status, cut_over.is_dry) == ("queued", False)
    run_cut_over(connection.tenant_id, cut_over.pk)
    document.refresh_from_db()
    assert document.status == "linked"


def test_running_again_changes_nothing_that_is_linked_and_finds_what_is_new(connection: Connection) -> None:
    first, second = received(connection), received(connection, external_id="order-2")
    invoice(connection, "130")
    ran(connection)
    before = CutOverLink.objects.values().get(document=first)
    assert link_of(second).state in ("open", "alone")
    invoice(connection, "131", "ORDER-2")
    ran(connection)
    assert CutOverLink.objects.values().get(document=first) == before
    assert link_of(second).external_id == "131"
    assert CrossReference.objects.count() == 2


def test_a_document_that_was_posted_is_never_linked_and_its_record_is_taken(
    connection: Connection, acme: Actors
) -> None:
    activated(connection, acme)
    document = received(connection)
    Posting.objects.filter(origin_id=document.pk).update(status="posted", external_id="130", remote_type="Invoice")
    own = {"tenant_id": connection.tenant_id, "connection": connection, "local_kind": "source_document"}
    CrossReference.objects.create(
        local_id=str(document.pk), resource="invoices", remote_type="Invoice", external_id="130", **own
    )
    invoice(connection, "130")
    cut_over = ran(connection)
    assert (cut_over.counts["documents"], cut_over.counts["records"]) == (0, 0)
    document.refresh_from_db()
    assert document.status == "mapped"


def test_a_write_that_has_not_left_is_cancelled_and_its_document_linked(connection: Connection, acme: Actors) -> None:
    activated(connection, acme)
    document = received(connection)
    invoice(connection, "130")
    ran(connection)
    document.refresh_from_db()
    assert document.status == "linked"
    assert Posting.objects.get(resource="invoices").status == "cancelled"


def test_a_person_chooses_among_several_and_nobody_else_gets_the_record(connection: Connection, acme: Actors) -> None:
    document, other = received(connection), received(connection, external_id="order-2", number="ORDER-1")
    first, second = invoice(connection, "130"), invoice(connection, "131")
    ran(connection)
    link = link_of(document)
    assert (link.state, link.is_ambiguous, len(link.candidates)) == ("open", True, 2)
    decisions.choose(link=link, record_id=second.pk, by=acme.editor)
    link.refresh_from_db()
    assert (link.state, link.external_id, link.decided_by) == ("linked", "131", acme.editor)
    with pytest.raises(ValidationError, match="Another document is linked"):
        decisions.choose(link=link_of(other), record_id=second.pk, by=acme.editor)
    with pytest.raises(ValidationError, match="decided on it already"):
        decisions.choose(link=link, record_id=first.pk, by=acme.editor)


def test_the_database_itself_links_nothing_twice(connection: Connection) -> None:
    first, second = received(connection), received(connection, external_id="order-2")
    invoice(connection, "130")
    ran(connection)
    assert link_of(first).state == "linked"
    with pytest.raises(IntegrityError, match="a_ledger_record_is_linked_once"), transaction.atomic():
        CutOverLink.objects.filter(document=second).update(
            state="linked", resource="invoices", remote_type="Invoice", external_id="130"
        )


def test_not_in_the_ledger_posts_it_after_all(connection: Connection, acme: Actors) -> None:
    document = received(connection)
    ran(connection)
    activated(connection, acme)
    link = link_of(document)
    assert link.state == "alone"
    decisions.post_after_all(link=link, by=acme.editor)
    assert map_document(connection.tenant_id, document.pk)
    document.refresh_from_db()
    assert document.status == "mapped"
    ran(connection)
    document.refresh_from_db()
    assert document.status == "mapped"
    with pytest.raises(ValidationError, match="Reverse its posting"):
        decisions.undo(link=link, by=acme.editor)


def test_what_is_left_out_needs_a_reason_and_is_not_posted(connection: Connection, acme: Actors) -> None:
    activated(connection, acme)
    ran(connection)
    document = received(connection)
    run_cut_over(connection.tenant_id, CutOver.objects.get().pk)
    with pytest.raises(ValidationError, match="Say why"):
        decisions.leave_out(link=link_of(document), by=acme.editor, reason=" ")
    decisions.leave_out(link=link_of(document), by=acme.editor, reason="Test order")
    map_documents(connection.tenant_id, connection.pk)
    document.refresh_from_db()
    assert (document.status, Posting.objects.count()) == ("left_out", 0)
    assert "Test order" in journey_of(document).steps[-1].text
    decisions.undo(link=link_of(document), by=acme.editor)
    assert link_of(document).state == "alone"


def test_an_undone_link_stays_undone_until_a_person_links_it_again(connection: Connection, acme: Actors) -> None:
    document = received(connection)
    record = invoice(connection, "130")
    ran(connection)
    decisions.undo(link=link_of(document), by=acme.editor)
    assert not CrossReference.objects.exists()
    ran(connection)
    link = link_of(document)
    assert (link.state, link.proposal) == ("open", record)
    decisions.choose(link=link, record_id=record.pk, by=acme.editor)
    assert link_of(document).state == "linked"


def test_clear_proposals_above_a_confidence_are_accepted_together(connection: Connection, acme: Actors) -> None:
    clear = received(connection, external_id="order-1", number="", issued_on="2026-10-01")
    vague = received(connection, external_id="order-2", number="", issued_on="2026-10-20", **sums("5"))
    unclear = received(connection, external_id="order-3", number="", **sums("10"))
    invoice(connection, "130", "9001", issued_on=date(2026, 10, 1))
    invoice(connection, "131", "9002", issued_on=date(2026, 10, 20), amount=Decimal("6"), contact_name="Rail Co")
    for number in ("132", "133"):
        invoice(connection, number, f"8{number}", amount=Decimal("12"))
    cut_over = ran(connection)
    assert decisions.accept_above(cut_over=cut_over, confidence=50, by=acme.editor) == (1, 0)
    assert [link_of(each).state for each in (clear, vague, unclear)] == ["linked", "open", "open"]


def test_candidates_can_be_searched_for(connection: Connection) -> None:
    document = received(connection)
    other = invoice(connection, "140", "ZZ-9", contact_name="Somebody", amount=Decimal("1"))
    LedgerRecord.objects.filter(pk=other.pk).update(search="zz-9 somebody")
    ran(connection)
    assert decisions.search_records(link=link_of(document), text="somebody zz") == [other]


def test_a_cut_over_that_waits_is_due_for_the_sweep(connection: Connection) -> None:
    cut_over = set_up(connection=connection, starts_on=START)
    request_run(cut_over, is_dry=True)
    with database.cursor() as cursor:
        # Not the database's now(): that is when this test's transaction began.
        cursor.execute("SELECT kind, row_id FROM mappings_due(%s, 10)", [timezone.now()])
        assert ("cut_over", cut_over.pk) in cursor.fetchall()


def test_the_command_counts_by_default_and_links_when_told(connection: Connection) -> None:
    receive_document(connection=connection, body=sale(connection))
    invoice(connection, "130")
    out = StringIO()
    call_command("cut_over", str(connection.pk), "--from", "2026-11-10", "--json", stdout=out)
    assert json.loads(out.getvalue())["sure"] == 1
    assert not CutOverLink.objects.exists()
    call_command("cut_over", str(connection.pk), "--from", "2026-11-10", "--link", stdout=StringIO())
    assert CutOverLink.objects.get().state == "linked"
