"""The cut-over by API: started, counted, linked and decided by those who may, and repeated without harm."""

import json
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext

from integrations.models import Connection, CrossReference, LedgerRecord
from mappings.models import CutOver, CutOverLink, SourceDocument
from mappings.services.cutover import run_cut_over
from tenants.rls import tenant_scope
from tenants.services import create_partner
from tests.conftest import Actors
from tests.mappings.factories import chart_of, connection_of, received, record_of

SCOPES = ["cut-overs:read", "cut-overs:write"]


def partner(actors: Actors, scopes: list[str]) -> Client:
    keys = create_partner(name="Shop", tenant=actors.tenant, scopes=scopes)
    secrets = {"client_id": keys.client_id, "client_secret": keys.client_secret}
    form = {"grant_type": "client_credentials", "scope": " ".join(scopes), **secrets}
    token = Client().post("/identity/o/api/token", form).json()["access_token"]
    return Client(headers={"Authorization": f"Bearer {token}"})


@pytest.fixture
def shop(acme: Actors) -> Client:
    return partner(acme, SCOPES)


@pytest.fixture
def books(acme: Actors) -> Connection:
    """A connection whose ledger has invoice 130, and again 131 and 132, which are the same."""
    with tenant_scope(acme.tenant.pk):
        found = connection_of(acme.tenant)
        chart_of(found)
        for external_id, number in (("130", "ORDER-1"), ("131", "ORDER-2"), ("132", "ORDER-2")):
            values: dict[str, Any] = {"contact_name": "Blue Bottle Ltd", "issued_on": date(2026, 11, 2)}
            values |= {"amount": Decimal("120"), "currency": "GBP", "remote_type": "Invoice"}
            record_of(found, "invoices", external_id, "", number=number, **values)
    return found


def ask(client: Client, method: str, path: str, body: Any = None) -> Any:
    answer = getattr(client, method)(f"/api/v1/{path}", body, content_type="application/json")
    answer.json_body = json.loads(answer.content) if answer.content else None
    return answer


def started(client: Client, books: Connection, **changes: Any) -> Any:
    return ask(client, "post", "cut-overs", {"connection": str(books.pk), "starts_on": "2026-11-10", **changes})


def run(books: Connection) -> None:
    with tenant_scope(books.tenant_id):
        pk = CutOver.objects.get().pk
    run_cut_over(books.tenant_id, pk)


def linked(client: Client, books: Connection) -> str:
    """A cut-over in force that has compared; returns its id."""
    pk = started(client, books).json_body["id"]
    run(books)
    assert ask(client, "post", f"cut-overs/{pk}/link").status_code == 202
    run(books)
    return str(pk)


def documents(books: Connection, *names: str) -> list[SourceDocument]:
    with tenant_scope(books.tenant_id):
        return [received(books, external_id=name) for name in names]


def test_started_it_counts_and_started_again_it_is_the_same(shop: Client, books: Connection) -> None:
    documents(books, "order-1", "order-2")
    first = started(shop, books, kinds=["sale"])
    run(books)
    again = started(shop, books, kinds=["sale"])
    assert (first.status_code, again.status_code) == (201, 200)
    told = again.json_body
    assert (told["id"], told["status"], told["is_in_force"]) == (first.json_body["id"], "idle", False)
    assert (told["counts"]["sure"], told["counts"]["to_decide"], told["kinds"]) == (1, 1, ["sale"])
    differs = started(shop, books)
    assert (differs.status_code, differs.json_body["code"]) == (409, "cut_over_differs")
    with tenant_scope(books.tenant_id):
        assert not CutOverLink.objects.exists()


def test_put_in_force_it_links_and_lays_out_what_is_unclear(shop: Client, books: Connection) -> None:
    sure, unclear = documents(books, "order-1", "order-2")
    pk = linked(shop, books)
    told = ask(shop, "get", f"cut-overs/{pk}").json_body
    assert told["states"] == {"linked": 1, "open": 1, "alone": 0, "post": 0, "left_out": 0}
    (row,) = ask(shop, "get", f"cut-over-documents?cut_over={pk}&state=open").json_body["results"]
    assert (row["document"], row["external_id"], row["is_ambiguous"]) == (str(unclear.pk), "order-2", True)
    assert [each["record"]["external_id"] for each in row["candidates"]] == ["131", "132"]
    assert row["candidates"][0]["record"]["amount"] == "120.00"
    one = ask(shop, "get", f"cut-over-documents/{sure.pk}").json_body
    assert (one["state"], one["record"]["external_id"]) == ("linked", "130")


def test_a_decision_is_taken_once_however_often_it_is_sent(shop: Client, books: Connection) -> None:
    (document,) = documents(books, "order-2")
    linked(shop, books)
    one = f"cut-over-documents/{document.pk}"
    for _ in range(2):
        answer = ask(shop, "post", f"{one}/link", {"external_id": "132"})
        assert (answer.status_code, answer.json_body["record"]["external_id"]) == (200, "132")
    other = ask(shop, "post", f"{one}/link", {"external_id": "131"})
    assert (other.status_code, other.json_body["code"]) == (422, "refused")
    assert ask(shop, "post", f"{one}/link", {"external_id": "999"}).status_code == 404
    for _ in range(2):
        assert ask(shop, "post", f"{one}/undo").json_body["state"] == "open"
    assert ask(shop, "post", f"{one}/leave-out").status_code == 400
    for _ in range(2):
        assert ask(shop, "post", f"{one}/leave-out", {"reason": "Test"}).json_body["state"] == "left_out"
    ask(shop, "post", f"{one}/undo")
    for _ in range(2):
        assert ask(shop, "post", f"{one}/post").json_body["state"] == "post"
    with tenant_scope(books.tenant_id):
        assert not CrossReference.objects.exists()
        assert SourceDocument.objects.get().status == "received"


def test_several_are_decided_together_and_what_cannot_be_is_told(shop: Client, books: Connection) -> None:
    first, second, away = documents(books, "order-1", "order-2", "order-3")
    with tenant_scope(books.tenant_id):
        LedgerRecord.objects.filter(external_id="130").update(issued_on=date(2026, 10, 1))
        SourceDocument.objects.filter(pk=away.pk).update(issued_on=date(2026, 11, 20))
    pk = linked(shop, books)
    body = {"decision": "leave_out", "documents": [str(each.pk) for each in (first, second, away)]}
    told = ask(shop, "post", "cut-over-documents/decide", body).json_body
    assert told["done"] == []
    assert {each["why"] for each in told["refused"]} == {
        "Say why it is left out; it stays in the history.",
        "It is in no cut-over.",
    }
    assert ask(shop, "post", f"cut-overs/{pk}/accept", {"confidence": 80}).json_body == {"linked": 1, "missed": 0}
    told = ask(shop, "post", "cut-over-documents/decide", body | {"reason": "Old"}).json_body
    assert told["done"] == [str(second.pk)]
    assert [each["document"] for each in told["refused"]] == [str(first.pk), str(away.pk)]


def test_it_is_changed_and_compared_again(shop: Client, books: Connection) -> None:
    (document,) = documents(books, "order-1")
    pk = linked(shop, books)
    refused = ask(shop, "patch", f"cut-overs/{pk}", {"starts_on": "2026-11-01"})
    assert refused.status_code == 422
    assert "Undo those first" in refused.json_body["detail"]
    ask(shop, "post", f"cut-over-documents/{document.pk}/undo")
    changed = ask(shop, "patch", f"cut-overs/{pk}", {"starts_on": "2026-11-01"})
    assert (changed.status_code, changed.json_body["status"]) == (202, "queued")
    busy = ask(shop, "post", f"cut-overs/{pk}/count")
    assert (busy.status_code, ask(shop, "post", f"cut-overs/{pk}/link").status_code) == (422, 202)
    with tenant_scope(books.tenant_id):
        assert SourceDocument.objects.get().status == "received"


@pytest.mark.parametrize(
    ("body", "field"), [({"kinds": ["holiday"]}, "kinds"), ({"days_apart": 90}, "days_apart"), ({"starts_on": "x"}, "")]
)
def test_what_cannot_be_taken_is_refused_by_field(
    shop: Client, books: Connection, body: dict[str, Any], field: str
) -> None:
    answer = started(shop, books, **body)
    assert answer.status_code == 400
    assert (field or "starts_on") in answer.json_body["errors"]


def test_reading_needs_one_scope_and_deciding_another(acme: Actors, shop: Client, books: Connection) -> None:
    (document,) = documents(books, "order-2")
    pk = linked(shop, books)
    reader = partner(acme, ["cut-overs:read"])
    assert ask(reader, "get", f"cut-overs/{pk}").status_code == 200
    for method, path in (
        ("post", "cut-overs"),
        ("patch", f"cut-overs/{pk}"),
        ("post", f"cut-overs/{pk}/link"),
        ("post", f"cut-overs/{pk}/accept"),
        ("post", f"cut-over-documents/{document.pk}/post"),
        ("post", "cut-over-documents/decide"),
    ):
        assert ask(reader, method, path, {}).status_code == 403, path
    assert ask(partner(acme, ["postings:read"]), "get", "cut-overs").status_code == 403


def test_another_tenant_sees_and_decides_nothing(rival: Actors, shop: Client, books: Connection) -> None:
    (document,) = documents(books, "order-2")
    pk = linked(shop, books)
    stranger = partner(rival, SCOPES)
    for path in ("cut-overs", "cut-over-documents", f"cut-over-documents?cut_over={pk}"):
        assert not ask(stranger, "get", path).json_body.get("results"), path
    assert ask(stranger, "get", f"cut-overs/{pk}").status_code == 404
    assert started(stranger, books).status_code == 400
    for path in (f"cut-overs/{pk}/link", f"cut-over-documents/{document.pk}/post"):
        assert ask(stranger, "post", path).status_code == 404, path
    body = {"decision": "post", "documents": [str(document.pk)]}
    assert ask(stranger, "post", "cut-over-documents/decide", body).json_body["done"] == []
    with tenant_scope(books.tenant_id):
        assert CutOverLink.objects.get().state == "open"


def test_a_page_of_documents_costs_the_same_for_three_as_for_thirty(shop: Client, books: Connection) -> None:
    def queries() -> int:
        with CaptureQueriesContext(database) as seen:
            assert ask(shop, "get", "cut-over-documents").status_code == 200
        return len(seen)

    documents(books, "order-2", "order-3", "order-4")
    linked(shop, books)
    few = queries()
    documents(books, *(f"more-{number}" for number in range(27)))
    run(books)
    assert queries() == few
