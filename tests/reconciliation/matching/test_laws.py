"""What holds for any input: nothing twice, sums explained, order does not matter, the same again, no hanging."""

from __future__ import annotations

import random
import time
from collections import Counter
from datetime import timedelta
from decimal import Decimal

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reconciliation.matching import BankLine, LedgerEntry, match

from .builders import CONTEXT, DAY

NAMES = ("Osmund Mills Ltd", "Quillfeather GmbH", "Tarragon & Vexley", "Северный Поток ООО", "")
amounts = st.integers(-30, 30).map(lambda n: Decimal(n) * Decimal("12.50"))
days = st.integers(-20, 20).map(lambda n: DAY + timedelta(n))
texts = st.sampled_from(
    ("", "INV-90417", "OSMUND MILLS", "TARRAGON VEXLEY 90418", "KONTOPAY", "x" * 40, "90417 90418 90419")
)
kinds = st.sampled_from(("invoice", "bill", "payment", "expense", "payout", "credit_note", "transfer"))


@st.composite
def books(draw: st.DrawFn) -> tuple[list[BankLine], list[LedgerEntry]]:
    """Small statements with few different amounts, so that everything competes with everything."""
    lines = [
        BankLine(
            f"b{n}",
            draw(st.sampled_from(("MAIN", "SAVE", "CARD"))),
            draw(days),
            draw(amounts),
            draw(st.sampled_from(("EUR", "USD"))),
            draw(texts),
        )
        for n in range(draw(st.integers(0, 12)))
    ]
    entries = []
    for n in range(draw(st.integers(0, 16))):
        amount, on = draw(amounts), draw(days)
        number = draw(st.sampled_from(("INV-90417", "INV-90418", "")))
        currency = draw(st.sampled_from(("EUR", "USD")))
        entries.append(
            LedgerEntry(f"e{n}", draw(kinds), on, on, amount, amount, currency, draw(st.sampled_from(NAMES)), number)
        )
    return lines, entries


relaxed = settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@relaxed
@given(books())
def test_nothing_is_matched_twice(given_books: tuple[list[BankLine], list[LedgerEntry]]) -> None:
    proposals = match(*given_books, CONTEXT)

    originals = [p.bank_ids[:1] if p.kind == "duplicate" else p.bank_ids for p in proposals]
    assert all(n == 1 for n in Counter(i for ids in originals for i in ids).values())
    assert all(n == 1 for n in Counter(i for p in proposals for i in p.ledger_ids).values())
    assert all(0.0 <= p.confidence <= 1.0 for p in proposals)


@relaxed
@given(books())
def test_sums_are_explained_to_the_cent(given_books: tuple[list[BankLine], list[LedgerEntry]]) -> None:
    lines, entries = given_books
    line_by_id, entry_by_id = {x.id: x for x in lines}, {e.id: e for e in entries}

    for p in match(lines, entries, CONTEXT):
        bank, ledger = [line_by_id[i] for i in p.bank_ids], [entry_by_id[i] for i in p.ledger_ids]
        if p.kind == "duplicate":
            assert bank[0].amount == bank[1].amount
        elif len({x.currency for x in bank} | {e.currency for e in ledger}) == 1:
            assert sum(x.amount for x in bank) - sum(e.open_amount for e in ledger) == p.difference
        if p.ledger_ids and p.kind == "match":
            assert p.difference == 0


@relaxed
@given(books(), st.randoms(use_true_random=False))
def test_the_order_of_the_input_does_not_matter(
    given_books: tuple[list[BankLine], list[LedgerEntry]], chance: random.Random
) -> None:
    lines, entries = given_books
    before = match(lines, entries, CONTEXT)
    chance.shuffle(lines)
    chance.shuffle(entries)

    assert match(lines, entries, CONTEXT) == before
    assert match(lines, entries, CONTEXT) == before


def test_a_thousand_equal_amounts_do_not_make_it_hang() -> None:
    lines = [BankLine(f"b{n}", "MAIN", DAY, Decimal("15.00"), "EUR", "OSMUND MILLS") for n in range(400)]
    entries = [
        LedgerEntry(f"e{n}", "invoice", DAY, DAY, Decimal("15.00"), Decimal("15.00"), "EUR", "Osmund Mills Ltd", f"{n}")
        for n in range(1000)
    ]
    started = time.perf_counter()

    proposals = match(lines, entries, CONTEXT)

    assert time.perf_counter() - started < 20
    assert len({i for p in proposals for i in p.ledger_ids}) == sum(len(p.ledger_ids) for p in proposals)


def test_sums_that_nearly_fit_everywhere_do_not_make_it_hang() -> None:
    entries = [
        LedgerEntry(
            f"e{n}",
            "invoice",
            DAY,
            DAY,
            Decimal(100 + n) / 100,
            Decimal(100 + n) / 100,
            "EUR",
            "Osmund Mills Ltd",
            f"INV-{90000 + n}",
        )
        for n in range(600)
    ]
    lines = [
        BankLine(
            f"b{n}",
            "MAIN",
            DAY,
            Decimal("57.31") + n,
            "EUR",
            "OSMUND MILLS " + " ".join(str(90000 + k) for k in range(60)),
        )
        for n in range(40)
    ]
    started = time.perf_counter()

    match(lines, entries, CONTEXT)

    assert time.perf_counter() - started < 20


def test_empty_input_gives_no_proposals() -> None:
    assert match([], [], CONTEXT) == []
