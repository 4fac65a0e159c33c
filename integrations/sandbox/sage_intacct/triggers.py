"""Platform triggers: an HTTP post with a signed context for each change of an object."""

import base64
import hashlib
import hmac
import uuid
from typing import Any

from integrations.sandbox import wire
from integrations.sandbox.books.company import Event
from integrations.sandbox.faces import Delivery
from integrations.sandbox.sage_intacct import forms, kinds
from integrations.sandbox.sage_intacct.books import USER, Books
from integrations.sandbox.wire import Body

_EVENTS = {"create": "after_create", "update": "after_update", "void": "after_update", "delete": "after_delete"}
LIFE = 3600
RETRIES = (10, 30, 90)
"""Seconds between the four attempts."""


def delivery(books: Books, event: Event, client: str, secret: str) -> Delivery | None:
    """The post for one event; None for what has no object."""
    record = books.store.tables[event.kind].get(event.id)
    obj = kinds.object_of(record) if record else None
    if record is None or obj is None:
        return None
    address = {"key": record.id, "id": books.natural(obj, record), "href": f"{obj.href}/{record.id}"}
    shown = address if record.deleted else forms.show(books, obj, record)
    body = wire.dump(shown)
    key = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{event.org}/{obj.path}/{record.id}/{event.operation}/{event.at}"))
    token = signed(event, client, secret, body)
    context = {"COMPANY": event.org, "ENTITY": books.entity_of(record)["id"] or "", "USER": USER,
               "OBJECTNAME": obj.xml, "RESTOBJECTNAME": obj.path, "ID": record.id, "VID": books.natural(obj, record),
               "EVENT": _EVENTS[event.operation], "EVENTNAME": f"{obj.label} {event.operation}"}  # fmt: skip
    return Delivery(body, {
        "Content-Type": "application/json", "Authorization": f"Bearer {token}",
        "x-clientcontext": _base64(context), "X-IA-Sage-Signature": _base64({**context, "JWT": token}),
        "X-IdempotencyKey": key, "Idempotency-Key": key,
    }, RETRIES)  # fmt: skip


def signed(event: Event, client: str, secret: str, body: bytes) -> str:
    """The JWT whose payload_signature is the body's hash; iat is in milliseconds."""
    claims: Body = {
        "iss": "Sage Intacct", "iat": int(event.at * 1000), "exp": int(event.at) + LIFE, "tenant_id": event.org,
        "app_id": client, "payload_signature": hashlib.sha256(body).hexdigest(), "payload_signature_alg": "SHA-256",
    }  # fmt: skip
    text = f"{_part({'alg': 'HS256', 'typ': 'JWT'})}.{_part(claims)}"
    mark = hmac.new(secret.encode(), text.encode(), hashlib.sha256).digest()
    return f"{text}.{base64.urlsafe_b64encode(mark).rstrip(b'=').decode()}"


def _part(value: Any) -> str:
    return base64.urlsafe_b64encode(wire.dump(value)).rstrip(b"=").decode()


def _base64(value: Any) -> str:
    return base64.b64encode(wire.dump(value)).decode()
