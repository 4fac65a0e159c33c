"""Values as the gateway writes them, and back: dates mm/dd/yyyy, moments MM/DD/YYYY HH:MM:SS (in UTC), words."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from integrations.sandbox.sage_intacct import errors
from integrations.sandbox.sage_intacct.xmlnames import Field
from integrations.sandbox.sage_intacct.xmltables import WORDS

_DAY, _MOMENT = "%m/%d/%Y", "%m/%d/%Y %H:%M:%S"
_ISO_DAY, _ISO_MOMENT = "%Y-%m-%d", "%Y-%m-%dT%H:%M:%SZ"
_READ = (_MOMENT, _DAY, _ISO_DAY)
"""Moments as ISO 8601 has them are refused by the ledger."""
_FLAGS = {"true": True, "t": True, "yes": True, "false": False, "f": False, "no": False}
_BACK = {form: {word.casefold(): rest for rest, word in reversed(words.items())} for form, words in WORDS.items()}


def shown(field: Field, value: Any) -> str:
    """A REST value as the text of an element; "" for null."""
    if value is None or value == "":
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if field.form in ("date", "moment"):
        return _written(str(value), field.form)
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    return WORDS.get(field.form, {}).get(str(value), str(value))


def _written(text: str, form: str) -> str:
    known = _ISO_DAY if len(text) == len("2026-01-01") else _ISO_MOMENT
    return datetime.strptime(text, known).strftime(_DAY if form == "date" else _MOMENT)  # noqa: DTZ007


def told(field: Field, text: str) -> Any:
    """The REST value of an element's text; None where it is empty. Raises SageError for what has the wrong form."""
    if not text:
        return None
    if field.form in ("date", "moment"):
        return moment(field.name, text).strftime(_ISO_DAY if field.form == "date" else _ISO_MOMENT)
    if field.form == "flag":
        if text.casefold() not in _FLAGS:
            raise _wrong(field.name, text)
        return _FLAGS[text.casefold()]
    if field.form in WORDS:
        return _BACK[field.form].get(text.casefold(), text)
    return text


def wanted(field: Field, text: str) -> Any:
    """What a filter compares with: the text of a date or moment in REST's form, REST's own word, or a plain text."""
    if field.form in ("date", "moment") and not text:
        return None
    found = told(field, text)
    return str(found).lower() if isinstance(found, bool) else found


def moment(name: str, text: str) -> datetime:
    """A date or moment, in a spelling that Intacct reads. Raises SageError."""
    for pattern in _READ:
        try:
            return datetime.strptime(text, pattern)  # noqa: DTZ007
        except ValueError:
            continue
    raise _wrong(name, text)


def _wrong(name: str, text: str) -> errors.SageError:
    return errors.business(f"The value '{text}' of field {name} is not valid.", description="Invalid value",
                           correction="Provide a valid value.")  # fmt: skip
