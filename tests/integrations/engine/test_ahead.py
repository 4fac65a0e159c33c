"""Reading ahead: in order, as many at once as the limits allow, bounded by calls and bytes, every place given back."""

import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field

import pytest
from structlog.testing import capture_logs

from integrations.engine import ahead as module
from integrations.engine.ahead import Ahead
from integrations.engine.errors import LedgerUnavailable
from integrations.engine.limits import Decision
from integrations.engine.messages import Answer, RemoteRequest
from integrations.engine.turns import Turn


@dataclass
class Flight:
    """A call that a test lets end."""

    request: RemoteRequest
    field_: "Field"
    gate: threading.Event = field(default_factory=threading.Event)
    began: float = field(default_factory=time.monotonic)
    done_at: float | None = None
    bytes: int = 10
    is_landed: bool = False

    def fly(self) -> None:
        self.field_.left.append(self.request.path)
        self.gate.wait(5)
        self.bytes = self.field_.size
        self.done_at = time.monotonic()

    def land(self) -> None:
        self.is_landed = True
        self.field_.under_way -= 1

    def use(self) -> Answer:
        if self.request.path in self.field_.fail:
            raise LedgerUnavailable("The ledger does not answer.")
        self.field_.used.append(self.request.path)
        return Answer(200, {}, None, self.request.path)


@dataclass
class Field:
    """Where they leave from."""

    places: int = 3
    size: int = 10
    ends_at_once: bool = True
    under_way: int = 0
    most: int = 0
    left: list[str] = field(default_factory=list)
    used: list[str] = field(default_factory=list)
    fail: set[str] = field(default_factory=set)
    flights: list[Flight] = field(default_factory=list)

    def ask(self, request: RemoteRequest) -> Turn:
        if self.under_way >= self.places:
            return Turn(None, Decision(False, 0.001, "concurrency"))
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        return Turn(object())

    def begin(self, request: RemoteRequest, lease: object) -> Flight:
        flight = Flight(request, self)
        if self.ends_at_once:
            flight.gate.set()
        self.flights.append(flight)
        return flight

    def end_all(self) -> None:
        for flight in self.flights:
            flight.gate.set()

    def ahead(self, at_once: int = 3) -> Ahead:
        return Ahead(self.ask, self.begin, at_once)


def read(number: int) -> RemoteRequest:
    return RemoteRequest("GET", f"/{number}")


def reads(numbers: Iterable[int]) -> list[RemoteRequest]:
    return [read(number) for number in numbers]


def take(ahead: Ahead, number: int) -> str:
    flight = ahead.flight(read(number), 5)
    assert flight is not None
    return flight.use().text


def test_answers_come_in_the_order_in_which_they_are_asked_for_and_each_call_is_made_once() -> None:
    here = Field()
    ahead = here.ahead()
    ahead.expect(reads(range(12)))
    assert [take(ahead, number) for number in range(12)] == [f"/{number}" for number in range(12)]
    assert sorted(here.left) == sorted(f"/{number}" for number in range(12))
    assert (here.most <= 3, here.under_way, ahead.is_idle) == (True, 0, True)


def test_what_waits_to_be_used_is_bounded_by_calls() -> None:
    here = Field()
    ahead = here.ahead()
    ahead.expect(reads(range(100)))
    for _ in range(50):
        ahead.rest()
        ahead.go_on()
    assert len(here.flights) <= 3 * (1 + module._WAITING_PER_PLACE)
    ahead.close()


def test_what_waits_to_be_used_is_bounded_by_bytes() -> None:
    here = Field(size=module.MOST_BYTES)
    ahead = here.ahead()
    ahead.expect(reads(range(100)))
    for _ in range(20):
        ahead.rest()
        ahead.go_on()
    assert len(here.flights) <= 3
    assert take(ahead, 0) == "/0"
    ahead.close()


def test_an_error_that_nobody_asked_for_is_told_to_the_log_and_stops_nobody() -> None:
    here = Field(fail={"/1"})
    ahead = here.ahead()
    ahead.expect(reads(range(3)))
    ahead.rest()
    with capture_logs() as said:
        ahead.close()
    assert sorted(here.used) == ["/0", "/2"]
    assert [(line["error"], line["path"]) for line in said] == [("LedgerUnavailable", "/1")]


def test_a_call_that_is_needed_now_goes_before_what_is_only_expected() -> None:
    here = Field(places=1)
    ahead = here.ahead(1)
    ahead.expect(reads(range(5)))
    take(ahead, 9)
    assert here.left[:2] == ["/0", "/9"]
    ahead.close()


def test_what_is_expected_first_leaves_before_the_rest() -> None:
    here = Field(ends_at_once=False)
    ahead = here.ahead(1)
    ahead.expect(reads([1, 2]))
    ahead.expect(reads([8, 9]), first=True)
    assert [request.path for request in ahead._expected.values()] == ["/8", "/9", "/2"]
    here.flights[0].gate.set()
    ahead.close()


def test_closing_waits_for_calls_under_way_and_gives_every_place_back() -> None:
    here = Field(ends_at_once=False)
    ahead = here.ahead()
    ahead.expect(reads(range(3)))
    threading.Timer(0.02, here.end_all).start()
    ahead.close()
    assert (here.under_way, [flight.is_landed for flight in here.flights]) == (0, [True] * 3)
    # They were calls all the same: each is recorded.
    assert sorted(here.used) == ["/0", "/1", "/2"]


def test_an_answer_that_waited_too_long_is_asked_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    here = Field()
    ahead = here.ahead()
    ahead.expect(reads([1]))
    here.flights[0].began -= module.OLDEST_SECONDS + 1
    take(ahead, 1)
    assert here.left == ["/1", "/1"]


def test_a_turn_that_is_too_far_away_is_not_waited_for() -> None:
    here = Field()
    ahead = Ahead(lambda request: Turn(None, Decision(False, 60.0, "60 in a minute")), here.begin, 3)
    ahead.expect(reads([1]))
    assert ahead.flight(read(1), 0.5) is None
    assert ahead.held_up_by.limit == "60 in a minute"


@dataclass
class Window(Field):
    """Where so many calls may leave, and then no more for a minute."""

    left_in_window: int = 6

    def ask(self, request: RemoteRequest) -> Turn:
        if not self.left_in_window:
            return Turn(None, Decision(False, 60.0, "6 in a minute"))
        turn = super().ask(request)
        self.left_in_window -= turn.is_mine
        return turn

    def ahead(self, at_once: int = 3) -> Ahead:
        return Ahead(self.ask, self.begin, at_once, lambda calls: calls > 6)


def test_calls_go_before_the_use_of_answers_while_a_window_is_open_that_will_shut() -> None:
    here = Window(ends_at_once=False)
    ahead = here.ahead()
    ahead.expect(reads(range(20)))
    here.flights[0].gate.set()
    threading.Timer(0.1, here.end_all).start()
    threading.Timer(0.3, here.end_all).start()
    take(ahead, 0)
    assert len(here.flights) == 6
    assert here.used == ["/0"]
    here.end_all()
    ahead.close()


def test_answers_are_used_as_they_come_when_all_that_is_left_fits_into_the_window() -> None:
    here = Window(ends_at_once=False)
    ahead = here.ahead()
    ahead.expect(reads(range(6)))
    here.flights[0].gate.set()
    take(ahead, 0)
    assert len(here.flights) <= 4
    here.end_all()
    here.ends_at_once = True
    ahead.close()


def test_an_answer_is_used_when_calls_hurry_for_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_HURRY_SECONDS", 0.02)
    here = Window(ends_at_once=False)
    ahead = here.ahead()
    ahead.expect(reads(range(20)))
    here.flights[0].gate.set()
    assert take(ahead, 0) == "/0"
    assert len(here.flights) <= 4
    here.end_all()
    ahead.close()


def test_hurried_calls_hold_no_more_answers_than_others() -> None:
    here = Window(size=module.MOST_BYTES // 2, left_in_window=100)
    ahead = here.ahead()
    ahead.expect(reads(range(50)))
    take(ahead, 0)
    assert len(here.flights) <= 4
    ahead.close()


def test_after_a_pause_it_is_told_anew_whether_the_window_will_shut() -> None:
    here = Window()
    ahead = here.ahead()
    ahead.expect(reads(range(9)))
    for number in range(6):
        take(ahead, number)
    here.left_in_window = 6
    ahead._ask_again_at = 0.0
    take(ahead, 6)
    assert ahead._hurries_until == 0.0
    ahead.close()
