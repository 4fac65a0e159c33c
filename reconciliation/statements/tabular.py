"""Read a table of bank lines, CSV or XLSX: recognise its columns and its way of writing, say what is wrong per row."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from reconciliation.statements.balances import running
from reconciliation.statements.columns import Layout, distinct, heads_key, recognised
from reconciliation.statements.model import RowError, RowProblemError, Rows, Said, Statement, StatementRow
from reconciliation.statements.tables import heads_at, lines_of
from reconciliation.statements.values import days_come_first, has_decimal_comma, read_amount, read_date

_SAMPLES = 3
_FEW_COLUMNS = 60
_OUT = frozenset({"d", "dr", "db", "dbit", "debit", "debet", "af", "s", "soll", "out", "-", "h-"})
_IN = frozenset({"c", "cr", "crdt", "credit", "bij", "h", "haben", "in", "+"})
Records = list[tuple[int, dict[str, str]]]


def read_table(
    content: bytes, *, currency: str, day_first: bool, known: Mapping[str, Layout], layout: Layout | None = None
) -> Statement:
    """Rows and row errors of a table; `currency` holds for rows that name none.

    `layout` is what a person says now, else `known` (by `heads_key`) what somebody said before, else the heads tell.
    Without a day or an amount among them the statement has no rows and `asks_columns`.
    """
    lines = lines_of(content)
    at = heads_at(lines, known)
    begin = 0 if at is None else at + 1
    width = min(_FEW_COLUMNS, max(map(len, lines)))
    heads = distinct([""] * width if at is None else lines[at])
    key = heads_key(heads)
    records = [(n, _named(heads, line)) for n, line in enumerate(lines[begin:], start=begin + 1) if any(line)]
    layout = layout or known.get(key) or Layout(recognised(heads))
    layout = Layout(
        {ours: head for ours, head in layout.columns.items() if head in heads},
        layout.day_first,
        layout.decimal_comma,
        layout.is_reversed,
    )
    statement = Statement(f"table {key}", dict(layout.columns), heads=heads, layout=layout)
    statement.samples = {head: _samples(head, records) for head in heads}
    if not layout.is_complete:
        statement.asks_columns = True
        return statement
    _read(statement, records, _RowReader(layout, currency, _written(layout, records, day_first=day_first)))
    return statement


def _named(heads: Sequence[str], line: Sequence[str]) -> dict[str, str]:
    extra = {f"column {i + 1}": cell for i, cell in enumerate(line) if i >= len(heads) and cell}
    return {**dict(zip(heads, line, strict=False)), **extra}


def _samples(head: str, records: Records) -> list[str]:
    found = dict.fromkeys(record[head] for _, record in records[:200] if record.get(head))
    return list(found)[:_SAMPLES]


def _written(layout: Layout, records: Records, *, day_first: bool) -> tuple[bool, bool]:
    """Whether the day comes before the month, and whether decimals stand behind a comma."""
    columns = layout.columns
    order = layout.day_first
    if order is None:
        order = days_come_first((r.get(columns["date"], "") for _, r in records), otherwise=day_first)
    comma = layout.decimal_comma
    if comma is None:
        figures = ("amount", "credit", "debit")
        comma = has_decimal_comma(r.get(columns.get(c, ""), "") for _, r in records for c in figures)
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
        amount, credit, debit = cell["amount"], cell["credit"], cell["debit"]
        if amount:
            value = read_amount(amount, comma=self.comma)
        elif credit or debit:
            paid_in = read_amount(credit, comma=self.comma) if credit else Decimal(0)
            value = paid_in - (abs(read_amount(debit, comma=self.comma)) if debit else Decimal(0))
        else:
            raise RowProblemError("The amount is missing.", "Fill it in; a row without one is no bank line.")
        if self.layout.is_reversed:
            value = -value
        return _directed(value, cell["direction"]) if "direction" in self.layout.columns else value


class _Cells(dict[str, str]):
    """Cells by our own names of columns; empty text for what the table lacks."""

    def __init__(self, record: Mapping[str, str], columns: Mapping[str, str]) -> None:
        super().__init__({ours: record.get(head) or "" for ours, head in columns.items()})

    def __missing__(self, key: str) -> str:
        return ""


def _directed(value: Decimal, word: str) -> Decimal:
    plain = word.strip().lower()
    if plain in _OUT:
        return -abs(value)
    if plain in _IN:
        return abs(value)
    raise RowProblemError(f"{word!r} says neither in nor out.", "Write C or credit for money in, D or debit for out.")
