"""What a statement file says, whatever its format."""

import re
from collections import Counter
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from hashlib import sha256

from babel.numbers import get_currency_precision

from reconciliation.statements.columns import Layout

MOST_BYTES = 10_000_000
MOST_ROWS = 100_000
FINGERPRINT = "row-"
"""How the id of a row begins that the bank gave none: made of what the row says."""
PROBLEM = "problem"
"""The last column of the file of refused rows: why each was refused. Uploaded again it is no column of the bank."""


def decimals_of(currency: str) -> int:
    """How many decimals amounts in a currency have: 2 in EUR, none in JPY, 3 in KWD."""
    return get_currency_precision(currency)


class UnreadableError(ValueError):
    """The file as a whole cannot be read; the text says why and what to do."""


class RowProblemError(ValueError):
    """One row cannot be read: what is wrong, and how a person mends it."""

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.remedy = remedy


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
    """A row that could not be read, with its values as they came; `place` says where when rows are no table's rows."""

    row: int
    message: str
    values: dict[str, str]
    remedy: str = ""
    place: str = ""


@dataclass(frozen=True, slots=True)
class Balance:
    """What the bank says the account held: before the first line of a day (opening) or after its last one."""

    on: date
    amount: Decimal
    is_opening: bool
    account_id: str = ""


@dataclass(slots=True)
class Statement:
    """Everything a file says. `scheme` names the way its rows are told apart: only rows of one scheme share ids.

    `doubts` are sentences about what a person should look at before importing it, `unread`
    the heads of columns that hold something and are read as nothing.
    """

    scheme: str
    columns: dict[str, str] = field(default_factory=dict)
    rows: list[StatementRow] = field(default_factory=list)
    errors: list[RowError] = field(default_factory=list)
    balances: list[Balance] = field(default_factory=list)
    heads: tuple[str, ...] = ()
    samples: dict[str, list[str]] = field(default_factory=dict)
    layout: Layout | None = None
    asks_columns: bool = False
    doubts: list[str] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Said:
    """A row's values once they are read, before it has an id."""

    booked_on: date
    amount: Decimal
    currency: str
    account_id: str = ""
    description: str = ""
    counterparty: str = ""
    reference: str = ""
    bank_id: str = ""


class Rows:
    """Turns what rows say into rows with ids, and refuses what no line can be."""

    def __init__(self, *, ids_are_unique: bool) -> None:
        self._ids_are_unique = ids_are_unique
        self._seen: Counter[str] = Counter()
        self._ids: set[str] = set()

    def row(self, number: int, said: Said) -> StatementRow:
        """The row; RowProblemError says in words what is wrong with it."""
        amount, currency = said.amount, said.currency
        if not re.fullmatch(r"[A-Z]{3}", currency):
            raise RowProblemError(f"{currency!r} is not a three-letter currency code.", "Write it as EUR or GBP.")
        if amount == 0:
            raise RowProblemError(
                "The amount is 0.00, so this row moves no money.", "Nothing is to be done if the bank means it so."
            )
        places = decimals_of(currency)
        if abs(amount) >= Decimal("1e14") or amount != round(amount, places):
            raise RowProblemError(
                f"The amount {amount} is too large or too fine to be money in {currency}, which has {places} decimals.",
                "Look at the decimal mark; of a table it is said under “Columns and how they are read”.",
            )
        texts = [said.description[:1000], said.counterparty[:300], said.reference[:300]]
        own = [said.account_id[:60], said.booked_on.isoformat(), f"{amount.normalize():f}", currency, *texts]
        external_id = self._id(said.bank_id[:100], own)
        return StatementRow(number, external_id, own[0], said.booked_on, amount, currency, texts[0], texts[1], texts[2])

    def _id(self, given: str, parts: list[str]) -> str:
        if given and self._ids_are_unique:
            if given in self._ids:
                raise RowProblemError(
                    f"The id {given!r} stands on an earlier row of this file too.",
                    "If both rows are real, give one of them another id; if it is one, nothing is to be done.",
                )
            self._ids.add(given)
            return given
        # Without an id of the bank: the row's content, and its place among identical rows of the file, so that two
        # equal coffees on one day stay two lines and an overlapping upload still recognises both.
        content = sha256("\x1f".join([*parts, given] if given else parts).encode()).hexdigest()[:32]
        self._seen[content] += 1
        return f"{FINGERPRINT}{content}-{self._seen[content]}"
