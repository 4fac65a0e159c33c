"""A small neutral company with a chart, taxes and contacts, made the same way every time."""

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from integrations.sandbox.books.chart import Chart, standard_accounts
from integrations.sandbox.books.company import Company, Event
from integrations.sandbox.books.founding import Founded, found
from integrations.sandbox.books.indexes import open_store
from integrations.sandbox.books.store import Record
from integrations.sandbox.clock import Clock
from integrations.sandbox.storage import MemoryStorage, Storage

TODAY = date(2026, 5, 20)
CHART = Chart(
    standard_accounts({"4000": {"tax": "20%"}}),
    [
        {"name": "20%", "percent": 20, "account": "2200"},
        {"name": "Split", "components": [{"name": "A", "percent": 6}, {"name": "B", "percent": Decimal("2.25")}]},
        {"name": "Reverse", "percent": 20, "is_reverse_charge": True},
        {"name": "0%", "percent": 0},
    ],
    [{"type": "region", "name": "North"}, {"type": "region", "name": "South"}],
    sale_tax="20%", purchase_tax="20%", untaxed="0%", numbers={"invoice": "INV-{:04d}"},
)  # fmt: skip
SPECIFICATION: dict[str, Any] = {
    "seed": 7, "name": "Neutral Ltd", "country": "GB", "contacts": 12, "invoices": 0, "bills": 0, "payments": 0,
    "bank_lines": 0, "months": 2, "accounts": 0, "expenses": 0,
}  # fmt: skip


def open_company(currency: str = "GBP", storage: Storage | None = None) -> Company:
    """Empty books."""
    store = open_store("neutral-1", storage or MemoryStorage())
    return Company(store, Clock(), currency=currency, country="GB", ids=lambda kind, number: f"{kind}-{number}")


@dataclass
class Firm:
    """A founded company and short ways to write in it."""

    company: Company
    made: Founded
    events: list[Event] = field(default_factory=list)

    def account(self, plan: str) -> str:
        """The id of an account."""
        return self.made.accounts[plan]

    @property
    def customer(self) -> str:
        """A customer's id."""
        return self.made.contacts[0]

    @property
    def vendor(self) -> str:
        """A vendor's id."""
        return self.made.contacts[-1]

    def line(self, amount: Any, account: str = "4000", tax: str | None = None, **more: Any) -> dict[str, Any]:
        """A line of a document."""
        taxed = {"tax": self.made.taxes[tax]} if tax else {}
        return {"account": self.account(account), "amount": amount, **taxed, **more}

    def invoice(self, amount: Any = 100, **more: Any) -> Record:
        """An invoice of one line."""
        tax = more.pop("tax", None)
        lines = more.pop("lines", None) or [self.line(amount, tax=tax)]
        return self.company.save("invoice", {"contact": self.customer, "on": "2026-05-04", "lines": lines, **more})

    def bill(self, amount: Any = 100, **more: Any) -> Record:
        """A bill of one line."""
        body = {"contact": self.vendor, "on": "2026-05-04", "lines": [self.line(amount, "6000")], **more}
        return self.company.save("bill", body)

    def credit(self, amount: Any = 100, **more: Any) -> Record:
        """A credit note of one line."""
        body = {"contact": self.customer, "on": "2026-05-06", "lines": [self.line(amount)], **more}
        return self.company.save("credit_note", body)

    def pay(self, document: Record, amount: Any, **more: Any) -> Record:
        """A payment of an invoice, or of a bill."""
        kind = "payment" if document.table == "invoice" else "bill_payment"
        body = {
            "contact": document.body["contact"], "on": "2026-05-08", "account": self.account("1000"), "total": amount,
            "currency": document.body["currency"],
            "allocations": [{"document": document.key, "amount": amount, "on": "2026-05-08"}],
        }  # fmt: skip
        return self.company.save(kind, {**body, **more})

    def fresh(self, record: Record) -> Record:
        """The record as it is now."""
        return self.company.get(record.table, record.id)

    def difference(self) -> Decimal:
        """Debits minus credits of the whole trial balance."""
        return sum((row.amount for row in self.company.trial_balance()), Decimal(0))

    def state(self) -> dict[str, Any]:
        """What the books say: bodies, settlements and balances, without times and counters."""
        tables = self.company.store.tables
        records = {
            record.key: (record.body, dict(record.applied), record.lines, record.deleted)
            for table in list(tables.values()) for record in table.values()
        }  # fmt: skip
        return {"records": records, "balances": self.company.store.journal.trial_balance()}


def found_firm(currency: str = "GBP", storage: Storage | None = None, **specification: Any) -> Firm:
    """Books with the history asked for, none unless told."""
    company = open_company(currency, storage)
    firm = Firm(company, found(company, {**SPECIFICATION, **specification}, CHART, TODAY))
    company.store.publish = firm.events.extend
    return firm
