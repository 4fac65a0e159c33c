"""The lines of a statement that a change touches: those that compete with a line, and those that may mean an entry."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from .census import Census
from .clues import cites_of, text_of
from .model import BankLine, LedgerEntry
from .names import ContactIndex
from .reading import keys_of
from .units import to_units

MOST_NEAR = 40
"""Of very many lines that compete with one, the nearest so many are matched again with it."""
_DAYS = 28
_SETTLED = 0.9
_MEANT = 20
_NAMED = 0.35


@dataclass(frozen=True, slots=True)
class OpenLine:
    """A line that waits, and how sure its present proposal is; None: it has none."""

    line: BankLine
    confidence: float | None = None

    @property
    def is_doubtful(self) -> bool:
        """Whether another explanation may still win."""
        return self.confidence is None or self.confidence < _SETTLED


class Statement:
    """All lines that wait, by amount and by word. Changes nothing; made anew for each run."""

    def __init__(self, lines: Iterable[OpenLine]) -> None:
        self.lines = {each.line.id: each for each in sorted(lines, key=lambda x: (x.line.on, x.line.id))}
        self.texts = {key: text_of(each.line) for key, each in self.lines.items()}
        self.said = Counter(word for text in self.texts.values() for word in text)
        heard = ContactIndex((), (), 0, Census(len(self.lines), self.said, 0))
        rare = {word for word in self.said if heard.is_rare(word)}
        self._rare = {key: rare.intersection(text) for key, text in self.texts.items()}
        self._by_amount: dict[tuple[str, int], list[str]] = defaultdict(list)
        self._by_word: dict[str, list[str]] = defaultdict(list)
        for key, each in self.lines.items():
            self._by_amount[each.line.currency, abs(to_units(each.line.amount))].append(key)
            for word in self._rare[key]:
                self._by_word[word].append(key)

    def near(self, line_id: str) -> list[str]:
        """The lines that compete with one: of its amount, and doubtful ones of its payer, within four weeks; of very
        many the nearest."""
        line = self.lines[line_id].line
        found = set(self._by_amount[line.currency, abs(to_units(line.amount))])
        found |= {key for key in self._of_payer(line_id) if self.lines[key].is_doubtful}
        away = {key: abs((self.lines[key].line.on - line.on).days) for key in found - {line_id}}
        return sorted((key for key, days in away.items() if days <= _DAYS), key=lambda k: (away[k], k))[:MOST_NEAR]

    def _of_payer(self, line_id: str) -> set[str]:
        """Lines that share half of the words that are somebody's name, of the shorter of the two texts."""
        told = self._rare[line_id]
        shared = Counter(key for word in told for key in self._by_word[word])
        return {key for key, times in shared.items() if 2 * times >= min(len(told), len(self._rare[key]))}

    def meant_by(self, entries: Sequence[LedgerEntry]) -> set[str]:
        """The lines that may mean one of these entries: by its amount, its number or its contact; of very many those
        nearest to its due day."""
        if not entries:
            return set()
        keys = {entry.id: keys_of(entry) for entry in entries}
        wanted = {key for told in keys.values() for key in told}
        cited: dict[str, list[str]] = defaultdict(list)
        named = self._named({entry.contact_name for entry in entries} - {""})
        for line_id, each in self.lines.items():
            for key in cites_of(each.line) & wanted:
                cited[key].append(line_id)
        found: set[str] = set()
        for entry in entries:
            due = entry.due_on or entry.on
            meant = set(self._by_amount[entry.currency, abs(to_units(entry.open_amount))])
            meant |= {line_id for key in keys[entry.id] for line_id in cited[key]} | named[entry.contact_name]
            ranked = sorted(meant, key=lambda k: (abs((self.lines[k].line.on - due).days), k))
            found.update(ranked[:_MEANT])
        return found

    def _named(self, names: set[str]) -> dict[str, set[str]]:
        """The lines that name each of these contacts."""
        ordered = sorted(names)
        index = ContactIndex(ordered, (), 0, Census(len(self.lines), self.said, len(ordered)))
        found: dict[str, set[str]] = defaultdict(set)
        for line_id, text in self.texts.items():
            for at, match in index.find(text).items():
                if match.coverage >= _NAMED:
                    found[ordered[at]].add(line_id)
        return found
