"""What a write sends and what its answer says: the request of one verb, and the record or deletion that came of it."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from integrations.engine import paths, templates
from integrations.engine.converters import Context, FieldProblems
from integrations.engine.errors import IntegrationError, InvalidRecord, OutcomeUnknown, RejectedError, WhoCanFix
from integrations.engine.messages import Answer, RemoteRequest
from integrations.engine.operations import Operation
from integrations.engine.results import Deletion, Record

if TYPE_CHECKING:
    from integrations.engine.declarations import Entity, Resource
    from integrations.engine.ledger import Ledger

KEY = "{idempotency}"


def request(
    resource: "Resource", unified: Mapping[str, Any], operation: str, context: Context, key: str = ""
) -> RemoteRequest:
    """The exact request that a unified record becomes. Raises InvalidRecord or RejectedError (`unsupported`)."""
    entity = resource.entity_for(unified)
    verb = _verb(resource, entity, operation).chosen({**unified, **context.values})
    missing = [(name, f"is missing; it is needed to {operation}") for name in verb.needs if not unified.get(name)]
    if missing:
        raise InvalidRecord(missing, resource=resource.name)
    places = _places(entity, verb, unified, context, key)
    body = _body(resource, verb, entity, unified, context)
    for path, value in verb.sends.items():
        paths.putter(path)(body, templates.filled_structure(value, places))
    return RemoteRequest(
        method=verb.method,
        path=templates.filled_path(verb.path, places),
        params=verb.called_with(unified, places),
        headers=templates.filled_all(verb.headers, places),
        body=verb.wrapped(body, places),
        remote_type=entity.remote_type,
        operation=verb.name,
        interface=verb.interface,
        action=verb.action,
    )


def _verb(resource: "Resource", entity: "Entity", operation: str) -> Operation:
    verb = entity.operations.get(operation)
    if verb is None:
        raise RejectedError(
            f"This ledger cannot {operation} {resource.label.lower()} of kind {entity.remote_type}.",
            code="unsupported",
            remedy=f"It can {', '.join(name for name in entity.operations if name != 'read') or 'only read'}.",
            who_can_fix=WhoCanFix.EDITOR,
        )
    return verb


def _places(
    entity: "Entity", verb: Operation, unified: Mapping[str, Any], context: Context, key: str
) -> dict[str, Any]:
    """What fills the templates of a verb: the connection's settings, the record's fields it needs, and the key."""
    items = unified.get(verb.each) or [{}] if verb.each else [{}]
    return {
        "org": "{org}",
        **context.values,
        **{name: unified[name] for name in verb.needs},
        "path": templates.filled(entity.path, context.values),
        "key": entity.key,
        "id": unified.get("external_id") or "",
        "version": unified.get("version") or "",
        "idempotency": key or KEY,
        "each": items[0],
    }


def _body(
    resource: "Resource", verb: Operation, entity: "Entity", unified: Mapping[str, Any], context: Context
) -> dict[str, Any]:
    given = {name: unified[name] for name in verb.body if name in unified} if verb.body else unified
    try:
        body = (verb.shape or entity.shape).write(given, context, verb.name)
    except FieldProblems as problems:
        raise InvalidRecord(problems.problems, resource=resource.name) from problems
    if not verb.body:
        paths.merge(body, unified.get("remote_fields") or {})
    return body


def whole_body(
    resource: "Resource", unified: Mapping[str, Any], operation: str, context: Context
) -> dict[str, Any] | None:
    """The record as the declaration writes it, before it is wrapped; None where a verb sends named fields only.

    Raises InvalidRecord or RejectedError (`unsupported`).
    """
    entity = resource.entity_for(unified)
    verb = _verb(resource, entity, operation).chosen({**unified, **context.values})
    if verb.body or verb.is_bodiless:
        return None
    body = _body(resource, verb, entity, unified, context)
    for path, value in verb.sends.items():
        paths.putter(path)(body, templates.filled_structure(value, _places(entity, verb, unified, context, "")))
    return body


def each(verb: Operation, unified: Mapping[str, Any], key: str) -> Iterator[tuple[Mapping[str, Any], str]]:
    """What is written call by call, each with its own key: the record, or the record with one item of its list."""
    items = unified.get(verb.each) or [] if verb.each else []
    if len(items) < 2:
        yield unified, key
        return
    for position, item in enumerate(items, start=1):
        yield {**unified, verb.each: [item]}, f"{key}-{position}" if key else ""


def partly(error: RejectedError, written: int, of: int) -> RejectedError:
    """A refusal after earlier calls of the same write were accepted says how far it came."""
    if not written:
        return error
    return RejectedError(
        f"{written} of {of} were written, then: {error.message}",
        code=error.code,
        remedy=error.remedy,
        who_can_fix=error.who_can_fix,
        ledger_code=error.ledger_code,
        ledger_message=error.ledger_message,
        correlation_id=error.correlation_id,
        field=error.field,
    )


def outcome(
    ledger: "Ledger", resource: "Resource", request: RemoteRequest, answer: Answer, unified: Mapping[str, Any]
) -> Record | Deletion:
    """What the answer to a write says: the record as it is now, or that it is gone."""
    entity = resource.entities[request.remote_type]
    verb = entity.operations[request.operation].chosen({**unified, **ledger.context.values})
    if _is_gone(entity, verb, answer):
        identity = str(unified.get("external_id") or "")
        return Deletion(resource.name, entity.remote_type, identity, datetime.now(UTC), answer.correlation_id)
    if verb.is_read_after:
        return _read_after(ledger, resource, entity, verb, answer, unified)
    if verb.is_found_after and not _is_strange(answer) and not named(entity, verb, answer):
        return _found_after(ledger, resource, entity, answer, unified)
    try:
        return ledger.record(resource, entity, answer, verb.answers)
    except IntegrationError as error:
        # Also a lookup that failed: the write is accepted, whatever becomes of reading its record.
        return _by_id(ledger, entity, answer, named(entity, verb, answer), error)


def _found_after(
    ledger: "Ledger", resource: "Resource", entity: "Entity", answer: Answer, unified: Mapping[str, Any]
) -> Record:
    """The one record that holds what was written; with none or several of them the outcome has to be asked for."""
    try:
        found = ledger.probe(resource.name, "create", unified, key="", by_own_key=False).record
    except IntegrationError as error:
        return _by_id(ledger, entity, answer, "", error)
    return found if isinstance(found, Record) else _by_id(ledger, entity, answer, "", None)


def _is_gone(entity: "Entity", verb: Operation, answer: Answer) -> bool:
    """Whether the answer says that the record is deleted; without a declared word for it, every clean answer does."""
    if verb.answers.deleted_path:
        said = paths.getter(templates.filled(verb.answers.deleted_path, {"key": entity.key}))(answer.body)
        return said is not None and str(said) == verb.answers.deleted_value
    return verb.name == "delete" and not _is_strange(answer)


def _is_strange(answer: Answer) -> bool:
    """Whether something answered that is not the ledger: a page of a proxy is neither JSON nor empty."""
    return answer.body is None and bool(answer.text.strip())


def named(entity: "Entity", verb: Operation, answer: Answer) -> str:
    """The id of the record that an answer names, in its header or body; empty where it names none."""
    if header := answer.headers.get(verb.answers.id_header) if verb.answers.id_header else None:
        return unquote(urlsplit(header).path.rstrip("/").rpartition("/")[2])
    return entity.identity(_raw(entity, verb, answer))


def _raw(entity: "Entity", verb: Operation, answer: Answer) -> dict[str, Any]:
    raw = paths.getter(templates.filled(verb.answers.one, {"key": entity.key}))(answer.body)
    return raw if isinstance(raw, dict) else {}


def _read_after(
    ledger: "Ledger",
    resource: "Resource",
    entity: "Entity",
    verb: Operation,
    answer: Answer,
    unified: Mapping[str, Any],
) -> Record:
    """The record as it is after the write; by its id alone where it cannot be read now, for the write has landed."""
    known = "" if verb.name == "create" or _is_strange(answer) else str(unified.get("external_id") or "")
    identity = named(entity, verb, answer) or known
    if not identity:
        return _by_id(ledger, entity, answer, "", None)
    try:
        found = ledger.read(resource.name, identity, entity.remote_type)
    except IntegrationError as error:
        return _by_id(ledger, entity, answer, identity, error)
    return Record(found.unified, found.raw, found.remote_type, answer.correlation_id or found.correlation_id)


def _by_id(ledger: "Ledger", entity: "Entity", answer: Answer, identity: str, error: IntegrationError | None) -> Record:
    """A write that the ledger accepted is posted even when its record cannot be read: by its id alone."""
    if not identity:
        raise OutcomeUnknown(
            f"{ledger.connector.label} accepted a write without naming its record.",
            correlation_id=answer.correlation_id,
        ) from error
    unified = {"external_id": identity, "remote_type": entity.remote_type}
    raw = paths.getter(templates.filled(entity.answers.one, {"key": entity.key}))(answer.body)
    return Record(unified, raw if isinstance(raw, dict) else {}, entity.remote_type, answer.correlation_id)
