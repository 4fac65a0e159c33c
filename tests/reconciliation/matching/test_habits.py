"""What approvals teach, what they do not, and that it can be unlearned."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciliation.matching import Approved, Context
from reconciliation.matching.habits import Habits, Lesson

from .builders import CONTEXT, entry, line, proposal_of, propose

ACME, ZENNOR = "Harrowgate Lantern Works Ltd", "Zennor Hydraulics"


def lesson(contact: int, *, payer: str = "wimbrel", account: str = "MAIN", units: int = 90_000, lag: int = 3) -> Lesson:
    """A payment of 90.00 three days late through a payment platform."""
    return Lesson((payer,), contact, account, ("EUR", units), lag)


def asked(
    habits: Habits, contact: int, *, row: int = 99, payer: str = "wimbrel", units: int = 90_000
) -> dict[str, float]:
    """What the habits say about another payment like it."""
    return habits.features(row, (payer,), "MAIN", ("EUR", units), contact, is_named=True)


def test_a_platform_is_known_for_whom_it_paid_and_strange_for_others() -> None:
    habits = Habits()
    for contact in (1, 1, 2):
        habits.learn(lesson(contact))

    assert asked(habits, 1)["payer_known"] > asked(habits, 2)["payer_known"] > 0
    assert asked(habits, 3).keys() == {"payer_strange"}
    assert asked(habits, 1, payer="stranger").keys().isdisjoint({"payer_known", "payer_strange"})


def test_a_line_is_never_its_own_evidence() -> None:
    habits = Habits()
    habits.learn(lesson(1), row=7)

    assert asked(habits, 1, row=7) == {}
    assert habits.lag_features(7, 1, 3) == {}
    assert "habit_amount" in asked(habits, 1, row=8)


def test_the_usual_account_and_delay_count_from_two_payments_on() -> None:
    habits = Habits()
    habits.learn(lesson(1))
    assert "habit_account" not in asked(habits, 1)

    habits.learn(lesson(1, lag=4))

    assert asked(habits, 1)["habit_account"] == 1.0
    assert habits.features(9, ("wimbrel",), "OTHER", ("EUR", 1), 1, is_named=True)["habit_account_new"] == 1.0
    assert habits.lag_features(9, 1, 5) == {"habit_lag": 1.0}
    assert habits.lag_features(9, 1, 60)["habit_lag_off"] > 1.0


def test_a_new_client_is_less_strange_the_more_clients_a_payer_has() -> None:
    faithful, platform = Habits(), Habits()
    for number in range(4):
        faithful.learn(lesson(1))
        platform.learn(lesson(number))

    assert asked(faithful, 9)["payer_strange"] > asked(platform, 9)["payer_strange"] > 0


def test_clients_of_a_payer_are_known_but_for_what_the_line_itself_taught_and_not_of_everybodys_payer() -> None:
    habits = Habits()
    for contact in (1, 1, 2):
        habits.learn(lesson(contact))
    habits.learn(lesson(3), row=7)

    assert habits.clients(8, ("wimbrel",)).keys() == {1, 2, 3}
    assert habits.clients(7, ("wimbrel",)).keys() == {1, 2}
    assert habits.clients(8, ("wimbrel",))[1] > habits.clients(8, ("wimbrel",))[2]
    assert habits.clients(8, ("stranger",)) == {}

    for contact in range(4, 10):
        habits.learn(lesson(contact))
    assert habits.clients(8, ("wimbrel",)) == {}


def test_a_payer_is_found_among_other_words_by_all_of_its_own() -> None:
    habits = Habits()
    for payer in (("wimbrel",), ("wimbrel", "nominees"), ("ines", "harrow")):
        habits.know_payer(payer)

    assert habits.payer_among(("credit", "nominees", "of", "wimbrel")) == ("wimbrel", "nominees")
    assert habits.payer_among(("credit", "wimbrel")) == ("wimbrel",)
    assert habits.payer_among(("credit", "harrow")) == ()


def test_a_word_that_crowds_of_payers_share_tells_none_of_them() -> None:
    habits = Habits()
    for number in range(50):
        habits.know_payer(("nominees", f"n{number}"))

    assert habits.payer_among(("nominees", "n7")) == ()


def past(contact: str, times: int, prefix: str) -> tuple[Approved, ...]:
    """Approvals of a platform's payments for a contact."""
    return tuple(
        Approved(
            (line(f"{prefix}{n}", f"{70 + n}.00", "CREDIT IN", party="Wimbrel Nominees", day=-40 + n),),
            (entry(f"{prefix}e{n}", f"{70 + n}.00", contact, due=-42 + n),),
        )
        for n in range(times)
    )


def chosen(context: Context) -> tuple[tuple[str, ...], float]:
    """What is proposed for a platform's payment that three contacts' documents would fit, and how surely."""
    entries = [
        entry("a1", "250.00", ACME, "INV-90417"),
        entry("a2", "250.00", ZENNOR, "INV-90418"),
        entry("a3", "250.00", "Alderney Freight", "INV-90419"),
    ]
    found = proposal_of("b", propose([line("b", "250.00", "CREDIT IN", party="Wimbrel Nominees")], entries, context))
    return (found.ledger_ids, found.confidence) if found else ((), 0.0)


def test_a_platform_that_pays_for_several_speaks_for_the_one_it_mostly_pays_for() -> None:
    taught = replace(CONTEXT, history=past(ZENNOR, 6, "z") + past(ACME, 2, "h"))

    ledger, confidence = chosen(taught)

    assert ledger == ("a2",)
    assert confidence > chosen(CONTEXT)[1]


def test_who_pays_for_a_contact_is_known_where_the_bank_has_no_column_for_payers_and_the_sum_falls_short() -> None:
    entries = [entry("a1", "990.00", ACME, "INV-90417"), entry("a2", "254.00", ZENNOR, "INV-90418")]
    bank = [line("b", "250.00", "CREDIT IN WIMBREL NOMINEES 4471")]
    taught = replace(CONTEXT, history=past(ZENNOR, 3, "z") + past(ACME, 3, "h"))

    without = proposal_of("b", propose(bank, entries, CONTEXT))
    found = proposal_of("b", propose(bank, entries, taught))

    assert without is None
    assert found is not None
    assert found.ledger_ids == ("a2",)
    assert "payer_instead" in {r.code for r in found.reasons}


def test_an_approval_that_is_undone_teaches_nothing_any_more() -> None:
    taught = replace(CONTEXT, history=past(ZENNOR, 4, "z"))
    before = chosen(CONTEXT)

    assert chosen(taught) != before
    assert chosen(replace(taught, history=())) == before


def paid(contact: str, text: str, prefix: str) -> tuple[Approved, ...]:
    """Approvals of three payments of a contact with this text."""
    return tuple(
        Approved(
            (line(f"{prefix}{n}", f"{310 + n}.00", text, day=-40 + n),),
            (entry(f"{prefix}e{n}", f"{310 + n}.00", contact, due=-42 + n),),
        )
        for n in range(3)
    )


def test_a_line_without_a_name_is_rather_of_somebody_whose_approved_payments_named_nobody() -> None:
    entries = [entry("a1", "250.00", ACME, "INV-90417"), entry("a2", "250.00", ZENNOR, "INV-90418")]
    taught = replace(CONTEXT, history=paid(ACME, f"CREDIT IN {ACME.upper()}", "h") + paid(ZENNOR, "CREDIT IN", "z"))

    without = proposal_of("b", propose([line("b", "250.00", "CREDIT IN")], entries, CONTEXT))
    found = proposal_of("b", propose([line("b", "250.00", "CREDIT IN")], entries, taught))

    assert without is None or without.confidence < 0.6
    assert found is not None
    assert found.ledger_ids == ("a2",)
    assert found.confidence > 0.8


def test_a_named_line_is_told_nothing_by_who_hides_their_name() -> None:
    habits = Habits()
    habits.learn(replace(lesson(1), is_named=False))

    named = habits.features(9, (), "MAIN", ("EUR", 1), 1, is_named=True)
    unnamed = habits.features(9, (), "MAIN", ("EUR", 1), 1, is_named=False)

    assert "habit_unnamed" not in named
    assert unnamed["habit_unnamed"] == 0.75


def test_a_line_delivered_again_after_its_approval_is_a_duplicate() -> None:
    first = line("h", "512.40", "CREDIT IN HARROWGATE LANTERN INV-90417 REF 771204993", day=-1)
    approved = Approved((first,), (entry("a", "512.40", ACME, "INV-90417", open="0.00"),))

    found = proposal_of(
        "b",
        propose(
            [line("b", "512.40", "CREDIT IN HARROWGATE LANTERN INV-90417 REF 771204993")],
            [entry("a", "512.40", ACME, "INV-90417", open="0.00")],
            replace(CONTEXT, history=(approved,)),
        ),
    )

    assert found is not None
    assert (found.bank_ids, found.ledger_ids, found.kind) == (("b", "h"), (), "duplicate")


def payouts(lag: int) -> tuple[Approved, ...]:
    """Approved payouts of a processor, each so many days after its takings."""
    return tuple(
        Approved(
            (line(f"h{n}", f"{98 * n + 97}.75", "KONTOPAY SETTLEMENT", day=-40 + 3 * n + lag),),
            (entry(f"he{n}", f"{100 * n + 100}.00", "Web shop", kind="payment", day=-40 + 3 * n, memo="Kontopay"),),
        )
        for n in range(6)
    )


@pytest.mark.parametrize(("lag", "expected"), [(1, "e2"), (3, "e1")])
def test_approved_payouts_teach_how_long_a_processor_takes(lag: int, expected: str) -> None:
    takings = [
        entry(f"e{n}", "150.00", "Web shop", kind="payment", day=day, memo="Kontopay", reference=f"sale {n}00{n}")
        for n, day in ((1, -3), (2, -1))
    ]
    taught = replace(CONTEXT, history=payouts(lag))

    found = proposal_of("b", propose([line("b", "146.75", "KONTOPAY SETTLEMENT")], takings, taught))

    assert found is not None
    assert found.ledger_ids == (expected,)
    assert found.confidence > 0.9


CLUB = ("Osmund Optics Ltd", "Tarragon Press SARL", "Vexley Seeds AB")


def dues(*, number: str = "", month: str = "") -> Context:
    """Members who pay the same dues, each approved once: their lines name nobody."""
    paid = [
        Approved(
            (line(f"h{n}", "60.00", f"CREDIT IN {month} {number and number + str(n)}", day=-40 + n),),
            (entry(f"he{n}", "60.00", name, f"D-1{n}44", day=-60, due=-30),),
        )
        for n, name in enumerate(CLUB)
    ]
    return replace(CONTEXT, history=tuple(paid))


def test_a_short_number_that_only_one_member_s_payments_hold_tells_who_pays() -> None:
    """Four digits are too few to be looked for anywhere; approvals say whose they are."""
    owed = [entry(f"e{n}", "60.00", name, f"D-2{n}44") for n, name in enumerate(CLUB)]
    asked = [line("b", "60.00", "CREDIT IN 7311")]

    found = proposal_of("b", propose(asked, owed, dues(number="731")))

    assert found is not None
    assert found.ledger_ids == ("e1",)
    assert (proposal_of("b", propose(asked, owed)) or found).confidence < found.confidence


def test_a_short_number_of_a_document_that_was_paid_is_nobody_s() -> None:
    owed = [entry(f"e{n}", "60.00", name, f"D-2{n}44") for n, name in enumerate(CLUB)]
    paid = Approved((line("h", "60.00", "CREDIT IN D-1044", day=-40),), (entry("he", "60.00", CLUB[1], "D-1044"),))
    asked = [line("b", "60.00", "CREDIT IN 1044")]

    taught = proposal_of("b", propose(asked, owed, replace(CONTEXT, history=(paid,))))

    assert taught is None or taught.confidence < 0.6


def test_the_month_that_approved_payments_tell_is_the_month_of_issue_or_of_the_due_day() -> None:
    habits = Habits()
    for _ in range(4):
        habits.learn_month("invoice", 24_305, {"issued": 24_305, "due": 24_306})
    mine, later = {"issued": 24_307, "due": 24_308}, {"issued": 24_308, "due": 24_309}

    assert habits.month_features("invoice", {24_307}, mine)["month_usual"] == pytest.approx(0.8)
    assert habits.month_features("invoice", {24_307}, later).keys() == {"month_unusual"}
    assert habits.month_features("bill", {24_307}, mine) == {}


def test_the_day_on_which_the_tenant_pays_its_bills_is_learned_from_all_of_them() -> None:
    habits = Habits()
    for lag in (0, 0, 0, 0, 0, 0, 0):
        habits.learn_day("bill", lag)
    assert habits.day_features("bill", 0) == {}

    habits.learn_day("bill", 1)

    usual, rare, never = (habits.day_features("bill", lag)["usual_day"] for lag in (0, 1, 9))
    assert usual > rare > 0 > never
    assert habits.day_features("expense", 0) == {}
