"""The rules of the house that a program can hold: sizes, names, nothing at a distance, nothing unfinished."""

import ast
import re
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
MODULE_LINES = 400
FUNCTION_LINES = 50
VAGUE_NAMES = {"utils", "helpers", "common", "misc", "base", "util", "helper"}
UNFINISHED = re.compile(r"#.*\b(?:TODO|FIXME|XXX|HACK)\b|\bNotImplementedError\b")
MODEL_SIGNALS = "django.db.models.signals"


@cache
def sources() -> list[Path]:
    """Every Python file of the project that is in version control, the launcher too, migrations left out."""
    listed = subprocess.run(["git", "ls-files", "*.py", "bin/portal"], cwd=ROOT, capture_output=True, text=True)
    files = [ROOT / name for name in listed.stdout.split()] or [*ROOT.glob("[!.]*/**/*.py"), ROOT / "bin/portal"]
    return sorted(path for path in files if path.exists() and "migrations" not in path.parts)


@dataclass(frozen=True)
class Function:
    """Where a function stands and what the rules ask of it."""

    path: Path
    line: int
    name: str
    lines: int
    first_argument: str


@dataclass(frozen=True)
class Import:
    """A module that is imported, or from which something is."""

    path: Path
    line: int
    module: str


@cache
def found() -> tuple[list[Function], list[Import]]:
    """All functions and imports. A tree is let go once it is read: all of them are a million objects to collect."""
    functions: list[Function] = []
    imports: list[Import] = []
    for path in sources():
        for node in ast.walk(ast.parse(path.read_text(), filename=str(path))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or 0) - node.lineno + 1
                first = node.args.args[0].arg if node.args.args else ""
                functions.append(Function(path, node.lineno, node.name, lines, first))
            elif isinstance(node, ast.ImportFrom):
                imports.append(Import(path, node.lineno, node.module or ""))
            elif isinstance(node, ast.Import):
                imports.extend(Import(path, node.lineno, name.name) for name in node.names)
    return functions, imports


def places(findings: list[tuple[Path, int, str]]) -> list[str]:
    return [f"{path.relative_to(ROOT)}:{line} {what}" for path, line, what in findings]


def test_the_project_is_found() -> None:
    assert len(sources()) > 20


def test_no_module_is_longer_than_a_person_reads_at_once() -> None:
    lengths = [(path, len(path.read_text().splitlines())) for path in sources()]
    assert places([(path, n, "lines: split it") for path, n in lengths if n > MODULE_LINES]) == []


def test_no_function_is_longer_than_a_screen() -> None:
    functions, _ = found()
    long = [
        (each.path, each.line, f"{each.name} has {each.lines} lines: split it")
        for each in functions
        if each.lines >= FUNCTION_LINES
    ]
    assert places(long) == []


def test_file_names_say_what_is_inside() -> None:
    assert places([(path, 1, "says nothing") for path in sources() if path.stem in VAGUE_NAMES]) == []


def test_nothing_acts_at_a_distance_through_model_signals() -> None:
    _, imports = found()
    signals = [
        (each.path, each.line, "use a service instead of a signal")
        for each in imports
        if each.module in {MODEL_SIGNALS, "django.dispatch"}
    ]
    assert places(signals) == []


def test_saving_a_row_does_only_that() -> None:
    functions, _ = found()
    overridden = [
        (each.path, each.line, f"overrides {each.name}(): use a service")
        for each in functions
        if "models" in each.path.with_suffix("").parts
        and each.name in {"save", "asave", "delete"}
        and each.first_argument == "self"
    ]
    assert places(overridden) == []


def test_nothing_is_left_unfinished() -> None:
    found = [
        (path, number, line.strip())
        for path in sources()
        if path != Path(__file__)
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if UNFINISHED.search(line)
    ]
    assert places(found) == []


@pytest.mark.parametrize("text", ["x = 1  # TODO later", "raise NotImplementedError", "# XXX"])
def test_unfinished_marks_are_recognised(text: str) -> None:
    assert UNFINISHED.search(text)
