"""The verbs of a ledger, the same for every connector: what services call.

Nothing here knows a ledger by name; what differs stands in the manifest. Every verb raises the errors of `errors`.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Protocol

from integrations.engine import extras, paths, templates
from integrations.engine.converters import Context
from integrations.engine.declarations import Connector, Entity, Resource
from integrations.engine.endpoints import Endpoints
from integrations.engine.errors import IntegrationError, OutcomeUnknown, RejectedError, UnexpectedShape
from integrations.engine.feed import FeedReader
from integrations.engine.messages import Answer, RemoteRequest
from integrations.engine.paging import QueryOffset
from integrations.engine.probing import Prober
from integrations.engine.results import (
    BatchItem,
    BatchResult,
    Changes,
    Deletion,
    Organisation,
    Page,
    Probe,
    Record,
    ReportTable,
    Unreadable,
)
from integrations.engine.scalars import moment


class Sender(Protocol):
    """The part of the client that the ledger needs."""

    endpoints: Endpoints

    def send(self, request: RemoteRequest) -> Answer:
        """Send and translate errors."""


class Ledger:
    """One organisation in one ledger.

    `context.values` names it: `org` always; `home_currency` and `country` once known (see `organisation`).
    """

    def __init__(self, connector: Connector, client: Sender, context: Context) -> None:
        self.connector = connector
        self.client = client
        self.context = context
        self._lookups: dict[tuple[str, str], Any] = {}

    # Reading

    def pages(
        self, resource: str, *, cursor: Mapping[str, Any] | None = None, since: datetime | None = None
    ) -> Iterator[Page]:
        """All records of a resource, or those modified since a moment (UTC), page by page from a cursor on."""
        declared = self.connector.resource(resource)
        context = self.context_for(declared)
        names = list(declared.entities)
        place = names.index(cursor["entity"]) if cursor else 0
        at = dict(cursor["at"]) if cursor and cursor.get("at") else None
        for position in range(place, len(names)):
            entity = declared.entities[names[position]]
            is_last = False
            while not is_last:
                answer = self.client.send(entity.paging.request(at, self.places(entity), since))
                found = self.many(entity, answer)
                records, unreadable = self.readable(declared, entity, found, context)
                at = entity.paging.advance(at, [entity.identity(item) for item in found], answer)
                is_last = at is None
                following = names[position] if at else (names[position + 1] if position + 1 < len(names) else None)
                yield Page(
                    records=records,
                    cursor=None if following is None else {"entity": following, "at": at},
                    is_last=following is None,
                    unreadable=unreadable,
                    time=self.time(answer),
                )

    def read(self, resource: str, external_id: str, remote_type: str | None = None) -> Record:
        """One record as it is now. Raises RejectedError `not_found`."""
        declared = self.connector.resource(resource)
        kinds = [declared.entities[remote_type]] if remote_type else list(declared.entities.values())
        for position, entity in enumerate(kinds):
            try:
                return self._read_one(declared, entity, external_id)
            except RejectedError as error:
                if error.code != "not_found" or position == len(kinds) - 1:
                    raise
        raise KeyError(resource)

    def _read_one(self, resource: Resource, entity: Entity, external_id: str) -> Record:
        verb = entity.operations.get("read")
        if verb is None:
            raise RejectedError(f"{self.connector.label} cannot read one {entity.remote_type}.", code="unsupported")
        places = {**self.places(entity), "id": external_id}
        request = RemoteRequest(
            verb.method,
            templates.filled_path(verb.path, places),
            templates.filled_all(verb.params, places),
            operation="read",
        )
        return self.record(resource, entity, self.client.send(request))

    def read_many(self, resource: str, external_ids: Sequence[str], remote_type: str | None = None) -> list[Record]:
        """The records with these ids that exist, in few calls where the ledger's query language allows."""
        declared = self.connector.resource(resource)
        kinds = [declared.entities[remote_type]] if remote_type else list(declared.entities.values())
        return [record for entity in kinds for record in self._read_among(declared, entity, external_ids)]

    def _read_among(self, declared: Resource, entity: Entity, external_ids: Sequence[str]) -> list[Record]:
        if not isinstance(entity.paging, QueryOffset):
            return [self._read_one(declared, entity, item) for item in external_ids]
        context, found = self.context_for(declared), []
        for start in range(0, len(external_ids), 100):
            request = entity.paging.among(self.places(entity), external_ids[start : start + 100])
            items = self.many(entity, self.client.send(request))
            found.extend(self.readable(declared, entity, items, context)[0])
        return found

    def count(self, resource: str, remote_type: str | None = None) -> int | None:
        """How many records the ledger says it has; None where it cannot say."""
        declared = self.connector.resource(resource)
        kinds = [declared.entities[remote_type]] if remote_type else list(declared.entities.values())
        total = 0
        for entity in kinds:
            if not isinstance(entity.paging, QueryOffset) or not self.connector.answers.count:
                return None
            answer = self.client.send(entity.paging.count(self.places(entity)))
            total += int(paths.getter(self.connector.answers.count)(answer.body) or 0)
        return total

    def changes(self, resources: Iterable[str], since: datetime) -> Changes:
        """What changed since a moment, from the ledger's change feed where it has one."""
        return FeedReader(self).changes([self.connector.resource(name) for name in resources], since)

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
        request = declared.write(declared.typed(unified, operation), operation, self.context)
        return self.keyed(request, key)

    def keyed(self, request: RemoteRequest, key: str) -> RemoteRequest:
        """The request with its idempotency key, where the ledger knows such keys."""
        native = self.connector.idempotency
        if not key or native.strategy != "native_key" or not request.is_write:
            return request
        sent = key[: native.max_length] if native.max_length else key
        if native.param:
            request = request.with_params(**{native.param: sent})
        return request.with_headers(**{native.header: sent}) if native.header else request

    def post(self, resource: str, operation: str, unified: Mapping[str, Any], *, key: str) -> Record | Deletion:
        """Write one record; `key` (≤ 50 characters) is the same for every attempt of the same write.

        operation: create, update, void, delete. Raises RejectedError, ConfigurationError, RateLimited or
        LedgerUnavailable (nothing was written), or OutcomeUnknown (probe before anything else).
        """
        declared = self.connector.resource(resource)
        request = self.request(resource, operation, unified, key=key)
        return self.outcome(declared, request, self.client.send(request), unified)

    def probe(
        self,
        resource: str,
        operation: str,
        unified: Mapping[str, Any],
        *,
        key: str,
        sent_at: datetime | None = None,
    ) -> Probe:
        """What became of a write without an answer, by the ways its declaration names, strongest first.

        `sent_at` (UTC) tells whether the ledger still remembers the key. Raises what the ledger answers to a replay
        (RejectedError: it was refused) and TransientError when it cannot be asked.
        """
        return Prober(self).probe(self.connector.resource(resource), operation, unified, key=key, sent_at=sent_at)

    def post_batch(self, items: Sequence[BatchItem]) -> list[BatchResult]:
        """Several independent writes in one call; one result an item, errors among them."""
        return extras.post_batch(self, items)

    def attach(
        self, resource: str, external_id: str, *, file_name: str, content_type: str, content: bytes, key: str
    ) -> Record:
        """Upload a file and hang it on a record."""
        return extras.attach(
            self, resource, external_id, file_name=file_name, content_type=content_type, content=content, key=key
        )

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

    def places(self, entity: Entity) -> dict[str, str]:
        """What fills the places of an entity's templates."""
        return {"org": self.context.values.get("org", ""), "path": entity.path, "key": entity.key}

    def many(self, entity: Entity, answer: Answer) -> list[Any]:
        """The remote records of a page; none where the ledger leaves the list out.

        UnexpectedShape when the answer is no JSON: a page of a proxy must not look like an empty ledger.
        """
        self.needs_json(answer)
        for template in (self.connector.answers.many, self.connector.answers.one):
            found = paths.getter(templates.filled(template, {"key": entity.key}))(answer.body)
            if found is not None:
                return found if isinstance(found, list) else [found]
        return []

    def needs_json(self, answer: Answer) -> None:
        """UnexpectedShape for a successful answer that holds no JSON object or list."""
        if not isinstance(answer.body, dict | list):
            raise UnexpectedShape(
                f"{self.connector.label} answered a question with something that is no JSON.",
                correlation_id=answer.correlation_id,
            )

    def readable(
        self, resource: Resource, entity: Entity, found: Iterable[Any], context: Context
    ) -> tuple[list[Record], list[Unreadable]]:
        """The records that fit their declaration, and those that do not."""
        records, unreadable = [], []
        for raw in found:
            try:
                records.append(Record(resource.read(raw, entity.remote_type, context), raw, entity.remote_type))
            except UnexpectedShape as error:
                unreadable.append(Unreadable(entity.remote_type, raw, error))
        return records, unreadable

    def record(self, resource: Resource, entity: Entity, answer: Answer) -> Record:
        """The one record of an answer. Raises UnexpectedShape."""
        raw = paths.getter(templates.filled(self.connector.answers.one, {"key": entity.key}))(answer.body)
        if not isinstance(raw, dict):
            raise UnexpectedShape(
                f"{self.connector.label} answered without a {entity.remote_type}.", correlation_id=answer.correlation_id
            )
        unified = resource.read(raw, entity.remote_type, self.context_for(resource))
        return Record(unified, raw, entity.remote_type, answer.correlation_id)

    def outcome(
        self, resource: Resource, request: RemoteRequest, answer: Answer, unified: Mapping[str, Any]
    ) -> Record | Deletion:
        """What the answer to a write says: the record as it is now, or that it is gone."""
        entity = resource.entities[request.remote_type]
        declared = self.connector.answers
        if declared.deleted_path:
            said = paths.getter(templates.filled(declared.deleted_path, {"key": entity.key}))(answer.body)
            if said == declared.deleted_value:
                identity = str(unified.get("external_id") or "")
                return Deletion(resource.name, entity.remote_type, identity, datetime.now(UTC), answer.correlation_id)
        try:
            return self.record(resource, entity, answer)
        except IntegrationError as error:
            # Also a lookup that failed: the write is accepted, whatever becomes of reading its record.
            return self._written(entity, answer, error)

    def _written(self, entity: Entity, answer: Answer, error: IntegrationError) -> Record:
        """A write that the ledger accepted is posted even when its record cannot be read: by its id alone."""
        raw = paths.getter(templates.filled(self.connector.answers.one, {"key": entity.key}))(answer.body)
        identity = entity.identity(raw) if isinstance(raw, dict) else ""
        if not identity:
            raise OutcomeUnknown(
                f"{self.connector.label} accepted a write without naming its record.",
                correlation_id=answer.correlation_id,
            ) from error
        return Record(
            {"external_id": identity, "remote_type": entity.remote_type}, raw, entity.remote_type, answer.correlation_id
        )

    def time(self, answer: Answer) -> datetime | None:
        """The ledger's clock in an answer."""
        found = paths.getter(self.connector.answers.time)(answer.body) if self.connector.answers.time else None
        return moment(found) if isinstance(found, str) else None

    def context_for(self, resource: Resource) -> Context:
        """The context with the lookups that a resource joins, each read once."""
        if not resource.lookups:
            return self.context
        tables = {name: self._lookup(resource, name) for name in resource.lookups}
        return replace(self.context, lookups=tables)

    def _lookup(self, resource: Resource, name: str) -> Any:
        if (resource.name, name) not in self._lookups:
            lookup = resource.lookups[name]
            places = {"org": self.context.values.get("org", ""), "path": lookup.entity.lower(), "key": lookup.entity}
            self._lookups[resource.name, name] = self._table(lookup, places)
        return self._lookups[resource.name, name]

    def _table(self, lookup: Any, places: Mapping[str, str]) -> Any:
        """All rows of a lookup by their key, or its only record."""
        get = paths.getter(lookup.key)
        rows, at, is_done = [], None, False
        while not is_done:
            answer = self.client.send(lookup.paging.request(at, places, None))
            page = paths.getter(templates.filled(self.connector.answers.many, places))(answer.body)
            if page is None:
                page = paths.getter(templates.filled(self.connector.answers.one, places))(answer.body)
            page = page if isinstance(page, list) else [page] if page else []
            rows.extend(page)
            at = lookup.paging.advance(at, [str(get(row)) for row in page], answer)
            is_done = at is None
        if not lookup.key:
            return rows[0] if rows else {}
        return {str(get(row)): row for row in rows}
