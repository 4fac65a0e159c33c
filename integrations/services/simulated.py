"""The other side of connecting, played by the sandbox: it consents by itself and knows what its forms would ask for."""

import os
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from integrations.engine import manifest
from integrations.engine.client import Client
from integrations.engine.endpoints import resolve
from integrations.engine.errors import ConfigurationError
from integrations.engine.messages import Answer, RemoteRequest
from integrations.engine.ways import Way


def agreed(connector_name: str, url: str, *, org: str = "", environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """What a simulated ledger's consent page sends back when it agrees by itself: the callback's parameters.

    ConfigurationError for a real ledger: its consent page is no address that the client may call.
    """
    page, _, query = url.partition("?")
    chosen = {"org": org, "realm_id": org} if org else {}
    answer = _asked(connector_name, page, {**dict(parse_qsl(query)), "auto_consent": "1", **chosen}, environ)
    target = urlsplit(answer.headers.get("location", ""))
    if not target.query:
        raise ConfigurationError(
            f"The consent page answered with status {answer.status} instead of sending the browser back.",
            code="no_callback",
            remedy="Check that the sandbox runs at PORTAL_SANDBOX_URL and knows the portal's client id.",
        )
    return dict(parse_qsl(target.query))


def form_values(
    connector_name: str, way: Way, *, org: str = "", environ: Mapping[str, str] = os.environ
) -> dict[str, str]:
    """What a person would type into a way's form, for an organisation of the sandbox (its first without `org`).

    ConfigurationError when the ledger is not simulated or has no such organisation.
    """
    control = f"{environ.get('PORTAL_SANDBOX_URL', '').rstrip('/')}/_control/organisations"
    listed = _asked(connector_name, control, {"ledger": connector_name}, environ).body
    rows = listed.get("organisations", []) if isinstance(listed, Mapping) else []
    found = [row for row in rows if not org or org in (row.get("external_org_id"), row.get("id"))]
    if not found:
        raise ConfigurationError(
            f"The sandbox has no organisation {org}".rstrip() + ".",
            code="no_organisation",
            remedy="Check that the sandbox runs at PORTAL_SANDBOX_URL, and make one: POST /_control/organisations.",
        )
    told = _asked(connector_name, f"{control}/{found[0]['id']}", {}, environ).body["credentials"]
    return _values(way, told)


def _values(way: Way, told: Mapping[str, Any]) -> dict[str, str]:
    """Credentials stand under the way's name, or beside each other."""
    own = told.get(way.name)
    known = {**told, **(own if isinstance(own, Mapping) else {})}
    return {field.name: str(known[field.name]) for field in way.form if known.get(field.name) is not None}


def _asked(connector_name: str, url: str, params: Mapping[str, str], environ: Mapping[str, str]) -> Answer:
    connector = manifest.load(connector_name)
    with Client(connector, resolve(connector, environ)) as client:
        return client.raw(RemoteRequest("GET", url, params))
