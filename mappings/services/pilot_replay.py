"""Documents posted one after the other into a company of the simulated ledger, and what each did to its true books."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from integrations.engine.effects import PAYABLE, RECEIVABLE
from integrations.engine.errors import ConfigurationError, OutcomeUnknown, RejectedError, UnexpectedShape
from integrations.engine.results import Deletion, Record
from integrations.models import Connection, LedgerRecord
from integrations.services.pilot_companies import Balance, PilotCompany
from integrations.services.pilot_twins import CONTROL, Twins
from mappings.models import SourceDocument
from mappings.services.references import complete, contact_body, item_body, known_contact, known_item
from mappings.services.requesting import named
from mappings.services.targets import name_of
from mappings.transform import Book, Document, Result, apply
from mappings.transform.compare import balances
from mappings.transform.effect import entries_of
from mappings.transform.practice import Linked, Practice
from tenants.rls import tenant_scope

_NONE = Decimal(0)
OWN = "ledger"
"""The group of accounts that the ledger chooses by itself: tax, money on its way, rounding, exchange differences."""
_CHOSEN_BY_LEDGER = frozenset({
    "Tax to pay", "Tax to reclaim", "Undeposited funds", "Discounts, charges and rounding", "Bank", "Paid-from account",
    "Account",
})  # fmt: skip

Label = tuple[str, str]
"""(group, name): account (mapped), control (receivable and payable) or `OWN`."""


@dataclass(frozen=True)
class Booked:
    """What became of a document in one company.

    `what`: posted, waits (the version misses something), refused (the ledger said no), unknown (it never told).
    `books`: debits less credits by account as the true books have them; `predicted`: as the preview says, in home
    currency, None where only the ledger knows the rate.
    """

    what: str
    text: str = ""
    books: Mapping[Label, Decimal] = field(default_factory=dict)
    predicted: Mapping[Label, Decimal] | None = None


class Names:
    """What accounts are called in reports: the same in both companies and in previews."""

    def __init__(self, connection: Connection) -> None:
        rows = LedgerRecord.objects.for_tenant(connection.tenant_id).of(connection, "accounts")
        special = list(rows.filter(kind__in=[*CONTROL, "bank", "credit_card"]).defer("raw"))
        behind = {str((row.unified.get("parent") or {}).get("id") or "") for row in special} - {""}
        parents = {row.external_id: row for row in rows.filter(external_id__in=behind).defer("raw")}
        self._known: dict[str, Label] = {RECEIVABLE: ("control", RECEIVABLE), PAYABLE: ("control", PAYABLE)}
        for row in special:
            parent = parents.get(str((row.unified.get("parent") or {}).get("id") or ""))
            if row.kind in CONTROL:
                self._known[name_of(row)] = control_of(row.kind)
            elif parent is not None and parent.remote_type != row.remote_type:
                # A journal names what stands behind it, and not by its code.
                told = str((row.unified.get("parent") or {}).get("name") or "")
                self._known |= dict.fromkeys((name_of(row), told), ("account", name_of(parent)))

    def predicted(self, name: str) -> Label:
        """The label of an account in a preview."""
        return (OWN, "") if name in _CHOSEN_BY_LEDGER else self._known.get(name, ("account", name))

    def mirrored(self, row: LedgerRecord) -> Label:
        """The label of an account of the tenant's own chart."""
        return self._known.get(name_of(row), ("account", name_of(row)))


def control_of(kind: str) -> Label:
    """Receivable or payable."""
    return ("control", RECEIVABLE if kind == "accounts_receivable" else PAYABLE)


@dataclass
class _Finder:
    """Contacts and items as production finds them; what it would make is promised, and made in the company."""

    twins: Twins

    def contact(self, document: SourceDocument, kind: str, version: int) -> dict[str, Any]:
        """The customer or vendor."""
        known, _ = known_contact(document, kind)
        if known is not None:
            return {"id": known.external_id, "name": known.name, "type": kind}
        body = contact_body(document, kind, lambda other, name: self._is_promised(other, name))
        name = str(body["name"])
        return {"id": self.twins.promise("contacts", _key(kind, name), body), "name": name, "type": kind}

    def item(self, document: SourceDocument, account: dict[str, str], line: int, version: int) -> dict[str, Any]:
        """An item that books to the account."""
        known = known_item(document.connection, account)
        if known is not None:
            return {"id": known.external_id, "name": known.name}
        body = item_body(document.connection, account)
        return {"id": self.twins.promise("items", str(account["id"]), body), "name": str(body["name"])}

    def _is_promised(self, kind: str, name: str) -> bool:
        return self.twins.is_promised("contacts", _key(kind, name))


def _key(kind: str, name: str) -> str:
    return f"{kind}:{name.casefold()}"


class Replay:
    """One company under one version: `play` documents in the order they came."""

    def __init__(self, connection: Connection, version: int, company: PilotCompany, names: Names) -> None:
        self._connection, self._version, self._company, self._names = connection, version, company, names
        self._twins = Twins(connection, company)
        self._links: dict[str, Linked] = {}
        self._ids: dict[str, str] = {}
        self._books = company.books()

    @property
    def is_balanced(self) -> bool:
        """Whether all debits equal all credits, as the books were last read."""
        return sum((each.amount for each in self._books.values()), _NONE) == 0

    def play(self, row: SourceDocument, source: Document, book: Book, practice: Practice) -> Booked:
        """Post one document. LedgerUnavailable when the sandbox is gone."""
        result = apply(book, source, practice, self._links)
        if result.problems:
            return Booked("waits", result.problems[0].text)
        what, text = "posted", ""
        try:
            self._write(row, source, result)
        except (RejectedError, ConfigurationError) as error:
            what, text = "refused", error.message
        except (OutcomeUnknown, UnexpectedShape) as error:
            what, text = "unknown", error.message
        return Booked(what, text, self._moved(), self._predicted(source, result) if what == "posted" else None)

    def _write(self, row: SourceDocument, source: Document, result: Result) -> None:
        with tenant_scope(self._connection.tenant_id):
            finder = _Finder(self._twins)
            bodies = [complete(finder, row, each.resource, each.body, self._version) for each in result.writes]
        written: dict[str, str] = {}
        for write, body in zip(result.writes, bodies, strict=True):
            sent = self._twins.translated(named(body, written, self._ids))
            made = self._company.write(write.resource, write.operation, sent)
            written[write.name] = made.external_id
            self._put_in_force(write.resource, write.operation, made)
            if write.operation == "create" and write.resource == source.resource and row.key not in self._ids:
                self._ids[row.key], self._links[row.key] = made.external_id, self._linked(row, source, made)

    def _put_in_force(self, resource: str, operation: str, made: Record | Deletion) -> None:
        """What the ledger keeps as a draft is approved, as postings are."""
        if operation != "create" or not isinstance(made, Record) or made.unified.get("status") != "draft":
            return
        if "approve" in self._company.ledger.connector.resources[resource].entities[made.remote_type].operations:
            body = {"external_id": made.external_id, "remote_type": made.remote_type}
            self._company.write(resource, "approve", body)

    def _linked(self, row: SourceDocument, source: Document, made: Record | Deletion) -> Linked:
        told = made.unified.get("exchange_rate") if isinstance(made, Record) else None
        is_home = source.currency == self._connection.currency
        rate = Decimal(1) if is_home else (Decimal(str(told)) if told else source.exchange_rate)
        return Linked(row.kind, source.resource, row.currency, row.total, row.counterparty, rate, str(row))

    def _moved(self) -> dict[Label, Decimal]:
        """What changed in the true books since they were last read."""
        before, self._books = self._books, self._company.books()
        found: dict[Label, Decimal] = {}
        for key in before.keys() | self._books.keys():
            change = _amount(self._books, key) - _amount(before, key)
            if change:
                label = self._label(key, self._books.get(key) or before[key])
                found[label] = found.get(label, _NONE) + change
        return found

    def _label(self, key: str, balance: Balance) -> Label:
        own = next((each for each in self._twins.there("accounts") if each.external_id == key), None)
        if own is not None and (kind := own.unified.get("type")) in CONTROL:
            return control_of(kind)
        row = self._twins.accounts.get(key)
        return self._names.mirrored(row) if row is not None else (OWN, f"{balance.code} {balance.name}".strip())

    def _predicted(self, source: Document, result: Result) -> dict[Label, Decimal] | None:
        if source.currency != self._connection.currency:
            return None
        found: dict[Label, Decimal] = {}
        for name, amount in balances(entries_of(result.writes)).items():
            label = self._names.predicted(name)
            found[label] = found.get(label, _NONE) + amount
        return found


def _amount(books: Mapping[str, Balance], key: str) -> Decimal:
    return books[key].amount if key in books else _NONE
