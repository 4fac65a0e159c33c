"""The law of a declaration: unified → written → the ledger → read → unified is what was given, in every ledger.

Parametrised over connectors and their writable resources: a new one is held to it by being there.
"""

from collections.abc import Callable
from decimal import Decimal
from functools import lru_cache
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from integrations.engine import manifest
from integrations.engine.compare import differences
from integrations.engine.results import Record
from tests.integrations.connectors.simulation import Simulation

WRITABLE = [
    pytest.param(name, resource, id=f"{name}-{resource}")
    for name in manifest.names()
    for resource, declared in manifest.load(name).resources.items()
    if resource not in {"attachments", "currencies", "tax_rates"}
    and any("create" in entity.operations for entity in declared.entities.values())
]
_NUMBERS = count(1)

# Letters of several scripts, and what breaks careless quoting; no control characters, no surrogates.
_SIGNS = st.characters(codec="utf-8", categories=("L", "N"), max_codepoint=0x24F) | st.sampled_from("'\"&<>%,;:/ -_()")
TEXTS = st.text(_SIGNS, min_size=1, max_size=12).map(str.strip).filter(bool)
AMOUNTS = st.decimals("0.01", "9999.99", places=2)
QUANTITIES = st.integers(1, 40).map(Decimal)


class Books:
    """A simulated organisation and the records that documents refer to."""

    def __init__(self, simulation: Simulation) -> None:
        self.simulation = simulation
        self.ledger = self.simulation.ledger
        self.accounts = self._listed("accounts")
        self.contacts = self._listed("contacts")
        self.items = self._listed("items")
        self.rates = self._listed("tax_rates")

    def _listed(self, resource: str) -> list[dict[str, Any]]:
        if resource not in self.ledger.connector.resources:
            return []
        found = [record.unified for page in self.ledger.pages(resource) for record in page.records]
        return [row for row in found if row.get("is_active") is not False]

    def account(self, *types: str) -> dict[str, str]:
        """An account of one of the types."""
        return {"id": next(row["external_id"] for wanted in types for row in self.accounts if row["type"] == wanted)}

    def contact(self, kind: str) -> dict[str, str]:
        """A customer or vendor."""
        return {"id": next(row["external_id"] for row in self.contacts if row["contact_type"] == kind)}

    def item(self, account: str) -> dict[str, str] | None:
        """Something that is sold (`income_account`) or bought (`expense_account`)."""
        kinds = [row for row in self.items if row.get("type") in ("service", "non_inventory")]
        # Where items name no accounts at all, each may be sold and bought.
        names_none = not any(row.get("income_account") or row.get("expense_account") for row in kinds)
        found = next((row for row in kinds if names_none or row.get(account)), None)
        return {"id": found["external_id"]} if found else None

    def rate(self, side: str) -> dict[str, str] | None:
        """A tax rate for sales or purchases."""
        fitting = (row for row in self.rates if row.get("applies_to") in (side, "both", None))
        found = next(fitting, None)
        return {"id": found["external_id"]} if found else None

    @lru_cache(maxsize=8)  # noqa: B019 - lives as long as the tests of its ledger
    def open_document(self, resource: str) -> tuple[str, str]:
        """A big open invoice or bill: its id and its contact's."""
        side = "customer" if resource == "invoices" else "vendor"
        body = self.document(resource, side, Decimal(900000), Decimal(1), "Open")
        record = self.ledger.post(resource, "create", body, key=f"open-{resource}")
        assert isinstance(record, Record)
        self.put_in_force(resource, record)
        return record.external_id, body["contact"]["id"]

    def put_in_force(self, resource: str, record: Record) -> None:
        """Approve what the ledger took as a draft, as the portal does."""
        entity = self.ledger.connector.resources[resource].entities[record.remote_type]
        if record.unified.get("status") == "draft" and "approve" in entity.operations:
            named = {"external_id": record.external_id, "remote_type": record.remote_type}
            self.ledger.post(resource, "approve", named, key=f"approve-{next(_NUMBERS)}")

    def document(self, resource: str, side: str, price: Decimal, quantity: Decimal, text: str) -> dict[str, Any]:
        """An invoice, bill, credit of either, or purchase order with one line."""
        line: dict[str, Any] = {
            "description": text, "quantity": quantity, "unit_price": price, "amount": price * quantity,
        }  # fmt: skip
        rate = self.rate("sales" if side == "customer" else "purchases")
        line |= {"tax_rate": rate} if rate and self._has("tax_rate", resource) else {}
        names_items = self._names_items(resource, side)
        item = self.item("income_account" if side == "customer" else "expense_account") if names_items else None
        line |= {"item": item} if item else {"account": self.account("income" if side == "customer" else "expense")}
        if not item and not self._has("quantity", resource):
            line = {key: value for key, value in line.items() if key not in ("quantity", "unit_price")}
        ordered = {"account": self.account("accounts_payable")} if resource == "purchase_orders" else {}
        return {
            **ordered,
            "contact": self.contact(side),
            "number": f"RT{next(_NUMBERS)}",
            "issued_on": "2026-11-02",
            "due_on": "2026-12-02",
            "memo": text,
            "lines": [line],
        }

    def _names_items(self, resource: str, side: str) -> bool:
        """Whether lines name items (in Intacct's subledgers they name accounts)."""
        in_subledgers = self.ledger.connector.name == "sage_intacct"
        return resource == "purchase_orders" or (side == "customer" and not in_subledgers)

    def _has(self, field: str, resource: str) -> bool:
        """Whether lines with an account know the field (QuickBooks', NetSuite's and Intacct's have an amount only)."""
        name = self.ledger.connector.name
        only_amounts = name == "sage_intacct" or (name in ("quickbooks", "netsuite") and resource != "invoices")
        if field == "tax_rate":
            # Intacct taxes its purchase orders by schedules, not by rates.
            return not (name == "sage_intacct" and resource == "purchase_orders")
        return not (only_amounts and field == "quantity")


@lru_cache(maxsize=16)
def books(name: str) -> Books:
    """One sandbox a ledger for all its resources."""
    return Books(Simulation(name))


Make = Callable[[Books, st.DataObject], dict[str, Any]]


def _account(books: Books, data: st.DataObject) -> dict[str, Any]:
    number = next(_NUMBERS)
    name = data.draw(TEXTS).replace(":", "").replace('"', "")
    return {"name": f"{name} {number}", "code": str(70000 + number), "type": "expense"}


def _contact(books: Books, data: st.DataObject) -> dict[str, Any]:
    # In Xero a contact becomes a vendor with its first bill, not by being called one.
    kinds = ["customer"] if books.ledger.connector.name == "xero" else ["customer", "vendor"]
    kind = data.draw(st.sampled_from(kinds))
    name = f"{data.draw(TEXTS).replace(':', '')} {next(_NUMBERS)}"
    return {"contact_type": kind, "name": name, "email": "who@some.example", "phone": "020 7946 0123"}


def _item(books: Books, data: st.DataObject) -> dict[str, Any]:
    number = next(_NUMBERS)
    return {
        "name": f"{data.draw(TEXTS).replace(':', '')} {number}",
        "code": f"RT-{number}",
        "type": "service",
        "unit_price": data.draw(AMOUNTS),
        "income_account": books.account("income"),
    }


def _document(resource: str, side: str) -> Make:
    def make(books: Books, data: st.DataObject) -> dict[str, Any]:
        return books.document(resource, side, data.draw(AMOUNTS), data.draw(QUANTITIES), data.draw(TEXTS))

    return make


def _payment(resource: str, document: str) -> Make:
    def make(books: Books, data: st.DataObject) -> dict[str, Any]:
        settled, contact = books.open_document(document)
        amount = data.draw(AMOUNTS)
        found = {
            "contact": {"id": contact},
            "issued_on": "2026-11-04",
            "total": amount,
            "account": books.account("bank"),
            "allocations": [{"type": document.removesuffix("s"), "id": settled, "amount": amount}],
        }
        return found if resource == "payments" else {**found, "payment_type": "check"}

    return make


def _expense(books: Books, data: st.DataObject) -> dict[str, Any]:
    rate = books.rate("purchases")
    line = {"account": books.account("expense"), "amount": data.draw(AMOUNTS), "description": data.draw(TEXTS)}
    kinds = next(iter(books.ledger.connector.resources["expenses"].entities.values())).when
    paid_from = "credit_card" if kinds.get("payment_type") == "credit_card" else "bank"
    return {
        "contact": {**books.contact("vendor"), "type": "vendor"},
        "issued_on": "2026-11-03",
        "payment_type": kinds.get("payment_type", "cash"),
        "account": books.account(paid_from),
        "lines": [line | ({"tax_rate": rate} if rate else {})],
    }


def _journal(books: Books, data: st.DataObject) -> dict[str, Any]:
    amount, text = data.draw(AMOUNTS), data.draw(TEXTS)
    lines = [
        {"account": books.account("expense"), "debit": amount, "description": text},
        {"account": books.account("equity", "other_expense", "income"), "credit": amount, "description": text},
    ]
    return {"number": f"RT{next(_NUMBERS)}", "issued_on": "2026-11-05", "memo": text, "lines": lines}


def _transfer(books: Books, data: st.DataObject) -> dict[str, Any]:
    first, second = [{"id": row["external_id"]} for row in books.accounts if row["type"] == "bank"][:2]
    return {
        "type": "transfer",
        "issued_on": "2026-11-06",
        "account": first,
        "other_account": second,
        "total": data.draw(AMOUNTS),
        "reference": data.draw(TEXTS),
    }


def _named(**more: Any) -> Make:
    return lambda books, data: {"name": f"{data.draw(TEXTS).replace(':', '')} {next(_NUMBERS)}", **more}


def _tracking(books: Books, data: st.DataObject) -> dict[str, Any]:
    kinds = next(iter(books.ledger.connector.resources["tracking_categories"].entities.values())).when
    return {"name": f"T {next(_NUMBERS)}", **({"type": "class"} if not kinds else dict(kinds))}


MAKERS: dict[str, Make] = {
    "accounts": _account,
    "contacts": _contact,
    "items": _item,
    "invoices": _document("invoices", "customer"),
    "credit_notes": _document("credit_notes", "customer"),
    "bills": _document("bills", "vendor"),
    "vendor_credits": _document("vendor_credits", "vendor"),
    "purchase_orders": _document("purchase_orders", "vendor"),
    "payments": _payment("payments", "invoices"),
    "bill_payments": _payment("bill_payments", "bills"),
    "expenses": _expense,
    "journal_entries": _journal,
    "bank_transactions": _transfer,
    "tracking_categories": _tracking,
    "payment_methods": _named(),
    "terms": _named(due_days=7),
    "tax_rates": _named(rate=Decimal("7.5")),
    "currencies": lambda books, data: {"code": "CHF", "name": "Swiss Franc"},
}


def known(books: Books, resource: str, body: dict[str, Any]) -> dict[str, Any]:
    """What of a record the ledger knows: fields that no kind of its records writes are left out."""
    declared = books.ledger.connector.resources[resource]
    entity = declared.entity_for(body)
    writable = {field.name for field in entity.shape.fields if field.put is not None} | set(entity.when)
    return {name: value for name, value in body.items() if name in writable}


@pytest.mark.parametrize(("name", "resource"), WRITABLE)
@settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_what_is_written_is_read_as_it_was_given(name: str, resource: str, data: st.DataObject) -> None:
    place = books(name)
    body = known(place, resource, MAKERS[resource](place, data))
    key = f"{resource}-{next(_NUMBERS)}"
    written = place.ledger.post(resource, "create", body, key=key)
    assert isinstance(written, Record)
    found = place.ledger.read(resource, written.external_id, written.remote_type)
    wanted = place.ledger.connector.resources[resource].typed(body, "create")
    assert differences(wanted, found.unified) == []


@pytest.mark.parametrize("name", sorted({str(each.values[0]) for each in WRITABLE}))
def test_the_books_balance_after_everything_was_written(name: str) -> None:
    assert books(name).simulation.trial_balance()["difference"] in ("0", "0.00")
