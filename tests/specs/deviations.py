"""Known differences between a service and its official description, as data: each with its reason."""

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

import yaml

from tests.specs.openapi import HERE, Fault


@dataclass(frozen=True, slots=True)
class Deviation:
    """What is let pass: side, rule and one place, which may hold *; and why."""

    side: str
    rule: str
    place: str
    why: str

    def fits(self, fault: Fault) -> bool:
        """Whether the fault is this one."""
        told = ((fault.side, self.side), (fault.rule, self.rule), (fault.place, self.place))
        return all(fnmatchcase(value, pattern) for value, pattern in told)


def load(name: str) -> list[Deviation]:
    """The rows of a file beside this module, one for each place."""
    rows: list[dict[str, Any]] = yaml.safe_load((HERE / name).read_text())
    return [
        Deviation(row["side"], row["rule"], str(place), row["why"])
        for row in rows
        for place in (row["place"] if isinstance(row["place"], list) else [row["place"]])
    ]
