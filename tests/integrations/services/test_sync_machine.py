"""Whatever the order of edits in the ledger, failing calls and cancelled syncs: the mirror ends equal to the ledger."""

from itertools import count
from typing import Any

import orjson
import pytest
from django.core.exceptions import ValidationError
from hypothesis import HealthCheck, settings, strategies
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from integrations.engine.results import Record
from integrations.models import Connection, LedgerRecord, SeenRecord, SyncCursor, SyncRun
from integrations.services import sync
from integrations.services.calls import Recorder
from integrations.services.content import content
from integrations.services.ledgers import open_ledger
from tenants.rls import tenant_scope
from tests.integrations.conftest import Company, Sandbox

pytestmark = pytest.mark.integration
FEW = ("invoices", "payments", "contacts")
_CALLS_THAT_FAIL = ("drop_before", "drop_after_commit", "truncate", {"status": 500}, {"status": 503})
_TURNS = 12


class Syncing(RuleBasedStateMachine):
    """A ledger that people use and a portal that pulls from it; each example begins with an empty mirror."""

    connection: Connection
    company: Company
    sandbox: Sandbox
    numbers = count()
    made: list[tuple[str, str]]

    @initialize()
    def forget_everything(self) -> None:
        self.made = []
        with tenant_scope(self.connection.tenant_id):
            for model in (SeenRecord, SyncRun, SyncCursor, LedgerRecord):
                model.objects.filter(tenant_id=self.connection.tenant_id).delete()
        for _ in range(3):
            self.create("invoices", 5_000)
        self.create("contacts", 0)
        self.ask(FEW, False)
        self.work()

    # People in the ledger

    @rule(resource=strategies.sampled_from(["invoices", "contacts"]), amount=strategies.integers(100, 90_000))
    def create(self, resource: str, amount: int) -> None:
        number = f"M-{next(self.numbers)}"
        told = {"name": number} if resource == "contacts" else {"number": number, "amount": f"{amount / 100:.2f}"}
        answer = self.company.change(action="create", resource=resource, **told)
        self.made.append((resource, str(answer["id"])))

    @precondition(lambda self: any(resource == "invoices" for resource, _ in self.made))
    @rule(data=strategies.data())
    def pay(self, data: Any) -> None:
        self._once("pay", data)

    @precondition(lambda self: any(resource == "invoices" for resource, _ in self.made))
    @rule(data=strategies.data())
    def delete(self, data: Any) -> None:
        self._once("delete", data)

    def _once(self, action: str, data: Any) -> None:
        chosen = data.draw(strategies.sampled_from([each for each in self.made if each[0] == "invoices"]))
        self.company.change(action=action, resource="invoices", id=chosen[1])
        self.made.remove(chosen)

    @precondition(lambda self: any(resource == "contacts" for resource, _ in self.made))
    @rule(name=strategies.text("abc ", min_size=1, max_size=8), data=strategies.data())
    def rename(self, name: str, data: Any) -> None:
        _, identity = data.draw(strategies.sampled_from([each for each in self.made if each[0] == "contacts"]))
        self.company.change(action="rename", resource="contacts", id=identity, name=f"Called {name.strip()} {identity}")

    # Calls that fail, now or soon

    @rule(action=strategies.sampled_from(_CALLS_THAT_FAIL), after=strategies.integers(0, 3))
    def break_a_call(self, action: Any, after: int) -> None:
        self.sandbox.fault(action, method="GET", after=after, times=1)

    # The portal

    @rule(resources=strategies.sampled_from([FEW, FEW[:1], FEW[1:]]), is_full=strategies.booleans())
    def ask(self, resources: tuple[str, ...], is_full: bool) -> None:
        with tenant_scope(self.connection.tenant_id):
            try:
                sync.request_sync(connection=self.connection, trigger="manual", resources=resources, is_full=is_full)
            except ValidationError:
                # Another one, which does not cover this, is under way.
                assert SyncRun.objects.unfinished().exists()

    @rule()
    def sync(self) -> None:
        self.ask(FEW, False)
        self.work()

    @rule()
    def work(self) -> None:
        for run in self._unfinished():
            sync.run_sync(run.tenant_id, run.pk)

    @rule()
    def cancel(self) -> None:
        with tenant_scope(self.connection.tenant_id):
            for run in SyncRun.objects.unfinished():
                sync.cancel_sync(run)

    def _unfinished(self) -> list[SyncRun]:
        with tenant_scope(self.connection.tenant_id):
            return list(SyncRun.objects.unfinished())

    # What holds in the end, whatever came before

    def teardown(self) -> None:
        self.sandbox.lift_faults()
        for _ in range(_TURNS):
            self.work()
        self.ask(FEW, False)
        for _ in range(_TURNS):
            self.work()
        assert not self._unfinished()
        with tenant_scope(self.connection.tenant_id):
            rows = LedgerRecord.objects.filter(connection=self.connection, resource__in=FEW, deleted_at=None)
            ours = {
                (row.resource, row.remote_type, row.external_id): _comparable(row.resource, row.unified) for row in rows
            }
        assert ours == self._theirs()

    def _theirs(self) -> dict[tuple[str, str, str], Any]:
        with open_ledger(self.connection, recorder=Recorder(self.connection), lane="interactive") as session:
            found = [
                (resource, each) for resource in FEW for page in session.ledger.pages(resource) for each in page.records
            ]
        return {
            (resource, each.remote_type, each.external_id): _comparable(resource, each.unified)
            for resource, each in found
        }


def _comparable(resource: str, unified: dict[str, Any]) -> Any:
    """As it is stored; without a contact's balance, which moves with documents and is no change of the contact."""
    kept = {name: value for name, value in unified.items() if (resource, name) != ("contacts", "balance")}
    return orjson.loads(content(Record(kept, {}, "")).unified)


def test_whatever_happens_the_mirror_ends_equal_to_the_ledger(
    connected: Connection, company: Company, sandbox: Sandbox, settings: Any
) -> None:
    settings.RETRY_BASE_SECONDS = 0
    Syncing.connection, Syncing.company, Syncing.sandbox = connected, company, sandbox
    run_state_machine_as_test(Syncing, settings=_few())


def _few() -> settings:
    return settings(
        max_examples=16, stateful_step_count=12, deadline=None, suppress_health_check=list(HealthCheck), print_blob=True
    )
