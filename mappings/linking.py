"""Which record of the ledger a document already is: evidence in words, and one-to-one pairs of the best total.

Pairs are looked for through keys that equal documents share (number; amount and contact; amount and day), never by
comparing all with all. What shares a key with more than `CROWD` others is told apart by a narrower key.
"""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal

from rapidfuzz import fuzz

from mappings.assignment import best_pairs

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
    pairs = _candidates(documents, records, days_apart, step)
    found = Found()
    exact_of_document: dict[str, int] = defaultdict(int)
    exact_of_record: dict[str, int] = defaultdict(int)
    for pair in (pair for each in pairs.values() for pair in each if pair.is_exact):
        exact_of_document[pair.document] += 1
        exact_of_record[pair.record] += 1
    for document, each in pairs.items():
        for pair in each:
            if pair.is_exact and exact_of_document[document] == exact_of_record[pair.record] == 1:
                found.sure[document] = pair
    taken = {pair.record for pair in found.sure.values()}
    left = {
        document: [pair for pair in each if pair.record not in taken]
        for document, each in pairs.items()
        if document not in found.sure
    }
    found.candidates = {document: each for document, each in left.items() if each}
    _propose(found)
    return found


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
    found = re.findall(r"\d+", number)
    return found[-1].lstrip("0") if found else ""


def _keys(entry: Entry, *, reach: int) -> Iterator[Hashable]:
    """Keys by which an entry is found; `reach` days around its own for the weakest of them."""
    for number in entry.numbers:
        if plain := plain_number(number):
            yield "number", plain
            yield "number and amount", plain, entry.amount
        if len(tail := _digits(number)) >= 3:
            yield "digits and amount", tail, entry.amount
    for contact in (entry.contact, *entry.contacts):
        if contact:
            yield "contact", contact, entry.amount
            yield from (("contact and day", contact, entry.amount, day) for day in _days(entry.day, reach))
    yield from (("amount and day", entry.amount, day) for day in _days(entry.day, reach))


def _days(day: date, reach: int) -> Iterator[date]:
    for apart in range(-reach, reach + 1):
        yield day + timedelta(days=apart)


def _candidates(
    documents: Sequence[Entry], records: Sequence[Entry], days_apart: int, step: Callable[[int], None]
) -> dict[str, list[Pair]]:
    index: dict[Hashable, list[Entry]] = defaultdict(list)
    for record in sorted(records, key=lambda entry: entry.id):
        for key in set(_keys(record, reach=0)):
            index[record.resource, record.currency, key].append(record)
    found = {}
    for done, document in enumerate(documents, start=1):
        if each := _of(document, index, days_apart):
            found[document.id] = each
        if done % 5000 == 0:
            step(done)
    step(len(documents))
    return dict(sorted(found.items()))


def _of(document: Entry, index: Mapping[Hashable, list[Entry]], days_apart: int) -> list[Pair]:
    near: dict[str, Entry] = {}
    for key in _keys(document, reach=days_apart):
        sharing = index.get((document.resource, document.currency, key), ())
        if len(sharing) <= CROWD:
            near.update((record.id, record) for record in sharing)
    pairs = (compare(document, record, days_apart=days_apart) for record in near.values())
    fitting = sorted(
        (pair for pair in pairs if pair.confidence >= LEAST), key=lambda pair: (-pair.confidence, pair.record)
    )
    exact = sum(pair.is_exact for pair in fitting)
    return fitting[: max(MOST_CANDIDATES, exact)]


# Evidence -----------------------------------------------------------------------------------------------------------


def compare(document: Entry, record: Entry, *, days_apart: int) -> Pair:
    """How well the two agree, with the reasons for and against in sentences."""
    by_number, number_words = _numbers(document, record)
    by_contact, contact_words = _contacts(document, record)
    by_amount, amount_words = _amounts(document, record)
    by_day, day_words = _dates(document, record, days_apart)
    is_near = abs((document.day - record.day).days) <= days_apart
    is_exact = by_number == _NUMBER and by_contact == _CONTACT and by_amount == _AMOUNT and is_near
    confidence = by_number + by_contact + by_amount + by_day
    reasons = tuple(words for words in (number_words, contact_words, amount_words, day_words) if words)
    return Pair(document.id, record.id, confidence, reasons, is_exact)


def _numbers(document: Entry, record: Entry) -> tuple[int, str]:
    ours = {plain_number(number): number for number in document.numbers}
    theirs = {plain_number(number): number for number in record.numbers}
    same = sorted((set(ours) & set(theirs)) - {""})
    if same:
        return _NUMBER, f"The number {theirs[same[0]]} is the same."
    tails = {tail for number in document.numbers if len(tail := _digits(number)) >= 3}
    alike = sorted(number for number in record.numbers if _digits(number) in tails)
    if alike:
        return _NUMBER_PART, f"The digits of {alike[0]} are the same."
    return 0, "The numbers differ." if any(ours) and any(theirs) else "One of them has no number."


def _contacts(document: Entry, record: Entry) -> tuple[int, str]:
    if document.contacts & record.contacts:
        return _CONTACT, "The contact is the one that this name stands for in the ledger."
    if document.contact and document.contact == record.contact:
        return _CONTACT, "The contact has the same name."
    if not document.contact or not record.contact:
        return 0, "One of them names no contact."
    if fuzz.token_set_ratio(document.contact, record.contact) >= _LIKE:
        return _CONTACT_LIKE, "The contacts' names are alike."
    return 0, "The contacts differ."


def _amounts(document: Entry, record: Entry) -> tuple[int, str]:
    if document.amount == record.amount:
        return _AMOUNT, "The amount is the same."
    return 0, f"The amounts differ by {abs(document.amount - record.amount):f} {document.currency}."


def _dates(document: Entry, record: Entry, days_apart: int) -> tuple[int, str]:
    apart = abs((document.day - record.day).days)
    if apart == 0:
        return _SAME_DAY, "The date is the same."
    words = f"The dates are {apart} day{'' if apart == 1 else 's'} apart."
    if apart <= days_apart:
        return max(_SAME_DAY - apart, 5), words
    return (2 if apart <= _NEAR_DAYS else 0), words


def linkable(entries: Iterable[Entry]) -> list[Entry]:
    """Without those that say too little to be found again: no amount."""
    return [entry for entry in entries if entry.amount]
