"""The records of a connection's mirror in a pilot company: found there by name, or made there, when a write names them.

Copied once they are needed and not before: a chart of ten thousand accounts is not written to try a hundred documents.
"""

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import Any

from integrations.engine.errors import RejectedError
from integrations.engine.results import Record
from integrations.models import Connection, LedgerRecord
from integrations.services.pilot_companies import PilotCompany
from integrations.services.references import references
from tenants.rls import tenant_scope

Reference = tuple[str, str]
"""(resource, id)"""

LISTS = frozenset({"accounts", "contacts", "items", "tax_rates", "tracking_categories"})
CONTROL = frozenset({"accounts_receivable", "accounts_payable"})
_ALSO = {"other_account": "accounts"}
_WHY_NOT = "The simulated company cannot have a twin of it, so this document is not part of the pilot."


class Twins:
    """The company's record for each of the mirror's; `accounts` is the way back: its account's id → the mirror's."""

    def __init__(self, connection: Connection, company: PilotCompany) -> None:
        self._connection, self._company = connection, company
        self._known: dict[Reference, str] = {}
        self._mirror: dict[Reference, LedgerRecord] = {}
        self._there: dict[str, list[Record]] = {}
        self._taken: set[Reference] = set()
        self._fresh: dict[Reference, dict[str, Any]] = {}
        self.accounts: dict[str, LedgerRecord] = {}

    def promise(self, resource: str, name: str, body: Mapping[str, Any]) -> str:
        """An id that stands for a record no mirror has, made when a write names it; the same for the same name."""
        key = f"new:{name}"
        self._fresh.setdefault((resource, key), dict(body))
        return key

    def is_promised(self, resource: str, name: str) -> bool:
        """Whether such a record was asked for already."""
        return (resource, f"new:{name}") in self._fresh

    def translated(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """The body with the mirror's ids replaced by the company's. RejectedError where there can be no twin."""
        self._load({each for each in _pointers(body) if each not in self._known and each not in self._fresh})
        found: dict[str, Any] = self._swapped(body, "")
        return found

    def there(self, resource: str) -> list[Record]:
        """All that the company has of a resource, read once; what is made is added."""
        if resource not in self._there:
            pages = self._company.ledger.pages(resource)
            self._there[resource] = [record for page in pages for record in page.records]
        return self._there[resource]

    def _swapped(self, value: Any, field: str) -> Any:
        if isinstance(value, list):
            return [self._swapped(each, field) for each in value]
        if not isinstance(value, Mapping):
            return value
        if field == "dimensions":
            return self._dimension(value)
        found = {name: self._swapped(each, name) for name, each in value.items()}
        for resource, key in _own(value, field):
            found["id"] = self._twin((resource, key))
        return found

    def _dimension(self, value: Mapping[str, Any]) -> dict[str, Any]:
        resource = "items" if value["type"] == "item" else "tracking_categories"
        found = {**value, "id": self._twin((resource, str(value["id"])))}
        twin = next((each for each in self.there(resource) if each.external_id == found["id"]), None)
        if twin is not None and twin.unified.get("type") == "option":
            found["type"] = str((twin.unified.get("parent") or {}).get("id") or value["type"])
        return found

    def _load(self, wanted: set[Reference]) -> None:
        """The mirror's records behind these, in one query."""
        if not wanted:
            return
        with tenant_scope(self._connection.tenant_id):
            rows = LedgerRecord.objects.for_tenant(self._connection.tenant_id).filter(
                connection=self._connection,
                resource__in={resource for resource, _ in wanted},
                external_id__in={key for _, key in wanted},
            )
            self._mirror |= {(row.resource, row.external_id): row for row in rows.defer("raw")}

    def _twin(self, of: Reference) -> str:
        if of not in self._known:
            self._known[of] = self._made(of)
        return self._known[of]

    def _made(self, of: Reference) -> str:
        resource, key = of
        if of in self._fresh:
            return self._create(resource, self._swapped(self._fresh[of], ""))
        if of not in self._mirror:
            self._load({of})
        row = self._mirror.get(of)
        if row is None:
            raise RejectedError(f"{key} is not among the {resource} that were read from the ledger.", remedy=_WHY_NOT)
        makers: dict[str, Callable[[LedgerRecord], str]] = {
            "accounts": self._account,
            "tax_rates": self._tax_rate,
            "items": self._item,
            "contacts": self._contact,
            "tracking_categories": self._tracking,
        }
        found = makers[resource](row)
        self._taken.add((resource, found))
        return found

    def _account(self, row: LedgerRecord) -> str:
        type_, currency = row.unified.get("type") or row.kind, row.currency or self._connection.currency
        same = [each for each in self.there("accounts") if each.unified.get("type") == type_]
        fits = [each for each in same if (each.unified.get("currency") or self._connection.currency) == currency]
        free = [each for each in fits if ("accounts", each.external_id) not in self._taken]
        if type_ in CONTROL:
            found = next((each.external_id for each in fits or same), "")
        else:
            found = next((each.external_id for each in free if _is_named(each, row.name)), "")
        found = found or self._new_account(row, type_, currency, free)
        self.accounts.setdefault(found, row)
        behind = next((each for each in self.there("accounts") if each.external_id == found), None)
        if behind is not None and type_ in ("bank", "credit_card") and (parent := behind.unified.get("parent")):
            # Where a bank account is a record of its own, the books know the account that stands behind it.
            self.accounts.setdefault(str(parent["id"]), row)
        return found

    def _new_account(self, row: LedgerRecord, type_: str, currency: str, free: list[Record]) -> str:
        body = {"name": row.name, "type": type_, "is_active": True}
        if code := str(row.unified.get("code") or ""):
            body["code"] = code
        if currency != self._connection.currency:
            body["currency"] = currency
        try:
            return self._create("accounts", body)
        except RejectedError as refused:
            # Some ledgers make bank accounts in their own pages only: another one of the kind stands for it.
            if free:
                return free[0].external_id
            raise RejectedError(
                f"The simulated company refused the account {row.name}: {refused.message}", remedy=_WHY_NOT
            ) from refused

    def _tax_rate(self, row: LedgerRecord) -> str:
        rate, side = row.unified.get("rate"), row.unified.get("applies_to") or "both"
        sides = {side, "both", None} if side != "both" else {"both", None}
        all_ = [each for each in self.there("tax_rates") if each.unified.get("applies_to") in sides]
        all_ = [each for each in all_ if each.unified.get("is_active") is not False]
        free = [each for each in all_ if ("tax_rates", each.external_id) not in self._taken]
        same = [each for each in free if _is_rate(each, rate)]
        found = next((each for each in same if _is_named(each, row.name)), None) or next(iter(same), None)
        if found is not None:
            return found.external_id
        spare = next((each for each in reversed(free) if Decimal(str(each.unified.get("rate") or 0))), None)
        if spare is None or rate is None:
            raise RejectedError(f"The simulated company has no tax rate like {row.name}.", remedy=_WHY_NOT)
        # Ledgers let nobody make tax rates through their interface: one that is not used is given the percentage.
        order = {"action": "change_tax_rate", "id": spare.external_id, "rate": str(rate)}
        self._company.control.asked("POST", f"/{self._company.id}/changes", body=order)
        return spare.external_id

    def _item(self, row: LedgerRecord) -> str:
        names = ("income_account", "expense_account")
        said = {name: row.unified[name] for name in names if (row.unified.get(name) or {}).get("id")}
        accounts = self._swapped(said, "")
        for each in self.there("items"):
            has = str((each.unified.get("income_account") or {}).get("id") or "")
            if _is_named(each, row.name) and has == str((accounts.get("income_account") or {}).get("id") or ""):
                return each.external_id
        body = {"name": row.name, "type": row.unified.get("type") or "service", "is_active": True, **accounts}
        if code := row.unified.get("code"):
            body["code"] = code
        return self._create("items", body)

    def _contact(self, row: LedgerRecord) -> str:
        body = {"contact_type": row.kind, "name": row.name}
        body |= {name: row.unified[name] for name in ("email", "currency") if row.unified.get(name)}
        return self._create("contacts", body)

    def _tracking(self, row: LedgerRecord) -> str:
        parent = str((row.unified.get("parent") or {}).get("name") or "").casefold()
        for each in self.there("tracking_categories"):
            own = str((each.unified.get("parent") or {}).get("name") or "").casefold()
            if _is_named(each, row.name) and each.unified.get("type") == row.kind and own == parent:
                return each.external_id
        return self._create("tracking_categories", {"name": row.name, "type": row.kind})

    def _create(self, resource: str, body: dict[str, Any]) -> str:
        """Made by the connector; a name or code that the company has given away already gets an addition."""
        try:
            made = self._company.write(resource, "create", body)
        except RejectedError:
            again = {**body, "name": f"{body['name']} (pilot)"}
            made = self._company.write(resource, "create", {k: v for k, v in again.items() if k != "code"})
        assert isinstance(made, Record)  # noqa: S101 - what is created is a record
        self.there(resource).append(made)
        return made.external_id


def _pointers(value: Any) -> Iterator[Reference]:
    """Every record of a list that a unified record points to."""
    yield from ((resource, key) for resource, key, _ in references(value) if resource in LISTS)
    if isinstance(value, list):
        for each in value:
            yield from _pointers(each)
    elif isinstance(value, Mapping):
        for name, each in value.items():
            if name in _ALSO and isinstance(each, Mapping):
                yield _ALSO[name], str(each.get("id"))


def _own(value: Mapping[str, Any], field: str) -> Iterator[Reference]:
    """What this part of a record itself points to."""
    if not isinstance(value.get("id"), str):
        return
    if field in _ALSO:
        yield _ALSO[field], value["id"]
        return
    alone = {field: {"id": value["id"], "type": value.get("type")}}
    yield from ((resource, key) for resource, key, _ in references(alone) if resource in LISTS)


def _is_named(record: Record, name: str) -> bool:
    return str(record.unified.get("name") or "").casefold() == name.casefold()


def _is_rate(record: Record, rate: Any) -> bool:
    told = record.unified.get("rate")
    return told is not None and rate is not None and Decimal(str(told)) == Decimal(str(rate))
