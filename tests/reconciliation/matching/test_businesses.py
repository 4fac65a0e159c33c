"""The invented businesses are judges: their truth must be consistent, repeatable, and unseen where it says so."""

from collections import Counter
from decimal import Decimal

import pytest

from benchmarks.businesses import KINDS, make


@pytest.mark.parametrize("kind", KINDS)
def test_every_line_of_a_business_ends_in_one_place(kind: str) -> None:
    sample = make(kind, 3, 200)
    lines = {row["id"] for row in sample.bank}
    entries = {row["id"] for row in sample.ledger}
    grouped = [b for g in sample.truth["groups"] for b in g["bank"]]
    copies = [d["bank"] for d in sample.truth["duplicates"]]

    ended = Counter([*grouped, *copies, *sample.truth["unmatched_bank"]])

    assert ended == Counter(lines)
    assert entries.issuperset(e for g in sample.truth["groups"] for e in g["ledger"])
    assert 0.1 < len(sample.truth["unmatched_bank"]) / len(lines) < 0.25


@pytest.mark.parametrize("kind", KINDS)
def test_settled_entries_of_a_business_belong_to_no_line(kind: str) -> None:
    sample = make(kind, 3, 200)
    left = {row["id"]: Decimal(row["open_amount"]) for row in sample.ledger}

    assert all(left[e] for g in sample.truth["groups"] for e in g["ledger"])


def test_a_business_is_the_same_for_the_same_seed() -> None:
    assert make("rent", 5, 150) == make("rent", 5, 150)
    assert make("rent", 5, 150) != make("rent", 6, 150)


def test_banks_of_the_judging_seeds_are_seen_by_no_other_seed() -> None:
    seen = {make("agency", seed, 60).truth["dialect"] for seed in range(1, 9)}
    judging = {make("agency", seed, 60).truth["dialect"] for seed in range(101, 105)}

    assert not seen & judging
