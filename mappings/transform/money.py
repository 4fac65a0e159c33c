"""Amounts: the smallest unit of each currency, half-up rounding, and text for people (ISO 4217 minor units)."""

from decimal import ROUND_HALF_UP, Decimal

_NO_DECIMALS = frozenset(
    {
        "BIF",
        "CLP",
        "DJF",
        "GNF",
        "ISK",
        "JPY",
        "KMF",
        "KRW",
        "PYG",
        "RWF",
        "UGX",
        "UYI",
        "VND",
        "VUV",
        "XAF",
        "XOF",
        "XPF",
    }
)
_THREE_DECIMALS = frozenset({"BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"})


def quantum_of(currency: str) -> Decimal:
    """The smallest unit: 1 for JPY, 0.001 for KWD, 0.01 for most."""
    if currency in _NO_DECIMALS:
        return Decimal(1)
    return Decimal("0.001") if currency in _THREE_DECIMALS else Decimal("0.01")


def rounded(amount: Decimal, currency: str) -> Decimal:
    """Half up (away from zero on the half) to the currency's smallest unit, as QuickBooks rounds tax."""
    return amount.quantize(quantum_of(currency), rounding=ROUND_HALF_UP)


def text_of(amount: Decimal, currency: str) -> str:
    """Such as "1,250.00 GBP"."""
    return f"{rounded(amount, currency):,} {currency}"
