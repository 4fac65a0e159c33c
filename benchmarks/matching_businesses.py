"""How right the matching engine is on invented businesses of other kinds, at other banks.

    python benchmarks/matching_businesses.py [--kinds rent …] [--seeds 101 102] [--lines 1000] [--by-group] [--json]

Each business (`benchmarks.businesses`) is made from its kind and a seed; seeds from 100 on bank at banks that no lower
seed has, so that nothing fitted on lower seeds has seen their wording. Printed per business and as a mean: exact-group
F1, the share of lines that could be approved automatically at 99.5 % precision, precision and wrongly matched money at
the engine's preset threshold, wrongly matched money over all proposals, calibration error. --by-group: of every kind of
group how many were found, and how many confident proposals were wrong.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.businesses import KINDS, make
from benchmarks.matching import exact_groups, load, wrong_money
from reconciliation.matching import AUTOMATIC, Proposal, match

FIGURES = (
    "f1",
    "automatic_rate_at_target",
    "preset_precision",
    "wrong_money_preset",
    "wrong_money_all",
    "calibration_error",
)


def measure(directory: Path) -> tuple[dict[str, Any], list[Proposal], dict[str, Any]]:
    """Figures, proposals and the truth of one business."""
    job = load(directory)
    truth = json.loads((directory / "truth.json").read_text(encoding="utf-8"))
    started = time.process_time()
    proposals = match(job.lines, job.entries, job.context)
    seconds = time.process_time() - started
    found = exact_groups(truth, proposals, len(job.lines)) | wrong_money(truth, proposals, job.lines)
    return found | {"lines": len(job.lines), "seconds": seconds, "bank": truth["dialect"]}, proposals, truth


def by_group(truth: dict[str, Any], proposals: list[Proposal]) -> dict[str, list[int]]:
    """Per kind of group: how many there are and how many were found; per kind of proposal: confident wrong ones."""
    same, copies = truth["ledger_equiv"], {d["bank"]: d["of"] for d in truth["duplicates"]}

    def key(bank: Any, ledger: Any) -> tuple[frozenset[str], frozenset[str]]:
        return frozenset(copies.get(b, b) for b in bank), frozenset(same.get(x, x) for x in ledger)

    made = {key(p.bank_ids, p.ledger_ids) for p in proposals if p.kind != "duplicate"}
    groups = {key(g["bank"], g["ledger"]) for g in truth["groups"]}
    there: Counter[str] = Counter(g["kind"] for g in truth["groups"])
    hit: Counter[str] = Counter(g["kind"] for g in truth["groups"] if key(g["bank"], g["ledger"]) in made)
    wrong = Counter(
        f"wrong {p.kind}"
        for p in proposals
        if p.ledger_ids and p.confidence >= AUTOMATIC and key(p.bank_ids, p.ledger_ids) not in groups
    )
    return {kind: [there[kind], hit[kind]] for kind in there} | {kind: [n, 0] for kind, n in wrong.items()}


def _told(name: str, r: dict[str, Any]) -> str:
    return (
        f"{name:34s} F1 {r['f1']:.4f}  automatic {r['automatic_rate_at_target']:.4f}  "
        f"preset {r['preset_precision']:.4f}  wrong money {r['wrong_money_preset']:.2%} / {r['wrong_money_all']:.2%}  "
        f"calibration {r['calibration_error']:.4f}"
    )


def _mean(results: list[dict[str, Any]]) -> dict[str, float]:
    return {name: sum(r[name] for r in results) / max(1, len(results)) for name in FIGURES}


def main() -> int:
    """Print a line per business and the mean, or with --json one object."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kinds", nargs="+", choices=sorted(KINDS), default=list(KINDS))
    parser.add_argument("--seeds", nargs="+", type=int, default=[101, 102])
    parser.add_argument("--lines", type=int, default=1000)
    parser.add_argument("--by-group", action="store_true")
    parser.add_argument("--keep", type=Path, help="write the businesses here instead of a temporary place")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    results: dict[str, dict[str, Any]] = {}
    groups: dict[str, list[int]] = {}
    with tempfile.TemporaryDirectory() as scratch:
        for name, seed in ((k, s) for k in options.kinds for s in options.seeds):
            target = (options.keep or Path(scratch)) / f"{name}_{seed}_{options.lines}"
            make(name, seed, options.lines).write(target)
            found, proposals, truth = measure(target)
            results[target.name] = found
            if not options.json:
                print(_told(f"{target.name} {found['bank']}", found), flush=True)
            for kind, counts in by_group(truth, proposals).items():
                groups[kind] = [a + b for a, b in zip(counts, groups.get(kind, (0, 0)), strict=True)]
    mean = _mean(list(results.values()))
    if options.json:
        print(json.dumps({"businesses": results, "mean": mean, "groups": groups}))
        return 0
    print(_told("mean", mean))
    if options.by_group:
        for kind, (there, hit) in sorted(groups.items()):
            print(f"    {kind:28s} {there:5d}" + ("" if kind.startswith("wrong ") else f"  found {hit / there:.3f}"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
