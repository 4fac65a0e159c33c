"""The stages on their own: text, numbers, sums, rates, probabilities, files."""

from __future__ import annotations

import json
from datetime import timedelta
from decimal import Decimal
from itertools import combinations
from pathlib import Path

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from hypothesis import given
from hypothesis import strategies as st

from reconciliation.management.commands.match_files import Command
from reconciliation.matching import Approved, Context, FxRate, settle
from reconciliation.matching.amounts import agreed_discounts, is_transposed, limits, relation
from reconciliation.matching.books import Books
from reconciliation.matching.files import FileProblem, read_job
from reconciliation.matching.hypothesis import Hypothesis
from reconciliation.matching.model import Tolerances
from reconciliation.matching.names import ContactIndex
from reconciliation.matching.normalise import fold, words
from reconciliation.matching.probability import propagate
from reconciliation.matching.rates import RateTable
from reconciliation.matching.references import citations, is_near, number_keys
from reconciliation.matching.sums import subsets

from .builders import DAY, entry, line


@pytest.mark.parametrize(
    ("text", "plain"),
    [("Bäckerei", "backerei"), ("Жуков", "zhukov"), ("Ωμέγα", "omega"), ("Łódź", "lodz"), ("Straße", "strasse")],
)
def test_text_is_folded_to_plain_latin(text: str, plain: str) -> None:
    assert fold(text) == plain


def test_umlaut_spellings_are_one_word() -> None:
    assert words("Müller Bäckerei") == words("MUELLER BAECKEREI")


@pytest.mark.parametrize(
    "text",
    ["RE-2026/00417", "re202600417", "paid 2026 00417 thanks", "INV 417,418", "no. 00417"],
    ids=["full", "bare", "spaced", "joined", "tail"],
)
def test_a_number_is_found_however_it_is_cited(text: str) -> None:
    assert set(number_keys("RE-2026/00417")) & citations(text)


def test_a_date_is_not_a_number() -> None:
    assert "417" not in citations("value 04/17/2026")


@pytest.mark.parametrize(
    ("a", "b", "near"),
    [("43281", "43821", True), ("43281", "4381", True), ("43281", "43291", True), ("43281", "43190", False)],
)
def test_one_slip_is_near(a: str, b: str, near: bool) -> None:
    assert is_near(a, b) is near
    assert is_near(b, a) is near


@pytest.mark.parametrize(
    "text", ["HARROWGATE LANT", "HRRWGT LNTRN WRKS", "HARROWGATELANTERNWORKS", "HAROWGATE LANTERN"]
)
def test_a_mangled_name_is_recognised(text: str) -> None:
    index = ContactIndex(("Harrowgate Lantern Works Ltd", "Harbour Lights Inc", "Osmund Mills"), [], 100)

    found = index.find(words(text))

    assert max(found, key=lambda c: found[c].coverage) == 0
    assert found[0].coverage > 0.6


@given(st.lists(st.integers(-500, 500), max_size=22), st.integers(-2000, 2000), st.integers(0, 5))
def test_every_subset_found_reaches_the_target(values: list[int], target: int, slack: int) -> None:
    for chosen in subsets(values, target, slack):
        assert abs(sum(values[i] for i in chosen) - target) <= slack
        assert len(set(chosen)) == len(chosen) >= 2


@given(st.lists(st.integers(-60, 60), max_size=9), st.integers(-120, 120), st.integers(0, 4), st.integers(1, 3))
def test_all_subsets_of_the_asked_sizes_are_found(values: list[int], target: int, slack: int, least: int) -> None:
    sizes = range(least, least + 3)
    every = [s for size in sizes for s in combinations(range(len(values)), size)]
    for room in (0, slack):
        wanted = [s for s in every if abs(sum(values[i] for i in s) - target) <= room]
        if wanted:
            break
    assert subsets(values, target, slack, sizes=sizes, most=10**6) == sorted(wanted, key=lambda s: (len(s), s))


def test_what_a_contact_owed_by_a_day_follows_what_comes_and_goes() -> None:
    books = Books([], [entry("a", "10.00", "Vexley", day=0), entry("b", "5.00", "Vexley", day=2)], Context())
    item = books.add_item(entry("c", "7.00", "Vexley", day=1))
    day = DAY.toordinal()
    assert [books.owed(item.contact, "EUR", 1, day + n) for n in range(-1, 3)] == [0, 10_000, 17_000, 22_000]
    assert books.owed(item.contact, "EUR", -1, day + 2) == 0
    books.close_item(item)
    assert books.owed(item.contact, "EUR", 1, day + 2) == 15_000


@given(st.lists(st.integers(1, 10**6), min_size=4, max_size=14), st.data())
def test_an_existing_subset_is_found(values: list[int], data: st.DataObject) -> None:
    chosen = data.draw(st.lists(st.sampled_from(range(len(values))), min_size=2, max_size=8, unique=True))
    target = sum(values[i] for i in chosen)

    assert subsets(values, target, most=10**6)


@pytest.mark.parametrize(
    ("paid", "owed", "memo", "kind"),
    [
        (100_000, 100_000, "", "exact"),
        (99_980, 100_000, "", "rounding"),
        (1_980_000, 2_000_000, "", "usual_discount"),
        (1_971_000, 2_000_000, "", "short"),
        (1_960_000, 2_000_000, "2/10 net 30", "discount"),
        (1_010_000, 1_000_000, "", "over"),
        (400_000, 1_000_000, "", "partial"),
        (1_320_000, 1_230_000, "", "transposed"),
        (-100_000, 100_000, "", None),
        (2_000_000, 1_000_000, "", None),
    ],
)
def test_two_amounts_are_related(paid: int, owed: int, memo: str, kind: str | None) -> None:
    assert relation(paid, owed, agreed_discounts(memo), limits(Tolerances())) == kind


@pytest.mark.parametrize(
    ("memo", "percent"),
    [
        ("Order 2/10 net 30", (2.0,)),
        ("2,25 % Skonto 10 Tage, 30 netto", (2.25,)),
        ("1.5% 14 days", (1.5,)),
        ("Order 2026-05/10", ()),
        ("20% VAT included", ()),
    ],
)
def test_agreed_discounts_are_read_however_they_are_written(memo: str, percent: tuple[float, ...]) -> None:
    assert agreed_discounts(memo) == percent


def test_swapped_digits_are_recognised() -> None:
    assert is_transposed(1_325_000, 1_235_000)
    assert not is_transposed(1_325_000, 1_234_000)


def test_the_last_known_rate_counts() -> None:
    table = RateTable([FxRate(DAY, "USD", Decimal("1.25"))])

    assert table.factor("USD", "EUR", (DAY + timedelta(3)).toordinal()) == pytest.approx(0.8)
    assert table.factor("USD", "EUR", (DAY + timedelta(30)).toordinal()) is None


def test_explanations_that_exclude_each_other_share_one_probability() -> None:
    rivals = [Hypothesis((0,), (n,), "exact", {}) for n in range(4)]
    for h in rivals:
        h.score = 10.0
    propagate(rivals)

    assert sum(h.probability for h in rivals) == pytest.approx(1.0, abs=0.01)


def test_an_approved_part_payment_leaves_the_rest_open() -> None:
    document = entry("a", "1000.00", "Osmund Mills Ltd", "INV-90417")
    part = Approved((line("b", "400.00"),), (document,))

    assert settle([document], [part])[0].open_amount == Decimal("600.00")


BANK = (
    "id,account_id,date,amount,currency,description,counterparty,reference\n"
    "b1,MAIN,2026-05-04,512.40,EUR,INV-90417,,\n"
)  # fmt: skip
LEDGER = (
    "id,kind,date,due_date,amount,open_amount,currency,contact_name,number,reference,memo\n"
    "a1,invoice,2026-04-04,2026-05-04,512.40,512.40,EUR,Osmund Mills Ltd,INV-90417,,\n"
)


def test_the_command_writes_proposals(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "bank_transactions.csv").write_text(BANK, encoding="utf-8")
    (tmp_path / "ledger_entries.csv").write_text(LEDGER, encoding="utf-8")

    call_command(Command(), str(tmp_path), out=tmp_path / "proposals.json", json=True)

    proposals = json.loads((tmp_path / "proposals.json").read_text(encoding="utf-8"))
    assert [(p["bank"], p["ledger"]) for p in proposals] == [(["b1"], ["a1"])]
    assert 0.0 <= proposals[0]["confidence"] <= 1.0
    assert json.loads(capsys.readouterr().out)["proposals"] == 1


def test_the_command_says_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"bank_transactions\.csv is missing"):
        call_command(Command(), str(tmp_path), out=tmp_path / "proposals.json")


def test_a_bad_amount_is_named_with_its_line() -> None:
    with pytest.raises(FileProblem, match=r"bank_transactions\.csv, line 2: “x” is not an amount"):
        read_job({"bank_transactions.csv": BANK.replace("512.40", "x"), "ledger_entries.csv": LEDGER})
