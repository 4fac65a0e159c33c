"""Documents of a shop and the books that hold most of them already, with the truth beside: who is whom, and why not."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal

FIRST_DAY = date(2024, 1, 1)
DAYS = 900
START = FIRST_DAY + timedelta(days=DAYS + 30)
"""The first day to post: everything here is dated before."""

SURE, PROPOSED, UNCLEAR, ALONE = "sure", "proposed", "unclear", "alone"
_PRICES = [Decimal(text) for text in ("9.00", "19.00", "29.00", "49.00", "99.00", "120.00", "199.00", "499.00")]
_FORMS = ("Ltd", "Limited", "GmbH", "S.A.", "Inc.")
_WORDS = ("Blue", "North", "Harbour", "Silver", "Maple", "Union", "Old", "Royal", "Green", "Iron")
_TRADES = ("Bottle", "Rail", "Bakery", "Textiles", "Partners", "Foods", "Systems", "Studio", "Motors", "Press")


@dataclass(frozen=True)
class Paper:
    """A document of the shop, or a record of the ledger."""

    id: str
    number: str
    contact: str
    amount: Decimal
    day: date


@dataclass(frozen=True)
class Case:
    """A document, the ledger's records that came of it (the first is it), and what a matcher should make of it."""

    document: Paper
    records: tuple[Paper, ...]
    wanted: str


def cases(count: int, *, seed: int = 7) -> Iterator[Case]:
    """So many documents: of a thousand, 700 are exact, 300 have one kind of noise or another."""
    dice = random.Random(seed)
    customers = [_customer(place) for place in range(max(20, count // 50))]
    for place in range(count):
        document = Paper(
            id=f"order-{place}",
            number=f"INV-{place:07}",
            contact=dice.choice(customers),
            # Subscriptions: the same few prices again and again, so that amounts alone tell nothing.
            amount=dice.choice(_PRICES) if dice.random() < 0.5 else Decimal(dice.randrange(1000, 900_000)) / 100,
            day=FIRST_DAY + timedelta(days=dice.randrange(DAYS)),
        )
        yield _case(document, dice.random(), dice)


def strangers(count: int, *, seed: int = 8) -> Iterator[Paper]:
    """Records that the ledger's own users wrote: numbers of another series, the shop's prices."""
    dice = random.Random(seed)
    for place in range(count):
        day = FIRST_DAY + timedelta(days=dice.randrange(DAYS))
        yield Paper(f"own-{place}", f"M{place}", f"Walk-in {place % 500}", dice.choice(_PRICES), day)


def _customer(place: int) -> str:
    name = f"{_WORDS[place % 10]} {_TRADES[place // 10 % 10]}"
    return f"{name} {place // 100} {_FORMS[place % 5]}" if place >= 100 else f"{name} {_FORMS[place % 5]}"


def _case(document: Paper, lot: float, dice: random.Random) -> Case:
    near = document.day + timedelta(days=dice.randint(-3, 3))
    exact = replace(document, id=f"{document.id}-r", contact=_written(document.contact, dice), day=near)
    if lot < 0.70:
        return Case(document, (replace(exact, number=document.number.lower().replace("-", " ")),), SURE)
    if lot < 0.80:
        return Case(document, (replace(exact, number=f"SI{dice.randrange(10**9)}"),), PROPOSED)
    if lot < 0.85:
        return Case(document, (replace(exact, number=f"2024/{document.number[-7:]}"),), PROPOSED)
    if lot < 0.90:
        return Case(document, (replace(exact, amount=document.amount + Decimal("0.37")),), PROPOSED)
    if lot < 0.95:
        return Case(document, (exact, replace(exact, id=f"{exact.id}2")), UNCLEAR)
    return Case(document, (), ALONE)


def _written(name: str, dice: random.Random) -> str:
    words, _, form = name.rpartition(" ")
    return dice.choice((name, words, name.upper(), f"{words} {_FORMS[(_FORMS.index(form) + 1) % 5]}"))
