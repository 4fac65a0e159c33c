"""The decision whether a call may leave: never more than the ledger allows, never longer than needed."""

import heapq
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.engine.limits import Call, LimitPolicy, Window, decide, headroom

POLICY = LimitPolicy(
    windows=(Window(5, 10.0), Window(2, 10.0, frozenset({"batch"}))),
    concurrency=3,
    lanes=(("interactive", 1.0), ("webhook", 1.0), ("backfill", 0.6)),
)


def ask(
    calls: list[Call], *, now: float = 100.0, lane: str = "interactive", kind: str = "call", **more: float
) -> float:
    return decide(POLICY, lane=lane, kind=kind, now=now, calls=calls, **more).wait_seconds


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
