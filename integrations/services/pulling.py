"""What a sync run does with a ledger: page by page with a resumable cursor, or one question for all changes.

What is stored at once is one transaction: rows, progress, counts and cursor move together, or not at all. That is a
page, or a few small ones whose answers have come already (`grouping`); a killed worker reads at most those again. Where
two resources are made of the same remote records, those are read once and stored as both.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import structlog
from django.utils import timezone

from integrations.engine.declarations import Connector
from integrations.engine.errors import IntegrationError, PermissionMissing, RejectedError, UnexpectedShape
from integrations.engine.reading import Known
from integrations.engine.results import Deletion, Page, Record, Unreadable, at_hand
from integrations.engine.surveys import Survey, Told
from integrations.models import Connection, LedgerRecord, Resource, SyncCursor, SyncRun
from integrations.services import records, unmet
from integrations.services.calls import Recorder
from integrations.services.connectors import connector_of, tells_deleted
from integrations.services.custom_fields import Noticed
from integrations.services.grouping import Group, Met, stored_together, with_the_next
from integrations.services.ledgers import Session
from integrations.services.organisations import describe
from integrations.services.planning import CHANGES, FULL, SINCE, plan, prove, start_over
from integrations.services.prepared import Prepared, prepared
from integrations.services.records import Counts
from integrations.services.work import keep
from tenants.rls import tenant_scope, written_behind

log = structlog.get_logger(__name__)

# Asked again with every question for changes: clocks differ, and a ledger's stamps are not strictly ordered.
OVERLAP = timedelta(minutes=5)


@dataclass
class Pull:
    """One run at work on one open ledger."""

    run: SyncRun
    session: Session
    cursors: dict[str, SyncCursor] = field(default_factory=dict)
    unreadable: IntegrationError | None = None
    _deleted: list[Deletion] | None = None
    _survey: Survey | None = None
    _company: Mapping[str, Any] = field(default_factory=dict)
    _last_page: set[tuple[str, str, str]] = field(default_factory=set)
    _noticed: Noticed = field(default_factory=Noticed)

    @property
    def connection(self) -> Connection:
        return self.run.connection

    @property
    def connector(self) -> Connector:
        return connector_of(self.connection)

    def everything(self) -> None:
        """Pull what the run asks for and has not done; IntegrationError and LeaseLostError pass through."""
        self._load()
        states = self.run.progress
        if feed := [name for name, state in states.items() if state["mode"] == CHANGES and not state["is_done"]]:
            self._changes(feed)
        self._expect_first_pages()
        for name, state in states.items():
            if not state["is_done"]:
                self._pages(name)

    def _expect_first_pages(self) -> None:
        """The first pages of all that is to be read need not wait for each other; the rest is told by them."""
        ledger, read, expected = self.session.ledger, set[str](), []
        for name, state in self.run.progress.items():
            if state["is_done"]:
                continue
            declared = self.connector.resources[name]
            for entity in ledger.reader.kinds(declared):
                kind = entity.remote_type
                # What two resources are made of is read once when both are read whole (see `_sharing`).
                is_shared = kind in read and state["mode"] == FULL
                if state["mode"] == FULL:
                    read.add(kind)
                if is_shared or kind in state["entities"] or (state["cursor"] or {}).get("entity") == kind:
                    continue
                if state["mode"] == SINCE and self._untouched(name, kind):
                    continue
                expected.append(ledger.reader.first_request(declared, entity, self._since(name)))
        # The first of all is asked for anyway.
        ledger.client.expect([each for each in expected if each is not None])

    def _since(self, resource: str) -> datetime | None:
        is_since = self.run.progress[resource]["mode"] == SINCE
        return self.cursors[resource].changed_through - OVERLAP if is_since else None

    def _load(self) -> None:
        with tenant_scope(self.run.tenant_id):
            found = SyncCursor.objects.for_tenant(self.run.tenant_id).filter(connection=self.connection)
            self.cursors = {cursor.resource: cursor for cursor in found}
            if not self.run.progress:
                keep(self.run, progress=plan(self.run, self.cursors))

    # Changes -------------------------------------------------------------------------------------------------------

    def _changes(self, names: Sequence[str]) -> None:
        """One question for all of them; what its answer could not hold is asked for by time of modification."""
        asked_at = timezone.now()
        since = min(self.cursors[name].changed_through for name in names) - OVERLAP
        changes = self.session.ledger.changes(names, since)
        with tenant_scope(self.run.tenant_id):
            total = Counts()
            for name in names:
                if name in changes.incomplete:
                    start_over(self.run.progress[name], SINCE)
                    continue
                counts = self._upsert(name, [self._prepared(name, each) for each in changes.records.get(name, [])])
                total += counts
                self._note(name, counts, is_done=True)
                self._move_cursor(name, changes.through or asked_at, is_full=False)
            gone = [(each.resource, each.remote_type, each.external_id, each.at) for each in changes.deletions]
            total += Counts(deleted=records.mark_deleted(connection=self.connection, gone=gone))
            self._unread(changes.unreadable)
            self._keep(total)

    # Pages ---------------------------------------------------------------------------------------------------------

    def _pages(self, resource: str) -> None:
        state = self.run.progress[resource]
        self._begin(state)
        for group, following in with_the_next(stored_together(self._walk(resource, state))):
            self._store(resource, group, following)
        if state["mode"] == SINCE:
            self._finish_since(resource)
        else:
            self._finish_full(resource)

    def _walk(self, resource: str, state: dict[str, Any]) -> Iterator[Met]:
        """Page by page from where the run stands, without what is in already."""
        since, reader = self._since(resource), self.session.ledger.reader
        for entity in (kind.remote_type for kind in reader.kinds(self.connector.resources[resource])):
            if entity in state["entities"]:
                continue
            if since is not None and (told := self._untouched(resource, entity)):
                yield Met(entity, at_hand(Page([], None, is_last=True, asked_at=told.at)), is_end=True)
                continue
            stands_here = state["cursor"] is not None and state["cursor"]["entity"] == entity
            cursor = state["cursor"] if stands_here else {"entity": entity, "at": None}
            each, known = partial(self._prepared, resource), self._known(resource, entity)
            for page in self.session.ledger.arriving(resource, each, cursor=cursor, since=since, known=known):
                is_end = page.cursor is None or page.cursor["entity"] != entity
                yield Met(entity, page, is_end)
                if is_end:
                    break

    def _known(self, resource: str, entity: str) -> Known:
        """Which records of a page the mirror holds as they are, so that their details cost no call."""

        def unchanged(found: Mapping[str, datetime | None]) -> Collection[str]:
            with tenant_scope(self.run.tenant_id):
                rows = LedgerRecord.objects.for_tenant(self.run.tenant_id).of(self.connection, resource)
                held = rows.filter(remote_type=entity, external_id__in=list(found)).values_list(
                    "external_id", "modified_at", "synced_at"
                )
                return {key for key, moment, read in held if moment == found[key] and records.is_settled(moment, read)}

        return unchanged

    def _prepared(self, resource: str, record: Record) -> Prepared:
        if resource == Resource.COMPANY_INFO:
            self._company = record.unified
        self._noticed.see(resource, record.unified)
        return prepared(resource, record)

    def _store(self, resource: str, group: Group, following: Group | None) -> None:
        """What follows is read while the database stores."""
        state, page = self.run.progress[resource], group.read()
        entity, is_end = group.entity, group.is_end
        with tenant_scope(self.run.tenant_id):
            written_behind()
            total = self._take(resource, page.records, following.read_ahead if following else None)
            if page.deletions:
                gone = [(each.resource, each.remote_type, each.external_id, each.at) for each in page.deletions]
                total += Counts(deleted=records.mark_deleted(connection=self.connection, gone=gone))
            state["gone"] = state.get("gone", 0) + len(page.deletions)
            if page.unchanged and state["mode"] == FULL and state["is_reread"]:
                records.note_seen(run=self.run, resource=resource, keys=page.unchanged)
            state["records"] += len(page.unchanged)
            self._unread(page.unreadable, state)
            state["pages"] += group.pages
            self._note_times(state, page)
            self._note_size(state, entity, page)
            state["cursor"] = None if is_end else page.cursor
            for name in self._sharing(resource, entity):
                total += self._share(name, entity, page)
            for name in [resource, *self._sharing(resource, entity)] if is_end else []:
                self.run.progress[name]["entities"].append(entity)
            self._keep(total)

    def _take(self, resource: str, found: Sequence[Prepared], meanwhile: Callable[[], object] | None = None) -> Counts:
        state = self.run.progress[resource]
        counts = self._upsert(resource, found, meanwhile)
        if state["mode"] == FULL and state["is_reread"]:
            records.note_seen(
                run=self.run, resource=resource, keys=[(each.remote_type, each.external_id) for each in found]
            )
        self._note(resource, counts, is_done=False)
        return counts

    def _sharing(self, resource: str, entity: str) -> list[str]:
        """Other resources of this run that are made of the same remote records and are pulled from their beginning."""
        if self.run.progress[resource]["mode"] != FULL:
            return []
        return [
            name
            for name, state in self.run.progress.items()
            if name != resource
            and state["mode"] == FULL
            and not state["is_done"]
            and entity in self.connector.resources[name].entities
            and entity not in state["entities"]
        ]

    def _share(self, resource: str, entity: str, page: Page[Prepared]) -> Counts:
        state, ledger = self.run.progress[resource], self.session.ledger
        self._note_times(state, page)
        declared = self.connector.resources[resource]
        raw = [each.raw for each in page.records]
        found, unreadable = ledger.readable(declared, declared.entities[entity], raw, ledger.context_for(declared))
        self._unread(unreadable, state)
        return self._take(resource, [self._prepared(resource, each) for each in found])

    def _finish_full(self, resource: str) -> None:
        state = self.run.progress[resource]
        since = _moment(state["started_at"])
        is_gone = unmet.is_gone(self.run, resource, since, self.session.ledger)
        with tenant_scope(self.run.tenant_id):
            gone = records.delete_unseen(run=self.run, resource=resource, since=since) if is_gone else 0
            records.forget_seen(run=self.run, resource=resource)
            self._move_cursor(resource, _moment(state["through"] or state["started_at"]), is_full=True)
            self._note(resource, Counts(), is_done=True)
            rows = LedgerRecord.objects.for_tenant(self.run.tenant_id).of(self.connection, resource)
            prove(state, rows.filter(remote_type__in=state["entities"]).count())
            self._keep(Counts(deleted=gone))

    def _finish_since(self, resource: str) -> None:
        """Modified records are in; deletions are told, or show in the count, and only then everything is read again."""
        state = self.run.progress[resource]
        is_told = tells_deleted(self.connector, resource)
        deleted = [each for each in self._deletions() if each.resource == resource] if is_told else []
        expected = None if is_told else self._expected(resource)
        with tenant_scope(self.run.tenant_id):
            gone = [(each.resource, each.remote_type, each.external_id, each.at) for each in deleted]
            counts = Counts(deleted=records.mark_deleted(connection=self.connection, gone=gone)) if gone else Counts()
            rows = LedgerRecord.objects.for_tenant(self.run.tenant_id)
            # A ledger that cannot count is verified on schedule (see `planning`).
            is_even = expected is None or rows.of(self.connection, resource).count() == expected
            if is_even:
                self._move_cursor(resource, _moment(state["through"] or state["started_at"]), is_full=False)
                self._note(resource, Counts(), is_done=True)
            else:
                start_over(state, FULL)
            self._keep(counts)
        if not is_even:
            self._pages(resource)

    def _untouched(self, resource: str, entity: str) -> Told | None:
        """What the ledger said of a kind of record, when nothing of it changed; asked once for all of the run."""
        if self._survey is None:
            states = self.run.progress.items()
            polled = [name for name, state in states if state["mode"] == SINCE and not state["is_done"]]
            since = {name: self.cursors[name].changed_through - OVERLAP for name in polled}
            self._survey = self._surveyed(since)
        told = self._survey.get((resource, entity))
        if told is None or told.changed:
            return None
        # What is known through must not lie after the question that everything else was left out for.
        state = self.run.progress[resource]
        state["through"] = min(_moment(state["through"]), told.at).isoformat() if state["through"] else None
        return told

    def _surveyed(self, since: Mapping[str, datetime]) -> Survey:
        """One question for all kinds; where the ledger refuses it, each is asked for by itself."""
        try:
            return self.session.ledger.survey(since)
        except (RejectedError, PermissionMissing, UnexpectedShape) as error:
            log.warning("survey_refused", run=str(self.run.pk), code=error.code, problem=error.message)
            return {}

    def _expected(self, resource: str) -> int | None:
        """How many records the ledger has; what it said already of kinds that did not change is not asked again."""
        kinds = self.session.ledger.reader.kinds(self.connector.resources[resource])
        told = [self._survey.get((resource, kind.remote_type)) for kind in kinds] if self._survey else []
        known = [each.total for each in told if each is not None and not each.changed]
        return sum(known) if told and len(known) == len(kinds) else self.session.ledger.count(resource)

    def _deletions(self) -> list[Deletion]:
        """What was deleted since the oldest of the cursors: one question for all resources of the run."""
        if self._deleted is None:
            states = self.run.progress.items()
            since = min(self.cursors[name].changed_through for name, state in states if state["mode"] == SINCE)
            self._deleted = self.session.ledger.deleted(since - OVERLAP)
        return self._deleted

    # Rows ----------------------------------------------------------------------------------------------------------

    def _begin(self, state: dict[str, Any]) -> None:
        state["started_at"] = state["started_at"] or timezone.now().isoformat()

    def _note_times(self, state: dict[str, Any], page: Page[Prepared]) -> None:
        """What a resource holds is as old as its first page, which may have been read ahead of its turn."""
        asked_at = (page.asked_at or timezone.now()).isoformat()
        state["started_at"] = min(state["started_at"] or asked_at, asked_at)
        state["through"] = state["through"] or (page.time.isoformat() if page.time else asked_at)

    def _note_size(self, state: dict[str, Any], entity: str, page: Page[Prepared]) -> None:
        """How much there is and is left to read, as far as the ledger has said it."""
        state["left"] = page.pages
        if page.total is None:
            return
        totals = state.setdefault("totals", {})
        totals[entity] = page.total
        met = state["records"] if len(totals) == 1 else 0
        state["total"] = max(sum(totals.values()), met)

    def _upsert(
        self, resource: str, found: Sequence[Prepared], meanwhile: Callable[[], object] | None = None
    ) -> Counts:
        state = self.run.progress[resource]
        counts = records.upsert_prepared(
            connection=self.connection,
            resource=resource,
            page=found,
            are_new=state["mode"] == FULL and not state["is_reread"],
            meanwhile=meanwhile,
        )
        if resource == Resource.COMPANY_INFO and found:
            describe(self.connection, self._company)
        # Pages of some ledgers overlap, so that no shifted row is missed: a row met twice in a row counts once.
        keys = {(resource, record.remote_type, record.external_id) for record in found}
        again = len(keys & self._last_page)
        self._last_page = {key for key in self._last_page if key[0] != resource} | keys
        return replace(counts, records=counts.records - again)

    def _unread(self, found: Sequence[Unreadable], state: dict[str, Any] | None = None) -> None:
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
        state["changed"] = state.get("changed", 0) + counts.changed
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
        self._noticed.write(self.connection)
        keep(
            self.run,
            progress=self.run.progress,
            attempts=0,
            records=self.run.records + counts.records,
            changed=self.run.changed + counts.changed,
            deleted=self.run.deleted + counts.deleted,
            **call_counts(self.run, self.session.recorder),
        )
        self.session.recorder.write()


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def call_counts(run: SyncRun, recorder: Recorder) -> dict[str, int]:
    """The run's columns with the calls that were made since they were last written."""
    calls, throttled = recorder.take_counts()
    return {"calls": run.calls + calls, "throttled": run.throttled + throttled}
