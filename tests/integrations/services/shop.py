"""A connected ledger at work: pulled, posted to, and changed by its own users behind the portal's back."""

from dataclasses import dataclass, field
from decimal import Decimal
from itertools import count
from types import SimpleNamespace
from typing import Any

from integrations.engine import manifest
from integrations.models import Connection, LedgerRecord, LimitLease, Posting, SyncRun
from integrations.services.autoconsent import connect_by_itself
from integrations.services.postings import request_posting, send_and_follow, send_posting
from integrations.services.sync import request_sync, run_sync
from tenants.rls import tenant_scope
from tests.conftest import Actors
from tests.integrations.conftest import Company, Sandbox
from tests.integrations.connectors.test_round_trip import Books

LEDGERS = manifest.names()
DUE = {"quickbooks": "DueDate", "xero": "DueDate", "zoho_books": "due_date", "netsuite": "dueDate",
       "sage_intacct": "dueDate"}  # fmt: skip
"""What each ledger calls the due date of an invoice."""

_NUMBERS = count(1)


@dataclass
class Shop:
    """One connection, its organisation in the sandbox, and what can be done on both sides."""

    connection: Connection
    company: Company
    runs: list[SyncRun] = field(default_factory=list)

    def pull(self, *, is_full: bool = False) -> SyncRun:
        """Sync as a worker would."""
        self.rest()
        with tenant_scope(self.connection.tenant_id):
            run = request_sync(connection=self.connection, trigger="manual", is_full=is_full)
        run_sync(self.connection.tenant_id, run.pk)
        with tenant_scope(self.connection.tenant_id):
            run = SyncRun.objects.get(pk=run.pk)
        assert run.status == SyncRun.Status.SUCCEEDED, run.error
        return run

    def rest(self) -> None:
        """Minutes pass on both sides, so that no limit is in the way."""
        with tenant_scope(self.connection.tenant_id):
            LimitLease.objects.all().delete()
        self.company.sandbox.post("/_control/clock", {"seconds": 61})

    def body(self, resource: str = "invoices", amount: str = "80.00") -> dict[str, Any]:
        """An invoice or bill that this ledger takes."""
        # The round trip's own documents, made of what is mirrored.
        books = Books(SimpleNamespace(ledger=self))  # type: ignore[arg-type]
        side = "customer" if resource == "invoices" else "vendor"
        made = books.document(resource, side, Decimal(amount), Decimal(1), "Consulting")
        # A second line, so that lines can be told apart; numbers of their own, since all tests share the counter.
        second = {**made["lines"][0], "description": "Travel"}
        return {**made, "lines": [*made["lines"], second], "number": f"DR{next(_NUMBERS)}-{made['number']}"}

    def post(self, resource: str = "invoices", operation: str = "create", **options: Any) -> Posting:
        """Write as a worker would, with the approval that may follow."""
        body = options.pop("body", None) or self.body(resource)
        with tenant_scope(self.connection.tenant_id):
            posting = request_posting(
                connection=self.connection, resource=resource, operation=operation, body=body,
                origin_kind=options.pop("origin_kind", "person"), **options,
            )  # fmt: skip
        return self.send(posting)

    def send(self, posting: Posting) -> Posting:
        """Send what was asked for, and what waited for it."""
        followers = send_and_follow(posting.tenant_id, posting.pk)
        for follower in followers:
            send_posting(posting.tenant_id, follower)
        with tenant_scope(posting.tenant_id):
            posting = Posting.objects.select_related("record", "connection").get(pk=posting.pk)
        assert posting.status == Posting.Status.POSTED, posting.error
        return posting

    def edit(self, posting: Posting, **data: Any) -> None:
        """A user of the ledger changes the document."""
        self.rest()
        self.company.change(action="edit", resource=posting.resource, id=posting.external_id, data=data)

    def undo(self, action: str, posting: Posting) -> None:
        """A user of the ledger voids or deletes it."""
        self.company.change(action=action, resource=posting.resource, id=posting.external_id)

    # What `Books` looks at.

    @property
    def connector(self) -> Any:
        """The declaration."""
        return manifest.load(self.connection.connector)

    def pages(self, resource: str) -> list[Any]:
        """The mirror as one page."""
        with tenant_scope(self.connection.tenant_id):
            rows = list(LedgerRecord.objects.of(self.connection, resource).order_by("external_id"))
        return [SimpleNamespace(records=rows)]


def open_shop(actors: Actors, sandbox: Sandbox, ledger: str, **company: Any) -> Shop:
    """A British organisation in that ledger, connected and pulled."""
    made = sandbox.company(ledger=ledger, country="GB", currency="GBP", **company)
    done = connect_by_itself(
        tenant=actors.tenant, connector=ledger, redirect_uri="https://portal.test/callback", org=made.realm
    )
    assert done.connection is not None, done.error
    shop = Shop(done.connection, made)
    shop.pull()
    with tenant_scope(actors.tenant.pk):
        shop.connection.refresh_from_db()
    return shop
