"""Sessions: given by a login, opened by a token, named inside envelopes, opened again when they end early."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from integrations.engine import auth, errors, jsontext, sessions
from integrations.engine.declarations import Connector
from integrations.engine.messages import RemoteRequest
from integrations.engine.sections import ManifestError
from integrations.engine.ways import SessionLogin
from tests.integrations.engine.company import Tokens, said
from tests.integrations.engine.orchard import LEDGERS, SESSION, URLS, declared_in, spoken


@pytest.fixture
def declared(tmp_path: Path) -> Callable[..., Connector]:
    """The orchard, changed as asked."""
    return declared_in(tmp_path)


SESSION_LOST = """errors:
  envelopes: [{code: code, message: message}]
  table:
    - {code: session_ended, error: reauthorization, cause: The session has ended.}
"""


def test_a_session_that_ended_early_is_opened_again_and_stands_inside_the_envelope(
    declared: Callable[..., Connector],
) -> None:
    lines = (LEDGERS / "orchard" / "manifest.yaml").read_text().splitlines()
    start = lines.index("errors:")
    connector = declared("\n".join([*lines[start : start + 4], ""]), SESSION_LOST)
    client, asked = spoken(connector, [said({"code": "session_ended", "message": "x"}, 400), {}], tokens=Tokens())
    body: dict[str, Any] = {"request": {"control": {}, "operation": {"content": {}}}}
    client.send(RemoteRequest("POST", "/gateway", body=body, sign="intacct_session", operation="create"))
    sent = [jsontext.loads(request.content)["request"]["operation"]["authentication"] for request in asked]
    assert sent == [{"sessionid": "stale"}, {"sessionid": "fresh"}]


def test_a_login_gives_a_session_until_the_moment_it_says(declared: Callable[..., Connector]) -> None:
    connector = declared()
    told = {"session": "s-1", "until": "2026-01-05T22:00:00+00:00", "endpoint": "https://pod2.orchard.com/x"}
    client, asked = spoken(connector, [{"data": told}], given={"dc": "us"})
    way = connector.way("gateway")
    assert isinstance(way, SessionLogin)
    found = sessions.log_in(client, way, credentials={"company": "ACME", "password": "hush"})
    assert jsontext.loads(asked[0].content)["login"] == {"company": "ACME", "password": "hush"}
    assert (found.access_token, found.expires_at) == ("s-1", datetime(2026, 1, 5, 22, tzinfo=UTC))


@pytest.mark.parametrize(
    "endpoint", ["https://evil.test/x", "http://pod2.orchard.com/x", "https://orchard.com.evil.test"]
)
def test_a_session_for_another_host_is_refused(declared: Callable[..., Connector], endpoint: str) -> None:
    connector = declared()
    client, _ = spoken(connector, [{"data": {"session": "s", "endpoint": endpoint}}], given={"dc": "us"})
    way = connector.way("gateway")
    assert isinstance(way, SessionLogin)
    with pytest.raises(errors.ConfigurationError, match="none of its hosts"):
        sessions.log_in(client, way, credentials={"company": "ACME", "password": "hush"})


def test_a_session_stands_in_no_header(declared: Callable[..., Connector]) -> None:
    client, asked = spoken(declared(), [{}], tokens=Tokens(), way="gateway")
    client.send(RemoteRequest("POST", "/gateway", body={}))
    assert "Authorization" not in asked[0].headers


def test_a_token_opens_one_session_for_all_envelopes_and_another_when_it_has_ended(
    declared: Callable[..., Connector],
) -> None:
    lines = (LEDGERS / "orchard" / "manifest.yaml").read_text().splitlines()
    start = lines.index("errors:")
    declared("\n".join([*lines[start : start + 4], ""]), SESSION_LOST)
    changed = "refresh_hard_days: 7\n    session: {path: /session, session_path: id}"
    connector = declared("refresh_hard_days: 7", changed)
    body: dict[str, Any] = {"request": {"control": {}, "operation": {"content": {}}}}
    request = RemoteRequest("POST", "/gateway", body=body, sign="intacct_session")
    client, asked = spoken(connector, [{"id": "s-1"}, {}, {}], tokens=Tokens(), way="consent")
    client.send(request)
    client.send(request)
    assert [asked_for.url.path for asked_for in asked] == ["/api/session", "/api/gateway", "/api/gateway"]
    assert jsontext.loads(asked[2].content)["request"]["operation"]["authentication"] == {"sessionid": "s-1"}
    client, asked = spoken(connector, [{"id": "s-1"}, said({}, 401), said({}, 401), {"id": "s-2"}, {}], tokens=Tokens())
    client.send(request)
    assert jsontext.loads(asked[-1].content)["request"]["operation"]["authentication"] == {"sessionid": "s-2"}


INTERFACES = """interfaces:
  login: {format: xml}
  gateway: {format: xml, path: /gateway, sign: intacct_session, envelope: {request: {operation: {content: "{body}"}}}}
"""
LOGIN = """login:
      path: /gateway
      interface: login
      body: {request: {operation: {authentication: {login: {companyid: "{company}", password: "{password}"}}}}}"""
GIVEN = "<response><data><session>s-1</session><until>2026-01-05T22:00:00+00:00</until></data></response>"


def test_a_gateway_of_xml_is_logged_in_to_without_a_proof_and_then_named_its_session(
    declared: Callable[..., Connector],
) -> None:
    before = SESSION[SESSION.index("login:") : SESSION.index("    session_path")].rstrip()
    paths = {f"_path: data.{name}": f"_path: response.data.{name}" for name in ("session", "until", "endpoint")}
    connector = declared(before, LOGIN, urls=URLS + INTERFACES, more=paths)
    way = connector.way("gateway")
    assert isinstance(way, SessionLogin)
    given = httpx.Response(200, text=GIVEN, headers={"content-type": "text/xml"})
    client, asked = spoken(connector, [given])
    found = sessions.log_in(client, way, credentials={"company": "ACME", "password": "a<b"})
    assert (found.access_token, found.expires_at) == ("s-1", datetime(2026, 1, 5, 22, tzinfo=UTC))
    assert b"<login><companyid>ACME</companyid><password>a&lt;b</password></login>" in asked[0].content
    body = {"function": {"@controlid": "f", "read": {"object": "VENDOR"}}}
    client, asked = spoken(connector, [given], tokens=Tokens(), way="gateway")
    client.send(RemoteRequest("POST", "", body=body, interface="gateway"))
    sent = asked[0].content.decode()
    assert "<password>sandbox" not in sent
    assert "<operation><authentication><sessionid>stale</sessionid></authentication><content>" in sent
    assert sent.index("<control>") < sent.index("<operation>")


def test_a_login_names_an_interface_that_there_is(declared: Callable[..., Connector]) -> None:
    with pytest.raises(ManifestError, match=r"auth.gateway.login.interface: 'soap' is unknown, expected one of"):
        declared("login:\n      path: /gateway\n", "login:\n      path: /gateway\n      interface: soap\n")


def test_a_token_may_be_asked_for_with_the_session_of_a_login(declared: Callable[..., Connector]) -> None:
    changed = (
        'params: {session_id: "{session}"}\n    session_path: data.session\n'
        '    login: {path: /gateway, body: {user: "{user}", of: "{company}"}}'
    )
    connector = declared('params: {username: "{user}@{company}"}', changed)
    client, asked = spoken(connector, [{"data": {"session": "s-1"}}, {"access_token": "a"}], org="acme")
    found = auth.obtain(client, connector.way("service"), credentials={"user": "ws", "company": "ACME"})
    assert found.access_token == "a"
    assert jsontext.loads(asked[0].content) == {"user": "ws", "of": "ACME"}
    assert "Authorization" not in asked[0].headers
    assert b"session_id=s-1" in asked[1].content
    client, _ = spoken(connector, [{"data": {}}], org="acme")
    with pytest.raises(errors.LedgerUnavailable, match="without a session"):
        auth.obtain(client, connector.way("service"), credentials={"user": "ws", "company": "ACME"})
