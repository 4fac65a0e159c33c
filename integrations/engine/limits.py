"""When a call may be made: rolling windows and concurrency, decided on plain numbers.

A call counts from the moment it is taken until its answer came, and from then on in the window: providers count
arrivals, which lie between the two. (Counting from the start let requests bunch up on the way and be refused.)
Where the numbers are kept is somebody else's business; this module never sleeps and knows no clock.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, Literal

Lane = Literal["interactive", "webhook", "backfill"]

LONG_SECONDS = 3600.0

# From this part of a shared window on, nobody gets more than an equal part of it.
CROWDED = 0.75
# What the ledger said of a window is believed for this part of it, where it does not say until when.
_BELIEVED = 1 / 24

# With only calls under way in the window there is no completion to wait for: look again soon.
_LOOK_AGAIN_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class Window:
    """At most `most` calls in any `seconds`; of these kinds only, or of every kind when empty."""

    most: int
    seconds: float
    kinds: frozenset[str] = frozenset()
    reserve: float = 0.0
    """The part kept for writes."""
    is_shared: bool = False
    """Whether all connections of the portal's application count here, of all tenants."""

    @property
    def is_long(self) -> bool:
        """Whether its calls are too many to be looked at one by one: they are counted."""
        return self.seconds > LONG_SECONDS

    def share(self, lane_share: float, *, is_write: bool) -> float:
        """The part that a call may fill."""
        return lane_share if is_write else lane_share * (1 - self.reserve)

    @property
    def name(self) -> str:
        """As people say it."""
        return f"{self.most} in {spelled(self.seconds)}"

    def covers(self, kind: str) -> bool:
        """Whether calls of this kind count here."""
        return not self.kinds or kind in self.kinds


@dataclass(frozen=True, slots=True)
class Meter:
    """Headers by which the ledger tells what is left of a window, and in how many seconds it is whole again."""

    seconds: float
    remaining: str
    reset: str = ""
    is_shared: bool = False


@dataclass(frozen=True, slots=True)
class Refusal:
    """A named kind of refusal: how long to stay away, and whether all connections of the application have to."""

    seconds: float
    is_shared: bool = False


@dataclass(frozen=True, slots=True)
class LimitPolicy:
    """The limits of one connection. `lanes` is the share of each limit that a lane may fill: the rest is a reserve."""

    windows: tuple[Window, ...] = ()
    concurrency: int = 0
    lanes: tuple[tuple[str, float], ...] = (("interactive", 1.0), ("webhook", 1.0), ("backfill", 1.0))
    retry_after: float = 60.0
    """Seconds to stay away after a refusal that does not say how long."""
    shared_concurrency: int = 0
    meters: tuple[Meter, ...] = ()
    sync_minutes: int = 60
    """The longest pause between two questions for changes, unless a person says otherwise: some count every call."""
    refusal_header: str = ""
    refusals: Mapping[str, Refusal] = field(default_factory=lambda: MappingProxyType({}))
    """By the word of that header, or by the code of the ledger's fault."""

    @property
    def longest_window(self) -> float:
        """How many seconds of completions are worth keeping."""
        return max((window.seconds for window in self.windows), default=0.0)

    @property
    def own(self) -> "LimitPolicy":
        """What holds for the connection alone."""
        return replace(
            self,
            windows=tuple(window for window in self.windows if not window.is_shared),
            meters=tuple(meter for meter in self.meters if not meter.is_shared),
        )

    @property
    def shared(self) -> "LimitPolicy":
        """What holds for all connections of the application together."""
        return replace(
            self,
            windows=tuple(window for window in self.windows if window.is_shared),
            meters=tuple(meter for meter in self.meters if meter.is_shared),
            concurrency=self.shared_concurrency,
        )

    @property
    def is_empty(self) -> bool:
        """Whether nothing of it can hold up a call."""
        return not self.windows and not self.concurrency and not self.meters

    def share(self, lane: str) -> float:
        """The part of each limit that this lane may fill."""
        return dict(self.lanes).get(lane, 1.0)

    def at_once(self, lane: str) -> int:
        """How many calls may be under way before this lane adds one, 0 for any number.

        Rounded up: a place at once is free again after one call, a place in a window after the whole window.
        """
        return math.ceil(self.concurrency * self.share(lane) - 1e-9)

    def ceilings(self, lane: str, *, is_write: bool) -> list[dict[str, Any]]:
        """The short windows of this connection with what this lane may fill, for whoever counts calls one by one."""
        share = self.share(lane)
        return [
            {
                "most": most_of(window.most, window.share(share, is_write=is_write)),
                "seconds": window.seconds,
                "kinds": sorted(window.kinds),
                "name": window.name,
            }
            for window in self.windows
            if not window.is_long and not window.is_shared
        ]


@dataclass(frozen=True, slots=True)
class Call:
    """A call as the limiter keeps it: under way while `released_at` is None. Times are seconds of one clock."""

    kind: str = "call"
    released_at: float | None = None


@dataclass(frozen=True, slots=True)
class Count:
    """Calls of a window as counted by whoever keeps them; of a shared one also the caller's own, and among how many."""

    used: int
    oldest_at: float | None = None
    """When the oldest that counts was answered."""
    own: int = 0
    sharers: int = 1


@dataclass(frozen=True, slots=True)
class Reading:
    """What the ledger said was left of a window, at a moment, less the calls since."""

    seconds: float
    left: int
    until: float


@dataclass(frozen=True, slots=True)
class Heard:
    """What an answer told about limits: how long to stay away after a refusal, and what each meter showed."""

    retry_after: float | None = None
    is_shared: bool = False
    meters: Mapping[str, tuple[int, float | None]] = field(default_factory=lambda: MappingProxyType({}))
    """Seconds of a window → what is left, and in how many seconds it is whole again where that is told."""
    shared_meters: Mapping[str, tuple[int, float | None]] = field(default_factory=lambda: MappingProxyType({}))


NOTHING = Heard()


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


def heard(
    policy: LimitPolicy,
    headers: Mapping[str, str],
    *,
    is_refusal: bool = False,
    told: float | None = None,
    code: str = "",
) -> Heard:
    """What an answer tells about limits. `told`: the seconds of its Retry-After; `code`: the ledger's, of its fault."""
    meters = [(meter, *shown) for meter in policy.meters if (shown := _shown(meter, headers)) is not None]
    word = headers.get(policy.refusal_header, "") if policy.refusal_header else ""
    kind = policy.refusals.get(word.lower()) or policy.refusals.get(code.lower())
    wait = None
    if is_refusal:
        reset = next((reset for meter, _, reset in meters if kind and meter.seconds == kind.seconds and reset), None)
        known = (told, reset, kind.seconds if kind else None)
        wait = next((seconds for seconds in known if seconds is not None), policy.retry_after)
    return Heard(
        retry_after=wait,
        is_shared=is_refusal and kind is not None and kind.is_shared,
        meters={f"{meter.seconds:g}": (left, reset) for meter, left, reset in meters if not meter.is_shared},
        shared_meters={f"{meter.seconds:g}": (left, reset) for meter, left, reset in meters if meter.is_shared},
    )


def _shown(meter: Meter, headers: Mapping[str, str]) -> tuple[int, float | None] | None:
    left, reset = headers.get(meter.remaining, ""), headers.get(meter.reset, "") if meter.reset else ""
    if not left.strip().isdecimal():
        return None
    return int(left), float(reset) if reset.strip().isdecimal() else None


def reading(seconds: float, left: int, reset: float | None, *, at: float, since: int) -> Reading:
    """What a meter that was read at a moment shows now, after this many calls since."""
    return Reading(seconds, left - since, at + (seconds * _BELIEVED if reset is None else reset))


def decide(
    policy: LimitPolicy,
    *,
    lane: str,
    kind: str,
    now: float,
    calls: Sequence[Call],
    paused_until: float | None = None,
    is_write: bool = True,
    counts: Mapping[Window, Count] = MappingProxyType({}),
    readings: Sequence[Reading] = (),
) -> Decision:
    """Whether a call of this kind may leave now, given every recent call, the counts of windows, and the meters."""
    if paused_until is not None and paused_until > now:
        return Decision(False, paused_until - now, "pause")
    share = policy.share(lane)
    verdict = Decision(True)
    under_way = sum(call.released_at is None for call in calls)
    if policy.concurrency and under_way >= policy.at_once(lane):
        verdict = Decision(False, _LOOK_AGAIN_SECONDS, "concurrency")
    for window in policy.windows:
        part = window.share(share, is_write=is_write)
        if window in counts:
            wait = _count_wait(window, part, now, counts[window]) if window.covers(kind) else 0.0
        else:
            wait = _window_wait(window, part, kind, now, calls)
        used = used_of(window, now, calls, counts)
        wait = max(wait, _reading_wait(window, part, now, readings, used, slack=policy.concurrency))
        if wait > verdict.wait_seconds:
            verdict = Decision(False, wait, window.name)
    return verdict


def most_of(most: int, share: float) -> int:
    return max(1, int(most * share))


def _count_wait(window: Window, share: float, now: float, count: Count) -> float:
    """Seconds until one more call may fit; in a crowded shared window only for who had less than an equal part."""
    most = most_of(window.most, share)
    is_over = count.used >= most
    if window.is_shared and count.used >= most * CROWDED:
        is_over = is_over or count.own >= max(1, most // max(count.sharers, 1))
    if not is_over:
        return 0.0
    if count.oldest_at is None:
        return _LOOK_AGAIN_SECONDS
    return max(count.oldest_at + window.seconds - now, _LOOK_AGAIN_SECONDS)


def _reading_wait(
    window: Window, share: float, now: float, readings: Sequence[Reading], used: int, *, slack: int = 0
) -> float:
    """What the ledger says wins when it leaves less than we think: other applications may call it, or a plan has less.

    The whole is then what is left and what we have used: of that, not of the declared number, a part is kept. Of a
    short window our own count is the better one, unless more is missing than the calls under way.
    """
    for told in readings:
        whole = min(window.most, max(told.left, 0) + used)
        if not window.is_long and whole >= window.most - slack:
            continue
        kept = whole - most_of(whole, share)
        if told.seconds == window.seconds and told.until > now and told.left <= max(kept, 0):
            return told.until - now
    return 0.0


def used_of(window: Window, now: float, calls: Sequence[Call], counts: Mapping[Window, Count]) -> int:
    if window in counts:
        return counts[window].used
    counted = [call for call in calls if window.covers(call.kind)]
    return sum(call.released_at is None or call.released_at + window.seconds > now for call in counted)


def _window_wait(window: Window, share: float, kind: str, now: float, calls: Sequence[Call]) -> float:
    """Seconds until one more call fits the window; 0 when it fits now."""
    if not window.covers(kind):
        return 0.0
    counted = [call for call in calls if window.covers(call.kind)]
    ends = sorted(call.released_at + window.seconds for call in counted if call.released_at is not None)
    recent = [end for end in ends if end > now]
    under_way = sum(call.released_at is None for call in counted)
    surplus = under_way + len(recent) - most_of(window.most, share) + 1
    if surplus <= 0:
        return 0.0
    if surplus > len(recent):
        return _LOOK_AGAIN_SECONDS
    return max(recent[surplus - 1] - now, 0.001)


def headroom(
    policy: LimitPolicy,
    *,
    now: float,
    calls: Sequence[Call],
    counts: Mapping[Window, Count] = MappingProxyType({}),
) -> list[Headroom]:
    """How full each limit is."""
    found = []
    for window in policy.windows:
        used = used_of(window, now, calls, counts)
        name = f"{', '.join(sorted(window.kinds)) or 'calls'} in {spelled(window.seconds)}"
        found.append(Headroom(name, used, window.most))
    if policy.concurrency:
        found.append(Headroom("at once", sum(call.released_at is None for call in calls), policy.concurrency))
    return found


def spelled(seconds: float) -> str:
    """A window's length as people say it: `a minute`, `a day`, `30 days`, `20 s`."""
    days, rest = divmod(seconds, 86400)
    return _LENGTHS.get(seconds) or (f"{seconds:g} s" if rest else f"{days:g} days")


_LENGTHS: dict[float, str] = {1: "a second", 60: "a minute", 3600: "an hour", 86400: "a day"}
