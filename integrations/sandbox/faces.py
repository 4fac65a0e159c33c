"""What a simulated ledger must be able to do, and what an organisation is."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Protocol

from werkzeug.wrappers import Request, Response

from integrations.sandbox.books.store import Store
from integrations.sandbox.calls import Call
from integrations.sandbox.clock import Clock
from integrations.sandbox.storage import Storage
from integrations.sandbox.wire import Body


class BadOrderError(ValueError):
    """The control API was asked for something impossible; the text says what."""


@dataclass
class Organisation:
    """One company's books in one ledger."""

    id: str
    ledger: str
    external_org_id: str
    name: str
    currency: str
    country: str
    store: Store
    specification: Body = field(default_factory=dict)
    statement: list[Body] = field(default_factory=list)
    archive: Any = None
    """Old documents that a ledger makes when they are asked for, where its specification wants `archived` ones."""

    def as_json(self) -> Body:
        """How the control API names it."""
        names = ("id", "ledger", "external_org_id", "name", "currency", "country")
        return {name: getattr(self, name) for name in names}


@dataclass(frozen=True)
class Delivery:
    """One webhook request to send: a body and its signed headers; `retries` are the ledger's own waits in seconds."""

    body: bytes
    headers: dict[str, str]
    retries: tuple[int, ...] = ()


@dataclass(frozen=True)
class AccountBalance:
    """A line of a trial balance; `amount` is debits minus credits."""

    id: str
    code: str | None
    name: str
    amount: Decimal


@dataclass(frozen=True)
class Setting:
    """What every face is made with: `clients` are id → secret, `organisations` lists those of a ledger by its name."""

    clock: Clock
    storage: Storage
    clients: dict[str, str]
    organisations: Callable[[str], list[Organisation]]


class Face(Protocol):
    """One ledger's protocol over the shared core; `formats` are its webhooks' forms, the usual one first."""

    name: str
    formats: tuple[str, ...]

    def identify(self, request: Request, call: Call) -> None:
        """Fill in the call's organisation and kind."""

    def answer(self, request: Request, call: Call) -> Response:
        """Serve a request below this ledger's prefix."""

    def external_id(self, number: int, seed: int) -> str:
        """The ledger's own id for a new organisation."""

    def open_store(self, organisation_id: str) -> Store:
        """An empty store that knows this ledger's indexes."""

    def found(self, organisation: Organisation) -> None:
        """Write the chart of accounts and the history its specification asks for."""

    def credentials(self, organisation: Organisation) -> Body:
        """What an app needs to connect."""

    def documents(self, organisation: Organisation, resource: str) -> Body:
        """The true books of one resource, in the ledger's own form."""

    def trial_balance(self, organisation: Organisation) -> list[AccountBalance]:
        """Every account with a balance."""

    def change(self, organisation: Organisation, order: Body) -> Body:
        """Act as a user of the ledger."""

    def permission_gap(self) -> Response:
        """What the ledger answers when the connected user may not do this."""

    def revoke_token(self, request: Request) -> None:
        """Revoke the grant behind this request's token."""

    def notify(self, events: Iterable[Any], key: str, style: str) -> list[Delivery]:
        """Events as webhook requests signed with `key`."""

    def forget(self) -> None:
        """Drop tokens and all other state (reset)."""
