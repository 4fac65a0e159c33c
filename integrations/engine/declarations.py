"""A connector as frozen dataclasses: what a manifest says, checked and compiled."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from integrations.engine import paths, templates
from integrations.engine.converters import NOWHERE, Context, FieldProblem, FieldProblems, Shape, Unified
from integrations.engine.errors import InvalidRecord, RejectedError, UnexpectedShape, WhoCanFix
from integrations.engine.faults import ErrorTable
from integrations.engine.limits import LimitPolicy
from integrations.engine.messages import RemoteRequest
from integrations.engine.paging import Paging
from integrations.unified import InvalidUnified, typed


@dataclass(frozen=True, slots=True)
class Operation:
    """How one verb is said: create, read, update, void or delete."""

    name: str
    method: str
    path: str
    params: Mapping[str, str]
    headers: Mapping[str, str]
    body: tuple[str, ...]
    """The only fields sent; empty: all that the record gives."""
    needs: tuple[str, ...]
    """Fields without which the call cannot be made."""
    sends: Mapping[str, Any]
    wrap: str


@dataclass(frozen=True, slots=True)
class Entity:
    """One kind of remote record: its fields both ways and its verbs."""

    remote_type: str
    key: str
    path: str
    when: Mapping[str, str]
    """Unified values that send a record here when written, such as contact_type: customer."""
    known_by: tuple[str, ...]
    """Properties that only this kind of record has: what a record that comes without its kind is told by."""
    shape: Shape
    operations: Mapping[str, Operation]
    paging: Paging
    in_changes: bool
    link: str
    find: tuple[Mapping[str, str], ...]
    """How to look for a written record: query properties and the unified fields they must equal."""
    probe: Mapping[str, tuple[str, ...]]

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
    paging: Paging


@dataclass(frozen=True, slots=True)
class Resource:
    """A collection of the unified model in one ledger; made of one or several kinds of remote record."""

    name: str
    label: str
    entities: Mapping[str, Entity]
    lookups: Mapping[str, Lookup]

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
            if all(unified.get(name) == value for name, value in entity.when.items()):
                return entity
        asked = {name for entity in self.entities.values() for name in entity.when}
        choices = " or ".join(str(value) for entity in self.entities.values() for value in entity.when.values())
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

    def write(self, unified: Mapping[str, Any], operation: str = "create", context: Context = NOWHERE) -> RemoteRequest:
        """The exact request that a unified record becomes. Raises InvalidRecord or RejectedError (`unsupported`)."""
        entity = self.entity_for(unified)
        verb = entity.operations.get(operation)
        if verb is None:
            raise RejectedError(
                f"This ledger cannot {operation} {self.label.lower()} of kind {entity.remote_type}.",
                code="unsupported",
                remedy=f"It can {', '.join(name for name in entity.operations if name != 'read') or 'only read'}.",
                who_can_fix=WhoCanFix.EDITOR,
            )
        missing = [(name, f"is missing; it is needed to {operation}") for name in verb.needs if not unified.get(name)]
        if missing:
            raise InvalidRecord(missing, resource=self.name)
        given = {name: unified[name] for name in verb.body if name in unified} if verb.body else unified
        try:
            body = entity.shape.write(given, context, operation)
        except FieldProblems as problems:
            raise InvalidRecord(problems.problems, resource=self.name) from problems
        if not verb.body:
            paths.merge(body, unified.get("remote_fields") or {})
        for path, value in verb.sends.items():
            paths.putter(path)(body, value)
        return _request(entity, verb, body, unified, context)


def _request(
    entity: Entity, verb: Operation, body: dict[str, Any], unified: Mapping[str, Any], context: Context
) -> RemoteRequest:
    places = {
        "org": context.values.get("org", "{org}"),
        "path": entity.path,
        "key": entity.key,
        "id": unified.get("external_id") or "",
    }
    wrapped: Any = body
    if verb.wrap:
        wrapped = {templates.filled(verb.wrap, places): [body]}
    return RemoteRequest(
        method=verb.method,
        path=templates.filled_path(verb.path, places),
        params=templates.filled_all(verb.params, places),
        headers=verb.headers,
        body=None if verb.method in {"GET", "DELETE"} else wrapped,
        remote_type=entity.remote_type,
        operation=verb.name,
    )


@dataclass(frozen=True, slots=True)
class Auth:
    """How consent is asked for and tokens are exchanged."""

    type: str
    scopes: tuple[str, ...]
    client_auth: str
    uses_pkce: bool
    token_headers: Mapping[str, str]
    authorize_params: Mapping[str, str]
    org_param: str
    refresh_expires_field: str
    refresh_expires_days: int
    hard_expires_field: str
    revoke_body: str


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
    max_length: int
    ttl_hours: float
    probe: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Answers:
    """Where records, counts and the ledger's clock stand in its answers."""

    one: str
    many: str
    count: str
    time: str
    deleted_path: str
    deleted_value: str


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
class Batch:
    """Several independent writes in one call."""

    path: str
    most: int
    id_length: int
    request: str
    answer: str


@dataclass(frozen=True, slots=True)
class Upload:
    """How a file is attached to a record."""

    path: str
    metadata_part: str
    content_part: str
    answer: str
    max_bytes: int
    kinds: Mapping[str, str]
    """Unified resource → the ledger's name of what a file can hang on."""


@dataclass(frozen=True, slots=True)
class ReportCall:
    """One report: its path and how our parameters are called there."""

    name: str
    path: str
    params: Mapping[str, Any]
    rows: str


@dataclass(frozen=True, slots=True)
class Connector:
    """Everything the portal knows of one ledger."""

    name: str
    label: str
    urls: Mapping[str, str]
    auth: Auth
    http: Http
    limits: LimitPolicy
    errors: ErrorTable
    idempotency: Idempotency
    answers: Answers
    organisation: str
    resources: Mapping[str, Resource]
    changes: ChangeFeed | None = None
    batch: Batch | None = None
    upload: Upload | None = None
    reports: Mapping[str, ReportCall] = field(default_factory=dict)
    exchange_rates: Mapping[str, Any] = field(default_factory=dict)

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
