"""The made-up ledger Orchard with settings and every way of being let in; a client of it with given answers."""

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import httpx

from integrations.engine.client import Client
from integrations.engine.declarations import Connector
from integrations.engine.endpoints import resolve
from integrations.engine.manifest import load_from
from tests.integrations.engine.company import said

LEDGERS = Path(__file__).parent / "ledgers"
WAYS = """
settings:
  dc: {label: Data centre, values: {us: com, eu: eu, ca: ca}, names: {us: United States}, default: us}
  site: {from: dc, values: {us: orchard.com, eu: orchard.eu, ca: orchardcloud.ca}}
  host: {label: Account, from: org, spelled: lower_hyphen, pattern: "[a-z0-9-]{3,40}"}
auth:
  consent:
    type: oauth2
    scopes: [books]
    client_auth: body
    pkce: true
    scheme: "Orchard-token {token}"
    settings_params: {dc: location}
    token_errors: {invalid_code: reauthorization, access_denied: rate_limited}
    refresh_hard_days: 7
    organisations: {path: /connections, many: ".", id: tenantId, name: tenantName, kind: tenantType, link_id: id,
      where: {tenantType: ORGANISATION}}
    disconnect: {way: delete, path: "/connections/{link_id}", says: Only this one.}
  m2m:
    type: oauth2_jwt
    alg: [PS256, ES256]
    key: private_key
    key_id: "{certificate}"
    claims: {iss: "{client_id}", scope: [books], aud: "{token_url}"}
    form:
      - {name: client_id, label: Client id}
      - {name: certificate, label: Certificate id}
      - {name: private_key, label: Private key, secret: true, long: true}
  service:
    type: oauth2_client
    client_auth: body
    params: {username: "{user}@{company}"}
    form: [{name: user, label: User}, {name: company, label: Company}]
    org: "{company}"
  tokens:
    type: oauth1
    realm: "{account}"
    org: "{account}"
    form: [{name: account, label: Account}, {name: consumer_key, label: Key}, {name: token_id, label: Token},
      {name: consumer_secret, label: Secret, secret: true}, {name: token_secret, label: Token secret, secret: true}]
"""
SESSION = """
  gateway:
    type: session
    form: [{name: company, label: Company}, {name: password, label: Password, secret: true}]
    org: "{company}"
    login:
      path: /gateway
      body: {control: {sender: "{sender_id}"}, login: {company: "{company}", password: "{password}"}}
    session_path: data.session
    expires_path: data.until
    endpoint_path: data.endpoint
    hosts: "[a-z0-9-]+[.]orchard[.]com"
application: [sender_id, sender_password]
"""
URLS = """urls:
  api: https://www.{site}/api
  authorize: https://accounts.{site}/auth
  token: https://{host}.tokens.orchard.test/token
  revoke: https://accounts.{site}/revoke
"""


def declared_in(folder: Path) -> Callable[..., Connector]:
    """Makes the connector in a folder of its own: `made(old, new)` with a part of its manifest replaced."""

    def made(old: str = "", new: str = "", *, urls: str = URLS, more: Mapping[str, str] | None = None) -> Connector:
        shutil.copytree(LEDGERS / "orchard", folder / "orchard", dirs_exist_ok=True)
        lines = (LEDGERS / "orchard" / "manifest.yaml").read_text().splitlines()
        first, last = (next(i for i, x in enumerate(lines) if x.startswith(key)) for key in ("urls:", "http:"))
        text = "\n".join([*lines[:first], urls + WAYS + SESSION, *lines[last:]])
        for before, after in {old: new, **(more or {})}.items():
            assert before in text
            text = text.replace(before, after, 1)
        (folder / "orchard" / "manifest.yaml").write_text(text)
        return load_from(folder / "orchard")

    return made


def spoken(
    connector: Connector, answers: list[Any], *, tokens: Any = None, org: str = "", **options: Any
) -> tuple[Client, list[httpx.Request]]:
    """A client whose answers are handed in, and what it was asked."""
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        # A copy: the client reuses the request when it repeats a call.
        asked.append(httpx.Request(request.method, request.url, headers=request.headers, content=request.content))
        found = answers.pop(0)
        return found if isinstance(found, httpx.Response) else said(found)

    environ = {"PORTAL_ORCHARD_CLIENT_ID": "id", "PORTAL_ORCHARD_CLIENT_SECRET": "secret"}
    endpoints = resolve(connector, environ, given=options.pop("given", {}), org=org)
    return Client(connector, endpoints, tokens, transport=httpx.MockTransport(answer), **options), asked
