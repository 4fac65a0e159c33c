"""Match statement and ledger files offline, with the engine that the portal uses."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from reconciliation.matching import AUTOMATIC, match
from reconciliation.matching.files import FileProblem, read_job, write_proposals

_FILES = ("bank_transactions.csv", "ledger_entries.csv", "fx_rates.csv", "context.json", "history.json")


class Command(BaseCommand):
    """`match_files DIR --out proposals.json`"""

    help = "Match the statement and ledger files of a directory and write the proposals."
    requires_system_checks: list[str] = []  # works without a database

    def add_arguments(self, parser: CommandParser) -> None:
        """The directory, the output file and --json."""
        parser.add_argument("directory", type=Path, metavar="DIR")
        parser.add_argument("--out", type=Path, required=True, help="where to write proposals.json")
        parser.add_argument("--json", action="store_true", help="print one JSON object instead of a sentence")

    def handle(self, *args: Any, directory: Path, out: Path, **options: Any) -> None:
        """Read, match, write, report."""
        started = time.perf_counter()
        try:
            job = read_job(
                {n: (directory / n).read_text(encoding="utf-8") for n in _FILES if (directory / n).is_file()}
            )
            proposals = match(job.lines, job.entries, job.context)
            out.write_text(json.dumps(write_proposals(proposals), ensure_ascii=False, indent=1), encoding="utf-8")
        except FileProblem as problem:
            raise CommandError(f"{directory}: {problem}. Correct the file and run the command again.") from problem
        except OSError as problem:
            raise CommandError(f"{problem.filename}: {problem.strerror}.") from problem
        report = {
            "lines": len(job.lines),
            "entries": len(job.entries),
            "proposals": len(proposals),
            "automatic": sum(p.confidence >= AUTOMATIC for p in proposals),
            "seconds": round(time.perf_counter() - started, 2),
        }
        if options["json"]:
            self.stdout.write(json.dumps(report))
        else:
            self.stdout.write(
                f"{report['proposals']} proposals for {report['lines']} lines against {report['entries']} entries "
                f"in {report['seconds']} s, "
                f"{report['automatic']} of them at {AUTOMATIC:.0%} confidence or more: {out}"
            )
