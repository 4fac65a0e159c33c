"""Invented banks: which columns they fill, how they cut, word and order what a payer wrote."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import date

from .names import kana, latin

Texts = tuple[str, str, str]
"""Description, counterparty, reference."""


@dataclass(frozen=True)
class Bank:
    """One bank's way of writing.

    Templates know {who} {what} {id} {mandate} {day} {acct}; missing kinds fall back to `in` or `out`.

    `columns`: where counterparty and remittance have columns of their own; `chunk`: text is broken by a blank every so
    many characters, in the middle of numbers too; `name_width`, `text_width`: cut without mercy.
    """

    key: str
    country: str
    currency: str
    languages: tuple[str, ...]
    templates: dict[str, tuple[str, ...]]
    columns: frozenset[str] = frozenset(("counterparty", "reference"))
    script: str = "keep"
    case: str = "keep"
    name_width: int = 70
    text_width: int = 210
    chunk: int = 0
    day_style: str = "%d.%m.%Y"
    words: dict[str, str] = field(default_factory=dict)
    structured: str = ""
    name_missing: float = 0.06
    remittance_lost: float = 0.04

    def write(self, chance: random.Random, kind: str, who: str, what: str, day: date, acct: str = "") -> Texts:
        """The three texts of a line."""
        ways = self.templates.get(kind) or self.templates["in" if kind.startswith("in") else "out"]
        if chance.random() < self.remittance_lost:
            what = ""
        name = self._name(who)
        own_columns = name if "counterparty" in self.columns else ""
        inside = "" if own_columns and chance.random() < 0.5 else name
        if chance.random() < self.name_missing:
            own_columns = inside = ""
        told = "" if "reference" in self.columns and chance.random() < 0.4 else what
        text = chance.choice(ways).format(
            who=inside,
            what=told,
            id=self._id(chance),
            mandate=self._mandate(who),
            day=day.strftime(self.day_style),
            acct=acct,
        )
        reference = (
            (what or chance.choice(("", "", "NOTPROVIDED", self._id(chance)))) if "reference" in self.columns else ""
        )
        return self._finish(" ".join(text.split())), self._finish(own_columns), self._finish(reference)[:140]

    def say(self, word: str) -> str:
        """The bank's word for something."""
        return self.words.get(word, word)

    def _name(self, who: str) -> str:
        if self.script == "kana":
            who = kana(latin(who, random.Random(self.key)))
        return who[: self.name_width].strip()

    def _id(self, chance: random.Random) -> str:
        return "".join(chance.choice("0123456789") for _ in range(chance.choice((6, 9, 12))))

    def _mandate(self, who: str) -> str:
        """A mandate or originator's number: the same each time for the same party."""
        return str(random.Random(f"{self.key} {who}").randrange(10**8, 10**9)) if who else ""

    def _finish(self, text: str) -> str:
        if self.script != "keep":
            text = latin(text, random.Random(self.key))
        if self.chunk:
            text = " ".join(text[i : i + self.chunk] for i in range(0, len(text), self.chunk))
        text = text.upper() if self.case == "upper" else text.title() if self.case == "title" else text
        return text[: self.text_width].strip()
