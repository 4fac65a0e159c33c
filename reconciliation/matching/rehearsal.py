"""A tenant's own weights: the general ones, corrected by what its newest approvals say of when, under which names and
with which citations it pays and is paid.

Approved lines are explained once more, as if nothing were known of them, against the documents of all approvals. Where
what people approved was less probable than what they did not, weights move until the surprise is gone, held back by a
penalty: maximum a posteriori with the general weights as the prior mean. Only rivals of an approved explanation count,
never the chance that a line means nothing: approved lines all mean something, and would teach that every line does.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from .books import Books
from .candidates import single_hypotheses
from .history import prepare
from .hypothesis import Hypothesis
from .model import Approved, Context
from .probability import hopeful, propagate, score
from .turns import take_turns
from .weights import INFORMED, OWN_WAYS, WEIGHTS

NEWEST = 100
"""Approvals beyond these are not explained again: they would cost more than they change."""
_STEPS = 6
_PACE = 0.8
_STILL = 0.005
_DEAF = 1.5
"""Less than one and a half lines of surprise changes nothing (an absolute penalty on every correction)."""
_STIFF = 4.0
"""What more of it changes is held back like by so much information for the general weight (a quadratic penalty)."""
_MOST = 1.5
"""No weight is corrected by more log-odds."""
_MANY = 50
"""So many approvals teach half of what there is to know about names and habits."""
_PLAIN = 0.999
"""An approved explanation more probable than this among its rivals has nothing left to say."""

_Numbers = dict[str, float]


@dataclass(frozen=True, slots=True)
class _Rehearsal:
    """What is supposed about approved lines; of each that could have meant something else, what people chose and all
    that they could choose from."""

    supposed: list[Hypothesis]
    contests: list[tuple[Hypothesis, list[Hypothesis]]]


def weights_of(context: Context) -> Mapping[str, float]:
    """The weights by which this tenant's lines are judged: log-odds by the name of the evidence.

    They depend on the approvals of `context.history` alone, not on their order, and are found anew each time: an
    approval that is undone is unlearned.
    """
    return _corrected(informed(len(context.history)), corrections_of(context)) if context.history else WEIGHTS


def corrections_of(context: Context) -> dict[str, float]:
    """By how much log-odds this tenant's approvals move which weights; weights that they leave alone are not there."""
    general, rehearsal = informed(len(context.history)), _rehearse(context)
    corrections: _Numbers = {}
    for _ in range(_STEPS if rehearsal.contests else 0):
        slope, bend = _surprise(rehearsal, _corrected(general, corrections))
        renewed = {name: _correction(corrections.get(name, 0.0), slope[name], bend[name]) for name in slope}
        moved = max((abs(value - corrections.get(name, 0.0)) for name, value in renewed.items()), default=0.0)
        corrections |= renewed
        if moved < _STILL:
            break
    return {name: value for name, value in corrections.items() if value}


def informed(approvals: int) -> _Numbers:
    """The general weights, nearer to those of well-known tenants the more approvals there are."""
    share = approvals / (approvals + _MANY)
    moves = {name: share * (value - WEIGHTS.get(name, 0.0)) for name, value in INFORMED.items()}
    return _corrected(WEIGHTS, moves)


def _corrected(weights: Mapping[str, float], corrections: Mapping[str, float]) -> _Numbers:
    return {**weights, **{name: weights.get(name, 0.0) + value for name, value in corrections.items()}}


def _rehearse(context: Context) -> _Rehearsal:
    known = [a for a in context.history if a.lines and a.entries]
    times = Counter(e.id for a in known for e in a.entries)
    # A document of several approvals was open by another amount for each of them, and nobody knows by which.
    whole = [a for a in known if all(times[e.id] == 1 for e in a.entries)]
    single = sorted((a for a in whole if len(a.lines) == len(a.entries) == 1), key=_newest, reverse=True)[:NEWEST]
    entries = [replace(e, open_amount=e.amount) for a in whole for e in a.entries]
    books = Books([a.lines[0] for a in single], entries, replace(context, history=(), rejections=()))
    books.hopeless = -math.inf
    prepare(books)
    supposed = [h for row in books.asked for h in single_hypotheses(books, row)]
    take_turns(books, supposed)
    return _Rehearsal(supposed, _contests(books, supposed, single))


def _newest(approved: Approved) -> tuple[int, str]:
    return approved.lines[0].on.toordinal(), approved.lines[0].id


def _contests(
    books: Books, supposed: Iterable[Hypothesis], approved: Iterable[Approved]
) -> list[tuple[Hypothesis, list[Hypothesis]]]:
    of_row: dict[int, list[Hypothesis]] = defaultdict(list)
    for h in supposed:
        of_row[h.rows[0]].append(h)
    right = {(a.lines[0].id, a.entries[0].id) for a in approved}
    return [
        (h, rivals)
        for rivals in of_row.values()
        if len(rivals) > 1
        for h in rivals
        if (books.rows[h.rows[0]].line.id, books.items[h.items[0]].entry.id) in right
    ]


def _surprise(rehearsal: _Rehearsal, weights: Mapping[str, float]) -> tuple[_Numbers, _Numbers]:
    """Of every weight how much the approved explanations have more of its evidence than was expected of them, and how
    fast that falls when the weight grows."""
    slope: _Numbers = defaultdict(float)
    bend: _Numbers = defaultdict(float)
    for h in rehearsal.supposed:
        h.probability = 0.0
    score(rehearsal.supposed, weights)
    propagate(hopeful(rehearsal.supposed))
    for right, rivals in rehearsal.contests:
        whole = sum([h.probability for h in rivals])
        if whole > 0.0 and right.probability <= _PLAIN * whole:
            for h in rivals:
                _add(h, float(h is right), h.probability / whole, slope, bend)
    return slope, bend


def _add(h: Hypothesis, was: float, expected: float, slope: _Numbers, bend: _Numbers) -> None:
    for name, value in h.features.items():
        if name.startswith(OWN_WAYS):
            slope[name] += (was - expected) * value
            bend[name] += expected * (1.0 - expected) * value * value


def _correction(before: float, slope: float, bend: float) -> float:
    """One step of Newton's for one weight, then the absolute penalty: towards no correction, and never past it."""
    held = bend + _STIFF
    aim = before + _PACE * (slope - _STIFF * before) / held
    size = min(_MOST, max(0.0, abs(aim) - _PACE * _DEAF / held))
    return size if aim > 0.0 else -size
