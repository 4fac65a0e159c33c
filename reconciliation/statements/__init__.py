"""Statement files of banks, read without Django: bytes in, rows, balances and what is wrong out."""

from reconciliation.statements.balances import DayProof, prove
from reconciliation.statements.columns import FIELDS, Layout, heads_key
from reconciliation.statements.model import (
    FINGERPRINT,
    MOST_BYTES,
    PROBLEM,
    Balance,
    RowError,
    Statement,
    StatementRow,
    UnreadableError,
)
from reconciliation.statements.reading import read_statement
from reconciliation.statements.values import read_amount, read_date

__all__ = [
    "FIELDS",
    "FINGERPRINT",
    "MOST_BYTES",
    "PROBLEM",
    "Balance",
    "DayProof",
    "Layout",
    "RowError",
    "Statement",
    "StatementRow",
    "UnreadableError",
    "heads_key",
    "prove",
    "read_amount",
    "read_date",
    "read_statement",
]
