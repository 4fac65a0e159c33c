"""REST requests taken apart, and answers put together."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from werkzeug.wrappers import Response

from integrations.sandbox import wire
from integrations.sandbox.sage_intacct.errors import Detail, SageError
from integrations.sandbox.wire import Body


@dataclass(frozen=True)
class Ask:
    """One request below /ia/api/v1, or one part of a composite; `parts` are the steps of its path."""

    method: str
    parts: list[str]
    query: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    is_atomic: bool = False

    @property
    def path(self) -> str:
        """objects/accounts-payable/bill, as errors name it: without keys."""
        return "/".join(self.parts[:3])


@dataclass
class Answer:
    """A status and a body (None for 204); `units` is how many transactions it counts."""

    status: int
    body: Any
    units: int = 1
    headers: dict[str, str] = field(default_factory=dict)

    def response(self) -> Response:
        """As it is sent."""
        data = b"" if self.body is None else wire.dump(self.body)
        return Response(data, self.status, headers=self.headers, content_type="application/json")


def one(result: Any, status: int = 200, units: int = 1) -> Answer:
    """{"ia::result", "ia::meta"} of something that succeeded."""
    total = len(result) if isinstance(result, list) else 1
    meta = {"totalCount": total, "totalSuccess": total, "totalError": 0}
    return Answer(status, {"ia::result": result, "ia::meta": meta}, units)


def many(results: list[Body], status: int) -> Answer:
    """Results in their order, each with ia::status where some failed: then the whole is 207."""
    failed = sum("ia::error" in each for each in results)
    meta = {"totalCount": len(results), "totalSuccess": len(results) - failed, "totalError": failed}
    if not failed:
        return Answer(status, {"ia::result": results, "ia::meta": meta}, len(results))
    told = [each if "ia::status" in each else {**each, "ia::status": status} for each in results]
    return Answer(207, {"ia::result": told, "ia::meta": meta}, len(results))


def href(path: str) -> str:
    """A path with its spaces written as %20."""
    return quote(path, safe="/:%")


def refused(ask: Ask | None, error: SageError) -> Answer:
    """A refusal as the gateway or the API words it."""
    if error.at_top or ask is None:
        inner: Body = {"code": error.code, "message": error.message, "errorId": error.error_id,
                       "details": {"requestId": secrets.token_hex(8)}}  # fmt: skip
        return Answer(error.status, {"ia::error": inner}, 0)
    meta = {"totalCount": 1, "totalSuccess": 0, "totalError": 1}
    return Answer(error.status, {"ia::result": {"ia::error": worded(ask, error)}, "ia::meta": meta})


def worded(ask: Ask, error: SageError) -> Body:
    """The ia::error of a refusal by the API."""
    path, message = ask.path, error.message
    if error.details:
        message = f"{ask.method} request on {path} object was unsuccessful"
    placeholders = {"OPERATION": ask.method, "RESOURCE_NAME": path}
    return {
        "code": error.code, "message": message, "errorId": error.error_id,
        "additionalInfo": {"messageId": "IA.REQUEST_ON_OBJECT_FAILED", "placeholders": placeholders, "propertySet": {}},
        "supportId": support_id(), "details": [_detail(each) for each in error.details],
    }  # fmt: skip


def _detail(detail: Detail) -> Body:
    name = "".join(sign if sign.isalnum() else "_" for sign in detail.message.upper())[:40].strip("_")
    return {"errorId": detail.error_id, "code": detail.code, "message": detail.message,
            "additionalInfo": {"messageId": f"IA.{name}", "placeholders": {}, "propertySet": {}},
            "correction": detail.correction or None}  # fmt: skip


def support_id() -> str:
    """What one tells the support: VXx2JWEB353%7EaTwyuP5M0Zo47mG."""
    return f"{secrets.token_urlsafe(8)[:11]}%7E{secrets.token_urlsafe(14)[:17]}"
