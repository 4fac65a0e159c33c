"""A consistent choice over the whole statement: no line and no entry twice, the rest kept as alternatives."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from .hypothesis import Hypothesis

_ROUNDS = 3
_GAIN = 1e-6


def choose(hypotheses: Sequence[Hypothesis], least: float) -> list[Hypothesis]:
    """The chosen explanations, most probable first: greedy by probability, then improved by swaps that raise the
    expected number right."""
    ranked = sorted((h for h in hypotheses if h.probability >= least), key=_order)
    owner: dict[int, Hypothesis] = {}
    for h in ranked:
        if all(c not in owner for c in h.claims):
            _take(owner, h)
    for _ in range(_ROUNDS):
        if not _swap(ranked, owner):
            break
    chosen = {id(h): h for h in owner.values()}
    return sorted(chosen.values(), key=_order)


def _order(h: Hypothesis) -> tuple[float, tuple[int, ...], tuple[int, ...], str]:
    return (-round(h.probability, 9), h.rows, h.items, h.family)


def _take(owner: dict[int, Hypothesis], h: Hypothesis) -> None:
    for claim in h.claims:
        owner[claim] = h


def _swap(ranked: Sequence[Hypothesis], owner: dict[int, Hypothesis]) -> bool:
    """Let an explanation replace the ones in its way, when it and what then becomes free are worth more together."""
    by_claim: dict[int, list[Hypothesis]] = defaultdict(list)
    for h in ranked:
        for claim in h.claims:
            by_claim[claim].append(h)
    changed = False
    for h in ranked:
        blockers = {id(owner[c]): owner[c] for c in h.claims if c in owner}
        if id(h) in blockers or len(blockers) > 2:
            continue
        lost = sum(b.probability for b in blockers.values())
        freed = {c for b in blockers.values() for c in b.claims}
        refill = _refill(h, freed, by_claim, owner, blockers)
        if h.probability + sum(r.probability for r in refill) > lost + _GAIN:
            for claim in freed:
                owner.pop(claim, None)
            for fresh in (h, *refill):
                _take(owner, fresh)
            changed = True
    return changed


def _refill(
    h: Hypothesis,
    freed: set[int],
    by_claim: dict[int, list[Hypothesis]],
    owner: dict[int, Hypothesis],
    blockers: dict[int, Hypothesis],
) -> list[Hypothesis]:
    taken = set(h.claims)
    found: list[Hypothesis] = []
    for claim in sorted(freed - taken):
        for other in by_claim[claim][:6]:
            blocked = any(c in taken or (c in owner and id(owner[c]) not in blockers) for c in other.claims)
            if not blocked and id(other) not in blockers:
                found.append(other)
                taken.update(other.claims)
                break
    return found


def rivals(hypotheses: Sequence[Hypothesis], least: float) -> dict[int, list[Hypothesis]]:
    """For every line, all explanations of it that are at least so probable, most probable first."""
    by_row: dict[int, list[Hypothesis]] = defaultdict(list)
    for h in sorted((h for h in hypotheses if h.probability >= least), key=_order):
        for row in h.rows:
            by_row[row].append(h)
    return by_row
