"""Ways of being let in, by declaration alone: five kinds of ledger, none of them in Python."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from integrations.engine import auth, errors, organisations
from integrations.engine.declarations import Connector
from integrations.engine.endpoints import Endpoints, resolve
from integrations.engine.messages import RemoteRequest
from tests.integrations.engine.company import Tokens, said
from tests.integrations.engine.orchard import declared_in, spoken


@pytest.fixture
def declared(tmp_path: Path) -> Callable[..., Connector]:
    """The orchard, changed as asked."""
    return declared_in(tmp_path)


def form_of(request: httpx.Request) -> dict[str, str]:
    return dict(parse_qsl(request.content.decode()))


def test_consent_proves_its_key_and_is_finished_with_it(declared: Callable[..., Connector]) -> None:
    connector = declared()
    way = connector.way("consent")
    client, asked = spoken(connector, [{"access_token": "a", "refresh_token": "r", "expires_in": "3600"}], org="acme")
    url = auth.authorize_url(way, client.endpoints, redirect_uri="https://p.test/cb", state="s", code_verifier="v" * 43)
    query = parse_qs(urlsplit(url).query)
    assert query["code_challenge"] == [auth.code_challenge("v" * 43)]
    found = auth.exchange_code(client, way, code="c", redirect_uri="https://p.test/cb", code_verifier="v" * 43)
    assert form_of(asked[0])["code_verifier"] == "v" * 43
    assert form_of(asked[0])["client_secret"] == "secret"
    assert found.hard_expires_at is not None
    assert (found.hard_expires_at - datetime.now(UTC)).days == 6


def test_an_absolute_end_counts_from_the_consent_and_not_from_a_refresh(declared: Callable[..., Connector]) -> None:
    connector = declared()
    client, _ = spoken(connector, [{"access_token": "b", "expires_in": 3600}], org="acme")
    found = auth.refresh(client, connector.way("consent"), refresh_token="r")
    assert (found.refresh_token, found.hard_expires_at) == ("r", None)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"error": "invalid_code"}, errors.ReauthorizationNeeded),
        ({"error": "access_denied", "error_description": "too many requests"}, errors.RateLimited),
        ({"error": "invalid_client"}, errors.ConfigurationError),
        ({"error": "something_new"}, errors.ConfigurationError),
    ],
)
def test_an_error_with_status_200_is_an_error(
    declared: Callable[..., Connector], body: dict[str, str], expected: type[Exception]
) -> None:
    connector = declared()
    client, _ = spoken(connector, [body], org="acme")
    with pytest.raises(expected):
        auth.refresh(client, connector.way("consent"), refresh_token="r")


def test_calls_carry_the_ways_own_scheme_and_one_renewal(declared: Callable[..., Connector]) -> None:
    client, asked = spoken(declared(), [said({}, 401), {}], tokens=Tokens(), way="consent")
    client.send(RemoteRequest("GET", "/x"))
    assert [request.headers["Authorization"] for request in asked] == ["Orchard-token stale", "Orchard-token fresh"]


def test_every_try_of_a_signed_call_has_a_signature_of_its_own(declared: Callable[..., Connector]) -> None:
    names = {"account": "ACME_SB1", "consumer_key": "k", "consumer_secret": "s", "token_id": "t", "token_secret": "u"}
    client, asked = spoken(declared(), [{}, {}], way="tokens", credentials=names, org="ACME_SB1")
    for _ in range(2):
        client.send(RemoteRequest("GET", "/x", {"q": "1 2"}))
    first, second = (request.headers["Authorization"] for request in asked)
    assert first.startswith('OAuth realm="ACME_SB1", oauth_token="t"')
    assert first != second


def test_a_refused_signature_is_not_repeated(declared: Callable[..., Connector]) -> None:
    names = {"account": "A", "consumer_key": "k", "consumer_secret": "s", "token_id": "t", "token_secret": "u"}
    client, asked = spoken(declared(), [said({}, 401)], way="tokens", credentials=names)
    with pytest.raises(errors.ReauthorizationNeeded):
        client.send(RemoteRequest("GET", "/x"))
    assert len(asked) == 1


def test_a_key_pair_gives_a_token_without_a_person(declared: Callable[..., Connector]) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    text = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    connector = declared()
    client, asked = spoken(connector, [{"access_token": "a", "expires_in": "3600"}], org="acme")
    typed = {"client_id": "own", "certificate": "kid-1", "private_key": text}
    found = auth.obtain(client, connector.way("m2m"), credentials=typed)
    form = form_of(asked[0])
    claims = jwt.decode(
        form["client_assertion"], key.public_key(), algorithms=["ES256"], audience=client.endpoints.token
    )
    assert (claims["iss"], claims["scope"]) == ("own", ["books"])
    assert (form["grant_type"], form["client_assertion_type"]) == ("client_credentials", auth.JWT_BEARER)
    assert "client_secret" not in form
    assert "Authorization" not in asked[0].headers
    assert (found.access_token, found.refresh_token) == ("a", "")


def test_a_service_user_is_named_as_the_ledger_wants_it(declared: Callable[..., Connector]) -> None:
    connector = declared()
    client, asked = spoken(connector, [{"access_token": "a", "expires_in": 21600}], org="acme")
    auth.obtain(client, connector.way("service"), credentials={"user": "ws", "company": "ACME"})
    form = form_of(asked[0])
    assert (form["username"], form["client_id"], form["client_secret"]) == ("ws@ACME", "id", "secret")


def test_typed_credentials_that_are_refused_are_to_be_typed_again(declared: Callable[..., Connector]) -> None:
    connector = declared()
    client, _ = spoken(connector, [said({"error": "invalid_client"}, 401)], org="acme")
    with pytest.raises(errors.ReauthorizationNeeded) as caught:
        auth.obtain(client, connector.way("service"), credentials={"user": "ws", "company": "ACME"})
    assert "correct it, and connect again" in caught.value.remedy


def test_only_organisations_are_offered_by_name(declared: Callable[..., Connector]) -> None:
    connector = declared()
    rows = [
        {"id": "l2", "tenantId": "t2", "tenantName": "beta", "tenantType": "ORGANISATION"},
        {"id": "l1", "tenantId": "t1", "tenantName": "Alpha", "tenantType": "ORGANISATION"},
        {"id": "l3", "tenantId": "t3", "tenantName": "Practice", "tenantType": "PRACTICE"},
    ]
    client, _ = spoken(connector, [rows], tokens=Tokens(), way="consent")
    found = organisations.listed(client, connector.way("consent"))
    assert found is not None
    assert [(one.id, one.name, one.link_id) for one in found] == [("t1", "Alpha", "l1"), ("t2", "beta", "l2")]


def test_ending_one_link_deletes_only_that_link(declared: Callable[..., Connector]) -> None:
    connector = declared()
    client, asked = spoken(connector, [httpx.Response(204)], tokens=Tokens(), way="consent")
    auth.revoke(client, connector.way("consent"), token="r", places={"link_id": "7c/b5"})
    assert (asked[0].method, asked[0].url.raw_path) == ("DELETE", b"/api/connections/7c%2Fb5")


def test_a_header_whose_organisation_is_not_known_yet_is_left_out(declared: Callable[..., Connector]) -> None:
    connector = declared("http:\n", 'http:\n  params: {organization_id: "{org}"}\n')
    client, asked = spoken(connector, [{}], tokens=Tokens(), way="consent")
    client.send(RemoteRequest("GET", "/organizations"))
    other, more = spoken(connector, [{}], tokens=Tokens(), way="consent", org="acme")
    other.send(RemoteRequest("GET", "/invoices"))
    assert (asked[0].url.query, more[0].url.query) == (b"", b"organization_id=acme")


def test_secrets_do_not_show_themselves(declared: Callable[..., Connector]) -> None:
    found: Endpoints = resolve(declared(), {"PORTAL_ORCHARD_CLIENT_SECRET": "hush"})
    assert "hush" not in repr(found)
    assert "a-token" not in repr(auth.TokenSet("a-token", "r", None, None, None, "", ""))


def test_a_signed_envelope_has_no_second_signature_in_its_header(declared: Callable[..., Connector]) -> None:
    names = {"account": "A", "consumer_key": "k", "consumer_secret": "s", "token_id": "t", "token_secret": "u"}
    client, asked = spoken(declared(), [{}], way="tokens", credentials=names, org="ACME")
    body: dict[str, Any] = {"soapenv:Envelope": {"soapenv:Body": {}}}
    client.send(RemoteRequest("POST", "/soap", body=body, sign="netsuite_token_passport"))
    assert "Authorization" not in asked[0].headers
    assert b"tokenPassport" in asked[0].content
