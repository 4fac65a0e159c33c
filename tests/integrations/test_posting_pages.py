"""Decisions about postings, on their page, in the list and over the API; each by those who may, on their own rows."""

import json
from typing import Any

import pytest
from django.test import Client

from integrations.models import CrossReference, Posting
from tenants.models import Tenant
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


REASON = {"reason": "The customer never ordered it."}


def journal(actors: Actors, **fields: Any) -> Posting:
    with tenant_scope(actors.tenant.pk):
        lines = [
            {"account": {"id": "7", "name": "Rent"}, "debit": "120.00"},
            {"account": {"id": "35", "name": "Bank"}, "credit": "120.00"},
        ]
        body = {"number": "J-1", "issued_on": "2026-10-20", "currency": "USD", "lines": lines}
        connection = fields.pop("connection", None) or make_connection(actors.tenant, closed_through="2026-10-31")
        return make_posting(connection, resource="journal_entries", remote_type="JournalEntry", body=body, **fields)


def limit(actors: Actors, amount: int) -> None:
    with tenant_scope(actors.tenant.pk):
        Tenant.objects.filter(pk=actors.tenant.pk).update(two_person_limit=amount)


def undoing(posting: Posting) -> list[Posting]:
    with tenant_scope(posting.tenant_id):
        return list(posting.reversals.order_by("id"))


def test_a_correction_shows_its_effect_and_asks_for_a_reason_and_an_open_day(acme: Actors) -> None:
    row, client = journal(acme), acme.client("editor")
    page = client.get(f"{BASE}/{row.pk}/correct/").content.decode()
    rent, bank = (page.index(f"<td>{name}</td>") for name in ("Rent", "Bank"))
    # What was debited is credited: the figure stands in the second column.
    assert '<td class="figure"></td><td class="figure">' in page[rent:bank]
    assert 'min="2026-11-01"' in page
    assert acme.client("auditor").get(f"{BASE}/{row.pk}/correct/").status_code == 403
    for wrong in ({"reason": "no"}, {**REASON, "on": "2026-10-21"}):
        assert client.post(f"{BASE}/{row.pk}/reverse/", wrong).status_code == 422
    assert undoing(row) == []
    client.post(f"{BASE}/{row.pk}/reverse/", {**REASON, "on": "2026-11-05"})
    (undo,) = undoing(row)
    assert (undo.status, undo.body["issued_on"], undo.question["reason"]) == (
        Status.PENDING, "2026-11-05", REASON["reason"],
    )  # fmt: skip
    assert [(line.get("debit"), line.get("credit")) for line in undo.body["lines"]] == [
        (None, "120.00"), ("120.00", None),
    ]  # fmt: skip


def test_above_the_limit_another_person_who_approves_lets_a_reversal_go(acme: Actors) -> None:
    limit(acme, 100)
    row = journal(acme)
    assert "somebody else has approved it" in acme.client("owner").get(f"{BASE}/{row.pk}/correct/").content.decode()
    acme.client("owner").post(f"{BASE}/{row.pk}/reverse/", REASON)
    (undo,) = undoing(row)
    assert (undo.status, undo.error_code) == (Status.HELD, "second_person")
    inbox = acme.client("approver").get("/admin/integrations/syncrun/failures/").content.decode()
    assert "1 posting waits for your decision: Second person" in inbox
    for role in ("owner", "editor"):
        acme.client(role).post(f"{BASE}/{undo.pk}/answer/", {"choice": "approve"})
        assert fresh(undo).status == Status.HELD, role
    acme.client("approver").post(f"{BASE}/{undo.pk}/answer/", {"choice": "approve"})
    approved = fresh(undo)
    assert (approved.status, approved.question["answer"]) == (Status.PENDING, "approve")
    assert approved.question["reason"] == REASON["reason"]


def test_a_reversal_is_undone_by_another_reversal(acme: Actors) -> None:
    row = journal(acme)
    acme.client("editor").post(f"{BASE}/{row.pk}/reverse/", REASON)
    (undo,) = undoing(row)
    with tenant_scope(acme.tenant.pk):
        Posting.objects.filter(pk=undo.pk).update(
            status=Status.POSTED, external_id="991", remote_type="JournalEntry", finished_at=undo.created_at
        )
    acme.client("editor").post(f"{BASE}/{undo.pk}/reverse/", {"reason": "It was right after all."})
    (again,) = undoing(undo)
    assert [(line.get("debit"), line.get("credit")) for line in again.body["lines"]] == [
        ("120.00", None), (None, "120.00"),
    ]  # fmt: skip


def test_what_is_not_in_the_ledger_cannot_be_corrected(acme: Actors, rival: Actors) -> None:
    row = held(acme)
    answer = acme.client("editor").get(f"{BASE}/{row.pk}/correct/", follow=True)
    assert "Only a document that was created in the ledger" in answer.content.decode()
    foreign = journal(rival)
    assert acme.client("editor").post(f"{BASE}/{foreign.pk}/reverse/", REASON).status_code == 302
    assert undoing(foreign) == []
