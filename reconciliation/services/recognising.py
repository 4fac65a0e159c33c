"""Which rows of a file are new: not of another account, not brought by an earlier file, of whatever kind it was."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from uuid import UUID

from django.db.models import QuerySet
from rapidfuzz import fuzz

from reconciliation.models import BankAccount, BankLine
from reconciliation.statements import FINGERPRINT, Balance, RowError, Statement, StatementRow

_MOST_COMPARED = 10_000
_STILL_LIKE = 50.0
_OTHER_ACCOUNT = (
    "Upload the file once more, for that account. If the column names somebody else’s account, say so under “Columns "
    "and how they are read” (Account: None)."
)


@dataclass(slots=True)
class Sorted:
    """The rows of a file: new ones, known ones, those that another kind of file has brought, and what is wrong."""

    new: list[StatementRow] = field(default_factory=list)
    known: list[StatementRow] = field(default_factory=list)
    alike: list[tuple[StatementRow, BankLine]] = field(default_factory=list)
    errors: list[RowError] = field(default_factory=list)
    balances: list[Balance] = field(default_factory=list)


def sort_rows(account: BankAccount, found: Statement, *, keeps_alike: bool) -> Sorted:
    """Every row of the file in one place; with `keeps_alike` day and amount alone make no duplicate."""
    own = account.statement_id or _own_name(account, {row.account_id for row in found.rows if row.account_id})
    rows, refused = _of_account(account, own, found.rows)
    done = Sorted(errors=[*found.errors, *refused])
    done.balances = [each for each in found.balances if not each.account_id or each.account_id == own]
    _by_id(account, rows, done)
    if not keeps_alike:
        _by_day_and_amount(account, found.scheme, done)
    done.errors.sort(key=lambda each: each.row)
    return done


def _of_account(
    account: BankAccount, own: str, rows: Sequence[StatementRow]
) -> tuple[list[StatementRow], list[RowError]]:
    """Rows of another account or currency are errors: a statement of two accounts is uploaded once for each."""
    good, errors = [], []
    for row in rows:
        if row.currency != account.currency:
            message = f"The row is in {row.currency}, the account in {account.currency}."
            errors.append(_refused(row, message, "Upload the file for the account in that currency."))
        elif row.account_id and row.account_id != own:
            message = f"The row belongs to account {row.account_id!r}, not to {own or account.name!r}."
            errors.append(_refused(row, message, _OTHER_ACCOUNT))
        else:
            good.append(row)
    return good, errors


def _own_name(account: BankAccount, named: set[str]) -> str:
    if len(named) == 1:
        return next(iter(named))
    known = (account.external_account_id, account.external_account_name, account.name)
    return next((name for name in known if name in named), "")


def _by_id(account: BankAccount, rows: Sequence[StatementRow], done: Sorted) -> None:
    lines = BankLine.objects.filter(bank_account=account, external_id__in=[row.external_id for row in rows])
    earlier = {line.external_id: line for line in lines}
    for row in rows:
        line = earlier.get(row.external_id)
        if line is None:
            done.new.append(row)
        elif (line.amount, line.booked_on) == (row.amount, row.booked_on):
            done.known.append(row)
        else:
            was = f"{line.amount:.2f} on {line.booked_on}"
            message = f"The id {row.external_id!r} was imported before with {was}."
            done.errors.append(_refused(row, message, "Ask the bank which one holds; ids do not change."))


def _by_day_and_amount(account: BankAccount, scheme: str, done: Sorted) -> None:
    """Take out of `new` what a file of another kind has brought: its ids are others, its days and amounts are not.

    Files of one kind tell their rows apart by id, so of these only lines are compared that this file should have
    brought again and has not: banks word a booking anew after some days. Of several equal amounts on a day as many are
    known as there are lines, the likest words first.
    """
    if not done.new:
        return
    days = [row.booked_on for row in done.new]
    taken = {row.external_id for row in done.known}
    lines = BankLine.objects.delivered().filter(bank_account=account, booked_on__range=(min(days), max(days)))
    groups: dict[tuple[date, Decimal], list[StatementRow]] = defaultdict(list)
    for row in done.new:
        groups[row.booked_on, row.amount].append(row)
    waiting: dict[tuple[date, Decimal], list[BankLine]] = defaultdict(list)
    for line in lines.exclude(statement__scheme=scheme).order_by("pk"):
        if line.external_id not in taken:
            waiting[line.booked_on, line.amount].append(line)
    for line in _left_out(lines.filter(statement__scheme=scheme), done):
        waiting[line.booked_on, line.amount] += [line] * _is_reworded(line, groups[line.booked_on, line.amount])
    pairs = [pair for key, rows in groups.items() for pair in _pairs(rows, waiting.get(key, []))]
    known = {row.row for row, _ in pairs}
    done.alike = sorted(pairs, key=lambda pair: pair[0].row)
    done.new = [row for row in done.new if row.row not in known]


def _left_out(lines: QuerySet[BankLine], done: Sorted) -> list[BankLine]:
    """Lines of this kind of file, told apart by their words alone, of days that the file has from beginning to end."""
    every = [row.booked_on for row in (*done.new, *done.known)]
    told = lines.filter(external_id__startswith=FINGERPRINT, booked_on__gt=min(every), booked_on__lt=max(every))
    return list(told.exclude(external_id__in=[row.external_id for row in done.known]).order_by("pk"))


def _is_reworded(line: BankLine, rows: Sequence[StatementRow]) -> bool:
    near = (row for row in rows if row.external_id.startswith(FINGERPRINT))
    return any(_likeness(row, line) >= _STILL_LIKE for row in near)


def _pairs(rows: Sequence[StatementRow], lines: Sequence[BankLine]) -> list[tuple[StatementRow, BankLine]]:
    if len(rows) * len(lines) > _MOST_COMPARED:
        # So many equal amounts on one day tell nobody apart by words in time.
        return list(zip(rows, lines, strict=False))
    likest = sorted(
        ((-_likeness(row, line), row.row, at) for row in rows for at, line in enumerate(lines)),
    )
    by_row = {row.row: row for row in rows}
    found: list[tuple[StatementRow, BankLine]] = []
    used_rows: set[int] = set()
    used_lines: set[UUID] = set()
    for _, number, at in likest:
        if number not in used_rows and lines[at].pk not in used_lines:
            used_rows.add(number)
            used_lines.add(lines[at].pk)
            found.append((by_row[number], lines[at]))
    return found


def _likeness(row: StatementRow, line: BankLine) -> float:
    ours = f"{line.counterparty} {line.description} {line.reference}".lower()
    theirs = f"{row.counterparty} {row.description} {row.reference}".lower()
    return float(fuzz.token_set_ratio(ours, theirs))


def _refused(row: StatementRow, message: str, remedy: str) -> RowError:
    values = {
        "id": row.external_id,
        "date": row.booked_on.isoformat(),
        "amount": str(row.amount),
        "currency": row.currency,
        "description": row.description,
        "counterparty": row.counterparty,
        "reference": row.reference,
        "account_id": row.account_id,
    }
    return RowError(row.row, message, values, remedy)
