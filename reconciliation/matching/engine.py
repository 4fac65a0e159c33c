"""The whole way from lists to proposals; every stage is a module of its own."""

from __future__ import annotations

import gc
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager

from .assign import choose, rivals
from .books import Books, Carried, Row
from .candidates import is_settling, single_hypotheses
from .census import Census
from .collective import collective_hypotheses
from .combined import combined_hypotheses
from .explain import KINDS, difference, reasons
from .history import prepare
from .hypothesis import Hypothesis
from .instalments import instalment_hypotheses, many_to_many_hypotheses
from .internal import internal_hypotheses, weigh_returns
from .model import Alternative, BankLine, Context, LedgerEntry, Proposal
from .payouts import Desks, payout_hypotheses
from .probability import adjust, hopeful, propagate, score
from .rehearsal import weights_of
from .runs import Runs
from .turns import take_turns
from .weights import CALIBRATION, CEILINGS
from .windows import WINDOW, windows

LEAST = 0.3
"""Explanations less probable than this are not worth a person's time as a proposal; they may still be
alternatives."""

_ALTERNATIVES = 4
_FLOOR = 0.01


def match(lines: Sequence[BankLine], entries: Sequence[LedgerEntry], context: Context) -> list[Proposal]:
    """Propose which lines and entries belong together, most probable first.

    Ids must be unique on each side. The result depends on the contents only, not on the order of the input. No id
    appears twice. More than 25,000 lines are matched in windows of time that overlap, so that time and memory grow with
    the lines and not faster; the proposals of a window then stand together.
    """
    with _no_collector():
        if len(lines) <= WINDOW:
            return match_whole(lines, entries, context)
        carried = Carried(context)
        found = ((window, match_whole(*window.question, context, carried)) for window in windows(lines, entries))
        return [p for window, proposals in found for p in window.keep(proposals)]


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


def match_whole(
    lines: Sequence[BankLine], entries: Sequence[LedgerEntry], context: Context, carried: Carried | None = None
) -> list[Proposal]:
    """All lines at once, whatever their number; `carried` is what an earlier window of the same statement has read."""
    books = Books(lines, entries, context, carried)
    books.weights = weights_of(context)
    return decide(books, explain_all(books))


def match_among(
    lines: Sequence[BankLine],
    entries: Sequence[LedgerEntry],
    context: Context,
    *,
    whole: Census,
    held: Collection[str] = (),
) -> list[Proposal]:
    """Match a few lines out of many with the entries around them, weighed as in the whole that `whole` counts.

    `held`: ids of entries that proposals about other lines hold: they compete, and are not proposed again.
    """
    with _no_collector():
        books = Books(lines, entries, context, whole=whole)
        books.weights = weights_of(context)
        taken = {-1 - item.index for item in books.items if item.entry.id in held}
        return decide(books, explain_all(books), taken)


def decide(books: Books, hypotheses: Sequence[Hypothesis], taken: Collection[int] = ()) -> list[Proposal]:
    """Let hypotheses compete and propose the consistent best; none that needs a claim which is taken already."""
    score(hypotheses, books.weights)
    hypotheses = hopeful(hypotheses)
    propagate(hypotheses)
    adjust(hypotheses, CALIBRATION, CEILINGS)
    free = [h for h in hypotheses if not any(c in taken for c in h.claims)] if taken else hypotheses
    by_row = rivals(hypotheses, _FLOOR)
    return [_proposal(books, h, by_row) for h in choose(free, LEAST)]


def explain_all(books: Books) -> list[Hypothesis]:
    """Every hypothesis about the statement, without probabilities; reads and learns first."""
    prepare(books)
    desks, runs = Desks(books), Runs(books)
    alone = {row.index: explain_alone(books, row, desks, runs) for row in books.asked}
    desks.apply_habits()
    return explain_together(books, books.asked, alone)


def explain_alone(books: Books, row: Row, desks: Desks, runs: Runs) -> list[Hypothesis]:
    """Every hypothesis about one line by itself; they change only when entries or names do."""
    found = single_hypotheses(books, row)
    if not any(map(is_settling, found)):
        found += combined_hypotheses(books, row)
        found += collective_hypotheses(books, row)
        found += runs.hypotheses(row)
    return found + payout_hypotheses(books, row, desks)


def explain_together(books: Books, rows: Sequence[Row], alone: Mapping[int, Sequence[Hypothesis]]) -> list[Hypothesis]:
    """What is supposed about each of these lines alone, and what they may mean together."""
    rows = sorted(rows, key=lambda row: (row.day, row.line.id))
    found = [h for row in rows for h in alone[row.index]]
    open_questions = [row for row in rows if not any(map(is_settling, alone[row.index]))]
    found += instalment_hypotheses(books, rows)
    found += many_to_many_hypotheses(books, open_questions)
    take_turns(books, found)
    inside = internal_hypotheses(books, rows)
    weigh_returns([h for h in inside if h.family == "return"], alone)
    found += inside
    return _allowed(books, found)


def _allowed(books: Books, found: list[Hypothesis]) -> list[Hypothesis]:
    """One hypothesis per combination, none that a person has refused; in an order that does not depend on the
    input's."""
    refused = {(r.bank_ids, r.ledger_ids) for r in books.context.rejections}
    unique: dict[tuple[tuple[int, ...], tuple[int, ...]], Hypothesis] = {}
    for h in sorted(found, key=lambda h: (h.rows, h.items, h.family)):
        rows, items = h.rows, h.items
        unique.setdefault(
            (rows if len(rows) == 1 else tuple(sorted(rows)), items if len(items) < 2 else tuple(sorted(items))), h
        )
    if not refused:
        return list(unique.values())
    return [h for h in unique.values() if _ids(books, h) not in refused]


def _ids(books: Books, h: Hypothesis) -> tuple[frozenset[str], frozenset[str]]:
    return frozenset(books.rows[r].line.id for r in h.rows), frozenset(books.items[i].entry.id for i in h.items)


def _proposal(books: Books, h: Hypothesis, by_row: dict[int, list[Hypothesis]]) -> Proposal:
    others = [o for o in by_row[h.rows[0]] if o is not h]
    return Proposal(
        bank_ids=tuple(books.rows[r].line.id for r in h.rows),
        ledger_ids=tuple(books.items[i].entry.id for i in h.items),
        confidence=round(h.probability, 6),
        kind=KINDS[h.family],
        reasons=reasons(books, h, others[0] if others else None, books.weights),
        difference=difference(books, h),
        alternatives=tuple(
            Alternative(tuple(books.items[i].entry.id for i in o.items), round(o.probability, 6))
            for o in others[:_ALTERNATIVES]
        ),
    )
