"""Rows of query languages whose questions are structures: what is asked for, and rows that belong to other rows."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from integrations.engine.columns import Columns
from integrations.engine.converters import Context, FieldProblems, Shape
from integrations.engine.errors import RejectedError
from integrations.engine.fields import Compiler
from integrations.engine.messages import Answer
from integrations.engine.paging import Listing, Match, Since
from integrations.engine.parts import Part, filled
from integrations.engine.sections import Section
from integrations.engine.steps import Offset

BILLS = Listing(
    step=Offset(first=1, more_path="meta.next"),
    method="POST",
    path="/query",
    body={"object": "{path}", "fields": "{columns}", "filters": [], "start": "{start}", "size": "{size}"},
    size=2,
    quote="escaped",
    since=Since(body={"filters": [{"$gte": {"changed": "{since}"}}]}, format="%Y-%m-%dT%H:%M:%SZ"),
    match=Match(body={"$eq": {"{name}": "{value}"}}, at="filters", among_body={"$in": {"key": "{ids}"}}),
    columns=Columns({"key": "key", "vendor.name": "vendor.name"}),
)
PLACES = {"path": "bill", "custom": {"nsp::PLACE": "nsp::PLACE"}}


def shape(fields: dict[str, Any]) -> Shape:
    return Compiler(Section({}, "test"), {}).shape(Section.of("shape", {"fields": fields}, "test"))


def test_columns_are_a_list_in_a_body_and_rows_keyed_by_them_are_unfolded() -> None:
    request = BILLS.request(None, PLACES, None)
    assert request.body == {
        "object": "bill", "fields": ["key", "vendor.name", "nsp::PLACE"], "filters": [], "start": 1, "size": 2,
    }  # fmt: skip
    row = {"key": "7", "vendor.name": "Acme", "nsp::PLACE": "here"}
    assert BILLS.rows([row], PLACES) == [{"key": "7", "vendor": {"name": "Acme"}, "nsp::PLACE": "here"}]
    record = {"key": "7", "vendor": {"name": "Acme"}}
    assert BILLS.rows([record], PLACES) == [record]


def test_changes_and_searches_are_filters_of_the_body_with_what_ends_a_text_escaped() -> None:
    since = BILLS.request(None, PLACES, datetime(2026, 1, 2, tzinfo=UTC)).body["filters"]
    assert since == [{"$gte": {"changed": "2026-01-02T00:00:00Z"}}]
    found = BILLS.matching(PLACES, {"number": "O'Brien"})
    assert found is not None
    assert found.body["filters"] == [{"$eq": {"number": "O\\'Brien"}}]


@pytest.mark.parametrize(("told", "is_more"), [(3, True), (None, False), (True, True), (False, False), ("", False)])
def test_more_is_told_by_true_or_by_where_the_next_page_begins(told: Any, is_more: bool) -> None:
    answer = Answer(200, {}, {"meta": {"next": told}}, "")
    assert (BILLS.advance(None, [{}, {}], ["1", "2"], answer) is not None) is is_more


def test_rows_may_belong_to_rows_of_an_earlier_part() -> None:
    lines = Part(BILLS, "bill.key", 10, (("lines", lambda row: True),))
    taxes = Part(BILLS, "line.key", 1, (("taxes", lambda row: True),), under="lines", id="key")
    told: list[list[Any]] = [[{"key": "l1", "bill": {"key": "1"}}, {"key": "l2", "bill": {"key": "1"}}],
            [{"line": {"key": "l1"}, "amount": 3}], []]  # fmt: skip
    asked: list[Mapping[str, Any]] = []

    def walk(listing: Listing, places: Mapping[str, Any]) -> Iterator[list[Any]]:
        asked.append(places)
        yield told[len(asked) - 1]

    records: dict[str, dict[str, Any]] = {"1": {}}
    filled([lines, taxes], records, walk)
    assert [place["ids"] for place in asked] == [["1"], ["l1"], ["l2"]]
    assert [line["taxes"] for line in records["1"]["lines"]] == [[{"line": {"key": "l1"}, "amount": 3}], []]
    # What lines are made of has no user-defined fields of its own.
    assert asked[1]["custom"] == {}


def test_where_a_ledger_takes_fewer_ids_at_once_it_is_asked_for_fewer_and_no_row_comes_twice() -> None:
    lines = Part(BILLS, "bill.key", 2000, (("lines", lambda row: True),))
    asked: list[int] = []

    def walk(listing: Listing, places: Mapping[str, Any]) -> Iterator[list[Any]]:
        asked.append(len(places["ids"]))
        rows = [{"bill": {"key": each}} for each in places["ids"]]
        # It notices on the second page.
        yield rows[:100]
        if len(rows) > 700:
            raise RejectedError("Too many values.")
        yield rows[100:]

    records: dict[str, dict[str, Any]] = {str(number): {} for number in range(2500)}
    filled([lines], records, walk)
    assert asked == [2000, 1000, 500, 500, 500, 500, 500]
    assert {len(record["lines"]) for record in records.values()} == {1}


def test_a_refusal_that_is_not_for_the_number_of_ids_is_told() -> None:
    asked: list[int] = []

    def walk(listing: Listing, places: Mapping[str, Any]) -> Iterator[list[Any]]:
        asked.append(len(places["ids"]))
        raise RejectedError("No such column.")

    with pytest.raises(RejectedError, match="No such column"):
        filled([Part(BILLS, "bill.key", 2000, (("lines", lambda row: True),))], {str(n): {} for n in range(2000)}, walk)
    assert asked == [2000, 1000, 500]


def test_a_word_told_by_several_properties_is_written_as_all_of_them() -> None:
    income = {"type": "statement", "side": "credit"}
    kinds = [{"value": "income", "when": income}, {"value": "expense", "when": {"type": "statement", "side": "debit"}},
             {"value": "income", "when": {"type": "statement"}}]  # fmt: skip
    declared = shape({"type": {"as": "cases", "cases": kinds, "writable": True}})
    assert declared.write({"type": "income"}, Context()) == income
    assert declared.read({"type": "statement", "side": "both"}, Context()) == {"type": "income"}
    with pytest.raises(FieldProblems, match="'bank' is unknown, expected one of income, expense"):
        declared.write({"type": "bank"}, Context())


def test_a_total_that_is_not_sent_must_be_what_its_parts_add_up_to() -> None:
    parts = {"as": "lines", "path": "details", "fields": {"amount": {"path": "sum.amount", "as": "money"}}}
    total = {"as": "sum", "path": "details", "of": "sum.amount", "checked": True}
    payment = shape({"allocations": parts, "total": total})
    paid = {"allocations": [{"amount": Decimal(3)}, {"amount": Decimal("4.50")}]}
    written = payment.write({**paid, "total": Decimal("7.5")}, Context())
    assert written == {"details": [{"sum": {"amount": Decimal(3)}}, {"sum": {"amount": Decimal("4.50")}}]}
    assert payment.read(written, Context())["total"] == Decimal("7.50")
    with pytest.raises(FieldProblems, match=r"total: the ledger takes what its parts add up to, which is 7.50, not 8"):
        payment.write({**paid, "total": Decimal(8)}, Context())


def test_a_fact_of_the_organisation_is_written_where_the_ledger_needs_it() -> None:
    path = {"path": "currency.code", "default_from": "home_currency"}
    needed, optional = shape({"currency": {**path, "required_on": "create"}}), shape({"currency": path})
    context = Context({"home_currency": "GBP"})
    assert needed.write({}, context) == {"currency": {"code": "GBP"}}
    assert needed.write({"currency": "EUR"}, context) == {"currency": {"code": "EUR"}}
    assert needed.write({}, context, "update") == optional.write({}, context) == {}
    with pytest.raises(FieldProblems, match="currency: is missing"):
        needed.write({"memo": Decimal(1)}, Context())
