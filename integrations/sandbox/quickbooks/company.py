"""One QuickBooks company: its records, references, special accounts and preferences."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from integrations.sandbox.books.store import Key, Record
from integrations.sandbox.clock import Clock, pacific
from integrations.sandbox.faces import Organisation
from integrations.sandbox.quickbooks import errors
from integrations.sandbox.wire import Body

if TYPE_CHECKING:
    from integrations.sandbox.quickbooks.archive import Archive

REFERENCE_KINDS = {
    "Account": "Accounts", "Customer": "Names", "Vendor": "Names", "Class": "Klasses", "Department": "Depts",
    "Item": "Items", "Term": "Terms", "PaymentMethod": "PaymentMethods", "TaxCode": "TaxCodes", "TaxRate": "TaxRates",
    "TaxAgency": "TaxAgencies",
}  # fmt: skip
_NAMED = {"Customer", "Vendor", "Employee"}
_UNIQUE = {"Account", "Item", "Class", "Department", "Term", "PaymentMethod"}
_NUMBERED = {"Invoice", "CreditMemo", "SalesReceipt", "RefundReceipt", "Estimate", "JournalEntry"}


def keys_of(record: Record) -> Iterable[Key]:
    """Where a record can be found: unique names and document numbers."""
    body = record.body
    if record.table in _NAMED:
        yield "name", str(body.get("DisplayName", "")).casefold()
    elif record.table in _UNIQUE:
        yield f"{record.table}.name", str(body.get("FullyQualifiedName") or body.get("Name", "")).casefold()
    elif record.table in _NUMBERED and body.get("DocNumber"):
        yield f"{record.table}.number", str(body["DocNumber"])


def label(record: Record) -> str:
    """The name QuickBooks shows for a list record."""
    body = record.body
    return str(body.get("FullyQualifiedName") or body.get("DisplayName") or body.get("Name") or "")


@dataclass
class Event:
    """A change to announce: operation is Create, Update, Delete, Void or Merge."""

    entity: str
    id: str
    operation: str
    at: float


@dataclass
class Draft:
    """What a validated document becomes: final body, postings, whom it settles by how much."""

    body: Body
    lines: list[Any] = field(default_factory=list)
    settles: dict[str, Decimal] = field(default_factory=dict)
    extra: Body = field(default_factory=dict)


class Company:
    """An organisation seen as QuickBooks sees it; `now` is when the current change happens."""

    def __init__(self, organisation: Organisation, clock: Clock, now: float | None = None) -> None:
        self.organisation = organisation
        self.store = organisation.store
        self.clock = clock
        self.realm = organisation.external_org_id
        self.home = organisation.currency
        self.is_us = organisation.country == "US"
        self.now = clock.wall() if now is None else now
        self.is_trusted = False
        """True while the ledger's own user acts, who may write in a closed period."""

    @property
    def today(self) -> date:
        """The book date of the current change."""
        if self.is_us:
            return date.fromisoformat(pacific(self.now)[:10])
        return datetime.fromtimestamp(self.now, UTC).date()

    @property
    def preferences(self) -> Body:
        """The Preferences entity's body."""
        record = self.store.get("Preferences", "1")
        return record.body if record else {}

    @property
    def is_multicurrency(self) -> bool:
        """Whether documents may be in another currency than the home one."""
        return bool(self.preferences.get("CurrencyPrefs", {}).get("MultiCurrencyEnabled"))

    @property
    def closed_through(self) -> str:
        """The closing date, or an empty text that sorts before every date."""
        return str(self.preferences.get("AccountingInfoPrefs", {}).get("BookCloseDate") or "")

    @property
    def user(self) -> str:
        """The person QuickBooks names in messages."""
        return "Alex Morgan"

    @property
    def archive(self) -> "Archive | None":
        """Old invoices that are made when they are asked for."""
        found: Archive | None = self.organisation.archive
        return found

    def read(self, entity: str, key: str) -> Record:
        """The live record. Raises 610."""
        record = self.store.get(entity, key)
        if record is None:
            raise errors.not_found()
        return record

    def referred(self, entity: str, reference: Any, element: str) -> Record:
        """The live, active record a {"value": id} points to. Raises 2020, 2500 or 610."""
        key = reference.get("value") if isinstance(reference, dict) else None
        if key is None or key == "":
            raise errors.missing(element)
        record = self.store.get(entity, str(key))
        if record is None:
            raise errors.invalid_reference(REFERENCE_KINDS.get(entity, entity), str(key), element)
        if record.body.get("Active") is False and not self.is_trusted:
            raise errors.inactive()
        return record

    def reference(self, entity: str, reference: Any, element: str) -> Body:
        """A reference checked and given its name."""
        record = self.referred(entity, reference, element)
        return {"value": record.id, "name": label(record)}

    def account(self, subtype: str) -> str:
        """Id of the first account with this sub type, e.g. AccountsReceivable. Raises 6000 without one."""
        for record in self.store.tables["Account"].values():
            if record.body["AccountSubType"] == subtype:
                return record.id
        raise errors.business(f"There is no account of type {subtype} in this company.")

    def account_reference(self, subtype: str) -> Body:
        """Reference to the first account with this sub type."""
        record = self.store.tables["Account"][self.account(subtype)]
        return {"value": record.id, "name": label(record)}

    def currency(self, code: str) -> Body:
        """Reference to a currency."""
        return {"value": code, "name": CURRENCIES.get(code, code)}

    def announce(self, record: Record, operation: str) -> None:
        """Tell the webhooks once this commits."""
        self.store.announce((self.realm, Event(record.table, record.id, operation, self.now)))


CURRENCIES = {
    "USD": "United States Dollar", "GBP": "British Pound Sterling", "EUR": "Euro", "CAD": "Canadian Dollar",
    "AUD": "Australian Dollar", "JPY": "Japanese Yen", "CHF": "Swiss Franc", "SEK": "Swedish Krona",
    "NZD": "New Zealand Dollar", "INR": "Indian Rupee", "SGD": "Singapore Dollar", "NOK": "Norwegian Krone",
}  # fmt: skip
