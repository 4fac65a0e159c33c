"""The services against the living sandbox: consent, first sync, changes, writes."""

from datetime import timedelta

import pytest
from django.utils import timezone

from integrations.models import ApiCall, Connection, Credential, LedgerRecord, SyncCursor, SyncRun
from integrations.services.sync import request_sync, run_sync
from tenants.rls import tenant_scope
from tests.conftest import Actors
from tests.integrations.conftest import Company, Sandbox

pytestmark = pytest.mark.integration


def pull(connection: Connection, **options: object) -> SyncRun:
    """Ask for a sync and run it as a worker would."""
    with tenant_scope(connection.tenant_id):
        run = request_sync(connection=connection, trigger="manual", **options)  # type: ignore[arg-type]
    run_sync(connection.tenant_id, run.pk)
    with tenant_scope(connection.tenant_id):
        return SyncRun.objects.get(pk=run.pk)


def test_consent_makes_a_named_active_connection_and_asks_for_the_first_sync(connected: Connection) -> None:
    assert (connected.status, connected.name, connected.currency) == (Connection.Status.ACTIVE, "Books", "USD")
    with tenant_scope(connected.tenant_id):
        assert SyncRun.objects.get().trigger == SyncRun.Trigger.INITIAL
        assert "access_token" in Credential.objects.get().secret


def test_the_first_sync_mirrors_the_books(connected: Connection, company: Company) -> None:
    run = pull(connected)
    assert (run.status, run.error) == (SyncRun.Status.SUCCEEDED, {})
    with tenant_scope(connected.tenant_id):
        for resource in ("invoices", "bills", "payments", "accounts", "items"):
            stored = LedgerRecord.objects.of(connected, resource).values_list("external_id", flat=True)
            assert set(stored) == {row["Id"] for row in company.documents(resource)}, resource
        assert ApiCall.objects.filter(sync_run=run).count() == run.calls


def test_an_unchanged_resync_is_one_call_and_writes_no_record(connected: Connection, sandbox: Sandbox) -> None:
    pull(connected)
    with tenant_scope(connected.tenant_id):
        # Far enough from the first sync that the overlap finds nothing either.
        SyncCursor.objects.update(changed_through=timezone.now() + timedelta(minutes=6))
    before = len(sandbox.calls())
    run = pull(connected)
    assert (run.status, run.calls, run.changed) == (SyncRun.Status.SUCCEEDED, 1, 0)
    assert [call["kind"] for call in sandbox.calls()[before:]] == ["cdc"]


def test_a_rival_sees_nothing_of_it(connected: Connection, rival: Actors) -> None:
    pull(connected)
    with tenant_scope(rival.tenant.pk):
        assert not Connection.objects.exists()
        assert not LedgerRecord.objects.exists()
        assert not ApiCall.objects.exists()
