"""How often a ledger is worth asking: from how often it changes, what a question costs, and what is left of its limits.

Plain numbers in, minutes out; the rows and the clock are somebody else's business.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

FASTEST_MINUTES = 5.0
"""Nobody reads the books more often than that; webhooks do better where they come."""

SAFETY_NET_MINUTES = 180.0
"""Where webhooks come, polling only looks for what they missed."""

LONGEST_MINUTES = 1440.0
"""However full the limits are: deletions that no ledger tells of are looked for once a day."""

SHARE_FOR_POLLING = 0.5
"""The part of what a ledger's limits leave that looking for changes may use; the rest is for people and postings."""

# A busy hour is noticed at once, a quiet one is believed slowly: the next change is likelier soon after the last.
_RISE_HOURS, _FALL_HOURS = 1.0, 6.0
# What changes less than once in four days counts as not changing.
_STILL = 0.01


@dataclass(frozen=True, slots=True)
class Subject:
    """What is asked for by one question: a resource, or all that a change feed covers together."""

    names: tuple[str, ...]
    changes_per_hour: float
    calls: float
    """What asking once costs."""
    at_most: float
    """The longest pause, in minutes, that a person allowed."""
    own: float | None = None
    """Every so many minutes, because a person said so."""
    is_announced: bool = False
    """Whether webhooks tell of it, and come."""


def minutes(subject: Subject) -> float:
    """The pause before the next question, before anything is made of the limits."""
    if subject.own is not None:
        return subject.own
    if subject.is_announced:
        return max(subject.at_most, SAFETY_NET_MINUTES)
    # So often that a call finds about one change.
    wanted = 60 * subject.calls / subject.changes_per_hour if subject.changes_per_hour > _STILL else math.inf
    return min(max(wanted, FASTEST_MINUTES), max(subject.at_most, FASTEST_MINUTES))


def stretch(subjects: Iterable[Subject], calls_per_hour: float | None) -> float:
    """By how much all pauses grow so that the questions fit into what the limits leave; None: nothing limits them."""
    if calls_per_hour is None:
        return 1.0
    wanted = sum(subject.calls * 60 / minutes(subject) for subject in subjects)
    return max(1.0, wanted / max(calls_per_hour * SHARE_FOR_POLLING, 1 / 24))


def pause(subject: Subject, stretched: float = 1.0) -> timedelta:
    """How long to wait after an answer before asking again."""
    own = minutes(subject)
    return timedelta(minutes=min(own * stretched, max(own, LONGEST_MINUTES)))


def next_due(subjects: Iterable[Subject], *, now: datetime, calls_per_hour: float | None) -> Mapping[str, datetime]:
    """When each resource is next asked for, when all of them were asked for now."""
    every = list(subjects)
    stretched = stretch(every, calls_per_hour)
    return {name: now + pause(subject, stretched) for subject in every for name in subject.names}


def average(before: float, changes: int, hours: float) -> float:
    """Changes per hour after so many were found in so many hours: a moving average, quick to rise and slow to fall."""
    if hours <= 0:
        return before
    found = changes / hours
    memory = _RISE_HOURS if found > before else _FALL_HOURS
    weight = 1 - math.exp(-hours / memory)
    return before + (found - before) * weight
