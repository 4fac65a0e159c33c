"""Bank lines by what the bank wrote: every word has to occur somewhere in name, text, reference or the bank's id.

The search is a database function over an index of trigrams (migration 0012): row-level security would keep any index of
texts from being used, so the function holds itself to the tenant of the running scope.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from django.db import connection
from django.db.models.expressions import RawSQL

MOST = 2_000
_MOST_WORDS = 8


@dataclass(frozen=True, slots=True)
class Hits:
    """The newest lines with the words; `is_cut` when there are older ones, too."""

    ids: Sequence[UUID]
    is_cut: bool = False

    @property
    def among(self) -> RawSQL:
        """The ids as one value for `pk__in`: said one by one, thousands of them cost more than to find them."""
        return RawSQL("SELECT unnest(%s::uuid[])", [list(self.ids)])  # noqa: S611 - nothing from outside in it


def find_lines(
    text: str,
    *,
    statuses: Sequence[str] | None = None,
    account: UUID | None = None,
    first_on: date | None = None,
    before: date | None = None,
) -> Hits:
    """Up to 2,000 lines of the running scope's tenant with all words of the text, the newest; one query."""
    words = text.lower().replace("\0", "").split()[:_MOST_WORDS]
    asked = [words, list(statuses) if statuses else None, account, first_on, before, MOST + 1]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT * FROM reconciliation_lines_with("
            "%s::text[], %s::text[], %s::uuid, %s::date, %s::date, %s::integer)",
            asked,
        )
        found = [row[0] for row in cursor.fetchall()]
    return Hits(found[:MOST], len(found) > MOST)
