"""Whatever the order of requests, turns, lost answers, crashes and decisions: nothing is lost, nothing is twice."""

from collections import Counter
from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db.models import F
from django.utils import timezone
from hypothesis import HealthCheck, settings, strategies
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from integrations.models import Connection, Posting
from integrations.services import deciding, postings
from tenants.rls import tenant_scope
from tests.integrations.conftest import Company, Sandbox
from tests.integrations.services.writes import WRITES, ask, contact, invoice

pytestmark = pytest.mark.integration
Status = Posting.Status
_LOSSES = ("drop_before", "drop_after_commit", "truncate", {"status": 500}, {"status": 503}, {"status": 429})
_TURNS = 15
# A posting that is at its end, and what the books must then hold of it.
_ENDS = {Status.POSTED: 1, Status.CANCELLED: 0, Status.REJECTED: 0}


class Sending(RuleBasedStateMachine):
    """People and programs ask for documents, workers send them, and everything breaks now and then."""

    connection: Connection
    company: Company
    sandbox: Sandbox
    numbers = count()

    @initialize()
    def begin(self) -> None:
        self.asked: dict[str, Posting] = {}

    def _ask(self, number: str, **changes: Any) -> None:
        self.asked[number] = ask(self.connection, "invoices", invoice(self.company, number, **changes))

    # Who asks

    @rule(many=strategies.integers(1, 4))
    def ask_for_invoices(self, many: int) -> None:
        for _ in range(many):
            self._ask(f"S-{next(self.numbers)}")

    @rule()
    def ask_for_a_customer_and_an_invoice(self) -> None:
        number = f"S-{next(self.numbers)}"
        first = ask(self.connection, "contacts", contact(f"Customer {number}"))
        self._ask(number, contact={"id": {"posting": str(first.pk)}, "type": "customer"})

    # What breaks

    @rule(action=strategies.sampled_from(_LOSSES), after=strategies.integers(0, 2))
    def lose_an_answer(self, action: Any, after: int) -> None:
        self.sandbox.fault(action, **{**WRITES, "after": after})

    @rule()
    def kill_workers_after_sending(self) -> None:
        """What a killed worker leaves behind: sent, with a lease that has run out."""
        with tenant_scope(self.connection.tenant_id):
            long_ago = timezone.now() - timedelta(seconds=1)
            Posting.objects.filter(status=Status.UNKNOWN).update(status=Status.SENT, lease_until=long_ago)

    @rule()
    def let_time_pass(self) -> None:
        """Keys are forgotten after a day; what was asked to wait has waited."""
        with tenant_scope(self.connection.tenant_id):
            Posting.objects.filter(status=Status.UNKNOWN).update(sent_at=F("sent_at") - timedelta(minutes=2))

    # Who acts

    @rule(data=strategies.data())
    def work(self, data: Any) -> None:
        due = self._unfinished()
        if due:
            self._turn(data.draw(strategies.sampled_from(due)))

    @rule(data=strategies.data())
    def cancel(self, data: Any) -> None:
        self._try(data, postings.cancel_posting)

    @rule(data=strategies.data())
    def replay(self, data: Any) -> None:
        self._try(data, lambda row: postings.replay_posting(posting=row))

    @rule(data=strategies.data())
    def insist(self, data: Any) -> None:
        self._try(data, lambda row: deciding.send_again(posting=row, reason="Searched the ledger by number"))

    def _try(self, data: Any, act: Any) -> None:
        if not self.asked:
            return
        row = data.draw(strategies.sampled_from(sorted(self.asked)))
        with tenant_scope(self.connection.tenant_id):
            try:
                act(Posting.objects.get(pk=self.asked[row].pk))
            except ValidationError:
                # Too late, or nothing to decide: the row is as it was.
                return

    def _turn(self, row: Posting) -> None:
        postings.send_posting(row.tenant_id, row.pk)

    def _unfinished(self) -> list[Posting]:
        with tenant_scope(self.connection.tenant_id):
            return list(Posting.objects.unfinished().order_by("id"))

    # What holds in the end, whatever came before

    def teardown(self) -> None:
        self.sandbox.lift_faults()
        for _ in range(_TURNS):
            with tenant_scope(self.connection.tenant_id):
                rows = Posting.objects.unfinished()
                rows.update(available_at=timezone.now())
                rows.filter(status=Status.UNKNOWN).update(sent_at=F("sent_at") - timedelta(minutes=2))
            for row in self._unfinished():
                self._turn(row)
        with tenant_scope(self.connection.tenant_id):
            states = {number: Posting.objects.get(pk=row.pk).status for number, row in self.asked.items()}
            # Waiting for a cancelled customer is an end that is said in words.
            waiting = Posting.objects.unfinished().exclude(error_code="waiting")
            assert not waiting, [(row.status, row.error) for row in waiting]
        books = Counter(row.get("DocNumber") for row in self.company.documents("invoices"))
        expected = {number: _ENDS.get(state, 0) for number, state in states.items()}  # type: ignore[call-overload]
        assert {number: books[number] for number in expected} == expected, states
        assert self.company.is_balanced()


def test_whatever_happens_every_posting_lands_once_or_says_why_not(
    connected: Connection, company: Company, sandbox: Sandbox, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.RETRY_BASE_SECONDS = 0
    # Turns follow each other here without a pause: what is limited waits in line.
    for place in ("delivery", "together"):
        monkeypatch.setattr(f"integrations.services.{place}.PATIENCE_SECONDS", 75.0)
    Sending.connection, Sending.company, Sending.sandbox = connected, company, sandbox
    run_state_machine_as_test(Sending, settings=_few())


def _few() -> settings:
    return settings(
        max_examples=8, stateful_step_count=14, deadline=None, suppress_health_check=list(HealthCheck), print_blob=True
    )
