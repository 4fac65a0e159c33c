"""Direction, source of truth and rhythm of each resource: obeyed wherever a call to a ledger could begin."""

from typing import Any

import pytest
from django.core.exceptions import ValidationError

from integrations.engine.errors import RejectedError
from integrations.models import Connection, LedgerRecord, Posting, ResourcePolicy, SeenRecord, SyncCursor, SyncRun
from integrations.services import policies, sync
from integrations.services.fetching import request_fetch
from integrations.services.planning import plan
from integrations.services.policies import DirectionError, Policy
from integrations.services.postings import request_posting
from integrations.services.readiness import ready_body
from integrations.services.reversing import reverse_posting
from integrations.services.work import LeaseLostError, claim, keep
from tenants.rls import tenant_scope
from tests.conftest import Actors
from tests.integrations.conftest import Company, Sandbox
from tests.integrations.factories import make_connection, make_posting, make_run

pytestmark = pytest.mark.integration
DIRECTIONS = [
    ("both", True, True),
    ("read", True, False),
    ("write", False, True),
    ("off", False, False),
]


@pytest.fixture
def books(acme: Actors) -> Any:
    """A connection of acme's, inside acme's scope."""
    with tenant_scope(acme.tenant.pk):
        yield make_connection(acme.tenant)


def _ask(connection: Connection, *resources: str) -> SyncRun:
    return sync.request_sync(connection=connection, trigger="manual", resources=resources)


def _post(connection: Connection, resource: str = "invoices", **more: Any) -> Posting:
    body = {"contact": {"id": "1"}, "lines": []}
    return request_posting(connection=connection, resource=resource, body=body, origin_kind="api", **more)


def test_without_a_row_everything_flows_both_ways_and_the_ledgers_word_holds(books: Connection) -> None:
    policy = policies.of(books, "invoices")
    assert policy == Policy("invoices", "both", "ledger", None)
    assert (policy.reads, policy.writes) == (True, True)


@pytest.mark.parametrize(("direction", "is_read", "is_written"), DIRECTIONS)
def test_each_direction_opens_and_closes_reading_and_writing(
    books: Connection, direction: str, is_read: bool, is_written: bool
) -> None:
    policies.set_policy(connection=books, resource="invoices", direction=direction)
    policy = policies.of(books, "invoices")
    assert (policy.reads, policy.writes) == (is_read, is_written)
    assert ("invoices" in policies.read_resources(books)) is is_read
    if is_written:
        assert _post(books).status == "pending"
    else:
        with pytest.raises(DirectionError, match="turn writing on") as refused:
            _post(books)
        assert refused.value.code == "direction"
    if is_read:
        assert _ask(books, "invoices").resources == ["invoices"]
    else:
        with pytest.raises(DirectionError, match="Invoices are not read"):
            _ask(books, "invoices")


def test_a_read_only_connection_writes_nothing_whatever_its_resources_say(books: Connection) -> None:
    policies.set_policy(connection=books, resource="bills", direction="both")
    Connection.objects.filter(pk=books.pk).update(is_read_only=True)
    books.refresh_from_db()
    assert not policies.of(books, "bills").writes


def test_a_sync_of_everything_leaves_out_what_is_not_read(books: Connection) -> None:
    policies.set_policy(connection=books, resource="bills", direction="off")
    policies.set_policy(connection=books, resource="invoices", direction="write")
    planned = plan(make_run(books, resources=[], is_full=True), {})
    assert "bills" not in planned
    assert "invoices" not in planned
    assert "payments" in planned


def test_a_run_asked_for_before_the_direction_changed_obeys_it(books: Connection) -> None:
    run = make_run(books, resources=["bills", "payments"], is_full=True)
    policies.set_policy(connection=books, resource="bills", direction="write")
    assert list(plan(run, {})) == ["payments"]


def test_a_run_under_way_loses_a_resource_that_is_turned_off_with_its_next_page(books: Connection) -> None:
    states = {name: {"is_done": False, "cursor": None} for name in ("bills", "payments")}
    queued = make_run(books, status=SyncRun.Status.QUEUED, progress=states, finished_at=None)
    worker = claim(SyncRun, tenant_id=books.tenant_id, row_id=queued.pk, statuses=["queued"])
    assert worker is not None
    SeenRecord.objects.create(
        tenant_id=books.tenant_id, sync_run=worker, resource="bills", remote_type="Bill", external_id="1"
    )
    policies.set_policy(connection=books, resource="bills", direction="write")
    with pytest.raises(LeaseLostError):
        keep(worker, records=99)
    again = claim(SyncRun, tenant_id=books.tenant_id, row_id=queued.pk, statuses=["queued", "running"])
    assert again is not None
    assert list(again.progress) == ["payments"]
    assert not SeenRecord.objects.filter(sync_run=again).exists()


def test_the_company_itself_is_always_read(books: Connection) -> None:
    with pytest.raises(ValidationError, match="always read"):
        policies.set_policy(connection=books, resource="company_info", direction="off")
    assert policies.reads(books, "company_info")


@pytest.mark.parametrize(
    ("wish", "words"),
    [
        ({"resource": "unicorns"}, "no unicorns"),
        ({"resource": "bills", "direction": "sideways"}, "offered directions"),
        ({"resource": "bills", "source_of_truth": "nobody"}, "whose word"),
        ({"resource": "bills", "sync_minutes": 1}, "between 5 and"),
        ({"resource": "bills", "sync_minutes": 99_999}, "between 5 and"),
    ],
)
def test_a_wish_that_makes_no_sense_is_refused_in_words_and_nothing_is_kept(
    books: Connection, wish: dict[str, Any], words: str
) -> None:
    fine = Policy("invoices", "read")
    with pytest.raises(ValidationError, match=words):
        policies.set_policies(connection=books, wanted=[fine, Policy(**wish)])
    assert not ResourcePolicy.objects.exists()


def test_turning_reading_on_again_begins_with_a_full_read_at_once(books: Connection) -> None:
    from django.utils import timezone

    now = timezone.now()
    SyncCursor.objects.create(
        tenant_id=books.tenant_id, connection=books, resource="bills", changed_through=now, full_synced_at=now
    )
    policies.set_policy(connection=books, resource="bills", direction="off")
    assert SyncCursor.objects.get().full_synced_at is not None
    policies.set_policy(connection=books, resource="bills", direction="read")
    cursor = SyncCursor.objects.get()
    assert (cursor.full_synced_at, cursor.due_at) == (None, None)
    run = make_run(books, resources=["bills"])
    assert plan(run, {"bills": cursor})["bills"]["mode"] == "full"
    books.refresh_from_db()
    assert books.next_sync_at is not None
    assert books.next_sync_at <= timezone.now()


def test_who_changed_a_direction_stands_in_the_audit_trail_and_no_change_writes_nothing(books: Connection) -> None:
    policies.set_policy(connection=books, resource="bills", direction="read")
    policies.set_policy(connection=books, resource="bills", direction="read")
    events: Any = ResourcePolicy.pgh_event_models  # type: ignore[attr-defined]
    (event,) = set(events.values())
    assert event.objects.count() == 1


def test_a_posting_that_waited_while_writing_was_turned_off_is_refused_with_its_remedy(books: Connection) -> None:
    posting = _post(books)
    policies.set_policy(connection=books, resource="invoices", direction="read")
    with pytest.raises(RejectedError) as refused:
        ready_body(posting)
    assert (refused.value.code, refused.value.who_can_fix) == ("direction", "owner")
    assert "replay" in refused.value.remedy


def test_what_was_posted_can_be_undone_after_writing_was_turned_off(books: Connection) -> None:
    posting = make_posting(books)
    policies.set_policy(connection=books, resource="invoices", direction="off")
    reversal = reverse_posting(posting=posting)
    assert ready_body(reversal)["external_id"] == posting.external_id


def test_files_of_a_resource_that_is_not_read_are_not_asked_for(books: Connection) -> None:
    policies.set_policy(connection=books, resource="invoices", direction="write")
    with pytest.raises(DirectionError, match="not read"):
        request_fetch(connection=books, kind="attachments", params={"resource": "invoices", "external_id": "1"})


# Against a ledger ---------------------------------------------------------------------------------------------------


@pytest.fixture
def synced(connected: Connection) -> Connection:
    """The connection after a first sync of a few resources."""
    with tenant_scope(connected.tenant_id):
        SyncRun.objects.all().delete()
        run = _ask(connected, "invoices", "payments", "contacts")
    sync.run_sync(run.tenant_id, run.pk)
    return connected


def _sync(connection: Connection) -> SyncRun:
    with tenant_scope(connection.tenant_id):
        run = sync.request_sync(connection=connection, trigger="schedule")
    sync.run_sync(run.tenant_id, run.pk)
    with tenant_scope(connection.tenant_id):
        return SyncRun.objects.get(pk=run.pk)


def test_what_is_turned_off_keeps_its_rows_unrefreshed_and_catches_up_when_turned_on(
    synced: Connection, company: Company, sandbox: Sandbox
) -> None:
    with tenant_scope(synced.tenant_id):
        policies.set_policy(connection=synced, resource="invoices", direction="off")
    gone = company.documents("invoices")[0]["Id"]
    for payment in company.documents("payments"):
        company.change(action="delete", resource="Payment", id=payment["Id"])
    company.change(action="delete", resource="Invoice", id=gone)
    before = len(sandbox.calls())
    _sync(synced)
    asked = " ".join(f"{call.get('query', '')} {call['path']}" for call in sandbox.calls()[before:])
    assert "Payment" in asked
    assert "Invoice" not in asked
    with tenant_scope(synced.tenant_id):
        assert LedgerRecord.objects.of(synced, "invoices").filter(external_id=gone).exists()
        policies.set_policy(connection=synced, resource="invoices", direction="both")
    run = _sync(synced)
    assert run.progress["invoices"]["mode"] == "full"
    with tenant_scope(synced.tenant_id):
        rows = LedgerRecord.objects.of(synced, "invoices").values_list("external_id", flat=True)
        assert set(rows) == {each["Id"] for each in company.documents("invoices")}
