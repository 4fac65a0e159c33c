"""Which resources a scheduled run takes, when each is due again, and what a silent webhook channel changes."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from integrations.models import Connection, SyncCursor, SyncRun, WebhookEvent
from integrations.services import connections, policies, scheduling, silence, sync
from integrations.services.health import states_of
from tenants.rls import tenant_scope
from tests.conftest import Actors
from tests.integrations.factories import make_connection, make_record, make_run

pytestmark = pytest.mark.integration
FEED = ("invoices", "payments", "contacts")


@pytest.fixture
def books(acme: Actors) -> Any:
    """A connection of acme's to QuickBooks (one change feed), inside acme's scope."""
    with tenant_scope(acme.tenant.pk):
        yield make_connection(acme.tenant, sync_minutes=60)


@pytest.fixture
def ledger(acme: Actors) -> Any:
    """A connection of acme's to Xero (each resource asked for by itself), inside acme's scope."""
    with tenant_scope(acme.tenant.pk):
        yield make_connection(acme.tenant, connector="xero", sync_minutes=60)


def _read(connection: Connection, *names: str, hours: float = 1, due: float = 60, **fields: Any) -> None:
    """Everything was read `hours` ago; these are due in `due` minutes, the others tomorrow."""
    now = timezone.now()
    for name in policies.read_resources(connection):
        soon = timedelta(minutes=due) if name in names else timedelta(days=1)
        SyncCursor.objects.create(
            tenant_id=connection.tenant_id,
            connection=connection,
            resource=name,
            changed_through=now - timedelta(hours=hours),
            full_synced_at=now - timedelta(hours=hours),
            due_at=now + soon,
            **fields,
        )


def _ran(connection: Connection, changed: dict[str, int], mode: str = "since", hours: float = 1, **fields: Any) -> Any:
    now = timezone.now()
    since = (now - timedelta(hours=hours)).isoformat()
    progress = {
        name: {"mode": mode, "is_reread": True, "is_done": True, "since": since, "changed": count}
        for name, count in changed.items()
    }
    started = {"started_at": now - timedelta(seconds=30), **fields}
    return make_run(connection, progress=progress, **started)


def _due_in(connection: Connection, resource: str) -> float:
    due = SyncCursor.objects.get(connection=connection, resource=resource).due_at
    assert due is not None
    return round((due - timezone.now()).total_seconds() / 60)


# What a run takes ---------------------------------------------------------------------------------------------------


def test_a_scheduled_run_takes_only_what_is_due(ledger: Connection) -> None:
    _read(ledger, "invoices", "bills", due=-1)
    Connection.objects.update(next_sync_at=timezone.now())
    run = sync.request_due_sync(ledger.tenant_id, ledger.pk)
    assert run is not None
    assert set(run.resources) == {"invoices", "bills"}
    assert run.trigger == SyncRun.Trigger.SCHEDULE


def test_where_one_question_tells_all_changes_everything_it_covers_goes_along(books: Connection) -> None:
    _read(books, "invoices", due=-1)
    names = scheduling.due_resources(books, timezone.now())
    assert set(FEED) <= set(names)
    # What the feed does not cover is read whole, and only when its own day is over.
    assert "currencies" not in names


def test_what_was_never_read_in_full_is_due(ledger: Connection) -> None:
    _read(ledger)
    SyncCursor.objects.filter(resource="bills").update(full_synced_at=None)
    SyncCursor.objects.filter(resource="payments").delete()
    assert set(scheduling.due_resources(ledger, timezone.now())) == {"bills", "payments"}


def test_what_is_not_read_is_never_due(ledger: Connection) -> None:
    _read(ledger, "invoices", due=-1)
    policies.set_policy(connection=ledger, resource="invoices", direction="off")
    assert "invoices" not in scheduling.due_resources(ledger, timezone.now())


def test_a_look_that_something_else_asked_for_takes_all_that_tells_its_changes(books: Connection) -> None:
    _read(books)
    names = scheduling.due_resources(books, timezone.now())
    assert set(FEED) <= set(names)
    assert "currencies" not in names


# When it is due again -----------------------------------------------------------------------------------------------


def test_a_resource_that_changes_is_asked_for_sooner_and_a_quiet_one_as_late_as_allowed(ledger: Connection) -> None:
    _read(ledger)
    due_at = scheduling.settle(_ran(ledger, {"invoices": 60, "payments": 0}))
    assert _due_in(ledger, "payments") == 60
    assert 5 <= _due_in(ledger, "invoices") < 15
    assert due_at == SyncCursor.objects.get(resource="invoices").due_at


def test_a_first_reading_says_nothing_of_how_often_something_changes(ledger: Connection) -> None:
    _read(ledger)
    run = _ran(ledger, {"invoices": 10_000}, mode="full")
    run.progress["invoices"]["is_reread"] = False
    scheduling.settle(run)
    assert SyncCursor.objects.get(resource="invoices").changes_per_hour == 0
    assert _due_in(ledger, "invoices") == 60


def test_a_persons_own_minutes_win(ledger: Connection) -> None:
    _read(ledger)
    policies.set_policy(connection=ledger, resource="items", sync_minutes=10)
    policies.set_policy(connection=ledger, resource="invoices", sync_minutes=720)
    scheduling.settle(_ran(ledger, {"items": 0, "invoices": 500}))
    assert (_due_in(ledger, "items"), _due_in(ledger, "invoices")) == (10, 720)


def test_a_shorter_pause_of_the_connection_holds_at_once(ledger: Connection) -> None:
    _read(ledger, *policies.read_resources(ledger), hours=0, due=60)
    connections.set_schedule(ledger, minutes=15)
    assert _due_in(ledger, "invoices") == 15
    assert ledger.next_sync_at is not None
    assert ledger.next_sync_at <= timezone.now() + timedelta(minutes=16)


def test_full_limits_make_the_pauses_longer(ledger: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    from integrations.models import LimitLease

    _read(ledger)
    now = timezone.now()
    LimitLease.objects.bulk_create(
        LimitLease(
            tenant_id=ledger.tenant_id, connection=ledger, lane="backfill", taken_at=now, released_at=now,
            expires_at=now + timedelta(hours=1),
        )
        for _ in range(4450)
    )  # fmt: skip
    # 5,000 a day less the tenth kept for writes: 50 are left.
    assert scheduling.calls_per_hour(ledger) == pytest.approx(50 / 24)
    scheduling.settle(_ran(ledger, {"invoices": 60}))
    assert _due_in(ledger, "invoices") > 60


# Webhooks -----------------------------------------------------------------------------------------------------------


def _announced(connection: Connection, external_id: str, minutes: float, resource: str = "invoices") -> None:
    at = timezone.now() - timedelta(minutes=minutes)
    WebhookEvent.objects.create(
        tenant_id=connection.tenant_id, connection=connection, event_key=f"{external_id}-{minutes}", resource=resource,
        remote_type="invoice", external_id=external_id, action="updated", occurred_at=at, created_at=at,
    )  # fmt: skip
    Connection.objects.filter(pk=connection.pk).update(webhook_at=at)
    connection.refresh_from_db()


def _changed(connection: Connection, external_id: str, minutes: float) -> None:
    at = timezone.now() - timedelta(minutes=minutes)
    make_record(connection, "invoices", external_id=external_id, modified_at=at, synced_at=timezone.now())


def _is_silent(connection: Connection) -> bool:
    connection.refresh_from_db()
    return connection.webhook_silent_at is not None


def test_where_webhooks_come_polling_is_a_safety_net(ledger: Connection) -> None:
    _read(ledger)
    _announced(ledger, "seen", minutes=30)
    scheduling.settle(_ran(ledger, {"invoices": 0, "payments": 0}))
    assert (_due_in(ledger, "invoices"), _due_in(ledger, "payments")) == (180, 60)


def test_a_channel_that_said_nothing_for_a_week_is_not_relied_on(ledger: Connection) -> None:
    _read(ledger)
    _announced(ledger, "seen", minutes=8 * 24 * 60)
    scheduling.settle(_ran(ledger, {"invoices": 0}))
    assert _due_in(ledger, "invoices") == 60


def test_a_change_that_no_webhook_announced_makes_the_channel_silent_and_says_what_to_do(ledger: Connection) -> None:
    _read(ledger)
    _announced(ledger, "seen", minutes=90)
    _changed(ledger, "unseen", minutes=30)
    scheduling.settle(_ran(ledger, {"invoices": 1}))
    ledger.refresh_from_db()
    assert ledger.webhook_silent_at is not None
    assert _due_in(ledger, "invoices") <= 60
    health = states_of([ledger])[0].health
    assert (health.tone, health.label) == ("warning", "Webhooks stopped coming")
    assert health.remedy


@pytest.mark.parametrize(
    ("case", "announced", "changed"),
    [
        ("announced", ("mine", 30.0), ("mine", 31.0)),
        ("still on its way", ("other", 90.0), ("mine", 2.0)),
        ("older than the channel", ("other", 30.0), ("mine", 60.0)),
    ],
)
def test_what_was_announced_or_may_still_be_is_not_missed(
    ledger: Connection, case: str, announced: tuple[str, float], changed: tuple[str, float]
) -> None:
    _announced(ledger, *announced)
    _changed(ledger, *changed)
    assert silence.judge(_ran(ledger, {"invoices": 1})) == 0, case


def test_an_old_announcement_of_the_same_record_does_not_cover_a_new_change(ledger: Connection) -> None:
    _announced(ledger, "mine", minutes=90)
    _changed(ledger, "mine", minutes=30)
    assert silence.judge(_ran(ledger, {"invoices": 1})) == 1


def test_a_connection_that_never_heard_a_webhook_is_polled_and_never_silent(ledger: Connection) -> None:
    _changed(ledger, "mine", minutes=30)
    assert silence.judge(_ran(ledger, {"invoices": 1})) == 0


def test_a_channel_is_well_again_when_webhooks_come_and_a_poll_misses_nothing(ledger: Connection) -> None:
    _read(ledger)
    Connection.objects.update(webhook_silent_at=timezone.now() - timedelta(minutes=40))
    _announced(ledger, "late", minutes=50)
    scheduling.settle(_ran(ledger, {"invoices": 0}))
    assert _is_silent(ledger)
    _announced(ledger, "mine", minutes=20)
    _changed(ledger, "mine", minutes=21)
    scheduling.settle(_ran(ledger, {"invoices": 1}))
    assert not _is_silent(ledger)
    assert _due_in(ledger, "invoices") == 180
