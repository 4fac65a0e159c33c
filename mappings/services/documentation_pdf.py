"""The documentation of the map as a PDF: A4 across, heads on every page, page numbers."""

from collections.abc import Iterator
from functools import cache
from io import BytesIO
from typing import Any
from xml.sax.saxutils import escape

from reportlab.lib import colors
from reportlab.lib.pagesizes import A4, landscape
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.platypus import LongTable, Paragraph, SimpleDocTemplate, Spacer, TableStyle

from mappings.services.documentation import FIELDS, Map, heading, rows_of

_AT_ONCE = 200
"""Rows of one table: a table of thousands costs the square of its length to lay out."""
_COLUMNS = (0, 1, 2, 3, 4, 5, 6, 8, 9, 10)
_WIDTHS = [20 * mm, 17 * mm, 52 * mm, 48 * mm, 22 * mm, 15 * mm, 14 * mm, 36 * mm, 26 * mm, 27 * mm]
_PLAIN = ParagraphStyle("plain", fontName="Vera", fontSize=7, leading=8.6)
_BOLD = ParagraphStyle("bold", parent=_PLAIN, fontName="VeraBd")
_TITLE = ParagraphStyle("title", parent=_BOLD, fontSize=14, leading=18)
_GRID = TableStyle(
    [
        ("BACKGROUND", (0, 0), (-1, 0), colors.HexColor("#eef0f3")),
        ("LINEBELOW", (0, 0), (-1, -1), 0.25, colors.HexColor("#c9ced6")),
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("LEFTPADDING", (0, 0), (-1, -1), 2),
        ("RIGHTPADDING", (0, 0), (-1, -1), 2),
    ]
)


def pdf_of(found: Map) -> bytes:
    """The whole map; characters that the built-in font lacks are written as their code, such as \\u0391."""
    known = _glyphs()
    out = BytesIO()
    title = f"Map of {found.version.connection}, version {found.version.version}"
    document = SimpleDocTemplate(
        out, pagesize=landscape(A4), title=title, leftMargin=10 * mm, rightMargin=10 * mm, topMargin=12 * mm,
        bottomMargin=14 * mm,
    )  # fmt: skip
    document.build(list(_story(found, title, known)), onFirstPage=_number, onLaterPages=_number)
    return out.getvalue()


def _story(found: Map, title: str, known: frozenset[int]) -> Iterator[Any]:
    yield _paragraph(title, _TITLE, known)
    for name, text in heading(found):
        yield _paragraph(f"{name}: {text}", _PLAIN, known)
    yield Spacer(1, 4 * mm)
    heads, *rows = ([row[column] for column in _COLUMNS] for row in rows_of(found))
    for start in range(0, max(len(rows), 1), _AT_ONCE):
        yield _table(heads, rows[start : start + _AT_ONCE], _WIDTHS, known)
    yield Spacer(1, 6 * mm)
    fields = [[name, text.capitalize()] for name, text in FIELDS]
    yield _table(["Field in the source", "In the ledger"], fields, [80 * mm, 150 * mm], known)


def _table(heads: list[str], rows: list[list[str]], widths: list[float], known: frozenset[int]) -> LongTable:
    cells = [[_paragraph(text, _BOLD, known) for text in heads]]
    cells += [[_paragraph(text, _PLAIN, known) for text in row] for row in rows]
    return LongTable(cells, colWidths=widths, repeatRows=1, style=_GRID)


def _paragraph(text: str, style: ParagraphStyle, known: frozenset[int]) -> Paragraph:
    shown = "".join(each if ord(each) in known else f"\\u{ord(each):04x}" for each in text)
    return Paragraph(escape(shown), style)


def _number(canvas: Any, document: Any) -> None:
    canvas.saveState()
    canvas.setFont("Vera", 7)
    canvas.drawRightString(landscape(A4)[0] - 10 * mm, 8 * mm, f"Page {document.page}")
    canvas.restoreState()


@cache
def _glyphs() -> frozenset[int]:
    """Registers the fonts that reportlab brings, and says which characters they have."""
    plain = TTFont("Vera", "Vera.ttf")
    for font in (plain, TTFont("VeraBd", "VeraBd.ttf")):
        pdfmetrics.registerFont(font)
    return frozenset(plain.face.charToGlyph)
