"""A tenant's overrides: versions that two people make, values laid over records, and writes that carry them."""

from typing import Any

import orjson
import pytest
from django.db import connection as database
from django.db import transaction
from django.test.utils import CaptureQueriesContext

from integrations.engine.results import Record
from integrations.models import Connection, FieldOverride, LedgerRecord, Posting, Rereading
from integrations.services import override_previews, overrides, records, rereading
from integrations.services.content import content_hash
from integrations.services.overlays import masked
from integrations.services.overrides import OverrideError
from tenants.rls import tenant_scope
from tests.conftest import Actors
from tests.integrations.factories import make_connection, make_record

Status = FieldOverride.Status


@pytest.fixture
def books(acme: Actors) -> Any:
    """A connection of acme's, inside acme's scope."""
    with tenant_scope(acme.tenant.pk):
        yield make_connection(acme.tenant)


def drafted(books: Connection, acme: Actors, **changes: Any) -> FieldOverride:
    values = {"resource": "invoices", "direction": "read", "target": "memo", "expression": "PrivateNote & '!'"}
    return overrides.draft(connection=books, by=acme.editor, **{**values, **changes})


def in_force(books: Connection, acme: Actors, **changes: Any) -> FieldOverride:
    row = drafted(books, acme, **changes)
    overrides.submit(row=row, by=acme.editor, reason="Because.")
    overrides.approve(row=row, by=acme.approver)
    row.refresh_from_db()
    return row


def raw_of(number: int, **more: Any) -> dict[str, Any]:
    return {"Id": str(number), "SyncToken": "0", "PrivateNote": f"note {number}", **more}


def record_of(number: int, **more: Any) -> Record:
    unified = {"external_id": str(number), "number": f"N-{number}", "memo": f"note {number}", "custom_fields": []}
    return Record({**unified, **more}, raw_of(number), "Invoice")


def stored(books: Connection, number: int) -> LedgerRecord:
    return LedgerRecord.objects.get(connection=books, external_id=str(number))


# Versions -------------------------------------------------------------------------------------------------------------


def test_one_person_drafts_and_another_brings_it_into_force(books: Connection, acme: Actors) -> None:
    row = drafted(books, acme)
    assert (row.status, row.version) == (Status.DRAFT, 1)
    overrides.submit(row=row, by=acme.editor, reason="Notes end loudly here.")
    for own in (acme.editor,):
        with pytest.raises(OverrideError, match="own change"):
            overrides.approve(row=row, by=own)
    work = overrides.approve(row=row, by=acme.approver, decision="Seen.")
    row.refresh_from_db()
    assert (row.status, row.decided_by, row.reason) == (Status.ACTIVE, acme.approver, "Notes end loudly here.")
    assert work is not None
    assert work.status == Rereading.Status.QUEUED


def test_whoever_worked_on_a_draft_does_not_approve_it(books: Connection, acme: Actors) -> None:
    row = drafted(books, acme)
    overrides.change(row=row, expression="DocNumber", by=acme.owner)
    overrides.submit(row=row, by=acme.editor, reason="Because.")
    with pytest.raises(OverrideError, match="own change"):
        overrides.approve(row=row, by=acme.owner)
    overrides.approve(row=row, by=acme.approver)


def test_the_database_itself_keeps_what_was_decided_on(books: Connection, acme: Actors) -> None:
    row = in_force(books, acme)
    rows = FieldOverride.objects.filter(pk=row.pk)
    with pytest.raises(Exception, match="Only a draft can be changed"), transaction.atomic():
        rows.update(expression="'something else'")
    with pytest.raises(Exception, match="nobody_decides"), transaction.atomic():
        rows.update(decided_by=acme.editor)
    with pytest.raises(Exception, match="active_override_was_approved"), transaction.atomic():
        rows.update(decided_by=None)


def test_a_newer_version_replaces_and_an_older_one_comes_back(books: Connection, acme: Actors) -> None:
    first = in_force(books, acme)
    second = in_force(books, acme, expression="DocNumber")
    first.refresh_from_db()
    assert (first.status, second.version) == (Status.SUPERSEDED, 2)
    with pytest.raises(OverrideError, match="Say why"):
        overrides.roll_back(row=first, by=acme.approver, decision=" ")
    overrides.roll_back(row=first, by=acme.approver, decision="The second was worse.")
    active = FieldOverride.objects.active().get(connection=books)
    assert (active.version, active.expression, active.decision) == (3, first.expression, "The second was worse.")
    assert active.reason.startswith("Version 1 again")


def test_what_is_sent_back_goes_on_as_a_draft(books: Connection, acme: Actors) -> None:
    row = drafted(books, acme)
    overrides.submit(row=row, by=acme.editor, reason="Because.")
    again = overrides.send_back(row=row, by=acme.approver, decision="Shorter, please.")
    assert (again.status, again.version, again.editors) == (Status.DRAFT, 2, row.editors)
    with pytest.raises(OverrideError, match="draft for this field"):
        drafted(books, acme)
    overrides.discard(row=again)
    assert drafted(books, acme).version == 2


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"expression": "PrivateNote &"}, "line 1, column 13"),
        ({"expression": "$eval(PrivateNote)"}, "cannot be used"),
        ({"expression": " "}, "no expression"),
        ({"target": "total"}, "ledger's word"),
        ({"target": "colour"}, "is unknown"),
        ({"resource": "unicorns"}, "has no unicorns"),
        ({"direction": "write", "target": "a..b"}, "Write a path"),
        ({"direction": "sideways"}, "for reading or for writing"),
    ],
)
def test_what_cannot_be_is_refused_with_its_place_and_remedy(
    books: Connection, acme: Actors, changes: dict[str, Any], told: str
) -> None:
    with pytest.raises(OverrideError, match=told):
        drafted(books, acme, **changes)


# Reading --------------------------------------------------------------------------------------------------------------


def test_records_come_in_with_the_value_and_unchanged_ones_cost_nothing(books: Connection, acme: Actors) -> None:
    in_force(books, acme)
    page = [record_of(number) for number in (1, 2)]
    assert records.upsert_page(connection=books, resource="invoices", records=page).changed == 2
    row = stored(books, 1)
    assert row.unified["memo"] == "note 1!"
    assert row.unified["overrides"] == [{"field": "memo", "version": 1, "declared": "note 1"}]
    assert "note 1!" in row.search
    assert row.raw == raw_of(1)
    assert masked(row.content_hash, row.overlay) == content_hash(page[0])
    again = records.upsert_page(connection=books, resource="invoices", records=page)
    assert (again.records, again.changed) == (2, 0)


def test_a_failing_expression_loses_no_record(books: Connection, acme: Actors) -> None:
    in_force(books, acme, expression="$number(PrivateNote)")
    records.upsert_page(connection=books, resource="invoices", records=[record_of(1)])
    row = stored(books, 1)
    assert row.unified["memo"] == "note 1"
    assert "line 1" in row.unified["overrides"][0]["error"]


def test_a_time_bomb_is_given_up_after_a_few_records(books: Connection, acme: Actors) -> None:
    in_force(books, acme, expression="($f := function($x){ $f($x) }; $f(1))")
    in_force(books, acme, target="custom_fields.crew", expression="$uppercase(PrivateNote)")
    page = [record_of(number) for number in range(20)]
    assert records.upsert_page(connection=books, resource="invoices", records=page).changed == 20
    rows = LedgerRecord.objects.filter(connection=books)
    errors = [row.unified["overrides"][-1]["error"] for row in rows]
    assert sum("was not tried" in error for error in errors) == 17
    assert all(row.unified["custom_fields"][0]["value"].startswith("NOTE") for row in rows)


def reread_all(books: Connection) -> Rereading:
    row = Rereading.objects.get(connection=books, resource="invoices")
    rereading.reread(books.tenant_id, row.pk)
    row.refresh_from_db()
    return row


def test_what_is_stored_is_laid_over_anew_without_the_ledger_and_comes_off_again(
    books: Connection, acme: Actors
) -> None:
    page = [record_of(number) for number in range(450)]
    records.upsert_page(connection=books, resource="invoices", records=page)
    before = {row.external_id: (row.unified, row.content_hash) for row in LedgerRecord.objects.filter(connection=books)}
    row = in_force(books, acme)
    work = reread_all(books)
    assert (work.done, work.changed, work.failed, work.is_last_look) == (450, 450, 0, True)
    assert stored(books, 7).unified["memo"] == "note 7!"
    # What a sync brings is known again: nothing is rewritten.
    assert records.upsert_page(connection=books, resource="invoices", records=page).changed == 0
    overrides.end(row=row, by=acme.approver, decision="Not wanted any more.")
    reread_all(books)
    after = {row.external_id: (row.unified, row.content_hash) for row in LedgerRecord.objects.filter(connection=books)}
    assert after == before
    assert records.upsert_page(connection=books, resource="invoices", records=page).changed == 0


def test_a_worker_that_died_goes_on_where_rows_are_left(books: Connection, acme: Actors) -> None:
    records.upsert_page(connection=books, resource="invoices", records=[record_of(number) for number in range(5)])
    in_force(books, acme)
    LedgerRecord.objects.filter(connection=books, external_id__in=["1", "2"]).update(overlay="f" * 32)
    assert reread_all(books).done == 5
    assert not LedgerRecord.objects.filter(connection=books, overlay="f" * 32).exists()
    assert {row.unified["memo"][-1] for row in LedgerRecord.objects.filter(connection=books)} == {"!"}


def test_without_an_override_not_one_statement_more_is_made(books: Connection, acme: Actors) -> None:
    def statements() -> int:
        with CaptureQueriesContext(database) as found:
            records.upsert_page(connection=books, resource="invoices", records=[record_of(1)])
        return len(found.captured_queries)

    statements()
    assert statements() == 1
    in_force(books, acme)
    statements()
    assert statements() == 2


# Preview --------------------------------------------------------------------------------------------------------------


def previewed(books: Connection, **changes: Any) -> override_previews.Preview:
    values = {"resource": "invoices", "direction": "read", "target": "memo", "expression": "PrivateNote & '!'"}
    asked = {**values, **changes}
    sample = override_previews.sample_of(books, asked["resource"])
    return override_previews.preview(connection=books, sample=sample, **asked)


def test_a_preview_shows_before_and_after_on_a_real_record_and_stores_nothing(books: Connection) -> None:
    make_record(books, raw={"Id": "1", "PrivateNote": "hello", "Amt": 10.50})
    found = previewed(books)
    assert [(each.field, each.before, each.after) for each in found.changes] == [("memo", "nothing", "hello!")]
    assert '"PrivateNote": "hello"' in found.seen
    assert found.problem is None
    assert "overrides" not in LedgerRecord.objects.get(connection=books).unified


def test_a_preview_names_what_fails_and_where(books: Connection) -> None:
    make_record(books, raw={"Id": "1", "PrivateNote": "hello"})
    found = previewed(books, expression="PrivateNote\n + 1")
    assert found.problem is not None
    assert found.problem.line == 2
    assert found.changes == []
    unfit = previewed(books, expression="42")
    assert unfit.problem is not None
    assert "must be a text" in unfit.problem.text


def test_a_preview_without_records_says_so(books: Connection) -> None:
    assert previewed(books).sample is None


INVOICE = {
    "external_id": "1", "number": "N-1", "contact": {"id": "58", "type": "customer"}, "issued_on": "2026-11-02",
    "memo": "hello", "total": "80.00", "currency": "USD",
    "lines": [{"item": {"id": "3"}, "quantity": "1", "unit_price": "80.00", "amount": "80.00"}],
}  # fmt: skip


def test_a_preview_of_writing_shows_the_exact_body(books: Connection) -> None:
    make_record(books, unified=INVOICE)
    found = previewed(
        books, direction="write", target="CustomerMemo.value", expression="memo & ' / ' & $body.DocNumber"
    )
    assert found.problem is None
    assert found.call.startswith("POST ")
    assert orjson.loads(found.body)["CustomerMemo"] == {"value": "hello / N-1"}
    assert any(sign == "+" and "hello / N-1" in line for sign, line in found.lines)


def test_a_preview_of_writing_uses_the_tables_that_were_read_before(acme: Actors) -> None:
    with tenant_scope(acme.tenant.pk):
        books = make_connection(acme.tenant, connector="netsuite", settings={"subsidiary": "1"})
        make_record(books, "currencies", external_id="1", raw={"id": "1", "symbol": "USD", "name": "US Dollar"})
        make_record(books, unified={**INVOICE, "remote_type": "invoice"})
        found = previewed(books, direction="write", target="memo", expression="memo & '!'")
    assert found.problem is None, str(found.problem)
    assert '"memo": "hello!"' in found.body


@pytest.mark.parametrize(
    ("target", "expression"),
    [("DocNumber", "'X'"), ("Line.*.Amount", "1"), ("CustomerRef.value", "'9'"), ("TxnDate", "'2020-01-01'")],
)
def test_what_a_lost_answer_is_found_by_is_not_overridden(books: Connection, target: str, expression: str) -> None:
    make_record(books, unified=INVOICE)
    found = previewed(books, direction="write", target=target, expression=expression)
    assert found.problem is not None
    assert found.problem.kind == "must_stay"


# Another tenant -------------------------------------------------------------------------------------------------------


def test_another_tenants_expressions_are_never_used(books: Connection, acme: Actors, rival: Actors) -> None:
    in_force(books, acme)
    with tenant_scope(rival.tenant.pk):
        theirs = make_connection(rival.tenant)
        records.upsert_page(connection=theirs, resource="invoices", records=[record_of(1)])
        assert stored(theirs, 1).unified["memo"] == "note 1"
        assert not FieldOverride.objects.exists()
        assert Posting.objects.count() == 0
