"""Tax codes: the same percentage, the same treatment (reverse charge, export…), the same country."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from mappings.suggesting.words import fold, words_of

_NUMBER = re.compile(r"(?<![\d.,])(\d{1,2}(?:[.,]\d{1,3})?)\s*(%?)")
_NOT_PERCENT = re.compile(r"(?:§\s*)?\b(?:13\s*b|4\s*nr\.?\s*\d+\w?)\b", re.IGNORECASE)
_PART = re.compile(r"[a-z]+|\d+(?:\.\d+)?|13b")
_LOW, _HIGH = "reduced", "standard"


@dataclass(frozen=True)
class Rate:
    """What a tax code's words say; `percents`: numbers that may be its percentage, those with a sign first."""

    percents: tuple[Decimal, ...]
    treatments: frozenset[str]
    levels: frozenset[str]
    countries: frozenset[str]


def read_rate(text: str) -> Rate:
    """Percentages, treatments and countries named in a text such as "DE OSS 19%" or "igL"."""
    bare = _NOT_PERCENT.sub(" 13b " if "13" in text else " ", text)
    numbers = _NUMBER.findall(bare.replace("13b", " "))
    percents = [Decimal(number.replace(",", ".")) for number, _ in sorted(numbers, key=lambda each: not each[1])]
    words = {part for word in words_of(_spaced(bare)) for part in _parts(word)}
    phrases = _data()["phrases"]
    named = {name for phrase, name in phrases if phrase <= words}
    plain = {name for name in named if _data()["treatments"][name].get("plain")}
    short = {part.upper() for part in re.split(r"[^A-Za-z]+", _spaced(text)) if len(part) == 2 and part.isupper()}
    countries = {code for phrase, code in _data()["country_phrases"] if phrase <= words}
    countries |= short & _data()["countries"].keys()
    return Rate(tuple(percents), frozenset(named - plain), frozenset(plain), frozenset(countries))


def likeness(wanted: Rate, text_percent: Decimal | None, has: Rate, country: str) -> float:
    """0 to 1: how well a tax rate of the ledger (its percentage, its words) is what a source's code says."""
    percent = wanted.percents[0] if wanted.percents else _usual(wanted, country)
    special = _treatment(wanted.treatments, has.treatments)
    place = _place(wanted, has, country)
    if percent is None:
        return special * place if wanted.treatments else 0.0
    if text_percent is None or percent != text_percent:
        # Reverse-charged rates stand at 0 in some ledgers and at the full rate in others.
        is_reverse = "reverse" in wanted.treatments & has.treatments
        return 0.7 * special * place if is_reverse else 0.0
    certain = 0.95 if wanted.percents else 0.9
    return certain * place * (special if wanted.treatments or has.treatments else 1.0)


def _usual(wanted: Rate, country: str) -> Decimal | None:
    if wanted.treatments:
        return None
    places = [code for code in (*wanted.countries, country) if code in _data()["rates"]]
    level = next((name for name in ("intermediate", _LOW, _HIGH) if name in wanted.levels), "")
    if not places or not level:
        return None
    rate = _data()["rates"][places[0]].get(level)
    return None if rate is None else Decimal(str(rate))


def _treatment(wanted: frozenset[str], has: frozenset[str]) -> float:
    if wanted == has:
        return 1.0
    if wanted & has:
        return 0.9 if wanted < has or has < wanted else 0.8
    if not wanted:
        # "0 %" may be the zero rate; "20 %" is hardly the one for reverse charge.
        return 0.8 if has <= {"zero"} else 0.45
    if not has:
        return 0.5
    near: Mapping[str, Mapping[str, float]] = _data()["near"]
    return max(near.get(mine, {}).get(theirs, 0.15) for mine in wanted for theirs in has)


def _place(wanted: Rate, has: Rate, country: str) -> float:
    theirs = has.countries or ({country} if country else set())
    mine = wanted.countries or ({country} if country else set())
    if not mine or not theirs or mine & theirs:
        return 1.0 if bool(wanted.countries) == bool(has.countries) or mine & theirs == {country} else 0.95
    return 0.45


def _parts(word: str) -> list[str]:
    return [word, *_PART.findall(word)]


def _spaced(text: str) -> str:
    # "TVA10", "DE19" and "13b" are two words, three for "VAT20DE".
    return re.sub(r"(?<=[A-Za-z])(?=\d)|(?<=\d)(?=[A-Za-z]{2})", " ", text)


@cache
def _data() -> dict[str, Any]:
    path = Path(__file__).resolve().parent / "taxes.yaml"
    read: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    read["phrases"] = [
        (frozenset(words_of(text)), name)
        for name, entry in read["treatments"].items()
        for text in entry["words"].split(";")
    ]
    read["country_phrases"] = [
        (frozenset(words_of(fold(text))), code)
        for code, texts in read["countries"].items()
        for text in texts.split(";")
    ]
    return read
