"""Companies of the simulated ledgers that live as long as one pilot: founded, entered, read and removed.

Every address is made of the sandbox's alone, whatever the environment says of real ledgers: nothing here can reach one,
and a company has no row here that a sync, a posting or a page could take for the tenant's own connection.
"""

import os
import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import uuid4

from integrations.engine import auth, manifest
from integrations.engine.auth import TokenSet
from integrations.engine.client import Client
from integrations.engine.converters import Context
from integrations.engine.declarations import Connector
from integrations.engine.endpoints import resolve
from integrations.engine.errors import (
    ConfigurationError,
    LedgerUnavailable,
    OutcomeUnknown,
    RejectedError,
    TransientError,
    WhoCanFix,
)
from integrations.engine.ledger import Ledger
from integrations.engine.messages import RemoteRequest
from integrations.engine.results import Deletion, Outcome, Record
from integrations.engine.ways import Way
from integrations.services import access, simulated, wayforms

_REDIRECT = "https://pilot.invalid/callback"
_NO_HISTORY = {"contacts": 0, "invoices": 0, "bills": 0, "payments": 0, "bank_lines": 0, "months": 1, "seed": 1}
_TRIES, _FIRST_WAIT, _LONGEST_WAIT = 6, 0.2, 10.0
"""So often, and so many seconds apart: a simulated ledger comes back soon or not at all."""


@dataclass(frozen=True)
class Balance:
    """An account of the true books; `amount` is debits less credits in home currency."""

    id: str
    code: str
    name: str
    amount: Decimal


@dataclass(frozen=True)
class Wanted:
    """The company to found: like the tenant's organisation, without its records."""

    connector: str
    name: str
    country: str
    currency: str
    currencies: tuple[str, ...] = ()


@dataclass(frozen=True)
class PilotCompany:
    """A company that can be written to by its ledger's own protocol, and whose true books can be read."""

    id: str
    ledger: Ledger
    control: "Control"

    def write(self, resource: str, operation: str, body: Mapping[str, Any]) -> Record | Deletion:
        """Post it as a worker would: what is changed is read first, what got no answer is looked up, not sent again.

        Raises RejectedError, or what is still wrong after several tries.
        """
        if operation != "create":
            current = self.ledger.read(resource, str(body["external_id"]), body.get("remote_type") or None)
            body = {**body, "version": current.unified.get("version")}
        return _landed(self.ledger, resource, operation, body)

    def books(self) -> dict[str, Balance]:
        """Account's id → its balance, from the sandbox itself and not through the connector."""
        told = self.control.asked("GET", f"/{self.id}/trial_balance")
        return {
            str(row["id"]): Balance(
                str(row["id"]),
                str(row["code"] or ""),
                str(row["name"]),
                Decimal(str(row["debit"])) - Decimal(str(row["credit"])),
            )
            for row in told["accounts"]
        }


class Control:
    """The sandbox's control API below /_control/organisations."""

    def __init__(self, client: Client, url: str) -> None:
        self._client, self._url = client, f"{url}/_control/organisations"

    def asked(self, method: str, path: str = "", body: Any = None, **params: str) -> dict[str, Any]:
        """The JSON it answers. RejectedError when it refuses, LedgerUnavailable when it says nothing sensible."""
        answer = self._client.raw(RemoteRequest(method, self._url + path, params, body=body))
        if not isinstance(answer.body, Mapping):
            raise LedgerUnavailable(f"The sandbox answered with status {answer.status} instead of JSON.")
        if answer.status >= 400:
            raise RejectedError(f"The sandbox refused: {answer.body.get('error')}", code="sandbox_refused")
        return dict(answer.body)


def _landed(ledger: Ledger, resource: str, operation: str, body: Mapping[str, Any]) -> Record | Deletion:
    key, sent_at, is_unknown = str(uuid4()), datetime.now(UTC), False
    for attempt in range(_TRIES):
        try:
            if is_unknown:
                probe = ledger.probe(resource, operation, body, key=key, sent_at=sent_at)
                if probe.outcome == Outcome.POSTED and probe.record is not None:
                    return probe.record
                is_unknown = probe.outcome != Outcome.ABSENT
            if not is_unknown:
                sent_at = datetime.now(UTC)
                return ledger.post(resource, operation, body, key=key)
            wait = probe.wait or 0.0
        except TransientError as error:
            is_unknown = is_unknown or isinstance(error, OutcomeUnknown)
            wait = error.retry_after or 0.0
        time.sleep(min(max(wait, _FIRST_WAIT * 2**attempt), _LONGEST_WAIT))
    if is_unknown:
        raise OutcomeUnknown("The simulated ledger never told what became of it.", code="outcome_unknown")
    raise LedgerUnavailable("The simulated ledger did not answer.", code="no_answer")


def sandbox_url() -> str:
    """Where pilots run: `PORTAL_PILOT_SANDBOX_URL` beside real ledgers, else `PORTAL_SANDBOX_URL`.

    ConfigurationError when neither is set.
    """
    url = os.environ.get("PORTAL_PILOT_SANDBOX_URL") or os.environ.get("PORTAL_SANDBOX_URL") or ""
    if not url:
        raise ConfigurationError(
            "There is no sandbox to run a pilot in.",
            code="no_sandbox",
            remedy="The operator starts one (python -m integrations.sandbox) and sets PORTAL_PILOT_SANDBOX_URL to its "
            "address; until then the back-test shows what a version would change.",
            who_can_fix=WhoCanFix.OPERATOR,
        )
    return url.rstrip("/")


@contextmanager
def pilot_company(wanted: Wanted) -> Iterator[PilotCompany]:
    """A fresh company, entered and ready to be written to; removed afterwards, whatever happened."""
    connector, environ = manifest.load(wanted.connector), {"PORTAL_SANDBOX_URL": sandbox_url()}
    with ExitStack() as stack:
        control = _control(connector, environ, stack)
        asked = {"ledger": wanted.connector, "name": wanted.name, "country": wanted.country}
        asked |= {"currency": wanted.currency, "quiet": True, **_NO_HISTORY}  # type: ignore[dict-item]
        if wanted.currencies:
            asked["currencies"] = [wanted.currency, *wanted.currencies]  # type: ignore[assignment]
        made = control.asked("POST", body=asked)
        stack.callback(_removed, control, str(made["id"]))
        ledger = _entered(connector, environ, wanted, str(made["external_org_id"]), stack)
        yield PilotCompany(str(made["id"]), ledger, control)


def remove_companies(connector_name: str, prefix: str) -> int:
    """Remove the companies whose names begin so, such as those a killed worker has left; returns how many."""
    connector, environ = manifest.load(connector_name), {"PORTAL_SANDBOX_URL": sandbox_url()}
    with ExitStack() as stack:
        control = _control(connector, environ, stack)
        listed = control.asked("GET", ledger=connector_name)["organisations"]
        left = [str(row["id"]) for row in listed if str(row["name"]).startswith(prefix)]
        return sum(_removed(control, key) for key in left)


def _control(connector: Connector, environ: Mapping[str, str], stack: ExitStack) -> Control:
    client = stack.enter_context(Client(connector, resolve(connector, environ)))
    return Control(client, environ["PORTAL_SANDBOX_URL"])


def _removed(control: Control, key: str) -> bool:
    try:
        control.asked("DELETE", f"/{key}")
    except RejectedError:
        # Somebody else has removed it, or the sandbox was emptied.
        return False
    return True


class _Tokens:
    """Asks the simulated ledger for consent whenever a token is needed; it agrees by itself."""

    def __init__(self, enter: Callable[[], TokenSet]) -> None:
        self._enter, self._token = enter, ""

    def token(self) -> str:
        """The present one, or the first."""
        return self._token or self.renew("")

    def renew(self, stale: str) -> str:
        """Another one."""
        self._token = self._enter().access_token
        return self._token


@dataclass(frozen=True)
class _Key:
    """What lets a company in: tokens, what a person would type, and the settings and name that come of it."""

    tokens: _Tokens
    credentials: Mapping[str, str]
    settings: Mapping[str, str]
    org: str


def _entered(connector: Connector, environ: Mapping[str, str], wanted: Wanted, org: str, stack: ExitStack) -> Ledger:
    way = connector.way("")
    key = (_by_consent if way.is_consent else _by_form)(connector, way, environ, org)
    endpoints = resolve(connector, environ, given=key.settings, org=key.org)
    client = stack.enter_context(Client(connector, endpoints, key.tokens, way=way.name, credentials=key.credentials))
    own = {"org": key.org, "home_currency": wanted.currency, "country": wanted.country}
    return Ledger(connector, client, Context(values={**endpoints.places, **own}))


def _by_consent(connector: Connector, way: Way, environ: Mapping[str, str], org: str) -> _Key:
    settings = wayforms.chosen_settings(connector.name, {})
    verifier = secrets.token_urlsafe(48)

    def callback() -> tuple[dict[str, str], dict[str, str]]:
        here = resolve(connector, environ, given=settings)
        url = auth.authorize_url(way, here, redirect_uri=_REDIRECT, state="pilot", code_verifier=verifier)
        told = simulated.agreed(connector.name, url, org=org, environ=environ)
        return told, {**settings, **access.callback_facts(way, told)[1]}

    def enter() -> TokenSet:
        told, known = callback()
        with Client(connector, resolve(connector, environ, given=known, org=org), way=way.name) as client:
            return auth.exchange_code(client, way, code=told["code"], redirect_uri=_REDIRECT, code_verifier=verifier)

    return _Key(_Tokens(enter), {}, callback()[1], org)


def _by_form(connector: Connector, way: Way, environ: Mapping[str, str], org: str) -> _Key:
    values = simulated.form_values(connector.name, way, org=org, environ=environ)
    settings, typed = wayforms.checked_form(connector.name, way, values)
    credentials = {**settings, **typed}
    named = way.org.format_map(settings) if way.org else org

    def enter() -> TokenSet:
        with Client(connector, resolve(connector, environ, given=settings, org=named), way=way.name) as client:
            return access.tokens_of(client, way, credentials)

    return _Key(_Tokens(enter), credentials, settings, named)
