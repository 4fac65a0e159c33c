"""What may be kept of an exchange: secrets and personal bank data are taken out before anything is recorded."""

import re
from collections.abc import Collection, Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

HIDDEN = "[hidden]"

SECRET_HEADERS = frozenset(
    {"authorization", "cookie", "set-cookie", "proxy-authorization", "x-api-key", "www-authenticate"}
)
SECRET_NAMES = frozenset(
    {
        "access_token",
        "refresh_token",
        "id_token",
        "token",
        "client_secret",
        "client_assertion",
        "code_verifier",
        "password",
        "secret",
        "assertion",
        "sessionid",
    }
)
# A `code` in a form or an address is an authorisation code; in JSON it is an error's or an account's.
# A signature makes an address open without a token.
FORM_SECRETS = SECRET_NAMES | {"code", "signature", "x-amz-signature", "x-amz-security-token"}
BANK_NAMES = frozenset(
    {
        "ssn",
        "taxidentifier",
        "primarytaxidentifier",
        "secondarytaxidentifier",
        "iban",
        "bankaccountnumber",
        "accountnumber",
        "routingnumber",
        "banknum",
        "ccdetail",
        "creditcardnumber",
        "number",
        "birthdate",
        "sortcode",
        "bankaccountdetails",
    }
)

# An IBAN, or a payment card number: long runs of digits that are no ids of ours.
_IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?:[ ]?[A-Z0-9]{4}){3,7}[ ]?[A-Z0-9]{1,4}\b")
_CARD = re.compile(r"\b(?:\d[ -]?){13,18}\d\b")


def headers(found: Mapping[str, str], *, more: Collection[str] = ()) -> dict[str, str]:
    """Headers with secrets hidden."""
    secret = SECRET_HEADERS | {name.lower() for name in more}
    return {name: HIDDEN if name.lower() in secret else value for name, value in found.items()}


def url(found: str) -> str:
    """A URL with secret query parameters hidden."""
    parts = urlsplit(found)
    pairs = [(name, HIDDEN if name.lower() in FORM_SECRETS else value) for name, value in parse_qsl(parts.query)]
    return urlunsplit(parts._replace(query=urlencode(pairs)))


def body(value: Any, *, personal: Collection[str] = ()) -> Any:
    """A JSON value with secrets, bank and tax numbers hidden; shapes and all other values stay."""
    return _hidden(value, SECRET_NAMES | BANK_NAMES | {name.lower() for name in personal})


def _hidden(value: Any, names: Collection[str]) -> Any:
    if isinstance(value, dict):
        return {
            key: HIDDEN if key.lower() in names and inner not in (None, "") else _hidden(inner, names)
            for key, inner in value.items()
        }
    if isinstance(value, list):
        return [_hidden(item, names) for item in value]
    return text(value) if isinstance(value, str) else value


_ELEMENT = re.compile(r"(<(?:[\w.-]+:)?([\w.-]+)(?:\s[^<>]*)?>)([^<]+)(?=</)")


def xml(found: str, *, personal: Collection[str] = ()) -> str:
    """An XML text with the contents of secret, bank and tax elements hidden; everything else stays."""
    names = SECRET_NAMES | BANK_NAMES | {"signature"} | {name.lower() for name in personal}

    def shown(match: re.Match[str]) -> str:
        return match[1] + (HIDDEN if match[2].lower() in names else text(match[3]))

    return _ELEMENT.sub(shown, found)


def text(value: str) -> str:
    """A text with IBANs and card numbers cut to their last four digits."""
    return _CARD.sub(_card, _IBAN.sub(lambda match: f"[…{match[0][-4:]}]", value))


def _card(match: re.Match[str]) -> str:
    digits = [int(digit) for digit in match[0] if digit.isdigit()]
    doubled = sum(sum(divmod(2 * digit, 10)) for digit in digits[-2::-2]) + sum(digits[-1::-2])
    # Only what passes the card checksum: ids of 19 digits are common and must stay readable.
    return f"[…{match[0][-4:]}]" if doubled % 10 == 0 else match[0]


def form(found: str) -> str:
    """A form-encoded body with secrets hidden."""
    return urlencode([(name, HIDDEN if name.lower() in FORM_SECRETS else value) for name, value in parse_qsl(found)])
