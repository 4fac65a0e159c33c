"""Configuration as text: what is written is read back the same, and what is wrong has its line."""

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from mappings.configuration import FILES, Known, Targets, read, written

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40)
ENTRIES = st.lists(
    st.fixed_dictionaries(
        {
            "resource": st.sampled_from(["invoices", "contacts"]),
            "direction": st.sampled_from(["read", "write"]),
            "field": TEXTS,
            "expression": TEXTS,
        },
        optional={"reason": TEXTS},
    ),
    max_size=4,
)


@given(ENTRIES)
def test_what_is_written_is_read_back_the_same(entries: list[dict[str, str]]) -> None:
    text = written({"format": "1", "overrides": entries})
    reading = read("overrides.yaml", text)
    assert reading.faults == []
    assert reading.content["overrides"] == entries
    assert written({"format": "1", "overrides": [dict(each) for each in reading.content["overrides"]]}) == text


def test_a_long_expression_stays_readable() -> None:
    text = written({"format": "1", "overrides": [{"field": "memo", "expression": "Memo &\n  '!'"}]})
    assert "expression: |-\n      Memo &\n        '!'\n" in text


@pytest.mark.parametrize("value", ["4000", "true", "no", "2026-01-31", "1.0", "null", "~", "", "0x1F", "1_000"])
def test_a_text_stays_that_text(value: str) -> None:
    entry = {"resource": value or "a", "direction": "read", "field": "b", "expression": "c", "reason": value}
    reading = read("overrides.yaml", written({"format": "1", "overrides": [entry]}))
    assert reading.content["overrides"] == [entry]
    bare = f"format: 1\noverrides:\n  - {{resource: 4000, direction: read, field: b, expression: {value or 'c'}}}\n"
    assert read("overrides.yaml", bare).content["overrides"][0]["resource"] == "4000"


@pytest.mark.parametrize(
    ("text", "line", "told"),
    [
        ("", 1, "is empty"),
        ("format: 1\nmappings:\n  - subject: category\n   bad", 4, "expected"),
        ("format: 2\nmappings: []", 1, "'2' is unknown, expected 1"),
        ("format: 1\nmappings: []\ncolour: red", 3, "colour is unknown"),
        ("format: 1\nformat: 1\nmappings: []", 2, "stands twice"),
        ("format: 1", 1, "mappings is missing"),
        ("format: 1\nmappings: 7", 2, "expected a list"),
        ("format: 1\nmappings:\n  - 7", 3, "expected subject, side"),
        ("format: 1\nmappings:\n  - {subject: a, side: left, value: b, target: {}}", 3, "'left' is unknown"),
        ("format: 1\nmappings:\n  - {subject: '', side: sales, value: a, target: {}}", 3, "subject is empty"),
        ("format: 1\nmappings:\n  - {subject: a, side: sales, value: [b], target: {}}", 3, "expected a text"),
        ("format: 1\nmappings:\n  - {subject: a, side: sales, value: b}", 3, "target is missing"),
        ("- 1", 1, "expected format, mappings"),
        ("format: !!python/object/apply:os.system [x]\nmappings: []", 1, "expected a text"),
        ("&a [*a]", 1, "expected"),
        ("[" * 5000, 0, "nested"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(text: str, line: int, told: str) -> None:
    faults = read("mappings.yaml", text).faults
    assert any(fault.line == line and told in fault.text for fault in faults), faults


def test_everything_wrong_is_told_at_once() -> None:
    bad = "format: 3\nmappings:\n  - {side: left, value: a}\n  - {subject: b, side: sales, value: a, target: 7}\n"
    assert len(read("mappings.yaml", bad).faults) >= 5


@given(st.text(max_size=200))
def test_no_text_is_a_surprise(text: str) -> None:
    for name in FILES:
        read(name, text)


def test_a_reading_builds_no_objects() -> None:
    bomb = "a: &a [x, x, x, x, x, x, x, x]\n" + "".join(
        f"{chr(98 + n)}: &{chr(98 + n)} [{', '.join(['*' + chr(97 + n)] * 8)}]\n" for n in range(12)
    )
    assert read("mappings.yaml", bomb).faults
    assert yaml.compose(bomb) is not None


CHART = [Known("1", "4000", "Sales"), Known("2", "4010", "Sales"), Known("3", "", "Bank"), Known("4", "", "Bank")]


@pytest.mark.parametrize("record", CHART, ids=lambda record: record.id)
def test_every_record_is_found_again_by_what_the_file_calls_it(record: Known) -> None:
    targets = Targets(CHART)
    assert targets.find(targets.key_of(record.id, record.name)) == record
    assert ("id" in targets.key_of(record.id, record.name)) is (record.code == "")


@pytest.mark.parametrize(
    ("target", "told"),
    [
        ({}, "expected code and name"),
        ({"code": "9999"}, "no record “9999”"),
        ({"code": "4000", "name": "Revenue"}, "4000 is called “Sales” there"),
        ({"code": "4999", "name": "Sales"}, "has the code 40"),
        ({"name": "Sales"}, "names 2 records"),
        ({"name": "Bank"}, "(3, 4)"),
        ({"id": "77", "name": "Bank"}, "no record with the id 77"),
    ],
)
def test_an_unknown_or_ambiguous_record_is_told_with_what_is_near(target: dict[str, Any], told: str) -> None:
    found = Targets(CHART).find(target)
    assert isinstance(found, str)
    assert told in found
