"""What a sync run does with a ledger: page by page with a resumable cursor, or one question for all changes.

Each page is one transaction: rows, progress, counts and cursor move together, or not at all (a killed worker repeats at
most one page).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import structlog
from django.utils import timezone

from integrations.engine.declarations import Connector
from integrations.engine.errors import IntegrationError
from integrations.models import Connection, LedgerRecord, Resource, SyncCursor, SyncRun
from integrations.services import records
from integrations.services.calls import Recorder
from integrations.services.connectors import connector_of, has_change_feed, readable_resources
from integrations.services.ledgers import Session
from integrations.services.organisations import describe
from integrations.services.records import Counts
from integrations.services.work import keep
from tenants.rls import tenant_scope

if TYPE_CHECKING:
    from integrations.engine.results import Page, Record, Unreadable

log = structlog.get_logger(__name__)

# Asked again with every question for changes: clocks differ, and a ledger's stamps are not strictly ordered.
OVERLAP = timedelta(minutes=5)
# QuickBooks keeps changes for 30 days; older questions may be cut short without an error (providers: CDC).
LONGEST_LOOK_BACK = timedelta(days=29)
# Resources without a change feed are read again this often, and whenever they are asked for by name.
REREAD_AFTER = timedelta(hours=24)
_COUNT_AFTER_PAGES = 3

FULL, CHANGES, SINCE = "full", "changes", "since"


@dataclass
class Pull:
    """One run at work on one open ledger."""

    run: SyncRun
    session: Session
    cursors: dict[str, SyncCursor] = field(default_factory=dict)
    unreadable: IntegrationError | None = None
    _last_page: set[tuple[str, str]] = field(default_factory=set)

    @property
    def connection(self) -> Connection:
        return self.run.connection

    @property
    def connector(self) -> Connector:
        return connector_of(self.connection)

    def everything(self) -> None:
        """Pull what the run asks for and has not done; IntegrationError and LeaseLostError pass through."""
        self._load()
        feed = [name for name, state in self.run.progress.items() if state["mode"] == CHANGES and not state["is_done"]]
        if feed:
            self._changes(feed)
        for name, state in self.run.progress.items():
            if not state["is_done"]:
                self._pages(name)

    def _load(self) -> None:
        with tenant_scope(self.run.tenant_id):
            found = SyncCursor.objects.for_tenant(self.run.tenant_id).filter(connection=self.connection)
            self.cursors = {cursor.resource: cursor for cursor in found}
            if not self.run.progress:
                keep(self.run, progress=self._plan())

    def _plan(self) -> dict[str, Any]:
        names = self.run.resources or readable_resources(self.connector)
        modes = {name: self._mode(name) for name in names}
        rows = LedgerRecord.objects.for_tenant(self.run.tenant_id).filter(connection=self.connection)
        mirrored = set(rows.order_by().values_list("resource", flat=True).distinct())
        fresh = {"records": 0, "pages": 0, "total": None, "cursor": None, "is_done": False, "started_at": None}
        fresh |= {"through": None, "unreadable": 0}
        return {name: {"mode": mode, "is_reread": name in mirrored, **fresh} for name, mode in modes.items() if mode}

    def _mode(self, resource: str) -> str:
        cursor = self.cursors.get(resource)
        if self.run.is_full or cursor is None:
            return FULL
        age = timezone.now() - cursor.changed_through
        if has_change_feed(self.connector, resource):
            return CHANGES if age < LONGEST_LOOK_BACK else FULL
        return FULL if age > REREAD_AFTER or resource in self.run.resources else ""

    # Changes -------------------------------------------------------------------------------------------------------

    def _changes(self, names: Sequence[str]) -> None:
        """One question for all of them; what its answer could not hold is asked for by time of modification."""
        asked_at = timezone.now()
        since = min(self.cursors[name].changed_through for name in names) - OVERLAP
        changes = self.session.ledger.changes(names, since)
        told = [name for name in names if name not in changes.incomplete]
        with tenant_scope(self.run.tenant_id):
            total = Counts()
            for name in told:
                counts = self._upsert(name, changes.records.get(name, []))
                total += counts
                self._note(name, counts, is_done=True)
                self._move_cursor(name, changes.through or asked_at, is_full=False)
            gone = [(each.resource, each.remote_type, each.external_id, each.at) for each in changes.deletions]
            total += Counts(deleted=records.mark_deleted(connection=self.connection, gone=gone))
            for name in changes.incomplete:
                self.run.progress[name] |= {"mode": SINCE, "cursor": None}
            self._unread(changes.unreadable)
            self._keep(total)

    # Pages ---------------------------------------------------------------------------------------------------------

    def _pages(self, resource: str) -> None:
        state = self.run.progress[resource]
        state["started_at"] = state["started_at"] or timezone.now().isoformat()
        self._last_page = set()
        since = self.cursors[resource].changed_through - OVERLAP if state["mode"] == SINCE else None
        for page in self.session.ledger.pages(resource, cursor=state["cursor"], since=since):
            if state["total"] is None and not page.is_last and state["pages"] + 1 >= _COUNT_AFTER_PAGES:
                # Only big resources are worth one more call, to tell how long it will take.
                state["total"] = self.session.ledger.count(resource)
            self._store_page(resource, page)
        if state["mode"] == SINCE and not state["is_done"]:
            self._finish_since(resource)

    def _store_page(self, resource: str, page: "Page") -> None:
        state = self.run.progress[resource]
        is_full = state["mode"] == FULL
        with tenant_scope(self.run.tenant_id):
            counts = self._upsert(resource, page.records)
            self._unread(page.unreadable, state)
            state["through"] = state["through"] or (page.time.isoformat() if page.time else state["started_at"])
            if is_full and state["is_reread"]:
                records.note_seen(run=self.run, resource=resource, records=page.records)
            if is_full and page.is_last:
                counts += Counts(deleted=self._finish_full(resource))
            state |= {"pages": state["pages"] + 1, "cursor": page.cursor}
            self._note(resource, counts, is_done=is_full and page.is_last)
            self._keep(counts)

    def _finish_full(self, resource: str) -> int:
        state = self.run.progress[resource]
        gone = 0
        # A record that could not be read was not seen either, and is not gone for that.
        if state["is_reread"] and not state["unreadable"]:
            gone = records.delete_unseen(run=self.run, resource=resource, since=_moment(state["started_at"]))
        self._move_cursor(resource, _moment(state["through"]), is_full=True)
        return gone

    def _finish_since(self, resource: str) -> None:
        """Modified records are in; deletions show in the count, and only then everything is read again."""
        expected = self.session.ledger.count(resource)
        with tenant_scope(self.run.tenant_id):
            rows = LedgerRecord.objects.for_tenant(self.run.tenant_id)
            is_even = expected is not None and rows.of(self.connection, resource).count() == expected
            if is_even:
                self._move_cursor(resource, _moment(self.run.progress[resource]["through"]), is_full=False)
                self._note(resource, Counts(), is_done=True)
                self._keep(Counts())
        if not is_even:
            fresh = {"mode": FULL, "cursor": None, "pages": 0, "started_at": None, "through": None}
            self.run.progress[resource] |= fresh
            self._pages(resource)

    # Rows ----------------------------------------------------------------------------------------------------------

    def _upsert(self, resource: str, found: Sequence["Record"]) -> Counts:
        counts = records.upsert_page(connection=self.connection, resource=resource, records=found)
        if resource == Resource.COMPANY_INFO and found:
            describe(self.connection, found[-1].unified)
        # Pages of some ledgers overlap, so that no shifted row is missed: a row met twice in a row counts once.
        keys = {(record.remote_type, record.external_id) for record in found}
        again = len(keys & self._last_page)
        self._last_page = keys
        return replace(counts, records=counts.records - again)

    def _unread(self, found: Sequence["Unreadable"], state: dict[str, Any] | None = None) -> None:
        """Records that do not fit their declaration hold up nothing, but they are said in the run."""
        for each in found:
            log.warning("unreadable_record", run=str(self.run.pk), kind=each.remote_type, problem=each.error.message)
        if found:
            self.unreadable = self.unreadable or found[0].error
            if state is not None:
                state["unreadable"] += len(found)

    def _note(self, resource: str, counts: Counts, *, is_done: bool) -> None:
        state = self.run.progress[resource]
        state["records"] += counts.records
        if is_done:
            state |= {"is_done": True, "cursor": None, "total": state["records"]}

    def _move_cursor(self, resource: str, through: datetime, *, is_full: bool) -> None:
        values: dict[str, Any] = {"changed_through": through}
        if is_full:
            values["full_synced_at"] = timezone.now()
        SyncCursor.objects.update_or_create(
            connection=self.connection,
            resource=resource,
            defaults=values,
            create_defaults={**values, "tenant_id": self.run.tenant_id},
        )

    def _keep(self, counts: Counts) -> None:
        keep(
            self.run,
            progress=self.run.progress,
            attempts=0,
            records=self.run.records + counts.records,
            changed=self.run.changed + counts.changed,
            deleted=self.run.deleted + counts.deleted,
            **call_counts(self.run, self.session.recorder),
        )


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def call_counts(run: SyncRun, recorder: Recorder) -> dict[str, int]:
    """The run's columns with the calls that were made since they were last written."""
    calls, throttled = recorder.take_counts()
    return {"calls": run.calls + calls, "throttled": run.throttled + throttled}
