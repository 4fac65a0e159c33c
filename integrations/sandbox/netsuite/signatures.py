"""Token-based authentication: OAuth 1.0a over REST (RFC 5849), the token passport over SOAP; HMAC-SHA256 only."""

import base64
import hmac
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import parse_qsl, quote, unquote, urlsplit

_PARTS = ("oauth_consumer_key", "oauth_token", "oauth_nonce", "oauth_timestamp", "oauth_signature")


@dataclass(frozen=True, slots=True)
class Secrets:
    """What an integration and a token hold: two public keys and their two secrets."""

    consumer_key: str
    consumer_secret: str
    token: str
    token_secret: str


def _encoded(text: str) -> str:
    return quote(text, safe="-._~")


def _hmac(key: str, text: str) -> str:
    return base64.b64encode(hmac.digest(key.encode(), text.encode(), "sha256")).decode()


def base_string(method: str, url: str, parameters: Iterable[tuple[str, str]]) -> str:
    """What is signed: the method, the URL without its query, and all parameters in order."""
    parts = urlsplit(url)
    pairs = sorted(
        (_encoded(name), _encoded(value))
        for name, value in [*parse_qsl(parts.query, keep_blank_values=True), *parameters]
    )
    port = f":{parts.port}" if parts.port not in (None, {"https": 443, "http": 80}.get(parts.scheme)) else ""
    address = f"{parts.scheme.lower()}://{(parts.hostname or '').lower()}{port}{parts.path}"
    texts = (method.upper(), address, "&".join(f"{name}={value}" for name, value in pairs))
    return "&".join(_encoded(text) for text in texts)


def rest_signature(secrets: Secrets, method: str, url: str, *, nonce: str, timestamp: str) -> str:
    """The `oauth_signature` of a REST call, not yet percent-encoded."""
    parameters = [
        ("oauth_consumer_key", secrets.consumer_key),
        ("oauth_nonce", nonce),
        ("oauth_signature_method", "HMAC-SHA256"),
        ("oauth_timestamp", timestamp),
        ("oauth_token", secrets.token),
        ("oauth_version", "1.0"),
    ]
    return signed(secrets, base_string(method, url, parameters))


def signed(secrets: Secrets, text: str) -> str:
    """The signature of a base string: both secrets, percent-encoded, are the key."""
    return _hmac(f"{_encoded(secrets.consumer_secret)}&{_encoded(secrets.token_secret)}", text)


def passport_signature(secrets: Secrets, account: str, *, nonce: str, timestamp: str) -> str:
    """The signature of a SOAP token passport; here nothing is encoded."""
    text = "&".join((account, secrets.consumer_key, secrets.token, nonce, timestamp))
    return _hmac(f"{secrets.consumer_secret}&{secrets.token_secret}", text)


def header_fields(header: str) -> dict[str, str]:
    """The fields of an `Authorization: OAuth …` header, decoded; empty for another scheme."""
    scheme, _, rest = header.partition(" ")
    if scheme.lower() != "oauth":
        return {}
    pairs = (part.strip().partition("=") for part in rest.split(","))
    return {name.strip(): unquote(value.strip().strip('"')) for name, _, value in pairs if name}


def signed_fields(fields: dict[str, str]) -> list[tuple[str, str]]:
    """The header's own fields that are part of what was signed: all but realm and the signature."""
    return [(name, value) for name, value in fields.items() if name not in ("realm", "oauth_signature")]


def missing_fields(fields: dict[str, str]) -> list[str]:
    """Fields without which nothing can be checked."""
    return [name for name in _PARTS if not fields.get(name)]
