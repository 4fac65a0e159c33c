"""Client credentials: the signed JWT that a machine proves itself with, and the certificates it is checked against."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from hashlib import sha256

import jwt
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

_ALGORITHMS = ("PS256", "PS384", "PS512", "ES256", "ES384", "ES512")
_LONGEST = 3600
_TOKEN_PATH = "/services/rest/auth/oauth2/v1/token"  # noqa: S105 - an address


@dataclass(frozen=True, slots=True)
class Certificate:
    """A public key that an account's administrator uploaded for an integration and a role."""

    kid: str
    account: str
    client: str
    pem: str


class UnprovedError(Exception):
    """The assertion proves nothing; the text is the OAuth error code."""


def public_pem(text: str) -> str:
    """The public key of a certificate or of a bare key, in PEM. Raises ValueError."""
    data = text.encode()
    is_certificate = b"BEGIN CERTIFICATE" in data
    key: object = x509.load_pem_x509_certificate(data).public_key() if is_certificate else None
    if not is_certificate:
        key = serialization.load_pem_public_key(data)
    if not isinstance(key, ec.EllipticCurvePublicKey | rsa.RSAPublicKey):
        raise ValueError("the key must be RSA or elliptic curve")
    return key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()


def key_id(pem: str) -> str:
    """The certificate id that NetSuite would show for a key."""
    return sha256(pem.encode()).hexdigest()[:43]


def private_key_of(account: str) -> ec.EllipticCurvePrivateKey:
    """The sandbox integration's own key for an account: always the same, so that nothing has to be kept."""
    number = int.from_bytes(sha256(f"netsuite-certificate-{account}".encode()).digest())
    return ec.derive_private_key(number % (2**255) + 1, ec.SECP256R1())


def private_pem(account: str) -> str:
    """That key in PEM."""
    form, plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    return private_key_of(account).private_bytes(serialization.Encoding.PEM, form, plain).decode()


def own_certificate(account: str, client: str) -> Certificate:
    """The certificate of the sandbox integration."""
    key = private_key_of(account).public_key()
    pem = key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()
    return Certificate(key_id(pem), account, client, pem)


def verified(
    assertion: str, find: Callable[[str], Certificate | None], audiences: Callable[[str], Iterable[str]]
) -> tuple[Certificate, str]:
    """The certificate and the scope of a sound assertion. Raises UnprovedError."""
    try:
        header = jwt.get_unverified_header(assertion)
    except jwt.InvalidTokenError as error:
        raise UnprovedError("invalid_request") from error
    certificate = find(str(header.get("kid", "")))
    if certificate is None or header.get("alg") not in _ALGORITHMS:
        raise UnprovedError("invalid_client")
    try:
        claims = jwt.decode(
            assertion, certificate.pem, algorithms=list(_ALGORITHMS), audience=list(audiences(certificate.account)),
            options={"require": ["iss", "aud", "iat", "exp", "scope"]}, leeway=5,
        )  # fmt: skip
    except (jwt.InvalidTokenError, TypeError) as error:
        raise UnprovedError("invalid_client") from error
    if claims["iss"] != certificate.client or claims["exp"] - claims["iat"] > _LONGEST:
        raise UnprovedError("invalid_client")
    scope = claims["scope"]
    return certificate, " ".join(scope) if isinstance(scope, list) else str(scope)


def token_urls(account_host: str, called: str) -> list[str]:
    """What an assertion may be addressed to: the real token endpoint, or the address called here."""
    return [f"https://{account_host}.suitetalk.api.netsuite.com{_TOKEN_PATH}", called]
