"""Child rows of records, such as the lines of documents, read for a whole page at once and put where they belong."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from integrations.engine import paths
from integrations.engine.conditions import Holds
from integrations.engine.paging import Listing


@dataclass(frozen=True, slots=True)
class Part:
    """One kind of child row: its list for some ids, whose it is, and where it goes (the first place that fits)."""

    listing: Listing
    key: str
    most: int
    into: tuple[tuple[str, Holds], ...]


Walk = Callable[[Listing, Mapping[str, Any]], Iterator[list[Any]]]
"""All pages of a listing, as rows, with more places filled."""


def filled(parts: Sequence[Part], records: Mapping[str, dict[str, Any]], walk: Walk) -> None:
    """Put the child rows of these records (by id) into them; a record without any gets empty lists."""
    for part in parts:
        for path, _ in part.into:
            for record in records.values():
                paths.putter(path)(record, [])
        ids = list(records)
        for start in range(0, len(ids), part.most):
            _chunk(part, records, ids[start : start + part.most], walk)


def _chunk(part: Part, records: Mapping[str, dict[str, Any]], ids: list[str], walk: Walk) -> None:
    owner = paths.getter(part.key)
    for rows in walk(part.listing, {"ids": ids}):
        for row in rows:
            record = records.get(str(owner(row)))
            place = next((path for path, holds in part.into if holds(row)), None)
            if record is not None and place is not None:
                paths.getter(place)(record).append(row)
