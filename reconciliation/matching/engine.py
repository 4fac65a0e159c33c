"""The whole way from lists to proposals; every stage is a module of its own."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from .assign import choose, rivals
from .books import Books
from .candidates import is_settling, single_hypotheses
from .combined import combined_hypotheses
from .explain import KINDS, difference, reasons
from .history import learn
from .hypothesis import Hypothesis
from .instalments import instalment_hypotheses, many_to_many_hypotheses
from .internal import internal_hypotheses
from .model import Alternative, BankLine, Context, LedgerEntry, Proposal
from .payouts import Desks, payout_hypotheses
from .probability import calibrate, propagate, score
from .runs import Runs
from .weights import CALIBRATION, WEIGHTS

LEAST = 0.25
"""Explanations less probable than this are not worth a person's time as a proposal; they may still be
alternatives."""

_ALTERNATIVES = 4
_FLOOR = 0.01
_HOPELESS = -3.0
_FAR = 8.0


def match(lines: Sequence[BankLine], entries: Sequence[LedgerEntry], context: Context) -> list[Proposal]:
    """Propose which lines and entries belong together, most probable first.

    Ids must be unique on each side. The result depends on the contents only, not on the order of the input. No id
    appears twice.
    """
    with _no_collector():
        return _match(lines, entries, context)


@contextmanager
def _no_collector() -> Iterator[None]:
    """Matching makes no reference cycles; the collector would only walk an ever larger heap (a quarter of the time at
    20,000 lines)."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _match(lines: Sequence[BankLine], entries: Sequence[LedgerEntry], context: Context) -> list[Proposal]:
    books = Books(lines, entries, context)
    hypotheses = explain_all(books)
    score(hypotheses, WEIGHTS)
    hypotheses = hopeful(hypotheses)
    propagate(hypotheses)
    for h in hypotheses:
        h.probability = calibrate(h.probability, CALIBRATION)
    chosen = choose(hypotheses, LEAST)
    by_row = rivals(hypotheses)
    return [_proposal(books, h, by_row) for h in chosen]


def hopeful(hypotheses: Sequence[Hypothesis]) -> list[Hypothesis]:
    """Those worth competing: not hopeless by themselves, nor where their line has a far better explanation."""
    best: dict[int, float] = {}
    for h in hypotheses:
        for row in h.rows:
            if h.score > best.get(row, _HOPELESS):
                best[row] = h.score
    return [
        h
        for h in hypotheses
        if h.score >= 0.0 or h.score >= max(_HOPELESS, min(best.get(r, _HOPELESS) for r in h.rows) - _FAR)
    ]


def explain_all(books: Books) -> list[Hypothesis]:
    """Every hypothesis about the statement, without probabilities; learns aliases first."""
    books.read_texts()
    learn(books)
    books.read_texts()
    found: list[Hypothesis] = []
    desks, runs = Desks(books), Runs(books)
    open_questions = []
    for row in books.rows:
        own = single_hypotheses(books, row)
        settled = any(is_settling(h) for h in own)
        found += own
        if not settled:
            open_questions.append(row)
            found += combined_hypotheses(books, row)
            found += runs.hypotheses(row)
        found += payout_hypotheses(books, row, desks)
    found += instalment_hypotheses(books, [h for h in found if h.family == "partial"])
    found += many_to_many_hypotheses(books, open_questions)
    found += internal_hypotheses(books)
    return _allowed(books, found)


def _allowed(books: Books, found: list[Hypothesis]) -> list[Hypothesis]:
    """One hypothesis per combination, none that a person has refused; in an order that does not depend on the
    input's."""
    refused = {(r.bank_ids, r.ledger_ids) for r in books.context.rejections}
    unique: dict[tuple[tuple[int, ...], tuple[int, ...]], Hypothesis] = {}
    for h in sorted(found, key=lambda h: (h.rows, h.items, h.family)):
        unique.setdefault((tuple(sorted(h.rows)), tuple(sorted(h.items))), h)
    if not refused:
        return list(unique.values())
    return [h for h in unique.values() if _ids(books, h) not in refused]


def _ids(books: Books, h: Hypothesis) -> tuple[frozenset[str], frozenset[str]]:
    return frozenset(books.rows[r].line.id for r in h.rows), frozenset(books.items[i].entry.id for i in h.items)


def _proposal(books: Books, h: Hypothesis, by_row: dict[int, list[Hypothesis]]) -> Proposal:
    others = [o for o in by_row[h.rows[0]] if o is not h and o.probability >= _FLOOR]
    return Proposal(
        bank_ids=tuple(books.rows[r].line.id for r in h.rows),
        ledger_ids=tuple(books.items[i].entry.id for i in h.items),
        confidence=round(h.probability, 6),
        kind=KINDS[h.family],
        reasons=reasons(books, h, others[0] if others else None, WEIGHTS),
        difference=difference(books, h),
        alternatives=tuple(
            Alternative(tuple(books.items[i].entry.id for i in o.items), round(o.probability, 6))
            for o in others[:_ALTERNATIVES]
        ),
    )
