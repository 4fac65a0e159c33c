"""Sales that reach the bank through somebody else: payouts, reserves, chargebacks, card batches, platforms."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal

from benchmarks.matching_samples import Row

from .books import PER_EUR, Maker
from .flows import card_expenses, own_transfers, pay_bill
from .names import person
from .trade import accounts

_NAMES = ("Payrelo", "Zwiftpay", "Kassano", "Mercatia", "Bluecard Acquiring", "Nordkort", "Tillpoint")


@dataclass
class Desk:
    """One processor: takings that wait for a payout."""

    m: Maker
    name: str
    percent: Decimal
    fixed: Decimal
    dispute: Decimal
    is_listed: bool
    kind: str
    waiting: list[Row] = field(default_factory=list)
    reserve: Row | None = None
    count: int = 0

    @classmethod
    def draw(cls, m: Maker, *, kind: str = "", listed: float = 0.85) -> Desk:
        """A processor with its price; sometimes the tenant has not told us its list price."""
        taken = {p["ledger_contact"] for p in m.processors}
        name = m.chance.choice([n for n in _NAMES if n not in taken])
        percent = Decimal(m.chance.choice(("0.0095", "0.014", "0.0175", "0.0225", "0.029", "0.12")))
        scale = PER_EUR[m.bank.currency]
        fixed = m.round(m.chance.choice((0, 0.05, 0.1, 0.25, 0.35)) * scale)
        dispute = m.round(m.chance.choice((12, 15, 20)) * scale)
        listed_too = m.chance.random() < listed
        if listed_too:
            told = {
                "key": name.split()[0].lower(),
                "ledger_contact": name,
                "percent": str(percent),
                "fixed": str(fixed),
                "dispute_fee": str(dispute),
            }
            m.processors.append(told)
        return cls(m, name, percent, fixed, dispute, listed_too, kind or m.chance.choice(("payment", "invoice")))

    def trade(self, on: date, count: int, price: Callable[[], Decimal], *, buyers: bool = False, days: int = 6) -> None:
        """Takings of some days."""
        for _ in range(count):
            day, amount = self.m.day(on, 0, days), price()
            self.count += 1
            who = person(self.m.chance, self.m.chance.choice(self.m.bank.languages)) if buyers else "Web shop"
            number = self.m.sales.next(day) if self.kind == "invoice" else ""
            code = f"{self.name.split()[0]} tx_{self.m.chance.randint(10**8, 10**9)}"
            due = day if self.kind == "invoice" else None
            self.waiting.append(
                self.m.entry(
                    self.kind,
                    day,
                    amount,
                    who,
                    due=due,
                    number=number,
                    reference=f"#{self.m.chance.randint(10**4, 10**6)}",
                    memo=code,
                )
            )

    def refund(self, on: date, share: float) -> None:
        """Some takings are given back, from the next payout."""
        for sold in [w for w in self.waiting if Decimal(w["amount"]) > 0]:
            if self.m.chance.random() < share:
                number = f"CN-{self.m.chance.randint(10**4, 10**5)}"
                day = self.m.day(date.fromisoformat(sold["date"]), 0, 2)
                self.waiting.append(
                    self.m.entry(
                        "credit_note",
                        min(on, day),
                        -Decimal(sold["amount"]),
                        sold["contact_name"],
                        number=number,
                        reference=sold["number"],
                        memo=f"Refund {self.name}",
                    )
                )

    def fee_of(self, entry: Row) -> Decimal:
        """The list price of one taking; refunds cost nothing and bring nothing back."""
        amount = Decimal(entry["amount"])
        return self.m.round(amount * self.percent + self.fixed) if amount > 0 else Decimal(0)

    def pay_out(self, cut: date, *, booked_fee: bool, lag: tuple[int, int] = (1, 3), reserve: float = 0.0) -> None:
        """All takings before a day reach the bank, less fees, less or plus a reserve."""
        m, on = self.m, self.m.working(self.m.day(cut, *lag))
        items = [w for w in self.waiting if date.fromisoformat(w["date"]) < cut]
        total = sum((Decimal(w["amount"]) for w in items), Decimal(0))
        fee = sum((self.fee_of(w) for w in items), Decimal(0))
        if not items or on > m.end or total - fee <= 0:
            return
        self.waiting = [w for w in self.waiting if w not in items]
        extra = self._reserve(cut, total, reserve) if reserve else []
        if booked_fee or not self.is_listed:
            extra.append(
                m.entry("expense", m.day(on, -1, 0), -fee, self.name, memo=f"{self.name.split()[0]} fees {on}")
            )
        net = total - fee + sum((Decimal(e["amount"]) for e in extra if "reserve" in e["memo"]), Decimal(0))
        code = m.chance.choice((f"po_{m.chance.randint(10**7, 10**9)}", f"{m.chance.randint(10**6, 10**8)}", ""))
        if net > 0:
            row = m.line(
                "in_payout",
                on,
                net,
                m.chance.choice((self.name, f"{self.name} Ltd", self.name.split()[0])),
                f"{self.name.split()[0]} {code}",
            )
            m.group([row], [*items, *extra], "payout_fee_ledger" if booked_fee else "payout_fee_pct", f"k{len(items)}")

    def _reserve(self, cut: date, total: Decimal, share: float) -> list[Row]:
        """What was held back before is released, and a new reserve is held."""
        held = self.m.entry(
            "expense",
            cut,
            -self.m.round(total * Decimal(str(share))),
            self.name,
            memo=f"{self.name.split()[0]} reserve held",
        )
        released, self.reserve = self.reserve, held
        if released is None:
            return [held]
        back = self.m.entry(
            "expense", cut, -Decimal(released["amount"]), self.name, memo=f"{self.name.split()[0]} reserve released"
        )
        return [held, back]

    def charge_back(self, on: date, amount: Decimal) -> None:
        """A buyer's bank takes a payment back, with a fee, straight from the account."""
        m, day = self.m, self.m.working(on)
        code = f"dp_{m.chance.randint(10**6, 10**7)}"
        note = m.entry(
            "credit_note",
            on,
            -amount,
            person(m.chance, m.bank.languages[0]),
            number=f"CN-{m.chance.randint(10**4, 10**5)}",
            memo=f"Chargeback {self.name} {code}",
        )
        fee = m.entry("expense", on, -self.dispute, self.name, reference=code, memo="Dispute fee")
        row = m.line("out", m.day(day, 0, 2), -amount - self.dispute, self.name, m.chance.choice((code, "dispute", "")))
        m.group([row], [note, fee], "chargeback")


def marketplace(m: Maker) -> None:
    """Sales through two marketplaces paid out every one or two weeks with reserves, and a card processor every day."""
    accounts(m)
    card, shops = Desk.draw(m, kind="invoice"), [Desk.draw(m), Desk.draw(m), Desk.draw(m)]
    for day in range(m.months * 30):
        on = m.start + timedelta(day)
        card.trade(on, m.chance.choice((1, 2, 3, 4)), lambda: m.price(8, 220), buyers=True, days=0)
        if day % 7 != 3:
            card.refund(on, 0.04)
            card.pay_out(on, booked_fee=m.chance.random() < 0.3)
        for number, shop in enumerate(shops):
            shop.trade(on, m.chance.choice((0, 1, 2)), lambda: m.price(8, 150), days=0)
            if day % (7, 14, 1)[number] == 0:
                shop.refund(on, 0.06)
                shop.pay_out(on, booked_fee=True, lag=(1, 4), reserve=0.1 if number == 1 else 0.0)
        if m.chance.random() < 0.08:
            card.charge_back(on, m.price(15, 200))
    _stock(m, m.size // 25)
    card_expenses(m, m.size // 8)
    own_transfers(m, m.size // 60)


def _stock(m: Maker, count: int) -> None:
    for _ in range(count):
        supplier = m.payer()
        for _ in range(m.chance.randint(2, 3 * m.months)):
            bill = m.bill(
                supplier, m.day() - timedelta(m.chance.randint(5, 30)), m.price(25, 1500), m.chance.choice((7, 14, 30))
            )
            if m.chance.random() < 0.93:
                pay_bill(m, supplier, bill, form=m.chance.choice(("", "", "debit")))


def restaurant(m: Maker) -> None:
    """Card batches of each evening, settled on the next working day and after weekends together; cash; platforms."""
    accounts(m)
    acquirer, platform = Desk.draw(m, kind="payment", listed=0.7), Desk.draw(m, kind="invoice", listed=0.0)
    merges = m.chance.random() < 0.5
    for day in range(m.months * 30):
        on = m.start + timedelta(day)
        if on.weekday() != 0:
            for brand in ("Visa/MC", "local debit"):
                total = m.price(150, 1800)
                entry = m.entry(
                    "payment",
                    on,
                    total,
                    acquirer.name,
                    memo=f"{acquirer.name} {brand} batch {on}" if m.chance.random() < 0.6 else f"{acquirer.name} batch",
                )
                acquirer.waiting.append(entry)
                if not merges:
                    _settle_batch(m, acquirer, [entry], on)
        if merges and on.weekday() not in (4, 5):
            _settle_batch(m, acquirer, [w for w in acquirer.waiting if date.fromisoformat(w["date"]) <= on], on)
        if on.weekday() in (0, 3) and m.chance.random() < 0.8:
            cash = m.price(200, 1500)
            note = m.entry("payment", on, cash, "Cash till", memo="Cash deposit")
            m.group(
                [m.line("in_cash", m.working(m.day(on, 0, 1)), cash, "", str(m.chance.randint(10**3, 10**6)))],
                [note],
                "recorded_payment",
            )
        if on.weekday() == 2:
            _platform(m, platform, on)
    _stock(m, m.size // 22)
    card_expenses(m, m.size // 10)
    own_transfers(m, m.size // 60)


def _settle_batch(m: Maker, acquirer: Desk, entries: list[Row], on: date) -> None:
    """One batch or a weekend's; the fee is taken off at once when listed, else once a month."""
    acquirer.waiting = [w for w in acquirer.waiting if w not in entries]
    day = m.working(on + timedelta(1 if m.chance.random() < 0.85 else 2))
    if not entries or day > m.end:
        return
    gross = sum((Decimal(e["amount"]) for e in entries), Decimal(0))
    fee = sum((acquirer.fee_of(e) for e in entries), Decimal(0)) if acquirer.is_listed else Decimal(0)
    words = m.chance.choice(
        (
            f"TID {m.chance.randint(10**6, 10**7)}",
            f"BATCH {m.chance.randint(100, 999)} {on:%d%m}",
            f"MID 00{m.chance.randint(10**6, 10**7)}",
        )
    )
    row = m.line("in_payout", day, gross - fee, acquirer.name, f"{acquirer.name.split()[0]} {words}")
    m.group([row], entries, "payout_fee_pct" if acquirer.is_listed else "recorded_payment", f"k{len(entries)}")


def _platform(m: Maker, platform: Desk, on: date) -> None:
    """A delivery platform pays a week's sales less its commission, which is a bill of its own: netted."""
    sales = m.price(600, 4000)
    buyer = m.entry(
        "invoice", on, sales, platform.name, due=on + timedelta(7), number=m.sales.next(on), memo="Delivery sales"
    )
    commission = m.entry(
        "bill",
        on,
        -m.round(sales * Decimal("0.3")),
        platform.name,
        due=on + timedelta(7),
        number=f"{m.chance.randint(10**5, 10**7)}",
        memo="Commission",
    )
    day = m.working(m.day(on, 2, 7))
    if day <= m.end:
        net = sales + Decimal(commission["amount"])
        row = m.line(
            "in", day, net, platform.name, m.chance.choice((buyer["number"], commission["number"], f"week {on:%W}"))
        )
        m.group([row], [buyer, commission], "netted")
