"""How documents are numbered, and how payers cite the numbers: in full, bare, structured, mistyped, or not at all."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from benchmarks.matching_samples import Row

_NUMBERINGS = (
    "RE-{year}-{n:05d}",
    "{year}/{n:04d}",
    "FV/{m}/{month:02d}/{year}",
    "INV{n:06d}",
    "{m}/{month:02d}/{year}",
    "{n:05d}",
    "A-{short}-{n:04d}",
    "N{short}{month:02d}-{m:03d}",
    "F{year}{n:05d}",
    "{n:06d}-{short}",
)
STYLES = ("full", "full", "bare", "word", "dated", "structured", "own", "customer", "text", "none")


@dataclass
class Numbering:
    """The running numbers of one kind of document."""

    style: str
    first: int
    per_day: int
    since: date
    count: int = 0
    of_day: Counter[date] = field(default_factory=Counter)

    @classmethod
    def draw(cls, chance: random.Random, since: date, per_day: int) -> Numbering:
        """One of the usual styles, starting somewhere."""
        first = chance.choice((1017, 1380, 5204, 23070, 60411))
        return cls(chance.choice(_NUMBERINGS), first, per_day, since)

    def next(self, on: date) -> str:
        """The number of the next document of this day: numbers rise with the days, whoever the customer is."""
        self.of_day[on] += 1
        self.count = self.first + (on - self.since).days * self.per_day + self.of_day[on]
        of_month = (on.day - 1) * self.per_day + self.of_day[on]
        return self.style.format(n=self.count, m=of_month, year=on.year, short=f"{on:%y}", month=on.month)


def structured(kind: str, customer: str, count: int) -> str:
    """A payment slip's reference with its check digits: Belgian `ogm`, ISO 11649 `rf`, Swiss `qr`, else none."""
    if kind == "ogm":
        body = f"{int(customer) % 10_000:04d}{count % 1_000_000:06d}"
        whole = f"{body}{(int(body) % 97) or 97:02d}"
        return f"+++{whole[:3]}/{whole[3:7]}/{whole[7:]}+++"
    if kind == "rf":
        body = f"{customer}{count:07d}"
        check = 98 - int(f"{body}271500") % 97
        whole = f"RF{check:02d}{body}"
        return " ".join(whole[i : i + 4] for i in range(0, len(whole), 4))
    if kind == "qr":
        body = f"{int(customer):012d}{count:014d}"
        whole = f"{body}{_modulo_ten(body)}"
        return " ".join((whole[:2], *(whole[i : i + 5] for i in range(2, 27, 5))))
    return ""


def _modulo_ten(digits: str) -> int:
    table, carry = (0, 9, 4, 6, 8, 2, 7, 1, 3, 5), 0
    for digit in digits:
        carry = table[(carry + int(digit)) % 10]
    return (10 - carry) % 10


def mistype(chance: random.Random, text: str) -> str:
    """One slip among the digits: two swapped, one wrong, one missing, one doubled."""
    places = [i for i, c in enumerate(text) if c.isdigit()]
    if len(places) < 3:
        return text
    at = chance.choice(places[1:])
    slip = chance.randrange(4)
    if slip == 0 and text[at - 1].isdigit():
        return text[: at - 1] + text[at] + text[at - 1] + text[at + 1 :]
    if slip == 1:
        return text[:at] + text[at + 1 :]
    if slip == 2:
        return text[:at] + text[at] + text[at:]
    return text[:at] + chance.choice("0123456789") + text[at + 1 :]


def cite(
    chance: random.Random,
    style: str,
    entries: Sequence[Row],
    *,
    word: str,
    customer: str,
    text: str,
    slips: float = 0.04,
) -> str:
    """What a payer of this style writes about these documents."""
    if style == "none":
        return ""
    if style == "text":
        return text
    if style == "customer":
        return chance.choice((f"{customer}", f"Kd.-Nr. {customer}", f"acct {customer}"))
    told = [_one(chance, style, entry, word) for entry in entries]
    told = [mistype(chance, t) if chance.random() < slips else t for t in told if t]
    if len(told) > 1:
        chance.shuffle(told)
        if chance.random() < 0.15:
            told = told[: chance.randint(1, len(told) - 1)]
        joined = chance.choice((", ", " ", "/", " + ", ";", ",")).join(told)
        return f"{word} {joined}" if style in ("word", "dated") else joined
    return told[0] if told else ""


def _one(chance: random.Random, style: str, entry: Row, word: str) -> str:
    number, on = entry["number"], date.fromisoformat(entry["date"])
    if style == "structured" and entry["slip"]:
        return entry["slip"] if chance.random() < 0.5 else entry["slip"].replace(" ", "").replace("+", "")
    if style == "own" and entry["order"]:
        return entry["order"]
    if style == "bare":
        digits = "".join(c if c.isdigit() else " " for c in number).split()
        return max(digits, key=len).lstrip("0") if digits else number
    if style == "word":
        return f"{word} {number}"
    if style == "dated":
        return f"{number} {chance.choice(('v.', 'du', 'of', 'dd', 'от'))} {on:%d.%m.%Y}"
    return number if chance.random() < 0.8 else number.replace("-", chance.choice((" ", ""))).replace("/", "-")
