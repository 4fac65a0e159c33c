"""What people decide about differences, in bulk or one by one, and how they take it back."""

from typing import Any

import pytest
from django.core.exceptions import ValidationError

from integrations.models import Connection, CrossReference, Discrepancy, LedgerRecord, Posting
from integrations.services.decisions import accept, ignore, may_be_taken_back, reopen, repush, reread
from integrations.services.drift import look
from integrations.services.policies import set_policy
from tenants.rls import tenant_scope
from tests.conftest import Actors
from tests.integrations.conftest import Sandbox
from tests.integrations.factories import make_connection, make_record
from tests.integrations.services.shop import DUE, LEDGERS, Shop, open_shop

Kind, Status = Discrepancy.Kind, Discrepancy.Status
Opened = tuple[Shop, Posting]


def only(shop: Shop) -> Discrepancy:
    with tenant_scope(shop.connection.tenant_id):
        return Discrepancy.objects.select_related("connection", "record").latest("id")


def changed(acme: Actors, sandbox: Sandbox, ledger: str) -> Opened:
    """A posted invoice whose due date somebody moved."""
    shop = open_shop(acme, sandbox, ledger)
    mine = shop.post()
    shop.edit(mine, **{DUE[ledger]: "2026-12-24"})
    shop.pull()
    return shop, mine


@pytest.mark.integration
@pytest.mark.parametrize("ledger", LEDGERS)
def test_ours_is_sent_again_and_the_ledger_holds_it(acme: Actors, sandbox: Sandbox, ledger: str) -> None:
    shop, mine = changed(acme, sandbox, ledger)
    before = mine.record.unified if mine.record else {}
    with tenant_scope(acme.tenant.pk):
        posting = repush(discrepancy=only(shop), by=acme.owner)
    shop.send(posting)
    shop.pull()
    with tenant_scope(acme.tenant.pk):
        record = LedgerRecord.objects.get(external_id=mine.external_id, resource="invoices")
        assert (record.unified["due_on"], len(record.unified["lines"])) == ("2026-12-02", len(before["lines"]))
        assert record.unified["total"] == before["total"]
        assert [row.status for row in Discrepancy.objects.all()] == [Status.REPUSHED]


@pytest.mark.integration
def test_a_deleted_document_is_created_again_and_found_by_its_source(acme: Actors, sandbox: Sandbox) -> None:
    shop = open_shop(acme, sandbox, "quickbooks")
    source = acme.tenant.pk
    mine = shop.post(origin_id=source)
    shop.undo("delete", mine)
    shop.pull()
    row = only(shop)
    assert (row.kind, row.proposal["action"]) == (Kind.DELETED, "accept")
    with tenant_scope(acme.tenant.pk):
        posting = repush(discrepancy=row, by=acme.owner)
    posting = shop.send(posting)
    assert (posting.operation, posting.external_id != mine.external_id) == ("create", True)
    shop.pull()
    with tenant_scope(acme.tenant.pk):
        assert Discrepancy.objects.open().count() == 0
        assert CrossReference.objects.filter(posting=posting).exists()


@pytest.mark.integration
def test_accepting_makes_the_ledgers_version_the_measure_until_it_is_taken_back(acme: Actors, sandbox: Sandbox) -> None:
    shop, mine = changed(acme, sandbox, "quickbooks")
    with tenant_scope(acme.tenant.pk):
        accept(discrepancy=only(shop), by=acme.owner)
    shop.edit(mine, DueDate="2026-12-24")
    shop.pull()
    assert only(shop).status == Status.ACCEPTED
    with tenant_scope(acme.tenant.pk):
        reopen(discrepancy=only(shop), by=acme.owner)
    look(shop.connection)
    row = only(shop)
    assert (row.status, [each["theirs"] for each in row.differences]) == (Status.OPEN, ["2026-12-24"])
    shop.edit(mine, DueDate="2026-12-02")
    shop.pull()
    assert only(shop).status == Status.RESOLVED


@pytest.mark.integration
def test_a_resending_that_has_not_left_can_be_taken_back_and_a_refused_one_opens_by_itself(
    acme: Actors, sandbox: Sandbox
) -> None:
    shop, _ = changed(acme, sandbox, "quickbooks")
    with tenant_scope(acme.tenant.pk):
        posting = repush(discrepancy=only(shop), by=acme.owner)
        assert may_be_taken_back(only(shop))
        reopen(discrepancy=only(shop), by=acme.owner)
        posting.refresh_from_db()
        assert (posting.status, only(shop).status) == (Posting.Status.CANCELLED, Status.OPEN)
        again = repush(discrepancy=only(shop), by=acme.owner)
        assert again.pk != posting.pk
        Posting.objects.filter(pk=again.pk).update(status=Posting.Status.REJECTED)
    look(shop.connection)
    assert (only(shop).status, only(shop).reason) == (Status.OPEN, "Sending it again was refused.")


def figure(connection: Connection, **fields: Any) -> Discrepancy:
    values = {"kind": Kind.COUNT, "key": "proof:count:invoices", "resource": "invoices",
              "proposal": {"action": "reread", "resources": ["invoices"], "offset": "1"}}  # fmt: skip
    return Discrepancy.objects.create(tenant_id=connection.tenant_id, connection=connection, **{**values, **fields})


def test_what_cannot_be_decided_so_is_refused_in_words(in_acme: Actors) -> None:
    connection = make_connection(in_acme.tenant)
    row = figure(connection)
    for act, words in (
        (lambda: ignore(discrepancy=row, by=in_acme.owner, reason=" "), "Say why"),
        (lambda: accept(discrepancy=row, by=in_acme.owner), "Say why"),
        (lambda: repush(discrepancy=row, by=in_acme.owner), "Only a document"),
        (lambda: reopen(discrepancy=row, by=in_acme.owner), "no decision"),
        (lambda: accept(discrepancy=figure(connection, kind=Kind.TRIAL_BALANCE, key="t"), by=None), "do not balance"),
    ):
        with pytest.raises(ValidationError, match=words):
            act()
    ignore(discrepancy=row, by=in_acme.owner, reason="A draft of the ledger's own.")
    assert (row.status, row.decided_by, row.reason) == (
        Status.IGNORED, in_acme.owner, "A draft of the ledger's own.",
    )  # fmt: skip
    with pytest.raises(ValidationError, match="decided already"):
        ignore(discrepancy=row, by=in_acme.owner, reason="Again")


def test_a_figure_is_read_again_in_full_and_proved_soon(in_acme: Actors) -> None:
    connection = make_connection(in_acme.tenant)
    run = reread(discrepancy=figure(connection), by=in_acme.owner)
    assert (run.is_full, run.resources) == (True, ["invoices"])
    connection.refresh_from_db()
    assert connection.next_proof_at is not None


@pytest.mark.parametrize("why", ["direction", "read only", "closed"])
def test_nothing_is_sent_again_where_nothing_may_be_written(in_acme: Actors, why: str) -> None:
    from datetime import date

    from integrations.models import Baseline

    connection = make_connection(in_acme.tenant, is_read_only=why == "read only")
    record = make_record(connection)
    body = {"issued_on": "2026-10-01", "number": "1"}
    Baseline.objects.create(
        tenant=in_acme.tenant, connection=connection, record=record, body=body, state=record.unified
    )
    if why == "direction":
        set_policy(connection=connection, resource="invoices", direction="read")
    if why == "closed":
        Connection.objects.update(closed_through=date(2026, 10, 31))
    row = figure(connection, kind=Kind.DRIFT, key="drift:1", record=record)
    with pytest.raises(ValidationError, match={"direction": "not written", "read only": "read only"}.get(why, why)):
        repush(discrepancy=row, by=in_acme.owner)
    assert not Posting.objects.exists()
