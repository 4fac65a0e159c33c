"""Documents of a closed period: refused, asked about, or dated on the first open day, as the connection says."""

from datetime import date
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from integrations.models import Connection, Posting
from integrations.services import deciding, postings
from tenants.rls import tenant_scope
from tests.conftest import Actors
from tests.integrations.conftest import Company
from tests.integrations.services.writes import ask, fresh, in_books, invoice, send

pytestmark = pytest.mark.integration
Status = Posting.Status
CLOSED = "2026-10-31"


@pytest.fixture(autouse=True)
def no_waiting(settings: Any) -> None:
    """Retries are due at once."""
    settings.RETRY_BASE_SECONDS = 0


def policy(connected: Connection, chosen: str, closed_through: str | None = None) -> None:
    day = date.fromisoformat(closed_through) if closed_through else None
    with tenant_scope(connected.tenant_id):
        Connection.objects.filter(pk=connected.pk).update(closed_period=chosen, closed_through=day, closed_read_at=None)


def late(connected: Connection, company: Company, number: str) -> Posting:
    return ask(connected, "invoices", invoice(company, number, issued_on="2026-10-20", due_on="2026-10-25"))


def document(company: Company, number: str) -> dict[str, Any]:
    return next(row for row in company.documents("invoices") if row.get("DocNumber") == number)


def test_the_ledger_is_asked_again_before_its_closing_day_is_relied_on(connected: Connection, company: Company) -> None:
    policy(connected, "block", CLOSED)
    assert send(late(connected, company, "C-1")).status == Status.POSTED


def test_a_closed_period_blocks_with_a_remedy(connected: Connection, company: Company) -> None:
    company.change(action="close_period", through=CLOSED)
    policy(connected, "block", CLOSED)
    posting = send(late(connected, company, "C-2"))
    assert (posting.status, posting.error_code) == (Status.REJECTED, "period_closed")
    assert CLOSED in posting.error["message"]


@pytest.mark.parametrize("known", [CLOSED, None])
def test_the_first_open_day_is_used_and_the_own_day_stays_to_be_seen(
    connected: Connection, company: Company, known: str | None
) -> None:
    company.change(action="close_period", through=CLOSED)
    policy(connected, "first_open_day", known)
    posting = send(late(connected, company, "C-3"))
    assert posting.status == Status.POSTED, posting.error
    assert document(company, "C-3")["TxnDate"] == "2026-11-01"
    assert "2026-10-20" in document(company, "C-3")["PrivateNote"]
    assert (posting.question["own_day"], posting.body["due_on"]) == ("2026-10-20", "2026-11-01")


@pytest.mark.parametrize("known", [CLOSED, None])
def test_a_held_document_asks_and_goes_on_the_day_that_was_chosen(
    acme: Actors, connected: Connection, company: Company, known: str | None
) -> None:
    company.change(action="close_period", through=CLOSED)
    policy(connected, "ask", known)
    posting = send(late(connected, company, "C-4"))
    assert (posting.status, posting.sent_at is None) == (Status.HELD, known is not None)
    assert [each["name"] for each in posting.question["choices"]] == ["first_open_day", "wait", "cancel"]
    assert postings.send_posting(posting.tenant_id, posting.pk) is None
    with tenant_scope(connected.tenant_id):
        with pytest.raises(ValidationError, match="Choose one of"):
            deciding.answer_posting(posting=posting, choice="no idea")
        deciding.answer_posting(posting=posting, choice="first_open_day", answered_by=acme.editor)
        with pytest.raises(ValidationError, match="Nothing is asked"):
            deciding.answer_posting(posting=posting, choice="wait")
    assert send(posting).status == Status.POSTED
    assert str(acme.editor) in fresh(posting).question["text"]
    assert document(company, "C-4")["TxnDate"] == "2026-11-01"


def test_a_document_that_waits_for_its_period_goes_when_the_ledger_opens_it(
    connected: Connection, company: Company
) -> None:
    company.change(action="close_period", through=CLOSED)
    policy(connected, "ask", CLOSED)
    posting, other = (send(late(connected, company, number)) for number in ("C-5", "C-6"))
    with tenant_scope(connected.tenant_id):
        deciding.answer_posting(posting=posting, choice="wait")
    assert send(posting).error_code == "waiting"
    company.change(action="close_period", through="2026-09-30")
    with tenant_scope(connected.tenant_id):
        from integrations.services.organisations import describe

        connected.refresh_from_db()
        describe(connected, {"name": connected.name, "currency": "USD", "closed_through": date(2026, 9, 30)})
    assert [send(each).status for each in (posting, other)] == [Status.POSTED] * 2
    assert document(company, "C-5")["TxnDate"] == "2026-10-20"


def test_cancelling_is_an_answer_too(connected: Connection, company: Company) -> None:
    company.change(action="close_period", through=CLOSED)
    policy(connected, "ask", CLOSED)
    posting = send(late(connected, company, "C-7"))
    with tenant_scope(connected.tenant_id):
        deciding.answer_posting(posting=posting, choice="cancel")
    assert fresh(posting).status == Status.CANCELLED
    assert in_books(company, "C-7") == 0
