"""Signatures that ledgers ask for: signed calls (OAuth 1.0a), signed statements (JWT), signed envelopes. No network."""

import hmac
import time
from base64 import b64encode
from collections.abc import Callable, Mapping
from copy import deepcopy
from secrets import token_hex
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit, urlunsplit

import jwt
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from integrations.engine.errors import ConfigurationError, WhoCanFix

_CURVES = {"secp256r1": "ES256", "secp384r1": "ES384", "secp521r1": "ES512"}

# A JWT's `exp` may be at most an hour after its `iat` (NetSuite); clocks differ a little.
_CLOCK_SKEW_SECONDS = 5

Signer = Callable[[Any, Mapping[str, str], int, str], Any]
"""(envelope, credentials, now, nonce) → the envelope with its proof in it; the one given stays as it is."""


def nonce() -> str:
    """A text that no other call has used."""
    return token_hex(12)


def oauth1_header(method: str, url: str, credentials: Mapping[str, str], *, realm: str, now: int, nonce: str) -> str:
    """The `Authorization` header of a call signed with HMAC-SHA256 (RFC 5849, section 3).

    `credentials` holds consumer_key, consumer_secret, token_id and token_secret. A JSON body is not signed.
    """
    parts = urlsplit(url)
    own = {
        "oauth_token": credentials["token_id"],
        "oauth_consumer_key": credentials["consumer_key"],
        "oauth_nonce": nonce,
        "oauth_timestamp": str(now),
        "oauth_signature_method": "HMAC-SHA256",
        "oauth_version": "1.0",
    }
    given = parse_qsl(parts.query, keep_blank_values=True)
    pairs = sorted((_encoded(name), _encoded(value)) for name, value in [*given, *own.items()])
    listed = "&".join(f"{name}={value}" for name, value in pairs)
    address = urlunsplit((parts.scheme.lower(), _host(url), parts.path or "/", "", ""))
    base = "&".join(_encoded(part) for part in (method.upper(), address, listed))
    key = f"{_encoded(credentials['consumer_secret'])}&{_encoded(credentials['token_secret'])}"
    shown = {"realm": realm, **own, "oauth_signature": _hmac(key, base)}
    return "OAuth " + ", ".join(
        f'{name}="{value if name == "realm" else _encoded(value)}"' for name, value in shown.items()
    )


def _host(url: str) -> str:
    """The host of the base string: lower case, without the scheme's own port (RFC 5849, 3.4.1.2)."""
    parts = urlsplit(url)
    own_port = {"https": 443, "http": 80}.get(parts.scheme)
    host = (parts.hostname or "").lower()
    return host if parts.port in (None, own_port) else f"{host}:{parts.port}"


def _encoded(text: str) -> str:
    return quote(text, safe="-._~")


def _hmac(key: str, text: str) -> str:
    return b64encode(hmac.new(key.encode(), text.encode(), "sha256").digest()).decode()


def assertion(claims: Mapping[str, Any], *, key: str, key_id: str, algorithms: tuple[str, ...], minutes: int) -> str:
    """A signed JWT; the algorithm is the first allowed that fits the key. ConfigurationError for a key that is none."""
    private = _private_key(key)
    algorithm = _algorithm(private, algorithms)
    now = int(time.time())
    ends = now + minutes * 60 - _CLOCK_SKEW_SECONDS
    stated = {**claims, "iat": now, "exp": ends, "jti": token_hex(16)}
    return jwt.encode(stated, private, algorithm=algorithm, headers={"kid": key_id})


def _private_key(text: str) -> RSAPrivateKey | EllipticCurvePrivateKey:
    try:
        # Pasted keys come with other line ends and with blanks around them.
        found = load_pem_private_key("\n".join(text.split("\r\n")).strip().encode(), password=None)
    except (ValueError, TypeError) as error:
        raise _no_key("The private key cannot be read: it is not an unencrypted PEM text.") from error
    if isinstance(found, (RSAPrivateKey, EllipticCurvePrivateKey)):
        return found
    raise _no_key("The private key is neither RSA nor of an elliptic curve.")


def _algorithm(key: RSAPrivateKey | EllipticCurvePrivateKey, algorithms: tuple[str, ...]) -> str:
    fits = (
        {_CURVES.get(key.curve.name, "")} if isinstance(key, EllipticCurvePrivateKey) else {"PS256", "PS384", "PS512"}
    )
    for algorithm in algorithms:
        if algorithm in fits:
            return algorithm
    raise _no_key(f"This kind of private key does not fit: the ledger wants one for {', '.join(algorithms)}.")


def _no_key(message: str) -> ConfigurationError:
    return ConfigurationError(
        message,
        code="bad_private_key",
        remedy="Paste the whole key of the uploaded certificate, from BEGIN to END, without a pass phrase.",
        who_can_fix=WhoCanFix.OWNER,
    )


def netsuite_token_passport(envelope: Any, credentials: Mapping[str, str], now: int, nonce: str) -> Any:
    """The SOAP envelope with NetSuite's `tokenPassport` in its header.

    A connection that has an OAuth 2 token instead of signing secrets is told apart by its HTTP header: unchanged then.
    """
    if not credentials.get("token_secret"):
        return envelope
    account, key, token = credentials["org"], credentials["consumer_key"], credentials["token_id"]
    signature = _hmac(
        f"{credentials['consumer_secret']}&{credentials['token_secret']}", f"{account}&{key}&{token}&{nonce}&{now}"
    )
    passport = {
        "platformCore:account": account,
        "platformCore:consumerKey": key,
        "platformCore:token": token,
        "platformCore:nonce": nonce,
        "platformCore:timestamp": str(now),
        "platformCore:signature": {"@algorithm": "HMAC-SHA256", "#text": signature},
    }
    signed = deepcopy(envelope)
    header = signed["soapenv:Envelope"].setdefault("soapenv:Header", {})
    # The header's other children stay, after it.
    signed["soapenv:Envelope"]["soapenv:Header"] = {"platformMsgs:tokenPassport": passport, **(header or {})}
    return signed


def intacct_session(envelope: Any, credentials: Mapping[str, str], now: int, nonce: str) -> Any:
    """The XML gateway's request with the sender's own credentials and the session in it."""
    signed = deepcopy(envelope)
    request = signed["request"]
    own = {"senderid": credentials.get("sender_id", ""), "password": credentials.get("sender_password", "")}
    operation = request.pop("operation")
    control = {**own, "controlid": f"{now}-{nonce}", **(request.pop("control", None) or {})}
    proof = {"authentication": {"sessionid": credentials["token"]}}
    attributes = {name: value for name, value in operation.items() if name.startswith("@")}
    # Their order is part of the gateway's document type.
    signed["request"] = {**request, "control": control, "operation": {**attributes, **proof, **operation}}
    return signed


SIGNERS: Mapping[str, Signer] = {
    "netsuite_token_passport": netsuite_token_passport,
    "intacct_session": intacct_session,
}
