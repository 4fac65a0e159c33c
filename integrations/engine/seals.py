"""Whether a delivery comes from the ledger: its seal over the raw bytes, held against the operator's keys.

Secrets are compared in constant time, and every key is tried, so that neither the place of the first wrong byte nor
the key that fits can be measured.
"""

import base64
import binascii
import hmac
import ipaddress
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Any

from integrations.engine import jsontext, paths

Header = Callable[[str], str]
"""A header by its name, without regard to case; empty where it was not sent."""
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

ENCODINGS: Mapping[str, Callable[[bytes], str]] = {
    "base64": lambda mark: base64.b64encode(mark).decode(),
    "hex": lambda mark: mark.hex(),
}
KEYS = frozenset({"webhook_key", "client_secret"})


class NotGenuineError(Exception):
    """A delivery that must be refused; `reason` is a word for counters and logs."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Seal:
    """How a ledger signs: `scheme` is hmac_sha256 or jwt_hs256; `key` says which of the operator's secrets is used."""

    scheme: str
    header: str
    encoding: str = "base64"
    key: str = "webhook_key"
    signed: tuple[str, ...] = ("body",)
    """What the HMAC is over: `body`, or names of headers with it, joined by `joined`."""
    joined: str = "."
    time: str = ""
    """The signed header that tells when, in seconds since 1970."""
    seconds: int = 0
    """How far that moment, or a statement's end, may be from now."""
    issuer: str = ""
    claims: Mapping[str, str] = field(default_factory=dict)
    """What a signed statement must say beside (path → text)."""
    body_claim: str = ""
    """Where it tells the SHA-256 of the body, in hex."""


def opened(seal: Seal, body: bytes, header: Header, keys: Sequence[str], now: datetime) -> Mapping[str, Any]:
    """What the seal itself states (the claims of a signed statement). Raises NotGenuineError."""
    return _SCHEMES[seal.scheme](seal, body, header, keys, now)


def _hmac(seal: Seal, body: bytes, header: Header, keys: Sequence[str], now: datetime) -> Mapping[str, Any]:
    separator = seal.joined.encode()
    text = separator.join(body if name == "body" else header(name).encode() for name in seal.signed)
    encoded = ENCODINGS[seal.encoding]
    if not _any_fits(text, header(seal.header), keys, encoded):
        raise NotGenuineError("forged")
    if seal.time:
        _near(header(seal.time), seal.seconds, now)
    return {}


def _any_fits(text: bytes, told: str, keys: Sequence[str], encoded: Callable[[bytes], str]) -> bool:
    given, fits = told.strip().encode(), False
    for key in keys:
        fits |= hmac.compare_digest(given, encoded(hmac.digest(key.encode(), text, "sha256")).encode())
    return fits


def _near(told: str, seconds: int, now: datetime) -> None:
    try:
        apart = abs(now.timestamp() - float(told))
    except (ValueError, OverflowError):
        raise NotGenuineError("forged") from None
    if not apart <= seconds:
        raise NotGenuineError("too_old")


def _statement(seal: Seal, body: bytes, header: Header, keys: Sequence[str], now: datetime) -> Mapping[str, Any]:
    """A JWT in the header (RFC 7519, HS256 alone) whose claim holds the hash of the body."""
    scheme, _, token = header(seal.header).strip().rpartition(" ")
    text, _, mark = token.rpartition(".")
    head, _, payload = text.partition(".")
    if scheme.lower() not in ("", "bearer") or not _any_fits(text.encode(), mark.rstrip("="), keys, _unpadded):
        raise NotGenuineError("forged")
    if _decoded(head).get("alg") != "HS256":
        raise NotGenuineError("forged")
    claims = _decoded(payload)
    wanted = {**seal.claims, "iss": seal.issuer} if seal.issuer else dict(seal.claims)
    hashed = str(paths.getter(seal.body_claim)(claims) or "").lower()
    is_ours = all(str(paths.getter(path)(claims)) == text for path, text in wanted.items())
    if not is_ours or not hmac.compare_digest(hashed.encode(), sha256(body).hexdigest().encode()):
        raise NotGenuineError("forged")
    end = claims.get("exp")
    if isinstance(end, bool) or not isinstance(end, int) or now.timestamp() > end + seal.seconds:
        raise NotGenuineError("too_old")
    return claims


def _unpadded(mark: bytes) -> str:
    return base64.urlsafe_b64encode(mark).decode().rstrip("=")


def _decoded(part: str) -> Mapping[str, Any]:
    try:
        found = jsontext.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (binascii.Error, ValueError, RecursionError):
        raise NotGenuineError("forged") from None
    if not isinstance(found, dict):
        raise NotGenuineError("forged")
    return found


_SCHEMES = {"hmac_sha256": _hmac, "jwt_hs256": _statement}
SCHEMES = frozenset(_SCHEMES)


def comes_from(address: str, networks: Sequence[Network]) -> bool:
    """Whether an address lies in one of these networks; with none declared, any does."""
    if not networks:
        return True
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    plain = getattr(found, "ipv4_mapped", None) or found
    return any(plain in network for network in networks)
