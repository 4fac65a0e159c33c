"""Words that banks write beside an amount for money in and money out."""

from decimal import Decimal

from reconciliation.statements.model import RowProblemError

OUT = frozenset(
    {
        "d", "dr", "db", "dbit", "debit", "debet", "af", "s", "soll", "out", "-", "h-", "withdrawal", "ausgang",
        "belastung", "lastschrift", "cargo", "paid out", "money out",
    }
)  # fmt: skip
IN = frozenset(
    {
        "c", "cr", "crdt", "credit", "bij", "h", "haben", "in", "+", "deposit", "eingang", "gutschrift", "abono",
        "paid in", "money in",
    }
)  # fmt: skip


def directed(value: Decimal, word: str) -> Decimal:
    """The amount with the sign that the word beside it means; RowProblemError when it means neither."""
    plain = word.strip().lower()
    if plain in OUT:
        return -abs(value)
    if plain in IN:
        return abs(value)
    raise RowProblemError(f"{word!r} says neither in nor out.", "Write C or credit for money in, D or debit for out.")
