"""How Xero writes ids, days, moments and envelopes."""

import hashlib
import re
import uuid
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from typing import Any

from werkzeug.wrappers import Response

from integrations.sandbox import wire
from integrations.sandbox.wire import Body

ZERO_ID = "00000000-0000-0000-0000-000000000000"
_SPACE = uuid.UUID("9f3c1a52-6f0e-5d0b-8a52-5b8a2f6f5d10").bytes
_GUID_LENGTH = len(ZERO_ID)
_MILLISECONDS = re.compile(r"/Date\((-?\d+)([+-]\d{4})?\)/")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def guid(*parts: Any) -> str:
    """A lower-case GUID, the same for the same parts."""
    # What `uuid.uuid5` makes, at a third of its cost: every line of a page has one.
    text = hashlib.sha1(_SPACE + ":".join(map(str, parts)).encode(), usedforsecurity=False).hexdigest()
    variant = "89ab"[int(text[16], 16) & 3]
    return f"{text[:8]}-{text[8:12]}-5{text[13:16]}-{variant}{text[17:20]}-{text[20:32]}"


def is_guid(text: str) -> bool:
    """Whether a text is an id of Xero's."""
    if len(text) != _GUID_LENGTH:
        return False
    try:
        return str(uuid.UUID(text)) == text.lower()
    except ValueError:
        return False


def moment(seconds: float, *, offset: bool = True) -> str:
    """Epoch seconds as /Date(ms+0000)/."""
    return f"/Date({int(seconds * 1000)}{'+0000' if offset else ''})/"


@lru_cache(maxsize=5000)
def day(text: str | None) -> str | None:
    """An ISO day as midnight in /Date()/."""
    if not text:
        return None
    return moment((datetime.fromisoformat(text[:10]).replace(tzinfo=UTC) - _EPOCH).total_seconds())


def day_text(text: str) -> str:
    """The string twin of a day."""
    return f"{text[:10]}T00:00:00"


def read_day(value: Any) -> str | None:
    """A day of a body as ISO text. Raises ValueError."""
    if value in (None, ""):
        return None
    match = _MILLISECONDS.fullmatch(str(value))
    if match:
        return (_EPOCH + timedelta(milliseconds=int(match[1]))).date().isoformat()
    return date.fromisoformat(str(value)[:10]).isoformat()


def plain(value: Decimal, places: int = 2) -> Decimal:
    """A number with at most so many places, half up."""
    return value.quantize(_unit(places), ROUND_HALF_UP)


@lru_cache
def _unit(places: int) -> Decimal:
    return Decimal(1).scaleb(-places)


def respond(body: Body, now: float, status: int = 200) -> Response:
    """The envelope: Id, Status, ProviderName, DateTimeUTC, then what was asked for."""
    head = {"Id": str(uuid.uuid4()), "Status": "OK", "ProviderName": "Ledger Portal",
            "DateTimeUTC": moment(now, offset=False)}  # fmt: skip
    return Response(wire.dump(head | body), status, content_type="application/json; charset=utf-8")


def bare(fields: Body) -> Body:
    """Without what is not there."""
    return {name: value for name, value in fields.items() if value is not None}
