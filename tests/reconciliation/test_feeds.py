"""Lines of the ledgers' own feeds, from the simulated ledger to the books: taken in once, never booked twice."""

from decimal import Decimal
from typing import Any

import pytest
from django.urls import reverse

from integrations.engine.messages import RemoteRequest
from integrations.models import Connection, LedgerRecord, Posting
from integrations.services.autoconsent import connect_by_itself
from integrations.services.calls import Recorder
from integrations.services.ledgers import open_ledger
from integrations.services.postings import send_posting
from integrations.services.sync import request_sync, run_sync
from reconciliation.models import BankAccount, BankLine, Match, StatementImport
from reconciliation.services.approval import approve
from reconciliation.services.feeds import take_in
from reconciliation.services.progress import refresh_match
from reconciliation.services.reversal import reverse as take_back
from reconciliation.services.reversal import undo
from reconciliation.services.statements import import_statement
from reconciliation.tasks import sweep
from tenants.rls import tenant_scope
from tests.conftest import Actors
from tests.integrations.conftest import CLIENT, Company, Sandbox, sandbox, sandbox_process  # noqa: F401
from tests.reconciliation.factories import (
    bank_account_of,
    connection_of,
    line_of,
    matched,
    member,
    proposal_of,
    record_of,
)

pytestmark = pytest.mark.integration


class Books:
    """A connected company of a simulated ledger, and its bank."""

    def __init__(self, name: str, sandbox: Sandbox, actors: Actors) -> None:  # noqa: F811
        self.actors = actors
        self.company: Company = sandbox.company(ledger=name, country="GB", currency="GBP", accounts=40, invoices=6)
        done = connect_by_itself(
            tenant=actors.tenant, connector=name, redirect_uri="https://portal.test/cb", org=self.company.realm
        )
        assert done.connection is not None, done.error
        self.connection: Connection = done.connection
        self.read()
        with tenant_scope(actors.tenant.pk):
            self.connection.refresh_from_db()
            banks = LedgerRecord.objects.of(self.connection, "accounts").filter(kind="bank", is_active=True)
            self.bank = next(row for row in banks.order_by("id") if row.currency in ("", "GBP"))

    def read(self, *resources: str) -> None:
        with tenant_scope(self.connection.tenant_id):
            run = request_sync(connection=self.connection, trigger="manual", resources=resources)
        run_sync(self.connection.tenant_id, run.pk)

    def call(self, path: str, body: dict[str, Any]) -> None:
        with open_ledger(self.connection, recorder=Recorder(self.connection), lane="interactive") as session:
            session.ledger.client.send(RemoteRequest("POST", path, body=body))

    def bank_sends(self, amount: str, reference: str, payee: str = "", day: str = "2026-11-10") -> None:
        """A line in the ledger's own feed, read by the portal."""
        value, account = Decimal(amount), self.bank.external_id
        if self.connection.connector == "zoho_books":
            row = {"date": day, "debit_or_credit": "debit" if value > 0 else "credit", "amount": str(abs(value)),
                   "payee": payee, "description": f"PAYMENT {reference}", "reference_number": reference}  # fmt: skip
            body: dict[str, Any] = {"account_id": account, "transactions": [row]}
            self.call("/books/v3/bankstatements", body)
        else:
            row = {"postingDate": day, "txnType": "deposit" if value > 0 else "withdrawal", "amount": str(abs(value)),
                   "payee": payee, "description": f"PAYMENT {reference}", "documentNumber": reference}  # fmt: skip
            body = {"financialAccount": {"id": account}, "feedDate": day, "feedType": "xml", "transactions": [row]}
            self.call("/ia/api/v1/objects/cash-management/bank-feed", body)
        self.read("bank_lines")

    def invoice(self) -> LedgerRecord:
        """An open one, in pounds."""
        rows = LedgerRecord.objects.of(self.connection, "invoices").open().filter(currency__in=("", "GBP"))
        return rows.exclude(status__in=("draft", "void")).order_by("id")[0]

    def send(self) -> list[Posting]:
        """Every posting that waits, as workers would."""
        tenant = self.connection.tenant_id
        for _ in range(4):
            with tenant_scope(tenant):
                pending = list(Posting.objects.filter(status="pending").order_by("id").values_list("pk", flat=True))
            for pk in pending:
                send_posting(tenant, pk)
        with tenant_scope(tenant):
            return list(Posting.objects.order_by("id"))

    def approved(self, line: BankLine) -> Any:
        (done,) = approve(proposals=[proposal_of(line)], by=member(self.actors.tenant, self.actors.approver))
        return done


@pytest.fixture(params=["zoho_books", "sage_intacct"])
def books(request: Any, sandbox: Sandbox, acme: Actors, monkeypatch: pytest.MonkeyPatch) -> Books:  # noqa: F811
    monkeypatch.setenv(f"PORTAL_{request.param.upper()}_CLIENT_ID", CLIENT)
    monkeypatch.setenv(f"PORTAL_{request.param.upper()}_CLIENT_SECRET", CLIENT)
    return Books(request.param, sandbox, acme)


@pytest.fixture
def zoho(sandbox: Sandbox, acme: Actors, monkeypatch: pytest.MonkeyPatch) -> Books:  # noqa: F811
    monkeypatch.setenv("PORTAL_ZOHO_BOOKS_CLIENT_ID", CLIENT)
    monkeypatch.setenv("PORTAL_ZOHO_BOOKS_CLIENT_SECRET", CLIENT)
    return Books("zoho_books", sandbox, acme)


def test_the_first_statement_of_a_feed_asks_a_person_to_look_at_its_direction(zoho: Books) -> None:
    tenant = zoho.connection.tenant_id
    zoho.bank_sends("120.00", "A-1", "Payer")
    zoho.bank_sends("-45.00", "A-2", "Payee")
    with tenant_scope(tenant):
        take_in(zoho.connection)
        first = StatementImport.objects.get()
    zoho.bank_sends("130.00", "A-3", "Payer")
    with tenant_scope(tenant):
        take_in(zoho.connection)
        second = StatementImport.objects.exclude(pk=first.pk).get()
    client = zoho.actors.client("editor")
    text = client.get(reverse("admin:reconciliation_statementimport_change", args=[first.pk])).content.decode()
    assert "Look once: money in or money out?" in text
    assert "<strong>money in</strong>" in text
    assert "<strong>money out</strong>" in text
    later = client.get(reverse("admin:reconciliation_statementimport_change", args=[second.pk])).content.decode()
    assert "Look once" not in later


def test_a_feed_line_pays_its_invoice_once_and_is_proved_by_the_books(books: Books) -> None:
    tenant = books.connection.tenant_id
    with tenant_scope(tenant):
        invoice = books.invoice()
    payments = len(books.company.documents("payments"))
    books.bank_sends(str(invoice.open_amount), invoice.number, invoice.contact_name)
    with tenant_scope(tenant):
        matched(books.connection)
        line = BankLine.objects.get()
        assert line.statement is not None
        assert (line.amount, line.statement.source, line.counterparty) == (
            invoice.open_amount, "feed", invoice.contact_name,
        )  # fmt: skip
        assert books.approved(line).refused == ""
    (posting,) = books.send()
    assert (posting.status, posting.resource) == ("posted", "payments"), posting.error
    assert len(books.company.documents("payments")) == payments + 1
    assert books.company.is_balanced()
    books.read("bank_lines")
    with tenant_scope(tenant):
        assert take_in(books.connection) == 0
        assert BankLine.objects.count() == 1
        match = refresh_match(tenant, Match.objects.get().pk)
        assert match is not None
        assert match.status == Match.Status.POSTED
        waiting = LedgerRecord.objects.of(books.connection, "bank_lines").filter(status="open").count()
    assert waiting == (0 if books.connection.connector == "zoho_books" else 1)


def test_a_line_of_a_file_and_of_the_feed_is_one_line(books: Books) -> None:
    with tenant_scope(books.connection.tenant_id):
        account = BankAccount.objects.create(
            tenant_id=books.connection.tenant_id, connection=books.connection, name="Current", currency="GBP",
            external_account_id=books.bank.external_id,
        )  # fmt: skip
        content = b"Date,Amount,Description\n2026-11-10,75.00,PAYMENT X-1\n"
        import_statement(bank_account=account, file_name="bank.csv", content=content)
    books.bank_sends("75.00", "X-1")
    books.bank_sends("20.00", "X-2", day="2026-11-11")
    with tenant_scope(books.connection.tenant_id):
        assert take_in(books.connection) == 1
        by_file, by_feed = BankLine.objects.order_by("booked_on").select_related("feed_record", "statement")
        assert [each.statement and each.statement.source for each in (by_file, by_feed)] == ["file", "feed"]
        assert by_file.feed_record is not None
        # The file again, and the next export with both: nothing new.
        later = content + b"2026-11-11,20.00,PAYMENT X-2\n"
        again = import_statement(bank_account=account, file_name="later.csv", content=later)
        assert (again.imported, again.duplicates) == (0, 2)
        assert take_in(books.connection) == 0


def test_what_zoho_settled_itself_is_not_booked_again(zoho: Books) -> None:
    tenant = zoho.connection.tenant_id
    with tenant_scope(tenant):
        invoice = zoho.invoice()
    zoho.bank_sends(str(invoice.open_amount), invoice.number, invoice.contact_name)
    with tenant_scope(tenant):
        matched(zoho.connection)
        line = BankLine.objects.select_related("feed_record").get()
        assert line.feed_record is not None
    payments = len(zoho.company.documents("payments"))
    zoho.call(f"/books/v3/banktransactions/uncategorized/{line.feed_record.external_id}/exclude", {})
    with tenant_scope(tenant):
        assert zoho.approved(line).refused == ""  # the portal has not heard of it yet
    (posting,) = zoho.send()
    assert posting.status == "rejected"
    assert len(zoho.company.documents("payments")) == payments
    zoho.read("bank_lines")
    with tenant_scope(tenant):
        match = refresh_match(tenant, Match.objects.get().pk)
        assert match is not None
        assert match.status == Match.Status.REFUSED
        undo(match=match, by=member(zoho.actors.tenant, zoho.actors.approver))
        assert "has matched or booked this line itself" in zoho.approved(line).refused


def test_a_booked_payment_is_matched_in_zoho_and_nothing_is_booked(zoho: Books) -> None:
    tenant = zoho.connection.tenant_id
    with tenant_scope(tenant):
        payment = LedgerRecord.objects.of(zoho.connection, "payments").filter(currency__in=("", "GBP"))[0]
        zoho.bank = LedgerRecord.objects.of(zoho.connection, "accounts").get(
            external_id=payment.unified["account"]["id"]
        )
    before = len(zoho.company.documents("payments"))
    zoho.bank_sends(str(payment.amount), payment.number, payment.contact_name, day=f"{payment.issued_on}")
    with tenant_scope(tenant):
        matched(zoho.connection)
        line = BankLine.objects.get()
    page = zoho.actors.client("approver").get(reverse("admin:reconciliation_bankline_change", args=[line.pk]))
    assert "its own line is matched with it there" in page.content.decode()
    with tenant_scope(tenant):
        assert zoho.approved(line).refused == ""
    (posting,) = zoho.send()
    assert (posting.status, posting.resource, posting.operation) == ("posted", "bank_lines", "allocate"), posting.error
    assert len(zoho.company.documents("payments")) == before
    with tenant_scope(tenant):
        match = refresh_match(tenant, Match.objects.get().pk)
        assert match is not None
        assert not LedgerRecord.objects.of(zoho.connection, "bank_lines").exists()
        by = member(zoho.actors.tenant, zoho.actors.approver)
        assert take_back(match=match, by=by, reason="wrong payment") == []
        match.refresh_from_db()
        assert match.status == Match.Status.REVERSED


def test_lines_that_nobody_took_in_are_swept_up(zoho: Books) -> None:
    zoho.bank_sends("12.00", "S-1")
    sweep()
    with tenant_scope(zoho.connection.tenant_id):
        assert zoho.connection.match_runs.filter(status="queued").count() == 1


def test_the_page_says_where_lines_come_from_and_a_stranger_may_not_fetch(acme: Actors, rival: Actors) -> None:
    with tenant_scope(acme.tenant.pk):
        mine = connection_of(acme.tenant, connector="zoho_books", name="Zoho company")
        connection_of(acme.tenant, name="Quick company")
    page = acme.client("editor").get(reverse("admin:reconciliation_statementimport_changelist")).content.decode()
    assert "its own bank feed, not read yet" in page
    assert "gives its bank feed to no application" in page
    fetch = reverse("admin:reconciliation_statementimport_feed", args=[mine.pk])
    assert rival.client("editor").post(fetch).status_code == 403
    assert acme.client("auditor").post(fetch).status_code == 403
    assert acme.client("editor").post(fetch, follow=True).status_code == 200


def test_a_line_that_the_ledger_settled_is_refused_before_anything_is_posted(acme: Actors) -> None:
    with tenant_scope(acme.tenant.pk):
        connection = connection_of(acme.tenant, connector="zoho_books", name="Zoho company")
        account = bank_account_of(connection)
        invoice = record_of(connection, "invoices", "80.00")
        fed = record_of(connection, "bank_lines", "80.00", status="matched")
        line = line_of(
            account,
            "80.00",
            description=f"PAYMENT {invoice.number}",
            counterparty=invoice.contact_name,
            feed_record=fed,
        )  # fmt: skip
        matched(connection)
        (done,) = approve(proposals=[proposal_of(line)], by=member(acme.tenant, acme.approver))
        assert "has matched or booked this line itself" in done.refused
        assert not Posting.objects.exists()
