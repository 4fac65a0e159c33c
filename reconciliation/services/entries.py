"""The ledger's side of matching: which records could explain a bank line, and how much of each is still free."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import Q

from integrations.models import Connection, LedgerRecord, Posting, Resource
from reconciliation.matching import LedgerEntry
from reconciliation.models import MatchEntry

# Documents wait to be paid; recorded ones are bookings that already moved the money in the ledger.
DOCUMENTS = frozenset({Resource.INVOICES, Resource.CREDIT_NOTES, Resource.BILLS, Resource.VENDOR_CREDITS})
RECORDED = frozenset({Resource.PAYMENTS, Resource.BILL_PAYMENTS, Resource.EXPENSES, Resource.BANK_TRANSACTIONS})

_SIGNS = {
    Resource.INVOICES: 1,
    Resource.CREDIT_NOTES: -1,
    Resource.BILLS: -1,
    Resource.VENDOR_CREDITS: 1,
    Resource.PAYMENTS: 1,
    Resource.BILL_PAYMENTS: -1,
    Resource.EXPENSES: -1,
}
_KINDS = {
    Resource.INVOICES: "invoice",
    Resource.CREDIT_NOTES: "credit_note",
    Resource.BILLS: "bill",
    Resource.VENDOR_CREDITS: "credit_note",
    Resource.PAYMENTS: "payment",
    Resource.BILL_PAYMENTS: "payment",
    Resource.EXPENSES: "expense",
}
# The other kinds of bank transaction (payments, expenses, checks) are read as resources of their own.
_BANK_KINDS = {"deposit": "payment", "transfer": "transfer"}

LOOK_BACK = timedelta(days=120)
"""So long before a line may a booking lie that explains it."""
_LOOK_AHEAD = timedelta(days=30)
_WORTHLESS = ("void", "voided", "draft", "deleted")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A record with what is still free of it; `free` has the sign of the bank line that would settle it."""

    record_id: UUID
    resource: str
    external_account_id: str
    free: Decimal
    entry: LedgerEntry


def is_recorded(resource: str) -> bool:
    """True for bookings that already moved the money, false for documents that wait for it."""
    return resource in RECORDED


def sign_of(resource: str, *, is_refund: bool = False) -> int:
    """The sign of the bank line that settles a record of this resource; bank transactions carry their own."""
    return _SIGNS.get(Resource(resource), 1) * (-1 if is_refund else 1)


def load_candidates(
    connection: Connection, *, first_on: date, last_on: date, among: Collection[UUID] | None = None
) -> list[Candidate]:
    """Everything of the connection that could explain a line between these days: two queries, whatever the number.

    `among`: only these records.
    """
    documents = Q(resource__in=DOCUMENTS) & ~Q(open_amount=0) & Q(open_amount__isnull=False)
    recorded = Q(resource__in=RECORDED) & Q(issued_on__gte=first_on - LOOK_BACK, issued_on__lte=last_on + _LOOK_AHEAD)
    rows = LedgerRecord.objects.filter(documents | recorded, connection=connection, deleted_at=None)
    if among is not None:
        rows = rows.filter(pk__in=among)
    # A payment that an approval made belongs to that approval's bank line, and to no other.
    own = Posting.objects.filter(connection=connection, origin_kind="match", record__isnull=False)
    rows = rows.exclude(pk__in=own.values("record"))
    return candidates(rows.exclude(status__in=_WORTHLESS), connection)


def candidates(rows: Any, connection: Connection, *, keep_settled: bool = False) -> list[Candidate]:
    """The given records as candidates; those with nothing free are left out unless `keep_settled`."""
    values = rows.values_list(
        "pk", "resource", "remote_type", "external_id", "issued_on", "due_on", "amount", "open_amount", "currency",
        "contact_name", "number", "kind", "unified__reference", "unified__memo", "unified__account__id",
        "unified__is_refund",
    )  # fmt: skip
    found = list(values)
    used = used_amounts(connection, {row[0] for row in found} if len(found) < 1000 else None)
    made = (_candidate(row, used.get(row[0], Decimal(0)), connection) for row in found)
    return [c for c in made if c is not None and (c.free or keep_settled)]


def used_amounts(connection: Connection, record_ids: Collection[UUID] | None = None) -> dict[UUID, Decimal]:
    """What live matches use up that the mirror does not show yet, unsigned, per record.

    A document stops being counted once the ledger was read back: its open amount then says it. A recorded booking never
    changes by being matched, so it counts for as long as the match lives.
    """
    entries = MatchEntry.objects.filter(match__connection=connection, match__ended_at=None)
    entries = entries.filter(Q(match__read_back_at=None) | Q(record__resource__in=RECORDED))
    if record_ids is not None:
        entries = entries.filter(record_id__in=record_ids)
    used: dict[UUID, Decimal] = defaultdict(Decimal)
    for record_id, amount in entries.values_list("record_id", "amount"):
        used[record_id] += abs(amount)
    return used


def _candidate(row: tuple[Any, ...], used: Decimal, connection: Connection) -> Candidate | None:
    (pk, resource, remote_type, external_id, issued_on, due_on, amount, open_amount, currency, contact, number, kind,
     reference, memo, account, is_refund) = row  # fmt: skip
    whole = _signed(resource, amount, kind, is_refund=bool(is_refund))
    if whole is None or issued_on is None:
        return None
    there = abs(whole) if is_recorded(resource) else abs(open_amount or Decimal(0))
    free = max(there - used, Decimal(0)).copy_sign(whole)
    entry = LedgerEntry(
        id=f"{remote_type} {external_id}",
        kind=_KINDS.get(Resource(resource)) or _BANK_KINDS[kind],
        on=issued_on,
        due_on=due_on,
        amount=whole,
        open_amount=free,
        currency=currency or connection.currency,
        contact_name=contact,
        number=number,
        reference=reference or "",
        memo=(memo or "")[:500],
    )
    return Candidate(pk, resource, str(account or ""), free, entry)


def _signed(resource: str, amount: Decimal | None, kind: str, *, is_refund: bool) -> Decimal | None:
    if amount is None or amount == 0:
        return None
    if resource == Resource.BANK_TRANSACTIONS:
        return amount if kind in _BANK_KINDS else None
    return amount * sign_of(resource, is_refund=is_refund)


def by_entry_id(found: Iterable[Candidate]) -> dict[str, Candidate]:
    """Candidates by the id that the engine knows them under."""
    return {candidate.entry.id: candidate for candidate in found}
