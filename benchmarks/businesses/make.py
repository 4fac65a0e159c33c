"""A business of a kind, at a bank that the seed chooses."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import date, timedelta

from benchmarks.matching_samples import Sample

from .books import Maker
from .dialects import BANKS, HELD_OUT
from .flows import clutter, deliver_twice
from .many import charity, rent
from .processors import marketplace, restaurant
from .trade import agency, prepaid, wholesale

KINDS: dict[str, Callable[[Maker], None]] = {
    "wholesale": wholesale,
    "charity": charity,
    "rent": rent,
    "marketplace": marketplace,
    "agency": agency,
    "restaurant": restaurant,
    "prepaid": prepaid,
}
UNSEEN = 100
"""From this seed on the banks are those that nothing was fitted on."""


def make(kind: str, seed: int, lines: int = 1000) -> Sample:
    """Files and truth of one invented business, about so many lines; the same for the same arguments.

    Seeds from 100 on bank where no lower seed does.
    """
    chance = random.Random(f"{kind} {seed}")
    banks = [b for b in BANKS if (b.key in HELD_OUT) == (seed >= UNSEEN)]
    bank = banks[(seed + list(KINDS).index(kind)) % len(banks)]
    start = date(2024, 1, 1) + timedelta(chance.randrange(500))
    maker = Maker(chance, bank, start, chance.choice((3, 3, 4)), lines)
    KINDS[kind](maker)
    maker.lines = [r for r in maker.lines if r["date"] <= str(maker.end + timedelta(14))]
    _drop_torn(maker)
    clutter(maker)
    deliver_twice(maker)
    return maker.sample(seed, kind)


def _drop_torn(maker: Maker) -> None:
    """Groups of which a line lies beyond the statement are not asked for; their other lines go as well."""
    here = {r["id"] for r in maker.lines}
    torn = [g for g in maker.groups if not here.issuperset(g["bank"])]
    gone = {b for g in torn for b in g["bank"]}
    maker.groups = [g for g in maker.groups if g not in torn]
    maker.lines = [r for r in maker.lines if r["id"] not in gone]
