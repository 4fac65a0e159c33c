"""What a rule may ask of a document beside its word: a closed list of fields, each read and compared in one way.

A condition is the text a field must have; a field that is not named may have any. Add a field here and it is in the
look-up, the conflict check, the form and the files.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from mappings.transform.model import Document, Line

Read = Callable[[Document, Line | None], str]

Conditions = Mapping[str, str]
"""{name of a field: the text it must have}, both as `normal_conditions` leaves them."""

MOST_CHARACTERS = 100


def _spaced(text: str) -> str:
    return " ".join(text.split())


def _upper(text: str) -> str:
    return _spaced(text).upper()


def _lower(text: str) -> str:
    return _spaced(text).lower()


def _folded(text: str) -> str:
    return _spaced(text).casefold()


@dataclass(frozen=True)
class Field:
    """One field: `of_line` says that it is each line's own; `normal` is applied to both sides before comparing."""

    label: str
    read: Read
    normal: Callable[[str], str] = _spaced
    of_line: bool = False
    help: str = ""


def _of_line(name: str) -> Read:
    return lambda document, line: str(getattr(line, name)) if line is not None else ""


FIELDS: dict[str, Field] = {
    "kind": Field("Kind of document", lambda document, line: document.kind, _lower, help="such as sale or expense"),
    "source": Field("Channel", lambda document, line: document.source, help="the system that sends, such as shop"),
    "country": Field("Country", lambda document, line: document.country, _upper, help="two letters, such as DE"),
    "region": Field("Region", lambda document, line: document.region, _upper, help="state or province, such as CA"),
    "currency": Field("Currency", lambda document, line: document.currency, _upper, help="three letters, such as EUR"),
    "tax_mode": Field(
        "Tax mode", lambda document, line: document.tax_mode, _lower, help="exclusive, inclusive or none"
    ),
    "counterparty": Field("Counterparty", lambda document, line: document.counterparty, _folded, help="their name"),
    "payment_method": Field("Payment method", lambda document, line: document.payment_method),
    "category": Field("Category", _of_line("category"), of_line=True),
    "tax_code": Field("Tax code", _of_line("tax_code"), of_line=True),
    "item": Field("Product or item", _of_line("item"), of_line=True),
}

# These words belong to the whole document: nothing of a line can be asked for them.
_OF_DOCUMENT = frozenset({"payment_method", "contact", "currency"})


def fields_for(subject: str) -> dict[str, Field]:
    """The fields that a rule of this subject may name: not the word itself, and a line's only where there is one."""
    return {
        name: field
        for name, field in FIELDS.items()
        if name != subject and not (field.of_line and subject in _OF_DOCUMENT)
    }


def normal_conditions(subject: str, given: Mapping[str, Any]) -> dict[str, str]:
    """The conditions as they are stored and compared, empty ones left out; ValueError names what cannot be asked."""
    allowed, found = fields_for(subject), {}
    for name, text in given.items():
        field = allowed.get(name)
        if field is None:
            raise ValueError(f"“{name}” cannot be a condition here; possible are {', '.join(allowed)}.")
        asked = field.normal(str(text or ""))
        if len(asked) > MOST_CHARACTERS:
            raise ValueError(f"{field.label} is longer than {MOST_CHARACTERS} characters.")
        if asked:
            found[name] = asked
    return dict(sorted(found.items()))


def in_words(conditions: Conditions) -> str:
    """Such as "country DE, currency EUR"; empty without conditions."""
    return ", ".join(f"{FIELDS[name].label.lower()} {text}" for name, text in sorted(conditions.items()))
