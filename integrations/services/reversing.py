"""Corrections that keep history: what is wrong in a ledger is voided, or offset by its opposite, and then posted anew.

A document is deleted only where a ledger offers neither. Nothing is ever deleted and sent again.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import uuid5

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.dateparse import parse_date

from integrations.models import Connection, Posting
from integrations.services.connectors import connector_of, needs_day, reversal_of
from integrations.services.hashing import body_hash
from integrations.services.postings import request_posting
from tenants.models import User

__all__ = ["check_reversible", "correct_posting", "first_day", "reverse_posting", "undoing"]

Body = dict[str, Any]
_LONGEST_NUMBER = 21
_FARTHEST = 366
_KEPT = ("contact", "currency", "exchange_rate", "tax_mode", "dimensions", "lines")
_GONE = (Posting.Status.CANCELLED, Posting.Status.REJECTED)


@dataclass(frozen=True)
class Opposite:
    """The document that offsets another: of which resource, and its lines made of the other's."""

    resource: str
    line: Callable[[Body], Body]
    allocated_as: str = ""
    """How the offset document calls the one it is applied to, where the ledger can apply it."""


def _same(line: Body) -> Body:
    return {name: value for name, value in line.items() if name != "id"}


def _other_side(line: Body) -> Body:
    kept = {name: value for name, value in line.items() if name not in {"id", "debit", "credit"}}
    sides = {"debit": line.get("credit"), "credit": line.get("debit")}
    return kept | {name: amount for name, amount in sides.items() if amount is not None}


# Used where the ledger cannot void: its own void says more than a second document.
OPPOSITES: dict[str, Opposite] = {
    "journal_entries": Opposite("journal_entries", _other_side),
    "invoices": Opposite("credit_notes", _same, "invoice"),
    "bills": Opposite("vendor_credits", _same, "bill"),
}


def check_reversible(posting: Posting) -> None:
    """ValidationError for what is not in the ledger, or was no document."""
    if posting.status != Posting.Status.POSTED or posting.operation != Posting.Operation.CREATE:
        raise ValidationError("Only a document that was created in the ledger can be reversed.")


def reverse_posting(
    *, posting: Posting, requested_by: User | None = None, on: date | None = None, reason: str = ""
) -> Posting:
    """Undo a posted document in the ledger: void it, or offset it by its opposite; delete it only where neither goes.

    `on` is the day of what has a day of its own, by default the document's, or the first open one. Asking twice returns
    the same reversal. ValidationError when there is nothing to undo, the ledger has no way, or the day is closed.
    """
    check_reversible(posting)
    earlier = list(posting.reversals.order_by("id"))
    for reversal in earlier:
        if reversal.status not in _GONE:
            return reversal
    resource, operation, body = undoing(posting, on=on)
    undo = request_posting(
        connection=posting.connection,
        resource=resource,
        operation=operation,
        body=body,
        origin_kind=posting.origin_kind,
        origin_id=posting.origin_id,
        idempotency_key=str(uuid5(posting.pk, f"reversal {len(earlier)}")),
        reverses=posting,
        requested_by=requested_by,
    )
    if reason:
        undo.question = {"code": "reversal", "text": f"Reversed: {reason[:500]}", "reason": reason[:500]}
        Posting.objects.for_tenant(undo.tenant_id).filter(pk=undo.pk).update(question=undo.question)
    return undo


def correct_posting(*, posting: Posting, body: Body, requested_by: User | None = None) -> Posting:
    """Reverse a posted document and post another one in its place, in this order; returns the new one.

    Asking twice with the same body returns the same correction. ValidationError as `reverse_posting` and
    `request_posting`.
    """
    digest = body_hash(posting.resource, Posting.Operation.CREATE, body)
    earlier = list(posting.corrections.order_by("id"))
    for correction in earlier:
        if correction.status not in _GONE:
            if correction.body_hash == digest:
                return correction
            raise ValidationError("This document is being corrected already; cancel that correction, or correct it.")
    reversal = reverse_posting(posting=posting, requested_by=requested_by)
    return request_posting(
        connection=posting.connection,
        resource=posting.resource,
        body=body,
        origin_kind=posting.origin_kind,
        origin_id=posting.origin_id,
        idempotency_key=str(uuid5(posting.pk, f"correction {len(earlier)}")),
        depends_on=reversal,
        corrects=posting,
        requested_by=requested_by,
    )


def undoing(posting: Posting, *, on: date | None = None) -> tuple[str, str, Body]:
    """Resource, operation and body of what undoes a posting."""
    day = _day(posting, on)
    connector = posting.connection.connector
    opposite = OPPOSITES.get(posting.resource)
    try:
        operation = reversal_of(connector, posting.resource, posting.remote_type)
    except ValidationError:
        if opposite is None or not _is_offered(posting.connection, opposite):
            raise
        operation = ""
    if operation != Posting.Operation.VOID and opposite and _is_offered(posting.connection, opposite):
        return opposite.resource, Posting.Operation.CREATE, _opposite(posting, opposite, day)
    body: Body = {"external_id": posting.external_id, "remote_type": posting.remote_type}
    if needs_day(connector, posting.resource, operation, posting.remote_type):
        body["issued_on"] = day.isoformat()
    return posting.resource, operation, body


def _is_offered(connection: Connection, opposite: Opposite) -> bool:
    resource = connector_of(connection).resources.get(opposite.resource)
    return resource is not None and any("create" in entity.operations for entity in resource.entities.values())


def _opposite(posting: Posting, opposite: Opposite, day: date) -> Body:
    ours = posting.body
    name = str(ours.get("number") or posting.external_id)
    body: Body = {field: ours[field] for field in _KEPT if field in ours}
    body |= {
        "issued_on": day.isoformat(),
        "lines": [opposite.line(line) for line in ours.get("lines") or []],
        "memo": f"Reverses {posting.remote_type} {name}",
    }
    if ours.get("number"):
        body["number"] = f"{name[: _LONGEST_NUMBER - 2]}-R"
    total = posting.record.amount if posting.record else None
    if opposite.allocated_as and total and _can_allocate(posting.connection, opposite.resource):
        applied = {"type": opposite.allocated_as, "id": posting.external_id, "amount": str(total)}
        body["allocations"] = [applied]
    return body


def _can_allocate(connection: Connection, resource: str) -> bool:
    """Whether a new credit can say at once what it is applied to; else a person applies it."""
    entities = connector_of(connection).resources[resource].entities.values()
    fields = [field for entity in entities for field in entity.shape.fields if field.name == "allocations"]
    return any(field.put is not None and (not field.operations or "create" in field.operations) for field in fields)


def first_day(posting: Posting) -> date:
    """The earliest day of a reversal: the document's own, so that no period shows one without the other; where that
    period is closed, the first open one."""
    own, closed = parse_date(str(posting.body.get("issued_on") or "")), posting.connection.closed_through
    first_open = closed + timedelta(days=1) if closed else None
    return max(day for day in (own or first_open or timezone.localdate(), first_open) if day is not None)


def _day(posting: Posting, on: date | None) -> date:
    first = first_day(posting)
    if on is None:
        return first
    if on < first:
        raise ValidationError(f"Choose {first} or a later day: before that the books are closed, or it was not there.")
    if on > timezone.localdate() + timedelta(days=_FARTHEST):
        raise ValidationError("Choose a day that is not more than a year ahead.")
    return on
