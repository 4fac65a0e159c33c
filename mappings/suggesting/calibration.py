"""From scores to a confidence that means what it says: of suggestions with 0.9, nine in ten are right."""

import math
from dataclasses import dataclass

CONFIDENT = 0.95
"""From here on a suggestion may be accepted together with others; above every wrong one of the development charts."""

MOST_LEAD = 0.5
"""A longer lead says no more."""

_EQUAL = 0.04
"""With a shorter lead the next record fits as well."""

_MOST = 0.99
"""Only the same code or name is certain."""

# Logistic coefficients, fitted by `benchmarks/suggestions.py --fit` on the development charts.
FITTED = (-2.35, 5.66, 7.88)
"""Constant, score, lead."""
# Not measured on charts: a choice of this tenant for the same text is as sure as its share says.
LEARNED = frozenset({"memory", "habit"})


@dataclass(frozen=True)
class Signs:
    """What kind of evidence, its score, and how far it leads the next record's."""

    by: str
    score: float
    lead: float
    is_neighbour: bool = False
    """The record stands for something near what the word means: likely, and for a person to say."""

    @property
    def is_confident(self) -> bool:
        """Whether it may be accepted together with others."""
        return not self.is_neighbour and self.lead >= _EQUAL and confidence_of(self) >= CONFIDENT


def confidence_of(signs: Signs) -> float:
    """Above 0, and at most 0.99."""
    if signs.by in LEARNED:
        return min(_MOST, max(0.01, signs.score * (0.75 + 0.25 * min(1.0, signs.lead / 0.3))))
    constant, score, lead = FITTED
    # Of two that fit equally well, one is wrong.
    share = 0.5 + 0.5 * min(1.0, signs.lead / _EQUAL)
    return share * min(
        _MOST, max(0.01, 1 / (1 + math.exp(-(constant + score * signs.score + lead * min(signs.lead, MOST_LEAD)))))
    )
