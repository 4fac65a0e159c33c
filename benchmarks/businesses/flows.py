"""What every business does: sells, buys, moves money between its accounts, and has lines that belong to nothing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal

from benchmarks.matching_samples import Row

from .books import PER_EUR, Maker, Payer
from .names import company, person


def spread(m: Maker, total: Decimal, parts: int) -> list[Decimal]:
    """A sum in equal parts, the last takes what is left."""
    each = m.round(total / parts)
    return [each] * (parts - 1) + [total - each * (parts - 1)]


def receive(m: Maker, payer: Payer, invoices: Sequence[Row]) -> None:
    """A customer settles these invoices, in one of the ways in which customers do."""
    chance, due = m.chance, max(date.fromisoformat(e["due_date"]) for e in invoices)
    wished = max(due + timedelta(payer.lag + chance.randint(-3, 3)), date.fromisoformat(invoices[-1]["date"]))
    on = m.when(wished, invoices)
    if on is None:
        return
    total = sum((Decimal(e["open_amount"]) for e in invoices), Decimal(0))
    roll = chance.random()
    if len(invoices) > 1:
        if roll < 0.12:
            _in_several(m, payer, invoices, on, total)
        else:
            m.settle(payer, invoices, on, "multi_invoice", f"k{len(invoices)}")
    elif "%" in invoices[0]["memo"] and payer.takes_discount:
        share = Decimal(invoices[0]["memo"].split("%", maxsplit=1)[0].split()[-1].replace(",", "."))
        early = max(m.start, min(on, date.fromisoformat(invoices[0]["date"]) + timedelta(chance.randint(5, 10))))
        m.settle(payer, invoices, early, "tolerance", "early_discount", amount=m.round(total * (1 - share / 100)))
    elif payer.shorts and total > 200 * m.round(PER_EUR[m.bank.currency]):
        fee = m.round(chance.choice((4.5, 7.5, 12.0, 15.0, 18.5, 25.0)) * PER_EUR[m.bank.currency])
        m.settle(payer, invoices, on, "tolerance", "wire_fee", amount=total - fee)
    elif roll < 0.03:
        _instalments(m, payer, invoices[0], on, total)
    elif roll < 0.05:
        part = m.round(total * chance.choice((Decimal("0.5"), Decimal("0.3"), Decimal("0.25"))))
        m.settle(
            payer, invoices, on, "partial_payment", amount=part, what=f"{m.bank.say('part')} {m.told(payer, invoices)}"
        )
    elif roll < 0.06:
        m.settle(payer, invoices, on, "tolerance", "overpaid", amount=m.round(total * Decimal("1.005")))
    else:
        m.settle(payer, invoices, on, "exact_invoice")


def _in_several(m: Maker, payer: Payer, invoices: Sequence[Row], on: date, total: Decimal) -> None:
    """Two to four transfers for several invoices: the customer's bank has a limit per day."""
    count = m.chance.choice((2, 2, 3, 4))
    if m.chance.random() < 0.5:
        parts = spread(m, total, count)
    else:
        limit = m.round(float(total) / (count - 0.5))
        limit = limit.quantize(Decimal(1))
        parts = [limit] * (count - 1) + [total - limit * (count - 1)]
    if min(parts) <= 0:
        return
    rows = []
    for part in parts:
        on = m.working(m.day(on, 0, 3))
        rows.append(m.line("in", on, part, payer.party.payer, m.told(payer, invoices), m.account_of(payer)))
    m.group(rows, invoices, "nm", f"lines{count}")


def _instalments(m: Maker, payer: Payer, invoice: Row, on: date, total: Decimal) -> None:
    count = m.chance.choice((2, 3, 3, 4))
    days = [on]
    for _ in range(count - 1):
        days.append(days[-1] + timedelta(m.chance.choice((7, 14, 14, 21))))
    if days[-1] > m.end:
        m.settle(payer, [invoice], on, "exact_invoice")
        return
    rows = []
    for day, part in zip(days, spread(m, total, count), strict=True):
        what = f"{m.bank.say('part')} {m.told(payer, [invoice])}"
        rows.append(m.line("in", m.working(day), part, payer.party.payer, what, m.account_of(payer)))
    m.group(rows, [invoice], "split_payment", f"k{count}")


def pay_bill(m: Maker, supplier: Payer, bill: Row, *, form: str = "") -> None:
    """The business pays a bill: by transfer, or the supplier collects it."""
    due = date.fromisoformat(bill["due_date"])
    on = m.when(max(date.fromisoformat(bill["date"]), due + timedelta(m.chance.randint(-3, 1))), [bill])
    if on is None:
        return
    if form == "debit" and m.chance.random() < 0.5:
        m.settle(supplier, [bill], max(on, due), "bill_payment", form="debit")
        return
    what = bill["number"] if m.chance.random() < 0.75 else m.told(supplier, [bill])
    row = m.settle(supplier, [bill], on, "bill_payment", who=supplier.party.name, what=what)
    if m.chance.random() < 0.025:
        _comes_back(m, supplier, bill, row, what)


def _comes_back(m: Maker, supplier: Payer, bill: Row, row: Row, what: str) -> None:
    """A payment returns, and is mostly made again some days later: the second one pays the bill."""
    back = m.working(m.day(date.fromisoformat(row["date"]), 1, 6))
    told = what if m.chance.random() < 0.5 else ""
    account = next(i for i, a in enumerate(m.accounts) if a["id"] == row["account_id"])
    returned = m.line("return", back, -Decimal(row["amount"]), supplier.party.name, told, account)
    m.groups.pop()
    m.group([row, returned], [], "reversal")
    again = m.working(m.day(back, 1, 5))
    if m.chance.random() < 0.7 and again <= m.end:
        second = m.line("out", again, Decimal(row["amount"]), supplier.party.name, what, account)
        m.group([second], [bill], "bounced_then_paid")


def bounce_receipts(m: Maker, share: float) -> None:
    """Some receipts come back (a debit refused, a cheque without cover): the document stays open."""
    for group in [g for g in m.groups if g["kind"] in ("exact_invoice", "recurring_invoice", "recorded_payment")]:
        row = next(r for r in m.lines if r["id"] == group["bank"][0])
        if Decimal(row["amount"]) <= 0 or m.chance.random() > share:
            continue
        back = m.working(m.day(date.fromisoformat(row["date"]), 1, 8))
        account = next(i for i, a in enumerate(m.accounts) if a["id"] == row["account_id"])
        who = next(e["contact_name"] for e in m.entries if e["id"] == group["ledger"][0])
        what = m.said[row["id"]] if m.chance.random() < 0.6 else ""
        returned = m.line("return", back, -Decimal(row["amount"]), who, what, account)
        m.groups.remove(group)
        m.group([row, returned], [], "reversal", "of_receipt")


def payment_run(m: Maker, suppliers: Sequence[tuple[Payer, Row]], on: date, *, booked: bool) -> None:
    """One line for many bills: mostly booked as payments with the run's reference before, sometimes not booked."""
    run, day = f"{m.chance.choice(('RUN', 'ZL', 'LOT', 'PR'))}{m.chance.randint(100, 99999)}", m.working(on)
    if booked:
        shown = run if m.chance.random() < 0.7 else ""
        entries = [
            m.entry(
                "payment",
                on,
                Decimal(b["amount"]),
                p.party.name,
                number=b["number"],
                reference=shown,
                memo="payment run",
            )
            for p, b in suppliers
        ]
        for _, b in suppliers:
            b["open_amount"] = str(Decimal(0))
    else:
        entries = [b for _, b in suppliers]
    total = sum((Decimal(e["amount"]) for e in entries), Decimal(0))
    what = m.chance.choice((run, f"{run} {len(entries)}", f"{len(entries)}", ""))
    row = m.line("batch", day, total, "", what)
    m.group([row], entries, "payment_run", "booked" if booked else "bills")


def own_transfers(m: Maker, count: int) -> None:
    """Money between own accounts: booked on both sides, or not at all."""
    usable = [i for i, a in enumerate(m.accounts) if a["currency"] == m.bank.currency]
    if len(usable) < 2:
        return
    for _ in range(count):
        source, target = m.chance.sample(usable, 2)
        on, amount = m.working(m.day()), m.price(400, 20000)
        later = m.working(m.day(on, 0, 2))
        a = m.line("own", on, -amount, m.own if m.chance.random() < 0.5 else "", "", source)
        b = m.line("own", later, amount, m.own if m.chance.random() < 0.5 else "", "", target)
        if m.chance.random() < 0.55:
            memo = (
                f"Transfer {m.accounts[source]['id']} {m.accounts[target]['id']}"
                if m.chance.random() < 0.6
                else "Transfer"
            )
            for row, value in ((a, -amount), (b, amount)):
                m.group([row], [m.entry("transfer", on, value, m.own, memo=memo)], "transfer")
        else:
            m.group([a, b], [], "transfer_unbooked")


def card_expenses(m: Maker, count: int) -> None:
    """Purchases by card, booked from receipts: the day of the receipt, not the day of the bank."""
    card = next((i for i, a in enumerate(m.accounts) if a["type"] == "card"), 0)
    shops = [company(m.chance, m.chance.choice(m.bank.languages)) for _ in range(max(4, count // 4))]
    for _ in range(count):
        shop, on, amount = m.chance.choice(shops), m.day(), m.price(5, 400)
        entry = m.entry("expense", on, -amount, shop, memo=m.chance.choice(("Travel", "Supplies", "Meal", "")))
        row = m.line("card", m.day(on, 0, 3), -amount, shop, "", card)
        m.group([row], [entry], "card_expense")


def clutter(m: Maker) -> None:
    """Lines that belong to nothing, about 18 of 100: fees, wages, taxes, prepayments, strangers, paid twice."""
    open_items = [
        e for e in m.entries if Decimal(e["amount"]) > 0 and e["kind"] == "invoice" and e["currency"] == m.bank.currency
    ]
    staff = [person(m.chance, m.bank.languages[0]) for _ in range(max(3, m.size // 150))]
    wages = [m.price(1500, 5200) for _ in staff]
    for _ in range(len(m.lines) * 18 // 82):
        roll, on, account = m.chance.random(), m.working(m.day()), m.chance.randrange(2)
        if roll < 0.12:
            m.line("fee", on, -m.price(2, 60), "", "", account)
        elif roll < 0.3:
            at = m.chance.randrange(len(staff))
            m.line(
                "out",
                on.replace(day=min(28, max(25, on.day))),
                -wages[at],
                staff[at],
                f"{m.bank.say('salary')} {on:%m/%Y}",
            )
        elif roll < 0.36:
            m.line("out", on, -m.price(300, 9000), "", f"{m.bank.say('tax')} {m.chance.randint(10**8, 10**9)}")
        elif roll < 0.52:
            m.line("card", on, -m.price(5, 300), company(m.chance, m.chance.choice(m.bank.languages)), "", account)
        elif roll < 0.64:
            m.line(
                "debit",
                on,
                -m.price(20, 900),
                company(m.chance, m.bank.languages[0]),
                str(m.chance.randint(10**4, 10**7)),
            )
        elif roll < 0.74 or not open_items:
            who = company(m.chance, m.chance.choice(m.bank.languages))
            m.line(
                "in", on, m.price(20, 4000), who, m.chance.choice(("", str(m.chance.randint(10**3, 10**6)))), account
            )
        else:
            _confusing(m, m.chance.choice(open_items), on, account, roll)


def _confusing(m: Maker, item: Row, on: date, account: int, roll: float) -> None:
    """Receipts that look like something open: a customer's prepayment, a stranger's equal amount, paid twice."""
    customer = item["contact_name"]
    if roll < 0.83:
        what = m.chance.choice((f"PO{m.chance.randint(10**4, 10**6)}", "", f"Angebot {m.chance.randint(100, 9999)}"))
        m.line("in", on, m.price(50, 3000), customer, what, account)
    elif roll < 0.92:
        m.line("in", on, Decimal(item["amount"]), company(m.chance, m.chance.choice(m.bank.languages)), "", account)
    elif date.fromisoformat(item["date"]) < on:
        again = [g for g in m.groups if g["ledger"] == [item["id"]] and len(g["bank"]) == 1]
        if again:
            first = next(r for r in m.lines if r["id"] == again[0]["bank"][0])
            later = m.working(m.day(date.fromisoformat(first["date"]), 6, 25))
            m.line("in", later, Decimal(first["amount"]), customer, m.said[first["id"]], account)


def deliver_twice(m: Maker, share: float = 0.012) -> None:
    """Lines that the feed delivers again, the same day or soon after; sometimes cut, sometimes in other case."""
    for row in list(m.lines):
        if m.chance.random() < share:
            again = row | {"id": str(len(m.lines))}
            again["date"] = str(m.day(date.fromisoformat(row["date"]), 0, 2))
            how = m.chance.random()
            if how < 0.25:
                again["description"] = row["description"][: max(12, len(row["description"]) * 2 // 3)]
            elif how < 0.35:
                again["description"] = row["description"].lower()
            m.lines.append(again)
            m.copies.append({"bank": again["id"], "of": row["id"]})
