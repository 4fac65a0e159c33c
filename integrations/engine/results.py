"""What the verbs of a ledger return."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, Generic, TypeVar

from integrations.engine.errors import IntegrationError, UnexpectedShape


@dataclass(frozen=True, slots=True)
class Record:
    """One remote record: the unified form and the ledger's own. JSON-friendly values; money is Decimal."""

    unified: dict[str, Any]
    raw: dict[str, Any]
    remote_type: str
    correlation_id: str = ""

    @property
    def external_id(self) -> str:
        """The ledger's own id."""
        return str(self.unified["external_id"])

    @property
    def modified_at(self) -> datetime | None:
        """When the ledger last changed it, UTC."""
        return self.unified.get("modified_at")


@dataclass(frozen=True, slots=True)
class Deletion:
    """A record that is gone from the ledger."""

    resource: str
    remote_type: str
    external_id: str
    at: datetime | None = None
    correlation_id: str = ""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A record of a page that does not fit its declaration; the others of the page are not held up by it."""

    remote_type: str
    raw: Any
    error: UnexpectedShape


R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Page(Generic[R]):
    """Some records of a resource, or what the reader's caller makes of each.

    `cursor` (JSON) begins the next page, also after a restart; None after the last.
    """

    records: list[R]
    cursor: dict[str, Any] | None
    is_last: bool
    unreadable: list[Unreadable] = field(default_factory=list)
    time: datetime | None = None
    """The ledger's clock when it answered, where it tells."""
    deletions: list[Deletion] = field(default_factory=list)
    """Rows that say of themselves that they are gone."""
    unchanged: list[tuple[str, str]] = field(default_factory=list)
    """(kind, id) of records that the caller has whole and that were not read again."""
    asked_at: datetime | None = None
    """When the call for it left, by our clock: it may have been read ahead."""
    total: int | None = None
    """How many records of this kind the whole walk meets, where the ledger said it."""
    pages: int | None = None
    """How many calls for pages of this kind are still to be made, where that is known."""


@dataclass(frozen=True, slots=True)
class Arrived(Generic[R]):
    """A page whose answer has come and whose rows are still to be read: that is most of its work."""

    read: Callable[[], Page[R]]
    """Makes the page, from the same rows whenever it is called."""
    cursor: dict[str, Any] | None
    """The page's."""
    rows: int
    leads_on: Callable[[], bool] = lambda: False
    """Whether the answer with the page after it has come, too, by now."""
    asks: bool = False
    """Whether reading it makes calls: for records of which the list does not tell all."""


def at_hand(page: Page[R], *, leads_on: bool = False) -> Arrived[R]:
    """A page that has been read already."""
    return Arrived(lambda: page, page.cursor, len(page.records), lambda: leads_on)


def joined(pages: Sequence[Page[R]]) -> Page[R]:
    """Pages that follow each other as one; what holds for the beginning is the first one's, for the end the last's."""
    if len(pages) == 1:
        return pages[0]
    asked = [page.asked_at for page in pages if page.asked_at is not None]
    totals = [page.total for page in pages if page.total is not None]
    return replace(
        pages[-1],
        records=[each for page in pages for each in page.records],
        unreadable=[each for page in pages for each in page.unreadable],
        time=pages[0].time,
        deletions=[each for page in pages for each in page.deletions],
        unchanged=[each for page in pages for each in page.unchanged],
        asked_at=min(asked, default=None),
        total=totals[-1] if totals else None,
    )


@dataclass(frozen=True, slots=True)
class Changes:
    """What changed since a moment, by resource.

    `incomplete` names resources that the feed could not (fully) tell about: read them with `pages(since=…)`.
    `through` is the ledger's clock: the next call's `since`, less an overlap.
    """

    records: dict[str, list[Record]]
    deletions: list[Deletion]
    incomplete: frozenset[str]
    through: datetime | None
    unreadable: list[Unreadable] = field(default_factory=list)

    @property
    def is_complete(self) -> bool:
        """Whether nothing was left out."""
        return not self.incomplete


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that hangs on a record; `size` in bytes where the ledger tells it."""

    external_id: str
    file_name: str
    content_type: str
    size: int | None
    raw: dict[str, Any]


class Outcome(StrEnum):
    """What became of a write whose answer was lost."""

    POSTED = "posted"
    ABSENT = "absent"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Probe:
    """The outcome of a probe; with POSTED the record, or the deletion, that proves it."""

    outcome: Outcome
    record: Record | Deletion | None = None
    reason: str = ""
    wait: float | None = None
    """Seconds after which asking again may tell more."""


@dataclass(frozen=True, slots=True)
class FileProbe:
    """Whether a file hangs on a record; with POSTED the entry that proves it."""

    outcome: Outcome
    attachment: Attachment | None = None
    reason: str = ""
    names: frozenset[str] = frozenset()
    """The names that the record's other files have."""
    wait: float | None = None
    """Seconds after which asking again may tell more."""


@dataclass(frozen=True, slots=True)
class Organisation:
    """The organisation behind a connection."""

    external_org_id: str
    name: str
    legal_name: str
    country: str
    currency: str
    fiscal_year_start_month: int | None
    closed_through: date | None
    is_multi_currency: bool
    record: Record


@dataclass(frozen=True, slots=True)
class ReportTable:
    """A report as unified: `unified` has name, basis, start_on, end_on, currency, columns and rows."""

    unified: dict[str, Any]
    raw: dict[str, Any]


@dataclass(frozen=True, slots=True)
class BatchItem:
    """One write of a batch; `key` is unique inside it."""

    resource: str
    operation: str
    unified: Mapping[str, Any]
    key: str


BatchResult = Record | Deletion | IntegrationError

Rate = Decimal
