"""Which column of a table is what: recognised by its head, said by a person, remembered by the bank's heads."""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256

# What banks call their columns, without case, accents, spaces and punctuation.
NAMES: dict[str, tuple[str, ...]] = {
    "id": ("id", "transactionid", "fitid", "entryid", "bankid", "uniqueid"),
    "account_id": (
        "accountid", "account", "accountnumber", "iban", "accountname", "konto", "kontonummer", "rekening", "ibanbban",
        "auftragskonto", "ibanauftragskonto", "cuenta", "compte", "conto",
    ),
    "date": (
        "date", "bookingdate", "bookedon", "transactiondate", "posteddate", "postingdate", "postdate", "posted",
        "dateposted", "txndate", "trandate", "transdate", "bookeddate", "processdate", "processeddate", "valuedate",
        "completeddate", "day", "buchungstag", "buchungsdatum", "buchung", "datum", "boekdatum", "boekingsdatum",
        "dateoperation", "datedoperation", "datecomptable", "fecha", "fechaoperacion", "data", "dataoperazione",
        "datacontabile", "bokforingsdag", "bokforingsdato", "dato",
    ),
    "amount": (
        "amount", "value", "transactionamount", "net", "amountinaccountcurrency", "paymentamount", "betrag",
        "bedrag", "montant", "importe", "importo", "umsatz", "belopp", "belop", "valor", "kwota",
    ),
    "credit": (
        "credit", "paidin", "moneyin", "creditamount", "deposits", "deposit", "depositamount", "in", "amountcredit",
        "amountin", "amountpaidin", "haben", "gutschrift", "bij", "abono", "abonos", "haber", "accrediti",
        "entrate", "avere",
    ),
    "debit": (
        "debit", "paidout", "moneyout", "debitamount", "withdrawals", "withdrawal", "withdrawalamount", "out",
        "amountdebit", "amountout", "amountpaidout", "soll", "lastschrift", "belastung", "af", "cargo", "cargos",
        "debe", "addebiti", "uscite", "dare",
    ),
    "direction": (
        "creditdebit", "debitcredit", "drcr", "crdr", "creditdebitindicator", "debitcreditindicator", "afbij",
        "sollhaben",
    ),
    "balance": (
        "balance", "runningbalance", "runningbal", "accountbalance", "balanceafter", "balanceaftertransaction",
        "ledgerbalance", "closingbalance", "closingbal", "saldo", "saldonamutatie", "saldonatrn", "saldonachbuchung",
        "solde", "kontostand",
    ),
    "currency": (
        "currency", "ccy", "currencycode", "transactioncurrency", "wahrung", "waehrung", "valuta", "devise", "munt",
        "muntsoort", "divisa", "moneda",
    ),
    "description": (
        "description", "details", "narrative", "narration", "memo", "text", "transactiondescription",
        "transactiondetails", "paymentdetails", "particulars", "remittanceinformation", "remarks", "message", "purpose",
        "verwendungszweck", "buchungstext", "omschrijving", "omschrijving1", "mededelingen", "mededeling",
        "communication", "libelle", "concepto", "descrizione", "causale", "meddelande", "tekst",
    ),
    "counterparty": (
        "counterparty", "payee", "name", "payer", "merchant", "counterpartyname", "payeename", "merchantname",
        "otherparty", "recipient", "sender", "beneficiary", "beneficiaryname", "auftraggeber", "auftraggeberempfanger",
        "beguenstigterzahlungspflichtiger", "begunstigterzahlungspflichtiger", "begunstigterauftraggeber",
        "namezahlungsbeteiligter", "empfanger", "naamomschrijving", "naamtegenpartij", "tegenpartij", "contrepartie",
        "beneficiario", "controparte",
    ),
    "reference": (
        "reference", "ref", "endtoendid", "paymentreference", "transactionreference", "customerreference",
        "chequenumber", "checknumber", "chequeno", "chqrefno", "refnochequeno", "kundenreferenzendtoend",
        "kundenreferenz", "referenz", "kenmerk", "betalingskenmerk", "referencia",
    ),
    "status": ("status", "state", "bookingstatus", "transactionstatus", "buchungsstatus", "info"),
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
    "status": "Booked or pending",
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


_UNIT = re.compile(r"\s*\(.*\)$|\s+(?:in\s+)?[A-Z]{3}$")


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
    told = list(reversed(list(heads)))
    # "Bedrag (EUR)" and "Amount GBP" are the amount, where no head is called so without more words.
    by_name = {plain(_UNIT.sub("", name)): name for name in told} | {plain(name): name for name in told}
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
