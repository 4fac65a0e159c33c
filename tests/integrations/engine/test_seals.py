"""Signatures of deliveries: what the ledgers document, every forgery refused, keys changed without a gap."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from ipaddress import ip_network
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from integrations.engine import manifest
from integrations.engine.endpoints import webhook_keys
from integrations.engine.seals import NotGenuineError, Seal, comes_from, opened

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
TIMED = Seal("hmac_sha256", "X-Mark", "hex", signed=("x-time", "body"), time="x-time", seconds=300)


def seal_of(ledger: str) -> Seal:
    told = manifest.load(ledger).announcements
    assert told is not None
    assert told.seal is not None
    return told.seal


def headers(**given: str) -> Callable[[str], str]:
    known = {name.replace("_", "-").lower(): text for name, text in given.items()}
    return lambda name: known.get(name.lower(), "")


def marked(key: str, body: bytes) -> str:
    return base64.b64encode(hmac.new(key.encode(), body, hashlib.sha256).digest()).decode()


def part(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def statement(body: bytes, *, key: str = "secret", alg: str = "HS256", **changes: Any) -> str:
    claims = {
        "iss": "Sage Intacct",
        "iat": int(NOW.timestamp() * 1000),
        "exp": int(NOW.timestamp()) + 3600,
        "tenant_id": "ACME",
        "payload_signature": hashlib.sha256(body).hexdigest(),
        "payload_signature_alg": "SHA-256",
        **changes,
    }
    text = f"{part({'alg': alg, 'typ': 'JWT'})}.{part(claims)}"
    mark = hmac.new(key.encode(), text.encode(), hashlib.sha256).digest()
    return f"{text}.{base64.urlsafe_b64encode(mark).rstrip(b'=').decode()}"


def reason(seal: Seal, body: bytes, header: Callable[[str], str], *keys: str) -> str:
    with pytest.raises(NotGenuineError) as refused:
        opened(seal, body, header, keys, NOW)
    return refused.value.reason


# RFC 4231, test case 2: the HMAC itself is the standard's.
def test_the_mark_is_the_standards() -> None:
    seal = Seal("hmac_sha256", "X-Mark", "hex")
    told = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    assert opened(seal, b"what do ya want for nothing?", headers(x_mark=told), ["Jefe"], NOW) == {}


# Intuit's and Xero's documents: base64 of HMAC-SHA256 over the raw body, under the verifier token or webhooks key.
@pytest.mark.parametrize(("ledger", "name"), [("quickbooks", "intuit_signature"), ("xero", "x_xero_signature")])
def test_a_rightly_signed_body_is_believed_and_one_changed_byte_is_not(ledger: str, name: str) -> None:
    body = b'{"events":[],"firstEventSequence":0,"lastEventSequence":0,"entropy":"S0m3r4Nd0mt3xt"}'
    right = headers(**{name: marked("key", body)})
    assert opened(seal_of(ledger), body, right, ["key"], NOW) == {}
    assert reason(seal_of(ledger), body + b" ", right, "key") == "forged"
    assert reason(seal_of(ledger), body, right, "another") == "forged"
    assert reason(seal_of(ledger), body, headers(), "key") == "forged"


def test_while_keys_are_changed_the_old_one_and_the_new_one_are_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    environ = {"PORTAL_XERO_WEBHOOK_KEY": "new, old"}
    keys = webhook_keys(manifest.load("xero"), environ)
    for key in ("new", "old"):
        opened(seal_of("xero"), b"{}", headers(x_xero_signature=marked(key, b"{}")), keys, NOW)
    assert reason(seal_of("xero"), b"{}", headers(x_xero_signature=marked("older", b"{}")), *keys) == "forged"


def test_nobodys_key_believes_nothing() -> None:
    assert webhook_keys(manifest.load("xero"), {}) == ()
    assert reason(seal_of("xero"), b"{}", headers(x_xero_signature=marked("", b"{}"))) == "forged"


def test_intacct_is_believed_by_the_applications_secret() -> None:
    keys = webhook_keys(manifest.load("sage_intacct"), {"PORTAL_SAGE_INTACCT_CLIENT_SECRET": "secret"})
    claims = opened(seal_of("sage_intacct"), b"{}", headers(authorization=f"Bearer {statement(b'{}')}"), keys, NOW)
    assert claims["tenant_id"] == "ACME"


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [
        ({"key": "other"}, "forged"),
        ({"alg": "none"}, "forged"),
        ({"iss": "Somebody"}, "forged"),
        ({"payload_signature": hashlib.sha256(b"other").hexdigest()}, "forged"),
        ({"payload_signature": None}, "forged"),
        ({"payload_signature_alg": "MD5"}, "forged"),
        ({"exp": int(NOW.timestamp()) - 120}, "too_old"),
        ({"exp": None}, "too_old"),
        ({"exp": True}, "too_old"),
    ],
)
def test_a_statement_that_says_anything_else_is_refused(changes: Mapping[str, Any], wanted: str) -> None:
    told = headers(authorization=f"Bearer {statement(b'{}', **changes)}")
    assert reason(seal_of("sage_intacct"), b"{}", told, "secret") == wanted


@pytest.mark.parametrize("token", ["", "Bearer ", "Bearer a.b.c", "Bearer ....", "Basic x", "Bearer é.é.é"])
def test_what_is_no_statement_is_refused(token: str) -> None:
    assert reason(seal_of("sage_intacct"), b"{}", headers(authorization=token), "secret") == "forged"


def test_a_signed_moment_may_be_minutes_off_and_no_more() -> None:
    def told(moment: str) -> Callable[[str], str]:
        mark = hmac.new(b"key", f"{moment}.body".encode(), hashlib.sha256).hexdigest()
        return headers(x_time=moment, x_mark=mark)

    now = int(NOW.timestamp())
    assert opened(TIMED, b"body", told(str(now - 299)), ["key"], NOW) == {}
    for moment in (now - 301, now + 301, "nan", "inf"):
        assert reason(TIMED, b"body", told(str(moment)), "key") == "too_old"
    assert reason(TIMED, b"body", told("yesterday"), "key") == "forged"


@settings(deadline=None)
@given(body=st.binary(max_size=60), told=st.text(max_size=80))
def test_no_made_up_mark_is_believed(body: bytes, told: str) -> None:
    assert reason(seal_of("quickbooks"), body, headers(intuit_signature=told), "key") == "forged"


def test_networks_are_held_against_the_callers_address() -> None:
    networks = [ip_network("10.1.0.0/16"), ip_network("2001:db8::/32")]
    assert all(comes_from(each, networks) for each in ("10.1.2.3", "2001:db8::7", "::ffff:10.1.2.3"))
    assert not any(comes_from(each, networks) for each in ("10.2.0.1", "2001:db9::7", "", "nowhere"))
    assert comes_from("anything", [])
