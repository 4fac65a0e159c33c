"""Pages go in together when their answers have come already, and a failing call takes none of them along."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from integrations.engine.errors import LedgerUnavailable
from integrations.engine.results import Page, at_hand, joined
from integrations.services.grouping import ENOUGH_RECORDS, MOST_PAGES, Group, Met, stored_together, with_the_next


def page(name: str, *, records: int = 1, here: bool = True, is_end: bool = False, asks: bool = False) -> Met:
    rows: list[Any] = [name] * records
    arrived = at_hand(Page(rows, {"at": name}, is_last=False), leads_on=here)
    return Met("Invoice", replace(arrived, asks=asks), is_end)


def names(group: Group | None) -> list[str]:
    return [] if group is None else list(dict.fromkeys(str(each) for each in group.read().records))


def groups(pages: Iterator[Met] | list[Met]) -> list[list[str]]:
    return [names(group) for group in stored_together(pages)]


def pairs(pages: Iterator[Met] | list[Met]) -> list[tuple[list[str], list[str]]]:
    return [(names(group), names(following)) for group, following in with_the_next(stored_together(pages))]


def test_a_page_waits_only_for_answers_that_have_come() -> None:
    assert groups([page("a"), page("b", here=False), page("c"), page("d", here=False)]) == [["a", "b"], ["c", "d"]]


def test_the_end_of_an_entity_ends_a_group() -> None:
    assert groups([page("a"), page("b", is_end=True), page("c", is_end=True)]) == [["a", "b"], ["c"]]


def test_a_group_ends_with_enough_records_or_pages() -> None:
    assert groups([page("a", records=ENOUGH_RECORDS), page("b", is_end=True)]) == [["a"], ["b"]]
    many = [page(str(place)) for place in range(MOST_PAGES + 1)]
    assert [len(group) for group in groups([*many, page("end", is_end=True)])] == [MOST_PAGES, 2]


def test_what_was_read_before_a_call_failed_is_stored_before_the_failure_is_told() -> None:
    met: list[list[str]] = []
    with pytest.raises(LedgerUnavailable):
        met.extend(names(group) for group in stored_together(failing(page("a"), page("b"))))
    assert met == [["a", "b"]]


def test_joined_pages_begin_as_the_first_and_end_as_the_last() -> None:
    first, last = page("a").page.read(), page("b").page.read()
    whole = joined([first, last])
    assert [str(each) for each in whole.records] == ["a", "b"]
    assert whole.cursor == {"at": "b"}
    assert joined([first]) is first


def test_a_group_comes_with_the_one_after_it_where_that_is_in_hand() -> None:
    full = ENOUGH_RECORDS
    met = [page("a", records=full), page("b", records=full, here=False), page("c", is_end=True)]
    assert pairs(met) == [(["a"], ["b"]), (["b"], []), (["c"], [])]


def test_what_can_only_be_read_by_calls_is_not_read_while_the_database_stores() -> None:
    met = [page("a", records=ENOUGH_RECORDS), page("b", asks=True), page("c", is_end=True)]
    assert pairs(met) == [(["a"], []), (["b"], ["c"]), (["c"], [])]


def test_a_page_that_asks_is_read_before_the_next_is_asked_for() -> None:
    order: list[str] = []

    def asked() -> Iterator[Met]:
        for name in "ab":
            order.append(f"ask {name}")
            yield noting(page(name, asks=True, is_end=name == "b"), order)

    for group, _ in with_the_next(stored_together(asked())):
        group.read()
    assert order == ["ask a", "read a", "ask b", "read b"]


def test_a_call_that_fails_after_a_group_does_not_take_it_along() -> None:
    met: list[list[str]] = []
    with pytest.raises(LedgerUnavailable):
        met.extend(names(group) for group, _ in with_the_next(stored_together(failing(page("a", records=1000)))))
    assert met == [["a"]]


def test_a_group_is_read_once() -> None:
    order: list[str] = []
    (group,) = stored_together([noting(page("a", is_end=True), order)])
    assert group.read() is group.read()
    assert order == ["read a"]


def test_what_cannot_be_read_is_told_at_its_turn_and_not_before() -> None:
    def broken() -> Page[Any]:
        raise LedgerUnavailable("half an answer")

    met = page("a", is_end=True)
    (group,) = stored_together([met._replace(page=replace(met.page, read=broken))])
    group.read_ahead()
    with pytest.raises(LedgerUnavailable):
        group.read()


def failing(*met: Met) -> Iterator[Met]:
    yield from met
    raise LedgerUnavailable("gone")


def noting(met: Met, order: list[str]) -> Met:
    read: Callable[[], Page[Any]] = met.page.read

    def noted() -> Page[Any]:
        order.append(f"read {met.page.cursor['at'] if met.page.cursor else ''}")
        return read()

    return met._replace(page=replace(met.page, read=noted))
