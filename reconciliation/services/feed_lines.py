"""What a line of the ledger's own feed asks of an approval, so that what the ledger itself knows is never booked twice.

In some ledgers such a line is settled by what is posted: it becomes the new document, or is matched with a booked one,
by the ledger's own call, which refuses a line that waits no longer. In the others the line books nothing; it is
confirmed there by a person.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError

from integrations.engine.declarations import Connector
from integrations.models import LedgerRecord, Resource
from integrations.services.connectors import settles_bank_lines
from reconciliation.models import BankLine
from reconciliation.services.feeds import OPEN, state_of

_TYPES: dict[str, str] = {
    Resource.PAYMENTS: "payment",
    Resource.BILL_PAYMENTS: "bill_payment",
    Resource.EXPENSES: "expense",
}
_BOOKED_KINDS = ("deposit", "transfer")


def why_not_post(lines: Sequence[BankLine], connector: Connector) -> str:
    """Why nothing may be posted for these lines, empty when it may: the ledger has done something with one itself."""
    states = {state_of(line) for line in lines} - {"", OPEN}
    if "excluded" in states:
        return f"This line is excluded in {connector.label}: restore it there, or set it aside here."
    if states:
        return (
            f"{connector.label} has matched or booked this line itself meanwhile. Match it here with what was booked "
            "there; nothing is posted."
        )
    return ""


def waits(line: BankLine, connector: Connector) -> bool:
    """Whether the line waits in a ledger that settles it by what is posted."""
    return connector.bookkeeping.feed_lines == "settled" and state_of(line) == OPEN


def settling(resource: str, body: dict[str, Any], line: BankLine, connector: Connector) -> dict[str, Any]:
    """The body of a write that the waiting line becomes; ValidationError when the ledger cannot make it so."""
    if not waits(line, connector):
        return body
    if not settles_bank_lines(connector, resource):
        raise ValidationError(
            f"This line waits in {connector.label}'s own feed, and the portal cannot make this of it there. "
            f"Categorise it in {connector.label}; after the next sync it is matched here with what was booked."
        )
    if line.part_of_id is not None or Decimal(body["total"]) != abs(line.amount):
        raise ValidationError(
            f"This line waits in {connector.label}'s own feed and becomes one document of its whole amount there. "
            f"Match it in {connector.label}."
        )
    assert line.feed_record is not None  # noqa: S101 - it waits there, and is no part
    return body | {"bank_line": line.feed_record.external_id}


def matching(line: BankLine, records: Sequence[LedgerRecord], connector: Connector) -> dict[str, Any] | None:
    """The write that matches a waiting line with booked records in the ledger; None where there is none to make."""
    types = [_type_of(record) for record in records]
    if (
        line.feed_record is None
        or not waits(line, connector)
        or not settles_bank_lines(connector, Resource.BANK_LINES)
        or not all(types)
    ):
        return None
    named = [{"type": kind, "id": record.external_id} for kind, record in zip(types, records, strict=True)]
    return {
        "external_id": line.feed_record.external_id,
        "remote_type": line.feed_record.remote_type,
        "allocations": named,
    }


def said(lines: Sequence[BankLine], connector: Connector) -> str:
    """What becomes of the statement line itself, for people."""
    if any(waits(line, connector) for line in lines):
        return f"The line waits in {connector.label}'s own feed and becomes this; it cannot be booked a second time."
    return f"The statement line itself is confirmed in {connector.label}."


def _type_of(record: LedgerRecord) -> str:
    if record.resource == Resource.BANK_TRANSACTIONS:
        return record.kind if record.kind in _BOOKED_KINDS else ""
    return _TYPES.get(record.resource, "")
