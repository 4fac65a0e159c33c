"""When a call may be made: rolling windows and concurrency, decided on plain numbers.

A call counts from the moment it is taken until its answer came, and from then on in the window: providers count
arrivals, which lie between the two. (Counting from the start let requests bunch up on the way and be refused.)
Where the numbers are kept is somebody else's business; this module never sleeps and knows no clock.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

Lane = Literal["interactive", "webhook", "backfill"]

# With only calls under way in the window there is no completion to wait for: look again soon.
_LOOK_AGAIN_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class Window:
    """At most `most` calls in any `seconds`; of these kinds only, or of every kind when empty."""

    most: int
    seconds: float
    kinds: frozenset[str] = frozenset()

    def covers(self, kind: str) -> bool:
        """Whether calls of this kind count here."""
        return not self.kinds or kind in self.kinds


@dataclass(frozen=True, slots=True)
class LimitPolicy:
    """The limits of one connection. `lanes` is the share of each limit that a lane may fill: the rest is a reserve."""

    windows: tuple[Window, ...] = ()
    concurrency: int = 0
    lanes: tuple[tuple[str, float], ...] = (("interactive", 1.0), ("webhook", 1.0), ("backfill", 1.0))
    retry_after: float = 60.0
    """Seconds to stay away after a refusal that does not say how long."""

    @property
    def longest_window(self) -> float:
        """How many seconds of completions are worth keeping."""
        return max((window.seconds for window in self.windows), default=0.0)

    def share(self, lane: str) -> float:
        """The part of each limit that this lane may fill."""
        return dict(self.lanes).get(lane, 1.0)


@dataclass(frozen=True, slots=True)
class Call:
    """A call as the limiter keeps it: under way while `released_at` is None. Times are seconds of one clock."""

    kind: str = "call"
    released_at: float | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """Go now, or look again in `wait_seconds`; `limit` names what is full."""

    is_allowed: bool
    wait_seconds: float = 0.0
    limit: str = ""


@dataclass(frozen=True, slots=True)
class Headroom:
    """How much of a limit is used at a moment, for screens."""

    limit: str
    used: int
    most: int


class Limiter(Protocol):
    """Where calls wait for their turn; one connection's limits shared by all workers."""

    def acquire(self, lane: str, endpoint_kind: str) -> object:
        """Wait for a turn and return its lease; raises RateLimited with `retry_after` when the wait is too long."""

    def release(self, lease: object, *, retry_after: float | None = None) -> None:
        """Give the lease back when the answer came; `retry_after` seconds after a refusal, everybody stays away."""


class NoLimiter:
    """No limits: for tools and tests."""

    def acquire(self, lane: str, endpoint_kind: str) -> object:
        """At once."""
        return None

    def release(self, lease: object, *, retry_after: float | None = None) -> None:
        """Nothing to give back."""


def decide(
    policy: LimitPolicy,
    *,
    lane: str,
    kind: str,
    now: float,
    calls: Sequence[Call],
    paused_until: float | None = None,
) -> Decision:
    """Whether a call of this kind may leave now, given every recent call of the connection."""
    if paused_until is not None and paused_until > now:
        return Decision(False, paused_until - now, "pause")
    share = policy.share(lane)
    verdict = Decision(True)
    under_way = sum(call.released_at is None for call in calls)
    if policy.concurrency and under_way >= _most(policy.concurrency, share):
        verdict = Decision(False, _LOOK_AGAIN_SECONDS, "concurrency")
    for window in policy.windows:
        wait = _window_wait(window, share, kind, now, calls)
        if wait > verdict.wait_seconds:
            verdict = Decision(False, wait, f"{window.most} in {window.seconds:g} s")
    return verdict


def _most(most: int, share: float) -> int:
    return max(1, int(most * share))


def _window_wait(window: Window, share: float, kind: str, now: float, calls: Sequence[Call]) -> float:
    """Seconds until one more call fits the window; 0 when it fits now."""
    if not window.covers(kind):
        return 0.0
    counted = [call for call in calls if window.covers(call.kind)]
    ends = sorted(call.released_at + window.seconds for call in counted if call.released_at is not None)
    recent = [end for end in ends if end > now]
    under_way = sum(call.released_at is None for call in counted)
    surplus = under_way + len(recent) - _most(window.most, share) + 1
    if surplus <= 0:
        return 0.0
    if surplus > len(recent):
        return _LOOK_AGAIN_SECONDS
    return max(recent[surplus - 1] - now, 0.001)


def headroom(policy: LimitPolicy, *, now: float, calls: Sequence[Call]) -> list[Headroom]:
    """How full each limit is."""
    found = []
    for window in policy.windows:
        counted = [call for call in calls if window.covers(call.kind)]
        used = sum(call.released_at is None or call.released_at + window.seconds > now for call in counted)
        name = f"{', '.join(sorted(window.kinds)) or 'calls'} in {window.seconds:g} s"
        found.append(Headroom(name, used, window.most))
    if policy.concurrency:
        found.append(Headroom("at once", sum(call.released_at is None for call in calls), policy.concurrency))
    return found
