"""What the engine is told beside lines and entries: the rates that the ledger wrote on its own documents."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from reconciliation.models import BankAccount, Proposal
from reconciliation.services.runs import request_match_run, run_matching
from tenants.rls import tenant_scope
from tests.conftest import Actors
from tests.reconciliation.factories import TODAY, bank_account_of, connection_of, line_of, proposal_of, record_of


@pytest.fixture
def account(acme: Actors) -> BankAccount:
    with tenant_scope(acme.tenant.pk):
        return bank_account_of(connection_of(acme.tenant))


@pytest.mark.parametrize("is_whole", [True, False], ids=["everything", "what changed"])
def test_a_payment_in_another_currency_is_found_by_the_rate_the_ledger_wrote(
    account: BankAccount, settings: Any, is_whole: bool
) -> None:
    settings.MATCH_WHOLE_BELOW = 1
    with tenant_scope(account.tenant_id):
        record_of(account.connection, "invoices", "75.00")
        line_of(account, "75.00", description="TRANSFER")
        run_matching(account.tenant_id, request_match_run(connection=account.connection).pk)
        dollars = {"currency": "USD", "synced_at": timezone.now(), "issued_on": TODAY - timedelta(days=12)}
        unified = {"memo": "", "reference": "", "exchange_rate": "0.8125"}
        invoice = record_of(account.connection, "invoices", "1000.00", unified=unified, **dollars)
        line = line_of(account, "812.50", description=f"PAYMENT {invoice.number}", counterparty=invoice.contact_name)
        run = request_match_run(connection=account.connection, is_whole=is_whole)
        run_matching(account.tenant_id, run.pk)
        run.refresh_from_db()
        found = proposal_of(line)
        assert run.is_whole is is_whole
        assert (found.kind, found.entries.get().record) == (Proposal.Kind.CURRENCY, invoice)


def test_a_document_that_tells_no_rate_says_nothing_about_another_currency(account: BankAccount) -> None:
    with tenant_scope(account.tenant_id):
        invoice = record_of(account.connection, "invoices", "1000.00", currency="USD")
        line = line_of(account, "812.50", description=f"PAYMENT {invoice.number}", counterparty=invoice.contact_name)
        run_matching(account.tenant_id, request_match_run(connection=account.connection).pk)
        line.refresh_from_db()
        assert line.proposal is None
