"""The bank's own view of the bank account: what the ledger recorded, what it does not know yet, and fees."""

import random
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from integrations.sandbox.books.money import cents
from integrations.sandbox.wire import Body


@dataclass(frozen=True)
class Movement:
    """A recorded movement on the bank account: signed amount, who, which document."""

    on: date
    amount: Decimal
    name: str
    reference: str
    key: str


@dataclass(frozen=True)
class OpenItem:
    """An open invoice (positive) or bill (negative)."""

    on: date
    due: date
    amount: Decimal
    name: str
    number: str
    key: str


_IN = {
    "GB": ("FPI {name} {ref}", "BACS {name} {ref}", "{name} {ref} BGC", "FASTER PAYMENT RECEIVED {name} REF {ref}"),
    "US": ("ACH CREDIT {name} {ref}", "WIRE IN {name} {ref}", "{name} DES:PAYMENT ID:{ref}", "DEPOSIT {name} {ref}"),
}
_OUT = {
    "GB": ("FPO {name} {ref}", "DD {name} {ref}", "BILL PAYMENT {name} {ref}", "CARD PAYMENT TO {name}"),
    "US": ("ACH DEBIT {name} {ref}", "CHECKCARD {name}", "ONLINE PMT {name} {ref}", "WIRE OUT {name} {ref}"),
}
_FEES = {
    "GB": (("ACCOUNT CHARGES", "Bank charges", 8, 25), ("INTERNATIONAL PAYMENT FEE", "Bank charges", 10, 35),
           ("STRIPE FEE", "Stripe", 5, 60), ("GROSS INTEREST", "Interest", -9, -1)),
    "US": (("MONTHLY SERVICE FEE", "Bank fees", 10, 30), ("WIRE TRANSFER FEE", "Bank fees", 15, 45),
           ("STRIPE FEE", "Stripe", 5, 60), ("INTEREST PAYMENT", "Interest", -9, -1)),
}  # fmt: skip


class StatementMaker:
    """Writes the statement of one bank account, the same for the same dice."""

    def __init__(self, seed: object, country: str, currency: str, account: str, today: date) -> None:
        self._dice = random.Random(f"statement-{seed}")  # noqa: S311 - no secrets
        self._country = "US" if country == "US" else "GB"
        self._currency = currency
        self._account = account
        self._today = today

    def write(self, count: int, movements: list[Movement], items: list[OpenItem]) -> list[Body]:
        """Exactly `count` lines by date: unrecorded payments first, then recorded movements, then fees."""
        receivable = [item for item in items if item.amount > 0]
        payable = [item for item in items if item.amount < 0]
        lines = [self._unrecorded(item) for item in self._some(receivable, count * 35 // 100)]
        lines += [self._unrecorded(item) for item in self._some(payable, count // 10)]
        lines += [self._fee() for _ in range(count // 12)]
        newest = sorted(movements, key=lambda movement: (movement.on, movement.key), reverse=True)
        lines += [self._recorded(movement) for movement in newest[: count - len(lines)]]
        lines += [self._fee() for _ in range(count - len(lines))]
        lines.sort(key=lambda line: (line["date"], line["description"], line["amount"]))
        return [{"id": f"BL{number:06d}", **line} for number, line in enumerate(lines, 1)]

    def _some(self, items: list[OpenItem], count: int) -> list[OpenItem]:
        return self._dice.sample(items, min(count, len(items)))

    def _line(self, on: date, amount: Decimal, description: str, name: str, reference: str, truth: Body) -> Body:
        return {
            "account_id": self._account,
            "date": on.isoformat(),
            "amount": f"{cents(amount, self._currency):f}",
            "currency": self._currency,
            "description": description,
            "counterparty": name,
            "reference": reference,
            "truth": truth,
        }

    def _words(self, amount: Decimal, name: str, reference: str) -> str:
        pattern = self._dice.choice((_IN if amount > 0 else _OUT)[self._country])
        short = "".join(sign for sign in name.upper() if sign.isalnum() or sign in " &")
        return " ".join(pattern.format(name=short[:18].strip(), ref=reference).split())

    def _recorded(self, movement: Movement) -> Body:
        on = min(movement.on + timedelta(days=self._dice.choice((0, 0, 0, 1, 1, 2, 3))), self._today)
        reference = movement.reference if self._dice.random() < 0.8 else ""
        words = self._words(movement.amount, movement.name, reference)
        truth: Body = {"kind": "recorded", "ids": [movement.key]}
        return self._line(on, movement.amount, words, movement.name, reference, truth)

    def _unrecorded(self, item: OpenItem) -> Body:
        dice = self._dice
        on = max(item.on, min(item.due + timedelta(days=dice.randint(-6, 12)), self._today))
        roll = dice.random()
        reference = f"INV {item.number}" if roll < 0.55 else item.number if roll < 0.8 else ""
        truth: Body = {"kind": "unrecorded", "ids": [item.key]}
        amount, name = item.amount, item.name
        if amount > 0 and dice.random() < 0.08:
            fee = cents(amount * Decimal("0.015") + Decimal("0.20"), self._currency)
            truth["fee"] = f"{fee:f}"
            amount, name, reference = amount - fee, "Stripe Payments", f"STRIPE PO{dice.randint(10**6, 10**7 - 1)}"
        return self._line(on, amount, self._words(amount, name, reference), name, reference, truth)

    def _fee(self) -> Body:
        words, name, least, most = self._dice.choice(_FEES[self._country])
        amount = -Decimal(self._dice.randint(least * 100, most * 100)) / 100
        on = self._today - timedelta(days=self._dice.randint(0, 60))
        return self._line(on, amount, words, name, "", {"kind": "fee", "ids": []})
