"""Performance tier 1: calls at once, a minute, an hour; and the monthly count of transactions, which blocks nothing."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from werkzeug.wrappers import Response

from integrations.sandbox.books.company import Company
from integrations.sandbox.books.limits import Limits, Refusal, Window
from integrations.sandbox.calls import Call
from integrations.sandbox.clock import Clock

AT_ONCE_PER_APP, AT_ONCE_PER_COMPANY, MONTHLY = 6, 8, 100_000
MINUTE, HOUR = 1_000, 30_000
"""Calls a minute and an hour are in no source."""


class Throttle:
    """What one company's calls are measured by."""

    def __init__(self, clock: Clock) -> None:
        windows = [Window("minute", MINUTE, 60), Window("hour", HOUR, 3600)]
        self._app = Limits(clock, windows, at_once=AT_ONCE_PER_APP)
        self._company = Limits(clock, [], at_once=AT_ONCE_PER_COMPANY, at_once_by="org")
        self._lock = threading.Lock()
        self._running = 0

    @contextmanager
    def admitted(self, call: Call, company: str, client: str) -> Iterator[Refusal | None]:
        """Around a call: why it is refused, or None while it runs."""
        with self._app.admitted(call, company, client) as refusal:
            if refusal is not None:
                yield refusal
                return
            with self._company.admitted(call, company, client) as refusal, self._counted():
                yield refusal

    @contextmanager
    def _counted(self) -> Iterator[None]:
        with self._lock:
            self._running += 1
        try:
            yield
        finally:
            with self._lock:
                self._running -= 1

    def tell(self, response: Response, company: str, client: str, refusal: Refusal | None) -> Response:
        """The X-IA headers; with a refusal also when to come back."""
        left = self._app.left(company, client)
        told = {
            "X-IA-Throttle-Limit": AT_ONCE_PER_APP,
            "X-IA-Throttle-Limit-Remaining": max(0, AT_ONCE_PER_APP - self._running),
            "X-IA-TENANT-Throttle-Limit": AT_ONCE_PER_COMPANY,
            "X-IA-TENANT-Throttle-Limit-Remaining": max(0, AT_ONCE_PER_COMPANY - self._running),
            "X-IA-Minute-Rate-Limit": MINUTE, "X-IA-Minute-Rate-Limit-Remaining": left["minute"],
            "X-IA-Hour-Rate-Limit": HOUR, "X-IA-Hour-Rate-Limit-Remaining": left["hour"],
        }  # fmt: skip
        if refusal is not None:
            name = "X-IA-Hour-Rate-Limit-Retry-After" if refusal.name == "hour" else "X-IA-Throttle-Limit-RetryAfter"
            told |= {name: max(1, round(refusal.retry_after)), "Retry-After": max(1, round(refusal.retry_after))}
        for name, value in told.items():
            response.headers[name] = str(value)
        return response


def count(company: Company, units: int) -> None:
    """Add to this month's transactions: one for each query page and each header record read or written."""
    month = f"{company.today:%Y-%m}"
    company.set_settings(usage={month: used(company) + units})


def used(company: Company) -> int:
    """This month's transactions so far; more than the tier has are billed, never refused."""
    return int((company.settings.get("usage") or {}).get(f"{company.today:%Y-%m}", 0))
