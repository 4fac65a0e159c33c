"""Documents that we posted and somebody changed, voided or deleted in the ledger: those are found, and nothing else."""

from typing import Any

import pytest

from integrations.models import Baseline, Discrepancy
from integrations.services.drift import look
from integrations.services.reversing import reverse_posting
from tenants.rls import tenant_scope
from tests.conftest import Actors
from tests.integrations.conftest import Sandbox
from tests.integrations.services.shop import DUE, LEDGERS, Shop, open_shop

pytestmark = pytest.mark.integration
Kind, Status = Discrepancy.Kind, Discrepancy.Status


@pytest.fixture(params=LEDGERS)
def shop(acme: Actors, sandbox: Sandbox, request: pytest.FixtureRequest) -> Shop:
    return open_shop(acme, sandbox, request.param)


def rows(shop: Shop) -> list[Discrepancy]:
    with tenant_scope(shop.connection.tenant_id):
        return list(Discrepancy.objects.order_by("id"))


def told(shop: Shop) -> list[tuple[str, str, list[tuple[str, str, str]]]]:
    """(kind, status, differences) of all discrepancies."""
    return [
        (row.kind, row.status, [(each["label"], each["ours"], each["theirs"]) for each in row.differences])
        for row in rows(shop)
    ]


def test_a_changed_document_is_found_in_words_and_is_gone_when_it_is_changed_back(shop: Shop) -> None:
    mine, other = shop.post(), shop.post("bills")
    shop.pull()
    shop.pull(is_full=True)
    assert told(shop) == []
    shop.edit(mine, **{DUE[shop.connection.connector]: "2026-12-24"})
    strangers = [row["external_id"] for row in _unified(shop, "invoices") if row["external_id"] != mine.external_id]
    shop.company.change(action="edit", resource="invoices", id=strangers[0], data={
        DUE[shop.connection.connector]: "2026-12-25"})  # fmt: skip
    shop.pull()
    assert told(shop) == [(Kind.DRIFT, Status.OPEN, [("Due date", "2026-12-02", "2026-12-24")])]
    (row,) = rows(shop)
    assert (row.record_id, row.posting_id, row.resource) == (mine.record_id, mine.pk, "invoices")
    shop.pull()
    assert len(rows(shop)) == 1
    shop.edit(mine, **{DUE[shop.connection.connector]: "2026-12-02"})
    shop.pull()
    assert [(kind, status) for kind, status, _ in told(shop)] == [(Kind.DRIFT, Status.RESOLVED)]
    assert other.record_id is not None


def test_a_deleted_document_is_found(shop: Shop) -> None:
    mine = shop.post("bills")
    shop.undo("delete" if shop.connection.connector != "xero" else "void", mine)
    shop.pull(is_full=True)
    (row,) = rows(shop)
    wanted = Kind.VOIDED if shop.connection.connector == "xero" else Kind.DELETED
    assert (row.kind, row.record_id) == (wanted, mine.record_id)


def test_what_we_do_ourselves_is_no_drift(shop: Shop) -> None:
    invoice = shop.post()
    pay(shop, invoice)
    shop.pull()
    bill = shop.post("bills")
    with tenant_scope(shop.connection.tenant_id):
        reversal = reverse_posting(posting=bill)
    shop.send(reversal)
    shop.pull(is_full=True)
    assert told(shop) == []
    with tenant_scope(shop.connection.tenant_id):
        reversed_by = {reversal.resource} if reversal.operation == "create" else set()
        ours = {"invoices", "payments"} | ({"bills", *reversed_by} if reversed_by else set())
        assert set(Baseline.objects.values_list("record__resource", flat=True)) == ours


def pay(shop: Shop, invoice: Any) -> Any:
    bank = next(row for row in _unified(shop, "accounts") if row["type"] == "bank")
    return shop.post("payments", body={
        "contact": {"id": invoice.record.unified["contact"]["id"]}, "issued_on": "2026-11-10", "total": "20.00",
        "account": {"id": bank["external_id"]}, "reference": "R-1",
        "allocations": [{"type": "invoice", "id": invoice.external_id, "amount": "20.00"}],
    })  # fmt: skip


def _unified(shop: Shop, resource: str) -> list[dict[str, Any]]:
    (page,) = shop.pages(resource)
    return [row.unified for row in page.records]


def test_looking_again_finds_nothing_to_look_at(shop: Shop) -> None:
    shop.post()
    shop.pull()
    assert look(shop.connection) == 0


def test_a_payment_read_back_tells_what_somebody_did_meanwhile(acme: Actors, sandbox: Sandbox) -> None:
    shop = open_shop(acme, sandbox, "quickbooks")
    invoice = shop.post()
    shop.edit(invoice, DueDate="2026-12-24")
    pay(shop, invoice)
    assert [(kind, found) for kind, _, found in told(shop)] == [
        (Kind.DRIFT, [("Due date", "2026-12-02", "2026-12-24")])
    ]
