"""One payment for documents of several contacts: an agency for its clients, a group for its companies."""

from __future__ import annotations

from dataclasses import replace

from reconciliation.matching import Approved, LedgerEntry

from .builders import CONTEXT, entry, line, proposal_of, propose

CLIENTS = ("Ottoline Marsh", "Percival Dray", "Sunniva Holt")
RENTS = ("5900.00", "5800.00", "5162.40")


def rents(month: int) -> list[LedgerEntry]:
    """The rents of three clients, due on one day of a month."""
    due = 30 * month
    return [
        entry(f"m{month}c{n}", rent, who, f"R-{month + 4}61{n}7", day=due - 10, due=due)
        for n, (who, rent) in enumerate(zip(CLIENTS, RENTS, strict=True))
    ]


def test_one_sum_pays_the_cited_documents_of_several_contacts() -> None:
    text = "CREDIT BELLWETHER LETTINGS R-46107 R-46117 R-46127"

    proposal = proposal_of("b", propose([line("b", "16862.40", text)], rents(0)))

    assert proposal is not None
    assert set(proposal.ledger_ids) == {"m0c0", "m0c1", "m0c2"}
    assert proposal.kind == "combined"
    assert proposal.difference == 0
    assert "one payment for documents of several contacts" in {r.text for r in proposal.reasons}


def test_a_mistyped_number_among_several_is_completed_by_the_missing_amount() -> None:
    text = "CREDIT BELLWETHER LETTINGS R-46107 R-46217 R-46127"

    proposal = proposal_of("b", propose([line("b", "16862.40", text)], rents(0)))

    assert proposal is not None
    assert set(proposal.ledger_ids) == {"m0c0", "m0c1", "m0c2"}


def test_a_sum_that_the_cited_documents_do_not_make_is_no_payment_for_all_of_them() -> None:
    text = "CREDIT BELLWETHER LETTINGS R-46107 R-46117 R-46127"

    proposal = proposal_of("b", propose([line("b", "16862.41", text)], rents(0)))

    assert proposal is None or set(proposal.ledger_ids) != {"m0c0", "m0c1", "m0c2"}


def test_whose_sum_was_approved_once_pays_for_the_same_clients_again_without_citing() -> None:
    past = rents(-1)
    approved = Approved((line("old", "16862.40", party="BELLWETHER LETTINGS", day=-30),), tuple(past))
    lines = [line("b", "16862.40", party="BELLWETHER LETTINGS", day=1)]

    unknown = proposal_of("b", propose(lines, rents(0)))
    known = proposal_of("b", propose(lines, rents(0), replace(CONTEXT, history=(approved,))))

    assert unknown is None
    assert known is not None
    assert set(known.ledger_ids) == {"m0c0", "m0c1", "m0c2"}
