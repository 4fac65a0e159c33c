"""What the sandbox's operator can do to Zoho Books: faults, webhooks, reset."""

import hashlib
import hmac
from typing import Any

from integrations.sandbox import wire
from integrations.sandbox.world import World
from tests.sandbox.driver import control
from tests.sandbox.zoho_books.driver import Zoho


def test_a_user_without_the_role_is_told_57(zoho: Zoho) -> None:
    control(zoho.client, "/_control/faults", {"ledger": "zoho_books", "action": "permission_gap", "times": 1})
    assert zoho.refused("GET", "items") == (401, 57)
    assert zoho.get("items")["items"]


def test_a_user_can_disconnect_the_app(zoho: Zoho) -> None:
    control(zoho.client, "/_control/faults", {"ledger": "zoho_books", "action": "revoke_token", "times": 1})
    zoho.call("GET", "items")
    assert zoho.refused("GET", "items") == (401, 14)


def test_a_workflow_rule_sends_the_record(zoho: Zoho) -> None:
    application: Any = zoho.client.application
    world: World = application.world
    heard: list[Any] = []
    organisation = world.organisation(zoho.id)
    organisation.store.publish = heard.extend
    bill = zoho.bill()
    deliveries = world.faces["zoho_books"].notify(heard, "secret", "default_payload")
    sent = next(each for each in deliveries if b'"bill"' in each.body)
    body = wire.parse(sent.body)
    assert (body["bill"]["bill_id"], body["operation"]) == (bill["bill_id"], "create")
    signature = hmac.new(b"secret", sent.body, hashlib.sha256).hexdigest()
    assert sent.headers["X-Zoho-Webhook-Signature"] == signature


def test_new_custom_fields_are_known_at_once(zoho: Zoho) -> None:
    zoho.control("changes", {"action": "add_custom_field", "label": "Cost Unit"})
    assert zoho.bill(custom_fields=[{"label": "Cost Unit", "value": "7"}])["custom_field_hash"] == {"cf_cost_unit": "7"}


def test_a_reset_forgets_every_token(zoho: Zoho) -> None:
    control(zoho.client, "/_control/reset", {})
    assert zoho.refused("GET", "items") == (401, 14)
