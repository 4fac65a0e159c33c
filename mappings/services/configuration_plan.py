"""What an import of configuration files would do, and everything that keeps it from being done."""

from dataclasses import dataclass, field
from typing import Any

from integrations.models import Connection, LedgerRecord
from integrations.services.policies import Policy
from mappings.configuration import Fault
from mappings.services.versions import Word


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that a file says otherwise than the connection: what, before, after."""

    part: str
    what: str
    before: str
    after: str


@dataclass
class Plan:
    """What an import would do, and everything that keeps it from being done."""

    connection: Connection
    faults: list[Fault] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    values: dict[Word, LedgerRecord] | None = None
    drafts: list[dict[str, str]] = field(default_factory=list)
    wishes: dict[str, Any] = field(default_factory=dict)
    resources: list[Policy] = field(default_factory=list)

    def of(self, part: str) -> list[Change]:
        """The changes of one file."""
        return [each for each in self.changes if each.part == part]
