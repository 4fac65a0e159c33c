"""The mirror: pages go in as sets, unchanged rows are not touched, and time decides over arrival."""

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import DataError, transaction
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from integrations.engine.results import Record
from integrations.models import Connection, LedgerRecord, SyncRun
from integrations.services.records import (
    delete_unseen,
    has_unseen,
    mark_deleted,
    note_seen,
    search_records,
    upsert_page,
)
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


def test_a_first_page_is_not_compared_before_and_what_the_mirror_holds_of_it_stays_as_it_is(
    connection: Connection,
) -> None:
    store(connection, invoice(1))
    held = LedgerRecord.objects.get(external_id="1")
    counts = upsert_page(connection=connection, resource="invoices", records=[invoice(1), invoice(2)], are_new=True)
    assert (counts.records, counts.changed) == (2, 1)
    assert LedgerRecord.objects.get(external_id="1").synced_at == held.synced_at


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


def statements(connection: Connection, records: list[Record]) -> list[str]:
    with CaptureQueriesContext(database) as queries:
        store(connection, *records)
    return [query["sql"] for query in queries]


def test_a_thousand_records_take_as_many_statements_as_one(connection: Connection) -> None:
    store(connection, invoice(-1))  # the temporary table is made with a session's first page
    few = statements(connection, [invoice(0)])
    many = statements(connection, [invoice(number) for number in range(1, 1001)])
    assert len(many) == len(few) <= 3
    assert LedgerRecord.objects.count() == 1002


def test_a_first_page_asks_one_thing_before_it_is_stored(connection: Connection) -> None:
    store(connection, invoice(-1))
    with CaptureQueriesContext(database) as queries:
        upsert_page(connection=connection, resource="invoices", records=[invoice(1)], are_new=True)
    asked, copied, put = [query["sql"] for query in queries]
    assert "integrations_fieldoverride" in asked
    assert copied.startswith("COPY")
    assert "INSERT INTO integrations_ledgerrecord" in put


def test_of_unchanged_records_nothing_is_sent_but_their_hashes(connection: Connection) -> None:
    page = [invoice(number) for number in range(50)]
    store(connection, *page)
    again = statements(connection, page)
    assert len(again) == 1
    assert "INV-" not in again[0]


def test_records_travel_by_copy_and_are_never_deleted_one_page_after_the_other(connection: Connection) -> None:
    """Deleted rows of a temporary table are not vacuumed; arrays of parameters and rows of the ORM cost many times as
    much as a copy."""
    store(connection, invoice(-1))
    told = statements(connection, [invoice(number) for number in range(300)])
    assert told[1].startswith("COPY")
    assert "INSERT INTO integrations_ledgerrecord" in told[2]
    assert not any(word in " ".join(told) for word in ("DELETE", "TRUNCATE", "unnest", "VALUES"))


def test_a_commit_empties_the_temporary_table(acme: Actors, transactional_db: None) -> None:
    with tenant_scope(acme.tenant.pk):
        connection = make_connection(acme.tenant)
    for number in range(3):
        with tenant_scope(acme.tenant.pk):
            store(connection, invoice(number))
            store(connection, invoice(number + 10))
            assert _arriving() == 2
    with tenant_scope(acme.tenant.pk):
        assert _arriving() == 0
        assert LedgerRecord.objects.count() == 6


def _arriving() -> int:
    with database.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_temp.arriving_records")
        return int(cursor.fetchone()[0])


def test_a_page_that_is_rolled_back_leaves_nothing_for_the_next(connection: Connection) -> None:
    def interrupted() -> None:
        with transaction.atomic():
            store(connection, invoice(1))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        interrupted()
    assert store(connection, invoice(2)) == (1, 1)
    assert [row.external_id for row in LedgerRecord.objects.all()] == ["2"]


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
    assert has_unseen(run=run, resource="invoices", since=since)
    assert delete_unseen(run=run, resource="invoices", since=since) == 1
    assert not has_unseen(run=run, resource="invoices", since=since)
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


@pytest.mark.parametrize(
    "text",
    ["nul \x00 inside", "a line\n\\.\nand \t \x01 \x02", "backslash \\u0000 as text", "quote ' and \"", "𝄞 ünïcode"],
)
def test_hostile_text_is_stored(connection: Connection, text: str) -> None:
    store(connection, invoice(1, number=text))
    assert LedgerRecord.objects.get().number == text.replace("\x00", "")
    assert LedgerRecord.objects.get().unified["number"] == text.replace("\x00", "")


def test_exact_fractions_are_kept_as_the_ledger_wrote_them(connection: Connection) -> None:
    raw = {"Id": 2**63, "Rate": Decimal("0.10"), "Big": Decimal("12345678901234567890.123456789")}
    upsert_page(connection=connection, resource="invoices", records=[Record(invoice(1).unified, raw, "Invoice")])
    with database.cursor() as cursor:
        cursor.execute("SELECT raw::text FROM integrations_ledgerrecord")
        assert json.loads(cursor.fetchone()[0], parse_float=Decimal) == raw


def test_the_raw_form_is_kept_as_it_was_written_and_comes_back_as_what_it_says(connection: Connection) -> None:
    raw = {"z": 1, "Id": "7", "Lines": [{"Amount": Decimal("1.50"), "Text": "a \u00e9"}], "Empty": None}
    upsert_page(connection=connection, resource="invoices", records=[Record(invoice(7).unified, raw, "Invoice")])
    with database.cursor() as cursor:
        cursor.execute("SELECT pg_typeof(raw)::text, raw::text FROM integrations_ledgerrecord")
        assert cursor.fetchone() == (
            "json", '{"Empty":null,"Id":"7","Lines":[{"Amount":1.50,"Text":"a \u00e9"}],"z":1}',
        )  # fmt: skip
    row = LedgerRecord.objects.get()
    assert row.raw == {"z": 1, "Id": "7", "Lines": [{"Amount": 1.5, "Text": "a \u00e9"}], "Empty": None}
    row.raw = {"changed": [1]}
    row.save()
    LedgerRecord.objects.bulk_update([row], ["raw"])
    assert list(LedgerRecord.objects.distinct().values_list("raw", flat=True)) == [{"changed": [1]}]
    store(connection, invoice(7, balance=Decimal(0), modified_at=MODIFIED + timedelta(hours=1)))
    event = LedgerRecord.pgh_event_model.objects.get()  # type: ignore[attr-defined]
    assert event.raw == {"Id": "7", "TotalAmt": 119.0}


def test_the_database_refuses_a_raw_form_that_is_no_json(connection: Connection) -> None:
    store(connection, invoice(1))
    with pytest.raises(DataError), transaction.atomic(), database.cursor() as cursor:
        cursor.execute("UPDATE integrations_ledgerrecord SET raw = '{broken'")


def test_what_is_gone_is_found_without_a_loop_over_all_for_each(connection: Connection) -> None:
    store(connection, *[invoice(number) for number in range(20)])
    run = SyncRun.objects.create(tenant_id=connection.tenant_id, connection=connection, trigger="manual", is_full=True)
    with CaptureQueriesContext(database) as queries:
        delete_unseen(run=run, resource="invoices", since=timezone.now())
    told = [query["sql"] for query in queries]
    update = next(place for place, sql in enumerate(told) if "NOT EXISTS" in sql)
    assert "enable_nestloop = off" in told[update - 1]
    assert "enable_nestloop TO DEFAULT" in told[update + 1]


def test_another_tenant_sees_nothing_of_it(connection: Connection, rival: Actors) -> None:
    store(connection, invoice(1))
    with tenant_scope(rival.tenant.pk):
        assert LedgerRecord.objects.count() == 0


def test_what_was_read_in_the_moment_of_its_stamp_is_noted_when_it_is_read_again(connection: Connection) -> None:
    now = timezone.now().replace(microsecond=0)
    with tenant_scope(connection.tenant_id):
        for moment in (now, MODIFIED):
            upsert_page(connection=connection, resource="invoices", records=[invoice(1, modified_at=moment)])
            before = LedgerRecord.objects.get(external_id="1").synced_at
            upsert_page(connection=connection, resource="invoices", records=[invoice(1, modified_at=moment)])
            after = LedgerRecord.objects.get(external_id="1").synced_at
            assert (after > before) is (moment == now)
            LedgerRecord.objects.all().delete()
