"""Addresses: what a connection may choose in them, and that nothing typed makes another host."""

from collections.abc import Callable
from pathlib import Path

import pytest

from integrations.engine import errors
from integrations.engine.declarations import Connector
from integrations.engine.endpoints import resolve
from integrations.engine.sections import ManifestError
from tests.integrations.engine.orchard import declared_in


@pytest.fixture
def declared(tmp_path: Path) -> Callable[..., Connector]:
    """The orchard, changed as asked."""
    return declared_in(tmp_path)


def test_the_data_centre_decides_every_address_and_nothing_else_can_be_called(
    declared: Callable[..., Connector],
) -> None:
    found = resolve(declared(), {}, given={"dc": "ca"}, org="ACME_SB1")
    assert found.api == "https://www.orchardcloud.ca/api"
    assert found.token == "https://acme-sb1.tokens.orchard.test/token"
    assert found.origins == {
        ("https", "www.orchardcloud.ca"),
        ("https", "acme-sb1.tokens.orchard.test"),
        ("https", "accounts.orchardcloud.ca"),
    }


def test_an_address_whose_organisation_is_not_known_yet_is_empty(declared: Callable[..., Connector]) -> None:
    found = resolve(declared(), {})
    assert (found.token, found.authorize) == ("", "https://accounts.orchard.com/auth")


@pytest.mark.parametrize(
    "org", ["evil.test/", "evil.test", "a", "x@evil", "acme:80", "acme\n.evil.test", "-acme", "ácme", "a" * 41]
)
def test_nothing_that_is_typed_makes_another_host(declared: Callable[..., Connector], org: str) -> None:
    with pytest.raises(errors.ConfigurationError):
        resolve(declared(), {}, org=org)


def test_a_data_centre_that_is_not_declared_is_refused(declared: Callable[..., Connector]) -> None:
    with pytest.raises(errors.ConfigurationError, match="expected one of us, eu, ca"):
        resolve(declared(), {}, given={"dc": "evil.test/"})


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://api.{host}", "only be one label before a fixed domain"),
        ("https://{host}", "only be one label before a fixed domain"),
        ("https://x{host}.orchard.test", "only be one label before a fixed domain"),
        ("http://api.orchard.test", "expected an https:// address"),
        ("https://{org}.orchard.test", "unknown places org, expected some of dc, host, site"),
    ],
)
def test_a_manifest_cannot_open_its_hosts(declared: Callable[..., Connector], url: str, expected: str) -> None:
    with pytest.raises(ManifestError, match=expected):
        declared(urls=f"urls: {{api: '{url}'}}\n")


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("type: oauth1", "type: oauth3", "auth.tokens.type: 'oauth3' is unknown, expected one of oauth1, oauth2"),
        ("{name: token_id, label: Token}", "{name: token, label: Token}", "token_id is missing; every call is signed"),
        ("key: private_key", "key: secret_key", "auth.m2m.key: expected a field of the form"),
        ("alg: [PS256, ES256]", "alg: [RS256]", "auth.m2m.alg: expected some of ES256"),
        ("Orchard-token {token}", "Orchard-token {secret}", "auth.consent.scheme: expected one place"),
        ("pattern: \"[a-z0-9-]{3,40}\"", "label: x", "nothing may be open"),
        ("way: delete", "way: forget", "disconnect.way: 'forget' is unknown"),
        ("access_denied: rate_limited", "access_denied: later", "token_errors: unknown later, expected some of"),
    ],
)  # fmt: skip
def test_a_mistake_in_a_way_says_where_it_is(
    declared: Callable[..., Connector], old: str, new: str, expected: str
) -> None:
    if new == "label: x":
        old, new = 'label: Account, from: org, spelled: lower_hyphen, pattern: "[a-z0-9-]{3,40}"', "from: org"
    with pytest.raises(ManifestError, match=expected.replace("[", r"\[")):
        declared(old, new)


def test_the_environment_may_name_another_address_with_the_same_places(declared: Callable[..., Connector]) -> None:
    environ = {"PORTAL_ORCHARD_API_URL": "https://{host}.proxy.test", "PORTAL_SANDBOX_URL": "http://127.0.0.1:8900"}
    found = resolve(declared(), environ, org="ACME")
    assert found.api == "https://acme.proxy.test"
    assert found.token == "http://127.0.0.1:8900/orchard/token"


def test_what_the_operator_has_from_the_ledger_comes_from_the_environment(declared: Callable[..., Connector]) -> None:
    connector = declared()
    named = resolve(connector, {"PORTAL_ORCHARD_SENDER_ID": "us", "PORTAL_ORCHARD_SENDER_PASSWORD": "hush"})
    assert named.application == {"sender_id": "us", "sender_password": "hush"}
    simulated = resolve(connector, {"PORTAL_SANDBOX_URL": "http://127.0.0.1:8900"})
    assert simulated.application == {"sender_id": "sandbox-client", "sender_password": "sandbox-secret"}
