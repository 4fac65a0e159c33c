"""A record on its way into the mirror: all that is stored of it, made in one go while its objects are at hand.

A page of a thousand records is a hundred thousand objects. Each record is turned into a few texts as soon as it is
read, and its objects are let go: the next one is made in the same memory.
"""

from typing import Any, NamedTuple

from integrations.engine import jsontext
from integrations.engine.results import Record
from integrations.services import arrivals
from integrations.services.content import Content, content, unified_text
from integrations.unified.summary import summarise


class Prepared(NamedTuple):
    """One record as it is stored; `listed` are the columns that lists read."""

    remote_type: str
    external_id: str
    content: Content
    listed: tuple[str | None, ...]

    @property
    def raw(self) -> Any:
        """The ledger's own form."""
        return jsontext.loads(self.content.raw)

    @property
    def unified(self) -> dict[str, Any]:
        """The unified form as JSON has it: days, moments and amounts are texts."""
        found: dict[str, Any] = jsontext.loads(self.content.unified)
        return found


def prepared(resource: str, record: Record) -> Prepared:
    """All that is stored of a record."""
    return Prepared(record.remote_type, record.external_id, content(record), _listed(resource, record))


def shown_as(resource: str, held: Prepared, unified: dict[str, Any]) -> Prepared:
    """The record with another unified form over what the ledger said, known by the same digest."""
    changed = held.content._replace(unified=unified_text(unified))
    record = Record(unified, {}, held.remote_type)
    return held._replace(content=changed, listed=_listed(resource, record))


def _listed(resource: str, record: Record) -> tuple[str | None, ...]:
    """`arrivals.LISTED` of a record."""
    get, text = record.unified.get, arrivals.as_text
    (
        name,
        number,
        contact_name,
        contact_id,
        issued_on,
        due_on,
        amount,
        open_amount,
        currency,
        status,
        is_active,
        kind,
    ) = summarise(resource, record.unified)
    words = [str(word) for word in (number, name, contact_name, get("email"), get("memo")) if word]
    texts = (
        record.remote_type, record.external_id, str(get("version") or ""), name[:300], number[:100], contact_id[:100],
        contact_name[:300], currency[:3], status[:30], kind[:40], " ".join(words).lower(),
    )  # fmt: skip
    return (
        *arrivals.without_nul(texts), text(get("modified_at")), text(issued_on), text(due_on), text(amount),
        text(open_amount), text(is_active),
    )  # fmt: skip
