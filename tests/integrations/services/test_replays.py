"""Replays: a plan first, then in order, at a rate, cancellable, and an end by themselves when nothing has changed."""

import json
from datetime import date, timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.db import connection as database
from django.db import transaction
from django.utils import timezone

from integrations.models import Connection, Fetch, Posting, Replay, ReplayUnit, ResourcePolicy, SyncRun, WebhookEvent
from integrations.services.failures import NO_ERROR
from integrations.services.inbox import failure_count, failure_groups
from integrations.services.postings import cancel_posting
from integrations.services.replay_plans import rate_of
from integrations.services.replays import STOP_AFTER, cancel_replay, plan_replay, run_replay, start_replay
from integrations.services.sweeping import due_work
from tests.conftest import Actors
from tests.integrations.factories import make_connection, make_failed_run, make_posting, make_record
from tests.killing import Hangman, Killed

CAUSE = "invalid_reference"
Status = Posting.Status


@pytest.fixture
def connection(in_acme: Actors) -> Connection:
    return make_connection(in_acme.tenant)


def rest(connection: Connection, **fields: Any) -> Posting:
    values = {"status": Status.REJECTED, "error_code": CAUSE, "error": {"message": "No."}, "external_id": ""}
    return make_posting(connection, **{**values, "finished_at": timezone.now(), **fields})


def planned(connection: Connection, **changes: Any) -> Replay:
    return plan_replay(**{"connection": connection, "kind": "posting", "cause": CAUSE, **changes})


def started(connection: Connection, **changes: Any) -> Replay:
    replay = planned(connection, **changes)
    start_replay(replay)
    return replay


def step(replay: Replay) -> list[str]:
    """One turn of the replay, as if its time had come."""
    Replay.objects.filter(pk=replay.pk).update(available_at=timezone.now())
    bells = run_replay(replay.tenant_id, replay.pk)
    replay.refresh_from_db()
    return [str(bell.row_id) for bell in bells]


def answer(status: str, code: str = "") -> None:
    """What the workers and the ledger made of everything on its way."""
    columns = {"error_code": code, "error": {}} if code else NO_ERROR
    for row in Posting.objects.filter(status=Status.PENDING):
        Posting.objects.filter(pk=row.pk).update(status=status, external_id=f"L{row.pk}", **columns)


def test_a_plan_says_how_many_go_and_sends_nothing(connection: Connection) -> None:
    for _ in range(3):
        rest(connection)
    replay = planned(connection, per_minute=2)
    assert (replay.planned, replay.excluded, replay.left_seconds, replay.status) == (3, {}, 90, "planned")
    assert not Posting.objects.exclude(status=Status.REJECTED).exists()
    assert run_replay(replay.tenant_id, replay.pk) == []


def test_a_plan_leaves_out_what_may_not_go_and_says_why(connection: Connection) -> None:
    first = rest(connection, error_code="duplicate_number")
    rest(connection, depends_on=first)
    rest(connection, status=Status.UNKNOWN)
    rest(connection, resource="bills")
    goes = rest(connection)
    ResourcePolicy.objects.create(
        tenant_id=connection.tenant_id, connection=connection, resource="bills", direction="read"
    )
    replay = planned(connection)
    assert replay.excluded == {"predecessor": 1, "outcome_unknown": 1, "direction": 1}
    assert list(replay.units.values_list("row_id", flat=True)) == [goes.pk]


def test_what_depends_on_something_left_out_is_left_out_too(connection: Connection) -> None:
    first = rest(connection, error_code="duplicate_number")
    second = rest(connection, depends_on=first)
    rest(connection, depends_on=second)
    assert planned(connection).excluded == {"predecessor": 2}


def test_a_predecessor_that_goes_in_the_same_replay_holds_nothing_up_and_goes_first(connection: Connection) -> None:
    invoice = rest(connection, resource="invoices")
    contact = rest(connection, resource="contacts")
    Posting.objects.filter(pk=invoice.pk).update(depends_on=contact)
    replay = planned(connection)
    assert list(replay.units.order_by("position").values_list("row_id", flat=True)) == [contact.pk, invoice.pk]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"status": "paused"}, "paused"),
        ({"status": "needs_reauthorisation"}, "needs_reauthorisation"),
        ({"is_read_only": True}, "read_only"),
    ],
)
def test_on_a_closed_connection_nothing_goes(connection: Connection, changes: dict[str, Any], reason: str) -> None:
    rest(connection)
    Connection.objects.filter(pk=connection.pk).update(**changes)
    connection.refresh_from_db()
    replay = planned(connection)
    assert (replay.planned, replay.excluded) == (0, {reason: 1})
    with pytest.raises(ValidationError, match="Nothing of this plan may go"):
        start_replay(replay)


def test_a_plan_warns_while_the_cause_still_holds(connection: Connection) -> None:
    make_record(connection, "contacts", external_id="58", name="Bill", is_active=False)
    rest(connection)
    warned = planned(connection).warnings
    assert warned[0].startswith("The cause still holds")
    assert "Bill is inactive" in warned[1]
    make_record(connection, "contacts", external_id="58", remote_type="Vendor", name="Bill")
    assert planned(connection).warnings == []


def test_a_plan_warns_of_another_obstacle(connection: Connection) -> None:
    Connection.objects.filter(pk=connection.pk).update(closed_through=date(2026, 12, 31))
    connection.refresh_from_db()
    rest(connection)
    assert planned(connection).warnings[0].startswith("Something else stands in the way")


def test_the_default_rate_is_half_of_what_background_work_may_use(connection: Connection) -> None:
    assert rate_of(connection) == 225  # 500 a minute, of which background work may use 0.9


def test_only_ticked_units_go_and_a_cancelled_one_is_named(connection: Connection) -> None:
    ticked, cancelled, other = (rest(connection) for _ in range(3))
    cancel_posting(cancelled)
    replay = started(connection, chosen=[ticked.pk, cancelled.pk])
    assert (replay.planned, replay.excluded) == (1, {"cancelled": 1})
    assert step(replay) == [str(ticked.pk)]
    other.refresh_from_db()
    assert other.status == Status.REJECTED


def test_a_running_replay_goes_at_its_rate_and_is_due_again_when_its_time_comes(connection: Connection) -> None:
    for _ in range(5):
        rest(connection)
    replay = started(connection, per_minute=24)
    assert len(step(replay)) == 2
    assert (replay.done, replay.left_seconds) == (2, 8)
    wait = replay.available_at - timezone.now()
    assert timedelta(seconds=4) < wait <= timedelta(seconds=5)
    assert run_replay(replay.tenant_id, replay.pk) == []
    later = due_work(at=timezone.now() + timedelta(seconds=6))
    assert ("replay", str(replay.tenant_id), str(replay.pk)) in later


def test_successes_and_new_refusals_are_counted_back_and_the_end_is_seen(connection: Connection) -> None:
    rest(connection)
    rest(connection)
    replay = started(connection, per_minute=12)
    step(replay)
    answer(Status.POSTED)
    step(replay)
    answer(Status.REJECTED, "period_closed")
    step(replay)
    assert (replay.status, replay.done, replay.landed, replay.refused) == ("done", 2, 1, 1)
    assert replay.finished_at is not None
    assert run_replay(replay.tenant_id, replay.pk) == []


def test_it_stops_by_itself_after_ten_refusals_of_one_cause_in_a_row(connection: Connection) -> None:
    for _ in range(STOP_AFTER + 15):
        rest(connection)
    replay = started(connection, per_minute=12)
    for _ in range(STOP_AFTER):
        step(replay)
        answer(Status.REJECTED, CAUSE)
    step(replay)
    assert (replay.status, replay.refused) == ("stopped", STOP_AFTER)
    assert "10 in a row" in replay.error["message"]
    assert Posting.objects.filter(status=Status.REJECTED).count() == STOP_AFTER + 15


def test_different_causes_or_a_success_in_between_do_not_stop_it(connection: Connection) -> None:
    for _ in range(14):
        rest(connection)
    replay = started(connection, per_minute=12)
    for turn in range(14):
        step(replay)
        if turn == 6:
            answer(Status.POSTED)
        else:
            answer(Status.REJECTED, CAUSE)
    assert (replay.status, replay.refused, replay.landed) == ("running", 12, 1)


def test_refusals_are_waited_for_before_everything_has_gone(connection: Connection) -> None:
    for _ in range(60):
        rest(connection)
    replay = started(connection, per_minute=240)
    sent = [len(step(replay)) for _ in range(4)]
    assert sent == [20, 20, 0, 0]
    answer(Status.POSTED)
    assert len(step(replay)) == 20


def test_cancelled_at_any_moment_the_rest_keeps_resting(connection: Connection) -> None:
    for _ in range(5):
        rest(connection)
    replay = started(connection, per_minute=12)
    step(replay)
    cancel_replay(replay)
    assert step(replay) == []
    assert Posting.objects.filter(status=Status.REJECTED).count() == 4
    with pytest.raises(ValidationError, match="is over: cancelled"):
        cancel_replay(replay)
    assert planned(connection).planned == 4


def test_a_unit_cancelled_after_the_plan_is_left_alone_and_counted(connection: Connection) -> None:
    cancel_posting_later = rest(connection)
    replay = started(connection)
    cancel_posting(cancel_posting_later)
    assert step(replay) == []
    assert (replay.status, replay.excluded) == ("done", {"cancelled": 1})


def test_one_cause_is_replayed_by_one_replay_at_a_time(connection: Connection) -> None:
    rest(connection)
    rest(connection)
    started(connection)
    second = planned(connection)
    with pytest.raises(ValidationError, match="replayed already"):
        start_replay(second)


def test_a_plan_replaces_the_one_before_that_nobody_started(connection: Connection) -> None:
    rest(connection)
    planned(connection)
    planned(connection)
    assert Replay.objects.count() == ReplayUnit.objects.count() == 1


def test_it_stops_when_the_connection_is_paused_meanwhile(connection: Connection) -> None:
    rest(connection)
    replay = started(connection)
    Connection.objects.filter(pk=connection.pk).update(status="paused")
    assert step(replay) == []
    assert (replay.status, replay.error_code) == ("stopped", "connection")


def test_of_failed_runs_only_the_newest_is_worth_repeating(connection: Connection) -> None:
    make_failed_run(connection)
    newest = make_failed_run(connection)
    replay = started(connection, kind="sync", cause="permission_missing")
    assert (replay.planned, replay.excluded) == (1, {"covered": 1})
    step(replay)
    again = SyncRun.objects.get(replay_of=newest)
    SyncRun.objects.filter(pk=again.pk).update(status="succeeded")
    step(replay)
    assert (replay.status, replay.landed) == ("done", 1)


def test_announced_changes_and_questions_go_again_too(connection: Connection) -> None:
    failed = {
        "tenant_id": connection.tenant_id,
        "connection": connection,
        "status": "failed",
        "error_code": "bad_gateway",
    }
    event = WebhookEvent.objects.create(
        event_key="e", remote_type="Invoice", external_id="1", action="updated", **failed
    )
    question = Fetch.objects.create(kind="report", expires_at=timezone.now() + timedelta(hours=1), **failed)
    tenant = connection.tenant
    assert {group.kind for group in failure_groups(tenant)} == {"webhook_event", "fetch"}
    assert failure_count(tenant) == 2
    for kind, row, again in (("webhook_event", event, "pending"), ("fetch", question, "queued")):
        step(started(connection, kind=kind, cause="bad_gateway"))
        row.refresh_from_db()
        assert (row.status, row.error_code) == (again, "")


def test_the_command_plans_and_with_start_lets_it_go(connection: Connection) -> None:
    rest(connection)
    out = StringIO()
    call_command("replay", str(connection.pk), "--cause", CAUSE, "--json", stdout=out)
    told = json.loads(out.getvalue())
    assert (told["status"], told["planned"], told["per_minute"]) == ("planned", 1, 225)
    call_command("replay", str(connection.pk), "--cause", CAUSE, "--start", stdout=StringIO())
    assert Replay.objects.get().status == "running"


def test_killed_at_any_moment_a_replay_goes_on_and_sends_nothing_twice(connection: Connection) -> None:
    for _ in range(4):
        rest(connection)
    replay = started(connection, per_minute=24)
    step(replay)
    counting = Hangman()
    with transaction.atomic(), database.execute_wrapper(counting):
        step(replay)
        transaction.set_rollback(True)
    assert counting.seen > 5
    for moment in range(1, counting.seen + 1, max(1, counting.seen // 8)):
        with transaction.atomic():
            with pytest.raises(Killed), database.execute_wrapper(Hangman(moment)):
                step(replay)
            replay.refresh_from_db()
            assert (replay.done, replay.units.filter(outcome="gone").count()) == (2, 2), moment
            # Nobody takes it before the dead worker's lease is over.
            Replay.objects.filter(pk=replay.pk).update(lease_until=None)
            step(replay)
            events = Posting.pgh_event_model.objects  # type: ignore[attr-defined]
            back = events.filter(pgh_label="update", status=Status.PENDING)
            assert back.count() == Posting.objects.filter(status=Status.PENDING).count() == 4, moment
            answer(Status.POSTED)
            step(replay)
            assert (replay.status, replay.done, replay.landed, replay.refused) == ("done", 4, 4, 0), moment
            transaction.set_rollback(True)


def test_a_worker_that_dies_before_it_rings_forgets_nothing(connection: Connection) -> None:
    ids = {str(rest(connection).pk) for _ in range(2)}
    step(started(connection))  # what it would ring for is thrown away, as when the process dies after its commit
    later = due_work(at=timezone.now() + timedelta(seconds=1))
    assert {row_id for kind, _, row_id in later if kind == "posting"} == ids
