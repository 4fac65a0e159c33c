"""How often a ledger is asked: the rule, case by case."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from integrations.engine.rhythm import Subject, average, minutes, next_due, pause, stretch

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
QUIET = Subject(("invoices",), changes_per_hour=0.0, calls=1, at_most=60)


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        (QUIET, 60),
        (replace(QUIET, at_most=1440), 1440),
        (replace(QUIET, changes_per_hour=0.005), 60),
        (replace(QUIET, changes_per_hour=2), 30),
        (replace(QUIET, changes_per_hour=2, calls=2), 60),
        (replace(QUIET, changes_per_hour=4, calls=2), 30),
        (replace(QUIET, changes_per_hour=4), 15),
        (replace(QUIET, changes_per_hour=1000), 5),
        (replace(QUIET, changes_per_hour=1000, at_most=1), 5),
        (replace(QUIET, changes_per_hour=0.5), 60),
        (replace(QUIET, is_announced=True), 180),
        (replace(QUIET, is_announced=True, changes_per_hour=1000), 180),
        (replace(QUIET, is_announced=True, at_most=360), 360),
        (replace(QUIET, own=10), 10),
        (replace(QUIET, own=10, is_announced=True), 10),
        (replace(QUIET, own=10080, changes_per_hour=1000), 10080),
    ],
)
def test_the_pause_follows_the_changes_within_what_a_person_allowed(subject: Subject, expected: float) -> None:
    assert minutes(subject) == expected


@pytest.mark.parametrize(
    ("calls_per_hour", "expected"),
    [(None, 1.0), (1000, 1.0), (24, 1.0), (12, 2.0), (6, 4.0), (0, 288.0)],
)
def test_what_does_not_fit_into_the_limits_is_stretched_alike(calls_per_hour: float | None, expected: float) -> None:
    busy = replace(QUIET, changes_per_hour=1000)
    assert stretch([busy], calls_per_hour) == expected


def test_full_limits_stretch_beyond_what_a_person_allowed_but_never_beyond_a_day() -> None:
    assert pause(QUIET, stretched=4) == timedelta(hours=4)
    assert pause(QUIET, stretched=1000) == timedelta(days=1)
    assert pause(replace(QUIET, own=10080), stretched=1000) == timedelta(days=7)


def test_resources_asked_for_together_are_due_together_and_each_after_its_own_pause() -> None:
    feed = replace(QUIET, names=("invoices", "bills"), changes_per_hour=4)
    terms = replace(QUIET, names=("terms",), at_most=1440)
    due = next_due([feed, terms], now=NOW, calls_per_hour=100)
    quarter, day = NOW + timedelta(minutes=15), NOW + timedelta(days=1)
    assert due == {"invoices": quarter, "bills": quarter, "terms": day}


def test_a_busy_hour_is_noticed_at_once_and_a_quiet_one_believed_slowly() -> None:
    risen = average(0.0, changes=30, hours=1)
    assert 15 < risen < 30
    fallen = average(risen, changes=0, hours=1)
    assert 0.8 * risen < fallen < risen
    assert average(risen, changes=0, hours=48) < 0.01


def test_many_short_pauses_come_to_the_same_as_a_long_one() -> None:
    rate = 12.0
    for _ in range(12):
        rate = average(rate, changes=0, hours=0.25)
    assert rate == pytest.approx(average(12.0, changes=0, hours=3))
    assert average(5.0, changes=9, hours=0) == 5.0
