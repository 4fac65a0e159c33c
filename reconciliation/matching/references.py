"""Document numbers: the keys a number can be cited by, and the citations found in free text."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import date
from functools import lru_cache

from rapidfuzz.distance import OSA

from .normalise import fold

_RUN = re.compile(r"\d+")
_CODE = re.compile(r"[a-z0-9]{5,}")
_HAS_BOTH = re.compile(r"(?=.*[a-z])(?=.*\d)")
_DATE = re.compile(r"(?<!\d)(\d{1,2}[/.]\d{1,2}[/.]\d{2,4}|\d{4}-\d{2}-\d{2}|\d{1,2}-\d{1,2}-\d{4})(?!\d)")
_FULL_DATE = re.compile(
    r"(?<!\d)(?:((?:19|20)\d\d)([-/.]?)(\d\d)\2(\d\d)|(\d{1,2})[-/.](\d{1,2})[-/.]((?:19|20)\d\d))(?!\d)"
)
_LAST_DAY = 31
_JOINERS = frozenset(" /-.:")
_YEAR = re.compile(r"^(?:19|20)\d\d(?=\d{3,})")
MIN_DIGITS = 3
NEAR_LEAST = 4
"""Shorter keys are never read as slips of one another."""
MAX_RUNS = 64


@lru_cache(maxsize=65536)
def number_keys(number: str) -> tuple[str, ...]:
    """Ways to cite a document number: all its digits, the last run, what follows a year, the last five; its mixed
    code."""
    text = fold(number)
    runs = [r.lstrip("0") for r in _RUN.findall(text)]
    keys: dict[str, None] = {}
    if len(runs) <= 3:
        whole = "".join(_RUN.findall(text)).lstrip("0")
        if len(whole) >= MIN_DIGITS:
            keys[whole] = None
        tails = [runs[-1] if runs else "", _YEAR.sub("", whole), whole[-5:] if len(whole) >= 7 else ""]
        keys |= dict.fromkeys(t for t in (tail.lstrip("0") for tail in tails) if len(t) >= MIN_DIGITS)
    squashed = "".join(c for c in text if c.isalnum())
    if len(squashed) >= 5 and _HAS_BOTH.match(squashed):
        keys[squashed] = None
    return tuple(keys)


@lru_cache(maxsize=16384)
def citations(text: str) -> frozenset[str]:
    """Every key that the text may cite: single runs of digits, neighbouring runs joined, mixed codes. Dates are
    left out."""
    folded = _DATE.sub(" | ", fold(text))
    found: set[str] = set()
    matches = list(_RUN.finditer(folded))[:MAX_RUNS]
    for here, following in zip(matches, [*matches[1:], None], strict=False):
        _add(found, here.group())
        if following and following.start() - here.end() == 1 and folded[here.end()] in _JOINERS:
            _add(found, here.group() + following.group())
    for code in _CODE.findall(folded):
        if _HAS_BOTH.match(code):
            found.add(code)
    for code in _CODE.findall(re.sub(r"(?<=[a-z])[-/ ](?=\d)", "", folded)):
        if _HAS_BOTH.match(code):
            found.add(code)
    return frozenset(found)


@lru_cache(maxsize=16384)
def told_days(text: str) -> frozenset[int]:
    """Every day that a text may name in full, as day numbers; day and month are tried both ways round."""
    found: set[int] = set()
    for match in _FULL_DATE.finditer(text):
        numbers = [int(g) for g in match.groups() if g and g.isdigit()]
        for year, month, day in ((0, 1, 2),) if numbers[0] > _LAST_DAY else ((2, 1, 0), (2, 0, 1)):
            with suppress(ValueError):
                found.add(date(numbers[year], numbers[month], numbers[day]).toordinal())
    return frozenset(found)


def _add(found: set[str], digits: str) -> None:
    key = digits.lstrip("0")
    if MIN_DIGITS <= len(key) <= 24:
        found.add(key)


def is_near(cited: str, key: str) -> bool:
    """True when two keys of four or more characters differ by one slip: swapped neighbours, one wrong, missing or
    extra character."""
    return len(cited) >= NEAR_LEAST and len(key) >= NEAR_LEAST and OSA.distance(cited, key, score_cutoff=1) == 1
