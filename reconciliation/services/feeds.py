"""Lines of the ledgers' own bank feeds become bank lines; those that a file brought too are recognised."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from decimal import Decimal

from django.db import transaction
from django.db.models import Count, OuterRef, Subquery
from django.utils import timezone

from integrations.models import Connection, LedgerRecord, Resource, SyncCursor
from integrations.services.connectors import connector_of
from reconciliation.models import BankAccount, BankLine, StatementImport
from reconciliation.services.recognising import Sorted, sort_rows
from reconciliation.services.statements import BANK_KINDS, bank_account_for, store_lines
from reconciliation.statements import Statement, StatementRow
from tenants.models import Tenant

OPEN = "open"


def gives_feed(connection: Connection) -> bool:
    """Whether the connection's ledger tells the lines of its bank feeds."""
    return Resource.BANK_LINES in connector_of(connection).resources


def why_no_feed(connection: Connection) -> str:
    """Why it does not, as its manifest says."""
    return connector_of(connection).missing.get(Resource.BANK_LINES, "")


@dataclass(frozen=True, slots=True)
class Feed:
    """One connection as a source of bank lines: when its feed was last read and what waits, or why it gives none."""

    connection: Connection
    ledger: str
    gives: bool
    why_not: str
    read_at: datetime | None
    waiting: int


def feeds_of(tenant: Tenant) -> list[Feed]:
    """Every connection of the tenant that is in use; two queries."""
    rows = Connection.objects.for_tenant(tenant).exclude(status=Connection.Status.DISCONNECTED).order_by("name", "pk")
    read = SyncCursor.objects.filter(connection=OuterRef("pk"), resource=Resource.BANK_LINES)
    rows = rows.annotate(feed_read_at=Subquery(read.values("changed_through")[:1]))
    waiting = LedgerRecord.objects.for_tenant(tenant.pk).filter(
        resource=Resource.BANK_LINES, deleted_at=None, status=OPEN
    )
    counts = dict(waiting.order_by().values_list("connection").annotate(count=Count("pk")))
    return [
        Feed(
            connection=row,
            ledger=connector_of(row).label,
            gives=gives_feed(row),
            why_not=why_no_feed(row),
            read_at=getattr(row, "feed_read_at", None),
            waiting=counts.get(row.pk, 0),
        )
        for row in rows
    ]


def take_in(connection: Connection) -> int:
    """Make bank lines of what waits in the ledger's feed; how many are new. In the tenant's scope.

    A line that an uploaded file has brought is linked with the feed's, not made a second time. What cannot be taken in
    is kept with its reason on the statement's page.
    """
    waiting: dict[str, list[LedgerRecord]] = defaultdict(list)
    rows = LedgerRecord.objects.of(connection, Resource.BANK_LINES).filter(status=OPEN, bank_line=None)
    rows = rows.exclude(issued_on=None).exclude(amount=None)
    for record in rows.order_by("issued_on", "external_id"):
        waiting[str((record.unified.get("account") or {}).get("id") or "")].append(record)
    accounts = LedgerRecord.objects.of(connection, Resource.ACCOUNTS).filter(kind__in=BANK_KINDS)
    known = {row.external_id: row for row in accounts.filter(external_id__in=list(waiting))}
    # Lines of an account that is not read (yet) wait in the mirror.
    return sum(
        _take(bank_account_for(connection=connection, account=known[key]), found)
        for key, found in waiting.items()
        if key in known
    )


@transaction.atomic
def _take(account: BankAccount, records: Sequence[LedgerRecord]) -> int:
    # One at a time: two workers must not bring the same lines, nor a file between the look and the storing.
    BankAccount.objects.select_for_update().get(pk=account.pk)
    ledger = connector_of(account.connection)
    scheme = f"feed {ledger.name}"
    rows = [_row(account, at, record) for at, record in enumerate(records, start=1)]
    by_id = {row.external_id: record for row, record in zip(rows, records, strict=True)}
    found = sort_rows(account, Statement(scheme=scheme, rows=rows), keeps_alike=False)
    _link(found, by_id)
    fresh = [row for row in found.new if row.amount]
    told = _refused_before(account) if found.errors else set()
    refused = [error for error in found.errors if error.values["id"] not in told]
    if not fresh and not refused:
        return 0
    statement = _statement(account, f"Bank feed of {ledger.label}", scheme, found)
    statement.failed, statement.row_errors = len(refused), [asdict(error) for error in refused]
    statement.rows = len(fresh) + statement.duplicates + statement.failed
    statement.save()
    return store_lines(statement, fresh, feed=by_id)


def _row(account: BankAccount, at: int, record: LedgerRecord) -> StatementRow:
    unified = record.unified
    return StatementRow(
        row=at,
        account_id="",
        external_id=f"feed-{record.external_id}"[:100],
        booked_on=record.issued_on or record.synced_at.date(),
        amount=record.amount or Decimal(0),
        currency=record.currency or account.currency,
        description=str(unified.get("memo") or "")[:1000],
        counterparty=record.contact_name[:300],
        reference=str(unified.get("reference") or "")[:300],
    )


def _link(found: Sorted, by_id: dict[str, LedgerRecord]) -> None:
    """The same line by a file: it stays as it is, and knows from now on that it waits in the ledger, too."""
    for row, line in found.alike:
        if line.feed_record_id is None:
            BankLine.objects.filter(pk=line.pk, feed_record=None).update(feed_record=by_id[row.external_id])
    for row in found.known:
        lines = BankLine.objects.filter(bank_account__connection=by_id[row.external_id].connection, feed_record=None)
        lines.filter(external_id=row.external_id).update(feed_record=by_id[row.external_id])


def _refused_before(account: BankAccount) -> set[str]:
    """What was refused once is not told again with every sync."""
    rows = StatementImport.objects.filter(bank_account=account, source=StatementImport.Source.FEED, failed__gt=0)
    return {error["values"]["id"] for errors in rows.values_list("row_errors", flat=True) for error in errors}


def _statement(account: BankAccount, name: str, scheme: str, found: Sorted) -> StatementImport:
    days = [row.booked_on for row in found.new]
    return StatementImport(
        tenant_id=account.tenant_id,
        bank_account=account,
        source=StatementImport.Source.FEED,
        file_name=name,
        content=b"",
        scheme=scheme,
        duplicates=len(found.alike) + len(found.known),
        alike=len(found.alike),
        money_in=sum((row.amount for row in found.new if row.amount > 0), Decimal(0)),
        money_out=sum((-row.amount for row in found.new if row.amount < 0), Decimal(0)),
        first_on=min(days, default=None),
        last_on=max(days, default=None),
        status=StatementImport.Status.IMPORTED,
        imported_at=timezone.now(),
    )


def record_of(line: BankLine) -> LedgerRecord | None:
    """The ledger's line that this is, or is a part of."""
    return line.part_of.feed_record if line.part_of is not None else line.feed_record


def state_of(line: BankLine) -> str:
    """Where the line stands in the ledger's feed: open, matched, excluded or gone; empty for a line of a file."""
    record = record_of(line)
    if record is None:
        return ""
    return "gone" if record.deleted_at is not None else record.status or "gone"
