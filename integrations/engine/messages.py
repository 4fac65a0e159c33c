"""What goes over the wire, as plain values: requests before and answers after the client."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from integrations.engine import jsontext, xmltext

_SPELLINGS: Mapping[str, tuple[str, Callable[[Any], bytes]]] = {
    "json": ("application/json", jsontext.dumps),
    "xml": ("text/xml; charset=utf-8", xmltext.dumps),
    "form": ("application/x-www-form-urlencoded", lambda body: urlencode(body).encode()),
}
FORMATS = frozenset(_SPELLINGS)


@dataclass(frozen=True, slots=True)
class RemoteRequest:
    """One call to a ledger's API: `path` follows the API's base URL; `body` goes as JSON unless there is `content`."""

    method: str
    path: str
    params: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    content: bytes | None = None
    remote_type: str = ""
    operation: str = ""
    kind: str = "call"
    """Which of the ledger's limits it counts against: call, batch, report."""
    interface: str = ""
    """Which of the manifest's interfaces says the body; empty: JSON."""
    action: str = ""
    sign: str = ""
    """The signer (`engine/signing.py`) that puts the connection's proof into the body just before it is sent."""
    format: str = "json"
    """How the body is spelled: json, xml or form."""
    rows_at: tuple[str, ...] = ()
    """Where in a JSON answer the list stands whose members are parsed one by one (`jsontext.Rows`)."""

    @property
    def is_write(self) -> bool:
        """Whether losing the answer leaves the ledger's state unknown."""
        return self.operation not in {"", "read", "read_by_key"}

    def encoded(self) -> bytes | None:
        """The exact bytes of the body; equal for equal requests, so that a replay is identical."""
        if self.content is not None:
            return self.content
        return None if self.body is None else _SPELLINGS[self.format][1](self.body)

    @property
    def content_type(self) -> str:
        """What the body is, for the header."""
        return _SPELLINGS[self.format][0]

    def with_params(self, **params: str) -> "RemoteRequest":
        """The same call with more query parameters."""
        return replace(self, params={**self.params, **params})

    def with_headers(self, **headers: str) -> "RemoteRequest":
        """The same call with more headers."""
        return replace(self, headers={**self.headers, **headers})


@dataclass(frozen=True, slots=True)
class Answer:
    """A complete answer: status, lower-case headers, parsed JSON (None when it was none) and the text itself."""

    status: int
    headers: Mapping[str, str]
    body: Any
    text: str
    correlation_id: str = ""
    data: bytes = b""
    """The bytes as they came, for what is neither JSON nor text."""
    asked_at: datetime | None = None
    """When the call left: what changed in the ledger since then may not be in it."""
