"""Who is let in: signatures by their published examples, nonces, timestamps, consent, refresh, signed assertions."""

import base64
import hashlib
import time
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from werkzeug.test import Client, TestResponse

from integrations.sandbox.netsuite.signatures import Secrets, base_string, passport_signature, rest_signature
from tests.sandbox.driver import BASIC, CALLBACK, control, read
from tests.sandbox.netsuite.driver import ROOT, Account, open_account, texts

PUBLISHED = Secrets(
    "ef40afdd8abaac111b13825dd5e5e2ddddb44f86d5a0dd6dcf38c20aae6b67e4",
    "d26ad321a4b2f23b0741c8d38392ce01c3e23e109df6c96eac6d099e9ab9e8b5",
    "2b0ce516420110bcbd36b69e99196d1b7f6de3c6234c5afb799b73d87569f5cc",
    "c29a677df7d5439a458c063654187e3d678d73aca8e3c9d8bea1478a3eb0d295",
)
MOMENT = {"nonce": "fjaLirsIcCGVZWzBX0pg", "timestamp": "1508242306"}
STATE = "a-state-of-enough-length"
TOKEN = f"{ROOT}/services/rest/auth/oauth2/v1/token"
REAL_TOKEN = "https://{}.suitetalk.api.netsuite.com/services/rest/auth/oauth2/v1/token"


def test_the_published_example_of_a_signed_call_is_reproduced() -> None:
    url = "https://123456.suitetalk.api.netsuite.com/services/rest/record/v1/employee/40"
    assert rest_signature(PUBLISHED, "GET", url, **MOMENT) == "B5OIWznZ2YP0OB7VrJrGkYsTh+8H+5T9Hag+o92q0zY="


def test_parameters_of_the_query_are_signed_in_order() -> None:
    url = "https://123456.suitetalk.api.netsuite.com/services/rest/query/v1/suiteql?limit=1000&offset=0"
    assert rest_signature(PUBLISHED, "POST", url, **MOMENT) == "K77GAJRnfr1XDIXWkDNFBb1G343XzZc397WHGpnHFF8="
    assert "offset%3D0" in base_string("POST", url, [])


def test_the_published_example_of_a_token_passport_is_reproduced() -> None:
    assert passport_signature(PUBLISHED, "123456", **MOMENT) == "tIcC5zyKUmycB5Ml/cNxOHDusw03Y5KPQiXVNUHHp4U="


def test_a_signature_over_the_real_address_is_accepted_too(account: Account) -> None:
    url = f"https://{account.account.lower()}.suitetalk.api.netsuite.com/services/rest/system/v1/serverTime"
    header = {"Authorization": account.authorization("GET", url)}
    for prefix in ("", f"/{account.account.lower()}"):
        called = f"/netsuite{prefix}/services/rest/system/v1/serverTime"
        header = {"Authorization": account.authorization("GET", url)}
        assert account.client.get(called, headers=header).status_code == 200


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"signature": "bm9wZQ=="}, "InvalidSignature"),
        ({"timestamp": str(int(time.time()) - 3600)}, "InvalidTimestamp"),
        ({"nonce": "short"}, "nonce_rejected"),
        ({"algorithm": "HMAC-SHA1"}, "UnknownAlgorithm"),
    ],
)
def test_a_call_that_is_not_signed_well_is_refused_and_only_the_trail_says_why(
    account: Account, changed: dict[str, str], reason: str
) -> None:
    url = f"{ROOT}/services/rest/system/v1/serverTime"
    answer = account.client.get(url, headers={"Authorization": account.authorization("GET", url, **changed)})
    assert answer.status_code == 401
    assert read(answer)["o:errorDetails"][0]["o:errorCode"] == "INVALID_LOGIN"
    assert 'error="token_rejected"' in answer.headers["WWW-Authenticate"]
    assert account.control("documents?resource=login_audit_trail")["documents"][-1]["detail"] == reason


def test_a_nonce_is_good_for_one_call(account: Account) -> None:
    url = f"{ROOT}/services/rest/system/v1/serverTime"
    header = {"Authorization": account.authorization("GET", url)}
    assert [account.client.get(url, headers=header).status_code for _ in range(2)] == [200, 401]


def test_one_account_s_keys_do_not_open_another(sandbox: Client) -> None:
    first, second = open_account(sandbox), open_account(sandbox, name="Second")
    first.account = second.account
    assert first.call("GET", "system/v1/serverTime").status_code == 401


def test_passports_are_checked_like_signatures(account: Account) -> None:
    operation = "<m:getServerTime/>"
    assert account.soap(operation).status_code == 200
    assert account.soap(operation, algorithm="HMAC_SHA256").status_code == 200
    refused = [
        account.soap(operation, signature="bm9wZQ=="),
        account.soap(operation, timestamp="1508242306"),
        account.soap(operation, algorithm="HMAC-SHA1"),
    ]
    for answer in refused:
        assert answer.status_code == 500
        assert texts(answer, "code") == ["INVALID_LOGIN_ATTEMPT"]


# Consent


def _consent(client: Client, **changed: str) -> dict[str, str]:
    query = {
        "response_type": "code", "client_id": "sandbox-client", "redirect_uri": CALLBACK, "scope": "rest_webservices",
        "state": STATE, "auto_consent": "1", **changed,
    }  # fmt: skip
    answer = client.get("/netsuite/app/login/oauth2/authorize.nl", query_string=query)
    assert answer.status_code == 302, answer.get_data(as_text=True)
    return {name: values[0] for name, values in parse_qs(urlsplit(answer.headers["Location"]).query).items()}


def _token(client: Client, **form: str) -> TestResponse:
    return client.post(TOKEN, data=form, auth=BASIC)


def test_consent_names_the_account_and_its_tokens_work(account: Account) -> None:
    verifier = "v" * 50
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    back = _consent(account.client, code_challenge=challenge, code_challenge_method="S256", org=account.account)
    assert (back["company"], back["state"]) == (account.account, STATE)
    form = {"grant_type": "authorization_code", "code": back["code"], "redirect_uri": CALLBACK}
    issued = read(_token(account.client, **form, code_verifier=verifier))
    assert (issued["expires_in"], issued["token_type"]) == ("3600", "bearer")
    header = {"Authorization": f"Bearer {issued['access_token']}"}
    assert account.client.get(f"{ROOT}/services/rest/system/v1/serverTime", headers=header).status_code == 200
    assert read(_token(account.client, **form, code_verifier=verifier)) == {"error": "invalid_grant"}


def test_a_code_needs_its_verifier(account: Account) -> None:
    back = _consent(account.client, code_challenge="x" * 43, code_challenge_method="S256")
    form = {"grant_type": "authorization_code", "code": back["code"], "redirect_uri": CALLBACK, "code_verifier": "no"}
    assert read(_token(account.client, **form)) == {"error": "invalid_grant"}


def _connected(account: Account) -> Any:
    code = _consent(account.client)["code"]
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK}
    return read(_token(account.client, **form))


def test_refreshing_never_changes_the_refresh_token_which_ends_after_seven_days(account: Account) -> None:
    refresh = _connected(account)["refresh_token"]
    form = {"grant_type": "refresh_token", "refresh_token": refresh}
    assert set(read(_token(account.client, **form))) == {"access_token", "expires_in", "token_type"}
    control(account.client, "/_control/clock", {"seconds": 6 * 86400})
    assert _token(account.client, **form).status_code == 200
    control(account.client, "/_control/clock", {"seconds": 86400})
    answer = _token(account.client, **form)
    assert (answer.status_code, read(answer)) == (400, {"error": "invalid_grant"})


def test_an_access_token_ends_after_an_hour(account: Account) -> None:
    header = {"Authorization": f"Bearer {_connected(account)['access_token']}"}
    control(account.client, "/_control/clock", {"seconds": 3600})
    assert account.client.get(f"{ROOT}/services/rest/system/v1/serverTime", headers=header).status_code == 401


@pytest.mark.parametrize(
    ("form", "auth", "status", "error"),
    [
        ({}, BASIC, 400, "invalid_request"),
        ({"grant_type": "password"}, BASIC, 400, "unsupported_grant_type"),
        ({"grant_type": "refresh_token"}, BASIC, 400, "invalid_request"),
        ({"grant_type": "refresh_token", "refresh_token": "x"}, BASIC, 400, "invalid_grant"),
        ({"grant_type": "refresh_token", "refresh_token": "x"}, ("sandbox-client", "wrong"), 401, "invalid_client"),
        ({"grant_type": "client_credentials"}, BASIC, 400, "invalid_request"),
    ],
)
def test_the_token_endpoint_refuses_by_name(
    account: Account, form: dict[str, str], auth: tuple[str, str], status: int, error: str
) -> None:
    answer = account.client.post(TOKEN, data=form, auth=auth)
    assert (answer.status_code, read(answer)) == (status, {"error": error})
    assert ("WWW-Authenticate" in answer.headers) is (status == 401)


@pytest.mark.parametrize("changed", [{"state": "short"}, {"scope": "everything"}, {"client_id": "nobody"}])
def test_an_authorization_request_that_makes_no_sense_is_shown_not_sent_back(
    account: Account, changed: dict[str, str]
) -> None:
    query = {"response_type": "code", "client_id": "sandbox-client", "redirect_uri": CALLBACK, "state": STATE,
             "scope": "rest_webservices", **changed}  # fmt: skip
    assert account.client.get("/netsuite/app/login/oauth2/authorize.nl", query_string=query).status_code == 400


def test_a_person_can_allow_or_refuse(account: Account) -> None:
    query = {"response_type": "code", "client_id": "sandbox-client", "redirect_uri": CALLBACK, "state": STATE,
             "scope": "rest_webservices"}  # fmt: skip
    path = "/netsuite/app/login/oauth2/authorize.nl"
    page = account.client.get(path, query_string=query).get_data(as_text=True)
    assert account.account in page
    allowed = account.client.post(path, data={**query, "company": account.account, "decision": "allow"})
    assert "code=" in allowed.headers["Location"]
    refused = account.client.post(path, data={**query, "company": account.account, "decision": "deny"})
    assert "error=access_denied" in refused.headers["Location"]


# Machines


def _assertion(account: Account, key: str, **changed: Any) -> str:
    now = int(time.time())
    claims = {"iss": "sandbox-client", "scope": ["rest_webservices"], "iat": now, "exp": now + 3600, "jti": "1",
              "aud": REAL_TOKEN.format(account.account.lower().replace("_", "-")), **changed.get("claims",
                  {})}  # fmt: skip
    kid = changed.get("kid", account.credentials["m2m"]["certificate_id"])
    return jwt.encode(claims, key, algorithm=changed.get("algorithm", "ES256"), headers={"kid": kid})


def _by_assertion(account: Account, assertion: str) -> TestResponse:
    kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    form = {"grant_type": "client_credentials", "client_assertion_type": kind, "client_assertion": assertion}
    return account.client.post(TOKEN, data=form)


def test_a_machine_proves_itself_with_the_sandbox_s_own_key(account: Account) -> None:
    issued = read(_by_assertion(account, _assertion(account, account.credentials["m2m"]["private_key"])))
    assert "refresh_token" not in issued
    header = {"Authorization": f"Bearer {issued['access_token']}"}
    assert account.client.get(f"{ROOT}/services/rest/system/v1/serverTime", headers=header).status_code == 200


def test_an_uploaded_rsa_key_proves_a_machine_by_ps256(account: Account) -> None:
    key = rsa.generate_private_key(65537, 2048)
    form, plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    private = key.private_bytes(serialization.Encoding.PEM, form, plain).decode()
    shown = serialization.PublicFormat.SubjectPublicKeyInfo
    public = key.public_key().public_bytes(serialization.Encoding.PEM, shown).decode()
    kid = account.control("changes", {"action": "upload_certificate", "public_key": public})["record"]["kid"]
    assert _by_assertion(account, _assertion(account, private, kid=kid, algorithm="PS256")).status_code == 200
    assert _by_assertion(account, _assertion(account, private, kid=kid, algorithm="RS256")).status_code == 401


@pytest.mark.parametrize(
    "claims",
    [{"aud": "https://elsewhere.example/token"}, {"exp": int(time.time()) + 7200}, {"exp": 1}, {"iss": "somebody"}],
)
def test_an_assertion_for_elsewhere_too_long_too_old_or_by_another_is_refused(account: Account, claims: Any) -> None:
    answer = _by_assertion(account, _assertion(account, account.credentials["m2m"]["private_key"], claims=claims))
    assert (answer.status_code, read(answer)) == (401, {"error": "invalid_client"})


def test_a_revoked_token_ends_at_once(account: Account) -> None:
    token = _connected(account)["access_token"]
    control(account.client, "/_control/faults", {"action": "revoke_token", "times": 1, "ledger": "netsuite"})
    header = {"Authorization": f"Bearer {token}"}
    url = f"{ROOT}/services/rest/system/v1/serverTime"
    assert [account.client.get(url, headers=header).status_code for _ in range(2)] == [401, 401]
