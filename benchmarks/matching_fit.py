"""Fit the matching engine's weights, or show how well weights do that were fitted without a sample.

    python benchmarks/matching_fit.py DIR [DIR …] [--businesses 1 2 3] [--leave-one-out] [--rewordings 1] [--write]
    python benchmarks/matching_fit.py --informed --businesses 1 2 3 4 5 6 7 8 [--write]

Maximum likelihood *through* the competition: the gradient of a weight is the sum, over all hypotheses, of its feature
times (right or not − probability after propagation), less a penalty that keeps rarely seen evidence modest. Each sample
is also taken as invented banks would have written it (`matching_rewording`), so that no weight leans on one bank's
wording, and with two fifths of it approved already, so that habits count. --businesses adds invented businesses of
every kind (`benchmarks.businesses`) by these seeds. With --leave-one-out every sample, and every kind of business at
banks that are in no lesson, is judged by weights that have seen neither it nor its variants: the figures to believe.
--informed fits `INFORMED` instead: what evidence of names, days, turns and habits is worth where two fifths of a
business are approved, held near the general weights.
"""

from __future__ import annotations

import argparse
import json
import math
import re
import sys
import tempfile
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.businesses import KINDS, UNSEEN, make
from benchmarks.matching import FILES, exact_groups, run
from benchmarks.matching_rewording import Rewording
from benchmarks.matching_samples import Sample, with_history
from reconciliation.matching import engine
from reconciliation.matching.books import Books
from reconciliation.matching.files import read_job
from reconciliation.matching.hypothesis import Hypothesis
from reconciliation.matching.probability import hopeful, propagate, score
from reconciliation.matching.weights import WEIGHTS

_PENALTY = 1.0
_STEP = 0.2
_HOPELESS = -5.0
_USUAL_LINES = 2000
"""A sample of this size counts whole, a larger one less per line: its business is one business."""
_MANY_LINES = 5000
"""Larger samples are not varied: it would take hours."""
_INFORMED = (
    "crowd", "day_", "due_", "habit_", "in_turn", "kind_", "month_u", "name_", "older_", "out_of_turn", "payer_",
    "told_", "usual_day",
)  # fmt: skip
_HELD = 30.0
_TOLD = 0.05
"""Smaller differences from the general weights are left out."""
WEIGHTS_FILE = Path(engine.__file__).with_name("weights.py")


@dataclass(frozen=True)
class Lesson:
    """All hypotheses about one sample, and which of them are right."""

    hypotheses: list[Hypothesis]
    right: list[bool]
    weight: float


def lesson(directory: Path, weight: float = 1.0) -> Lesson:
    """What the engine supposes about a sample, with the truth."""
    job = read_job({n: (directory / n).read_text(encoding="utf-8") for n in FILES if (directory / n).is_file()})
    truth = json.loads((directory / "truth.json").read_text(encoding="utf-8"))
    books = Books(job.lines, job.entries, job.context)
    books.hopeless = -math.inf
    found = engine.explain_all(books)
    same, copies = truth.get("ledger_equiv", {}), _copies(truth, books)
    groups = {_key(g["bank"], g["ledger"], same, copies) for g in truth["groups"]}
    right = []
    for h in found:
        bank = [books.rows[r].line.id for r in h.rows]
        if h.family == "duplicate":
            right.append(copies.get(bank[0]) == bank[1])
        else:
            ledger = [books.items[i].entry.id for i in h.items]
            right.append(not copies.keys() & set(bank) and _key(bank, ledger, same, copies) in groups)
    score(found, WEIGHTS)
    kept = [(h, ok) for h, ok in zip(found, right, strict=True) if ok or h.score > _HOPELESS]
    return Lesson([h for h, _ in kept], [ok for _, ok in kept], weight)


def _copies(truth: dict[str, list[dict[str, str]]], books: Books) -> dict[str, str]:
    """Lines delivered twice: the later one by the earlier one, as the engine tells them apart."""
    place = {row.line.id: row.index for row in books.rows}
    pairs = [(d["bank"], d["of"]) for d in truth["duplicates"] if d["bank"] in place and d["of"] in place]
    return {max(p, key=lambda i: place[i]): min(p, key=lambda i: place[i]) for p in pairs}


def _key(
    bank: Sequence[str], ledger: Sequence[str], same: Mapping[str, str], copies: Mapping[str, str]
) -> tuple[frozenset[str], frozenset[str]]:
    return frozenset(copies.get(b, b) for b in bank), frozenset(same.get(x, x) for x in ledger)


def fit(lessons: Sequence[Lesson], rounds: int, start: Mapping[str, float]) -> dict[str, float]:
    """Weights that make what is right probable; steps adapt to how much each weight has moved before."""
    weights = defaultdict(float, start)
    travelled: dict[str, float] = defaultdict(lambda: 1e-3)
    for turn in range(rounds):
        slope: dict[str, float] = defaultdict(float)
        for taught in lessons:
            score(taught.hypotheses, weights)
            alive = hopeful(taught.hypotheses) if turn else taught.hypotheses
            propagate(alive)
            of = {id(h): h for h in alive}
            for h, is_right in zip(taught.hypotheses, taught.right, strict=True):
                gap = taught.weight * (is_right - (h.probability if id(h) in of else 0.0))
                if abs(gap) > 1e-4:
                    for name, value in h.features.items():
                        slope[name] += gap * value
        for name, value in slope.items():
            value -= _PENALTY * weights[name]
            travelled[name] = 0.9 * travelled[name] + 0.1 * value * value
            weights[name] += _STEP * (1 - turn / rounds) * value / travelled[name] ** 0.5
    return {name: round(value, 2) for name, value in sorted(weights.items()) if name in slope}


def fit_informed(lessons: Sequence[Lesson], rounds: int) -> dict[str, float]:
    """Weights for tenants with many approvals, where they differ from the general ones: Newton's steps, weight by
    weight."""
    weights = defaultdict(float, WEIGHTS)
    for _ in range(rounds):
        slope: dict[str, float] = defaultdict(float)
        bend: dict[str, float] = defaultdict(float)
        for taught in lessons:
            score(taught.hypotheses, weights)
            alive = hopeful(taught.hypotheses)
            propagate(alive)
            of = {id(h): h for h in alive}
            for h, is_right in zip(taught.hypotheses, taught.right, strict=True):
                chance = h.probability if id(h) in of else 0.0
                for name, value in h.features.items() if abs(is_right - chance) > 1e-4 else ():
                    slope[name] += (is_right - chance) * value
                    bend[name] += chance * (1.0 - chance) * value * value
        for name in (n for n in slope if n.startswith(_INFORMED)):
            aim = (slope[name] - _HELD * (weights[name] - WEIGHTS.get(name, 0.0))) / (bend[name] + _HELD)
            weights[name] += max(-0.3, min(0.3, 0.4 * aim))
    moved = {name: round(value, 2) for name, value in sorted(weights.items())}
    return {name: value for name, value in moved.items() if abs(value - WEIGHTS.get(name, 0.0)) >= _TOLD}


def write_weights(weights: Mapping[str, float], table: str = "WEIGHTS") -> None:
    """Put weights into a table of the engine's data module."""
    text = WEIGHTS_FILE.read_text(encoding="utf-8")
    body = "".join(f'    "{name}": {value},\n' for name, value in weights.items())
    new = re.sub(
        rf"(^{table}: dict\[str, float\] = \{{\n).*?(\n?\}}\n)",
        lambda m: m[1] + body + "}\n",
        text,
        count=1,
        flags=re.DOTALL | re.MULTILINE,
    )
    WEIGHTS_FILE.write_text(new, encoding="utf-8")


def judge(directory: Path, weights: Mapping[str, float]) -> str:
    """A line about a sample under other weights."""
    kept = dict(WEIGHTS)
    WEIGHTS.clear()
    WEIGHTS.update(weights)
    try:
        proposals, lines, _ = run(directory)
    finally:
        WEIGHTS.clear()
        WEIGHTS.update(kept)
    found = exact_groups(json.loads((directory / "truth.json").read_text(encoding="utf-8")), proposals, lines)
    return (
        f"{directory.name:34s} F1 {found['f1']:.4f}  automatic {found['automatic_rate_at_target']:.4f}  "
        f"preset {found['preset_precision']:.4f} of {found['preset_proposals']}  "
        f"calibration {found['calibration_error']:.4f}"
    )


@dataclass
class Pupil:
    """One origin of lessons, a sample or a kind of business: what it teaches, and where weights without it are
    judged."""

    lessons: list[Lesson]
    judged: list[Path]


def of_sample(directory: Path, rewordings: int, scratch: Path) -> Pupil:
    """A sample, as given, as invented banks would have written it, and with two fifths of it approved."""
    sample = Sample.read(directory)
    weight = (_USUAL_LINES / len(sample.bank)) ** 0.5
    pupil = Pupil([lesson(directory, weight)], [directory])
    if len(sample.bank) > _MANY_LINES:
        return pupil
    variants = [Rewording(sample, seed).apply() for seed in range(101, 101 + rewordings)]
    if "history.json" not in sample.other:
        variants.append(with_history(sample, 0.4))
    for number, variant in enumerate(variants):
        variant.write(scratch / f"{directory.name}_{number}")
        pupil.lessons.append(lesson(scratch / f"{directory.name}_{number}", weight))
    return pupil


def of_kind(kind: str, seeds: Sequence[int], scratch: Path) -> Pupil:
    """Invented businesses of a kind, every second with approvals; judged by seeds whose banks nobody has seen."""
    pupil = Pupil([], [scratch / f"{kind}_{seed}" for seed in (UNSEEN + 1, UNSEEN + 2)])
    for seed, directory in zip((UNSEEN + 1, UNSEEN + 2), pupil.judged, strict=True):
        make(kind, seed).write(directory)
    for seed in seeds:
        sample = make(kind, seed)
        directory = scratch / f"{kind}_{seed}"
        (sample if seed % 2 else with_history(sample, 0.4)).write(directory)
        pupil.lessons.append(lesson(directory))
    return pupil


def known_businesses(seeds: Sequence[int], scratch: Path) -> list[Lesson]:
    """Lessons of businesses of every kind, two fifths of each approved."""
    lessons = []
    for kind, seed in ((k, s) for k in KINDS for s in seeds):
        with_history(make(kind, seed), 0.4).write(scratch / f"{kind}_{seed}")
        lessons.append(lesson(scratch / f"{kind}_{seed}"))
    return lessons


def main() -> int:
    """Fit, judge, and with --write keep the weights."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directories", nargs="*", type=Path, metavar="DIR")
    parser.add_argument("--businesses", nargs="*", type=int, default=(), metavar="SEED")
    parser.add_argument("--leave-one-out", action="store_true")
    parser.add_argument("--rewordings", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=120)
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--informed", action="store_true")
    options = parser.parse_args()
    if options.informed:
        with tempfile.TemporaryDirectory() as place:
            informed = fit_informed(known_businesses(options.businesses, Path(place)), 15)
        print(informed)
        if options.write:
            write_weights(informed, "INFORMED")
        return 0
    with tempfile.TemporaryDirectory() as place:
        scratch = Path(place)
        pupils = {d.name: of_sample(d, options.rewordings, scratch) for d in options.directories}
        if options.businesses:
            pupils |= {kind: of_kind(kind, options.businesses, scratch) for kind in KINDS}
        if options.leave_one_out:
            for name, left_out in pupils.items():
                others = [x for n, p in pupils.items() if n != name for x in p.lessons]
                weights = fit(others, options.rounds, WEIGHTS)
                for directory in left_out.judged:
                    print("left out:", judge(directory, weights), flush=True)
        if options.write or not options.leave_one_out:
            weights = fit([x for p in pupils.values() for x in p.lessons], options.rounds, WEIGHTS)
            if options.write:
                write_weights(weights)
            for directory in [d for p in pupils.values() for d in p.judged]:
                print("fitted:  ", judge(directory, weights), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
