"""What every ledger covers, as a table: printed, as JSON, or written into the documentation."""

import json
from argparse import ArgumentParser
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from integrations.services.coverage import VERBS, covers, ledgers, names

PAGE = Path(settings.BASE_DIR) / "docs" / "coverage.md"


class Command(BaseCommand):
    """`coverage [--json | --write]`."""

    help = "Print what every ledger covers; --write renews docs/coverage.md."
    requires_system_checks: "list[str]" = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        how = parser.add_mutually_exclusive_group()
        how.add_argument("--json", action="store_true", dest="as_json", help="One JSON object.")
        how.add_argument("--write", action="store_true", help=f"Renew {PAGE.name}.")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["as_json"]:
            found = {ledger: [asdict(cover) for cover in covers(ledger).values()] for ledger in ledgers()}
            self.stdout.write(json.dumps(found))
        elif options["write"]:
            PAGE.write_text(page())
            self.stdout.write(f"{PAGE} is written.")
        else:
            self.stdout.write(page())


def page() -> str:
    """The documentation's page: the table of all ledgers, then each ledger's reasons and surprises."""
    return "\n".join([*_head(), *_table(), *(line for ledger in ledgers() for line in _details(ledger))]) + "\n"


def _head() -> Iterator[str]:
    yield "# Coverage"
    yield ""
    yield "Made from the connectors by `./bin/portal manage coverage --write`; a test compares. Letters: "
    yield ", ".join(f"{_LETTERS[verb]} {verb}" for verb in VERBS) + ". A dash: not there; the reason stands below."
    yield ""


_LETTERS = {"read": "R", "create": "C", "update": "U", "void": "V", "delete": "D", "allocate": "A", "attach": "F"}


def _table() -> Iterator[str]:
    yield f"| | {' | '.join(ledgers().values())} |"
    yield f"|---|{'---|' * len(ledgers())}"
    for name in names():
        cells = [covers(ledger).get(name) for ledger in ledgers()]
        letters = ["".join(_LETTERS.get(verb, "") for verb in cell.operations) if cell else "" for cell in cells]
        yield f"| {name.replace('_', ' ').replace('.', ': ')} | {' | '.join(cell or '—' for cell in letters)} |"


def _details(ledger: str) -> Iterator[str]:
    yield ""
    yield f"## {ledgers()[ledger]}"
    yield ""
    for cover in covers(ledger).values():
        if not cover.is_there:
            yield f"* **{cover.label}**: not there. {cover.reason}"
            continue
        parts = [*cover.gotchas, *(f"No {verb}: {reason}" for verb, reason in cover.missing.items())]
        if cover.changes_by and not cover.name.startswith("reports."):
            parts.append(f"Changes by {cover.changes_by}.")
        if parts:
            yield f"* **{cover.label}**: {' '.join(parts)}"
