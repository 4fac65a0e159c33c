"""One company as Intacct sees it: keys, natural ids, references, entities, settings over the neutral books."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from integrations.sandbox.books import indexes
from integrations.sandbox.books.company import Company
from integrations.sandbox.books.store import Key, Record, Store
from integrations.sandbox.clock import Clock
from integrations.sandbox.faces import Organisation
from integrations.sandbox.sage_intacct import errors, kinds
from integrations.sandbox.sage_intacct.kinds import BY_PATH, Object
from integrations.sandbox.storage import Storage
from integrations.sandbox.wire import Body

UNIQUE = ("invoice", "credit_note", "vendor_credit", "purchase_order")
OWED = {"bill": 1, "vendor_credit": -1, "invoice": 1, "credit_note": -1}
"""What makes up a party's balance, and its sign."""
NOBODY: Body = {"key": None, "id": None, "name": None}
USER = "1"
"""The record number of the user that does everything here."""


def keys_of(record: Record) -> Iterable[Key]:
    """By its natural id and by its party, beside the ways of the neutral books."""
    value = record.body.get(kinds.NATURAL.get(record.table, ""))
    if value:
        yield "natural", f"{record.table}:{str(value).casefold()}"
    if record.table in OWED:
        yield "owed", str(record.body["contact"])


def stamp(seconds: float) -> str:
    """A moment as REST writes it."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def money(value: Any) -> str:
    """An amount as text with two places: 100.00."""
    return f"{Decimal(value or 0):.2f}"


class Books:
    """The view that REST and the gateway share. `entity` is the id of the entity one works in, "" at the top level."""

    def __init__(self, organisation: Organisation, clock: Clock, entity: str = "") -> None:
        self.organisation = organisation
        self.store = organisation.store
        self.clock = clock
        self.entity = entity
        self.company = Company(
            organisation.store, clock, currency=organisation.currency, country=organisation.country,
            ids=lambda kind, number: self._key(kind), org=organisation.external_org_id, unique_numbers=UNIQUE,
        )  # fmt: skip

    @property
    def home(self) -> str:
        """The base currency."""
        return self.organisation.currency

    @property
    def settings(self) -> Body:
        """What the company remembers beside its records: custom fields, the sender's authorisation and so on."""
        return self.company.settings

    @property
    def today(self) -> date:
        """Today's book date."""
        return self.clock.today()

    def _key(self, kind: str) -> str:
        return str(self.store.take(*kinds.sequence(kind)))

    # Records

    def keep(self, kind: str, key: str | None, body: Body, *, deleted: bool = False) -> Record:
        """Write a record of a table that the neutral books know nothing of."""
        now = int(self.company.moment)
        with self.store.transaction():
            before = self.store.tables[kind].get(key) if key else None
            if before:
                record = replace(before, body=body, updated=now, deleted=deleted)
            else:
                record = Record(kind, key or self._key(kind), body, now, now, deleted=deleted)
            self.store.put(record)
        return record

    def body(self, kind: str, key: Any) -> Body:
        """A record's body, deleted or not; empty when there is none."""
        record = self.store.tables[kind].get(str(key)) if key else None
        return record.body if record else {}

    def live(self, obj: Object) -> list[Record]:
        """The records of an object type that one may see from here, by key."""
        found = [each for each in self.store.live(obj.kind) if obj.holds(each) and self.sees(each)]
        return sorted(found, key=lambda each: int(each.id))

    def sees(self, record: Record) -> bool:
        """Inside an entity: its own records and those of the top level."""
        owner = str((record.body.get("own") or {}).get("entity") or "")
        return not self.entity or owner in ("", self.entity)

    def get(self, obj: Object, key: str) -> Record:
        """The record with this key. Raises 404."""
        record = self.store.get(obj.kind, key)
        if record is None or not obj.holds(record) or not self.sees(record):
            raise errors.not_found(obj.path, key)
        return record

    def named(self, obj: Object, value: Any) -> Record | None:
        """The record with this natural id, or with this key where the object has none."""
        text = str(value)
        if not obj.natural:
            record = self.store.get(obj.kind, text)
            return record if record and obj.holds(record) else None
        keys = self.store.find("natural", f"{obj.kind}:{text.casefold()}")
        found = (self.store.get(obj.kind, key.partition(":")[2]) for key in keys)
        return next((each for each in found if each and obj.holds(each)), None)

    # References

    def find(self, path: str, reference: Any, *, active: bool = True) -> Record:
        """What {"id"} or {"key"}, or a bare id, stands for. Raises SageError in the words of its kind."""
        obj = BY_PATH[path]
        given = reference if isinstance(reference, dict) else {"id": reference}
        if given.get("key") not in (None, ""):
            record = self.store.get(obj.kind, str(given["key"]))
            record = record if record and obj.holds(record) else None
            value = given["key"]
        else:
            value = next((given[name] for name in ("id", "entityId") if given.get(name) not in (None, "")), None)
            record = None if value is None else self.named(obj, value)
        if record is None or not self.sees(record):
            raise errors.invalid_reference(obj.label, "" if value is None else value)
        if active and record.body.get("is_active") is False:
            raise errors.business(f"{obj.label} '{value}' is inactive.", "BL03000131", number="BL03000131")
        return record

    def given(self, path: str, body: Body, field: str, *, active: bool = True) -> str | None:
        """The key behind a reference field of a body; None when it is missing or emptied."""
        value = body.get(field)
        is_empty = value in (None, "") or (isinstance(value, dict) and not any(value.values()))
        return None if is_empty else self.find(path, value, active=active).id

    def natural(self, obj: Object, record: Record) -> str:
        """A record's `id`."""
        return str((obj.natural and record.body.get(obj.natural)) or record.id)

    def reference(self, path: str, key: Any, *, named: bool = True) -> Body:
        """{key, id, name, href} of a record of any state; empty values where there is none."""
        obj = BY_PATH[path]
        record = self.store.tables[obj.kind].get(str(key)) if key not in (None, "") else None
        if record is None:
            return dict(NOBODY) if named else {"key": None, "id": None}
        shown: Body = {"key": record.id, "id": self.natural(obj, record)}
        if named:
            shown["name"] = title(record)
        return {**shown, "href": f"{obj.href}/{record.id}"}

    def due(self, contact: str) -> Decimal:
        """What a vendor is owed or a customer owes, in the currencies of the documents."""
        held = (each.partition(":") for each in self.store.find("owed", contact))
        records = (self.store.tables[kind][key] for kind, _, key in held)
        return sum((OWED[each.table] * self.company.open_amount(each) for each in records), Decimal(0))

    def card_or_bank(self, account: Any) -> Record | None:
        """The bank account or card that a ledger account belongs to."""
        found = (each for each in self.store.live("bank_account") if each.body.get("account") == account)
        return next(found, None)

    # What all objects show

    def audit(self, record: Record) -> Body:
        """When, and by whom."""
        user = {"key": USER, "id": "Admin", "href": f"/objects/company-config/user/{USER}"}
        return {"createdDateTime": stamp(record.created), "modifiedDateTime": stamp(record.updated), "createdBy": USER,
                "modifiedBy": USER, "createdByUser": dict(user), "modifiedByUser": dict(user)}  # fmt: skip

    def entity_of(self, record: Record) -> Body:
        """The entity a record belongs to; empty at the top level."""
        own = str((record.body.get("own") or {}).get("entity") or "")
        found = self.named(BY_PATH["company-config/entity"], own) if own else None
        return dict(NOBODY) if found is None else self.reference("company-config/entity", found.id)

    def base(self, obj: Object, record: Record) -> Body:
        """key, id, href, audit, entity and, for masters, status."""
        status = {} if obj in kinds.DOCUMENTS else {"status": "inactive" if is_inactive(record) else "active"}
        return {"key": record.id, "id": self.natural(obj, record), "href": f"{obj.href}/{record.id}", **status,
                "audit": self.audit(record), "entity": self.entity_of(record)}  # fmt: skip


def title(record: Record) -> str:
    """A record's name. The neutral books want one name per contact, Intacct does not: see masters_reading."""
    return str((record.body.get("own") or {}).get("title") or record.body.get("name") or record.body.get("code") or "")


def is_inactive(record: Record) -> bool:
    """Whether a master is inactive; it can still be read."""
    return record.body.get("is_active") is False


def open_store(organisation_id: str, storage: Storage) -> Store:
    """An empty store that knows natural ids."""
    return indexes.open_store(organisation_id, storage, keys_of)
