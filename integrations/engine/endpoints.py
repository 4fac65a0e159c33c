"""Where a ledger is: the manifest's addresses for one connection, replaced by the environment's or by the sandbox's."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from integrations.engine import settings
from integrations.engine.declarations import Connector
from integrations.engine.errors import ConfigurationError, WhoCanFix

_NAMES = {"api": "API_URL", "authorize": "AUTH_URL", "token": "TOKEN_URL", "revoke": "REVOKE_URL", "app": "APP_URL"}

_THIS_MACHINE = frozenset({"127.0.0.1", "localhost", "::1"})

# The application that every simulated ledger knows.
_SANDBOX_CLIENT = ("sandbox-client", "sandbox-secret")
SANDBOX_WEBHOOK_KEY = "sandbox-webhook-key"


@dataclass(frozen=True, slots=True)
class Endpoints:
    """The addresses in force, the application's own identity, and the only hosts the client may speak to."""

    api: str
    authorize: str
    token: str
    revoke: str
    app: str
    client_id: str
    client_secret: str
    places: Mapping[str, str] = field(default_factory=dict)
    """What stands in braces for this connection: its settings and `org`."""
    application: Mapping[str, str] = field(default_factory=dict)
    """What else the application was given by the ledger; secrets are among it."""

    @property
    def origins(self) -> frozenset[tuple[str, str]]:
        """(scheme, host and port) of every address the client may call."""
        return frozenset(origin(url) for url in (self.api, self.token, self.revoke) if url)

    def __repr__(self) -> str:
        return f"Endpoints(api={self.api!r}, client_id={self.client_id!r})"


def resolve(
    connector: Connector, environ: Mapping[str, str], *, given: Mapping[str, str] | None = None, org: str = ""
) -> Endpoints:
    """The endpoints under an environment, for a connection's settings and organisation.

    `PORTAL_<LEDGER>_API_URL`, `_AUTH_URL`, `_TOKEN_URL`, `_REVOKE_URL`, `_APP_URL` win; else with `PORTAL_SANDBOX_URL`
    the same paths on the sandbox under the ledger's name; else the manifest's addresses. An address whose places are
    not known yet is empty. Raises ConfigurationError.
    """
    prefix = f"PORTAL_{connector.name.upper()}_"
    sandbox = environ.get("PORTAL_SANDBOX_URL", "").rstrip("/")
    known = settings.places(connector.settings, given or {}, org)
    found = {}
    for name, suffix in _NAMES.items():
        url = environ.get(prefix + suffix, "") or _sandboxed(connector, name, sandbox)
        found[name] = _safe(settings.filled_url(url, connector.settings, known), prefix + suffix, sandbox)
    own_id, own_secret = _SANDBOX_CLIENT if sandbox else ("", "")
    return Endpoints(
        client_id=environ.get(f"{prefix}CLIENT_ID") or own_id,
        client_secret=environ.get(f"{prefix}CLIENT_SECRET") or own_secret,
        places=known,
        application=_application(connector, environ, own_id, own_secret),
        **found,
    )


def webhook_keys(connector: Connector, environ: Mapping[str, str]) -> tuple[str, ...]:
    """The secrets with which the ledger may have signed a webhook, newest first; none: nobody has set one.

    `PORTAL_<LEDGER>_WEBHOOK_KEY` holds one, or several separated by commas while they are changed; ledgers that sign
    with the application's own secret need none.
    """
    prefix, told = f"PORTAL_{connector.name.upper()}_", connector.announcements
    keys = [key.strip() for key in environ.get(f"{prefix}WEBHOOK_KEY", "").split(",") if key.strip()]
    is_secret = told is not None and told.seal is not None and told.seal.key == "client_secret"
    if is_secret and (secret := environ.get(f"{prefix}CLIENT_SECRET")):
        keys.append(secret)
    if not keys and environ.get("PORTAL_SANDBOX_URL"):
        keys.append(_SANDBOX_CLIENT[1] if is_secret else SANDBOX_WEBHOOK_KEY)
    return tuple(keys)


def _application(connector: Connector, environ: Mapping[str, str], own_id: str, own_secret: str) -> dict[str, str]:
    """`PORTAL_<LEDGER>_<NAME>` of each; a simulated ledger takes the application's own id and secret for them."""
    prefix = f"PORTAL_{connector.name.upper()}_"
    own = {name: own_secret if name.endswith(("password", "secret")) else own_id for name in connector.application}
    return {name: environ.get(prefix + name.upper()) or own[name] for name in connector.application}


def _sandboxed(connector: Connector, name: str, sandbox: str) -> str:
    url = connector.urls.get(name, "")
    if name == "app" or not (sandbox and url):
        # The simulated ledger has no pages for people: links show where they would lead.
        return url
    path = connector.simulated.get(name) or urlsplit(url).path
    return f"{sandbox}/{connector.name}{path}"


def _safe(url: str, variable: str, sandbox: str) -> str:
    """The address without trailing slash; plain http only to this machine and to the sandbox."""
    parts = urlsplit(url)
    is_near = parts.hostname in _THIS_MACHINE or parts.hostname == urlsplit(sandbox).hostname
    is_address = (
        parts.hostname and not parts.username and (parts.scheme == "https" or (parts.scheme == "http" and is_near))
    )
    if url and not is_address:
        raise ConfigurationError(
            f"{variable} is no address of a ledger: {url}",
            remedy=f"Set {variable} to an https:// address without a user name in it.",
            who_can_fix=WhoCanFix.OPERATOR,
        )
    return url.rstrip("/")


def origin(url: str) -> tuple[str, str]:
    """(scheme, host and port) of an address."""
    parts = urlsplit(url)
    return parts.scheme, parts.netloc.lower()
