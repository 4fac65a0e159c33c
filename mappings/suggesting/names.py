"""Names that are alike: shared words, rare ones counting more, then spelling; a look-up instead of all against all."""

import math
from collections import Counter, defaultdict
from collections.abc import Sequence
from heapq import nlargest

from rapidfuzz import fuzz

_RARE = 200
"""A word that fewer names than this have is looked up; more frequent ones only tell those found apart."""
_SPELT = 12
_SHORT = 40


class Names:
    """Prepared once for names given as words."""

    def __init__(self, names: Sequence[tuple[str, ...]]) -> None:
        self._names = [frozenset(words) for words in names]
        self._letters = [" ".join(words) for words in names]
        counts = Counter(word for words in self._names for word in words)
        self._weights = {word: _weight(word, count) for word, count in counts.items()}
        self._sizes = [sum(self._weights[word] for word in words) for words in self._names]
        self._with: dict[str, set[int]] = defaultdict(set)
        for index, words in enumerate(self._names):
            for word in words:
                self._with[word].add(index)

    def alike(self, words: tuple[str, ...]) -> dict[int, float]:
        """Index → likeness, 0 to 1, of the names that share most with these words."""
        shared = {index: self._shared(index, words) for index in self._found(words)}
        best = nlargest(_SHORT, shared.items(), key=lambda each: each[1])
        letters, spelt = " ".join(words), {}
        for place, (index, share) in enumerate(best):
            like = fuzz.token_sort_ratio(letters, self._letters[index]) / 100 if place < _SPELT else share
            spelt[index] = 0.7 * share + 0.3 * like
        return spelt

    def _found(self, words: tuple[str, ...]) -> set[int]:
        having = sorted((self._with[word] for word in set(words) if word in self._with), key=len)
        found: set[int] = set()
        for place, some in enumerate(having):
            if len(some) <= _RARE:
                found |= some
                continue
            # Only frequent words are left: names that have two of them, or the rest of what was found.
            narrowed = some.intersection(*having[place + 1 : place + 2])
            found |= narrowed if len(narrowed) <= _RARE or not found else set()
            break
        return found

    def _shared(self, index: int, words: tuple[str, ...]) -> float:
        mine = self._names[index]
        shared = sum(self._weights[word] for word in mine.intersection(words))
        others = sum(self._weights.get(word, 1.0) for word in set(words) if word not in mine)
        return shared / (self._sizes[index] + others)


def _weight(word: str, count: int) -> float:
    return (1.0 if word.isdigit() else 1.5) / (1.0 + 0.25 * math.sqrt(count))
