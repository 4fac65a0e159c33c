"""Doorbells: losing them loses nothing, because the sweep rings again."""

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
from celery import Celery
from django.db import connection
from django.utils import timezone

from integrations import tasks
from integrations.models import Connection, Credential, Posting, SyncRun
from integrations.services.postings import request_posting
from integrations.services.sweeping import due_work
from tenants.rls import tenant_scope
from tests.conftest import Actors
from tests.integrations.conftest import Company, Sandbox
from tests.integrations.services.factories import give_tokens, make_connection


@pytest.fixture
def rings_at_once() -> Iterator[None]:
    """A ring runs the task here and now, as a worker would."""
    app: Celery = tasks.sweep.app
    before = app.conf.task_always_eager, app.conf.task_eager_propagates
    app.conf.update(task_always_eager=True, task_eager_propagates=True)
    yield
    app.conf.update(task_always_eager=before[0], task_eager_propagates=before[1])


@pytest.mark.integration
def test_one_sweep_sends_what_waits_and_syncs_what_is_due(
    connected: Connection, company: Company, sandbox: Sandbox, rings_at_once: None
) -> None:
    with tenant_scope(connected.tenant_id):
        SyncRun.objects.update(resources=["terms"])
        posting = request_posting(
            connection=connected, resource="contacts", body={"contact_type": "customer", "name": "Swept"},
            origin_kind="api",
        )  # fmt: skip
    tasks.sweep.delay()
    with tenant_scope(connected.tenant_id):
        assert SyncRun.objects.get().status == SyncRun.Status.SUCCEEDED
        assert Posting.objects.get(pk=posting.pk).status == Posting.Status.POSTED


def test_the_sweep_sees_due_rows_of_all_tenants_and_nothing_of_their_content(acme: Actors, rival: Actors) -> None:
    for actors in (acme, rival):
        give_tokens(make_connection(actors.tenant), seconds=60)
    found = due_work()
    assert {tenant for kind, tenant, _ in found if kind == "credential"} == {str(acme.tenant.pk), str(rival.tenant.pk)}
    assert all(len(row) == 3 for row in found)


def test_what_is_held_or_not_yet_due_is_not_rung(acme: Actors) -> None:
    connection = make_connection(acme.tenant)
    with tenant_scope(acme.tenant.pk):
        run = SyncRun.objects.create(tenant=acme.tenant, connection=connection, trigger="manual")
        assert [row for _, _, row in due_work()] == [str(run.pk)]
        SyncRun.objects.update(lease_until=timezone.now() + timedelta(minutes=1))
        assert due_work() == []
        SyncRun.objects.update(lease_until=None, available_at=timezone.now() + timedelta(minutes=1))
        assert due_work() == []
        SyncRun.objects.update(status=SyncRun.Status.SUCCEEDED, available_at=timezone.now())
        assert due_work() == []


def test_a_disconnected_connections_token_is_not_renewed(acme: Actors) -> None:
    connection = make_connection(acme.tenant, status=Connection.Status.PAUSED)
    give_tokens(connection, seconds=1)
    with tenant_scope(acme.tenant.pk):
        assert Credential.objects.exists()
    assert due_work() == []


def test_every_kind_of_due_work_has_its_bell(db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_get_functiondef('integrations_due'::regproc)")
        (source,) = cursor.fetchone() or ("",)
    assert set(tasks._BELLS) == set(re.findall(r"SELECT (?:DISTINCT )?'(\w+)',", source))
