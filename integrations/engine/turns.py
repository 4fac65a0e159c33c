"""Turns: how calls wait for what the limits allow, and how long the limits that fill slowly need no look."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Protocol

from integrations.engine.errors import RateLimited
from integrations.engine.limits import (
    CROWDED,
    NOTHING,
    Call,
    Count,
    Decision,
    Heard,
    LimitPolicy,
    Reading,
    Window,
    most_of,
    used_of,
)

# How often long and shared windows are looked at while they are far from full, and what counts as few calls left.
_LOOK_AT_LEAST_EVERY = 30.0
_LOOK_SOON = 2.0
_FEW = 100
# A window that shuts for less than this is no pause in which anything could be made up for.
_PAUSE_SECONDS = 5.0
# Calls a second of a connection without short windows, at most.
_FASTEST = 50.0


@dataclass(frozen=True, slots=True)
class Turn:
    """An answer to a question for a turn: the lease of a call that may leave, or what holds it up and how long."""

    lease: object
    decision: Decision = field(default_factory=lambda: Decision(True))

    @property
    def is_mine(self) -> bool:
        """Whether the call may leave."""
        return self.decision.is_allowed


class Limiter(Protocol):
    """Where calls wait for their turn; one connection's limits shared by all workers."""

    @property
    def patience(self) -> float:
        """How many seconds a call waits for its turn at most."""

    def acquire(self, lane: str, endpoint_kind: str, *, is_write: bool = False) -> object:
        """Wait for a turn and return its lease; raises RateLimited with `retry_after` when the wait is too long."""

    def ask(self, lane: str, endpoint_kind: str, *, is_write: bool = False) -> Turn:
        """A turn now, or when to ask again; never waits."""

    def release(self, lease: object, *, heard: Heard = NOTHING, ago: float = 0.0) -> None:
        """Give the lease back when the answer came (`ago` seconds before now), with what it told: after a refusal
        everybody stays away."""


class NoLimiter:
    """No limits: for tools and tests."""

    patience = 0.0

    def acquire(self, lane: str, endpoint_kind: str, *, is_write: bool = False) -> object:
        """At once."""
        return None

    def ask(self, lane: str, endpoint_kind: str, *, is_write: bool = False) -> Turn:
        """Always now."""
        return Turn(None)

    def release(self, lease: object, *, heard: Heard = NOTHING, ago: float = 0.0) -> None:
        """Nothing to give back."""


def too_long(decision: Decision) -> RateLimited:
    """What a call that would have to wait too long is answered."""
    return RateLimited(
        f"This connection has used up what the ledger allows ({decision.limit}).", retry_after=decision.wait_seconds
    )


# How long a call takes, where nothing else is known.
_USUAL_SECONDS = 0.4


def seconds_for(policy: LimitPolicy, lane: str, calls: int) -> float:
    """How long so many reads take at the least, with all that the limits leave to this lane."""
    if calls <= 0:
        return 0.0
    at_once = policy.at_once(lane) or 1
    waits = [
        (calls - 1) // most_of(window.most, window.share(policy.share(lane), is_write=False)) * window.seconds
        for window in policy.windows
        if window.covers("call")
    ]
    return max(waits, default=0.0) + min(calls, max(calls / at_once, 1)) * _USUAL_SECONDS


def shuts_before(policy: LimitPolicy, lane: str, calls: int) -> bool:
    """Whether so many reads do not fit into a window of this lane: it shuts, for a while, before the last leaves."""
    long = (window for window in policy.windows if window.covers("call") and window.seconds >= _PAUSE_SECONDS)
    return any(calls > most_of(window.most, window.share(policy.share(lane), is_write=False)) for window in long)


def room(
    policy: LimitPolicy,
    *,
    lane: str,
    is_write: bool,
    now: float,
    calls: Sequence[Call],
    counts: Mapping[Window, Count] = MappingProxyType({}),
    readings: Sequence[Reading] = (),
) -> float:
    """For how many seconds long and shared windows and meters need no look; 0: at every call.

    Half of the time in which everybody together could fill what is left, at the pace that the short windows allow.
    """
    if policy.shared_concurrency:
        return 0.0
    share, own = policy.share(lane), [each for each in policy.windows if each not in counts]
    pace = min((window.most / window.seconds for window in own), default=_FASTEST)
    seconds = _LOOK_AT_LEAST_EVERY
    for window, count in counts.items():
        most = most_of(window.most, window.share(share, is_write=is_write))
        # A shared window is filled by others at a pace that is not known here.
        left = (most * CROWDED * 0.5 - count.used) if window.is_shared else most - count.used
        seconds = min(seconds, _LOOK_SOON if window.is_shared else seconds, left / pace / 2) if left > _FEW else 0.0
    for told in readings:
        told_of = [each for each in policy.windows if each.seconds == told.seconds and told.until > now]
        if not told_of:
            continue
        window = told_of[0]
        used = used_of(window, now, calls, counts)
        is_explained = not window.is_long and told.left + used >= window.most - policy.concurrency
        left = told.left - window.most * (1 - window.share(share, is_write=is_write))
        if not is_explained:
            seconds = min(seconds, left / pace / 2) if left > _FEW else 0.0
        seconds = min(seconds, seconds if window.is_long else _LOOK_SOON)
    return seconds
