"""One claimed posting on its way: `sent` is committed before a byte leaves, an unknown outcome is looked up first."""

from datetime import timedelta
from typing import Any
from uuid import uuid5

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
from integrations.models import Connection, LedgerRecord, Posting
from integrations.services import attaching, budgets, closing, failures, ledgers, overriding, policies
from integrations.services.attaching import Attached
from integrations.services.calls import Recorder
from integrations.services.closing import PeriodClosedError
from integrations.services.ledgers import Session
from integrations.services.outcomes import conclude_posted, read_back
from integrations.services.overriding import Laid, OverrideFailedError
from integrations.services.readiness import NotYetError, callable_now, ready_body
from integrations.services.references import references
from integrations.services.work import LeaseLostError, backoff, conclude, keep, release
from tenants.rls import tenant_scope

log = structlog.get_logger(__name__)

Status = Posting.Status

PATIENCE_SECONDS = 5.0
"""A posting's call waits so long for its turn; then its row waits instead, and the worker is free for others."""

_PARKED = timedelta(hours=1)
_MOST_STALE_RETRIES = 5
_UNTIL_ASKED = timedelta(hours=24)


def request_id(posting: Posting) -> str:
    """What the ledger recognises a repetition by: one per edition of a posting, 36 characters."""
    return str(uuid5(posting.pk, f"edition {posting.edition}"))


class Delivery:
    """One claimed posting, from the question whether it may go to the row that says what became of it."""

    def __init__(self, posting: Posting) -> None:
        self.posting = posting
        self.affected: set[tuple[str, str]] = set()
        self.asks_period = False
        """Whether the ledger has to be asked through which day its books are closed before anything is decided."""
        self.laid: Laid | None = None
        """What overrides made of it, where it goes together with others."""
        self._candidate: dict[str, str] = {}

    def run(self) -> None:
        """One turn of a worker; a mistake of ours is written into the row and raised."""
        try:
            if self.is_ready():
                self.attempt()
        except LeaseLostError:
            log.warning("posting_taken_over", posting=str(self.posting.pk), fence=self.posting.fence)
        except Exception as error:
            self.rest_after_bug(error)
            raise

    def is_ready(self) -> bool:
        """Whether it may go now; otherwise the row says what it waits for, or why it was refused without being sent."""
        with tenant_scope(self.posting.tenant_id):
            try:
                callable_now(self.posting.connection)
                if self.posting.status == Status.PENDING:
                    # From here on with the ledger's own ids: what it changes is read before and after it is sent.
                    self.posting.body = ready_body(self.posting)
            except NotYetError as reason:
                release(self.posting, wait=reason.wait, error_code="waiting", error=reason.error)
                return False
            except PeriodClosedError as closed:
                self.asks_period = closing.is_stale(self.posting.connection)
                return self.asks_period or self._may_go_although(closed)
            except RejectedError as error:
                conclude(self.posting, status=Status.REJECTED, **failures.columns(error))
                return False
        return True

    def attempt(self) -> None:
        """Open the ledger, look up first what is unknown, send, and write down what came of it."""
        try:
            recorder = Recorder(self.posting.connection, posting=self.posting)
            with ledgers.open_ledger(
                self.posting.connection,
                recorder=recorder,
                lane="interactive",
                before_call=self.still_ours,
                patience=PATIENCE_SECONDS,
            ) as session:
                self._deliver(session)
        except IntegrationError as error:
            self.failed(error)

    def still_ours(self) -> None:
        """A call may have waited long for its turn: its lease counts from now, and what is lost is not sent."""
        if self.posting.status in {Status.PENDING, Status.SENT, Status.UNKNOWN}:
            with tenant_scope(self.posting.tenant_id):
                keep(self.posting)

    def _deliver(self, session: Session) -> None:
        if self.asks_period:
            closing.read_again(self.posting.connection, session.ledger)
            if not self.is_ready():
                return
        self.remember_affected()
        posted = self._find_out(session) if self.posting.status == Status.UNKNOWN else None
        if posted is None and self.posting.status == Status.PENDING:
            posted = self._attach(session) if self._is_file else self._send_on_an_open_day(session)
        if posted is not None:
            conclude_posted(self.posting, posted, correlation_id=session.recorder.correlation_id)
            read_back([self.posting], session, self.affected)

    @property
    def _is_file(self) -> bool:
        return self.posting.operation == Posting.Operation.ATTACH

    def _find_out(self, session: Session) -> Record | Deletion | Attached | None:
        """Ask the ledger what became of it: its record, or None with the posting pending (absent) or still unknown."""
        with tenant_scope(self.posting.tenant_id):
            keep(self.posting, attempts=self.posting.attempts + 1)
        found = attaching.looked_up(session.ledger, self.posting) if self._is_file else self._probe(session)
        if found is None:
            with tenant_scope(self.posting.tenant_id):
                keep(self.posting, status=Status.PENDING)
        return found

    def _attach(self, session: Session) -> Attached:
        """Hang a file on its record, unless it hangs there already, under a name that no other file there has."""
        there, name = attaching.before_sending(session.ledger, self.posting)
        if there is not None:
            return there
        with tenant_scope(self.posting.tenant_id):
            changes = {"status": Status.SENT, "sent_at": timezone.now(), "attempts": self.posting.attempts + 1}
            keep(self.posting, body={**ready_body(self.posting), "file_name": name}, **changes)
        return attaching.attach(session.ledger, self.posting, key=request_id(self.posting))

    def _probe(self, session: Session) -> Record | Deletion | None:
        posting = self.posting
        laid = overriding.sent_with(posting)
        with tenant_scope(posting.tenant_id):
            may_repeat = policies.lets(posting)
        probe = session.ledger.probe(
            posting.resource,
            posting.operation,
            laid.over(posting.body) if laid else posting.body,
            key=request_id(posting),
            sent_at=posting.sent_at,
            # The ledger knows the key of the call that carried it, not its own.
            by_own_key=posting.batch is None,
            # Asked by repeating it, a ledger that never got it writes it now.
            may_repeat=may_repeat,
            ignoring=laid.altered if laid else (),
        )
        if probe.outcome == Outcome.POSTED and probe.record is not None:
            return probe.record
        if probe.outcome == Outcome.ABSENT:
            return None
        if probe.record is not None:
            self._candidate = {"external_id": probe.record.external_id, "remote_type": probe.record.remote_type}
        told = probe.reason or "The ledger does not tell yet whether it has this document."
        raise OutcomeUnknown(told, retry_after=probe.wait)

    def _send_on_an_open_day(self, session: Session) -> Record | Deletion | None:
        """Send; where the ledger closed the period meanwhile, its day is read again and the policy decides."""
        try:
            return self._send(session)
        except RejectedError as error:
            if closing.refused_as_closed(self.posting, error) is None:
                raise
            closing.read_again(self.posting.connection, session.ledger)
            closed = closing.refused_as_closed(self.posting, error)
            if closed is None or self.posting.connection.closed_period == Connection.ClosedPeriod.BLOCK:
                raise
            with tenant_scope(self.posting.tenant_id):
                # The refusal is certain: what is sent next is another request.
                keep(self.posting, status=Status.PENDING, edition=self.posting.edition + 1)
                may_go = self._may_go_although(closed)
            return self._send(session) if may_go else None

    def _send(self, session: Session) -> Record | Deletion:
        posting = self.posting
        if posting.operation != Posting.Operation.CREATE:
            self._take_version(session)
        laid = overriding.prepare(session.ledger, posting)
        with tenant_scope(self.posting.tenant_id):
            changes = {"status": Status.SENT, "sent_at": timezone.now(), "attempts": self.posting.attempts + 1}
            keep(self.posting, body=ready_body(self.posting), batch=None, **changes)
        body = laid.over(posting.body) if laid else posting.body
        return session.ledger.post(posting.resource, posting.operation, body, key=request_id(posting))

    def _take_version(self, session: Session) -> None:
        """Changing a record needs the version the ledger has now; linked documents move it without our doing."""
        body = self.posting.body
        current = session.ledger.read(self.posting.resource, body["external_id"], body.get("remote_type") or None)
        self.affected |= {(name, key) for name, key, field in references(current.unified) if field == "allocations"}
        self.posting.body = {**body, "version": current.unified.get("version")}

    def remember_affected(self) -> None:
        """Note which documents the write changes along the way: they are read back afterwards."""
        if self._is_file:
            return
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

    def failed(self, error: IntegrationError) -> None:
        """Write down what an error means for this posting: refused, unknown, or later."""
        if isinstance(error, OverrideFailedError):
            self._held(error)
        elif isinstance(error, RejectedError):
            self._refused(error)
        elif isinstance(error, OutcomeUnknown | UnexpectedShape):
            self._unknown(error)
        elif isinstance(error, ReauthorizationNeeded):
            self._later(error, _PARKED)
        elif isinstance(error, TransientError):
            self._later(error, backoff(self.posting.attempts, error.retry_after))
        elif self.posting.status == Status.UNKNOWN:
            # A person must act first. What is unknown stays unknown: only the ledger can say what became of it.
            self._later(error, _PARKED)
        else:
            self._refused(error)

    def not_sent(self) -> None:
        """Nothing left: it waits to be sent as before."""
        with tenant_scope(self.posting.tenant_id):
            keep(self.posting, status=Status.PENDING, batch=None)

    def _may_go_although(self, closed: PeriodClosedError) -> bool:
        """What the connection's policy says of a closed period; inside the tenant's scope."""
        changes = closing.next_word(self.posting, closed)
        if changes is None:
            conclude(self.posting, status=Status.REJECTED, **failures.columns(closed))
        elif "body" in changes:
            keep(self.posting, **changes)
            return True
        elif changes:
            release(self.posting, **changes, **failures.columns(closed))
        else:
            waiting = {
                "code": "waiting",
                "message": f"{closed.message} It waits until the period is opened, as somebody decided.",
                "remedy": "Have the period opened in the ledger: this one follows by itself. Or cancel it.",
                "who_can_fix": closed.who_can_fix,
            }
            release(self.posting, wait=_PARKED, error_code="waiting", error=waiting)
        return False

    def _held(self, error: OverrideFailedError) -> None:
        """Nothing left: a person is asked what to do about the override that failed."""
        with tenant_scope(self.posting.tenant_id):
            changes: dict[str, Any] = {"status": Status.HELD, "batch": None, "question": error.question}
            release(self.posting, **changes, **failures.columns(error))

    def _refused(self, error: IntegrationError) -> None:
        is_stale = error.code == "stale" and self.posting.operation != Posting.Operation.CREATE
        if is_stale and self.posting.edition < _MOST_STALE_RETRIES:
            # Somebody changed the record between our reading and writing: read again, under a new request id.
            changes = {"status": Status.PENDING, "edition": self.posting.edition + 1}
            self._put_back(timedelta(0), **changes, **failures.columns(error))
            return
        with tenant_scope(self.posting.tenant_id):
            conclude(self.posting, status=Status.REJECTED, **failures.columns(error))

    def _unknown(self, error: IntegrationError) -> None:
        wait = backoff(self.posting.attempts, error.retry_after)
        if self.posting.status == Status.PENDING:
            # It was a question before the sending that brought a strange answer: there is nothing to look up.
            self._later(error, wait)
        else:
            self._look_later(error, wait)

    def _later(self, error: IntegrationError, wait: timedelta) -> None:
        """Nothing was written: what was being sent waits to be sent, what was being looked up waits to be looked up."""
        if self.posting.status == Status.UNKNOWN:
            self._look_later(error, wait)
            return
        columns = budgets.told(error, self.posting.error)
        if budgets.is_used_up(error, columns):
            with tenant_scope(self.posting.tenant_id):
                conclude(self.posting, status=Status.RESTING, batch=None, **columns)
            return
        self._put_back(wait, status=Status.PENDING, batch=None, **columns)

    def _look_later(self, error: IntegrationError, wait: timedelta) -> None:
        """It stays unknown; after its budget a person is asked, and it is looked up ever more seldom."""
        columns = budgets.told(error, self.posting.error)
        columns["error"] |= {"candidate": self._candidate} if self._candidate else {}
        changes: dict[str, Any] = {"status": Status.UNKNOWN}
        sent_at = self.posting.sent_at
        is_old = sent_at is not None and timezone.now() - sent_at > _UNTIL_ASKED
        if is_old or budgets.is_used_up(error, columns):
            wait = max(wait, budgets.next_look(sent_at))
            changes["question"] = budgets.QUESTION
        self._put_back(wait, **changes, **columns)

    def _put_back(self, wait: timedelta, **changes: Any) -> None:
        with tenant_scope(self.posting.tenant_id):
            release(self.posting, wait=wait, **changes)

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
