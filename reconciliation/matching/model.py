"""The engine's vocabulary: what goes in and what comes out, as frozen values."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class BankLine:
    """One line of a bank statement; `amount` is signed, money in is positive."""

    id: str
    account_id: str
    on: date
    amount: Decimal
    currency: str
    description: str = ""
    counterparty: str = ""
    reference: str = ""


DUE_KINDS = frozenset(("invoice", "bill"))
"""Documents that fall due; everything else is a booking or a note."""


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """One document or booking; amounts carry the sign of the bank line that would settle them.

    `kind`: invoice, bill, payment, expense, payout, credit_note, transfer. `open_amount` zero means settled: never
    proposed.
    """

    id: str
    kind: str
    on: date
    due_on: date | None
    amount: Decimal
    open_amount: Decimal
    currency: str
    contact_name: str = ""
    number: str = ""
    reference: str = ""
    memo: str = ""


@dataclass(frozen=True, slots=True)
class Account:
    """One of the tenant's own bank or card accounts; `type`: current, card."""

    id: str
    currency: str
    type: str = "current"


@dataclass(frozen=True, slots=True)
class Processor:
    """A payment processor and its list price: `percent` is a fraction (0.029), `fixed` per transaction."""

    key: str
    contact_name: str
    percent: Decimal = Decimal("0")
    fixed: Decimal = Decimal("0")
    dispute_fee: Decimal = Decimal("0")


@dataclass(frozen=True, slots=True)
class Tolerances:
    """How far an amount may differ and still settle: absolute in account currency, percentages as 3.0 = 3 %."""

    short_max_abs: Decimal = Decimal("35.00")
    short_max_pct: Decimal = Decimal("3.0")
    rounding_abs: Decimal = Decimal("0.05")
    over_max_pct: Decimal = Decimal("1.0")
    fx_max_pct: Decimal = Decimal("2.5")


@dataclass(frozen=True, slots=True)
class FxRate:
    """Units of `currency` per one unit of the common base (any base, the same for all rows) on a day."""

    on: date
    currency: str
    per_base: Decimal


@dataclass(frozen=True, slots=True)
class Approved:
    """A match that people approved earlier: the engine learns payer names from it, and never proposes it again."""

    lines: tuple[BankLine, ...]
    entries: tuple[LedgerEntry, ...]


@dataclass(frozen=True, slots=True)
class Rejected:
    """A combination a person refused: it is not proposed again."""

    bank_ids: frozenset[str]
    ledger_ids: frozenset[str]


@dataclass(frozen=True, slots=True)
class Context:
    """Everything about the tenant that is not a line or an entry."""

    own_names: tuple[str, ...] = ()
    home_currency: str = ""
    accounts: tuple[Account, ...] = ()
    processors: tuple[Processor, ...] = ()
    tolerances: Tolerances = field(default_factory=Tolerances)
    fx_rates: tuple[FxRate, ...] = ()
    history: tuple[Approved, ...] = ()
    rejections: tuple[Rejected, ...] = ()


@dataclass(frozen=True, slots=True)
class Reason:
    """One piece of evidence in words; `weight` is its contribution to the log-odds, negative speaks against."""

    code: str
    text: str
    weight: float


@dataclass(frozen=True, slots=True)
class Alternative:
    """Another explanation of the same bank lines, with its own probability."""

    ledger_ids: tuple[str, ...]
    confidence: float


@dataclass(frozen=True, slots=True)
class Proposal:
    """These bank lines and these entries belong together with this probability.

    `difference` is the bank total minus the entries' open total in the bank currency, to the cent: what a fee, a
    discount,
    a rate or a remaining balance has to explain. `kind`: match, fee, discount, rounding, overpaid, partial,
    instalments, combined, run,
    payout, chargeback, currency, transfer, return, duplicate.
    """

    bank_ids: tuple[str, ...]
    ledger_ids: tuple[str, ...]
    confidence: float
    kind: str
    reasons: tuple[Reason, ...]
    difference: Decimal
    alternatives: tuple[Alternative, ...] = ()
