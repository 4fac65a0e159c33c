"""What approved history is worth to the matching engine.

    python benchmarks/matching_history.py DIR [DIR …] [--share 0.4] [--json]

The first two fifths of each sample (by day) are approved. The rest is matched three times: without the approvals
(their lines and entries are open like all others), with the approvals' money taken off but nothing learned from them,
and with all of the history. Printed: the share of the rest's lines that could be approved automatically at 99.5 %
precision, F1, and the groups missed among those whose lines hold no name.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.matching import FILES, exact_groups
from benchmarks.matching_samples import Sample, with_history
from reconciliation.matching import Proposal, match
from reconciliation.matching.files import Job, read_job


def measure(directory: Path, share: float, scratch: Path) -> dict[str, float]:
    """Figures of one sample, with and without its history."""
    sample = Sample.read(directory)
    if "history.json" not in sample.other:
        sample = with_history(sample, share)
    sample.write(scratch / directory.name)
    paths = {n: scratch / directory.name / n for n in FILES}
    texts = {n: p.read_text(encoding="utf-8") for n, p in paths.items() if p.is_file()}
    job = read_job(texts)
    nothing = read_job({n: text for n, text in texts.items() if n != "history.json"})
    settled = replace(job, context=replace(job.context, history=()))
    approved = set(sample.truth["history_bank"])
    result: dict[str, float] = {"lines": len(job.lines), "approved": len(approved)}
    for name, asked in (("without", nothing), ("settled", settled), ("with", job)):
        every = match(asked.lines, asked.entries, asked.context)
        proposals = [p for p in every if not approved & set(p.bank_ids)]
        found = exact_groups(sample.truth, proposals, len(job.lines))
        result[f"{name}_automatic"] = found["automatic_rate_at_target"]
        result[f"{name}_f1"] = found["f1"]
        result[f"{name}_preset_precision"] = found["preset_precision"]
        result[f"{name}_missed"] = nameless_missed(sample.truth, proposals, job)
    return result


def nameless_missed(truth: dict[str, Any], proposals: list[Proposal], job: Job) -> int:
    """How many groups whose lines hold no name were not found exactly."""
    lines = {x.id for x in job.lines}
    same, copies = truth.get("ledger_equiv", {}), {d["bank"]: d["of"] for d in truth["duplicates"]}
    found = {
        (frozenset(copies.get(b, b) for b in p.bank_ids), frozenset(same.get(x, x) for x in p.ledger_ids))
        for p in proposals
    }
    return sum(
        (frozenset(g["bank"]), frozenset(same.get(x, x) for x in g["ledger"])) not in found
        for g in truth["groups"]
        if "noname" in g["tags"] and g["ledger"] and lines.issuperset(g["bank"])
    )


def main() -> int:
    """Print a line per sample, or with --json one object."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directories", nargs="+", type=Path, metavar="DIR")
    parser.add_argument("--share", type=float, default=0.4)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        results = {d.name: measure(d, options.share, Path(scratch)) for d in options.directories}
    if options.json:
        print(json.dumps(results))
        return 0
    for name, r in results.items():
        print(
            f"{name:24s} {r['approved']:.0f} approved, {r['lines']:.0f} lines: "
            + ",  ".join(
                f"{how} automatic {r[f'{how}_automatic']:.4f} F1 {r[f'{how}_f1']:.4f} "
                f"missed {r[f'{how}_missed']:.0f} preset {r[f'{how}_preset_precision']:.4f}"
                for how in ("without", "settled", "with")
            )
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
