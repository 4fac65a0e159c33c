"""Businesses with many small equal amounts of people: a charity, and a landlord."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

from benchmarks.matching_samples import Row

from .books import PER_EUR, Maker, Payer
from .flows import bounce_receipts, card_expenses, own_transfers, pay_bill
from .names import company, person
from .processors import Desk
from .trade import accounts

_QUIET = ("text", "text", "text", "none", "none", "customer", "customer", "full")


def charity(m: Maker) -> None:
    """Gifts by standing order and transfer, dues with a member's number, gifts by card net of fees, some grants."""
    accounts(m)
    sizes = [m.round(s * PER_EUR[m.bank.currency]) for s in (5, 10, 10, 15, 20, 25, 25, 50, 50, 100, 250)]
    for _ in range(m.size // 6):
        donor, amount = m.payer(people=0.93, styles=_QUIET), m.chance.choice(sizes)
        monthly, first = m.chance.random() < 0.6, m.chance.randrange(28)
        for month in range(m.months if monthly else 1):
            on = m.start + timedelta(30 * month + first) if monthly else m.day()
            gift = m.entry("payment", m.day(on, 0, 1), amount, donor.party.name, memo=f"Donor {donor.party.number}")
            m.settle(donor, [gift], on, "recorded_payment", what=_gift_words(m, donor))
    for _ in range(m.size // 5):
        member = m.payer(people=1.0, styles=_QUIET)
        dues = m.invoice(
            member,
            m.start - timedelta(m.chance.randint(0, 20)),
            m.chance.choice(sizes) * 2,
            30,
            f"Member {member.party.number}",
        )
        on = m.start + timedelta(max(0, int(m.chance.gauss(25, 15))))
        if m.chance.random() < 0.85 and on <= m.end:
            m.settle(member, [dues], on, "exact_invoice")
    desk = Desk.draw(m)
    for week in range(m.weeks):
        desk.trade(m.start + timedelta(7 * week), m.chance.randint(3, 10), lambda: m.chance.choice(sizes), buyers=True)
        desk.pay_out(m.start + timedelta(7 * week + 7), booked_fee=week % 2 == 0)
    _spend(m)
    bounce_receipts(m, 0.02)


def _gift_words(m: Maker, donor: Payer) -> str:
    word = m.bank.say("gift")
    return m.chance.choice(
        (word, f"{word} {donor.party.number}", "", f"{word} {m.chance.choice(('Ukraine', 'Aktion 7', 'projet eau'))}")
    )


def _spend(m: Maker) -> None:
    for _ in range(m.size // 40):
        supplier = m.payer()
        for _ in range(m.months):
            bill = m.bill(supplier, m.day() - timedelta(20), m.price(40, 2500), m.chance.choice((14, 30)))
            if m.chance.random() < 0.92:
                pay_bill(m, supplier, bill, form=m.chance.choice(("", "debit")))
    card_expenses(m, m.size // 30)
    own_transfers(m, m.size // 80)


def rent(m: Maker) -> None:
    """Flats with equal rents on the first: partners and agencies pay, two months at once, halves, arrears."""
    accounts(m, card=False)
    rents = [m.price(380, 1600) for _ in range(9)]
    agencies = [company(m.chance, m.bank.languages[0]) for _ in range(3)]
    by_agency: dict[str, list[Payer]] = {name: [] for name in agencies}
    for flat in range(m.size * 10 // 48):
        tenant = m.payer(people=0.9, styles=("text", "text", "text", "none", "customer", "full"))
        if m.chance.random() < 0.05:
            by_agency[m.chance.choice(agencies)].append(tenant)
            continue
        amount = m.chance.choice(rents)
        if m.chance.random() < 0.4:
            amount += m.round(m.chance.choice((45, 60, 75.5, 110)) * PER_EUR[m.bank.currency])
        _tenancy(
            m,
            tenant,
            amount,
            f"{m.chance.choice(('Flat', 'Whg', 'Unit', 'Apt'))} {flat // 9 + 1}{'ABCDEFGHI'[flat % 9]}",
        )
    for name, tenants in by_agency.items():
        _by_agency(m, name, tenants, rents)
    for _ in range(m.size // 30):
        trader = m.payer()
        for _ in range(m.months):
            pay_bill(m, trader, m.bill(trader, m.day() - timedelta(15), m.price(50, 4000), 14))
    own_transfers(m, m.size // 60)
    bounce_receipts(m, 0.015)


def _months(m: Maker) -> list[date]:
    return [
        date(m.start.year + (m.start.month - 1 + k) // 12, (m.start.month - 1 + k) % 12 + 1, 1)
        for k in range(m.months + 1)
    ]


def _tenancy(m: Maker, tenant: Payer, amount: Decimal, flat: str) -> None:
    habit, waiting = m.chance.randint(-4, 6), list[Row]()
    second = person(m.chance, tenant.party.language)
    for first in _months(m):
        invoice = m.invoice(
            tenant, first - timedelta(m.chance.choice((5, 10, 10))), amount, 0, f"Rent {first:%m/%Y} {flat}", due=first
        )
        on = m.when(first + timedelta(habit + m.chance.randint(-1, 2)), [invoice])
        if on is None:
            continue
        words = m.chance.choice(
            (f"{m.bank.say('rent')} {first:%m/%Y}", f"{m.bank.say('rent')} {flat}", m.bank.say("rent"), "")
        )
        what = words if tenant.style == "text" else m.told(tenant, [invoice])
        roll = m.chance.random()
        if waiting:
            m.settle(tenant, [*waiting, invoice], on, "multi_invoice", "k2", what=what)
            waiting = []
        elif roll < 0.04:
            waiting = [invoice]
        elif roll < 0.08:
            halves = [m.round(amount / 2), amount - m.round(amount / 2)]
            days = sorted((m.working(on), m.working(m.day(on, 0, 10))))
            if days[-1] <= m.end:
                rows = [
                    m.line("in", d, h, w, what, m.account_of(tenant))
                    for d, h, w in zip(days, halves, (tenant.party.payer, second), strict=True)
                ]
                m.group(rows, [invoice], "split_payment", "k2", "two_payers")
        elif roll < 0.1:
            short = m.round(amount * Decimal(m.chance.choice(("0.9", "0.8", "0.5"))))
            m.settle(tenant, [invoice], on, "partial_payment", amount=short, what=what)
        elif roll < 0.97:
            m.settle(tenant, [invoice], on, "recurring_invoice", what=what)


def _by_agency(m: Maker, name: str, tenants: list[Payer], rents: list[Decimal]) -> None:
    """An office pays the rents of several tenants in one sum."""
    fixed = [(t, m.chance.choice(rents)) for t in tenants]
    for first in _months(m):
        invoices = [
            m.invoice(t, first - timedelta(10), amount, 0, f"Rent {first:%m/%Y}", due=first) for t, amount in fixed
        ]
        on = m.working(first + timedelta(m.chance.randint(0, 3)))
        if len(invoices) > 1 and m.start <= on <= m.end:
            m.settle(
                tenants[0],
                invoices,
                on,
                "multi_invoice",
                "many_contacts",
                f"k{len(invoices)}",
                who=name,
                what=m.told(tenants[0], invoices, style="full"),
            )
