"""Find ledger records for a line by hand: the nearest amounts first, or what the search words say."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import connection as database
from django.db.models import Case, Q, When
from django.db.models.functions import Abs

from integrations.models import LedgerRecord, Posting, Resource
from reconciliation.models import BankLine
from reconciliation.services.board import Entry
from reconciliation.services.entries import DOCUMENTS, RECORDED, candidates, sign_of
from reconciliation.services.plan import noun_of

_LOOKED_AT = 60
_SHOWN = 20


def find_records(line: BankLine, *, text: str = "") -> list[Entry]:
    """Up to 20 records of the line's ledger with money in the line's direction still free: nearest amount first, of
    equal amounts the nearest day.
    """
    return entries_of(line, _with_words(line, text) if text.strip() else _nearest(line))


def _settled_by(line: BankLine) -> list[Resource]:
    """Documents that money in settles, or that money out does; a refund is a recorded payment."""
    return [resource for resource in sorted(DOCUMENTS) if sign_of(resource) * line.amount > 0]


def _nearest(line: BankLine) -> list[UUID]:
    """By an index of amounts, behind a database function that holds itself to the tenant (migration 0017)."""
    asked: list[Any] = [line.bank_account.connection_id, line.currency, [str(each) for each in _settled_by(line)]]
    asked += [line.amount, line.booked_on, _LOOKED_AT]
    with database.cursor() as cursor:
        cursor.execute(
            "SELECT * FROM reconciliation_records_near("
            "%s::uuid, %s::text, %s::text[], %s::numeric, %s::date, %s::integer)",
            asked,
        )
        return [row[0] for row in cursor.fetchall()]


def _with_words(line: BankLine, text: str) -> list[UUID]:
    connection = line.bank_account.connection
    worth = Q(resource__in=_settled_by(line)) & ~Q(open_amount=0) | Q(resource__in=RECORDED)
    rows = LedgerRecord.objects.filter(worth, connection=connection, deleted_at=None, currency=line.currency)
    own = Posting.objects.filter(connection=connection, origin_kind="match", record__isnull=False)
    rows = rows.exclude(pk__in=own.values("record")).exclude(amount=None)
    for word in text.lower().replace("\0", "").split()[:6]:
        rows = rows.filter(Q(search__contains=word) | Q(number__icontains=word) | Q(contact_name__icontains=word))
    # Of a document what is open counts; an unapplied rest says nothing about a recorded payment.
    size = Case(When(resource__in=DOCUMENTS, then=Abs("open_amount")), default=Abs("amount"))
    rows = rows.annotate(gap=Abs(size - abs(line.amount))).order_by("gap", "-issued_on", "pk")
    return list(rows.values_list("pk", flat=True)[:_LOOKED_AT])


def proposed_entries(line: BankLine) -> list[Entry]:
    """What the line's open proposal explains it by, in its order; nothing where more belongs to it."""
    proposal = line.proposal
    if proposal is None or proposal.status != proposal.Status.OPEN or proposal.lines.count() != 1:
        return []
    wanted = list(proposal.entries.values_list("record_id", flat=True))
    found = entries_of(line, wanted)
    return found if len(found) == len(wanted) else []


def entries_of(line: BankLine, nearest: Sequence[UUID]) -> list[Entry]:
    """These records in their order, as far as they have money in the line's direction still free; 20 at most."""
    records = {r.pk: r for r in LedgerRecord.objects.filter(pk__in=nearest).defer("raw", "unified", "search")}
    found = {
        c.record_id: c for c in candidates(LedgerRecord.objects.filter(pk__in=nearest), line.bank_account.connection)
    }
    fitting = [found[pk] for pk in nearest if pk in found and found[pk].free * line.amount > 0]
    return [
        Entry(records[c.record_id], noun_of(c.resource), c.free, Decimal(0), c.entry.currency) for c in fitting[:_SHOWN]
    ]
