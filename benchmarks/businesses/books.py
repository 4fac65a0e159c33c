"""The books of an invented business while they are made: entries, bank lines, and which belong together."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from benchmarks.matching_samples import Row, Sample

from .banks import Bank
from .names import Party, company, party, surname
from .references import STYLES, Numbering, cite, structured

PER_EUR = {"EUR": 1.0, "USD": 1.08, "GBP": 0.85, "CHF": 0.95, "PLN": 4.3, "BGN": 1.956, "JPY": 160.0, "SEK": 11.3}
_LEDGER_COLUMNS = (
    "id",
    "kind",
    "date",
    "due_date",
    "amount",
    "open_amount",
    "currency",
    "contact_name",
    "number",
    "reference",
    "memo",
)
_DAY = timedelta(1)
_INSTITUTIONS = ("Payments Ltd", "Factoring AG", "Clearing SA", "Pay")
_THROUGH = 0.06
"""So many of a hundred parties pay through an institution that pays for others too; the bank knows only that one."""


@dataclass(frozen=True)
class Payer:
    """How a customer or the business itself pays: the same way each time, mostly."""

    party: Party
    style: str
    lag: int
    account: int
    takes_discount: bool
    groups: bool
    shorts: bool
    currency: str


@dataclass
class Maker:
    """One business with its bank; everything random comes from `chance`."""

    chance: random.Random
    bank: Bank
    start: date
    months: int
    size: int
    own: str = ""
    entries: list[Row] = field(default_factory=list)
    lines: list[Row] = field(default_factory=list)
    groups: list[dict[str, Any]] = field(default_factory=list)
    copies: list[dict[str, str]] = field(default_factory=list)
    processors: list[dict[str, str]] = field(default_factory=list)
    accounts: list[dict[str, str]] = field(default_factory=list)
    said: dict[str, str] = field(default_factory=dict)
    rates: dict[tuple[date, str], float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.own = company(self.chance, self.bank.languages[0])
        self.sales = Numbering.draw(self.chance, self.start - timedelta(120), 1 + self.size // 60)
        self.keeps_slips = self.chance.random() < 0.7
        self.accounts = [
            {
                "id": f"{self.bank.country}{self.chance.randint(10**7, 10**8)}",
                "currency": self.bank.currency,
                "type": "current",
            }
        ]
        self.weeks = self.months * 30 // 7
        self._seen = 100
        self._through = random.Random(f"{self.own} {self.size}")
        self.institutions = [f"{surname(self._through, 'en')} {kind}" for kind in _INSTITUTIONS]

    # Days and money.

    @property
    def end(self) -> date:
        """The statement's last day."""
        return self.start + timedelta(self.months * 30)

    def day(self, after: date | None = None, least: int = 0, most: int = 0) -> date:
        """A day of the statement, or some days after another."""
        if after is None:
            return self.start + timedelta(self.chance.randrange(self.months * 30))
        return after + timedelta(self.chance.randint(least, most))

    def when(self, on: date, entries: Sequence[Row]) -> date | None:
        """The day on the statement on which these are paid; None when that was before, and they are settled, or will
        be later. Few of those due before are paid late."""
        if on >= self.start:
            return on if on <= self.end else None
        if self.chance.random() < 0.12:
            return self.start + timedelta(self.chance.randint(0, 25))
        for entry in entries:
            entry["open_amount"] = "0.00"
        return None

    def working(self, day: date) -> date:
        """The next day on which banks work."""
        while day.weekday() > 4:
            day += _DAY
        return day

    def round(self, value: float | Decimal, currency: str = "") -> Decimal:
        """An amount in the currency's smallest unit."""
        unit = Decimal(1) if (currency or self.bank.currency) == "JPY" else Decimal("0.01")
        return Decimal(str(value)).quantize(unit, ROUND_HALF_UP)

    def price(self, low: float, high: float, currency: str = "") -> Decimal:
        """An amount as documents have them: net with tax, list prices, round sums; `low` and `high` in euros."""
        scale = PER_EUR[currency or self.bank.currency]
        value = low * (high / low) ** self.chance.random() * scale
        style = self.chance.random()
        if style < 0.3:
            step = 50 * 10 ** max(0, len(str(int(value))) - 4)
            value = max(1, round(value / step)) * step
        elif style < 0.45:
            value = max(10, round(value / 10) * 10) - 1
        elif style < 0.75:
            value = round(value) * (1 + self.chance.choice((0.07, 0.19, 0.2, 0.21, 0.24)))
        return self.round(value, currency)

    def rate(self, source: str, target: str, day: date) -> float:
        """What one unit is worth in another currency on a day."""
        return self._per_eur(target, day) / self._per_eur(source, day)

    def _per_eur(self, currency: str, day: date) -> float:
        if currency == "EUR":
            return 1.0
        if (day, currency) not in self.rates:
            steps = random.Random(f"{currency}{day:%Y%m%d}")
            drift = sum(random.Random(f"{currency}{day - timedelta(i):%Y%m%d}").gauss(0, 0.003) for i in range(30))
            self.rates[day, currency] = round(PER_EUR[currency] * (1 + drift + steps.gauss(0, 0.001)), 5)
        return self.rates[day, currency]

    # Parties.

    def payer(
        self, *, people: float = 0.0, styles: Sequence[str] = STYLES, currency: str = "", groups: float = 0.25
    ) -> Payer:
        """Somebody new who pays or is paid, with habits."""
        self._seen += self.chance.randint(1, 40)
        chance = self.chance
        style = chance.choice(tuple(styles))
        if style == "structured" and not self.bank.structured:
            style = "full"
        if self.bank.structured and chance.random() < 0.35:
            style = "structured"
        somebody = party(chance, chance.choice(self.bank.languages), self._seen, people=people)
        if self._through.random() < _THROUGH:
            somebody = replace(somebody, payer=self._through.choice(self.institutions))
        return Payer(
            somebody,
            style,
            int(chance.gauss(2, 8)),
            chance.randrange(3),
            chance.random() < 0.5,
            chance.random() < groups,
            chance.random() < 0.06,
            currency or self.bank.currency,
        )

    # Entries, lines, and what belongs together.

    def entry(self, kind: str, on: date, amount: Decimal, who: str, **told: Any) -> Row:
        """Book something; `amount` has the sign of the line that settles it."""
        row = {
            "id": str(len(self.entries)),
            "kind": kind,
            "date": str(on),
            "due_date": str(told["due"]) if told.get("due") else "",
            "amount": str(amount),
            "open_amount": str(told.get("open", amount)),
            "currency": told.get("currency") or self.bank.currency,
            "contact_name": who,
            "number": told.get("number", ""),
            "reference": told.get("reference", ""),
            "memo": told.get("memo", ""),
            "slip": told.get("slip", ""),
            "order": told.get("order", ""),
        }
        self.entries.append(row)
        return row

    def invoice(self, payer: Payer, on: date, amount: Decimal, terms: int, memo: str = "", **more: Any) -> Row:
        """A sales invoice; sometimes with the customer's order or the slip's reference in the books."""
        number = self.sales.next(on)
        slip = structured(self.bank.structured, payer.party.number, self.sales.count)
        order = f"PO{self.chance.randint(10**4, 10**6)}" if self.chance.random() < 0.3 or payer.style == "own" else ""
        shown = slip if self.keeps_slips and slip else order if self.chance.random() < 0.8 else ""
        told = {
            "due": on + timedelta(terms),
            "number": number,
            "reference": shown,
            "slip": slip,
            "order": order,
            "memo": memo,
        }
        return self.entry("invoice", on, amount, payer.party.name, currency=payer.currency, **(told | more))

    def bill(self, payer: Payer, on: date, amount: Decimal, terms: int, memo: str = "") -> Row:
        """A supplier's bill with the supplier's own number; `amount` is positive here."""
        number = f"{self.chance.choice(('', '', 'R-', 'F', 'B/'))}{self.chance.randint(10**3, 10**8)}"
        due = on + timedelta(terms)
        return self.entry(
            "bill", on, -amount, payer.party.name, currency=payer.currency, due=due, number=number, memo=memo
        )

    def line(self, kind: str, on: date, amount: Decimal, who: str, what: str = "", account: int = 0) -> Row:
        """A line at the bank, written the bank's way."""
        own = self.accounts[account % len(self.accounts)]
        other = self.accounts[(account + 1) % len(self.accounts)]["id"]
        texts = self.bank.write(self.chance, kind, who, what, on, other)
        row = {
            "id": str(len(self.lines)),
            "account_id": own["id"],
            "date": str(on),
            "amount": str(amount),
            "currency": own["currency"],
        }
        self.said[row["id"]] = what
        self.lines.append(row | dict(zip(("description", "counterparty", "reference"), texts, strict=True)))
        return self.lines[-1]

    def group(self, lines: Sequence[Row], entries: Sequence[Row], kind: str, *tags: str) -> None:
        """These belong together."""
        self.groups.append(
            {"bank": [r["id"] for r in lines], "ledger": [e["id"] for e in entries], "kind": kind, "tags": list(tags)}
        )

    def told(self, payer: Payer, entries: Sequence[Row], *, style: str = "") -> str:
        """What this payer writes about these documents; habits have exceptions."""
        kept = style or (payer.style if self.chance.random() < 0.88 else self.chance.choice(STYLES))
        day = date.fromisoformat(entries[0]["date"])
        period = entries[0]["memo"].split()[1] if entries[0]["memo"].startswith("Rent ") else f"{day:%m/%Y}"
        words = f"{self.bank.say('fee')} {period}"
        return cite(self.chance, kept, entries, word=self.bank.say("invoice"), customer=payer.party.number, text=words)

    def settle(self, payer: Payer, entries: Sequence[Row], on: date, kind: str, *tags: str, **how: Any) -> Row:
        """One line that settles documents whole, or with `amount` by something else."""
        total = sum((Decimal(e["open_amount"]) for e in entries), Decimal(0))
        amount = how.get("amount", total)
        written = how.get("form") or ("in" if amount > 0 else "out")
        what = how.get("what")
        what = self.told(payer, entries) if what is None else what
        account = self.account_of(payer)
        row = self.line(written, self.working(on), amount, how.get("who", payer.party.payer), what, account)
        self.group([row], entries, kind, *tags)
        return row

    def account_of(self, payer: Payer) -> int:
        """The own account that this payer uses; cards and other currencies are nobody's habit."""
        usable = [
            i for i, a in enumerate(self.accounts) if a["type"] == "current" and a["currency"] == self.bank.currency
        ]
        return usable[payer.account % len(usable)]

    def sample(self, seed: int, profile: str) -> Sample:
        """The finished files; ids run in order of days."""
        lines = _numbered(self.lines, "B")
        entries = _numbered(self.entries, "L")
        groups = [
            g | {"bank": sorted(lines[b] for b in g["bank"]), "ledger": sorted(entries[e] for e in g["ledger"])}
            for g in self.groups
        ]
        copies = [{"bank": lines[c["bank"]], "of": lines[c["of"]]} for c in self.copies]
        known = {b for g in groups for b in g["bank"]} | {c["bank"] for c in copies}
        bank = sorted((r | {"id": lines[r["id"]]} for r in self.lines), key=lambda r: r["id"])
        ledger = sorted(
            ({c: (e | {"id": entries[e["id"]]})[c] for c in _LEDGER_COLUMNS} for e in self.entries),
            key=lambda e: e["id"],
        )
        base = self.bank.currency
        truth = {
            "version": "1.0",
            "seed": seed,
            "profile": profile,
            "dialect": self.bank.key,
            "lines": len(bank),
            "base_currency": base,
            "to_base": {c: PER_EUR[base] / PER_EUR[c] for c in PER_EUR},
            "groups": groups,
            "duplicates": copies,
            "unmatched_bank": [r["id"] for r in bank if r["id"] not in known],
            "ledger_equiv": _equal(ledger),
        }
        context = {
            "own_company": self.own,
            "home_currency": base,
            "accounts": self.accounts,
            "processors": self.processors,
            "tolerances": {},
        }
        return Sample(bank, ledger, context, truth, {"fx_rates.csv": self._rate_file()} if self.rates else {})

    def _rate_file(self) -> str:
        currencies = sorted({c for _, c in self.rates})
        days = [self.start - timedelta(90) + timedelta(i) for i in range(self.months * 30 + 120)]
        rows = [f"{d},{c},{self._per_eur(c, d)}" for d in days for c in currencies]
        return "\n".join(("date,currency,per_eur", *rows)) + "\n"


def _numbered(rows: Sequence[Row], letter: str) -> dict[str, str]:
    ordered = sorted(rows, key=lambda r: (r["date"], int(r["id"])))
    return {row["id"]: f"{letter}{at:07d}" for at, row in enumerate(ordered, start=1)}


def _equal(ledger: Sequence[Row]) -> dict[str, str]:
    first: dict[tuple[str, ...], str] = {}
    same: dict[str, str] = {}
    for entry in ledger:
        key = tuple(entry[c] for c in _LEDGER_COLUMNS[1:])
        kept = first.setdefault(key, entry["id"])
        if kept != entry["id"]:
            same[entry["id"]] = kept
    return same
