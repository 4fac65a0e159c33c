"""Which ledger record a source's word most likely means: the same code or name first, then likeness of the words."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from rapidfuzz import fuzz, process

_LEAST = 62
_WORDS = re.compile(r"[^\w%.]+")
_PERCENT = re.compile(r"(\d{1,2}(?:[.,]\d{1,3})?)\s*%?")
_EXACT = Decimal(1)

# Words of shops and expense tools, and the words charts of accounts use for them.
_MEANS = {
    "ads": "advertising marketing",
    "advertising": "advertising marketing",
    "airfare": "travel",
    "flights": "travel",
    "hotel": "travel",
    "taxi": "travel",
    "mileage": "travel automobile",
    "lunch": "meals entertainment",
    "restaurant": "meals entertainment",
    "saas": "software subscriptions",
    "hosting": "software subscriptions",
    "stationery": "office supplies",
    "postage": "shipping delivery",
    "stripe": "bank charges fees",
    "paypal": "bank charges fees",
    "rent": "rent lease",
    "lawyer": "legal professional",
    "consulting": "services consulting",
    "retainer": "services",
    "vat": "vat",
    "card": "credit card",
    "visa": "credit card",
    "mastercard": "credit card",
    "amex": "credit card",
    "cash": "cash on hand",
    "bank": "checking current bank",
}


@dataclass(frozen=True)
class Candidate:
    """A ledger record that fits; `percent` only for tax rates."""

    external_id: str
    name: str
    code: str = ""
    full_name: str = ""
    percent: Decimal | None = None


@dataclass(frozen=True)
class Suggestion:
    """A record with a confidence between 0 and 1 and the reason in words; 1 only for the very same code or name."""

    candidate: Candidate
    confidence: Decimal
    reason: str

    @property
    def is_exact(self) -> bool:
        """Whether accepting it in bulk is safe."""
        return self.confidence == _EXACT


def plain(text: str) -> str:
    """Lower case, one space between words, no punctuation."""
    return " ".join(_WORDS.sub(" ", text.replace("_", " ")).casefold().split())


class Suggester:
    """Prepared once for a list of candidates; then one call for each word."""

    def __init__(self, candidates: Sequence[Candidate]) -> None:
        self._candidates = candidates
        self._by_code = _unique((plain(each.code), each) for each in candidates if each.code)
        self._by_name = _unique(
            (plain(text), each) for each in candidates for text in dict.fromkeys((each.name, each.full_name)) if text
        )
        self._names = [plain(each.name) for each in candidates]

    def suggest(self, word: str) -> Suggestion | None:
        """The best candidate, or None when nothing is near enough."""
        return self.exact(word) or self._by_part(word) or self._by_percent(word) or self._alike(word)

    def exact(self, word: str) -> Suggestion | None:
        """The record with the very same code or name, if there is just one; costs one look-up."""
        text = plain(word)
        if found := self._by_code.get(text):
            return Suggestion(found, _EXACT, f"Same code {found.code}")
        if found := self._by_name.get(text):
            return Suggestion(found, _EXACT, "Same name")
        return None

    def _by_part(self, word: str) -> Suggestion | None:
        text = plain(word)
        for part in text.split():
            found = self._by_code.get(part) if part.isdigit() and len(part) > 2 else None
            if found:
                return Suggestion(found, Decimal("0.950"), f"Contains the code {found.code}")
        return None

    def _by_percent(self, word: str) -> Suggestion | None:
        percent = _percent(word)
        same = [each for each in self._candidates if percent is not None and each.percent == percent]
        if not same:
            return None
        best = max(same, key=lambda each: fuzz.token_set_ratio(plain(word), plain(each.name)))
        confidence = Decimal("0.920") if len(same) == 1 else Decimal("0.750")
        others = "" if len(same) == 1 else f", one of {len(same)} with that rate"
        return Suggestion(best, confidence, f"Same rate, {percent.normalize():f} %{others}")  # type: ignore[union-attr]

    def _alike(self, word: str) -> Suggestion | None:
        text = plain(word)
        known = [_MEANS[part] for part in text.split() if part in _MEANS]
        best = _nearest(text, self._names)
        by_meaning = _nearest(" ".join(known), self._names) if known else None
        if by_meaning and (best is None or by_meaning[0] * 0.9 > best[0]):
            score, index = by_meaning[0] * 0.9, by_meaning[1]
            reason = f"“{word}” usually goes under such a name"
        elif best:
            score, index = best
            reason = "Similar name"
        else:
            return None
        confidence = Decimal(str(round(min(score, 94.0) / 100, 3)))
        return Suggestion(self._candidates[index], confidence, reason)


def _nearest(text: str, names: list[str]) -> tuple[float, int] | None:
    # Shared words count less: a name with many more words than the two share is not the same thing.
    scorers = ((fuzz.token_sort_ratio, 1.0), (fuzz.token_set_ratio, 0.86))
    best: tuple[float, int] | None = None
    for scorer, weight in scorers if text else ():
        found = process.extractOne(text, names, scorer=scorer, score_cutoff=_LEAST / weight)
        if found and (best is None or found[1] * weight > best[0]):
            best = (found[1] * weight, found[2])
    return best


def _percent(word: str) -> Decimal | None:
    found = _PERCENT.search(word)
    try:
        return Decimal(found.group(1).replace(",", ".")).normalize() if found else None
    except InvalidOperation:
        return None


def _unique(pairs: Iterable[tuple[str, Candidate]]) -> dict[str, Candidate]:
    found: dict[str, Candidate] = {}
    twice: set[str] = set()
    for text, candidate in pairs:
        if text in found and found[text] != candidate:
            twice.add(text)
        found[text] = candidate
    return {text: candidate for text, candidate in found.items() if text not in twice}
