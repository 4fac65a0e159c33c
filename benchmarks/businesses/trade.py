"""Businesses that invoice other businesses: a wholesaler, an agency with foreign customers, software paid a year
ahead."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal

from benchmarks.matching_samples import Row

from .books import PER_EUR, Maker, Payer
from .flows import bounce_receipts, card_expenses, own_transfers, pay_bill, payment_run, receive
from .references import STYLES

_TERMS = (7, 14, 30, 30, 30, 45, 60)


def accounts(m: Maker, *, second: bool = True, card: bool = True) -> None:
    """A second current account and a card."""
    for wanted, kind in ((second, "current"), (card, "card")):
        if wanted:
            number = f"{m.bank.country}{m.chance.randint(10**7, 10**8)}"
            m.accounts.append({"id": number, "currency": m.bank.currency, "type": kind})


def _collect(m: Maker, payer: Payer, invoices: Sequence[Row]) -> None:
    """What of these invoices is paid: most; grouping payers settle a month at once, with credit notes inside."""
    alive = []
    for invoice in invoices:
        roll, due = m.chance.random(), date.fromisoformat(invoice["due_date"])
        if due < m.start - timedelta(15) and roll < 0.85:
            invoice["open_amount"] = "0.00"
        elif roll > 0.09:
            alive.append(invoice)
    if not payer.groups:
        for invoice in alive:
            receive(m, payer, [invoice])
        return
    by_month: dict[str, list[Row]] = defaultdict(list)
    for invoice in alive:
        by_month[invoice["due_date"][:7]].append(invoice)
    for batch in by_month.values():
        for start in range(0, len(batch), 9):
            _settle_month(m, payer, batch[start : start + 9])


def _settle_month(m: Maker, payer: Payer, batch: list[Row]) -> None:
    total = sum((Decimal(e["open_amount"]) for e in batch), Decimal(0))
    wished = max(date.fromisoformat(e["due_date"]) for e in batch) + timedelta(payer.lag + m.chance.randint(-2, 4))
    on = m.when(max(wished, max(date.fromisoformat(e["date"]) for e in batch)), batch)
    if on is None:
        return
    if len(batch) > 1 and m.chance.random() < 0.3:
        day = m.day(date.fromisoformat(batch[-1]["date"]), 1, 6)
        back = m.round(total * Decimal(m.chance.choice(("0.05", "0.08", "0.113"))))
        note = m.entry(
            "credit_note",
            min(day, on),
            -back,
            payer.party.name,
            number=f"CN-{m.chance.randint(10**3, 10**5)}",
            memo="returned goods",
            currency=payer.currency,
        )
        m.settle(payer, [*batch, note], on, "multi_with_credit", f"k{len(batch)}", amount=total - back)
    else:
        receive(m, payer, batch)


def _buy(m: Maker, count: int, per_month: float, *, runs: float) -> None:
    """Bills of suppliers: some are collected, some paid one by one, the others in runs twice a month."""
    waiting: dict[date, list[tuple[Payer, Row]]] = defaultdict(list)
    for _ in range(count):
        supplier, how = m.payer(), m.chance.random()
        fixed = m.price(30, 900) if m.chance.random() < 0.3 else None
        for _ in range(max(1, round(per_month * m.months * m.chance.uniform(0.4, 1.6)))):
            on = m.day() - timedelta(m.chance.randint(5, 40))
            bill = m.bill(supplier, on, fixed or m.price(40, 6000), m.chance.choice(_TERMS))
            if m.chance.random() < 0.08:
                continue
            if how < runs:
                due = m.when(date.fromisoformat(bill["due_date"]), [bill])
                if due is None:
                    continue
                waiting[due - timedelta((due - m.start).days % 7)].append((supplier, bill))
            else:
                pay_bill(m, supplier, bill, form="debit" if how > 0.85 else "")
    for on, found in sorted(waiting.items()):
        if len(found) > 1 and on <= m.end:
            booked = m.chance.random() < 0.75
            limit = 14 if booked else 5
            for start in range(0, len(found) - 1, limit):
                part = found[start : start + limit]
                if len(part) > 1:
                    payment_run(m, part, on, booked=booked)


def wholesale(m: Maker) -> None:
    """Many invoices of few customers, monthly settlements with credit notes, discounts, instalments, payment runs."""
    accounts(m)
    for _ in range(m.size // 11):
        payer, terms = m.payer(groups=0.45), m.chance.choice(_TERMS)
        words = m.chance.choice(("{d} % Skonto {n} Tage", "{d}% {n} days net {t}", "{d} % sconto/escompte {n} j"))
        grants = m.chance.random() < 0.25
        memo = words.format(d=m.chance.choice(("2", "3", "2,5", "1.5")), n=10, t=terms) if grants else ""
        invoices = []
        for _ in range(m.chance.randint(3, 16)):
            invoices.append(
                m.invoice(payer, m.day() - timedelta(m.chance.randint(0, 45)), m.price(60, 9000), terms, memo)
            )
        _collect(m, payer, sorted(invoices, key=lambda e: e["date"]))
    _buy(m, m.size // 14, 1.2, runs=0.55)
    card_expenses(m, m.size // 40)
    own_transfers(m, m.size // 60)
    bounce_receipts(m, 0.01)


def agency(m: Maker) -> None:
    """Few large invoices, equal retainers, foreign customers paying in their or in the home currency, wire fees."""
    accounts(m)
    abroad = [c for c in ("USD", "EUR", "GBP", "CHF", "SEK", "JPY") if c != m.bank.currency]
    m.accounts.append({"id": f"FX{m.chance.randint(10**6, 10**7)}", "currency": abroad[0], "type": "current"})
    for _ in range(m.size // 11):
        is_foreign = m.chance.random() < 0.35
        payer = m.payer(currency=m.chance.choice(abroad) if is_foreign else "")
        retainer = m.price(300, 5000, payer.currency) if m.chance.random() < 0.5 else None
        terms, first = m.chance.choice(_TERMS), m.start - timedelta(m.chance.randint(5, 40))
        invoices = []
        for month in range(m.months + 1):
            for _ in range(m.chance.choice((1, 1, 1, 2, 3))):
                on = first + timedelta(30 * month + (0 if retainer else m.chance.randint(0, 25)))
                amount = retainer or m.price(200, 20000, payer.currency)
                invoices.append(m.invoice(payer, min(on, m.end), amount, terms, "Retainer" if retainer else "Project"))
        if not is_foreign:
            _collect(m, payer, invoices)
        else:
            for invoice in invoices:
                _from_abroad(m, payer, invoice)
    _buy(m, m.size // 10, 1.0, runs=0.2)
    card_expenses(m, m.size // 12)
    own_transfers(m, m.size // 80)


def _from_abroad(m: Maker, payer: Payer, invoice: Row) -> None:
    due = date.fromisoformat(invoice["due_date"])
    wished = max(due + timedelta(payer.lag + m.chance.randint(-3, 5)), date.fromisoformat(invoice["date"]))
    late = m.when(wished, [invoice])
    if late is None or m.chance.random() < 0.12:
        return
    on = m.working(late)
    owed, fee = Decimal(invoice["open_amount"]), Decimal(0)
    if payer.currency == m.accounts[-1]["currency"]:
        if m.chance.random() < 0.25:
            fee = m.round(m.chance.choice((8, 12.5, 20, 25)) * PER_EUR[payer.currency], payer.currency)
        if fee * 5 > owed:
            fee = Decimal(0)
        row = m.line("in", on, owed - fee, payer.party.payer, m.told(payer, [invoice]), len(m.accounts) - 1)
        m.group([row], [invoice], "tolerance" if fee else "exact_invoice", *(("wire_fee",) if fee else ()))
        return
    rate = m.rate(payer.currency, m.bank.currency, on) * (1 - abs(m.chance.gauss(0.004, 0.005)))
    got = m.round(float(owed) * rate)
    if m.chance.random() < 0.3:
        got -= min(m.round(m.chance.choice((5, 9.5, 15)) * PER_EUR[m.bank.currency]), m.round(float(got) * 0.04))
    what = m.told(payer, [invoice])
    if m.chance.random() < 0.4:
        what = f"{what} OCMT/{payer.currency}{owed}/"
    m.settle(payer, [invoice], on, "fx_payment", amount=got, what=what)


def prepaid(m: Maker) -> None:
    """Software: many small monthly plans at a few prices, some by bank, some yearly; debits that come back."""
    accounts(m)
    plans = [m.round(p * PER_EUR[m.bank.currency]) for p in (9, 19, 29, 49, 99, 199)]
    for _ in range(m.size // 5):
        payer, roll = m.payer(people=0.35, styles=(*STYLES, "text", "text")), m.chance.random()
        plan = m.chance.choice(plans)
        first = m.start - timedelta(m.chance.randint(0, 29))
        if roll < 0.35:
            yearly = m.round(plan * 12 * Decimal(m.chance.choice(("0.8", "0.9", "1"))))
            memo = "yearly 2 % prepaid 10 days" if m.chance.random() < 0.1 else "yearly"
            invoices = [m.invoice(payer, first, yearly * m.chance.choice((1, 1, 3, 5, 10)), 30, memo)]
            _collect(m, payer, invoices)
            continue
        seats = m.chance.choice((1, 1, 1, 2, 5, 8))
        for month in range(m.months + 1):
            on = first + timedelta(30 * month)
            if on > m.end:
                break
            invoice = m.invoice(payer, on, plan * seats, 14 if roll < 0.8 else 0, "subscription")
            if m.chance.random() < 0.93:
                _subscription(m, payer, invoice, is_debit=roll >= 0.8)
    _buy(m, m.size // 25, 1.0, runs=0.3)
    card_expenses(m, m.size // 16)
    bounce_receipts(m, 0.03)


def _subscription(m: Maker, payer: Payer, invoice: Row, *, is_debit: bool) -> None:
    lag = 0 if is_debit else payer.lag // 2 + m.chance.randint(-2, 3)
    wished = date.fromisoformat(invoice["due_date"]) + timedelta(lag)
    on = m.when(max(wished, date.fromisoformat(invoice["date"])), [invoice])
    if on is not None:
        m.settle(payer, [invoice], on, "recurring_invoice", what=invoice["number"] if is_debit else None)
