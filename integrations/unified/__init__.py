"""The unified model: one schema a resource, the same for every ledger."""

from collections.abc import Mapping
from typing import Any

from integrations.unified import banking, books, contacts, purchases, reports, sales
from integrations.unified.checking import Problem, check
from integrations.unified.schema import Schema, Spec

SCHEMAS: Mapping[str, Schema] = {
    **contacts.SCHEMAS,
    **sales.SCHEMAS,
    **purchases.SCHEMAS,
    **books.SCHEMAS,
    **banking.SCHEMAS,
    **reports.SCHEMAS,
}

__all__ = ["SCHEMAS", "InvalidUnified", "Problem", "Schema", "Spec", "problems", "typed"]


class InvalidUnified(ValueError):
    """A unified record that is not well formed; `problems` say where and why."""

    def __init__(self, resource: str, found: list[Problem]) -> None:
        super().__init__("; ".join(f"{problem.path}: {problem.text}" for problem in found))
        self.resource = resource
        self.problems = found


def problems(
    resource: str, record: Mapping[str, Any], operation: str = "create", *, allows_pending: bool = False
) -> list[Problem]:
    """What is wrong with a unified record, by path; empty when nothing is.

    `allows_pending` accepts `{"posting": …}` in the place of an id that another write will bring.
    """
    return check(SCHEMAS[resource], record, operation, allows_pending=allows_pending)[1]


def typed(resource: str, record: Mapping[str, Any], operation: str = "create") -> dict[str, Any]:
    """The record with Decimal, `date` and datetime values, as a connector writes it. Raises InvalidUnified."""
    found, wrong = check(SCHEMAS[resource], record, operation)
    if wrong:
        raise InvalidUnified(resource, wrong)
    return found
