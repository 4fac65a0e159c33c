"""The documentation of the map as a PDF, A4 across."""

from collections.abc import Iterator
from typing import Any

from mappings.services.documentation import FIELDS, Map, heading, rows_of
from tenants import paper

_COLUMNS = (0, 1, 2, 3, 4, 5, 6, 8, 9, 10)
_WIDTHS = (20, 17, 52, 48, 22, 15, 14, 36, 26, 27)


def pdf_of(found: Map) -> bytes:
    """The whole map."""
    title = f"Map of {found.version.connection}, version {found.version.version}"
    return paper.pdf(title, _story(found), is_wide=True)


def _story(found: Map) -> Iterator[Any]:
    for name, text in heading(found):
        yield paper.text(f"{name}: {text}")
    yield paper.space(4)
    heads, *rows = ([row[column] for column in _COLUMNS] for row in rows_of(found))
    yield from paper.table(heads, rows, _WIDTHS)
    yield paper.space(6)
    fields = [[name, text.capitalize()] for name, text in FIELDS]
    yield from paper.table(["Field in the source", "In the ledger"], fields, (80, 150))
