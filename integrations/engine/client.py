"""The only module that speaks HTTP: one client a connection, fenced to the ledger's own hosts, every exchange recorded.

Its failures are the tree of `errors`: what never left is LedgerUnavailable even for a write; once bytes of a write may
have left, anything but a whole, readable answer is OutcomeUnknown.
"""

import ssl
import threading
import time
from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from functools import lru_cache
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlencode, urlsplit

import httpx

from integrations.engine import jsontext, xmltext
from integrations.engine.access import Access, TokenSource, access_of
from integrations.engine.ahead import calls_ahead
from integrations.engine.declarations import Connector
from integrations.engine.departures import Departure
from integrations.engine.endpoints import Endpoints
from integrations.engine.errors import (
    ConfigurationError,
    IntegrationError,
    LedgerUnavailable,
    OutcomeUnknown,
    RateLimited,
    ReauthorizationNeeded,
    WhoCanFix,
)
from integrations.engine.exchanges import Exchange, NoRecorder, Recorder, Wire, exchange
from integrations.engine.faults import retry_after
from integrations.engine.interfaces import spoken
from integrations.engine.limits import NOTHING, Heard, heard
from integrations.engine.messages import Answer, RemoteRequest
from integrations.engine.sessions import opened
from integrations.engine.settings import names_in
from integrations.engine.turns import Limiter, NoLimiter, too_long
from integrations.engine.ways import TokenWay

__all__ = ["Client", "Exchange", "NoRecorder", "Recorder"]

_TOO_MANY = 429
# How a manifest's table calls the refusal of a token that may only have ended.
_EXPIRED = "token_expired"

# Nothing has reached the ledger when one of these is raised.
_NEVER_LEFT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol, httpx.InvalidURL)


class HeaderAuth(httpx.Auth):
    """Lets each call in; a 401 renews the token once and asks again (a refused call has written nothing)."""

    def __init__(self, access: Access) -> None:
        self._access = access

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        token = self._access.token()
        self._let_in(request, token)
        response = yield request
        if response.status_code == 401:
            renewed = self._access.renew(token)
            if renewed != token:
                self._let_in(request, renewed)
                yield request

    def _let_in(self, request: httpx.Request, token: str) -> None:
        # A signature that stands in the envelope is not repeated in the header: one proof a call.
        is_signed = request.extensions.get("signed") and self._access.signs
        if not is_signed and (header := self._access.header(token, request.method, str(request.url))):
            request.headers["Authorization"] = header


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
        way: str = "",
        credentials: Mapping[str, str] | None = None,
    ) -> None:
        """`way` is the connection's (the first without); `credentials` what a person typed for it, also secrets."""
        self.connector = connector
        self.endpoints = endpoints
        self.lane = lane
        self.calls = 0
        """How many calls were made, for progress and cost."""
        self._limiter = limiter or NoLimiter()
        self._recorder = recorder or NoRecorder()
        self._lock = threading.Lock()
        http = connector.http
        chosen, places = connector.way(way), {**endpoints.application, **endpoints.places}
        self._access = access_of(chosen, tokens, credentials or {}, places)
        self._opening = chosen.opening if isinstance(chosen, TokenWay) else None
        self._session = ""
        self._params = _placed(http.params, endpoints.places)
        self._ahead = calls_ahead(connector.limits, lane, lambda each: self._limiter.ask(lane, each.kind), self._depart)
        self._http = httpx.Client(
            transport=transport,
            auth=HeaderAuth(self._access) if self._access is not None else None,
            headers={"User-Agent": "LedgerPortal", **_placed(http.headers, endpoints.places)},
            timeout=httpx.Timeout(http.read_seconds, connect=http.connect_seconds, write=http.write_seconds),
            verify=_trusted(),
            limits=httpx.Limits(max_connections=max(connector.limits.concurrency, 1)),
            follow_redirects=False,
            trust_env=False,
        )

    nothing_heard = NOTHING

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give the sockets back, and the places of calls under way."""
        with closing(self._http):
            self._ahead.close()

    def send(self, request: RemoteRequest) -> Answer:
        """The answer to a call of the ledger's API, errors of the ledger raised as ours.

        Raises ConfigurationError, RejectedError, RateLimited, LedgerUnavailable or, for writes, OutcomeUnknown.
        """
        if self._ahead.is_idle or not _may_lead(request):
            return self._sent(request, checks=True)
        flight = self._ahead.flight(request, self._limiter.patience)
        if flight is None:
            raise too_long(self._ahead.held_up_by)
        try:
            return flight.use()
        except ReauthorizationNeeded:
            # The token may have ended meanwhile: asked again like any call, which renews it.
            return self._sent(request, checks=True)

    def expect(self, requests: Iterable[RemoteRequest], *, first: bool = False) -> None:
        """Reads that are sent next, in this order: they may leave now, as far as the limits allow."""
        if self._ahead.at_once > 1:
            self._ahead.expect([each for each in requests if _may_lead(each)], first=first)

    def is_here(self, request: RemoteRequest) -> bool:
        """Whether the answer to an expected read has come and waits to be used."""
        return not self._ahead.is_idle and self._ahead.is_here(request)

    def forget(self) -> None:
        """What was expected is not sent after all."""
        self._ahead.forget()

    def _depart(self, request: RemoteRequest, lease: object) -> Departure:
        try:
            built = self._built(request)
            if self._access is not None:
                token = self._access.token()
                if header := self._access.header(token, request.method, str(built.url)):
                    built.headers["Authorization"] = header
            self._fence(built)
        except Exception:
            self._limiter.release(lease)
            raise
        return Departure(self, request, built, lease, Wire(datetime.now(UTC), time.monotonic()))

    def raw(self, request: RemoteRequest) -> Answer:
        """Like `send`, the answer whatever its status: for a proxy. Raises only when no answer came."""
        return self._sent(request, checks=False)

    def _sent(self, request: RemoteRequest, *, checks: bool) -> Answer:
        if request.interface:
            interface = self.connector.interfaces[request.interface]
            request = spoken(interface, request, {**self.endpoints.application, **self.endpoints.places})
        if not request.sign or self._access is None:
            return self._renewed(request, checks=checks)
        proof = self._proof(self._access)
        try:
            return self._once(self._signed(request, proof), checks=checks)
        except ReauthorizationNeeded:
            # A session may end before its time; what was refused for it has written nothing.
            newer = self._proof(self._access, refused=proof)
            if newer == proof:
                raise
            return self._once(self._signed(request, newer), checks=checks)

    def _renewed(self, request: RemoteRequest, *, checks: bool) -> Answer:
        """The answer; some ledgers call an ended token a bad request, and it is renewed once then as after a 401."""
        try:
            return self._once(request, checks=checks)
        except ReauthorizationNeeded as error:
            if self._access is None or error.code != _EXPIRED:
                raise
            stale = self._access.token()
            if self._access.renew(stale) == stale:
                raise
            return self._once(request, checks=checks)

    def _proof(self, access: Access, *, refused: str = "") -> str:
        """What stands in envelopes: the way's own token, or a session that it opens where envelopes know only those."""
        if self._opening is None:
            return access.renew(refused) if refused else access.token()
        if not self._session or self._session == refused:
            self._session = opened(self, self._opening)
        return self._session

    def _signed(self, request: RemoteRequest, token: str) -> RemoteRequest:
        assert self._access is not None  # noqa: S101 - asked for by a client that has one
        return replace(request, body=self._access.signed(token, request.sign, request.body))

    def _once(self, request: RemoteRequest, *, checks: bool) -> Answer:
        built = self._built(request)
        return self._call(built, kind=request.kind, is_write=request.is_write, uses_auth=True, checks=checks)

    def _built(self, request: RemoteRequest) -> httpx.Request:
        headers, content = dict(request.headers), request.encoded()
        if content is not None:
            headers.setdefault("Content-Type", request.content_type)
        # Merged, because a link to the next page carries its own query.
        url = httpx.URL(self._url(request)).copy_merge_params({**self._params, **request.params})
        built = self._http.build_request(request.method, url, headers=headers, content=content)
        built.extensions = {**built.extensions, "signed": bool(request.sign), "rows_at": request.rows_at}
        return built

    def fetch(self, url: str, *, hosts: Sequence[str]) -> Answer:
        """The answer of an address that the ledger named for a file, on its own hosts or on these; no token leaves."""
        host = (urlsplit(url).hostname or "").lower()
        is_beside = urlsplit(url).scheme == "https" and any(host == h or host.endswith(f".{h}") for h in hosts)
        built = self._http.build_request("GET", url)
        return self._call(built, kind="download", is_write=False, uses_auth=False, is_fenced=not is_beside)

    def form(self, url: str, data: Mapping[str, str], headers: Mapping[str, str], *, as_json: bool = False) -> Answer:
        """A call of the authorisation server: no token, the answer whatever its status."""
        sent = {**headers, "Content-Type": "application/json" if as_json else "application/x-www-form-urlencoded"}
        content = jsontext.dumps(dict(data)) if as_json else urlencode(dict(data)).encode()
        built = self._http.build_request("POST", url, headers=sent, content=content)
        return self._call(built, kind="token", is_write=False, uses_auth=False, checks=False)

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

    def _call(
        self,
        built: httpx.Request,
        *,
        kind: str,
        is_write: bool,
        uses_auth: bool,
        checks: bool = True,
        is_fenced: bool = True,
    ) -> Answer:
        if is_fenced:
            self._fence(built)
        wire = Wire(datetime.now(UTC), time.monotonic())
        self._ahead.rest()
        # Authorisation servers have no part in the API's limits.
        lease = self._limiter.acquire(self.lane, kind, is_write=is_write) if uses_auth else None
        told = NOTHING
        try:
            answer = self._exchange(built, wire, is_write=is_write, uses_auth=uses_auth)
            told = self.heard(answer)
            if checks:
                self.connector.errors.check(answer, is_write=is_write)
            return answer
        except IntegrationError as error:
            wire.error_code = error.code
            if isinstance(error, RateLimited) and wire.status is not None:
                told = self.heard(answer, error)
                error.retry_after = told.retry_after
            raise
        finally:
            if uses_auth:
                self._limiter.release(lease, heard=told)
            self.record(built, wire, kind)

    def record(self, built: httpx.Request, wire: Wire, kind: str) -> None:
        """Keep a call and its answer, redacted."""
        self._recorder.record(exchange(self.connector.http, built, wire, kind))

    def give_back(self, lease: object, told: Heard, ago: float) -> None:
        """The place of a call whose answer came so many seconds ago."""
        self._limiter.release(lease, heard=told, ago=ago)

    def heard(self, answer: Answer, error: RateLimited | None = None) -> Heard:
        """What an answer says about limits: its meters, and how long to stay away when it refuses for speed."""
        return heard(
            self.connector.limits,
            answer.headers,
            is_refusal=answer.status == _TOO_MANY or error is not None,
            told=retry_after(answer.headers.get(self.connector.http.retry_after_header)),
            code=(error.ledger_code if error else "") or "",
        )

    def _exchange(self, built: httpx.Request, wire: Wire, *, is_write: bool, uses_auth: bool) -> Answer:
        auth = httpx.USE_CLIENT_DEFAULT if uses_auth else None
        self.receive(built, wire, is_write=is_write, auth=auth)
        return self.read(wire, is_write=is_write, rows_at=built.extensions.get("rows_at", ()))

    def receive(self, built: httpx.Request, wire: Wire, *, is_write: bool, auth: Any) -> None:
        """Make the call; its answer fills the wire."""
        with self._lock:
            self.calls += 1
        try:
            response = self._http.send(built, stream=True, auth=auth)
            try:
                wire.status, wire.headers = response.status_code, dict(response.headers)
                wire.data = self._body(response, wire, is_write=is_write)
            finally:
                response.close()
        except httpx.HTTPError as error:
            raise self._broken(error, is_write=is_write) from error

    def _broken(self, error: httpx.HTTPError, *, is_write: bool) -> IntegrationError:
        label, name, said = self.connector.label, type(error).__name__, str(error)
        if isinstance(error, _NEVER_LEFT):
            return LedgerUnavailable(f"{label} cannot be reached ({name}).", code="unreachable", ledger_message=said)
        if is_write:
            return OutcomeUnknown(f"{label} did not answer a write to its end ({name}).", ledger_message=said)
        return LedgerUnavailable(f"{label} did not answer to its end ({name}).", code="no_answer", ledger_message=said)

    def _body(self, response: httpx.Response, wire: Wire, *, is_write: bool) -> bytes:
        """The decoded body, at most `max_bytes` of it and within the total time: no answer may hold us for ever."""
        http, label, chunks, size = self.connector.http, self.connector.label, [], 0
        for chunk in response.iter_bytes():
            size += len(chunk)
            chunks.append(chunk)
            text, code = "", ""
            if size > http.max_bytes:
                text, code = f"{label} sent more than {http.max_bytes:,} bytes.", "answer_too_large"
            elif wire.seconds > http.total_seconds:
                text, code = f"{label} had not finished its answer after {wire.seconds:.0f} seconds.", "answer_too_slow"
            if text:
                raise OutcomeUnknown(text) if is_write else LedgerUnavailable(text, code=code)
        return b"".join(chunks)

    def read(self, wire: Wire, *, is_write: bool, rows_at: Sequence[str] = ()) -> Answer:
        """The answer on the wire, parsed; JSON's list at `rows_at` as `jsontext.Rows`."""
        status = wire.status or 0
        try:
            text = wire.data.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = wire.data.decode("latin-1")
        kind = wire.headers.get("content-type", "")
        body, is_data = None, "json" in kind or ("xml" in kind and "html" not in kind)
        try:
            if is_data and "json" not in kind:
                body = xmltext.loads(text, self.connector.xml_lists) if text else None
            elif text and (is_data or text[:1] in "{["):
                body = jsontext.loads_rows(text, rows_at) if rows_at else jsontext.loads(text)
        except ValueError as error:
            if is_data and status < 300:
                message = f"{self.connector.label} broke off in the middle of its answer."
                raise (
                    OutcomeUnknown(message) if is_write else LedgerUnavailable(message, code="broken_answer")
                ) from error
        headers = {name.lower(): value for name, value in wire.headers.items()}
        correlation_id = headers.get(self.connector.http.correlation_header, "")
        return Answer(status, headers, body, text, correlation_id, wire.data, wire.started_at)


@lru_cache(maxsize=1)
def _trusted() -> ssl.SSLContext:
    """The certificates every client trusts; read once, because that costs more than a call."""
    return httpx.create_ssl_context(trust_env=False)


def _may_lead(request: RemoteRequest) -> bool:
    """Whether a call may leave before it is asked for: reads without a proof in their body."""
    return not (request.is_write or request.interface or request.sign)


def _placed(texts: Mapping[str, str], places: Mapping[str, str]) -> dict[str, str]:
    """Headers or parameters for this connection; one whose place is not known yet is left out."""
    known = {name: value for name, value in places.items() if value}
    return {name: text.format_map(known) for name, text in texts.items() if names_in(text) <= set(known)}
