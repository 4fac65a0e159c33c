"""From evidence to probabilities.

Weighted features give log-odds; competition for the same line or entry is settled by belief propagation over the whole
statement, so that explanations which exclude each other share one unit of probability.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence

from .hypothesis import Hypothesis

ROUNDS = 8
_DAMPING = 0.35
_LIMIT = 25.0


def score(hypotheses: Sequence[Hypothesis], weights: Mapping[str, float]) -> None:
    """Set each hypothesis' log-odds against “nothing explains it”, before any competition."""
    for h in hypotheses:
        total = 0.0
        for name, value in h.features.items():
            total += weights.get(name, 0.0) * value
        h.score = max(-_LIMIT, min(_LIMIT, total))


def propagate(hypotheses: Sequence[Hypothesis], rounds: int = ROUNDS) -> None:
    """Set each hypothesis' probability given that every row and item is used at most once.

    Sum-product messages on the graph of hypotheses and claims, in log form; linear in the number of claims per round.
    """
    edges: list[list[int]] = []
    at_claim: dict[int, list[int]] = defaultdict(list)
    owner: list[int] = []
    for number, h in enumerate(hypotheses):
        own = []
        for claim in h.claims:
            edge = len(owner)
            owner.append(number)
            own.append(edge)
            at_claim[claim].append(edge)
        edges.append(own)
    shared = [found for found in at_claim.values() if len(found) > 1]
    inward = [0.0] * len(owner)
    for _ in range(rounds):
        _one_round(hypotheses, edges, owner, shared, inward)
    for h, own in zip(hypotheses, edges, strict=True):
        h.probability = _logistic(h.score + sum(inward[e] for e in own))


def _one_round(
    hypotheses: Sequence[Hypothesis],
    edges: list[list[int]],
    owner: list[int],
    shared: list[list[int]],
    inward: list[float],
) -> None:
    totals = [h.score + sum(inward[e] for e in own) for h, own in zip(hypotheses, edges, strict=True)]
    exp, log1p = math.exp, math.log1p
    for found in shared:
        outward = [exp(min(_LIMIT, totals[owner[e]] - inward[e])) for e in found]
        whole = sum(outward)
        for edge, odds in zip(found, outward, strict=True):
            fresh = -log1p(max(0.0, whole - odds))
            inward[edge] += (1.0 - _DAMPING) * (fresh - inward[edge])


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
