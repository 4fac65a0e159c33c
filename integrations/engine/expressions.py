"""Tenants' own expressions (JSONata), evaluated in a process of their own that is killed when it does not answer.

An expression is data somebody typed: it may loop, grow, or ask for a regular expression that takes a year. Here it has
a time, a memory and a result of limited size, and nothing else: `evaluator.py` is the program that runs it.
"""

import atexit
import os
import select
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from integrations.engine import jsontext

SECONDS = 0.25
"""Of processor time, for one expression on one record: a busy machine spoils none."""
MOST_BYTES = 64 * 1024
"""Of one result, as JSON."""
LARGEST_INPUT = 4 * 1024 * 1024
_GRACE_SECONDS = 4.0
_IDLE_AT_MOST = 2
_PROGRAM = Path(__file__).with_name("evaluator.py")

_REMEDIES = {
    "too_slow": "Make it simpler: a loop that does not end, or a list multiplied with a list, takes for ever.",
    "too_deep": "Let the function end: every call of itself needs a condition under which there is no further one.",
    "too_much_memory": "Make the result smaller: it repeats or pads a text, or makes a long list.",
    "too_large": "Return the one value that the field holds, not the whole record.",
    "too_long": "Split it: several fields can each have an expression of their own.",
    "refused_function": "Leave it out: the same record must give the same value for ever.",
    "function": "Call the function, such as $uppercase(name), or remove it.",
    "regex": "Write it without looking ahead or behind and without back references.",
    "error": "Compare this place with the record beside it.",
    "ended": "Make it simpler; it used up what an expression may use.",
}
_REMEDY_OF_FIRST = {
    "S": "Correct the expression at this place.",
    "T": "Compare the types at this place with the record beside it: a text is no number, $number(…) makes it one.",
    "D": "Compare this place with the record beside it: the value it works on is not what it expects.",
}


@dataclass(frozen=True, slots=True)
class Nothing:
    """The result of an expression that finds nothing, which is not null."""


NOTHING = Nothing()


@dataclass(frozen=True, slots=True)
class Problem:
    """Why an expression gave no result, where in its text (from 1; 0: nowhere in particular), and what to do."""

    kind: str
    text: str
    remedy: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        return f"{self.place}{self.text} {self.remedy}"

    @property
    def place(self) -> str:
        """`line 2, column 5: `, or nothing."""
        return f"line {self.line}, column {self.column}: " if self.line else ""

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "code": self.kind,
            "message": self.text,
            "remedy": self.remedy,
            "line": self.line,
            "column": self.column,
        }


Result = Any | Nothing | Problem


class Evaluator:
    """One process that evaluates expressions, started when first asked and again after it had to be killed."""

    def __init__(self, *, seconds: float = SECONDS, most: int = MOST_BYTES) -> None:
        self._seconds, self._most = seconds, most
        self._process: subprocess.Popen[bytes] | None = None

    def results(
        self, programs: Sequence[str], given: bytes, variables: Mapping[str, bytes], *, is_check: bool = False
    ) -> list[Result]:
        """What each expression makes of one record; `given` and the variables are JSON. Never raises for an expression.

        A result is plain JSON (numbers with a fraction are Decimal), NOTHING, or a Problem.
        """
        if len(given) > LARGEST_INPUT:
            text = f"The record has {len(given):,} bytes; {LARGEST_INPUT:,} is the most."
            return [Problem("too_large", text, "This record cannot have overrides.") for _ in programs]
        answer = self._answer(programs, given, variables, is_check)
        if answer is not None:
            return [_result(told, text) for told, text in zip(answer, programs, strict=True)]
        if len(programs) == 1:
            text = "It ended the process that evaluated it: out of time, memory or stack."
            return [Problem("ended", text, _REMEDIES["ended"])]
        # Which of them it was shows only one by one; the others keep their results.
        return [self.results([program], given, variables, is_check=is_check)[0] for program in programs]

    def problem(self, program: str) -> Problem | None:
        """What is wrong with an expression before it has seen a record: its spelling, and what it may not use."""
        if not program.strip():
            return Problem("empty", "There is no expression.", "Write one, such as PrivateNote.")
        found = self.results([program], b"null", {}, is_check=True)[0]
        return found if isinstance(found, Problem) else None

    def close(self) -> None:
        """End the process."""
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()
        process.wait()

    def _answer(
        self, programs: Sequence[str], given: bytes, variables: Mapping[str, bytes], is_check: bool
    ) -> list[dict[str, Any]] | None:
        asked = orjson.dumps(
            {
                "programs": list(programs),
                "input": orjson.Fragment(given),
                "variables": {name: orjson.Fragment(value) for name, value in variables.items()},
                "seconds": self._seconds,
                "most": self._most,
                "is_check": is_check,
            }
        )
        deadline = time.monotonic() + self._seconds * len(programs) + _GRACE_SECONDS
        if self._process is None:
            self._process = _started()
            # The process first loads its library; that is not the expression's time.
            deadline += 30.0
        try:
            line = _exchanged(self._process, asked + b"\n", deadline, len(programs) * (self._most + 4096))
            found: list[dict[str, Any]] = jsontext.loads(line)["results"]
        except (OSError, ValueError, KeyError):
            self.close()
            return None
        return found


def _started() -> "subprocess.Popen[bytes]":
    # Isolated (-I): neither the environment nor the working directory decides what it loads. It gets no secrets.
    return subprocess.Popen(  # noqa: S603 - our own program, no shell
        [sys.executable, "-I", "-X", "utf8", str(_PROGRAM)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={},
        close_fds=True,
        start_new_session=True,
    )


def _exchanged(process: "subprocess.Popen[bytes]", asked: bytes, deadline: float, most: int) -> bytes:
    """One line there and one back. Raises TimeoutError, or OSError when the process has ended."""
    if process.stdin is None or process.stdout is None:
        raise BrokenPipeError
    into, out = process.stdin.fileno(), process.stdout.fileno()
    os.set_blocking(into, False)
    waiting, answer = memoryview(asked), bytearray()
    poll = select.poll()
    poll.register(out, select.POLLIN)
    poll.register(into, select.POLLOUT)
    while not answer.endswith(b"\n"):
        ready = dict(poll.poll(max(deadline - time.monotonic(), 0.0) * 1000))
        if not ready:
            raise TimeoutError
        if into in ready:
            waiting = waiting[os.write(into, waiting) :]
            if not waiting:
                poll.unregister(into)
        if out in ready:
            part = os.read(out, 65536)
            answer += part
            if not part or len(answer) > most:
                raise BrokenPipeError
    return bytes(answer)


def _result(told: dict[str, Any], text: str) -> Result:
    if "error" in told:
        error = told["error"]
        kind = str(error["kind"])
        line, column = place_of(text, int(error["position"]))
        remedy = _REMEDIES.get(kind) or _REMEDY_OF_FIRST.get(kind[:1], "Correct the expression.")
        return Problem(kind, str(error["text"]), remedy, line, column)
    return NOTHING if "nothing" in told else told["value"]


def place_of(text: str, position: int) -> tuple[int, int]:
    """Line and column, from 1, of a position in a text; (0, 0) for none."""
    if position < 0:
        return 0, 0
    before = text[: min(position, len(text))]
    return before.count("\n") + 1, max(len(before) - before.rfind("\n") - 1, 1)


# Processes that are used again ----------------------------------------------------------------------------------------


class Evaluators:
    """A few idle processes; one that has seen a tenant's records is only ever used for that tenant."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._idle: list[tuple[str, Evaluator]] = []
        self._owner = os.getpid()
        self._ends_with_us = False

    def take(self, tenant: str) -> Evaluator:
        """An idle one of the tenant, or a new one."""
        with self._lock:
            self._forget_after_fork()
            for place, (owner, evaluator) in enumerate(self._idle):
                if owner == tenant:
                    del self._idle[place]
                    return evaluator
        return Evaluator()

    def give_back(self, tenant: str, evaluator: Evaluator) -> None:
        """Keep it for the tenant's next question; the longest idle one makes room."""
        with self._lock:
            self._forget_after_fork()
            if not self._ends_with_us:
                # What is idle when this process ends is ended and waited for, not left to the garbage collector.
                atexit.register(self.close)
                self._ends_with_us = True
            self._idle.append((tenant, evaluator))
            surplus = self._idle[:-_IDLE_AT_MOST]
            del self._idle[: len(surplus)]
        for _, old in surplus:
            old.close()

    def close(self) -> None:
        """End all idle ones; a forked worker leaves its parent's alone."""
        with self._lock:
            self._forget_after_fork()
            idle, self._idle = self._idle, []
        for _, evaluator in idle:
            evaluator.close()

    def _forget_after_fork(self) -> None:
        """A forked worker shares no process with its parent: two would read each other's answers."""
        if self._owner != os.getpid():
            self._idle, self._owner = [], os.getpid()


EVALUATORS = Evaluators()
