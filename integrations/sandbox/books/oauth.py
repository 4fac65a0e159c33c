"""OAuth 2 grants of any ledger: codes, access tokens that expire, refresh tokens that rotate as its policy says."""

import base64
import hashlib
import secrets
import threading
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field

from integrations.sandbox import wire
from integrations.sandbox.clock import Clock
from integrations.sandbox.storage import Storage


class InvalidGrantError(Exception):
    """The code or token is wrong, used, stale, expired or revoked; the text says which."""


def _token() -> str:
    return secrets.token_urlsafe(48)


@dataclass(frozen=True)
class Policy:
    """How a ledger's tokens live; seconds of its own clock.

    `rotates`: every refresh gives a new refresh token. The one before repeats its answer for `grace_seconds`; used
    later it fails, and kills the grant when `reuse_revokes`. `idle_seconds` since the last refresh and `hard_seconds`
    since consent end a grant. `most_refresh` is how many grants an app may hold, the oldest ends first; `most_access`
    how many access tokens of a grant live, likewise.
    """

    access_seconds: float = 3600
    code_seconds: float = 300
    rotates: bool = True
    grace_seconds: float = 0
    reuse_revokes: bool = False
    idle_seconds: float | None = None
    hard_seconds: float | None = None
    most_refresh: int | None = None
    most_access: int | None = None
    access_value: Callable[[], str] = _token
    refresh_value: Callable[[], str] = _token
    code_value: Callable[[], str] = _token


@dataclass
class Code:
    """A single-use authorization code."""

    value: str
    client: str
    organisations: list[str]
    redirect_uri: str
    scope: str
    expires: float
    challenge: str = ""
    offline: bool = True


@dataclass
class Grant:
    """One consent: an app may act in these organisations. `before` maps a replaced refresh token to its answer."""

    id: str
    client: str
    organisations: list[str]
    scope: str
    issued: float
    refreshed: float
    refresh: str | None
    revoked: bool = False
    access: dict[str, float] = field(default_factory=dict)
    before: dict[str, list[float | str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Issued:
    """What the token endpoint hands out; `refresh` is None where none is given."""

    grant: Grant
    access: str
    refresh: str | None
    expires_in: int


class Grants:
    """All grants of one ledger; `scope` names them in the storage, e.g. _xero_oauth."""

    def __init__(self, clock: Clock, storage: Storage, scope: str, policy: Policy) -> None:
        self.policy = policy
        self._clock = clock
        self._storage = storage
        self._scope = scope
        self._lock = threading.RLock()
        self._codes: dict[str, Code] = {}
        self._grants: dict[str, Grant] = {}
        self._by_token: dict[str, Grant] = {}
        for kind, key, data in storage.load(scope):
            if kind == "code":
                self._codes[key] = Code(**wire.parse(data))
            else:
                self._adopt(Grant(**wire.parse(data)))

    def _adopt(self, grant: Grant) -> None:
        self._grants[grant.id] = grant
        for token in (*grant.access, *grant.before, *([grant.refresh] if grant.refresh else [])):
            self._by_token[token] = grant

    def authorise(
        self,
        *,
        client: str,
        organisations: Sequence[str],
        redirect_uri: str,
        scope: str,
        challenge: str = "",
        offline: bool = True,
    ) -> str:
        """A code for the callback; `challenge` is the S256 challenge of PKCE, `offline` asks for a refresh token."""
        value, expires = self.policy.code_value(), self._clock.scaled() + self.policy.code_seconds
        code = Code(value, client, list(organisations), redirect_uri, scope, expires, challenge, offline)
        with self._lock:
            self._codes[value] = code
            self._storage.save(self._scope, [("code", value, wire.dump(asdict(code)))])
        return value

    def exchange(self, value: str, *, client: str, redirect_uri: str, verifier: str = "") -> Issued:
        """Turn a code into tokens, once. Raises InvalidGrantError."""
        with self._lock:
            code = self._codes.pop(value, None)
            self._storage.save(self._scope, [("code", value, None)])
            if code is None or code.client != client:
                raise InvalidGrantError("the code is unknown or used")
            if code.expires <= self._clock.scaled():
                raise InvalidGrantError("the code has expired")
            if code.redirect_uri != redirect_uri:
                raise InvalidGrantError("redirect_uri differs")
            if code.challenge and challenge_of(verifier) != code.challenge:
                raise InvalidGrantError("the code verifier does not fit the challenge")
            return self.grant(client=client, organisations=code.organisations, scope=code.scope, offline=code.offline)

    def grant(self, *, client: str, organisations: Sequence[str], scope: str, offline: bool = False) -> Issued:
        """A grant at once: of a code, of client credentials, of a self-made token."""
        with self._lock:
            now = self._clock.scaled()
            refresh = self.policy.refresh_value() if offline else None
            made = Grant(secrets.token_hex(8), client, list(organisations), scope, now, now, refresh)
            self._adopt(made)
            self._end_oldest(client)
            return self._issue(made, now)

    def _end_oldest(self, client: str) -> None:
        most = self.policy.most_refresh
        held = [each for each in self._grants.values() if each.client == client and each.refresh and not each.revoked]
        for grant in held[: -most if most else 0]:
            self._revoke(grant)

    def refresh(self, value: str, client: str) -> Issued:
        """New tokens for a refresh token. Raises InvalidGrantError."""
        with self._lock:
            now = self._clock.scaled()
            grant = self._by_token.get(value)
            if grant is None or value in grant.access or grant.client != client:
                raise InvalidGrantError("the refresh token is unknown")
            if grant.revoked or not self._lives(grant, now):
                raise InvalidGrantError("the refresh token is revoked or has expired")
            if value != grant.refresh:
                return self._repeated(grant, value, now)
            return self._renewed(grant, value, now)

    def _renewed(self, grant: Grant, value: str, now: float) -> Issued:
        grant.refreshed = now
        if self.policy.rotates:
            grant.refresh = self.policy.refresh_value()
            self._by_token[grant.refresh] = grant
        issued = self._issue(grant, now)
        if self.policy.rotates:
            grant.before[value] = [now, issued.access, str(issued.refresh)]
            self._keep(grant)
        return issued

    def _repeated(self, grant: Grant, value: str, now: float) -> Issued:
        """A replaced token gives the answer it gave, for the grace period."""
        at, access, refresh = grant.before[value]
        if now - float(at) < self.policy.grace_seconds and str(access) in grant.access:
            return Issued(grant, str(access), str(refresh), int(grant.access[str(access)] - now))
        if self.policy.reuse_revokes:
            self._revoke(grant)
        raise InvalidGrantError("the refresh token was replaced")

    def _issue(self, grant: Grant, now: float) -> Issued:
        access = self.policy.access_value()
        grant.access[access] = now + self.policy.access_seconds
        self._by_token[access] = grant
        most = self.policy.most_access
        stale = [token for token, expires in grant.access.items() if expires <= now - self.policy.access_seconds]
        for old in [*stale, *(list(grant.access)[:-most] if most else [])]:
            grant.access.pop(old, None)
            self._by_token.pop(old, None)
        self._keep(grant)
        return Issued(grant, access, grant.refresh, int(self.policy.access_seconds))

    def _lives(self, grant: Grant, now: float) -> bool:
        idle, hard = self.policy.idle_seconds, self.policy.hard_seconds
        return (idle is None or grant.refreshed + idle > now) and (hard is None or grant.issued + hard > now)

    def check(self, token: str) -> tuple[Grant | None, str | None]:
        """The grant of an access token, or None with `unknown`, `revoked` or `expired`."""
        with self._lock:
            grant = self._by_token.get(token)
            if grant is None or token not in grant.access:
                return None, "unknown"
            if grant.revoked:
                return None, "revoked"
            return (None, "expired") if grant.access[token] <= self._clock.scaled() else (grant, None)

    def revoke(self, token: str, client: str | None = None) -> bool:
        """Kill the grant behind any of its tokens; False when there is none."""
        with self._lock:
            grant = self._by_token.get(token)
            if grant is None or (client is not None and grant.client != client):
                return False
            self._revoke(grant)
            return True

    def disconnect(self, grant: Grant, organisation: str) -> None:
        """Take one organisation out of a grant; the grant itself lives on."""
        with self._lock:
            grant.organisations = [each for each in grant.organisations if each != organisation]
            self._keep(grant)

    def grants(self) -> list[Grant]:
        """All grants in force, oldest first."""
        return [grant for grant in list(self._grants.values()) if not grant.revoked]

    def _revoke(self, grant: Grant) -> None:
        grant.revoked = True
        self._keep(grant)

    def _keep(self, grant: Grant) -> None:
        self._storage.save(self._scope, [("grant", grant.id, wire.dump(asdict(grant)))])

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._codes.clear()
            self._grants.clear()
            self._by_token.clear()


def challenge_of(verifier: str) -> str:
    """The S256 challenge of a code verifier (RFC 7636)."""
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
