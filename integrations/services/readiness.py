"""Is a posting ready to leave? What can be known before the ledger is asked is said before, with its remedy."""

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

from django.db.models import Q
from django.utils.dateparse import parse_date

from integrations.engine.errors import RejectedError
from integrations.models import Connection, LedgerRecord, Posting
from integrations.services import policies

# Which resource a reference field points to; an allocation and a link say it by their type.
_FIELDS = {
    "contact": "contacts",
    "account": "accounts",
    "income_account": "accounts",
    "expense_account": "accounts",
    "asset_account": "accounts",
    "parent": "accounts",
    "item": "items",
    "tax_rate": "tax_rates",
    "sales_tax_rate": "tax_rates",
}
TYPES = {
    "invoice": "invoices",
    "credit_note": "credit_notes",
    "bill": "bills",
    "vendor_credit": "vendor_credits",
    "journal_entry": "journal_entries",
    "payment": "payments",
    "bill_payment": "bill_payments",
    "expense": "expenses",
    "purchase_order": "purchase_orders",
}
_AFTER_DEPENDENCY = timedelta(seconds=30)
_AFTER_CONNECTION = timedelta(hours=1)


class NotYetError(Exception):
    """The posting has to wait for something else, in words; look again after `wait`."""

    def __init__(self, message: str, remedy: str, *, wait: timedelta) -> None:
        super().__init__(message)
        self.wait = wait
        self.error = {"code": "waiting", "message": message, "remedy": remedy, "who_can_fix": "nobody, it passes"}


def callable_now(connection: Connection) -> None:
    """Raise NotYetError unless calls may be made on the connection now."""
    if connection.status != Connection.Status.ACTIVE:
        raise NotYetError(
            f"The connection is not active: {connection.get_status_display().lower()}.",
            "Resume or reconnect it: the posting then goes by itself.",
            wait=_AFTER_CONNECTION,
        )


def ready_body(posting: Posting) -> dict[str, Any]:
    """The body with references to other postings replaced by the ids the ledger gave; inside the tenant's scope.

    NotYetError while something has to come first; RejectedError, with a remedy, when the ledger would certainly refuse.
    """
    _dependency_is_posted(posting)
    body: dict[str, Any] = _resolved(posting.body, _external_ids(posting))
    if posting.connection.is_read_only:
        raise RejectedError(
            "This connection is read only: nothing may be written to this ledger.",
            code="read_only",
            remedy="Allow postings on the connection, then replay this one.",
            who_can_fix="owner",
        )
    policies.check_posting(posting)
    if posting.operation == Posting.Operation.CREATE:
        _period_is_open(posting.connection, body)
        _entry_balances(posting.resource, body)
        _references_are_usable(posting, body)
    return body


def references(value: Any, field: str = "") -> Iterator[tuple[str, str, str]]:
    """Every (resource, id, field) that a unified record points to."""
    if isinstance(value, list):
        for each in value:
            yield from references(each, field)
    elif isinstance(value, dict):
        resource = (
            TYPES.get(str(value.get("type")), "") if field in {"allocations", "links"} else _FIELDS.get(field, "")
        )
        if resource and isinstance(value.get("id"), str):
            yield resource, value["id"], field
        for name, each in value.items():
            yield from references(each, name)


def _dependency_is_posted(posting: Posting) -> None:
    first = posting.depends_on
    if first is None or first.status == Posting.Status.POSTED:
        return
    stuck = first.status in {Posting.Status.REJECTED, Posting.Status.CANCELLED}
    raise NotYetError(
        f"Another posting must come first: {first}.",
        "Correct and replay that one, or cancel this one." if stuck else "Nothing to do: this one follows by itself.",
        wait=_AFTER_CONNECTION if stuck else _AFTER_DEPENDENCY,
    )


def _external_ids(posting: Posting) -> dict[str, str]:
    wanted = set(_placeholders(posting.body))
    if not wanted:
        return {}
    rows = Posting.objects.for_tenant(posting.tenant_id).filter(pk__in=wanted, status=Posting.Status.POSTED)
    found = {str(pk): external_id for pk, external_id in rows.values_list("pk", "external_id")}
    if missing := wanted - set(found):
        raise NotYetError(
            f"{len(missing)} posting(s) that this one refers to are not in the ledger yet.",
            "Nothing to do unless one of them was refused: then correct and replay it.",
            wait=_AFTER_DEPENDENCY,
        )
    return found


def _placeholders(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if set(value) == {"posting"}:
            yield str(UUID(str(value["posting"])))
            return
        value = list(value.values())
    if isinstance(value, list):
        for each in value:
            yield from _placeholders(each)


def _resolved(value: Any, ids: dict[str, str]) -> Any:
    if isinstance(value, list):
        return [_resolved(each, ids) for each in value]
    if not isinstance(value, dict):
        return value
    if set(value) == {"posting"}:
        return ids[str(UUID(str(value["posting"])))]
    return {name: _resolved(each, ids) for name, each in value.items()}


def _period_is_open(connection: Connection, body: dict[str, Any]) -> None:
    day = body.get("issued_on")
    issued_on = day if isinstance(day, date) else parse_date(str(day)) if day else None
    if issued_on and connection.closed_through and issued_on <= connection.closed_through:
        raise RejectedError(
            f"The books are closed through {connection.closed_through}; this document is dated {issued_on}.",
            code="period_closed",
            remedy="Date it in an open period, or have the period opened in the ledger; then replay.",
            who_can_fix="administrator of the ledger",
        )


def _entry_balances(resource: str, body: dict[str, Any]) -> None:
    if resource != "journal_entries":
        return
    lines = body.get("lines") or []
    try:
        debit = sum((Decimal(str(line.get("debit") or 0)) for line in lines), Decimal(0))
        credit = sum((Decimal(str(line.get("credit") or 0)) for line in lines), Decimal(0))
    except InvalidOperation as error:
        raise RejectedError("A line's debit or credit is not a number.", code="invalid_amount") from error
    if debit != credit:
        raise RejectedError(
            f"Debits ({debit}) and credits ({credit}) differ by {abs(debit - credit)}.",
            code="unbalanced",
            remedy="Correct the mapping or the document so that the entry balances, then replay.",
            who_can_fix="finance editor",
        )


def _references_are_usable(posting: Posting, body: dict[str, Any]) -> None:
    wanted = {(resource, external_id) for resource, external_id, _ in references(body)}
    if not wanted:
        return
    which = Q()
    for resource in {resource for resource, _ in wanted}:
        ids = [external_id for name, external_id in wanted if name == resource]
        which |= Q(resource=resource, external_id__in=ids)
    rows = LedgerRecord.objects.for_tenant(posting.tenant_id).filter(which, connection_id=posting.connection_id)
    # Customers and vendors share the id space of contacts in some ledgers: one live row of an id is enough.
    live = set(rows.filter(deleted_at=None, is_active=True).values_list("resource", "external_id"))
    for row in rows.exclude(deleted_at=None, is_active=True):
        if (row.resource, row.external_id) not in live:
            gone = "was deleted" if row.deleted_at else "is inactive"
            raise RejectedError(
                f"{row.get_resource_display()}: {row} {gone} in the ledger.",
                code="invalid_reference",
                remedy="Choose another one in the mapping, or make it active in the ledger and sync; then replay.",
                who_can_fix="finance editor",
            )
