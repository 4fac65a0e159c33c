"""How long the portal tries by itself: after so many tries, or so long a time, a posting rests with its cause.

The budget counts tries that end alike: another cause begins anew. Looking up an unknown outcome never ends; it becomes
ever more seldom, and after its budget a person is asked.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from integrations.engine.errors import IntegrationError
from integrations.services import failures


@dataclass(frozen=True)
class Budget:
    """Used up by so many tries, or after so many hours since the first; None: that does not count."""

    tries: int | None
    hours: float | None


# By the class of the error, the nearest ancestor's.
BUDGETS: dict[str, Budget] = {
    # It is our own pace that ends it: only a limit that never opens again is worth somebody's time.
    "RateLimited": Budget(tries=None, hours=24),
    "LedgerUnavailable": Budget(tries=12, hours=24),
    "OutcomeUnknown": Budget(tries=8, hours=24),
    "UnexpectedShape": Budget(tries=5, hours=24),
    # The connection itself says that it must be reconnected; what waits for that goes by itself afterwards.
    "ReauthorizationNeeded": Budget(tries=None, hours=None),
    "TransientError": Budget(tries=12, hours=24),
    "IntegrationError": Budget(tries=12, hours=24),
}
LONGEST_LOOK = timedelta(hours=12)
_SHORTEST_LOOK = 450
"""In the shortest waits between two tries: a quarter of an hour, as the settings stand."""


def told(error: IntegrationError, before: dict[str, Any]) -> dict[str, Any]:
    """The error columns of a try that failed, with how many failed alike in a row, and since when."""
    columns = failures.columns(error)
    is_same = before.get("kind") == columns["error"].get("kind")
    since = before.get("since") if is_same else None
    counted = {
        "tries": int(before.get("tries") or 0) + 1 if is_same else 1,
        "since": since or timezone.now().isoformat(),
    }
    return {**columns, "error": {**columns["error"], **counted}}


def is_used_up(error: IntegrationError, columns: dict[str, Any]) -> bool:
    """Whether the tries that ended with this error are enough; `columns` as `told` gave them."""
    budget = _of(error)
    kept = columns["error"]
    since = parse_datetime(str(kept.get("since") or "")) or timezone.now()
    is_long = budget.hours is not None and timezone.now() - since >= timedelta(hours=budget.hours)
    return is_long or (budget.tries is not None and int(kept.get("tries") or 0) >= budget.tries)


def next_look(sent_at: datetime | None) -> timedelta:
    """When to look again for an outcome that its budget did not find: half as long again as it has lasted."""
    lasted = timezone.now() - sent_at if sent_at else timedelta(0)
    return min(max(lasted / 2, timedelta(seconds=settings.RETRY_BASE_SECONDS * _SHORTEST_LOOK)), LONGEST_LOOK)


def _of(error: IntegrationError) -> Budget:
    names = (kind.__name__ for kind in type(error).__mro__)
    return next(BUDGETS[name] for name in names if name in BUDGETS)


QUESTION: dict[str, Any] = {
    "code": "outcome_unknown",
    "text": "The ledger has not told for long whether it has this document. Look for it there, and say what you found. "
    "Until then it is looked up now and then, and never sent again.",
    "choices": [
        {"name": "it_is", "label": "It is this record"},
        {"name": "send_again", "label": "It is not there: send it again"},
    ],
}
"""What a person is asked about an outcome that could not be found."""
