"""Decisions about postings, on their page, in the list and over the API; each by those who may, on their own rows."""

import json
from typing import Any

import pytest
from django.test import Client

from integrations.models import CrossReference, Posting
from tenants.rls import tenant_scope
from tenants.services import create_partner
from tests.conftest import Actors
from tests.integrations.factories import make_connection, make_posting, make_record

BASE = "/admin/integrations/posting"
Status = Posting.Status
QUESTION = {
    "code": "period_closed",
    "text": "The books are closed through 2026-10-31. What should become of it?",
    "choices": [
        {"name": "first_open_day", "label": "Date it on 2026-11-01 (first open day)"},
        {"name": "wait", "label": "Leave it until the period is opened"},
        {"name": "cancel", "label": "Cancel it"},
    ],
    "own_day": "2026-10-20",
    "dated_on": "2026-11-01",
}


def held(actors: Actors) -> Posting:
    with tenant_scope(actors.tenant.pk):
        connection = make_connection(actors.tenant)
        return make_posting(connection, status=Status.HELD, external_id="", question=QUESTION, sent_at=None)


def fresh(row: Posting) -> Posting:
    with tenant_scope(row.tenant_id):
        return Posting.objects.get(pk=row.pk)


def partner(actors: Actors, *scopes: str) -> Client:
    keys = create_partner(name="Shop", tenant=actors.tenant, scopes=list(scopes))
    form = {"grant_type": "client_credentials", "client_id": keys.client_id, "client_secret": keys.client_secret}
    token = Client().post("/identity/o/api/token", {**form, "scope": " ".join(scopes)}).json()["access_token"]
    return Client(headers={"Authorization": f"Bearer {token}"})


def test_a_held_posting_asks_on_its_page_and_goes_on_with_the_answer(acme: Actors) -> None:
    row = held(acme)
    page = acme.client("editor").get(f"{BASE}/{row.pk}/change/").content.decode()
    assert "Date it on 2026-11-01" in page
    assert "Date it on 2026-11-01" not in acme.client("auditor").get(f"{BASE}/{row.pk}/change/").content.decode()
    assert acme.client("auditor").post(f"{BASE}/{row.pk}/answer/", {"choice": "wait"}).status_code == 403
    acme.client("editor").post(f"{BASE}/{row.pk}/answer/", {"choice": "first_open_day"})
    answered = fresh(row)
    assert (answered.status, answered.body["issued_on"]) == (Status.PENDING, "2026-11-01")
    assert "2026-10-20" in answered.body["memo"]


@pytest.mark.parametrize(
    ("action", "expected"), [("redate_chosen", "pending"), ("leave_chosen", "pending"), ("cancel_chosen", "cancelled")]
)
def test_many_are_answered_at_once_in_the_list(acme: Actors, rival: Actors, action: str, expected: str) -> None:
    rows, foreign = [held(acme), held(acme)], held(rival)
    chosen = [str(row.pk) for row in (*rows, foreign)]
    acme.client("editor").post(f"{BASE}/", {"action": action, "_selected_action": chosen})
    assert [fresh(row).status for row in (*rows, foreign)] == [expected, expected, Status.HELD]


def test_the_list_offers_decisions_only_to_those_who_may_decide(acme: Actors) -> None:
    row = held(acme)
    acme.client("auditor").post(f"{BASE}/", {"action": "cancel_chosen", "_selected_action": [str(row.pk)]})
    assert fresh(row).status == Status.HELD


def test_a_lost_outcome_is_settled_on_its_page(acme: Actors) -> None:
    with tenant_scope(acme.tenant.pk):
        connection = make_connection(acme.tenant)
        row = make_posting(connection, status=Status.UNKNOWN, external_id="", remote_type="")
        record = make_record(connection, number=row.body["number"])
    client = acme.client("editor")
    assert str(record.pk) in client.get(f"{BASE}/{row.pk}/change/").content.decode()
    client.post(f"{BASE}/{row.pk}/send-again/", {"reason": "no"})
    assert fresh(row).status == Status.UNKNOWN
    client.post(f"{BASE}/{row.pk}/settle/", {"record": str(record.pk)})
    assert (fresh(row).status, fresh(row).external_id) == (Status.POSTED, record.external_id)


def test_the_list_shows_the_postings_of_one_call(acme: Actors) -> None:
    with tenant_scope(acme.tenant.pk):
        connection = make_connection(acme.tenant)
        together = [make_posting(connection, batch=connection.pk, external_id=f"together-{n}") for n in range(2)]
        make_posting(connection, external_id="alone-1")
    page = acme.client("auditor").get(f"{BASE}/?batch={connection.pk}").content.decode()
    assert "together-0" in page
    assert "alone-1" not in page
    assert "1 other" in acme.client("auditor").get(f"{BASE}/{together[0].pk}/change/").content.decode()
    assert acme.client("auditor").get(f"{BASE}/?batch=nonsense").status_code == 200


def test_partners_answer_and_find_both_ways_what_became_of_their_ids(acme: Actors, rival: Actors) -> None:
    row, foreign = held(acme), held(rival)
    shop = partner(acme, "postings:read", "postings:write")

    def post(posting: Posting, word: str, body: Any) -> Any:
        return shop.post(f"/api/v1/postings/{posting.pk}/{word}", json.dumps(body), content_type="application/json")

    assert post(foreign, "answer", {"choice": "wait"}).status_code == 404
    assert post(row, "answer", {"choice": "nonsense"}).status_code == 422
    assert post(row, "answer", {"choice": "wait"}).json()["question"]["answer"] == "wait"
    with tenant_scope(acme.tenant.pk):
        CrossReference.objects.create(
            tenant=acme.tenant, connection=row.connection, local_kind="order", local_id="A-17", resource="invoices",
            remote_type="Invoice", external_id="145",
        )  # fmt: skip
    for query in ({"local_kind": "order", "local_id": "A-17"}, {"resource": "invoices", "external_id": "145"}):
        (found,) = shop.get("/api/v1/cross-references", query).json()["results"]
        assert (found["local_id"], found["external_id"]) == ("A-17", "145")
    reader = partner(acme, "postings:read")
    assert reader.post(f"/api/v1/postings/{row.pk}/cancel").status_code == 403
