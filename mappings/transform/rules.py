"""Rules of one version: which one holds for a word of a document, and why the others do not.

A rule names a word (or any), conditions on other fields, and the document date from which it holds. Of those that
fit a document the more exact one wins, then the one with the later date; two that could win equally are a conflict.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from itertools import combinations

from mappings.transform.conditions import FIELDS, Conditions, in_words
from mappings.transform.fit import misfit
from mappings.transform.model import Document, Key, Line, Target, Trace

Rank = tuple[int, int, str]
"""(1 if the word is named, number of further conditions, first date): the greater goes first."""

NAMES = {
    "category": "category",
    "tax_code": "tax code",
    "payment_method": "payment method",
    "dimension": "dimension",
    "location": "location",
    "contact": "contact",
    "item": "item",
    "currency": "currency",
}
ALTERNATIVES_SHOWN = 5


@dataclass(frozen=True)
class Rule:
    """A word of the source (empty: any), with `conditions`, from the document date `effective_from` (ISO; empty: any).

    `reason` is why a person or a suggestion chose the target.
    """

    subject: str
    side: str
    value: str
    target: Target
    conditions: Conditions = field(default_factory=dict)
    effective_from: str = ""
    reason: str = ""

    @property
    def key(self) -> Key:
        """Where it is looked up."""
        return (self.subject, self.side, self.value)

    @property
    def rank(self) -> Rank:
        """How exact it is."""
        return rank_of(self.value, self.conditions, self.effective_from)

    @property
    def words(self) -> str:
        """Such as "category “Food” with country DE, from 2026-01-01"."""
        return question_in_words(self.subject, self.value, self.conditions, self.effective_from)

    def unmet(self, document: Document, line: Line | None) -> str:
        """Why it does not hold for a document, in words; empty when it does."""
        if self.effective_from > document.issued_on:
            return f"holds only for documents dated from {self.effective_from}"
        for name, asked in self.conditions.items():
            label, said = FIELDS[name].label.lower(), fact(name, document, line)
            if said != asked:
                return f"holds for {label} {asked}, this document " + (f"says {said}" if said else "names none")
        return ""


def question_in_words(subject: str, value: str, conditions: Conditions, effective_from: str) -> str:
    """What a rule asks for, such as "any tax code with country DE, from 2026-01-01"."""
    name = NAMES[subject]
    asked = f" with {in_words(conditions)}" if conditions else ""
    since = f", from {effective_from}" if effective_from else ""
    return (f"{name} “{value}”" if value else f"any {name}") + asked + since


def rank_of(value: str, conditions: Conditions, effective_from: str) -> Rank:
    """The priority of a rule, from what it asks for."""
    return (int(bool(value)), len(conditions), effective_from)


def fact(name: str, document: Document, line: Line | None) -> str:
    """What a document says in one field of the closed list, as conditions are compared with it."""
    wanted = FIELDS[name]
    return wanted.normal(wanted.read(document, line))


Lost = tuple[str, str, str]
"""(id of the target, its name, why it lost)"""


Moneys = tuple[str, str]
"""(currency of the document, the ledger's own)"""


@dataclass(frozen=True)
class Choice:
    """The rule that holds, and what else could have been meant: (target's name, why not)."""

    rule: Rule
    alternatives: tuple[tuple[str, str], ...] = ()
    traces: dict[tuple[str, bool], Trace] = field(default_factory=dict, compare=False, repr=False)
    """What documents were told of it so far, by place and whether it is money that comes in."""
    _misfits: dict[Moneys, str] = field(default_factory=dict, compare=False, repr=False)

    @property
    def target(self) -> Target:
        """The ledger's record."""
        return self.rule.target

    def misfit(self, moneys: Moneys) -> str:
        """Why the record does not fit its use, in words; empty when it does (`fit.misfit`)."""
        why = self._misfits.get(moneys)
        if why is None:
            why = self._misfits[moneys] = misfit(self.rule.key, self.rule.target, *moneys)
        return why


class _Known(Enum):
    """What stands where nothing was looked up yet: None is an answer."""

    NOT_YET = auto()


class Book:
    """One version's rules, sorted once for each word; the same version and document give the same choice for ever.

    `elsewhere` tells, for a word, what other sides or versions meant. Choices are remembered by what their rules ask
    of a document, so that a thousand documents of the same kind cost a look-up each.
    """

    def __init__(
        self, version: int, rules: Iterable[Rule], elsewhere: Mapping[Key, tuple[Lost, ...]] | None = None
    ) -> None:
        self.version = version
        self.rules = tuple(rules)
        self._elsewhere = elsewhere or {}
        self._by_key: dict[Key, list[Rule]] = defaultdict(list)
        for rule in self.rules:
            self._by_key[rule.key].append(rule)
        self._slots: dict[Key, _Slot] = {}
        self._plain: dict[Key, Choice | None] = {}
        """The words that mean the same in every document: most of them, and found by one look-up."""

    def choose(self, key: Key, document: Document, line: Line | None = None) -> Choice | None:
        """The rule that holds for a word of a document (of one line, where lines have it); None when none does."""
        found = self._plain.get(key, _Known.NOT_YET)
        return self._asked(key, document, line) if found is _Known.NOT_YET else found

    def _asked(self, key: Key, document: Document, line: Line | None) -> Choice | None:
        slot = self._slots.get(key)
        if slot is None:
            slot = self._slots[key] = self._slot(key)
        found = slot.choose(document, line)
        if slot.is_plain:
            self._plain[key] = found
        return found

    def target(self, key: Key, document: Document, line: Line | None = None) -> Target | None:
        """The record that a word of a document means, if a rule holds."""
        found = self._plain.get(key, _Known.NOT_YET)
        if found is _Known.NOT_YET:
            found = self._asked(key, document, line)
        return None if found is None else found.rule.target

    def _slot(self, key: Key) -> "_Slot":
        subject, side, value = key
        found = [*self._by_key.get(key, ()), *(self._by_key.get((subject, side, ""), ()) if value else ())]
        # Rules of one rank exclude each other; their order is fixed all the same, for what is told of them.
        found.sort(key=lambda rule: (rule.rank, sorted(rule.conditions.items())), reverse=True)
        return _Slot(found, self._elsewhere.get(key, ()))


class _Slot:
    """The rules of one word, best first, with the choices made so far."""

    def __init__(self, rules: list[Rule], elsewhere: tuple[Lost, ...]) -> None:
        self._rules, self._elsewhere = rules, elsewhere
        asked = sorted({name for rule in rules for name in rule.conditions})
        self._facts = [(FIELDS[name].normal, FIELDS[name].read) for name in asked]
        self._dates = sorted({rule.effective_from for rule in rules} - {""})
        self.is_plain = not asked and not self._dates
        self._made: dict[object, Choice | None] = {}

    def choose(self, document: Document, line: Line | None) -> Choice | None:
        known: object = ()
        if not self.is_plain:
            facts = tuple([normal(read(document, line)) for normal, read in self._facts])
            known = (bisect_right(self._dates, document.issued_on), facts)
        try:
            return self._made[known]
        except KeyError:
            made = self._made[known] = self._choice(document, line)
            return made

    def _choice(self, document: Document, line: Line | None) -> Choice | None:
        winner: Rule | None = None
        lost: list[Lost] = []
        for rule in self._rules:
            why = rule.unmet(document, line)
            if not why and winner is None:
                winner = rule
            else:
                lost.append((rule.target.external_id, rule.target.name, why or _outranked(rule, winner)))
        if winner is None:
            return None
        others: dict[str, str] = {}
        for target_id, name, why in (*lost, *self._elsewhere):
            if target_id != winner.target.external_id:
                others.setdefault(name, why)
        return Choice(winner, tuple(others.items())[:ALTERNATIVES_SHOWN])


def _outranked(rule: Rule, winner: Rule | None) -> str:
    if winner is None or rule.rank[:2] != winner.rank[:2]:
        return f"less exact: it holds for {rule.words}"
    since = f"from {rule.effective_from}" if rule.effective_from else "without a date"
    return f"earlier: it holds {since}, the chosen one from {winner.effective_from}"


def conflicts(rules: Iterable[Rule]) -> list[tuple[Rule, Rule]]:
    """Every pair of rules that could win equally for some document: same word, same rank, nothing that excludes."""
    alike: dict[tuple[Key, Rank], list[Rule]] = defaultdict(list)
    for rule in rules:
        alike[(rule.key, rule.rank)].append(rule)
    return [pair for group in alike.values() if len(group) > 1 for pair in _ties(group)]


def _ties(group: list[Rule]) -> list[tuple[Rule, Rule]]:
    by_fields: dict[tuple[str, ...], list[Rule]] = defaultdict(list)
    for rule in group:
        by_fields[tuple(sorted(rule.conditions))].append(rule)
    found = [pair for names, rules in by_fields.items() for pair in _same(names, rules, rules)]
    for (one, rules), (other, others) in combinations(by_fields.items(), 2):
        found += _same(tuple(sorted(set(one) & set(other))), rules, others)
    return found


def _same(names: tuple[str, ...], rules: list[Rule], others: list[Rule]) -> list[tuple[Rule, Rule]]:
    # Only rules that say the same in every field both name can hold for one document: one look-up instead of a pair.
    seen: dict[tuple[str, ...], list[Rule]] = defaultdict(list)
    for rule in rules:
        seen[tuple(rule.conditions[name] for name in names)].append(rule)
    if rules is others:
        return [pair for alike in seen.values() for pair in combinations(alike, 2)]
    return [(one, rule) for rule in others for one in seen.get(tuple(rule.conditions[name] for name in names), ())]
