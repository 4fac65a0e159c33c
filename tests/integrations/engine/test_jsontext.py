"""JSON without floats, and lists of it that are parsed member by member."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.engine import jsontext

PATH = ("answer", "rows")
_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63)
    | st.text()
    | st.decimals(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from([*PATH, "more", "é"]) | st.text(), inner),
    max_leaves=20,
)


def whole(value: Any) -> Any:
    """The same with lists for rows."""
    if isinstance(value, jsontext.Rows):
        return list(value)
    return {key: whole(each) for key, each in value.items()} if isinstance(value, dict) else value


@given(_values | st.fixed_dictionaries({"answer": st.fixed_dictionaries({"rows": _values}), "time": _values}))
def test_rows_say_what_the_list_says_wherever_it_stands_or_does_not(value: Any) -> None:
    text = jsontext.dumps(value).decode()
    assert whole(jsontext.loads_rows(text, PATH)) == jsontext.loads(text)


def test_a_row_is_parsed_whenever_it_is_looked_at() -> None:
    rows = jsontext.loads_rows('{"answer":{"rows":[{"a":1.50},{"a":"\\u00e9"},[]],"more":2.10}}', PATH)["answer"][
        "rows"
    ]
    assert isinstance(rows, jsontext.Rows)
    assert (rows[0], rows[-1], len(rows)) == ({"a": Decimal("1.50")}, [], 3)
    assert rows[1:] == [{"a": "é"}, []]
    assert rows[0] is not rows[0]


@pytest.mark.parametrize(
    "broken", ['{"answer":{"rows":[{"a":1},{"a":', '{"answer":{"rows":[{"a":tru}]}}', "", "<html>"]
)
def test_a_text_that_breaks_off_in_a_row_is_refused_like_any(broken: str) -> None:
    with pytest.raises(ValueError, match="Expecting|Unterminated"):
        jsontext.loads_rows(broken, PATH)


def test_what_strict_json_does_not_know_holds_up_no_page() -> None:
    found = jsontext.loads_rows('{"answer":{"rows":[{"a":"x\\ud800y"}]}}', PATH)
    assert found["answer"]["rows"] == [{"a": "x\ud800y"}]
