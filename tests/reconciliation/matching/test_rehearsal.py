"""A tenant's own weights: what approvals move, what they leave, and that nothing of it outlives them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciliation.matching import Approved, Context, match
from reconciliation.matching.rehearsal import NEWEST, informed, weights_of
from reconciliation.matching.weights import OWN_WAYS, WEIGHTS

from .builders import CONTEXT, CROWD, entry, line

MONTHS = 4


def paid(customers: int, *, late: int, months: int = MONTHS) -> tuple[Approved, ...]:
    """Customers with equal invoices every 30 days, each approved as paid so many days after it was due; the lines name
    the customer and cite nothing."""
    found = []
    for number, name in enumerate(CROWD[:customers]):
        for month in range(months):
            due = 30 * month + number % 5
            document = entry(f"D{number}.{month}", f"{200 + number}.00", name, f"K-{number}{month}77", day=due - 14,
                             due=due)  # fmt: skip
            payment = line(f"P{number}.{month}", f"{200 + number}.00", f"transfer {name}", day=due + late, party=name)
            found.append(Approved((payment,), (document,)))
    return tuple(found)


def knowing(*history: Approved) -> Context:
    """A tenant with these approvals."""
    return replace(CONTEXT, history=history)


LATE = paid(12, late=50)
PUNCTUAL = paid(12, late=1)


def test_whose_customers_pay_late_learns_that_late_is_usual() -> None:
    weights = weights_of(knowing(*LATE))

    assert weights["due_overdue"] > WEIGHTS["due_overdue"] + 0.5
    assert weights["due_bit_early"] < WEIGHTS["due_bit_early"] - 0.5


def test_late_payments_are_matched_as_the_tenant_s_customers_pay() -> None:
    name = CROWD[15]
    documents = [
        entry("OLD", "777.00", name, "K-9001", day=160, due=180),
        entry("NEW", "777.00", name, "K-9002", day=188, due=208),
    ]
    payment = line("ASKED", "777.00", f"transfer {name}", day=230, party=name)

    def said(context: Context) -> dict[tuple[str, ...], float]:
        (proposal,) = match([payment], documents, context)
        return {proposal.ledger_ids: proposal.confidence} | {a.ledger_ids: a.confidence for a in proposal.alternatives}

    assert said(knowing(*LATE))["OLD",] > said(CONTEXT)["OLD",]
    assert said(knowing(*PUNCTUAL))["OLD",] <= said(CONTEXT)["OLD",] + 0.02


def test_without_approvals_the_weights_are_everybody_s_and_few_change_next_to_nothing() -> None:
    assert weights_of(CONTEXT) is WEIGHTS
    few = weights_of(knowing(*LATE[:3]))

    assert all(abs(value - WEIGHTS.get(name, 0.0)) < 0.15 for name, value in few.items())


def test_approvals_that_surprise_nobody_change_nothing() -> None:
    assert weights_of(knowing(*PUNCTUAL)) == pytest.approx(informed(len(PUNCTUAL)), abs=0.05)


def test_an_approval_that_is_undone_is_unlearned() -> None:
    before = weights_of(knowing(*LATE[:-4]))
    assert weights_of(knowing(*LATE)) != before

    assert weights_of(knowing(*LATE[:-4])) == before


def test_the_order_of_approvals_does_not_matter() -> None:
    assert weights_of(knowing(*reversed(LATE))) == weights_of(knowing(*LATE))


def test_what_one_tenant_teaches_is_not_another_s() -> None:
    general, alone = dict(WEIGHTS), weights_of(knowing(*PUNCTUAL))

    weights_of(knowing(*LATE))
    match([LATE[0].lines[0]], [LATE[0].entries[0]], knowing(*LATE[4:]))

    assert weights_of(knowing(*PUNCTUAL)) == alone
    assert general == WEIGHTS


def test_corrections_are_bounded_and_only_of_the_tenant_s_own_ways() -> None:
    weights = weights_of(knowing(*paid(20, late=50, months=6)))

    general = informed(120)
    moved = {name: weights[name] - general[name] for name in weights if weights[name] != general[name]}
    assert moved
    assert all(name.startswith(OWN_WAYS) for name in moved)
    assert all(abs(move) <= 1.5 + 1e-9 for move in moved.values())


def test_only_the_newest_approvals_are_explained_again() -> None:
    many = paid(20, late=38, months=7)
    newest = sorted(many, key=lambda a: (a.lines[0].on, a.lines[0].id))[-NEWEST:]

    first = next(a for a in many if a not in newest)
    other = Approved((replace(first.lines[0], description="something else", counterparty=""),), first.entries)

    assert weights_of(knowing(*(other if a is first else a for a in many))) == weights_of(knowing(*many))


def test_a_document_of_several_approvals_teaches_nothing() -> None:
    shared = LATE[0].entries[0]
    split = (Approved((line("X1", "100.00", day=38),), (shared,)), Approved((line("X2", "100.00", day=39),), (shared,)))

    assert weights_of(knowing(*LATE[1:], *split)) == pytest.approx(weights_of(knowing(*LATE[1:])), abs=0.05)


def test_where_approvals_speak_for_the_days_the_order_of_equal_documents_due_within_days_says_less() -> None:
    name, first = CROWD[15], 250

    def surest(apart: int, *history: Approved) -> float:
        days = (first, first + apart)
        documents = [entry(f"D{d}", "80.00", name, f"B-{d}", day=d - 14, due=d) for d in days]
        payments = [line(f"P{d}", "80.00", f"transfer {name}", day=d, party=name) for d in days]
        found = match(payments, documents, knowing(*history))
        assert [p.ledger_ids[0][1:] for p in found] == [p.bank_ids[0][1:] for p in found]
        return max(p.confidence for p in found)

    known = paid(20, late=1, months=7)

    assert surest(2, *known) < surest(2)
    assert surest(30, *known) > 0.9
