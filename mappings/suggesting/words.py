"""Text as words that compare: no accents, no plural, no filling words."""

import re
import unicodedata
from functools import lru_cache

_SPLIT = re.compile(r"[^0-9a-z]+")
_LETTERS = {"ß": "ss", "æ": "ae", "ø": "o", "œ": "oe", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i"}
_TABLE = str.maketrans(_LETTERS)
# English, German, French and Dutch.
_FILLING = frozenset({
    "a", "an", "and", "at", "by", "for", "from", "in", "of", "on", "or", "the", "to", "with", "your", "our",
    "my", "per", "via", "und", "oder", "fur", "mit", "von", "vom", "zum", "zur", "der", "die", "das", "den",
    "des", "im", "am", "bei", "auf", "aus", "de", "du", "la", "le", "les", "un", "une", "et", "ou", "au", "aux",
    "sur", "en", "pour", "par", "d", "l", "het", "een", "van", "voor", "met", "op", "amp", "s", "x",
})  # fmt: skip
_KEPT_PLURALS = frozenset({"business", "gas", "news", "gross", "access", "express", "wireless", "process", "press"})


def fold(text: str) -> str:
    """Lower case without accents: "Bürobedarf" → "burobedarf"."""
    folded = unicodedata.normalize("NFKD", text.casefold().translate(_TABLE))
    return "".join(sign for sign in folded if not unicodedata.combining(sign)).translate(_TABLE)


@lru_cache(maxsize=65536)
def words_of(text: str) -> tuple[str, ...]:
    """The words that carry the meaning, each in a form without plural, in order.

    >>> words_of("Repairs & Maintenance")
    ('repair', 'maintenance')
    """
    parts = _SPLIT.split(fold(text).replace("'", " ").replace("’", " "))
    plain = [part for part in parts if part]
    kept = [part for part in plain if part not in _FILLING]
    return tuple(_stem(part) for part in kept or plain)


def _stem(word: str) -> str:
    if len(word) < 4 or word in _KEPT_PLURALS or word[-1] not in "sx":
        return word
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("sses", "ches", "shes", "xes")):
        return word[:-2]
    if word.endswith("eaux"):
        return word[:-1]
    return word if word.endswith(("ss", "us", "is", "x")) else word[:-1]
