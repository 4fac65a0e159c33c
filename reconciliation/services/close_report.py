"""The reconciliation of a period as a CSV and a PDF: figures, signatures, checklist, proof by day, open items."""

import csv
from collections.abc import Iterator
from decimal import Decimal
from functools import cache
from io import BytesIO, StringIO
from typing import Any
from xml.sax.saxutils import escape

from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.platypus import LongTable, Paragraph, SimpleDocTemplate, Spacer, TableStyle

from reconciliation.models import CloseStep, PeriodClose
from reconciliation.money import figure
from reconciliation.services.closing import Ground
from tenants.resources import neutral

_AT_ONCE = 200
"""Rows of one table: a table of thousands costs the square of its length to lay out."""
_STATES = {"ok": "done", "look": "see the note", "blocked": "not done"}
_NAMES = {
    "opening": "Opening balance", "money_in": "Money in", "money_out": "Money out", "closing": "Closing balance",
    "stated": "The bank's closing balance", "lines": "Lines", "matched": "Matched", "set_aside": "Set aside",
    "open": "Open items", "open_money": "Money of the open items",
}  # fmt: skip
_PLAIN = ParagraphStyle("plain", fontName="Vera", fontSize=7.5, leading=9.5)
_BOLD = ParagraphStyle("bold", parent=_PLAIN, fontName="VeraBd")
_TITLE = ParagraphStyle("title", parent=_BOLD, fontSize=14, leading=19)
_HEAD = ParagraphStyle("head", parent=_BOLD, fontSize=10, leading=14, spaceBefore=8)
_GRID = TableStyle(
    [
        ("BACKGROUND", (0, 0), (-1, 0), colors.HexColor("#eef0f3")),
        ("LINEBELOW", (0, 0), (-1, -1), 0.25, colors.HexColor("#c9ced6")),
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
    ]
)
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
    item_heads = ["Day", "Age", "Amount", "Counterparty", "Description"]
    items = [
        [f"{i.line.booked_on}", f"{i.days} days", figure(i.line.amount, coin), i.line.counterparty, i.line.description]
        for i in ground.open_items
    ]
    yield "Open items", item_heads, items, [22, 20, 28, 45, 65]
    line_heads = ["Day", "Amount", "Counterparty", "Description", "State"]
    lines = [
        [f"{x.booked_on}", figure(x.amount, coin), x.counterparty, x.description, _state(x, ground)]
        for x in ground.lines
    ]
    yield "Lines", line_heads, lines, [22, 28, 42, 58, 30]


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
    """A4 upright; characters that the built-in font lacks are written as their code, such as \\u0391."""
    known = _glyphs()
    out = BytesIO()
    document = SimpleDocTemplate(
        out, pagesize=A4, title=str(close), leftMargin=15 * mm, rightMargin=15 * mm, topMargin=14 * mm,
        bottomMargin=16 * mm,
    )  # fmt: skip
    story: list[Any] = [_paragraph(f"Reconciliation of {close}", _TITLE, known)]
    for title, heads, rows, widths in sections_of(close, ground):
        story.append(_paragraph(title, _HEAD, known))
        if not rows:
            story.append(_paragraph("None.", _PLAIN, known))
        for start in range(0, len(rows), _AT_ONCE):
            story.append(_table(heads, rows[start : start + _AT_ONCE], [width * mm for width in widths], known))
        story.append(Spacer(1, 3 * mm))
    document.build(story, onFirstPage=_number, onLaterPages=_number)
    return out.getvalue()


def _table(heads: list[str], rows: list[list[str]], widths: list[float], known: frozenset[int]) -> LongTable:
    cells = [[_paragraph(text, _BOLD, known) for text in heads]]
    cells += [[_paragraph(text[:400], _PLAIN, known) for text in row] for row in rows]
    return LongTable(cells, colWidths=widths, repeatRows=1, style=_GRID)


def _paragraph(text: str, style: ParagraphStyle, known: frozenset[int]) -> Paragraph:
    shown = "".join(each if ord(each) in known else f"\\u{ord(each):04x}" for each in text)
    return Paragraph(escape(shown), style)


def _number(canvas: Any, document: Any) -> None:
    canvas.saveState()
    canvas.setFont("Vera", 7)
    canvas.drawRightString(A4[0] - 15 * mm, 9 * mm, f"Page {document.page}")
    canvas.restoreState()


@cache
def _glyphs() -> frozenset[int]:
    """Registers the fonts that reportlab brings, and says which characters they have."""
    plain = TTFont("Vera", "Vera.ttf")
    for font in (plain, TTFont("VeraBd", "VeraBd.ttf")):
        pdfmetrics.registerFont(font)
    return frozenset(plain.face.charToGlyph)
