"""The partner API over reports: accepted, looked at until done, of one's own tenant only."""

import pytest
from django.test import Client
from pytest_django import DjangoCaptureOnCommitCallbacks

from integrations.models import Connection, Fetch
from tenants.rls import tenant_scope
from tests.conftest import Actors
from tests.integrations.factories import make_connection
from tests.integrations.test_api import _partner


@pytest.fixture
def shop(acme: Actors) -> Client:
    """A partner application that may read reports and files."""
    return _partner(acme, ["reports:read", "attachments:read"])


@pytest.fixture
def books(acme: Actors) -> Connection:
    """A connection of acme's."""
    with tenant_scope(acme.tenant.pk):
        return make_connection(acme.tenant)


def test_a_report_is_accepted_then_given(
    acme: Actors, shop: Client, books: Connection, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    query = {"connection": str(books.pk), "name": "profit_and_loss", "start_on": "2026-01-01", "end_on": "2026-10-31"}
    with django_capture_on_commit_callbacks() as bells:
        answer = shop.get("/api/v1/reports", query)
    assert answer.status_code == 202
    assert len(bells) == 1
    assert answer["Retry-After"] == "2"
    assert shop.get(answer["Location"]).status_code == 202
    with tenant_scope(acme.tenant.pk):
        Fetch.objects.update(status="done", answer={"rows": []})
    for address, more in ((answer["Location"], {}), ("/api/v1/reports", query)):
        found = shop.get(address, more)
        assert (found.status_code, found.json()["answer"]) == (200, {"rows": []})


def test_questions_that_make_no_sense_are_answered_with_the_reason(shop: Client, books: Connection) -> None:
    assert shop.get("/api/v1/reports").status_code == 400
    refused = shop.get("/api/v1/reports", {"connection": str(books.pk), "name": "horoscope"})
    assert refused.status_code == 422
    assert "It has:" in refused.json()["detail"]


def test_another_tenants_reports_do_not_exist(acme: Actors, rival: Actors, shop: Client) -> None:
    with tenant_scope(rival.tenant.pk):
        theirs = make_connection(rival.tenant)
        fetch = Fetch.objects.create(
            tenant=rival.tenant, connection=theirs, kind="report", expires_at=theirs.created_at
        )
    query = {"connection": str(theirs.pk), "name": "profit_and_loss"}
    assert shop.get("/api/v1/reports", query).status_code == 404
    assert shop.get(f"/api/v1/reports/{fetch.pk}").status_code == 404


def test_files_of_a_record_are_listed_and_fetched(acme: Actors, shop: Client, books: Connection) -> None:
    query = {"connection": str(books.pk), "resource": "bills", "record": "95"}
    assert shop.get("/api/v1/files", query).status_code == 202
    asked = shop.get("/api/v1/files", {**query, "file": "7"})
    assert asked.status_code == 202
    content = f"{asked['Location']}/content"
    assert shop.get(content).status_code == 404
    with tenant_scope(acme.tenant.pk):
        Fetch.objects.filter(kind="file").update(status="done", content=b"%PDF")
    answer = shop.get(content)
    assert (answer.status_code, answer.content) == (200, b"%PDF")
    assert answer["Content-Disposition"] == "attachment"


def test_files_of_what_can_have_none_are_refused_with_the_reason(shop: Client, books: Connection) -> None:
    query = {"connection": str(books.pk), "resource": "accounts", "record": "1"}
    assert shop.get("/api/v1/files", query).status_code == 422


def test_another_tenants_files_do_not_exist(acme: Actors, rival: Actors, shop: Client) -> None:
    with tenant_scope(rival.tenant.pk):
        theirs = make_connection(rival.tenant)
        fetch = Fetch.objects.create(
            tenant=rival.tenant, connection=theirs, kind="file", content=b"secret", expires_at=theirs.created_at
        )
    assert shop.get(f"/api/v1/files/{fetch.pk}/content").status_code == 404
    query = {"connection": str(theirs.pk), "resource": "bills", "record": "1"}
    assert shop.get("/api/v1/files", query).status_code == 404
