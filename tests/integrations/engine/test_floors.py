"""The floor that benchmarks compare with is what the limits allow, and nothing less."""

import pytest

from benchmarks.floors import ALLOWED, Allowance, floor, mean_floor

EVEN = (0.2, 0.2)


def test_a_hundred_pages_at_sixty_a_minute_end_just_after_the_first_minute() -> None:
    assert mean_floor(100, ALLOWED["xero"], (0.15, 0.25)) == pytest.approx(61.7, abs=0.3)


def test_without_windows_only_calls_at_once_count() -> None:
    assert floor(10, Allowance(5), EVEN) == pytest.approx(0.4)


def test_calls_that_wait_for_each_other_take_their_time_one_by_one() -> None:
    assert floor(10, Allowance(5), EVEN, chained=10) == pytest.approx(2.0)


def test_a_window_counts_arrivals() -> None:
    assert floor(3, Allowance(5, ((2, 10.0),)), EVEN) == pytest.approx(10.2)
