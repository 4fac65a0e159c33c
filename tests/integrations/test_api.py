"""The partner API over the mirror and the postings."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import DjangoCaptureOnCommitCallbacks

from integrations.models import Connection, LedgerRecord, Posting, Resource, SyncRun
from integrations.services import policies
from tenants.rls import tenant_scope
from tenants.services import create_partner
from tests.conftest import Actors
from tests.integrations.factories import make_connection, make_posting, make_record, make_run

NAMES = [resource.replace("_", "-") for resource in Resource.values]
SCOPES = [f"{name}:{verb}" for name in (*NAMES, "connections", "postings", "sync-runs") for verb in ("read", "write")]
Call = Callable[..., Any]


def _partner(actors: Actors, scopes: list[str]) -> Client:
    keys = create_partner(name="Shop", tenant=actors.tenant, scopes=scopes)
    form = {
        "grant_type": "client_credentials",
        "client_id": keys.client_id,
        "client_secret": keys.client_secret,
        "scope": " ".join(scopes),
    }
    token = Client().post("/identity/o/api/token", form).json()["access_token"]
    return Client(headers={"Authorization": f"Bearer {token}"})


@pytest.fixture
def shop(acme: Actors) -> Client:
    """A partner application that may do everything here."""
    return _partner(acme, SCOPES)


@pytest.fixture
def books(acme: Actors) -> Connection:
    """A connection of acme's."""
    with tenant_scope(acme.tenant.pk):
        return make_connection(acme.tenant)


def _records(client: Client, path: str = "invoices", **query: Any) -> dict[str, Any]:
    answer = client.get(f"/api/v1/{path}", query)
    assert answer.status_code == 200, answer.content
    return dict(json.loads(answer.content))


def _ids(page: dict[str, Any]) -> list[str]:
    return [row["external_id"] for row in page["results"]]


@pytest.mark.parametrize("name", NAMES)
def test_every_resource_is_listed_and_retrieved_as_stored(
    acme: Actors, shop: Client, books: Connection, name: str
) -> None:
    with tenant_scope(acme.tenant.pk):
        record = make_record(books, name.replace("-", "_"))
    assert _records(shop, name, connection=books.pk) == {"next": None, "results": [record.unified]}
    assert _records(shop, f"{name}/{record.external_id}", connection=books.pk) == record.unified


def test_pages_follow_each_other_without_gap_or_repetition(acme: Actors, shop: Client, books: Connection) -> None:
    with tenant_scope(acme.tenant.pk):
        for number in range(25):
            make_record(books, remote_type="Invoice" if number % 2 else "Estimate")
    seen: list[str] = []
    page = _records(shop, connection=books.pk, page_size=10)
    seen += _ids(page)
    while page["next"]:
        page = json.loads(shop.get(page["next"]).content)
        seen += _ids(page)
    assert len(seen) == len(set(seen)) == 25


def test_a_page_costs_the_same_for_ten_records_and_a_thousand(acme: Actors, shop: Client, books: Connection) -> None:
    def queries() -> int:
        with CaptureQueriesContext(database) as seen:
            _records(shop, connection=books.pk, page_size=500)
        return len(seen)

    with tenant_scope(acme.tenant.pk):
        record = make_record(books)
    few = queries()
    with tenant_scope(acme.tenant.pk):
        copies = []
        for number in range(1000):
            copy = LedgerRecord.objects.get(pk=record.pk)
            copy.pk, copy.external_id = LedgerRecord._meta.pk.get_default(), f"x{number}"
            copies.append(copy)
        LedgerRecord.objects.bulk_create(copies)
    assert queries() == few


def test_lists_are_narrowed_by_state_date_contact_and_time_of_change(
    acme: Actors, shop: Client, books: Connection
) -> None:
    with tenant_scope(acme.tenant.pk):
        make_record(books, external_id="a", status="paid", issued_on="2026-01-31", contact_id_external="7")
        make_record(books, external_id="b", status="open", issued_on="2026-02-28", modified_at="2026-11-20T10:00:00Z")
    for query, expected in (
        ({"status": "paid"}, ["a"]),
        ({"issued_from": "2026-02-01"}, ["b"]),
        ({"issued_to": "2026-02-01"}, ["a"]),
        ({"contact": "7"}, ["a"]),
        ({"modified_since": "2026-11-20T00:00:00Z"}, ["b"]),
    ):
        assert _ids(_records(shop, connection=books.pk, **query)) == expected, query


def test_deleted_records_are_left_out_unless_asked_for(acme: Actors, shop: Client, books: Connection) -> None:
    with tenant_scope(acme.tenant.pk):
        record = make_record(books, external_id="gone")
        LedgerRecord.objects.filter(pk=record.pk).update(deleted_at=record.synced_at)
    assert _ids(_records(shop, connection=books.pk)) == []
    shown = _records(shop, connection=books.pk, include_deleted="true")["results"][0]
    assert shown["deleted_at"]
    assert shown["total"] == record.unified["total"]


@pytest.mark.parametrize(
    "query", [{}, {"connection": "x"}, {"page_size": 9999}, {"issued_from": "yesterday"}, {"cursor": "made-up"}]
)
def test_a_question_that_makes_no_sense_is_answered_with_the_field(
    shop: Client, books: Connection, query: dict[str, Any]
) -> None:
    wanted = query if query in ({}, {"connection": "x"}) else {"connection": books.pk, **query}
    answer = shop.get("/api/v1/invoices", wanted)
    assert answer.status_code == 400
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["errors"]


def test_another_tenants_connection_and_records_do_not_exist(acme: Actors, rival: Actors, shop: Client) -> None:
    with tenant_scope(rival.tenant.pk):
        theirs = make_connection(rival.tenant)
        record, run, posting = make_record(theirs), make_run(theirs), make_posting(theirs)
    for path in (
        f"invoices?connection={theirs.pk}",
        f"invoices/{record.external_id}?connection={theirs.pk}",
        f"connections/{theirs.pk}",
        f"sync-runs/{run.pk}",
        f"postings/{posting.pk}",
    ):
        assert shop.get(f"/api/v1/{path}").status_code == 404, path
    for path in ("connections", "sync-runs", "postings"):
        assert _records(shop, path)["results"] == [], path
    body = {"connection": str(theirs.pk)}
    assert shop.post("/api/v1/sync-runs", body, content_type="application/json").status_code == 400
    headers = {"Idempotency-Key": "k"}
    created = shop.post(
        f"/api/v1/invoices?connection={theirs.pk}", {}, content_type="application/json", headers=headers
    )
    assert created.status_code == 404


def test_a_record_is_written_through_a_posting_once_per_key(
    acme: Actors, shop: Client, books: Connection, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    def write(key: str, total: str = "12.00") -> Any:
        return shop.post(
            f"/api/v1/invoices?connection={books.pk}",
            {"contact": {"id": "58"}, "total": total},
            content_type="application/json",
            headers={"Idempotency-Key": key},
        )

    with django_capture_on_commit_callbacks() as bells:
        first = write("order-1")
    assert first.status_code == 202
    assert first.json()["status"] == "pending"
    assert first["Location"].endswith(f"/api/v1/postings/{first.json()['id']}")
    assert len(bells) == 1
    assert write("order-1").json()["id"] == first.json()["id"]
    assert write("order-1", "13.00").status_code == 422
    assert shop.get(first["Location"]).json()["id"] == first.json()["id"]
    with tenant_scope(acme.tenant.pk):
        posting = Posting.objects.get()
    assert (posting.origin_kind, posting.body["total"]) == ("api", "12.00")


@pytest.mark.parametrize(
    ("method", "path", "operation"),
    [("patch", "", "update"), ("delete", "", "delete"), ("post", "/void", "void")],
)
def test_a_record_is_changed_through_a_posting_once_per_key(
    acme: Actors, shop: Client, books: Connection, method: str, path: str, operation: str
) -> None:
    with tenant_scope(acme.tenant.pk):
        record = make_record(books)
    address = f"/api/v1/invoices/{record.external_id}{path}?connection={books.pk}"

    def change(key: str) -> Any:
        sent = {"memo": "Corrected"} if method == "patch" else {}
        return getattr(shop, method)(address, sent, content_type="application/json", headers={"Idempotency-Key": key})

    answers = [change("k-1"), change("k-1")]
    assert [answer.status_code for answer in answers] == [202, 202]
    assert answers[0].json()["id"] == answers[1].json()["id"]
    with tenant_scope(acme.tenant.pk):
        posting = Posting.objects.get()
    assert posting.operation == operation
    assert (posting.body["external_id"], posting.body["remote_type"]) == (record.external_id, record.remote_type)


def test_what_the_mirror_does_not_have_is_not_changed(shop: Client, books: Connection) -> None:
    answer = shop.patch(
        f"/api/v1/invoices/404?connection={books.pk}",
        {"memo": "x"},
        content_type="application/json",
        headers={"Idempotency-Key": "k"},
    )
    assert answer.status_code == 404


def test_where_kinds_share_an_id_the_caller_says_which(acme: Actors, shop: Client, books: Connection) -> None:
    with tenant_scope(acme.tenant.pk):
        for kind in ("Customer", "Vendor"):
            make_record(books, "contacts", remote_type=kind, external_id="7")
    address = f"/api/v1/contacts/7?connection={books.pk}"

    def change(**more: Any) -> Any:
        return shop.patch(
            address, {"name": "New", **more}, content_type="application/json", headers={"Idempotency-Key": "k"}
        )

    refused = change()
    assert refused.status_code == 400
    assert "Customer, Vendor" in refused.content.decode()
    assert change(remote_type="Vendor").status_code == 202


def test_two_partners_may_choose_the_same_key(acme: Actors, shop: Client, books: Connection) -> None:
    other = _partner(acme, ["invoices:write"])
    answers = [
        client.post(
            f"/api/v1/invoices?connection={books.pk}",
            {"total": "1.00"},
            content_type="application/json",
            headers={"Idempotency-Key": "same"},
        )
        for client in (shop, other)
    ]
    assert [answer.status_code for answer in answers] == [202, 202]
    assert answers[0].json()["id"] != answers[1].json()["id"]


def test_a_write_without_a_key_is_refused(shop: Client, books: Connection) -> None:
    answer = shop.post(f"/api/v1/invoices?connection={books.pk}", {"total": "1"}, content_type="application/json")
    assert answer.status_code == 400
    assert "Idempotency-Key" in answer.content.decode()


def test_what_the_ledger_cannot_take_is_refused_in_words(shop: Client, books: Connection) -> None:
    answer = shop.post(
        f"/api/v1/company-info?connection={books.pk}",
        {},
        content_type="application/json",
        headers={"Idempotency-Key": "k"},
    )
    assert answer.status_code == 422
    assert "cannot create" in answer.json()["detail"]


def test_reading_does_not_allow_writing(acme: Actors, books: Connection) -> None:
    reader = _partner(acme, ["invoices:read"])
    assert reader.get("/api/v1/invoices", {"connection": str(books.pk)}).status_code == 200
    assert reader.get("/api/v1/bills", {"connection": str(books.pk)}).status_code == 403
    headers = {"Idempotency-Key": "k"}
    path = f"/api/v1/invoices?connection={books.pk}"
    assert reader.post(path, {}, content_type="application/json", headers=headers).status_code == 403


def test_without_a_token_there_is_nothing(acme: Actors, books: Connection) -> None:
    assert Client().get("/api/v1/invoices", {"connection": str(books.pk)}).status_code == 401
    assert acme.client("owner").get("/api/v1/connections").status_code == 401


def test_a_sync_is_asked_for_and_followed(
    acme: Actors, shop: Client, books: Connection, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    body = {"connection": str(books.pk), "resources": ["tax-rates", "invoices"]}
    with django_capture_on_commit_callbacks() as bells:
        answer = shop.post("/api/v1/sync-runs", body, content_type="application/json")
    assert answer.status_code == 202
    assert len(bells) == 1
    with tenant_scope(acme.tenant.pk):
        run = SyncRun.objects.get()
    assert run.resources == ["tax_rates", "invoices"]
    assert shop.get(f"/api/v1/sync-runs/{run.pk}").json()["status"] == "queued"


def test_the_connection_list_shows_no_secret(shop: Client, books: Connection) -> None:
    (row,) = _records(shop, "connections")["results"]
    assert row["name"] == books.name
    assert not {"credential", "secret", "error"} & set(row)


def test_the_api_describes_itself(shop: Client) -> None:
    paths = json.loads(Client().get("/api/v1/openapi.json").content)["paths"]
    for name in NAMES:
        assert {"get", "post"} <= set(paths[f"/api/v1/{name}"]), name
        assert "get" in paths[f"/api/v1/{name}/{{external_id}}"], name


def test_a_write_against_the_direction_is_a_problem_with_a_stable_code_and_a_remedy(
    shop: Client, acme: Actors, books: Connection
) -> None:
    with tenant_scope(acme.tenant.pk):
        policies.set_policy(connection=books, resource="invoices", direction="read")
    headers = {"Idempotency-Key": "one"}
    answer = shop.post(
        f"/api/v1/invoices?connection={books.pk}", {"lines": []}, headers=headers, content_type="application/json"
    )
    problem = json.loads(answer.content)
    assert (answer.status_code, problem["code"]) == (422, "direction")
    assert "turn writing on" in problem["remedy"]
    with tenant_scope(acme.tenant.pk):
        policies.set_policy(connection=books, resource="invoices", direction="off")
    body = {"connection": str(books.pk), "resources": ["invoices"]}
    answer = shop.post("/api/v1/sync-runs", body, content_type="application/json")
    assert (answer.status_code, json.loads(answer.content)["code"]) == (422, "direction")
