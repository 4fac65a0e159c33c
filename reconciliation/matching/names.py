"""How well a text names a contact: truncated, squashed, without vowels, abbreviated or through a known alias."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from rapidfuzz.distance import DamerauLevenshtein

from .census import Census
from .legal_forms import LEGAL_FORMS, TRADING_AS
from .normalise import fold, skeleton, sound, words

_FORMS = frozenset(sound(form) for form in LEGAL_FORMS)
BUCKET_LIMIT = 150
"""A key that more contacts share than this tells nobody."""
_CANDIDATES = 8
_SCORED = 12
_HOPEFUL = 0.3
_SQUASHED_LEAST = 7
_TELLING = 0.6
_LEGAL_WEIGHT = 0.1
_RARE_SHARE = 0.04
_RARE = -math.log(_RARE_SHARE)


@dataclass(slots=True)
class NameMatch:
    """`coverage`: share of the contact's name that the text explains (0..1); `bits`: rarity of what agreed, in
    nats. Never changed; not frozen only because that is slow to make, and very many are made."""

    coverage: float
    bits: float
    via_alias: bool


NAMED = 0.35
"""A text that explains this share of a name is taken to name the contact."""
NAMED_WELL = 0.65
"""And one that explains this much, not by chance."""
NO_MATCH = NameMatch(0.0, 0.0, False)
KNOWN_BY_NUMBER = NameMatch(0.7, 3.0, True)
"""A contact recognised by a number that only its payments held."""
KNOWN_BY_PAYER = NameMatch(0.6, 2.0, False)
"""A contact that is not named, whose documents this payer has paid before."""


def leaders(contacts: Mapping[int, NameMatch], least: float) -> list[int]:
    """The contacts worth a closer look: named at least so well, and not far behind the best in coverage or in
    rarity."""
    if not contacts:
        return []
    most = max([m.coverage for m in contacts.values()]) - 0.3
    rare = 0.9 * max([m.bits for m in contacts.values()])
    return [c for c, m in contacts.items() if m.coverage >= least and (m.coverage >= most or m.bits >= rare)]


class _Text:
    """The words of a line, ready to be compared with many names."""

    __slots__ = ("by_first", "long", "words")

    def __init__(self, words: tuple[str, ...]) -> None:
        self.words = frozenset(words)
        self.long: dict[str, list[str]] = {}
        self.by_first: dict[str, list[str]] = {}
        for word in words:
            self.by_first.setdefault(word[0], []).append(word)
            if len(word) >= _SQUASHED_LEAST:
                self.long.setdefault(word[0], []).append(word)


@dataclass(slots=True)
class _Variant:
    tokens: tuple[str, ...]
    squashed: str
    is_alias: bool
    parts: tuple[tuple[str, float], ...]
    """Every token with its weight."""
    total: float


@lru_cache(maxsize=16384)
def trading_names(memo: str) -> tuple[str, ...]:
    """Other names that a memo declares (“t/a Blue Door Bakery”)."""
    folded = f" {fold(memo)} "
    return tuple([folded.split(mark, 1)[1].strip() for mark in TRADING_AS if mark in folded])


class ContactIndex:
    """All contacts of the ledger, found from the words of a bank line."""

    def __init__(
        self, names: Sequence[str], texts: Iterable[tuple[str, ...]], lines: int, whole: Census | None = None
    ) -> None:
        self.names = list(names)
        self._variants: list[list[_Variant]] = [[] for _ in names]
        self._blocks: dict[str, list[int]] = defaultdict(list)
        self._df = Counter(whole.borne if whole else (t for n in names for t in set(words(n))))
        self._bank_df = Counter(whole.said if whole else (t for text in texts for t in set(text)))
        self._lines = max(1, whole.lines if whole else lines)
        self._known = max(len(self.names), whole.names if whole else 0)
        self._crowded = whole.blocks if whole else {}
        self._cache: dict[tuple[str, ...], dict[int, NameMatch]] = {}
        self._pair: dict[tuple[str, str], float] = {}
        self._rare: dict[str, bool] = {}
        self._shares: dict[str, float] = {}
        self._votes: dict[str, dict[int, float]] = {}
        for contact, name in enumerate(names):
            self.add_name(contact, name, is_alias=False)

    def add_contact(self, name: str) -> int:
        """Make one more contact findable; its number."""
        self.names.append(name)
        self._known = max(self._known, len(self.names))
        self._variants.append([])
        self._votes.clear()
        self.add_name(len(self.names) - 1, name, is_alias=False)
        return len(self.names) - 1

    def hear(self, text: tuple[str, ...]) -> None:
        """Count the words of one more line; what was said about rarity before stays as it was."""
        self._lines += 1
        self._bank_df.update(set(text))

    def add_name(self, contact: int, name: str, *, is_alias: bool) -> None:
        """Make a name, or an alias, findable; aliases of one contact may not repeat."""
        tokens = words(name)
        if not tokens or any(v.tokens == tokens for v in self._variants[contact]):
            return
        weights = tuple(self.rarity(t) * (_LEGAL_WEIGHT if t in _FORMS else 1.0) for t in tokens)
        parts = tuple(zip(tokens, weights, strict=True))
        self._variants[contact].append(_Variant(tokens, "".join(tokens), is_alias, parts, sum(weights)))
        self._votes.clear()
        self._cache.clear()
        for key in block_keys(tokens):
            bucket = self._blocks[key]
            if contact not in bucket[-3:]:
                bucket.append(contact)

    def rarity(self, token: str) -> float:
        """Nats of information when a bank line holds this word; words of the bank's own templates say little."""
        among = math.log((1 + self._known) / (1 + self._df[token]))
        lines = math.log((1 + self._lines) / (1 + self._bank_df[token]))
        return max(0.2, min(among, lines, 6.0))

    def is_rare(self, token: str) -> bool:
        """True for a word that is neither the bank's nor a legal form: probably part of somebody's name."""
        return len(token) >= 3 and self.is_telling(token)

    def is_telling(self, token: str) -> bool:
        """True for a word, or an initial, that is neither the bank's nor a legal form."""
        known = self._rare.get(token)
        if known is None:
            many = self._bank_df[token] > max(2.0, _RARE_SHARE * self._lines)
            known = self._rare[token] = not many and token not in _FORMS
        return known

    def find(self, text: tuple[str, ...]) -> dict[int, NameMatch]:
        """The contacts that these words may name, at most eight, each with how well."""
        hit = self._cache.get(text)
        if hit is None:
            hit = self._cache[text] = self._search(text)
        return hit

    def _search(self, text: tuple[str, ...]) -> dict[int, NameMatch]:
        known = self._votes
        asked = [for_word for word in text if (for_word := known[word] if word in known else self._ask(word))]
        votes = self._count(asked)
        ordered = sorted(votes.values())[-_SCORED:]
        enough = max(ordered[-1] * _HOPEFUL, ordered[0] if len(votes) > _SCORED else 0.0) if ordered else 0.0
        hopeful = [c for c, v in votes.items() if v >= enough]
        crowded = len(hopeful) > _SCORED
        best = sorted(hopeful, key=lambda c: (-votes[c], self.names[c]))[:_SCORED] if crowded else hopeful
        heard = _Text(text)
        scored = {c: self._score(heard, c) for c in best}
        ranked = sorted(
            scored, key=lambda c: (-scored[c].coverage * min(scored[c].bits, 12.0), scored[c].via_alias, self.names[c])
        )
        return {c: scored[c] for c in ranked[:_CANDIDATES] if scored[c].coverage >= 0.2}

    @staticmethod
    def _count(asked: list[dict[int, float]]) -> dict[int, float]:
        """The votes of all words together; those of the word that means most contacts are copied, not counted."""
        if not asked:
            return {}
        longest = max(asked, key=len)
        votes = longest.copy()
        for of_word in asked:
            if of_word is not longest:
                for contact, share in of_word.items():
                    votes[contact] = votes.get(contact, 0.0) + share
        return votes

    def _ask(self, word: str) -> dict[int, float]:
        """The contacts that a word may mean, and how much it speaks for them; a word that half of all lines share
        hardly counts."""
        share = self._shares.get(word)
        if share is None:
            heard = math.log((1 + self._lines) / (1 + self._bank_df[word])) / _RARE
            share = self._shares[word] = min(1.0, heard + 0.1)
        keys, crowded = probe_keys(word), self._crowded
        found = [
            (weight * share, bucket, max(len(bucket), crowded.get(key, 0)))
            for key, weight in (keys if share >= _TELLING else keys[:1])
            if (bucket := self._blocks.get(key))
        ]
        known = 2 + self._known
        votes: dict[int, float] = defaultdict(float)
        for weight, bucket, size in found:
            if size <= BUCKET_LIMIT:
                vote = weight * math.log(known / size)
                for contact in bucket:
                    votes[contact] += vote
        self._votes[word] = votes = dict(votes)
        return votes

    def score(self, text: tuple[str, ...], contact: int) -> NameMatch:
        """Compare words with every known name of the contact and keep the best."""
        return self._score(_Text(text), contact)

    def _score(self, text: _Text, contact: int) -> NameMatch:
        best, worth = NO_MATCH, 0.0
        for variant in self._variants[contact]:
            coverage, bits = self._compare(text, variant)
            if coverage * bits > worth:
                best, worth = NameMatch(coverage, bits, variant.is_alias), coverage * bits
        return best

    def _compare(self, text: _Text, variant: _Variant) -> tuple[float, float]:
        """The share of a name that the text explains, and the rarity of what agreed."""
        long = text.long.get(variant.squashed[0])
        squashed = _squashed_coverage(long, variant.squashed) if long else 0.0
        matched = trailing = 0.0
        alike, heard, by_first = self._pair, text.words, text.by_first
        for token, weight in variant.parts:
            if token in heard:
                matched += weight
                trailing = 0.0
                continue
            best = 0.0
            for word in by_first.get(token[0], ()):
                value = alike.get((word, token))
                if value is None:
                    value = alike[word, token] = likeness(word, token)
                if value > best:
                    best = value
            if best:
                matched += weight * best
                trailing = 0.0
            else:
                trailing += weight
        coverage = matched / (variant.total - 0.4 * trailing) if matched else 0.0
        return (squashed, squashed * variant.total) if squashed > coverage else (coverage, matched)


def likeness(word: str, token: str) -> float:
    """0..1: how probably a bank's word stands for a name's token that begins with the same letter."""
    if len(word) == 1:
        return 0.3
    if len(token) == 1:
        return 0.0
    if token.startswith(word):
        return 0.95 if len(word) >= 5 else 0.85 if len(word) >= 3 else 0.4
    bones, word_bones = skeleton(token), skeleton(word)
    if len(word_bones) >= 3 and word == word_bones and bones.startswith(word):
        return 0.9
    if min(len(word), len(token)) >= 5 and DamerauLevenshtein.distance(word, token, score_cutoff=1) <= 1:
        return 0.85
    if len(word) >= 3 and len(token) >= 5 and word == word_bones and _is_subsequence(word, token):
        return 0.5
    if len(word) == 2 and len(token) >= 5 and _is_subsequence(word, token):
        return 0.3
    if len(word) >= 5 and word_bones == bones:
        return 0.6
    return 0.0


def _is_subsequence(short: str, long: str) -> bool:
    rest = iter(long)
    return all(c in rest for c in short)


def _squashed_coverage(long: list[str], squashed: str) -> float:
    """A name written without spaces, possibly cut: the share of it that one long word holds."""
    best = 0.0
    for word in long:
        if squashed.startswith(word) or (len(squashed) >= _SQUASHED_LEAST and word.startswith(squashed)):
            best = max(best, min(1.0, len(word) / len(squashed)))
    return best


def block_keys(tokens: tuple[str, ...]) -> set[str]:
    """The keys under which a name of these words is found."""
    keys = {f"t:{t}" for t in tokens if len(t) >= 2}
    keys |= {f"p:{t[:4]}" for t in tokens if len(t) >= 4}
    keys |= {f"q:{t[:3]}" for t in tokens if len(t) >= 3}
    keys |= {f"k:{skeleton(t)[:4]}" for t in tokens if len(skeleton(t)) >= 3}
    keys.add(f"s:{''.join(tokens)[:6]}")
    core = [t for t in tokens if t not in _FORMS]
    if len(core) >= 2:
        keys.add(f"a:{''.join(t[0] for t in core)}")
    return keys


@lru_cache(maxsize=65536)
def probe_keys(word: str) -> tuple[tuple[str, float], ...]:
    """The keys that a word of a bank line asks for, and how much each speaks for who is found."""
    size, bones = len(word), skeleton(word)
    found = []
    if size >= 2:
        found += [(f"t:{word}", 1.0), (f"a:{word}", 0.3)]
    if size >= 4:
        found.append((f"p:{word[:4]}", 0.5))
    if size == 3:
        found.append((f"q:{word}", 0.5))
    if len(bones) >= 3:
        found.append((f"k:{bones[:4]}", 0.4 if bones == word else 0.2))
    if size >= 7:
        found.append((f"s:{word[:6]}", 0.8))
    return tuple(found)
