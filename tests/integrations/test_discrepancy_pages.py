"""The workbench of differences and the pages of proofs: what they say, and what each role may do there."""

import re

import pytest
from django.utils import timezone

from integrations.models import Baseline, Connection, Discrepancy, Posting, Proof, SyncRun
from tenants.rls import tenant_scope
from tests.conftest import Actors
from tests.integrations.factories import make_connection, make_posting, make_record

LIST = "/admin/integrations/discrepancy/"
PROOFS = "/admin/integrations/proof/"
Status = Discrepancy.Status


def drifted(actors: Actors, **fields: object) -> Discrepancy:
    with tenant_scope(actors.tenant.pk):
        connection = make_connection(actors.tenant)
        record = make_record(connection, number="INV-7")
        posting = make_posting(connection, record=record)
        body = {"due_on": "2026-10-31", "issued_on": "2026-10-01", "number": "INV-7"}
        Baseline.objects.create(
            tenant=actors.tenant, connection=connection, record=record, posting=posting, body=body, state=record.unified
        )
        values = {
            "kind": "drift", "key": f"drift:{record.pk}", "resource": "invoices", "record": record, "posting": posting,
            "differences": [{"field": "due_on", "label": "Due date", "ours": "2026-10-31", "theirs": "2026-12-24"}],
            "proposal": {"action": "accept", "text": "Accept what the ledger says now."},
        }  # fmt: skip
        return Discrepancy.objects.create(tenant=actors.tenant, connection=connection, **{**values, **fields})


def state(row: Discrepancy) -> str:
    with tenant_scope(row.tenant_id):
        row.refresh_from_db()
    return row.status


def test_the_list_shows_what_is_open_and_the_side_bar_counts_it(acme: Actors) -> None:
    client = acme.client("editor")
    assert "agree" in client.get(LIST, follow=True).content.decode()
    drifted(acme)
    page = client.get(LIST, follow=True).content.decode()
    assert "Due date: 2026-10-31 → 2026-12-24" in page
    assert "Discrepancies to decide" in client.get("/admin/").content.decode()


def test_the_page_sets_both_sides_beside_each_other(acme: Actors) -> None:
    row = drifted(acme)
    page = acme.client("editor").get(f"{LIST}{row.pk}/change/").content.decode()
    for words in ("As agreed", "In the ledger", "Due date", "Accept the ledger", "Send ours again", "INV-7"):
        assert words in page
    assert "not decide it" in acme.client("auditor").get(f"{LIST}{row.pk}/change/").content.decode()


@pytest.mark.parametrize(
    ("role", "word", "expected"),
    [
        ("editor", "accept", Status.ACCEPTED), ("approver", "accept", Status.ACCEPTED),
        ("auditor", "accept", Status.OPEN), ("editor", "repush", Status.REPUSHED),
        ("approver", "repush", Status.OPEN), ("support", "ignore", Status.OPEN), ("owner", "ignore", Status.IGNORED),
    ],
)  # fmt: skip
def test_each_role_decides_what_it_may(acme: Actors, role: str, word: str, expected: str) -> None:
    row = drifted(acme)
    asked = {"row": str(row.pk), "reason": "Known", "back": "page"}
    answer = acme.client(role).post(f"{LIST}decide/{word}/", asked)
    assert (answer.status_code == 403, state(row)) == (expected == Status.OPEN, expected)
    if expected == Status.OPEN:
        return
    with tenant_scope(acme.tenant.pk):
        assert Posting.objects.filter(origin_kind="discrepancy").count() == (word == "repush")
    assert acme.client("owner").post(f"{LIST}decide/reopen/", asked).status_code == 302
    assert state(row) == Status.OPEN


def test_many_are_decided_together_after_a_page_that_asks_for_the_reason(acme: Actors) -> None:
    rows = [drifted(acme) for _ in range(3)]
    client = acme.client("editor")
    chosen = {"action": "choose_ignore", "_selected_action": [str(row.pk) for row in rows[:2]]}
    page = client.post(f"{LIST}?status__exact=open", chosen).content.decode()
    assert "2 differences" in page
    assert 'name="reason"' in page
    client.post(f"{LIST}decide/ignore/", {"row": [str(row.pk) for row in rows[:2]]})
    assert {state(row) for row in rows} == {Status.OPEN}, "no reason was given"
    client.post(f"{LIST}decide/ignore/", {"row": [str(row.pk) for row in rows[:2]], "reason": "Agreed by phone"})
    assert [state(row) for row in rows] == [Status.IGNORED, Status.IGNORED, Status.OPEN]


def test_nobody_decides_for_another_tenant(acme: Actors, rival: Actors) -> None:
    row = drifted(rival)
    acme.client("owner").post(f"{LIST}decide/accept/", {"row": str(row.pk), "reason": "Mine"})
    assert state(row) == Status.OPEN
    assert row.key not in acme.client("owner").get(f"{LIST}{row.pk}/change/", follow=True).content.decode()


def line(**fields: object) -> dict[str, object]:
    return {"key": "count:invoices", "what": "Number of records", "resource": "invoices", "currency": "", "ours": 11,
            "theirs": 12, "status": "uneven", "note": "", "at": timezone.now().isoformat(), **fields}  # fmt: skip


def test_a_proof_says_what_was_compared_and_leads_to_the_difference(acme: Actors) -> None:
    row = drifted(acme, kind="count", key="proof:count:invoices", record=None)
    told = line(key="bank:1", what="Balance of Savings", status="untold", theirs=None, note="Not told.")
    with tenant_scope(acme.tenant.pk):
        proof = Proof.objects.create(
            tenant=acme.tenant, connection=row.connection, on=timezone.localdate(), status="uneven", calls=27,
            lines=[line(), told], finished_at=timezone.now(),
        )  # fmt: skip
    client = acme.client("auditor")
    assert "1 uneven" in client.get(PROOFS).content.decode()
    page = client.get(f"{PROOFS}{proof.pk}/change/").content.decode()
    for words in ("number of records", "Balance of Savings", "Not told.", "27 calls", str(row.pk)):
        assert words in page
    assert "Prove again" not in page
    # On a phone the ledger's figure stands under ours where they differ, so that no difference needs a swipe.
    assert re.search(r'11<p class="narrow-only">12</p></td>\s*<td class="figure wide-only">12</td>', page)


def test_the_cost_is_shown_before_a_proof_is_made(acme: Actors) -> None:
    with tenant_scope(acme.tenant.pk):
        connection = make_connection(acme.tenant)
    address = f"{PROOFS}of/{connection.pk}/"
    assert acme.client("auditor").get(address).status_code == 403
    page = acme.client("editor").get(address).content.decode()
    assert "Costs about 2" in page
    acme.client("editor").post(address)
    with tenant_scope(acme.tenant.pk):
        assert Proof.objects.get().status == Proof.Status.QUEUED
        assert Connection.objects.count() == 1
        assert not SyncRun.objects.exists()
