"""Rows of a query language in the shape of the ledger's own records: each path has an alias in the SELECT."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from integrations.engine import paths


@dataclass(frozen=True, slots=True)
class Columns:
    """Path in the record → expression of the query language."""

    declared: Mapping[str, str] = field(default_factory=dict)

    def selected(self, custom: Mapping[str, str]) -> str:
        """The list of a SELECT; `custom` are discovered columns."""
        return ", ".join(f"{expression} AS {alias}" for alias, _, expression in self._aliased(custom))

    def unfolded(self, row: Any, custom: Mapping[str, str]) -> Any:
        """The record of a row; a row that was not selected so stays as it is."""
        if not self.declared or not isinstance(row, Mapping):
            return row
        known = {name.lower(): value for name, value in row.items()}
        aliased = self._aliased(custom)
        if not any(alias in known for alias, _, _ in aliased):
            return row
        record: dict[str, Any] = {}
        for alias, path, _ in aliased:
            if known.get(alias) is not None:
                paths.putter(path)(record, known[alias])
        return record

    def _aliased(self, custom: Mapping[str, str]) -> list[tuple[str, str, str]]:
        """(alias, path, expression): short aliases, the same each time for the same columns."""
        found = [(f"c{place}", path, expression) for place, (path, expression) in enumerate(self.declared.items())]
        return [*found, *((f"k{place}", path, custom[path]) for place, path in enumerate(sorted(custom)))]


NO_COLUMNS = Columns()
