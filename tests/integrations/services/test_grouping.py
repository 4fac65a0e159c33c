"""Pages go in together when their answers have come already, and a failing call takes none of them along."""

from collections.abc import Iterator
from typing import Any

import pytest

from integrations.engine.errors import LedgerUnavailable
from integrations.engine.results import Page, joined
from integrations.services.grouping import ENOUGH_RECORDS, MOST_PAGES, Read, stored_together


def page(name: str, *, records: int = 1, here: bool = True, is_end: bool = False) -> Read:
    rows: list[Any] = [name] * records
    return Read("Invoice", Page(rows, {"at": name}, is_last=False, is_next_here=here), is_end)


def groups(pages: Iterator[Read] | list[Read]) -> list[list[Any]]:
    return [[each.page.records[0] for each in group] for group in stored_together(pages)]


def test_a_page_waits_only_for_answers_that_have_come() -> None:
    assert groups([page("a"), page("b", here=False), page("c"), page("d", here=False)]) == [["a", "b"], ["c", "d"]]


def test_the_end_of_an_entity_ends_a_group() -> None:
    assert groups([page("a"), page("b", is_end=True), page("c", is_end=True)]) == [["a", "b"], ["c"]]


def test_a_group_ends_with_enough_records_or_pages() -> None:
    assert groups([page("a", records=ENOUGH_RECORDS), page("b", is_end=True)]) == [["a"], ["b"]]
    many = [page(str(place)) for place in range(MOST_PAGES + 1)]
    assert [len(group) for group in groups([*many, page("end", is_end=True)])] == [MOST_PAGES, 2]


def test_what_was_read_before_a_call_failed_is_stored_before_the_failure_is_told() -> None:
    def failing() -> Iterator[Read]:
        yield page("a")
        yield page("b")
        raise LedgerUnavailable("gone")

    met: list[list[Read]] = []
    with pytest.raises(LedgerUnavailable):
        met.extend(stored_together(failing()))
    assert [[str(each.page.records[0]) for each in group] for group in met] == [["a", "b"]]


def test_joined_pages_begin_as_the_first_and_end_as_the_last() -> None:
    first, last = page("a").page, page("b", here=False).page
    whole = joined([first, last])
    assert [str(each) for each in whole.records] == ["a", "b"]
    assert (whole.cursor, whole.is_next_here) == ({"at": "b"}, False)
    assert joined([first]) is first
