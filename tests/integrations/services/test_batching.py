"""Several writes in one call: each has its own outcome, and none lands twice whatever becomes of the call."""

from datetime import timedelta
from typing import Any

import pytest
from django.db.models import F
from django.utils import timezone

from integrations.models import Connection, Posting
from integrations.services import postings
from tenants.rls import tenant_scope
from tests.integrations.conftest import Company, Sandbox
from tests.integrations.services.writes import WRITES, ask, contact, fresh, in_books, invoice

pytestmark = pytest.mark.integration
Status = Posting.Status


@pytest.fixture(autouse=True)
def no_waiting(settings: Any) -> None:
    """Retries are due at once."""
    settings.RETRY_BASE_SECONDS = 0


def several(connected: Connection, company: Company, *numbers: str) -> list[Posting]:
    return [ask(connected, "invoices", invoice(company, number)) for number in numbers]


def turn(posting: Posting) -> None:
    postings.send_posting(posting.tenant_id, posting.pk)


def states(rows: list[Posting]) -> list[str]:
    return [fresh(row).status for row in rows]


def writes(sandbox: Sandbox) -> list[str]:
    return [call["path"].rpartition("/")[2] for call in sandbox.calls() if call["method"] == "POST"]


def test_what_waits_together_goes_in_one_call_and_a_single_one_goes_alone(
    connected: Connection, company: Company, sandbox: Sandbox
) -> None:
    rows = several(connected, company, "B-1", "B-2", "B-3")
    turn(rows[1])
    assert states(rows) == [Status.POSTED] * 3
    assert writes(sandbox) == ["batch"]
    found = [fresh(row) for row in rows]
    assert len({row.batch for row in found}) == 1
    assert [row.record.number for row in found if row.record] == ["B-1", "B-2", "B-3"]
    (single,) = several(connected, company, "B-4")
    turn(single)
    assert (fresh(single).status, fresh(single).batch) == (Status.POSTED, None)
    assert writes(sandbox) == ["batch", "invoice"]


def test_one_that_is_refused_leaves_the_others_posted(connected: Connection, company: Company) -> None:
    taken = company.documents("vendors")[0]["DisplayName"]
    rows = [ask(connected, "contacts", contact(name)) for name in ("First", taken, "Third")]
    turn(rows[0])
    assert states(rows) == [Status.POSTED, Status.REJECTED, Status.POSTED]
    assert fresh(rows[1]).error["ledger_code"] == "6240"


def test_what_is_not_ready_or_cannot_be_said_holds_up_none_of_the_others(
    connected: Connection, company: Company
) -> None:
    good = several(connected, company, "B-5", "B-6")
    nameless = ask(connected, "contacts", {"contact_type": "customer", "name": "Nobody", "email": 7})
    first = ask(connected, "contacts", contact("Later"))
    follower = ask(
        connected, "invoices", invoice(company, "B-7", contact={"id": {"posting": str(first.pk)}, "type": "customer"})
    )
    turn(good[0])
    assert states([*good, first]) == [Status.POSTED] * 3
    assert fresh(nameless).status == Status.REJECTED
    assert (fresh(follower).status, fresh(follower).error["waits_for"]) == (Status.PENDING, str(first.pk))
    turn(follower)
    assert in_books(company, "B-7") == 1


@pytest.mark.parametrize("action", ["drop_before", "drop_after_commit", "truncate", {"status": 503}])
def test_a_lost_answer_leaves_all_unknown_and_the_same_call_tells_what_became_of_them(
    connected: Connection, company: Company, sandbox: Sandbox, action: Any
) -> None:
    rows = several(connected, company, "B-8", "B-9")
    sandbox.fault(action, **WRITES)
    turn(rows[0])
    assert set(states(rows)) <= {Status.UNKNOWN, Status.PENDING}
    turn(rows[1])
    assert states(rows) == [Status.POSTED] * 2
    assert [in_books(company, number) for number in ("B-8", "B-9")] == [1, 1]
    assert company.is_balanced()


def test_an_item_of_a_forgotten_call_is_searched_for_and_never_repeated_under_its_own_key(
    connected: Connection, company: Company, sandbox: Sandbox
) -> None:
    rows = several(connected, company, "B-10", "B-11")
    sandbox.fault("drop_after_commit", **WRITES)
    turn(rows[0])
    with tenant_scope(connected.tenant_id):
        Posting.objects.update(sent_at=F("sent_at") - timedelta(hours=25))
    before = writes(sandbox)
    for row in rows:
        turn(row)
    assert states(rows) == [Status.POSTED] * 2
    assert writes(sandbox) == before
    assert [in_books(company, number) for number in ("B-10", "B-11")] == [1, 1]


def test_what_a_search_does_not_find_at_once_may_still_be_under_way(
    connected: Connection, company: Company, sandbox: Sandbox
) -> None:
    rows = several(connected, company, "B-19", "B-20")
    sandbox.fault("drop_before", **WRITES)
    turn(rows[0])
    with tenant_scope(connected.tenant_id):
        # One of them is known by now, so the call cannot be repeated as a whole.
        Posting.objects.filter(pk=rows[1].pk).update(status=Status.CANCELLED)
    turn(rows[0])
    found = fresh(rows[0])
    assert (found.status, found.available_at > timezone.now() + timedelta(seconds=30)) == (Status.UNKNOWN, True)
    with tenant_scope(connected.tenant_id):
        long_ago = timezone.now() - timedelta(minutes=2)
        Posting.objects.filter(pk=rows[0].pk).update(sent_at=long_ago, available_at=long_ago)
    turn(rows[0])
    assert (fresh(rows[0]).status, in_books(company, "B-19")) == (Status.POSTED, 1)


def test_a_ledger_that_asks_to_slow_down_leaves_all_of_them_to_be_sent(
    connected: Connection, company: Company, sandbox: Sandbox
) -> None:
    rows = several(connected, company, "B-12", "B-13")
    sandbox.fault({"status": 429, "retry_after": 30}, **WRITES)
    turn(rows[0])
    assert states(rows) == [Status.PENDING] * 2
    assert {fresh(row).error_code for row in rows} == {"rate_limited"}
    assert {fresh(row).batch for row in rows} == {None}


def test_a_worker_killed_in_the_middle_of_a_call_leaves_rows_that_another_resolves_together(
    connected: Connection, company: Company, sandbox: Sandbox
) -> None:
    rows = several(connected, company, "B-14", "B-15")
    sandbox.fault("drop_after_commit", **WRITES)
    turn(rows[0])
    with tenant_scope(connected.tenant_id):
        Posting.objects.update(status=Status.SENT, lease_until=timezone.now() - timedelta(seconds=1))
    turn(rows[0])
    assert states(rows) == [Status.POSTED] * 2
    assert [in_books(company, number) for number in ("B-14", "B-15")] == [1, 1]


def test_one_that_somebody_cancels_meanwhile_stays_out_and_the_others_go(
    connected: Connection, company: Company, sandbox: Sandbox
) -> None:
    rows = several(connected, company, "B-16", "B-17", "B-18")
    with tenant_scope(connected.tenant_id):
        postings.cancel_posting(rows[1])
    turn(rows[0])
    assert states(rows) == [Status.POSTED, Status.CANCELLED, Status.POSTED]
    assert in_books(company, "B-17") == 0


def test_one_of_a_lost_call_that_another_worker_holds_leaves_the_rest_to_be_searched_for(
    connected: Connection, company: Company, sandbox: Sandbox
) -> None:
    rows = several(connected, company, "B-21", "B-22", "B-23")
    sandbox.fault("drop_after_commit", **WRITES)
    turn(rows[0])
    with tenant_scope(connected.tenant_id):
        Posting.objects.filter(pk=rows[2].pk).update(lease_until=timezone.now() + timedelta(minutes=1))
    turn(rows[0])
    turn(rows[1])
    assert states(rows) == [Status.POSTED, Status.POSTED, Status.UNKNOWN]
    assert writes(sandbox) == ["batch"]
