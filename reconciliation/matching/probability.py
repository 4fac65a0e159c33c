"""From evidence to probabilities.

Weighted features give log-odds; competition for the same line or entry is settled by belief propagation over the whole
statement, so that explanations which exclude each other share one unit of probability.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .hypothesis import Hypothesis

ROUNDS = 8
_PACE = 0.65
_STILL = 0.01
_LIMIT = 25.0


def score(hypotheses: Sequence[Hypothesis], weights: Mapping[str, float]) -> None:
    """Set each hypothesis' log-odds against “nothing explains it”, before any competition."""
    for h in hypotheses:
        total = 0.0
        for name, value in h.features.items():
            total += weights.get(name, 0.0) * value
        h.score = max(-_LIMIT, min(_LIMIT, total))


@dataclass(slots=True)
class _Contest:
    """One row or item that several hypotheses claim, with the message to each of them."""

    owners: list[int]
    inward: list[float]
    is_open: bool = True

    def settle(self, totals: list[float]) -> list[tuple[int, float]]:
        """Renew the messages from the hypotheses' totals; which hypothesis gains how much by it."""
        exp, log1p, inward = math.exp, math.log1p, self.inward
        outward = [exp(min(_LIMIT, totals[o] - m)) for o, m in zip(self.owners, inward, strict=True)]
        whole = sum(outward)
        self.is_open = False
        moved = []
        for at, odds in enumerate(outward):
            others = whole - odds
            step = _PACE * ((-log1p(others) if others > 0.0 else 0.0) - inward[at])
            if not -_STILL < step < _STILL:
                inward[at] += step
                moved.append((self.owners[at], step))
        return moved


def propagate(hypotheses: Sequence[Hypothesis], rounds: int = ROUNDS) -> None:
    """Set each hypothesis' probability given that every row and item is used at most once.

    Sum-product messages on the graph of hypotheses and claims, in log form, all renewed at once and damped, so that
    equals stay equal. Only claims whose surroundings still change are looked at again: the cost is linear in the number
    of contested claims. Few rounds on purpose: in loops of near equals more of them would only feign certainty.
    """
    contests = _contests(hypotheses)
    totals = [h.score for h in hypotheses]
    of_owner: list[list[_Contest]] = [[] for _ in hypotheses]
    for contest in contests:
        for owner in contest.owners:
            of_owner[owner].append(contest)
    for _ in range(rounds):
        steps = [step for contest in contests if contest.is_open for step in contest.settle(totals)]
        for owner, step in steps:
            totals[owner] += step
            for contest in of_owner[owner]:
                contest.is_open = True
        if not steps:
            break
    for h, total in zip(hypotheses, totals, strict=True):
        h.probability = _logistic(total)


def _contests(hypotheses: Sequence[Hypothesis]) -> list[_Contest]:
    at_claim: dict[int, list[int]] = defaultdict(list)
    for number, h in enumerate(hypotheses):
        for claim in h.claims:
            at_claim[claim].append(number)
    return [_Contest(owners, [0.0] * len(owners)) for owners in at_claim.values() if len(owners) > 1]


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
    for (x0, y0), (x1, y1) in zip(knots, knots[1:], strict=False):
        if x <= x1:
            return _logistic(y0 + (y1 - y0) * (x - x0) / (x1 - x0))
    return _logistic(knots[-1][1] + (x - knots[-1][0]) * 0.5)
