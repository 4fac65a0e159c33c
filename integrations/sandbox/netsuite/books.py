"""One account as NetSuite sees it: record types over the neutral books, names, references, periods, settings."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from integrations.sandbox.books import indexes
from integrations.sandbox.books.company import Company
from integrations.sandbox.books.store import Key, Record
from integrations.sandbox.clock import Clock
from integrations.sandbox.faces import Organisation
from integrations.sandbox.netsuite import custom, errors, values
from integrations.sandbox.netsuite.custom import CustomField
from integrations.sandbox.netsuite.kinds import ITEM_TYPES, RECORD_TYPES, TRANSACTION_KINDS, RecordType
from integrations.sandbox.wire import Body

ROOT_SUBSIDIARY = "1"
OWN_KINDS = (
    "subsidiary",
    "employee",
    "payment_method",
    "currency_rate",
    "custom_field",
    "certificate",
    "setting",
    "file",
)
"""Tables that the neutral books know nothing of."""
FIXED_NAMES = {
    "accountingBook": {"1": "Primary Accounting Book"},
    "taxType": {"1": "VAT", "2": "Sales Tax"},
    "priceLevel": {"1": "Base Price"},
    "customerStatus": {"13": "CUSTOMER-Closed Won"},
}
_POLYMORPHIC = {"entity": ("customer", "vendor", "employee"), "item": tuple(ITEM_TYPES)}


def keys_of(record: Record) -> Iterable[Key]:
    """Where a record can be found: as the neutral books find it, and by its external id."""
    yield from indexes.keys_of(record)
    external = (record.body.get("own") or {}).get("externalId") or record.body.get("externalId")
    if external:
        yield "external", f"{record.table}:{str(external).casefold()}"


class Books:
    """The view of one account that all three interfaces share."""

    def __init__(self, organisation: Organisation, company: Company, clock: Clock, base: str = "") -> None:
        self.organisation = organisation
        self.company = company
        self.store = organisation.store
        self.clock = clock
        self.base = base

    @property
    def account(self) -> str:
        """The account id."""
        return self.organisation.external_org_id

    @property
    def home(self) -> str:
        """The base currency."""
        return self.organisation.currency

    @property
    def settings(self) -> Body:
        """Features and preferences."""
        record = self.store.get("setting", "1")
        return record.body if record else {}

    @property
    def has_suitetax(self) -> bool:
        """SuiteTax, or the legacy tax that REST does not know."""
        return bool(self.settings.get("suitetax"))

    @property
    def custom_fields(self) -> tuple[CustomField, ...]:
        """All user-defined fields."""
        return custom.all_fields(self.store.live("custom_field"))

    # Records

    def keep(self, kind: str, key: str, body: Body) -> Record:
        """Write a record of a table that the neutral books know nothing of."""
        now = int(self.clock.wall())
        with self.store.transaction():
            before = self.store.tables[kind].get(key)
            record = (
                replace(before, body=body, updated=now, deleted=False) if before else Record(kind, key, body, now, now)
            )
            self.store.put(record)
        return record

    def type_of(self, record: Record) -> RecordType:
        """The record type of a record."""
        if record.table == "expense":
            account = self.store.tables["account"].get(str(record.body.get("account")))
            is_card = account is not None and account.body.get("type") == "credit_card"
            return RECORD_TYPES["creditcardcharge" if is_card else "check"]
        for each in RECORD_TYPES.values():
            if each.kind == record.table and all(
                values.at(record.body, path) == wanted for path, wanted in each.tests.items()
            ):
                return each
        return RECORD_TYPES["serviceresaleitem"]

    def live(self, record_type: RecordType) -> list[Record]:
        """All records of a type, in the order of their ids."""
        found = [record for record in self.store.live(record_type.kind) if self.type_of(record) is record_type]
        return sorted(found, key=lambda record: int(record.id))

    def find(self, record_type: RecordType, key: str) -> Record:
        """A record by its id, or by eid:… Raises NONEXISTENT_ID."""
        if key.startswith("eid:"):
            found = self.by_external_id(record_type, key.removeprefix("eid:"))
        else:
            found = self.store.get(record_type.kind, key)
        if found is None or self.type_of(found) is not record_type:
            raise errors.nonexistent(record_type.name, key)
        return found

    def by_external_id(self, record_type: RecordType, external: str) -> Record | None:
        """The record of a type with this external id."""
        keys = self.store.find("external", f"{record_type.kind}:{external.casefold()}")
        found = (self.store.get(record_type.kind, key.partition(":")[2]) for key in keys)
        return next((record for record in found if record and self.type_of(record) is record_type), None)

    def transaction(self, key: str) -> Record | None:
        """A live transaction of any kind."""
        return next(filter(None, (self.store.get(kind, key) for kind in TRANSACTION_KINDS)), None)

    # Names and references

    def label(self, record: Record) -> str:
        """The name by which NetSuite shows a record."""
        body = record.body
        if record.table in TRANSACTION_KINDS:
            return f"{self.type_of(record).label} #{body.get('number') or record.id}"
        if record.table == "account":
            return " ".join(filter(None, (str(body.get("code") or ""), str(body["name"]))))
        if record.table in ("currency", "tax_rate"):
            return str(body.get("code") or body.get("name"))
        if record.table == "employee":
            return f"{body.get('firstName', '')} {body.get('lastName', '')}".strip()
        return str(body.get("name") or body.get("periodName") or body.get("code") or record.id)

    def _targets(self, target: str, key: str) -> Iterator[Record]:
        if target == "transaction":
            yield from filter(None, [self.transaction(key)])
            return
        names = _POLYMORPHIC.get(target, (target,))
        for kind in dict.fromkeys(RECORD_TYPES[name.lower()].kind for name in names if name.lower() in RECORD_TYPES):
            found = self.store.tables[kind].get(self.currency_code(key) if kind == "currency" else key)
            if found is not None:
                yield found

    def resolve(self, target: str, key: str, field: str) -> str:
        """The neutral id behind an id that a body names. Raises INVALID_KEY_OR_REF."""
        if target == "currency":
            return self._currency(key, field)
        if target == "accountingPeriod":
            return self._period(key, field)
        if target.startswith("custom:"):
            return self._choice(target.removeprefix("custom:"), key, field)
        if target.lower() not in RECORD_TYPES and target not in (*_POLYMORPHIC, "transaction"):
            return key
        found = next(
            (each for each in self._targets(target, key) if not each.deleted and self._fits(each, target)), None
        )
        if found is None:
            raise errors.invalid_reference(field, key)
        if found.body.get("is_active") is False:
            raise errors.user(
                f"You have entered an Invalid Field Value {key} for the following field: {field.lower()}", field
            )
        return found.id

    def _fits(self, record: Record, target: str) -> bool:
        if target in ("customer", "vendor", "department", "classification", "location"):
            return self.type_of(record) is RECORD_TYPES[target]
        return True

    def resolve_external(self, target: str, key: str, field: str) -> str:
        """The neutral id behind an external id. Raises INVALID_KEY_OR_REF."""
        names = _POLYMORPHIC.get(target, (target,))
        for name in names:
            record_type = RECORD_TYPES.get(name.lower())
            found = self.by_external_id(record_type, key) if record_type else None
            if found:
                return found.id
        raise errors.invalid_reference(field, key)

    def reference(self, target: str, key: str) -> Body | None:
        """{"links", "id", "refName"} of what a kept reference points to."""
        if target.startswith("custom:"):
            name = self._choices(target.removeprefix("custom:")).get(key)
            return None if name is None else {"links": [], "id": key, "refName": name}
        if target == "accountingPeriod":
            return {"links": self._links(target, key), "id": key, "refName": self.period_name(key)}
        if target in FIXED_NAMES:
            return {"links": [], "id": key, "refName": FIXED_NAMES[target].get(key, key)}
        found = self._by_code(key) if target == "currency" else next(self._targets(target, key), None)
        if found is None:
            return {"links": [], "id": key, "refName": key}
        record_type = self.type_of(found)
        return {"links": self._links(record_type.name, found.id), "id": found.id, "refName": self.label(found)}

    def _links(self, record_type: str, key: str) -> list[Body]:
        return [{"rel": "self", "href": f"{self.base}/services/rest/record/v1/{record_type}/{key}"}]

    # Currencies

    def _by_code(self, code: str) -> Record | None:
        return next((each for each in self.store.live("currency") if each.body.get("code") == code), None)

    def currency_code(self, key: str) -> str:
        """The key under which the books keep a currency that NetSuite numbers."""
        return key

    def currency_id(self, code: str | None) -> str | None:
        """NetSuite's number of a currency."""
        found = self._by_code(code or self.home)
        return found.id if found else None

    def _currency(self, key: str, field: str) -> str:
        """The ISO code of a currency that a body names by its number."""
        found = self.store.get("currency", key)
        if found is None:
            raise errors.invalid_reference(field, key)
        return str(found.body["code"])

    # Custom lists

    def _choices(self, script_id: str) -> dict[str, str]:
        found = next((each for each in self.custom_fields if each.script_id == script_id), None)
        return dict(found.choices) if found else {}

    def _choice(self, script_id: str, key: str, field: str) -> str:
        if key not in self._choices(script_id):
            raise errors.invalid_value(key, field)
        return key

    # Periods: one a month, numbered from January 2000

    def period_of(self, day: str) -> str:
        """The accounting period of a book date."""
        found = date.fromisoformat(day[:10])
        return str((found.year - 2000) * 12 + found.month)

    @staticmethod
    def period_start(key: str) -> date:
        """The first day of a period."""
        years, month = divmod(int(key) - 1, 12)
        return date(2000 + years, month + 1, 1)

    def period_name(self, key: str) -> str:
        """`Jan 2026`."""
        return self.period_start(key).strftime("%b %Y")

    def period_end(self, key: str) -> date:
        """The last day of a period."""
        return self.period_start(str(int(key) + 1)) - timedelta(days=1)

    def is_closed(self, key: str) -> bool:
        """Whether a period is locked."""
        closed = self.company.closed_through
        return closed is not None and self.period_end(key) <= closed

    def periods(self) -> list[str]:
        """The periods of the account: from its first document to a year ahead."""
        days = [str(each.body["on"]) for kind in TRANSACTION_KINDS for each in self.store.live(kind)]
        first = min(days, default=self.clock.today().isoformat())
        start, end = int(self.period_of(first)), int(self.period_of(self.clock.today().isoformat())) + 12
        return [str(number) for number in range(start, end + 1)]

    def _period(self, key: str, field: str) -> str:
        if not key.isdigit() or not 0 < int(key) < 2400:
            raise errors.invalid_reference("postingPeriod", key)
        return key

    # Amounts

    def open_amount(self, record: Record) -> Decimal:
        """What is still to be settled, or to be applied."""
        return self.company.open_amount(record)

    def now(self) -> str:
        """The moment of the current change."""
        return values.stamp(self.clock.wall())

    def subsidiary_of(self, record: Record) -> str:
        """The subsidiary of a transaction: its own, or its entity's."""
        own: Any = (record.body.get("own") or {}).get("subsidiary")
        if own:
            return str(own)
        contact = self.store.tables["contact"].get(str(record.body.get("contact")))
        return str((contact.body.get("own") or {}).get("subsidiary") or ROOT_SUBSIDIARY) if contact else ROOT_SUBSIDIARY
