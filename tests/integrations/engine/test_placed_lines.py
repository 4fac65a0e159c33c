"""Lines told apart by where they stand, fields of the record itself, written joins, several spellings of a flag."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from integrations.engine.converters import Context, FieldProblem, FieldProblems, Shape
from integrations.engine.fields import Compiler
from integrations.engine.hooks import HOOKS
from integrations.engine.sections import Section

LINES = {
    "lines": {
        "as": "lines",
        "kinds": {
            "item": {
                "at": "item.items",
                "write_when": {"item": {"present": True}},
                "fields": {"item": {"path": "item", "as": "ref"}, "amount": {"path": "amount", "as": "money"}},
            },
            "account": {
                "at": "expense.items",
                "fields": {"account": {"path": "account", "as": "ref"}, "amount": {"path": "amount", "as": "money"}},
            },
        },
    }
}


def _shape(fields: dict[str, Any]) -> Shape:
    return Compiler(Section({}, "test"), {}).shape(Section.of("shape", {"fields": fields}, "test"))


def test_lines_are_written_where_their_kind_stands_and_read_from_there() -> None:
    shape = _shape(LINES)
    ours = {"lines": [{"item": {"id": "5"}, "amount": Decimal(7)}, {"account": {"id": "9"}, "amount": Decimal("1.5")}]}
    theirs = shape.write(ours, Context())
    assert theirs == {
        "item": {"items": [{"item": {"id": "5"}, "amount": Decimal(7)}]},
        "expense": {"items": [{"account": {"id": "9"}, "amount": Decimal("1.5")}]},
    }
    read = shape.read(theirs, Context())["lines"]
    assert [line.get("item", line.get("account"))["id"] for line in read] == ["5", "9"]
    assert shape.read({}, Context()) == {"lines": []}


def test_what_is_wrong_with_a_line_is_told_with_its_place() -> None:
    shape = _shape(LINES)
    with pytest.raises(FieldProblems) as refused:
        shape.write({"lines": [{"account": {"id": "9"}, "amount": "x"}, 5]}, Context())
    assert [path for path, _ in refused.value.problems] == ["lines.0.amount", "lines.1"]
    with pytest.raises(FieldProblem) as unread:
        shape.read({"item": {"items": [{"amount": "x"}]}}, Context())
    assert unread.value.path == "lines.item.items.0.amount"
    with pytest.raises(FieldProblems):
        shape.write({"lines": {}}, Context())


def test_a_line_that_no_kind_takes_is_refused() -> None:
    only = {"lines": {"as": "lines", "kinds": {"item": LINES["lines"]["kinds"]["item"]}}}  # type: ignore[index]
    with pytest.raises(FieldProblems):
        _shape(only).write({"lines": [{"amount": Decimal(1)}]}, Context())


def test_fields_of_the_record_itself_are_typed_as_they_were_discovered() -> None:
    shape = _shape({"custom_fields": {"as": "custom_fields", "prefixes": ["custbody_"]}})
    known = {
        "custbody_when": {"name": "When", "type": "date"},
        "custbody_left": {"name": "Left", "type": "number"},
        "custbody_urgent": {"name": "Urgent", "type": "bool"},
    }
    record = {"custbody_when": "2026-03-01", "custbody_left": "4.50", "custbody_urgent": "T", "custbody_ref": "A",
              "custbody_risk": {"id": "2", "name": "High"}, "memo": "no"}  # fmt: skip
    found = shape.read(record, Context(lookups={"custom_fields": known}))["custom_fields"]
    values = {each["id"]: each["value"] for each in found}
    assert values == {
        "custbody_when": date(2026, 3, 1), "custbody_left": Decimal("4.50"), "custbody_urgent": True,
        "custbody_ref": "A", "custbody_risk": {"id": "2", "name": "High"},
    }  # fmt: skip
    assert found[0]["name"] == "When"
    assert shape.write({"custom_fields": found}, Context()) == {
        "custbody_when": "2026-03-01", "custbody_left": Decimal("4.50"), "custbody_urgent": True, "custbody_ref": "A",
        "custbody_risk": {"id": "2"},
    }  # fmt: skip


def test_segments_are_dimensions_by_their_own_names() -> None:
    options = {"as": "dimensions", "of": {"class": "class"}, "prefixes": ["cseg_"]}
    shape = _shape({"dimensions": options})
    record = {"class": {"id": "2", "name": "Online"}, "cseg_region": {"id": "1", "name": "North"}, "cseg_none": None}
    read = shape.read(record, Context())
    assert [(each["type"], each["id"], each["name"]) for each in read["dimensions"]] == [
        ("class", "2", "Online"), ("cseg_region", "1", "North")
    ]  # fmt: skip
    assert shape.write(read, Context()) == {"class": {"id": "2"}, "cseg_region": {"id": "1"}}
    with pytest.raises(FieldProblems):
        shape.write({"dimensions": [{"type": "project", "id": "1"}]}, Context())


def test_a_join_can_be_written_by_the_key_of_its_row() -> None:
    options = {"path": "currency.id", "as": "join", "lookup": "currencies", "take": "symbol", "writable": True}
    shape = _shape({"currency": options})
    context = Context(lookups={"currencies": {"1": {"symbol": "GBP"}, "2": {"symbol": "EUR"}}})
    assert shape.write({"currency": "EUR"}, context) == {"currency": {"id": "2"}}
    assert shape.read({"currency": {"id": "1"}}, context) == {"currency": "GBP"}
    with pytest.raises(FieldProblems):
        shape.write({"currency": "XXX"}, context)


def test_a_flag_has_several_spellings_of_which_the_first_is_written() -> None:
    options = {"path": "isInactive", "as": "bool", "inverted": True, "true": [True, "T"], "false": [False, "F"]}
    shape = _shape({"is_active": options})
    assert [shape.read({"isInactive": each}, Context())["is_active"] for each in ("T", "F", True, False)] == [
        False, True, False, True
    ]  # fmt: skip
    assert shape.write({"is_active": False}, Context()) == {"isInactive": True}


@pytest.mark.parametrize(
    ("record", "rate"),
    [
        ({"rate": "20.0%"}, Decimal(20)),
        ({"rate": "7.25"}, Decimal("7.25")),
        (
            {"rate": "13", "unitprice1": "5.0%", "unitprice2": "8.0%", "nexusCountry": {"@internalId": "CA"}},
            Decimal(13),
        ),
        ({}, None),
    ],
)
def test_a_rate_is_the_number_in_its_text(record: dict[str, Any], rate: Decimal | None) -> None:
    assert HOOKS["netsuite_tax_rate"](record, Context(), {}) == rate
