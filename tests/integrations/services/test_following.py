"""What a person asks for while another sync is under way joins it or comes after it, and is never lost."""

from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from integrations.models import Connection, SyncRun
from integrations.services import sync
from integrations.services.connections import disconnect
from integrations.services.following import Wish, join_or_follow
from integrations.services.sweeping import due_work
from integrations.services.work import claim
from tenants.rls import tenant_scope
from tests.conftest import Actors
from tests.integrations.conftest import Sandbox
from tests.integrations.services.factories import make_connection

Status = SyncRun.Status


def ask(connection: Connection, *resources: str, **options: Any) -> SyncRun:
    with tenant_scope(connection.tenant_id):
        return sync.request_sync(connection=connection, **{"trigger": "manual", "resources": resources, **options})


def begun(connection: Connection, *resources: str) -> SyncRun:
    """A scheduled sync that a worker has in hand."""
    run = ask(connection, *resources, trigger="schedule")
    with tenant_scope(connection.tenant_id):
        held = claim(SyncRun, tenant_id=run.tenant_id, row_id=run.pk, statuses=[Status.QUEUED])
        SyncRun.objects.filter(pk=run.pk).update(status=Status.RUNNING)
    assert held is not None
    return held


def fresh(run: SyncRun) -> SyncRun:
    with tenant_scope(run.tenant_id):
        return SyncRun.objects.select_related("connection").get(pk=run.pk)


@pytest.fixture
def connection(acme: Actors) -> Connection:
    return make_connection(acme.tenant)


def test_a_wish_during_a_partial_sync_waits_and_goes_when_that_is_over(connection: Connection) -> None:
    first = begun(connection, "invoices")
    assert ask(connection, "invoices").pk == first.pk
    wish = ask(connection)
    assert (wish.status, wish.resources) == (Status.WAITING, [])
    assert ask(connection, "bills").pk == wish.pk
    assert [row for kind, _, row in due_work() if kind == "sync_run"] == []
    with tenant_scope(connection.tenant_id):
        sync.cancel_sync(fresh(first))
    assert fresh(wish).status == Status.QUEUED
    assert [row for kind, _, row in due_work() if kind == "sync_run"] == [str(wish.pk)]


def test_a_larger_wish_replaces_the_one_that_waits_and_an_unlike_one_is_refused(connection: Connection) -> None:
    begun(connection, "invoices")
    wish = ask(connection, "bills")
    larger = ask(connection, "bills", "items", is_full=True)
    assert (larger.pk, larger.is_full, larger.resources) == (wish.pk, True, ["bills", "items"])
    with pytest.raises(ValidationError, match="another one waits"):
        ask(connection, "accounts")


def test_what_the_schedule_asks_for_meanwhile_is_not_kept(connection: Connection) -> None:
    begun(connection, "invoices")
    with pytest.raises(ValidationError, match="under way"):
        ask(connection, trigger="schedule")


def test_a_reconnection_during_a_sync_catches_up_after_it(connection: Connection) -> None:
    begun(connection, "invoices")
    with tenant_scope(connection.tenant_id):
        wish = sync.sync_after_consent(connection=connection, is_first=False, requested_by=None)
    assert (wish.status, wish.resources) == (Status.WAITING, [])


def test_a_reconnection_leaves_a_paused_sync_paused(connection: Connection) -> None:
    first = begun(connection, "invoices")
    with tenant_scope(connection.tenant_id):
        sync.pause_sync(first)
        again = sync.sync_after_consent(connection=connection, is_first=False, requested_by=None)
    assert (again.pk, fresh(again).status) == (first.pk, Status.PAUSED)


def test_a_reconnection_takes_what_is_under_way_when_another_sync_waits_that_differs(connection: Connection) -> None:
    first = begun(connection, "invoices")
    ask(connection, "bills", is_full=True)
    with tenant_scope(connection.tenant_id):
        again = sync.sync_after_consent(connection=connection, is_first=False, requested_by=None)
    assert again.pk == first.pk


def test_a_sync_that_ended_a_moment_ago_holds_up_nothing(connection: Connection) -> None:
    first = begun(connection, "invoices")
    with tenant_scope(connection.tenant_id):
        SyncRun.objects.filter(pk=first.pk).update(status=Status.SUCCEEDED, finished_at=timezone.now())
        wish = join_or_follow(first, Wish([], False, {"trigger": "manual"}))
    assert wish.status == Status.QUEUED


def test_one_that_waits_can_be_cancelled_and_ends_with_its_connection(connection: Connection) -> None:
    begun(connection, "invoices")
    wish = ask(connection)
    with tenant_scope(connection.tenant_id):
        sync.cancel_sync(fresh(wish))
        assert fresh(wish).status == Status.CANCELLED
        other = ask(connection)
        disconnect(connection)
    assert fresh(other).status == Status.CANCELLED


def test_one_that_was_forgotten_goes_with_the_connections_next_turn(connection: Connection) -> None:
    first = begun(connection, "invoices")
    wish = ask(connection)
    with tenant_scope(connection.tenant_id):
        SyncRun.objects.filter(pk=first.pk).delete()
        Connection.objects.update(next_sync_at=timezone.now())
    assert sync.request_due_sync(connection.tenant_id, connection.pk) == wish
    assert fresh(wish).status == Status.QUEUED


@pytest.mark.integration
def test_a_sync_that_succeeds_and_one_that_fails_let_the_next_one_go(connected: Connection, sandbox: Sandbox) -> None:
    with tenant_scope(connected.tenant_id):
        SyncRun.objects.all().delete()
    first = begun(connected, "terms")
    wish = ask(connected, "items")
    with tenant_scope(connected.tenant_id):
        SyncRun.objects.filter(pk=first.pk).update(lease_until=None)
    sync.run_sync(first.tenant_id, first.pk)
    assert (fresh(first).status, fresh(wish).status) == (Status.SUCCEEDED, Status.QUEUED)
    with tenant_scope(connected.tenant_id):
        SyncRun.objects.filter(pk=wish.pk).update(attempts=sync.MOST_ATTEMPTS, progress={"items": {}})
    last = ask(connected, "terms")
    assert last.status == Status.WAITING
    sync.run_sync(wish.tenant_id, wish.pk)
    assert (fresh(wish).status, fresh(last).status) == (Status.FAILED, Status.QUEUED)


def test_the_page_says_that_a_sync_comes_after_the_one_under_way(acme: Actors, connection: Connection) -> None:
    begun(connection, "invoices")
    client, base = acme.client("editor"), f"/admin/integrations/connection/{connection.pk}"
    assert "Sync everything next" in client.get(f"{base}/change/").content.decode()
    answer = client.post(f"{base}/sync/", follow=True).content.decode()
    assert "Yours comes after it, by itself" in answer
    assert "comes after it by itself" in client.get(f"{base}/change/").content.decode()
