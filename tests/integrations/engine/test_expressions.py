"""Tenants' expressions: what they give, what they may not do, and that whatever they do they end."""

import subprocess
import sys
import time
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from integrations.engine.expressions import LARGEST_INPUT, NOTHING, Evaluator, Evaluators, Problem, place_of

RECORD = b'{"Id": "7", "Amt": 100.50, "Long": 12345678901234567.89, "Memo": "hello", "Lines": [{"a": 1}, {"a": 2}]}'


@pytest.fixture(scope="module")
def evaluator() -> Iterator[Evaluator]:
    made = Evaluator()
    yield made
    made.close()


def of(evaluator: Evaluator, program: str, given: bytes = RECORD, **variables: bytes) -> Any:
    return evaluator.results([program], given, variables)[0]


def refused(evaluator: Evaluator, program: str, given: bytes = RECORD) -> Problem:
    found = of(evaluator, program, given)
    assert isinstance(found, Problem), found
    assert found.text
    assert found.remedy
    return found


@pytest.mark.parametrize(
    ("program", "value"),
    [
        ("Memo & '-' & Id", "hello-7"),
        ("$sum(Lines.a)", 3),
        ("missing", NOTHING),
        ("null", None),
        ("Amt", Decimal("100.5")),
        ("0.1 + 0.2", Decimal("0.3")),
        ("Long", "12345678901234567.89"),
        ("$uppercase($unified.memo)", "OURS"),
        ("$match(Memo, /l+/).match", "ll"),
        ("$replace(Memo, /L+/i, 'r')", "hero"),
    ],
)
def test_an_expression_sees_the_record_and_loses_no_digit(evaluator: Evaluator, program: str, value: Any) -> None:
    assert of(evaluator, program, unified=b'{"memo": "ours"}') == value


@pytest.mark.parametrize(
    "program",
    [
        "$eval('1')",
        "($f := $eval; $f('1'))",
        "$map(['1'], $eval)",
        "'1' ~> $eval",
        "['1'].$eval(?)",
        "function($x){ $eval($x) }('1')",
        "$random()",
        "$now()",
        "$millis()",
        "$shuffle([1, 2])",
    ],
)
def test_text_is_never_code_and_the_same_record_gives_the_same_for_ever(evaluator: Evaluator, program: str) -> None:
    problem = refused(evaluator, program)
    assert problem.kind == "refused_function"
    assert problem.line == 1
    assert problem.column > 0
    assert evaluator.problem(program) == problem


@pytest.mark.parametrize(
    ("program", "kinds"),
    [
        ("($f := function($x){ $f($x + 1) + 1 }; $f(1))", {"too_deep"}),
        ("($f := function($x){ $f($x + 1) }; $f(1))", {"too_slow"}),
        ("($f := function($x){ $f($x & $x) }; $f('boom'))", {"too_slow", "too_much_memory", "ended"}),
        ("$pad('x', 1000000000)", {"too_much_memory"}),
        ("$pad('x', 100000)", {"too_large"}),
        ("[1..1000000].[1..1000]", {"too_slow", "too_much_memory", "ended"}),
        ("[1..10000000]", {"too_slow", "too_much_memory", "ended", "D2014"}),
        ("$replace($pad('a', 100000), 'a', $pad('b', 100000))", {"too_large", "too_much_memory", "too_slow"}),
        ("$split($pad('a', 50000000), '')", {"too_slow", "too_much_memory", "ended"}),
        ("(" * 3000 + "1" + ")" * 3000, {"too_deep"}),
        ("'" + "x" * 9000 + "'", {"too_long"}),
        ("$power(9, 99999)", {"error", "D3061", "D1001"}),
        ("$formatBase($power(10, 300), 2) & $pad('', 99999999)", {"too_slow", "too_much_memory", "ended", "error"}),
        ("function($x){ $x }", {"function"}),
        ("$match('ab', /(?=a)/)", {"regex"}),
        ("$match('aa', /(a)\\1/)", {"regex"}),
        ("$match('a', /(((((a{1,99}){1,99}){1,99}){1,99}){1,99})/)", {"regex"}),
    ],
)
def test_whatever_an_expression_does_it_ends_and_says_why(evaluator: Evaluator, program: str, kinds: set[str]) -> None:
    begun = time.monotonic()
    assert refused(evaluator, program).kind in kinds
    assert time.monotonic() - begun < 60
    assert of(evaluator, "1 + 1") == 2


def test_a_regular_expression_takes_no_more_time_than_its_text_is_long(evaluator: Evaluator) -> None:
    bomb = orjson.dumps({"text": "a" * 20_000 + "!"})
    begun = time.monotonic()
    assert of(evaluator, "$contains(text, /^(a+)+$/)", bomb) is False
    assert of(evaluator, "$length($replace(text, /(a|aa)+$/, 'x'))", bomb) == 20_001
    assert time.monotonic() - begun < 2


@pytest.mark.parametrize(
    "program",
    [
        "Memo.__class__",
        "$$.__class__.__mro__",
        "$string.__globals__",
        "`__class__`",
        "$lookup($, '__class__')",
        "$lookup($string, 'function_name')",
        "$keys($string)",
        "Lines.__init__.__globals__",
    ],
)
def test_an_expression_reaches_nothing_behind_the_record(evaluator: Evaluator, program: str) -> None:
    assert of(evaluator, program) in (NOTHING, [])


def test_what_is_assigned_does_not_outlive_its_record(evaluator: Evaluator) -> None:
    of(evaluator, "($secret := Memo; $secret)")
    assert of(evaluator, "$secret", b"{}") is NOTHING
    assert of(evaluator, "($n := $exists($n) ? $n + 1 : 1; $n)") == 1
    assert of(evaluator, "($n := $exists($n) ? $n + 1 : 1; $n)") == 1


def test_one_bad_expression_does_not_spoil_the_others(evaluator: Evaluator) -> None:
    found = evaluator.results(["Id", "[1..10000000]", "Memo"], RECORD, {})
    assert found[0] == "7"
    assert isinstance(found[1], Problem)
    assert found[2] == "hello"


@pytest.mark.parametrize(
    ("program", "line", "column"),
    [
        ("Memo &", 1, 6),
        ("Memo\n & $number('x')", 2, 11),
        ("Memo &\n\n  Id )", 3, 6),
        ("$single([1, 2])", 1, None),
    ],
)
def test_an_error_names_its_line_and_column(evaluator: Evaluator, program: str, line: int, column: int | None) -> None:
    problem = refused(evaluator, program)
    assert problem.line == line
    assert column in (None, problem.column)
    assert f"line {line}, column {problem.column}: " in str(problem)


def test_a_loop_that_does_not_end_names_a_line_of_it(evaluator: Evaluator) -> None:
    # Where it is when its time is over, or its depth is reached, depends on the machine.
    assert refused(evaluator, "($f := function($x){\n  $f($x + 1) };\n $f(1))").line in (2, 3)


def test_a_place_is_counted_in_lines() -> None:
    assert place_of("ab\ncd", 4) == (2, 1)
    assert place_of("ab", 2) == (1, 2)
    assert place_of("ab", 99) == (1, 2)
    assert place_of("ab", -1) == (0, 0)


def test_spelling_is_checked_without_a_record(evaluator: Evaluator) -> None:
    assert evaluator.problem("Missing.thing & $error('only when it runs')") is None
    assert evaluator.problem("") is not None
    assert evaluator.problem("a) + (b") is not None
    assert evaluator.problem("/(?=a)/") is not None


def test_a_record_beyond_the_limit_is_not_sent(evaluator: Evaluator) -> None:
    assert refused(evaluator, "1", orjson.dumps("x" * LARGEST_INPUT)).kind == "too_large"


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet="$abeval()[]{}.+-*&?:;/\\'\"`0 1~>|^<=!%@#\n\x00é", max_size=60))
def test_no_text_brings_the_evaluator_down(evaluator: Evaluator, program: str) -> None:
    of(evaluator, program)
    assert of(evaluator, "1 + 1") == 2


def test_the_process_can_open_nothing() -> None:
    tries = """
import os, resource, runpy, socket, sys
confine = runpy.run_path(sys.argv[1])["confine"]
confine()
def kept(do):
    try:
        do()
    except (OSError, MemoryError, BlockingIOError):
        return "no"
    return "yes"
def fork():
    os.fork() or os._exit(0)
answers = [kept(lambda: open("/etc/hostname")), kept(socket.socket), kept(lambda: bytearray(2**30)), kept(os.pipe)]
if os.getuid():
    answers.append(kept(fork))
print(*answers)
"""
    program = Evaluator.__init__.__globals__["_PROGRAM"]
    found = subprocess.run([sys.executable, "-c", tries, program], capture_output=True, text=True, check=True)
    assert set(found.stdout.split()) == {"no"}


def test_the_process_gets_no_secrets_and_ends_with_its_portal() -> None:
    parent = """
import sys, time
from integrations.engine.expressions import Evaluator
made = Evaluator()
made.results(["1"], b"1", {})
print(made._process.pid, open(f"/proc/{made._process.pid}/environ").read() == "", flush=True)
"""
    found = subprocess.run([sys.executable, "-c", parent], capture_output=True, text=True, check=True)
    pid, is_bare = found.stdout.split()
    assert is_bare == "True"
    for _ in range(100):
        try:
            with open(f"/proc/{pid}/stat") as stat:
                if stat.read().rpartition(")")[2].split()[0] == "Z":
                    return
        except FileNotFoundError:
            return
        time.sleep(0.05)
    pytest.fail("The evaluator outlived the process that started it.")


def test_a_process_that_saw_one_tenants_records_serves_no_other() -> None:
    pool = Evaluators()
    mine = pool.take("acme")
    pool.give_back("acme", mine)
    other = pool.take("rival")
    assert other is not mine
    assert pool.take("acme") is mine
    pool.give_back("acme", mine)
    pool.give_back("rival", other)
    pool.close()
    assert pool.take("acme") is not mine


def test_idle_processes_are_ended_and_waited_for_when_python_ends() -> None:
    parent = (
        "from integrations.engine.expressions import EVALUATORS\n"
        "evaluator = EVALUATORS.take('acme')\n"
        "assert evaluator.results(['1'], b'null', {}) == [1]\n"
        "EVALUATORS.give_back('acme', evaluator)\n"
    )
    found = subprocess.run([sys.executable, "-X", "dev", "-c", parent], capture_output=True, text=True, check=True)
    assert found.stderr == ""
