"""OAuth grants: codes, access tokens that expire, refresh tokens that rotate and die when raced."""

import secrets
import threading
from dataclasses import asdict, dataclass, field

from integrations.sandbox import wire
from integrations.sandbox.clock import Clock
from integrations.sandbox.storage import Storage

ACCESS_SECONDS = 3600
CODE_SECONDS = 300
ROTATION_SECONDS = 86400
ROLLING_SECONDS = 8_640_000
HARD_SECONDS = 157_680_000
_SCOPE = "_quickbooks_oauth"


class InvalidGrantError(Exception):
    """The code or token is wrong, used, stale, expired or revoked."""


@dataclass
class Code:
    """A single-use authorization code."""

    value: str
    client: str
    realm: str
    redirect_uri: str
    scope: str
    expires: float


@dataclass
class Grant:
    """One consent: an app may act in one company."""

    id: str
    client: str
    realm: str
    scope: str
    issued: float
    refresh: str
    rotated: float
    rolling_expires: float
    revoked: bool = False
    refreshing: bool = False
    access: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Issued:
    """What the token endpoint hands out."""

    grant: Grant
    access: str
    rolling_left: int
    hard_left: int


class Grants:
    """All grants of this ledger; times are on the scaled clock."""

    def __init__(self, clock: Clock, storage: Storage) -> None:
        self._clock = clock
        self._storage = storage
        self._lock = threading.Lock()
        self._codes: dict[str, Code] = {}
        self._grants: dict[str, Grant] = {}
        self._by_access: dict[str, Grant] = {}
        for kind, key, data in storage.load(_SCOPE):
            if kind == "grant":
                self._grants[key] = Grant(**wire.parse(data))
                self._grants[key].refreshing = False
                self._by_access |= dict.fromkeys(self._grants[key].access, self._grants[key])
            elif kind == "code":
                self._codes[key] = Code(**wire.parse(data))

    def authorise(self, *, client: str, realm: str, redirect_uri: str, scope: str) -> str:
        """A fresh code for the callback."""
        expires = self._clock.scaled() + CODE_SECONDS
        code = Code("AB11" + secrets.token_urlsafe(36), client, realm, redirect_uri, scope, expires)
        with self._lock:
            self._codes[code.value] = code
            self._storage.save(_SCOPE, [("code", code.value, wire.dump(asdict(code)))])
        return code.value

    def exchange(self, value: str, *, client: str, redirect_uri: str) -> Issued:
        """Turn a code into tokens, once. Raises InvalidGrantError."""
        with self._lock:
            code = self._codes.pop(value, None)
            self._storage.save(_SCOPE, [("code", value, None)])
            now = self._clock.scaled()
            if code is None or code.client != client or code.redirect_uri != redirect_uri or code.expires <= now:
                raise InvalidGrantError
            rolling = now + ROLLING_SECONDS
            key = secrets.token_hex(8)
            grant = Grant(key, client, code.realm, code.scope, now, _refresh_value(now), now, rolling)
            self._grants[grant.id] = grant
            return self._issue(grant, now)

    def begin_refresh(self, value: str, client: str) -> Grant:
        """Claim a grant for refreshing; a second claim kills it. Raises InvalidGrantError."""
        with self._lock:
            now = self._clock.scaled()
            grant = next((each for each in self._grants.values() if each.refresh == value), None)
            if grant is None or grant.client != client or grant.revoked or not self._lives(grant, now):
                raise InvalidGrantError
            if grant.refreshing:
                self._revoke(grant)
                raise InvalidGrantError
            grant.refreshing = True
            return grant

    def realm_of(self, refresh: str) -> str | None:
        """Whose refresh token it is, for the record of calls."""
        with self._lock:
            return next((each.realm for each in self._grants.values() if each.refresh == refresh), None)

    def finish_refresh(self, grant: Grant) -> Issued:
        """New tokens for a claimed grant. Raises InvalidGrantError when it was killed meanwhile."""
        with self._lock:
            grant.refreshing = False
            if grant.revoked:
                raise InvalidGrantError
            now = self._clock.scaled()
            if now - grant.rotated >= ROTATION_SECONDS:
                grant.refresh, grant.rotated = _refresh_value(now), now
            grant.rolling_expires = now + ROLLING_SECONDS
            return self._issue(grant, now)

    def _issue(self, grant: Grant, now: float) -> Issued:
        for old in [token for token, expires in grant.access.items() if expires <= now - ACCESS_SECONDS]:
            del grant.access[old], self._by_access[old]
        token = "eyJlbmMiOiJBMTI4Q0JDLUhTMjU2IiwiYWxnIjoiZGlyIn0.." + secrets.token_urlsafe(48)
        grant.access[token] = now + ACCESS_SECONDS
        self._by_access[token] = grant
        self._keep(grant)
        hard = int(grant.issued + HARD_SECONDS - now)
        return Issued(grant, token, int(grant.rolling_expires - now), hard)

    def _lives(self, grant: Grant, now: float) -> bool:
        return grant.rolling_expires > now and grant.issued + HARD_SECONDS > now

    def check(self, token: str) -> tuple[Grant | None, str | None]:
        """The grant of an access token, or None with the gateway's reason."""
        if len(token) < 40 or len(token) > 4096:
            return None, "Malformed bearer token: too short or too long"
        with self._lock:
            grant = self._by_access.get(token)
            if grant is None:
                return None, "Token invalid"
            if grant.revoked:
                return None, "Token revoked"
            if grant.access[token] <= self._clock.scaled():
                return None, "Token expired"
            return grant, None

    def revoke(self, token: str, client: str | None = None) -> bool:
        """Kill the whole grant behind an access or refresh token; False when there is none."""
        with self._lock:
            grant = self._by_access.get(token)
            if grant is None:
                grant = next((each for each in self._grants.values() if each.refresh == token), None)
            if grant is None or (client is not None and grant.client != client):
                return False
            self._revoke(grant)
            return True

    def _revoke(self, grant: Grant) -> None:
        grant.revoked = True
        self._keep(grant)

    def _keep(self, grant: Grant) -> None:
        self._storage.save(_SCOPE, [("grant", grant.id, wire.dump(asdict(grant)))])

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._codes.clear()
            self._grants.clear()
            self._by_access.clear()


def _refresh_value(now: float) -> str:
    return f"RT1-{secrets.randbelow(900) + 100}-H0-{int(now) + ROLLING_SECONDS}{secrets.token_urlsafe(18).lower()}"
