"""Samples of the matching engine as rows: a directory of statement, ledger, context and truth, read and written."""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

Row = dict[str, str]


@dataclass
class Sample:
    """A directory of files, as rows."""

    bank: list[Row]
    ledger: list[Row]
    context: dict[str, Any]
    truth: dict[str, Any]
    other: dict[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, directory: Path) -> Sample:
        """All files of a sample; raises OSError when one is missing."""
        other = {n: directory / n for n in ("fx_rates.csv", "history.json")}
        return cls(
            _rows(directory / "bank_transactions.csv"),
            _rows(directory / "ledger_entries.csv"),
            json.loads((directory / "context.json").read_text(encoding="utf-8")),
            json.loads((directory / "truth.json").read_text(encoding="utf-8")),
            {n: p.read_text(encoding="utf-8") for n, p in other.items() if p.is_file()},
        )

    def write(self, directory: Path) -> None:
        """The same files again."""
        directory.mkdir(parents=True, exist_ok=True)
        for name, rows in (("bank_transactions.csv", self.bank), ("ledger_entries.csv", self.ledger)):
            with (directory / name).open("w", newline="", encoding="utf-8") as target:
                writer = csv.DictWriter(target, list(rows[0]))
                writer.writeheader()
                writer.writerows(rows)
        for name, data in (("context.json", self.context), ("truth.json", self.truth)):
            (directory / name).write_text(json.dumps(data, ensure_ascii=False), encoding="utf-8")
        for name, text in self.other.items():
            (directory / name).write_text(text, encoding="utf-8")


def with_history(sample: Sample, share: float) -> Sample:
    """The sample with the first share of its lines (by day) approved already, as far as their whole group lies there.

    Lines of those days that belong to nobody stay open, as they would in an office.
    """
    days = sorted(row["date"] for row in sample.bank)
    cutoff = days[min(len(days) - 1, int(len(days) * share))]
    early = {row["id"] for row in sample.bank if row["date"] < cutoff}
    groups = [g for g in sample.truth["groups"] if g["ledger"] and early.issuperset(g["bank"])]
    approved = [{"bank": g["bank"], "ledger": g["ledger"]} for g in groups]
    truth = sample.truth | {"history_cutoff": cutoff, "history_bank": [b for g in groups for b in g["bank"]]}
    history = json.dumps({"cutoff": cutoff, "groups": approved})
    return replace(sample, truth=truth, other=sample.other | {"history.json": history})


def _rows(path: Path) -> list[Row]:
    with path.open(newline="", encoding="utf-8") as source:
        return list(csv.DictReader(source))
