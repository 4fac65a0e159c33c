"""Statement files: read once for a preview, imported from the stored file when somebody agrees; nothing is lost."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from decimal import Decimal
from hashlib import sha256
from types import MappingProxyType
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from integrations.models import Connection, LedgerRecord, Resource
from integrations.services.connectors import connector_of
from reconciliation.models import BankAccount, BankLine, StatementBalance, StatementImport, StatementLayout
from reconciliation.services.recognising import Sorted, sort_rows
from reconciliation.statements import (
    Balance,
    DayProof,
    Layout,
    Statement,
    StatementRow,
    UnreadableError,
    heads_key,
    prove,
    read_statement,
)
from tenants.models import User

_BATCH = 200
_MONTH_FIRST = frozenset({"US", "USA"})
BANK_KINDS = ("bank", "credit_card")


@dataclass(frozen=True, slots=True)
class Preview:
    """What an import of this file would do: `new` rows, those known already, and those that cannot be read."""

    statement: StatementImport
    found: Statement
    rows: Sorted

    @property
    def new(self) -> Sequence[StatementRow]:
        """Rows that no earlier file has brought."""
        return self.rows.new

    @property
    def proofs(self) -> list[DayProof]:
        """The file's own balances against its own lines, day by day."""
        alike = [row for row, _ in self.rows.alike]
        lines = [(row.booked_on, row.amount) for row in (*self.rows.new, *self.rows.known, *alike)]
        return prove(lines, self.rows.balances)


def bank_account_for(*, connection: Connection, account: LedgerRecord) -> BankAccount:
    """The bank account that stands for a bank or card account of the ledger, made at its first use."""
    if account.resource != Resource.ACCOUNTS or account.kind not in BANK_KINDS:
        raise ValidationError(f"{account} is not a bank or card account in the ledger.")
    found, _ = BankAccount.objects.get_or_create(
        connection=connection,
        external_account_id=account.external_id,
        defaults={
            "tenant_id": connection.tenant_id,
            "name": account.name[:100] or account.external_id,
            "external_account_name": account.name,
            "currency": account.currency or connection.currency or connection.tenant.currency,
            "is_card": account.kind == "credit_card",
            "behind": behind_of(account),
        },
    )
    return found


def behind_of(account: LedgerRecord) -> dict[str, str]:
    """The account of the general ledger that a bank account stands on, where that is a record of its own."""
    parent = account.unified.get("parent") or {}
    names_it = connector_of(account.connection).bookkeeping.journals_name == "ledger_account"
    return {"id": str(parent["id"]), "name": str(parent.get("name") or "")} if names_it and parent.get("id") else {}


def follow_accounts(connection: Connection) -> None:
    """Names of the ledger's accounts, and what stands behind them, as the mirror has them now."""
    accounts = {row.external_account_id: row for row in BankAccount.objects.filter(connection=connection)}
    rows = LedgerRecord.objects.of(connection, Resource.ACCOUNTS).filter(
        external_id__in=list(accounts), kind__in=BANK_KINDS
    )
    for record in rows.select_related("connection"):
        row, now = accounts[record.external_id], (record.name, behind_of(record))
        if (row.external_account_name, row.behind) != now:
            row.external_account_name, row.behind = now
            row.save(update_fields=["external_account_name", "behind"])


def preview_statement(
    *, bank_account: BankAccount, file_name: str, content: bytes, uploaded_by: User | None = None
) -> Preview:
    """Read a file and keep it, importing nothing yet (a dry run). ValidationError when it cannot be read at all."""
    preview = _read(bank_account, file_name, content)
    preview.statement.uploaded_by = uploaded_by
    preview.statement.save()
    return preview


def import_statement(
    *,
    bank_account: BankAccount,
    file_name: str,
    content: bytes,
    uploaded_by: User | None = None,
    dry_run: bool = False,
) -> StatementImport:
    """Read a statement file into bank lines; with `dry_run` only count, storing nothing.

    Lines that an earlier file had brought are counted as duplicates; unreadable rows are kept with their reasons.
    ValidationError when the file as a whole cannot be read, or nobody has explained its columns yet.
    """
    preview = _read(bank_account, file_name, content)
    preview.statement.uploaded_by = uploaded_by
    if preview.found.asks_columns:
        raise ValidationError(
            "No header with a date and an amount was found. Upload the file in the portal once and say which column is "
            "what; it is remembered."
        )
    if dry_run:
        return preview.statement
    with transaction.atomic():
        preview.statement.save()
        return _import(preview)


@transaction.atomic
def confirm_import(*, statement: StatementImport) -> StatementImport:
    """Import a previewed file from its stored content; a second time changes nothing."""
    locked = StatementImport.objects.select_for_update(of=("self",)).select_related("bank_account").get(pk=statement.pk)
    if locked.status == StatementImport.Status.IMPORTED:
        return locked
    preview = reread(locked)
    if preview.found.asks_columns:
        raise ValidationError("Say first which column is the date and which the amount.")
    return _import(preview)


def reread(statement: StatementImport) -> Preview:
    """The preview of a kept file as it would be imported now."""
    return _read(statement.bank_account, statement.file_name, bytes(statement.content), statement=statement)


@transaction.atomic
def keep_alike(*, statement: StatementImport, keeps: bool) -> StatementImport:
    """Say whether rows that another kind of file has brought by day and amount are lines of their own."""
    locked = _locked_preview(statement)
    locked.keeps_alike = keeps
    reread(locked).statement.save()
    return locked


@transaction.atomic
def explain_columns(*, statement: StatementImport, layout: Layout, by: User) -> StatementImport:
    """Say what the columns of a kept table are; remembered for every file with these heads, of any account.

    ValidationError when there is no day or no amount among them, or a column is named twice.
    """
    locked = _locked_preview(statement)
    found = reread(locked).found
    if not found.heads:
        raise ValidationError("This format names its own fields; there are no columns to explain.")
    columns = _checked_columns(layout, found.heads)
    StatementLayout.objects.update_or_create(
        tenant_id=locked.tenant_id,
        key=heads_key(found.heads),
        defaults={
            "heads": list(found.heads),
            "columns": columns,
            "day_first": layout.day_first,
            "decimal_comma": layout.decimal_comma,
            "is_reversed": layout.is_reversed,
            "changed_by": by,
            "changed_at": timezone.now(),
        },
    )
    reread(locked).statement.save()
    return locked


@transaction.atomic
def change_layout(*, row: StatementLayout, layout: Layout, by: User) -> StatementLayout:
    """Say anew what the columns of a remembered layout are; imported files stay. ValidationError in words."""
    row.columns = _checked_columns(layout, row.heads)
    row.day_first, row.decimal_comma, row.is_reversed = layout.day_first, layout.decimal_comma, layout.is_reversed
    row.changed_by, row.changed_at = by, timezone.now()
    row.save()
    return row


def _checked_columns(layout: Layout, heads: Sequence[str]) -> dict[str, str]:
    columns = {ours: head for ours, head in layout.columns.items() if head}
    if unknown := sorted(set(columns.values()) - set(heads)):
        raise ValidationError(f"The file has no column {unknown[0]!r}.")
    if len(set(columns.values())) < len(columns):
        twice = next(head for head in columns.values() if list(columns.values()).count(head) > 1)
        raise ValidationError(f"The column {twice!r} is chosen twice; each column is one thing.")
    if not Layout(columns).is_complete:
        raise ValidationError("Choose the column of the date, and either the amount or both money in and money out.")
    return columns


def layouts_of(tenant_id: UUID) -> Mapping[str, Layout]:
    """Every layout that somebody of the tenant explained, by the key of its heads."""
    return {
        row.key: Layout(row.columns, row.day_first, row.decimal_comma, row.is_reversed)
        for row in StatementLayout.objects.filter(tenant_id=tenant_id)
    }


def account_proof(bank_account: BankAccount, first_on: date, last_on: date) -> list[DayProof]:
    """The bank's balances against all imported lines of an account in these days, day by day.

    It begins with the balance the bank stated last before the period, when there is one, so that a gap shows.
    """
    rows = StatementBalance.objects.filter(bank_account=bank_account, on__lte=last_on)
    anchor = rows.filter(on__lt=first_on).order_by("-on").first()
    since = anchor.on if anchor else first_on
    said = [Balance(row.on, row.amount, row.is_opening) for row in rows.filter(on__gte=since)]
    lines = BankLine.objects.delivered().filter(bank_account=bank_account, booked_on__range=(since, last_on))
    proofs = prove(lines.values_list("booked_on", "amount"), said)
    return [proof for proof in proofs if proof.on >= first_on]


def _locked_preview(statement: StatementImport) -> StatementImport:
    locked = StatementImport.objects.select_for_update(of=("self",)).select_related("bank_account").get(pk=statement.pk)
    if locked.status == StatementImport.Status.IMPORTED:
        raise ValidationError("This file is imported already; its lines stay.")
    return locked


def _read(
    bank_account: BankAccount, file_name: str, content: bytes, *, statement: StatementImport | None = None
) -> Preview:
    day_first = bank_account.connection.country.upper() not in _MONTH_FIRST
    known = layouts_of(bank_account.tenant_id)
    try:
        found = read_statement(content, currency=bank_account.currency, day_first=day_first, known=known)
    except UnreadableError as error:
        raise ValidationError(str(error)) from error
    row = statement or StatementImport(tenant_id=bank_account.tenant_id, bank_account=bank_account)
    rows = sort_rows(bank_account, found, keeps_alike=row.keeps_alike)
    row.file_name, row.content = file_name[-200:], content
    row.layout = StatementLayout.objects.filter(tenant_id=row.tenant_id, key=heads_key(found.heads)).first()
    row.file_hash, row.columns, row.scheme = sha256(content).hexdigest(), found.columns, found.scheme
    row.alike, row.failed = len(rows.alike), len(rows.errors)
    row.duplicates = len(rows.known) + row.alike
    row.rows = len(rows.new) + row.duplicates + row.failed
    row.row_errors = [asdict(error) for error in rows.errors]
    row.money_in = sum((r.amount for r in rows.new if r.amount > 0), Decimal(0))
    row.money_out = sum((-r.amount for r in rows.new if r.amount < 0), Decimal(0))
    days = [r.booked_on for r in (*rows.new, *rows.known, *(r for r, _ in rows.alike))]
    row.first_on, row.last_on = min(days, default=None), max(days, default=None)
    return Preview(row, found, rows)


def _import(preview: Preview) -> StatementImport:
    statement = preview.statement
    account = statement.bank_account
    statement.status, statement.imported_at = StatementImport.Status.IMPORTED, timezone.now()
    store_lines(statement, preview.new)
    owner = {"tenant_id": account.tenant_id, "bank_account": account, "statement": statement}
    StatementBalance.objects.bulk_create(
        StatementBalance(**owner, on=each.on, is_opening=each.is_opening, amount=each.amount, position=at)
        for at, each in enumerate(preview.rows.balances)
    )
    named = {row.account_id for row in preview.new if row.account_id}
    if not account.statement_id and len(named) == 1:
        BankAccount.objects.filter(pk=account.pk, statement_id="").update(statement_id=named.pop())
    return statement


def store_lines(
    statement: StatementImport, rows: Sequence[StatementRow], *, feed: Mapping[str, LedgerRecord] = MappingProxyType({})
) -> int:
    """Make bank lines of the rows and count them on the statement; `feed`: id of a row → the ledger's line it is."""
    account = statement.bank_account
    lines = [
        BankLine(
            tenant_id=account.tenant_id,
            bank_account=account,
            statement=statement,
            feed_record=feed.get(row.external_id),
            external_id=row.external_id,
            booked_on=row.booked_on,
            amount=row.amount,
            currency=row.currency,
            description=row.description,
            counterparty=row.counterparty,
            reference=row.reference,
        )
        for row in rows
    ]
    # Somebody may upload the same file at the same moment: the constraint decides, not the look before.
    before = BankLine.objects.filter(bank_account=account).count()
    BankLine.objects.bulk_create(lines, batch_size=_BATCH, ignore_conflicts=True)
    statement.imported = BankLine.objects.filter(bank_account=account).count() - before
    statement.duplicates += len(lines) - statement.imported
    statement.save()
    return statement.imported
