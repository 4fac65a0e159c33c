"""Consent, tokens, rotation, races and revocation."""

import threading
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest
from werkzeug.test import Client

from tests.sandbox.driver import ACCOUNTING, BASIC, CALLBACK, Books, connect, consent, control, read, tokens

AUTHORIZE = "/quickbooks/connect/oauth2"
REQUEST = {"client_id": "sandbox-client", "response_type": "code", "scope": ACCOUNTING, "redirect_uri": CALLBACK,
           "state": "xyz"}  # fmt: skip


def _parameters(location: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}


def test_the_consent_page_lists_the_companies_and_keeps_the_request(sandbox: Client, us: Books) -> None:
    page = sandbox.get(AUTHORIZE, query_string=REQUEST)
    text = page.get_data(as_text=True)
    assert page.status_code == 200
    assert "Test Company" in text
    assert f'value="{us.realm}"' in text
    assert 'name="state" value="xyz"' in text


def test_a_company_name_cannot_inject_markup_into_the_consent_page(sandbox: Client) -> None:
    connect(sandbox, name="<script>alert(1)</script>")
    assert "<script>" not in sandbox.get(AUTHORIZE, query_string=REQUEST).get_data(as_text=True)


def test_connect_returns_code_state_and_realm(sandbox: Client, us: Books) -> None:
    answer = sandbox.post(AUTHORIZE, data={**REQUEST, "decision": "connect", "realm_id": us.realm})
    found = _parameters(answer.headers["Location"])
    assert answer.status_code == 302
    assert (found["state"], found["realmId"]) == ("xyz", us.realm)
    assert found["code"].startswith("AB11")


def test_cancel_returns_access_denied_without_realm(sandbox: Client, us: Books) -> None:
    answer = sandbox.post(AUTHORIZE, data={**REQUEST, "decision": "cancel", "realm_id": us.realm})
    assert _parameters(answer.headers["Location"]) == {"error": "access_denied", "state": "xyz"}


@pytest.mark.parametrize(
    "broken",
    [{"client_id": "stranger"}, {"redirect_uri": "javascript:alert(1)"}, {"response_type": "token"}, {"scope": ""}],
)
def test_a_request_that_cannot_be_trusted_is_refused_on_the_page(
    sandbox: Client, us: Books, broken: dict[str, str]
) -> None:
    answer = sandbox.get(AUTHORIZE, query_string={**REQUEST, **broken, "auto_consent": "1"})
    assert answer.status_code == 400
    assert "Location" not in answer.headers


def test_a_code_works_once(sandbox: Client, us: Books) -> None:
    code = consent(sandbox, us.realm)["code"]
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK}
    assert tokens(sandbox, **form).status_code == 200
    again = tokens(sandbox, **form)
    assert (again.status_code, read(again)["error"]) == (400, "invalid_grant")


def test_a_code_expires_after_five_minutes(sandbox: Client, us: Books) -> None:
    code = consent(sandbox, us.realm)["code"]
    control(sandbox, "/_control/clock", {"seconds": 301})
    assert tokens(sandbox, grant_type="authorization_code", code=code, redirect_uri=CALLBACK).status_code == 400


def test_a_code_is_bound_to_its_redirect_uri(sandbox: Client, us: Books) -> None:
    code = consent(sandbox, us.realm)["code"]
    answer = tokens(sandbox, grant_type="authorization_code", code=code, redirect_uri="https://evil.example/")
    assert read(answer)["error"] == "invalid_grant"


def test_the_hard_expiry_is_told_only_when_asked_for(sandbox: Client, us: Books) -> None:
    form = {"grant_type": "refresh_token", "refresh_token": us.refresh_token}
    assert "x_refresh_token_hard_expires_in" not in read(tokens(sandbox, **form))
    asked = sandbox.post("/quickbooks/oauth2/v1/tokens/bearer", data=form, auth=BASIC,
                         headers={"x-include-refresh-token-hard-expires-in": "true"})  # fmt: skip
    assert 157_600_000 < read(asked)["x_refresh_token_hard_expires_in"] <= 157_680_000


@pytest.mark.parametrize(
    ("form", "status", "error"),
    [
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"grant_type": "authorization_code"}, 400, "invalid_request"),
        ({"grant_type": "refresh_token", "refresh_token": "RT1-unknown"}, 400, "invalid_grant"),
    ],
)
def test_token_errors_use_the_words_of_oauth(sandbox: Client, form: dict[str, str], status: int, error: str) -> None:
    answer = tokens(sandbox, **form)
    assert (answer.status_code, read(answer)["error"]) == (status, error)
    assert answer.headers["intuit_tid"]


def test_a_wrong_secret_is_invalid_client(sandbox: Client) -> None:
    answer = sandbox.post("/quickbooks/oauth2/v1/tokens/bearer", data={}, auth=("sandbox-client", "wrong"))
    assert (answer.status_code, read(answer)) == (401, {"error": "invalid_client"})


def test_the_refresh_token_keeps_its_value_for_a_day_then_changes_and_the_old_one_is_stale(
    sandbox: Client, us: Books
) -> None:
    form = {"grant_type": "refresh_token", "refresh_token": us.refresh_token}
    assert read(tokens(sandbox, **form))["refresh_token"] == us.refresh_token
    control(sandbox, "/_control/clock", {"seconds": 86_400})
    rotated = read(tokens(sandbox, **form))["refresh_token"]
    assert rotated != us.refresh_token
    stale = read(tokens(sandbox, **form))
    assert stale == {"error": "invalid_grant", "error_description": "Incorrect Token type or clientID"}


def test_two_refreshes_at_once_kill_the_connection(sandbox: Client, us: Books) -> None:
    answers: list[Any] = []

    def refresh() -> None:
        answers.append(tokens(sandbox, grant_type="refresh_token", refresh_token=us.refresh_token).status_code)

    threads = [threading.Thread(target=refresh) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert 400 in answers
    assert us.call("GET", "companyinfo/1").status_code == 401


def test_an_access_token_expires_after_an_hour(sandbox: Client, us: Books) -> None:
    control(sandbox, "/_control/clock", {"seconds": 3600})
    answer = us.call("GET", "companyinfo/1")
    fault = read(answer)["fault"]["error"][0]
    assert answer.status_code == 401
    assert (fault["code"], fault["detail"]) == ("3200", "Token expired")


def test_a_refresh_token_unused_for_a_hundred_days_is_dead(sandbox: Client, us: Books) -> None:
    control(sandbox, "/_control/clock", {"seconds": 8_640_000})
    answer = tokens(sandbox, grant_type="refresh_token", refresh_token=us.refresh_token)
    assert read(answer)["error"] == "invalid_grant"


def test_revoking_either_token_kills_the_grant(sandbox: Client, us: Books) -> None:
    answer = sandbox.post("/quickbooks/v2/oauth2/tokens/revoke", json={"token": us.refresh_token}, auth=BASIC)
    assert (answer.status_code, answer.get_data()) == (200, b"")
    assert us.call("GET", "companyinfo/1").status_code == 401
    assert tokens(sandbox, grant_type="refresh_token", refresh_token=us.refresh_token).status_code == 400


def test_a_token_for_one_company_does_not_open_another(sandbox: Client, us: Books) -> None:
    other = connect(sandbox, name="Other")
    answer = sandbox.get(
        f"/quickbooks/v3/company/{other.realm}/preferences", headers={"Authorization": f"Bearer {us.token}"}
    )
    error = read(answer)["fault"]["error"][0]
    assert answer.status_code == 403
    assert error["message"] == "message=ApplicationAuthorizationFailed; errorCode=003100; statusCode=403"


def test_malformed_tokens_get_the_gateway_fault_padded_with_nulls(sandbox: Client, us: Books) -> None:
    answer = sandbox.get(f"/quickbooks/v3/company/{us.realm}/preferences", headers={"Authorization": "Bearer x"})
    body = read(answer)
    assert answer.status_code == 401
    assert body["fault"]["error"][0]["detail"] == "Malformed bearer token: too short or too long"
    assert body["queryResponse"] is None


def test_openid_names_the_company_in_a_signed_id_token(sandbox: Client, us: Books) -> None:
    code = consent(sandbox, us.realm, scope=f"{ACCOUNTING} openid email")["code"]
    issued = read(tokens(sandbox, grant_type="authorization_code", code=code, redirect_uri=CALLBACK))
    discovery = read(sandbox.get("/quickbooks/openid_configuration"))
    key = jwt.PyJWK(read(sandbox.get(urlsplit(discovery["jwks_uri"]).path))["keys"][0])
    claims = jwt.decode(
        issued["id_token"], key, algorithms=["RS256"], audience="sandbox-client", issuer=discovery["issuer"]
    )
    assert claims["realmid"] == us.realm
    info = sandbox.get(
        "/quickbooks/v1/openid_connect/userinfo", headers={"Authorization": f"Bearer {issued['access_token']}"}
    )
    assert read(info)["sub"] == claims["sub"]
