"""The lists: the same number of queries for ten rows and a thousand, only one's own rows, words instead of codes."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext

from integrations.models import Connection, LedgerRecord, Posting, Resource, SyncRun
from tenants.rls import tenant_scope
from tests.conftest import Actors
from tests.integrations.factories import make_connection, make_failed_run, make_posting, make_record, make_run

BASE = "/admin/integrations"
LISTS = ("connection/", "syncrun/", "syncrun/failures/", "posting/", "ledgerrecord/?resource__exact=invoices")


def _copies(row: Any, count: int, change: Callable[[Any, int], None]) -> None:
    model = type(row)
    rows = []
    for number in range(count):
        copy = model.objects.get(pk=row.pk)
        copy.pk = model._meta.pk.get_default()
        change(copy, number)
        rows.append(copy)
    model.objects.bulk_create(rows)


def _fill(actors: Actors, count: int) -> None:
    with tenant_scope(actors.tenant.pk):
        connection = make_connection(actors.tenant)
        _copies(connection, count, lambda row, n: setattr(row, "external_org_id", f"org-{row.pk}"))
        _copies(make_failed_run(connection), count, lambda row, n: None)
        rejected = make_posting(
            connection, status=Posting.Status.REJECTED, external_id="", error_code="duplicate_number"
        )
        _copies(rejected, count, lambda row, n: setattr(row, "idempotency_key", str(row.pk)))
        _copies(make_record(connection), count, lambda row, n: setattr(row, "external_id", f"x{row.pk}"))


def _queries(actors: Actors, path: str) -> int:
    client = actors.client("owner")
    client.get(f"{BASE}/{path}")
    with CaptureQueriesContext(database) as seen:
        assert client.get(f"{BASE}/{path}").status_code == 200
    return len(seen)


def test_every_list_asks_as_often_for_hundreds_of_rows_as_for_ten(acme: Actors) -> None:
    _fill(acme, 10)
    few = {path: _queries(acme, path) for path in LISTS}
    _fill(acme, 200)
    assert {path: _queries(acme, path) for path in LISTS} == few


@pytest.mark.parametrize("resource", Resource.values)
def test_every_resource_has_a_list_that_shows_its_records(acme: Actors, resource: str) -> None:
    with tenant_scope(acme.tenant.pk):
        make_record(make_connection(acme.tenant), resource, number="SHOWN-77", name="Shown seventy-seven")
    page = acme.client("auditor").get(f"{BASE}/ledgerrecord/?resource__exact={resource}").content.decode()
    assert "SHOWN-77" in page or "Shown seventy-seven" in page


@pytest.mark.parametrize(
    "path",
    [
        "connection/",
        "connection/?q=secret",
        "syncrun/",
        "syncrun/failures/",
        "posting/",
        "ledgerrecord/",
        "ledgerrecord/?resource__exact=invoices",
        "ledgerrecord/?resource__exact=invoices&q=secret",
        "ledgerrecord/?resource__exact=invoices&presence=every",
    ],
)
def test_a_list_never_shows_another_tenants_rows_or_filter_choices(acme: Actors, rival: Actors, path: str) -> None:
    with tenant_scope(rival.tenant.pk):
        theirs = make_connection(rival.tenant, name="Secret Rival Books")
        make_record(theirs, number="SECRET-1", contact_name="Secret customer")
        make_record(theirs, Resource.ACCOUNTS, name="Secret account")
        make_failed_run(theirs)
        make_posting(theirs, status=Posting.Status.REJECTED, external_id="", body={"number": "SECRET-2"})
    page = acme.client("owner").get(f"{BASE}/{path}").content.decode()
    assert "Secret Rival" not in page
    assert "Secret customer" not in page
    assert "Secret account" not in page
    assert "SECRET-" not in page.replace('value="secret"', "")


def test_a_foreign_connection_in_the_filter_shows_nothing(acme: Actors, rival: Actors) -> None:
    with tenant_scope(rival.tenant.pk):
        theirs = make_connection(rival.tenant)
        make_record(theirs, number="SECRET-1")
    path = f"{BASE}/ledgerrecord/?resource__exact=invoices&connection__id__exact={theirs.pk}"
    answer = acme.client("owner").get(path, follow=True)
    assert "SECRET-1" not in answer.content.decode()


def test_the_search_wants_every_word_and_knows_the_ledgers_id(acme: Actors) -> None:
    with tenant_scope(acme.tenant.pk):
        connection = make_connection(acme.tenant)
        make_record(connection, number="INV-1", contact_name="Cool Cars", external_id="4711")
        make_record(connection, number="INV-2", contact_name="Cool Boats")
    client = acme.client("auditor")

    def found(text: str) -> set[str]:
        page = client.get(f"{BASE}/ledgerrecord/", {"resource__exact": "invoices", "q": text}).content.decode()
        return {number for number in ("INV-1", "INV-2") if number in page}

    assert found("cool") == {"INV-1", "INV-2"}
    assert found("COOL car") == {"INV-1"}
    assert found("4711") == {"INV-1"}
    assert found("cool planes") == set()


def test_deleted_records_are_shown_only_on_demand(acme: Actors) -> None:
    with tenant_scope(acme.tenant.pk):
        record = make_record(make_connection(acme.tenant), number="GONE-1")
        LedgerRecord.objects.filter(pk=record.pk).update(deleted_at=record.synced_at)
    client = acme.client("auditor")
    query = {"resource__exact": "invoices"}
    assert "GONE-1" not in client.get(f"{BASE}/ledgerrecord/", query).content.decode()
    assert "GONE-1" in client.get(f"{BASE}/ledgerrecord/", {**query, "presence": "deleted"}).content.decode()


def test_filters_by_status_kind_and_date_leave_what_fits(acme: Actors) -> None:
    with tenant_scope(acme.tenant.pk):
        connection = make_connection(acme.tenant)
        make_record(connection, number="PAID-1", status="paid", issued_on="2026-01-05")
        make_record(connection, number="OPEN-1", status="open", issued_on="2026-03-05")
        make_record(connection, Resource.ACCOUNTS, name="Current account", kind="bank")
        make_record(connection, Resource.ACCOUNTS, name="Sales", kind="income")
    client = acme.client("auditor")
    paid = client.get(f"{BASE}/ledgerrecord/?resource__exact=invoices&status=paid").content.decode()
    assert "PAID-1" in paid and "OPEN-1" not in paid  # noqa: PT018
    late = client.get(f"{BASE}/ledgerrecord/?resource__exact=invoices&issued_on_from=2026-02-01").content.decode()
    assert "OPEN-1" in late and "PAID-1" not in late  # noqa: PT018
    banks = client.get(f"{BASE}/ledgerrecord/?resource__exact=accounts&kind=bank").content.decode()
    assert "Current account" in banks and ">Sales<" not in banks  # noqa: PT018


def test_without_a_connection_the_owner_is_led_to_the_first_step(acme: Actors) -> None:
    assert "Connect your first ledger" in acme.client("owner").get(f"{BASE}/connection/").content.decode()
    auditor = acme.client("auditor").get(f"{BASE}/connection/").content.decode()
    assert "An owner of this tenant can connect one" in auditor


def test_a_card_says_what_is_wrong_what_to_do_and_who_can(acme: Actors) -> None:
    with tenant_scope(acme.tenant.pk):
        error = {"message": "The consent was withdrawn.", "remedy": "Press Reconnect.", "who_can_fix": "owner"}
        make_connection(acme.tenant, status=Connection.Status.NEEDS_REAUTHORISATION, error=error)
    page = acme.client("auditor").get(f"{BASE}/connection/").content.decode()
    for text in ("Reconnect needed", "The consent was withdrawn.", "Press Reconnect.", "An owner of this tenant"):
        assert text in page


def test_the_run_list_names_the_cause_of_a_failure(acme: Actors) -> None:
    with tenant_scope(acme.tenant.pk):
        connection = make_connection(acme.tenant)
        make_failed_run(connection)
        make_run(connection, status=SyncRun.Status.SUCCEEDED)
    page = acme.client("support").get(f"{BASE}/syncrun/").content.decode()
    assert "does not let the portal read bills" in page
