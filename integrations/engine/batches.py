"""Several independent writes in one call: each item has its own outcome, a lost answer leaves all of them unknown.

Style `items`: a list of named items, each with its own verb and kind of record. Style `collection`: records of one kind
under one verb, answered in their order; `array` is such a collection without anything around its array.
"""

from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from integrations.engine import paths, templates, writing
from integrations.engine.declarations import Batch, Connector, Entity
from integrations.engine.errors import IntegrationError, OutcomeUnknown, RejectedError
from integrations.engine.faults import Fault
from integrations.engine.messages import Answer, RemoteRequest
from integrations.engine.probing import is_findable
from integrations.engine.results import BatchItem, BatchResult, Record

if TYPE_CHECKING:
    from integrations.engine.ledger import Ledger


def request(ledger: "Ledger", items: Sequence[BatchItem]) -> tuple[RemoteRequest, list[RemoteRequest]]:
    """The one call, and what each item would be alone. Raises InvalidRecord, RejectedError."""
    declared = ledger.connector.batch
    if (
        declared is None
        or len(items) > declared.most
        or any(item.operation not in declared.operations for item in items)
    ):
        raise _unsupported(ledger, declared)
    alone = [_alone(ledger, item) for item in items]
    call = _collection(ledger, declared, alone) if declared.is_collection else _items(ledger, declared, items, alone)
    digest = sha256("\n".join(item.key for item in items).encode()).hexdigest()[: declared.id_length]
    return ledger.keyed(call, digest), alone


def group_of(connector: Connector, resource: str, operation: str, unified: Mapping[str, Any]) -> tuple[str, ...] | None:
    """What a write may go together with: those of the same group; None for what goes alone.

    Only what can be found again without a key of its own goes with others: their common key is lost with one answer.
    """
    declared = connector.batch
    if declared is None or operation not in declared.operations or operation != "create":
        return None
    entity = connector.resource(resource).entity_for(unified)
    verb = entity.operations.get(operation)
    if verb is None or verb.interface or verb.when or (verb.each and len(unified.get(verb.each) or []) > 1):
        return None
    if not is_findable(connector.idempotency.probe, entity, unified):
        return None
    return (resource, entity.remote_type) if declared.is_collection else ("items",)


def _alone(ledger: "Ledger", item: BatchItem) -> RemoteRequest:
    """What the item would be by itself; the call as a whole has the key that the ledger recognises."""
    resource = ledger.connector.resource(item.resource)
    context = ledger.context_for(resource) if resource.lookups else ledger.context
    return resource.write(resource.typed(item.unified, item.operation), item.operation, context, item.key)


def _unsupported(ledger: "Ledger", declared: Batch | None) -> RejectedError:
    what = f"at most {declared.most} of {', '.join(declared.operations)}" if declared else "only one"
    if declared and declared.is_collection:
        what += ", all of one kind,"
    return RejectedError(
        f"{ledger.connector.label} takes {what} in one call.", code="unsupported", remedy="Send them one by one."
    )


def _items(
    ledger: "Ledger", declared: Batch, items: Sequence[BatchItem], alone: Sequence[RemoteRequest]
) -> RemoteRequest:
    listed = [
        {"bId": _name(position), "operation": item.operation, _entity(ledger, item, single).key: single.body}
        for position, (item, single) in enumerate(zip(items, alone, strict=True))
    ]
    path = templates.filled_path(declared.path, ledger.context.values)
    return RemoteRequest(
        "POST", path, declared.params, body={declared.request: listed}, operation="batch", kind="batch"
    )


def _collection(ledger: "Ledger", declared: Batch, alone: Sequence[RemoteRequest]) -> RemoteRequest:
    """The call of one record with the list made longer."""
    first = alone[0]
    asked = {(single.method, single.path, single.operation, single.remote_type, str(single.params)) for single in alone}
    lists = [[single.body] if declared.is_array else _listed(single.body) for single in alone]
    if len(asked) > 1 or any(found is None for found in lists):
        raise _unsupported(ledger, declared)
    rows = [row for found in lists for row in found or []]
    is_wrapped = isinstance(first.body, Mapping) and not declared.is_array
    body = dict.fromkeys(first.body, rows) if is_wrapped else rows
    return RemoteRequest(
        first.method,
        first.path,
        {**first.params, **declared.params},
        first.headers,
        body,
        operation="batch",
        kind="batch",
    )


def _listed(body: Any) -> list[Any] | None:
    """The list that one record stands in, alone or as the only property."""
    if isinstance(body, Mapping) and len(body) == 1:
        body = next(iter(body.values()))
    return body if isinstance(body, list) else None


def _name(position: int) -> str:
    return f"b{position + 1}"


def _entity(ledger: "Ledger", item: BatchItem, single: RemoteRequest) -> Entity:
    return ledger.connector.resource(item.resource).entities[single.remote_type]


def outcomes(
    ledger: "Ledger", items: Sequence[BatchItem], alone: Sequence[RemoteRequest], answer: Answer
) -> list[BatchResult]:
    """One result an item, in their order: the record, the deletion, or the error of that item alone."""
    declared = ledger.connector.batch
    if declared is not None and declared.is_collection:
        found = _in_order(ledger, declared, items, alone, answer)
    else:
        listed = paths.getter(declared.answer if declared else ".")(answer.body) or []
        by_name = {str(found.get("bId")): found for found in listed if isinstance(found, Mapping)}
        found = [by_name.get(_name(position)) for position in range(len(items))]
    each = list(zip(items, alone, found, strict=True))
    written = _read_together(
        ledger, [(item, single, _identity(ledger, item, single, row)) for item, single, row in each]
    )
    return [
        written.get(position) or _outcome(ledger, item, single, row, answer)
        for position, (item, single, row) in enumerate(each)
    ]


def _identity(ledger: "Ledger", item: BatchItem, single: RemoteRequest, found: Any) -> str:
    """The id that an element names, where its record has to be read afterwards; empty otherwise."""
    entity = _entity(ledger, item, single)
    verb = entity.operations[single.operation]
    if not verb.is_read_after or not isinstance(found, Mapping) or _fault(ledger, found) is not None:
        return ""
    return writing.named(entity, verb, Answer(200, {}, _as_alone(ledger, item, single, found), "", ""))


def _read_together(ledger: "Ledger", named: Sequence[tuple[BatchItem, RemoteRequest, str]]) -> dict[int, Record]:
    """The records that were written, by position, in one question a kind; those that it misses are read one by one."""
    kinds: dict[tuple[str, str], dict[str, int]] = {}
    for position, (item, single, identity) in enumerate(named):
        if identity:
            kinds.setdefault((item.resource, single.remote_type), {})[identity] = position
    read: dict[int, Record] = {}
    for (resource, remote_type), positions in kinds.items():
        if len(positions) == 1:
            continue
        try:
            records = ledger.read_many(resource, list(positions), remote_type)
        except IntegrationError:
            # They are written, whatever becomes of reading them.
            continue
        read |= {positions[row.external_id]: row for row in records if row.external_id in positions}
    return read


def _in_order(
    ledger: "Ledger", declared: Batch, items: Sequence[BatchItem], alone: Sequence[RemoteRequest], answer: Answer
) -> list[Any]:
    """The elements of an answer as answers of their own; none of them where their number is not that of the items."""
    entity = _entity(ledger, items[0], alone[0])
    place = templates.filled(declared.answer or entity.answers.many, {"key": entity.key})
    listed = paths.getter(place)(answer.body)
    if not isinstance(listed, list) or len(listed) != len(items):
        return [None] * len(items)
    return listed


def _outcome(ledger: "Ledger", item: BatchItem, single: RemoteRequest, found: Any, answer: Answer) -> BatchResult:
    if not isinstance(found, Mapping):
        text = f"{ledger.connector.label} left this item of the batch unanswered."
        return OutcomeUnknown(text, correlation_id=answer.correlation_id)
    table, fault = ledger.connector.errors, _fault(ledger, found)
    if fault is not None:
        # The status of the whole call says nothing of its items: a system fault may have come after the commit.
        status = 500 if fault.kind == "SystemFault" else 400
        told = Fault(status, fault.code, fault.message, fault.detail, fault.field, fault.kind)
        return table.translated(told, answer, is_write=True)
    alone = Answer(200, answer.headers, _as_alone(ledger, item, single, found), "", answer.correlation_id)
    return writing.outcome(ledger, ledger.connector.resource(item.resource), single, alone, item.unified)


def _fault(ledger: "Ledger", found: Mapping[str, Any]) -> Fault | None:
    declared = ledger.connector.batch
    if declared is not None and declared.errors is not None:
        return next(iter(declared.errors.faults(dict(found), 400, {})), None)
    return next(ledger.connector.errors.faults(found, 400), None)


def _as_alone(ledger: "Ledger", item: BatchItem, single: RemoteRequest, found: Mapping[str, Any]) -> Any:
    """The element where the record would stand if it had been written alone."""
    declared = ledger.connector.batch
    if declared is None or not declared.is_collection:
        return dict(found)
    entity = _entity(ledger, item, single)
    place = templates.filled(entity.operations[single.operation].answers.one, {"key": entity.key})
    body: dict[str, Any] = {}
    paths.putter(place)(body, dict(found))
    return body
