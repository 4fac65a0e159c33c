"""What is kept of every call and its answer: enough to see what happened, redacted, cut to size."""

import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from integrations.engine import excerpts, jsontext, redaction
from integrations.engine.declarations import Http

_KEPT_CHARACTERS = 20_000
# Of longer bodies only the beginning is parsed and redacted: a page of a thousand records is megabytes.
_READ_BYTES = _KEPT_CHARACTERS * 5 // 4
# Of a long answer with which all is well, the first few records are enough to see its shape.
_READ_BYTES_WHEN_WELL = 6_000

# What people read in a recorded call; anything else is kept by its size.
_READABLE = ("json", "xml", "text", "html", "csv")


@dataclass(frozen=True, slots=True)
class Exchange:
    """One call and its answer, redacted and cut to size. `status` is None when no answer came; bodies are texts."""

    method: str
    url: str
    request_headers: Mapping[str, str]
    request_body: str
    status: int | None
    response_headers: Mapping[str, str]
    response_body: str
    started_at: datetime
    seconds: float
    bytes_received: int
    correlation_id: str
    error_code: str = ""
    kind: str = "call"


_WELL = range(200, 300)


class Sent(Protocol):
    """What is kept of a request that goes over the wire; `content` is its body."""

    @property
    def method(self) -> str: ...
    @property
    def url(self) -> object: ...
    @property
    def headers(self) -> Mapping[str, str]: ...
    @property
    def content(self) -> bytes: ...


class Recorder(Protocol):
    """Where exchanges are kept."""

    def record(self, exchange: Exchange) -> None:
        """Keep one exchange; it holds no secrets."""


class NoRecorder:
    """Keeps nothing: for tools and tests."""

    def record(self, exchange: Exchange) -> None:
        """Forget it."""


@dataclass(slots=True)
class Wire:
    """What one call has come to so far, for its record."""

    started_at: datetime
    began: float
    status: int | None = None
    headers: dict[str, str] = field(default_factory=dict)
    data: bytes = b""
    error_code: str = ""
    took: float | None = None
    """How long it took, once it is over and waits to be used."""

    @property
    def seconds(self) -> float:
        """How long it has taken until now, or took."""
        return time.monotonic() - self.began if self.took is None else self.took


def exchange(http: Http, built: Sent, wire: Wire, kind: str) -> Exchange:
    """The record of a call; it holds no secrets."""
    headers = {name.lower(): value for name, value in wire.headers.items()}
    return Exchange(
        method=built.method,
        url=redaction.url(str(built.url)),
        request_headers=redaction.headers(dict(built.headers)),
        request_body=_shown(built.content, built.headers.get("content-type", ""), http.personal),
        status=wire.status,
        response_headers=redaction.headers(headers),
        response_body=_shown(
            wire.data,
            headers.get("content-type", ""),
            http.personal,
            most=_READ_BYTES_WHEN_WELL if wire.status in _WELL and not wire.error_code else _READ_BYTES,
        ),
        started_at=wire.started_at,
        seconds=wire.seconds,
        bytes_received=len(wire.data),
        correlation_id=headers.get(http.correlation_header, ""),
        error_code=wire.error_code,
        kind=kind,
    )


def _shown(data: bytes, content_type: str, personal: Collection[str], *, most: int = _READ_BYTES) -> str:
    """A body as it may be kept: JSON with its shape, forms and texts redacted, anything else by its size."""
    if not data:
        return ""
    if "form-urlencoded" in content_type:
        return redaction.form(data.decode("utf-8", "replace"))
    if content_type and not any(word in content_type for word in _READABLE):
        return f"[{len(data):,} bytes of {content_type.split(';')[0]}]"
    return _shown_text(data, personal, most)[:_KEPT_CHARACTERS]


def _shown_text(data: bytes, personal: Collection[str], most: int) -> str:
    beginning = data[: most + 1].lstrip()
    is_long = len(data) > _READ_BYTES
    if beginning[:1] == b"<" and b"<html" not in beginning[:1000].lower():
        text = data[: most if is_long else _READ_BYTES].decode("utf-8", "replace")
        return redaction.xml(excerpts.xml_beginning(text) if is_long else text, personal=personal)
    try:
        return _shown_beginning(data[:most], len(data), personal) if is_long else _shown_json(data, personal)
    except ValueError:
        # Broken off: what cannot be redacted property by property (a token, a tax number) is not kept.
        if beginning[:1] in (b"{", b"["):
            return f"[{len(data):,} bytes of JSON that is broken off]"
        return f"[{len(data):,} bytes that are no JSON] {redaction.text(data[:300].decode('utf-8', 'replace'))}"


def _shown_beginning(data: bytes, size: int, personal: Collection[str]) -> str:
    text, end = excerpts.json_beginning(data.decode("utf-8-sig", "ignore"))
    if not text.strip():
        return f"[{size:,} bytes in one value]"
    return _shown_json(text + end, personal).removesuffix(end) + "…"


def _shown_json(data: bytes | str, personal: Collection[str]) -> str:
    body: Any = jsontext.loads(data)
    return jsontext.dumps(redaction.body(body, personal=personal)).decode()
