"""How right and how fast the matching engine is, on directories of samples with the truth.

    python benchmarks/matching.py DIR [DIR …] [--scorer score.py] [--json]

Each directory holds the files of `match_files` and `truth.json` ({"groups": [{"bank": […], "ledger": […]}]}). Without
--scorer exact groups are counted here; with it, the given script's `score(truth, proposals, bank)` is asked as well.
"""

from __future__ import annotations

import argparse
import csv
import importlib.util
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from reconciliation.matching import AUTOMATIC, BankLine, Proposal, match
from reconciliation.matching.files import Job, read_job, write_proposals

FILES = ("bank_transactions.csv", "ledger_entries.csv", "fx_rates.csv", "context.json", "history.json")
TARGET = 0.995


def load(directory: Path) -> Job:
    """The job that a directory's files describe."""
    return read_job({n: (directory / n).read_text(encoding="utf-8") for n in FILES if (directory / n).is_file()})


def run(directory: Path) -> tuple[list[Proposal], int, float]:
    """Proposals, number of lines and processor seconds of the engine alone."""
    job = load(directory)
    started = time.process_time()
    proposals = match(job.lines, job.entries, job.context)
    return proposals, len(job.lines), time.process_time() - started


def exact_groups(truth: dict[str, Any], proposals: list[Proposal], lines: int) -> dict[str, Any]:
    """Share of proposals with entries that are exactly a true group, at every threshold that matters."""
    same = truth.get("ledger_equiv", {})
    copies = {d["bank"]: d["of"] for d in truth.get("duplicates", ())}
    history = set(truth.get("history_bank", ()))
    wanted = {
        _key(g["bank"], g["ledger"], same, copies)
        for g in truth["groups"]
        if g["ledger"] and not history & set(g["bank"])
    }
    asked = sorted((p for p in proposals if p.ledger_ids), key=lambda p: -p.confidence)
    right = [_key(p.bank_ids, p.ledger_ids, same, copies) in wanted for p in asked]
    hits, best = sum(right), 0.0
    running, covered = 0, 0
    for at, (proposal, ok) in enumerate(zip(asked, right, strict=True), start=1):
        running += ok
        covered += len(proposal.bank_ids) if ok else 0
        is_last = at == len(asked) or asked[at].confidence != proposal.confidence
        if is_last and running / at >= TARGET:
            best = covered / max(1, lines)
    sure = [ok for p, ok in zip(asked, right, strict=True) if p.confidence >= AUTOMATIC]
    precision, recall = hits / max(1, len(asked)), hits / max(1, len(wanted))
    gap = sum(abs(_mean_gap(asked, right, b)) for b in range(10)) / max(1, len(asked))
    return {
        "f1": 2 * precision * recall / max(1e-9, precision + recall),
        "precision": precision,
        "recall": recall,
        "automatic_rate_at_target": best,
        "preset_threshold": AUTOMATIC,
        "preset_precision": sum(sure) / max(1, len(sure)),
        "preset_proposals": len(sure),
        "calibration_error": gap,
    }


def wrong_money(truth: dict[str, Any], proposals: list[Proposal], lines: Sequence[BankLine]) -> dict[str, float]:
    """Which share of the money in proposals with entries is in wrong ones, in the books' currency: at the preset
    threshold, and over all."""
    same, base = truth.get("ledger_equiv", {}), truth.get("to_base", {})
    copies = {d["bank"]: d["of"] for d in truth.get("duplicates", ())}
    wanted = {_key(g["bank"], g["ledger"], same, copies) for g in truth["groups"]}
    money = {x.id: abs(float(x.amount)) * base.get(x.currency, 1.0) for x in lines}
    found = {"preset": [0.0, 0.0], "all": [0.0, 0.0]}
    for p in proposals:
        if p.ledger_ids:
            worth = sum(money[b] for b in p.bank_ids)
            is_wrong = _key(p.bank_ids, p.ledger_ids, same, copies) not in wanted
            for name in ("preset", "all") if p.confidence >= AUTOMATIC else ("all",):
                found[name][0] += worth
                found[name][1] += worth * is_wrong
    return {f"wrong_money_{name}": wrong / max(1e-9, whole) for name, (whole, wrong) in found.items()}


def _mean_gap(asked: list[Proposal], right: list[bool], decile: int) -> float:
    return sum(
        p.confidence - ok for p, ok in zip(asked, right, strict=True) if min(9, int(p.confidence * 10)) == decile
    )


def _key(bank: Any, ledger: Any, same: dict[str, str], copies: dict[str, str]) -> tuple[frozenset[str], frozenset[str]]:
    return frozenset(copies.get(b, b) for b in bank), frozenset(same.get(x, x) for x in ledger)


def outside_score(script: Path, directory: Path, proposals: list[Proposal]) -> dict[str, Any]:
    """What another scorer says: its `score(truth, proposals, bank)`."""
    spec = importlib.util.spec_from_file_location("outside_scorer", script)
    if spec is None or spec.loader is None:
        raise SystemExit(f"{script} cannot be loaded")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    truth = json.loads((directory / "truth.json").read_text(encoding="utf-8"))
    with (directory / "bank_transactions.csv").open(newline="", encoding="utf-8") as lines:
        bank = {r["id"]: (r["amount"], r["currency"]) for r in csv.DictReader(lines)}
    found: dict[str, Any] = module.score(truth, write_proposals(proposals), bank)
    return found


def _row(name: str, r: dict[str, Any]) -> str:
    return (
        f"{name:24s} F1 {r['f1']:.4f}  P {r['precision']:.4f}  R {r['recall']:.4f}  "
        f"automatic at {TARGET:.1%} {r['automatic_rate_at_target']:.4f}  "
        f"preset {r['preset_precision']:.4f} of {r['preset_proposals']}  "
        f"wrong money {r['wrong_money_preset']:.2%} at preset, {r['wrong_money_all']:.2%} of all  "
        f"calibration {r['calibration_error']:.4f}  {r['seconds']:.2f} s, {r['lines_per_second']:.0f} lines/s"
    )


def main() -> int:
    """Print a table, or with --json one object."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directories", nargs="+", type=Path, metavar="DIR")
    parser.add_argument("--scorer", type=Path)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    results: dict[str, Any] = {}
    for directory in options.directories:
        proposals, lines, seconds = run(directory)
        truth = json.loads((directory / "truth.json").read_text(encoding="utf-8"))
        result = exact_groups(truth, proposals, lines) | wrong_money(truth, proposals, load(directory).lines)
        result |= {"lines": lines, "seconds": seconds, "lines_per_second": lines / max(1e-9, seconds)}
        if options.scorer:
            outside = outside_score(options.scorer, directory, proposals)
            result["scorer"] = {
                k: outside[k]
                for k in ("group", "auto_main", "false_positive", "bank_only", "duplicates", "kinds")
                if k in outside
            }
        results[directory.name] = result
        if not options.json:
            print(_row(directory.name, result))
            if options.scorer:
                print("    ", json.dumps({k: v for k, v in result["scorer"].items() if k != "kinds"}))
    if options.json:
        print(json.dumps(results))
    return 0


if __name__ == "__main__":
    sys.exit(main())
