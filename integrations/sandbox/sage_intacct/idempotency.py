"""Idempotency-Key: the first answer again for 48 hours, 409 for another body."""

import hashlib
import threading
from collections.abc import Callable
from datetime import UTC, datetime

from werkzeug.wrappers import Response

from integrations.sandbox import wire
from integrations.sandbox.clock import Clock
from integrations.sandbox.sage_intacct import errors
from integrations.sandbox.sage_intacct.errors import SageError
from integrations.sandbox.storage import Storage

_SCOPE = "_sage_intacct_idempotency"
CACHED, KEPT = 48 * 3600, 60 * 86_400
"""Seconds for which the answer is repeated, and for which the key cannot be used for something else."""
LONGEST = 256


class Replies:
    """Answers by company, app and key; failures are kept as well."""

    def __init__(self, clock: Clock, storage: Storage) -> None:
        self._clock = clock
        self._storage = storage
        self._lock = threading.Lock()
        self._running: set[str] = set()
        self._known = {key: wire.parse(data) for _, key, data in storage.load(_SCOPE)}

    def once(self, owner: str, key: str, asked: bytes, run: Callable[[], Response]) -> Response:
        """The kept answer, or that of `run`. Raises 409 for another body or while the first still runs."""
        if len(key) > LONGEST:
            raise errors.invalid_request(f"The Idempotency-Key is longer than {LONGEST} characters.")
        name, digest = f"{owner}:{key}", hashlib.sha256(asked).hexdigest()
        with self._lock:
            if name in self._running:
                raise _conflict("A request with this Idempotency-Key is being processed.")
            kept = self._kept(name)
            if kept is None:
                self._running.add(name)
        if kept is not None:
            return self._again(kept, digest)
        try:
            response = run()
            self._keep(name, digest, response)
            return response
        finally:
            self._running.discard(name)

    def _kept(self, name: str) -> list[str] | None:
        kept = self._known.get(name)
        is_fresh = kept is not None and self._clock.scaled() - float(kept[1]) < KEPT
        return kept if is_fresh else None

    def _again(self, kept: list[str], digest: str) -> Response:
        first, at, status, body, day = kept
        if first != digest or self._clock.scaled() - float(at) >= CACHED:
            raise _conflict("The Idempotency-Key was used for another request.")
        response = Response(body, int(status), content_type="application/json")
        response.headers["x-ia-idempotency-cached-date"] = day
        return response

    def _keep(self, name: str, digest: str, response: Response) -> None:
        day = datetime.fromtimestamp(self._clock.wall(), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        kept = [digest, str(self._clock.scaled()), str(response.status_code), response.get_data(as_text=True), day]
        with self._lock:
            self._known[name] = kept
            self._storage.save(_SCOPE, [("reply", name, wire.dump(kept))])

    def clear(self) -> None:
        """Forget all."""
        with self._lock:
            self._known.clear()
            self._running.clear()


def _conflict(message: str) -> SageError:
    return SageError(message, status=409, code="idempotencyConflict", error_id="REST-1050")
