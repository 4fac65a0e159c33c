"""What the sandbox's operator can do to Xero: changes, faults, webhooks, reset."""

import base64
import hashlib
import hmac
from decimal import Decimal
from typing import Any

from integrations.sandbox import wire
from integrations.sandbox.world import World
from integrations.sandbox.xero.face import intents
from tests.sandbox.driver import control, read
from tests.sandbox.xero.driver import Xero, token
from tests.specs import openapi

WEBHOOKS = {"CONTACT": "contacts", "INVOICE": "invoices", "CREDITNOTE": "creditNotes"}


def _world(xero: Xero) -> World:
    application: Any = xero.client.application
    world: World = application.world
    return world


def _signature(key: bytes, body: bytes) -> str:
    return base64.b64encode(hmac.new(key, body, hashlib.sha256).digest()).decode()


def test_a_user_without_the_role_is_forbidden(xero: Xero) -> None:
    control(xero.client, "/_control/faults", {"ledger": "xero", "action": "permission_gap", "times": 1})
    assert xero.call("GET", "Items").status_code == 403
    assert xero.call("GET", "Items").status_code == 200


def test_a_user_can_disconnect_the_app(xero: Xero) -> None:
    control(xero.client, "/_control/faults", {"ledger": "xero", "action": "revoke_token", "times": 1})
    xero.call("GET", "Items")
    assert xero.call("GET", "Items").status_code == 401
    again = token(xero.client, grant_type="refresh_token", refresh_token=xero.refresh)
    assert read(again) == {"error": "invalid_grant"}


def test_a_user_pays_edits_and_voids(xero: Xero) -> None:
    invoice = xero.invoice()
    key = {"resource": "invoices", "id": invoice["InvoiceID"]}
    xero.control("changes", {"action": "edit", **key, "data": {"Reference": "By hand"}})
    assert xero.one(f"Invoices/{invoice['InvoiceID']}")["Reference"] == "By hand"
    xero.control("changes", {"action": "pay", **key, "amount": 20})
    assert xero.one(f"Invoices/{invoice['InvoiceID']}")["AmountDue"] == 100
    other = xero.invoice()
    xero.control("changes", {"action": "void", "resource": "invoices", "id": other["InvoiceID"]})
    assert xero.one(f"Invoices/{other['InvoiceID']}")["Status"] == "VOIDED"
    assert Decimal(xero.difference()) == 0


def test_the_true_books_are_shown_as_the_ledger_shows_them(busy: Xero) -> None:
    truth = {row["InvoiceID"]: row for row in busy.control("documents?resource=invoices")["documents"]}
    for row in busy.get("Invoices", where='Type=="ACCREC"', page="1")["Invoices"]:
        assert truth[row["InvoiceID"]]["Total"] == row["Total"]


def test_webhooks_tell_what_changed_and_are_signed(xero: Xero) -> None:
    world = _world(xero)
    heard: list[Any] = []
    world.organisation(xero.id).store.publish = heard.extend
    made = xero.made("Contacts", {"Name": "Told"})
    credit = xero.credit()
    (delivery,) = world.faces["xero"].notify(heard, "secret", "events")
    assert delivery.headers["x-xero-signature"] == _signature(b"secret", delivery.body)
    body = wire.parse(delivery.body)
    told = {(each["eventCategory"], each["eventType"], each["resourceId"]) for each in body["events"]}
    assert ("CONTACT", "CREATE", made["ContactID"]) in told
    assert ("CREDITNOTE", "CREATE", credit["CreditNoteID"]) in told
    assert {each["tenantId"] for each in body["events"]} == {xero.org}
    assert body["lastEventSequence"] - body["firstEventSequence"] + 1 == len(body["events"])


def test_sequences_of_webhooks_go_on(xero: Xero) -> None:
    world = _world(xero)
    heard: list[Any] = []
    world.organisation(xero.id).store.publish = heard.extend
    seen: list[Any] = []
    for name in ("One", "Two"):
        heard.clear()
        xero.made("Contacts", {"Name": name})
        (delivery,) = world.faces["xero"].notify(heard, "secret", "events")
        seen.append(wire.parse(delivery.body))
    assert seen[1]["firstEventSequence"] == seen[0]["lastEventSequence"] + 1


def test_payments_are_told_of_as_changes_of_their_invoice(xero: Xero) -> None:
    invoice, world = xero.invoice(), _world(xero)
    heard: list[Any] = []
    world.organisation(xero.id).store.publish = heard.extend
    xero.made("Payments", xero.payment(invoice, 20))
    (delivery,) = world.faces["xero"].notify(heard, "secret", "events")
    told = [
        (each["eventCategory"], each["eventType"], each["resourceId"]) for each in wire.parse(delivery.body)["events"]
    ]
    assert told == [("INVOICE", "UPDATE", invoice["InvoiceID"])]


def test_events_fit_the_official_description(xero: Xero) -> None:
    world = _world(xero)
    heard: list[Any] = []
    world.organisation(xero.id).store.publish = heard.extend
    xero.invoice()
    xero.credit()
    xero.made("Contacts", {"Name": "Told"})
    (delivery,) = world.faces["xero"].notify(heard, "secret", "events")
    whole = wire.parse(delivery.body)
    described = openapi.load("xero_webhooks.yaml")
    assert {each["eventCategory"] for each in whole["events"]} == set(WEBHOOKS)
    for event in whole["events"]:
        # Moments have no zone there, in the description's own example too.
        told = {**whole, "events": [{**event, "eventDateUtc": f"{event['eventDateUtc']}Z"}]}
        assert openapi.webhook_faults(described, WEBHOOKS[event["eventCategory"]], wire.dump(told)) == []
        told["events"][0].pop("data" if "data" in event else "resourceId")
        assert openapi.webhook_faults(described, WEBHOOKS[event["eventCategory"]], wire.dump(told)) != []


def test_the_intent_to_receive_is_signed_rightly_and_wrongly() -> None:
    right, wrong = intents("secret")
    assert wire.parse(right.body)["events"] == []
    assert right.headers["x-xero-signature"] == _signature(b"secret", right.body)
    assert wrong.headers["x-xero-signature"] != _signature(b"secret", wrong.body)


def test_a_reset_forgets_every_token(xero: Xero) -> None:
    control(xero.client, "/_control/reset", {})
    assert xero.call("GET", "Items").status_code == 401
