"""The rows of a file that were not imported, under the file's own heads: to be repaired and uploaded again."""

from reconciliation.models import StatementImport
from reconciliation.services.statements import reread
from reconciliation.statements import FINGERPRINT

_OURS = frozenset({"id", "date", "amount", "currency", "description", "counterparty", "reference"})


def refused_rows(statement: StatementImport) -> tuple[list[str], list[dict[str, str]]]:
    """Heads in the order of the file, with what else the rows name behind them, and the rows' cells by head."""
    own: tuple[str, ...] = ()
    if statement.source == StatementImport.Source.FILE:
        own = reread(statement).found.heads
        statement.refresh_from_db()
    told = [error["values"] for error in statement.row_errors]
    rows = [_under_heads(values, statement.columns) if own else values for values in told]
    # A stored row has its cells in no order; the heads of the file are what its columns are remembered by.
    return list(dict.fromkeys([*own, *(head for row in rows for head in row)])), rows


def _under_heads(values: dict[str, str], columns: dict[str, str]) -> dict[str, str]:
    """A row that was read and then refused has our names: each cell goes under the head that it was read from."""
    if not values.keys() >= _OURS:
        return values
    amount = values["amount"]
    sided = {"debit": amount.lstrip("-")} if amount.startswith("-") else {"credit": amount}
    known = {**values, **sided, "id": "" if values["id"].startswith(FINGERPRINT) else values["id"]}
    if "direction" in columns:
        known |= {"amount": amount.lstrip("-"), "direction": "D" if amount.startswith("-") else "C"}
    return {head: known[ours] for ours, head in columns.items() if known.get(ours)}
