"""Walking lists while others write: every row that was there all along is met."""

from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from integrations.engine import manifest
from integrations.engine.messages import Answer
from integrations.engine.paging import Listing
from integrations.engine.steps import NextCursor

WALK = manifest.load("quickbooks").resources["invoices"].entities["Invoice"].paging
SMALL = replace(WALK, size=5)
NOTHING = Answer(200, {}, {}, "")
PLACES = {"org": "1", "key": "Invoice", "path": "invoice"}


def start(cursor: dict[str, Any] | None) -> int:
    statement = SMALL.request(cursor, PLACES, None).params["query"]
    return int(statement.split("STARTPOSITION ")[1].split()[0])


@given(rows=st.integers(0, 40), deletions=st.lists(st.lists(st.integers(0, 45), max_size=12), max_size=12))
def test_rows_that_stay_are_met_whatever_is_deleted_meanwhile(rows: int, deletions: list[list[int]]) -> None:
    present = list(range(rows))
    seen: set[int] = set()
    cursor: dict[str, Any] | None = None
    calls, is_done = 0, False
    while not is_done:
        first = start(cursor) - 1
        page = present[first : first + 5]
        seen.update(page)
        cursor = SMALL.advance(cursor, page, [str(row) for row in page], NOTHING)
        is_done = cursor is None
        calls += 1
        if calls <= len(deletions):
            present = [row for row in present if row not in deletions[calls - 1]]
    assert set(present) <= seen
    assert calls <= 2 * (rows // 4 + 1) + 12 * (len(deletions) + 1)


def test_undisturbed_a_walk_takes_one_call_a_page() -> None:
    cursor, calls = None, 0
    while calls == 0 or cursor is not None:
        first = start(cursor) - 1
        page = [str(row) for row in range(100)][first : first + 5]
        cursor = SMALL.advance(cursor, page, page, NOTHING)
        calls += 1
    assert calls == 25


def test_a_cursor_stays_small() -> None:
    page = [str(5_000_000_000_000_000_000 + row) for row in range(1000)]
    cursor = WALK.advance(None, page, page, NOTHING)
    assert cursor is not None
    assert len(cursor["seen"]) <= 10
    assert page[-1] in cursor["seen"]


def test_an_opaque_cursor_is_handed_back_until_there_is_none() -> None:
    walk = Listing(NextCursor("meta.next", "cursor"), path="/x")
    following = walk.advance(None, [], [], Answer(200, {}, {"meta": {"next": "abc"}}, ""))
    assert following == {"cursor": "abc"}
    assert walk.request(following, PLACES, None).params == {"cursor": "abc"}
    assert walk.advance(following, [], [], NOTHING) is None
