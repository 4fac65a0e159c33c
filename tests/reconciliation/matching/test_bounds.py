"""No input makes the engine hang: what could grow without bound is bounded, in operations or in processor time."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal

import pytest

from reconciliation.matching import BankLine, LedgerEntry, match
from reconciliation.matching.references import MAX_RUNS, citations
from reconciliation.matching.sums import MAX_FOUND, WIDE_SEARCH, SubsetSums, windows

from .builders import CONTEXT, DAY

# Each of these takes a second or less; where a bound is missing they take minutes.
PATIENCE = 15.0


@contextmanager
def in_time() -> Iterator[None]:
    """Processor time of this process, whatever else the machine does."""
    started = time.process_time()
    yield
    assert time.process_time() - started < PATIENCE


def paid(at: int, cents: int, text: str = "OSMUND MILLS") -> BankLine:
    return BankLine(f"b{at}", "MAIN", DAY, Decimal(cents) / 100, "EUR", text)


def owed(at: int, cents: int, name: str = "Osmund Mills Ltd", *, kind: str = "invoice", **more: str) -> LedgerEntry:
    amount, on = Decimal(cents) / 100, DAY - timedelta(at % 300)
    fields = {"number": f"INV-{90000 + at}", **more}
    return LedgerEntry(f"e{at}", kind, on, on, amount, amount, "EUR", name, **fields)


def test_thousands_of_equal_amounts() -> None:
    with in_time():
        match([paid(n, 1500) for n in range(600)], [owed(n, 1500) for n in range(5000)], CONTEXT)
        names = [f"Payer{n % 500:04} Trading" for n in range(4000)]
        lines = [paid(n, 1500, names[n].upper()) for n in range(1500)]
        match(lines, [owed(n, 1500, name) for n, name in enumerate(names)], CONTEXT)


def test_amounts_that_are_all_powers_of_two() -> None:
    invoices = [owed(n, 2 ** (n % 24)) for n in range(600)]
    payments = [owed(n, -(2 ** (n % 24)), f"Vendor {n}", kind="payment") for n in range(600, 1200)]
    with in_time():
        lines = [paid(n, 3 ** (n % 12) * 7 + n) for n in range(150)]
        lines += [paid(n, -(3 ** (n % 12)) * 7 - n, "COLLECTIVE ORDER") for n in range(150, 300)]
        match(lines, [*invoices, *payments], CONTEXT)


def test_one_payer_with_five_thousand_open_invoices() -> None:
    with in_time():
        invoices = [owed(n, 5000 + n * 7919 % 90_000) for n in range(5000)]
        match([paid(n, 10_007 + 137 * n) for n in range(200)], invoices, CONTEXT)


def test_one_day_with_thousands_of_lines() -> None:
    names = [f"Payer{n % 900:04} Trading" for n in range(4000)]
    with in_time():
        lines = [paid(n, 1000 + n * 7919 % 300_000, name.upper()) for n, name in enumerate(names)]
        match(lines, [owed(n, 1000 + n * 7919 % 300_000, name) for n, name in enumerate(names)], CONTEXT)
        outgoing = [paid(n, -1000 - n * 7919 % 300_000, f"ORDER {n % 50}") for n in range(1000)]
        payments = [owed(n, -100 - n * 7919 % 30_000, names[n], kind="payment") for n in range(2000)]
        match(outgoing, payments, CONTEXT)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("OSMUND MILLS " + "x" * 100_000, id="one endless word"),
        pytest.param(" ".join(f"w{chr(97 + n % 26)}{chr(97 + n // 26 % 26)}" for n in range(25_000)), id="many words"),
        pytest.param(" ".join(str(90_000 + n) for n in range(10_000)), id="ten thousand numbers"),
        pytest.param("-".join(str(90_000 + n) for n in range(10_000)), id="ten thousand joined numbers"),
        pytest.param(" ".join(f"AB{n}C" for n in range(10_000)), id="ten thousand codes"),
        pytest.param(" ".join(f"2026-0{1 + n % 9}-1{n % 10}" for n in range(10_000)), id="ten thousand days"),
    ],
)
def test_a_memo_of_a_hundred_thousand_letters(text: str) -> None:
    with in_time():
        lines = [paid(n, 5731, text) for n in range(10)]
        entries = [owed(n, 5731, number=f"AB{n}C") for n in range(1500)]
        entries += [owed(n, 5731, memo=text) for n in range(1500, 1540)]
        match(lines, entries, CONTEXT)


def test_no_text_is_read_for_more_than_its_first_numbers_and_codes() -> None:
    assert len(citations(" ".join(f"AB{n}C" for n in range(10_000)))) <= 2 * MAX_RUNS
    assert len(citations("-".join(str(90_000 + n) for n in range(10_000)))) <= 2 * MAX_RUNS


def test_a_search_for_sums_reads_so_many_values_and_gives_so_many_sets() -> None:
    equal = SubsetSums([1500] * 5000)
    assert len(equal.find(6000)) == MAX_FOUND
    assert max(i for found in equal.find(6000) for i in found) < WIDE_SEARCH
    doubling = SubsetSums([2**n for n in range(200)])
    assert doubling.find(2**150 + 1) == []
    assert doubling.find(2**3 + 2**7 + 2**11) == [(3, 7, 11)]


def test_runs_of_neighbours_that_make_an_amount_are_not_longer_than_asked() -> None:
    assert windows([5] * 50, 200, longest=40) == [(start, start + 40) for start in range(11)]
    assert windows([5] * 50, 205, longest=40) == []
    assert windows([3, -3, 3], 0, longest=2) == [(0, 2), (1, 3)]
