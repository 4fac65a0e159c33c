"""What this tenant's own books and choices say: which record such words went to before.

Nothing is stored here: it is counted anew from the mappings, refusals and ledger documents of the moment, so undoing a
choice undoes what was learned from it.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from mappings.suggesting.words import words_of

_COMMON = 0.34
"""A word that goes to so many different records that the best has less than this says nothing."""


@dataclass(frozen=True)
class Use:
    """Such a text went to this record, with the weight of so many times; `where` in words, such as "version 3".

    `is_choice`: somebody mapped it so; otherwise `times` lines of the ledger's own documents say so, and `where` is
    such as "lines of bills".
    """

    text: str
    external_id: str
    times: int = 1
    where: str = ""
    is_choice: bool = False


@dataclass(frozen=True)
class Learned:
    """A record that such words went to, how surely (0 to 1), and the reason in words."""

    external_id: str
    share: float
    reason: str
    is_same_text: bool = False


@dataclass
class _Count:
    total: float = 0.0
    by_record: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    choices: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    lines: dict[str, tuple[int, str]] = field(default_factory=dict)

    def add(self, use: Use, times: float) -> None:
        self.total += times
        self.by_record[use.external_id] += times
        if use.is_choice:
            self.choices[use.external_id].append(use.where)
        else:
            self.lines[use.external_id] = (self.lines.get(use.external_id, (0, ""))[0] + use.times, use.where)

    def why(self, text: str, external_id: str) -> str:
        """What people chose says more than what the ledger's lines say."""
        chosen = self.choices.get(external_id, ())
        if len(chosen) > 1:
            return f"“{text}” was mapped like this {len(chosen)} times"
        if chosen:
            return f"“{text}” was mapped like this in {chosen[0]}"
        times, where = self.lines[external_id]
        return f"“{text}” went there on {times} {where}"


class Memory:
    """Uses counted by whole texts and by their words; `refused` (text, external_id) pairs are never said again."""

    def __init__(self, uses: Iterable[Use], refused: Iterable[tuple[str, str]] = ()) -> None:
        self._texts: dict[tuple[str, ...], _Count] = defaultdict(_Count)
        self._words: dict[str, _Count] = defaultdict(_Count)
        self._refused: dict[tuple[str, ...], set[str]] = defaultdict(set)
        for text, external_id in refused:
            self._refused[words_of(text)].add(external_id)
        # A refusal of a like text speaks against the record, by its words.
        self._against = {
            (word, external_id) for words, ids in self._refused.items() for external_id in ids for word in words
        }
        for use in uses:
            words = words_of(use.text)
            self._texts[words].add(use, use.times)
            for word in set(words):
                # Many lines of one kind say the same again: each further one adds less.
                self._words[word].add(use, use.times**0.5)

    def refused(self, text: str) -> frozenset[str]:
        """The records that somebody said no to for this text."""
        return frozenset(self._refused.get(words_of(text), ()))

    def speaks_of(self, text: str) -> bool:
        """Whether anything is known of this text or its words."""
        words = words_of(text)
        return words in self._texts or words in self._refused or any(word in self._words for word in words)

    def recall(self, text: str) -> Mapping[str, Learned]:
        """Records that this text or its words went to, each with a share of certainty."""
        words = words_of(text)
        found: dict[str, Learned] = {}
        for word in set(words):
            for each in self._of_word(word, len(set(words))):
                if each.external_id not in found or found[each.external_id].share < each.share:
                    found[each.external_id] = each
        for each in self._of_text(text, words):
            found[each.external_id] = each
        return {key: each for key, each in found.items() if key not in self._refused.get(words, ())}

    def _of_text(self, text: str, words: tuple[str, ...]) -> Iterable[Learned]:
        count = self._texts.get(words)
        if count is None or not count.total:
            return
        for external_id, times in count.by_record.items():
            share = times / count.total * (0.9 + 0.08 * min(1.0, times / 3))
            yield Learned(external_id, share, count.why(text, external_id), is_same_text=True)

    def _of_word(self, word: str, words: int) -> Iterable[Learned]:
        count = self._words.get(word)
        if count is None or word.isdigit() or len(word) < 3:
            return
        for external_id, times in count.by_record.items():
            share = times / (count.total + 1.0)
            if share < _COMMON or (word, external_id) in self._against:
                continue
            yield Learned(external_id, share * (0.95 if words == 1 else 0.8), count.why(word, external_id))
