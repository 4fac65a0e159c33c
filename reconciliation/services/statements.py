"""Statement files: read once for a preview, imported from the stored file when somebody agrees; nothing is lost."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal
from hashlib import sha256

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from integrations.models import Connection, LedgerRecord, Resource
from reconciliation.models import BankAccount, BankLine, StatementImport
from reconciliation.statements import RowError, StatementRow, UnreadableError, read_statement
from tenants.models import User

_BATCH = 200
_MONTH_FIRST = frozenset({"US", "USA"})
BANK_KINDS = ("bank", "credit_card")


@dataclass(frozen=True, slots=True)
class Preview:
    """What an import of this file would do: `new` rows, those known already, and those that cannot be read."""

    statement: StatementImport
    new: Sequence[StatementRow]
    known: Sequence[StatementRow]


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
        },
    )
    return found


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
    """Read a CSV statement into bank lines; with `dry_run` only count, storing nothing.

    Lines that an earlier file had brought are counted as duplicates; unreadable rows are kept with their reasons.
    ValidationError when the file as a whole cannot be read.
    """
    preview = _read(bank_account, file_name, content)
    preview.statement.uploaded_by = uploaded_by
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
    return _import(_read(locked.bank_account, locked.file_name, bytes(locked.content), statement=locked))


def reread(statement: StatementImport) -> Preview:
    """The preview of a kept file as it would be imported now."""
    return _read(statement.bank_account, statement.file_name, bytes(statement.content), statement=statement)


def _read(
    bank_account: BankAccount, file_name: str, content: bytes, *, statement: StatementImport | None = None
) -> Preview:
    day_first = bank_account.connection.country.upper() not in _MONTH_FIRST
    try:
        found = read_statement(content, currency=bank_account.currency, day_first=day_first)
    except UnreadableError as error:
        raise ValidationError(str(error)) from error
    rows, errors = _of_this_account(bank_account, found.rows)
    new, known, conflicts = _compare(bank_account, rows)
    errors = sorted([*found.errors, *errors, *conflicts], key=lambda e: e.row)
    row = statement or StatementImport(tenant_id=bank_account.tenant_id, bank_account=bank_account)
    row.file_name, row.content = file_name[-200:], content
    row.file_hash, row.columns = sha256(content).hexdigest(), found.columns
    row.rows, row.duplicates, row.failed = len(new) + len(known) + len(errors), len(known), len(errors)
    row.row_errors = [asdict(error) for error in errors]
    row.money_in = sum((r.amount for r in new if r.amount > 0), Decimal(0))
    row.money_out = sum((-r.amount for r in new if r.amount < 0), Decimal(0))
    days = [r.booked_on for r in (*new, *known)]
    row.first_on, row.last_on = min(days, default=None), max(days, default=None)
    return Preview(row, new, known)


def _of_this_account(
    bank_account: BankAccount, rows: Sequence[StatementRow]
) -> tuple[list[StatementRow], list[RowError]]:
    """Rows of another account or currency are errors: a statement of two accounts is uploaded once for each."""
    named = {row.account_id for row in rows if row.account_id}
    own = bank_account.statement_id or _own_name(bank_account, named)
    good, errors = [], []
    for row in rows:
        if row.currency != bank_account.currency:
            errors.append(_refused(row, f"The row is in {row.currency}, the account in {bank_account.currency}."))
        elif row.account_id and row.account_id != own:
            errors.append(
                _refused(row, f"The row belongs to account {row.account_id!r}, not to {own or bank_account.name!r}.")
            )
        else:
            good.append(row)
    return good, errors


def _own_name(bank_account: BankAccount, named: set[str]) -> str:
    if len(named) == 1:
        return next(iter(named))
    known = (bank_account.external_account_id, bank_account.external_account_name, bank_account.name)
    return next((name for name in known if name in named), "")


def _compare(
    bank_account: BankAccount, rows: Sequence[StatementRow]
) -> tuple[list[StatementRow], list[StatementRow], list[RowError]]:
    ids = [row.external_id for row in rows]
    lines = BankLine.objects.filter(bank_account=bank_account, external_id__in=ids)
    earlier = {line.external_id: line for line in lines}
    new, known, conflicts = [], [], []
    for row in rows:
        line = earlier.get(row.external_id)
        if line is None:
            new.append(row)
        elif (line.amount, line.booked_on) == (row.amount, row.booked_on):
            known.append(row)
        else:
            was = f"{line.amount:.2f} on {line.booked_on}"
            conflicts.append(_refused(row, f"The id {row.external_id!r} was imported before with {was}."))
    return new, known, conflicts


def _refused(row: StatementRow, message: str) -> RowError:
    values = {
        "id": row.external_id,
        "date": row.booked_on.isoformat(),
        "amount": str(row.amount),
        "currency": row.currency,
        "description": row.description,
        "counterparty": row.counterparty,
        "reference": row.reference,
    }
    return RowError(row.row, message, values)


def _import(preview: Preview) -> StatementImport:
    statement = preview.statement
    account = statement.bank_account
    lines = [
        BankLine(
            tenant_id=account.tenant_id,
            bank_account=account,
            statement=statement,
            external_id=row.external_id,
            booked_on=row.booked_on,
            amount=row.amount,
            currency=row.currency,
            description=row.description,
            counterparty=row.counterparty,
            reference=row.reference,
        )
        for row in preview.new
    ]
    # Somebody may upload the same file at the same moment: the constraint decides, not the look before.
    before = BankLine.objects.filter(bank_account=account).count()
    BankLine.objects.bulk_create(lines, batch_size=_BATCH, ignore_conflicts=True)
    statement.imported = BankLine.objects.filter(bank_account=account).count() - before
    statement.duplicates += len(lines) - statement.imported
    statement.status, statement.imported_at = StatementImport.Status.IMPORTED, timezone.now()
    statement.save()
    named = {row.account_id for row in preview.new if row.account_id}
    if not account.statement_id and len(named) == 1:
        BankAccount.objects.filter(pk=account.pk, statement_id="").update(statement_id=named.pop())
    return statement
