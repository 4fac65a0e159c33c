"""Signatures: Oracle's published examples, and statements that a ledger can verify."""

from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from integrations.engine import signing
from integrations.engine.errors import ConfigurationError

SECRETS = {
    "consumer_key": "ef40afdd8abaac111b13825dd5e5e2ddddb44f86d5a0dd6dcf38c20aae6b67e4",
    "consumer_secret": "d26ad321a4b2f23b0741c8d38392ce01c3e23e109df6c96eac6d099e9ab9e8b5",
    "token_id": "2b0ce516420110bcbd36b69e99196d1b7f6de3c6234c5afb799b73d87569f5cc",
    "token_secret": "c29a677df7d5439a458c063654187e3d678d73aca8e3c9d8bea1478a3eb0d295",
    "org": "123456",
}
NONCE, NOW = "fjaLirsIcCGVZWzBX0pg", 1508242306
REST = "https://123456.suitetalk.api.netsuite.com/services/rest"


@pytest.mark.parametrize(
    ("method", "url", "signature"),
    [
        ("GET", f"{REST}/record/v1/employee/40", "B5OIWznZ2YP0OB7VrJrGkYsTh%2B8H%2B5T9Hag%2Bo92q0zY%3D"),
        ("POST", f"{REST}/query/v1/suiteql?limit=1000&offset=0", "K77GAJRnfr1XDIXWkDNFBb1G343XzZc397WHGpnHFF8%3D"),
    ],
)
def test_a_call_is_signed_as_the_published_examples(method: str, url: str, signature: str) -> None:
    header = signing.oauth1_header(method, url, SECRETS, realm="123456", now=NOW, nonce=NONCE)
    assert header.startswith('OAuth realm="123456", oauth_token="2b0ce5')
    assert header.endswith(f'oauth_signature="{signature}"')


def test_the_scheme_own_port_and_the_spelling_of_the_host_change_no_signature() -> None:
    plain = signing.oauth1_header("GET", "https://a.test/x?q=a%20b", SECRETS, realm="r", now=NOW, nonce=NONCE)
    loud = signing.oauth1_header("get", "https://A.test:443/x?q=a+b", SECRETS, realm="r", now=NOW, nonce=NONCE)
    assert plain == loud
    assert plain != signing.oauth1_header(
        "GET", "https://a.test:8443/x?q=a+b", SECRETS, realm="r", now=NOW, nonce=NONCE
    )


def test_a_soap_envelope_gets_the_published_passport_and_keeps_what_it_had() -> None:
    envelope: dict[str, Any] = {
        "soapenv:Envelope": {"soapenv:Header": {"platformMsgs:searchPreferences": {}}, "soapenv:Body": {}}
    }
    signed = signing.netsuite_token_passport(envelope, SECRETS, NOW, NONCE)
    header = signed["soapenv:Envelope"]["soapenv:Header"]
    signature = header["platformMsgs:tokenPassport"]["platformCore:signature"]
    assert signature == {"@algorithm": "HMAC-SHA256", "#text": "tIcC5zyKUmycB5Ml/cNxOHDusw03Y5KPQiXVNUHHp4U="}
    assert "platformMsgs:searchPreferences" in header
    assert "platformMsgs:tokenPassport" not in envelope["soapenv:Envelope"]["soapenv:Header"]


def test_a_soap_envelope_of_a_connection_with_a_bearer_token_stays_as_it_is() -> None:
    envelope: dict[str, Any] = {"soapenv:Envelope": {"soapenv:Body": {}}}
    assert signing.netsuite_token_passport(envelope, {"org": "1", "token": "t"}, NOW, NONCE) is envelope


def test_a_session_stands_before_the_content_of_its_request() -> None:
    request = {"request": {"control": {"dtdversion": "3.0"}, "operation": {"@transaction": "false", "content": {}}}}
    secrets = {"sender_id": "s", "sender_password": "p", "token": "session-1"}
    signed = signing.intacct_session(request, secrets, NOW, NONCE)["request"]
    assert list(signed) == ["control", "operation"]
    assert list(signed["operation"]) == ["@transaction", "authentication", "content"]
    assert signed["operation"]["authentication"] == {"sessionid": "session-1"}
    assert (signed["control"]["senderid"], signed["control"]["dtdversion"]) == ("s", "3.0")


def pem(key: Any) -> str:
    text: bytes = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return text.decode()


@pytest.mark.parametrize(
    ("key", "algorithm"),
    [
        (rsa.generate_private_key(65537, 2048), "PS256"),
        (ec.generate_private_key(ec.SECP256R1()), "ES256"),
        (ec.generate_private_key(ec.SECP521R1()), "ES512"),
    ],
    ids=["rsa", "p256", "p521"],
)
def test_a_statement_is_signed_with_the_algorithm_that_fits_the_key(key: Any, algorithm: str) -> None:
    known = ("PS256", "ES256", "ES384", "ES512")
    pasted = "\r\n".join(pem(key).split("\n")) + "  \n"
    token = signing.assertion({"iss": "id", "aud": "a"}, key=pasted, key_id="kid-1", algorithms=known, minutes=60)
    assert jwt.get_unverified_header(token) == {"alg": algorithm, "kid": "kid-1", "typ": "JWT"}
    claims = jwt.decode(token, key.public_key(), algorithms=[algorithm], audience="a")
    assert 3500 < claims["exp"] - claims["iat"] <= 3600
    assert claims["jti"]


@pytest.mark.parametrize(
    ("key", "said"),
    [("no key", "cannot be read"), (pem(ec.generate_private_key(ec.SECP384R1())), "does not fit")],
    ids=["text", "other curve"],
)
def test_a_key_that_cannot_sign_says_what_to_paste(key: str, said: str) -> None:
    with pytest.raises(ConfigurationError, match=said) as caught:
        signing.assertion({}, key=key, key_id="", algorithms=("PS256",), minutes=5)
    assert "from BEGIN to END" in caught.value.remedy
