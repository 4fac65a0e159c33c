"""The rules of the house that a program can hold: sizes, names, nothing at a distance, nothing unfinished."""

import ast
import re
import subprocess
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


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(), filename=str(path))


def places(findings: list[tuple[Path, int, str]]) -> list[str]:
    return [f"{path.relative_to(ROOT)}:{line} {what}" for path, line, what in findings]


def functions(path: Path) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    return [node for node in ast.walk(tree(path)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]


def test_the_project_is_found() -> None:
    assert len(sources()) > 20


def test_no_module_is_longer_than_a_person_reads_at_once() -> None:
    lengths = [(path, len(path.read_text().splitlines())) for path in sources()]
    assert places([(path, n, "lines: split it") for path, n in lengths if n > MODULE_LINES]) == []


def test_no_function_is_longer_than_a_screen() -> None:
    found = [
        (path, node.lineno, f"{node.name} has {(node.end_lineno or 0) - node.lineno + 1} lines: split it")
        for path in sources()
        for node in functions(path)
        if (node.end_lineno or 0) - node.lineno + 1 >= FUNCTION_LINES
    ]
    assert places(found) == []


def test_file_names_say_what_is_inside() -> None:
    assert places([(path, 1, "says nothing") for path in sources() if path.stem in VAGUE_NAMES]) == []


def test_nothing_acts_at_a_distance_through_model_signals() -> None:
    found = [
        (path, node.lineno, "use a service instead of a signal")
        for path in sources()
        for node in ast.walk(tree(path))
        if (isinstance(node, ast.ImportFrom) and node.module in {MODEL_SIGNALS, "django.dispatch"})
        or (isinstance(node, ast.Import) and any(name.name == MODEL_SIGNALS for name in node.names))
    ]
    assert places(found) == []


def test_saving_a_row_does_only_that() -> None:
    found = [
        (path, node.lineno, "overrides save(): use a service")
        for path in sources()
        if "models" in path.with_suffix("").parts
        for node in functions(path)
        if node.name in {"save", "asave", "delete"} and node.args.args[:1] and node.args.args[0].arg == "self"
    ]
    assert places(found) == []


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
