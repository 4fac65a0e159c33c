"""What makes a record the same as before."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.engine.results import Record
from integrations.services.content import content


def digest(unified: dict[str, Any], raw: dict[str, Any] | None = None) -> str:
    return content(Record(unified, raw or {}, "Invoice")).digest


@given(keys=st.permutations(["a", "b", "c", "d"]))
def test_the_order_of_keys_makes_no_difference(keys: list[str]) -> None:
    def told(order: list[str]) -> dict[str, Any]:
        inner = {key: Decimal(1) for key in order}
        return {**inner, "inner": inner}

    assert digest(told(keys), told(keys)) == digest(told(sorted(keys)), told(sorted(keys)))


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**15), max_value=10**15, places=4))
def test_how_a_decimal_is_written_makes_no_difference(value: Decimal) -> None:
    spellings = [value, value.normalize(), Decimal(f"{value.normalize():f}"), Decimal(f"{value}0")]
    assert len({digest({"total": each}, {"Total": each}) for each in spellings}) == 1


@given(st.decimals(allow_nan=False, allow_infinity=False, places=2), st.decimals(allow_nan=False, allow_infinity=False))
def test_another_number_is_another_record(one: Decimal, other: Decimal) -> None:
    if one != other:
        assert digest({"total": one}) != digest({"total": other})
        assert digest({}, {"Total": one}) != digest({}, {"Total": other})


def test_words_that_look_like_a_decimal_are_kept_as_they_are() -> None:
    assert digest({"memo": "1.50"}) != digest({"memo": "1.5"})
    assert content(Record({"memo": "NaN"}, {"Memo": "to Infinity"}, "Invoice")).raw == b'{"Memo":"to Infinity"}'


def test_a_moment_is_the_same_beside_a_decimal_with_noughts() -> None:
    moment = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert digest({"at": moment, "total": Decimal("1.50")}) == digest({"at": moment, "total": Decimal("1.5")})


def test_amounts_are_texts_in_the_unified_form_and_the_ledgers_own_numbers_in_the_raw_one() -> None:
    found = content(Record({"total": Decimal("1.50")}, {"Total": Decimal("1.50"), "Odd": Decimal("NaN")}, "Invoice"))
    assert orjson.loads(found.unified) == {"total": "1.50"}
    assert found.raw == b'{"Odd":null,"Total":1.50}'


def test_what_is_no_json_is_refused() -> None:
    with pytest.raises(TypeError):
        digest({"total": object()})
