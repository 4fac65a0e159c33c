"""The decision whether a call may leave: never more than the ledger allows, never longer than needed."""

import heapq
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.engine.limits import (
    Call,
    Count,
    LimitPolicy,
    Meter,
    Reading,
    Refusal,
    Window,
    decide,
    headroom,
    heard,
    reading,
    spelled,
)

POLICY = LimitPolicy(
    windows=(Window(5, 10.0), Window(2, 10.0, frozenset({"batch"}))),
    concurrency=3,
    lanes=(("interactive", 1.0), ("webhook", 1.0), ("backfill", 0.6)),
)


def ask(
    calls: list[Call],
    *,
    now: float = 100.0,
    lane: str = "interactive",
    kind: str = "call",
    paused_until: float | None = None,
) -> float:
    return decide(POLICY, lane=lane, kind=kind, now=now, calls=calls, paused_until=paused_until).wait_seconds


def test_with_room_a_call_leaves_at_once() -> None:
    assert decide(POLICY, lane="interactive", kind="call", now=0.0, calls=[]).is_allowed


def test_a_full_window_says_when_its_oldest_call_leaves_it() -> None:
    assert ask([Call(released_at=at) for at in (91.0, 95.0, 96.0, 97.0, 98.0)]) == pytest.approx(1.0)


def test_a_call_under_way_counts_as_if_it_ended_now() -> None:
    assert ask([Call(released_at=at) for at in (92.0, 95.0, 96.0, 97.0)] + [Call()]) == pytest.approx(2.0)


def test_too_many_at_once_looks_again_soon() -> None:
    assert 0 < ask([Call(), Call(), Call()]) < 1


def test_a_lane_leaves_the_reserve_to_the_others() -> None:
    busy = [Call(released_at=at) for at in (95.0, 96.0, 97.0)]
    assert ask(busy, lane="backfill") > 0
    assert ask(busy, lane="interactive") == 0


def test_a_limit_of_some_kinds_leaves_the_others_alone() -> None:
    batches = [Call("batch", 95.0), Call("batch", 96.0)]
    assert ask(batches, kind="batch") == pytest.approx(5.0)
    assert ask(batches, kind="call") == 0


def test_a_pause_holds_everybody() -> None:
    assert ask([], paused_until=107.5) == pytest.approx(7.5)
    assert ask([], paused_until=99.0) == 0


def test_headroom_names_what_is_used_of_each_limit() -> None:
    found = headroom(POLICY, now=100.0, calls=[Call(released_at=95.0), Call(), Call("batch", 80.0)])
    assert [(item.used, item.most) for item in found] == [(2, 5), (0, 2), (1, 3)]


@given(st.lists(st.floats(0.01, 3.0), min_size=20, max_size=60))
def test_whoever_obeys_is_never_refused(durations: list[float]) -> None:
    """Three workers take turns as told; the provider counts arrivals, somewhere between taking and release."""
    calls: list[list[float | None]] = []
    arrivals: list[float] = []
    turn, workers = count(), [(0.0, n) for n in range(3)]
    events = [(at, next(turn), -1) for at, _ in workers]
    heapq.heapify(events)
    waiting = list(durations)
    while events and (waiting or any(event[2] >= 0 for event in events)):
        now, _, ends = heapq.heappop(events)
        if ends >= 0:
            calls[ends][0] = now
        if not waiting:
            continue
        known = [Call(released_at=call[0]) for call in calls]
        decision = decide(POLICY, lane="interactive", kind="call", now=now, calls=known)
        if not decision.is_allowed:
            heapq.heappush(events, (now + decision.wait_seconds, next(turn), -1))
            continue
        seconds = waiting.pop()
        calls.append([None])
        arrivals.append(now + seconds / 2)
        heapq.heappush(events, (now + seconds, next(turn), len(calls) - 1))
    arrivals.sort()
    for position, arrived in enumerate(arrivals):
        assert sum(other > arrived - 10.0 for other in arrivals[: position + 1]) <= 5


DAY = Window(100, 86400.0, reserve=0.1)
TODAY = LimitPolicy(windows=(DAY,), meters=(Meter(86400.0, "x-left", "x-reset"),))


def left_today(used: int, *, is_write: bool, readings: tuple[Reading, ...] = ()) -> bool:
    counts = {DAY: Count(used, oldest_at=50.0)}
    decision = decide(
        TODAY, lane="interactive", kind="call", now=100.0, calls=[], is_write=is_write, counts=counts, readings=readings
    )
    return decision.is_allowed


def test_the_last_calls_of_a_day_are_kept_for_writes() -> None:
    assert left_today(89, is_write=False)
    assert not left_today(90, is_write=False)
    assert left_today(99, is_write=True)
    assert not left_today(100, is_write=True)


def test_what_the_ledger_says_wins_when_it_is_lower() -> None:
    said = reading(86400.0, 40, None, at=90.0, since=39)
    assert said.left == 1
    assert not left_today(10, is_write=False, readings=(said,))
    assert left_today(10, is_write=True, readings=(said,))
    stale = reading(86400.0, 0, None, at=-4000.0, since=0)
    assert left_today(10, is_write=True, readings=(stale,))


def test_a_shared_window_is_divided_fairly_once_it_is_crowded() -> None:
    minute = Window(100, 60.0, is_shared=True)
    policy = LimitPolicy(windows=(minute,)).shared

    def fits(used: int, own: int, sharers: int, lane: str = "interactive") -> bool:
        counts = {minute: Count(used, oldest_at=60.0, own=own, sharers=sharers)}
        return decide(policy, lane=lane, kind="call", now=100.0, calls=[], counts=counts).is_allowed

    assert fits(70, own=70, sharers=2)
    assert not fits(80, own=70, sharers=2)
    assert fits(80, own=10, sharers=2)
    assert not fits(100, own=0, sharers=2)


def test_own_and_shared_limits_are_asked_apart() -> None:
    minute = Window(100, 60.0, is_shared=True)
    policy = LimitPolicy(windows=(DAY, minute), concurrency=5, shared_concurrency=50)
    assert (policy.own.windows, policy.own.concurrency) == ((DAY,), 5)
    assert (policy.shared.windows, policy.shared.concurrency) == ((minute,), 50)
    assert LimitPolicy(windows=(DAY,), concurrency=5).shared.is_empty


REFUSING = LimitPolicy(
    meters=(Meter(86400.0, "x-left", "x-reset"),),
    refusal_header="x-problem",
    refusals={"day": Refusal(86400.0), "appminute": Refusal(60.0, is_shared=True), "1070": Refusal(2.0)},
    retry_after=30.0,
)


@pytest.mark.parametrize(
    ("headers", "told", "code", "wait", "is_shared"),
    [
        ({"x-problem": "Day"}, None, "", 86400.0, False),
        ({"x-problem": "day"}, 120.0, "", 120.0, False),
        ({"x-problem": "day", "x-left": "0", "x-reset": "500"}, None, "", 500.0, False),
        ({"x-problem": "appminute"}, None, "", 60.0, True),
        ({}, None, "1070", 2.0, False),
        ({}, None, "", 30.0, False),
    ],
)
def test_a_refusal_says_by_its_kind_how_long_to_stay_away(
    headers: dict[str, str], told: float | None, code: str, wait: float, is_shared: bool
) -> None:
    found = heard(REFUSING, headers, is_refusal=True, told=told, code=code)
    assert (found.retry_after, found.is_shared) == (wait, is_shared)


def test_meters_are_read_off_every_answer() -> None:
    found = heard(REFUSING, {"x-left": "842", "x-reset": "38668"})
    assert found.retry_after is None
    assert found.meters == {"86400": (842, 38668.0)}
    assert heard(REFUSING, {"x-left": "many"}).meters == {}


def test_a_smaller_plan_keeps_its_own_part_not_one_of_the_declared_number() -> None:
    said = reading(86400.0, 9, None, at=90.0, since=0)
    assert left_today(1, is_write=False, readings=(said,))
    said = reading(86400.0, 1, None, at=90.0, since=0)
    assert not left_today(9, is_write=False, readings=(said,))
    assert left_today(9, is_write=True, readings=(said,))


@pytest.mark.parametrize(("seconds", "said"), [(1, "a second"), (60, "a minute"), (20, "20 s"), (2_592_000, "30 days")])
def test_a_window_is_named_by_its_length_as_people_say_it(seconds: float, said: str) -> None:
    assert spelled(seconds) == said
