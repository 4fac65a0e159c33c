"""A document that a ledger takes as a draft is approved by itself, and what waits for it waits for that."""

import pytest

from integrations.engine.results import Record
from integrations.models import Connection, Posting
from integrations.services.outcomes import conclude_posted
from tenants.rls import tenant_scope
from tests.conftest import Actors
from tests.integrations.factories import make_connection, make_posting


@pytest.fixture
def books(acme: Actors) -> Connection:
    """A connection to a ledger whose invoices begin as drafts."""
    with tenant_scope(acme.tenant.pk):
        return make_connection(acme.tenant, connector="zoho_books", way="oauth")


def landed(books: Connection, status: str, **fields: str) -> Posting:
    """A created invoice that has just been answered for."""
    with tenant_scope(books.tenant_id):
        posting = make_posting(books, status="sent", external_id="", **fields)
        make_posting(books, status="pending", resource="payments", depends_on=posting, external_id="")
    unified = {"external_id": "77", "remote_type": "invoice", "status": status, "lines": []}
    conclude_posted(posting, Record(unified, {}, "invoice"))
    return posting


def test_a_draft_of_ours_is_approved_and_the_payment_waits_for_it(books: Connection) -> None:
    posting = landed(books, "draft", origin_kind="source_document")
    with tenant_scope(books.tenant_id):
        approval = Posting.objects.get(operation="approve")
        payment = Posting.objects.get(resource="payments")
    assert (approval.body["external_id"], approval.depends_on_id) == ("77", posting.pk)
    assert payment.depends_on_id == approval.pk


@pytest.mark.parametrize(("status", "origin"), [("open", "source_document"), ("draft", "api")])
def test_what_is_in_force_or_a_partners_own_is_left_alone(books: Connection, status: str, origin: str) -> None:
    posting = landed(books, status, origin_kind=origin)
    with tenant_scope(books.tenant_id):
        assert not Posting.objects.filter(operation="approve").exists()
        assert Posting.objects.get(resource="payments").depends_on_id == posting.pk
