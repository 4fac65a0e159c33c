"""How much the matching engine loses when only the wording changes.

    python benchmarks/matching_rewording.py DIR [DIR …] [--seeds 1] [--script greek] [--keep DIR] [--json]

Every sample is rewritten, with its truth kept: each key word of the bank becomes an invented word, each template
another order with other separators and another case, document numbers get other prefixes, digits and separators, dates
and amounts inside texts another notation, processors other names, and every fee that the books can explain (list
prices, booked fees, dispute fees, wire fees, agreed discounts) another amount. Names of payers, days, and all other
amounts stay. An engine that has learned one bank's words loses most of its matches; this one should hardly notice.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import re
import sys
import tempfile
from collections import Counter, defaultdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.matching import exact_groups, run
from benchmarks.matching_charges import plain, recharge
from benchmarks.matching_samples import Row, Sample

_TOKEN = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*|\d+|[\W_]", re.UNICODE)
_DATE = re.compile(r"(?<!\d)(\d{2})/(\d{2})/(\d{2})(?!\d)")
_ISO = re.compile(r"(?<!\d)(20\d\d)-(\d\d)-(\d\d)(?!\d)")
_MONEY = re.compile(r"(?<![A-Z])([A-Z]{3})(\d+(?:\.\d{2})?)(?![\d.])")
_NUMBER = re.compile(r"(?<!\w)[A-Za-z#]{0,6}[-/.# ]?(?:\d[\d\-/]*\d{2,}|\d{3,})(?!\w)")
_CODE = re.compile(r"(?<!\w)(?=\w*\d)(?=\w*[A-Za-z])[A-Za-z0-9_]{6,}(?!\w)", re.ASCII)
TERMS = re.compile(r"(\d{1,2})/(\d{1,3}) net (\d{1,3})")
_SYLLABLES = (
    "ba",
    "de",
    "fi",
    "go",
    "hu",
    "ja",
    "ke",
    "li",
    "mo",
    "nu",
    "pa",
    "re",
    "si",
    "to",
    "vu",
    "za",
    "bre",
    "dri",
    "flo",
    "gna",
    "klu",
    "pre",
    "sto",
    "tri",
    "vlo",
    "zwe",
)
_SEPARATORS = (" ", " | ", " / ", "; ", " * ", " // ", " + ")
_ALPHABETS = {"latin": None, "cyrillic": "абвгдежзийклмнопрстуфхцчшщыэюя", "greek": "αβγδεζηθικλμνξοπρστυφχψω"}
_OWNERS = 3
"""A word with this many different parties is the bank's."""


def _alike(word: str, name: str) -> bool:
    """A word may stand for a name's part: cut, lengthened, or without some letters."""
    if word[0] != name[0]:
        return False
    rest = iter(name)
    return name.startswith(word) or word.startswith(name) or (len(word) > 2 and all(c in rest for c in word))


class Rewording:
    """One invented bank: how it words, orders, numbers and charges."""

    def __init__(self, sample: Sample, seed: int, script: str = "latin") -> None:
        self.sample, self.seed, self.alphabet = sample, seed, _ALPHABETS[script]
        chance = self.chance("digits")
        digits = list("123456789")
        chance.shuffle(digits)
        letters = list("abcdefghijklmnopqrstuvwxyz")
        chance.shuffle(letters)
        small, large = "".join(letters), "".join(letters).upper()
        self._code = str.maketrans(
            "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ/-", f"0{''.join(digits)}{small}{large}-."
        )
        self._kept = {a["id"] for a in sample.context["accounts"]}
        self._processors = {plain(p["ledger_contact"]).split()[0] for p in sample.context["processors"]}
        self._contacts = self._names_of_lines()
        self._prefixes = {
            plain(m.group())
            for e in sample.ledger
            for text in (e["number"], e["reference"])
            for m in re.finditer(r"^[A-Za-z]+(?=[-/ ]?\d)", text)
        }
        self._key_words = self._find_key_words()

    def chance(self, *about: object) -> random.Random:
        """Random numbers that depend on the seed and on what they are for, not on the order of asking."""
        return random.Random(hashlib.sha256(repr((self.seed, *about)).encode()).hexdigest())

    # What is a name, and what is the bank's.

    def _names_of_lines(self) -> dict[str, set[str]]:
        name = {e["id"]: e["contact_name"] for e in self.sample.ledger}
        found: dict[str, set[str]] = {row["id"]: set() for row in self.sample.bank}
        for group in self.sample.truth["groups"]:
            words = {w for e in group["ledger"] for w in _words(name[e])}
            for line in group["bank"]:
                found[line] |= words
        for row in self.sample.bank:
            found[row["id"]] |= set(_words(row["counterparty"]))
        return found

    def _is_name(self, word: str, line: str) -> bool:
        return any(_alike(word, name) for name in self._contacts[line])

    def _find_key_words(self) -> set[str]:
        """Words that stand on lines of several parties without being their names, or on lines of nobody."""
        lines, as_name = Counter[str](), Counter[str]()
        owners: dict[str, set[frozenset[str]]] = defaultdict(set)
        nobodys: set[str] = set()
        everybody = {w for e in self.sample.ledger for w in _words(e["contact_name"])}
        matched = {b for g in self.sample.truth["groups"] for b in g["bank"]}
        for row in self.sample.bank:
            for word in set(_words(f"{row['description']} {row['reference']}")):
                lines[word] += 1
                as_name[word] += self._is_name(word, row["id"])
                owners[word].add(frozenset(self._contacts[row["id"]]))
                if row["id"] not in matched and not row["counterparty"] and word not in everybody:
                    nobodys.add(word)
        frequent = {w for w in lines if len(owners[w]) >= _OWNERS}
        return {w for w in frequent | nobodys if as_name[w] < 0.5 * lines[w]} | self._processors

    # Words, numbers, codes.

    def word(self, word: str) -> str:
        """The invented word for a key word, in the same case."""
        folded = plain(word)
        chance = self.chance("word", folded)
        if self.alphabet and folded not in self._processors:
            made = "".join(chance.choice(self.alphabet) for _ in range(max(3, len(folded))))
        else:
            made = "".join(chance.choice(_SYLLABLES) for _ in range(max(2, (len(folded) + 1) // 2)))
        return made.upper() if word.isupper() else made.title() if word[:1].isupper() else made

    def number(self, text: str) -> str:
        """A document number or a code in the other numbering: digits, letters and separators exchanged."""
        return text.translate(self._code)

    def _protect(self, text: str) -> tuple[str, list[str]]:
        """Numbers, codes, dates and amounts in their new form, taken out of the text as private characters."""
        made: list[str] = []

        def keep(new: str) -> str:
            made.append(new)
            return chr(0xE000 + len(made) - 1)

        for account in sorted(self._kept, key=len, reverse=True):
            text = text.replace(account, keep(account)) if account in text else text
        style = self.chance("dates").randrange(3)
        text = _DATE.sub(
            lambda m: keep((f"{m[1]}.{m[2]}.20{m[3]}", f"20{m[3]}-{m[2]}-{m[1]}", f"20{m[3]}{m[2]}{m[1]}")[style]), text
        )
        text = _ISO.sub(lambda m: keep((f"{m[3]}.{m[2]}.{m[1]}", m[0], f"{m[1]}{m[2]}{m[3]}")[style]), text)
        text = _MONEY.sub(lambda m: keep(f"{m[2].replace('.', ',')} {m[1]}"), text)
        text = _NUMBER.sub(lambda m: keep(self._cited(m[0])), text)
        return _CODE.sub(lambda m: keep(self.number(m[0])), text), made

    def _cited(self, text: str) -> str:
        word, rest = re.fullmatch(r"([A-Za-z]*)(.*)", text, re.DOTALL).groups()  # type: ignore[union-attr]
        is_prefix = plain(word) in self._prefixes or not rest[:1].isspace()
        return self.number(text) if is_prefix else self.word(word) + self.number(rest)

    def text(self, text: str, line: str) -> str:
        """A bank's text in the other bank's wording: words, order, separators."""
        hidden, made = self._protect(text)
        segments: list[tuple[str, str]] = []
        for token in _TOKEN.findall(hidden):
            kind = self._kind(token, line)
            if segments and (kind in (segments[-1][0], "gap")):
                segments[-1] = (segments[-1][0], segments[-1][1] + token)
            elif kind != "gap":
                segments.append((kind, token))
        frame = " ".join(plain(s) for k, s in segments if k == "word") + "".join(k[0] for k, _ in segments)
        chance = self.chance("template", frame)
        parts = [self._render(kind, s).strip(" :/-+|") for kind, s in segments]
        chance.shuffle(parts)
        new = chance.choice(_SEPARATORS).join(p for p in parts if p)
        return "".join(made[ord(c) - 0xE000] if "\ue000" <= c <= "\uefff" else c for c in new)

    def _kind(self, token: str, line: str) -> str:
        if "\ue000" <= token <= "\uefff" or token.isdigit():
            return "number"
        if not token[0].isalpha():
            return "gap"
        folded = plain(token)
        return "word" if folded in self._key_words and not self._names_here(folded, line) else "name"

    def _names_here(self, word: str, line: str) -> bool:
        return word not in self._processors and word in self._contacts[line]

    def _render(self, kind: str, segment: str) -> str:
        if kind != "word":
            return segment
        return "".join(
            self.word(t) if t[0].isalpha() and not "\ue000" <= t <= "\uefff" else t for t in _TOKEN.findall(segment)
        )

    def rename(self, text: str) -> str:
        """A name with the processors' names exchanged."""
        return "".join(self.word(t) if plain(t) in self._processors else t for t in _TOKEN.findall(text))

    def memo(self, text: str) -> str:
        """A ledger memo: all words invented, numbers renumbered, processors renamed, terms in another notation."""
        if any(mark in text.lower() for mark in ("t/a", "dba", "trading as")):
            return text
        hidden, made = self._protect(TERMS.sub("", text))
        new = "".join(
            t if not t[0].isalpha() or "\ue000" <= t <= "\uefff" else self.word(t) for t in _TOKEN.findall(hidden)
        )
        return "".join(made[ord(c) - 0xE000] if "\ue000" <= c <= "\uefff" else c for c in new)

    # The whole sample.

    def apply(self) -> Sample:
        """The rewritten sample; the one given stays as it was."""
        old = self.sample
        terms = {e["id"]: m for e in old.ledger if (m := TERMS.search(e["memo"]))}
        ledger = [
            e
            | {
                "contact_name": self.rename(e["contact_name"]),
                "number": self.number(e["number"]),
                "reference": self.number(e["reference"]),
                "memo": self.memo(e["memo"]),
            }
            for e in old.ledger
        ]
        bank = [self._line(row) for row in old.bank]
        context = json.loads(json.dumps(old.context))
        new = Sample(bank, ledger, context, old.truth, dict(old.other))
        recharge(self, new, terms)
        return new

    def _line(self, row: Row) -> Row:
        style = self.chance("case", row["account_id"]).choice((str.upper, str.lower, str.title))
        return row | {
            "description": style(self.text(row["description"], row["id"])),
            "counterparty": style(self.rename(row["counterparty"])),
            "reference": self.text(row["reference"], row["id"]),
        }


def _words(text: str) -> list[str]:
    return [t for t in _TOKEN.findall(plain(text)) if t[0].isalpha()]


def compare(directory: Path, seed: int, script: str, target: Path) -> dict[str, float]:
    """F1 and automatic rate of a sample as given and as rewritten, and the drops."""
    Rewording(Sample.read(directory), seed, script).apply().write(target)
    truth = json.loads((directory / "truth.json").read_text(encoding="utf-8"))
    result: dict[str, float] = {}
    for name, where in (("given", directory), ("rewritten", target)):
        proposals, lines, _ = run(where)
        found = exact_groups(truth, proposals, lines)
        result |= {
            f"{name}_{k}": found[k] for k in ("f1", "automatic_rate_at_target", "preset_precision", "calibration_error")
        }
    result["f1_drop"] = result["given_f1"] - result["rewritten_f1"]
    result["automatic_drop"] = result["given_automatic_rate_at_target"] - result["rewritten_automatic_rate_at_target"]
    return result


def _told(name: str, r: dict[str, float]) -> str:
    return (
        f"{name:34s} F1 {r['given_f1']:.4f} → {r['rewritten_f1']:.4f} ({-100 * r['f1_drop']:+.2f})  "
        f"automatic {r['given_automatic_rate_at_target']:.4f} → {r['rewritten_automatic_rate_at_target']:.4f} "
        f"({-100 * r['automatic_drop']:+.2f})  preset {r['rewritten_preset_precision']:.4f}  "
        f"calibration {r['rewritten_calibration_error']:.4f}"
    )


def main() -> int:
    """Print a line per sample and seed, or with --json one object."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directories", nargs="+", type=Path, metavar="DIR")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--script", choices=sorted(_ALPHABETS), default="latin")
    parser.add_argument("--keep", type=Path, help="write the rewritten samples here instead of a temporary place")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    results: dict[str, dict[str, float]] = {}
    with tempfile.TemporaryDirectory() as scratch:
        for directory in options.directories:
            for seed in range(1, options.seeds + 1):
                name = f"{directory.name}_{options.script}_{seed}"
                found = compare(directory, seed, options.script, (options.keep or Path(scratch)) / name)
                results[name] = found
                if not options.json:
                    print(_told(name, found), flush=True)
    if options.json:
        print(json.dumps(results))
    return 0


if __name__ == "__main__":
    sys.exit(main())
