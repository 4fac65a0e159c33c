"""Which pages of a sync are stored together, and which are read while the database stores the ones before them.

A transaction costs the same for a hundred records as for a thousand; and while the database takes records up, this
process has nothing else to do than to read the next ones.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from typing import NamedTuple

from integrations.engine.errors import IntegrationError
from integrations.engine.results import Arrived, Page, joined
from integrations.services.prepared import Prepared

ENOUGH_RECORDS, MOST_PAGES = 1000, 10
"""So many records are worth a transaction of their own; a worker that dies repeats so many pages at most."""


class Met(NamedTuple):
    """A page on its way into the mirror."""

    entity: str
    page: Arrived[Prepared]
    is_end: bool
    """Whether there is no more of its entity."""


class Group:
    """Pages of one entity that follow each other and are stored together."""

    def __init__(self, met: Sequence[Met]) -> None:
        self.entity, self.is_end = met[-1].entity, met[-1].is_end
        self.pages = len(met)
        self._arrived = [each.page for each in met]
        self._whole: Page[Prepared] | None = None

    @property
    def leads_on(self) -> bool:
        """Whether more of its entity is in hand by now."""
        return not self.is_end and self._arrived[-1].leads_on()

    @property
    def asks(self) -> bool:
        """Whether reading it makes calls."""
        return any(each.asks for each in self._arrived)

    def read(self) -> Page[Prepared]:
        """All of it as one page; it is read once."""
        if self._whole is None:
            self._whole = joined([each.read() for each in self._arrived])
        return self._whole

    def read_ahead(self) -> None:
        """Read it before its turn; what cannot be read is told when its turn comes, and is read once more for that."""
        with suppress(IntegrationError):
            self.read()


def stored_together(pages: Iterable[Met]) -> Iterator[Group]:
    """Pages in groups: none waits for a call, and none is lost when the call after it fails."""
    met: list[Met] = []
    try:
        for each in pages:
            met.append(each)
            if each.is_end or each.page.asks or _is_enough(met) or not each.page.leads_on():
                yield Group(met)
                met = []
    except IntegrationError:
        if met:
            yield Group(met)
        raise


def with_the_next(groups: Iterator[Group]) -> Iterator[tuple[Group, Group | None]]:
    """Each group with the one after it, where that can be read without a call; a failing call takes none along."""
    here = next(groups, None)
    while here is not None:
        # Meanwhile the next answer may come.
        here.read()
        following = None
        try:
            # What leads on waits for no call: its answer, or its failure, is in hand.
            following = next(groups, None) if here.leads_on else None
        except IntegrationError:
            yield here, None
            raise
        yield here, following if following is not None and not following.asks else None
        here = following if following is not None else next(groups, None)


def _is_enough(met: Sequence[Met]) -> bool:
    return len(met) >= MOST_PAGES or sum(each.page.rows for each in met) >= ENOUGH_RECORDS
