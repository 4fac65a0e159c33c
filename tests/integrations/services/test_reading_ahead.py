"""Calls may go far ahead of what is stored; what is stored goes in in order, with its cursor, few pages at once."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from django.db import connection as database

from integrations.engine import jsontext, manifest
from integrations.engine.client import Client
from integrations.engine.converters import Context
from integrations.engine.endpoints import resolve
from integrations.engine.errors import LedgerUnavailable
from integrations.engine.ledger import Ledger
from integrations.engine.limits import NOTHING, Decision, Heard
from integrations.engine.results import Record
from integrations.engine.turns import Turn
from integrations.models import Connection, LedgerRecord, SeenRecord, SyncRun
from integrations.services import meanwhile, pulling, records
from integrations.services.calls import Recorder
from integrations.services.prepared import Prepared
from integrations.services.pulling import Pull
from tenants.rls import written_behind
from tests.conftest import Actors
from tests.integrations.services.factories import make_connection

PAGES, IN_A_WINDOW = 75, 57


@dataclass
class Window:
    """So many calls, and no more before all of their pages are stored: the pause is long enough for that."""

    patience: float = 75.0
    taken: int = 0
    stored_when_left: list[int] = field(default_factory=list)

    def ask(self, lane: str, endpoint_kind: str, *, is_write: bool = False) -> Turn:
        stored = LedgerRecord.objects.count()
        if self.taken >= IN_A_WINDOW and stored < IN_A_WINDOW:
            return Turn(None, Decision(False, 0.3, "57 in a minute"))
        self.taken += 1
        self.stored_when_left.append(stored)
        return Turn(object())

    def acquire(self, lane: str, endpoint_kind: str, *, is_write: bool = False) -> object:
        return self.ask(lane, endpoint_kind).lease

    def release(self, lease: object, *, heard: Heard = NOTHING, ago: float = 0.0) -> None:
        """Nobody waits for it."""


class Tokens:
    """One that never ends."""

    def token(self) -> str:
        return "token"

    def renew(self, stale: str) -> str:
        return stale


@dataclass(frozen=True)
class Shop:
    """A ledger with one invoice a page, and what is odd about it."""

    broken: int = 0
    """The page whose answer breaks off."""
    left_out: int = 0
    """The page that comes without its invoice."""
    counts: int = PAGES
    """How many invoices it says there are."""
    number: str = ""
    """How its invoices' numbers end."""


def answer(request: httpx.Request, shop: Shop) -> httpx.Response:
    page = int(request.url.params.get("page", 1))
    if page == shop.broken:
        raise httpx.ReadError("gone", request=request)
    row = {
        "InvoiceID": f"{page:04}",
        "Type": "ACCREC",
        "Status": "AUTHORISED",
        "InvoiceNumber": f"INV-{page}{shop.number}",
        "UpdatedDateUTC": "/Date(1777031976527+0000)/",
    }
    told = {"page": page, "pageCount": PAGES, "pageSize": 1, "itemCount": shop.counts}
    return httpx.Response(
        200,
        content=jsontext.dumps({"Invoices": [] if page == shop.left_out else [row], "pagination": told}),
        headers={"content-type": "application/json"},
    )


def pull(connection: Connection, run: SyncRun, limiter: Window, shop: Shop = Shop()) -> None:
    connector = manifest.load("xero")
    recorder = Recorder(connection, run=run, waits=True)
    with Client(
        connector, resolve(connector, {}), Tokens(), limiter=limiter, recorder=recorder, lane="backfill",
        transport=httpx.MockTransport(lambda request: answer(request, shop)),
    ) as client:  # fmt: skip
        ledger = Ledger(connector, client, Context(values={"org": "o", "home_currency": "NZD"}))
        session: Any = SimpleNamespace(connection=connection, ledger=ledger, recorder=recorder)
        Pull(run, session).everything()


@pytest.fixture
def connection(in_acme: Actors) -> Connection:
    return make_connection(in_acme.tenant, connector="xero")


@pytest.fixture
def run(connection: Connection) -> SyncRun:
    return SyncRun.objects.create(
        tenant_id=connection.tenant_id, connection=connection, trigger="initial", is_full=True, resources=["invoices"]
    )


def after(run: SyncRun) -> SyncRun:
    """Everything is read once more."""
    SyncRun.objects.filter(pk=run.pk).update(status="succeeded")
    return SyncRun.objects.create(
        tenant_id=run.tenant_id, connection=run.connection, trigger="manual", is_full=True, resources=["invoices"]
    )


def stored() -> list[str]:
    """The ids of records in the order in which they were stored."""
    return list(LedgerRecord.objects.order_by("synced_at", "id").values_list("external_id", flat=True))


def test_a_windows_calls_leave_before_their_pages_are_stored_and_pages_are_stored_in_order(
    connection: Connection, run: SyncRun
) -> None:
    window = Window()
    pull(connection, run, window)
    assert window.taken == PAGES
    assert max(window.stored_when_left[:IN_A_WINDOW]) <= 1
    assert stored() == [f"{page:04}" for page in range(1, PAGES + 1)]


def test_a_worker_that_dies_with_answers_in_its_hands_goes_on_after_the_last_page_that_it_stored(
    connection: Connection, run: SyncRun
) -> None:
    first = Window()
    with pytest.raises(LedgerUnavailable):
        pull(connection, run, first, Shop(broken=30))
    assert first.taken > 30
    assert stored() == [f"{page:04}" for page in range(1, 30)]
    run = SyncRun.objects.get(pk=run.pk)
    assert (run.progress["invoices"]["cursor"]["at"]["page"], run.records) == (30, 29)
    second = Window()
    pull(connection, run, second)
    assert second.taken == PAGES - 29
    assert stored() == [f"{page:04}" for page in range(1, PAGES + 1)]
    assert SyncRun.objects.get(pk=run.pk).records == PAGES


def test_pages_whose_answers_have_come_are_stored_together_ten_at_most(connection: Connection, run: SyncRun) -> None:
    pull(connection, run, Window())
    together = Counter(LedgerRecord.objects.values_list("synced_at", flat=True))
    assert len(together) < PAGES / 2
    assert max(together.values()) <= 10
    assert SyncRun.objects.get(pk=run.pk).progress["invoices"]["pages"] == PAGES


def test_pages_are_read_while_the_database_stores_those_before_them(
    connection: Connection, run: SyncRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    beside, prepared, execute = [], Pull._prepared, meanwhile.execute
    is_storing = False

    def executed(statement: str, values: Any, work: Callable[[], object]) -> int:
        def worked() -> None:
            nonlocal is_storing
            is_storing = True
            work()
            is_storing = False

        return execute(statement, values, worked)

    def noted(self: Pull, resource: str, record: Record) -> Prepared:
        beside.append(is_storing)
        return prepared(self, resource, record)

    monkeypatch.setattr(records, "execute", executed)
    monkeypatch.setattr(Pull, "_prepared", noted)
    pull(connection, run, Window())
    assert stored() == [f"{page:04}" for page in range(1, PAGES + 1)]
    assert len(beside) == PAGES
    assert sum(beside) >= 20


def test_what_is_changed_while_the_next_pages_are_read_is_in_the_history_with_who_changed_it(
    connection: Connection, run: SyncRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    def in_a_new_transaction() -> None:
        # The test's own goes around all of the run's, and would remember the context of the page before.
        with database.cursor() as cursor:
            cursor.execute("SELECT set_config('pghistory.context_metadata', '', true)")
        written_behind()

    monkeypatch.setattr(pulling, "written_behind", in_a_new_transaction)
    pull(connection, run, Window())
    again = after(run)
    pull(connection, again, Window(), Shop(number="-changed"))
    events = LedgerRecord.pgh_event_model.objects.all()  # type: ignore[attr-defined]
    told = [event.pgh_context for event in events]
    assert len(told) == PAGES
    assert {(each["tenant"], each["source"]) for each in told} == {(str(connection.tenant_id), "task")}


def test_a_stored_page_does_not_wait_for_the_disk_but_the_end_of_the_run_does(
    connection: Connection, run: SyncRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = []
    keep = Pull._keep

    def waits() -> str:
        # The test's own transaction goes around all of the run's, and the server may wait for no disk at all.
        with database.cursor() as cursor:
            cursor.execute("SHOW synchronous_commit")
            found = str(cursor.fetchone()[0])
            cursor.execute("SET LOCAL synchronous_commit TO on")
        return found

    def kept(self: Pull, counts: Any) -> None:
        keep(self, counts)
        told.append(waits())

    monkeypatch.setattr(Pull, "_keep", kept)
    waits()
    pull(connection, run, Window())
    assert set(told[:-1]) == {"off"}
    assert told[-1] == "on"


def test_what_a_walk_leaves_out_that_the_ledger_counts_is_kept(connection: Connection, run: SyncRun) -> None:
    pull(connection, run, Window())
    again = after(run)
    pull(connection, again, Window(), Shop(left_out=30))
    assert LedgerRecord.objects.filter(deleted_at=None).count() == PAGES
    state = SyncRun.objects.get(pk=again.pk).progress["invoices"]
    assert (state["unmet"], again.deleted) == (1, 0)
    assert not SeenRecord.objects.exists()


def test_what_neither_the_walk_meets_nor_the_ledger_counts_is_gone(connection: Connection, run: SyncRun) -> None:
    pull(connection, run, Window())
    again = after(run)
    pull(connection, again, Window(), Shop(left_out=30, counts=PAGES - 1))
    assert LedgerRecord.objects.get(external_id="0030").deleted_at is not None
    assert LedgerRecord.objects.filter(deleted_at=None).count() == PAGES - 1
    assert "unmet" not in SyncRun.objects.get(pk=again.pk).progress["invoices"]
