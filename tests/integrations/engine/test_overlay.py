"""Values laid over a record, and taken off again: whatever was laid over, the declaration's record comes back."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.engine.expressions import NOTHING, Problem
from integrations.engine.overlay import (
    Rule,
    altered,
    declared,
    kept,
    laid_over,
    patch,
    target_problem,
    targets,
    without,
    written,
)
from integrations.unified import SCHEMAS

FAILED = Problem("T2001", "The left side is no number.", "Make it one.", 1, 4)
VALUES = st.one_of(st.just(NOTHING), st.just(FAILED), st.none(), st.text(max_size=5), st.integers(), st.booleans())


def invoice(**more: Any) -> dict[str, Any]:
    return {
        "external_id": "1",
        "number": "N-1",
        "memo": "theirs",
        "total": Decimal("12.50"),
        "custom_fields": [],
        **more,
    }


def test_a_value_is_laid_over_and_says_what_the_ledger_said() -> None:
    found = laid_over("invoices", invoice(), [(Rule("memo", "x", 3), "ours")])
    assert found["memo"] == "ours"
    assert found["overrides"] == [{"field": "memo", "version": 3, "declared": "theirs"}]


def test_a_failing_expression_leaves_the_ledgers_value_and_marks_the_field() -> None:
    found = laid_over("invoices", invoice(), [(Rule("memo", "x", 3), FAILED)])
    assert found["memo"] == "theirs"
    assert found["overrides"][0]["error"].startswith("line 1, column 4: The left side")


@pytest.mark.parametrize(("target", "value"), [("due_on", "soon"), ("memo", 7), ("due_on", {"a": 1})])
def test_a_value_that_does_not_fit_the_field_is_an_error_there(target: str, value: Any) -> None:
    found = laid_over("invoices", invoice(), [(Rule(target, "x", 1), value)])
    assert "does not fit" in found["overrides"][0]["error"]
    assert declared(found) == invoice()


def test_a_custom_field_is_added_or_replaced_and_is_known_as_ours() -> None:
    added = laid_over("invoices", invoice(), [(Rule("custom_fields.region", "x", 1), "north")])
    assert added["custom_fields"] == [{"id": "portal:region", "name": "region", "value": "north"}]
    theirs = invoice(custom_fields=[{"id": "9", "name": "region", "value": "south"}])
    replaced = laid_over("invoices", theirs, [(Rule("custom_fields.region", "x", 1), "north")])
    assert replaced["custom_fields"] == [{"id": "9", "name": "region", "value": "north"}]
    assert theirs["custom_fields"][0]["value"] == "south"


@given(st.dictionaries(st.sampled_from(["memo", "due_on", "terms", "custom_fields.a", "custom_fields.b"]), VALUES))
def test_what_was_laid_over_comes_off_again(values: dict[str, Any]) -> None:
    before = invoice(custom_fields=[{"id": "9", "name": "b", "value": "south"}])
    found = laid_over("invoices", before, [(Rule(name, "x", 1), value) for name, value in values.items()])
    assert declared(found) == before
    assert declared(before) == before


@pytest.mark.parametrize(
    "target", ["external_id", "total", "lines", "status", "currency", "issued_on", "version", "balance", "overrides"]
)
def test_what_the_books_are_made_of_is_the_ledgers_word(target: str) -> None:
    assert "ledger's word" in target_problem("invoices", target, is_reading=True)


def test_every_resource_says_which_fields_may_be_given() -> None:
    for resource in SCHEMAS:
        assert not {"external_id", "remote_type", "overrides"} & set(targets(resource))
        assert all(target_problem(resource, name, is_reading=True) == "" for name in targets(resource))
    assert targets("company_info") == []
    assert {"memo", "due_on", "number", "contact"} <= set(targets("invoices"))
    assert "unknown" in target_problem("invoices", "colour", is_reading=True)


@pytest.mark.parametrize(
    "path", ["", ".", "a..b", "*.a", "a.*.b.*.c", "a. b", "Line.999999.x", "a.b.c.d.e.f.g.h.i", "Line.-7000.x"]
)
def test_a_path_that_cannot_be_written_is_refused(path: str) -> None:
    assert target_problem("invoices", path, is_reading=False)


LINES: list[dict[str, Any]] = [{"Amount": 1, "Description": "a"}, {"Amount": 2}]
BODY: dict[str, Any] = {"DocNumber": "N-1", "Line": LINES, "Ref": {"value": "1"}}


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        ("PrivateNote", "x", {"PrivateNote": "x"}),
        ("Ref.name", "x", {"Ref": {"value": "1", "name": "x"}}),
        ("Custom.0.Text", "x", {"Custom": [{"Text": "x"}]}),
        ("Line.*.Class", "x", {"Line": [{**LINES[0], "Class": "x"}, {**LINES[1], "Class": "x"}]}),
        ("Line.*.Class", ["x", None], {"Line": [{**LINES[0], "Class": "x"}, LINES[1]]}),
        ("PrivateNote", None, {}),
        ("PrivateNote", NOTHING, {}),
    ],
)
def test_a_result_is_put_into_the_ledgers_record(path: str, value: Any, expected: dict[str, Any]) -> None:
    after, failed = written(BODY, [(Rule(path, "x", 1), value)])
    assert failed == []
    assert patch(BODY, after) == expected


@pytest.mark.parametrize(
    ("path", "value"), [("Line.*.Class", ["x"]), ("DocNumber.inner", "x"), ("DocNumber.0", "x"), ("Ref.0.a", "x")]
)
def test_a_result_that_leads_nowhere_is_told(path: str, value: Any) -> None:
    after, ((rule, problem),) = written(BODY, [(Rule(path, "x", 1), value)])
    assert rule.target == path
    assert path in problem.text
    assert patch(BODY, after) == {}


def test_what_is_altered_is_known_and_left_out_when_a_lost_answer_is_looked_for() -> None:
    before = {"memo": "a", "lines": [{"amount": 1, "description": "x"}, {"amount": 2}], "number": "1"}
    after = {"memo": "b", "lines": [{"amount": 1, "description": "y"}, {"amount": 3}], "number": "1"}
    found = altered(before, after)
    assert found == ["lines.0.description", "lines.1.amount", "memo"]
    assert kept(found) == ["lines.1.amount"]
    assert without(before, found) == {"lines": [{"amount": 1}, {}], "number": "1"}
