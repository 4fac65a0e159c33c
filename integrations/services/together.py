"""Several claimed postings in one call, each with its own fence and its own outcome.

All are `sent` before a byte leaves. A lost answer leaves all of them unknown: the same call under the same key tells
what became of them, as long as the ledger remembers it; afterwards each is looked for by itself.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from functools import partial
from typing import Any

import structlog
from django.utils import timezone

from integrations.engine.errors import IntegrationError, RejectedError
from integrations.engine.results import BatchItem, BatchResult, Deletion, Record
from integrations.models import Posting
from integrations.services import ledgers, overriding
from integrations.services.calls import Recorder
from integrations.services.delivery import PATIENCE_SECONDS, Delivery, request_id
from integrations.services.ledgers import Session
from integrations.services.outcomes import conclude_posted, read_back
from integrations.services.readiness import NotYetError, ready_body
from integrations.services.work import LeaseLostError, keep, release
from tenants.models import new_id
from tenants.rls import tenant_scope

log = structlog.get_logger(__name__)

Status = Posting.Status


class Together:
    """One call with several postings."""

    def __init__(self, postings: Sequence[Posting]) -> None:
        # Their order is part of the call: a repetition must be the same, whoever of them was taken first.
        self._deliveries = [Delivery(posting) for posting in sorted(postings, key=lambda posting: posting.pk)]
        self._has_left = False
        self._bodies: dict[Any, dict[str, Any]] = {}

    def run(self) -> None:
        """Send those that are ready; one that is not, or that cannot be said, holds up none of the others."""
        ready = [each for each in self._deliveries if self._guarded(each, each.is_ready)]
        alone = [each for each in ready if each.asks_period]
        together = [each for each in ready if not each.asks_period]
        if len(together) == 1:
            alone, together = [*together, *alone], []
        if together:
            alone = [*self._send(together), *alone]
        for each in alone:
            self._guarded(each, each.attempt)

    def replay(self) -> None:
        """The same call under the same key, to hear what was answered first; what it refuses is looked for."""
        ready = [each for each in self._deliveries if self._guarded(each, each.is_ready)]
        if len(ready) < len(self._deliveries):
            return
        self._has_left = True
        lead = ready[0].posting
        try:
            with self._open(lead, ready) as session:
                with tenant_scope(lead.tenant_id):
                    for each in ready:
                        keep(each.posting, attempts=each.posting.attempts + 1)
                for each in ready:
                    each.laid = overriding.sent_with(each.posting)
                results = session.ledger.post_batch([_item(each) for each in ready])
                # A refusal may be of the repetition only: a ledger that forgot the key refuses a number twice.
                refused = [e for e, result in zip(ready, results, strict=True) if isinstance(result, RejectedError)]
                self._conclude(session, [(e, r) for e, r in zip(ready, results, strict=True) if e not in refused])
        except RejectedError:
            refused = ready
        except LeaseLostError:
            for each in ready:
                self._guarded(each, partial(release, each.posting))
            return
        except IntegrationError as error:
            self._failed(ready, error)
            return
        for each in refused:
            self._guarded(each, each.attempt)

    def _send(self, together: list[Delivery]) -> list[Delivery]:
        """Returns those that must go alone: nothing of theirs was written."""
        lead = together[0].posting
        sent: list[Delivery] = []
        try:
            with self._open(lead, together) as session:
                together = [each for each in together if self._can_be_said(session, each)]
                sent = self._mark_sent(together)
                if len(sent) < 2:
                    return self._back(sent)
                results = session.ledger.post_batch([_item(each) for each in sent])
                self._conclude(session, list(zip(sent, results, strict=True)))
        except LeaseLostError:
            # Somebody took one of them before the call had its turn.
            return [] if self._has_left else self._back(sent or together)
        except RejectedError:
            return self._back(sent or together)
        except IntegrationError as error:
            self._failed(sent or together, error)
        return []

    def _open(self, lead: Posting, deliveries: list[Delivery]) -> AbstractContextManager[Session]:
        recorder = Recorder(lead.connection, posting=lead)

        def still_ours() -> None:
            for each in deliveries:
                each.still_ours()
            self._has_left = self._has_left or any(each.posting.status == Status.SENT for each in deliveries)

        return ledgers.open_ledger(
            lead.connection,
            recorder=recorder,
            lane="interactive",
            before_call=still_ours,
            patience=PATIENCE_SECONDS,
        )

    def _can_be_said(self, session: Session, each: Delivery) -> bool:
        """Whether the ledger has a form for it; its body, with the ids of what it names, is kept for the call."""
        posting = each.posting
        try:
            with tenant_scope(posting.tenant_id):
                body = ready_body(posting)
            laid = overriding.prepare(session.ledger, posting)
            said = laid.over(body) if laid else body
            session.ledger.request(posting.resource, posting.operation, said, key=request_id(posting))
        except NotYetError:
            self._guarded(each, each.is_ready)
            return False
        except RejectedError as error:
            self._guarded(each, partial(each.failed, error))
            return False
        self._bodies[posting.pk] = body
        each.laid = laid
        return True

    def _mark_sent(self, deliveries: list[Delivery]) -> list[Delivery]:
        """All of them in one transaction, with the call's own name; those that were taken away stay out."""
        batch, now, sent = new_id(), timezone.now(), []
        if not deliveries:
            return []
        with tenant_scope(deliveries[0].posting.tenant_id):
            for each in deliveries:
                posting = each.posting
                changes = {"status": Status.SENT, "sent_at": now, "attempts": posting.attempts + 1, "batch": batch}
                try:
                    keep(posting, body=self._bodies[posting.pk], **changes)
                except LeaseLostError:
                    continue
                sent.append(each)
        return sent

    def _back(self, deliveries: list[Delivery]) -> list[Delivery]:
        """Those that are still ours, to be sent alone."""
        return [each for each in deliveries if self._guarded(each, each.not_sent) is not False]

    def _conclude(self, session: Session, results: list[tuple[Delivery, BatchResult]]) -> None:
        posted: list[Delivery] = []
        for each, result in results:
            if isinstance(result, IntegrationError):
                self._guarded(each, partial(each.failed, result))
            elif self._guarded(each, partial(_posted, session, each, result)) is not False:
                posted.append(each)
        affected: set[tuple[str, str]] = set()
        for each in posted:
            each.remember_affected()
            affected |= each.affected
        if posted:
            read_back([each.posting for each in posted], session, affected)

    def _failed(self, deliveries: list[Delivery], error: IntegrationError) -> None:
        for each in deliveries:
            self._guarded(each, partial(each.failed, error))

    def _guarded(self, each: Delivery, act: Callable[[], object]) -> object:
        """One step of one of them; what befalls it is its own. False when it came to nothing."""
        try:
            return act()
        except LeaseLostError:
            log.warning("posting_taken_over", posting=str(each.posting.pk), fence=each.posting.fence)
        except Exception as error:
            each.rest_after_bug(error)
            log.exception("posting_failed", posting=str(each.posting.pk))
        return False


def _item(each: Delivery) -> BatchItem:
    posting = each.posting
    body = each.laid.over(posting.body) if each.laid else posting.body
    return BatchItem(posting.resource, posting.operation, body, request_id(posting))


def _posted(session: Session, each: Delivery, result: Record | Deletion) -> None:
    conclude_posted(each.posting, result, correlation_id=session.recorder.correlation_id)
