"""Meanings: which business concepts a text speaks of, how clearly, and how near two concepts are."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import combinations
from pathlib import Path
from typing import Any

import yaml
from rapidfuzz import fuzz, process

from mappings.suggesting.words import words_of

_FOLDER = Path(__file__).resolve().parent
_FILES: dict[str, tuple[str, ...]] = {
    "category:purchases": ("purchases",),
    "category:sales": ("sales",),
    "category": ("purchases", "sales"),
    "payment_method": ("methods",),
}
_ALL = ("purchases", "sales", "methods")
_LONGEST_PHRASE = 4
_MOST_WORDS = 12
_TYPO = 87.0
_LEAST_LETTERS = 5
_HIDDEN = 0.45
"""What is left of a short phrase's meaning inside a longer one: "insurance" in "health insurance"."""
_NOISE = 0.35
"""Weight of a word that no phrase has: a name, a number, a date."""


@dataclass(frozen=True)
class Meaning:
    """The concepts of a text with their strength, 0 to 1."""

    strengths: Mapping[str, float]


class Vocabulary:
    """Phrases of concepts, ready to be looked up. Reads entries of the form that `purchases.yaml` explains."""

    def __init__(self, entries: Mapping[str, Mapping[str, Any]]) -> None:
        self.phrases: dict[frozenset[str], set[str]] = defaultdict(set)
        self.codes: dict[str, list[tuple[str, str, str]]] = defaultdict(list)
        for concept, entry in entries.items():
            self._add(concept, entry)
        near = {name: {name: 1.0, **entry.get("near", {})} for name, entry in entries.items()}
        self.near = {name: dict(_spread(name, near)) for name in near}
        self.kinds = {name: str(entry.get("kind", "")) for name, entry in entries.items()}
        self.known = {word for phrase in self.phrases for word in phrase}
        self._long = [word for word in self.known if len(word) >= _LEAST_LETTERS]
        self._reading: dict[str, tuple[str, ...]] = {}
        self.meaning = lru_cache(maxsize=65536)(self._meaning)

    def _add(self, concept: str, entry: Mapping[str, Any]) -> None:
        for text in f"{entry.get('words', '')};{entry.get('brands', '')}".split(";"):
            if phrase := frozenset(words_of(text)):
                self.phrases[phrase].add(concept)
        for chart, ranges in entry.get("codes", {}).items():
            for each in ranges:
                first, _, last = str(each).partition("-")
                self.codes[chart].append((first, last or first, concept))

    def _meaning(self, text: str) -> Meaning:
        """The concepts that a text speaks of; each text is worked out once."""
        words = words_of(text)[:_MOST_WORDS]
        for word in words:
            if word not in self._reading:
                self._reading[word] = self._read(word)
        read = {word: self._reading[word] for word in words}
        present = {part: word for word, parts in read.items() for part in parts}
        found = [phrase for phrase in _subsets(tuple(present)) if phrase in self.phrases]
        total = sum(1.0 if read[word] else _NOISE for word in read)
        strengths: dict[str, float] = {}
        for phrase in found:
            covered = len({present[part] for part in phrase})
            strength = 0.55 + 0.45 * min(1.0, covered / total)
            longer = [other for other in found if phrase < other]
            for concept in self.phrases[phrase]:
                is_hidden = longer and not any(concept in self.phrases[other] for other in longer)
                mine = strength * (_HIDDEN if is_hidden else 1.0)
                strengths[concept] = max(strengths.get(concept, 0.0), mine)
        return Meaning(strengths)

    def _read(self, word: str) -> tuple[str, ...]:
        """The known words that a word is, is made of, or is a misspelling of; none for names and numbers."""
        if word in self.known:
            return (word,)
        if not word.isalpha() or len(word) < _LEAST_LETTERS:
            return ()
        return self._compound(word) or self._misspelt(word)

    def _compound(self, word: str) -> tuple[str, ...]:
        # "kundengeschenk" is a "geschenk"; German puts the meaning last. The longest known part counts.
        cuts = range(1, len(word) - _LEAST_LETTERS + 1)
        last = next((word[cut:] for cut in cuts if word[cut:] in self.known), "")
        first = next((word[:-cut] for cut in cuts if word[:-cut] in self.known), "")
        return tuple(dict.fromkeys(part for part in (last, first) if part))

    def _misspelt(self, word: str) -> tuple[str, ...]:
        found = process.extractOne(word, self._long, scorer=fuzz.ratio, score_cutoff=_TYPO)
        return (found[0],) if found else ()


@cache
def vocabulary(subject: str = "", side: str = "") -> Vocabulary:
    """The phrases for a subject on a side; those of all when none is named."""
    # Contacts, items and dimensions are names: their words mean nothing further.
    names = _FILES.get(f"{subject}:{side}", _FILES.get(subject, () if subject else _ALL))
    return Vocabulary({concept: entry for name in names for concept, entry in _read(name).items()})


@cache
def _read(name: str) -> dict[str, Any]:
    with (_FOLDER / f"{name}.yaml").open(encoding="utf-8") as file:
        read: dict[str, Any] = yaml.safe_load(file)
    return read


def _spread(name: str, near: Mapping[str, Mapping[str, float]]) -> Iterator[tuple[str, float]]:
    """What a concept may be booked under, one step further than its own list says, less and less well."""
    found: dict[str, float] = {}
    for first, weight in near[name].items():
        for second, further in near.get(first, {first: 1.0}).items():
            through = weight * further * (1.0 if first in (name, second) else 0.85)
            found[second] = max(found.get(second, 0.0), through)
    return iter((concept, weight) for concept, weight in found.items() if weight >= 0.2)


def _subsets(words: tuple[str, ...]) -> Iterator[frozenset[str]]:
    for size in range(1, min(_LONGEST_PHRASE, len(words)) + 1):
        for each in combinations(words, size):
            yield frozenset(each)
