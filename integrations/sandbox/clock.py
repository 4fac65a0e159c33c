"""Two clocks: the wall clock dates documents, the scaled clock drives limits and expiries."""

import time
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

PACIFIC = ZoneInfo("America/Los_Angeles")


class Clock:
    """Seconds since the epoch on the wall, and on a clock `scale` times as fast.

    Scaled time is derived from wall time alone, so that expiries kept in a data directory still mean the same
    after a restart with the same scale.
    """

    def __init__(self, scale: float = 1.0) -> None:
        self.scale = scale
        self._shift = 0.0

    def wall(self) -> float:
        """Seconds since the epoch, real time."""
        return time.time()

    def scaled(self) -> float:
        """Seconds on the fast clock; only differences mean anything."""
        return time.time() * self.scale + self._shift

    def advance(self, seconds: float) -> None:
        """Let the fast clock jump ahead (control API and tests)."""
        self._shift += seconds

    def today(self) -> date:
        """Today's book date in UTC."""
        return datetime.now(UTC).date()


@lru_cache(maxsize=4096)
def _pacific_shift(hour: int) -> tuple[int, str]:
    offset = datetime.fromtimestamp(hour * 3600, PACIFIC).utcoffset() or timedelta()
    seconds = int(offset.total_seconds())
    sign = "-" if seconds < 0 else "+"
    return seconds, f"{sign}{abs(seconds) // 3600:02d}:{abs(seconds) % 3600 // 60:02d}"


def pacific(seconds: float, *, milliseconds: bool = False) -> str:
    """Epoch seconds as ISO 8601 with the US Pacific offset, e.g. 2026-05-05T02:08:55-07:00."""
    shift, suffix = _pacific_shift(int(seconds // 3600))
    local = time.gmtime(seconds + shift)
    text = time.strftime("%Y-%m-%dT%H:%M:%S", local)
    return f"{text}.{int(seconds * 1000) % 1000:03d}{suffix}" if milliseconds else text + suffix
