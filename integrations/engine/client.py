"""The only module that speaks HTTP: one client a connection, fenced to the ledger's own hosts, every exchange recorded.

Its failures are the tree of `errors`: what never left is LedgerUnavailable even for a write; once bytes of a write may
have left, anything but a whole, readable answer is OutcomeUnknown.
"""

import threading
import time
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Protocol, Self
from urllib.parse import urlencode, urlsplit

import httpx

from integrations.engine import jsontext, redaction
from integrations.engine.declarations import Connector
from integrations.engine.endpoints import Endpoints
from integrations.engine.errors import (
    ConfigurationError,
    IntegrationError,
    LedgerUnavailable,
    OutcomeUnknown,
    WhoCanFix,
)
from integrations.engine.faults import retry_after
from integrations.engine.limits import Limiter, NoLimiter
from integrations.engine.messages import Answer, RemoteRequest

_KEPT_CHARACTERS = 20_000

# Nothing has reached the ledger when one of these is raised.
_NEVER_LEFT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol, httpx.InvalidURL)


class TokenSource(Protocol):
    """Where a valid access token comes from."""

    def token(self) -> str:
        """The present access token; raises ReauthorizationNeeded when there is none."""

    def renew(self, stale: str) -> str:
        """A newer token than the one that was just refused, by one refresh at a time; raises ReauthorizationNeeded."""


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


class Recorder(Protocol):
    """Where exchanges are kept."""

    def record(self, exchange: Exchange) -> None:
        """Keep one exchange; it holds no secrets."""


class NoRecorder:
    """Keeps nothing: for tools and tests."""

    def record(self, exchange: Exchange) -> None:
        """Forget it."""


class BearerAuth(httpx.Auth):
    """Puts the token on each call; a 401 renews it once and asks again (a refused call has written nothing)."""

    def __init__(self, source: TokenSource) -> None:
        self._source = source

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        token = self._source.token()
        request.headers["Authorization"] = f"Bearer {token}"
        response = yield request
        if response.status_code == 401:
            renewed = self._source.renew(token)
            if renewed != token:
                request.headers["Authorization"] = f"Bearer {renewed}"
                yield request


@dataclass(slots=True)
class _Wire:
    """What one call has come to so far, for its record."""

    started_at: datetime
    began: float
    status: int | None = None
    headers: dict[str, str] = field(default_factory=dict)
    data: bytes = b""
    error_code: str = ""


class Client:
    """HTTP for one connection. Not shared between connections: their pools, tokens and limits are their own."""

    def __init__(
        self,
        connector: Connector,
        endpoints: Endpoints,
        tokens: TokenSource | None = None,
        *,
        limiter: Limiter | None = None,
        recorder: Recorder | None = None,
        transport: httpx.BaseTransport | None = None,
        lane: str = "interactive",
    ) -> None:
        self.connector = connector
        self.endpoints = endpoints
        self.lane = lane
        self.calls = 0
        """How many calls were made, for progress and cost."""
        self._limiter = limiter or NoLimiter()
        self._recorder = recorder or NoRecorder()
        self._lock = threading.Lock()
        http = connector.http
        self._http = httpx.Client(
            transport=transport,
            auth=BearerAuth(tokens) if tokens is not None else None,
            headers={"User-Agent": "LedgerPortal", **http.headers},
            timeout=httpx.Timeout(http.read_seconds, connect=http.connect_seconds, write=http.write_seconds),
            limits=httpx.Limits(max_connections=max(connector.limits.concurrency, 1), max_keepalive_connections=2),
            follow_redirects=False,
            trust_env=False,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give the sockets back."""
        self._http.close()

    def send(self, request: RemoteRequest) -> Answer:
        """The answer to a call of the ledger's API, errors of the ledger raised as ours.

        Raises ConfigurationError, RejectedError, RateLimited, LedgerUnavailable or, for writes, OutcomeUnknown.
        """
        return self._sent(request, checks=True)

    def raw(self, request: RemoteRequest) -> Answer:
        """Like `send`, the answer whatever its status: for a proxy. Raises only when no answer came."""
        return self._sent(request, checks=False)

    def _sent(self, request: RemoteRequest, *, checks: bool) -> Answer:
        headers, content = dict(request.headers), request.encoded()
        if content is not None:
            headers.setdefault("Content-Type", "application/json")
        # Merged, because a link to the next page carries its own query.
        url = httpx.URL(self._url(request)).copy_merge_params({**self.connector.http.params, **request.params})
        built = self._http.build_request(request.method, url, headers=headers, content=content)
        return self._call(built, kind=request.kind, is_write=request.is_write, uses_auth=True, checks=checks)

    def form(self, url: str, data: Mapping[str, str], headers: Mapping[str, str], *, as_json: bool = False) -> Answer:
        """A call of the authorisation server: no bearer token, errors raised as ours."""
        sent = {**headers, "Content-Type": "application/json" if as_json else "application/x-www-form-urlencoded"}
        content = jsontext.dumps(dict(data)) if as_json else urlencode(dict(data)).encode()
        built = self._http.build_request("POST", url, headers=sent, content=content)
        return self._call(built, kind="token", is_write=False, uses_auth=False)

    def _url(self, request: RemoteRequest) -> str:
        return request.path if "://" in request.path else f"{self.endpoints.api}{request.path}"

    def _fence(self, built: httpx.Request) -> None:
        """Refuse every host that neither the manifest nor the environment names."""
        parts = urlsplit(str(built.url))
        if (parts.scheme, parts.netloc.lower()) not in self.endpoints.origins:
            raise ConfigurationError(
                f"{parts.scheme}://{parts.netloc} is no address of {self.connector.label}; the call was not made.",
                code="host_not_allowed",
                remedy="Only the hosts of the connector's manifest or of the environment are called.",
                who_can_fix=WhoCanFix.OPERATOR,
            )

    def _call(self, built: httpx.Request, *, kind: str, is_write: bool, uses_auth: bool, checks: bool = True) -> Answer:
        self._fence(built)
        wire = _Wire(datetime.now(UTC), time.monotonic())
        # Authorisation servers have no part in the API's limits.
        lease = self._limiter.acquire(self.lane, kind) if uses_auth else None
        wait: float | None = None
        try:
            answer = self._exchange(built, wire, is_write=is_write, uses_auth=uses_auth)
            wait = self._refusal(answer)
            if checks:
                self.connector.errors.check(answer, is_write=is_write)
            return answer
        except IntegrationError as error:
            wire.error_code = error.code
            raise
        finally:
            if uses_auth:
                self._limiter.release(lease, retry_after=wait)
            self._record(built, wire, kind)

    def _refusal(self, answer: Answer) -> float | None:
        """For how many seconds the ledger wants to be left alone; None when it did not refuse for speed."""
        if answer.status != 429:
            return None
        told = retry_after(answer.headers.get(self.connector.http.retry_after_header))
        return self.connector.limits.retry_after if told is None else told

    def _exchange(self, built: httpx.Request, wire: _Wire, *, is_write: bool, uses_auth: bool) -> Answer:
        with self._lock:
            self.calls += 1
        try:
            auth = httpx.USE_CLIENT_DEFAULT if uses_auth else None
            response = self._http.send(built, stream=True, auth=auth)
            try:
                wire.status, wire.headers = response.status_code, dict(response.headers)
                wire.data = self._body(response, is_write=is_write)
            finally:
                response.close()
        except httpx.HTTPError as error:
            raise self._broken(error, is_write=is_write) from error
        return self._answer(wire, is_write=is_write)

    def _broken(self, error: httpx.HTTPError, *, is_write: bool) -> IntegrationError:
        label, name = self.connector.label, type(error).__name__
        if isinstance(error, _NEVER_LEFT):
            return LedgerUnavailable(
                f"{label} cannot be reached ({name}).", code="unreachable", ledger_message=str(error)
            )
        if is_write:
            return OutcomeUnknown(f"{label} did not answer a write to its end ({name}).", ledger_message=str(error))
        return LedgerUnavailable(
            f"{label} did not answer to its end ({name}).", code="no_answer", ledger_message=str(error)
        )

    def _body(self, response: httpx.Response, *, is_write: bool) -> bytes:
        """The decoded body, at most `max_bytes` of it: a ledger's mistake must not fill our memory."""
        chunks, size = [], 0
        for chunk in response.iter_bytes():
            size += len(chunk)
            if size > self.connector.http.max_bytes:
                text = f"{self.connector.label} sent more than {self.connector.http.max_bytes:,} bytes."
                raise OutcomeUnknown(text) if is_write else LedgerUnavailable(text, code="answer_too_large")
            chunks.append(chunk)
        return b"".join(chunks)

    def _answer(self, wire: _Wire, *, is_write: bool) -> Answer:
        status = wire.status or 0
        try:
            text = wire.data.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = wire.data.decode("latin-1")
        body, is_json = None, "json" in wire.headers.get("content-type", "")
        try:
            body = jsontext.loads(text) if text and (is_json or text[:1] in "{[") else None
        except ValueError as error:
            if is_json and status < 300:
                message = f"{self.connector.label} broke off in the middle of its answer."
                raise (
                    OutcomeUnknown(message) if is_write else LedgerUnavailable(message, code="broken_answer")
                ) from error
        headers = {name.lower(): value for name, value in wire.headers.items()}
        return Answer(status, headers, body, text, headers.get(self.connector.http.correlation_header, ""))

    def _record(self, built: httpx.Request, wire: _Wire, kind: str) -> None:
        headers = {name.lower(): value for name, value in wire.headers.items()}
        self._recorder.record(
            Exchange(
                method=built.method,
                url=redaction.url(str(built.url)),
                request_headers=redaction.headers(dict(built.headers)),
                request_body=self._shown(built.content, built.headers.get("content-type", "")),
                status=wire.status,
                response_headers=redaction.headers(headers),
                response_body=self._shown(wire.data, headers.get("content-type", "")),
                started_at=wire.started_at,
                seconds=time.monotonic() - wire.began,
                bytes_received=len(wire.data),
                correlation_id=headers.get(self.connector.http.correlation_header, ""),
                error_code=wire.error_code,
                kind=kind,
            )
        )

    def _shown(self, data: bytes, content_type: str) -> str:
        """A body as it may be kept: JSON with its shape, forms and texts redacted, anything else by its size."""
        if not data:
            return ""
        if "form-urlencoded" in content_type:
            return redaction.form(data.decode("utf-8", "replace"))
        if "multipart" in content_type or "pdf" in content_type or "image" in content_type:
            return f"[{len(data):,} bytes of {content_type.split(';')[0]}]"
        return self._shown_text(data)[:_KEPT_CHARACTERS]

    def _shown_text(self, data: bytes) -> str:
        try:
            body: Any = jsontext.loads(data)
        except ValueError:
            # Broken off: what cannot be redacted property by property (a token, a tax number) is not kept.
            if data.lstrip()[:1] in (b"{", b"["):
                return f"[{len(data):,} bytes of JSON that is broken off]"
            return f"[{len(data):,} bytes that are no JSON] {redaction.text(data[:300].decode('utf-8', 'replace'))}"
        return jsontext.dumps(redaction.body(body, personal=self.connector.http.personal)).decode()
