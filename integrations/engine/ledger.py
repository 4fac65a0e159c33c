"""The verbs of a ledger, the same for every connector: what services call.

Nothing here knows a ledger by name; what differs stands in the manifest. Every verb raises the errors of `errors`.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Protocol

from integrations.engine import extras, files, files_found, paths, templates, writing
from integrations.engine.announced import AnnouncedReader, Told, Wanted
from integrations.engine.converters import Context
from integrations.engine.declarations import Connector, Entity, Resource
from integrations.engine.discovery import Definition, defined
from integrations.engine.discovery import columns as discovery_columns
from integrations.engine.endpoints import Endpoints
from integrations.engine.errors import RejectedError, UnexpectedShape
from integrations.engine.feed import FeedReader
from integrations.engine.messages import Answer, RemoteRequest
from integrations.engine.operations import Answers
from integrations.engine.own_properties import DEFINED
from integrations.engine.paging import Listing
from integrations.engine.probing import Prober
from integrations.engine.reading import Known, Reader, nothing_known
from integrations.engine.results import (
    Arrived,
    Attachment,
    BatchItem,
    BatchResult,
    Changes,
    Deletion,
    FileProbe,
    Organisation,
    Page,
    Probe,
    R,
    Record,
    ReportTable,
    Unreadable,
)
from integrations.engine.scalars import moment
from integrations.engine.surveys import Survey, surveyed


class Sender(Protocol):
    """The part of the client that the ledger needs."""

    endpoints: Endpoints

    def send(self, request: RemoteRequest) -> Answer:
        """Send and translate errors."""

    def expect(self, requests: Iterable[RemoteRequest], *, first: bool = False) -> None:
        """Reads that are sent next, in this order: they may leave before they are asked for."""

    def is_here(self, request: RemoteRequest) -> bool:
        """Whether the answer to an expected read has come and waits to be used."""

    def forget(self) -> None:
        """What was expected is not sent after all."""

    def fetch(self, url: str, *, hosts: Sequence[str]) -> Answer:
        """The answer of a ready-made address, which may lie on these hosts too."""


class Ledger:
    """One organisation in one ledger.

    `context.values` names it: `org` always; `home_currency` and `country` once known (see `organisation`).
    """

    def __init__(self, connector: Connector, client: Sender, context: Context) -> None:
        self.connector = connector
        self.client = client
        self.context = context
        self.reader = Reader(self)
        self._lookups: dict[str, Any] = {}
        self._definitions: dict[str, list[Definition]] = {}

    # Reading

    def pages(
        self,
        resource: str,
        *,
        cursor: Mapping[str, Any] | None = None,
        since: datetime | None = None,
        known: Known = nothing_known,
    ) -> Iterator[Page[Record]]:
        """All records of a resource, or those modified since a moment (UTC), page by page from a cursor on.

        `known` saves calls where lists do not hold whole records: it names those that the caller has unchanged.
        """
        arriving = self.arriving(resource, lambda record: record, cursor=cursor, since=since, known=known)
        return (page.read() for page in arriving)

    def arriving(
        self,
        resource: str,
        each: Callable[[Record], R],
        *,
        cursor: Mapping[str, Any] | None = None,
        since: datetime | None = None,
        known: Known = nothing_known,
    ) -> Iterator[Arrived[R]]:
        """Like `pages`, still to be read, with what `each` makes of a record in its place: the record is let go."""
        return self.reader.pages(self.connector.resource(resource), cursor, since, known, each)

    def read(self, resource: str, external_id: str, remote_type: str | None = None) -> Record:
        """One record as it is now. Raises RejectedError `not_found`."""
        declared = self.connector.resource(resource)
        kinds = [declared.entities[remote_type]] if remote_type else self.reader.kinds(declared)
        for position, entity in enumerate(kinds):
            try:
                return self.reader.one(declared, entity, external_id)
            except RejectedError as error:
                if error.code != "not_found" or position == len(kinds) - 1:
                    raise
        raise KeyError(resource)

    def read_by_key(self, resource: str, key: str, remote_type: str) -> Record:
        """The record that was written under a key. Raises RejectedError `not_found`."""
        declared = self.connector.resource(resource)
        kept = key[: self.connector.idempotency.max_length or None]
        return self.reader.by(declared, declared.entities[remote_type], "read_by_key", {"idempotency": kept})

    def read_many(self, resource: str, external_ids: Sequence[str], remote_type: str | None = None) -> list[Record]:
        """The records with these ids that exist, in few calls where the ledger's query language allows."""
        declared = self.connector.resource(resource)
        kinds = [declared.entities[remote_type]] if remote_type else self.reader.kinds(declared)
        return [record for entity in kinds for record in self.reader.among(declared, entity, external_ids)]

    def count(self, resource: str, remote_type: str | None = None) -> int | None:
        """How many records the ledger says it has; None where it cannot say."""
        declared = self.connector.resource(resource)
        kinds = [declared.entities[remote_type]] if remote_type else self.reader.kinds(declared)
        counts = [self.reader.count(entity) for entity in kinds]
        return None if None in counts else sum(count or 0 for count in counts)

    def changes(self, resources: Iterable[str], since: datetime) -> Changes:
        """What changed since a moment, from the ledger's change feed where it has one."""
        return FeedReader(self).changes([self.connector.resource(name) for name in resources], since)

    def survey(self, since: Mapping[str, datetime]) -> Survey:
        """Which kinds of record changed since a moment of each resource, by one call where the ledger can tell."""
        return surveyed(self, since)

    def deleted(self, since: datetime) -> list[Deletion]:
        """What was deleted since a moment, from the ledger's own list of it. Raises RejectedError where it has none."""
        return self.reader.deleted(since)

    def announced(self, wanted: Wanted, since: datetime | None = None) -> Iterator[Told]:
        """Announced records as they are now, by few calls, in parts that can be stored one by one.

        `wanted` is the ledger's word → id → whether it was announced as deleted; `since` (UTC) is before the oldest.
        """
        return AnnouncedReader(self).read(wanted, since)

    def organisation(self) -> Organisation:
        """The organisation itself; its currency and country also become known to this ledger's later reads."""
        resource = self.connector.organisation
        page = next(self.pages(resource))
        if not page.records:
            raise page.unreadable[0].error if page.unreadable else UnexpectedShape("The ledger named no organisation.")
        record = page.records[0]
        found = record.unified
        values = {
            **self.context.values,
            "home_currency": found.get("currency") or "",
            "country": found.get("country") or "",
        }
        self.context = replace(self.context, values=values)
        return Organisation(
            external_org_id=self.context.values["org"],
            name=found.get("name") or "",
            legal_name=found.get("legal_name") or "",
            country=found.get("country") or "",
            currency=found.get("currency") or "",
            fiscal_year_start_month=found.get("fiscal_year_start_month"),
            closed_through=found.get("closed_through"),
            is_multi_currency=bool(found.get("is_multi_currency")),
            record=record,
        )

    def report(self, name: str, **asked: Any) -> ReportTable:
        """A report by its unified name; `asked`: start_on, end_on, on, basis, by."""
        return extras.report(self, name, **asked)

    def exchange_rate(self, currency: str, on: date) -> Decimal | None:
        """Home currency for one unit of a currency on a day; None where the ledger knows no rate."""
        return extras.exchange_rate(self, currency, on)

    # Writing

    def request(self, resource: str, operation: str, unified: Mapping[str, Any], *, key: str = "") -> RemoteRequest:
        """The exact request of a write, with the key that tells the ledger a repetition. Raises InvalidRecord."""
        declared = self.connector.resource(resource)
        kept = key[: self.connector.idempotency.max_length or None]
        context = self.context_for(declared) if declared.lookups else self.context
        return self.keyed(declared.write(declared.typed(unified, operation), operation, context, kept), kept)

    def keyed(self, request: RemoteRequest, key: str) -> RemoteRequest:
        """The request with its idempotency key, where the ledger knows such keys."""
        native = self.connector.idempotency
        if not key or native.strategy != "native_key" or not request.is_write:
            return request
        sent = templates.filled(native.header_value, {"idempotency": key[: native.max_length or None]})
        if native.param:
            request = request.with_params(**{native.param: sent})
        return request.with_headers(**{native.header: sent}) if native.header else request

    def post(self, resource: str, operation: str, unified: Mapping[str, Any], *, key: str) -> Record | Deletion:
        """Write one record; `key` (≤ 50 characters) is the same for every attempt of the same write.

        operation: create, update, void, delete, allocate, approve, send. Raises RejectedError, ConfigurationError,
        RateLimited or LedgerUnavailable (nothing was written), or OutcomeUnknown (probe before anything else).
        """
        declared = self.connector.resource(resource)
        verb = declared.entity_for(unified).operations.get(operation)
        calls = list(writing.each(verb, unified, key)) if verb else [(unified, key)]
        requests = [self.request(resource, operation, given, key=own) for given, own in calls]
        for position, request in enumerate(requests):
            try:
                answer = self.client.send(request)
            except RejectedError as error:
                raise writing.partly(error, position, len(requests)) from error
        return writing.outcome(self, declared, request, answer, unified)

    def probe(
        self,
        resource: str,
        operation: str,
        unified: Mapping[str, Any],
        *,
        key: str,
        sent_at: datetime | None = None,
        by_own_key: bool = True,
        may_repeat: bool = True,
        ignoring: Collection[str] = (),
    ) -> Probe:
        """What became of a write without an answer, by the ways its declaration names, strongest first.

        `sent_at` (UTC) tells whether the ledger still remembers the key; not `by_own_key`: it was an item of a batch;
        not `may_repeat`: nothing may be written now, so it is looked for and never sent again to hear the first answer;
        `ignoring`: paths that were written otherwise than `unified` says.
        Raises what the ledger answers to a replay (RejectedError: it was refused) and TransientError when it cannot be
        asked.
        """
        declared = self.connector.resource(resource)
        return Prober(self).probe(
            declared,
            operation,
            unified,
            key=key,
            sent_at=sent_at,
            by_own_key=by_own_key,
            may_repeat=may_repeat,
            ignoring=ignoring,
        )

    def post_batch(self, items: Sequence[BatchItem]) -> list[BatchResult]:
        """Several independent writes in one call; one result an item, errors among them."""
        return extras.post_batch(self, items)

    def attach(
        self, resource: str, external_id: str, *, file_name: str, content_type: str, content: bytes, key: str
    ) -> Attachment:
        """Upload a file and hang it on a record. Raises like `post`."""
        return files.attach(
            self, resource, external_id, file_name=file_name, content_type=content_type, content=content, key=key
        )

    def attachments(self, resource: str, external_id: str) -> list[Attachment]:
        """The files that hang on a record. Raises RejectedError `unsupported`."""
        return files.listed(self, resource, external_id)

    def find_file(
        self, resource: str, external_id: str, *, file_name: str, content: bytes, sent_at: datetime | None = None
    ) -> FileProbe:
        """Whether a file hangs on a record, known by its content; `sent_at` (UTC): since when it may be on its way."""
        return files_found.found(self, resource, external_id, file_name=file_name, content=content, sent_at=sent_at)

    def download(self, resource: str, external_id: str, file_id: str) -> bytes:
        """The bytes of a file of a record."""
        return files.downloaded(self, resource, external_id, file_id)

    def record_url(self, resource: str, external_id: str, remote_type: str | None = None) -> str:
        """Where a person sees the record in the ledger's own pages; empty where it has none."""
        declared = self.connector.resource(resource)
        if remote_type is None and len(declared.entities) > 1:
            return ""
        entity = declared.entity(remote_type)
        if not entity.link or not self.client.endpoints.app:
            return ""
        return self.client.endpoints.app + templates.filled_path(
            entity.link, {**self.places(entity), "id": external_id}
        )

    # What the verbs are made of

    def places(self, entity: Entity) -> dict[str, Any]:
        """What fills the places of an entity's templates."""
        return self.reader.places(entity)

    def needs_json(self, answer: Answer) -> None:
        """UnexpectedShape for a successful answer that holds no JSON object or list, and no XML."""
        if not isinstance(answer.body, dict | list):
            raise UnexpectedShape(
                f"{self.connector.label} answered a question with something that is no JSON.",
                correlation_id=answer.correlation_id,
            )

    def readable(
        self, resource: Resource, entity: Entity, found: Iterable[Any], context: Context
    ) -> tuple[list[Record], list[Unreadable]]:
        """The records that fit their declaration, and those that do not."""
        return self.reader.readable(resource, entity, found, context)

    def record(self, resource: Resource, entity: Entity, answer: Answer, answers: Answers | None = None) -> Record:
        """The one record of an answer, where its entity's answers or these keep it. Raises UnexpectedShape."""
        return self.reader.record(resource, entity, answer, answers)

    def time(self, answer: Answer) -> datetime | None:
        """The ledger's clock in an answer."""
        found = paths.getter(self.connector.answers.time)(answer.body) if self.connector.answers.time else None
        return moment(found) if isinstance(found, str) else None

    def context_for(self, resource: Resource) -> Context:
        """The context with the lookups that a resource joins, each read once, and its user-defined fields."""
        defined = self._defined(resource)
        if not resource.lookups and not defined:
            return self.context
        tables = {name: self._lookup(resource, name) for name in resource.lookups}
        if defined:
            tables[DEFINED] = {each.id: each.as_dict() for each in defined}
        return replace(self.context, lookups=tables)

    def custom_fields(self, resource: str) -> list[Definition]:
        """The user-defined fields of a resource; none where the ledger does not tell."""
        return self._defined(self.connector.resource(resource))

    def columns_of(self, entity: Entity, listing: Listing) -> dict[str, str]:
        """What a query selects for the user-defined fields of a kind of record: its own list's, or its lines'."""
        discovery, table = self.connector.discovery, listing.own.get("table", "")
        if discovery is None or not listing.columns.declared or not discovery.is_selected(table):
            return {}
        known = self._definitions.get(entity.remote_type, [])
        return discovery_columns(discovery, known, table=table, of_lines=listing is not entity.paging)

    def _defined(self, resource: Resource) -> list[Definition]:
        discovery = self.connector.discovery
        if discovery is None or resource.name not in discovery.resources:
            return []
        for entity in resource.entities.values():
            if entity.remote_type not in self._definitions:
                self._definitions[entity.remote_type] = defined(self, discovery, entity)
        found = {each.id: each for name in resource.entities for each in self._definitions[name]}
        return list(found.values())

    def _lookup(self, resource: Resource, name: str) -> Any:
        lookup = resource.lookups[name]
        if lookup.declared not in self._lookups:
            self._lookups[lookup.declared] = self.reader.table(lookup)
        return self._lookups[lookup.declared]
