"""Which format a file is in is told by its content, never by its name."""

from collections.abc import Mapping

from reconciliation.statements import camt, mt940, ofx
from reconciliation.statements.columns import Layout
from reconciliation.statements.model import MOST_BYTES, MOST_ROWS, Statement, UnreadableError
from reconciliation.statements.tabular import read_table


def read_statement(
    content: bytes,
    *,
    currency: str,
    day_first: bool = True,
    known: Mapping[str, Layout] | None = None,
    layout: Layout | None = None,
) -> Statement:
    """Rows, balances and row errors of a CSV, XLSX, OFX, CAMT.053 or MT940 file; a bad row never stops the file.

    `currency` holds for rows that name none. `day_first` decides only dates that a table itself leaves open
    (03/04/2026). `known` are layouts of tables by `heads_key`, `layout` the one that a person says for this file.
    UnreadableError when the file as a whole cannot be read.
    """
    if len(content) > MOST_BYTES:
        raise UnreadableError(
            f"The file is larger than {MOST_BYTES // 1_000_000} MB. Split it by month and upload the parts."
        )
    if ofx.looks_like(content):
        found = ofx.read_ofx(content, currency=currency)
    elif camt.looks_like(content):
        found = camt.read_camt(content, currency=currency)
    elif mt940.looks_like(content):
        found = mt940.read_mt940(content, currency=currency)
    else:
        return read_table(content, currency=currency, day_first=day_first, known=known or {}, layout=layout)
    if len(found.rows) + len(found.errors) > MOST_ROWS:
        raise UnreadableError(f"The file has more than {MOST_ROWS:,} lines. Split it by month and upload the parts.")
    return found
