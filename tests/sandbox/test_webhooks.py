"""Webhooks: both forms, signed, retried, duplicated and reordered on demand."""

import base64
import hashlib
import hmac
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from werkzeug.test import Client
from werkzeug.wrappers import Request, Response

from integrations.sandbox import wire
from integrations.sandbox.app import SandboxApp
from integrations.sandbox.server import make_server
from tests.sandbox.driver import Books, connect, control, new_world, paid, sale

KEY = "verifier-token"


@dataclass
class Receiver:
    """What arrived, and what to answer next."""

    url: str = ""
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)

    def app(self, environ: Any, start_response: Any) -> Any:
        request = Request(environ)
        self.got.append((dict(request.headers), request.get_data()))
        return Response("", self.answers.pop(0) if self.answers else 200)(environ, start_response)

    def bodies(self) -> list[Any]:
        return [wire.parse(data) for _, data in self.got]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A listening endpoint."""
    found = Receiver()
    with make_server(found.app, "127.0.0.1", 0) as server:
        found.url = f"http://127.0.0.1:{server.server_address[1]}/webhooks/quickbooks/"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield found
        server.shutdown()
        thread.join()


def _until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < deadline, "nothing arrived"
        time.sleep(0.01)


def _aim(books: Books, receiver: Receiver, style: str) -> None:
    body = {"ledger": "quickbooks", "url": receiver.url, "key": KEY, "format": style}
    control(books.client, "/_control/webhooks", body)


def test_cloud_events_are_signed_over_the_raw_body(us: Books, receiver: Receiver) -> None:
    _aim(us, receiver, "cloudevents")
    made = us.create("Invoice", sale(10, code="NON"))
    _until(lambda: len(receiver.got) == 1)
    headers, data = receiver.got[0]
    wanted = base64.b64encode(hmac.new(KEY.encode(), data, hashlib.sha256).digest()).decode()
    assert headers["Intuit-Signature"] == wanted
    event = receiver.bodies()[0][0]
    assert event["type"] == "qbo.invoice.created.v1"
    assert (event["intuitentityid"], event["intuitaccountid"]) == (made["Id"], us.realm)


def test_the_classic_form_groups_entities_by_company(us: Books, receiver: Receiver) -> None:
    _aim(us, receiver, "classic")
    invoice = us.create("Invoice", sale(10, code="NON"))
    us.create("Payment", paid(invoice, 10))
    us.control("changes", {"action": "create", "resource": "customers", "name": "By hand"})
    _until(lambda: sum(len(b["eventNotifications"][0]["dataChangeEvent"]["entities"]) for b in receiver.bodies()) == 4)
    entities = [e for b in receiver.bodies() for e in b["eventNotifications"][0]["dataChangeEvent"]["entities"]]
    assert [(e["name"], e["operation"]) for e in entities] == [
        ("Invoice", "Create"), ("Invoice", "Update"), ("Payment", "Create"), ("Customer", "Create"),
    ]  # fmt: skip


def test_a_refused_write_announces_nothing(us: Books, receiver: Receiver) -> None:
    _aim(us, receiver, "classic")
    us.fault("invoice", sale(10, item="999"))
    us.create("Customer", {"DisplayName": "Marker"})
    _until(lambda: len(receiver.got) == 1)
    names = [e["name"] for e in receiver.bodies()[0]["eventNotifications"][0]["dataChangeEvent"]["entities"]]
    assert names == ["Customer"]


def test_a_failed_delivery_is_tried_again(receiver: Receiver) -> None:
    world = new_world()
    world.clock.scale = 1000
    us = connect(Client(SandboxApp(world)))
    receiver.answers = [503, 200]
    _aim(us, receiver, "cloudevents")
    us.create("Customer", {"DisplayName": "Retry"})
    _until(lambda: len(receiver.got) == 2)
    assert receiver.got[0][1] == receiver.got[1][1]
    _until(lambda: len(control(us.client, "/_control/webhooks")["deliveries"]) == 2)
    log = control(us.client, "/_control/webhooks")["deliveries"]
    assert [(entry["status"], entry["will_retry"]) for entry in log] == [(503, True), (200, False)]


def test_deliveries_are_duplicated_and_reordered_on_demand(us: Books, receiver: Receiver) -> None:
    _aim(us, receiver, "classic")
    control(us.client, "/_control/faults", {"action": "duplicate_webhook"})
    control(us.client, "/_control/faults", {"action": "reorder_webhooks"})
    us.post("batch", {"BatchItemRequest": [
        {"bId": "1", "operation": "create", "Customer": {"DisplayName": "First"}},
        {"bId": "2", "operation": "create", "Vendor": {"DisplayName": "Second"}},
    ]})  # fmt: skip
    _until(lambda: len(receiver.got) == 4)
    names = [b["eventNotifications"][0]["dataChangeEvent"]["entities"][0]["name"] for b in receiver.bodies()]
    assert names == ["Vendor", "Customer", "Vendor", "Customer"]


def test_only_web_addresses_are_accepted(us: Books) -> None:
    answer = us.client.post("/_control/webhooks", json={"ledger": "quickbooks", "url": "file:///etc/passwd"})
    assert answer.status_code == 400
