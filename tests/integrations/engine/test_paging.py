"""Walking lists while others write: every row that was there all along is met."""

from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from integrations.engine import manifest
from integrations.engine.messages import Answer
from integrations.engine.paging import Listing
from integrations.engine.steps import NextCursor, PageNumber

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


ZOHO = manifest.load("zoho_books").resources["invoices"].entities["invoice"].paging
NUMBERED = replace(
    ZOHO, size=20, step=PageNumber(size_param="per_page", more_path="page_context.has_more_page", overlap=1)
)


def numbered(present: list[int], cursor: dict[str, Any] | None, listing: Listing) -> tuple[list[int], Answer]:
    """A page of Zoho's list of what is there, and its answer."""
    asked = listing.request(cursor, PLACES, None).params
    number, size = int(asked["page"]), int(asked["per_page"])
    assert size <= listing.size
    page = present[(number - 1) * size : number * size]
    context = {"page": number, "per_page": size, "has_more_page": len(present) > number * size}
    return page, Answer(200, {}, {"page_context": context}, "")


@given(rows=st.integers(0, 130), deletions=st.lists(st.lists(st.integers(0, 135), max_size=40), max_size=12))
def test_rows_that_stay_are_met_where_pages_have_numbers_too(rows: int, deletions: list[list[int]]) -> None:
    present = list(range(rows))
    seen: set[int] = set()
    cursor: dict[str, Any] | None = None
    calls, is_done = 0, False
    while not is_done:
        page, answer = numbered(present, cursor, NUMBERED)
        seen.update(page)
        cursor = NUMBERED.advance(cursor, page, [str(row) for row in page], answer)
        is_done = cursor is None
        calls += 1
        if calls <= len(deletions):
            present = [row for row in present if row not in deletions[calls - 1]]
    assert set(present) <= seen
    assert calls <= rows // 9 + 2 + 8 * (len(deletions) + 1)


def test_pages_with_numbers_overlap_by_a_few_rows_and_cost_hardly_a_call_more() -> None:
    present = list(range(60_000))
    seen: set[int] = set()
    met, calls, cursor = 0, 0, None
    while calls == 0 or cursor is not None:
        page, answer = numbered(present, cursor, ZOHO)
        seen.update(page)
        met, calls = met + len(page), calls + 1
        cursor = ZOHO.advance(cursor, page, [str(row) for row in page], answer)
    assert len(seen) == len(present)
    assert calls <= 1.12 * len(present) / ZOHO.size
    assert met - len(seen) > calls, "every page begins before the end of the one before"


def test_a_ledger_that_gives_fewer_rows_than_asked_is_walked_by_its_numbers() -> None:
    cursor = ZOHO.advance(
        None, list(range(50)), [str(row) for row in range(50)], numbered(list(range(999)), None, ZOHO)[1]
    )
    assert cursor == {"page": 2, "size": 200}


def test_an_opaque_cursor_is_handed_back_until_there_is_none() -> None:
    walk = Listing(NextCursor("meta.next", "cursor"), path="/x")
    following = walk.advance(None, [], [], Answer(200, {}, {"meta": {"next": "abc"}}, ""))
    assert following == {"cursor": "abc"}
    assert walk.request(following, PLACES, None).params == {"cursor": "abc"}
    assert walk.advance(following, [], [], NOTHING) is None
