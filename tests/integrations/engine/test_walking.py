"""A walk lets the pages it knows leave at once, and goes back to one by one when the list changes under it."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from integrations.engine.messages import Answer, RemoteRequest
from integrations.engine.paging import Listing
from integrations.engine.steps import Cursor, Offset, PageNumber
from integrations.engine.walking import COUNT_PAYS_AFTER_PAGES, Walk


@dataclass
class Rows:
    """A list on the other side, and what was asked of it."""

    rows: list[str]
    pages: bool = False
    sent: list[str] = field(default_factory=list)
    expected: list[str] = field(default_factory=list)
    forgotten: int = 0

    def send(self, request: RemoteRequest) -> Answer:
        size = int(request.params["size"])
        start = int(request.params.get("start") or 1)
        if "page" in request.params:
            start = (int(request.params["page"]) - 1) * size + 1
        self.sent.append(request.params.get("start") or request.params["page"])
        found = self.rows[start - 1 : start - 1 + size]
        body = {"rows": found, "count": len(self.rows), "pages": -(-len(self.rows) // size)}
        return Answer(200, {}, body, "")

    def expect(self, requests: Iterable[RemoteRequest], *, first: bool = False) -> None:
        self.expected += [each.params.get("start") or each.params["page"] for each in requests]

    def is_here(self, request: RemoteRequest) -> bool:
        return False

    def forget(self) -> None:
        self.forgotten += 1


def walked(there: Rows, listing: Listing, *, count: Any = lambda: None, disturb: Any = None) -> list[str]:
    """The ids of all pages."""
    walk, at, met = Walk(there, listing, {}, None, count), None, []
    while True:
        cursor: Cursor | None = at
        answer = walk.page(cursor)
        found = answer.body["rows"]
        met += found
        at = walk.advance(cursor, found, found, answer)
        if disturb is not None and len(there.sent) == 2:
            disturb(there)
        if at is None:
            return met


def offset(**changes: Any) -> Listing:
    step = Offset(start_param="start", size_param="size", overlap=1)
    return Listing(step=step, size=10, **changes)


NUMBERED = Listing(step=PageNumber(size_param="size", pages_path="pages"), size=10, total_path="count")
ROWS = [str(number) for number in range(1, 96)]


def test_every_numbered_page_is_expected_once_and_none_beyond_the_last() -> None:
    there = Rows(ROWS)
    assert walked(there, NUMBERED) == ROWS
    assert there.expected == [str(number) for number in range(2, 11)]
    assert there.sent == [str(number) for number in range(1, 11)]


def test_offsets_are_expected_where_every_page_tells_the_total() -> None:
    there = Rows(ROWS)
    assert set(walked(there, offset(total_path="count"))) == set(ROWS)
    assert there.expected == there.sent[1:]


def test_exact_ends_cost_no_call_more_than_the_walk_itself_makes() -> None:
    for length in range(1, 60):
        there = Rows([str(number) for number in range(length)])
        walked(there, offset(total_path="count"))
        assert there.expected == there.sent[1:], length


def test_rows_deleted_under_the_walk_are_met_all_the_same_and_the_plan_is_dropped() -> None:
    there = Rows(list(ROWS))

    def delete(them: Rows) -> None:
        del them.rows[:15]

    met = walked(there, offset(total_path="count"), disturb=delete)
    assert set(there.rows) <= set(met)
    assert there.forgotten >= 1


def test_a_call_that_only_counts_is_made_when_it_is_one_of_many() -> None:
    counted: list[int] = []

    def count_of(rows: list[str]) -> Any:
        def count() -> int:
            counted.append(1)
            return len(rows)

        return count

    short, long = [str(n) for n in range(100)], [str(n) for n in range(10 * COUNT_PAYS_AFTER_PAGES * 2)]
    walked(Rows(short), offset(), count=count_of(short))
    assert counted == []
    there = Rows(long)
    assert set(walked(there, offset(), count=count_of(long))) == set(long)
    assert len(counted) == 1
    assert there.expected == there.sent[1:]


def test_where_a_page_tells_only_of_the_next_one_that_one_is_on_its_way_before_this_one_is_handed_over() -> None:
    there = Rows(ROWS)

    def nothing_waits(them: Rows) -> None:
        assert them.expected == ["10", "19"]

    walked(there, offset(), disturb=nothing_waits)
    assert there.expected == there.sent[1:]
    assert there.forgotten == 0
