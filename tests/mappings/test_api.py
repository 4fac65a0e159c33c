"""Documents in by API: accepted once, refused in words, shown with their journey."""

from types import SimpleNamespace
from typing import Any

import pytest
from rest_framework.permissions import AllowAny
from rest_framework.test import APIRequestFactory

from integrations.models import Connection
from mappings.models import SourceDocument
from mappings.services.mapping import map_document
from mappings.views import SourceDocumentViewSet
from tests.conftest import Actors
from tests.mappings.factories import activated, chart_of, connection_of, received

LINE = {"category": "Consulting", "tax_code": "VAT20", "amount": "100.00"}


@pytest.fixture
def connection(in_acme: Actors) -> Connection:
    found = connection_of(in_acme.tenant)
    chart_of(found)
    return found


def body(connection: Connection, **changes: Any) -> dict[str, Any]:
    """The smallest sale."""
    return {
        "connection": str(connection.pk),
        "source": "shop",
        "external_id": "order-1",
        "kind": "sale",
        "issued_on": "2026-11-02",
        "currency": "GBP",
        "tax_mode": "exclusive",
        "counterparty": {"name": "Blue Bottle Ltd"},
        "lines": [LINE],
        "tax_total": "20.00",
        "total": "120.00",
    } | changes


def call(tenant: Any, method: str, data: Any = None, pk: Any = None, query: str = "", **headers: str) -> Any:
    """One request as it arrives behind authentication."""
    factory = APIRequestFactory()
    if isinstance(data, str):
        request = factory.generic("POST", "/", data, content_type="application/json", headers=headers)
    else:
        request = getattr(factory, method)(f"/{query}", data, format="json", headers=headers)
    vars(request).update(tenant=tenant, grant=None, caller=SimpleNamespace(problem="", grant=None))
    actions = {"post": "create", "get": "retrieve" if pk else "list"}
    view = SourceDocumentViewSet.as_view({method: actions[method]}, permission_classes=[AllowAny], basename=None)
    return view(request, pk=pk) if pk else view(request)


def test_a_document_is_accepted_and_sent_again_is_the_same(connection: Connection, acme: Actors) -> None:
    first = call(acme.tenant, "post", body(connection))
    again = call(acme.tenant, "post", body(connection))
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.data["id"] == again.data["id"]
    assert (first.data["state"], first.data["total"]) == ("received", "120.00")
    assert first.data["journey"][0]["status"] == "done"


def test_other_content_under_the_same_id_is_a_conflict_that_names_it(connection: Connection, acme: Actors) -> None:
    call(acme.tenant, "post", body(connection))
    answer = call(acme.tenant, "post", body(connection, memo="other"))
    assert answer.status_code == 409
    assert answer.data["code"] == "document_differs"
    assert "order-1" in answer.data["detail"]


def test_an_idempotency_key_is_honoured(connection: Connection, acme: Actors) -> None:
    header = {"Idempotency-Key": "abc"}
    call(acme.tenant, "post", body(connection), **header)
    assert call(acme.tenant, "post", body(connection), **header).status_code == 200
    answer = call(acme.tenant, "post", body(connection, external_id="order-2"), **header)
    assert (answer.status_code, answer.data["code"]) == (409, "idempotency_key_reused")


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"kind": "gift"}, "kind", "not a valid choice"),
        ({"kind": "refund"}, "payment_method", "names what it was paid with"),
        ({"side": "purchases"}, "side", "on the side of sales"),
        ({"parts": [{"type": "fee", "amount": "-1"}]}, "parts", "Those that have: payout"),
        ({"applies_to": [{"external_id": "a"}]}, "applies_to", "A sale has none"),
        ({"currency": "gbp"}, "currency", "ISO 4217"),
        ({"colour": "red"}, "colour", "Unknown field"),
        ({"total": "-1.00"}, "total", "negative total"),
        ({"total": "1.001"}, "total", "no amounts finer than 0.01"),
        ({"kind": "expense"}, "payment_method", "names what it was paid with"),
        ({"lines": [{"category": "A", "amount": "1"}]}, "lines", "needs a tax_code"),
        ({"lines": []}, "lines", "at least one line"),
        ({"due_on": "2026-01-01"}, "due_on", "before issued_on"),
    ],
)
def test_what_cannot_be_taken_is_refused_by_field(
    connection: Connection, acme: Actors, changes: dict[str, Any], field: str, words: str
) -> None:
    answer = call(acme.tenant, "post", body(connection, **changes))
    assert answer.status_code == 400
    assert words in str(answer.data["errors"][field])
    assert not SourceDocument.objects.exists()


def test_numbers_keep_every_digit(connection: Connection, acme: Actors) -> None:
    text = (
        f'{{"connection": "{connection.pk}", "source": "shop", "external_id": "big", "kind": "sale",'
        '"issued_on": "2026-11-02", "currency": "GBP", "tax_mode": "none", "counterparty": {"name": "Blue"},'
        '"lines": [{"category": "Consulting", "amount": 12345678901234.67}], "total": 12345678901234.67}'
    )
    assert call(acme.tenant, "post", text).status_code == 201
    assert SourceDocument.objects.get().body["total"] == "12345678901234.67"
    assert call(acme.tenant, "post", '{"total": NaN}').status_code == 400


def test_another_tenants_connection_and_documents_do_not_exist(
    connection: Connection, acme: Actors, rival: Actors
) -> None:
    document = received(connection)
    assert call(rival.tenant, "post", body(connection)).status_code == 400
    assert call(rival.tenant, "get", pk=document.pk).status_code == 404
    assert call(rival.tenant, "get").data["results"] == []


def test_a_document_shows_its_journey_problems_and_the_ledgers_answer(connection: Connection, acme: Actors) -> None:
    document = received(connection)
    waiting = call(acme.tenant, "get", pk=document.pk).data
    assert (waiting["state"], waiting["ledger"]) == ("waiting", None)
    assert waiting["problems"][0]["remedy"]
    activated(connection, acme)
    map_document(acme.tenant.pk, document.pk)
    mapped = call(acme.tenant, "get", pk=document.pk).data
    assert (mapped["state"], mapped["mapping_version"], mapped["problems"]) == ("mapped", 1, [])
    assert mapped["ledger"]["resource"] == "invoices"
    assert mapped["trace"][0]["version"] == 1


def test_the_list_is_filtered_by_state_in_pages(connection: Connection, acme: Actors) -> None:
    for number in range(3):
        received(connection, external_id=f"order-{number}")
    found = call(acme.tenant, "get", query="?state=waiting&page_size=2").data
    assert len(found["results"]) == 2
    assert "cursor=" in found["next"]
    assert call(acme.tenant, "get", query="?state=posted").data["results"] == []


def test_the_number_of_queries_of_a_list_does_not_grow(
    connection: Connection, acme: Actors, django_assert_num_queries: Any
) -> None:
    for number in range(8):
        received(connection, external_id=f"order-{number}")
    with django_assert_num_queries(1):
        call(acme.tenant, "get").render()
