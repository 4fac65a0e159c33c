"""Reading ahead: calls whose answers will be asked for next leave before they are asked for.

One thread decides, waits for turns and uses what came; the threads beside it only speak HTTP. So the work behind a
client keeps one connection to the database however many calls are under way, pages are used strictly in order, and an
error shows when its page is reached. What waits to be used is bounded by calls and by bytes.

While a window is open that will shut before all that is expected has left, calls go before the use of answers: an
answer can be used while it is shut, and a call that leaves sooner lets the one that comes a window later leave sooner.
When all that is left fits into the window, answers are used as they come.
"""

import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from queue import Empty, SimpleQueue
from typing import Any, Protocol

import structlog

from integrations.engine.limits import Decision, LimitPolicy
from integrations.engine.messages import Answer, RemoteRequest
from integrations.engine.turns import Turn, shuts_before

log = structlog.get_logger(__name__)

MOST_BYTES = 12_000_000
"""Answers that wait to be used hold at most about so much."""

OLDEST_SECONDS = 120.0
"""An answer that has waited longer is asked for again: what it says may no longer be so."""

# Pages come in bursts, and are stored in the pauses between: small ones are bounded by their bytes, not their number.
_WAITING_PER_PLACE = 12

# Calls go before the use of answers for so long after a window has opened, and wait so long for their turn meanwhile: a
# slow ledger must not keep work from being stored, and its lease from being renewed.
_HURRY_SECONDS = 15.0
_SOON_SECONDS = 0.25
# A turn that is this far away is one after a pause.
_SHUT_SECONDS = 2.0

Key = tuple[Any, ...]


class Flight(Protocol):
    """A call that left before its answer was asked for."""

    request: RemoteRequest
    began: float
    done_at: float | None

    @property
    def bytes(self) -> int:
        """How big the answer is."""

    def fly(self) -> None:
        """Make the call, in another thread; raises nothing."""

    def land(self) -> None:
        """Give its place back, as soon as the answer is there."""

    def use(self) -> Answer:
        """The answer, or what the call raises, once it is done."""


@dataclass
class Ahead:
    """The calls ahead of one client. Not for several threads."""

    ask: Callable[[RemoteRequest], Turn]
    begin: Callable[[RemoteRequest, object], Flight]
    """The call, ready to leave with its lease; gives the lease back when it cannot be made."""
    at_once: int
    shuts: Callable[[int], bool] = lambda calls: False
    """Whether the limits will shut before so many calls have left."""
    _expected: OrderedDict[Key, RemoteRequest] = field(default_factory=OrderedDict)
    _flights: dict[Key, Flight] = field(default_factory=dict)
    _done: "SimpleQueue[Flight]" = field(default_factory=SimpleQueue)
    _arrived: set[int] = field(default_factory=set)
    _under_way: int = 0
    _ask_again_at: float = 0.0
    _is_open: bool = False
    _hurries_until: float = 0.0
    _held_up_by: Decision = field(default_factory=lambda: Decision(True))
    _threads: ThreadPoolExecutor | None = None

    @property
    def is_idle(self) -> bool:
        """Whether nothing is expected, under way or waiting to be used."""
        return not self._expected and not self._flights

    def expect(self, requests: Iterable[RemoteRequest], *, first: bool = False) -> None:
        """These are asked for next, in this order; `first`: before all that was expected until now."""
        new = {_key(request): request for request in requests}
        new = {key: request for key, request in new.items() if key not in self._flights and key not in self._expected}
        self._expected.update(new)
        for key in reversed(new) if first else ():
            self._expected.move_to_end(key, last=False)
        if new and self._is_open:
            self._opened()
        self.go_on()

    def forget(self) -> None:
        """What was expected is not asked for any more; calls under way end unused."""
        self._expected.clear()
        for flight in list(self._flights.values()):
            self._drop(flight)

    def flight(self, request: RemoteRequest, patience: float) -> Flight | None:
        """A call that may have left already, done; None when its turn is more than `patience` seconds away."""
        key = _key(request)
        flight = self._flights.get(key)
        if flight is not None and _is_old(flight):
            self._drop(flight)
            flight = None
        if flight is None:
            self._expected.pop(key, None)
            flight = self._turned(request, patience)
            if flight is None:
                return None
        while True:
            wait = self.go_on()
            if id(flight) in self._arrived:
                if not self._hurries(wait):
                    break
                wait = min(_SOON_SECONDS if wait is None else wait, self._hurries_until - time.monotonic())
            self._settle(wait)
        del self._flights[key]
        self._arrived.discard(id(flight))
        self.go_on()
        return flight

    def is_here(self, request: RemoteRequest) -> bool:
        """Whether the answer to this has come, and is not too old to be used."""
        self._collect()
        flight = self._flights.get(_key(request))
        return flight is not None and id(flight) in self._arrived and not _is_old(flight)

    def go_on(self) -> float | None:
        """Let leave what may leave; seconds until asking again is of use, None when an answer must come first."""
        self._collect()
        while self._expected and self._has_room():
            wait = self._ask_again_at - time.monotonic()
            if wait > 0:
                return wait
            key, request = next(iter(self._expected.items()))
            if not self._try(request):
                return max(self._ask_again_at - time.monotonic(), 0.001)
            del self._expected[key]
        return None

    def _hurries(self, wait: float | None) -> bool:
        """Whether the next call's place is worth waiting for before an answer is used; `wait` is what `go_on` said."""
        if not self._expected or time.monotonic() >= self._hurries_until:
            return False
        is_soon = bool(self._under_way) if wait is None else wait < _SOON_SECONDS
        return is_soon and self._may_hold_more()

    def _opened(self) -> None:
        """Calls leave again: what is expected is more than may leave now, or it is not."""
        if self.shuts(len(self._expected) + self._under_way):
            self._hurries_until = time.monotonic() + _HURRY_SECONDS

    def rest(self) -> None:
        """Give back the places of what is under way: a call that waits for a turn must not wait for them."""
        while self._under_way:
            self._settle(None)

    def close(self) -> None:
        """Nothing more leaves; what is under way is waited for, because it counts."""
        self._expected.clear()
        self.rest()
        for flight in list(self._flights.values()):
            self._drop(flight)
        if self._threads is not None:
            self._threads.shutdown()
            self._threads = None

    def _turned(self, request: RemoteRequest, patience: float) -> Flight | None:
        """The call that is needed now goes before all that is only expected."""
        deadline = time.monotonic() + patience
        while self._under_way >= self.at_once:
            self._settle(None)
        while not self._try(request):
            wait = self._ask_again_at - time.monotonic()
            if time.monotonic() + wait > deadline:
                return None
            self._settle(wait)
        return self._flights[_key(request)]

    @property
    def held_up_by(self) -> Decision:
        """What the last question for a turn was answered."""
        return self._held_up_by

    def _try(self, request: RemoteRequest) -> bool:
        turn = self.ask(request)
        self._held_up_by = turn.decision
        if not turn.is_mine:
            self._ask_again_at = time.monotonic() + turn.decision.wait_seconds
            self._is_open = self._is_open and turn.decision.wait_seconds < _SHUT_SECONDS
            return False
        if not self._is_open:
            self._is_open, self._hurries_until = True, 0.0
            self._opened()
        flight = self._flights[_key(request)] = self.begin(request, turn.lease)
        if self._threads is None:
            self._threads = ThreadPoolExecutor(max(self.at_once, 1), thread_name_prefix="ahead")
        self._under_way += 1
        self._threads.submit(self._fly, flight)
        return True

    def _fly(self, flight: Flight) -> None:
        flight.fly()
        self._done.put(flight)

    def _settle(self, seconds: float | None) -> None:
        """Wait for an answer, so long at most, and give its place back."""
        try:
            self._landed(self._done.get(timeout=None if seconds is None else max(seconds, 0.0)))
        except Empty:
            return

    def _collect(self) -> None:
        while not self._done.empty():
            self._landed(self._done.get())

    def _landed(self, flight: Flight) -> None:
        self._under_way -= 1
        if self._held_up_by.limit == "concurrency":
            self._ask_again_at = 0.0
        self._arrived.add(id(flight))
        flight.land()

    def _has_room(self) -> bool:
        return self._under_way < self.at_once and self._may_hold_more()

    def _may_hold_more(self) -> bool:
        """Whether what waits to be used may become more."""
        if len(self._flights) >= self.at_once * (1 + _WAITING_PER_PLACE):
            return False
        landed = [flight.bytes for flight in self._flights.values() if flight.done_at is not None]
        # What is under way is taken to be as big as the biggest that came.
        return sum(landed) + (self._under_way + 1) * max(landed, default=0) <= MOST_BYTES or not self._flights

    def _drop(self, flight: Flight) -> None:
        """An answer that nobody uses was a call all the same: it is recorded."""
        while id(flight) not in self._arrived:
            self._settle(None)
        del self._flights[_key(flight.request)]
        self._arrived.discard(id(flight))
        try:
            flight.use()
        except Exception as error:  # noqa: BLE001 - nobody asked for it, and who needs it will ask again
            path = flight.request.path
            log.info("an answer that nobody asked for was an error", error=type(error).__name__, path=path)


def calls_ahead(
    policy: LimitPolicy,
    lane: str,
    ask: Callable[[RemoteRequest], Turn],
    begin: Callable[[RemoteRequest, object], Flight],
) -> Ahead:
    """Nothing expected yet; as many at once, and as hurried, as these limits say of the lane."""
    return Ahead(ask, begin, policy.at_once(lane), partial(shuts_before, policy, lane))


def _is_old(flight: Flight) -> bool:
    return time.monotonic() - flight.began > OLDEST_SECONDS


def _key(request: RemoteRequest) -> Key:
    params, headers = sorted(request.params.items()), sorted(request.headers.items())
    return (request.method, request.path, tuple(params), tuple(headers), request.encoded())
