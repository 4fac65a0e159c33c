"""The mirror: pages go in as sets, unchanged rows are not touched, and time decides over arrival."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from integrations.engine.results import Record
from integrations.models import Connection, LedgerRecord, SyncRun
from integrations.services.records import delete_unseen, mark_deleted, note_seen, search_records, upsert_page
from tenants.rls import tenant_scope
from tests.conftest import Actors
from tests.integrations.services.factories import make_connection

MODIFIED = datetime(2026, 11, 1, 12, tzinfo=UTC)


def invoice(key: int, /, **changes: Any) -> Record:
    unified = {
        "external_id": str(key),
        "remote_type": "Invoice",
        "version": "0",
        "modified_at": MODIFIED,
        "number": f"INV-{key}",
        "contact": {"id": "7", "name": "Amy's Bird Sanctuary", "type": "customer"},
        "issued_on": date(2026, 10, 1),
        "due_on": date(2026, 10, 31),
        "currency": "USD",
        "total": Decimal("119.00"),
        "balance": Decimal("19.00"),
        "status": "open",
        "lines": [],
        **changes,
    }
    return Record(unified, {"Id": str(key), "TotalAmt": Decimal("119.00")}, "Invoice")


@pytest.fixture
def connection(in_acme: Actors) -> Connection:
    return make_connection(in_acme.tenant)


def store(connection: Connection, *records: Record) -> tuple[int, int]:
    counts = upsert_page(connection=connection, resource="invoices", records=records)
    return counts.records, counts.changed


def test_a_page_is_stored_with_its_list_columns(connection: Connection) -> None:
    assert store(connection, invoice(1), invoice(2)) == (2, 2)
    row = LedgerRecord.objects.get(external_id="1")
    assert (row.number, row.contact_name, row.amount, row.open_amount) == (
        "INV-1", "Amy's Bird Sanctuary", Decimal("119.00"), Decimal("19.00"),
    )  # fmt: skip
    assert (row.issued_on, row.due_on, row.currency, row.status) == (
        date(2026, 10, 1),
        date(2026, 10, 31),
        "USD",
        "open",
    )
    assert row.unified["total"] == "119.00"


def test_an_unchanged_page_rewrites_nothing(connection: Connection) -> None:
    store(connection, invoice(1))
    before = LedgerRecord.objects.get().synced_at
    assert store(connection, invoice(1)) == (1, 0)
    assert LedgerRecord.objects.get().synced_at == before


def test_a_changed_record_replaces_the_row_and_leaves_its_earlier_form_in_the_audit_trail(
    connection: Connection,
) -> None:
    store(connection, invoice(1))
    assert store(connection, invoice(1, balance=Decimal(0), modified_at=MODIFIED + timedelta(hours=1))) == (1, 1)
    assert LedgerRecord.objects.get().open_amount == 0
    assert LedgerRecord.pgh_event_model.objects.count() == 1  # type: ignore[attr-defined]


def test_an_older_form_that_arrives_later_changes_nothing(connection: Connection) -> None:
    store(connection, invoice(1, balance=Decimal(0)))
    assert store(connection, invoice(1, modified_at=MODIFIED - timedelta(minutes=1))) == (1, 0)
    assert LedgerRecord.objects.get().open_amount == 0


def test_a_record_that_stands_twice_on_a_page_is_stored_once(connection: Connection) -> None:
    assert store(connection, invoice(1), invoice(1)) == (1, 1)


def test_a_thousand_records_take_one_statement(connection: Connection) -> None:
    with CaptureQueriesContext(database) as queries:
        assert store(connection, *[invoice(number) for number in range(1000)]) == (1000, 1000)
    assert len(queries) == 1


def test_a_deleted_record_is_marked_and_comes_back_when_it_is_met_again(connection: Connection) -> None:
    store(connection, invoice(1))
    gone = [("invoices", "Invoice", "1", MODIFIED + timedelta(hours=1))]
    assert mark_deleted(connection=connection, gone=gone) == 1
    assert LedgerRecord.objects.of(connection, "invoices").count() == 0
    assert store(connection, invoice(1)) == (1, 0)
    assert store(connection, invoice(1, modified_at=MODIFIED + timedelta(hours=2))) == (1, 1)
    assert LedgerRecord.objects.of(connection, "invoices").count() == 1


def test_what_a_full_reread_never_meets_is_gone(connection: Connection) -> None:
    store(connection, invoice(1), invoice(2))
    since = timezone.now()
    run = SyncRun.objects.create(tenant_id=connection.tenant_id, connection=connection, trigger="manual", is_full=True)
    note_seen(run=run, resource="invoices", keys=[(invoice(2).remote_type, invoice(2).external_id)])
    assert delete_unseen(run=run, resource="invoices", since=since) == 1
    assert [row.external_id for row in LedgerRecord.objects.of(connection, "invoices")] == ["2"]


def test_what_was_posted_during_a_full_reread_is_not_taken_for_gone(connection: Connection) -> None:
    since = timezone.now()
    store(connection, invoice(1))
    run = SyncRun.objects.create(tenant_id=connection.tenant_id, connection=connection, trigger="manual", is_full=True)
    assert delete_unseen(run=run, resource="invoices", since=since) == 0


def test_every_word_of_a_search_must_occur(connection: Connection) -> None:
    store(connection, invoice(1), invoice(2))
    found = search_records(connection=connection, resource="invoices", text="BIRD inv-2")
    assert [row.external_id for row in found] == ["2"]


@pytest.mark.parametrize("text", ["nul \x00 inside", "backslash \\u0000 as text", "quote ' and \"", "𝄞 ünïcode"])
def test_hostile_text_is_stored(connection: Connection, text: str) -> None:
    store(connection, invoice(1, number=text))
    assert LedgerRecord.objects.get().number == text.replace("\x00", "")


def test_another_tenant_sees_nothing_of_it(connection: Connection, rival: Actors) -> None:
    store(connection, invoice(1))
    with tenant_scope(rival.tenant.pk):
        assert LedgerRecord.objects.count() == 0
