"""One organisation as Xero sees it: ids, numbers, tracking categories and tables of its own over the neutral books."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from integrations.sandbox.books import founding
from integrations.sandbox.books.company import Company
from integrations.sandbox.books.store import Record
from integrations.sandbox.clock import Clock
from integrations.sandbox.faces import Organisation
from integrations.sandbox.wire import Body
from integrations.sandbox.xero import chart
from integrations.sandbox.xero.errors import InvalidError, NotFoundError
from integrations.sandbox.xero.forms import bare, guid, plain

_NUMBERS = {"invoice": "INV-{:04d}", "credit_note": "CN-{:04d}", "vendor_credit": "CN-{:04d}",
            "purchase_order": "PO-{:04d}"}  # fmt: skip


class Books:
    """The view that all modules of the face share."""

    def __init__(self, organisation: Organisation, clock: Clock) -> None:
        self.organisation = organisation
        self.store = organisation.store
        self.clock = clock
        self.company = Company(
            organisation.store, clock, currency=organisation.currency, country=organisation.country,
            ids=self._id, org=organisation.external_org_id, unique_numbers=("invoice", "credit_note"),
        )  # fmt: skip

    def _id(self, kind: str, number: int) -> str:
        """A tax rate is known by its TaxType, a currency by its code's place, all else by a GUID."""
        if kind == "tax_rate":
            return f"TAX{number:03d}"
        return guid(self.organisation.external_org_id, kind, number)

    @property
    def home(self) -> str:
        """The base currency."""
        return self.organisation.currency

    @property
    def today(self) -> date:
        """Today's book date."""
        return self.clock.today()

    def found(self) -> None:
        """Chart of accounts, tax rates, tracking and history; one payment settles one document."""
        with self.store.transaction():
            categories = {name: self.keep("category", None, {"name": name, "status": "ACTIVE"}).id
                          for name in chart.TRACKING}  # fmt: skip
            made = founding.found(
                self.company, self.organisation.specification, chart.chart(self.organisation.country, categories),
                self.clock.today(),
            )  # fmt: skip
            for kind in ("payment", "bill_payment"):
                for record in self.company.live(kind):
                    self._split(record)
        self.organisation.statement = founding.statement(
            self.company, self.organisation.specification, made.accounts["1000"], self.clock.today()
        )

    def _split(self, record: Record) -> None:
        first, *others = record.body["allocations"] or [None]
        if first is None:
            return
        self.company.save(record.table, _paying(record.body, first), record.id, override=True)
        for each in others:
            self.company.save(record.table, _paying(record.body, each), override=True)

    # Records

    def body(self, kind: str, key: Any) -> Body:
        """A record's body, deleted or not; empty when there is none."""
        record = self.store.tables[kind].get(str(key)) if key else None
        return record.body if record else {}

    def name(self, kind: str, key: Any) -> str:
        """A record's name, or an empty text."""
        return str(self.body(kind, key).get("name") or "")

    def keep(self, kind: str, key: str | None, body: Body, *, deleted: bool = False) -> Record:
        """Write a record of a table that the neutral books know nothing of."""
        now = int(self.company.moment)
        with self.store.transaction():
            before = self.store.tables[kind].get(key) if key else None
            if before:
                record = replace(before, body=body, updated=now, deleted=deleted)
            else:
                fresh = key or self._id(kind, self.store.take(f"id.{kind}"))
                record = Record(kind, fresh, body, now, now, deleted=deleted)
            self.store.put(record)
        return record

    def next_number(self, kind: str) -> str | None:
        """The next free number of a document that Xero numbers."""
        pattern = _NUMBERS.get(kind)
        while pattern:
            number = pattern.format(self.store.take(f"number.{kind}"))
            if not self.store.find(f"{kind}.number", number):
                return number
        return None

    # What documents name

    def account(self, given: Body | None, text: str = "Account could not be found") -> str | None:
        """The account that AccountID or Code names. Raises InvalidError."""
        if not given:
            return None
        key = given.get("AccountID")
        if key and self.store.get("account", str(key).lower()):
            return str(key).lower()
        code = given.get("Code") or given.get("AccountCode")
        found = self.store.find("account.code", str(code).casefold()) if code else ()
        if not found:
            raise InvalidError(text)
        return found[0].partition(":")[2]

    def contact(self, given: Body | None) -> str | None:
        """The contact by id or number, or by name; an unknown name becomes a new contact."""
        if not given:
            return None
        key = given.get("ContactID")
        if key:
            if not self.store.get("contact", str(key).lower()):
                raise NotFoundError(str(key))
            return str(key).lower()
        for record in self.store.live("contact"):
            number = (record.body.get("own") or {}).get("ContactNumber")
            if given.get("ContactNumber") and number == given["ContactNumber"]:
                return record.id
        name = str(given.get("Name") or "")
        if not name:
            return None
        found = self.store.find("contact.name", name.casefold())
        if found:
            return found[0].partition(":")[2]
        # No side is said here: the first document decides (see lists.sides).
        return self.company.save("contact", {"name": name}).id

    def account_ref(self, key: Any) -> Body:
        """AccountID, Code, Name."""
        body = self.body("account", key)
        return bare({"AccountID": key, "Code": body.get("code"), "Name": body.get("name")})

    def rate(self, body: Body) -> Decimal:
        """Document currency for one of the base."""
        told = (body.get("own") or {}).get("CurrencyRate")
        return Decimal(told) if told else plain(1 / Decimal(body["rate"]), 6).normalize()


def _paying(body: Body, each: Body) -> Body:
    return {**body, "total": each["amount"], "allocations": [each],
            "own": {**(body.get("own") or {}), "document": each["document"]}}  # fmt: skip
