"""Which pages of a sync are stored together: a transaction costs the same for a hundred records as for a thousand."""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from integrations.engine.errors import IntegrationError
from integrations.engine.results import Page
from integrations.services.prepared import Prepared

ENOUGH_RECORDS, MOST_PAGES = 1000, 10
"""So many records are worth a transaction of their own; a worker that dies repeats so many pages at most."""


class Read(NamedTuple):
    """A page, ready to be stored."""

    entity: str
    page: Page[Prepared]
    is_end: bool
    """Whether there is no more of its entity."""


def stored_together(pages: Iterable[Read]) -> Iterator[list[Read]]:
    """Pages of one entity in groups: none waits for a call, and none is lost when the call after it fails."""
    group: list[Read] = []
    try:
        for each in pages:
            group.append(each)
            if each.is_end or not each.page.is_next_here or _is_enough(group):
                yield group
                group = []
    except IntegrationError:
        if group:
            yield group
        raise


def _is_enough(group: Sequence[Read]) -> bool:
    return len(group) >= MOST_PAGES or sum(len(each.page.records) for each in group) >= ENOUGH_RECORDS
