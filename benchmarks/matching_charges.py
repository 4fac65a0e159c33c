"""Other fees for a sample of the matching engine: list prices, booked fees, dispute fees, wire fees, discounts."""

from __future__ import annotations

import random
import re
import unicodedata
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Protocol

from benchmarks.matching_samples import Sample

CENT = Decimal("0.01")
_USUAL, _AGREED = ("1", "1.5", "2.5", "4"), ("1.25", "1.75", "2.25", "3.5")
_WIRE_FEES = ("4.80", "6.35", "9.90", "12.75", "13.50", "17.20", "22.45", "28.00", "33.60")


class Wording(Protocol):
    """What the invented bank decides: names, words, and chance that depends only on what it is for."""

    def rename(self, text: str) -> str:
        """A name with the processors' names exchanged."""

    def word(self, word: str) -> str:
        """The invented word for a key word."""

    def chance(self, *about: object) -> random.Random:
        """Random numbers for a purpose."""


def plain(text: str) -> str:
    """Lower case without accents."""
    return "".join(c for c in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(c))


def recharge(wording: Wording, sample: Sample, terms: dict[str, re.Match[str]]) -> None:
    """Give a rewritten sample other fees, in place; `terms` are the discounts that memos granted, by entry."""
    _Charges(wording, sample).apply(terms)


class _Charges:
    """Other fees: list prices, booked fees, dispute fees, wire fees and discounts, with the lines that follow from
    them."""

    def __init__(self, wording: Wording, sample: Sample) -> None:
        self.wording, self.sample = wording, sample
        self.bank = {r["id"]: r for r in sample.bank}
        self.ledger = {e["id"]: e for e in sample.ledger}
        self.copies = {d["bank"]: d["of"] for d in sample.truth["duplicates"]}
        self.prices: dict[str, tuple[Decimal, Decimal, Decimal, Decimal]] = {}

    def apply(self, terms: dict[str, re.Match[str]]) -> None:
        """Change context, books and lines together."""
        for processor in self.sample.context["processors"]:
            self._reprice(processor)
        for group in self.sample.truth["groups"]:
            if group["kind"] in ("payout_fee_pct", "payout_fee_ledger"):
                self._payout(group)
            elif group["kind"] == "chargeback":
                self._dispute(group)
            elif "wire_fee" in group["tags"]:
                self._wire(group)
            elif "early_discount" in group["tags"] and group["kind"] == "tolerance":
                self._discount(group, terms)
        for entry, found in terms.items():
            if not self.ledger[entry]["memo"].rstrip().endswith("30 d"):
                self._tell(entry, found[1], found[2])
        for copy, of in self.copies.items():
            self.bank[copy]["amount"] = self.bank[of]["amount"]

    def _reprice(self, processor: dict[str, Any]) -> None:
        chance = self.wording.chance("price", processor["key"])
        old = (Decimal(str(processor["percent"])), Decimal(processor["fixed"]))
        new = (
            (old[0] * Decimal(chance.choice(("0.62", "0.83", "1.21", "1.47")))).quantize(Decimal("0.0001")),
            Decimal(chance.choice(("0.07", "0.18", "0.33", "0.42"))),
        )
        name = self.wording.rename(processor["ledger_contact"])
        processor |= {
            "key": self.wording.rename(processor["key"]),
            "ledger_contact": name,
            "percent": str(new[0]),
            "fixed": str(new[1]),
        }
        if Decimal(processor["dispute_fee"]):
            processor["dispute_fee"] = chance.choice(("11.00", "17.50", "23.00"))
        self.prices[plain(name)] = (*old, *new)

    def _price_of(self, group: dict[str, Any]) -> tuple[Decimal, Decimal, Decimal, Decimal] | None:
        texts = [plain(f"{self.ledger[e]['memo']} {self.ledger[e]['contact_name']}") for e in group["ledger"]]
        return next((p for name, p in self.prices.items() if all(name in t for t in texts)), None)

    def _payout(self, group: dict[str, Any]) -> None:
        price = self._price_of(group)
        if price is None:
            return
        takings = [
            Decimal(self.ledger[e]["open_amount"]) for e in group["ledger"] if self.ledger[e]["kind"] != "expense"
        ]
        more = sum((_fee(t, price[2], price[3]) - _fee(t, price[0], price[1]) for t in takings if t > 0), Decimal(0))
        fees = [e for e in group["ledger"] if self.ledger[e]["kind"] == "expense"]
        if fees and Decimal(self.ledger[fees[0]]["open_amount"]) - more >= 0:
            return
        self._move(group["bank"][0], -more)
        for entry in fees:
            self._rebook(entry, Decimal(self.ledger[entry]["open_amount"]) - more)

    def _dispute(self, group: dict[str, Any]) -> None:
        for entry in group["ledger"]:
            if self.ledger[entry]["kind"] == "expense":
                old, new = (
                    Decimal(self.ledger[entry]["open_amount"]),
                    -Decimal(self.wording.chance("dispute", entry).choice(("11.00", "17.50", "23.00"))),
                )
                self._rebook(entry, new)
                self._move(group["bank"][0], new - old)

    def _wire(self, group: dict[str, Any]) -> None:
        if len(group["bank"]) > 1:
            return
        owed = self._owed(group)
        line = self.bank[group["bank"][0]]
        if any(self.ledger[e]["currency"] != line["currency"] for e in group["ledger"]):
            return
        gap = abs(owed) - abs(Decimal(line["amount"]))
        fee = Decimal(self.wording.chance("wire", line["id"]).choice(_WIRE_FEES))
        if gap > 0 and fee < abs(owed) / 3:
            self._move(line["id"], (gap - fee) if owed > 0 else (fee - gap))

    def _discount(self, group: dict[str, Any], terms: dict[str, re.Match[str]]) -> None:
        line = self.bank[group["bank"][0]]
        owed = self._owed(group)
        told = [e for e in group["ledger"] if e in terms]
        share = self.wording.chance("discount", line["id"]).choice(_AGREED if told else _USUAL)
        paid = (owed * (1 - Decimal(share) / 100)).quantize(CENT, ROUND_HALF_UP)
        self._move(line["id"], paid - Decimal(line["amount"]))
        for entry in told:
            self._tell(entry, share, terms[entry][2])

    def _tell(self, entry: str, share: str, days: str) -> None:
        word = self.wording.word("discount")
        memo = self.ledger[entry]["memo"].strip()
        self.ledger[entry]["memo"] = f"{memo} {share.replace('.', ',')} % {word} {days} / 30 d".strip()

    def _owed(self, group: dict[str, Any]) -> Decimal:
        return sum((Decimal(self.ledger[e]["open_amount"]) for e in group["ledger"]), Decimal(0))

    def _rebook(self, entry: str, amount: Decimal) -> None:
        self.ledger[entry] |= {"amount": str(amount), "open_amount": str(amount)}

    def _move(self, line: str, by: Decimal) -> None:
        self.bank[line]["amount"] = str(Decimal(self.bank[line]["amount"]) + by)


def _fee(taking: Decimal, percent: Decimal, fixed: Decimal) -> Decimal:
    return (taking * percent + fixed).quantize(CENT, ROUND_HALF_UP)
