"""How right the suggestions are, how well their confidence is calibrated, and how fast they come.

    python benchmarks/suggestions.py [--json] [--misses] [--fit] [--speed]

`charts/development` is what the words and weights were made with: its misses may be looked at (`--misses`), and
`--fit` fits the calibration on it. `charts/held_out` was written first and is only ever counted: there is no option
that shows which of its words are wrong, and a test holds the files to the digest they had before the first line of the
engine. No two of the charts in the two folders are the same, nor are the words of their sources.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import Any

import yaml

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from mappings.suggest import Candidate, Knowledge, Suggester, Suggestion
from mappings.suggesting.calibration import MOST_LEAD
from mappings.transform.fit import kinds_for

CHARTS = Path(__file__).resolve().parent / "charts"
TOP_1, WRONG_AND_CONFIDENT = 0.85, 0.01


@dataclass(frozen=True)
class Case:
    """A word, the records that are right for it (none: nothing fits), and the suggestion."""

    chart: str
    use: str
    word: str
    right: frozenset[str]
    suggestion: Suggestion | None

    @property
    def is_right(self) -> bool:
        """Whether the first suggestion is a right one, or rightly none."""
        found = self.suggestion.candidate.external_id if self.suggestion else "-"
        return found in self.right


def cases(folder: str) -> Iterator[Case]:
    """Every word of every chart of a folder with its suggestion."""
    for path in sorted((CHARTS / folder).glob("*.yaml")):
        chart = yaml.safe_load(path.read_text(encoding="utf-8"))
        accounts = [_account(row) for row in _rows(chart["accounts"])]
        rates = [Candidate(row[0], row[1], percent=Decimal(row[2])) for row in _rows(chart.get("rates", ""))]
        for use, words in chart["words"].items():
            subject, side = use.split()
            fitting = [each for each in accounts if each.kind in kinds_for(subject, side)]
            knows = Knowledge(subject=subject, side=side, country=chart["country"])
            suggester = Suggester(rates if subject == "tax_code" else fitting, knows)
            for word, right in _rows(words):
                yield Case(path.stem, use, word, frozenset(right.split("/")), suggester.suggest(word))


def digest(folder: str) -> str:
    """Of all files of a folder, so that a change is seen."""
    return sha256(b"".join(path.read_bytes() for path in sorted((CHARTS / folder).glob("*.yaml")))).hexdigest()


def measure(found: list[Case]) -> dict[str, Any]:
    """Counts and shares; a wrong suggestion that is confident counts against all words."""
    answered = [each for each in found if "-" not in each.right]
    sure = [each for each in found if each.suggestion and each.suggestion.is_confident]
    wrong = [each for each in sure if not each.is_right]
    return {
        "words": len(found),
        "top_1": round(sum(each.is_right for each in answered) / len(answered), 4),
        "confident": round(len(sure) / len(found), 4),
        "wrong_and_confident": round(len(wrong) / len(found), 4),
        "wrong_of_confident": round(len(wrong) / max(1, len(sure)), 4),
        "calibration_error": round(_calibration_error(found), 4),
    }


def _calibration_error(found: list[Case]) -> float:
    """Mean gap between confidence and share of right ones, over five bins, by size."""
    bins: dict[int, list[tuple[float, bool]]] = {}
    for each in found:
        if each.suggestion:
            confidence = float(each.suggestion.confidence)
            bins.setdefault(min(4, int(confidence * 5)), []).append((confidence, each.is_right))
    total = sum(map(len, bins.values()))
    gaps = [abs(sum(c for c, _ in rows) - sum(ok for _, ok in rows)) for rows in bins.values()]
    return sum(gaps) / max(1, total)


def fit(found: list[Case]) -> tuple[float, ...]:
    """Logistic regression of being right on score and lead, drawn a little to where it begins: errors are few."""
    rows = [
        ((1.0, signs.score, min(signs.lead, MOST_LEAD)), each.is_right)
        for each in found
        if each.suggestion and (signs := each.suggestion.signs)
    ]
    at = start = (-4.0, 5.0, 6.0)
    for _ in range(4000):
        slope = [0.1 * (a - s) / len(rows) for a, s in zip(at, start, strict=True)]
        for values, is_right in rows:
            gap = 1 / (1 + math.exp(-sum(a * v for a, v in zip(at, values, strict=True)))) - is_right
            slope = [s + gap * v / len(rows) for s, v in zip(slope, values, strict=True)]
        at = (at[0] - slope[0], at[1] - slope[1], at[2] - slope[2])
    return tuple(round(each, 2) for each in at)


def speed(values: int = 5_000, accounts: int = 10_000) -> dict[str, Any]:
    """Seconds for so many words against so many accounts, all different, made from the charts' own."""
    chance = random.Random(7)  # noqa: S311 - a repeatable sample, no secret
    names = [
        row for path in sorted(CHARTS.glob("*/*.yaml")) for row in _rows(yaml.safe_load(path.read_text())["accounts"])
    ]
    costs = [row for row in names if row[3] in kinds_for("category", "purchases")]
    places = ["North", "South", "Project", "Store", "Team", "Plant", "Branch", "Unit"]
    chart = [
        Candidate(str(i), f"{row[2]} {chance.choice(places)} {i % 97}", str(10_000 + i), kind=row[3])
        for i, row in ((i, chance.choice(costs)) for i in range(accounts))
    ]
    words = [f"{chance.choice(costs)[2]} {chance.choice(places)} {i}" for i in range(values)]
    started, processor = time.perf_counter(), time.process_time()
    suggester = Suggester(chart, Knowledge(subject="category", side="purchases"))
    found = sum(suggester.suggest(word) is not None for word in words)
    seconds, used = round(time.perf_counter() - started, 2), round(time.process_time() - processor, 2)
    return {"values": values, "accounts": accounts, "found": found, "seconds": seconds, "processor_seconds": used}


def _account(row: list[str]) -> Candidate:
    external_id, code, name, kind = row
    return Candidate(external_id, name, code, kind=kind)


def _rows(text: str) -> Iterator[list[str]]:
    for line in text.splitlines():
        if line.strip():
            yield [part.strip() for part in line.split("|")]


def main() -> int:
    """Print the table; 1 when the held-out charts are below what is asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--misses", action="store_true", help="the development charts' wrong suggestions")
    parser.add_argument(
        "--fit", action="store_true", help="coefficients of the calibration, from the development charts"
    )
    parser.add_argument("--speed", action="store_true")
    asked = parser.parse_args()
    development = list(cases("development"))
    result: dict[str, Any] = {"development": measure(development), "held_out": measure(list(cases("held_out")))}
    if asked.fit:
        result["fit"] = fit(development)
    if asked.speed:
        result["speed"] = speed()
    if asked.misses:
        _print_misses(development)
    print(json.dumps(result) if asked.json else _table(result))  # noqa: T201
    held = result["held_out"]
    return 0 if held["top_1"] >= TOP_1 and held["wrong_and_confident"] <= WRONG_AND_CONFIDENT else 1


def _print_misses(found: list[Case]) -> None:
    for each in found:
        if not each.is_right:
            said = each.suggestion
            name = f"{said.candidate.name} {said.confidence} ({said.reason})" if said else "nothing"
            print(f"{each.chart} {each.use}: {each.word} → {name}, right: {'/'.join(each.right)}")  # noqa: T201


def _table(result: dict[str, Any]) -> str:
    return "\n".join(
        f"{name}: " + ", ".join(f"{k} {v}" for k, v in part.items()) if isinstance(part, dict) else str(part)
        for name, part in result.items()
    )


if __name__ == "__main__":
    sys.exit(main())
