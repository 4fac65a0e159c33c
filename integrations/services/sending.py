"""The worker's side of a posting: `sent` is committed before a byte leaves, and an unknown outcome is looked up first.

pending → sent → posted | rejected | unknown → (probe) posted | absent → pending. Every step is written over the fence
of the claim; a worker that lost it leaves its recorded call as evidence and writes nothing.
"""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid5

import structlog
from django.utils import timezone

from integrations.engine.errors import (
    IntegrationError,
    OutcomeUnknown,
    ReauthorizationNeeded,
    RejectedError,
    TransientError,
    UnexpectedShape,
)
from integrations.engine.results import Deletion, Outcome, Record
from integrations.models import LedgerRecord, Posting
from integrations.services import failures, ledgers
from integrations.services.calls import Recorder
from integrations.services.ledgers import Session
from integrations.services.outcomes import conclude_posted, read_back
from integrations.services.readiness import NotYetError, callable_now, ready_body, references
from integrations.services.work import LeaseLostError, backoff, claim, conclude, keep, release
from tenants.rls import tenant_scope

log = structlog.get_logger(__name__)

Status = Posting.Status

_PARKED = timedelta(hours=1)
_MOST_STALE_RETRIES = 5


def send_posting(tenant_id: UUID | str, posting_id: UUID | str) -> Posting | None:
    """Take a posting and bring it one decision further: posted, rejected, waiting, or unknown and looked up again.

    None when there was nothing to take. A mistake of ours is written into the row and raised.
    """
    posting = _take(tenant_id, posting_id)
    if posting is None:
        return None
    delivery = _Delivery(posting)
    try:
        if delivery.is_ready():
            delivery.attempt()
    except LeaseLostError:
        log.warning("posting_taken_over", posting=str(posting.pk), fence=posting.fence)
    except Exception as error:
        delivery.rest_after_bug(error)
        raise
    return posting


def request_id(posting: Posting) -> str:
    """What the ledger recognises a repetition by: one per edition of a posting, 36 characters."""
    return str(uuid5(posting.pk, f"edition {posting.edition}"))


def _take(tenant_id: UUID | str, posting_id: UUID | str) -> Posting | None:
    statuses = [Status.PENDING, Status.SENT, Status.UNKNOWN]
    with tenant_scope(tenant_id):
        posting = claim(Posting, tenant_id=tenant_id, row_id=posting_id, statuses=statuses)
        if posting is None:
            return None
        if posting.status == Status.SENT:
            # Its worker died between sending and the answer: whether it arrived is not known.
            keep(posting, status=Status.UNKNOWN)
    return posting


class _Delivery:
    """One claimed posting on its way."""

    def __init__(self, posting: Posting) -> None:
        self.posting = posting
        self.affected: set[tuple[str, str]] = set()

    def is_ready(self) -> bool:
        """Whether it may go now; otherwise the row says what it waits for, or why it was refused without being sent."""
        with tenant_scope(self.posting.tenant_id):
            try:
                callable_now(self.posting.connection)
                if self.posting.status == Status.PENDING:
                    ready_body(self.posting)
            except NotYetError as reason:
                release(self.posting, wait=reason.wait, error_code="waiting", error=reason.error)
                return False
            except RejectedError as error:
                conclude(self.posting, status=Status.REJECTED, **failures.columns(error))
                return False
        return True

    def attempt(self) -> None:
        """Open the ledger, look up first what is unknown, send, and write down what came of it."""
        try:
            recorder = Recorder(self.posting.connection, posting=self.posting)
            with ledgers.open_ledger(
                self.posting.connection, recorder=recorder, lane="interactive", before_call=self._still_ours
            ) as session:
                self._deliver(session)
        except RejectedError as error:
            self._refused(error)
        except (OutcomeUnknown, UnexpectedShape) as error:
            self._unknown(error)
        except ReauthorizationNeeded as error:
            self._later(error, _PARKED)
        except TransientError as error:
            self._later(error, backoff(self.posting.attempts, error.retry_after))
        except IntegrationError as error:
            # A person must act first. What is unknown stays unknown: only the ledger can say what became of it.
            self._later(error, _PARKED) if self.posting.status == Status.UNKNOWN else self._refused(error)

    def _still_ours(self) -> None:
        """A call may have waited long for its turn: its lease counts from now, and what is lost is not sent."""
        if self.posting.status in {Status.PENDING, Status.SENT, Status.UNKNOWN}:
            with tenant_scope(self.posting.tenant_id):
                keep(self.posting)

    def _deliver(self, session: Session) -> None:
        self._remember_affected()
        posted = self._probe(session) if self.posting.status == Status.UNKNOWN else None
        if posted is None and self.posting.status == Status.PENDING:
            posted = self._send(session)
        if posted is not None:
            conclude_posted(self.posting, posted, correlation_id=session.recorder.correlation_id)
            read_back(self.posting, session, self.affected, posted)

    def _probe(self, session: Session) -> Record | Deletion | None:
        """Ask the ledger what became of it: its record, or None with the posting pending (absent) or still unknown."""
        with tenant_scope(self.posting.tenant_id):
            keep(self.posting, attempts=self.posting.attempts + 1)
        posting = self.posting
        probe = session.ledger.probe(
            posting.resource, posting.operation, posting.body, key=request_id(posting), sent_at=posting.sent_at
        )
        if probe.outcome == Outcome.POSTED and probe.record is not None:
            return probe.record
        if probe.outcome == Outcome.ABSENT:
            with tenant_scope(self.posting.tenant_id):
                keep(self.posting, status=Status.PENDING)
            return None
        told = probe.reason or "The ledger does not tell yet whether it has this document."
        raise OutcomeUnknown(told, retry_after=probe.wait)

    def _send(self, session: Session) -> Record | Deletion:
        posting = self.posting
        if posting.operation != Posting.Operation.CREATE:
            self._take_version(session)
        with tenant_scope(self.posting.tenant_id):
            changes = {"status": Status.SENT, "sent_at": timezone.now(), "attempts": self.posting.attempts + 1}
            keep(self.posting, body=ready_body(self.posting), **changes)
        return session.ledger.post(posting.resource, posting.operation, posting.body, key=request_id(posting))

    def _take_version(self, session: Session) -> None:
        """Changing a record needs the version the ledger has now; linked documents move it without our doing."""
        body = self.posting.body
        current = session.ledger.read(self.posting.resource, body["external_id"], body.get("remote_type") or None)
        self.affected |= {(name, key) for name, key, field in references(current.unified) if field == "allocations"}
        self.posting.body = {**body, "version": current.unified.get("version")}

    def _remember_affected(self) -> None:
        body = self.posting.body
        self.affected |= {(name, key) for name, key, field in references(body) if field in {"allocations", "links"}}
        if self.posting.operation == Posting.Operation.CREATE:
            return
        with tenant_scope(self.posting.tenant_id):
            rows = LedgerRecord.objects.for_tenant(self.posting.tenant_id)
            known = rows.of(self.posting.connection, self.posting.resource)
            for row in known.filter(external_id=body.get("external_id", "")):
                self.affected |= {(name, key) for name, key, field in references(row.unified) if field == "allocations"}

    # Outcomes ------------------------------------------------------------------------------------------------------

    def _refused(self, error: IntegrationError) -> None:
        is_stale = error.code == "stale" and self.posting.operation != Posting.Operation.CREATE
        if is_stale and self.posting.edition < _MOST_STALE_RETRIES:
            # Somebody changed the record between our reading and writing: read again, under a new request id.
            self._put_back(error, timedelta(0), status=Status.PENDING, edition=self.posting.edition + 1)
            return
        with tenant_scope(self.posting.tenant_id):
            conclude(self.posting, status=Status.REJECTED, **failures.columns(error))

    def _unknown(self, error: IntegrationError) -> None:
        if self.posting.status == Status.PENDING:
            # It was a question before the sending that brought a strange answer: there is nothing to look up.
            self._later(error, backoff(self.posting.attempts, error.retry_after))
            return
        self._put_back(error, backoff(self.posting.attempts, error.retry_after), status=Status.UNKNOWN)

    def _later(self, error: IntegrationError, wait: timedelta) -> None:
        """Nothing was written: what was being sent waits to be sent, what was being looked up waits to be looked up."""
        status = Status.UNKNOWN if self.posting.status == Status.UNKNOWN else Status.PENDING
        self._put_back(error, wait, status=status)

    def _put_back(self, error: IntegrationError, wait: timedelta, **changes: Any) -> None:
        with tenant_scope(self.posting.tenant_id):
            release(self.posting, wait=wait, **changes, **failures.columns(error))

    def rest_after_bug(self, error: Exception) -> None:
        """After a mistake of ours: before sending it rests as refused, afterwards its outcome is not known."""
        columns = failures.of_bug(error)
        with tenant_scope(self.posting.tenant_id):
            try:
                if self.posting.status == Status.PENDING:
                    conclude(self.posting, status=Status.REJECTED, **columns)
                elif self.posting.status in {Status.SENT, Status.UNKNOWN}:
                    release(self.posting, wait=backoff(self.posting.attempts), status=Status.UNKNOWN, **columns)
            except LeaseLostError:
                log.warning("posting_taken_over", posting=str(self.posting.pk), fence=self.posting.fence)
