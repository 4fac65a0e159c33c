"""Every kind of match, as a tiny case written by hand."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from reconciliation.matching import AUTOMATIC, Approved, BankLine, LedgerEntry, Rejected

from .builders import CONTEXT, DAY, crowd, entry, line, proposal_of, propose

ACME = "Harrowgate Lantern Works Ltd"
CASES: list[tuple[str, list[BankLine], list[LedgerEntry], set[str], set[str], str, str]] = [
    (
        "the exact amount with the number in the text",
        [line("b", "512.40", "CREDIT IN INV-90417")],
        [entry("a", "512.40", ACME, "INV-90417"), entry("x", "512.40", "Somebody Else", "INV-90512")],
        {"b"}, {"a"}, "match", "0.00",
    ),
    (
        "the exact amount with only the name",
        [line("b", "512.40", "CREDIT IN HARROWGATE LANTERN")],
        [entry("a", "512.40", ACME, "INV-90417"), entry("x", "99.00", ACME, "INV-90418")],
        {"b"}, {"a"}, "match", "0.00",
    ),
    (
        "a name in another script",
        [line("b", "512.40", "CREDIT IN SEVERNYI POTOK")],
        [entry("a", "512.40", "Северный Поток ООО", "INV-90417"), entry("x", "512.40", ACME, "INV-90512")],
        {"b"}, {"a"}, "match", "0.00",
    ),
    (
        "a payment short by a wire fee",
        [line("b", "1985.00", "CREDIT IN HARROWGATE LANTERN INV-90417")],
        [entry("a", "2000.00", ACME, "INV-90417")],
        {"b"}, {"a"}, "fee", "-15.00",
    ),
    (
        "an early payment discount that the memo grants",
        [line("b", "2940.00", "CREDIT IN HARROWGATE LANTERN INV-90417")],
        [entry("a", "3000.00", ACME, "INV-90417", memo="Order 2/10 net 30")],
        {"b"}, {"a"}, "discount", "-60.00",
    ),
    (
        "a few cents of rounding",
        [line("b", "512.38", "CREDIT IN HARROWGATE LANTERN INV-90417")],
        [entry("a", "512.40", ACME, "INV-90417")],
        {"b"}, {"a"}, "rounding", "-0.02",
    ),
    (
        "one payment for three invoices",
        [line("b", "1711.83", "CREDIT IN HARROWGATE LANTERN")],
        [
            entry("a1", "512.40", ACME, "INV-90417"), entry("a2", "811.21", ACME, "INV-90455"),
            entry("a3", "388.22", ACME, "INV-90471"),
        ],
        {"b"}, {"a1", "a2", "a3"}, "combined", "0.00",
    ),
    (
        "one payment for invoices less a credit note",
        [line("b", "1223.61", "CREDIT IN HARROWGATE LANTERN INV-90417 INV-90455 CN-3301")],
        [
            entry("a1", "512.40", ACME, "INV-90417"), entry("a2", "811.21", ACME, "INV-90455"),
            entry("n", "-100.00", ACME, "CN-3301", kind="credit_note", day=-5),
        ],
        {"b"}, {"a1", "a2", "n"}, "combined", "0.00",
    ),
    (
        "two instalments of one invoice",
        [
            line("b1", "400.00", "CREDIT IN HARROWGATE LANTERN INV-90417", day=-3),
            line("b2", "612.40", "CREDIT IN HARROWGATE LANTERN INV-90417", day=9),
        ],
        [entry("a", "1012.40", ACME, "INV-90417")],
        {"b1", "b2"}, {"a"}, "instalments", "0.00",
    ),
    (
        "a part of an invoice",
        [line("b", "500.00", "CREDIT IN HARROWGATE LANTERN INV-90417")],
        [entry("a", "1012.40", ACME, "INV-90417")],
        {"b"}, {"a"}, "partial", "-512.40",
    ),
    (
        "a foreign invoice at the rate of the day",
        [line("b", "800.80", "CREDIT IN HARROWGATE LANTERN INV-90417")],
        [entry("a", "1000.00", ACME, "INV-90417", currency="USD")],
        {"b"}, {"a"}, "currency", "0.80",
    ),
    (
        "a bill by its number",
        [line("b", "-318.77", "OUT HARROWGATE LANTERN 55120")],
        [entry("a", "-318.77", ACME, "55120", kind="bill")],
        {"b"}, {"a"}, "match", "0.00",
    ),
    (
        "a card receipt",
        [line("b", "-41.90", "PLUMVALE BOOKSHOP 8841", account="CARD")],
        [entry("a", "-41.90", "Plumvale Bookshop", kind="expense", day=-1)],
        {"b"}, {"a"}, "match", "0.00",
    ),
    (
        "a transfer between own accounts that nobody booked",
        [
            line("b1", "-7340.00", "BRAMBLE & FINCH TOOLS 88123477"),
            line("b2", "7340.00", "BRAMBLE & FINCH TOOLS 88123477", day=1, account="SAVE"),
        ],
        [],
        {"b1", "b2"}, set(), "transfer", "0.00",
    ),
    (
        "a processor's payout net of its booked fee",
        [line("b", "284.10", "KONTOPAY PO_551 SETTLEMENT")],
        [
            entry("p1", "120.00", "Web sales", kind="payment", day=-3, memo="Kontopay tx 1"),
            entry("p2", "80.50", "Web sales", kind="payment", day=-3, memo="Kontopay tx 2"),
            entry("p3", "99.90", "Web sales", kind="payment", day=-3, memo="Kontopay tx 3"),
            entry("f", "-16.30", "Kontopay", kind="expense", day=-1, memo="Kontopay fees"),
        ],
        {"b"}, {"p1", "p2", "p3", "f"}, "payout", "0.00",
    ),
    (
        "a payment run that shares a reference",
        [line("b", "-1190.44", "BULK 3 ITEMS")],
        [
            entry("p1", "-500.11", "Osmund Mills Ltd", kind="payment", day=-1, reference="RUN-31"),
            entry("p2", "-340.22", "Vexley Press AB", kind="payment", day=-1, reference="RUN-31"),
            entry("p3", "-350.11", "Yarrow Seeds Inc", kind="payment", day=-1, reference="RUN-31"),
        ],
        {"b"}, {"p1", "p2", "p3"}, "run", "0.00",
    ),
]  # fmt: skip


@pytest.mark.parametrize(
    ("what", "lines", "entries", "bank", "ledger", "kind", "gap"), CASES, ids=[c[0] for c in CASES]
)
def test_the_engine_recognises(
    what: str, lines: list[BankLine], entries: list[LedgerEntry], bank: set[str], ledger: set[str], kind: str, gap: str
) -> None:
    found = proposal_of(sorted(bank)[0], propose(lines, entries))

    assert found is not None
    assert (set(found.bank_ids), set(found.ledger_ids), found.kind) == (bank, ledger, kind)
    assert found.difference == Decimal(gap)
    assert found.confidence >= 0.5
    assert found.reasons[0].code == "amount"


def test_a_line_delivered_twice_is_a_duplicate_and_the_invoice_is_matched_once() -> None:
    twice = [
        line("b1", "512.40", "CREDIT IN INV-90417 REF 771204993"),
        line("b2", "512.40", "CREDIT IN INV-90417 REF 771204993"),
    ]

    proposals = propose(twice, [entry("a", "512.40", ACME, "INV-90417")])

    assert [p.kind for p in proposals if set(p.bank_ids) & {"b1", "b2"}] in (
        ["match", "duplicate"],
        ["duplicate", "match"],
    )
    assert sum("a" in p.ledger_ids for p in proposals) == 1


@pytest.mark.parametrize(
    ("amount", "currency", "told"),
    [
        ("431.270000", "GBP", "431.27 GBP"),
        ("43127.000000", "JPY", "43,127 JPY"),
        ("431.2750", "KWD", "431.275 KWD"),
    ],
)
def test_reasons_write_amounts_with_the_decimals_of_their_currency(amount: str, currency: str, told: str) -> None:
    twice = [line(i, amount, "CREDIT IN INV-90417 REF 771204993", currency=currency) for i in ("b1", "b2")]

    proposals = propose(twice, [entry("a", amount, ACME, "INV-90417", currency=currency)])

    texts = {p.kind: p.reasons[0].text for p in proposals if set(p.bank_ids) & {"b1", "b2"}}
    assert texts["match"] == f"{told} against {told}, to the cent"
    assert texts["duplicate"] == f"the same line twice: {told} on {DAY} and {told} on {DAY}"


def test_a_payment_that_came_back_leaves_the_invoice_open() -> None:
    pair = [
        line("b1", "512.40", "CREDIT IN HARROWGATE LANTERN WORKS", day=-2),
        line("b2", "-512.40", "RETURNED HARROWGATE LANTERN WORKS"),
    ]

    found = proposal_of("b2", propose(pair, [entry("a", "512.40", ACME, "INV-90417")]))

    assert found is not None
    assert (set(found.bank_ids), found.ledger_ids, found.kind) == ({"b1", "b2"}, (), "return")


def test_a_settled_entry_is_never_proposed() -> None:
    proposals = propose([line("b", "512.40", "INV-90417")], [entry("a", "512.40", ACME, "INV-90417", open="0.00")])

    assert not any("a" in p.ledger_ids for p in proposals)


def test_two_equal_invoices_of_strangers_share_their_probability() -> None:
    proposals = propose(
        [line("b", "250.00", "CREDIT IN")],
        [
            entry("a1", "250.00", "Alderney Freight", "INV-90417"),
            entry("a2", "250.00", "Zennor Hydraulics", "INV-90418"),
        ],
    )
    found = proposal_of("b", proposals)

    assert found is None or found.confidence <= 0.5


def test_a_refused_combination_is_not_proposed_again() -> None:
    lines, entries = [line("b", "512.40", "CREDIT IN INV-90417")], [entry("a", "512.40", ACME, "INV-90417")]
    context = replace(CONTEXT, rejections=(Rejected(frozenset({"b"}), frozenset({"a"})),))

    assert proposal_of("b", propose(lines, entries, context)) is None


def test_an_approved_match_teaches_the_payers_other_name() -> None:
    past = tuple(
        Approved((line(f"h{n}", "90.00", "CREDIT IN", party="Wimbrel Nominees"),), (entry(f"he{n}", "90.00", ACME),))
        for n in range(3)
    )
    lines = [line("b", "250.00", "CREDIT IN", party="Wimbrel Nominees")]
    entries = [entry("a1", "250.00", ACME, "INV-90417"), entry("a2", "250.00", "Zennor Hydraulics", "INV-90418")]

    plain = proposal_of("b", propose(lines, entries))
    taught = proposal_of("b", propose(lines, entries, replace(CONTEXT, history=past)))

    assert taught is not None
    assert taught.ledger_ids == ("a1",)
    assert taught.confidence > (plain.confidence if plain and plain.ledger_ids == ("a1",) else 0.0)


def test_the_runner_up_is_kept_as_an_alternative() -> None:
    found = proposal_of(
        "b",
        propose(
            [line("b", "512.40", "CREDIT IN HARROWGATE LANTERN")],
            [entry("a1", "512.40", ACME, "INV-90417", due=-1), entry("a2", "512.40", ACME, "INV-90611", due=29)],
        ),
    )

    assert found is not None
    assert {*found.ledger_ids, *(i for a in found.alternatives for i in a.ledger_ids)} == {"a1", "a2"}


def test_the_crowd_is_matched_completely() -> None:
    lines, _ = crowd()
    proposals = propose([], [])

    assert {p.bank_ids[0]: p.ledger_ids for p in proposals} == {x.id: (f"ce{x.id[1:]}",) for x in lines}
    assert min(p.confidence for p in proposals) > 0.8


@pytest.mark.parametrize(("text", "least", "most"), [
    ("WIRE IN PELHAM ROOFING INV-88120", 0.9, AUTOMATIC),
    ("WIRE IN PELHAM ROOFING", 0.3, 0.8),
])  # fmt: skip
def test_a_flat_fee_may_take_a_fifth_of_a_small_foreign_payment(text: str, least: float, most: float) -> None:
    books = [entry("i", "125.00", "Pelham Roofing Inc", "INV-88120", currency="USD")]

    proposal = proposal_of("b", propose([line("b", "80.00", text)], books))

    assert proposal is not None
    assert (proposal.ledger_ids, proposal.kind) == (("i",), "currency")
    assert least < proposal.confidence < most


@pytest.mark.parametrize(("text", "amount"), [("WIRE IN PELHAM ROOFING INV-88120", "60.00"), ("WIRE IN", "80.00")])
def test_more_than_a_flat_fee_or_without_a_name_is_no_foreign_payment(text: str, amount: str) -> None:
    books = [entry("i", "125.00", "Pelham Roofing Inc", "INV-88120", currency="USD")]

    assert proposal_of("b", propose([line("b", amount, text)], books)) is None
