"""Child rows of records, such as the lines of documents, read for a whole page at once and put where they belong."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
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
    under: str = ""
    """The list of an earlier part whose rows they belong to, by the property `id`; empty: to the record itself."""
    id: str = ""
    only: Mapping[str, str] = field(default_factory=dict)
    """Settings of the connection with which there are such rows."""


Walk = Callable[[Listing, Mapping[str, Any]], Iterator[Sequence[Any]]]
"""All pages of a listing, as rows, with more places filled."""


def filled(parts: Sequence[Part], records: Mapping[str, dict[str, Any]], walk: Walk) -> None:
    """Put the child rows of these records (by id) into them; a record without any gets empty lists."""
    for part in parts:
        owners = _owners(part, records) if part.under else records
        for path, _ in part.into:
            for owner in owners.values():
                paths.putter(path)(owner, [])
        ids = list(owners)
        for start in range(0, len(ids), part.most):
            _chunk(part, owners, ids[start : start + part.most], walk)


def _owners(part: Part, records: Mapping[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The rows of an earlier part, by their ids."""
    rows, identity = paths.getter(part.under), paths.getter(part.id)
    return {str(identity(row)): row for record in records.values() for row in rows(record) or []}


def _chunk(part: Part, records: Mapping[str, dict[str, Any]], ids: list[str], walk: Walk) -> None:
    owner = paths.getter(part.key)
    # User-defined fields are those of lines, not of what lines are made of.
    places = {"ids": ids, "custom": {}} if part.under else {"ids": ids}
    for rows in walk(part.listing, places):
        for row in rows:
            record = records.get(str(owner(row)))
            place = next((path for path, holds in part.into if holds(row)), None)
            if record is not None and place is not None:
                paths.getter(place)(record).append(row)
