"""Text to comparable tokens: case, accents, scripts, umlaut digraphs, word skeletons."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from .transliteration import SAME_SOUND, TABLE

_WORD = re.compile(r"[^\W_]+")
_VOWELS = str.maketrans("", "", "aeiou")
_REPEATED = re.compile(r"(.)\1+")
_DIGIT = re.compile(r"\d")


@lru_cache(maxsize=65536)
def fold(text: str) -> str:
    """Lower-case plain Latin text with other scripts transliterated and accents removed."""
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", text.casefold().translate(TABLE))
    return "".join(c for c in decomposed if not unicodedata.combining(c)).translate(TABLE)


@lru_cache(maxsize=65536)
def sound(token: str) -> str:
    """A folded token in one spelling: digraphs and doubled letters reduced, so that variants of one name are
    equal."""
    for old, new in SAME_SOUND:
        if old in token:
            token = token.replace(old, new)
    return _REPEATED.sub(r"\1", token)


@lru_cache(maxsize=65536)
def skeleton(token: str) -> str:
    """The first letter and the consonants after it."""
    return token[:1] + token[1:].translate(_VOWELS)


@lru_cache(maxsize=65536)
def words(text: str) -> tuple[str, ...]:
    """Tokens without digits, in one spelling, apostrophes and dots inside a word removed."""
    folded = fold(text).replace("'", "").replace(".", "")
    return tuple([sound(w) for w in _WORD.findall(folded) if w.isalpha() or not _DIGIT.search(w)])
