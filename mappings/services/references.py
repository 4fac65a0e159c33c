"""The contact and items a document needs in the ledger: found by exact name or account, else created first.

One posting creates a contact or item for all documents that need it: its idempotency key comes from the name.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Protocol
from uuid import UUID, uuid5

from django.db.models import Q

from integrations.models import Connection, LedgerRecord, Posting
from integrations.services.connectors import connector_of
from integrations.services.postings import request_posting
from mappings.models import SourceDocument
from mappings.services.aliases import alias_of
from mappings.transform import Trace
from mappings.transform.kinds import CONTACTS

_PLAIN_ITEMS = ("service", "non_inventory")
_OF_ITEMS = frozenset({"invoices", "credit_notes"})
_HEADED = frozenset(CONTACTS) - {"journal_entries"}
_OTHER = {"customer": "vendor", "vendor": "customer"}
CONTACT, ITEM = "source_contact", "source_item"


class Finder(Protocol):
    """Who knows the contact and the items of a document, or has them made."""

    def contact(self, document: SourceDocument, kind: str, version: int) -> dict[str, Any]:
        """The reference to its customer or vendor."""

    def item(self, document: SourceDocument, account: dict[str, str], line: int, version: int) -> dict[str, Any]:
        """The reference to an item that books to an account."""


@dataclass
class References:
    """What was found or asked for: postings in the order they depend on each other, and why."""

    postings: list[Posting] = field(default_factory=list)
    requested: list[Posting] = field(default_factory=list)
    trace: list[Trace] = field(default_factory=list)
    contacts: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def last(self) -> Posting | None:
        """The posting that the document must wait for."""
        return self.postings[-1] if self.postings else None

    def contact(self, document: SourceDocument, kind: str, version: int) -> dict[str, Any]:
        """The ledger's contact, or one that is asked for; the same for every write of the document."""
        if kind not in self.contacts:
            self.contacts[kind] = _find_or_make(self, document, kind, version)
        return self.contacts[kind]

    def item(self, document: SourceDocument, account: dict[str, str], line: int, version: int) -> dict[str, Any]:
        """The ledger's item that books to an account, or one that is asked for."""
        return _item(self, document, account, line, version)


def complete(
    found: Finder, document: SourceDocument, resource: str, payload: dict[str, Any], version: int
) -> dict[str, Any]:
    """The body with its contact and, where the ledger's sales name them, items; what has to be made first is asked for.

    `{"of": "document"}` in a line stands for the contact.
    """
    if "lines" not in payload and resource not in _HEADED:
        return payload
    body = {**payload, "lines": [dict(line) for line in payload.get("lines") or []]}
    if resource in _HEADED and document.counterparty and not {"external_id", "contact"} & payload.keys():
        body["contact"] = found.contact(document, CONTACTS[resource], version)
    for line in body["lines"]:
        if line.get("contact") == {"of": "document"}:
            line["contact"] = found.contact(document, CONTACTS[resource], version)
    if resource in _OF_ITEMS and _lines_name_items(document.connection):
        for number, line in enumerate(body["lines"], start=1):
            account = line.pop("account")
            # A mapped item books where the category says: that was checked.
            line.setdefault("item", None)
            line["item"] = line["item"] or found.item(document, account, number, version)
    return body if body["lines"] else {name: value for name, value in body.items() if name != "lines"}


def _lines_name_items(connection: Connection) -> bool:
    """Whether an invoice's line names an item, which brings its income account along, instead of an account."""
    return "invoice_lines_name_items" in connector_of(connection).traits


def _find_or_make(found: References, document: SourceDocument, kind: str, version: int) -> dict[str, Any]:
    connection = document.connection
    known, why = known_contact(document, kind)
    if known is not None:
        name = " ".join(document.counterparty.split())
        _note(found, "contact", name, known.name, known.external_id, why, version)
        return {"id": known.external_id, "name": known.name, "type": kind}
    body = contact_body(document, kind, lambda other, name: _is_asked_for(connection, other, name))
    name = str(body["name"])
    posting = _asked_once(found, document, "contacts", CONTACT, _contact_key(kind, name), body)
    why = f"no active {kind} has exactly this name, so it is created first"
    _note(found, "contact", document.counterparty, name, posting.external_id, why, version)
    return {**_reference(posting, name), "type": kind}


def known_contact(document: SourceDocument, kind: str) -> tuple[LedgerRecord | None, str]:
    """The ledger's contact for a document's counterparty, and why it is that one."""
    name = " ".join(document.counterparty.split())
    if alias := alias_of(document.connection, kind, name):
        return alias, "a person said that this name stands for it"
    rows = _contacts(document.connection, [name, f"{name} ({kind})"])
    record = next((row for row in rows if row.kind == kind and row.is_active), None)
    return record, "an active contact has exactly this name"


def contact_body(document: SourceDocument, kind: str, is_asked_for: Callable[[str, str], bool]) -> dict[str, Any]:
    """A contact to make; `is_asked_for`: whether one of another kind and this name is being made already."""
    connection = document.connection
    name = " ".join(document.counterparty.split())
    is_taken = any(row.name.casefold() == name.casefold() for row in _contacts(connection, [name]))
    others = {each for each in CONTACTS.values() if each != kind}
    if is_taken or any(is_asked_for(other, name) for other in others):
        # Ledgers such as QuickBooks keep one list of names for customers, vendors and employees.
        name = f"{name} ({kind})"
    email = (document.body.get("counterparty") or {}).get("email") or ""
    body = {"contact_type": kind, "name": name} | ({"email": email} if email else {})
    if connection.currency and document.currency != connection.currency:
        body["currency"] = document.currency
    return body


def _is_asked_for(connection: Connection, kind: str, name: str) -> bool:
    """Whether a contact of this name that no sync has read yet is being made."""
    posting = _free_or_taken(connection, _contact_key(kind, name))[1]
    return posting is not None and posting.status != Posting.Status.REJECTED


def _contact_key(kind: str, name: str) -> str:
    return f"{kind}:{name.casefold()}"


def _contacts(connection: Connection, names: list[str]) -> list[LedgerRecord]:
    rows = LedgerRecord.objects.for_tenant(connection.tenant_id).of(connection, "contacts")
    wanted = Q()
    for name in names:
        wanted |= Q(name__iexact=name)
    return list(rows.filter(wanted).order_by("id"))


def _item(
    found: References, document: SourceDocument, account: dict[str, str], line: int, version: int
) -> dict[str, Any]:
    record = known_item(document.connection, account)
    if record is not None:
        why = f"the first active item that books to {account['name']}"
        _note(found, "item", account["name"], record.name, record.external_id, why, version, f"line {line}")
        return {"id": record.external_id, "name": record.name}
    body = item_body(document.connection, account)
    name = str(body["name"])
    posting = _asked_once(found, document, "items", ITEM, f"item:{account['id']}", body)
    why = f"no active item books to {account['name']}, so one is created first"
    _note(found, "item", account["name"], name, posting.external_id, why, version, f"line {line}")
    return _reference(posting, name)


def known_item(connection: Connection, account: dict[str, str]) -> LedgerRecord | None:
    """The first active item that books its sales to an account."""
    rows = LedgerRecord.objects.for_tenant(connection.tenant_id).of(connection, "items")
    fitting = rows.filter(is_active=True, kind__in=_PLAIN_ITEMS, unified__income_account__id=account["id"])
    return fitting.order_by("-kind", "id").first()


def item_body(connection: Connection, account: dict[str, str]) -> dict[str, Any]:
    """An item to make that books to an account."""
    # A colon divides parent and child in QuickBooks item names, so the account's own colons become dashes.
    has_code = "items_have_codes" in connector_of(connection).traits
    name = f"Sales - {account['name'].replace(':', ' - ')}"[: 60 if has_code else 100]
    body = {"name": name, "type": "service", "income_account": account, "is_active": True}
    return body | ({"code": name} if has_code else {})


def _asked_once(
    found: References, document: SourceDocument, resource: str, origin: str, what: str, body: dict[str, Any]
) -> Posting:
    connection = document.connection
    key, posting = _free_or_taken(connection, what)
    if posting is None:
        posting = request_posting(
            connection=connection,
            resource=resource,
            body=body,
            origin_kind=origin,
            origin_id=document.pk,
            idempotency_key=key,
            depends_on=found.last,
        )
        found.requested.append(posting)
    if posting.status != Posting.Status.POSTED and posting not in found.postings:
        found.postings.append(posting)
    return posting


def _free_or_taken(connection: Connection, what: str) -> tuple[str, Posting | None]:
    # A cancelled posting never made anything: the next one needs a key of its own.
    rows = Posting.objects.for_tenant(connection.tenant_id).filter(connection=connection)
    for turn in count():
        key = str(uuid5(connection.tenant_id, f"{connection.pk}:{what}" + (f":{turn}" if turn else "")))
        posting = rows.filter(idempotency_key=key).first()
        if posting is None or posting.status != Posting.Status.CANCELLED:
            break
    return key, posting


def _reference(posting: Posting, name: str) -> dict[str, Any]:
    known = posting.external_id if posting.status == Posting.Status.POSTED else {"posting": str(posting.pk)}
    return {"id": known, "name": name}


def _note(
    found: References,
    name: str,
    value: str,
    target: str,
    target_id: str,
    why: str,
    version: int,
    where: str = "document",
) -> None:
    found.trace.append(
        Trace(where=where, field=name, value=value, target=target, target_id=target_id, rule=why, version=version)
    )


def key_of(document: SourceDocument, name: str, attempt: int | None = None) -> UUID:
    """The idempotency key of one of a document's writes; a new attempt after a refusal is a new write."""
    turn = attempt or document.attempt
    return uuid5(document.tenant_id, f"{document.pk}:{name}" + (f":{turn}" if turn > 1 else ""))
