"""Who calls: bearer tokens, OAuth 1.0a signatures and token passports, each checked as NetSuite checks them."""

import re
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256

from werkzeug.wrappers import Request

from integrations.sandbox.clock import Clock
from integrations.sandbox.netsuite import errors, signatures
from integrations.sandbox.netsuite.accounts import canonical, real_url
from integrations.sandbox.netsuite.grants import Grants, InvalidGrantError
from integrations.sandbox.netsuite.signatures import Secrets
from integrations.sandbox.wire import Body

TIMESTAMP_SECONDS = 300
_NONCES_KEPT = 50_000
_SHORTEST_NONCE = 6
_AUDITED = 500
_PASSPORT = re.compile(rb"<(?:\w+:)?account>([^<]*)</")


@dataclass(frozen=True, slots=True)
class Caller:
    """Who is let in: the account, the integration, and by which way."""

    account: str
    client: str
    way: str
    scopes: tuple[str, ...] = ()


class LoginRefusedError(Exception):
    """The reason that only the Login Audit Trail tells."""

    def __init__(self, reason: str, account: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.account = account


def secrets_of(account: str, client: str) -> Secrets:
    """The keys of the sandbox integration and of its token in an account: always the same."""

    def made(name: str) -> str:
        return sha256(f"netsuite-{name}-{client}-{account}".encode()).hexdigest()

    return Secrets(made("consumer-key"), made("consumer-secret"), made("token"), made("token-secret"))


class Doorkeeper:
    """Checks every way of calling, remembers nonces, writes the Login Audit Trail."""

    def __init__(
        self, clock: Clock, grants: Grants, clients: dict[str, str], accounts: Callable[[], list[str]]
    ) -> None:
        self._clock = clock
        self._grants = grants
        self._clients = clients
        self._accounts = accounts
        self._lock = threading.Lock()
        self._nonces: dict[str, None] = {}
        self._revoked: set[str] = set()
        self.trail: deque[Body] = deque(maxlen=_AUDITED)

    def claimed(self, request: Request) -> str | None:
        """The account that a request says it is for; nothing is proved yet."""
        header = request.headers.get("Authorization", "")
        if header.lower().startswith("bearer "):
            try:
                return self._grants.check("access", header.partition(" ")[2].strip()).account
            except InvalidGrantError:
                return None
        realm = signatures.header_fields(header).get("realm") if header else None
        passport = None if realm else _PASSPORT.search(request.get_data())
        found = realm or (passport[1].decode("ascii", "replace") if passport else None)
        return canonical(found.strip()) if found else None

    def rest(self, request: Request, prefix: str) -> Caller:
        """The caller of a REST request. Raises 401."""
        header = request.headers.get("Authorization", "")
        try:
            if header.lower().startswith("bearer "):
                return self._bearer(header.partition(" ")[2].strip())
            return self._signed(request, header, prefix)
        except LoginRefusedError as refused:
            self._note(refused)
            raise errors.login(refused.account) from refused

    def soap(self, fields: dict[str, str]) -> Caller:
        """The caller of a SOAP request, by the fields of its token passport. Raises LoginRefusedError."""
        try:
            return self._passport(fields)
        except LoginRefusedError as refused:
            self._note(refused)
            raise

    def bearer(self, token: str) -> Caller:
        """The caller of a SOAP request with an OAuth 2.0 token. Raises LoginRefusedError."""
        return self._bearer(token)

    def _bearer(self, token: str) -> Caller:
        try:
            grant = self._grants.check("access", token)
        except InvalidGrantError as error:
            raise LoginRefusedError("token_rejected") from error
        if grant.account not in self._accounts():
            raise LoginRefusedError("token_rejected", grant.account)
        return Caller(grant.account, grant.client, grant.way, tuple(grant.scope.split()))

    def _signed(self, request: Request, header: str, prefix: str) -> Caller:
        fields = signatures.header_fields(header)
        if not fields:
            raise LoginRefusedError("token_rejected")
        account = canonical(fields.get("realm", ""))
        if signatures.missing_fields(fields):
            raise LoginRefusedError("parameter_absent", account)
        if fields.get("oauth_signature_method") != "HMAC-SHA256":
            raise LoginRefusedError("UnknownAlgorithm", account)
        if fields.get("oauth_version", "1.0") != "1.0":
            raise LoginRefusedError("VersionRejected", account)
        client, secrets = self._known(account, fields["oauth_consumer_key"], fields["oauth_token"])
        # Simulated accounts share one host: what was signed may be the address called, or the account's real one.
        wanted = [
            signatures.signed(secrets, signatures.base_string(request.method, url, signatures.signed_fields(fields)))
            for url in (request.url, real_url(request.url, account, prefix))
        ]
        if fields["oauth_signature"] not in wanted:
            raise LoginRefusedError("InvalidSignature", account)
        self._fresh(fields["oauth_nonce"], fields["oauth_timestamp"], account)
        return Caller(account, client, "tba")

    def _passport(self, fields: dict[str, str]) -> Caller:
        account = canonical(fields.get("account", ""))
        if not all(fields.get(name) for name in ("account", "consumerKey", "token", "nonce", "timestamp", "signature")):
            raise LoginRefusedError("MissingTokenPassportRequiredFields", account)
        # Clients in use also write the algorithm with an underscore.
        if fields.get("algorithm", "").replace("_", "-").upper() != "HMAC-SHA256":
            raise LoginRefusedError("UnknownAlgorithm", account)
        client, secrets = self._known(account, fields["consumerKey"], fields["token"])
        wanted = signatures.passport_signature(
            secrets, fields["account"], nonce=fields["nonce"], timestamp=fields["timestamp"]
        )
        if fields["signature"] != wanted:
            raise LoginRefusedError("InvalidSignature", account)
        self._fresh(fields["nonce"], fields["timestamp"], account)
        return Caller(account, client, "tba")

    def _known(self, account: str, consumer_key: str, token: str) -> tuple[str, Secrets]:
        if account not in self._accounts():
            raise LoginRefusedError("permission_denied", account)
        for client in self._clients:
            secrets = secrets_of(account, client)
            if secrets.consumer_key == consumer_key:
                if secrets.token != token or token in self._revoked:
                    raise LoginRefusedError("token_rejected", account)
                return client, secrets
        raise LoginRefusedError("consumer_key_unknown", account)

    def _fresh(self, nonce: str, timestamp: str, account: str) -> None:
        """A timestamp within five minutes and a nonce never seen before."""
        if not timestamp.isdigit() or abs(int(timestamp) - self._clock.wall()) > TIMESTAMP_SECONDS:
            raise LoginRefusedError("InvalidTimestamp", account)
        if len(nonce) < _SHORTEST_NONCE:
            raise LoginRefusedError("nonce_rejected", account)
        with self._lock:
            key = f"{account}:{nonce}"
            if key in self._nonces:
                raise LoginRefusedError("nonce_used", account)
            self._nonces[key] = None
            while len(self._nonces) > _NONCES_KEPT:
                del self._nonces[next(iter(self._nonces))]

    def revoke(self, request: Request) -> None:
        """An administrator ends the grant or the token behind a request."""
        header = request.headers.get("Authorization", "")
        if header.lower().startswith("bearer "):
            self._grants.revoke(header.partition(" ")[2].strip())
        elif token := signatures.header_fields(header).get("oauth_token"):
            self._revoked.add(token)

    def _note(self, refused: LoginRefusedError) -> None:
        at = datetime.fromtimestamp(self._clock.wall(), UTC).isoformat()
        self.trail.append({"account": refused.account, "detail": refused.reason, "status": "Failure", "date": at})

    def clear(self) -> None:
        """Forget nonces, revoked tokens and the trail."""
        self._nonces.clear()
        self._revoked.clear()
        self.trail.clear()
