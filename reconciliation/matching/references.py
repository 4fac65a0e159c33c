"""Document numbers: the keys a number can be cited by, and the citations found in free text."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import date
from functools import lru_cache

from rapidfuzz.distance import OSA

from .months import MONTHS
from .normalise import fold

_RUN = re.compile(r"\d+")
_GAP = re.compile(r"(?<=[a-z])[-/ ](?=\d)")
_CODE = re.compile(r"[a-z0-9]{5,}")
_HAS_BOTH = re.compile(r"(?=.*[a-z])(?=.*\d)")
_DATE = re.compile(r"(?<!\d)(\d{1,2}[/.]\d{1,2}[/.]\d{2,4}|\d{4}-\d{2}-\d{2}|\d{1,2}-\d{1,2}-\d{4})(?!\d)")
_FULL_DATE = re.compile(
    r"(?<!\d)(?:((?:19|20)\d\d)([-/.]?)(\d\d)\2(\d\d)|(\d{1,2})[-/.](\d{1,2})[-/.]((?:19|20)\d\d))(?!\d)"
)
_LAST_DAY = 31
_MONTH_YEAR = re.compile(r"(?<![\d./-])(?:(0?[1-9]|1[0-2])[/.-](20\d\d)|(20\d\d)[/.-](0[1-9]|1[0-2]))(?![\d]|[./-]\d)")
_WORD_YEAR = re.compile(r"(?<![a-z])([a-z]{3,12}+)\.?[ ./'-]{0,2}(20\d\d|\d\d)(?!\d)")
_JOINERS = frozenset(" /-.:")
_YEAR = re.compile(r"^(?:19|20)\d\d(?=\d{3,})")
MIN_DIGITS = 3
NEAR_LEAST = 4
"""Shorter keys are never read as slips of one another."""
MAX_RUNS = 64
"""No text is read for more numbers than this, nor for more codes: nobody pays so much with one line."""
_MOST_GROUPS = 8
"""A payment slip prints its reference in groups of digits: at most so many."""
_SLIP_LENGTH = 40
_SLIP_DIGITS = 10


@lru_cache(maxsize=65536)
def number_keys(number: str) -> tuple[str, ...]:
    """Ways to cite a document number: all its digits, the last run, what follows a year, the last five; its mixed
    code."""
    text = fold(number)
    digits = _RUN.findall(text)
    runs = [r.lstrip("0") for r in digits]
    keys: dict[str, None] = {}
    if len(runs) <= 3 or (len(runs) <= _MOST_GROUPS and len(text) <= _SLIP_LENGTH):
        whole = "".join(digits).lstrip("0")
        if len(whole) >= MIN_DIGITS:
            keys[whole] = None
        tails = [runs[-1] if runs else "", _YEAR.sub("", whole), whole[-5:] if len(whole) >= 7 else ""]
        keys |= dict.fromkeys(t for t in (tail.lstrip("0") for tail in tails) if len(t) >= MIN_DIGITS)
    squashed = "".join(filter(str.isalnum, text))
    if len(squashed) >= 5 and _HAS_BOTH.match(squashed):
        keys[squashed] = None
    return tuple(keys)


@lru_cache(maxsize=16384)
def citations(text: str) -> frozenset[str]:
    """Every key that the text may cite: single runs of digits, neighbouring runs joined, mixed codes. Dates are
    left out."""
    folded = fold(text)
    if not _RUN.search(folded):
        return frozenset()
    folded = _DATE.sub(" | ", folded)
    found: set[str] = set()
    matches = list(_RUN.finditer(folded))[:MAX_RUNS]
    for here, following in zip(matches, [*matches[1:], None], strict=False):
        _add(found, here.group())
        if following and following.start() - here.end() == 1 and folded[here.end()] in _JOINERS:
            _add(found, here.group() + following.group())
    if len(matches) > 2:
        _add_slips(found, folded, matches)
    joined = _GAP.sub("", folded)
    return frozenset(found.union(_codes(folded), _codes(joined) if joined != folded else ()))


def _codes(text: str) -> set[str]:
    """The first codes of letters and digits."""
    return set([w for w in _CODE.findall(text) if not w.isalpha() and not w.isdigit()][:MAX_RUNS])


def _add_slips(found: set[str], folded: str, matches: list[re.Match[str]]) -> None:
    """References printed in three or more groups of digits: each chain of groups whole, without the first two, without
    the last. Longer chains are lists of numbers."""
    start = 0
    for at in range(1, len(matches) + 1):
        is_joined = at < len(matches) and matches[at].start() - matches[at - 1].end() == 1
        if is_joined and folded[matches[at - 1].end()] in _JOINERS:
            continue
        if 2 < at - start <= _MOST_GROUPS + 2:
            for first in range(start, start + 3):
                groups = [m.group() for m in matches[first : min(at, first + _MOST_GROUPS)]]
                for digits in ("".join(groups), "".join(groups[:-1])):
                    if len(groups) > 2 and len(digits) >= _SLIP_DIGITS:
                        _add(found, digits, _SLIP_LENGTH)
        start = at


@lru_cache(maxsize=16384)
def told_months(text: str) -> frozenset[int]:
    """Every month that a text names, as months since year 0: “03/2025”, “2025-03”, “Mar 2025”, “März 25”."""
    found: set[int] = set()
    for match in _MONTH_YEAR.finditer(text) if "20" in text else ():
        month, year = (match[1], match[2]) if match[2] else (match[4], match[3])
        found.add(int(year) * 12 + int(month))
    for match in _WORD_YEAR.finditer(fold(text)):
        month_of = MONTHS.get(match[1])
        if month_of:
            found.add((int(match[2]) % 100 + 2000) * 12 + month_of)
    return frozenset(found)


def document_months(on: date, due: date) -> dict[str, int]:
    """The months that a document is of, in months since year 0: when it was issued, and when it falls due."""
    return {"issued": on.year * 12 + on.month, "due": due.year * 12 + due.month}


def month_keys(at: int) -> tuple[str, ...]:
    """What a month, in months since year 0, looks like as a citation; it is no slip of anything."""
    year, month = divmod(at - 1, 12)
    return f"{month + 1}{year}", f"{year}{month + 1}", f"{year}{month + 1:02d}"


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


def _add(found: set[str], digits: str, most: int = 24) -> None:
    key = digits.lstrip("0")
    if MIN_DIGITS <= len(key) <= most:
        found.add(key)


def is_near(cited: str, key: str) -> bool:
    """True when two keys of four or more characters differ by one slip: swapped neighbours, one wrong, missing or
    extra character."""
    return len(cited) >= NEAR_LEAST and len(key) >= NEAR_LEAST and OSA.distance(cited, key, score_cutoff=1) == 1
