"""Request limits of any ledger: sliding windows and calls at once, on the scaled clock."""

import threading
from collections import defaultdict, deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from integrations.sandbox.calls import Call
from integrations.sandbox.clock import Clock

Owner = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Window:
    """At most `calls` in `seconds`, counted per organisation and app, or `by` one of them; `kind` narrows."""

    name: str
    calls: int
    seconds: float
    by: str = "both"
    kind: str | None = None


@dataclass(frozen=True, slots=True)
class Refusal:
    """Which limit a call exceeds, and in how many seconds of the ledger's clock it may be tried again."""

    name: str
    retry_after: float


class Limits:
    """Counts the calls let through; refused ones are not counted."""

    def __init__(
        self, clock: Clock, windows: Sequence[Window], *, at_once: int | None = None, at_once_by: str = "both"
    ) -> None:
        self.at_once = at_once
        self._clock = clock
        self._windows = tuple(windows)
        self._at_once_by = at_once_by
        self._lock = threading.Lock()
        self._times: dict[tuple[Window, Owner], deque[float]] = {}
        self._running: dict[Owner, int] = defaultdict(int)

    def enter(self, org: str, client: str, kind: str = "") -> Refusal | None:
        """None when the call may run (then `leave` must follow)."""
        with self._lock:
            now = self._clock.scaled()
            counted = [each for each in self._windows if each.kind in (None, kind)]
            queues = [(each, self._queue(each, org, client)) for each in counted]
            for window, times in queues:
                if len(times) == window.calls and times[0] > now - window.seconds:
                    return Refusal(window.name, times[0] + window.seconds - now)
            owner = _owner(self._at_once_by, org, client)
            if self.at_once is not None and self._running[owner] >= self.at_once:
                return Refusal(f"{self.at_once} at once", 1.0)
            for _, times in queues:
                times.append(now)
            self._running[owner] += 1
            return None

    def leave(self, org: str, client: str) -> None:
        """The call is done."""
        with self._lock:
            owner = _owner(self._at_once_by, org, client)
            self._running[owner] = max(0, self._running[owner] - 1)

    @contextmanager
    def admitted(self, call: Call, org: str, client: str, kind: str = "") -> Iterator[Refusal | None]:
        """Around a call: yields why it is refused, and says so in the call log, or None while it runs."""
        if call.is_unlimited:
            yield None
            return
        refusal = self.enter(org, client, kind)
        if refusal is not None:
            call.limit, call.over_limit = refusal.name, True
            yield refusal
            return
        try:
            yield None
        finally:
            self.leave(org, client)

    def left(self, org: str, client: str) -> dict[str, int]:
        """How many calls each window still lets through."""
        with self._lock:
            now = self._clock.scaled()
            found = {}
            for window in self._windows:
                times = self._queue(window, org, client)
                found[window.name] = window.calls - sum(moment > now - window.seconds for moment in times)
            return found

    def _queue(self, window: Window, org: str, client: str) -> deque[float]:
        key = (window, _owner(window.by, org, client))
        times = self._times.get(key)
        if times is None:
            times = self._times[key] = deque(maxlen=window.calls)
        return times

    def clear(self) -> None:
        """Forget what ran."""
        with self._lock:
            self._times.clear()
            self._running.clear()


def _owner(by: str, org: str, client: str) -> Owner:
    return ("" if by == "app" else org, "" if by == "org" else client)
