"""What a ledger entry, or a contact's name, is found by from a bank line, as keys that a database can index.

The keys answer the same questions as the indexes of `books` and `names`: who has this number, this amount, this name,
and what was booked or collected in these days. They only narrow; what they bring is judged by the engine.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from .model import BankLine, LedgerEntry
from .names import BUCKET_LIMIT, NameMatch, block_keys, probe_keys, trading_names
from .normalise import words
from .reading import keys_of
from .references import citations
from .units import to_units

Clue = tuple[str, date]

NO_DAY = date(1970, 1, 1)
"""The day of what has none: names."""
MOST_NAMES = 24
"""So many names are compared with a line."""

_TAKINGS = ("payment", "invoice", "credit_note")
_LONGEST_KEY = 320
_FIRST_WORDS = 8
_EVER = (date(1900, 1, 1), date(9999, 1, 1))
_CITED, _EQUAL, _OWED, _NAMED, _DAYS, _TAKEN = 13, 20, 50, 1, 130, 200
_WELL_NAMED = 0.35
_TELLING = 0.6
_RARE = -math.log(0.04)


@dataclass(frozen=True, slots=True)
class Ask:
    """A key to look under: at most so many from the day on, and as many before it, the nearest first, and none outside
    the span."""

    key: str
    on: date
    most: int
    span: tuple[date, date] = _EVER


def entry_clues(entry: LedgerEntry) -> list[Clue]:
    """Every key under which an open entry is found."""
    due = entry.due_on or entry.on
    found = [(f"a {entry.currency} {to_units(entry.open_amount)}", due), (f"c {entry.contact_name}", due)]
    found += [(f"k {key}", due) for key in keys_of(entry)]
    if entry.kind in _TAKINGS and entry.memo:
        found += [(f"m {word}", entry.on) for word in words(entry.memo)[:1]]
    if entry.kind == "payment" and entry.open_amount < 0:
        found.append((f"p {entry.currency}", entry.on))
    return [(_plain(key), on) for key, on in found]


def _plain(key: str) -> str:
    """A key of bounded length, without the one character that separates keys on their way to the database."""
    return key.replace("\x1f", " ")[:_LONGEST_KEY]


def name_clues(name: str, memos: Iterable[str] = ()) -> set[str]:
    """Every key under which a contact is found: by its name, and by names that its documents declare."""
    tokens = words(name)
    found = block_keys(tokens) | {f"t:{token}" for token in tokens} if tokens else set()
    for memo in memos:
        for other in trading_names(memo):
            found |= {f"as:{token}" for token in words(other)[:_FIRST_WORDS] if len(token) > 2}
    return {f"n {key}"[:_LONGEST_KEY] for key in found}


def text_of(line: BankLine) -> tuple[str, ...]:
    """A line's words, each once."""
    told = (*words(line.counterparty), *words(line.description), *words(line.reference))
    return tuple(dict.fromkeys(told))


def cites_of(line: BankLine) -> frozenset[str]:
    """The document numbers that a line may cite."""
    return citations(line.description) | citations(line.reference) | citations(line.counterparty)


def name_asks(text: Iterable[str], lines: int, said: Mapping[str, int]) -> dict[str, float]:
    """The keys of names that a text asks for, and how much each speaks; a word that many lines hold asks for less."""
    asked: dict[str, float] = {}
    for word in text:
        share = min(1.0, math.log((1 + lines) / (1 + said.get(word, 0))) / _RARE + 0.1)
        keys = probe_keys(word)
        for key, weight in keys if share >= _TELLING else keys[:1]:
            asked[f"n {key}"[:_LONGEST_KEY]] = max(asked.get(key, 0.0), weight * share)
        if len(word) > 2:
            asked[f"n as:{word}"[:_LONGEST_KEY]] = share
    return asked


def likely_names(asked: Mapping[str, float], found: Mapping[str, list[str]], names: int) -> list[str]:
    """The names worth comparing with a text: those that the rarest keys bring."""
    votes: dict[str, float] = {}
    for key, weight in asked.items():
        sharing = found.get(key, ())
        if 0 < len(sharing) <= BUCKET_LIMIT:
            worth = weight * math.log((2 + names) / len(sharing))
            for name in sharing:
                votes[name] = votes.get(name, 0.0) + worth
    return sorted(votes, key=lambda name: (-votes[name], name))[:MOST_NAMES]


def asks_of(line: BankLine, contacts: Mapping[str, NameMatch]) -> list[Ask]:
    """Where to look for entries that may explain a line, given the contacts that it may name."""
    day = line.on
    found = [Ask(f"k {key}", day, _CITED) for key in sorted(cites_of(line))]
    found.append(Ask(f"a {line.currency} {to_units(line.amount)}", day, _EQUAL))
    for name, match in contacts.items():
        found.append(Ask(_plain(f"c {name}"), day, _OWED if match.coverage >= _WELL_NAMED else _NAMED))
    near = (day - timedelta(16), day + timedelta(2))
    # Who collects for others is a contact itself, and what it took names it first.
    collecting = {word for name in contacts for word in words(name)[:1]}
    found += [Ask(_plain(f"m {word}"), near[1], _TAKEN, near) for word in sorted(collecting)]
    if line.amount < 0:
        found.append(Ask(f"p {line.currency}", near[1], _DAYS, (day - timedelta(10), near[1])))
    return found
