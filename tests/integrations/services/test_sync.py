"""Syncs: resumable, cancellable, incremental, and honest about what went wrong."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from integrations.models import Connection, LedgerRecord, SyncCursor, SyncRun
from integrations.services import sync
from integrations.services.connections import pause, resume
from integrations.services.work import LeaseLostError, claim, keep
from tenants.rls import tenant_scope
from tests.integrations.conftest import Company, Sandbox

pytestmark = pytest.mark.integration
Status = SyncRun.Status
FEW = ("invoices", "payments", "contacts")


@pytest.fixture(autouse=True)
def no_waiting(settings: Any) -> None:
    """Retries are due at once."""
    settings.RETRY_BASE_SECONDS = 0


@pytest.fixture
def few(connected: Connection) -> Connection:
    """The connection without its first sync, so that tests ask for the few resources they need."""
    with tenant_scope(connected.tenant_id):
        SyncRun.objects.all().delete()
    return connected


def ask(connection: Connection, *resources: str, **options: Any) -> SyncRun:
    with tenant_scope(connection.tenant_id):
        options = {"trigger": "manual", "resources": resources or FEW, **options}
        return sync.request_sync(connection=connection, **options)


def work(run: SyncRun) -> SyncRun:
    """One turn of a worker, and the row afterwards."""
    sync.run_sync(run.tenant_id, run.pk)
    with tenant_scope(run.tenant_id):
        return SyncRun.objects.select_related("connection").get(pk=run.pk)


def ids(connection: Connection, resource: str) -> set[str]:
    with tenant_scope(connection.tenant_id):
        return set(LedgerRecord.objects.of(connection, resource).values_list("external_id", flat=True))


def test_what_users_of_the_ledger_change_create_and_delete_arrives(few: Connection, company: Company) -> None:
    work(ask(few))
    gone, renamed = company.documents("payments")[0]["Id"], company.documents("customers")[0]["Id"]
    company.change(action="delete", resource="Payment", id=gone)
    company.change(action="rename", resource="Customer", id=renamed, name="Renamed Ltd")
    run = work(ask(few))
    assert (run.status, run.calls, run.deleted) == (Status.SUCCEEDED, 1, 1)
    assert gone not in ids(few, "payments")
    with tenant_scope(few.tenant_id):
        row = LedgerRecord.objects.get(resource="contacts", remote_type="Customer", external_id=renamed)
        assert row.name == "Renamed Ltd"


def test_a_run_that_broke_goes_on_where_it_stopped(few: Connection, company: Company, sandbox: Sandbox) -> None:
    sandbox.fault("drop_before", path="/query", query="Payment", times=1)
    run = work(ask(few))
    assert (run.status, run.error_code) == (Status.QUEUED, "no_answer")
    assert run.progress["invoices"]["is_done"]
    before = len(sandbox.calls("query"))
    run = work(run)
    assert (run.status, run.error) == (Status.SUCCEEDED, {})
    later = [call["query"] for call in sandbox.calls("query")[before:]]
    assert not any("Invoice" in query for query in later)
    assert run.calls == len(sandbox.calls("query"))


def test_a_cancelled_run_is_no_longer_its_workers_however_old_the_page_of_the_person_was(few: Connection) -> None:
    seen = ask(few, "terms")
    with tenant_scope(few.tenant_id):
        worker = claim(SyncRun, tenant_id=few.tenant_id, row_id=seen.pk, statuses=[Status.QUEUED])
        assert worker is not None
        sync.cancel_sync(seen)
        with pytest.raises(LeaseLostError):
            keep(worker, records=99)


def test_a_killed_workers_run_is_taken_over_and_the_dead_one_can_write_no_more(few: Connection) -> None:
    run = ask(few, "terms")
    statuses = [Status.QUEUED, Status.RUNNING]
    with tenant_scope(few.tenant_id):
        dead = claim(SyncRun, tenant_id=few.tenant_id, row_id=run.pk, statuses=statuses)
        assert dead is not None
        assert claim(SyncRun, tenant_id=few.tenant_id, row_id=run.pk, statuses=statuses) is None
        SyncRun.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    assert work(run).status == Status.SUCCEEDED
    with tenant_scope(few.tenant_id), pytest.raises(LeaseLostError):
        keep(dead, records=99)


def test_a_cancelled_run_is_left_alone(few: Connection, sandbox: Sandbox) -> None:
    run = ask(few)
    with tenant_scope(few.tenant_id):
        sync.cancel_sync(run)
    before = len(sandbox.calls())
    assert work(run).status == Status.CANCELLED
    assert len(sandbox.calls()) == before
    with tenant_scope(few.tenant_id), pytest.raises(ValidationError, match="cancelled; nothing was changed"):
        sync.cancel_sync(run)


def test_a_paused_run_waits_for_its_person_and_goes_on_from_its_last_page(
    few: Connection, company: Company, sandbox: Sandbox
) -> None:
    sandbox.fault("drop_before", path="/query", query="Payment", times=1)
    run = work(ask(few))
    assert run.progress["invoices"]["is_done"]
    with tenant_scope(few.tenant_id):
        sync.pause_sync(run)
    before = len(sandbox.calls())
    assert work(run).status == Status.PAUSED
    assert len(sandbox.calls()) == before
    with pytest.raises(ValidationError, match="Resume it"):
        ask(few)
    with tenant_scope(few.tenant_id):
        sync.resume_sync(run)
        with pytest.raises(ValidationError, match="nothing was changed"):
            sync.resume_sync(run)
    assert work(run).status == Status.SUCCEEDED
    later = [call["query"] for call in sandbox.calls("query")]
    assert sum("Invoice" in query for query in later) == 1


def test_a_paused_run_is_no_longer_its_workers(few: Connection) -> None:
    run = ask(few, "terms")
    with tenant_scope(few.tenant_id):
        worker = claim(SyncRun, tenant_id=few.tenant_id, row_id=run.pk, statuses=[Status.QUEUED])
        assert worker is not None
        sync.pause_sync(run)
        with pytest.raises(LeaseLostError):
            keep(worker, records=99)


def test_a_full_reread_finds_what_was_deleted_too_long_ago_for_the_feed(few: Connection, company: Company) -> None:
    work(ask(few))
    gone = company.documents("payments")[0]["Id"]
    company.change(action="delete", resource="Payment", id=gone)
    with tenant_scope(few.tenant_id):
        SyncCursor.objects.update(changed_through=timezone.now() - timedelta(days=31))
    run = work(ask(few))
    assert (run.status, run.progress["payments"]["mode"], run.deleted) == (Status.SUCCEEDED, "full", 1)
    assert gone not in ids(few, "payments")


def test_records_that_two_resources_are_made_of_are_read_once(few: Connection, sandbox: Sandbox) -> None:
    run = work(ask(few, "payments", "bank_transactions"))
    assert (run.status, run.error) == (Status.SUCCEEDED, {})
    asked = [call["query"] for call in sandbox.calls("query")]
    assert sum("FROM+Payment+" in query or "FROM%20Payment%20" in query for query in asked) == 1
    assert ids(few, "payments") <= ids(few, "bank_transactions")


def test_a_dead_grant_parks_the_run_and_says_what_to_do(few: Connection, company: Company, sandbox: Sandbox) -> None:
    sandbox.fault("revoke_token", org=company.realm, times=1)
    run = work(ask(few))
    assert (run.status, run.connection.status) == (Status.QUEUED, Connection.Status.NEEDS_REAUTHORISATION)
    assert "econnect" in run.error["remedy"]
    with tenant_scope(few.tenant_id), pytest.raises(ValidationError, match="Reconnect"):
        sync.request_sync(connection=run.connection, trigger="manual")


def test_a_missing_permission_fails_with_words_and_can_be_replayed(
    few: Connection, company: Company, sandbox: Sandbox
) -> None:
    sandbox.fault("permission_gap", org=company.realm, times=1)
    run = work(ask(few))
    assert run.status == Status.FAILED
    assert run.error["remedy"]
    assert run.error["who_can_fix"]
    with tenant_scope(few.tenant_id):
        assert Connection.objects.get().error == run.error
        again = sync.replay_sync(run=run)
    assert (work(again).status, again.replay_of_id) == (Status.SUCCEEDED, run.pk)
    with tenant_scope(few.tenant_id):
        assert Connection.objects.get().error == {}


def test_a_ledger_that_stays_away_fails_the_run_in_the_end(few: Connection, sandbox: Sandbox) -> None:
    sandbox.fault({"status": 503}, path="/query")
    run = ask(few, "terms")
    for _ in range(sync.MOST_ATTEMPTS):
        run = work(run)
    assert (run.status, run.error_code) == (Status.FAILED, "ledger_unavailable")


def test_throttling_is_counted_and_waited_for(few: Connection, sandbox: Sandbox) -> None:
    sandbox.fault({"status": 429, "retry_after": 20}, path="/query", times=1)
    run = work(ask(few, "terms"))
    assert (run.status, run.throttled, run.calls) == (Status.QUEUED, 1, 1)
    assert run.available_at > timezone.now() + timedelta(seconds=15)


def test_asking_twice_is_one_run_and_what_has_not_begun_takes_in_more(few: Connection) -> None:
    run = ask(few, "terms")
    assert ask(few, "terms").pk == run.pk
    joined = ask(few, "invoices")
    assert (joined.pk, joined.resources) == (run.pk, ["terms", "invoices"])


def test_an_unknown_resource_is_refused_with_those_that_exist(few: Connection) -> None:
    with pytest.raises(ValidationError, match="journal_entries"):
        ask(few, "unicorns")


def test_the_schedule_asks_once_and_moves_on(few: Connection) -> None:
    with tenant_scope(few.tenant_id):
        Connection.objects.update(next_sync_at=timezone.now())
    assert sync.request_due_sync(few.tenant_id, few.pk) is not None
    assert sync.request_due_sync(few.tenant_id, few.pk) is None


def test_a_paused_connection_keeps_its_work_and_goes_on_when_resumed(few: Connection, sandbox: Sandbox) -> None:
    run = ask(few, "terms")
    with tenant_scope(few.tenant_id):
        pause(Connection.objects.get())
    before = len(sandbox.calls())
    assert work(run).status == Status.QUEUED
    assert len(sandbox.calls()) == before
    with tenant_scope(few.tenant_id):
        resume(Connection.objects.get())
    assert work(run).status == Status.SUCCEEDED
