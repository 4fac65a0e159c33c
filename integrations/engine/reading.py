"""Reading a ledger: pages, single records, many by their ids, counts; whole records, whatever calls they take."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Any

from integrations.engine import parts, paths, templates
from integrations.engine.converters import Context
from integrations.engine.declarations import Entity, Resource
from integrations.engine.errors import RejectedError, UnexpectedShape
from integrations.engine.jsontext import Rows
from integrations.engine.messages import Answer, RemoteRequest
from integrations.engine.operations import Answers, Operation
from integrations.engine.page_rows import Identities, PageRows, lists, present, read_each, rows_at
from integrations.engine.paging import Ids, Listing
from integrations.engine.results import Arrived, Deletion, Page, R, Record, Unreadable
from integrations.engine.scalars import moment
from integrations.engine.walking import Walk

if TYPE_CHECKING:
    from integrations.engine.ledger import Ledger

Known = Callable[[Mapping[str, datetime | None]], Collection[str]]
"""Of records by id with the moment they were modified, those that the caller has whole and unchanged."""


_DETAILS_AT_ONCE = 25
"""Records read one by one are handed over after so many: a limit or a dead worker costs at most these again."""


def nothing_known(found: Mapping[str, datetime | None]) -> Collection[str]:
    """Every record is new."""
    return ()


class Reader:
    """The reading verbs of one ledger."""

    def __init__(self, ledger: "Ledger") -> None:
        self._ledger = ledger

    def kinds(self, resource: Resource) -> list[Entity]:
        """The kinds of record that there are with the connection's settings."""
        return [entity for entity in resource.entities.values() if self._is_so(entity.only)]

    def _is_so(self, only: Mapping[str, str]) -> bool:
        """Whether the connection's settings are these."""
        values, declared = self._ledger.context.values, self._ledger.connector.settings
        return all(str(values.get(name) or declared[name].default) == wanted for name, wanted in only.items())

    def _fill(self, entity: Entity, records: Mapping[str, dict[str, Any]]) -> None:
        """Put child rows into records."""
        there = [part for part in entity.parts if self._is_so(part.only)]
        parts.filled(there, records, lambda listing, places: self._walked(entity, listing, places))

    def pages(
        self,
        resource: Resource,
        cursor: Mapping[str, Any] | None,
        since: datetime | None,
        known: Known,
        each: Callable[[Record], R],
    ) -> Iterator[Arrived[R]]:
        """All records of a resource, or those modified since a moment (UTC), page by page from a cursor on.

        A page holds what `each` makes of its records: it is called as soon as one is read, and the record let go.
        A page that `asks` is to be read before the next one is asked for.
        """
        context = self._ledger.context_for(resource)
        names = [entity.remote_type for entity in self.kinds(resource)]
        place = names.index(cursor["entity"]) if cursor else 0
        at = dict(cursor["at"]) if cursor and cursor.get("at") else None
        for position in range(place, len(names)):
            entity = resource.entities[names[position]]
            places, count = self.places(entity), partial(self.count, entity)
            walk = Walk(self._ledger.client, entity.paging, places, since, count, rows_at(entity))
            is_last = False
            while not is_last:
                answer = walk.page(at)
                found = self.many(entity, answer)
                here = {"entity": entity.remote_type, "at": at}
                at = walk.advance(at, found, Identities(entity, found), answer)
                is_last = at is None
                following = names[position] if at else (names[position + 1] if position + 1 < len(names) else None)
                rows = self._sorted(resource, entity, found, known)
                page = partial(self._page, resource, entity, context, answer=answer, each=each)
                *earlier, last = rows.chunks(_DETAILS_AT_ONCE if entity.detail is not None else len(found))
                self._expect_details(entity, rows)
                for chunk in earlier:
                    # What cost a call each is handed over soon: the page is asked for again, and then it is known.
                    yield Arrived(partial(page, chunk, here, walk.total), here, len(chunk), asks=True)
                cursor = None if following is None else {"entity": following, "at": at}
                whole = partial(page, last, cursor, walk.total, walk.left)
                yield Arrived(whole, cursor, len(last), partial(walk.is_here, at), asks=bool(last.wanted))

    def first_request(self, resource: Resource, entity: Entity, since: datetime | None) -> RemoteRequest | None:
        """The call for the first page of a kind; None while its columns must be asked for first."""
        discovery = self._ledger.connector.discovery
        if discovery is not None and resource.name in discovery.resources:
            return None
        return replace(entity.paging.request(None, self.places(entity), since), rows_at=rows_at(entity))

    def _expect_details(self, entity: Entity, rows: PageRows) -> None:
        """The records of a page that are read one by one need not wait for each other."""
        verb, detail = entity.operations.get("read"), entity.detail
        if detail is None or verb is None or verb.by_list:
            return
        wanted = [identity for identity, raw in rows.wanted.items() if detail(raw)]
        requests = [self._named(entity, verb, {"id": identity}) for identity in wanted]
        self._ledger.client.expect(requests, first=True)

    def _page(
        self,
        resource: Resource,
        entity: Entity,
        context: Context,
        rows: PageRows,
        cursor: dict[str, Any] | None,
        total: int | None = None,
        left: int | None = None,
        *,
        answer: Answer,
        each: Callable[[Record], R],
    ) -> Page[R]:
        made_whole = self._whole(entity, rows.wanted).values() if rows.wanted else ()
        gone = list(rows.gone)
        found = chain(present(resource, entity, rows.whole, gone), made_whole)
        records, unreadable = read_each(resource, entity, found, context, each)
        return Page(
            records=records,
            cursor=cursor,
            is_last=cursor is None,
            unreadable=unreadable,
            time=self._ledger.time(answer),
            deletions=gone,
            unchanged=[(entity.remote_type, identity) for identity in rows.unchanged],
            asked_at=answer.asked_at,
            total=total,
            pages=left,
        )

    def _sorted(self, resource: Resource, entity: Entity, found: Sequence[Any], known: Known) -> PageRows:
        """Deleted ones told apart, and those that the caller has already: they cost no call."""
        if entity.detail is None and not entity.parts:
            # Which of them are gone is seen when they are read.
            return PageRows(whole=found)
        rows = PageRows()
        by_id = {entity.identity(raw): raw for raw in present(resource, entity, found, rows.gone)}
        same = set(known({identity: entity.modified(raw) for identity, raw in by_id.items()}))
        rows.unchanged = [identity for identity in by_id if identity in same]
        rows.wanted = {identity: raw for identity, raw in by_id.items() if identity not in same}
        return rows

    def _whole(self, entity: Entity, found: Mapping[str, Any]) -> dict[str, Any]:
        """Records with everything they are made of; the ledger's lists may leave out lines."""
        detail = entity.detail
        whole = {
            # Some lists tell what records do not (when a payment changed): a record is laid over its row.
            identity: {**raw, **self._raw(entity, "read", {"id": identity})[0]}
            if detail is not None and detail(raw)
            else dict(raw)
            for identity, raw in found.items()
        }
        self._fill(entity, whole)
        return whole

    def _walked(self, entity: Entity, listing: Listing, more: Mapping[str, Any]) -> Iterator[Sequence[Any]]:
        """All pages of a listing."""
        places = {**self.places(entity), "custom": self._ledger.columns_of(entity, listing), **more}
        if "ids" in more:
            places["ids"] = Ids(more["ids"], listing.quote)
        at, is_done = None, False
        while not is_done:
            answer = self._ledger.client.send(listing.request(at, places, None))
            found = self._listed(entity, listing, answer, places)
            yield found
            at = listing.advance(at, found, [entity.identity(row) for row in found], answer)
            is_done = at is None

    def one(self, resource: Resource, entity: Entity, external_id: str) -> Record:
        """One record as it is now. Raises RejectedError `not_found`."""
        return self.by(resource, entity, "read", {"id": external_id})

    def by(self, resource: Resource, entity: Entity, name: str, named: Mapping[str, str]) -> Record:
        """The record that a reading verb names. Raises RejectedError `not_found`."""
        # First: what a query selects depends on the user-defined fields.
        context = self._ledger.context_for(resource)
        raw, answer = self._raw(entity, name, named)
        if entity.parts:
            raw = dict(raw)
            self._fill(entity, {entity.identity(raw): raw})
        unified = resource.read(raw, entity.remote_type, context)
        return Record(unified, raw, entity.remote_type, answer.correlation_id)

    def _raw(self, entity: Entity, name: str, named: Mapping[str, str]) -> tuple[dict[str, Any], Answer]:
        verb = entity.operations.get(name)
        label = self._ledger.connector.label
        if verb is None:
            raise RejectedError(f"{label} cannot read one {entity.remote_type}.", code="unsupported")
        if verb.by_list:
            return self._among_one(entity, named["id"])
        answer = self._ledger.client.send(self._named(entity, verb, named))
        return self._one(entity, answer, verb.answers), answer

    def _named(self, entity: Entity, verb: Operation, named: Mapping[str, str]) -> RemoteRequest:
        places = {**self.places(entity), **named}
        return RemoteRequest(
            verb.method,
            templates.filled_path(verb.path, places),
            templates.filled_all(verb.params, places),
            templates.filled_all(verb.headers, places),
            body=verb.read_body(places),
            operation="read",
            interface=verb.interface,
            action=verb.action,
        )

    def _among_one(self, entity: Entity, identity: str) -> tuple[dict[str, Any], Answer]:
        """One record by the list's own query for ids."""
        request = entity.paging.among(self.places(entity), [identity])
        label = self._ledger.connector.label
        if request is None:
            raise RejectedError(f"{label} cannot read one {entity.remote_type}.", code="unsupported")
        answer = self._ledger.client.send(request)
        found = self.many(entity, answer)
        if not found:
            raise RejectedError(
                f"{label} has no such record.", code="not_found", correlation_id=answer.correlation_id or None
            )
        return found[0], answer

    def _one(self, entity: Entity, answer: Answer, answers: Answers | None = None) -> dict[str, Any]:
        raw = paths.getter(templates.filled((answers or entity.answers).one, {"key": entity.key}))(answer.body)
        if isinstance(raw, list) and len(raw) == 1:
            raw = raw[0]
        if not isinstance(raw, dict):
            raise UnexpectedShape(
                f"{self._ledger.connector.label} answered without a {entity.remote_type}.",
                correlation_id=answer.correlation_id,
            )
        return raw

    def record(self, resource: Resource, entity: Entity, answer: Answer, answers: Answers | None = None) -> Record:
        """The one record of an answer, where its entity's answers or these keep it. Raises UnexpectedShape."""
        raw = self._one(entity, answer, answers)
        unified = resource.read(raw, entity.remote_type, self._ledger.context_for(resource))
        return Record(unified, raw, entity.remote_type, answer.correlation_id)

    def can_ask_among(self, entity: Entity) -> bool:
        """Whether the ledger's list can be asked for many ids at once."""
        return entity.paging.among(self.places(entity), ["0"]) is not None

    def rows_among(self, entity: Entity, ids: Sequence[str], *, of_any_kind: bool) -> Sequence[dict[str, Any]]:
        """The rows with these ids; `of_any_kind` leaves out the filters that tell kinds apart in one list."""
        listing = replace(entity.paging, filters=()) if of_any_kind else entity.paging
        request = listing.among(self.places(entity), ids)
        return [] if request is None else self.many(entity, self._ledger.client.send(request))

    def rows_since(self, entity: Entity, since: datetime, *, of_any_kind: bool) -> Sequence[dict[str, Any]]:
        """The first page of rows that were modified since a moment."""
        listing = replace(entity.paging, filters=()) if of_any_kind else entity.paging
        return self.many(entity, self._ledger.client.send(listing.request(None, self.places(entity), since)))

    def row(self, entity: Entity, external_id: str) -> dict[str, Any]:
        """One whole remote record without its child rows. Raises RejectedError `not_found`."""
        return self._raw(entity, "read", {"id": external_id})[0]

    def made_of(
        self, resource: Resource, entity: Entity, rows: Mapping[str, Any], *, are_whole: bool
    ) -> tuple[list[Record], list[Unreadable]]:
        """Records made of rows by id; what a list leaves out is read first, unless the rows were read one by one."""
        context = self._ledger.context_for(resource)
        whole = dict(rows)
        if are_whole and entity.parts:
            whole = {identity: dict(row) for identity, row in rows.items()}
            self._fill(entity, whole)
        elif not are_whole:
            whole = self._whole(entity, rows)
        return self.readable(resource, entity, whole.values(), context)

    def among(self, resource: Resource, entity: Entity, ids: Sequence[str]) -> list[Record]:
        """The records with these ids that exist, in as few calls as the ledger's lists allow."""
        context, found = self._ledger.context_for(resource), []
        for start in range(0, len(ids), entity.paging.match.most):
            chunk = ids[start : start + entity.paging.match.most]
            request = entity.paging.among(self.places(entity), chunk)
            if request is None:
                return [self.one(resource, entity, identity) for identity in ids]
            rows = self.many(entity, self._ledger.client.send(request))
            whole = self._whole(entity, {entity.identity(row): row for row in rows})
            found.extend(self.readable(resource, entity, whole.values(), context)[0])
        return found

    def matching(
        self, resource: Resource, entity: Entity, equal: Mapping[str, Any]
    ) -> tuple[list[Record], list[Unreadable]] | None:
        """The records whose properties equal these values; None where the ledger cannot be searched so."""
        request = entity.paging.matching(self.places(entity), equal)
        if request is None:
            return None
        rows = self.many(entity, self._ledger.client.send(request))
        whole = self._whole(entity, {entity.identity(row): row for row in rows})
        return self.readable(resource, entity, whole.values(), self._ledger.context_for(resource))

    def can_count(self, entity: Entity) -> bool:
        """Whether the ledger has a call that tells how many records there are."""
        return bool((entity.paging.count_path or entity.answers.count) and entity.paging.count(self.places(entity)))

    def count(self, entity: Entity) -> int | None:
        """How many records the ledger says it has; None where it cannot say."""
        request = entity.paging.count(self.places(entity))
        path = entity.paging.count_path or entity.answers.count
        if request is None or not path:
            return None
        found = paths.getter(path)(self._ledger.client.send(request).body)
        return None if found is None else int(found)

    def deleted(self, since: datetime) -> list[Deletion]:
        """What the ledger's list of deletions tells since a moment; it must have such a list."""
        feed = self._ledger.connector.deletions
        if feed is None:
            raise RejectedError(f"{self._ledger.connector.label} has no list of deletions.", code="unsupported")
        get_id, get_at, get_kind = (paths.getter(path) for path in (feed.id, feed.at, feed.kind))
        places: dict[str, Any] = {"org": "", **self._ledger.context.values, "path": "", "key": ""}
        found: list[Deletion] = []
        at, is_done = None, False
        while not is_done:
            answer = self._ledger.client.send(feed.listing.request(at, places, since))
            self._ledger.needs_json(answer)
            present: Any = next((rows for path in feed.listing.many if (rows := paths.getter(path)(answer.body))), [])
            rows = feed.listing.rows(present if isinstance(present, list) else [present], places)
            for row in rows:
                told = get_at(row) if feed.at else None
                found.extend(
                    Deletion(name, kind, str(get_id(row)), moment(told) if told else None)
                    for name, kind in feed.kinds.get(str(get_kind(row)).lower(), ())
                )
            at = feed.listing.advance(at, rows, [str(get_id(row)) for row in rows], answer)
            is_done = at is None
        return found

    def places(self, entity: Entity) -> dict[str, Any]:
        """What fills the places of an entity's templates."""
        values = self._ledger.context.values
        return {
            "org": "",
            **values,
            "path": templates.filled(entity.path, values),
            "key": entity.key,
            "custom": self._ledger.columns_of(entity, entity.paging),
        }

    def many(self, entity: Entity, answer: Answer) -> Sequence[Any]:
        """The remote records of a page; none where the ledger leaves the list out.

        UnexpectedShape when the answer is no JSON or XML: a page of a proxy must not look like an empty ledger.
        """
        return self._listed(entity, entity.paging, answer, self.places(entity))

    def _listed(self, entity: Entity, listing: Listing, answer: Answer, places: Mapping[str, Any]) -> Sequence[Any]:
        self._ledger.needs_json(answer)
        for template in lists(entity, listing):
            found = paths.getter(templates.filled(template, {"key": entity.key}))(answer.body)
            if found is not None:
                return listing.rows(found if isinstance(found, list | Rows) else [found], places)
        return []

    def readable(
        self, resource: Resource, entity: Entity, found: Iterable[Any], context: Context
    ) -> tuple[list[Record], list[Unreadable]]:
        """The records that fit their declaration, and those that do not."""
        return read_each(resource, entity, found, context, lambda record: record)

    def table(self, lookup: Any) -> Any:
        """All rows of a lookup by their key, or its only record."""
        values = self._ledger.context.values
        places = {"org": "", **values, "path": lookup.entity.lower(), "key": lookup.entity}
        get = paths.getter(lookup.key)
        answers = self._ledger.connector.answers
        rows: list[Any] = []
        at, is_done = None, False
        while not is_done:
            answer = self._ledger.client.send(lookup.paging.request(at, places, None))
            page: Any = None
            for template in lookup.paging.many or (answers.many, answers.one):
                page = paths.getter(templates.filled(template, places))(answer.body)
                if page is not None:
                    break
            page = lookup.paging.rows(page if isinstance(page, list) else [page] if page else [], places)
            rows.extend(page)
            at = lookup.paging.advance(at, page, [str(get(row)) for row in page], answer)
            is_done = at is None
        if not lookup.key:
            return rows[0] if rows else {}
        return {str(get(row)): row for row in rows}
