"""A cut-over whose worker dies at any moment goes on when it is taken again: nothing twice, nothing forgotten."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection as database
from django.db import transaction
from django.utils import timezone

from integrations.models import Connection, CrossReference, Posting
from mappings.models import CutOver, CutOverLink, SourceDocument
from mappings.services.cutover import request_run, run_cut_over, set_up
from mappings.services.cutover_decisions import undo
from mappings.services.intake import receive_document
from tests.conftest import Actors
from tests.killing import Hangman, Killed
from tests.mappings.factories import activated, chart_of, connection_of, received, record_of, sale

START = date(2026, 11, 10)
AT_ONCE = 2


@pytest.fixture
def cut_over(in_acme: Actors, acme: Actors) -> CutOver:
    """Seven documents: four are exact, one was mapped, two could each be one of the same two in the ledger."""
    connection = connection_of(in_acme.tenant)
    chart_of(connection)
    activated(connection, acme)
    received(connection, external_id="order-0")
    for number in range(1, 7):
        receive_document(connection=connection, body=sale(connection, f"order-{number}"))
    for number in (*range(5), 5, 5):
        invoice(connection, f"ORDER-{number}")
    made = set_up(connection=connection, starts_on=START)
    request_run(made, is_dry=False)
    return made


def invoice(connection: Connection, number: str) -> None:
    values = {"contact_name": "Blue Bottle Ltd", "issued_on": date(2026, 11, 2), "amount": Decimal("120")}
    external_id = f"{number}-{Posting.objects.count()}-{CrossReference.objects.count()}-{timezone.now():%f}"
    record_of(connection, "invoices", external_id, "", number=number, currency="GBP", remote_type="Invoice", **values)


def run(cut_over: CutOver) -> CutOver | None:
    return run_cut_over(cut_over.tenant_id, cut_over.pk, at_once=AT_ONCE)


def state() -> Any:
    """What became of everything."""
    links = CutOverLink.objects.order_by("document__external_id")
    documents = SourceDocument.objects.order_by("external_id").values_list("external_id", "status")
    references = CrossReference.objects.filter(local_kind="source_document").order_by("external_id")
    return (
        list(links.values_list("document__external_id", "state", "external_id", "is_ambiguous", "reasons")),
        list(documents),
        list(references.values_list("local_id", "external_id")),
        list(Posting.objects.order_by("id").values_list("resource", "status")),
        list(CutOver.objects.values_list("status", "is_in_force")),
    )


def test_killed_before_any_of_its_writes_it_ends_as_if_nothing_had_been(cut_over: CutOver) -> None:
    counting = Hangman()
    with transaction.atomic(), database.execute_wrapper(counting):
        run(cut_over)
        wanted = state()
        transaction.set_rollback(True)
    assert counting.seen > 15
    assert [each[1] for each in wanted[0]] == ["linked"] * 5 + ["open"] * 2
    for moment in range(1, counting.seen + 1, max(1, counting.seen // 8)):
        with transaction.atomic():
            with pytest.raises(Killed), database.execute_wrapper(Hangman(moment)):
                run(cut_over)
            # Its lease holds others off until it is over; the sweep then finds the row.
            CutOver.objects.update(lease_until=None)
            with database.cursor() as cursor:
                cursor.execute("SELECT kind, row_id FROM mappings_due(%s, 10)", [timezone.now()])
                assert ("cut_over", cut_over.pk) in cursor.fetchall(), moment
            assert run(cut_over) is not None
            assert state() == wanted, moment
            transaction.set_rollback(True)


def test_half_of_it_is_linked_when_the_worker_dies_and_stays_linked_once(cut_over: CutOver) -> None:
    class AfterTheFirst(Hangman):
        def __call__(self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
            self.seen += 'INSERT INTO "mappings_cutoverlink"' in sql
            if self.seen == 2:
                self.seen = 3
                raise Killed
            return execute(sql, params, many, context)

    with pytest.raises(Killed), database.execute_wrapper(AfterTheFirst()):
        run(cut_over)
    before = list(CutOverLink.objects.order_by("id").values())
    assert [link["state"] for link in before] == ["linked"] * AT_ONCE
    assert run(cut_over) is None, "its lease still holds"
    CutOver.objects.update(lease_until=None)
    run(cut_over)
    assert list(CutOverLink.objects.filter(pk__in=[link["id"] for link in before]).order_by("id").values()) == before
    assert CrossReference.objects.filter(local_kind="source_document").count() == 5
    assert not Posting.objects.exclude(status="cancelled").filter(resource="invoices").exists()


def test_what_arrives_while_it_compares_is_for_the_next_run(cut_over: CutOver) -> None:
    class Postman(Hangman):
        """Brings a document after the run has read what there is."""

        def __call__(self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
            if ('INSERT INTO "mappings_cutoverlink"' in sql) and not self.seen:
                self.seen = 1
                assert received(cut_over.connection, external_id="order-late").status == "matching"
            return execute(sql, params, many, context)

    with database.execute_wrapper(Postman()):
        run(cut_over)
    cut_over.refresh_from_db()
    assert (cut_over.status, cut_over.is_dry) == ("queued", False)
    invoice(cut_over.connection, "ORDER-LATE")
    run(cut_over)
    cut_over.refresh_from_db()
    assert cut_over.status == "idle"
    assert SourceDocument.objects.get(external_id="order-late").status == "linked"


def test_what_a_person_undoes_while_it_compares_is_not_linked_again(cut_over: CutOver, acme: Actors) -> None:
    run(cut_over)
    link = CutOverLink.objects.get(document__external_id="order-1")
    undo(link=link, by=acme.editor)
    CutOverLink.objects.filter(pk=link.pk).update(is_kept_open=False)

    class Person(Hangman):
        """Undoes it after the run has read who is kept open, and before it writes."""

        def __call__(self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
            if "FOR UPDATE" in sql and "mappings_sourcedocument" in sql:
                CutOverLink.objects.filter(pk=link.pk).update(is_kept_open=True)
            return execute(sql, params, many, context)

    cut_over.refresh_from_db()
    request_run(cut_over, is_dry=False)
    with database.execute_wrapper(Person()):
        run(cut_over)
    link.refresh_from_db()
    assert (link.state, link.proposal is not None) == ("open", True)
