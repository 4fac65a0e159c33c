"""What becomes of the rows of a page: whole already, gone, unchanged, or still to be made whole."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, overload

from integrations.engine import paths, templates
from integrations.engine.converters import Context
from integrations.engine.declarations import Entity, Resource
from integrations.engine.errors import UnexpectedShape
from integrations.engine.paging import Listing
from integrations.engine.results import Deletion, R, Record, Unreadable


@dataclass
class PageRows:
    """A page's rows, sorted into what becomes of each."""

    whole: Sequence[dict[str, Any]] = ()
    gone: list[Deletion] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    wanted: dict[str, Any] = field(default_factory=dict)
    """Rows by id that must be made whole first."""

    def __len__(self) -> int:
        return len(self.whole) + len(self.wanted)

    def chunks(self, most: int) -> list["PageRows"]:
        """The same in parts of at most so many rows to make whole; what needs no call comes with the first."""
        ids = list(self.wanted)
        if len(ids) <= most:
            return [self]
        parts = [{key: self.wanted[key] for key in ids[start : start + most]} for start in range(0, len(ids), most)]
        first = PageRows(self.whole, self.gone, self.unchanged, parts[0])
        return [first, *(PageRows(wanted=part) for part in parts[1:])]


class Identities(Sequence[str]):
    """The ids of rows, each looked up when it is asked for."""

    def __init__(self, entity: Entity, rows: Sequence[Any]) -> None:
        self._entity, self._rows = entity, rows

    @overload
    def __getitem__(self, place: int) -> str: ...
    @overload
    def __getitem__(self, place: slice) -> list[str]: ...
    def __getitem__(self, place: int | slice) -> str | list[str]:
        if isinstance(place, slice):
            return [self._entity.identity(row) for row in self._rows[place]]
        return self._entity.identity(self._rows[place])

    def __len__(self) -> int:
        return len(self._rows)


def present(resource: Resource, entity: Entity, rows: Sequence[Any], gone: list[Deletion]) -> Iterator[dict[str, Any]]:
    """The rows that do not say of themselves that they are gone; `gone` takes up the others."""
    for raw in rows:
        if entity.gone is not None and entity.gone(raw):
            gone.append(Deletion(resource.name, entity.remote_type, entity.identity(raw), entity.modified(raw)))
        else:
            yield raw


def read_each(
    resource: Resource, entity: Entity, found: Iterable[Any], context: Context, each: Callable[[Record], R]
) -> tuple[list[R], list[Unreadable]]:
    """What `each` makes of the records that fit their declaration, one by one; and those that do not."""
    records, unreadable = [], []
    for raw in found:
        try:
            record = Record(resource.read(raw, entity.remote_type, context), raw, entity.remote_type)
        except UnexpectedShape as error:
            unreadable.append(Unreadable(entity.remote_type, raw, error))
        else:
            records.append(each(record))
    return records, unreadable


def lists(entity: Entity, listing: Listing) -> tuple[str, ...]:
    """Where records may stand in an answer; the first that is there."""
    return listing.many or (entity.answers.many, entity.answers.one)


def rows_at(entity: Entity) -> tuple[str, ...]:
    """The names that lead to the list of records, where a page holds all there is of them; nothing where it does not.

    Records that need no more than their row are parsed, read and let go one by one.
    """
    if entity.detail is not None or entity.parts or not entity.paging.is_plain:
        return ()
    steps = paths.split(templates.filled(lists(entity, entity.paging)[0], {"key": entity.key}))
    names = tuple(step for step in steps if isinstance(step, str) and step != "*")
    return names if len(names) == len(steps) else ()
