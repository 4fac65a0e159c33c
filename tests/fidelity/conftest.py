"""What every proof of fidelity needs: the clients' own environment, and a sandbox process.

The client libraries live in an environment of their own (.portal/fidelity-venv): they pin what the portal does not.
"""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent
ENVIRONMENT = ROOT / ".portal" / "fidelity-venv"


def _uv() -> str | None:
    beside = Path(sys.executable).with_name("uv")
    return str(beside) if beside.exists() else shutil.which("uv")


def _run(*command: str) -> None:
    """Run an installer; its last words become the reason to skip."""
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        pytest.skip(f"the client libraries cannot be installed: {error}")
    if done.returncode:
        words = (done.stderr or done.stdout).strip().splitlines() or ["no reason given"]
        pytest.skip(f"the client libraries cannot be installed: {words[-1].strip()}")


@pytest.fixture(scope="session")
def python() -> str:
    """The interpreter of the clients' environment, built when it is missing or its requirements changed."""
    requirements = HERE / "requirements.txt"
    mark, found = ENVIRONMENT / "requirements.sha256", ENVIRONMENT / "bin" / "python"
    wanted = sha256(requirements.read_bytes()).hexdigest()
    if found.exists() and mark.exists() and mark.read_text() == wanted:
        return str(found)
    shutil.rmtree(ENVIRONMENT, ignore_errors=True)
    ENVIRONMENT.parent.mkdir(exist_ok=True)
    uv = _uv()
    if uv:
        _run(uv, "venv", "--python", sys.executable, str(ENVIRONMENT))
        _run(uv, "pip", "install", "--python", str(found), "-r", str(requirements))
    else:
        _run(sys.executable, "-m", "venv", str(ENVIRONMENT))
        _run(str(found), "-m", "pip", "install", "--disable-pip-version-check", "-r", str(requirements))
    mark.write_text(wanted)
    return str(found)


@pytest.fixture
def sandbox() -> Iterator[int]:
    """A sandbox process on a free port; its limits never strike."""
    command = [sys.executable, "-m", "integrations.sandbox", "--port", "0", "--time-scale", "1000"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            match = re.search(r":(\d+)$", process.stdout.readline().strip())
            assert match
            yield int(match[1])
        finally:
            process.kill()
