"""Which ledger record a source's word most likely means, how surely, and why.

Evidence, each a score between 0 and 1: the same code or name; what this tenant did with such words before; the meaning
of the words (`suggesting/*.yaml`, English, German, French, some Dutch); likeness of names; percentage and treatment of
taxes. The scores of the best record and of the next are turned into a confidence that was measured on charts made for
that (`benchmarks/suggestions.py`). Pure: the same values in, the same suggestions out.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache, partial
from heapq import nlargest, nsmallest

from rapidfuzz import fuzz

from mappings.suggesting.calibration import Signs, confidence_of
from mappings.suggesting.charts import by_number
from mappings.suggesting.concepts import Vocabulary, vocabulary
from mappings.suggesting.learned import Memory, Use
from mappings.suggesting.names import Names
from mappings.suggesting.taxes import Rate, likeness, read_rate
from mappings.suggesting.words import fold, words_of

__all__ = ["Candidate", "Knowledge", "Suggester", "Suggestion", "Use", "plain"]

_PUNCTUATION = re.compile(r"[^\w%.]+")
_EXACT = Decimal(1)
_NOTHING = Memory(())
_CONCEPTS, _OF_A_CONCEPT = 10, 12
_LEAST = 0.3
"""A record scoring less is not shown."""
_ASSETS = frozenset({"fixed_asset", "other_asset", "current_asset"})
_NOT_AN_ASSET, _NO_ASSET_ACCOUNT = 0.62, 0.8
_NUMBER_SPEAKS = 0.72
_CURRENCY = re.compile(r"(?<![A-Z])(EUR|USD|GBP|CHF|CAD|AUD|NZD|JPY|SEK|NOK|DKK|PLN|CZK|HUF|INR|SGD|HKD)(?![A-Z])")


@dataclass(frozen=True)
class Candidate:
    """A ledger record that fits; `percent` only for tax rates, `kind` the account's type."""

    external_id: str
    name: str
    code: str = ""
    full_name: str = ""
    percent: Decimal | None = None
    kind: str = ""
    currency: str = ""


@dataclass(frozen=True)
class Knowledge:
    """Where the word is used, and what this tenant did before.

    `uses`: texts and the records they went to, in versions before, on the other side, or in the ledger's own documents;
    `refused`: (text, external_id) that somebody said no to. `country`: ISO 3166 of the books, for usual tax rates.
    """

    subject: str = ""
    side: str = ""
    country: str = ""
    uses: Sequence[Use] = ()
    refused: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True)
class Suggestion:
    """A record with a confidence between 0 and 1 and the reason in words; 1 only for the very same code or name.

    `is_confident` ones are right so often that accepting them together is reasonable.
    """

    candidate: Candidate
    confidence: Decimal
    reason: str
    is_confident: bool = False
    signs: Signs | None = field(default=None, compare=False, repr=False)

    @property
    def is_exact(self) -> bool:
        """Whether it is the very same code or name."""
        return self.confidence == _EXACT


@dataclass(frozen=True)
class _Scored:
    score: float
    reason: str
    by: str
    concept: str = ""
    """Of a meaning: what the record stands for; `reason` is then what the word means."""

    @property
    def is_neighbour(self) -> bool:
        """Whether the record stands for something near what the word means."""
        return bool(self.concept) and self.concept != self.reason

    def why(self, word: str) -> str:
        """The reason in words."""
        return _why(word, self.reason, self.concept) if self.concept else self.reason


@dataclass(frozen=True)
class _Prepared:
    """A candidate's name taken apart once."""

    candidate: Candidate
    words: tuple[str, ...]
    concepts: Mapping[str, float]
    rate: Rate | None = None


def plain(text: str) -> str:
    """Lower case, one space between words, no punctuation."""
    return " ".join(_PUNCTUATION.sub(" ", text.replace("_", " ")).casefold().split())


class Suggester:
    """Prepared once for a list of candidates; then one call for each word; `taught` makes one that knows more."""

    def __init__(self, candidates: Sequence[Candidate], knowledge: Knowledge | None = None) -> None:
        self._knows = knowledge or Knowledge()
        self._candidates = candidates
        self._by_code = _unique((plain(each.code), each) for each in candidates if each.code)
        self._by_name = _unique(
            (plain(text), each) for each in candidates for text in dict.fromkeys((each.name, each.full_name)) if text
        )
        self._memory = Memory(self._knows.uses, self._knows.refused)
        self._vocabulary = vocabulary(self._knows.subject, self._knows.side)
        self._is_ready = False
        self._unlearned = lru_cache(maxsize=65536)(partial(self._suggest, memory=_NOTHING))

    def taught(self, knowledge: Knowledge) -> "Suggester":
        """One for the same records and use that knows these `uses` and `refused`, and none that were known before.

        All that was prepared is shared, so it costs the counting of what is new; a word that nothing was learned of is
        answered from what is remembered.
        """
        self._prepare()
        made = copy(self)
        made._memory = Memory(knowledge.uses, knowledge.refused)
        return made

    def exact(self, word: str) -> Suggestion | None:
        """The record with the very same code or name, if there is just one; costs one look-up."""
        return self._exact(word, self._memory)

    def suggest(self, word: str) -> Suggestion | None:
        """The best candidate, or None when nothing is near enough."""
        if self._memory.speaks_of(word):
            return self._suggest(word, self._memory)
        return self._unlearned(word)

    def ranked(self, word: str, most: int = 5) -> list[Suggestion]:
        """The likeliest candidates, best first."""
        first = self.suggest(word)
        others = self._ranked(word, most, self._memory)
        return [first, *(each for each in others if each.candidate != first.candidate)][:most] if first else []

    def _exact(self, word: str, memory: Memory) -> Suggestion | None:
        text = plain(word)
        if found := self._by_code.get(text):
            reason = f"Same code {found.code}"
        elif found := self._by_name.get(text):
            reason = "Same name"
        if not found or found.external_id in memory.refused(word):
            return None
        return Suggestion(found, _EXACT, reason, is_confident=True)

    def _suggest(self, word: str, memory: Memory) -> Suggestion | None:
        likeliest = partial(self._ranked, word, 1, memory)
        return self._exact(word, memory) or self._by_part(word, memory) or next(iter(likeliest()), None)

    def _by_part(self, word: str, memory: Memory) -> Suggestion | None:
        for part in plain(word).split():
            found = self._by_code.get(part) if part.isdigit() and len(part) > 2 else None
            if found and found.external_id not in memory.refused(word):
                return Suggestion(found, Decimal("0.950"), f"Contains the code {found.code}", is_confident=True)
        return None

    def _ranked(self, word: str, most: int, memory: Memory) -> list[Suggestion]:
        self._prepare()
        scores = self._scores(word, memory)
        best = nsmallest(most + 1, scores.items(), key=lambda each: (-each[1].score, each[0]))
        made = []
        for place, (index, found) in enumerate(best[:most]):
            if found.score < _LEAST:
                break
            after = best[place + 1][1].score if place + 1 < len(best) else 0.0
            lead = found.score - after if place == 0 else 0.0
            signs = Signs(found.by, found.score, lead, is_neighbour=found.is_neighbour)
            confidence = Decimal(f"{confidence_of(signs):.3f}")
            sure = place == 0 and signs.is_confident
            made.append(Suggestion(self._candidates[index], confidence, found.why(word), sure, signs))
        return made

    def _prepare(self) -> None:
        if self._is_ready:
            return
        self._is_tax = any(each.percent is not None for each in self._candidates)
        numbers = {} if self._is_tax else by_number(self._vocabulary, [(c.code, c.name) for c in self._candidates])
        self._prepared = [_prepared(each, self._vocabulary, numbers, self._is_tax) for each in self._candidates]
        self._index = {each.external_id: index for index, each in enumerate(self._candidates)}
        self._names = Names([each.words for each in self._prepared])
        self._sorted: dict[tuple[str, bool], list[int]] = {}
        self._by_concept: dict[str, list[tuple[int, float]]] = defaultdict(list)
        for index, each in enumerate(self._prepared):
            for concept, strength in each.concepts.items():
                self._by_concept[concept].append((index, strength))
        self._is_ready = True

    def _scores(self, word: str, memory: Memory) -> dict[int, _Scored]:
        alike = self._names.alike(words_of(word))
        found = self._by_rate(word) if self._is_tax else self._by_meaning(word, alike)
        for index, share in alike.items():
            _keep(found, index, _Scored(0.9 * share, "Similar name", "name"))
        for external_id, learned in memory.recall(word).items():
            if external_id in self._index:
                by = "memory" if learned.is_same_text else "habit"
                _keep(found, self._index[external_id], _Scored(learned.share, learned.reason, by))
        for external_id in memory.refused(word):
            found.pop(self._index.get(external_id, -1), None)
        return found

    def _by_meaning(self, word: str, likely: Iterable[int]) -> dict[int, _Scored]:
        meaning = self._vocabulary.meaning(word)
        wanted: dict[str, tuple[float, str]] = {}
        for concept, strength in meaning.strengths.items():
            for other, weight in self._vocabulary.near[concept].items():
                if strength * weight > wanted.get(other, (0.0, ""))[0]:
                    wanted[other] = (strength * weight, concept)
        is_asset = any(self._vocabulary.kinds[each] for each, at in meaning.strengths.items() if at >= 0.7)
        currencies = frozenset(_CURRENCY.findall(word.upper()))
        nearest = nlargest(_CONCEPTS, wanted, key=lambda concept: wanted[concept][0])
        places = {index for concept in nearest for index in self._clearest(concept, is_asset)}
        found: dict[int, _Scored] = {}
        for index in places.union(likely):
            each = self._prepared[index]
            score, concept = 0.0, ""
            for name, strength in each.concepts.items():
                if name in wanted and wanted[name][0] * strength > score:
                    score, concept = wanted[name][0] * strength, name
            if concept:
                fit = _fits(each.candidate, is_asset=is_asset, currencies=currencies)
                found[index] = _Scored(score * 0.97 * fit, wanted[concept][1], "meaning", concept)
        return found

    def _clearest(self, concept: str, is_asset: bool) -> list[int]:
        """The records that say a concept most clearly; sorted once."""
        key = (concept, is_asset)
        if key not in self._sorted:
            fitting = [
                (-strength * _fits(self._candidates[index], is_asset=is_asset, currencies=frozenset()), index)
                for index, strength in self._by_concept.get(concept, ())
            ]
            self._sorted[key] = [index for _, index in sorted(fitting)[:_OF_A_CONCEPT]]
        return self._sorted[key]

    def _by_rate(self, word: str) -> dict[int, _Scored]:
        wanted = read_rate(word)
        found: dict[int, _Scored] = {}
        for index, each in enumerate(self._prepared):
            assert each.rate is not None  # noqa: S101 - narrows the type; all are prepared alike
            score = likeness(wanted, each.candidate.percent, each.rate, self._knows.country)
            # Among rates of one percentage, the more alike name stands first.
            score *= 0.97 + 0.03 * fuzz.token_set_ratio(fold(word), fold(each.candidate.name)) / 100
            if score > 0:
                found[index] = _Scored(score, _why_rate(wanted, each), "rate")
        return found


def _prepared(candidate: Candidate, words: Vocabulary, numbers: Mapping[str, str], is_tax: bool) -> _Prepared:
    text = candidate.full_name if candidate.full_name.count(":") else candidate.name
    if is_tax:
        return _Prepared(candidate, words_of(text), {}, read_rate(text))
    concepts = dict(words.meaning(text).strengths)
    if text != candidate.name:
        # The last part of "Auto:Fuel" says what it is; the parts before say where it stands.
        own = words.meaning(candidate.name).strengths
        concepts = {name: strength * (0.7 if own else 1.0) for name, strength in concepts.items()} | dict(own)
    if concept := numbers.get(candidate.code):
        concepts[concept] = max(concepts.get(concept, 0.0), _NUMBER_SPEAKS)
    return _Prepared(candidate, words_of(text), concepts)


def _fits(candidate: Candidate, *, is_asset: bool, currencies: frozenset[str]) -> float:
    fit = 1.0
    if candidate.kind:
        is_kept = candidate.kind in _ASSETS
        fit *= _NOT_AN_ASSET if is_kept and not is_asset else _NO_ASSET_ACCOUNT if is_asset and not is_kept else 1.0
    if currencies:
        has = set(_CURRENCY.findall(candidate.name.upper())) | ({candidate.currency} if candidate.currency else set())
        fit *= 1.0 if has & currencies else 0.9 if not has else 0.6
    return fit


def _keep(found: dict[int, _Scored], index: int, new: _Scored) -> None:
    """Two kinds of evidence for one record are more than either; the stronger one gives the reason."""
    old = found.get(index)
    if old is None:
        found[index] = new
        return
    first, second = (old, new) if old.score >= new.score else (new, old)
    both = first.score + (1 - first.score) * second.score * 0.35
    found[index] = _Scored(both, first.reason, first.by, first.concept)


def _why(word: str, origin: str, concept: str) -> str:
    meant = origin.replace("_", " ")
    if origin == concept:
        return f"“{word}” means {meant}"
    return f"“{word}” means {meant}, which goes under {concept.replace('_', ' ')} here"


def _why_rate(wanted: Rate, each: _Prepared) -> str:
    parts = []
    if each.candidate.percent is not None and each.candidate.percent in wanted.percents:
        parts.append(f"same rate, {each.candidate.percent.normalize():f} %")
    elif wanted.levels and each.candidate.percent is not None:
        parts.append(f"the usual {'/'.join(sorted(wanted.levels))} rate, {each.candidate.percent.normalize():f} %")
    shared = sorted(wanted.treatments & (each.rate.treatments if each.rate else frozenset()))
    parts += [name.replace("_", " ") for name in shared]
    text = ", ".join(parts) or "likely treatment"
    return text[0].upper() + text[1:]


def _unique(pairs: Iterable[tuple[str, Candidate]]) -> dict[str, Candidate]:
    found: dict[str, Candidate] = {}
    twice: set[str] = set()
    for text, candidate in pairs:
        if text in found and found[text] != candidate:
            twice.add(text)
        found[text] = candidate
    return {text: candidate for text, candidate in found.items() if text not in twice}
