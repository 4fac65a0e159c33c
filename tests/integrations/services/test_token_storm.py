"""Many tokens fall due at once in several processes, answers are lost and processes killed: the benchmark in small."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.db import connections

ROOT = Path(__file__).resolve().parents[3]

pytestmark = [pytest.mark.integration, pytest.mark.django_db(transaction=True)]


def test_each_token_is_refreshed_once_by_whichever_process_and_none_is_lost() -> None:
    small = {"connections": 24, "processes": 3, "threads": 2, "lost": 3, "kills": 2, "spread": 1}
    options = [text for name, value in small.items() for text in (f"--{name}", str(value))]
    # The database of this test's worker, not the one that the settings name.
    database = connections["default"].settings_dict
    user = f"{database['USER']}:{database['PASSWORD']}"
    address = f"postgres://{user}@{database['HOST']}:{database['PORT']}/{database['NAME']}"
    done = subprocess.run(
        [sys.executable, "benchmarks/tokens.py", "--json", *options],
        cwd=ROOT, env={**os.environ, "DATABASE_URL": address}, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads(done.stdout)
    assert (found["stored_once"], found["answers_lost"], found["dead_tokens"]) == (24, 3, 0)
