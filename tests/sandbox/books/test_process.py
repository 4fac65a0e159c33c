"""A process killed in the middle of a change leaves the books as they were before it."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from integrations.sandbox.storage import SqliteStorage
from tests.sandbox.books.firm import open_company

_DIES = """
import os, signal, sys
from pathlib import Path
from integrations.sandbox.storage import SqliteStorage
from tests.sandbox.books.firm import found_firm
firm = found_firm(storage=SqliteStorage(Path(sys.argv[1])))
kept = firm.invoice(10, number="KEPT")
with firm.company.store.transaction():
    firm.pay(firm.invoice(20, number="LOST"), 20)
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_killed_process_leaves_whole_documents_only(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", _DIES, str(tmp_path)], env={**os.environ}, check=False)  # noqa: S603
    assert done.returncode == -signal.SIGKILL
    company = open_company(storage=SqliteStorage(tmp_path))
    company.store.load()
    assert [record.body["number"] for record in company.live("invoice")] == ["KEPT"]
    assert company.live("payment") == []
    assert sum(row.amount for row in company.trial_balance()) == 0
