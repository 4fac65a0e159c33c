"""The failure inbox's pages: causes in words, a plan before anything goes, and nobody else's replays."""

import pytest
from django.test import Client

from integrations.models import Connection, Posting, Replay
from integrations.services.replays import plan_replay, run_replay
from tenants.rls import tenant_scope
from tests.conftest import Actors
from tests.integrations.factories import make_connection, make_failed_run, make_posting, make_run

BASE = "/admin/integrations"


def _page(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200, answer
    return answer.content.decode()


def test_the_inbox_groups_by_cause_and_leads_to_the_failed_run(acme: Actors) -> None:
    with tenant_scope(acme.tenant.pk):
        connection = make_connection(acme.tenant, name="Acme Retail")
        run = make_failed_run(connection)
        refused = {"status": Posting.Status.REJECTED, "external_id": "", "error_code": "duplicate_number"}
        for _ in range(7):
            make_posting(connection, **refused)
    page = _page(acme.client("editor"), f"{BASE}/syncrun/failures/")
    assert "1 failed sync: Permission missing" in page
    assert "7 postings: Duplicate number" in page
    assert f"{BASE}/syncrun/{run.pk}/change/" in page


def test_a_failure_made_good_by_a_later_success_leaves_the_inbox(acme: Actors) -> None:
    with tenant_scope(acme.tenant.pk):
        connection = make_connection(acme.tenant)
        make_failed_run(connection)
        make_run(connection)
    assert "Nothing has failed" in _page(acme.client("editor"), f"{BASE}/syncrun/failures/")


def test_all_postings_of_one_cause_are_planned_looked_at_and_then_go_and_no_others(acme: Actors) -> None:
    with tenant_scope(acme.tenant.pk):
        connection = make_connection(acme.tenant)
        refused = {"status": Posting.Status.REJECTED, "external_id": ""}
        for code in ("duplicate_number", "duplicate_number", "period_closed"):
            make_posting(connection, error_code=code, **refused)
    client, key = acme.client("editor"), f"posting:{connection.pk}:duplicate_number"
    planned = client.post(f"{BASE}/syncrun/failures/plan/", {"key": key}, follow=True).content.decode()
    assert "Plan: replay 2 postings" in planned
    assert 'value="225"' in planned
    with tenant_scope(acme.tenant.pk):
        plan = Replay.objects.get()
    page = _page(client, f"{BASE}/syncrun/failures/cause/?key={key}")
    assert page.count('name="unit"') == 2
    one = f"{BASE}/syncrun/failures/replays/{plan.pk}"
    assert acme.client("auditor").post(f"{one}/start/").status_code == 403
    assert client.get(f"{one}/start/").status_code == 405
    started = client.post(f"{one}/start/", {"per_minute": "30"}, follow=True).content.decode()
    assert "0 of 2 had their turn" in started
    run_replay(acme.tenant.pk, plan.pk)
    state = client.get(f"{one}/").json()
    assert (state["done"], state["finished"], state["status"]) == (2, False, "running")
    client.post(f"{one}/cancel/")
    assert "Cancelled, 2 of 2 had their turn" in _page(client, f"{BASE}/syncrun/failures/")
    with tenant_scope(acme.tenant.pk):
        assert sorted(Posting.objects.values_list("status", flat=True)) == ["pending", "pending", "rejected"]


def test_another_tenants_replay_is_not_found(acme: Actors, rival: Actors) -> None:
    with tenant_scope(rival.tenant.pk):
        connection = make_connection(rival.tenant)
        make_posting(connection, status=Posting.Status.REJECTED, external_id="", error_code="x")
        plan = plan_replay(connection=connection, kind="posting", cause="x")
    client, one = acme.client("owner"), f"{BASE}/syncrun/failures/replays/{plan.pk}"
    assert [client.post(f"{one}/{word}/").status_code for word in ("start", "cancel")] == [404, 404]
    assert client.get(f"{one}/").status_code == 404
    key = {"key": f"posting:{connection.pk}:x"}
    assert client.post(f"{BASE}/syncrun/failures/plan/", key).status_code == 404


@pytest.mark.parametrize("key", ["", "sync", "sync:nonsense:x", "connection:x:y", "posting::"])
def test_a_group_that_is_none_changes_nothing(acme: Actors, key: str) -> None:
    answer = acme.client("editor").post(f"{BASE}/syncrun/failures/replay/", {"key": key}, follow=True)
    assert "nothing left to replay" in answer.content.decode()


def _held(connection: Connection, number: str) -> Posting:
    question = {
        "code": "period_closed",
        "text": "What should become of it?",
        "choices": [
            {"name": "first_open_day", "label": "Date it on 2026-11-01 (first open day)"},
            {"name": "wait", "label": "Leave it until the period is opened"},
            {"name": "cancel", "label": "Cancel it"},
        ],
        "own_day": "2026-10-20",
        "dated_on": "2026-11-01",
    }
    asked = {"status": Posting.Status.HELD, "error_code": "period_closed", "question": question, "external_id": ""}
    return make_posting(connection, body={"number": number, "issued_on": "2026-10-20", "lines": []}, **asked)


def test_what_waits_for_a_decision_is_in_the_inbox_and_is_decided_there(acme: Actors, rival: Actors) -> None:
    with tenant_scope(acme.tenant.pk):
        connection = make_connection(acme.tenant)
        rows = [_held(connection, f"H-{n}") for n in range(3)]
    key = f"held:{connection.pk}:period_closed"
    for role, is_offered in (("editor", True), ("auditor", False)):
        page = _page(acme.client(role), f"{BASE}/syncrun/failures/")
        assert "3 postings wait for your decision: Period closed" in page
        assert ("Date it on 2026-11-01" in page) is is_offered
    answer = {"key": key, "choice": "first_open_day"}
    address = f"{BASE}/syncrun/failures/answer/"
    assert acme.client("auditor").post(address, answer).status_code == 403
    assert "Nothing was ticked" in rival.client("editor").post(address, answer, follow=True).content.decode()
    client = acme.client("editor")
    assert _page(client, f"{BASE}/syncrun/failures/cause/?key={key}").count('name="unit"') == 3
    only = {"key": key, "choice": "cancel", "only": "1", "unit": [str(rows[0].pk)]}
    assert "1 is decided" in client.post(address, only, follow=True).content.decode()
    assert "2 are decided" in client.post(address, answer, follow=True).content.decode()
    with tenant_scope(acme.tenant.pk):
        found = [Posting.objects.get(pk=row.pk) for row in rows]
    assert [row.status for row in found] == ["cancelled", "pending", "pending"]
    assert [row.body["issued_on"] for row in found] == ["2026-10-20", "2026-11-01", "2026-11-01"]


def test_an_answer_that_is_not_offered_and_a_cause_that_asks_nothing_change_nothing(acme: Actors) -> None:
    with tenant_scope(acme.tenant.pk):
        connection = make_connection(acme.tenant)
        row = _held(connection, "H-9")
        make_posting(connection, status=Posting.Status.REJECTED, external_id="", error_code="period_closed")
    client, address = acme.client("editor"), f"{BASE}/syncrun/failures/answer/"
    wrong = {"key": f"held:{connection.pk}:period_closed", "choice": "nonsense"}
    assert "Choose one of: first_open_day" in client.post(address, wrong, follow=True).content.decode()
    other = {"key": f"posting:{connection.pk}:period_closed", "choice": "cancel"}
    assert client.post(address, other).status_code == 404
    with tenant_scope(acme.tenant.pk):
        assert Posting.objects.get(pk=row.pk).status == Posting.Status.HELD
