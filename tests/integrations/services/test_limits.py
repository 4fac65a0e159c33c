"""A ledger's limits hold over all workers, and a worker that dies does not keep its place for ever."""

import threading
import time
from datetime import timedelta

import pytest
from django.db import connections
from django.utils import timezone

from integrations.engine.errors import RateLimited
from integrations.engine.limits import Heard, LimitPolicy, Meter, Window
from integrations.models import Connection, LimitLease, SharedLease
from integrations.services.limits import PostgresLimiter
from tenants.rls import tenant_scope
from tests.conftest import Actors
from tests.integrations.services.factories import make_connection

LANES = (("interactive", 1.0), ("backfill", 0.5))


@pytest.fixture
def connection(acme: Actors) -> Connection:
    return make_connection(acme.tenant)


def limiter(connection: Connection, policy: LimitPolicy, patience: float = 0.0) -> PostgresLimiter:
    return PostgresLimiter(connection, policy, patience=patience)


def test_calls_within_the_limits_go_at_once(connection: Connection) -> None:
    gate = limiter(connection, LimitPolicy(windows=(Window(2, 60),), lanes=LANES))
    for _ in range(2):
        gate.release(gate.acquire("interactive", "call"))
    with tenant_scope(connection.tenant_id):
        assert LimitLease.objects.exclude(released_at=None).count() == 2


def test_a_full_window_refuses_and_says_how_long(connection: Connection) -> None:
    gate = limiter(connection, LimitPolicy(windows=(Window(1, 60),), lanes=LANES))
    gate.release(gate.acquire("interactive", "call"))
    with pytest.raises(RateLimited) as refused:
        gate.acquire("interactive", "call")
    assert 50 < (refused.value.retry_after or 0) <= 60


def test_a_call_counts_from_its_answer_not_from_its_start(connection: Connection) -> None:
    gate = limiter(connection, LimitPolicy(windows=(Window(1, 0.4),), lanes=LANES), patience=5)
    lease = gate.acquire("interactive", "call")
    time.sleep(0.5)
    gate.release(lease)
    began = time.monotonic()
    gate.acquire("interactive", "call")
    assert time.monotonic() - began > 0.3


def test_background_work_leaves_a_reserve_for_people(connection: Connection) -> None:
    gate = limiter(connection, LimitPolicy(windows=(Window(2, 60),), lanes=LANES))
    gate.release(gate.acquire("backfill", "call"))
    with pytest.raises(RateLimited):
        gate.acquire("backfill", "call")
    gate.acquire("interactive", "call")


def test_after_a_refusal_by_the_ledger_nobody_calls_until_it_said(connection: Connection) -> None:
    gate = limiter(connection, LimitPolicy(lanes=LANES))
    gate.release(gate.acquire("interactive", "call"), heard=Heard(retry_after=30))
    with pytest.raises(RateLimited) as refused:
        limiter(connection, LimitPolicy(lanes=LANES)).acquire("interactive", "call")
    assert 25 < (refused.value.retry_after or 0) <= 30


def test_a_dead_workers_place_is_free_again_when_its_lease_is_over(connection: Connection) -> None:
    gate = limiter(connection, LimitPolicy(concurrency=1, lanes=LANES))
    gate.acquire("interactive", "call")
    with pytest.raises(RateLimited):
        gate.acquire("interactive", "call")
    with tenant_scope(connection.tenant_id):
        LimitLease.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    gate.acquire("interactive", "call")


def test_limits_of_one_connection_do_not_hold_up_another(connection: Connection, acme: Actors) -> None:
    other = make_connection(acme.tenant, external_org_id="2")
    policy = LimitPolicy(concurrency=1, lanes=LANES)
    limiter(connection, policy).acquire("interactive", "call")
    limiter(other, policy).acquire("interactive", "call")


@pytest.mark.django_db(transaction=True)
def test_many_workers_never_exceed_concurrency_or_window(connection: Connection) -> None:
    policy = LimitPolicy(windows=(Window(6, 1.0),), concurrency=2, lanes=LANES)
    under_way, most, taken, lock = 0, 0, [], threading.Lock()

    def work() -> None:
        nonlocal under_way, most
        gate = limiter(connection, policy, patience=20)
        for _ in range(3):
            lease = gate.acquire("interactive", "call")
            with lock:
                under_way += 1
                most = max(most, under_way)
                taken.append(time.monotonic())
            time.sleep(0.01)
            with lock:
                under_way -= 1
            gate.release(lease)
        connections.close_all()

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most <= 2
    assert len(taken) == 18
    assert all(later - sooner >= 0.99 for sooner, later in zip(taken, taken[6:], strict=False))


def test_a_long_window_is_counted_and_its_last_part_kept_for_writes(connection: Connection) -> None:
    gate = limiter(connection, LimitPolicy(windows=(Window(4, 86400, reserve=0.5),), lanes=LANES))
    for _ in range(2):
        gate.release(gate.acquire("interactive", "call"))
    with pytest.raises(RateLimited, match="4 in a day") as refused:
        gate.acquire("interactive", "call")
    assert 86000 < (refused.value.retry_after or 0) <= 86400
    for _ in range(2):
        gate.release(gate.acquire("interactive", "call", is_write=True))
    with pytest.raises(RateLimited):
        gate.acquire("interactive", "call", is_write=True)


def test_what_the_ledger_says_is_left_wins_when_it_is_lower(connection: Connection) -> None:
    day = Window(100, 86400)
    policy = LimitPolicy(windows=(day,), meters=(Meter(86400, "x-left"),), lanes=LANES)
    gate = limiter(connection, policy)
    gate.release(gate.acquire("interactive", "call"), heard=Heard(meters={"86400": (2, None)}))
    lease = gate.acquire("interactive", "call")
    gate.acquire("interactive", "call")
    with pytest.raises(RateLimited) as refused:
        gate.acquire("interactive", "call")
    assert 3500 < (refused.value.retry_after or 0) <= 3600
    gate.release(lease, heard=Heard(meters={"86400": (50, 600.0)}))
    gate.acquire("interactive", "call")


SHARED = LimitPolicy(windows=(Window(8, 60, is_shared=True),), lanes=(("interactive", 1.0),))


def test_a_limit_of_the_application_holds_over_all_tenants(connection: Connection, rival: Actors) -> None:
    other = make_connection(rival.tenant)
    for gate in [limiter(connection, SHARED), limiter(other, SHARED)] * 4:
        gate.release(gate.acquire("interactive", "call"))
    for gate in (limiter(connection, SHARED), limiter(other, SHARED)):
        with pytest.raises(RateLimited, match="8 in a minute"):
            gate.acquire("interactive", "call")


def test_who_has_had_less_goes_first_when_it_is_crowded(connection: Connection, rival: Actors) -> None:
    other = make_connection(rival.tenant)
    greedy, modest = limiter(connection, SHARED), limiter(other, SHARED)
    modest.release(modest.acquire("interactive", "call"))
    for _ in range(5):
        greedy.release(greedy.acquire("interactive", "call"))
    with pytest.raises(RateLimited):
        greedy.acquire("interactive", "call")
    modest.release(modest.acquire("interactive", "call"))


def test_a_refusal_of_the_application_holds_everybody(connection: Connection, rival: Actors) -> None:
    gate = limiter(connection, SHARED)
    gate.release(gate.acquire("interactive", "call"), heard=Heard(retry_after=30, is_shared=True))
    with pytest.raises(RateLimited):
        limiter(make_connection(rival.tenant), SHARED).acquire("interactive", "call")


def test_shared_rows_name_no_tenant(connection: Connection) -> None:
    limiter(connection, SHARED).acquire("interactive", "call")
    (row,) = SharedLease.objects.values()
    assert str(connection.tenant_id) not in str(row)
    assert {field.name for field in SharedLease._meta.get_fields() if field.is_relation} == set()


def test_an_application_may_have_only_so_many_calls_at_once(connection: Connection, rival: Actors) -> None:
    policy = LimitPolicy(concurrency=5, shared_concurrency=1)
    lease = limiter(connection, policy).acquire("interactive", "call")
    other = limiter(make_connection(rival.tenant), policy)
    with pytest.raises(RateLimited, match="concurrency"):
        other.acquire("interactive", "call")
    limiter(connection, policy).release(lease)
    other.acquire("interactive", "call")
