"""Contacts that are the same person or company under several names: found through shared keys, never all against all.

Evidence is one of: the same tax number, bank account or e-mail address; the same name once legal forms, accents and
scripts are set aside; known names of one company; initials; or names so alike that a person should look. Two different
tax numbers speak against everything else.
"""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import yaml
from rapidfuzz.distance import OSA

from mappings.suggesting.words import fold

CROWD = 40
"""A key that more contacts share than this says too little to compare them all."""
LEAST = 70
_LONG = 6
_DRAWN = 85
"""Two groups are drawn together only by a pair at least this sure."""
_TELLING = ("c:", "k:", "t:", "i:")
EXACT = 97
"""From here on a pair is the same beyond doubt: a number of its own, or the very same name."""

_NO_SIGN = re.compile(r"[^0-9a-z]+")
_WORD = re.compile(r"[0-9a-z]+")
_BRACKETS = re.compile(r"\([^)]*\)|\[[^\]]*\]")
_WORDS: Mapping[str, Any] = yaml.safe_load(Path(__file__).with_name("contact_words.yaml").read_text(encoding="utf-8"))
_FORMS, _PLACES, _ORDINARY, _SHARED_MAILBOXES = (
    frozenset(_WORDS[name].split()) for name in ("forms", "places", "ordinary", "mailboxes")
)
_SCRIPTS = str.maketrans(_WORDS["scripts"])
_FAMILIES: Mapping[str, str] = _WORDS["families"]


@dataclass(frozen=True, slots=True)
class Party:
    """A contact; `key` names it for ever, `in_ledger` tells whether it is a record there."""

    key: str
    name: str
    email: str = ""
    tax_number: str = ""
    iban: str = ""
    in_ledger: bool = False


@dataclass(frozen=True, slots=True)
class Same:
    """Two that seem to be one, `confidence` 0 to 100, with the reasons in sentences."""

    first: str
    second: str
    confidence: int
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """Keys that belong together; as sure as the weakest pair that holds them together."""

    keys: tuple[str, ...]
    pairs: tuple[Same, ...]
    confidence: int

    @property
    def is_exact(self) -> bool:
        """Whether nobody has to look."""
        return self.confidence >= EXACT


@dataclass(frozen=True, slots=True)
class _Read:
    party: Party
    words: tuple[str, ...]
    core: str
    loose: str
    known: str
    domain: str
    mail: str
    tax: str
    iban: str


def core_name(name: str) -> str:
    """A name without legal form, country and signs: "ACME Ltd. (UK)" and "Acme" are one; never empty for a name."""
    return " ".join(_core(name))


def find_groups(parties: Iterable[Party], apart: Iterable[tuple[str, str]] = ()) -> list[Group]:
    """Groups of two or more, surest first; pairs in `apart` (keys in any order) are never in one group."""
    read = [_read(each) for each in parties if each.name.strip()]
    separate = {frozenset(pair) for pair in apart}
    pairs = {}
    for first, second in _candidates(read):
        if frozenset((first.party.key, second.party.key)) in separate:
            continue
        if found := _compare(first, second):
            pairs[(found.first, found.second)] = found
    return _grouped(pairs.values(), separate)


def _read(party: Party) -> _Read:
    words = _core(party.name)
    core = " ".join(words)
    mail = party.email.strip().casefold()
    host = mail.rpartition("@")[2]
    label = host.rsplit(".", 2)[-2] if host.count(".") else ""
    domain = host if label and label not in _SHARED_MAILBOXES else ""
    tax, iban = (_NO_SIGN.sub("", text.casefold()) for text in (party.tax_number, party.iban))
    return _Read(party, words, core, _loose(core), _NAMES.get(core, ""), domain, mail, tax, iban)


def _loose(core: str) -> str:
    """Spellings of one sound: "mueller" and "muller", "yandeks" and "yandex"."""
    plain = core.replace(" ", "")
    for spelt, sound in (("ae", "a"), ("oe", "o"), ("ue", "u"), ("ks", "x"), ("ph", "f"), ("und", ""), ("iy", "y")):
        plain = plain.replace(spelt, sound)
    return plain


def _core(name: str) -> tuple[str, ...]:
    text = unicodedata.normalize("NFC", name.casefold()).translate(_SCRIPTS)
    plain = fold(_BRACKETS.sub(" ", text) or text).replace("&", " and ").replace("+", " and ")
    # "G.m.b.H." and "S.A." are one word each, "Amazon.com" two.
    plain = re.sub(r"\b((?:[a-z]\.){2,}[a-z]?)(?=\W|$)", lambda found: found[1].replace(".", ""), plain).replace(
        "'", ""
    )
    words = [word for word in _WORD.findall(plain) if word != "and"]
    kept = [word for word in words if word not in _FORMS]
    without = [word for word in kept if word not in _PLACES and word != "com"]
    return tuple(without or kept or words or [plain.strip()])


def _candidates(read: Sequence[_Read]) -> Iterator[tuple[_Read, _Read]]:
    blocks: dict[str, list[int]] = defaultdict(list)
    counts: dict[str, int] = defaultdict(int)
    for each in read:
        for word in set(each.words):
            counts[word] += 1
    for index, each in enumerate(read):
        for key in _keys(each, counts):
            blocks[key].append(index)
    met = set()
    for key, indexes in blocks.items():
        if len(indexes) > (CROWD * 10 if key[:2] in _TELLING else CROWD):
            continue
        for pair in combinations(indexes, 2):
            if pair not in met:
                met.add(pair)
                yield read[pair[0]], read[pair[1]]


def _keys(each: _Read, counts: Mapping[str, int]) -> set[str]:
    joined = "".join(each.words)
    rare = sorted(set(each.words) - _ORDINARY, key=lambda word: (counts[word], word))[:2]
    keys = {f"c:{each.core}", f"j:{joined}", f"s:{' '.join(sorted(each.words))}"}
    keys.add(f"l:{each.loose}")
    keys |= {f"w:{word}" for word in rare if len(word) > 2}
    keys |= {f"p:{word[:4]}{word[-1]}" for word in rare if len(word) > 4}
    keys |= {f"{sign}:{value}" for sign, value in _numbers(each) if value}
    if len(each.words) > 2:
        keys.add("a:" + "".join(word[0] for word in each.words))
    elif len(each.words) == 1 and 2 < len(joined) < 6:
        keys.add(f"a:{joined}")
    return keys


def _numbers(each: _Read) -> tuple[tuple[str, str], ...]:
    family = _FAMILIES.get(each.known, "")
    named = (("k", each.known), ("f", family))
    return (*named, ("t", each.tax), ("i", each.iban), ("m", each.mail), ("d", each.domain))


def _compare(first: _Read, second: _Read) -> Same | None:
    if first.tax and second.tax and first.tax != second.tax:
        return None
    confidence, reasons = _by_name(first, second)
    is_near = confidence >= 60
    if first.tax and first.tax == second.tax:
        confidence, reasons = max(confidence, 99), [f"The same tax number {first.party.tax_number}.", *reasons]
    if first.iban and first.iban == second.iban:
        confidence, reasons = max(confidence, 98), ["The same bank account.", *reasons]
    if first.mail and first.mail == second.mail:
        raised = 98 if is_near else 80
        confidence, reasons = max(confidence, raised), [f"The same e-mail address {first.mail}.", *reasons]
    elif first.domain and first.domain == second.domain and is_near:
        confidence, reasons = min(96, max(confidence + 10, 88)), [*reasons, f"Mail of the same domain {first.domain}."]
    if confidence < LEAST:
        return None
    keys = sorted((first.party.key, second.party.key))
    return Same(keys[0], keys[1], confidence, tuple(reasons))


def _by_name(first: _Read, second: _Read) -> tuple[int, list[str]]:
    if first.core == second.core:
        is_same = " ".join(first.party.name.casefold().split()) == " ".join(second.party.name.casefold().split())
        return (99, ["The same name."]) if is_same else (98, ["The same name but for legal form, country or signs."])
    if "".join(first.words) == "".join(second.words):
        return 95, ["The same name, written together or apart."]
    if first.loose == second.loose and len(first.loose) > 3:
        return 94, ["The same name in another spelling."]
    if first.known and first.known == second.known:
        return 93, [f"Both are names of {first.known.title()}."]
    if first.known and second.known:
        family = _FAMILIES.get(first.known)
        return (_DRAWN, [f"Both belong to {family}."]) if family and family == _FAMILIES.get(second.known) else (0, [])
    if sorted(first.words) == sorted(second.words):
        return 90, ["The same words in another order."]
    if _is_short_of(first, second) or _is_short_of(second, first):
        return 76, ["One is the initials of the other."]
    return _by_likeness(first, second)


def _is_short_of(short: _Read, long: _Read) -> bool:
    letters = "".join(word[0] for word in long.words)
    return len(short.words) == 1 and len(letters) > 2 and short.core == letters


def _by_likeness(first: _Read, second: _Read) -> tuple[int, list[str]]:
    numbers = [{word for word in each.words if word.isdigit()} for each in (first, second)]
    if numbers[0] != numbers[1]:
        # "Store 12" and "Store 14" are two.
        return 0, []
    shorter, longer = sorted((set(first.words), set(second.words)), key=len)
    telling = shorter - _ORDINARY
    if shorter < longer and telling and (longer - shorter) <= _ORDINARY and len("".join(telling)) > 6:
        return 84, ["One name is the other with an ordinary word more."]
    if shorter < longer and len(telling) > 1 and len(longer - shorter) == 1:
        return 74, ["One name is part of the other."]
    if len(first.words) != len(second.words):
        return 0, []
    if _is_typo(first.words, second.words):
        return 72, ["Nearly the same letters."]
    return 0, []


def _is_typo(first: tuple[str, ...], second: tuple[str, ...]) -> bool:
    """One long word differs by a letter too many, or by two that changed places; another letter is another name."""
    differing = [(one, other) for one, other in zip(first, second, strict=True) if one != other]
    if len(differing) != 1 or min(map(len, differing[0])) < _LONG:
        return False
    one, other = differing[0]
    return OSA.distance(one, other) == 1 and (len(one) != len(other) or sorted(one) == sorted(other))


def _grouped(pairs: Iterable[Same], separate: set[frozenset[str]]) -> list[Group]:
    """Surest pairs first; a pair that would bring two together that are apart stays out."""
    group_of: dict[str, set[str]] = {}
    held: dict[int, list[Same]] = defaultdict(list)
    for pair in sorted(pairs, key=lambda each: (-each.confidence, each.first, each.second)):
        mine, theirs = (group_of.setdefault(key, {key}) for key in (pair.first, pair.second))
        if mine is not theirs:
            if any(frozenset((a, b)) in separate for a in mine for b in theirs):
                continue
            if pair.confidence < _DRAWN and len(mine) > 1 and len(theirs) > 1:
                continue
            mine |= theirs
            held[id(mine)] += held.pop(id(theirs), [])
            for key in theirs:
                group_of[key] = mine
        held[id(group_of[pair.first])].append(pair)
    made = []
    for keys in {id(each): each for each in group_of.values() if len(each) > 1}.values():
        inside = held[id(keys)]
        made.append(Group(tuple(sorted(keys)), tuple(inside), _weakest(keys, inside)))
    return sorted(made, key=lambda each: (-each.confidence, each.keys))


def _weakest(keys: set[str], pairs: Sequence[Same]) -> int:
    """The confidence of the least sure pair that is needed to hold the group together."""
    reached: set[str] = set()
    trees: dict[str, set[str]] = {key: {key} for key in keys}
    weakest = 100
    for pair in sorted(pairs, key=lambda each: -each.confidence):
        mine, theirs = trees[pair.first], trees[pair.second]
        if mine is not theirs:
            mine |= theirs
            for key in theirs:
                trees[key] = mine
            weakest = pair.confidence
            reached = mine
        if len(reached) == len(keys):
            break
    return weakest


_NAMES: Mapping[str, str] = {" ".join(_core(name)): names[0] for names in _WORDS["known"] for name in names}
