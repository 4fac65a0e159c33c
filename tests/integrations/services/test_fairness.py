"""Doorbells of postings: none is lost for long, and who has rung ten thousand times holds up nobody."""

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.utils import timezone
from kombu import Connection as Broker

from integrations import tasks
from integrations.engine.limits import Heard
from integrations.models import Connection, Posting
from integrations.services.connectors import connector_of
from integrations.services.delivery import PATIENCE_SECONDS
from integrations.services.fairness import SHARE, instead_of, send_fairly
from integrations.services.limits import PostgresLimiter
from integrations.services.sweeping import due_work
from tenants.models import new_id
from tenants.rls import tenant_scope
from tenants.services import create_tenant
from tests.conftest import Actors
from tests.integrations.services.factories import make_connection
from tests.integrations.services.writes import ask, contact, fresh, send


def waiting(connection: Connection, number: int, hours: int = 1) -> list[Posting]:
    """So many postings that have been due for so long."""
    rows = [
        Posting(
            tenant_id=connection.tenant_id,
            connection=connection,
            resource="contacts",
            body={},
            body_hash="0" * 64,
            idempotency_key=str(new_id()),
            origin_kind="api",
            available_at=timezone.now() - timedelta(hours=hours),
        )
        for _ in range(number)
    ]
    with tenant_scope(connection.tenant_id):
        return Posting.objects.bulk_create(rows)


def hold(*postings: Posting, batch: object = None) -> None:
    """A worker has them in hand."""
    until = timezone.now() + timedelta(minutes=1)
    with tenant_scope(postings[0].tenant_id):
        Posting.objects.filter(pk__in=[each.pk for each in postings]).update(lease_until=until, batch=batch)


def test_a_sweep_rings_for_every_tenant_however_much_is_due_of_the_others(db: None) -> None:
    tenants = [create_tenant(slug=f"t{n}", name=f"T {n}", currency="EUR") for n in range(11)]
    for tenant in tenants[:-1]:
        waiting(make_connection(tenant, external_org_id=str(tenant.pk)), 201, hours=3)
    waiting(make_connection(tenants[-1], external_org_id="last"), 1, hours=1)
    # As many as a sweep looks at, at a tenth of its size: 10 tenants have 2,010 due, one has one that came last.
    rung = Counter(tenant for kind, tenant, _ in due_work(most=20) if kind == "posting")
    assert rung[str(tenants[-1].pk)] == 1
    assert set(rung) == {str(tenant.pk) for tenant in tenants}
    assert sum(rung.values()) == 20


def test_a_connection_that_has_its_share_gives_way_to_one_that_has_nothing_under_way(
    acme: Actors, rival: Actors
) -> None:
    many = waiting(make_connection(acme.tenant), SHARE + 2)
    assert instead_of(many[-1].pk) is None
    hold(*many[:SHARE])
    assert instead_of(many[-1].pk) is None, "nobody else waits: no worker rests"
    (other,) = waiting(make_connection(rival.tenant), 1)
    assert instead_of(many[-1].pk) == (str(rival.tenant.pk), str(other.pk))
    assert instead_of(other.pk) is None
    hold(other)
    assert instead_of(many[-1].pk) is None


def test_what_goes_together_is_one_call(acme: Actors, rival: Actors) -> None:
    many = waiting(make_connection(acme.tenant), SHARE + 2)
    waiting(make_connection(rival.tenant), 1)
    hold(*many[: SHARE + 1], batch=new_id())
    assert instead_of(many[-1].pk) is None


def test_a_bell_that_was_heard_for_another_is_rung_again(acme: Actors, rival: Actors) -> None:
    many = waiting(make_connection(acme.tenant), SHARE + 1)
    hold(*many[:SHARE])
    # Its connection has no access: the turn it gets is one decision, and no call.
    (other,) = waiting(make_connection(rival.tenant), 1)
    again = send_fairly(acme.tenant.pk, many[-1].pk)
    assert again == [(str(acme.tenant.pk), str(many[-1].pk))]
    assert fresh(other).fence == 1
    assert fresh(many[-1]).fence == 0


def test_bells_of_people_never_expire_and_those_of_sweeps_outlast_several(settings: object) -> None:
    assert tasks.send_posting.expires is None
    sweeps = tasks.sweep.app.conf.beat_schedule["integrations-sweep"]["schedule"]
    assert sweeps * 10 <= tasks.ECHO_SECONDS


def test_a_broker_that_is_away_fails_nobody_who_wrote_down_work() -> None:
    with Broker("redis://127.0.0.1:1/0") as away:
        ring: Any = tasks.send_posting.apply_async
        assert ring(("t", "r"), connection=away, retry=False) is None


@pytest.mark.integration
def test_a_posting_whose_turn_is_far_away_leaves_the_worker_to_others(connected: Connection) -> None:
    limiter = PostgresLimiter(connected, connector_of(connected).limits)
    limiter.release(limiter.acquire("interactive", ""), heard=Heard(retry_after=60.0))
    posting = ask(connected, "contacts", contact("Patient"))
    begun = timezone.now()
    put_back = send(posting)
    assert timezone.now() - begun < timedelta(seconds=PATIENCE_SECONDS + 10)
    assert (put_back.status, put_back.attempts) == (Posting.Status.PENDING, 1)
    assert put_back.available_at > begun + timedelta(seconds=30)
    assert settings.SWEEP_SECONDS < PATIENCE_SECONDS
