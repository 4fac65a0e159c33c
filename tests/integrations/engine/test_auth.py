"""OAuth by declaration."""

from base64 import b64decode
from datetime import UTC, datetime, timedelta
from typing import cast
from urllib.parse import parse_qs, urlsplit

import pytest

from integrations.engine import auth, errors, jsontext, manifest
from integrations.engine.endpoints import resolve
from integrations.engine.ways import CodeGrant
from tests.integrations.engine.company import Company, said

WAY = cast("CodeGrant", manifest.load("quickbooks").way())
GIVEN = {
    "token_type": "bearer",
    "access_token": "access-1",
    "expires_in": 3600,
    "refresh_token": "refresh-2",
    "x_refresh_token_expires_in": 8640000,
    "x_refresh_token_hard_expires_in": 157680000,
}


def test_consent_is_asked_for_with_scope_state_and_redirect() -> None:
    company = Company([])
    url = urlsplit(auth.authorize_url(WAY, company.endpoints(), redirect_uri="https://p.test/cb", state="s"))
    query = {name: values[0] for name, values in parse_qs(url.query).items()}
    assert url.geturl().startswith("https://tokens.test/authorize?")
    assert query == {
        "client_id": "id",
        "response_type": "code",
        "scope": "com.intuit.quickbooks.accounting",
        "redirect_uri": "https://p.test/cb",
        "state": "s",
    }


def test_a_code_becomes_tokens_with_all_three_ends() -> None:
    company = Company([said(GIVEN)])
    found = auth.exchange_code(company.client, WAY, code="AB1", redirect_uri="https://p.test/cb")
    (sent,) = company.requests
    assert b64decode(sent.headers["Authorization"].removeprefix("Basic ")) == b"id:secret"
    assert sent.headers["x-include-refresh-token-hard-expires-in"] == "true"
    assert parse_qs(sent.content.decode()) == {
        "grant_type": ["authorization_code"],
        "code": ["AB1"],
        "redirect_uri": ["https://p.test/cb"],
    }
    now = datetime.now(UTC)
    assert found.access_token == "access-1"
    assert found.expires_at is not None
    assert abs(found.expires_at - now - timedelta(hours=1)) < timedelta(seconds=5)
    assert found.refresh_expires_at is not None
    assert abs(found.refresh_expires_at - now - timedelta(days=100)) < timedelta(seconds=5)
    assert found.hard_expires_at is not None
    assert found.hard_expires_at.year == (now + timedelta(days=1825)).year


def test_secrets_of_the_token_call_are_not_kept() -> None:
    company = Company([said(GIVEN)])
    auth.refresh(company.client, WAY, refresh_token="refresh-1")
    kept = repr(company.recorded.exchanges)
    assert "refresh-1" not in kept
    assert "access-1" not in kept
    assert "aWQ6c2VjcmV0" not in kept


def test_a_refresh_that_names_no_new_token_keeps_the_old_one() -> None:
    body = {"access_token": "a", "expires_in": "3600"}
    found = auth.code_tokens(
        manifest.load("quickbooks"), WAY, body, now=datetime(2026, 1, 1, tzinfo=UTC), refresh_token="old"
    )
    assert found.refresh_token == "old"
    assert found.expires_at == datetime(2026, 1, 1, 1, tzinfo=UTC)


def test_tokens_do_not_show_themselves() -> None:
    found = auth.code_tokens(manifest.load("quickbooks"), WAY, GIVEN, now=datetime(2026, 1, 1, tzinfo=UTC))
    assert "access-1" not in repr(found)
    assert "secret" not in repr(Company.endpoints())


def test_a_dead_refresh_token_asks_for_a_new_consent() -> None:
    company = Company([said({"error": "invalid_grant", "error_description": "Incorrect Token type or clientID"}, 400)])
    with pytest.raises(errors.ReauthorizationNeeded) as caught:
        auth.refresh(company.client, WAY, refresh_token="stale")
    assert "Reconnect" in caught.value.remedy


def test_an_answer_without_a_token_is_no_success() -> None:
    with pytest.raises(errors.LedgerUnavailable):
        auth.refresh(Company([said({})]).client, WAY, refresh_token="r")


def test_revoking_sends_json_to_its_own_address() -> None:
    company = Company([said(None)])
    auth.revoke(company.client, WAY, token="refresh-1", places={})
    (sent,) = company.requests
    assert str(sent.url) == "https://tokens.test/revoke"
    assert jsontext.loads(sent.content) == {"token": "refresh-1"}


def test_the_proof_key_is_the_hash_of_its_verifier() -> None:
    # The example of RFC 7636, appendix B.
    verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    assert auth.code_challenge(verifier) == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


def test_addresses_come_from_the_manifest_then_the_sandbox_then_the_environment() -> None:
    connector = manifest.load("quickbooks")
    assert resolve(connector, {}).api == "https://quickbooks.api.intuit.com"
    sandboxed = resolve(connector, {"PORTAL_SANDBOX_URL": "http://127.0.0.1:8900"})
    assert sandboxed.api == "http://127.0.0.1:8900/quickbooks"
    assert sandboxed.token == "http://127.0.0.1:8900/quickbooks/oauth2/v1/tokens/bearer"
    named = resolve(
        connector,
        {
            "PORTAL_SANDBOX_URL": "http://127.0.0.1:8900",
            "PORTAL_QUICKBOOKS_API_URL": "https://sandbox-quickbooks.test/",
        },
    )
    assert named.api == "https://sandbox-quickbooks.test"


@pytest.mark.parametrize("url", ["file:///etc/passwd", "https://user:pass@host.test", "ledger.test"])
def test_an_address_that_is_none_stops_with_the_variable_to_mend(url: str) -> None:
    with pytest.raises(errors.ConfigurationError, match="PORTAL_QUICKBOOKS_API_URL"):
        resolve(manifest.load("quickbooks"), {"PORTAL_QUICKBOOKS_API_URL": url})


def test_plain_http_is_for_this_machine_only() -> None:
    with pytest.raises(errors.ConfigurationError):
        resolve(manifest.load("quickbooks"), {"PORTAL_QUICKBOOKS_API_URL": "http://ledger.example"})


def test_a_refusal_of_the_token_server_is_no_refusal_of_a_document() -> None:
    company = Company([said({"error": "invalid_request", "error_description": "grant_type"}, 400)])
    with pytest.raises(errors.ConfigurationError, match="gave no access token"):
        auth.refresh(company.client, WAY, refresh_token="refresh-1")
