"""A statement that stays matched: what changes touch, and what they leave alone; and windows of long statements."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciliation.matching import BankLine, LedgerEntry, Proposal, Standing, match
from reconciliation.matching.books import Books, Carried
from reconciliation.matching.engine import match_whole
from reconciliation.matching.windows import windows

from .builders import CONTEXT, crowd, entry, line

ACME = "Harrowgate Lantern Works Ltd"
PAYMENT = line("b", "512.40", "CREDIT IN HARROWGATE LANTERN INV-90417")
INVOICE = entry("a", "512.40", ACME, "INV-90417")


def told(proposals: list[Proposal]) -> set[tuple[tuple[str, ...], tuple[str, ...], str]]:
    """Proposals without their figures."""
    return {(p.bank_ids, p.ledger_ids, p.kind) for p in proposals}


def test_a_standing_statement_begins_as_the_whole_match() -> None:
    lines, entries = crowd()

    standing = Standing([*lines, PAYMENT], [*entries, INVOICE], CONTEXT).proposals
    whole = match([*lines, PAYMENT], [*entries, INVOICE], CONTEXT)

    assert sorted(standing, key=lambda p: p.bank_ids) == sorted(whole, key=lambda p: p.bank_ids)


def test_a_new_line_is_matched_and_nothing_else_changes() -> None:
    lines, entries = crowd()
    standing = Standing(lines, [*entries, INVOICE], CONTEXT)
    before = told(standing.proposals)

    change = standing.add_lines([PAYMENT])

    assert told(list(change.proposals)) == {(("b",), ("a",), "match")}
    assert not change.withdrawn
    assert told(standing.proposals) == before | {(("b",), ("a",), "match")}


def test_a_new_document_finds_the_line_that_waited_for_it() -> None:
    lines, entries = crowd()
    standing = Standing([*lines, PAYMENT], entries, CONTEXT)
    assert not any("b" in p.bank_ids for p in standing.proposals)

    change = standing.add_entries([INVOICE])

    assert told(list(change.proposals)) == {(("b",), ("a",), "match")}


def test_a_document_that_is_settled_elsewhere_withdraws_its_proposal() -> None:
    lines, entries = crowd()
    standing = Standing([*lines, PAYMENT], [*entries, INVOICE], CONTEXT)

    change = standing.remove(entry_ids=["a"])

    assert change.withdrawn == {"b"}
    assert not any("a" in p.ledger_ids for p in standing.proposals)


def test_a_better_line_takes_the_document_over() -> None:
    lines, entries = crowd()
    vague = line("v", "512.40", "CREDIT IN", day=2)
    standing = Standing([*lines, vague], [*entries, INVOICE], CONTEXT)

    standing.add_lines([PAYMENT])

    assert [p.bank_ids for p in standing.proposals if "a" in p.ledger_ids] == [("b",)]


def test_approving_and_undoing_comes_back_to_the_same_proposals() -> None:
    lines, entries = crowd()
    standing = Standing([*lines, PAYMENT], [*entries, INVOICE], CONTEXT)
    before = told(standing.proposals)

    standing.remove(line_ids=["b"], entry_ids=["a"])
    assert told(standing.proposals) == before - {(("b",), ("a",), "match")}
    standing.add_entries([INVOICE])
    standing.add_lines([PAYMENT])

    assert told(standing.proposals) == before


def test_a_line_that_is_there_already_is_refused() -> None:
    standing = Standing([PAYMENT], [INVOICE], CONTEXT)

    with pytest.raises(ValueError, match="b is known already"):
        standing.add_lines([PAYMENT])


def statement() -> tuple[list[BankLine], list[LedgerEntry]]:
    """The crowd, some of it twice, so that lines compete."""
    lines, entries = crowd()
    twice = [line(f"t{n}", f"{x.amount}", x.description, day=n % 5) for n, x in enumerate(lines[:8])]
    return [*lines, *twice], entries


@settings(max_examples=25, deadline=None)
@given(st.randoms(use_true_random=False), st.integers(1, 6))
def test_nothing_is_matched_twice_whatever_comes_and_goes(chance: random.Random, step: int) -> None:
    lines, entries = statement()
    chance.shuffle(lines)
    chance.shuffle(entries)
    standing = Standing(lines[:8], entries[:10], CONTEXT)
    for at in range(8, len(lines), step):
        standing.add_lines(lines[at : at + step])
        standing.add_entries(entries[at + 2 : at + 2 + step])
        standing.remove(line_ids=[chance.choice(lines[:8]).id], entry_ids=[chance.choice(entries).id])

        claimed = [i for p in standing.proposals for i in (p.bank_ids[:1] if p.kind == "duplicate" else p.bank_ids)]
        assert all(n == 1 for n in Counter(claimed).values())
        assert all(n == 1 for n in Counter(i for p in standing.proposals for i in p.ledger_ids).values())


def test_windows_of_time_match_what_the_whole_matches() -> None:
    lines, entries = crowd()
    pieces: list[Proposal] = []

    for window in windows(lines, entries, core=6):
        pieces += window.keep(match_whole(*window.question, CONTEXT))

    assert told(pieces) == told(match(lines, entries, CONTEXT))


def test_windows_carry_what_they_read_and_propose_the_same() -> None:
    lines, entries = crowd()
    carried = Carried(CONTEXT)
    pieces: list[Proposal] = []
    alone: list[Proposal] = []

    for window in windows(lines, entries, core=6):
        pieces += window.keep(match_whole(*window.question, CONTEXT, carried))
    for window in windows(lines, entries, core=6):
        alone += window.keep(match_whole(*window.question, CONTEXT))

    assert pieces == alone


def test_an_entry_is_read_once_for_all_windows() -> None:
    entries = [entry("a", "10.00", "Harrowgate Lantern"), entry("b", "20.00", "Selwyn & Partners", day=1)]
    carried = Carried(CONTEXT)

    first = Books([PAYMENT], entries, CONTEXT, carried).items
    later = Books([PAYMENT], [entries[1]], CONTEXT, carried).items

    assert later[0] is first[1]
    assert (later[0].index, later[0].contact) == (0, 0)


def test_a_pair_across_the_edge_of_a_window_is_found_once() -> None:
    lines, entries = crowd()
    parts = [
        line("p1", "400.00", "CREDIT IN HARROWGATE LANTERN INV-90417", day=-12),
        line("p2", "112.40", "CREDIT IN HARROWGATE LANTERN INV-90417", day=-2),
    ]
    pieces: list[Proposal] = []

    for window in windows([*lines, *parts], [*entries, INVOICE], core=12):
        pieces += window.keep(match_whole(*window.question, CONTEXT))

    assert [p.bank_ids for p in pieces if "a" in p.ledger_ids] == [("p1", "p2")]
    assert all(n == 1 for n in Counter(i for p in pieces for i in p.bank_ids).values())
