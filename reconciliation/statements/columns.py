"""Which column of a table is what: recognised by its head, said by a person, remembered by the bank's heads."""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256

# What banks call their columns, without case, accents, spaces and punctuation.
NAMES: dict[str, tuple[str, ...]] = {
    "id": ("id", "transactionid", "fitid", "entryid", "bankid", "uniqueid"),
    "account_id": ("accountid", "account", "accountnumber", "iban", "accountname", "konto", "kontonummer", "rekening"),
    "date": (
        "date", "bookingdate", "bookedon", "transactiondate", "posteddate", "valuedate", "completeddate", "day",
        "buchungstag", "buchungsdatum", "datum", "boekdatum", "dateoperation", "datecomptable", "fecha", "data",
    ),
    "amount": (
        "amount", "value", "transactionamount", "net", "amountinaccountcurrency", "betrag", "bedrag", "montant",
        "importe", "importo", "umsatz",
    ),
    "credit": ("credit", "paidin", "moneyin", "creditamount", "deposits", "deposit", "in", "haben", "gutschrift"),
    "debit": ("debit", "paidout", "moneyout", "debitamount", "withdrawals", "withdrawal", "out", "soll", "lastschrift"),
    "direction": ("creditdebit", "debitcredit", "drcr", "crdr", "creditdebitindicator", "afbij", "sollhaben"),
    "balance": ("balance", "runningbalance", "accountbalance", "balanceafter", "closingbalance", "saldo", "solde"),
    "currency": ("currency", "ccy", "currencycode", "wahrung", "waehrung", "valuta", "devise"),
    "description": (
        "description", "details", "narrative", "memo", "text", "transactiondescription", "particulars",
        "verwendungszweck", "buchungstext", "omschrijving", "mededelingen", "libelle", "concepto", "descrizione",
    ),
    "counterparty": (
        "counterparty", "payee", "name", "payer", "merchant", "counterpartyname", "beneficiary", "auftraggeber",
        "beguenstigterzahlungspflichtiger", "begunstigterzahlungspflichtiger", "naamomschrijving", "tegenpartij",
    ),
    "reference": (
        "reference", "ref", "endtoendid", "paymentreference", "transactionreference", "chequenumber",
        "kundenreferenzendtoend", "referenz", "kenmerk",
    ),
}  # fmt: skip
FIELDS: dict[str, str] = {
    "date": "Date",
    "amount": "Amount, money out negative",
    "credit": "Money in",
    "debit": "Money out",
    "direction": "In or out (such as C/D)",
    "balance": "Balance after the row",
    "description": "Description",
    "counterparty": "Counterparty",
    "reference": "Reference",
    "currency": "Currency",
    "id": "The bank's own id of the row",
    "account_id": "Account",
}
"""Every column that a table can have, with its words for people."""


@dataclass(frozen=True, slots=True)
class Layout:
    """How a bank's table is read: column by column, and what its figures mean.

    `day_first` and `decimal_comma` None: the file's own values decide. `is_reversed`: money out stands positive.
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    day_first: bool | None = None
    decimal_comma: bool | None = None
    is_reversed: bool = False

    @property
    def is_complete(self) -> bool:
        """Whether there is a day, and an amount in one column or in two."""
        return "date" in self.columns and ("amount" in self.columns or {"credit", "debit"} <= set(self.columns))


def heads_key(heads: Iterable[str]) -> str:
    """What tells whether another file has the same heads: 32 hexadecimal digits."""
    return sha256("\x1f".join(plain(head) or head.strip() for head in heads).encode()).hexdigest()[:32]


def plain(name: str) -> str:
    """A head without case, accents, spaces and punctuation."""
    letters = unicodedata.normalize("NFKD", name).lower()
    return re.sub(r"[^a-z]", "", letters)


def recognised(heads: Iterable[str]) -> dict[str, str]:
    """Our columns in these heads; of two heads that would do, the one that banks use more."""
    found: dict[str, str] = {}
    by_name = {plain(name): name for name in reversed(list(heads))}
    for column, names in NAMES.items():
        match = next((by_name[name] for name in names if name in by_name), None)
        if match is not None and match not in found.values():
            found[column] = match
    return found


def distinct(heads: Sequence[str]) -> tuple[str, ...]:
    """The heads with a number where one stands again, and a name where there is none."""
    found: list[str] = []
    for at, head in enumerate(heads, start=1):
        name = head or f"column {at}"
        while name in found:
            name = f"{name} ({at})"
        found.append(name)
    return tuple(found)
