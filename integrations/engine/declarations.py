"""A connector as frozen dataclasses: what a manifest says, checked and compiled."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from integrations.engine import writing
from integrations.engine.announcements import Announcements
from integrations.engine.bookkeeping import Bookkeeping
from integrations.engine.conditions import Holds
from integrations.engine.converters import NOWHERE, Context, FieldProblem, Shape, Unified
from integrations.engine.discovery import Discovery
from integrations.engine.errors import ConfigurationError, InvalidRecord, RejectedError, UnexpectedShape
from integrations.engine.faults import Envelope, ErrorTable
from integrations.engine.files import Files
from integrations.engine.interfaces import Interface
from integrations.engine.limits import LimitPolicy
from integrations.engine.messages import RemoteRequest
from integrations.engine.operations import Answers, Operation
from integrations.engine.paging import Listing
from integrations.engine.parts import Part
from integrations.engine.settings import Setting
from integrations.engine.ways import Way
from integrations.unified import InvalidUnified, typed


@dataclass(frozen=True, slots=True)
class Entity:
    """One kind of remote record: its fields both ways and its verbs."""

    remote_type: str
    key: str
    path: str
    when: Mapping[str, Any]
    """Unified values that send a record here when written, such as contact_type: customer, or that a value is given."""
    known_by: tuple[str, ...]
    """Properties that only this kind of record has: what a record that comes without its kind is told by."""
    shape: Shape
    operations: Mapping[str, Operation]
    paging: Listing
    in_changes: bool
    link: str
    find: tuple[Mapping[str, str], ...]
    """How to look for a written record: query properties and the unified fields they must equal."""
    probe: Mapping[str, tuple[str, ...]]
    answers: Answers
    gone: Holds | None = None
    """Rows that say of themselves that they are deleted."""
    detail: Holds | None = None
    """Rows of the list that are not whole: each is read by itself."""
    parts: tuple[Part, ...] = ()
    only: Mapping[str, str] = field(default_factory=dict)
    """Settings of the connection with which there is this kind of record."""

    def takes(self, unified: Mapping[str, Any]) -> bool:
        """Whether a unified record is written as this kind."""
        return all(
            (unified.get(name) is not None) is value["present"]
            if isinstance(value, Mapping)
            else unified.get(name) == value
            for name, value in self.when.items()
        )

    def modified(self, raw: Any) -> datetime | None:
        """When the ledger last changed a remote record, None where it does not say."""
        found = next((f.read(raw, NOWHERE) for f in self.shape.fields if f.name == "modified_at" and f.read), None)
        return found if isinstance(found, datetime) else None

    def identity(self, raw: Any) -> str:
        """The id of a remote record, empty where it has none."""
        return next(
            (str(f.read(raw, NOWHERE) or "") for f in self.shape.fields if f.name == "external_id" and f.read), ""
        )


@dataclass(frozen=True, slots=True)
class Lookup:
    """A table, or one record, that is read before a resource's pages and joined into its records."""

    entity: str
    key: str
    paging: Listing
    declared: str
    """How the manifest says it: resources that say the same share what is read."""


@dataclass(frozen=True, slots=True)
class Resource:
    """A collection of the unified model in one ledger; made of one or several kinds of remote record."""

    name: str
    label: str
    entities: Mapping[str, Entity]
    lookups: Mapping[str, Lookup]
    gotchas: tuple[str, ...] = ()
    """What surprises people who know other ledgers: shown on the coverage page."""

    def entity(self, remote_type: str | None = None) -> Entity:
        """The kind of remote record of that name, or the only one. Raises KeyError."""
        if remote_type is None:
            if len(self.entities) != 1:
                raise KeyError(f"{self.name} is made of {', '.join(self.entities)}: say which")
            return next(iter(self.entities.values()))
        return self.entities[remote_type]

    def entity_of(self, raw: Mapping[str, Any]) -> Entity:
        """The kind of a remote record that comes without its kind: the one most of whose own properties it has."""
        return max(self.entities.values(), key=lambda entity: sum(name in raw for name in entity.known_by))

    def entity_for(self, unified: Mapping[str, Any]) -> Entity:
        """The kind of remote record that a unified record is written as. Raises InvalidRecord."""
        named = unified.get("remote_type")
        if isinstance(named, str) and named in self.entities:
            return self.entities[named]
        for entity in self.entities.values():
            if entity.takes(unified):
                return entity
        asked = {name for entity in self.entities.values() for name in entity.when}
        values = [value for entity in self.entities.values() for value in entity.when.values()]
        choices = " or ".join(dict.fromkeys(value for value in values if isinstance(value, str)))
        raise InvalidRecord([(name, f"must be {choices}") for name in sorted(asked)], resource=self.name)

    def typed(self, unified: Mapping[str, Any], operation: str) -> Unified:
        """The record with Decimal, `date` and datetime values. Raises InvalidRecord with every problem's path."""
        try:
            return typed(self.name, unified, operation)
        except InvalidUnified as invalid:
            found = [(problem.path, problem.text) for problem in invalid.problems]
            raise InvalidRecord(found, resource=self.name) from invalid

    def read(self, remote: Mapping[str, Any], remote_type: str | None = None, context: Context = NOWHERE) -> Unified:
        """The unified record of a remote one. Raises UnexpectedShape naming the field that cannot be read."""
        entity = self.entity(remote_type)
        try:
            unified = entity.shape.read(remote, context)
        except FieldProblem as problem:
            raise UnexpectedShape(
                f"{entity.remote_type} does not fit its declaration: {problem.path}: {problem.text}", field=problem.path
            ) from problem
        unified["remote_type"] = entity.remote_type
        return unified

    def write(
        self, unified: Mapping[str, Any], operation: str = "create", context: Context = NOWHERE, key: str = ""
    ) -> RemoteRequest:
        """The exact request that a unified record becomes. Raises InvalidRecord or RejectedError (`unsupported`)."""
        return writing.request(self, unified, operation, context, key)


@dataclass(frozen=True, slots=True)
class Http:
    """How the ledger's API is spoken to."""

    headers: Mapping[str, str]
    params: Mapping[str, str]
    correlation_header: str
    retry_after_header: str
    connect_seconds: float
    read_seconds: float
    write_seconds: float
    total_seconds: float
    """For one call with its answer: a dripping one must not hold a worker."""
    max_bytes: int
    personal: frozenset[str]
    """Names of properties whose values never reach a record of an exchange."""


@dataclass(frozen=True, slots=True)
class Idempotency:
    """How the same write is recognised by the ledger, and how its outcome is found when no answer came."""

    strategy: str
    """native_key, natural_upsert, search or none."""
    param: str
    header: str
    header_value: str
    max_length: int
    ttl_hours: float
    settle_seconds: float
    """How long after the sending a record may still appear: until then `absent` is not believed."""
    probe: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class ChangeFeed:
    """A call that returns what changed since a moment, for several kinds of record at once."""

    path: str
    params: Mapping[str, str]
    records: str
    look_back_days: float
    most: int
    deleted_path: str
    deleted_value: str
    deleted_at: str
    deleted_id: str


@dataclass(frozen=True, slots=True)
class DeletionFeed:
    """A list of what was deleted since a moment, for all kinds of record."""

    listing: Listing
    id: str
    at: str
    kind: str
    kinds: Mapping[str, tuple[tuple[str, str], ...]]
    """The ledger's word, in small letters → resources and kinds of record."""

    def covers(self, resource: str) -> bool:
        """Whether it tells about a resource."""
        return any(name == resource for found in self.kinds.values() for name, _ in found)


@dataclass(frozen=True, slots=True)
class Batch:
    """Several independent writes in one call."""

    most: int
    operations: tuple[str, ...]
    is_collection: bool = False
    """Records of one kind under one verb, answered in their order; else named items, each with its own verb."""
    is_array: bool = False
    """Such records stand in an array that is the whole body, where one alone is the body itself."""
    path: str = ""
    params: Mapping[str, str] = field(default_factory=dict)
    id_length: int = 36
    request: str = ""
    answer: str = ""
    errors: Envelope | None = None
    """Where the errors of one element stand; None: as in an answer of its own."""


@dataclass(frozen=True, slots=True)
class ReportCall:
    """One report: its path and how our parameters are called there."""

    name: str
    path: str
    params: Mapping[str, Any]
    rows: str
    groups: Mapping[str, str]
    """The ledger's name of a part (its group, or its label) → what it is in the unified model."""
    known_by: Mapping[str, Any]
    """What an answer says of itself when it is this report."""
    body: Any = None
    """What is asked where it is no address: dates are places, also by their parts (`{start_on.year}`)."""
    interface: str = ""
    uses_accounts: bool = False
    """Whether its reader wants the ledger's accounts beside the answer."""
    headers: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    """What is asked every time."""


@dataclass(frozen=True, slots=True)
class Connector:
    """Everything the portal knows of one ledger."""

    name: str
    label: str
    urls: Mapping[str, str]
    settings: Mapping[str, Setting]
    auth: Mapping[str, Way]
    """The ways of being let in; the first is offered first."""
    http: Http
    limits: LimitPolicy
    errors: ErrorTable
    idempotency: Idempotency
    answers: Answers
    organisation: str
    traits: frozenset[str]
    resources: Mapping[str, Resource]
    changes: ChangeFeed | None = None
    deletions: DeletionFeed | None = None
    discovery: Discovery | None = None
    batch: Batch | None = None
    files: Files | None = None
    reports: Mapping[str, ReportCall] = field(default_factory=dict)
    bookkeeping: Bookkeeping = Bookkeeping()
    exchange_rates: Mapping[str, Any] = field(default_factory=dict)
    missing: Mapping[str, str] = field(default_factory=dict)
    """What the ledger does not have, and why: a resource, `resource.operation`, or `reports.name`."""
    simulated: Mapping[str, str] = field(default_factory=dict)
    """Paths of `urls` that the simulated ledger has elsewhere."""
    interfaces: Mapping[str, Interface] = field(default_factory=dict)
    """Protocols beside the first one, by name."""
    announcements: Announcements | None = None
    """How it tells of changes by itself, where it does."""
    application: tuple[str, ...] = ()
    """What the portal's operator has from the ledger beside client id and secret, such as a sender id."""

    @property
    def xml_lists(self) -> frozenset[str]:
        """Elements of XML that are lists even when there is one."""
        return frozenset(name for interface in self.interfaces.values() for name in interface.lists)

    def way(self, name: str = "") -> Way:
        """A way of being let in by its name, the first one without. Raises ConfigurationError."""
        found = self.auth.get(name) if name else next(iter(self.auth.values()))
        if found is None:
            raise ConfigurationError(
                f"{self.label} has no way called {name!r}.",
                code="unknown_way",
                remedy=f"It can be connected by {', '.join(self.auth)}.",
            )
        return found

    def resource(self, name: str) -> Resource:
        """A resource by its name, hyphens allowed. Raises RejectedError `unsupported`."""
        found = self.resources.get(name.replace("-", "_"))
        if found is None:
            raise RejectedError(
                f"{self.label} has no {name.replace('_', ' ')}.",
                code="unsupported",
                remedy=f"It has {', '.join(self.resources)}.",
            )
        return found
