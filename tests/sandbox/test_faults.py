"""Faults on demand and the limits, in process and over real sockets."""

import http.client
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from werkzeug.test import Client

from integrations.sandbox import wire
from integrations.sandbox.app import SandboxApp
from integrations.sandbox.clock import Clock
from integrations.sandbox.server import ConnectionDropped, make_server
from tests.sandbox.driver import Books, connect, control, new_world, read, sale, tokens


class StillClock(Clock):
    """Time stands still until told."""

    def scaled(self) -> float:
        return 1_000_000_000 + self._shift


def _fault(books: Books, **body: Any) -> Any:
    return control(books.client, "/_control/faults", body)


def test_a_status_fault_has_body_and_retry_after(us: Books) -> None:
    _fault(us, path="/invoice", action="status", status=503, body={"oops": 1}, retry_after=7, times=1)
    answer = us.call("POST", "invoice", sale(10))
    assert (answer.status_code, answer.headers["Retry-After"], read(answer)) == (503, "7", {"oops": 1})
    assert us.call("POST", "invoice", sale(10)).status_code == 200


@pytest.mark.parametrize(
    "action", [{"status": 502}, {"type": "status", "status": 502}, {"status": {"status": 502, "body": "<html>"}}]
)
def test_the_action_may_carry_its_own_options(us: Books, action: Any) -> None:
    _fault(us, action=action)
    assert us.call("GET", "preferences").status_code == 502


def test_a_fault_before_leaves_the_books_alone_and_one_after_does_not(us: Books) -> None:
    _fault(us, method="POST", path="/invoice", action="drop_before", times=1)
    with pytest.raises(ConnectionDropped):
        us.call("POST", "invoice", sale(10), requestid="r1")
    assert us.query("select count(*) from Invoice")["totalCount"] == 0
    control(us.client, "/_control/faults", {"method": "POST", "path": "/invoice", "action": "drop_after_commit"})
    with pytest.raises(ConnectionDropped):
        us.call("POST", "invoice", sale(10), requestid="r1")
    us.client.delete("/_control/faults")
    assert us.query("select count(*) from Invoice")["totalCount"] == 1
    again = us.post("invoice", sale(10), requestid="r1")
    assert again["Invoice"]["Id"] == us.query("select * from Invoice")["Invoice"][0]["Id"]


def test_faults_match_by_method_path_query_count_and_organisation(us: Books) -> None:
    other = connect(us.client, name="Other")
    _fault(us, ledger="quickbooks", org=us.realm, method="GET", path="*/query", query="from Invoice", after=1, times=1,
           action="status", status=500)  # fmt: skip
    ask = "select * from Invoice"
    assert other.call("GET", "query", query=ask).status_code == 200
    assert us.call("GET", "query", query="select * from Bill").status_code == 200
    assert [us.call("GET", "query", query=ask).status_code for _ in range(3)] == [200, 500, 200]


def test_the_same_seed_strikes_the_same_calls(us: Books) -> None:
    patterns = []
    for _ in range(2):
        us.client.delete("/_control/faults")
        _fault(us, action="status", status=500, probability=0.5, seed=42)
        patterns.append([us.call("GET", "preferences").status_code for _ in range(20)])
    assert patterns[0] == patterns[1]
    assert set(patterns[0]) == {200, 500}


def test_unknown_fields_appear_everywhere(us: Books) -> None:
    made = us.create("Invoice", sale(10))
    _fault(us, action="unknown_field")
    body = us.get(f"invoice/{made['Id']}")
    assert "SandboxUnknownField" in body["Invoice"]
    assert "SandboxUnknownField" in body["Invoice"]["CustomerRef"]


def test_a_permission_gap_is_403_in_the_ledgers_words(us: Books) -> None:
    _fault(us, path="/bill", action="permission_gap")
    answer = us.call("POST", "bill", {})
    assert answer.status_code == 403
    assert read(answer)["Fault"]["Error"][0]["code"] == "5020"


def test_a_revoked_token_is_dead_for_good(us: Books) -> None:
    _fault(us, action="revoke_token", times=1)
    assert us.call("GET", "preferences").status_code == 401
    assert tokens(us.client, grant_type="refresh_token", refresh_token=us.refresh_token).status_code == 400


def test_a_lost_refresh_answer_has_still_happened(us: Books) -> None:
    control(us.client, "/_control/clock", {"seconds": 86_400})
    _fault(us, action="lose_refresh_response", times=1)
    with pytest.raises(ConnectionDropped):
        tokens(us.client, grant_type="refresh_token", refresh_token=us.refresh_token)
    assert tokens(us.client, grant_type="refresh_token", refresh_token=us.refresh_token).status_code == 400


def test_a_fault_nobody_knows_is_refused(us: Books) -> None:
    assert us.client.post("/_control/faults", json={"action": "explode"}).status_code == 400
    assert us.client.post("/_control/faults", json={}).status_code == 400


@pytest.fixture
def still() -> Books:
    """A company whose limits see no time pass."""
    return connect(Client(SandboxApp(new_world(clock=StillClock()))))


def test_the_eleventh_call_within_a_second_is_throttled_and_recorded(still: Books) -> None:
    statuses = [still.call("GET", "preferences").status_code for _ in range(11)]
    assert statuses == [200] * 10 + [429]
    answer = still.call("GET", "preferences")
    error = read(answer)["Fault"]["Error"][0]
    assert error["code"] == "3001"
    assert error["message" if "message" in error else "Message"] == (
        "message=ThrottleExceeded; errorCode=003001; statusCode=429"
    )
    calls = control(still.client, "/_control/calls")
    assert (calls["over_limit"], calls["calls"][-1]["limit"]) == (2, "10 per second")
    control(still.client, "/_control/clock", {"seconds": 1})
    assert still.call("GET", "preferences").status_code == 200


def test_five_hundred_calls_a_minute_and_forty_batches(still: Books) -> None:
    batch = {"BatchItemRequest": [{"bId": "1", "Query": "select count(*) from Invoice"}]}

    def spread(count: int, path: str, body: Any) -> list[int]:
        found = []
        for number in range(count):
            if number % 10 == 0:
                control(still.client, "/_control/clock", {"seconds": 1})
            found.append(still.call("POST" if body else "GET", path, body).status_code)
        return found

    assert spread(41, "batch", batch) == [200] * 40 + [429]
    assert spread(461, "preferences", None) == [200] * 460 + [429]
    control(still.client, "/_control/clock", {"seconds": 60})
    assert still.call("POST", "batch", batch).status_code == 200


def test_limits_are_per_company(still: Books) -> None:
    other = connect(still.client, name="Other")
    assert [still.call("GET", "preferences").status_code for _ in range(10)] == [200] * 10
    assert other.call("GET", "preferences").status_code == 200


@pytest.fixture
def live() -> Iterator[tuple[Books, int]]:
    """The sandbox behind a real socket."""
    app = SandboxApp(new_world())
    books = connect(Client(app))
    with make_server(app, "127.0.0.1", 0) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield books, int(server.server_address[1])
        server.shutdown()
        thread.join()


def _headers(books: Books) -> dict[str, str]:
    return {"Authorization": f"Bearer {books.token}", "Content-Type": "application/json"}


def _path(books: Books, rest: str) -> str:
    return f"/quickbooks/v3/company/{books.realm}/{rest}"


def test_one_connection_carries_many_calls(live: tuple[Books, int]) -> None:
    books, port = live
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    connection.connect()
    first = connection.sock
    for _ in range(5):
        connection.request("GET", _path(books, "preferences"), headers=_headers(books))
        assert wire.parse(connection.getresponse().read())["Preferences"]["Id"] == "1"
    assert connection.sock is first
    connection.close()


@pytest.mark.parametrize(("action", "count"), [("drop_before", 0), ("drop_after_commit", 1)])
def test_a_dropped_connection_gets_no_byte(live: tuple[Books, int], action: str, count: int) -> None:
    books, port = live
    _fault(books, action=action, path="/invoice")
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    connection.request("POST", _path(books, "invoice"), wire.dump(sale(10)), _headers(books))
    with pytest.raises(http.client.RemoteDisconnected):
        connection.getresponse()
    connection.close()
    assert books.query("select count(*) from Invoice")["totalCount"] == count


def test_a_truncated_answer_ends_in_the_middle(live: tuple[Books, int]) -> None:
    books, port = live
    _fault(books, action="truncate")
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    connection.request("GET", _path(books, "preferences"), headers=_headers(books))
    with pytest.raises(http.client.IncompleteRead):
        connection.getresponse().read()
    connection.close()


def test_chunked_bodies_are_understood(live: tuple[Books, int]) -> None:
    books, port = live
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    data = wire.dump(sale(10))
    connection.request(
        "POST", _path(books, "invoice"), iter([data[:20], data[20:]]), _headers(books), encode_chunked=True
    )
    assert "Invoice" in wire.parse(connection.getresponse().read())
    connection.close()


def test_nonsense_on_the_wire_does_not_stop_the_server(live: tuple[Books, int]) -> None:
    books, port = live
    for junk in (b"\x00\x01\x02\r\n\r\n", b"POST / HTTP/1.1\r\nContent-Length: -5\r\n\r\n"):
        with socket.create_connection(("127.0.0.1", port), timeout=5) as raw:
            raw.sendall(junk)
            assert b"400" in raw.recv(1000)
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    connection.request("GET", "/_control/")
    assert connection.getresponse().status == 200
    connection.close()


def test_many_connections_writing_at_once_write_each_request_once(live: tuple[Books, int]) -> None:
    books, port = live
    found: list[Any] = []

    def write(worker: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        for number in range(12):
            # Every request id is sent by two workers; both must get the one invoice.
            path = _path(books, f"invoice?requestid=w{worker // 2}-{number}")
            connection.request("POST", path, wire.dump(sale(10, code="NON")), _headers(books))
            found.append(wire.parse(connection.getresponse().read())["Invoice"]["Id"])
        connection.close()

    threads = [threading.Thread(target=write, args=(worker,)) for worker in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 96
    assert len(set(found)) == 48
    assert books.query("select count(*) from Invoice")["totalCount"] == 48
    assert books.difference() == 0
