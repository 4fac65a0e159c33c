"""One organisation as Zoho sees it: names, ids, currencies, tags, custom fields over the neutral books."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from integrations.sandbox.books import founding
from integrations.sandbox.books.company import Company
from integrations.sandbox.books.store import Record
from integrations.sandbox.clock import Clock
from integrations.sandbox.faces import Organisation
from integrations.sandbox.wire import Body
from integrations.sandbox.zoho_books import chart, kinds

UNIQUE = ("invoice", "credit_note", "vendor_credit", "purchase_order")
_SYMBOLS = {"GBP": "£", "USD": "$", "EUR": "€", "INR": "₹", "JPY": "¥", "AUD": "AUD", "CAD": "CAD"}
_NO_COINS = ("JPY", "KRW")


def stamp(seconds: float) -> str:
    """A moment as Zoho writes it: no colon in the offset."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S+0000")


class Books:
    """The view that all modules of the face share."""

    def __init__(self, organisation: Organisation, clock: Clock) -> None:
        self.organisation = organisation
        self.store = organisation.store
        self.clock = clock
        self.company = Company(
            organisation.store, clock, currency=organisation.currency, country=organisation.country,
            ids=kinds.record_id, org=organisation.external_org_id, unique_numbers=UNIQUE,
        )  # fmt: skip

    @property
    def home(self) -> str:
        """The base currency."""
        return self.organisation.currency

    def found(self) -> None:
        """Chart of accounts, taxes, tags, custom fields, history, the bank's statement."""
        tags = {name: kinds.record_id("tag", number) for number, name in enumerate(chart.TAGS, 1)}
        made = founding.found(
            self.company, self.organisation.specification, chart.chart(self.organisation.country, tags),
            self.clock.today(),
        )  # fmt: skip
        self.organisation.statement = made.statement
        fields = [
            {**each, "customfield_id": kinds.record_id("custom_field", number), "index": number}
            for number, each in enumerate(chart.CUSTOM_FIELDS, 1)
        ]
        named = {"sales": chart.SALES, "other_charges": chart.OTHER_CHARGES, "purchases": chart.PURCHASES}
        accounts = {name: made.accounts[code] for name, code in named.items()}
        self.company.set_settings(
            tags={key: name for name, key in tags.items()}, custom_fields=fields, accounts=accounts
        )

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
        now = int(self.clock.wall())
        with self.store.transaction():
            before = self.store.tables[kind].get(key) if key else None
            if before:
                record = replace(before, body=body, updated=now, deleted=deleted)
            else:
                fresh = key or kinds.record_id(kind, self.store.take(f"id.{kind}"))
                record = Record(kind, fresh, body, now, now, deleted=deleted)
            self.store.put(record)
        return record

    def next_number(self, collection: kinds.Collection) -> str:
        """The next free number of a document."""
        while True:
            number = collection.numbered.format(self.store.take(f"number.{collection.kind}"))
            if not self.store.find(f"{collection.kind}.number", number):
                return number

    # Words that many records share

    def currency(self, code: str | None) -> Body:
        """currency_id, currency_code, currency_symbol, price_precision."""
        wanted = code or self.home
        found = next(iter(self.store.find("currency.code", wanted.casefold())), "")
        return {
            "currency_id": found.partition(":")[2], "currency_code": wanted,
            "currency_symbol": _SYMBOLS.get(wanted, wanted), "price_precision": 0 if wanted in _NO_COINS else 2,
        }  # fmt: skip

    def times(self, record: Record) -> Body:
        """created_time, last_modified_time."""
        return {"created_time": stamp(record.created), "last_modified_time": stamp(record.updated)}

    def tags(self, dimensions: Body | None) -> list[Body]:
        """The tags of a line."""
        names = self.company.settings.get("tags", {})
        return [
            {"tag_id": tag, "tag_name": names.get(tag, ""), "tag_option_id": option,
             "tag_option_name": self.name("dimension", option), "is_tag_mandatory": False}
            for tag, option in (dimensions or {}).items()
        ]  # fmt: skip

    def tax(self, key: Any) -> Body:
        """tax_id, tax_name, tax_type, tax_percentage of a line."""
        body = self.body("tax_rate", key)
        if not body:
            return {"tax_id": "", "tax_name": "", "tax_type": "tax", "tax_percentage": 0}
        kind = "tax_group" if body.get("components") else "tax"
        return {"tax_id": key, "tax_name": body["name"], "tax_type": kind, "tax_percentage": percent(body)}

    def account(self, name: str) -> str:
        """The default account for sales, other_charges, purchases."""
        return str(self.company.settings["accounts"][name])

    @property
    def today(self) -> date:
        """Today's book date."""
        return self.clock.today()


def percent(rate: Body) -> Decimal:
    """A tax's percentage, or the sum of a group's."""
    parts = rate.get("components")
    return sum((part["percent"] for part in parts), Decimal(0)) if parts else Decimal(rate.get("percent") or 0)
