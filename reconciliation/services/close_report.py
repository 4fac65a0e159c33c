"""The reconciliation of a period as a CSV and a PDF: figures, signatures, checklist, proof by day, open items."""

import csv
from collections.abc import Iterator
from decimal import Decimal
from io import StringIO
from typing import Any

from reconciliation.models import CloseStep, PeriodClose
from reconciliation.money import figure
from reconciliation.services.closing import Ground
from reconciliation.services.ledger_balance import Item
from tenants import paper
from tenants.resources import neutral

_STATES = {"ok": "done", "look": "see the note", "blocked": "not done"}
_NAMES = {
    "opening": "Opening balance", "money_in": "Money in", "money_out": "Money out", "closing": "Closing balance",
    "stated": "The bank's closing balance", "lines": "Lines", "matched": "Matched", "set_aside": "Set aside",
    "open": "Open items", "open_money": "Money of the open items", "ledger": "The ledger's own balance",
    "unexplained": "Of it not explained",
}  # fmt: skip
Section = tuple[str, list[str], list[list[str]], list[float]]
"""A title, heads, rows of text, and widths in millimetres."""


def sections_of(close: PeriodClose, ground: Ground) -> Iterator[Section]:
    """Every part of the reconciliation as rows of text; both files are made of these."""
    coin = close.bank_account.currency
    signed = close.figures or ground.figures
    facts = [["Status", close.get_status_display()], ["Currency", coin], ["Note", close.note or "none"]]
    facts += [[name, _shown(signed.get(key), coin)] for key, name in _NAMES.items()]
    yield "Figures", ["What", "Figure"], facts, [70, 110]
    steps = CloseStep.objects.filter(close=close).select_related("by").order_by("id")
    history = [[f"{s.at:%Y-%m-%d %H:%M} UTC", s.get_kind_display(), str(s.by or "the portal"), s.reason] for s in steps]
    yield "Signatures and what happened since", ["When", "What", "Who", "Why"], history, [35, 45, 45, 55]
    checks = [[check.title, _STATES[check.state], check.text] for check in ground.checks]
    yield "Checklist", ["Point", "State", "Remark"], checks, [80, 25, 75]
    proof_heads = ["Day", "Opening", "In", "Out", "Closing", "The bank says", "Difference"]
    proofs = [
        [f"{p.on}", *(_shown(v, coin) for v in (p.opening, p.money_in, p.money_out, p.closing, p.stated, p.difference))]
        for p in ground.proofs
    ]
    yield "Proof by day", proof_heads, proofs, [24, 26, 26, 26, 26, 26, 26]
    yield "The ledger's own balance", ["What", "Day", "Amount"], _compared(ground, coin), [100, 30, 50]
    ages = [[words, f"{count}", figure(amount, coin)] for words, count, amount in ground.ages]
    yield "Open items by age", ["Age", "Items", "Money"], ages, [60, 30, 50]
    item_heads = ["Day", "Age", "Amount", "Counterparty", "Description", "With", "Said last"]
    items = [
        [
            f"{i.line.booked_on}",
            f"{i.days} days",
            figure(i.line.amount, coin),
            i.line.counterparty,
            i.line.description,
            i.with_whom,
            i.last_said,
        ]
        for i in ground.open_items
    ]
    yield "Open items", item_heads, items, [19, 17, 24, 30, 36, 26, 28]
    line_heads = ["Day", "Amount", "Counterparty", "Description", "State"]
    lines = [
        [f"{x.booked_on}", figure(x.amount, coin), x.counterparty, x.description, _state(x, ground)]
        for x in ground.lines
    ]
    yield "Lines", line_heads, lines, [22, 28, 42, 58, 30]


def _compared(ground: Ground, coin: str) -> list[list[str]]:
    """From the bank's balance over the items to the ledger's; they add up to the cent."""
    found = ground.comparison
    if found.told.balance is None:
        return [[found.told.note or "The ledger was not asked.", "", ""]]
    rows = [["The bank's closing balance", "", _shown(found.stated, coin)]]
    for words, items, sign in (
        ("Posted, not on the statement", found.posted_only, 1), ("On the statement, not posted", found.stated_only, -1)
    ):  # fmt: skip
        rows += [[f"{words}: {_named(x)}", f"{x.on}", figure(sign * x.amount, coin)] for x in items]
    rows.append(["Not explained by these", "", _shown(found.unexplained, coin)])
    if found.before is not None:
        whose = "as certified" if found.before.is_certified else "as the ledger tells that day"
        words = f"Of it unexplained already on {found.before.on}, {whose}"
        rows.append([words, "", figure(found.before.amount, coin)])
        rows.append([f"Of it since {found.before.on}", "", _shown(found.arisen, coin)])
    if found.made_up_by:
        rows += [[f"Made up to the cent by: {_named(x)}", f"{x.on}", figure(x.amount, coin)] for x in found.made_up_by]
    elif found.unexplained:
        rows += [[f"Perhaps in it: {_named(x)}", f"{x.on}", figure(x.amount, coin)] for x in found.perhaps]
    return [*rows, ["The ledger's own balance", "", figure(found.told.balance, coin)]]


def _named(item: Item) -> str:
    return f"{item.text} ({item.why})" if item.why else item.text


def _state(line: Any, ground: Ground) -> str:
    match = ground.matches.get(line.pk)
    return match.get_status_display() if match else line.get_status_display()


def _shown(value: Any, currency: str) -> str:
    if value is None:
        return "–"
    # Signed figures come back from JSON as text.
    if isinstance(value, str | Decimal):
        return figure(Decimal(value), currency)
    return str(value)


def csv_of(close: PeriodClose, ground: Ground) -> bytes:
    """UTF-8 with a mark, sections one below the other, safe to open in a spreadsheet."""
    out = StringIO()
    writer = csv.writer(out)
    writer.writerow([neutral(str(close))])
    for title, heads, rows, _ in sections_of(close, ground):
        writer.writerows([[], [title], heads])
        writer.writerows([neutral(text) for text in row] for row in rows)
    return out.getvalue().encode("utf-8-sig")


def pdf_of(close: PeriodClose, ground: Ground) -> bytes:
    """A4 upright."""
    return paper.pdf(f"Reconciliation of {close}", _story(close, ground))


def _story(close: PeriodClose, ground: Ground) -> Iterator[Any]:
    for title, heads, rows, widths in sections_of(close, ground):
        yield paper.text(title, paper.HEAD)
        yield from paper.table(heads, rows, widths) if rows else [paper.text("None.")]
        yield paper.space(3)
