"""What the texts of a bank line say, whatever else is known."""

from __future__ import annotations

from collections.abc import Collection

from .model import BankLine
from .normalise import words
from .references import NEAR_LEAST, citations, month_keys, told_months


def read(line: BankLine) -> tuple[str, ...]:
    """The words of a line, each once: the counterparty's first."""
    party = words(line.counterparty)
    return tuple(dict.fromkeys((*party, *words(line.description), *words(line.reference))))


def cited_by(line: BankLine) -> frozenset[str]:
    """Every key by which a line may cite something."""
    return citations(line.description) | citations(line.reference) | citations(line.counterparty)


def months_of(line: BankLine) -> frozenset[int]:
    """The months that a line tells, in months since year 0."""
    return told_months(line.description) | told_months(line.reference)


def long_citations(cites: Collection[str], months: Collection[int]) -> tuple[str, ...]:
    """Of what a line cites all of four characters or more, in order, without the months that it tells."""
    dated = {key for at in months for key in month_keys(at)} if months else ()
    return tuple(sorted(c for c in cites if len(c) >= NEAR_LEAST and c not in dated))
