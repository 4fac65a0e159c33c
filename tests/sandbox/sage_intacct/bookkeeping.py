"""A simulated company's books without its protocol: what REST and the gateway share."""

from dataclasses import replace
from typing import Any

import pytest

from integrations.sandbox.clock import Clock
from integrations.sandbox.faces import Organisation
from integrations.sandbox.sage_intacct import forms, founding, saving, workflows
from integrations.sandbox.sage_intacct.books import Books, open_store
from integrations.sandbox.sage_intacct.errors import SageError
from integrations.sandbox.sage_intacct.kinds import BY_PATH
from integrations.sandbox.storage import MemoryStorage, Storage

Body = dict[str, Any]
BILL = "accounts-payable/bill"
INVOICE = "accounts-receivable/invoice"
AR_ADJUSTMENT = "accounts-receivable/adjustment"
AP_ADJUSTMENT = "accounts-payable/adjustment"
AR_PAYMENT = "accounts-receivable/payment"
AP_PAYMENT = "accounts-payable/payment"
ENTRY = "general-ledger/journal-entry"
ORDER = "purchasing/document::Purchase Order"
CARD = "cash-management/credit-card-txn"


class Keeper:
    """Creates, changes and reads records of one company by their REST paths."""

    def __init__(self, books: Books) -> None:
        self.books = books

    def post(self, path: str, given: Body) -> Body:
        """Create, and read what is there then."""
        obj = BY_PATH[path]
        return forms.show(self.books, obj, saving.save(self.books, obj, given))

    def patch(self, path: str, key: str, given: Body) -> Body:
        """Change in part, and read."""
        obj = BY_PATH[path]
        record = saving.save(self.books, obj, given, self.books.get(obj, key))
        return forms.show(self.books, obj, record)

    def get(self, path: str, key: str) -> Body:
        """Read."""
        obj = BY_PATH[path]
        return forms.show(self.books, obj, self.books.get(obj, key))

    def all(self, path: str) -> list[Body]:
        """Every record of an object."""
        obj = BY_PATH[path]
        return [forms.show(self.books, obj, each) for each in self.books.live(obj)]

    def delete(self, path: str, key: str) -> None:
        """Take out of the books."""
        obj = BY_PATH[path]
        saving.delete(self.books, obj, self.books.get(obj, key))

    def run(self, path: str, action: str, key: str, **more: Any) -> Body:
        """A workflow."""
        return workflows.run(self.books, BY_PATH[path], action, {"key": key, **more})

    def refusal(self, path: str, given: Body, key: str = "") -> SageError:
        """Why a record is refused."""
        before = self.books.get(BY_PATH[path], key) if key else None
        with pytest.raises(SageError) as caught:
            saving.save(self.books, BY_PATH[path], given, before)
        return caught.value

    def balance(self, code: str) -> Any:
        """Debits minus credits of an account by its number."""
        found = self.books.store.find("account.code", code)
        return self.books.company.balance(found[0].partition(":")[2])

    def difference(self) -> Any:
        """What the trial balance is out by."""
        return sum(row.amount for row in self.books.company.trial_balance())


def company(country: str = "GB", currency: str = "GBP", storage: Storage | None = None, **more: Any) -> Keeper:
    """A company with its chart, and as much history as is asked for."""
    specification: Body = {
        "seed": 7, "contacts": 6, "invoices": 0, "bills": 0, "payments": 0, "bank_lines": 0, "months": 3,
        "expenses": 0, "credit_notes": 0, "vendor_credits": 0, "purchase_orders": 0, "accounts": 0,
        "currencies": ["GBP", "EUR", "USD"], "name": "Acme", "country": country, "currency": currency, **more,
    }  # fmt: skip
    organisation = Organisation(
        "sage_intacct-1", "sage_intacct", "ACME-SIM1", "Acme", currency, country,
        open_store("sage_intacct-1", storage or MemoryStorage()), specification,
    )  # fmt: skip
    books = Books(organisation, Clock())
    founding.found(books)
    return Keeper(books)


def reopened(keeper: Keeper, storage: Storage) -> Keeper:
    """The same company after its process was killed and started again."""
    store = open_store("sage_intacct-1", storage)
    store.load()
    return Keeper(Books(replace(keeper.books.organisation, store=store), Clock()))


def within(given: Any, shown: Any) -> list[str]:
    """Where what was given is not in what is shown; references may show more than their id."""
    if isinstance(given, dict):
        inner = shown if isinstance(shown, dict) else {}
        return [f"{name}.{each}" if each else name for name, value in given.items()
                for each in within(value, inner.get(name))]  # fmt: skip
    if isinstance(given, list):
        rows = shown if isinstance(shown, list) and len(shown) == len(given) else [None] * len(given)
        return [f"[{n}].{each}" for n, value in enumerate(given) for each in within(value, rows[n])]
    return [] if given == shown else [""]
