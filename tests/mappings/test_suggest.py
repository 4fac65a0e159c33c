"""Suggestions: exact first, always with a reason, silent rather than wrong, and as good as measured."""

from collections.abc import Iterable
from decimal import Decimal

import pytest

from benchmarks import suggestions
from mappings.suggest import Candidate, Knowledge, Suggester, Use
from mappings.suggesting.charts import by_number
from mappings.suggesting.concepts import vocabulary
from mappings.suggesting.words import words_of

ACCOUNTS = [
    Candidate("1", "Sales of services", "4000"),
    Candidate("2", "Advertising and marketing", "6100"),
    Candidate("3", "Travel", "6200"),
    Candidate("4", "Software and subscriptions", "6300"),
    Candidate("5", "Meals and entertainment", "6400"),
    Candidate("6", "Bank charges and fees", "6500"),
]
RATES = [
    Candidate("t1", "20.0% S", percent=Decimal(20)),
    Candidate("t2", "5.0% R", percent=Decimal(5)),
    Candidate("t3", "0.0% Z", percent=Decimal(0)),
    Candidate("t4", "Exempt", percent=Decimal(0)),
    Candidate("t5", "EU services reverse charge", percent=Decimal(0)),
]
BUYING = Knowledge(subject="category", side="purchases")
HELD_OUT = "9dcfe84c7d71348574d3e81cf85adcb2ffaf3f534ac688b9f393a61da819a64b"


@pytest.mark.parametrize(("word", "found"), [("4000", "1"), ("travel", "3"), ("Sales_of-services", "1")])
def test_the_same_code_or_name_is_certain(word: str, found: str) -> None:
    suggestion = Suggester(ACCOUNTS).suggest(word)
    assert suggestion
    assert suggestion.is_exact
    assert suggestion.is_confident
    assert suggestion.candidate.external_id == found
    assert suggestion.reason.startswith("Same")


@pytest.mark.parametrize(
    ("word", "found"),
    [
        ("Travel costs", "3"),
        ("saas", "4"),
        ("Google Ads", "2"),
        ("Stripe fees", "6"),
        ("6200 trips", "3"),
        ("Büroessen", "5"),
    ],
)
def test_likeness_is_less_than_certain_and_gives_its_reason(word: str, found: str) -> None:
    suggestion = Suggester(ACCOUNTS).suggest(word)
    assert suggestion
    assert suggestion.candidate.external_id == found
    assert Decimal("0.4") < suggestion.confidence < 1
    assert suggestion.reason


def test_nothing_near_means_no_suggestion() -> None:
    assert Suggester(ACCOUNTS).suggest("Zxqv") is None
    assert Suggester([]).suggest("Travel") is None


def test_a_word_without_an_account_of_its_own_goes_to_the_nearest_and_is_left_to_a_person() -> None:
    found = Suggester(ACCOUNTS, BUYING).suggest("Parking")
    assert found
    assert found.candidate.external_id == "3"
    assert found.reason == "“Parking” means parking, which goes under travel here"
    assert not found.is_confident


def test_a_name_that_two_accounts_share_is_never_certain() -> None:
    twins = [Candidate("1", "Sundry", "1"), Candidate("2", "Sundry", "2")]
    suggestion = Suggester(twins).suggest("Sundry")
    assert suggestion is None or not suggestion.is_exact
    assert suggestion is None or not suggestion.is_confident


def test_a_contact_s_name_has_no_meaning_beyond_itself() -> None:
    contacts = [Candidate("1", "Travel Money Ltd"), Candidate("2", "Hotel Adlon")]
    assert Suggester(contacts, Knowledge(subject="contact", side="purchases")).suggest("Airfare") is None


# --- taxes


@pytest.mark.parametrize(
    ("word", "found"),
    [
        ("VAT20", "t1"),
        ("GB 5%", "t2"),
        ("standard", "t1"),
        ("reduced", "t2"),
        ("exempt", "t4"),
        ("zero rated", "t3"),
        ("RC", "t5"),
        ("reverse_charge", "t5"),
    ],
)
def test_a_tax_code_is_found_by_its_rate_its_treatment_or_what_is_usual_in_the_country(word: str, found: str) -> None:
    suggestion = Suggester(RATES, Knowledge(subject="tax_code", side="sales", country="GB")).suggest(word)
    assert suggestion
    assert suggestion.candidate.external_id == found


def test_a_rate_that_no_tax_code_has_is_not_guessed() -> None:
    assert Suggester(RATES, Knowledge(subject="tax_code", country="GB")).suggest("VAT 17.5%") is None


def test_a_tax_code_of_another_country_is_not_taken_for_confident() -> None:
    home = [Candidate("1", "19% standard", percent=Decimal(19)), Candidate("2", "OSS Romania 19%", percent=Decimal(19))]
    suggester = Suggester(home, Knowledge(subject="tax_code", country="DE"))
    at_home, abroad = suggester.suggest("DE 19%"), suggester.suggest("OSS RO 19%")
    assert at_home
    assert abroad
    assert (at_home.candidate.external_id, abroad.candidate.external_id) == ("1", "2")


# --- what the tenant did before


def learned(uses: Iterable[Use], refused: Iterable[tuple[str, str]] = ()) -> Suggester:
    return Suggester(
        ACCOUNTS, Knowledge(subject="category", side="purchases", uses=tuple(uses), refused=tuple(refused))
    )


def test_the_same_word_goes_where_this_tenant_put_it_before_whatever_it_means_elsewhere() -> None:
    found = learned([Use("Hotel", "5", 3, "version 4", is_choice=True)]).suggest("hotel")
    assert found
    assert found.candidate.external_id == "5"
    assert found.reason == "“hotel” was mapped like this in version 4"


def test_the_reason_counts_what_people_mapped_and_else_the_ledger_s_lines() -> None:
    chosen = [Use(f"Quokka {place}", "5", 3, "version 4", is_choice=True) for place in ("Rome", "Oslo", "Bern")]
    lines = [Use("Quokka Wien", "5", 40, "lines of bills")]
    assert (found := learned([*lines, *chosen]).suggest("Quokka Paris"))
    assert found.reason == "“quokka” was mapped like this 3 times"
    assert (found := learned(lines).suggest("Quokka Wien"))
    assert found.reason == "“Quokka Wien” went there on 40 lines of bills"


def test_what_is_taught_is_known_to_the_taught_one_alone_and_forgotten_by_the_next() -> None:
    untaught = Suggester(ACCOUNTS, BUYING)
    plainly = untaught.suggest("Uber")
    knows = Knowledge("category", "purchases", uses=[Use("Uber", "5", 3, "version 1", is_choice=True)])
    taught = untaught.taught(knows)
    assert (found := taught.suggest("Uber"))
    assert found.candidate.external_id == "5"
    again = taught.taught(Knowledge("category", "purchases", refused=[("Uber", "3")]))
    assert again.suggest("Uber") is None
    assert again.taught(BUYING).suggest("Uber") == untaught.suggest("Uber") == plainly != found


def test_one_that_was_taught_says_the_same_as_one_made_with_that_knowledge() -> None:
    uses = [Use("Kowalski Graphics", "2", 9, "lines of bills"), Use("Hotel", "5", 3, "version 4", is_choice=True)]
    knows = Knowledge("category", "purchases", uses=uses, refused=[("Software", "4"), ("4010", "1")])
    taught, made = Suggester(ACCOUNTS, BUYING).taught(knows), Suggester(ACCOUNTS, knows)
    words = ["Hotel", "Kowalski June", "Software", "software licence", "Marketing", "Uber", "4010", "Zxqv", "kowalski"]
    assert [taught.suggest(word) for word in words] == [made.suggest(word) for word in words]


def test_a_supplier_s_name_is_known_from_the_ledger_s_own_documents() -> None:
    assert learned([]).suggest("Kowalski") is None
    found = learned([Use("Kowalski Graphics", "2", 9, "lines of bills")]).suggest("Kowalski June")
    assert found
    assert found.candidate.external_id == "2"
    assert not found.is_confident


def test_what_was_refused_is_not_said_again_and_comes_back_when_the_refusal_is_taken_back() -> None:
    assert learned([], [("Uber", "3")]).suggest("Uber") is None
    again = learned([]).suggest("Uber")
    assert again
    assert again.candidate.external_id == "3"


def test_words_that_go_everywhere_say_nothing() -> None:
    uses = [Use(f"Acme {name}", str(index), 5) for index, name in enumerate(("a1", "b2", "c3", "d4", "e5"), start=1)]
    assert learned(uses).suggest("Acme") is None


def test_alternatives_come_after_the_suggestion_best_first() -> None:
    ranked = Suggester(ACCOUNTS, BUYING).ranked("Marketing software")
    assert {each.candidate.external_id for each in ranked[:2]} == {"2", "4"}
    assert [each.is_confident for each in ranked[1:]] == [False] * (len(ranked) - 1)


# --- the words themselves


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Repairs & Maintenance", ("repair", "maintenance")),
        ("Bürobedarf", ("burobedarf",)),
        ("Frais d'avocat", ("frais", "avocat")),
        ("office_supplies", ("office", "supply")),
        ("", ()),
    ],
)
def test_words_compare_without_accents_plurals_and_filling(text: str, words: tuple[str, ...]) -> None:
    assert words_of(text) == words


@pytest.mark.parametrize("use", [("category", "purchases"), ("category", "sales"), ("payment_method", "sales")])
def test_concepts_name_only_concepts_that_exist(use: tuple[str, str]) -> None:
    words = vocabulary(*use)
    assert {other for near in words.near.values() for other in near} <= set(words.near)
    assert all(first.isdigit() and last.isdigit() for rows in words.codes.values() for first, last, _ in rows)


def test_an_account_with_a_silent_name_is_known_by_its_number_in_a_national_chart() -> None:
    names = {
        "4120": "Gehälter",
        "4210": "Miete",
        "4240": "Strom",
        "4360": "Versicherungen",
        "4910": "Porto",
        "4920": "Telefon",
    }
    accounts = list(names.items())
    assert (
        by_number(vocabulary("category", "purchases"), [*accounts, ("4930", "Konto 14")])["4930"] == "office_supplies"
    )
    assert by_number(vocabulary("category", "purchases"), [("4930", "Konto 14")]) == {}


# --- quality


def test_the_held_out_charts_are_those_written_before_the_engine() -> None:
    assert suggestions.digest("held_out") == HELD_OUT


@pytest.mark.parametrize("folder", ["held_out", "development"])
def test_suggestions_are_as_good_as_promised(folder: str) -> None:
    found = suggestions.measure(list(suggestions.cases(folder)))
    assert found["top_1"] >= suggestions.TOP_1
    assert found["wrong_and_confident"] <= suggestions.WRONG_AND_CONFIDENT
    assert found["confident"] >= 0.5
    assert found["calibration_error"] <= 0.1
