"""The partner API over differences and proofs: scopes, pages, one tenant at a time, and what the description says."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from integrations.models import Connection, Discrepancy, Posting, Proof, SyncRun
from tenants.rls import tenant_scope
from tests.conftest import Actors
from tests.integrations.factories import make_connection
from tests.integrations.test_api import _partner as partner
from tests.integrations.test_discrepancy_pages import drifted, line, state

ROWS, PROOFS = "/api/v1/discrepancies", "/api/v1/proofs"
ALL = ["discrepancies:read", "discrepancies:write", "proofs:read", "proofs:write"]
Status = Discrepancy.Status


@pytest.fixture
def client(acme: Actors) -> Client:
    """A partner application that may do everything here."""
    return partner(acme, ALL)


def got(client: Client, address: str, expected: int = 200, **query: Any) -> dict[str, Any]:
    answer = client.get(address, query)
    assert answer.status_code == expected, answer.content
    return dict(json.loads(answer.content))


def posted(client: Client, address: str, body: dict[str, Any] | None = None, status: int = 200) -> dict[str, Any]:
    answer = client.post(address, body or {}, content_type="application/json")
    assert answer.status_code == status, answer.content
    return dict(json.loads(answer.content))


def proved(actors: Actors, connection: Connection, **fields: Any) -> Proof:
    values = {"on": timezone.localdate(), "status": "uneven", "lines": [line()], "finished_at": timezone.now()}
    with tenant_scope(actors.tenant.pk):
        return Proof.objects.create(tenant=actors.tenant, connection=connection, **{**values, **fields})


def test_a_difference_is_told_with_both_sides_and_a_proposal(acme: Actors, client: Client) -> None:
    row = drifted(acme)
    found = got(client, f"{ROWS}/{row.pk}")
    assert found["differences"] == [
        {"field": "due_on", "label": "Due date", "ours": "2026-10-31", "theirs": "2026-12-24"}
    ]
    assert found["proposal"]["action"] == "accept"
    assert (found["status"], found["external_id"]) == ("open", row.record.external_id)  # type: ignore[union-attr]


def test_pages_follow_each_other_and_lists_are_narrowed(acme: Actors, client: Client) -> None:
    rows = [drifted(acme) for _ in range(5)]
    with tenant_scope(acme.tenant.pk):
        Discrepancy.objects.filter(pk=rows[0].pk).update(status=Status.IGNORED)
    seen: list[str] = []
    page = got(client, ROWS, page_size=2)
    seen += [each["id"] for each in page["results"]]
    while page["next"]:
        page = got(client, page["next"])
        seen += [each["id"] for each in page["results"]]
    assert seen == [str(row.pk) for row in reversed(rows)]
    assert len(got(client, ROWS, status="open")["results"]) == 4
    assert [each["id"] for each in got(client, ROWS, connection=rows[1].connection_id)["results"]] == [str(rows[1].pk)]
    assert len(got(client, ROWS, page_size=9999)["results"]) == 5


@pytest.mark.parametrize(
    ("scopes", "address", "needed"),
    [
        (["proofs:read"], ROWS, "discrepancies:read"),
        (["discrepancies:read", "discrepancies:write"], PROOFS, "proofs:read"),
    ],
)
def test_reading_needs_the_scope_of_what_is_read(acme: Actors, scopes: list[str], address: str, needed: str) -> None:
    assert needed in json.dumps(got(partner(acme, scopes), address, 403))


@pytest.mark.parametrize("word", ["accept", "ignore", "repush", "reread", "reopen"])
def test_deciding_needs_the_scope_to_write(acme: Actors, word: str) -> None:
    row = drifted(acme)
    refusal = posted(partner(acme, ["discrepancies:read"]), f"{ROWS}/{row.pk}/{word}", {"reason": "Known"}, 403)
    assert "discrepancies:write" in json.dumps(refusal)
    assert state(row) == Status.OPEN


def test_a_proof_is_asked_for_with_the_scope_to_write(acme: Actors, client: Client) -> None:
    with tenant_scope(acme.tenant.pk):
        connection = make_connection(acme.tenant)
    asked = {"connection": str(connection.pk)}
    posted(partner(acme, ["proofs:read"]), PROOFS, asked, 403)
    first = posted(client, PROOFS, asked, 202)
    assert posted(client, PROOFS, asked, 202)["id"] == first["id"], "the one under way"
    assert got(client, f"{PROOFS}/{first['id']}")["status"] == "queued"


def test_nothing_of_another_tenant_is_seen_or_decided(acme: Actors, rival: Actors, client: Client) -> None:
    theirs = drifted(rival)
    proof = proved(rival, theirs.connection)
    assert got(client, ROWS)["results"] == got(client, PROOFS)["results"] == []
    got(client, f"{ROWS}/{theirs.pk}", 404)
    got(client, f"{PROOFS}/{proof.pk}", 404)
    for word in ("accept", "ignore", "repush", "reread", "reopen"):
        posted(client, f"{ROWS}/{theirs.pk}/{word}", {"reason": "Mine"}, 404)
    assert state(theirs) == Status.OPEN
    posted(client, PROOFS, {"connection": str(theirs.connection_id)}, 400)
    # A filter by another tenant's connection tells no more than one by a made-up id.
    assert client.get(ROWS, {"connection": str(theirs.connection_id)}).status_code == 400
    with tenant_scope(rival.tenant.pk):
        assert Proof.objects.count() == 1
        assert not Posting.objects.filter(origin_kind="discrepancy").exists()


def test_decisions_say_what_keeps_them_from_being_made(acme: Actors, client: Client) -> None:
    row = drifted(acme)
    assert "Say why" in json.dumps(posted(client, f"{ROWS}/{row.pk}/ignore", {"reason": " "}, 422))
    assert "nothing to read again" in json.dumps(posted(client, f"{ROWS}/{row.pk}/reread", {}, 422))
    assert posted(client, f"{ROWS}/{row.pk}/ignore", {"reason": "Agreed by phone"})["reason"] == "Agreed by phone"
    assert "decided already" in json.dumps(posted(client, f"{ROWS}/{row.pk}/accept", {}, 422))
    assert posted(client, f"{ROWS}/{row.pk}/reopen")["status"] == "open"


def test_ours_is_sent_again_once_and_the_trail_names_the_application(acme: Actors, client: Client) -> None:
    row = drifted(acme)
    assert posted(client, f"{ROWS}/{row.pk}/repush")["status"] == "repushed"
    posted(client, f"{ROWS}/{row.pk}/repush", {}, 422)
    with tenant_scope(acme.tenant.pk):
        posting = Posting.objects.get(origin_kind="discrepancy")
    assert (posting.operation, posting.origin_id) == ("update", row.pk)
    trail = acme.client("auditor").get("/admin/tenants/trail/").content.decode()
    assert "<b>status</b>: open → repushed" in trail
    assert "Shop" in trail


def test_a_figure_is_read_again(acme: Actors, client: Client) -> None:
    proposal = {"action": "reread", "text": "Read again.", "resources": ["invoices"], "offset": "1"}
    row = drifted(acme, kind="count", key="proof:count:invoices", record=None, posting=None, proposal=proposal)
    posted(client, f"{ROWS}/{row.pk}/reread")
    with tenant_scope(acme.tenant.pk):
        assert SyncRun.objects.get().resources == ["invoices"]


def test_a_proof_is_told_line_by_line_and_found_by_its_day(acme: Actors, client: Client) -> None:
    with tenant_scope(acme.tenant.pk):
        connection = make_connection(acme.tenant)
    today, yesterday = timezone.localdate(), timezone.localdate() - timedelta(days=1)
    proved(acme, connection, on=yesterday, lines=[line(status="untold", theirs=None)])
    proof = proved(acme, connection)
    (found,) = got(client, PROOFS, on=today.isoformat(), connection=connection.pk)["results"]
    assert (found["id"], [each["status"] for each in found["lines"]]) == (str(proof.pk), ["uneven"])
    assert [float(found["lines"][0][side]) for side in ("ours", "theirs")] == [11, 12]
    first = got(client, PROOFS, page_size=1)
    assert [each["id"] for each in first["results"]] == [str(proof.pk)]
    assert got(client, first["next"])["results"][0]["lines"][0]["theirs"] is None


def test_the_description_says_the_shapes(db: None) -> None:
    schema = json.loads(Client().get("/api/v1/openapi.json").content)
    shapes = schema["components"]["schemas"]
    assert set(shapes["Difference"]["properties"]) == {"field", "label", "ours", "theirs"}
    assert shapes["ProofLine"]["properties"]["status"]
    assert {f"{ROWS}/{{id}}/{word}" for word in ("accept", "ignore", "repush", "reread", "reopen")} <= set(
        schema["paths"]
    )
    assert set(schema["paths"][PROOFS]) == {"get", "post"}
