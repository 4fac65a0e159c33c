"""How well a text names a contact: truncated, squashed, without vowels, abbreviated or through a known alias."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from rapidfuzz.distance import DamerauLevenshtein

from .legal_forms import LEGAL_FORMS, TRADING_AS
from .normalise import fold, skeleton, sound, words

_FORMS = frozenset(sound(form) for form in LEGAL_FORMS)
_BUCKET_LIMIT = 150
_CANDIDATES = 8
_SCORED = 12
_HOPEFUL = 0.3
_SQUASHED_LEAST = 7
_TELLING = 0.6
_LEGAL_WEIGHT = 0.1
_RARE_SHARE = 0.04
_RARE = -math.log(_RARE_SHARE)


@dataclass(frozen=True, slots=True)
class NameMatch:
    """`coverage`: share of the contact's name that the text explains (0..1); `bits`: rarity of what agreed, in
    nats."""

    coverage: float
    bits: float
    via_alias: bool


NO_MATCH = NameMatch(0.0, 0.0, False)


def leaders(contacts: Mapping[int, NameMatch], least: float) -> list[int]:
    """The contacts worth a closer look: named at least so well, and not far behind the best in coverage or in
    rarity."""
    best = max((m.coverage for m in contacts.values()), default=0.0)
    bits = max((m.bits for m in contacts.values()), default=0.0)
    return [
        c for c, m in contacts.items() if m.coverage >= least and (m.coverage >= best - 0.3 or m.bits >= 0.9 * bits)
    ]


class _Text:
    """The words of a line, ready to be compared with many names."""

    __slots__ = ("by_first", "long", "words")

    def __init__(self, words: tuple[str, ...]) -> None:
        self.words = frozenset(words)
        self.long = [w for w in words if len(w) >= _SQUASHED_LEAST]
        self.by_first: dict[str, list[str]] = defaultdict(list)
        for word in words:
            self.by_first[word[0]].append(word)


@dataclass(slots=True)
class _Variant:
    tokens: tuple[str, ...]
    squashed: str
    is_alias: bool
    weights: tuple[float, ...]


def trading_names(memo: str) -> list[str]:
    """Other names that a memo declares (“t/a Blue Door Bakery”)."""
    folded = f" {fold(memo)} "
    return [folded.split(mark, 1)[1].strip() for mark in TRADING_AS if mark in folded]


class ContactIndex:
    """All contacts of the ledger, found from the words of a bank line."""

    def __init__(self, names: Sequence[str], texts: Iterable[tuple[str, ...]], lines: int) -> None:
        self.names = list(names)
        self._variants: list[list[_Variant]] = [[] for _ in names]
        self._blocks: dict[str, list[int]] = defaultdict(list)
        self._df = Counter(t for n in names for t in set(words(n)))
        self._bank_df = Counter(t for text in texts for t in set(text))
        self._lines = max(1, lines)
        self._cache: dict[tuple[str, ...], dict[int, NameMatch]] = {}
        self._pair: dict[tuple[str, str], float] = {}
        self._rare: dict[str, bool] = {}
        self._shares: dict[str, float] = {}
        self._fresh_keys: set[str] = set()
        for contact, name in enumerate(names):
            self.add_name(contact, name, is_alias=False)

    def add_contact(self, name: str) -> int:
        """Make one more contact findable; its number."""
        self.names.append(name)
        self._variants.append([])
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
        self._variants[contact].append(_Variant(tokens, "".join(tokens), is_alias, weights))
        keys = _block_keys(tokens)
        for key in keys:
            bucket = self._blocks[key]
            if contact not in bucket[-3:]:
                bucket.append(contact)
        self._fresh_keys |= keys

    def forget_outdated(self) -> set[tuple[str, ...]]:
        """Drop remembered answers that names added since could change, and say which."""
        fresh, self._fresh_keys = self._fresh_keys, set()
        outdated = {t for t in self._cache if any(k in fresh for w in t for k, _ in _probe_keys(w))}
        for text in outdated:
            del self._cache[text]
        return outdated

    def rarity(self, token: str) -> float:
        """Nats of information when a bank line holds this word; words of the bank's own templates say little."""
        among = math.log((1 + len(self.names)) / (1 + self._df[token]))
        lines = math.log((1 + self._lines) / (1 + self._bank_df[token]))
        return max(0.2, min(among, lines, 6.0))

    def is_rare(self, token: str) -> bool:
        """True for a word that is neither the bank's nor a legal form: probably part of somebody's name."""
        known = self._rare.get(token)
        if known is None:
            enough = len(token) >= 3 and token not in _FORMS
            known = self._rare[token] = enough and self._bank_df[token] <= max(2.0, _RARE_SHARE * self._lines)
        return known

    def find(self, text: tuple[str, ...]) -> dict[int, NameMatch]:
        """The contacts that these words may name, at most eight, each with how well."""
        hit = self._cache.get(text)
        if hit is None:
            hit = self._cache[text] = self._search(text)
        return hit

    def _search(self, text: tuple[str, ...]) -> dict[int, NameMatch]:
        votes: dict[int, float] = defaultdict(float)
        for key, weight in self._probes(text):
            bucket = self._blocks.get(key)
            if bucket and len(bucket) <= _BUCKET_LIMIT:
                share = weight * math.log((2 + len(self.names)) / len(bucket))
                for contact in bucket:
                    votes[contact] += share
        enough = max(votes.values(), default=0.0) * _HOPEFUL
        hopeful = [c for c, v in votes.items() if v >= enough]
        best = sorted(hopeful, key=lambda c: (-votes[c], self.names[c]))[:_SCORED]
        heard = _Text(text)
        scored = {c: self._score(heard, c) for c in best}
        ranked = sorted(
            scored, key=lambda c: (-scored[c].coverage * min(scored[c].bits, 12.0), scored[c].via_alias, self.names[c])
        )
        return {c: scored[c] for c in ranked[:_CANDIDATES] if scored[c].coverage >= 0.2}

    def _probes(self, text: tuple[str, ...]) -> Iterable[tuple[str, float]]:
        """Keys to look contacts up by; a word that half of all lines share hardly counts."""
        for word in text:
            share = self._shares.get(word)
            if share is None:
                heard = math.log((1 + self._lines) / (1 + self._bank_df[word])) / _RARE
                share = self._shares[word] = min(1.0, heard + 0.1)
            keys = _probe_keys(word)
            for key, weight in keys if share >= _TELLING else keys[:1]:
                yield key, weight * share

    def score(self, text: tuple[str, ...], contact: int) -> NameMatch:
        """Compare words with every known name of the contact and keep the best."""
        return self._score(_Text(text), contact)

    def _score(self, text: _Text, contact: int) -> NameMatch:
        best = NO_MATCH
        for variant in self._variants[contact]:
            found = self._compare(text, variant)
            if found.coverage * found.bits > best.coverage * best.bits:
                best = found
        return best

    def _compare(self, text: _Text, variant: _Variant) -> NameMatch:
        squashed = _squashed_coverage(text.long, variant.squashed) if text.long else 0.0
        total = matched = trailing = 0.0
        for token, weight in zip(variant.tokens, variant.weights, strict=True):
            total += weight
            if token in text.words:
                matched += weight
                trailing = 0.0
                continue
            best = 0.0
            for word in text.by_first.get(token[0], ()):
                best = max(best, self._alike(word, token))
            matched += weight * best
            trailing = 0.0 if best else trailing + weight
        coverage = matched / (total - 0.4 * trailing) if matched else 0.0
        if squashed > coverage:
            return NameMatch(squashed, squashed * total, variant.is_alias)
        return NameMatch(coverage, matched, variant.is_alias)

    def _alike(self, word: str, token: str) -> float:
        pair = (word, token)
        value = self._pair.get(pair)
        if value is None:
            value = self._pair[pair] = likeness(word, token)
        return value


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


def _block_keys(tokens: tuple[str, ...]) -> set[str]:
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
def _probe_keys(word: str) -> tuple[tuple[str, float], ...]:
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
