"""Whether anything changed, told of many kinds by few calls: an unchanged ledger costs little, nothing is missed."""

import time
from datetime import timedelta
from typing import Any

import pytest

from integrations.engine import manifest
from integrations.models import Connection, LedgerRecord, SyncRun
from integrations.services import sync
from integrations.services.autoconsent import connect_by_itself
from tenants.rls import tenant_scope
from tests.conftest import Actors
from tests.integrations.conftest import Company, Sandbox

pytestmark = pytest.mark.integration
FEW = ("accounts", "contacts", "items", "invoices", "bills", "payments", "journal_entries")


@pytest.fixture
def company(sandbox: Sandbox) -> Company:
    """A small NetSuite account."""
    return sandbox.company(ledger="netsuite")


@pytest.fixture
def synced(acme: Actors, company: Company) -> Connection:
    """Acme's connection to it, read in full."""
    return _read_in_full(acme, "netsuite", company)


def _read_in_full(acme: Actors, connector: str, company: Company) -> Connection:
    done = connect_by_itself(
        tenant=acme.tenant, connector=connector, redirect_uri="https://portal.test/callback", org=company.realm
    )
    assert done.connection is not None, done.error
    with tenant_scope(acme.tenant.pk):
        SyncRun.objects.all().delete()
    _poll(done.connection)
    return done.connection


def _poll(connection: Connection) -> SyncRun:
    with tenant_scope(connection.tenant_id):
        run = sync.request_sync(connection=connection, trigger="schedule", resources=FEW)
    sync.run_sync(run.tenant_id, run.pk)
    with tenant_scope(connection.tenant_id):
        run = SyncRun.objects.get(pk=run.pk)
    assert (run.status, run.error) == ("succeeded", {})
    return run


def _rows(connection: Connection, resource: str, **where: Any) -> list[str]:
    with tenant_scope(connection.tenant_id):
        rows = LedgerRecord.objects.of(connection, resource).filter(**where)
        return sorted(rows.values_list("external_id", flat=True))


def test_an_unchanged_ledger_costs_a_survey_and_a_list_of_deletions(synced: Connection) -> None:
    assert _poll(synced).calls <= 2


def test_what_changed_is_read_and_the_rest_is_left_alone(synced: Connection, company: Company) -> None:
    made = company.change(action="create", resource="invoices", amount="12.50", number="S-1", date="2026-11-02")
    run = _poll(synced)
    assert str(made["id"]) in _rows(synced, "invoices")
    assert {name for name, state in run.progress.items() if state["changed"]} <= {"invoices", "contacts", "items"}
    assert run.calls < 12


def test_a_kind_whose_number_differs_is_read_again_whatever_its_times_say(synced: Connection) -> None:
    before = _rows(synced, "items")
    with tenant_scope(synced.tenant_id):
        LedgerRecord.objects.of(synced, "items").filter(external_id=before[0]).update(external_id="999999")
        LedgerRecord.objects.of(synced, "items").filter(external_id=before[-1]).delete()
    run = _poll(synced)
    assert run.progress["items"]["mode"] == "full"
    assert _rows(synced, "items") == before


def test_a_ledger_that_refuses_the_survey_is_asked_for_each_kind(
    synced: Connection, company: Company, sandbox: Sandbox
) -> None:
    made = company.change(action="create", resource="invoices", amount="12.50", number="S-2", date="2026-11-02")
    refusal = {"action": "status", "ledger": "netsuite", "path": "/suiteql", "status": 400, "times": 1}
    sandbox.post("/_control/faults", refusal)
    run = _poll(synced)
    assert str(made["id"]) in _rows(synced, "invoices")
    with tenant_scope(synced.tenant_id):
        assert run.api_calls.filter(status_code=400).count() == 1


def test_nothing_is_known_beyond_the_moment_of_the_survey(synced: Connection) -> None:
    from integrations.models import SyncCursor

    run = _poll(synced)
    assert run.started_at is not None
    with tenant_scope(synced.tenant_id):
        through = SyncCursor.objects.get(connection=synced, resource="journal_entries").changed_through
        last_call = run.api_calls.order_by("-started_at").first()
    assert last_call is not None
    assert through <= last_call.started_at


# Where each kind is asked for its newest record -----------------------------------------------------------------------


@pytest.fixture
def intacct(sandbox: Sandbox) -> Company:
    """A small company in Sage Intacct."""
    return sandbox.company(ledger="sage_intacct")


@pytest.fixture
def polled(acme: Actors, intacct: Company, monkeypatch: pytest.MonkeyPatch) -> Connection:
    """Acme's connection to it, read in full, and so long ago that its overlap holds nothing of the founding."""
    monkeypatch.setattr("integrations.services.pulling.OVERLAP", timedelta(0))
    found = _read_in_full(acme, "sage_intacct", intacct)
    # The company was founded a moment ago: a second later nothing of it is new.
    time.sleep(1.1)
    _poll(found)
    return found


def _kinds(*resources: str) -> int:
    return sum(len(manifest.load("sage_intacct").resources[name].entities) for name in resources)


def test_the_newest_record_of_each_kind_costs_one_call_and_tells_changes_and_deletions(polled: Connection) -> None:
    run = _poll(polled)
    assert run.calls == _kinds(*FEW)
    assert not any(state["changed"] for state in run.progress.values())


def test_what_is_newer_than_the_last_look_is_read_and_the_rest_is_left_alone(
    polled: Connection, intacct: Company
) -> None:
    made = intacct.change(action="create", resource="invoices", amount="12.50", number="S-3", date="2026-11-02")
    run = _poll(polled)
    assert str(made["id"]) in _rows(polled, "invoices")
    assert run.calls <= _kinds(*FEW) + 5, "fields, list, lines, taxes and the number of one kind"


def test_a_deleted_record_shows_in_the_number_that_comes_with_the_newest(polled: Connection) -> None:
    before = _rows(polled, "items")
    with tenant_scope(polled.tenant_id):
        LedgerRecord.objects.of(polled, "items").filter(external_id=before[-1]).delete()
    run = _poll(polled)
    assert run.progress["items"]["mode"] == "full"
    assert _rows(polled, "items") == before


def test_a_kind_whose_question_is_refused_is_asked_for_by_itself(
    polled: Connection, intacct: Company, sandbox: Sandbox
) -> None:
    made = intacct.change(action="create", resource="invoices", amount="12.50", number="S-4", date="2026-11-02")
    refusal = {"action": "status", "ledger": "sage_intacct", "path": "/services/core/query", "status": 400, "times": 1}
    sandbox.post("/_control/faults", refusal)
    run = _poll(polled)
    assert str(made["id"]) in _rows(polled, "invoices")
    with tenant_scope(polled.tenant_id):
        assert run.api_calls.filter(status_code=400).count() == 1
    assert run.calls < 2 * _kinds(*FEW), "one refusal spoils one kind only"
