"""OAuth 2.0 grants: codes for one use, access tokens for an hour, refresh tokens for seven days that never rotate."""

import secrets
import threading
from dataclasses import dataclass
from typing import Any

import jwt

from integrations.sandbox.clock import Clock
from integrations.sandbox.storage import Storage

ACCESS_SECONDS = 3600
REFRESH_SECONDS = 7 * 86400
CODE_SECONDS = 120
_SCOPE = "_netsuite_oauth"
_KEY = "netsuite sandbox: these tokens are worth nothing anywhere else"


class InvalidGrantError(Exception):
    """The code or token is wrong, used, expired or revoked."""


@dataclass(frozen=True, slots=True)
class Grant:
    """What a token stands for: an app acts in an account, by a consent (`code`) or by itself (`m2m`)."""

    id: str
    account: str
    client: str
    scope: str
    way: str = "code"
    redirect_uri: str = ""
    challenge: str = ""


class Grants:
    """Tokens carry their grant themselves, signed, as NetSuite's do; only what ended early is remembered."""

    def __init__(self, clock: Clock, storage: Storage) -> None:
        self._clock = clock
        self._storage = storage
        self._lock = threading.Lock()
        self._ended = {key for kind, key, _ in storage.load(_SCOPE) if kind == "ended"}

    def code(self, account: str, client: str, scope: str, *, redirect_uri: str, challenge: str) -> str:
        """A code for the callback."""
        grant = Grant(secrets.token_hex(12), account, client, scope, "code", redirect_uri, challenge)
        return self._token("code", grant, CODE_SECONDS)

    def redeem(self, code: str, client: str) -> Grant:
        """The grant of a code, once. Raises InvalidGrantError."""
        grant, serial = self._read("code", code)
        with self._lock:
            if serial in self._ended or grant.client != client:
                raise InvalidGrantError
            self._end(serial)
        return grant

    def machine(self, account: str, client: str, scope: str) -> Grant:
        """A grant that needs no consent."""
        return Grant(secrets.token_hex(12), account, client, scope, "m2m")

    def access(self, grant: Grant) -> str:
        """A new access token."""
        return self._token("access", grant, ACCESS_SECONDS)

    def refresh_token(self, grant: Grant) -> str:
        """The refresh token of a consent; it is never replaced, so its seven days are the consent's."""
        return self._token("refresh", grant, REFRESH_SECONDS)

    def check(self, kind: str, token: str) -> Grant:
        """The grant of a live `access` or `refresh` token. Raises InvalidGrantError."""
        return self._read(kind, token)[0]

    def revoke(self, token: str) -> bool:
        """End the grant behind any token; False when there is none."""
        for kind in ("refresh", "access"):
            try:
                grant = self.check(kind, token)
            except InvalidGrantError:
                continue
            with self._lock:
                self._end(grant.id)
            return True
        return False

    def _token(self, kind: str, grant: Grant, seconds: int) -> str:
        claims = {name: getattr(grant, name) for name in Grant.__slots__}
        claims |= {"kind": kind, "serial": secrets.token_hex(8), "until": self._clock.scaled() + seconds}
        return jwt.encode(claims, _KEY, algorithm="HS256")

    def _read(self, kind: str, token: str) -> tuple[Grant, str]:
        try:
            claims: dict[str, Any] = jwt.decode(token, _KEY, algorithms=["HS256"])
        except jwt.InvalidTokenError as error:
            raise InvalidGrantError from error
        if claims["kind"] != kind or claims["until"] <= self._clock.scaled() or claims["id"] in self._ended:
            raise InvalidGrantError
        return Grant(**{name: claims[name] for name in Grant.__slots__}), claims["serial"]

    def _end(self, key: str) -> None:
        self._ended.add(key)
        self._storage.save(_SCOPE, [("ended", key, b"1")])

    def clear(self) -> None:
        """Forget what ended. (The tokens of a world that was reset have no account any more.)"""
        with self._lock:
            self._ended.clear()
