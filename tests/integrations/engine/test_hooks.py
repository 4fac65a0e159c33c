"""The hooks: what declarations cannot say."""

from decimal import Decimal
from typing import Any

import pytest

from integrations.engine.converters import Context
from integrations.engine.hooks import HOOKS, compound_tax_rate

RATES = {"1": {"RateValue": Decimal("5")}, "2": {"RateValue": Decimal("9.975")}, "3": {"RateValue": 10}}


def rate(*details: dict[str, Any]) -> Decimal | None:
    return compound_tax_rate(list(details), Context(lookups={"rates": RATES}), {"lookup": "rates"})


def detail(identity: str, applies: str = "TaxOnAmount", order: int = 0) -> dict[str, Any]:
    return {"TaxRateRef": {"value": identity}, "TaxTypeApplicable": applies, "TaxOrder": order}


@pytest.mark.parametrize(
    ("details", "expected"),
    [
        ([], "0"),
        ([detail("3")], "10"),
        ([detail("1"), detail("2")], "14.975"),
        ([detail("1"), detail("3", "TaxOnAmountPlusTax", 1)], "15.5"),
        ([detail("3", "TaxOnTax", 1), detail("1")], "5.5"),
    ],
)
def test_rates_of_a_tax_code_add_up_in_their_order(details: list[dict[str, Any]], expected: str) -> None:
    assert rate(*details) == Decimal(expected)


def test_an_unknown_rate_makes_the_whole_unknown() -> None:
    assert rate(detail("1"), detail("99")) is None


def test_every_hook_says_what_it_is_for() -> None:
    assert all(hook.__doc__ for hook in HOOKS.values())
