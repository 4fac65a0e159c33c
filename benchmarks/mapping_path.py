"""How many documents a second one core maps and builds: stored bodies to ledger records and reasons, nothing else.

    python benchmarks/mapping_path.py [--documents 20000] [--words 300] [--rounds 5] [--named] [--json]

Sales, purchases and expenses of one to three lines over `--words` categories; a quarter of the words has rules with
conditions and dates, so that every look-up is of the expensive kind now and then. With `--named` every line names an
item, two dimensions and a location, and every contact has a rule: the other path. Measured is processor time of this
process, the median of the rounds; the goal of 10,000 a second is the exit status.
"""

from __future__ import annotations

import argparse
import gc
import json
import random
import statistics
import sys
import time
from decimal import Decimal
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from mappings.transform import Book, Document, Rule, Target, apply

GOAL = 10_000
COUNTRIES, CURRENCIES = ("DE", "FR", "NL", "GB", "US"), ("EUR", "GBP")
SIDES = ("sales", "purchases")


def book(words: int, dice: random.Random) -> Book:
    """Exact pairs for every word, and for every fourth three rules more."""
    rules: list[Rule] = []
    for side, kind in zip(SIDES, ("income", "expense"), strict=True):
        accounts = [Target(f"{kind}-{each}", f"{each} {kind}", "Account", kind) for each in range(4000, 4100)]
        for number in range(words):
            word = f"category-{number}"
            rules.append(Rule("category", side, word, dice.choice(accounts)))
            if number % 4 == 0:
                country = dice.choice(COUNTRIES)
                rules.append(Rule("category", side, word, dice.choice(accounts), {"country": country}))
                both = {"country": country, "currency": "EUR"}
                rules.append(Rule("category", side, word, dice.choice(accounts), both, "2026-01-01"))
                rules.append(Rule("category", side, word, dice.choice(accounts), both, "2026-07-01"))
        for percent in (0, 7, 20):
            rate = Target(
                f"rate-{percent}", f"{percent} %", "TaxCode", "both", rates=((f"r{percent}", Decimal(percent)),)
            )
            rules.append(Rule("tax_code", side, f"V{percent}", rate))
    card = Target("card", "2100 Card", "Account", "credit_card")
    return Book(1, [*rules, Rule("payment_method", "purchases", "", card)])


def names(words: int) -> list[Rule]:
    """What documents name beside accounts and taxes, for `--named`."""
    rules: list[Rule] = []
    for side in SIDES:
        for number in range(words):
            rules.append(Rule("item", side, f"sku-{number}", Target(f"i{number}", f"Item {number}", "Item", "service")))
        for number in range(50):
            for name in ("channel", "team"):
                value = Target(f"{name}{number}", f"{name} {number}", "Class", "class", dimension=name)
                rules.append(Rule("dimension", side, f"{name}: {number}", value))
            place = Target(f"l{number}", f"Place {number}", "Location", "location", dimension="location")
            rules.append(Rule("location", side, f"place-{number}", place))
        for number in range(500):
            contact = Target(f"c{number}", f"Contact {number}", "Contact", "both")
            rules.append(Rule("contact", side, f"Customer {number}", contact))
    return rules


def named(body: dict[str, Any], words: int, dice: random.Random) -> dict[str, Any]:
    """The same document, naming all of it."""
    for line in body["lines"]:
        line["item"] = f"sku-{dice.randrange(words)}"
        line["dimensions"] = {"channel": str(dice.randrange(50)), "team": str(dice.randrange(50))}
    return body | {"location": f"place-{dice.randrange(50)}"}


def bodies(documents: int, words: int, dice: random.Random) -> list[dict[str, Any]]:
    """Documents as intake stores them: decimals as text, sums that agree."""
    return [_body(number, words, dice) for number in range(documents)]


def _body(number: int, words: int, dice: random.Random) -> dict[str, Any]:
    kind = ("sale", "sale", "purchase", "expense")[number % 4]
    lines, net, tax = [], Decimal(0), Decimal(0)
    percent = dice.choice((0, 7, 20))
    for _ in range(dice.randint(1, 3)):
        amount = Decimal(dice.randint(100, 99_999)) / 100
        lines.append(
            {
                "category": f"category-{dice.randrange(words)}",
                "tax_code": f"V{percent}",
                "amount": f"{amount:f}",
                "description": "Something",
            }
        )
        net += amount
    tax = (net * percent / 100).quantize(Decimal("0.01"))
    return {
        "source": "shop",
        "external_id": f"order-{number}",
        "kind": kind,
        "number": f"S-{number}",
        "issued_on": f"2026-{dice.randint(1, 12):02}-{dice.randint(1, 28):02}",
        "currency": dice.choice(CURRENCIES),
        "tax_mode": "exclusive",
        "counterparty": {"name": f"Customer {number % 500}", "country": dice.choice(COUNTRIES)},
        "lines": lines,
        "tax_total": f"{tax:f}",
        "total": f"{net + tax:f}",
    } | ({"payment_method": "visa"} if kind == "expense" else {})


def measure(rules: Book, stored: list[dict[str, Any]]) -> float:
    """Processor seconds for all documents, reasons as they are stored included."""
    started = time.process_time()
    for body in stored:
        result = apply(rules, Document.from_body(body))
        if result.payload is None:
            raise SystemExit(f"{body['external_id']} was not built: {result.problems}")
        [each.as_dict() for each in result.trace]
    return time.process_time() - started


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=int, default=20_000)
    parser.add_argument("--words", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--named", action="store_true", help="documents that name items, dimensions, contacts too")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    dice = random.Random(asked.seed)
    rules, stored = book(asked.words, dice), bodies(asked.documents, asked.words, dice)
    if asked.named:
        rules = Book(1, [*rules.rules, *names(asked.words)])
        stored = [named(each, asked.words, dice) for each in stored]
    gc.freeze()
    rates = [asked.documents / measure(rules, stored) for _ in range(asked.rounds)]
    found = {
        "documents": asked.documents,
        "rules": len(rules.rules),
        "per_second": round(statistics.median(rates)),
        "least": round(min(rates)),
        "most": round(max(rates)),
        "goal": GOAL,
        "is_met": statistics.median(rates) >= GOAL,
    }
    if asked.json:
        print(json.dumps(found))
    else:
        print(
            "\n".join(
                f"{name:<12} {value:>8,}" if isinstance(value, int) else f"{name} {value}"
                for name, value in found.items()
            )
        )
    return 0 if found["is_met"] else 1


if __name__ == "__main__":
    sys.exit(main())
