"""The pages of one row: what they say, what each role may do there, and that nobody else's row is ever reached."""

import json
from typing import Any
from uuid import UUID

import pytest
from django.test import Client
from pytest_django import DjangoCaptureOnCommitCallbacks

from integrations.models import Connection, Credential, LedgerRecord, Posting, Resource, SyncRun
from tenants.rls import tenant_scope
from tests.conftest import Actors
from tests.integrations.factories import (
    make_authorisation,
    make_call,
    make_connection,
    make_credential,
    make_failed_run,
    make_posting,
    make_record,
    make_run,
)

BASE = "/admin/integrations"
NOT_FOUND = "doesn’t exist"


def _page(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200, answer
    return answer.content.decode()


def _all_addresses(actors: Actors) -> tuple[list[str], list[str]]:
    """Every GET and every POST address of a tenant's rows."""
    with tenant_scope(actors.tenant.pk):
        connection = make_connection(actors.tenant, name="Secret Rival Books")
        record = make_record(connection, number="SECRET-1")
        run, posting = make_failed_run(connection), make_posting(connection)
        call = make_call(connection, sync_run=run, response_body="SECRET-BODY")
        consent = make_authorisation(actors.tenant, requested_by=actors.owner)
    pages = [
        f"{BASE}/connection/{connection.pk}/change/",
        f"{BASE}/connection/{connection.pk}/confirm-disconnect/",
        f"{BASE}/ledgerrecord/{record.pk}/change/",
        f"{BASE}/ledgerrecord/of/{connection.pk}/invoices/{record.external_id}/",
        f"{BASE}/syncrun/{run.pk}/change/",
        f"{BASE}/syncrun/{run.pk}/progress/",
        f"{BASE}/syncrun/calls/{call.pk}/",
        f"{BASE}/posting/{posting.pk}/change/",
        f"/oauth/{consent.pk}/",
        f"/oauth/{consent.pk}/status/",
    ]
    words = ("sync", "full-sync", "pause", "resume", "settings", "reconnect", "disconnect")
    acts = [f"{BASE}/connection/{connection.pk}/{word}/" for word in words]
    acts += [f"{BASE}/syncrun/{run.pk}/{word}/" for word in ("replay", "cancel", "pause", "resume")]
    acts += [f"{BASE}/posting/{posting.pk}/{word}/" for word in ("replay", "cancel", "reverse", "answer", "settle")]
    return pages, acts


def _state(actors: Actors) -> list[Any]:
    with tenant_scope(actors.tenant.pk):
        return [
            list(model.objects.order_by("pk").values_list("pk", "status")) for model in (Connection, SyncRun, Posting)
        ]


def test_no_page_action_or_status_of_another_tenant_is_reached(acme: Actors, rival: Actors) -> None:
    pages, acts = _all_addresses(rival)
    before = _state(rival)
    client = acme.client("owner")
    for address in pages:
        answer = client.get(address, follow=True)
        assert "SECRET" not in answer.content.decode(), address
        assert "Secret Rival" not in answer.content.decode(), address
        assert answer.status_code == 404 or answer.redirect_chain, address
    for address in acts:
        client.post(address, {"name": "Taken over", "sync_minutes": "5"})
    assert _state(rival) == before


def test_another_tenants_group_cannot_be_replayed(acme: Actors, rival: Actors) -> None:
    with tenant_scope(rival.tenant.pk):
        connection = make_connection(rival.tenant)
        make_failed_run(connection)
    before = _state(rival)
    key = f"sync:{connection.pk}:permission_missing"
    assert acme.client("owner").post(f"{BASE}/syncrun/failures/replay/", {"key": key}).status_code == 302
    assert _state(rival) == before


@pytest.mark.parametrize("role", ["auditor", "support", "editor", "approver"])
def test_only_owners_manage_connections(acme: Actors, role: str) -> None:
    with tenant_scope(acme.tenant.pk):
        connection = make_connection(acme.tenant)
    client = acme.client(role)
    for word in ("pause", "resume", "settings", "reconnect", "disconnect"):
        assert client.post(f"{BASE}/connection/{connection.pk}/{word}/").status_code == 403, word
    assert client.get(f"{BASE}/connection/add/").status_code == 403
    assert client.get(f"{BASE}/connection/{connection.pk}/confirm-disconnect/").status_code == 403
    page = _page(client, f"{BASE}/connection/{connection.pk}/change/")
    assert "Disconnect" not in page


def test_an_auditor_can_start_nothing(acme: Actors) -> None:
    with tenant_scope(acme.tenant.pk):
        connection = make_connection(acme.tenant)
        run = make_failed_run(connection)
        posting = make_posting(connection, status=Posting.Status.REJECTED, external_id="")
    client = acme.client("auditor")
    for address in (
        f"connection/{connection.pk}/sync/",
        f"syncrun/{run.pk}/replay/",
        f"posting/{posting.pk}/replay/",
        "syncrun/failures/replay/",
    ):
        assert client.post(f"{BASE}/{address}").status_code == 403, address
    assert "Replay" not in _page(client, f"{BASE}/syncrun/{run.pk}/change/")


def test_an_action_is_never_done_by_a_link(acme: Actors) -> None:
    with tenant_scope(acme.tenant.pk):
        connection = make_connection(acme.tenant)
    assert acme.client("owner").get(f"{BASE}/connection/{connection.pk}/disconnect/").status_code == 405


def test_sync_now_queues_a_run_and_rings_after_commit(
    acme: Actors, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    with tenant_scope(acme.tenant.pk):
        connection = make_connection(acme.tenant)
    with django_capture_on_commit_callbacks() as bells:
        acme.client("editor").post(f"{BASE}/connection/{connection.pk}/sync/")
    with tenant_scope(acme.tenant.pk):
        run = SyncRun.objects.get(connection=connection)
    assert (run.status, run.trigger, run.requested_by) == ("queued", "manual", acme.editor)
    assert len(bells) == 1
    page = _page(acme.client("editor"), f"{BASE}/connection/{connection.pk}/change/")
    assert f"{BASE}/syncrun/{run.pk}/progress/" in page


def test_pause_and_resume(acme: Actors) -> None:
    with tenant_scope(acme.tenant.pk):
        connection = make_connection(acme.tenant)
    client = acme.client("owner")
    for word, expected in (("pause", "paused"), ("resume", "active")):
        client.post(f"{BASE}/connection/{connection.pk}/{word}/")
        with tenant_scope(acme.tenant.pk):
            assert Connection.objects.get(pk=connection.pk).status == expected


def test_settings_are_saved_and_a_missing_name_is_said_beside_its_field(acme: Actors) -> None:
    with tenant_scope(acme.tenant.pk):
        connection = make_connection(acme.tenant)
    client, address = acme.client("owner"), f"{BASE}/connection/{connection.pk}/settings/"
    rules = {"is_read_only": "on", "closed_period": "ask", "tax_tolerance": "0.10"}
    client.post(address, {"name": "Books of record", "sync_minutes": "60", **rules})
    with tenant_scope(acme.tenant.pk):
        saved = Connection.objects.get(pk=connection.pk)
    assert (saved.name, saved.sync_minutes, saved.closed_period) == ("Books of record", 60, "ask")
    refused = client.post(address, {"name": "", "sync_minutes": "60"})
    assert refused.status_code == 422
    assert "This field is required" in refused.content.decode()


def test_disconnecting_rings_the_revocation(
    acme: Actors, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    with tenant_scope(acme.tenant.pk):
        connection = make_connection(acme.tenant)
        make_credential(connection)
    with django_capture_on_commit_callbacks() as bells:
        acme.client("owner").post(f"{BASE}/connection/{connection.pk}/disconnect/")
    with tenant_scope(acme.tenant.pk):
        assert Connection.objects.get(pk=connection.pk).status == "disconnected"
    assert len(bells) == 1


def test_secrets_are_never_rendered(acme: Actors) -> None:
    with tenant_scope(acme.tenant.pk):
        connection = make_connection(acme.tenant)
        make_credential(connection, secret={"access_token": "very-secret-token"})
        assert Credential.objects.get(connection=connection).secret["access_token"] == "very-secret-token"
    page = _page(acme.client("owner"), f"{BASE}/connection/{connection.pk}/change/")
    assert "Reconnect at the latest by" in page
    assert "very-secret-token" not in page


def test_the_progress_of_a_run_is_told_in_figures(acme: Actors) -> None:
    progress = {
        "accounts": {"records": 90, "pages": 1, "total": 90, "is_done": True},
        "invoices": {"records": 500, "pages": 1, "total": 1000, "is_done": False},
    }
    with tenant_scope(acme.tenant.pk):
        run = make_run(make_connection(acme.tenant), status="running", finished_at=None, progress=progress, records=590)
    told = json.loads(acme.client("auditor").get(f"{BASE}/syncrun/{run.pk}/progress/").content)
    assert (told["finished"], told["status"], told["records"], told["percent"]) == (False, "running", 590, 75)
    assert told["seconds_left"] > 0
    assert "500 of 1,000" in told["html"]


def test_a_failed_run_explains_itself_and_shows_the_exchange_that_failed(acme: Actors) -> None:
    with tenant_scope(acme.tenant.pk):
        connection = make_connection(acme.tenant)
        run = make_failed_run(connection)
        make_call(connection, sync_run=run)
        make_call(connection, sync_run=run, status_code=403, response_body='{"Fault": "Feature not enabled"}')
    page = _page(acme.client("support"), f"{BASE}/syncrun/{run.pk}/change/")
    for text in (
        "QuickBooks does not let the portal read bills.",
        "Reconnect with a QuickBooks user who may see bills.",
        "An administrator of the ledger",
        "[redacted]",
        "1-5759b5f2-3c7c5b1f0b9bd0a2",
        "Replay",
    ):
        assert text in page
    # What a ledger says in a body may be about somebody: support sees which fields it had.
    assert "Feature not enabled" not in page
    assert "Fault" in page
    assert "Feature not enabled" in _page(acme.client("editor"), f"{BASE}/syncrun/{run.pk}/change/")


def test_a_failed_run_is_replayed_from_its_page(acme: Actors) -> None:
    with tenant_scope(acme.tenant.pk):
        run = make_failed_run(make_connection(acme.tenant))
    answer = acme.client("support").post(f"{BASE}/syncrun/{run.pk}/replay/")
    with tenant_scope(acme.tenant.pk):
        again = SyncRun.objects.get(replay_of=run)
    assert answer["Location"] == f"{BASE}/syncrun/{again.pk}/change/"


def test_a_record_is_laid_out_with_lines_totals_raw_form_and_links(acme: Actors) -> None:
    unified = {
        "external_id": "130",
        "number": "1037",
        "contact": {"id": "24", "name": "Sonnenschein Family Store", "type": "customer"},
        "currency": "USD",
        "lines": [{"description": "Rock fountain", "quantity": "2", "unit_price": "181.25", "amount": "362.50"}],
        "subtotal": "362.50",
        "tax_total": "29.00",
        "total": "391.50",
        "balance": "391.50",
        "custom_fields": [{"id": "1", "name": "Crew #", "value": "102"}],
    }
    with tenant_scope(acme.tenant.pk):
        connection = make_connection(acme.tenant)
        record = make_record(connection, external_id="130", unified=unified, raw={"DocNumber": "1037"})
        posting = make_posting(connection, external_id="130", record=record)
    page = _page(acme.client("auditor"), f"{BASE}/ledgerrecord/{record.pk}/change/")
    for text in ("Rock fountain", "362.50", "391.50 USD", "Crew #", "DocNumber", "Open in QuickBooks Online"):
        assert text in page
    assert f"{BASE}/ledgerrecord/of/{connection.pk}/contacts/24/" in page
    assert f"{BASE}/posting/{posting.pk}/change/" in page


@pytest.mark.parametrize("resource", Resource.values)
def test_every_resource_has_a_page_for_its_records(acme: Actors, resource: str) -> None:
    with tenant_scope(acme.tenant.pk):
        record = make_record(make_connection(acme.tenant), resource)
    assert record.external_id in _page(acme.client("auditor"), f"{BASE}/ledgerrecord/{record.pk}/change/")


def test_a_record_shows_what_changed_in_the_ledger(acme: Actors) -> None:
    with tenant_scope(acme.tenant.pk):
        record = make_record(make_connection(acme.tenant))
        for memo in ("first memo", "second memo"):
            rows = LedgerRecord.objects.filter(pk=record.pk)
            rows.update(unified={**record.unified, "memo": memo}, content_hash=memo)
    page = _page(acme.client("auditor"), f"{BASE}/ledgerrecord/{record.pk}/change/")
    assert "first memo" in page
    assert "second memo" in page


def test_a_record_not_read_yet_says_so(acme: Actors) -> None:
    with tenant_scope(acme.tenant.pk):
        connection = make_connection(acme.tenant)
    answer = acme.client("auditor").get(f"{BASE}/ledgerrecord/of/{connection.pk}/contacts/99/", follow=True)
    assert "has not been read from the ledger yet" in answer.content.decode()


def test_a_posting_tells_its_journey(acme: Actors) -> None:
    with tenant_scope(acme.tenant.pk):
        connection = make_connection(acme.tenant)
        posting = make_posting(connection, external_id="815")
        make_call(connection, posting=posting, method="POST")
    page = _page(acme.client("auditor"), f"{BASE}/posting/{posting.pk}/change/")
    for text in ("Written down", "POST: the ledger answered 200", "The ledger calls it Invoice 815.", "120.00 USD"):
        assert text in page


def test_a_posting_whose_id_comes_later_can_be_looked_at(acme: Actors) -> None:
    with tenant_scope(acme.tenant.pk):
        connection = make_connection(acme.tenant)
        first = make_posting(connection)
        body = {
            "contact": {"id": {"posting": str(first.pk)}, "name": "New customer"},
            "allocations": [{"type": "invoice", "id": {"posting": str(first.pk)}, "amount": "5.00"}],
        }
        later = make_posting(connection, status="pending", external_id="", body=body, depends_on=first)
    page = _page(acme.client("auditor"), f"{BASE}/posting/{later.pk}/change/")
    assert "New customer" in page
    assert "gets its number when posted" in page


def test_an_unknown_outcome_is_looked_up_not_sent_again(acme: Actors) -> None:
    with tenant_scope(acme.tenant.pk):
        posting = make_posting(make_connection(acme.tenant), status="unknown", external_id="", finished_at=None)
    client = acme.client("editor")
    assert "Look it up now" in _page(client, f"{BASE}/posting/{posting.pk}/change/")
    client.post(f"{BASE}/posting/{posting.pk}/replay/")
    with tenant_scope(acme.tenant.pk):
        assert Posting.objects.get(pk=posting.pk).status == "unknown"


def test_a_posted_document_can_be_reversed_once(acme: Actors) -> None:
    with tenant_scope(acme.tenant.pk):
        posting = make_posting(make_connection(acme.tenant))
    client = acme.client("editor")
    for _ in range(2):
        client.post(f"{BASE}/posting/{posting.pk}/reverse/", {"reason": "The customer never ordered it."})
    with tenant_scope(acme.tenant.pk):
        assert Posting.objects.filter(reverses=posting).count() == 1
    assert "Correct by reversal" not in _page(client, f"{BASE}/posting/{posting.pk}/change/")


def test_the_body_of_a_call_is_fetched_when_it_is_opened(acme: Actors) -> None:
    with tenant_scope(acme.tenant.pk):
        connection = make_connection(acme.tenant)
        run = make_run(connection)
        call = make_call(connection, sync_run=run, response_body='{"only": "in the body"}')
    client = acme.client("auditor")
    assert "in the body" not in _page(client, f"{BASE}/syncrun/{run.pk}/change/")
    assert "in the body" in _page(client, f"{BASE}/syncrun/calls/{call.pk}/")


def test_an_address_that_names_no_row_goes_back_with_a_message(acme: Actors) -> None:
    for model in ("connection", "ledgerrecord", "syncrun", "posting"):
        answer = acme.client("owner").get(f"{BASE}/{model}/{UUID(int=1)}/change/", follow=True)
        assert answer.redirect_chain, model
        assert NOT_FOUND in answer.content.decode(), model


def test_values_of_any_shape_can_be_read(acme: Actors) -> None:
    unified = {
        "external_id": "1",
        "legal_address": {"line1": "2500 Harbor Way", "line2": None, "city": "San Diego"},
        "dimensions": [{"id": "2", "name": "Denver", "type": "department"}],
        "parent": {"name": "Only a name"},
        "contact": {"id": "9"},
        "nothing": {},
        "lines": [
            {"account": {"name": "No id"}, "unit_price": "18.5", "amount": "18.50"},
            {"description": "Text only"},
        ],
    }
    with tenant_scope(acme.tenant.pk):
        record = make_record(make_connection(acme.tenant), unified=unified)
    page = _page(acme.client("auditor"), f"{BASE}/ledgerrecord/{record.pk}/change/")
    for text in ("2500 Harbor Way, San Diego", "Denver", "Only a name", "No id", "18.50", "Text only"):
        assert text in page
    assert "{&#x27;" not in page.partition("As the ledger sent it")[0]
