"""Xero's identity server: consent to several organisations, tokens that rotate, connections."""

import base64
import hashlib
from typing import Any

import httpx
import pytest
from werkzeug.test import Client

from tests.sandbox.driver import CALLBACK, read
from tests.sandbox.xero.driver import SCOPE, Xero, connect, consent, exchanged, founded, token
from tests.specs import openapi

HALF_HOUR = 1800


def _pass(client: Client, seconds: float) -> None:
    application: Any = client.application
    application.world.clock.advance(seconds)


def _connections(client: Client, access: str, **query: str) -> Any:
    headers = {"Authorization": f"Bearer {access}"}
    response = client.get("/xero/connections", headers=headers, query_string=query)
    described = openapi.Description(openapi.load("xero_identity.yaml"), host_url="https://api.xero.com")
    request = httpx.Request("GET", "https://api.xero.com/Connections")
    answer = httpx.Response(response.status_code, headers=list(response.headers), content=response.get_data())
    # Moments have no zone there, in the description's own example too.
    faults = [fault for fault in described.answer(request, answer) if not fault.place.endswith("DateUtc")]
    assert [str(fault) for fault in faults] == []
    return read(response)


def test_a_code_buys_a_bearer_token_for_half_an_hour(sandbox: Client) -> None:
    org = founded(sandbox)["external_org_id"]
    told = consent(sandbox, org)
    assert (told["state"], told["scope"]) == ("s1", SCOPE)
    issued = exchanged(sandbox, told["code"])
    assert (issued["token_type"], issued["expires_in"], issued["scope"]) == ("Bearer", HALF_HOUR, SCOPE)


def test_a_code_works_once(sandbox: Client) -> None:
    code = consent(sandbox, founded(sandbox)["external_org_id"])["code"]
    exchanged(sandbox, code)
    again = token(sandbox, grant_type="authorization_code", code=code, redirect_uri=CALLBACK)
    assert (again.status_code, read(again)) == (400, {"error": "invalid_grant"})


def test_a_wrong_secret_is_an_invalid_client(sandbox: Client) -> None:
    form = {"grant_type": "refresh_token", "refresh_token": "x"}
    response = sandbox.post("/xero/identity/connect/token", data=form, auth=("sandbox-client", "wrong"))
    assert (response.status_code, read(response)) == (400, {"error": "invalid_client"})
    assert read(token(sandbox, grant_type="password")) == {"error": "unsupported_grant_type"}


def test_an_app_without_a_secret_proves_itself_by_its_verifier(sandbox: Client) -> None:
    org, verifier = founded(sandbox)["external_org_id"], "v" * 50
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
    code = consent(sandbox, org, code_challenge=challenge, code_challenge_method="S256")["code"]
    form = {"grant_type": "authorization_code", "client_id": "sandbox-client", "code": code, "redirect_uri": CALLBACK}
    refused = sandbox.post("/xero/identity/connect/token", data={**form, "code_verifier": "w" * 50})
    assert read(refused) == {"error": "invalid_grant"}
    code = consent(sandbox, org, code_challenge=challenge, code_challenge_method="S256")["code"]
    given = sandbox.post("/xero/identity/connect/token", data={**form, "code": code, "code_verifier": verifier})
    assert given.status_code == 200


@pytest.mark.parametrize("scope", ["", "accounting.everything", "openid accounting.invoices com.intuit"])
def test_unknown_scopes_are_sent_back(sandbox: Client, scope: str) -> None:
    told = consent(sandbox, founded(sandbox)["external_org_id"], scope=scope)
    assert told == {"error": "invalid_scope", "state": "s1"}


def test_a_user_may_refuse(sandbox: Client) -> None:
    founded(sandbox)
    told = consent(sandbox, decision="reject")
    assert told == {"error": "access_denied", "state": "s1"}


def test_every_refresh_gives_another_refresh_token(xero: Xero) -> None:
    issued = read(token(xero.client, grant_type="refresh_token", refresh_token=xero.refresh))
    assert issued["refresh_token"] != xero.refresh
    assert issued["access_token"] != xero.token


def test_the_refresh_token_before_answers_for_half_an_hour_more(xero: Xero) -> None:
    read(token(xero.client, grant_type="refresh_token", refresh_token=xero.refresh))
    _pass(xero.client, HALF_HOUR - 60)
    again = token(xero.client, grant_type="refresh_token", refresh_token=xero.refresh)
    assert again.status_code == 200
    _pass(xero.client, HALF_HOUR + 60)
    late = token(xero.client, grant_type="refresh_token", refresh_token=xero.refresh)
    assert read(late) == {"error": "invalid_grant"}


def test_a_refresh_token_dies_after_sixty_idle_days(xero: Xero) -> None:
    _pass(xero.client, 59 * 86400)
    issued = read(token(xero.client, grant_type="refresh_token", refresh_token=xero.refresh))
    _pass(xero.client, 61 * 86400)
    late = token(xero.client, grant_type="refresh_token", refresh_token=issued["refresh_token"])
    assert read(late) == {"error": "invalid_grant"}


def test_without_offline_access_nothing_can_be_refreshed(sandbox: Client) -> None:
    org = founded(sandbox)["external_org_id"]
    issued = exchanged(sandbox, consent(sandbox, org, scope="openid accounting.invoices")["code"])
    assert "refresh_token" not in issued


def test_an_expired_token_says_so(xero: Xero) -> None:
    _pass(xero.client, HALF_HOUR)
    response = xero.call("GET", "Accounts")
    body = read(response)
    assert (response.status_code, body["Title"], body["Status"]) == (401, "Unauthorized", 401)
    assert body["Detail"].startswith("TokenExpired: ")


def test_a_token_that_nobody_issued_is_refused(xero: Xero) -> None:
    response = xero.call("GET", "Accounts", None, {"Authorization": "Bearer nonsense"})
    assert (response.status_code, read(response)["Detail"]) == (401, "AuthenticationUnsuccessful")


def test_connections_are_the_organisations_of_the_consent(sandbox: Client) -> None:
    orgs = [founded(sandbox, name=name, seed=seed)["external_org_id"] for seed, name in enumerate(("A", "B", "C"))]
    issued = exchanged(sandbox, consent(sandbox, *orgs[:2])["code"])
    listed = _connections(sandbox, issued["access_token"])
    assert {each["tenantId"] for each in listed} == set(orgs[:2])
    assert {each["tenantType"] for each in listed} == {"ORGANISATION"}
    events = {each["authEventId"] for each in listed}
    assert len(events) == 1
    assert _connections(sandbox, issued["access_token"], authEventId=events.pop()) == listed
    assert _connections(sandbox, issued["access_token"], authEventId=orgs[0]) == []


def test_another_organisation_is_forbidden(xero: Xero) -> None:
    other = connect(xero.client, name="Other", seed=6)
    for tenant in (other.org, "", "nonsense"):
        response = xero.call("GET", "Accounts", None, {"Xero-tenant-id": tenant})
        assert (response.status_code, read(response)["Detail"]) == (403, "AuthenticationUnsuccessful")


def test_one_organisation_can_leave_a_consent(sandbox: Client) -> None:
    orgs = [founded(sandbox, name=name, seed=seed)["external_org_id"] for seed, name in enumerate(("A", "B"))]
    access = exchanged(sandbox, consent(sandbox, *orgs)["code"])["access_token"]
    link = next(each["id"] for each in _connections(sandbox, access) if each["tenantId"] == orgs[0])
    headers = {"Authorization": f"Bearer {access}"}
    assert sandbox.delete(f"/xero/connections/{link}", headers=headers).status_code == 204
    assert sandbox.delete(f"/xero/connections/{link}", headers=headers).status_code == 404
    assert [each["tenantId"] for each in _connections(sandbox, access)] == orgs[1:]


def test_a_revocation_ends_the_consent(xero: Xero) -> None:
    response = xero.client.post(
        "/xero/identity/connect/revocation", data={"token": xero.refresh}, auth=("sandbox-client", "sandbox-secret")
    )
    assert (response.status_code, response.get_data()) == (200, b"")
    assert xero.call("GET", "Accounts").status_code == 401
    assert read(token(xero.client, grant_type="refresh_token", refresh_token=xero.refresh)) == {
        "error": "invalid_grant"
    }


@pytest.mark.parametrize(
    ("scope", "method", "path", "status"),
    [
        ("accounting.invoices.read", "GET", "Invoices", 200),
        ("accounting.invoices.read", "PUT", "Invoices", 401),
        ("accounting.transactions", "GET", "Payments", 200),
        ("accounting.settings.read", "GET", "Contacts", 401),
        ("accounting.contacts", "GET", "Accounts", 401),
        ("accounting.reports.trialbalance.read", "GET", "Reports/TrialBalance", 200),
        ("accounting.reports.trialbalance.read", "GET", "Reports/BalanceSheet", 401),
        ("accounting.settings", "GET", "Journals", 401),
    ],
)
def test_a_consent_covers_its_scopes_alone(sandbox: Client, scope: str, method: str, path: str, status: int) -> None:
    made = founded(sandbox)
    issued = exchanged(sandbox, consent(sandbox, made["external_org_id"], scope=scope)["code"])
    own = Xero(sandbox, made["id"], made["external_org_id"], issued["access_token"], "")
    response = own.call(method, path, {} if method == "PUT" else None)
    assert response.status_code == status
    if status == 401:
        assert response.headers["WWW-Authenticate"] == "insufficent_scope"
