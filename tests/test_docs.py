"""Documents that follow the code: every setting that the environment gives is in the example and in the handbook."""

import re
import subprocess
from functools import cache
from pathlib import Path

from integrations.engine import manifest

ROOT = Path(__file__).resolve().parent.parent
READS = re.compile(r"\benv_(?:str|bool|int|list|secret|database)\(\s*\"([A-Z][A-Z0-9_]*)\"")
NAME = re.compile(r"^#? ?([A-Z][A-Z0-9_]*)=", re.MULTILINE)
PER_LEDGER = ("api_url", "auth_url", "token_url", "revoke_url", "app_url", "client_id", "client_secret", "webhook_key")


@cache
def code() -> str:
    """The text of the whole project but its tests."""
    listed = subprocess.run(["git", "ls-files", "*.py", "bin/portal"], cwd=ROOT, capture_output=True, text=True)
    files = [ROOT / name for name in listed.stdout.split() if not name.startswith("tests/")]
    files = files or [path for path in ROOT.glob("[!.]*/**/*.py") if "tests" not in path.parts]
    return "\n".join(path.read_text() for path in files if path.exists())


def settings_of_the_environment() -> set[str]:
    return set(READS.findall(code()))


def named_in_the_example() -> set[str]:
    return set(NAME.findall((ROOT / ".env.example").read_text()))


def settings_of_the_ledgers() -> set[str]:
    """What each connector is set up by; its manifest may ask for more of its application."""
    return {
        f"PORTAL_{name}_{setting}".upper()
        for name in manifest.names()
        for setting in (*PER_LEDGER, *manifest.load(name).application)
    }


def test_every_setting_is_in_the_example_file() -> None:
    assert settings_of_the_environment() - named_in_the_example() == set()


def test_every_setting_is_explained_in_the_handbook() -> None:
    handbook = (ROOT / "docs" / "operations.md").read_text()
    assert {name for name in settings_of_the_environment() if f"`{name}`" not in handbook} == set()


def test_the_example_file_names_nothing_that_the_code_does_not_know() -> None:
    known = set(re.findall(r"\b[A-Z][A-Z0-9_]+\b", code())) | settings_of_the_ledgers()
    assert named_in_the_example() - known == set()


def test_the_handbook_names_every_setting_of_the_example_file() -> None:
    handbook = (ROOT / "docs" / "operations.md").read_text()
    general = named_in_the_example() - settings_of_the_ledgers()
    assert {name for name in general if f"`{name}`" not in handbook} == set()


def test_the_readme_names_the_two_commands() -> None:
    readme = (ROOT / "README.md").read_text()
    assert "./bin/portal up" in readme
    assert "./bin/portal test" in readme
