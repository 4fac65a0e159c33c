"""Short ways to write bank lines and ledger entries in tests."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

from reconciliation.matching import Account, BankLine, Context, FxRate, LedgerEntry, Processor, Proposal, match

DAY = date(2026, 5, 4)

CONTEXT = Context(
    own_names=("Bramble & Finch Tools Ltd",),
    home_currency="EUR",
    accounts=(Account("MAIN", "EUR"), Account("SAVE", "EUR"), Account("CARD", "EUR", "card")),
    processors=(Processor("kontopay", "Kontopay", Decimal("0.02"), Decimal("0.25"), Decimal("15")),),
    fx_rates=tuple(FxRate(DAY + timedelta(d), "USD", Decimal("1.25")) for d in range(-40, 20)),
)

# Strangers, so that words have a frequency to be judged by.
CROWD = tuple(
    f"{first} {second} {form}"
    for first, form in (
        ("Osmund", "Ltd"),
        ("Quillfeather", "GmbH"),
        ("Tarragon", "SARL"),
        ("Vexley", "AB"),
        ("Yarrow", "Inc"),
    )
    for second in ("Mills", "Optics", "Press", "Seeds")
)


def line(
    id: str,
    amount: str,
    text: str = "",
    *,
    day: int = 0,
    party: str = "",
    reference: str = "",
    account: str = "MAIN",
    currency: str = "EUR",
) -> BankLine:
    """A bank line `day` days after the tests' day."""
    return BankLine(id, account, DAY + timedelta(day), Decimal(amount), currency, text, party, reference)


def entry(
    id: str, amount: str, contact: str, number: str = "", *, kind: str = "invoice", day: int = -30, due: int | None = 0,
    currency: str = "EUR", reference: str = "", memo: str = "", open: str | None = None,
) -> LedgerEntry:  # fmt: skip
    """A ledger entry; documents fall due on the tests' day unless told otherwise."""
    due_on = DAY + timedelta(due) if due is not None and kind in ("invoice", "bill") else None
    left = Decimal(open if open is not None else amount)
    return LedgerEntry(
        id, kind, DAY + timedelta(day), due_on, Decimal(amount), left, currency, contact, number, reference, memo
    )


def crowd() -> tuple[list[BankLine], list[LedgerEntry]]:
    """Twenty strangers with a plain line and its invoice each."""
    lines, entries = [], []
    for at, name in enumerate(CROWD):
        amount = f"{137 + 31 * at}.{at + 10}"
        lines.append(line(f"c{at}", amount, f"CREDIT IN {name.upper()}", day=-20 + at))
        entries.append(entry(f"ce{at}", amount, name, f"INV-7{at:02d}11", due=-20 + at))
    return lines, entries


def propose(lines: list[BankLine], entries: list[LedgerEntry], context: Context = CONTEXT) -> list[Proposal]:
    """Match the given lines and entries among the crowd."""
    more_lines, more_entries = crowd()
    return match([*lines, *more_lines], [*entries, *more_entries], context)


def proposal_of(bank_id: str, proposals: list[Proposal]) -> Proposal | None:
    """The proposal that holds a line."""
    return next((p for p in proposals if bank_id in p.bank_ids), None)
