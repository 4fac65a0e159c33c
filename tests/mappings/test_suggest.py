"""Suggestions: exact first, always with a reason, and silent rather than wrong."""

from decimal import Decimal

import pytest

from mappings.suggest import Candidate, Suggester

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
]


@pytest.mark.parametrize(("word", "found"), [("4000", "1"), ("travel", "3"), ("Sales_of-services", "1")])
def test_the_same_code_or_name_is_certain(word: str, found: str) -> None:
    suggestion = Suggester(ACCOUNTS).suggest(word)
    assert suggestion
    assert suggestion.is_exact
    assert suggestion.candidate.external_id == found
    assert suggestion.reason.startswith("Same")


@pytest.mark.parametrize(
    ("word", "found"),
    [("Travel costs", "3"), ("saas", "4"), ("Google Ads", "2"), ("Stripe fees", "6"), ("6200 trips", "3")],
)
def test_likeness_is_less_than_certain_and_gives_its_reason(word: str, found: str) -> None:
    suggestion = Suggester(ACCOUNTS).suggest(word)
    assert suggestion
    assert suggestion.candidate.external_id == found
    assert Decimal("0.5") < suggestion.confidence < 1
    assert suggestion.reason


def test_nothing_near_means_no_suggestion() -> None:
    assert Suggester(ACCOUNTS).suggest("Zxqv") is None
    assert Suggester([]).suggest("Travel") is None


def test_a_tax_code_is_found_by_its_rate_and_says_when_others_have_the_same() -> None:
    found = Suggester(RATES).suggest("VAT20")
    assert found
    assert (found.candidate.external_id, found.confidence) == ("t1", Decimal("0.920"))
    zero = Suggester(RATES).suggest("VAT 0%")
    assert zero
    assert "one of 2" in zero.reason


def test_a_name_that_two_accounts_share_is_never_certain() -> None:
    twins = [Candidate("1", "Sundry", "1"), Candidate("2", "Sundry", "2")]
    suggestion = Suggester(twins).suggest("Sundry")
    assert suggestion is None or not suggestion.is_exact
