"""QuickBooks' answers: the success envelope, the application fault and the lower-case gateway fault."""

import uuid
from typing import Any

from werkzeug.wrappers import Response

from integrations.sandbox import wire
from integrations.sandbox.clock import pacific
from integrations.sandbox.quickbooks.errors import FaultError
from integrations.sandbox.wire import Body

JSON = "application/json;charset=UTF-8"


def trace_id() -> str:
    """A fresh intuit_tid."""
    return f"1-{uuid.uuid4()}"


def respond(data: bytes, status: int, tid: str, content_type: str = JSON) -> Response:
    """Bytes with the headers every QuickBooks answer carries."""
    response = Response(data, status, content_type=content_type)
    response.headers["intuit_tid"] = tid
    response.headers["QBO-Version"] = "2026.11"
    response.headers["Cache-Control"] = "max-age=0, no-cache, no-store, must-revalidate, private"
    response.headers["Expires"] = "0"
    response.headers["Strict-Transport-Security"] = "max-age=15552000"
    response.headers["Vary"] = "Accept-Encoding"
    return response


def answer(body: Body, wall: float, tid: str, status: int = 200) -> Response:
    """A JSON answer closed by its Pacific time."""
    return respond(wire.dump({**body, "time": pacific(wall, milliseconds=True)}), status, tid)


def fault(error: FaultError, wall: float, tid: str) -> Response:
    """An application fault in Pascal case."""
    return answer({"Fault": error.as_fault()}, wall, tid, error.status)


def gateway(code: str, name: str, status: int, detail: str | None, kind: str, wall: float, tid: str) -> Response:
    """A fault of the gateway in front of QuickBooks: lower-case keys, null padding."""
    message = f"message={name}; errorCode=00{code}; statusCode={status}"
    error = {"message": message, "detail": detail, "code": code, "element": None}
    body: dict[str, Any] = {
        "warnings": None, "intuitObject": None, "fault": {"error": [error], "type": kind}, "report": None,
        "queryResponse": None, "batchItemResponse": [], "attachableResponse": [], "syncErrorResponse": None,
        "requestId": None, "time": int(wall * 1000), "status": None, "cdcresponse": [],
    }  # fmt: skip
    return respond(wire.dump(body), status, tid)


def unauthenticated(detail: str, wall: float, tid: str) -> Response:
    """401, code 3200."""
    return gateway("3200", "AuthenticationFailed", 401, detail, "AUTHENTICATION", wall, tid)


def unauthorised(wall: float, tid: str) -> Response:
    """403, code 3100: this token is not for that company."""
    return gateway("3100", "ApplicationAuthorizationFailed", 403, None, "SERVICE", wall, tid)
