"""A document must add up by its own figures before anything is mapped; every difference is shown."""

from collections.abc import Iterator
from decimal import Decimal

from mappings.transform.model import Document, Line, Problem
from mappings.transform.money import quantum_of, rounded, text_of

RESEND = "Correct it where it comes from and send it again under a new external_id."
_NONE = Decimal(0)


def lines_total(document: Document) -> Decimal:
    """The sum of the lines as sent."""
    return sum((line.amount for line in document.lines), _NONE)


def own_sums(document: Document) -> Iterator[Problem]:
    """What is wrong with the document's own arithmetic; tolerance: one smallest unit of its currency."""
    for number, line in enumerate(document.lines, start=1):
        yield from _line_sum(document, number, line)
    if document.total < 0:
        yield _refused("negative_total", f"The total is {text_of(document.total, document.currency)}.")
    if document.tax_mode == "none" and document.tax_total:
        tax = text_of(document.tax_total, document.currency)
        yield _refused("tax_without_mode", f"Tax of {tax} is given, but tax_mode is none.")
    yield from _balance(document)


def _line_sum(document: Document, number: int, line: Line) -> Iterator[Problem]:
    if line.product is None:
        return
    expected = rounded(line.product, document.currency)
    if abs(expected - line.amount) > quantum_of(document.currency):
        yield _refused(
            "line_does_not_multiply",
            f"Line {number}: {line.quantity} × {line.unit_price} is {text_of(expected, document.currency)}, "
            f"but its amount is {text_of(line.amount, document.currency)}.",
        )


def _balance(document: Document) -> Iterator[Problem]:
    if document.tax_mode == "exclusive" and document.tax_total is None:
        return  # compared once the tax rates are known
    tax = document.tax_total or _NONE if document.tax_mode == "exclusive" else _NONE
    yield from difference(document, lines_total(document) + tax, "lines and tax" if tax else "lines")


def difference(document: Document, sum_found: Decimal, what: str) -> Iterator[Problem]:
    """Refuses a total that differs from the sum of its parts beyond the tolerance."""
    off = document.total - sum_found
    if abs(off) > quantum_of(document.currency):
        yield _refused(
            "does_not_add_up",
            f"The {what} add up to {text_of(sum_found, document.currency)}, but the total is "
            f"{text_of(document.total, document.currency)}: a difference of {text_of(off, document.currency)}.",
        )


def _refused(code: str, text: str) -> Problem:
    return Problem(code=code, text=text, remedy=RESEND, cause="document")
