"""The program that evaluates tenants' expressions: a process of its own, without files, network or children.

Run as `python -I evaluator.py`; never imported by the portal. It reads one JSON object a line and answers one a line:

    {"programs": [text, …], "input": any JSON, "variables": {name: any JSON}, "seconds": s, "most": bytes}
    {"results": [{"value": …} | {"nothing": true} | {"error": {"kind", "text", "position"}}, …]}

Whatever an expression does, it ends: by an alarm (seconds of each program), by the memory limit of the process, or by
the parent, which kills it. It sees nothing but what it was sent: no further file or socket can be opened, because the
process may have no more file descriptors than it was started with.
"""

import json
import os
import resource
import signal
import sys
from collections.abc import Callable, Mapping
from functools import lru_cache, partial
from types import FrameType
from typing import Any

import re2
from jsonata import JException, Jsonata
from jsonata.utils import Utils

MEMORY_BYTES = 320 * 1024 * 1024
LONGEST_PROGRAM = 8_000
DEEPEST = 2_500
"""Python frames: about two hundred calls of functions within each other."""
_REGEX_BYTES = 4 * 1024 * 1024
_EXACT_DIGITS = 15

REFUSED = {
    "eval": "evaluates a text as an expression",
    "random": "gives another value each time",
    "shuffle": "gives another order each time",
    "now": "gives another value each time",
    "millis": "gives another value each time",
}
"""Functions that are not there: the same record and version must give the same result for ever."""


class Refused(Exception):
    """An expression that is not evaluated; `kind` names why."""

    def __init__(self, kind: str, text: str, position: int = -1) -> None:
        super().__init__(text)
        self.kind, self.position = kind, position


class OutOfTime(BaseException):
    """The alarm. No `except Exception` on its way keeps it."""


def confine() -> None:
    """Give up what evaluating does not need, for good."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))
    # The next descriptor would be the first one too many: no file, no socket, no pipe.
    first_free = os.dup(0)
    os.close(first_free)
    resource.setrlimit(resource.RLIMIT_NOFILE, (first_free, first_free))
    sys.setrecursionlimit(DEEPEST)


def pattern(text: str, flags: Any) -> Any:
    """A regular expression that takes time in proportion to the text it is matched with (RE2), never more."""
    options = re2.Options()
    options.case_sensitive = not flags.case_insensitive
    options.max_mem = _REGEX_BYTES
    options.log_errors = False
    try:
        return re2.compile(f"(?m:{text})" if flags.multiline else text, options)
    except re2.error as error:
        told = error.args[0].decode(errors="replace") if isinstance(error.args[0], bytes) else str(error)
        raise Refused("regex", f"The regular expression /{text}/ is not understood: {told}") from error


@lru_cache(maxsize=256)
def compiled(text: str) -> Jsonata:
    """The parsed expression. Raises JException or Refused."""
    if len(text) > LONGEST_PROGRAM:
        raise Refused("too_long", f"It has {len(text):,} characters; {LONGEST_PROGRAM:,} is the most.")
    program = Jsonata(text, regex_engine=pattern)
    for name, position in variables(program.ast):
        if name in REFUSED:
            raise Refused("refused_function", f"${name} cannot be used: it {REFUSED[name]}.", position)
    for name in REFUSED:
        program.register_lambda(name, refusal(name))
    return program


def refusal(name: str) -> Callable[..., Any]:
    """What stands in place of a refused function, should a name ever be reached another way."""

    def refuse(*given: Any) -> Any:
        raise Refused("refused_function", f"${name} cannot be used: it {REFUSED[name]}.")

    return refuse


def variables(tree: Any) -> list[tuple[str, int]]:
    """Every variable that an expression names, with where it stands."""
    found, seen, waiting = [], set(), [tree]
    while waiting:
        node = waiting.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        if isinstance(node, list | tuple):
            waiting.extend(node)
        elif hasattr(node, "position"):
            if getattr(node, "type", None) == "variable" and isinstance(getattr(node, "value", None), str):
                found.append((node.value, getattr(node, "position", -1)))
            waiting.extend(value for name, value in vars(node).items() if name != "_outer_instance")
    return found


def result_of(work: Callable[[], dict[str, Any]], seconds: float) -> dict[str, Any]:
    """What comes of one expression, or why nothing, within its time."""
    try:
        try:
            # Again and again: an alarm that strikes where exceptions are dropped (a destructor) is lost.
            signal.setitimer(signal.ITIMER_PROF, seconds, seconds / 4)
            return outcome_of(work)
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
    except OutOfTime as alarm:
        signal.setitimer(signal.ITIMER_PROF, 0)
        return failed("too_slow", f"It took longer than {seconds * 1000:.0f} milliseconds.", place_in(alarm))


def evaluated(text: str, given: Any, named: Mapping[str, Any], most: int) -> dict[str, Any]:
    """What an expression makes of the input."""
    program = compiled(text)
    program.set_output_convert_nulls(False)
    # A frame of its own for each evaluation: nothing that is assigned outlives it.
    value = program.evaluate(given, dict(named))
    if value is None:
        return {"nothing": True}
    answer = {"value": plain(value)}
    size = len(json.dumps(answer, allow_nan=False))
    if size > most:
        raise Refused("too_large", f"The result has {size:,} bytes; {most:,} is the most.")
    return answer


def checked_only(text: str, given: Any, named: Mapping[str, Any], most: int) -> dict[str, Any]:
    """Nothing, where an expression can be parsed and names nothing that it may not use."""
    compiled(text)
    return {"nothing": True}


def outcome_of(work: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """The result as JSON, or the error; only the alarm passes through."""
    try:
        return work()
    except Refused as error:
        return failed(error.kind, str(error), error.position)
    except JException as error:
        return failed(error.error or "error", str(error), error.location if error.location > 0 else place_in(error))
    except RecursionError as error:
        return failed("too_deep", "It calls itself, or is nested, too deeply.", place_in(error))
    except MemoryError as error:
        told = f"It needs more than {MEMORY_BYTES // 2**20} MB of memory."
        return failed("too_much_memory", told, place_in(error))
    except Exception as error:  # noqa: BLE001 - a fault of the library in somebody's expression is that expression's
        return failed("error", f"It cannot be evaluated: {type(error).__name__}: {str(error)[:200]}", place_in(error))


def place_in(error: BaseException) -> int:
    """The position of the innermost part of the expression that was being evaluated; -1 where none was."""
    position, step = -1, error.__traceback__
    while step is not None:
        if step.tb_frame.f_code.co_name == "_eval":
            found = getattr(step.tb_frame.f_locals.get("expr"), "position", None)
            position = found if isinstance(found, int) and found > 0 else position
        step = step.tb_next
    return position


def plain(value: Any) -> Any:
    """A result as JSON; numbers with the digits that floating point keeps (0.1 + 0.2 is 0.3)."""
    if value is None or isinstance(value, str | bool | int):
        return value
    if value is Utils.NULL_VALUE:
        return None
    if isinstance(value, float):
        rounded = float(f"{value:.{_EXACT_DIGITS}g}")
        return int(rounded) if rounded.is_integer() and abs(rounded) < 10**_EXACT_DIGITS else rounded
    if isinstance(value, dict):
        return {str(name): plain(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [plain(inner) for inner in value]
    raise Refused("function", "The result is a function, expected a value: is an argument list missing?")


def failed(kind: str, text: str, position: int = -1) -> dict[str, Any]:
    return {"error": {"kind": kind, "text": text, "position": position if isinstance(position, int) else -1}}


def number(text: str) -> int | float | str:
    """A number of the input where floating point keeps all its digits; otherwise its text."""
    digits = sum(letter.isdigit() for letter in text.partition("e")[0].partition("E")[0].lstrip("-0."))
    if digits > _EXACT_DIGITS:
        return text
    return float(text) if set(text) & set(".eE") else int(text)


def answered(line: bytes) -> bytes:
    """The answer to one line."""
    asked = json.loads(line, parse_float=number, parse_int=number)
    given, named = asked["input"], asked["variables"]
    seconds, most = float(asked["seconds"]), int(asked["most"])
    work = checked_only if asked["is_check"] else evaluated
    results = [result_of(partial(work, text, given, named, most), seconds) for text in asked["programs"]]
    return json.dumps({"results": results}, allow_nan=False).encode() + b"\n"


def ring(signum: int, frame: FrameType | None) -> None:
    raise OutOfTime


def main() -> None:
    """Answer until nobody asks any more."""
    # The library prints now and then: answers go out by a descriptor of their own.
    asked, answers = os.fdopen(os.dup(0), "rb"), os.dup(1)
    os.dup2(2, 1)
    evaluated('$match("warm", /w(.)/)', None, {}, 1000)
    confine()
    signal.signal(signal.SIGPROF, ring)
    for line in asked:
        told = memoryview(answered(line))
        while told:
            told = told[os.write(answers, told) :]


if __name__ == "__main__":
    signal.signal(signal.SIGPROF, ring)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    main()
