"""How right the proposals were at each confidence: counts, shares, and how much such counts can say. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from math import sqrt

# Lower ends of the bands, in the steps in which people choose thresholds.
EDGES = tuple(map(Decimal, ("0.995", "0.99", "0.98", "0.95", "0.9", "0.8", "0")))
FEW = 30
_Z = 1.96  # 95 %


@dataclass(frozen=True, slots=True)
class Outcome:
    """One decided proposal: what was said of it, how much money it was about (unsigned), and whether it was right."""

    confidence: Decimal
    amount: Decimal
    currency: str
    kind: str
    is_right: bool


@dataclass(frozen=True, slots=True)
class Band:
    """Proposals from `least` to below `most`: how many were decided, and how many were approved unchanged."""

    least: Decimal
    most: Decimal
    decided: int
    right: int
    said: Decimal
    """The mean confidence, 0 when there is none."""

    @property
    def is_telling(self) -> bool:
        """Whether there are enough to say something."""
        return self.decided >= FEW

    @property
    def share(self) -> Decimal:
        """The part that was right."""
        return Decimal(self.right) / self.decided if self.decided else Decimal(0)

    @property
    def span(self) -> tuple[Decimal, Decimal]:
        """Between these shares the truth lies, 19 times in 20 (Wilson, 1927)."""
        return span_of(self.right, self.decided)

    @property
    def is_off(self) -> bool:
        """Whether what was said lies outside of what the decisions show."""
        low, high = self.span
        return self.is_telling and not low <= self.said <= high


def span_of(right: int, decided: int) -> tuple[Decimal, Decimal]:
    """The Wilson interval of a share, 95 %; everything is possible without any decision."""
    if not decided:
        return Decimal(0), Decimal(1)
    share, n = right / decided, decided
    middle = (share + _Z**2 / (2 * n)) / (1 + _Z**2 / n)
    half = _Z * sqrt(share * (1 - share) / n + _Z**2 / (4 * n**2)) / (1 + _Z**2 / n)
    low, high = (round(Decimal(max(0.0, min(1.0, each))), 6) for each in (middle - half, middle + half))
    return low, high


def band_of(outcomes: Sequence[Outcome], least: Decimal, most: Decimal) -> Band:
    """The band of these outcomes, all of which are taken to lie in it."""
    said = sum((each.confidence for each in outcomes), Decimal(0))
    mean = said / len(outcomes) if outcomes else Decimal(0)
    return Band(least, most, len(outcomes), sum(each.is_right for each in outcomes), mean)


def bands_of(outcomes: Iterable[Outcome]) -> list[Band]:
    """Every band, the surest first; each outcome is in exactly one of them."""
    held: dict[Decimal, list[Outcome]] = {edge: [] for edge in EDGES}
    for each in outcomes:
        held[next(edge for edge in EDGES if each.confidence >= edge)].append(each)
    tops = (Decimal(1), *EDGES)
    return [band_of(own, least, most) for (least, own), most in zip(held.items(), tops, strict=False)]


def above(outcomes: Iterable[Outcome], least: Decimal) -> Band:
    """Everything from a confidence on, as one band."""
    return band_of([each for each in outcomes if each.confidence >= least], least, Decimal(1))


def money_of(outcomes: Iterable[Outcome]) -> dict[str, Decimal]:
    """The money of these outcomes by currency."""
    found: dict[str, Decimal] = {}
    for each in outcomes:
        found[each.currency] = found.get(each.currency, Decimal(0)) + each.amount
    return found
