"""Child rows of records, such as the lines of documents, read for a whole page at once and put where they belong."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from integrations.engine import paths
from integrations.engine.conditions import Holds
from integrations.engine.errors import RejectedError
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


_SURELY_TAKEN = 500
"""So many ids in one question no ledger has been seen to refuse; how many more it takes is seldom published."""

Walk = Callable[[Listing, Mapping[str, Any]], Iterator[Sequence[Any]]]
"""All pages of a listing, as rows, with more places filled."""


def filled(parts: Sequence[Part], records: Mapping[str, dict[str, Any]], walk: Walk) -> None:
    """Put the child rows of these records (by id) into them; a record without any gets empty lists."""
    for part in parts:
        owners = _owners(part, records) if part.under else records
        for path, _ in part.into:
            for owner in owners.values():
                paths.putter(path)(owner, [])
        _asked(part, owners, list(owners), part.most, walk)


def _owners(part: Part, records: Mapping[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The rows of an earlier part, by their ids."""
    rows, identity = paths.getter(part.under), paths.getter(part.id)
    return {str(identity(row)): row for record in records.values() for row in rows(record) or []}


def _asked(part: Part, owners: Mapping[str, dict[str, Any]], ids: Sequence[str], most: int, walk: Walk) -> None:
    """Ask for the rows of so many at once; where the ledger refuses that many, for fewer from there on."""
    for start in range(0, len(ids), most):
        try:
            _chunk(part, owners, ids[start : start + most], walk)
        except RejectedError:
            if min(most, len(ids) - start) <= _SURELY_TAKEN:
                raise
            _asked(part, owners, ids[start:], max(most // 2, _SURELY_TAKEN), walk)
            return


def _chunk(part: Part, records: Mapping[str, dict[str, Any]], ids: Sequence[str], walk: Walk) -> None:
    owner = paths.getter(part.key)
    # User-defined fields are those of lines, not of what lines are made of.
    places = {"ids": ids, "custom": {}} if part.under else {"ids": ids}
    # All of them before any is put in its place: a question that is refused on its second page is asked anew.
    for row in [row for rows in walk(part.listing, places) for row in rows]:
        record = records.get(str(owner(row)))
        place = next((path for path, holds in part.into if holds(row)), None)
        if record is not None and place is not None:
            paths.getter(place)(record).append(row)
