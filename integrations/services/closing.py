"""Documents dated in a closed period: refused, asked about, or dated on the first open day, as the connection says.

Books are closed and opened in the ledger, so the day is read again before it decides anything. What was redated keeps
its own day: in its memo where the ledger has one, and in `question` of the row.
"""

from datetime import date, timedelta
from typing import Any

from django.utils import timezone
from django.utils.dateparse import parse_date

from integrations.engine.errors import IntegrationError, RejectedError
from integrations.engine.ledger import Ledger
from integrations.models import Connection, Posting
from integrations.services.connectors import connector_of
from integrations.services.organisations import describe
from tenants.rls import tenant_scope

FIRST_OPEN_DAY, WAIT, CANCEL = "first_open_day", "wait", "cancel"
CODE = "period_closed"

# What was read so lately is not asked again for every document of a batch.
_FRESH = timedelta(minutes=5)


class PeriodClosedError(RejectedError):
    """The document's day lies in a period that is closed, as far as the portal knows."""

    default_code = CODE
    default_remedy = "Date it in an open period, or have the period opened in the ledger; then replay."

    def __init__(self, day: date, closed_through: date | None, *, message: str = "") -> None:
        told = f"The books are closed through {closed_through}; this document is dated {day}."
        super().__init__(message or told, who_can_fix="administrator of the ledger")
        self.day, self.closed_through = day, closed_through


def check(posting: Posting, body: dict[str, Any]) -> None:
    """Raise PeriodClosedError where the books are closed on the document's own day."""
    day, closed = day_of(body), posting.connection.closed_through
    if _is_dated(posting) and day and closed and day <= closed:
        raise PeriodClosedError(day, closed)


def is_stale(connection: Connection) -> bool:
    """Whether the ledger has to be asked again before its closing day is relied on."""
    read_at = connection.closed_read_at
    return read_at is None or timezone.now() - read_at > _FRESH


def read_again(connection: Connection, ledger: Ledger) -> None:
    """Ask the ledger through which day its books are closed, and keep the answer on the connection."""
    company = ledger.organisation().record.unified
    with tenant_scope(connection.tenant_id):
        describe(connection, company)


def refused_as_closed(posting: Posting, error: IntegrationError) -> PeriodClosedError | None:
    """The ledger's own refusal of a closed period, as ours; None for any other refusal."""
    day = day_of(posting.body)
    if error.code != CODE or day is None or isinstance(error, PeriodClosedError):
        return None
    closed = posting.connection.closed_through
    return PeriodClosedError(day, closed if closed and day <= closed else None, message=error.message)


def next_word(posting: Posting, error: PeriodClosedError) -> dict[str, Any] | None:
    """What becomes of a posting in a closed period, as changes of its row; None: it is refused.

    A changed `body` means that it can go now; `status` HELD that a person is asked; neither that it waits for the
    period to be opened, as somebody answered.
    """
    if posting.question.get("answer") == WAIT:
        return {}
    policy = posting.connection.closed_period
    first_open = _first_open_day(error)
    if policy == Connection.ClosedPeriod.FIRST_OPEN_DAY and first_open:
        return redated(posting, error.day, first_open, by="the connection's settings")
    if policy == Connection.ClosedPeriod.BLOCK:
        return None
    return {"status": Posting.Status.HELD, "question": _question(error, first_open)}


def redated(posting: Posting, own: date, first_open: date, *, by: str) -> dict[str, Any]:
    """The row's changes that date a document on the first open day and keep its own."""
    body = {**posting.body, "issued_on": first_open.isoformat()}
    due = parse_date(str(body.get("due_on") or ""))
    if due is not None and due < first_open:
        body["due_on"] = first_open.isoformat()
    if _keeps_memo(posting):
        body["memo"] = f"{body.get('memo') or ''} (dated {own}, booked on the first open day)".strip()
    answered = {
        "code": CODE,
        "text": f"Its own day {own} is closed in the ledger; it is dated on the first open day, {first_open}, by {by}.",
        "answer": FIRST_OPEN_DAY,
        "own_day": own.isoformat(),
        "dated_on": first_open.isoformat(),
    }
    return {"body": body, "question": answered}


def day_of(body: dict[str, Any]) -> date | None:
    """The day a document is booked on."""
    day = body.get("issued_on")
    return day if isinstance(day, date) else parse_date(str(day)) if day else None


def _is_dated(posting: Posting) -> bool:
    # An update is sent with the fields it changes: with a day only where that is one of them.
    return posting.operation in {Posting.Operation.CREATE, Posting.Operation.UPDATE}


def _first_open_day(error: PeriodClosedError) -> date | None:
    """The day after the closing; None where it is not known, or lies ahead."""
    if error.closed_through is None:
        return None
    first = error.closed_through + timedelta(days=1)
    return first if first <= timezone.localdate() else None


def _question(error: PeriodClosedError, first_open: date | None) -> dict[str, Any]:
    choices = [
        {"name": WAIT, "label": "Leave it until the period is opened"},
        {"name": CANCEL, "label": "Cancel it"},
    ]
    if first_open:
        label = f"Date it on {first_open} (first open day)"
        choices.insert(0, {"name": FIRST_OPEN_DAY, "label": label})
    asked = {"code": CODE, "text": f"{error.message} What should become of it?", "choices": choices}
    days = {"own_day": error.day.isoformat()} | ({"dated_on": first_open.isoformat()} if first_open else {})
    return {**asked, **days}


def _keeps_memo(posting: Posting) -> bool:
    entities = connector_of(posting.connection).resource(posting.resource).entities.values()
    return all(
        any(field.name == "memo" and field.put is not None for field in entity.shape.fields) for entity in entities
    )
