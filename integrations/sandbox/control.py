"""The control API: make organisations, act as their users, break things, see what happened. Loopback only."""

import ipaddress
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map, Rule
from werkzeug.wrappers import Request, Response

from integrations.sandbox import wire
from integrations.sandbox.books.money import ZERO, cents
from integrations.sandbox.faces import BadOrderError
from integrations.sandbox.faults import BadFaultError
from integrations.sandbox.webhooks import Target
from integrations.sandbox.wire import Body
from integrations.sandbox.world import World

_ROUTES = Map([
    Rule("/_control/", methods=["GET"], endpoint="status"),
    Rule("/_control/reset", methods=["POST"], endpoint="reset"),
    Rule("/_control/clock", methods=["POST"], endpoint="advance_clock"),
    Rule("/_control/organisations", methods=["POST"], endpoint="create"),
    Rule("/_control/organisations", methods=["GET"], endpoint="organisations"),
    Rule("/_control/organisations/<key>", methods=["GET"], endpoint="organisation"),
    Rule("/_control/organisations/<key>", methods=["DELETE"], endpoint="remove"),
    Rule("/_control/organisations/<key>/documents", methods=["GET"], endpoint="documents"),
    Rule("/_control/organisations/<key>/trial_balance", methods=["GET"], endpoint="trial_balance"),
    Rule("/_control/organisations/<key>/bank_lines", methods=["GET"], endpoint="bank_lines"),
    Rule("/_control/organisations/<key>/changes", methods=["POST"], endpoint="changes"),
    Rule("/_control/faults", methods=["POST"], endpoint="add_fault"),
    Rule("/_control/faults", methods=["GET"], endpoint="faults"),
    Rule("/_control/faults", methods=["DELETE"], endpoint="clear_faults"),
    Rule("/_control/calls", methods=["GET"], endpoint="calls"),
    Rule("/_control/webhooks", methods=["POST"], endpoint="set_webhooks"),
    Rule("/_control/webhooks", methods=["GET"], endpoint="webhooks"),
])  # fmt: skip


class Control:
    """One method per route; each takes the request and the route's arguments and returns JSON."""

    def __init__(self, world: World) -> None:
        self._world = world

    def answer(self, request: Request) -> Response:
        """Serve a control request; 400 with a sentence when it makes no sense."""
        if not _is_loopback(request.remote_addr):
            return _json({"error": "The control API answers on the loopback interface only."}, 403)
        try:
            endpoint, arguments = _ROUTES.bind_to_environ(request.environ).match()
            handle: Callable[..., Any] = getattr(self, endpoint)
            return _json(handle(request, **arguments))
        except HTTPException as error:
            return _json({"error": f"{request.method} {request.path}: {error.description}"}, error.code or 400)
        except (BadOrderError, BadFaultError, wire.MalformedJsonError) as error:
            return _json({"error": str(error)}, 400)

    def status(self, request: Request) -> Body:
        """What is here."""
        return {
            "ledgers": sorted(self._world.faces),
            "organisations": len(self._world.organisations),
            "time_scale": self._world.clock.scale,
        }

    def reset(self, request: Request) -> Body:
        """Empty everything."""
        self._world.reset()
        return {"reset": True}

    def advance_clock(self, request: Request) -> Body:
        """Let limits and expiries jump ahead by {"seconds": n}."""
        seconds = _body(request).get("seconds")
        if not isinstance(seconds, int) or seconds < 0:
            raise BadOrderError("seconds must be a whole number, zero or more")
        self._world.clock.advance(seconds)
        return {"advanced": seconds}

    def create(self, request: Request) -> Body:
        """A new organisation with history."""
        organisation = self._world.create(_body(request))
        face = self._world.faces[organisation.ledger]
        return organisation.as_json() | {"credentials": face.credentials(organisation)}

    def organisations(self, request: Request) -> Body:
        """All organisations; ?ledger= narrows."""
        ledger = request.args.get("ledger")
        found = [each for each in list(self._world.organisations.values()) if ledger in (None, "", each.ledger)]
        return {"organisations": [each.as_json() for each in found]}

    def organisation(self, request: Request, key: str) -> Body:
        """One organisation with its credentials and specification."""
        found = self._world.organisation(key)
        credentials = self._world.faces[found.ledger].credentials(found)
        return found.as_json() | {"credentials": credentials, "specification": found.specification}

    def remove(self, request: Request, key: str) -> Body:
        """The organisation and its books are gone."""
        return {"removed": self._world.remove(key).id}

    def documents(self, request: Request, key: str) -> Body:
        """The true books of ?resource=."""
        found = self._world.organisation(key)
        resource = request.args.get("resource", "")
        with found.store.lock:
            return self._world.faces[found.ledger].documents(found, resource)

    def trial_balance(self, request: Request, key: str) -> Body:
        """Every account with debit and credit as decimal text, and the totals."""
        found = self._world.organisation(key)
        with found.store.lock:
            balances = self._world.faces[found.ledger].trial_balance(found)
        debits = sum((each.amount for each in balances if each.amount > 0), ZERO)
        credits = -sum((each.amount for each in balances if each.amount < 0), ZERO)

        def text(amount: Decimal) -> str:
            return f"{cents(amount, found.currency):f}"

        rows = [
            {
                "id": each.id,
                "code": each.code,
                "name": each.name,
                "debit": text(max(each.amount, ZERO)),
                "credit": text(max(-each.amount, ZERO)),
            }
            for each in balances
        ]
        totals = {"total_debit": text(debits), "total_credit": text(credits), "difference": text(debits - credits)}
        return {"currency": found.currency, "accounts": rows, **totals}

    def bank_lines(self, request: Request, key: str) -> Body:
        """The bank's own statement; ?truth=1 adds what each line really is."""
        found = self._world.organisation(key)
        if request.args.get("truth"):
            return {"bank_lines": found.statement}
        hidden = ("truth",)
        lines = [{name: value for name, value in line.items() if name not in hidden} for line in found.statement]
        return {"bank_lines": lines}

    def changes(self, request: Request, key: str) -> Body:
        """Act as a user of the ledger: one change, or {"changes": [...]} in order."""
        found = self._world.organisation(key)
        body = _body(request)
        orders = body.get("changes", [body])
        if not isinstance(orders, list) or not all(isinstance(order, dict) for order in orders):
            raise BadOrderError("changes must be a list of objects")
        face = self._world.faces[found.ledger]
        done = [face.change(found, order) for order in orders]
        self._world.keep(found)
        return {"changes": done} if "changes" in body else {**done[0], "changes": done}

    def add_fault(self, request: Request) -> Body:
        """Put a fault in force."""
        return self._world.faults.add(_body(request)).as_json()

    def faults(self, request: Request) -> Body:
        """All faults with how often each struck."""
        return {"faults": self._world.faults.listing()}

    def clear_faults(self, request: Request) -> Body:
        """No faults any more."""
        self._world.faults.clear()
        return {"faults": []}

    def calls(self, request: Request) -> Body:
        """Calls received; ?since= a sequence number or ISO time, ?org= and ?ledger= narrow."""
        try:
            found = self._world.calls.since(request.args.get("since"))
        except ValueError as error:
            raise BadOrderError(f"since must be a sequence number or an ISO 8601 time: {error}") from error
        for name in ("org", "ledger"):
            if wanted := request.args.get(name):
                found = [call for call in found if call[name] == wanted]
        return {"calls": found, "over_limit": sum(call["over_limit"] for call in found)}

    def set_webhooks(self, request: Request) -> Body:
        """Send a ledger's webhooks to {"ledger", "url", "key", "format", "headers"}; no url stops them."""
        body = _body(request)
        ledger = body.get("ledger", "")
        if ledger not in self._world.faces:
            raise BadOrderError(f"no ledger {ledger!r} here")
        if not body.get("url"):
            self._world.aim_webhooks(ledger, None)
            return {"ledger": ledger, "url": None}
        if not str(body["url"]).startswith(("http://", "https://")):
            raise BadOrderError("url must begin with http:// or https://")
        formats = self._world.faces[ledger].formats
        style = body.get("format", formats[0])
        if style not in formats:
            raise BadOrderError(f"format must be {' or '.join(formats)}")
        headers = {str(name): str(text) for name, text in dict(body.get("headers") or {}).items()}
        target = Target(str(body["url"]), str(body.get("key", "")), str(style), headers)
        self._world.aim_webhooks(ledger, target)
        return {"ledger": ledger, "url": target.url, "format": style}

    def webhooks(self, request: Request) -> Body:
        """Targets and every delivery attempted."""
        targets = {name: {"url": each.url, "format": each.style} for name, each in self._world.webhooks.targets.items()}
        return {"targets": targets, "deliveries": self._world.webhooks.deliveries()}


def _is_loopback(address: str | None) -> bool:
    try:
        return ipaddress.ip_address(address or "127.0.0.1").is_loopback
    except ValueError:
        return False


def _body(request: Request) -> Body:
    data = request.get_data()
    body = wire.parse(data) if data else {}
    if not isinstance(body, dict):
        raise BadOrderError("the body must be a JSON object")
    return body


def _json(value: Any, status: int = 200) -> Response:
    return Response(wire.dump(value), status, content_type="application/json")
