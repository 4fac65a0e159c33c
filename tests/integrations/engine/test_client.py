"""The client: what it lets out, what it keeps of it, and what each failure on the way means."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import httpx
import pytest

from integrations.engine import errors
from integrations.engine.client import Client
from integrations.engine.faults import Rule
from integrations.engine.limits import NOTHING, Heard
from integrations.engine.messages import RemoteRequest
from integrations.engine.turns import Turn
from tests.integrations.engine.company import Company, Tokens, fault, said

WRITE = RemoteRequest("POST", "/v3/company/1/invoice", body={"Id": "1"}, operation="create")
READ = RemoteRequest("GET", "/v3/company/1/invoice/1", operation="read")


class Turns:
    """A limiter that remembers its leases and what they were given back with."""

    patience = 1.0

    def __init__(self) -> None:
        self.taken: list[tuple[str, str]] = []
        self.given_back: list[float | None] = []

    def acquire(self, lane: str, endpoint_kind: str, *, is_write: bool = False) -> object:
        self.taken.append((lane, endpoint_kind))
        return len(self.taken)

    def ask(self, lane: str, endpoint_kind: str, *, is_write: bool = False) -> Turn:
        return Turn(self.acquire(lane, endpoint_kind, is_write=is_write))

    def release(self, lease: object, *, heard: Heard = NOTHING, ago: float = 0.0) -> None:
        self.given_back.append(heard.retry_after)


def send(answer: Any, request: RemoteRequest = READ) -> Any:
    return Company([answer]).client.send(request)


@pytest.mark.parametrize(
    ("failure", "of_a_write", "of_a_read"),
    [
        (httpx.ConnectError("refused"), errors.LedgerUnavailable, errors.LedgerUnavailable),
        (httpx.ConnectTimeout("slow"), errors.LedgerUnavailable, errors.LedgerUnavailable),
        (httpx.PoolTimeout("full"), errors.LedgerUnavailable, errors.LedgerUnavailable),
        (httpx.WriteTimeout("slow"), errors.OutcomeUnknown, errors.LedgerUnavailable),
        (httpx.WriteError("broken pipe"), errors.OutcomeUnknown, errors.LedgerUnavailable),
        (httpx.ReadTimeout("slow"), errors.OutcomeUnknown, errors.LedgerUnavailable),
        (httpx.ReadError("reset"), errors.OutcomeUnknown, errors.LedgerUnavailable),
        (httpx.RemoteProtocolError("closed"), errors.OutcomeUnknown, errors.LedgerUnavailable),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else value.__name__,
)
def test_a_broken_call_is_unknown_only_where_bytes_of_a_write_may_have_left(
    failure: Exception, of_a_write: type[Exception], of_a_read: type[Exception]
) -> None:
    with pytest.raises(errors.TransientError) as write:
        send(failure, WRITE)
    assert type(write.value) is of_a_write
    with pytest.raises(errors.TransientError) as read:
        send(failure, READ)
    assert type(read.value) is of_a_read


@pytest.mark.parametrize("status", [408, 500, 502, 503, 504])
def test_a_gateways_page_of_html_after_a_write_leaves_its_outcome_unknown(status: int) -> None:
    page = httpx.Response(status, text="<html>Bad gateway</html>", headers={"content-type": "text/html"})
    with pytest.raises(errors.OutcomeUnknown):
        send(page, WRITE)


def test_a_gateways_page_of_html_after_a_read_is_no_riddle_and_not_shown() -> None:
    page = httpx.Response(
        503, text="<html>secret hint</html>", headers={"content-type": "text/html", "retry-after": "7"}
    )
    with pytest.raises(errors.LedgerUnavailable) as caught:
        send(page)
    assert caught.value.retry_after == 7
    assert "html" not in caught.value.message


@pytest.mark.parametrize(("request_", "kind"), [(WRITE, errors.OutcomeUnknown), (READ, errors.LedgerUnavailable)])
def test_an_answer_that_breaks_off_is_not_believed(request_: RemoteRequest, kind: type[Exception]) -> None:
    broken = httpx.Response(200, text='{"Invoice": {"Id": "1', headers={"content-type": "application/json"})
    with pytest.raises(kind):
        send(broken, request_)


def test_a_token_that_was_refused_is_renewed_once_and_the_call_repeated() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        return said({"Invoice": {"Id": "1"}}, 200 if request.headers["Authorization"] == "Bearer fresh" else 401)

    company = Company(answer)
    assert company.client.send(READ).status == 200
    assert len(company.requests) == 2


def test_a_token_refused_twice_asks_for_a_new_consent() -> None:
    company = Company(lambda request: said({"fault": {"error": [{"code": "3200"}], "type": "AUTHENTICATION"}}, 401))
    with pytest.raises(errors.ReauthorizationNeeded) as caught:
        company.client.send(READ)
    assert caught.value.who_can_fix == "owner"
    assert len(company.requests) == 2


@pytest.mark.parametrize(("accepted", "calls"), [("Bearer fresh", 2), ("nothing", 2)])
def test_an_ended_token_that_is_called_a_bad_request_is_renewed_once_too(accepted: str, calls: int) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        is_let_in = request.headers["Authorization"] == accepted
        return said({"Invoice": {"Id": "1"}}) if is_let_in else fault("10", "Invalid token", status=400)

    company = Company(answer)
    ended = Rule(
        errors.ReauthorizationNeeded, "token_expired", "", "", "", statuses=frozenset({400}), text="invalid token"
    )
    connector = company.client.connector
    table = replace(connector.errors, rules=(ended, *connector.errors.rules))
    company.client.connector = replace(connector, errors=table)
    if accepted == "nothing":
        with pytest.raises(errors.ReauthorizationNeeded):
            company.client.send(WRITE)
    else:
        assert company.client.send(WRITE).status == 200
    assert len(company.requests) == calls


def test_no_other_host_is_ever_called() -> None:
    company = Company([])
    for url in ("https://169.254.169.254/latest", "http://ledger.test/v3", "https://ledger.test.evil.example/"):
        with pytest.raises(errors.ConfigurationError) as caught:
            company.client.send(RemoteRequest("GET", url))
        assert caught.value.code == "host_not_allowed"
    assert company.requests == []


def test_an_id_cannot_climb_out_of_its_path() -> None:
    company = Company([said({"Invoice": {"Id": "1"}})])
    company.ledger.read("invoices", "../../companyinfo/2?x=1")
    assert company.requests[0].url.raw_path.startswith(b"/v3/company/9341/invoice/..%2F..%2Fcompanyinfo%2F2%3Fx%3D1")


def test_a_redirect_is_not_followed() -> None:
    with pytest.raises(errors.ConfigurationError) as caught:
        send(httpx.Response(302, headers={"location": "http://169.254.169.254/"}))
    assert caught.value.code == "redirected"


def test_an_endless_answer_is_cut_off() -> None:
    from dataclasses import replace

    company = Company([])
    small = replace(company.client.connector, http=replace(company.client.connector.http, max_bytes=1000))
    transport = httpx.MockTransport(lambda request: httpx.Response(200, content=b" " * 5000))
    client = Client(small, company.endpoints(), Tokens(), transport=transport)
    with pytest.raises(errors.LedgerUnavailable) as caught:
        client.send(READ)
    assert caught.value.code == "answer_too_large"
    with pytest.raises(errors.OutcomeUnknown):
        client.send(WRITE)


def _with_turns(handler: Callable[[httpx.Request], httpx.Response]) -> tuple[Client, Turns]:
    company, turns = Company([]), Turns()
    transport = httpx.MockTransport(handler)
    return Client(
        company.client.connector, company.endpoints(), Tokens(), limiter=turns, transport=transport, lane="backfill"
    ), turns


def test_every_call_takes_a_turn_and_gives_it_back_whatever_happens() -> None:
    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    client, turns = _with_turns(refuse)
    with pytest.raises(errors.LedgerUnavailable):
        client.send(READ)
    assert turns.taken == [("backfill", "call")]
    assert turns.given_back == [None]


@pytest.mark.parametrize(("headers", "wait"), [({"retry-after": "3"}, 3.0), ({}, 60.0)])
def test_a_refusal_for_speed_tells_the_limiter_how_long_to_stay_away(headers: dict[str, str], wait: float) -> None:
    client, turns = _with_turns(lambda request: said({"Fault": {"Error": [{"code": "3001"}]}}, 429, **headers))
    with pytest.raises(errors.RateLimited) as caught:
        client.send(WRITE)
    assert caught.value.retry_after == wait
    assert turns.given_back == [wait]


def test_what_is_kept_of_an_exchange_holds_no_secrets_and_no_bank_data() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        body = {"Vendor": {"Id": "1", "TaxIdentifier": "123-45-6789", "Notes": "IBAN DE89 3704 0044 0532 0130 00"}}
        return said(body, 200, **{"set-cookie": "session=abc"})

    company = Company(answer)
    sent = {"SSN": "111-22-3333", "DisplayName": "Bob", "CCDetail": {"Number": "4111111111111111"}}
    company.client.send(RemoteRequest("POST", "/v3/company/1/vendor", body=sent, operation="create"))
    (kept,) = company.recorded.exchanges
    everything = repr(kept)
    for secret in ("stale", "123-45-6789", "111-22-3333", "4111111111111111", "session=abc", "3704 0044"):
        assert secret not in everything
    assert json.loads(kept.request_body)["DisplayName"] == "Bob"
    assert (kept.method, kept.status, kept.correlation_id, kept.error_code) == ("POST", 200, "1-tid", "")
    assert kept.bytes_received > 0


def test_a_failure_is_kept_with_its_code() -> None:
    company = Company([fault("6240")])
    with pytest.raises(errors.RejectedError):
        company.client.send(WRITE)
    assert company.recorded.exchanges[0].error_code == "duplicate_name"


def test_without_an_answer_the_exchange_is_kept_with_no_status() -> None:
    company = Company([httpx.ReadTimeout("slow")])
    with pytest.raises(errors.OutcomeUnknown):
        company.client.send(WRITE)
    assert company.recorded.exchanges[0].status is None


def test_a_raw_call_returns_the_ledgers_refusal_instead_of_raising_it() -> None:
    assert Company([fault("610")]).client.raw(READ).status == 400


def test_an_answer_that_drips_does_not_hold_us_for_ever() -> None:
    def dripping() -> Iterator[bytes]:
        while True:
            yield b" "

    company = Company([httpx.Response(200, content=dripping()), httpx.Response(200, content=dripping())])
    hurried = replace(company.client.connector.http, total_seconds=0.05)
    company.client.connector = replace(company.client.connector, http=hurried)
    with pytest.raises(errors.LedgerUnavailable, match="had not finished its answer") as caught:
        company.client.send(READ)
    assert caught.value.code == "answer_too_slow"
    with pytest.raises(errors.OutcomeUnknown, match="had not finished its answer"):
        company.client.send(WRITE)


def test_an_answer_keeps_its_bytes_and_a_file_is_recorded_by_its_size() -> None:
    company = Company([httpx.Response(200, content=b"\xff\xd8\x00", headers={"content-type": "image/jpeg"})])
    assert company.client.send(READ).data == b"\xff\xd8\x00"
    assert company.recorded.exchanges[0].response_body == "[3 bytes of image/jpeg]"


def test_secrets_in_xml_are_not_kept() -> None:
    body = b"<control><senderid>us</senderid><password kind='x'>p4ss</password><ns:token>t0k</ns:token></control>"
    company = Company([said({})])
    company.client.send(RemoteRequest("POST", "/x", content=body, headers={"Content-Type": "application/xml"}))
    kept = company.recorded.exchanges[0].request_body
    assert "<senderid>us</senderid>" in kept
    assert "p4ss" not in kept
    assert "t0k" not in kept


def test_every_connection_has_sockets_of_its_own_as_many_as_its_calls_at_once() -> None:
    # One pool for all connections costs more processor time than all their calls together.
    one, other = Company([]).client, Company([]).client
    assert one._http is not other._http
    assert one._http._transport is not other._http._transport
    assert one.connector.limits.concurrency == 10
    assert one._ahead.at_once == one.connector.limits.at_once(one.lane)


def test_a_call_counts_from_its_answer_however_late_it_is_used() -> None:
    gate = Turns()
    client = Company(lambda request: httpx.Response(200, json={"n": str(request.url)})).client
    client._limiter = gate
    reads = [RemoteRequest("GET", f"/v3/{number}") for number in range(3)]
    client.expect(reads)
    client._ahead.rest()
    assert (len(gate.taken), len(gate.given_back)) == (3, 3)
    assert [client.send(each).status for each in reads] == [200, 200, 200]
    assert len(gate.taken) == 3
    client.close()


def test_a_write_beside_reads_that_left_ahead_waits_for_no_turn_of_theirs() -> None:
    client = Company(lambda request: httpx.Response(200, json={})).client
    client.expect([RemoteRequest("GET", "/v3/1"), RemoteRequest("GET", "/v3/2")])
    client.send(RemoteRequest("POST", "/v3/3", operation="create", body={}))
    assert client._ahead._under_way == 0
    client.close()
