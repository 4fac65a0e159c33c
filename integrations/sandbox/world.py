"""Everything the sandbox knows: ledgers, their organisations, faults, calls and webhooks."""

import os
import threading
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

from integrations.sandbox import wire
from integrations.sandbox.calls import CallLog
from integrations.sandbox.clock import Clock
from integrations.sandbox.faces import BadOrderError, Face, Organisation, Setting
from integrations.sandbox.faults import FaultBook
from integrations.sandbox.netsuite.face import NetSuiteFace
from integrations.sandbox.quickbooks.face import QuickBooksFace
from integrations.sandbox.sage_intacct.face import SageIntacctFace
from integrations.sandbox.storage import Storage
from integrations.sandbox.webhooks import Target, WebhookSender
from integrations.sandbox.wire import Body
from integrations.sandbox.xero.face import XeroFace
from integrations.sandbox.zoho_books.face import ZohoBooksFace

_SCOPE = "_world"
_COUNTS = ("contacts", "invoices", "bills", "payments", "bank_lines", "months", "accounts", "archived")
FACES: tuple[Callable[[Setting], Face], ...] = (QuickBooksFace, XeroFace, NetSuiteFace, ZohoBooksFace, SageIntacctFace)
"""One line per ledger; nothing else names them."""
DEFAULT_CLIENT = ("sandbox-client", "sandbox-secret")


def read_clients(pairs: Sequence[str]) -> dict[str, str]:
    """ID:SECRET texts, those of SANDBOX_CLIENTS and the default as client id → secret."""
    found = dict([DEFAULT_CLIENT])
    for pair in [*os.environ.get("SANDBOX_CLIENTS", "").split(","), *pairs]:
        name, _, secret = pair.strip().partition(":")
        if name:
            found[name] = secret
    return found


class World:
    """The state behind all requests; organisations carry their own locks."""

    def __init__(
        self,
        clock: Clock,
        storage: Storage,
        clients: Sequence[str] = (),
        faces: Sequence[Callable[[Setting], Face]] = FACES,
    ) -> None:
        self.clock = clock
        self.storage = storage
        self.faults = FaultBook()
        self.calls = CallLog()
        self.webhooks = WebhookSender(clock, self.faults)
        self.organisations: dict[str, Organisation] = {}
        self.unlimited: set[str] = set()
        """The ledgers' own ids of `quiet` organisations: no limits, no webhooks."""
        self._highest = 0
        self._lock = threading.Lock()
        setting = Setting(clock, storage, read_clients(clients), self.organisation_list)
        self.faces: dict[str, Face] = {face.name: face for face in (make(setting) for make in faces)}
        self._load()

    def _load(self) -> None:
        for kind, key, data in self.storage.load(_SCOPE):
            if kind == "organisation":
                self._adopt(Organisation(store=self._store(key), **wire.parse(data)))
            elif kind == "webhook":
                self.webhooks.targets[key] = Target(**wire.parse(data))

    def aim_webhooks(self, ledger: str, target: Target | None) -> None:
        """Send a ledger's webhooks there, or nowhere."""
        if target is None:
            self.webhooks.targets.pop(ledger, None)
        else:
            self.webhooks.targets[ledger] = target
        data = None if target is None else wire.dump(asdict(target))
        self.storage.save(_SCOPE, [("webhook", ledger, data)])

    def _store(self, organisation_id: str) -> Any:
        return self.faces[organisation_id.rpartition("-")[0]].open_store(organisation_id)

    def _adopt(self, organisation: Organisation) -> None:
        organisation.store.load()
        self._listen(organisation)
        self.organisations[organisation.id] = organisation

    def _listen(self, organisation: Organisation) -> None:
        if organisation.specification.get("quiet"):
            self.unlimited.add(organisation.external_org_id)
            return
        face = self.faces[organisation.ledger]
        organisation.store.publish = lambda events: self.webhooks.accept(face, organisation.external_org_id, events)

    def organisation_list(self, ledger: str) -> list[Organisation]:
        """The organisations of one ledger, oldest first."""
        return [each for each in list(self.organisations.values()) if each.ledger == ledger]

    def organisation(self, key: str) -> Organisation:
        """By id or by the ledger's own id. Raises BadOrderError when there is none."""
        found = self.organisations.get(key)
        if found is None:
            found = next((each for each in self.organisations.values() if each.external_org_id == key), None)
        if found is None:
            raise BadOrderError(f"no organisation {key!r}; GET /_control/organisations lists them")
        return found

    def create(self, body: Body) -> Organisation:
        """An organisation with the history its specification asks for. Raises BadOrderError."""
        specification = _checked(body)
        ledger = specification["ledger"]
        if ledger not in self.faces:
            raise BadOrderError(f"no ledger {ledger!r} here; there are: {', '.join(sorted(self.faces))}")
        with self._lock:
            organisation = self._new(ledger, specification)
            self.faces[ledger].found(organisation)
            if specification["archived"] and organisation.archive is None:
                raise BadOrderError(f"{ledger} has no archived documents")
            self.keep(organisation)
            self._listen(organisation)
            self.organisations[organisation.id] = organisation
        return organisation

    def remove(self, key: str) -> Organisation:
        """Take an organisation away with its books. Raises BadOrderError when there is none."""
        with self._lock:
            found = self.organisation(key)
            del self.organisations[found.id]
            self.unlimited.discard(found.external_org_id)
            self.storage.save(_SCOPE, [("organisation", found.id, None)])
            self.storage.drop(found.id)
            return found

    def _new(self, ledger: str, specification: Body) -> Organisation:
        numbers = [int(key.rpartition("-")[2]) for key in self.organisations]
        # The number of one that was removed is not given again: tokens of its own may still be about.
        number = self._highest = max(self._highest, *numbers, 0) + 1
        face = self.faces[ledger]
        return Organisation(
            id=f"{ledger}-{number}",
            ledger=ledger,
            external_org_id=face.external_id(number, specification["seed"]),
            name=specification["name"],
            currency=specification["currency"],
            country=specification["country"],
            store=face.open_store(f"{ledger}-{number}"),
            specification=specification,
        )

    def keep(self, organisation: Organisation) -> None:
        """Save what is not in the organisation's store."""
        details = organisation.as_json()
        details |= {"specification": organisation.specification, "statement": organisation.statement}
        self.storage.save(_SCOPE, [("organisation", organisation.id, wire.dump(details))])

    def reset(self) -> None:
        """Empty everything: organisations, tokens, faults, calls, webhooks."""
        with self._lock:
            self.organisations.clear()
            self.unlimited.clear()
            self._highest = 0
            self.storage.clear()
            for face in self.faces.values():
                face.forget()
            self.faults.clear()
            self.calls.clear()
            self.webhooks.clear()

    def close(self) -> None:
        """Stop background work."""
        self.webhooks.close()


def _checked(body: Body) -> Body:
    country = str(body.get("country") or ("US" if body.get("currency") == "USD" else "GB")).upper()
    country = {"UK": "GB", "USA": "US"}.get(country, country)
    currency = str(body.get("currency") or ("USD" if country == "US" else "GBP")).upper()
    name = str(body.get("name") or ("Harbour & Pine Inc." if country == "US" else "Harbour & Pine Ltd"))
    counts = {
        "contacts": 20,
        "invoices": 40,
        "bills": 20,
        "payments": 30,
        "bank_lines": 30,
        "months": 6,
        "accounts": 0,
        "archived": 0,
    }
    for field in _COUNTS:
        counts[field] = _count(body, field, counts[field])
    counts["months"] = max(1, counts["months"])
    fixed = {"ledger": body.get("ledger", "quickbooks"), "name": name, "currency": currency, "country": country}
    return {**body, **counts, **fixed, "seed": _count(body, "seed", 1)}


def _count(body: Body, field: str, default: int) -> int:
    value = body.get(field)
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 1_000_000:
        raise BadOrderError(f"{field} must be a whole number from 0 to 1000000, not {value!r}")
    return value
