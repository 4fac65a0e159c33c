"""Which record of the ledger a document already is: evidence in words, and one-to-one pairs of the best total.

Pairs are looked for through keys that equal documents share (number; amount and contact; amount and day), never by
comparing all with all. What shares a key with more than `CROWD` others is told apart by a narrower key.
"""

import re
import unicodedata
from array import array
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import lru_cache, partial
from typing import NamedTuple

from rapidfuzz import fuzz

from mappings.assignment import best_pairs
from mappings.key_index import KeyIndex
from mappings.transform.money import text_of

CROWD = 30
"""A key shared by more records than this says too little to compare all of them."""
LEAST = 30
"""Below this confidence two are no candidates."""
CLEAR_LEAD = 10
"""By so much a proposal must lead to count as the only one."""
MOST_CANDIDATES = 8

_NUMBER, _NUMBER_PART, _CONTACT, _CONTACT_LIKE, _AMOUNT, _SAME_DAY = 45, 30, 20, 12, 25, 10
_LIKE = 88
_NEAR_DAYS = 31
_FORMS = frozenset(
    [
        "ltd",
        "limited",
        "llc",
        "inc",
        "incorporated",
        "corp",
        "corporation",
        "co",
        "company",
        "gmbh",
        "ag",
        "kg",
        "ug",
        "plc",
        "sa",
        "sas",
        "sarl",
        "srl",
        "spa",
        "bv",
        "nv",
        "ab",
        "as",
        "oy",
        "pty",
    ]
)
_WORD = re.compile(r"[^\W_]+")
_DIGITS = re.compile(r"\d+")
_TELLING = 3
_STEP = 5000
_NO_SIGN = re.compile(r"[^0-9a-z]+")


@dataclass(frozen=True, slots=True)
class Entry:
    """A document or a record. `numbers`: its own number and other references; `contacts`: ids of who it may be with."""

    id: str
    resource: str
    numbers: tuple[str, ...]
    contact: str
    contacts: frozenset[str]
    amount: Decimal
    currency: str
    day: date


@dataclass(frozen=True, slots=True)
class Pair:
    """A document and a record that fit; `is_exact`: number, contact, amount, currency and (nearly) the date agree."""

    document: str
    record: str
    confidence: int
    reasons: tuple[str, ...]
    is_exact: bool


@dataclass
class Found:
    """`sure` are to be linked; `proposed` is what of `candidates` (by document, best first) fits best together."""

    sure: dict[str, Pair] = field(default_factory=dict)
    proposed: dict[str, Pair] = field(default_factory=dict)
    candidates: dict[str, list[Pair]] = field(default_factory=dict)
    ambiguous: set[str] = field(default_factory=set)

    def doubt(self, document: str) -> None:
        """Only propose what was sure: a person has undone it."""
        pair = self.sure.pop(document)
        self.candidates[document], self.proposed[document] = [pair], pair


def match(
    documents: Sequence[Entry],
    records: Sequence[Entry],
    *,
    days_apart: int,
    step: Callable[[int], None] = lambda done: None,
) -> Found:
    """Pairs of documents and records; the same whatever the order they come in. `step` hears how many are compared."""
    groups: dict[tuple[str, str], list[Entry]] = defaultdict(list)
    for document in documents:
        groups[document.resource, document.currency].append(document)
    found, done = Found(), 0
    # One kind and currency after the other: the others can be no candidates, and only one index is held at a time.
    for group, mine in groups.items():
        theirs = [_known(record) for record in records if (record.resource, record.currency) == group]
        fitting = _all_fitting(mine, theirs, days_apart, partial(_tell, step, done))
        _sort_out(found, mine, theirs, fitting, days_apart)
        done += len(mine)
    step(len(documents))
    found.sure, found.candidates = dict(sorted(found.sure.items())), dict(sorted(found.candidates.items()))
    _propose(found)
    return found


def _tell(step: Callable[[int], None], before: int, more: int) -> None:
    step(before + more)


def _all_fitting(
    documents: Sequence[Entry], records: Sequence["_Known"], days_apart: int, step: Callable[[int], None]
) -> dict[int, "array[int]"]:
    """By a document's place: the records that fit it best, best first, as numbers (`_record`, `_is_exact`)."""
    index = KeyIndex(set(_keys(known, reach=0)) for known in records)
    found: dict[int, array[int]] = {}
    for place, document in enumerate(documents):
        if fitting := _fitting(_known(document), records, index, days_apart):
            found[place] = array("q", fitting)
        if (place + 1) % _STEP == 0:
            step(place + 1)
    return found


def _sort_out(
    found: Found,
    documents: Sequence[Entry],
    records: Sequence["_Known"],
    all_fitting: dict[int, "array[int]"],
    days_apart: int,
) -> None:
    """What is sure and what may be; words are made only of what is left."""
    exact = {place: [_record(each) for each in fits if _is_exact(each)] for place, fits in all_fitting.items()}
    wanted = Counter(record for each in exact.values() for record in each)
    sure = {place: each[0] for place, each in exact.items() if len(each) == 1 and wanted[each[0]] == 1}
    taken = set(sure.values())
    for place, fits in all_fitting.items():
        left = [sure[place]] if place in sure else [each for each in map(_record, fits) if each not in taken]
        document = _known(documents[place])
        pairs = [_compared(document, records[each], days_apart) for each in left]
        if place in sure:
            found.sure[document.entry.id] = pairs[0]
        elif pairs:
            found.candidates[document.entry.id] = pairs


def _propose(found: Found) -> None:
    edges = {(pair.document, pair.record): pair.confidence for each in found.candidates.values() for pair in each}
    chosen = best_pairs(edges)
    wanted: dict[str, list[Pair]] = defaultdict(list)
    for each in found.candidates.values():
        for pair in each:
            wanted[pair.record].append(pair)
    for document, each in found.candidates.items():
        best = next((pair for pair in each if chosen.get(document) == pair.record), None)
        if best is None:
            found.ambiguous.add(document)
            continue
        found.proposed[document] = best
        rivals = [other for other in (*each, *wanted[best.record]) if other != best]
        if any(other.confidence > best.confidence - CLEAR_LEAD for other in rivals):
            found.ambiguous.add(document)


# Keys ---------------------------------------------------------------------------------------------------------------


def plain_number(text: str) -> str:
    """A number as it is compared: small letters and digits only, without leading zeros."""
    return _NO_SIGN.sub("", text.casefold()).lstrip("0")


def plain_name(text: str) -> str:
    """A name as it is compared: words without accents, signs and legal forms."""
    folded = unicodedata.normalize("NFKD", text.casefold())
    plain = "".join(sign for sign in folded if not unicodedata.combining(sign)).replace(".", "").replace("'", "")
    found = _WORD.findall(plain)
    return " ".join([word for word in found if word not in _FORMS] or found)


def _digits(number: str) -> str:
    found = _DIGITS.findall(number)
    return found[-1].lstrip("0") if found else ""


@dataclass(frozen=True, slots=True)
class _Known:
    """An entry with what is compared of it, worked out once: `plain` number → as written, and the ends of numbers."""

    entry: Entry
    plain: dict[str, str]
    tails: frozenset[str]


def _known(entry: Entry) -> _Known:
    plain = {plain_number(number): number for number in entry.numbers}
    plain.pop("", None)
    tails = frozenset(tail for number in entry.numbers if len(tail := _digits(number)) >= _TELLING)
    return _Known(entry, plain, tails)


def _keys(known: _Known, *, reach: int) -> Iterator[int]:
    """Keys by which an entry is found; `reach` days around its own for the weakest of them.

    The hash stands for the key, as it needs a fifth of the memory: two keys of one hash cost a comparison more.
    """
    entry = known.entry
    for number in known.plain:
        yield hash(("number", number))
        yield hash(("number and amount", number, entry.amount))
    for tail in known.tails:
        yield hash(("digits and amount", tail, entry.amount))
    days = [entry.day.toordinal() + apart for apart in range(-reach, reach + 1)]
    for contact in {entry.contact, *entry.contacts} - {""}:
        yield hash(("contact", contact, entry.amount))
        yield from (hash(("contact and day", contact, entry.amount, day)) for day in days)
    yield from (hash(("amount and day", entry.amount, day)) for day in days)


def _fitting(document: _Known, records: Sequence[_Known], index: KeyIndex, days_apart: int) -> list[int]:
    """The records that fit a document best, best first, each as one number (`_record`, `_is_exact`)."""
    near = {
        place: records[place] for key in _keys(document, reach=days_apart) for place in index.sharing(key, most=CROWD)
    }
    weighed = ((_weigh(document, known, days_apart), place) for place, known in near.items())
    fitting = sorted(
        ((weight, place) for weight, place in weighed if weight.confidence >= LEAST),
        key=lambda each: (-each[0].confidence, records[each[1]].entry.id),
    )
    exact = sum(weight.is_exact for weight, _ in fitting)
    return [place << 1 | weight.is_exact for weight, place in fitting[: max(MOST_CANDIDATES, exact)]]


def _record(fitting: int) -> int:
    return fitting >> 1


def _is_exact(fitting: int) -> bool:
    return bool(fitting & 1)


# Evidence -----------------------------------------------------------------------------------------------------------


class _Weight(NamedTuple):
    """How far two agree: points by number, contact, amount and date."""

    number: int
    contact: int
    amount: int
    day: int
    apart: int
    is_exact: bool

    @property
    def confidence(self) -> int:
        return self.number + self.contact + self.amount + self.day


def compare(document: Entry, record: Entry, *, days_apart: int) -> Pair:
    """How well the two agree, with the reasons for and against in sentences."""
    return _compared(_known(document), _known(record), days_apart)


def _compared(ours: _Known, theirs: _Known, days_apart: int) -> Pair:
    return _pair(ours, theirs, _weigh(ours, theirs, days_apart))


def _weigh(document: _Known, record: _Known, days_apart: int) -> _Weight:
    ours, theirs = document.entry, record.entry
    number = 0
    if not document.plain.keys().isdisjoint(record.plain):
        number = _NUMBER
    elif not document.tails.isdisjoint(record.tails):
        number = _NUMBER_PART
    contact = _CONTACT if _is_same_contact(ours, theirs) else _CONTACT_LIKE * _is_alike(ours.contact, theirs.contact)
    amount = _AMOUNT if ours.amount == theirs.amount else 0
    apart = abs(ours.day.toordinal() - theirs.day.toordinal())
    day = _SAME_DAY if apart == 0 else max(_SAME_DAY - apart, 5) if apart <= days_apart else 2 * (apart <= _NEAR_DAYS)
    is_exact = (number, contact, amount) == (_NUMBER, _CONTACT, _AMOUNT) and apart <= days_apart
    return _Weight(number, contact, amount, day, apart, is_exact)


def _is_same_contact(ours: Entry, theirs: Entry) -> bool:
    return bool(ours.contact and ours.contact == theirs.contact) or not ours.contacts.isdisjoint(theirs.contacts)


@lru_cache(maxsize=100_000)
def _is_alike(ours: str, theirs: str) -> bool:
    return bool(ours and theirs) and fuzz.token_set_ratio(ours, theirs) >= _LIKE


def _pair(document: _Known, record: _Known, weight: _Weight) -> Pair:
    words = (
        _number_words(document, record, weight.number),
        _contact_words(document.entry, record.entry, weight.contact),
        _amount_words(document.entry, record.entry),
        _day_words(weight.apart),
    )
    return Pair(document.entry.id, record.entry.id, weight.confidence, words, weight.is_exact)


def _number_words(document: _Known, record: _Known, points: int) -> str:
    if points == _NUMBER:
        same = min(document.plain.keys() & record.plain.keys())
        return f"The number {record.plain[same]} is the same."
    if points == _NUMBER_PART:
        alike = min(number for number in record.entry.numbers if _digits(number) in document.tails)
        return f"The digits of {alike} are the same."
    return "The numbers differ." if document.plain and record.plain else "One of them has no number."


def _contact_words(ours: Entry, theirs: Entry, points: int) -> str:
    if not ours.contacts.isdisjoint(theirs.contacts):
        return "The contact is the one that this name stands for in the ledger."
    if points == _CONTACT:
        return "The contact has the same name."
    if not ours.contact or not theirs.contact:
        return "One of them names no contact."
    return "The contacts' names are alike." if points else "The contacts differ."


def _amount_words(ours: Entry, theirs: Entry) -> str:
    if ours.amount == theirs.amount:
        return "The amount is the same."
    return f"The amounts differ by {text_of(abs(ours.amount - theirs.amount), ours.currency)}."


def _day_words(apart: int) -> str:
    return f"The dates are {apart} day{'' if apart == 1 else 's'} apart." if apart else "The date is the same."
