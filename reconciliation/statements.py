"""Read a bank statement in CSV: recognise its columns and its way of writing, and say what is wrong per row.

Pure: bytes in, rows and row errors out. A bad row never stops the file, and never disappears.
"""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation
from hashlib import sha256

MOST_BYTES = 10_000_000
MOST_ROWS = 100_000

# What banks call their columns, without case, spaces and punctuation.
_NAMES: dict[str, tuple[str, ...]] = {
    "id": ("id", "transactionid", "fitid", "entryid", "bankid", "uniqueid"),
    "account_id": ("accountid", "account", "accountnumber", "iban", "accountname"),
    "date": ("date", "bookingdate", "bookedon", "transactiondate", "posteddate", "valuedate", "completeddate", "day"),
    "amount": ("amount", "value", "transactionamount", "net", "amountinaccountcurrency"),
    "credit": ("credit", "paidin", "moneyin", "creditamount", "deposits", "deposit", "in"),
    "debit": ("debit", "paidout", "moneyout", "debitamount", "withdrawals", "withdrawal", "out"),
    "currency": ("currency", "ccy", "currencycode"),
    "description": ("description", "details", "narrative", "memo", "text", "transactiondescription", "particulars"),
    "counterparty": ("counterparty", "payee", "name", "payer", "merchant", "counterpartyname", "beneficiary"),
    "reference": ("reference", "ref", "endtoendid", "paymentreference", "transactionreference", "chequenumber"),
}
_MONTHS = {
    name: at
    for at, name in enumerate(
        ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), start=1
    )
}  # fmt: skip


class UnreadableError(ValueError):
    """The file as a whole cannot be read; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class StatementRow:
    """One readable row; `external_id` is the bank's id, or a fingerprint that is the same in every later upload."""

    row: int
    external_id: str
    account_id: str
    booked_on: date
    amount: Decimal
    currency: str
    description: str
    counterparty: str
    reference: str


@dataclass(frozen=True, slots=True)
class RowError:
    """A row that could not be read, with its values as they came."""

    row: int
    message: str
    values: dict[str, str]


@dataclass(slots=True)
class Statement:
    """Everything a file says."""

    columns: dict[str, str]
    rows: list[StatementRow] = field(default_factory=list)
    errors: list[RowError] = field(default_factory=list)


def read_statement(content: bytes, *, currency: str, day_first: bool = True) -> Statement:
    """Rows and row errors of a CSV file; `currency` holds for rows that name none.

    `day_first` decides only dates that the file itself leaves open (03/04/2026). UnreadableError when there is no
    header, no date or amount column, or too much.
    """
    header, records = _records(content)
    columns = _recognise(header)
    order = _date_order((r.get(columns["date"], "") for _, r in records), day_first=day_first)
    comma = _decimal_comma(r.get(columns.get(c, ""), "") for _, r in records for c in ("amount", "credit", "debit"))
    reader = _RowReader(columns, currency, order, comma)
    statement = Statement(columns=columns)
    for number, record in records:
        try:
            statement.rows.append(reader.read(number, record))
        except ValueError as error:
            statement.errors.append(RowError(number, str(error), record))
    return statement


def _records(content: bytes) -> tuple[list[str], list[tuple[int, dict[str, str]]]]:
    if len(content) > MOST_BYTES:
        raise UnreadableError(
            f"The file is larger than {MOST_BYTES // 1_000_000} MB. Split it by month and upload the parts."
        )
    text = _decode(content)
    # A NUL would stop the csv module in the middle of the file.
    source = csv.reader(io.StringIO(text.replace("\0", "")), delimiter=_delimiter(text))
    try:
        lines = [[cell.strip() for cell in line] for line in source]
    except csv.Error as error:
        raise UnreadableError(
            f"This is not a CSV file ({error}). Save the statement as CSV and upload that."
        ) from error
    if len(lines) > MOST_ROWS:
        raise UnreadableError(f"The file has more than {MOST_ROWS:,} rows. Split it by month and upload the parts.")
    at = next((i for i, line in enumerate(lines[:30]) if _is_header(line)), None)
    if at is None:
        raise UnreadableError(
            "No header with a date and an amount was found in the first 30 rows. The file needs columns such as: "
            "id, date, amount, currency, description, counterparty, reference."
        )
    header = lines[at]
    body = [(n, line) for n, line in enumerate(lines[at + 1 :], start=at + 2) if any(line)]
    return header, [(n, _named(header, line)) for n, line in body]


def _named(header: Sequence[str], line: Sequence[str]) -> dict[str, str]:
    extra = {f"column {i + 1}": cell for i, cell in enumerate(line) if i >= len(header)}
    return {**dict(zip(header, line, strict=False)), **extra}


def _decode(content: bytes) -> str:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", errors="replace")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        # Older bank exports come in Windows' western code page.
        return content.decode("cp1252", errors="replace")


def _delimiter(text: str) -> str:
    for line in text.splitlines()[:30]:
        for mark in (",", ";", "\t", "|"):
            if _is_header([cell.strip(' "') for cell in line.split(mark)]):
                return mark
    return ","


def _plain(name: str) -> str:
    return re.sub(r"[^a-z]", "", name.lower())


def _recognised(header: Iterable[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    by_name = {_plain(name): name for name in reversed(list(header))}
    for column, names in _NAMES.items():
        match = next((by_name[name] for name in names if name in by_name), None)
        if match is not None:
            found[column] = match
    return found


def _is_header(line: Sequence[str]) -> bool:
    found = _recognised(line)
    return "date" in found and ("amount" in found or {"credit", "debit"} <= set(found))


def _recognise(header: Sequence[str]) -> dict[str, str]:
    twice = [name for name, count in Counter(n for n in header if n).items() if count > 1]
    if twice:
        raise UnreadableError(f"The column {twice[0]!r} appears twice. Rename one of them and upload the file again.")
    return _recognised(header)


def _date_order(values: Iterable[str], *, day_first: bool) -> bool:
    firsts, seconds = 0, 0
    for value in values:
        parts = re.fullmatch(r"(\d{1,2})[./ -](\d{1,2})[./ -]\d{2,4}", value)
        if parts:
            firsts, seconds = max(firsts, int(parts[1])), max(seconds, int(parts[2]))
    if (firsts > 12) == (seconds > 12):
        return day_first
    return firsts > 12


def _decimal_comma(values: Iterable[str]) -> bool:
    commas = points = 0
    for value in values:
        commas += bool(re.search(r",\d{1,2}\)?-?\s*\D*$", value))
        points += bool(re.search(r"\.\d{1,2}\)?-?\s*\D*$", value))
    return commas > points


class _RowReader:
    def __init__(self, columns: dict[str, str], currency: str, day_first: bool, comma: bool) -> None:
        self.columns, self.currency, self.day_first, self.comma = columns, currency, day_first, comma
        self.seen: Counter[str] = Counter()
        self.ids: set[str] = set()

    def read(self, number: int, record: dict[str, str]) -> StatementRow:
        """The row; ValueError says in words what is wrong with it."""

        def cell(name: str) -> str:
            return record.get(self.columns.get(name, ""), "") or ""

        booked_on = read_date(cell("date"), day_first=self.day_first)
        amount = self._amount(cell("amount"), cell("credit"), cell("debit"))
        currency = cell("currency").upper() or self.currency
        if not re.fullmatch(r"[A-Z]{3}", currency):
            raise ValueError(f"{currency!r} is not a three-letter currency code.")
        texts = [cell("description")[:1000], cell("counterparty")[:300], cell("reference")[:300]]
        own = [cell("account_id")[:60], booked_on.isoformat(), f"{amount.normalize():f}", currency, *texts]
        return StatementRow(
            number, self._id(cell("id")[:100], own), own[0], booked_on, amount, currency, texts[0], texts[1], texts[2]
        )

    def _amount(self, amount: str, credit: str, debit: str) -> Decimal:
        if amount:
            value = read_amount(amount, comma=self.comma)
        elif credit or debit:
            paid_in = read_amount(credit, comma=self.comma) if credit else Decimal(0)
            value = paid_in - (abs(read_amount(debit, comma=self.comma)) if debit else Decimal(0))
        else:
            raise ValueError("The amount is missing.")
        if value == 0:
            raise ValueError("The amount is 0.00, so this row moves no money.")
        if abs(value) >= Decimal("1e14") or value != round(value, 6):
            raise ValueError(f"The amount {value} is too large or too fine to be money.")
        return value

    def _id(self, given: str, parts: list[str]) -> str:
        if given:
            if given in self.ids:
                raise ValueError(f"The id {given!r} stands on an earlier row of this file too.")
            self.ids.add(given)
            return given
        # Without an id of the bank: the row's content, and its place among identical rows of the file, so that two
        # equal coffees on one day stay two lines and an overlapping upload still recognises both.
        content = sha256("\x1f".join(parts).encode()).hexdigest()[:32]
        self.seen[content] += 1
        return f"row-{content}-{self.seen[content]}"


def read_amount(text: str, *, comma: bool = False) -> Decimal:
    """A signed amount as people write it: 1,234.56, 1.234,56, (12.00), 12.00-, -5 EUR; ValueError in words."""
    if text.lstrip().startswith("="):
        raise ValueError(f"{text!r} is a formula, not an amount.")
    value = text.replace("\u2212", "-").strip()
    value = re.sub(r"^[A-Z]{3}\s|\s?[A-Z]{3}$|[£$€¥\s\u00a0'\u2019]", "", value)
    is_negative = value.startswith(("-", "(")) or value.endswith(("-", "DR", "D"))
    digits = re.sub(r"(CR|DR|[CD])$", "", value).strip("()+-")
    decimal_mark = "," if comma else "."
    digits = digits.replace("." if comma else ",", "").replace(decimal_mark, ".")
    if not re.fullmatch(r"\d+(\.\d+)?|\.\d+", digits):
        raise ValueError(f"{text!r} is not an amount.")
    try:
        return -Decimal(digits) if is_negative else Decimal(digits)
    except InvalidOperation as error:
        raise ValueError(f"{text!r} is not an amount.") from error


def read_date(text: str, *, day_first: bool) -> date:
    """A day as banks write it; ValueError in words otherwise."""
    value = text.strip()
    if not value:
        raise ValueError("The date is missing.")
    parts = _date_parts(value, day_first=day_first)
    if parts is None:
        raise ValueError(f"{text!r} is not a date; write it as 2026-11-21.")
    year, month, day = parts
    try:
        return date(year + 2000 if year < 100 else year, month, day)
    except ValueError as error:
        raise ValueError(f"{text!r} is not a day of the calendar.") from error


def _date_parts(value: str, *, day_first: bool) -> tuple[int, int, int] | None:
    if found := re.match(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?:[T ].*)?$", value):
        return int(found[1]), int(found[2]), int(found[3])
    if found := re.fullmatch(r"(\d{4})(\d{2})(\d{2})", value):
        return int(found[1]), int(found[2]), int(found[3])
    if found := re.match(r"(\d{1,2})[-/. ]([A-Za-z]{3})[a-z]*[-/. ](\d{2,4})", value):
        month = _MONTHS.get(found[2].lower())
        return (int(found[3]), month, int(found[1])) if month else None
    if found := re.match(r"(\d{1,2})[-/. ](\d{1,2})[-/. ](\d{4}|\d{2})(?:\s.*)?$", value):
        first, second = int(found[1]), int(found[2])
        return (int(found[3]), second, first) if day_first else (int(found[3]), first, second)
    return None
