"""QuickBooks' request limits, per company and app, on the scaled clock."""

import threading
from collections import defaultdict, deque
from dataclasses import dataclass, field

from integrations.sandbox.clock import Clock

PER_SECOND = 10
PER_MINUTE = 500
BATCHES_PER_MINUTE = 40
AT_ONCE = 10


@dataclass
class _Window:
    seconds: deque[float] = field(default_factory=lambda: deque(maxlen=PER_SECOND))
    minutes: deque[float] = field(default_factory=lambda: deque(maxlen=PER_MINUTE))
    batches: deque[float] = field(default_factory=lambda: deque(maxlen=BATCHES_PER_MINUTE))
    running: int = 0


class Limits:
    """Rolling windows over the calls let through; refused calls are not counted."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._windows: dict[tuple[str, str], _Window] = defaultdict(_Window)

    def enter(self, realm: str, client: str, *, is_batch: bool) -> str | None:
        """None when the call may run (then `leave` must follow), else the limit it exceeds."""
        with self._lock:
            window, now = self._windows[realm, client], self._clock.scaled()
            exceeded = self._exceeded(window, now, is_batch)
            if exceeded is None:
                window.seconds.append(now)
                window.minutes.append(now)
                if is_batch:
                    window.batches.append(now)
                window.running += 1
            return exceeded

    @staticmethod
    def _exceeded(window: _Window, now: float, is_batch: bool) -> str | None:
        if _full(window.seconds, now - 1):
            return "10 per second"
        if _full(window.minutes, now - 60):
            return "500 per minute"
        if is_batch and _full(window.batches, now - 60):
            return "40 batches per minute"
        return "10 at once" if window.running >= AT_ONCE else None

    def leave(self, realm: str, client: str) -> None:
        """The call is done."""
        with self._lock:
            window = self._windows[realm, client]
            window.running = max(0, window.running - 1)

    def clear(self) -> None:
        """Forget what ran."""
        with self._lock:
            self._windows.clear()


def _full(times: deque[float], start: float) -> bool:
    return len(times) == times.maxlen and times[0] > start
