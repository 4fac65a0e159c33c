"""What other businesses and banks do: equal amounts by turn, set-offs, split transfers, batches, slips, returns."""

from decimal import Decimal

import pytest

from reconciliation.matching import AUTOMATIC, Approved, Context
from reconciliation.matching.references import citations, number_keys, told_months
from tests.reconciliation.matching.builders import CONTEXT, entry, line, proposal_of, propose


def test_equal_rents_are_told_apart_by_whose_turn_it_is() -> None:
    rents = [
        entry(f"r{m}", "740.00", "Wilma Achterberg", f"R-55{m}1", day=30 * m - 70, due=30 * m - 60) for m in range(3)
    ]
    lines = [line(f"b{m}", "740.00", "CREDIT ACHTERBERG WILMA", day=30 * m - 57) for m in range(3)]

    found = propose(lines, rents)

    for month in range(3):
        proposal = proposal_of(f"b{month}", found)
        assert proposal is not None
        assert proposal.ledger_ids == (f"r{month}",)


def test_equal_invoices_of_one_due_day_are_not_told_apart_by_the_order_of_lines_alone() -> None:
    books = [entry(f"r{n}", "740.00", "Wilma Achterberg", f"R-55{n}1", day=-30) for n in range(2)]
    lines = [line(f"b{n}", "740.00", "CREDIT ACHTERBERG WILMA", day=n) for n in range(2)]

    found = propose(lines, books)

    assert all(p.confidence < 0.75 for p in found if set(p.bank_ids) & {"b0", "b1"})


@pytest.mark.parametrize(
    ("text", "month"),
    [
        ("Miete 03/2025", 3),
        ("2025-11 fee", 11),
        ("rent Sept 2025", 9),
        ("Czynsz grudzień 25", 12),
        ("loyer août 2025", 8),
    ],
)
def test_months_are_read_in_figures_and_in_words(text: str, month: int) -> None:
    assert told_months(text) == {2025 * 12 + month}


@pytest.mark.parametrize("text", ["FV/12/03/2025", "12.03.2025", "1042/2025", "tel 555-2025"])
def test_a_day_or_a_number_is_no_month(text: str) -> None:
    assert not told_months(text)


@pytest.mark.parametrize(
    ("booked", "told"),
    [
        ("+++090/9337/55493+++", "VRM +++090/9337/55493+++ HUUR"),
        ("RF18 5390 0754 7034", "SEPA RF18 5390 0754 7034 OY"),
        ("RF18 5390 0754 7034", "RF18539007547034"),
        ("21 00000 00003 13947 14300 09017", "QR 21 00000 00003 13947 14300 09017"),
        ("210000000003139471430009017", "QR 21 00000 00003 13947 14300 09017"),
    ],
)
def test_a_payment_slips_reference_is_recognised_however_it_is_grouped(booked: str, told: str) -> None:
    longest = max(number_keys(booked), key=len)

    assert len(longest) >= 10
    assert {longest, longest.removeprefix("rf")} & citations(told)


def test_an_invoice_and_a_bill_of_the_same_partner_are_set_off() -> None:
    books = [
        entry("sold", "1543.80", "Foodcourier Mirabel", "F-88214", due=0, day=-7),
        entry("fee", "-463.14", "Foodcourier Mirabel", "5580694", kind="bill", due=0, day=-7),
    ]

    proposal = proposal_of("b", propose([line("b", "1080.66", "CREDIT FOODCOURIER MIRABEL F-88214")], books))

    assert proposal is not None
    assert set(proposal.ledger_ids) == {"sold", "fee"}
    assert proposal.difference == 0


def test_three_transfers_for_several_invoices_are_found() -> None:
    books = [
        entry("i1", "4127.35", "Stahlbau Zirngibl GmbH", "RE-40117"),
        entry("i2", "3981.20", "Stahlbau Zirngibl GmbH", "RE-40233"),
        entry("i3", "2650.45", "Stahlbau Zirngibl GmbH", "RE-40391"),
    ]
    text = "CREDIT STAHLBAU ZIRNGIBL RE-40117 RE-40233 RE-40391"
    lines = [
        line("b1", "5000.00", text, day=1),
        line("b2", "5000.00", text, day=2),
        line("b3", "759.00", text, day=3),
    ]

    proposal = proposal_of("b1", propose(lines, books))

    assert proposal is not None
    assert set(proposal.bank_ids) == {"b1", "b2", "b3"}
    assert set(proposal.ledger_ids) == {"i1", "i2", "i3"}


@pytest.mark.parametrize("text", ["CREDIT STAHLBAU ZIRNGIBL", "CREDIT STAHLBAU ZIRNGIBL RE-40017 RE-40117 RE-40217"])
def test_seven_transfers_by_a_daily_limit_for_several_invoices_are_found(text: str) -> None:
    owed = ("14127.35", "9981.20", "9650.45")
    books = [entry(f"i{n}", amount, "Stahlbau Zirngibl GmbH", f"RE-40{n}17") for n, amount in enumerate(owed)]
    paid = ["5000.00"] * 6 + ["3759.00"]
    lines = [line(f"b{n}", amount, text, day=n + n // 5 * 2) for n, amount in enumerate(paid)]

    found = propose(lines, books)

    proposal = proposal_of("b0", found)
    assert proposal is not None
    assert set(proposal.bank_ids) == {x.id for x in lines}
    assert set(proposal.ledger_ids) == {"i0", "i1", "i2"}
    assert proposal.difference == 0


def test_six_transfers_that_make_no_sum_of_documents_are_not_put_together() -> None:
    owed = ("14127.35", "9981.20", "9650.45")
    books = [entry(f"i{n}", amount, "Stahlbau Zirngibl GmbH", f"RE-40{n}17") for n, amount in enumerate(owed)]
    lines = [line(f"b{n}", "5000.00", "CREDIT STAHLBAU ZIRNGIBL", day=n) for n in range(6)]

    assert all(len(p.bank_ids) < 6 for p in propose(lines, books))


def test_of_a_payer_with_very_many_open_lines_no_split_transfer_is_sought() -> None:
    books = [entry(f"i{n}", f"{200 + n}.{n:02d}", "Stahlbau Zirngibl GmbH", f"RE-4{n:03d}") for n in range(60)]
    lines = [line(f"b{n}", f"{7100 + 13 * n}.37", "CREDIT STAHLBAU ZIRNGIBL", day=n % 5) for n in range(90)]

    found = propose(lines, books)

    assert all(len(p.bank_ids) <= 2 for p in found)


def test_card_batches_of_a_weekend_arrive_as_one_sum() -> None:
    books = [
        entry(f"d{n}", amount, "Tillpoint Acquiring", kind="payment", day=-4 + n // 2, memo="Tillpoint batch")
        for n, amount in enumerate(("812.40", "1290.15", "944.05", "377.90"))
    ]

    proposal = proposal_of("b", propose([line("b", "3424.50", "TILLPOINT ACQUIRING TID 552001", day=-1)], books))

    assert proposal is not None
    assert len(proposal.ledger_ids) == 4


def test_a_processor_that_nobody_listed_is_known_by_its_booked_fees() -> None:
    context = Context(own_names=CONTEXT.own_names, home_currency="EUR", accounts=CONTEXT.accounts)
    books = [
        entry(f"t{n}", f"{20 + 7 * n}.00", "Web shop", kind="payment", day=-6 + n // 2, memo=f"Mercatia tx_88{n}417")
        for n in range(6)
    ]
    books.append(entry("fee", "-6.25", "Mercatia", kind="expense", day=-1, memo="Mercatia fees"))

    proposal = proposal_of("b", propose([line("b", "218.75", "MERCATIA LTD PAYOUT 5520", day=-1)], books, context))

    assert proposal is not None
    assert proposal.kind == "payout"
    assert len(proposal.ledger_ids) == 7


@pytest.mark.parametrize(
    "returned", ["RETURNED GREBE ISOLDE account closed", "UNPAID F-77120 GREBE", "REJECTED ISOLDE GREBE F-77120"]
)
def test_a_receipt_that_came_back_is_not_matched_with_confidence(returned: str) -> None:
    books = [entry("i", "431.27", "Isolde Grebe", "F-77120", due=2, day=-20)]
    lines = [
        line("b", "431.27", "CREDIT GREBE ISOLDE F-77120", day=1),
        line("back", "-431.27", returned, day=4),
    ]

    proposal = proposal_of("b", propose(lines, books))

    assert proposal is not None
    assert set(proposal.bank_ids) == {"b", "back"} or proposal.confidence < AUTOMATIC


@pytest.mark.parametrize(("text", "kind"), [("ITEM UNPAID 9912", "return"), ("CARD TERMINAL 9912", "match")])
def test_the_words_of_lines_that_undo_others_tell_a_return_from_an_equal_purchase(text: str, kind: str) -> None:
    books = [entry("i", "254.00", "Isolde Grebe", "F-77120")]
    lines = [line("b", "254.00", "CREDIT IN ISOLDE GREBE"), line("out", "-254.00", text, day=3)]
    for n, (payer, amount) in enumerate(
        (("OSMUND MILLS", "81.10"), ("TARRAGON OPTICS", "93.40"), ("VEXLEY PRESS", "77.25"), ("YARROW SEEDS", "64.80"))
    ):
        lines.append(line(f"o{n}", amount, f"CREDIT IN {payer}", day=n - 20))
        lines.append(line(f"r{n}", f"-{amount}", f"ITEM UNPAID 77{n}", day=n - 18))

    proposal = proposal_of("b", propose(lines, books))

    assert proposal is not None
    assert proposal.kind == kind


@pytest.mark.parametrize("reference", ["F-77120", ""])
def test_a_payment_that_settles_its_document_well_came_back_all_the_same(reference: str) -> None:
    books = [entry("i", "254.00", "Isolde Grebe", "F-77120")]
    lines = [line("b", "254.00", f"CREDIT IN ISOLDE GREBE {reference}"), line("out", "-254.00", "ITEM UNPAID", day=3)]
    for n, amount in enumerate(("81.10", "93.40", "77.25", "64.80")):
        books.append(entry(f"o{n}", amount, f"Hesper{n} Yarrow", f"F-8812{n}", due=n - 20))
        lines.append(line(f"o{n}", amount, f"CREDIT IN HESPER{n} YARROW F-8812{n}", day=n - 20))
        lines.append(line(f"r{n}", f"-{amount}", "ITEM UNPAID", day=n - 18))

    found = propose(lines, books)

    returned = {frozenset(p.bank_ids) for p in found if p.kind == "return"}
    assert returned == {frozenset(("b", "out"))} | {frozenset((f"o{n}", f"r{n}")) for n in range(4)}


def test_a_return_is_heard_behind_many_receipts_of_the_same_amount() -> None:
    givers = [
        f"{a} {b}" for a in ("Ada", "Cyril", "Ida", "Oswin", "Una") for b in ("Birch", "Fennel", "Marlow", "Tewkes")
    ]
    books = [entry(f"i{n}", "54.00", who, f"F-77{n:02}", due=-2) for n, who in enumerate(givers)]
    lines = [line(f"b{n:02}", "54.00", f"CREDIT {who.upper()} F-77{n:02}", day=n // 4) for n, who in enumerate(givers)]
    lines.append(line("out", "-54.00", "UNPAID BIRCH ADA F-7700", day=7))

    found = propose(lines, books)

    returned, kept = proposal_of("b00", found), proposal_of("b01", found)
    assert returned is None or returned.kind == "return" or returned.confidence < AUTOMATIC
    assert kept is not None
    assert kept.confidence >= AUTOMATIC


def test_a_returned_payment_that_is_made_again_pays_its_bill_the_second_time() -> None:
    books = [entry("i", "-606.77", "Façades Noël SARL", "B/38701010", kind="bill", due=0)]
    text = "TRANSFER FACADES NOEL SARL B/38701010"
    lines = [
        line("first", "-606.77", text),
        line("back", "606.77", "RETURN TRANSFER FACADES NOEL", day=3),
        line("again", "-606.77", text, day=5),
    ]

    found = propose(lines, books)

    assert {frozenset(p.bank_ids) for p in found} >= {frozenset(("first", "back")), frozenset(("again",))}


def test_a_line_without_a_name_is_known_by_the_mandate_of_earlier_ones() -> None:
    earlier = Approved(
        (line("old", "88.00", "DEBIT MREF 771902245 CREDITOR KINDLER", day=-60),),
        (entry("o", "88.00", "Kindler Telefonie AG", "K-1", day=-90, due=-60),),
    )
    books = [entry("mine", "93.40", "Kindler Telefonie AG", "K-77120", due=0)]
    books += [entry(f"x{n}", "93.40", f"Somebody{n} Else", f"S-{n}8812", due=0) for n in range(3)]
    context = Context(CONTEXT.own_names, "EUR", CONTEXT.accounts, history=(earlier,))
    text = [line("b", "93.40", "DEBIT MREF 771902245")]

    known, unknown = (proposal_of("b", propose(text, books, c)) for c in (context, CONTEXT))

    assert known is not None
    assert known.ledger_ids == ("mine",)
    assert unknown is None or unknown.confidence < known.confidence


def test_explanations_that_exclude_each_other_are_worth_no_more_than_one_together() -> None:
    books = [entry(f"i{n}", "1780.80", "Catering Hartwood plc", f"N-24{n}12", due=n) for n in range(3)]

    proposal = proposal_of("b", propose([line("b", "3561.60", "CREDIT CATERING HARTWOOD")], books))

    assert proposal is not None
    shares = [proposal.confidence, *(a.confidence for a in proposal.alternatives)]
    assert Decimal(str(sum(shares))) <= Decimal("1.05")
