"""What goes on while processes die: a partner that posts, a user of the ledger who edits, and calls that fail."""

import argparse
import json
import random
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, TypeVar
from urllib.parse import urlencode

from benchmarks.faults import group_of, linked, sold_and_bank

_T = TypeVar("_T")

SIZES = {"contacts": 30, "invoices": 60, "bills": 30, "payments": 20, "bank_lines": 0, "months": 4}
_SCOPES = ("contacts:write", "invoices:write", "payments:write")
CALENDAR = "2026-11-02"

# Every fault of the simulated ledger's control API, and how often each strikes beside the others.
FAULTS: tuple[tuple[int, dict[str, Any]], ...] = (
    (6, {"action": {"status": 500}}),
    (3, {"action": {"status": 503}}),
    (4, {"action": {"status": 429, "retry_after": 1}}),
    (6, {"action": "delay", "seconds": 1}),
    (6, {"action": "drop_before"}),
    (8, {"action": "drop_after_commit"}),
    (4, {"action": "truncate"}),
    (3, {"action": "unknown_field"}),
    (1, {"action": "permission_gap"}),
    (1, {"action": "lose_refresh_response"}),
    (1, {"action": "revoke_token"}),
    (2, {"action": "duplicate_webhook"}),
    (2, {"action": "reorder_webhooks"}),
)


def called(url: str, body: Any = None, headers: dict[str, str] | None = None) -> Any:
    """JSON of a GET, or of a POST with a JSON body; HTTPError and URLError pass through."""
    data = None if body is None else json.dumps(body, default=str).encode()
    sent = {"Content-Type": "application/json", **(headers or {})}
    request = urllib.request.Request(url, data, sent)  # noqa: S310 - both ends were started by the benchmark
    with urllib.request.urlopen(request, timeout=30) as response:  # noqa: S310
        return json.loads(response.read(), parse_float=Decimal)


def fresh_token(web: str, keys: Any) -> str:
    """A token of the portal for a partner application's keys. Raises OSError, ValueError or KeyError."""
    asked = {"grant_type": "client_credentials", "client_id": keys.client_id, "client_secret": keys.client_secret}
    request = urllib.request.Request(f"{web}/identity/o/api/token", urlencode(asked).encode())  # noqa: S310
    with urllib.request.urlopen(request, timeout=30) as response:  # noqa: S310
        return str(json.loads(response.read())["access_token"])


def patiently(ask: Callable[[], _T]) -> _T:
    """The database may be away for a moment: ask until it answers."""
    from django.db import InterfaceError, OperationalError, connections

    while True:
        try:
            return ask()
        except (OperationalError, InterfaceError):
            connections.close_all()
            time.sleep(0.3)


@dataclass
class Ref:
    """A posting by its id, as bodies name it."""

    pk: str


@dataclass
class Load:
    """One tenant, one connection, and everything that is done to them."""

    sandbox: str
    web: str
    ledger: str
    company: dict[str, Any]
    double: dict[str, Any]
    """The same company again, in which nothing is disturbed."""
    tenant: Any
    connection: Any
    keys: Any
    groups: int
    seconds: float
    dice: random.Random
    bodies: list[list[tuple[str, dict[str, Any]]]] = field(default_factory=list)
    sent: dict[str, str] = field(default_factory=dict)
    """Idempotency key → posting."""
    edits: list[dict[str, Any]] = field(default_factory=list)
    """What the user did; `nth` stands for the nth record that the user made."""
    founded: list[tuple[dict[str, Any], dict[str, Decimal]]] = field(default_factory=list)
    """Each of the two companies with its balances at the beginning."""
    _made: list[str] = field(default_factory=list)
    _over: threading.Event = field(default_factory=threading.Event)
    _token: str = ""
    _struck: int = 0

    @classmethod
    def prepared(cls, sandbox: str, web: str, options: argparse.Namespace, dice: random.Random) -> "Load":
        """Two equal companies, a tenant connected to the first, a partner application that may write to it."""
        from integrations.engine import manifest
        from integrations.engine.endpoints import SANDBOX_WEBHOOK_KEY
        from integrations.models import SyncRun
        from integrations.services.autoconsent import connect_by_itself
        from integrations.services.sync import request_sync
        from tenants.rls import tenant_scope
        from tenants.services import create_partner, create_tenant

        order = {"ledger": options.ledger, "currency": "USD", "country": "US", "seed": options.seed, **SIZES}
        company, double = (
            called(f"{sandbox}/_control/organisations", {**order, "name": name}) for name in ("Stormy", "Calm")
        )
        tenant = create_tenant(slug=f"chaos-{options.seed}", name="Chaos", currency="USD")
        done = connect_by_itself(
            tenant=tenant, connector=options.ledger, redirect_uri=f"{web}/callback", org=str(company["external_org_id"])
        )
        assert done.connection is not None, done.error
        keys = create_partner(name="Storm", tenant=tenant, scopes=_SCOPES)
        with tenant_scope(tenant.pk, source="command"):
            request_sync(connection=done.connection, trigger=SyncRun.Trigger.MANUAL)
        # Signed with the key that simulated ledgers are known by; those without a seal need a secret in the address.
        if manifest.load(options.ledger).announcements is not None:
            target = {"ledger": options.ledger, "url": f"{web}/webhooks/{options.ledger}/", "key": SANDBOX_WEBHOOK_KEY}
            called(f"{sandbox}/_control/webhooks", target)
        sold, bank = sold_and_bank(done.connection)
        load = cls(
            sandbox, web, options.ledger, company, double, tenant, done.connection, keys, options.groups,
            options.kills * options.every, dice,
        )  # fmt: skip
        load.founded = [(each, load.balances(each)) for each in (company, double)]
        load.bodies = [list(group_of(f"F{number:06d}", sold, bank)) for number in range(options.groups)]
        return load

    def parts(self) -> list[Callable[[], None]]:
        """What runs side by side."""
        return [self._post_all, self._edit, self._strike, self._keep_due]

    def finish(self) -> None:
        """The partner may end what it has begun; nobody begins anything new."""
        self._over.set()
        self._struck = self.faults_struck()
        self.control("/_control/faults", method="DELETE")

    def told(self) -> str:
        """How far it is, for the person at the terminal."""
        return f"{len(self.sent)} postings accepted, {len(self.edits)} edits, {self.faults_struck()} faults"

    # The partner -----------------------------------------------------------------------------------------------------

    def _post_all(self) -> None:
        pause = self.seconds / max(self.groups * 3, 1)
        for number, group in enumerate(self.bodies):
            earlier: list[Any] = []
            for resource, body in group:
                key = f"F{number:06d}-{resource}"
                earlier.append(Ref(self._accepted(resource, linked(body, earlier), key)))
                self.sent[key] = earlier[-1].pk
                if not self._over.is_set():
                    time.sleep(pause * self.dice.uniform(0.2, 1.6))

    def _accepted(self, resource: str, body: dict[str, Any], key: str) -> str:
        """Repeat the call, with its key, until the portal has accepted it: what every partner has to do."""
        url = f"{self.web}/api/v1/{resource}?{urlencode({'connection': self.connection.pk})}"
        while True:
            headers = {"Authorization": f"Bearer {self._token}", "Idempotency-Key": key}
            try:
                return str(called(url, body, headers)["id"])
            except urllib.error.HTTPError as error:
                if error.code in (401, 403):
                    self._token = self._next_token()
                elif error.code < 500:
                    raise RuntimeError(error.read().decode()) from error
            except (OSError, ValueError, KeyError):
                # Nobody listens, or the answer broke off.
                time.sleep(0.3)

    def _next_token(self) -> str:
        try:
            return fresh_token(self.web, self.keys)
        except (OSError, ValueError, KeyError):
            time.sleep(0.3)
            return ""

    # The user of the ledger ------------------------------------------------------------------------------------------

    def _edit(self) -> None:
        while not self._over.wait(self.dice.uniform(0.3, 2.0)):
            edit = self._imagined(len(self.edits))
            answer = self.change(self.company, edit, self._made)
            if answer is not None:
                self.edits.append(edit)

    def _imagined(self, number: int) -> dict[str, Any]:
        kind = self.dice.choice(["invoice", "invoice", "bill", "contact", "pay", "void"])
        invoices = [
            place
            for place, edit in enumerate(e for e in self.edits if e["action"] == "create")
            if edit["resource"] == "invoices"
        ]
        if kind in ("pay", "void") and invoices:
            return {"action": kind, "resource": "invoices", "nth": self.dice.choice(invoices)}
        if kind == "contact":
            return {"action": "create", "resource": "contacts", "name": f"Walk-in {number}"}
        resource = "bills" if kind == "bill" else "invoices"
        amount = f"{self.dice.randrange(1000, 90000) / 100:.2f}"
        return {
            "action": "create",
            "resource": resource,
            "amount": amount,
            "number": f"U{number:05d}",
            "date": CALENDAR,
        }

    def change(self, company: dict[str, Any], edit: dict[str, Any], made: list[str]) -> Any:
        """Do it in a company; None when the ledger refuses (a paid invoice cannot be voided)."""
        order = dict(edit)
        if "nth" in order:
            order["id"] = made[order.pop("nth")]
        try:
            answer = self.control(f"/_control/organisations/{company['id']}/changes", order)
        except urllib.error.HTTPError as error:
            if error.code != 400:
                raise
            return None
        if edit["action"] == "create":
            made.append(str(answer["id"]))
        return answer

    # Calls that fail -------------------------------------------------------------------------------------------------

    def _strike(self) -> None:
        weights, faults = zip(*FAULTS, strict=True)
        while not self._over.wait(self.dice.uniform(0.2, 1.2)):
            (fault,) = self.dice.choices(faults, weights)
            method = self.dice.choice(["GET", "POST", None])
            body = {"ledger": self.ledger, "org": str(self.company["external_org_id"]), "times": 1, **fault}
            if method and "webhook" not in str(fault["action"]):
                body["method"] = method
            self.control("/_control/faults", body)

    def faults_struck(self) -> int:
        """How many calls and deliveries suffered."""
        return self._struck or sum(rule["hits"] for rule in self.control("/_control/faults")["faults"])

    def balances(self, company: dict[str, Any]) -> dict[str, Decimal]:
        """What each account of a company's books stands at, debits positive; and by how much they do not balance."""
        told = self.control(f"/_control/organisations/{company['id']}/trial_balance")
        found = {row["name"]: Decimal(row["debit"]) - Decimal(row["credit"]) for row in told["accounts"]}
        return {**found, "(out of balance)": Decimal(told["difference"])}

    def control(self, path: str, body: Any = None, *, method: str = "") -> Any:
        """The sandbox's control API."""
        if not method:
            return called(self.sandbox + path, body)
        request = urllib.request.Request(self.sandbox + path, method=method)  # noqa: S310
        with urllib.request.urlopen(request, timeout=30) as response:  # noqa: S310
            return json.loads(response.read())

    # What people and the clock do ------------------------------------------------------------------------------------

    def _keep_due(self) -> None:
        while not self._over.wait(2.0):
            patiently(self.make_due)
            patiently(self.reconnect)

    def make_due(self) -> None:
        """The schedule's turn is now."""
        from django.utils import timezone

        from integrations.models import Connection, SyncCursor
        from tenants.rls import tenant_scope

        with tenant_scope(self.tenant.pk, source="command"):
            SyncCursor.objects.filter(connection=self.connection).update(due_at=timezone.now())
            Connection.objects.filter(pk=self.connection.pk).usable().update(next_sync_at=timezone.now())

    def reconnect(self) -> None:
        """A person connects again when the portal says that it has to be, or that somebody may not do this."""
        from integrations.engine.errors import IntegrationError
        from integrations.models import Connection, Posting
        from integrations.services.autoconsent import connect_by_itself
        from tenants.rls import tenant_scope

        with tenant_scope(self.tenant.pk, source="command"):
            status = Connection.objects.values_list("status", flat=True).get(pk=self.connection.pk)
            # Such postings look again by themselves after an hour; a new consent wakes them.
            may_not = Posting.objects.unfinished().filter(error__kind="PermissionMissing").exists()
        if status != Connection.Status.NEEDS_REAUTHORISATION and not may_not:
            return
        try:
            connect_by_itself(
                tenant=self.tenant,
                connector=self.ledger,
                redirect_uri=f"{self.web}/callback",
                org=str(self.company["external_org_id"]),
            )
        except (IntegrationError, TimeoutError, OSError):
            time.sleep(0.5)

    def is_synced(self) -> bool:
        """Whether a sync has succeeded."""
        from integrations.models import SyncRun
        from tenants.rls import tenant_scope

        with tenant_scope(self.tenant.pk, source="command"):
            return SyncRun.objects.filter(status=SyncRun.Status.SUCCEEDED).exists()


@dataclass
class Twin:
    """The calm company after the same things happened in it."""

    load: Load
    refused: int = 0

    @classmethod
    def made_like(cls, load: Load) -> "Twin":
        """Every edit of the user and every posting of the partner, one after the other, undisturbed."""
        from integrations.services.autoconsent import connect_by_itself
        from integrations.services.calls import Recorder
        from integrations.services.ledgers import open_ledger
        from tenants.services import create_tenant

        twin, made = cls(load), list[str]()
        for edit in load.edits:
            twin.refused += load.change(load.double, edit, made) is None
        tenant = create_tenant(slug=f"calm-{load.tenant.slug}", name="Calm", currency="USD")
        done = connect_by_itself(
            tenant=tenant,
            connector=load.ledger,
            redirect_uri=f"{load.web}/callback",
            org=str(load.double["external_org_id"]),
        )
        assert done.connection is not None, done.error
        sold, bank = sold_and_bank(done.connection)
        with open_ledger(done.connection, recorder=Recorder(done.connection), lane="interactive") as session:
            for number in range(load.groups):
                ids: list[str] = []
                for resource, body in group_of(f"F{number:06d}", sold, bank):
                    posted = session.ledger.post(
                        resource, "create", _filled(body, ids), key=f"calm-{number}-{resource}"
                    )
                    ids.append(posted.external_id)
        return twin


def _filled(value: Any, ids: list[str]) -> Any:
    """The body with `id: n` replaced by the ledger's id of the group's record number n."""
    if isinstance(value, list):
        return [_filled(each, ids) for each in value]
    if not isinstance(value, dict):
        return value
    return {
        name: ids[each] if name == "id" and isinstance(each, int) else _filled(each, ids)
        for name, each in value.items()
    }
