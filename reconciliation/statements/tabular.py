"""Read a table of bank lines, CSV or XLSX: recognise its columns and its way of writing, say what is wrong per row."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from hashlib import sha256

from reconciliation.statements.balances import running
from reconciliation.statements.columns import Layout, distinct, heads_key, recognised
from reconciliation.statements.contents import believed, doubts_of, unread
from reconciliation.statements.directions import directed
from reconciliation.statements.model import (
    RowError,
    RowProblemError,
    Rows,
    Said,
    Statement,
    StatementRow,
    decimals_of,
)
from reconciliation.statements.tables import heads_at, heads_of, lines_of
from reconciliation.statements.values import days_come_first, has_decimal_comma, read_amount, read_date

_SAMPLES = 3
_TELLING = frozenset({"account_id", "date", "amount", "credit", "debit", "direction", "currency", "description"})
_TELLING |= {"counterparty", "reference", "id"}
_FEW_COLUMNS = 60
_NOTHING = frozenset({"-", "\u2013", "\u2014", "n/a"})
# What a bank writes beside a row that is not, or not any more, money moved.
_NOT_BOOKED = frozenset(
    {
        "pending", "vorgemerkt", "umsatz vorgemerkt", "reverted", "declined", "failed", "cancelled", "canceled",
        "expired", "authorised", "authorized", "gereserveerd", "pendiente", "en attente", "in attesa",
    }
)  # fmt: skip
Records = list[tuple[int, dict[str, str]]]


def read_table(
    content: bytes, *, currency: str, day_first: bool, known: Mapping[str, Layout], layout: Layout | None = None
) -> Statement:
    """Rows and row errors of a table; `currency` holds for rows that name none.

    `layout` is what a person says now, else `known` (by `heads_key`) what somebody said before, else the heads tell.
    Without a day or an amount among them the statement has no rows and `asks_columns`.
    """
    lines = lines_of(content)
    at, begin = heads_at(lines, known)
    width = min(_FEW_COLUMNS, max(map(len, lines)))
    heads = distinct([""] * width) if at is None else heads_of(lines, at, begin)
    key = heads_key(heads)
    records = [(n, _named(heads, line)) for n, line in enumerate(lines[begin:], start=begin + 1) if any(line)]
    # Heads that stand again, as on every printed page, are no rows.
    records = [(n, record) for n, record in records if tuple(record.values()) != heads]
    layout = layout or known.get(key) or Layout(believed(recognised(heads), heads, records))
    layout = Layout(
        {ours: head for ours, head in layout.columns.items() if head in heads},
        layout.day_first,
        layout.decimal_comma,
        layout.is_reversed,
    )
    statement = Statement(_scheme(key, layout), dict(layout.columns), heads=heads, layout=layout)
    statement.samples = {head: _samples(head, records) for head in heads}
    if not layout.is_complete:
        statement.asks_columns = True
        return statement
    order, comma = _written(layout, records, day_first=day_first, places=decimals_of(currency))
    _read(statement, records, _RowReader(layout, currency, (order, comma)))
    statement.doubts = doubts_of(layout, records, day_first=order)
    statement.unread = unread(layout.columns, heads, records)
    return statement


def _scheme(key: str, layout: Layout) -> str:
    """Rows without the bank's id are told apart by what is read of them, so columns read anew tell them otherwise."""
    read = sorted((ours, head) for ours, head in layout.columns.items() if ours in _TELLING)
    said = f"{read}{layout.is_reversed}"
    return f"table {key} {sha256(said.encode()).hexdigest()[:8]}"


def _named(heads: Sequence[str], line: Sequence[str]) -> dict[str, str]:
    extra = {f"column {i + 1}": cell for i, cell in enumerate(line) if i >= len(heads) and cell}
    return {**dict(zip(heads, line, strict=False)), **extra}


def _samples(head: str, records: Records) -> list[str]:
    found = dict.fromkeys(record[head] for _, record in records[:200] if record.get(head))
    return list(found)[:_SAMPLES]


def _written(layout: Layout, records: Records, *, day_first: bool, places: int) -> tuple[bool, bool]:
    """Whether the day comes before the month, and whether decimals stand behind a comma."""
    columns = layout.columns
    order = layout.day_first
    if order is None:
        order = days_come_first((r.get(columns["date"], "") for _, r in records), otherwise=day_first)
    comma = layout.decimal_comma
    if comma is None:
        figures = ("amount", "credit", "debit", "balance")
        told = (r.get(columns.get(c, ""), "") for _, r in records for c in figures)
        comma = has_decimal_comma(told, places=places)
    return order, comma


def _read(statement: Statement, records: Records, reader: "_RowReader") -> None:
    after: list[Decimal | None] = []
    for number, record in records:
        try:
            statement.rows.append(reader.read(number, record))
        except ValueError as error:
            remedy = getattr(error, "remedy", "")
            statement.errors.append(RowError(number, str(error), record, remedy, f"row {number}"))
        else:
            after.append(reader.balance(record))
    statement.balances = running(statement.rows, after)


class _RowReader:
    def __init__(self, layout: Layout, currency: str, written: tuple[bool, bool]) -> None:
        self.layout, self.currency = layout, currency
        self.day_first, self.comma = written
        self.rows = Rows(ids_are_unique=True)

    def read(self, number: int, record: dict[str, str]) -> StatementRow:
        """The row; ValueError says in words what is wrong with it."""
        cell = _Cells(record, self.layout.columns)
        _check(record, cell)
        said = Said(
            booked_on=read_date(cell["date"], day_first=self.day_first),
            amount=self._amount(cell),
            currency=cell["currency"].upper() or self.currency,
            account_id=cell["account_id"],
            description=cell["description"],
            counterparty=cell["counterparty"],
            reference=cell["reference"],
            bank_id=cell["id"],
        )
        return self.rows.row(number, said)

    def balance(self, record: dict[str, str]) -> Decimal | None:
        """What the table says the account holds after the row, if it says so readably."""
        text = _Cells(record, self.layout.columns)["balance"]
        try:
            return read_amount(text, comma=self.comma) if text else None
        except ValueError:
            # A balance only proves; the row stands without it, and the day then has nothing to agree with.
            return None

    def _amount(self, cell: "_Cells") -> Decimal:
        amount, credit, debit = (_figure(cell[name]) for name in ("amount", "credit", "debit"))
        if amount:
            value = read_amount(amount, comma=self.comma)
        elif credit or debit:
            paid_in = read_amount(credit, comma=self.comma) if credit else Decimal(0)
            value = paid_in - (abs(read_amount(debit, comma=self.comma)) if debit else Decimal(0))
        elif _figure(cell["balance"]):
            raise RowProblemError("The row names a balance and no amount.", "Nothing is to be done: it moves no money.")
        else:
            raise RowProblemError("The amount is missing.", "Fill it in; a row without one is no bank line.")
        if self.layout.is_reversed:
            value = -value
        return directed(value, cell["direction"]) if "direction" in self.layout.columns else value


def _figure(text: str) -> str:
    return "" if text.lower() in _NOTHING else text


def _check(record: Mapping[str, str], cell: "_Cells") -> None:
    """Refuse what is no row of its own, or no money yet, in words that say so."""
    if cell["status"].lower() in _NOT_BOOKED:
        raise RowProblemError(
            f"The bank has not booked this row ({cell['status']}).", "It comes again, booked, in a later file."
        )
    if not any(character.isdigit() for character in cell["date"]) and not _figure(cell["amount"]):
        told = " ".join(filter(None, record.values()))[:60]
        raise RowProblemError(
            f"The row has no date: “{told}”.",
            "Nothing is to be done if it is a heading, a total or the rest of a text; a bank line needs its day.",
        )


class _Cells(dict[str, str]):
    """Cells by our own names of columns; empty text for what the table lacks."""

    def __init__(self, record: Mapping[str, str], columns: Mapping[str, str]) -> None:
        super().__init__({ours: record.get(head) or "" for ours, head in columns.items()})

    def __missing__(self, key: str) -> str:
        return ""
