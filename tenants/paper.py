"""Tables on paper: PDFs for auditors, with heads on every page and page numbers."""

from collections.abc import Iterable, Iterator, Sequence
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

PLAIN = ParagraphStyle("plain", fontName="Vera", fontSize=7, leading=8.6)
TITLE = ParagraphStyle("title", parent=PLAIN, fontName="VeraBd", fontSize=14, leading=19)
HEAD = ParagraphStyle("head", parent=PLAIN, fontName="VeraBd", fontSize=10, leading=14, spaceBefore=8)
_BOLD = ParagraphStyle("bold", parent=PLAIN, fontName="VeraBd")
_AT_ONCE = 200
"""Rows of one table: a table of thousands costs the square of its length to lay out."""
_LONGEST = 600
"""Characters of a cell: one that is higher than a page cannot be laid out. The CSV beside the PDF has all of them."""
_MARGIN = 10 * mm
_GRID = TableStyle(
    [
        ("BACKGROUND", (0, 0), (-1, 0), colors.HexColor("#eef0f3")),
        ("LINEBELOW", (0, 0), (-1, -1), 0.25, colors.HexColor("#c9ced6")),
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("LEFTPADDING", (0, 0), (-1, -1), 2),
        ("RIGHTPADDING", (0, 0), (-1, -1), 2),
    ]
)


def pdf(title: str, story: Iterable[Any], *, is_wide: bool = False) -> bytes:
    """The parts on A4, upright or across (`is_wide`)."""
    size = landscape(A4) if is_wide else A4

    def number(canvas: Any, document: Any) -> None:
        canvas.saveState()
        canvas.setFont("Vera", 7)
        canvas.drawRightString(size[0] - _MARGIN, 8 * mm, f"Page {document.page}")
        canvas.restoreState()

    out = BytesIO()
    document = SimpleDocTemplate(
        out, pagesize=size, title=title, leftMargin=_MARGIN, rightMargin=_MARGIN, topMargin=12 * mm,
        bottomMargin=14 * mm,
    )  # fmt: skip
    document.build([text(title, TITLE), *story], onFirstPage=number, onLaterPages=number)
    return out.getvalue()


def table(heads: Sequence[str], rows: Sequence[Sequence[str]], widths: Sequence[float]) -> Iterator[Any]:
    """A table whose heads are on every page; widths in millimetres. Without rows its heads alone."""
    for start in range(0, max(len(rows), 1), _AT_ONCE):
        cells = [[text(each, _BOLD) for each in heads]]
        cells += [[text(_bounded(each)) for each in row] for row in rows[start : start + _AT_ONCE]]
        yield LongTable(cells, colWidths=[width * mm for width in widths], repeatRows=1, style=_GRID)


def space(millimetres: float) -> Any:
    """Room below."""
    return Spacer(1, millimetres * mm)


def text(words: str, style: ParagraphStyle = PLAIN) -> Any:
    """A paragraph; characters that the built-in font lacks are written as their code, such as \\u0391."""
    known = _glyphs()
    return Paragraph(escape("".join(each if ord(each) in known else f"\\u{ord(each):04x}" for each in words)), style)


def _bounded(words: str) -> str:
    return words if len(words) <= _LONGEST else words[: _LONGEST - 1] + "…"


@cache
def _glyphs() -> frozenset[int]:
    """Registers the fonts that reportlab brings, and says which characters they have."""
    plain = TTFont("Vera", "Vera.ttf")
    for font in (plain, TTFont("VeraBd", "VeraBd.ttf")):
        pdfmetrics.registerFont(font)
    return frozenset(plain.face.charToGlyph)
