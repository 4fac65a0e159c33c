"""Prefer: respond-async: 202 with a job, and what became of it (names beside jobId and the states are not verified)."""

import secrets
import threading

from werkzeug.wrappers import Request, Response

from integrations.sandbox import wire
from integrations.sandbox.clock import Clock
from integrations.sandbox.sage_intacct import answers, errors
from integrations.sandbox.wire import Body

READY_AFTER = 2
"""Seconds of the ledger's clock."""
_WRITES = ("POST", "PATCH", "DELETE")
_WHERE = (["objects"], ["workflows"])


class Jobs:
    """What was asked for later; the work itself is done at once. Jobs end with the process."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._known: dict[tuple[str, str], tuple[float, int, Body]] = {}

    def is_wanted(self, request: Request, parts: list[str]) -> bool:
        """Whether a write asks to be answered later."""
        prefers = request.headers.get("Prefer", "").strip() in ("respond-async", "respond-async-serialized")
        return prefers and request.method in _WRITES and parts[:1] in _WHERE

    def accepted(self, company: str, response: Response) -> Response:
        """202 with the job that will tell this answer."""
        job, data = secrets.token_hex(8), response.get_data()
        with self._lock:
            due = self._clock.scaled() + READY_AFTER
            self._known[company, job] = due, response.status_code, wire.parse(data) if data else {}
        answer = answers.one({"jobId": job, "status": "queued"}, 202).response()
        answer.headers["Retry-After"] = str(READY_AFTER)
        return answer

    def status(self, company: str, job: str) -> Response:
        """GET /services/core/async/job-status. Raises 404 for a job of nobody or of another company."""
        with self._lock:
            found = self._known.get((company, job))
        if found is None:
            raise errors.not_found("job", job)
        due, status, body = found
        told: Body = {"jobId": job, "status": "queued"}
        if due <= self._clock.scaled():
            told |= {"status": "delivered", "responseStatus": status, "response": body}
        return answers.one(told).response()

    def clear(self) -> None:
        """Forget all."""
        with self._lock:
            self._known.clear()
