"""Idempotency-Key: the answer to a key is kept for six minutes; another request under it is refused."""

import hashlib
from collections.abc import Callable

from werkzeug.wrappers import Request, Response

from integrations.sandbox.clock import Clock
from integrations.sandbox.xero.errors import ApiError

_SECONDS, _LONGEST = 360.0, 128


class Kept:
    """Answers by organisation and key, on the ledger's own clock."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._kept: dict[tuple[str, str], tuple[float, str, Response]] = {}

    def once(self, org: str, request: Request, serve: Callable[[], Response]) -> tuple[Response, bool]:
        """The answer, and whether it is a repeated one. Raises ApiError for another request under the key."""
        key = request.headers.get("Idempotency-Key", "")
        if not key or request.method == "GET":
            return serve(), False
        if len(key) > _LONGEST:
            raise ApiError(10, "ValidationException", "Idempotency Key is longer than 128 characters.")
        whole = f"{request.method} {request.full_path}".encode() + request.get_data()
        mark, now = hashlib.sha256(whole).hexdigest(), self._clock.scaled()
        held = self._kept.get((org, key))
        if held is not None and held[0] + _SECONDS > now:
            if held[1] != mark:
                raise ApiError(10, "ValidationException", f"Idempotency Key: {key} is used with a different request.")
            return _copy(held[2]), True
        response = serve()
        self._kept[org, key] = (now, mark, _copy(response))
        return response, False

    def forget(self) -> None:
        """No answers."""
        self._kept.clear()


def _copy(response: Response) -> Response:
    return Response(response.get_data(), response.status_code, content_type=response.content_type)
