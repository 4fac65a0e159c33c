"""Several independent writes in one call: each item has its own outcome, a lost answer leaves all of them unknown."""

from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from integrations.engine import paths, templates
from integrations.engine.errors import OutcomeUnknown, RejectedError
from integrations.engine.faults import Fault
from integrations.engine.messages import Answer, RemoteRequest
from integrations.engine.results import BatchItem, BatchResult

if TYPE_CHECKING:
    from integrations.engine.ledger import Ledger

# Verbs that a batch names by a word; others need parameters of the URL.
_VERBS = frozenset({"create", "update", "delete"})


def request(ledger: "Ledger", items: Sequence[BatchItem]) -> tuple[RemoteRequest, list[RemoteRequest]]:
    """The one call, and what each item would be alone. Raises InvalidRecord, RejectedError."""
    declared = ledger.connector.batch
    if declared is None or len(items) > declared.most or any(item.operation not in _VERBS for item in items):
        most = declared.most if declared else 0
        raise RejectedError(
            f"{ledger.connector.label} takes at most {most} creations, updates or deletions in one call.",
            code="unsupported",
            remedy="Send them one by one.",
        )
    alone = [ledger.request(item.resource, item.operation, item.unified) for item in items]
    listed = [
        {"bId": _name(position), "operation": item.operation, _key(ledger, item, single): single.body}
        for position, (item, single) in enumerate(zip(items, alone, strict=True))
    ]
    call = RemoteRequest(
        "POST",
        templates.filled_path(declared.path, ledger.context.values),
        body={declared.request: listed},
        operation="batch",
        kind="batch",
    )
    native = ledger.connector.idempotency
    if native.strategy == "native_key" and native.param:
        digest = sha256("\n".join(item.key for item in items).encode()).hexdigest()
        call = call.with_params(**{native.param: digest[: declared.id_length]})
    return call, alone


def _name(position: int) -> str:
    return f"b{position + 1}"


def _key(ledger: "Ledger", item: BatchItem, single: RemoteRequest) -> str:
    return ledger.connector.resource(item.resource).entities[single.remote_type].key


def outcomes(
    ledger: "Ledger", items: Sequence[BatchItem], alone: Sequence[RemoteRequest], answer: Answer
) -> list[BatchResult]:
    """One result an item, in their order: the record, the deletion, or the error of that item alone."""
    declared = ledger.connector.batch
    listed = paths.getter(declared.answer if declared else ".")(answer.body) or []
    by_name = {str(found.get("bId")): found for found in listed if isinstance(found, Mapping)}
    return [
        _outcome(ledger, item, single, by_name.get(_name(position)), answer)
        for position, (item, single) in enumerate(zip(items, alone, strict=True))
    ]


def _outcome(ledger: "Ledger", item: BatchItem, single: RemoteRequest, found: Any, answer: Answer) -> BatchResult:
    if found is None:
        text = f"{ledger.connector.label} left this item of the batch unanswered."
        return OutcomeUnknown(text, correlation_id=answer.correlation_id)
    table = ledger.connector.errors
    fault = next(table.faults(found, 400), None)
    if fault is not None:
        # The status of the whole call says nothing of its items: a system fault may have come after the commit.
        status = 500 if fault.kind == "SystemFault" else 400
        told = Fault(status, fault.code, fault.message, fault.detail, fault.field, fault.kind)
        return table.translated(told, answer, is_write=True)
    alone = Answer(200, answer.headers, dict(found), "", answer.correlation_id)
    return ledger.outcome(ledger.connector.resource(item.resource), single, alone, item.unified)
