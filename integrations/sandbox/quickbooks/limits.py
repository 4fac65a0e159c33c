"""QuickBooks' request limits, per company and app."""

from integrations.sandbox.books.limits import Limits, Window
from integrations.sandbox.clock import Clock

_WINDOWS = (
    Window("10 per second", 10, 1),
    Window("500 per minute", 500, 60),
    Window("40 batches per minute", 40, 60, kind="batch"),
)
AT_ONCE = 10


def limits(clock: Clock) -> Limits:
    """Sliding windows over the calls let through, and calls at once."""
    return Limits(clock, _WINDOWS, at_once=AT_ONCE)
