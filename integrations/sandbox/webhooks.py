"""Webhooks: signed deliveries from a background thread, retried like the ledger does."""

import heapq
import itertools
import threading
import time
import urllib.error
import urllib.request
from collections import deque
from dataclasses import dataclass, field
from typing import Any

from integrations.sandbox.clock import Clock
from integrations.sandbox.faces import Delivery, Face
from integrations.sandbox.faults import FaultBook
from integrations.sandbox.wire import Body

GATHERING_SECONDS = 0.1
_RETRIES = (10, 20, 30, 300, 1200, 7200, 14400, 21600)
"""Seconds on the ledger's clock; blogs.intuit.com 2025-10-14."""
_RETRIED = frozenset({408, 429, 500, 502, 503, 504})
_ANSWER_SECONDS = 3
_KEPT = 5000


@dataclass
class Target:
    """Where a ledger's webhooks go."""

    url: str
    key: str
    style: str
    headers: dict[str, str] = field(default_factory=dict)
    """What a person set up to be sent along, such as a secret."""


@dataclass(order=True)
class _Attempt:
    due: float
    order: int
    ledger: str = field(compare=False)
    org: str = field(compare=False)
    target: Target = field(compare=False)
    delivery: Delivery = field(compare=False)
    tries: int = field(compare=False, default=0)


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args: Any) -> None:
        return None


class WebhookSender:
    """Gathers events per organisation for a moment, then sends them until they are accepted."""

    def __init__(self, clock: Clock, faults: FaultBook) -> None:
        self.targets: dict[str, Target] = {}
        self._clock = clock
        self._faults = faults
        self._opener = urllib.request.build_opener(_NoRedirect, urllib.request.ProxyHandler({}))
        self._wake = threading.Condition()
        self._gathered: dict[tuple[str, str], tuple[float, Face, list[Any]]] = {}
        self._queue: list[_Attempt] = []
        self._order = itertools.count()
        self._log: deque[Body] = deque(maxlen=_KEPT)
        self._thread: threading.Thread | None = None
        self._closed = False

    def accept(self, face: Face, org: str, events: list[Any]) -> None:
        """Take events that were just committed; returns at once."""
        if face.name not in self.targets:
            return
        with self._wake:
            key = (face.name, org)
            due, _, waiting = self._gathered.get(key, (time.time() + GATHERING_SECONDS, face, []))
            self._gathered[key] = (due, face, [*waiting, *events])
            self._start()
            self._wake.notify()

    def _start(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="webhooks", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        while not self._closed:
            with self._wake:
                self._enqueue_due()
                attempt = self._next_due()
                if attempt is None:
                    self._wake.wait(self._pause())
                    continue
            self._send(attempt)

    def _enqueue_due(self) -> None:
        now = time.time()
        for key in [key for key, (due, _, _) in self._gathered.items() if due <= now]:
            _, face, events = self._gathered.pop(key)
            target = self.targets.get(face.name)
            if target is not None:
                self._enqueue(face, key[1], target, events)

    def _enqueue(self, face: Face, org: str, target: Target, events: list[Any]) -> None:
        faults = self._faults.for_webhook(face.name, org)
        if "reorder_webhooks" in faults:
            deliveries = [each for event in reversed(events) for each in face.notify([event], target.key, target.style)]
        else:
            deliveries = face.notify(events, target.key, target.style)
        if "duplicate_webhook" in faults:
            deliveries = [*deliveries, *deliveries]
        now = time.time()
        for delivery in deliveries:
            heapq.heappush(self._queue, _Attempt(now, next(self._order), face.name, org, target, delivery))

    def _next_due(self) -> _Attempt | None:
        if self._queue and self._queue[0].due <= time.time():
            return heapq.heappop(self._queue)
        return None

    def _pause(self) -> float | None:
        moments = [due for due, _, _ in self._gathered.values()] + [attempt.due for attempt in self._queue[:1]]
        return max(0.001, min(moments) - time.time()) if moments else None

    def _send(self, attempt: _Attempt) -> None:
        started = time.time()
        status, problem = self._post(attempt)
        retry = status is None or status in _RETRIED
        waits = attempt.delivery.retries or _RETRIES
        again = retry and attempt.tries < len(waits)
        self._log.append({
            "time": started, "ledger": attempt.ledger, "org": attempt.org, "url": attempt.target.url,
            "attempt": attempt.tries + 1, "status": status, "problem": problem, "will_retry": again,
            "body": attempt.delivery.body.decode(),
        })  # fmt: skip
        if again:
            attempt.due = time.time() + waits[attempt.tries] / self._clock.scale
            attempt.tries += 1
            with self._wake:
                heapq.heappush(self._queue, attempt)

    def _post(self, attempt: _Attempt) -> tuple[int | None, str | None]:
        # The control API accepts http and https only.
        request = urllib.request.Request(  # noqa: S310
            attempt.target.url,
            data=attempt.delivery.body,
            headers={**attempt.target.headers, **attempt.delivery.headers},
            method="POST",
        )
        try:
            with self._opener.open(request, timeout=_ANSWER_SECONDS) as answer:
                return int(answer.status), None
        except urllib.error.HTTPError as error:
            error.close()
            return error.code, str(error.reason)
        except (OSError, ValueError) as error:
            return None, str(error)

    def deliveries(self) -> list[Body]:
        """Every attempt so far, oldest first."""
        return list(self._log)

    def clear(self) -> None:
        """Forget targets, waiting deliveries and the log."""
        with self._wake:
            self.targets.clear()
            self._gathered.clear()
            self._queue.clear()
            self._log.clear()

    def close(self) -> None:
        """Stop the thread."""
        with self._wake:
            self._closed = True
            self._wake.notify()
