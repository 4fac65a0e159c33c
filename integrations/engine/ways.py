"""Ways of being let in by a ledger, as frozen dataclasses: consent, a key pair, signed calls, a session."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class FormField:
    """One value that a person types to connect; secrets are kept encrypted, the rest are settings."""

    name: str
    label: str
    help: str
    spelled: str
    """How the ledger wants it written; what is typed is turned into that."""
    is_secret: bool
    is_optional: bool
    is_long: bool
    """A text of several lines, such as a private key."""
    is_date: bool
    pattern: str
    """What it must look like entirely; empty: anything."""


@dataclass(frozen=True, slots=True)
class Organisations:
    """The call that lists what a consent covers."""

    method: str
    path: str
    params: Mapping[str, str]
    body: Any
    many: str
    id: str
    name: str
    kind: str
    link_id: str
    where: Mapping[str, str]
    interface: str = ""


@dataclass(frozen=True, slots=True)
class Disconnect:
    """How access ends: the grant is revoked, this organisation's link alone is deleted, or nothing can be called."""

    way: str = "none"
    path: str = ""
    says: str = ""
    """What a person should know before doing it."""


@dataclass(frozen=True, slots=True)
class Opening:
    """The call that opens a session for a token: some of a ledger's interfaces know sessions only."""

    method: str
    path: str
    session_path: str


@dataclass(frozen=True, slots=True)
class Login:
    """The call that gives a session for what was typed."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: Any
    interface: str
    action: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """What all ways have."""

    name: str
    type: str
    label: str
    help: str
    form: tuple[FormField, ...] = ()
    org: str = ""
    """The organisation's id, made of what was typed; empty: the callback or the list of organisations tells it."""
    ends: str = ""
    """The form's field with the day on which what was typed ends, such as a certificate's."""
    scheme: str = "Bearer {token}"
    organisations: Organisations | None = None
    disconnect: Disconnect = field(default_factory=Disconnect)

    @property
    def is_consent(self) -> bool:
        """Whether a person consents on the ledger's own page."""
        return False

    @property
    def has_tokens(self) -> bool:
        """Whether calls carry something that expires and is renewed."""
        return True


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenWay(Way):
    """A way with an OAuth 2.0 token endpoint (RFC 6749)."""

    scopes: tuple[str, ...] = ()
    client_auth: str = "basic"
    token_headers: Mapping[str, str] = field(default_factory=dict)
    token_errors: Mapping[str, str] = field(default_factory=dict)
    """Codes of the token endpoint beside those of the RFC → the kind of error they are."""
    opening: Opening | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeGrant(TokenWay):
    """`oauth2`: consent in the browser, then a code."""

    uses_pkce: bool = False
    authorize_params: Mapping[str, str] = field(default_factory=dict)
    org_param: str = ""
    settings_params: Mapping[str, str] = field(default_factory=dict)
    """Setting → parameter of the callback that decides it."""
    rotates: bool = False
    grace_minutes: int = 0
    refresh_idle_days: int = 0
    refresh_hard_days: int = 0
    refresh_expires_field: str = ""
    hard_expires_field: str = ""
    revoke_body: str = "form"

    @property
    def is_consent(self) -> bool:
        """It is asked for in the browser."""
        return True


@dataclass(frozen=True, slots=True)
class Assertion:
    """A signed statement in place of a client's secret (RFC 7523)."""

    algorithms: tuple[str, ...]
    """Those the ledger knows; the first that fits the key is used."""
    key: str
    """The form's field with the private key."""
    key_id: str
    claims: Mapping[str, Any]
    minutes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientGrant(TokenWay):
    """`oauth2_jwt` and `oauth2_client`: the portal itself is trusted, by a key pair or by a secret."""

    params: Mapping[str, str] = field(default_factory=dict)
    assertion: Assertion | None = None
    login: Login | None = None
    """What comes first: a login whose session, `{session}`, the token is asked for with."""
    session_path: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedCalls(Way):
    """`oauth1`: every call is signed with two secrets (RFC 5849); nothing expires and nothing is renewed."""

    realm: str = ""

    @property
    def has_tokens(self) -> bool:
        """There is none."""
        return False


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionLogin(Way):
    """`session`: a login that gives a session, which every later call names in its envelope."""

    login: Login
    session_path: str = ""
    expires_path: str = ""
    endpoint_path: str = ""
    hosts: str = ""
    """Which other hosts the ledger may send a session to: a pattern of the whole host name."""
