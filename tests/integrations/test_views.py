"""The way to a ledger's consent page and back."""

import json
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client, override_settings
from pytest_django import DjangoCaptureOnCommitCallbacks

from integrations.models import Authorisation
from tenants.rls import tenant_scope
from tests.conftest import Actors
from tests.integrations.factories import make_authorisation, make_connection

CALLBACK = "/oauth/quickbooks/callback/"


@pytest.fixture(autouse=True)
def _keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORTAL_QUICKBOOKS_CLIENT_ID", "client")
    monkeypatch.setenv("PORTAL_QUICKBOOKS_CLIENT_SECRET", "secret")


def test_the_connect_page_names_what_will_be_read_and_written(acme: Actors) -> None:
    page = acme.client("owner").get("/admin/integrations/connection/add/").content.decode()
    for text in ("QuickBooks Online", "It will read", "Invoices", "Journal entries", "It can write"):
        assert text in page


@override_settings(PORTAL_URL="https://portal.acme.test")
def test_connecting_writes_the_intent_and_leads_to_the_consent_page(acme: Actors) -> None:
    answer = acme.client("owner").post("/admin/integrations/connection/add/", {"connector": "quickbooks"})
    with tenant_scope(acme.tenant.pk):
        row = Authorisation.objects.get()
    assert (row.status, row.requested_by) == ("started", acme.owner)
    seconds, _, url = answer["Refresh"].partition("; url=")
    asked = parse_qs(urlsplit(url).query)
    assert seconds == "1"
    assert asked["state"] == [row.state]
    assert asked["redirect_uri"] == ["https://portal.acme.test/oauth/quickbooks/callback/"]
    assert "Go on now" in answer.content.decode()


def test_an_unknown_ledger_is_refused(acme: Actors) -> None:
    answer = acme.client("owner").post("/admin/integrations/connection/add/", {"connector": "abacus"}, follow=True)
    assert "Choose one of the ledgers" in answer.content.decode()


def test_a_portal_without_application_keys_says_what_to_set(acme: Actors, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PORTAL_QUICKBOOKS_CLIENT_SECRET")
    monkeypatch.delenv("PORTAL_SANDBOX_URL", raising=False)
    client = acme.client("owner")
    page = client.post("/admin/integrations/connection/add/", {"connector": "quickbooks"}, follow=True).content.decode()
    assert "PORTAL_QUICKBOOKS_CLIENT_SECRET" in page


def test_the_callback_keeps_the_code_and_rings_a_worker(
    acme: Actors, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    with tenant_scope(acme.tenant.pk):
        row = make_authorisation(acme.tenant, requested_by=acme.owner)
    client = acme.client("owner")
    with django_capture_on_commit_callbacks() as bells:
        answer = client.get(CALLBACK, {"state": row.state, "code": "the-code", "realmId": "9341"})
    assert answer["Location"] == f"/oauth/{row.pk}/"
    assert len(bells) == 1
    page = client.get(answer["Location"]).content.decode()
    assert "Finishing the connection" in page
    assert f"/oauth/{row.pk}/status/" in page
    assert "the-code" not in page


def test_the_page_goes_on_to_the_connection_once_the_worker_is_done(acme: Actors) -> None:
    with tenant_scope(acme.tenant.pk):
        connection = make_connection(acme.tenant)
        row = make_authorisation(acme.tenant, status="completed", connection=connection)
    address = f"/admin/integrations/connection/{connection.pk}/change/"
    told = json.loads(acme.client("owner").get(f"/oauth/{row.pk}/status/").content)
    assert (told["finished"], told["next"]) == (True, address)
    assert acme.client("owner").get(f"/oauth/{row.pk}/")["Location"] == address


def test_declining_is_shown_with_the_way_on(acme: Actors) -> None:
    with tenant_scope(acme.tenant.pk):
        row = make_authorisation(acme.tenant, requested_by=acme.owner)
    query = {"state": row.state, "error": "access_denied"}
    page = acme.client("owner").get(CALLBACK, query, follow=True).content.decode()
    assert "You declined the connection" in page
    assert "Start again" in page


@pytest.mark.parametrize("state", ["", "guessed"])
def test_an_answer_nobody_waits_for_is_refused(acme: Actors, state: str) -> None:
    answer = acme.client("owner").get(CALLBACK, {"state": state, "code": "c", "realmId": "1"}, follow=True)
    assert "does not belong to a connection you started" in answer.content.decode()


def test_an_answer_counts_once(acme: Actors) -> None:
    with tenant_scope(acme.tenant.pk):
        row = make_authorisation(acme.tenant, requested_by=acme.owner)
    client, query = acme.client("owner"), {"state": row.state, "code": "c", "realmId": "1"}
    client.get(CALLBACK, query)
    assert "was used already" in client.get(CALLBACK, query, follow=True).content.decode()


def test_another_tenants_state_is_unknown_here(acme: Actors, rival: Actors) -> None:
    with tenant_scope(rival.tenant.pk):
        row = make_authorisation(rival.tenant)
    answer = acme.client("owner").get(CALLBACK, {"state": row.state, "code": "stolen", "realmId": "1"}, follow=True)
    assert "does not belong" in answer.content.decode()
    with tenant_scope(rival.tenant.pk):
        assert Authorisation.objects.get().status == "started"


def test_only_an_owner_may_bring_back_a_consent(acme: Actors) -> None:
    with tenant_scope(acme.tenant.pk):
        row = make_authorisation(acme.tenant)
    assert acme.client("editor").get(CALLBACK, {"state": row.state, "code": "c"}).status_code == 403
    assert acme.client("auditor").get(f"/oauth/{row.pk}/status/").status_code == 403


def test_a_visitor_signs_in_first(acme: Actors) -> None:
    assert Client().get(CALLBACK, {"state": "x"})["Location"].startswith("/accounts/login/")
