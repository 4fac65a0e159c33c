"""Does every line say its tax where the ledger demands it? Which ledgers do stands in their manifests, as a trait."""

from collections.abc import Mapping
from typing import Any

from integrations.engine.errors import RejectedError
from integrations.models import Connection
from integrations.services.connectors import connector_of

# Trait → the countries whose companies are let off.
_DEMANDS: dict[str, frozenset[str]] = {
    "lines_name_tax_outside_us": frozenset({"US", "USA", ""}),
}
_SALES_AND_PURCHASES = frozenset({"invoices", "credit_notes", "bills", "vendor_credits", "expenses"})
_UNTAXED = frozenset({"text", "group"})


def check(connection: Connection, resource: str, body: Mapping[str, Any]) -> None:
    """Raise RejectedError for the first line without a tax code, in a ledger that takes none without."""
    if resource not in _SALES_AND_PURCHASES or body.get("tax_mode") == "none" or not _demands(connection):
        return
    for position, line in enumerate(body.get("lines") or [], start=1):
        if line.get("kind") in _UNTAXED or (line.get("tax_rate") or {}).get("id"):
            continue
        raise RejectedError(
            f"Line {position} has no tax code; this ledger takes no line without one in {connection.country}.",
            code="tax_code_missing",
            remedy="Map the source's tax to one of the ledger's tax codes, then map and post the document again.",
            who_can_fix="finance editor",
            field=f"lines.{position - 1}.tax_rate",
        )


def _demands(connection: Connection) -> bool:
    traits = connector_of(connection).traits
    return any(trait in traits and connection.country not in let_off for trait, let_off in _DEMANDS.items())
