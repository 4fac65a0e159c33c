"""Between reading a ledger and writing the mirror nothing piles up: pages are asked for as they are stored."""

from collections.abc import Callable, Iterator
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext

from integrations.engine.results import Arrived, Page, Record, at_hand
from integrations.models import ApiCall, Connection, LedgerRecord, SyncRun
from integrations.services.calls import Recorder
from integrations.services.prepared import Prepared
from integrations.services.pulling import Pull
from tests.conftest import Actors
from tests.integrations.services.factories import make_connection

PAGES, SIZE, MOST_AHEAD = 12, 5, 4


class Shelf:
    """A ledger of many pages that notices how many are out that are not stored yet."""

    def __init__(self) -> None:
        self.ahead: list[int] = []
        self.on_page: Callable[[], None] = lambda: None
        self.reader = SimpleNamespace(
            kinds=lambda resource: [SimpleNamespace(remote_type="Invoice")],
            first_request=lambda resource, entity, since: None,
        )
        self.client = SimpleNamespace(expect=lambda requests: None)

    def arriving(self, resource: str, each: Callable[[Record], Prepared], **_: Any) -> Iterator[Arrived[Prepared]]:
        for number in range(PAGES):
            self.on_page()
            self.ahead.append(number - LedgerRecord.objects.count() // SIZE)
            found = [each(self._record(number * SIZE + place)) for place in range(SIZE)]
            cursor = {"entity": "Invoice", "at": {"start": number}} if number < PAGES - 1 else None
            yield at_hand(Page(records=found, cursor=cursor, is_last=cursor is None))

    def _record(self, key: int) -> Record:
        unified = {"external_id": str(key), "remote_type": "Invoice", "number": f"INV-{key}"}
        return Record(unified, {"Id": str(key)}, "Invoice")

    def count(self, resource: str) -> int:
        return PAGES * SIZE


@pytest.fixture
def connection(in_acme: Actors) -> Connection:
    return make_connection(in_acme.tenant)


def test_pages_are_asked_for_no_faster_than_they_are_stored(connection: Connection) -> None:
    run = SyncRun.objects.create(
        tenant_id=connection.tenant_id, connection=connection, trigger="manual", is_full=True, resources=["invoices"]
    )
    shelf: Any = Shelf()
    session: Any = SimpleNamespace(connection=connection, ledger=shelf, recorder=Recorder(connection))
    pull = Pull(run, session)
    pull.everything()
    assert LedgerRecord.objects.count() == PAGES * SIZE
    assert len(shelf.ahead) == PAGES
    assert max(shelf.ahead) <= MOST_AHEAD


STATEMENTS_A_PAGE = 9
"""Savepoint, tenant, no wait for disk, what stands beside, copy, upsert, the run's row, the tenant outside, release."""


def test_a_page_takes_so_many_statements_whatever_it_holds(connection: Connection) -> None:
    run = SyncRun.objects.create(
        tenant_id=connection.tenant_id, connection=connection, trigger="initial", is_full=True, resources=["invoices"]
    )
    shelf: Any = Shelf()
    session: Any = SimpleNamespace(connection=connection, ledger=shelf, recorder=Recorder(connection))
    at_page: list[int] = []

    with CaptureQueriesContext(database) as queries:
        shelf.on_page = lambda: at_page.append(len(queries))
        Pull(run, session).everything()
    # The first page makes the temporary table; the shelf itself counts once a page.
    taken = [after - before - 1 for before, after in pairwise(at_page[1:])]
    assert set(taken) == {STATEMENTS_A_PAGE}


def test_what_a_pull_remembers_does_not_grow_with_what_it_has_read(connection: Connection) -> None:
    run = SyncRun.objects.create(
        tenant_id=connection.tenant_id, connection=connection, trigger="manual", is_full=True, resources=["invoices"]
    )
    session: Any = SimpleNamespace(connection=connection, ledger=Shelf(), recorder=Recorder(connection))
    pull = Pull(run, session)
    pull.everything()
    remembered = [value for value in vars(pull).values() if isinstance(value, set | list | dict)]
    assert all(len(value) <= MOST_AHEAD * SIZE for value in remembered)
    assert all(not isinstance(value, list) or len(value) < PAGES for value in vars(session.recorder).values())
    assert ApiCall.objects.count() == 0
