"""Which record a document is: exact pairs are always found, everything is one-to-one, and order never matters."""

import random
from datetime import date, timedelta
from decimal import Decimal
from itertools import permutations
from time import process_time
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from mappings.assignment import best_pairs
from mappings.linking import Entry, Found, match, plain_name, plain_number

DAY = date(2026, 3, 10)


def entry(entry_id: str, number: str = "INV-1", contact: str = "Blue Bottle Ltd", **changes: Any) -> Entry:
    values = {"amount": Decimal("120"), "currency": "GBP", "day": DAY, "resource": "invoices", "contacts": frozenset()}
    return Entry(entry_id, numbers=(number,) if number else (), contact=plain_name(contact), **{**values, **changes})


def linked(found: Found) -> dict[str, str]:
    return {document: pair.record for document, pair in found.sure.items()}


def test_an_exact_and_unique_pair_is_sure_and_says_why() -> None:
    record = entry("r", "inv 1", "BLUE-BOTTLE limited", day=DAY + timedelta(days=2))
    found = match([entry("d")], [record], days_apart=3)
    assert linked(found) == {"d": "r"}
    assert found.sure["d"].reasons == (
        "The number inv 1 is the same.",
        "The contact has the same name.",
        "The amount is the same.",
        "The dates are 2 days apart.",
    )


def test_digits_that_agree_are_no_equal_number() -> None:
    found = match([entry("d", "INV-1007")], [entry("r", "1007")], days_apart=3)
    assert not found.sure
    assert found.proposed["d"].reasons[0] == "The digits of 1007 are the same."


def test_another_currency_or_kind_is_never_a_candidate() -> None:
    others = [entry("r1", currency="EUR"), entry("r2", resource="bills")]
    found = match([entry("d")], others, days_apart=3)
    assert not found.sure
    assert not found.candidates


def test_two_equal_records_are_for_a_person() -> None:
    found = match([entry("d")], [entry("r1"), entry("r2")], days_apart=3)
    assert not found.sure
    assert [pair.record for pair in found.candidates["d"]] == ["r1", "r2"]
    assert found.ambiguous == {"d"}


def test_one_record_wanted_by_two_documents_is_for_a_person() -> None:
    found = match([entry("d1"), entry("d2")], [entry("r")], days_apart=3)
    assert not found.sure
    assert set(found.candidates) == {"d1", "d2"} == found.ambiguous
    assert len(found.proposed) == 1


def test_a_name_that_a_person_linked_before_counts_as_the_contact() -> None:
    document = entry("d", contact="BB Coffee", contacts=frozenset({"58"}))
    assert linked(match([document], [entry("r", contacts=frozenset({"58"}))], days_apart=3)) == {"d": "r"}
    assert not match([entry("d", contact="BB Coffee")], [entry("r", contacts=frozenset({"58"}))], days_apart=3).sure


def test_without_a_number_the_same_contact_amount_and_day_are_proposed_not_linked() -> None:
    found = match([entry("d", "")], [entry("r", "9001")], days_apart=3)
    assert not found.sure
    assert found.proposed["d"].confidence == 55
    assert not found.ambiguous


def test_the_same_number_with_another_amount_is_a_candidate_that_names_the_difference() -> None:
    (pair,) = match([entry("d")], [entry("r", amount=Decimal("100"))], days_apart=3).candidates["d"]
    assert "The amounts differ by 20.00 GBP." in pair.reasons


def test_the_best_total_wins_over_the_best_first() -> None:
    edges = {("a", "x"): 90, ("a", "y"): 80, ("b", "x"): 85}
    assert best_pairs(edges) == {"a": "y", "b": "x"}


def _best_total(edges: dict[tuple[str, str], int]) -> int:
    lefts, rights = sorted({left for left, _ in edges}), sorted({right for _, right in edges})
    rights += [""] * len(lefts)
    return max(
        sum(edges.get((left, right), 0) for left, right in zip(lefts, chosen, strict=True))
        for chosen in permutations(rights, len(lefts))
    )


_EDGES = st.dictionaries(
    st.tuples(st.sampled_from("abcd"), st.sampled_from("wxyz")), st.integers(1, 100), min_size=1, max_size=12
)


@given(_EDGES, st.randoms(use_true_random=False))
@settings(max_examples=150, deadline=None)
def test_pairs_are_one_to_one_of_the_best_total_in_any_order(
    edges: dict[tuple[str, str], int], shuffled: random.Random
) -> None:
    chosen = best_pairs(edges)
    assert len(set(chosen.values())) == len(chosen)
    assert sum(edges[pair] for pair in chosen.items()) == _best_total(edges)
    items = list(edges.items())
    shuffled.shuffle(items)
    assert best_pairs(dict(items)) == chosen


def test_a_large_group_of_equals_is_still_one_to_one_and_the_same_in_any_order() -> None:
    edges = {(f"d{left}", f"r{left + step}"): 50 for left in range(600) for step in range(3)}
    chosen = best_pairs(edges)
    assert len(set(chosen.values())) == len(chosen) == 600
    assert best_pairs(dict(reversed(edges.items()))) == chosen


_ENTRIES = st.builds(
    lambda number, contact, amount, day: (number, contact, Decimal(amount), DAY + timedelta(days=day)),
    st.sampled_from(["", "INV-1", "INV-2", "1", "77"]),
    st.sampled_from(["Blue Bottle Ltd", "Rail Co", "Blue Bottel"]),
    st.integers(1, 3),
    st.integers(0, 5),
)


def _entries(prefix: str, rows: list[Any]) -> list[Entry]:
    return [
        entry(f"{prefix}{place}", number, contact, amount=amount, day=day)
        for place, (number, contact, amount, day) in enumerate(rows)
    ]


@given(st.lists(_ENTRIES, max_size=7), st.lists(_ENTRIES, max_size=7), st.randoms(use_true_random=False))
@settings(max_examples=150, deadline=None)
def test_what_is_found_does_not_depend_on_the_order_and_is_one_to_one(
    ours: list[Any], theirs: list[Any], shuffled: random.Random
) -> None:
    documents, records = _entries("d", ours), _entries("r", theirs)
    found = match(documents, records, days_apart=2)
    mixed_documents, mixed_records = list(documents), list(records)
    shuffled.shuffle(mixed_documents)
    shuffled.shuffle(mixed_records)
    assert match(mixed_documents, mixed_records, days_apart=2) == found
    used = [pair.record for pair in (*found.sure.values(), *found.proposed.values())]
    assert len(used) == len(set(used))


@given(st.lists(_ENTRIES, max_size=6), st.sampled_from(["Blue Bottle Ltd", "Rail Co"]), st.integers(0, 2))
@settings(max_examples=100, deadline=None)
def test_an_exact_pair_is_always_found_whatever_else_there_is(rows: list[Any], contact: str, apart: int) -> None:
    noise = [row for row in rows if row[0] != "INV-2"]
    documents = [*_entries("d", noise), entry("mine", "INV-2", contact)]
    records = [*_entries("r", noise), entry("it", "inv2", contact, day=DAY + timedelta(days=apart))]
    assert linked(match(documents, records, days_apart=2))["mine"] == "it"


def test_numbers_and_names_are_compared_without_what_does_not_matter() -> None:
    assert plain_number("INV-0012/A") == plain_number("inv 0012 a")
    assert plain_name("Müller & Söhne GmbH") == plain_name("MULLER SOHNE")
    assert plain_name("Limited") == "limited"


def test_thousands_of_the_same_amount_and_customer_are_not_compared_all_with_all() -> None:
    documents = [entry(f"d{place:05}", f"S-{place}") for place in range(4000)]
    records = [entry(f"r{place:05}", f"S-{place}") for place in range(4000)]
    began = process_time()
    found = match(documents, records, days_apart=3)
    assert len(found.sure) == 4000
    assert process_time() - began < 20  # all with all would be 16 million comparisons
