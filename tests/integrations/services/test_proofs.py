"""Proofs: even on true books in every ledger, uneven as soon as a row is missing on either side, and even again."""

import json
from datetime import timedelta
from decimal import Decimal
from io import StringIO
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.utils import timezone

from integrations.models import Connection, Discrepancy, LedgerRecord, Proof, SyncRun
from integrations.services.proof_times import quiet_hour, tomorrow
from integrations.services.proofs import perform_proof, plan, request_due_proof, request_proof
from integrations.services.sync import run_sync
from tenants.rls import tenant_scope
from tests.conftest import Actors
from tests.integrations.conftest import Sandbox
from tests.integrations.factories import make_connection, make_run
from tests.integrations.services.shop import LEDGERS, Shop, open_shop


def prove(shop: Shop) -> Proof:
    """A proof as workers would make it, with the syncs it asks for."""
    tenant = shop.connection.tenant_id
    with tenant_scope(tenant):
        proof = request_proof(connection=shop.connection)
    for _ in range(8):
        shop.rest()
        if run := perform_proof(tenant, proof.pk):
            run_sync(tenant, run.pk)
        with tenant_scope(tenant):
            Proof.objects.filter(pk=proof.pk).update(available_at=timezone.now())
            proof = Proof.objects.get(pk=proof.pk)
        if proof.finished_at:
            return proof
    raise AssertionError(f"it does not come to an end: {proof.error}")


def uneven(proof: Proof) -> list[tuple[str, Any, Any]]:
    return [(line["key"], line["ours"], line["theirs"]) for line in proof.lines if line["status"] == "uneven"]


@pytest.mark.integration
@pytest.mark.parametrize("ledger", LEDGERS)
def test_true_books_are_even_and_a_missing_row_is_not(acme: Actors, sandbox: Sandbox, ledger: str) -> None:
    shop = open_shop(acme, sandbox, ledger)
    with tenant_scope(acme.tenant.pk):
        questions = plan(shop.connection)
    proof = prove(shop)
    assert (proof.status, uneven(proof), proof.error) == (Proof.Status.EVEN, [], {})
    # Beside the comparisons themselves: the lists that Intacct's records name their accounts and fields by.
    assert 0 < proof.calls <= sum(each.calls for each in questions) + (5 if ledger == "sage_intacct" else 0)
    told = {line["key"]: line["status"] for line in proof.lines}
    assert {told[f"count:{name}"] for name in ("invoices", "bills", "payments", "contacts")} == {"even"}
    assert told["trial_balance"] == ("untold" if ledger == "zoho_books" else "even")
    assert {told["amount:receivable"], told["amount:payable"]} == {"even"}
    banks = [line for line in proof.lines if line["key"].startswith("bank:")]
    assert {line["status"] for line in banks} == {"even"}
    assert any(line["ours"] for line in banks), "nothing moved: nothing is proved"

    with tenant_scope(acme.tenant.pk):
        lost = LedgerRecord.objects.of(shop.connection, "invoices").exclude(open_amount=0).first()
        assert lost is not None
        LedgerRecord.objects.filter(pk=lost.pk).update(deleted_at=timezone.now() + timedelta(days=1))
    proof = prove(shop)
    keys = {key for key, _, _ in uneven(proof)}
    assert keys == {"count:invoices", "amount:receivable"}
    with tenant_scope(acme.tenant.pk):
        open_rows = list(Discrepancy.objects.open())
        assert {row.key for row in open_rows} == {f"proof:{key}" for key in keys}
        assert {row.proposal["action"] for row in open_rows} == {"reread"}
        LedgerRecord.objects.filter(pk=lost.pk).update(deleted_at=None)
    assert prove(shop).status == Proof.Status.EVEN
    with tenant_scope(acme.tenant.pk):
        assert {row.status for row in Discrepancy.objects.all()} == {Discrepancy.Status.RESOLVED}


@pytest.mark.integration
@pytest.mark.parametrize("ledger", ["xero", "zoho_books"])
def test_documents_in_other_currencies_are_proved_at_their_own_rates(
    acme: Actors, sandbox: Sandbox, ledger: str
) -> None:
    shop = open_shop(acme, sandbox, ledger, currencies=["GBP", "EUR"], invoices=30, bills=10, contacts=14)
    told = {line["key"]: line for line in prove(shop).lines}
    receivable = told["amount:receivable"]
    assert "in another currency" in receivable["note"]
    assert receivable["status"] == "even", (receivable["ours"], receivable["theirs"])
    with tenant_scope(acme.tenant.pk):
        foreign = LedgerRecord.objects.of(shop.connection, "invoices").open().exclude(currency="GBP")
        row = foreign.exclude(status__in=["draft", "void"])[0]
        LedgerRecord.objects.filter(pk=row.pk).update(open_amount=row.open_amount + 5)  # type: ignore[operator]
    told = {line["key"]: line for line in prove(shop).lines}
    assert told["amount:receivable"]["status"] == "untold", "a revaluation might be the reason"


@pytest.mark.integration
def test_what_moves_in_the_ledger_meanwhile_accuses_nobody(acme: Actors, sandbox: Sandbox) -> None:
    shop = open_shop(acme, sandbox, "quickbooks")
    with tenant_scope(acme.tenant.pk):
        proof = request_proof(connection=shop.connection)
    shop.company.change(action="create", resource="invoices", amount=120)
    # Synced a moment ago: it compares at once, and asks for a sync because of what differs.
    run = perform_proof(acme.tenant.pk, proof.pk)
    assert run is not None
    assert "invoices" in run.resources
    with tenant_scope(acme.tenant.pk):
        proof = Proof.objects.get()
        assert (proof.status, Discrepancy.objects.count()) == (Proof.Status.RUNNING, 0)
    assert "count:invoices" in {key for key, _, _ in uneven(proof)}
    assert prove(shop).status == Proof.Status.EVEN


@pytest.mark.integration
def test_a_difference_that_somebody_accepted_as_known_is_even_from_then_on(acme: Actors, sandbox: Sandbox) -> None:
    shop = open_shop(acme, sandbox, "quickbooks")
    with tenant_scope(acme.tenant.pk):
        bank = LedgerRecord.objects.of(shop.connection, "bank_transactions").filter(kind="expense").first()
        assert bank is not None
        LedgerRecord.objects.filter(pk=bank.pk).update(amount=bank.amount - Decimal(10))  # type: ignore[operator]
    assert [key.partition(":")[0] for key, _, _ in uneven(prove(shop))] == ["bank"]
    with tenant_scope(acme.tenant.pk):
        Discrepancy.objects.open().update(status=Discrepancy.Status.ACCEPTED)
    assert prove(shop).status == Proof.Status.EVEN


def test_a_proof_is_asked_for_once_at_a_time_and_only_of_what_can_be_called(in_acme: Actors) -> None:
    connection = make_connection(in_acme.tenant)
    assert request_proof(connection=connection).pk == request_proof(connection=connection).pk
    paused = make_connection(in_acme.tenant, status=Connection.Status.PAUSED)
    with pytest.raises(ValidationError, match="not active"):
        request_proof(connection=paused)


def test_a_failed_sync_fails_the_proof_which_goes_again_by_itself(acme: Actors) -> None:
    with tenant_scope(acme.tenant.pk):
        connection = make_connection(acme.tenant)
        proof = request_proof(connection=connection)
        make_run(connection, status=SyncRun.Status.FAILED, started_at=timezone.now(), error={"message": "No access."})
    perform_proof(acme.tenant.pk, proof.pk)
    with tenant_scope(acme.tenant.pk):
        proof.refresh_from_db()
        connection.refresh_from_db()
    assert proof.status == Proof.Status.FAILED
    assert "No access." in proof.error["message"]
    assert connection.next_proof_at is not None
    assert connection.next_proof_at < timezone.now() + timedelta(hours=2)


def test_the_quiet_hour_is_the_one_of_the_night_that_moves_least(in_acme: Actors) -> None:
    connection = make_connection(in_acme.tenant)
    assert quiet_hour(connection) == 2
    at_two = timezone.localtime().replace(hour=2, minute=10) - timedelta(days=1)
    make_run(connection, started_at=at_two, changed=40)
    assert quiet_hour(connection) == 3
    assert timezone.localtime(tomorrow(connection)).hour == 3
    assert tomorrow(connection) > timezone.now()


def test_a_due_connection_is_proved_and_due_again_another_day(acme: Actors) -> None:
    with tenant_scope(acme.tenant.pk):
        connection = make_connection(acme.tenant, next_proof_at=timezone.now() - timedelta(minutes=1))
    assert request_due_proof(acme.tenant.pk, connection.pk) is not None
    assert request_due_proof(acme.tenant.pk, connection.pk) is None
    with tenant_scope(acme.tenant.pk):
        connection.refresh_from_db()
    assert connection.next_proof_at is not None
    assert connection.next_proof_at > timezone.now() + timedelta(minutes=30)


@pytest.mark.integration
def test_the_command_says_the_cost_first_and_fails_where_books_differ(acme: Actors, sandbox: Sandbox) -> None:
    shop = open_shop(acme, sandbox, "quickbooks")

    def prove_by_command(*options: str) -> dict[str, Any]:
        out = StringIO()
        call_command("prove", str(shop.connection.pk), *options, "--json", stdout=out)
        found: dict[str, Any] = json.loads(out.getvalue())
        return found

    cost = prove_by_command("--plan")["calls"]
    before = len(sandbox.calls())
    told = prove_by_command("--wait")
    assert (told["status"], told["calls"]) == ("even", len(sandbox.calls()) - before)
    assert told["calls"] <= cost
    shop.rest()
    with tenant_scope(acme.tenant.pk):
        LedgerRecord.objects.filter(resource="items").first().delete()  # type: ignore[union-attr]
    with pytest.raises(CommandError, match="do not agree"):
        prove_by_command("--wait")
