"""The WSGI application: finds the ledger, applies the faults, records the call."""

import time
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from werkzeug.wrappers import Request, Response

from integrations.sandbox import wire
from integrations.sandbox.calls import Call
from integrations.sandbox.control import Control
from integrations.sandbox.faces import Face
from integrations.sandbox.faults import FaultRule
from integrations.sandbox.server import ConnectionDropped
from integrations.sandbox.world import World

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

_CONTROL = "/_control"


class SandboxApp:
    """One ledger per first path segment, the control API below /_control."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._control = Control(world)

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Serve one request. Raises ConnectionDropped when a fault says so."""
        with Request(environ) as request:
            if request.path == _CONTROL or request.path.startswith(_CONTROL + "/"):
                response = self._control.answer(request)
            else:
                response = self._ledger(request)
        return response(environ, start_response)

    def _ledger(self, request: Request) -> Response:
        face = self.world.faces.get(request.path.split("/")[1])
        if face is None:
            known = ", ".join(f"/{name}" for name in self.world.faces)
            return Response(f"No ledger here. Ledgers: {known}. Control: {_CONTROL}.\n", 404)
        query = request.query_string.decode("utf-8", "replace")
        call = Call(face.name, request.method, request.path, query)
        face.identify(request, call)
        call.is_unlimited = call.org in self.world.unlimited
        try:
            return self._with_faults(face, request, call)
        except ConnectionDropped:
            call.status = 0
            raise
        finally:
            call.seconds = time.time() - call.started
            self.world.calls.add(call)

    def _with_faults(self, face: Face, request: Request, call: Call) -> Response:
        rules = self.world.faults.for_call(call)
        call.faults = [rule.action for rule in rules]
        response = _before(face, request, rules) or face.answer(request, call)
        response = _after(response, rules)
        call.status = response.status_code
        call.bytes = response.content_length or 0
        return response


def _before(face: Face, request: Request, rules: list[FaultRule]) -> Response | None:
    for rule in rules:
        match rule.action:
            case "delay":
                least = float(rule.options.get("seconds") or rule.options.get("delay") or 1)
                time.sleep(rule.dice.uniform(least, float(rule.options.get("to") or least)))
            case "drop_before":
                raise ConnectionDropped
            case "status":
                return _status(rule)
            case "permission_gap":
                return face.permission_gap()
            case "revoke_token":
                face.revoke_token(request)
    return None


def _status(rule: FaultRule) -> Response:
    options = rule.options
    body = options.get("body", "")
    data = body if isinstance(body, str) else wire.dump(body)
    kind = "text/html; charset=utf-8" if isinstance(body, str) else "application/json;charset=UTF-8"
    response = Response(data, int(options.get("status", 500)), content_type=options.get("content_type", kind))
    if options.get("retry_after") is not None:
        response.headers["Retry-After"] = str(options["retry_after"])
    for name, value in dict(options.get("headers") or {}).items():
        response.headers[name] = str(value)
    return response


def _after(response: Response, rules: list[FaultRule]) -> Response:
    for rule in rules:
        match rule.action:
            case "drop_after_commit" | "lose_refresh_response":
                raise ConnectionDropped
            case "unknown_field":
                response = _with_unknown_fields(response, rule)
            case "truncate":
                response = _truncated(response, rule)
    return response


def _with_unknown_fields(response: Response, rule: FaultRule) -> Response:
    if not (response.content_type or "").startswith("application/json"):
        return response
    name = str(rule.options.get("field", "SandboxUnknownField"))
    value = rule.options.get("value", {"since": "2026", "values": [1, "two", None]})
    response.set_data(wire.dump(_sown(wire.parse(response.get_data()), name, value)))
    return response


def _sown(node: Any, name: str, value: Any) -> Any:
    if isinstance(node, list):
        return [_sown(each, name, value) for each in node]
    if isinstance(node, dict):
        return {key: _sown(each, name, value) for key, each in node.items()} | {name: value}
    return node


def _truncated(response: Response, rule: FaultRule) -> Response:
    data = response.get_data()
    keep = int(rule.options.get("bytes", len(data) // 2))

    def part() -> Iterator[bytes]:
        yield data[:keep]
        raise ConnectionDropped

    cut = Response(part(), response.status_code, response.headers)
    cut.headers["Content-Length"] = str(len(data))
    return cut
