"""The token service: code with PKCE, rotation, client credentials, and how a token ends."""

import pytest
from werkzeug.test import Client, TestResponse

from integrations.sandbox.books.oauth import challenge_of
from tests.sandbox.driver import CALLBACK, control, read
from tests.sandbox.sage_intacct.driver import APP, BASE, Intacct, connect, consent, found, machine, token

VERIFIER = "a-verifier-that-is-long-enough-for-rfc-7636-to-like"


def error_of(response: TestResponse) -> tuple[int, str]:
    """(status, code) of a refusal by the gateway."""
    return response.status_code, read(response)["ia::error"]["code"]


def with_code(client: Client, company: str, **query: str) -> dict[str, str]:
    """Tokens of a consent."""
    code = consent(client, company, **query)["code"]
    answer: dict[str, str] = read(token(client, grant_type="authorization_code", code=code, redirect_uri=CALLBACK))
    return answer


def test_a_code_with_the_right_verifier_gives_tokens_for_six_hours(sandbox: Client) -> None:
    company = found(sandbox)["external_org_id"]
    back = consent(sandbox, company, code_challenge=challenge_of(VERIFIER), code_challenge_method="S256")
    assert back["state"] == "s1"
    form = {"grant_type": "authorization_code", "code": back["code"], "redirect_uri": CALLBACK}
    issued = read(token(sandbox, **form, code_verifier=VERIFIER))
    assert issued["token_type"] == "Bearer"
    assert issued["expires_in"] == 21600
    assert issued["access_token"].count(".") == 2
    assert issued["refresh_token"]


def test_a_code_with_a_wrong_verifier_or_used_twice_is_refused(sandbox: Client) -> None:
    company = found(sandbox)["external_org_id"]
    code = consent(sandbox, company, code_challenge=challenge_of(VERIFIER), code_challenge_method="S256")["code"]
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK}
    assert error_of(token(sandbox, **form, code_verifier="another")) == (400, "GW-0031")
    assert error_of(token(sandbox, **form, code_verifier=VERIFIER)) == (400, "GW-0031")


def test_without_offline_access_there_is_no_refresh_token(sandbox: Client) -> None:
    company = found(sandbox)["external_org_id"]
    assert "refresh_token" not in with_code(sandbox, company, scope="")


def test_a_refresh_gives_a_new_refresh_token_and_the_old_one_is_dead(sandbox: Client) -> None:
    first = with_code(sandbox, found(sandbox)["external_org_id"])
    second = read(token(sandbox, grant_type="refresh_token", refresh_token=first["refresh_token"]))
    assert second["refresh_token"] != first["refresh_token"]
    again = token(sandbox, grant_type="refresh_token", refresh_token=first["refresh_token"])
    assert error_of(again) == (400, "GW-0031")


def test_a_refresh_leaves_the_older_access_token_alive(sandbox: Client) -> None:
    made = found(sandbox)
    first = with_code(sandbox, made["external_org_id"])
    token(sandbox, grant_type="refresh_token", refresh_token=first["refresh_token"])
    company = Intacct(sandbox, made["id"], made["external_org_id"], first["access_token"])
    assert company.get("objects/general-ledger/account")


def test_a_newer_grant_of_the_same_user_ends_the_older_token(sandbox: Client) -> None:
    company = connect(sandbox)
    machine(sandbox, company.company)
    status, code, _ = company.refused("GET", "objects/general-ledger/account")
    assert (status, code) == (401, "tokenInvalid")
    assert read(company.call("GET", "objects/general-ledger/account"))["ia::error"]["errorId"] == "REST-2102"


def test_a_grant_of_another_user_or_company_leaves_the_token_alive(sandbox: Client) -> None:
    company = connect(sandbox)
    machine(sandbox, company.company, user="other")
    machine(sandbox, found(sandbox, name="Second")["external_org_id"])
    assert company.get("objects/general-ledger/account")


def test_client_credentials_may_name_an_entity(sandbox: Client) -> None:
    made = found(sandbox)
    issued = machine(sandbox, f"{made['external_org_id']}|200")
    company = Intacct(sandbox, made["id"], made["external_org_id"], issued["access_token"])
    vendor = company.made("accounts-payable/vendor", {"id": "V-E", "name": "Of the entity"})
    assert vendor["entity"]["id"] == "200"


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ({"grant_type": "client_credentials"}, (400, "GW-0036")),
        ({"grant_type": "client_credentials", "username": "ws@Nowhere"}, (400, "GW-0011")),
        ({"grant_type": "password"}, (400, "GW-0032")),
        ({"grant_type": "refresh_token", "client_secret": "wrong"}, (400, "GW-0011")),
    ],
)
def test_the_token_endpoint_says_what_is_wrong(
    sandbox: Client, form: dict[str, str], expected: tuple[int, str]
) -> None:
    assert error_of(token(sandbox, **form)) == expected


def test_a_token_request_without_a_body_is_gw_0035(sandbox: Client) -> None:
    assert error_of(sandbox.post(f"{BASE}/oauth2/token")) == (400, "GW-0035")
    assert error_of(sandbox.post(f"{BASE}/oauth2/nowhere", data=APP)) == (404, "GW-0033")


def test_a_revoked_token_no_longer_works(intacct: Intacct) -> None:
    assert intacct.client.post(f"{BASE}/oauth2/revoke", data={**APP, "token": intacct.token}).status_code == 200
    assert intacct.refused("GET", "objects/general-ledger/account")[:2] == (401, "tokenInvalid")


def test_requests_without_a_bearer_or_with_an_unknown_token_are_refused(intacct: Intacct) -> None:
    assert intacct.refused("GET", "objects/general-ledger/account", Authorization="Basic x")[:2] == (401, "GW-0034")
    assert intacct.refused("GET", "objects/general-ledger/account", Authorization="Bearer x")[:2] == (401, "GW-0031")


def test_tokens_expire_after_six_hours(intacct: Intacct) -> None:
    control(intacct.client, "/_control/clock", {"seconds": 21_700})
    assert intacct.refused("GET", "objects/general-ledger/account")[:2] == (401, "tokenInvalid")


def test_a_company_that_has_not_authorised_the_sender_lets_nobody_in(intacct: Intacct) -> None:
    intacct.change("set_preferences", data={"sender_authorised": False})
    assert intacct.refused("GET", "objects/general-ledger/account")[:2] == (400, "GW-0011")
    assert error_of(token(intacct.client, grant_type="client_credentials", username=f"ws@{intacct.company}")) == (
        400, "GW-0011",
    )  # fmt: skip
    page = intacct.client.get(f"{BASE}/oauth2/authorize", query_string={
        **APP, "response_type": "code", "redirect_uri": CALLBACK, "auto_consent": "1", "company": intacct.company,
    })  # fmt: skip
    assert page.status_code == 400
    assert "is not authorized to make Web Services requests" in page.get_data(as_text=True)


def test_the_consent_page_offers_the_companies_and_may_be_denied(sandbox: Client) -> None:
    company = found(sandbox)["external_org_id"]
    asked = {"client_id": "sandbox-client", "response_type": "code", "redirect_uri": CALLBACK, "state": "s1"}
    page = sandbox.get(f"{BASE}/oauth2/authorize", query_string=asked)
    assert company in page.get_data(as_text=True)
    denied = sandbox.post(f"{BASE}/oauth2/authorize", data={**asked, "decision": "deny"})
    assert "error=access_denied" in denied.headers["Location"]
    assert sandbox.get(f"{BASE}/oauth2/authorize", query_string={**asked, "redirect_uri": "http://app.example"}
                       ).status_code == 400  # fmt: skip


def test_a_session_of_rest_buys_a_token(intacct: Intacct) -> None:
    session = intacct.get("services/core/session/id")
    assert session["expiresIn"] == 21600
    issued = token(intacct.client, grant_type="client_credentials", session_id=session["sessionId"])
    assert issued.status_code == 200
