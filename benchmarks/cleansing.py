"""How many duplicate contacts are found, how many pairs are wrong, and how long 20,000 contacts take.

    python benchmarks/cleansing.py [--json] [--misses] [--speed]

Pairs are counted on `contacts.yaml`: precision (proposed pairs that are right), recall (right pairs proposed), and
wrong ones among those that may be merged in bulk. `--misses` shows the development part's only.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import sys
import time
from collections.abc import Iterable
from itertools import combinations
from pathlib import Path
from typing import Any

import yaml

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from mappings.cleansing import Group, Party, find_groups

_FILE = Path(__file__).resolve().parent / "contacts.yaml"
_PARTY = re.compile(r"^(?P<name>[^\[<]+?)\s*(?:\[(?P<tax>[^\]]+)\])?\s*(?:<(?P<mail>[^>]+)>)?$")
PRECISION, RECALL = 0.95, 0.85


def read(part: str) -> tuple[list[Party], set[frozenset[str]]]:
    """Contacts of a part, and the pairs of keys that are one."""
    parties, pairs = [], set()
    for number, line in enumerate(yaml.safe_load(_FILE.read_text(encoding="utf-8"))[part].splitlines()):
        keys = []
        for place, text in enumerate(line.split("|")):
            found = _PARTY.match(text.strip())
            if found is None:
                raise ValueError(f"{_FILE.name}: {part}, line {number + 1}: “{text.strip()}” is no contact.")
            keys.append(f"{number}.{place} {found['name']}")
            parties.append(Party(keys[-1], found["name"], found["mail"] or "", found["tax"] or "", in_ledger=not place))
        pairs |= {frozenset(pair) for pair in combinations(keys, 2)}
    return parties, pairs


def measure(part: str) -> dict[str, Any]:
    """Counts of pairs, and their shares."""
    parties, wanted = read(part)
    groups = find_groups(parties)
    found, exact = _pairs(groups), _pairs(group for group in groups if group.is_exact)
    return {
        "contacts": len(parties),
        "pairs": len(wanted),
        "precision": round(len(found & wanted) / max(1, len(found)), 4),
        "recall": round(len(found & wanted) / len(wanted), 4),
        "exact_pairs": len(exact),
        "wrong_exact_pairs": len(exact - wanted),
    }


def speed(contacts: int = 20_000) -> dict[str, Any]:
    """Seconds for so many contacts with made-up names, one in ten of them twice."""
    chance = random.Random(11)  # noqa: S311 - a repeatable sample, no secret
    sounds = [
        "ba",
        "ke",
        "lo",
        "mi",
        "ra",
        "su",
        "ton",
        "vex",
        "dal",
        "wick",
        "ham",
        "stro",
        "gar",
        "pel",
        "nor",
        "zen",
    ]
    ends = ["Ltd", "GmbH", "Services", "Group", "Inc", "Trading", "Foods", "Builders"]
    names = [
        " ".join(
            ("".join(chance.choices(sounds, k=3)), "".join(chance.choices(sounds, k=2)), chance.choice(ends))
        ).title()
        for _ in range(contacts * 9 // 10)
    ]
    names += [f"{name.upper()}." for name in chance.sample(names, contacts - len(names))]
    started, processor = time.perf_counter(), time.process_time()
    groups = find_groups(Party(str(index), name) for index, name in enumerate(names))
    seconds, used = round(time.perf_counter() - started, 2), round(time.process_time() - processor, 2)
    return {"contacts": contacts, "groups": len(groups), "seconds": seconds, "processor_seconds": used}


def _pairs(groups: Iterable[Group]) -> set[frozenset[str]]:
    return {frozenset(pair) for group in groups for pair in combinations(group.keys, 2)}


def main() -> int:
    """Print the table; 1 when the held-out part is below what is asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--misses", action="store_true", help="the development part's wrong and missing pairs")
    parser.add_argument("--speed", action="store_true")
    asked = parser.parse_args()
    result: dict[str, Any] = {part: measure(part) for part in ("development", "held_out")}
    if asked.speed:
        result["speed"] = speed()
    if asked.misses:
        parties, wanted = read("development")
        found = _pairs(find_groups(parties))
        for pair in sorted(map(sorted, found ^ wanted)):
            print("wrong:  " if frozenset(pair) in found else "missing:", " = ".join(pair))  # noqa: T201
    table = "\n".join(f"{name}: " + ", ".join(f"{k} {v}" for k, v in part.items()) for name, part in result.items())
    print(json.dumps(result) if asked.json else table)  # noqa: T201
    held = result["held_out"]
    return 0 if held["precision"] >= PRECISION and held["recall"] >= RECALL and not held["wrong_exact_pairs"] else 1


if __name__ == "__main__":
    sys.exit(main())
