"""From evidence to probabilities.

Weighted features give log-odds; competition for the same line or entry is settled by belief propagation over the whole
statement, so that explanations which exclude each other share one unit of probability.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from math import exp, log1p

from .hypothesis import Hypothesis
from .weights import HOPELESS

ROUNDS = 8
_PACE = 0.65
_STILL = 0.01
_SMALL = 0.05
_FAR = 8.0
_LIMIT = 32.0
"""e to this power leaves doubles precise enough to take one claimant off the sum of all. Messages only take away from a
score, so nothing in a contest is above it."""


def score(hypotheses: Sequence[Hypothesis], weights: Mapping[str, float]) -> None:
    """Set each hypothesis' log-odds against “nothing explains it”, before any competition."""
    weight = weights.get
    for h in hypotheses:
        total = 0.0
        for name, value in h.features.items():
            total += weight(name, 0.0) * value
        h.score = max(-_LIMIT, min(_LIMIT, total))


def hopeful(hypotheses: Sequence[Hypothesis]) -> list[Hypothesis]:
    """Those worth competing: not hopeless by themselves, nor where their line has a far better explanation."""
    best: dict[int, float] = {}
    for h in hypotheses:
        for row in h.rows:
            if h.score > best.get(row, HOPELESS):
                best[row] = h.score
    return [
        h
        for h in hypotheses
        if h.score >= 0.0 or (h.score >= HOPELESS and h.score >= min([best.get(r, HOPELESS) for r in h.rows]) - _FAR)
    ]


_Contest = tuple[list[int], list[float]]
"""The hypotheses that claim one row or item, and the message to each of them."""


def _settle(contest: _Contest, totals: list[float], renewed: list[float]) -> None:
    """Renew the messages from the hypotheses' totals, and the totals by them."""
    owners, inward = contest
    outward = [exp(totals[owner] - had) for owner, had in zip(owners, inward, strict=True)]
    whole = sum(outward)
    for at, odds in enumerate(outward):
        others = whole - odds
        step = _PACE * ((-log1p(others) if others > 0.0 else 0.0) - inward[at])
        if not -_STILL < step < _STILL:
            inward[at] += step
            renewed[owners[at]] += step


def _settle_two(contest: _Contest, totals: list[float], renewed: list[float]) -> None:
    """The same between two hypotheses, which half of all contests are: without lists."""
    (first, second), inward = contest
    was, had = inward
    odds, rest = exp(totals[first] - was), exp(totals[second] - had)
    whole = odds + rest
    step = _PACE * (-log1p(whole - odds) - was)
    if not -_STILL < step < _STILL:
        inward[0] += step
        renewed[first] += step
    step = _PACE * (-log1p(whole - rest) - had)
    if not -_STILL < step < _STILL:
        inward[1] += step
        renewed[second] += step


def propagate(hypotheses: Sequence[Hypothesis], rounds: int = ROUNDS) -> None:
    """Set each hypothesis' probability given that every row and item is used at most once.

    Sum-product messages on the graph of hypotheses and claims, in log form, all renewed at once and damped, so that
    equals stay equal: the cost is linear in the number of contested claims. Few rounds on purpose: in loops of near
    equals more of them would only feign certainty.
    """
    contests = _contests(hypotheses)
    duels = [contest for contest in contests if len(contest[0]) == 2]
    crowds = [contest for contest in contests if len(contest[0]) > 2]
    totals = [h.score for h in hypotheses]
    for _ in range(rounds):
        renewed = totals.copy()
        for contest in duels:
            _settle_two(contest, totals, renewed)
        for contest in crowds:
            _settle(contest, totals, renewed)
        if renewed == totals:
            break
        totals = renewed
    for h, total in zip(hypotheses, totals, strict=True):
        h.probability = _logistic(total)
    _share(hypotheses, (owners for owners, _ in contests))


def adjust(
    hypotheses: Sequence[Hypothesis], knots: Sequence[tuple[float, float]], ceilings: Mapping[str, float]
) -> None:
    """Probabilities as measured: through the curve, no higher than what is right of a family at best, and still no more
    than one unit for explanations that exclude each other."""
    at_claim: dict[int, list[int]] = defaultdict(list)
    for number, h in enumerate(hypotheses):
        h.probability = min(calibrate(h.probability, knots), ceilings.get(h.family, 1.0))
        if h.probability > _SMALL:
            for claim in h.claims:
                at_claim[claim].append(number)
    _share(hypotheses, at_claim.values())


def _share(hypotheses: Sequence[Hypothesis], claimants: Iterable[Sequence[int]]) -> None:
    """Explanations that exclude each other get no more than one unit of probability together: where several overlap in
    more than one claim, messages that come back to their sender would give each of them nearly all."""
    shares: dict[int, float] = {}
    for owners in claimants:
        if len(owners) < 2:
            continue
        whole = sum([hypotheses[o].probability for o in owners])
        if whole > 1.0:
            for owner in owners:
                shares[owner] = max(shares.get(owner, 1.0), whole)
    for owner, whole in shares.items():
        hypotheses[owner].probability /= whole


def _contests(hypotheses: Sequence[Hypothesis]) -> list[_Contest]:
    at_claim: dict[int, list[int]] = defaultdict(list)
    for number, h in enumerate(hypotheses):
        for claim in h.claims:
            at_claim[claim].append(number)
    return [(owners, [0.0] * len(owners)) for owners in at_claim.values() if len(owners) > 1]


def _logistic(x: float) -> float:
    if x >= 0:
        return 1.0 / (1.0 + math.exp(-x))
    odds = math.exp(x)
    return odds / (1.0 + odds)


def calibrate(probability: float, knots: Sequence[tuple[float, float]]) -> float:
    """Map a raw probability through a measured, monotone curve given as (raw, right) points in log-odds."""
    x = math.log(max(1e-9, probability) / max(1e-9, 1.0 - probability))
    if x <= knots[0][0]:
        return _logistic(knots[0][1] + (x - knots[0][0]))
    at = bisect_left(knots, (x,))
    if at == len(knots):
        return _logistic(knots[-1][1] + (x - knots[-1][0]) * 0.5)
    (x0, y0), (x1, y1) = knots[at - 1 : at + 1]
    return _logistic(y0 + (y1 - y0) * (x - x0) / (x1 - x0))
