"""From the partner's words to a living ledger's books: the amounts arrive to the cent, and nothing arrives twice."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from integrations.engine.results import Record
from integrations.models import Connection, LedgerRecord, Posting
from integrations.services.calls import Recorder
from integrations.services.ledgers import open_ledger
from integrations.services.postings import send_posting
from integrations.services.sync import request_sync, run_sync
from mappings.models import SourceDocument
from mappings.services.decisions import activate, submit
from mappings.services.drafts import ensure_draft, set_value
from mappings.services.intake import receive_document
from mappings.services.journey import journey_of, state_of
from mappings.services.mapping import map_documents
from mappings.services.versions import Word
from tenants.rls import tenant_scope
from tests.conftest import Actors
from tests.integrations.conftest import Company, Sandbox, connected, sandbox, sandbox_process  # noqa: F401
from tests.mappings.factories import expense, sale

pytestmark = pytest.mark.integration


@pytest.fixture
def company(sandbox: Sandbox) -> Company:  # noqa: F811
    """A small British company, where every line has a tax code."""
    return sandbox.company(country="GB", currency="GBP", accounts=40)


@pytest.fixture
def ledger(connected: Connection, acme: Actors) -> Iterator[Connection]:  # noqa: F811
    """The company, read once, with the shop's words mapped and approved."""
    with tenant_scope(connected.tenant_id):
        run = request_sync(connection=connected, trigger="manual", resources=())
    run_sync(connected.tenant_id, run.pk)
    with tenant_scope(connected.tenant_id):
        draft = ensure_draft(connection=connected, by=acme.editor)
        for word, record in _meanings(connected).items():
            set_value(draft=draft, word=word, record=record, by=acme.editor)
        submit(mapping_set=draft, by=acme.editor, comment="The shop's words")
        activate(mapping_set=draft, by=acme.approver)
    return connected  # type: ignore[return-value]


def _meanings(connection: Connection) -> dict[Word, LedgerRecord]:
    accounts = LedgerRecord.objects.of(connection, "accounts").filter(is_active=True)
    rates = LedgerRecord.objects.of(connection, "tax_rates").filter(is_active=True)
    standard = next(row for row in rates if Decimal(str(row.unified["rate"] or 0)) == 20 and row.kind == "both")
    zero = next(row for row in rates if row.unified["rate"] is not None and Decimal(str(row.unified["rate"])) == 0)
    return {
        Word("category", "sales", "Consulting"): accounts.filter(kind="income")[0],
        Word("tax_code", "sales", "VAT20"): standard,
        Word("tax_code", "purchases", "VAT20"): standard,
        Word("category", "purchases", "Travel costs"): accounts.filter(kind="expense")[0],
        Word("tax_code", "purchases", "VAT0"): zero,
        Word("payment_method", "purchases", "visa"): accounts.filter(kind__in=["bank", "credit_card"])[0],
    }


def deliver(connection: Connection, body: dict[str, Any]) -> SourceDocument:
    """Take it in, map it and send what came of it, as workers would."""
    with tenant_scope(connection.tenant_id):
        document = receive_document(connection=connection, body=body).document
    for posting_id in map_documents(connection.tenant_id, connection.pk).postings:
        send_posting(connection.tenant_id, posting_id)
    with tenant_scope(connection.tenant_id):
        document.refresh_from_db()
        assert not document.problems, document.problems
        postings = list(Posting.objects.all())
        assert {posting.status for posting in postings} == {"posted"}, [posting.error for posting in postings]
    return document


def test_a_sale_becomes_one_invoice_for_a_new_customer(ledger: Connection, company: Company) -> None:
    before = len(company.documents("invoices"))
    document = deliver(ledger, sale(ledger))
    invoice = next(row for row in company.documents("invoices") if row.get("DocNumber") == "ORDER-1")
    assert len(company.documents("invoices")) == before + 1
    assert (Decimal(invoice["TotalAmt"]), invoice["CustomerRef"]["name"]) == (Decimal(120), "Blue Bottle Ltd")
    with tenant_scope(ledger.tenant_id):
        assert state_of(document) == "posted"
        assert journey_of(document).steps[-1].text == f"Posted as Invoice {invoice['Id']} in {ledger}."
    assert company.is_balanced()


def test_gross_prices_arrive_exactly_though_no_net_fits_them(ledger: Connection, company: Company) -> None:
    lines = [{"category": "Consulting", "tax_code": "VAT20", "amount": Decimal("9.99")}] * 3
    body = sale(ledger, tax_mode="inclusive", lines=lines, total=Decimal("29.97"), tax_total=Decimal("4.98"))
    deliver(ledger, body)
    invoice = next(row for row in company.documents("invoices") if row.get("DocNumber") == "ORDER-1")
    assert Decimal(invoice["TotalAmt"]) == Decimal("29.97")


def test_an_expense_and_a_purchase_reach_the_books(ledger: Connection, company: Company) -> None:
    deliver(ledger, expense(ledger))
    lines = [{"category": "Travel costs", "tax_code": "VAT20", "amount": Decimal("80.00")}]
    purchase = sale(ledger, "po-1", kind="purchase", lines=lines, total=Decimal("96.00"), tax_total=Decimal("16.00"))
    deliver(ledger, purchase | {"counterparty": {"name": "Rail Co"}})
    bill = next(row for row in company.documents("bills") if row.get("DocNumber") == "PO-1")
    paid = next(row for row in company.documents("expenses") if row.get("DocNumber") == "EXP-1")
    assert (Decimal(bill["TotalAmt"]), Decimal(paid["TotalAmt"])) == (Decimal(96), Decimal(50))
    assert bill["VendorRef"]["value"] == paid["EntityRef"]["value"]
    assert company.is_balanced()


def test_a_bill_of_a_purchase_order_names_it_in_the_books(ledger: Connection, company: Company) -> None:
    with tenant_scope(ledger.tenant_id):
        meanings = _meanings(ledger)
        account = meanings[Word("category", "purchases", "Travel costs")]
        zero = meanings[Word("tax_code", "purchases", "VAT0")]
        rail = LedgerRecord.objects.of(ledger, "contacts").filter(kind="vendor", is_active=True)[0]
    line = {
        "account": {"id": account.external_id},
        "quantity": Decimal(2),
        "unit_price": Decimal(40),
        "amount": Decimal(80),
    }
    line |= {"tax_rate": {"id": zero.external_id}}
    order = {"contact": {"id": rail.external_id, "type": "vendor"}, "issued_on": date(2026, 11, 1), "number": "PO-9"}
    with open_ledger(ledger, recorder=Recorder(ledger), lane="interactive") as session:
        made = session.ledger.post(
            "purchase_orders", "create", order | {"currency": "GBP", "lines": [line]}, key="po-9"
        )
    assert isinstance(made, Record)
    with tenant_scope(ledger.tenant_id):
        run = request_sync(connection=ledger, trigger="manual", resources=("purchase_orders",))
    run_sync(ledger.tenant_id, run.pk)
    lines = [{"category": "Travel costs", "tax_code": "VAT0", "amount": Decimal("80.00")}]
    lines[0] |= {"quantity": Decimal(2), "unit_price": Decimal(40)}
    bill = sale(ledger, "b-9", kind="purchase", lines=lines, total=Decimal("80.00"), tax_total=Decimal(0))
    deliver(ledger, bill | {"counterparty": {"name": rail.name}, "purchase_order": "PO-9"})
    booked = next(row for row in company.documents("bills") if row.get("DocNumber") == "B-9")
    assert booked["LinkedTxn"] == [{"TxnId": made.external_id, "TxnType": "PurchaseOrder"}]
