"""Writes that carry a tenant's expressions: exactly once, the same to the byte, and held when one fails."""

from typing import Any

import pytest

from integrations.models import Connection, FieldOverride, OverriddenWrite, Posting
from integrations.services import drift, overrides, postings
from integrations.services.deciding import answer_posting
from tenants.rls import tenant_scope
from tests.conftest import Actors
from tests.integrations.conftest import Company, Sandbox
from tests.integrations.services.writes import WRITES, ask, contact, fresh, invoice, send

pytestmark = pytest.mark.integration
Status = Posting.Status
NOTE = {"target": "CustomerMemo.value", "expression": "'For ' & number & ', ' & $body.DocNumber"}


@pytest.fixture(autouse=True)
def no_waiting(settings: Any) -> None:
    """Retries are due at once."""
    settings.RETRY_BASE_SECONDS = 0


def put_in_force(connection: Connection, acme: Actors, **changes: Any) -> FieldOverride:
    values = {"resource": "invoices", "direction": "write", **NOTE, **changes}
    with tenant_scope(connection.tenant_id):
        row = overrides.draft(connection=connection, by=acme.editor, **values)
        overrides.submit(row=row, by=acme.editor, reason="Because.")
        overrides.approve(row=row, by=acme.approver)
    return row


def memo_of(company: Company, number: str) -> str:
    (found,) = [row for row in company.documents("invoices") if row.get("DocNumber") == number]
    return str((found.get("CustomerMemo") or {}).get("value"))


def test_what_an_expression_gives_is_sent_and_kept_with_the_posting(
    connected: Connection, company: Company, acme: Actors
) -> None:
    put_in_force(connected, acme)
    posting = send(ask(connected, "invoices", invoice(company, "W-1", memo="ours")))
    assert posting.status == Status.POSTED, posting.error
    assert memo_of(company, "W-1") == "For W-1, W-1"
    assert posting.body["memo"] == "ours"
    with tenant_scope(connected.tenant_id):
        row = OverriddenWrite.objects.get(posting=posting)
        assert row.applied == [{"field": "CustomerMemo.value", "version": 1}]
        assert drift.look(connected) == 0


@pytest.mark.parametrize("action", ["drop_before", "drop_after_commit", "truncate", {"status": 500}])
def test_a_lost_answer_is_looked_up_and_lands_once_with_what_was_sent_first(
    connected: Connection, company: Company, sandbox: Sandbox, acme: Actors, action: Any
) -> None:
    put_in_force(connected, acme)
    posting = ask(connected, "invoices", invoice(company, "W-2", memo="ours"))
    sandbox.fault(action, **WRITES)
    send(posting)
    # Another version comes into force meanwhile: a repetition under the same key does not change.
    put_in_force(connected, acme, expression="'other'")
    for _ in range(3):
        if fresh(posting).status != Status.POSTED:
            send(posting)
    assert fresh(posting).status == Status.POSTED
    assert memo_of(company, "W-2") == "For W-2, W-2"


def test_a_failing_expression_holds_the_posting_until_it_is_mended(
    connected: Connection, company: Company, sandbox: Sandbox, acme: Actors
) -> None:
    put_in_force(connected, acme, expression="memo + 1")
    posting = send(ask(connected, "invoices", invoice(company, "W-3", memo="ours")))
    assert (posting.status, posting.error_code) == (Status.HELD, "override_failed")
    assert "version 1: line 1" in posting.question["text"]
    assert "Correct the override" in posting.error["remedy"]
    assert not [call for call in sandbox.calls() if call["method"] == "POST"]
    put_in_force(connected, acme)
    assert fresh(posting).status == Status.PENDING
    assert send(posting).status == Status.POSTED
    assert memo_of(company, "W-3") == "For W-3, W-3"


def test_a_person_tries_a_held_posting_again_or_cancels_it(
    connected: Connection, company: Company, acme: Actors
) -> None:
    put_in_force(connected, acme, expression="$error('never')")
    first, second = (send(ask(connected, "invoices", invoice(company, number))) for number in ("W-4", "W-5"))
    with tenant_scope(connected.tenant_id):
        answer_posting(posting=first, choice="cancel")
        answer_posting(posting=second, choice="again")
    assert fresh(first).status == Status.CANCELLED
    assert send(second).status == Status.HELD


def test_what_would_spoil_the_books_is_held(connected: Connection, company: Company, acme: Actors) -> None:
    put_in_force(connected, acme, target="DocNumber", expression="'SAME'")
    posting = send(ask(connected, "invoices", invoice(company, "W-6")))
    assert posting.status == Status.HELD
    assert "would change number" in posting.question["text"]


def test_postings_that_go_together_each_carry_their_own(connected: Connection, company: Company, acme: Actors) -> None:
    put_in_force(connected, acme, resource="contacts", target="Notes", expression="'Note of ' & name")
    asked = [ask(connected, "contacts", contact(f"Batch {number}")) for number in range(3)]
    for posting in asked:
        if fresh(posting).status == Status.PENDING:
            postings.send_posting(posting.tenant_id, posting.pk)
    assert {fresh(posting).status for posting in asked} == {Status.POSTED}
    notes = {row["DisplayName"]: row.get("Notes") for row in company.documents("customers")}
    assert all(notes[f"Batch {number}"] == f"Note of Batch {number}" for number in range(3))


def test_other_operations_and_resources_are_left_alone(connected: Connection, company: Company, acme: Actors) -> None:
    put_in_force(connected, acme)
    assert send(ask(connected, "contacts", contact("Plain"))).status == Status.POSTED
    with tenant_scope(connected.tenant_id):
        assert not OverriddenWrite.objects.exists()
