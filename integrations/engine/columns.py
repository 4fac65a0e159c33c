"""Rows of a query language in the shape of the ledger's own records: what is selected, and where it belongs."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from integrations.engine import paths


class Selected(list[str]):
    """Expressions as a list in structures, and with their aliases in texts (`expression AS alias, …`)."""

    def __init__(self, aliased: list[tuple[str, str, str]]) -> None:
        super().__init__(expression for _, _, expression in aliased)
        self._text = ", ".join(f"{expression} AS {alias}" for alias, _, expression in aliased)

    def __str__(self) -> str:
        return self._text


@dataclass(frozen=True, slots=True)
class Columns:
    """Path in the record → expression of the query language."""

    declared: Mapping[str, str] = field(default_factory=dict)

    def selected(self, custom: Mapping[str, str]) -> Selected:
        """What is selected; `custom` are discovered columns."""
        return Selected(self._aliased(custom))

    def unfolded(self, row: Any, custom: Mapping[str, str]) -> Any:
        """The record of a row, whose values stand under aliases or expressions; another row stays as it is."""
        if not self.declared or not isinstance(row, Mapping):
            return row
        known = {name.lower(): value for name, value in row.items()}
        aliased = self._aliased(custom)
        if any(alias in known for alias, _, _ in aliased):
            named = [(alias, path) for alias, path, _ in aliased]
        else:
            named = [(expression.lower(), path) for _, path, expression in aliased]
            # A record in its own shape may have properties of these names too; rows of queries are flat.
            is_record = any(isinstance(value, Mapping | list) for value in row.values())
            if is_record or not any(name in known for name, _ in named):
                return row
        record: dict[str, Any] = {}
        for name, path in named:
            if known.get(name) is not None:
                paths.putter(path)(record, known[name])
        return record

    def _aliased(self, custom: Mapping[str, str]) -> list[tuple[str, str, str]]:
        """(alias, path, expression): short aliases, the same each time for the same columns."""
        found = [(f"c{place}", path, expression) for place, (path, expression) in enumerate(self.declared.items())]
        return [*found, *((f"k{place}", path, custom[path]) for place, path in enumerate(sorted(custom)))]


NO_COLUMNS = Columns()
