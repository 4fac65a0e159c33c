"""What becomes of the rows of a page: whole already, gone, unchanged, or still to be made whole."""

from dataclasses import dataclass, field
from typing import Any

from integrations.engine.results import Deletion


@dataclass
class PageRows:
    """A page's rows, sorted into what becomes of each."""

    whole: list[dict[str, Any]] = field(default_factory=list)
    gone: list[Deletion] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    wanted: dict[str, Any] = field(default_factory=dict)
    """Rows by id that must be made whole first."""

    def chunks(self, most: int) -> list["PageRows"]:
        """The same in parts of at most so many rows to make whole; what needs no call comes with the first."""
        ids = list(self.wanted)
        if len(ids) <= most:
            return [self]
        parts = [{key: self.wanted[key] for key in ids[start : start + most]} for start in range(0, len(ids), most)]
        first = PageRows(self.whole, self.gone, self.unchanged, parts[0])
        return [first, *(PageRows(wanted=part) for part in parts[1:])]
