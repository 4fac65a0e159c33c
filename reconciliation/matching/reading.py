"""What the texts of a bank line say, and by which keys an entry is cited, whatever else is known."""

from __future__ import annotations

from collections.abc import Collection
from functools import lru_cache
from itertools import islice

from .model import BankLine, LedgerEntry
from .normalise import words
from .references import MAX_RUNS, NEAR_LEAST, citations, month_keys, number_keys, told_months


def read(line: BankLine) -> tuple[str, ...]:
    """The words of a line, each once: the counterparty's first."""
    party = words(line.counterparty)
    return tuple(dict.fromkeys((*party, *words(line.description), *words(line.reference))))


def cited_by(line: BankLine) -> frozenset[str]:
    """Every key by which a line may cite something."""
    return citations(line.description).union(citations(line.reference), citations(line.counterparty))


def months_of(line: BankLine) -> frozenset[int]:
    """The months that a line tells, in months since year 0."""
    return told_months(line.description) | told_months(line.reference)


def long_citations(cites: Collection[str], months: Collection[int]) -> tuple[str, ...]:
    """Of what a line cites all of four characters or more, in order, without the months that it tells."""
    dated = {key for at in months for key in month_keys(at)} if months else ()
    return tuple(sorted(c for c in cites if len(c) >= NEAR_LEAST and c not in dated))


def keys_of(entry: LedgerEntry) -> tuple[str, ...]:
    """Every way to cite an entry: by its number, its reference, or the codes of its memo."""
    texts = (entry.number, entry.reference, *_codes(entry.memo))
    return tuple(dict.fromkeys(k for text in texts if text for k in number_keys(text)))


@lru_cache(maxsize=16384)
def _codes(memo: str) -> tuple[str, ...]:
    """The first words of a memo that can be an identifier: they hold a digit and are longer than a year."""
    long = (w for w in memo.split() if len(w) > 4 and not w.isalpha() and w.count("-") < 2)
    return tuple(islice((w for w in long if any(map(str.isdigit, w))), MAX_RUNS))
