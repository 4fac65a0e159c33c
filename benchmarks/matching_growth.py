"""How time and memory of the matching engine grow, and how long one new line takes.

    python benchmarks/matching_growth.py DIR [--lines 20000 50000 200000] [--new 300] [--entries 100000] [--json]

Larger statements are made of a sample: every copy lies later by the sample's whole time, with document numbers of its
own, so that the same business has run for longer. Each size runs in a process of its own; its highest memory is the
operating system's figure for that process. `--new`: so many of the sample's lines, one at a time, against the
rest standing and at least `--entries` open entries: the sample's own, and the same days and amounts of other contacts.
"""

from __future__ import annotations

import argparse
import json
import math
import re
import resource
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.matching import FILES
from reconciliation.matching import BankLine, LedgerEntry, Standing, match
from reconciliation.matching.files import Job, read_job

_NUMBER = re.compile(r"\d{4,}")


def enlarged(job: Job, copies: int) -> Job:
    """The job so many times one after the other in time; a first copy is the job itself."""
    lines: list[BankLine] = []
    entries: list[LedgerEntry] = []
    days = (max(x.on for x in job.lines) - min(x.on for x in job.lines)).days + 1
    for copy in range(copies):
        later, mark = timedelta(days * copy), str(copy) if copy else ""

        def renumbered(text: str, mark: str = mark) -> str:
            return _NUMBER.sub(lambda m: m[0] + mark, text) if mark else text

        for x in job.lines:
            lines.append(
                replace(
                    x,
                    id=x.id + mark.rjust(4, "_"),
                    on=x.on + later,
                    description=renumbered(x.description),
                    reference=renumbered(x.reference),
                )
            )
        for e in job.entries:
            entries.append(
                replace(
                    e,
                    id=e.id + mark.rjust(4, "_"),
                    on=e.on + later,
                    due_on=e.due_on + later if e.due_on else None,
                    number=renumbered(e.number),
                    reference=renumbered(e.reference),
                    memo=renumbered(e.memo),
                )
            )
    rates = tuple(replace(r, on=r.on + timedelta(days * copy)) for copy in range(copies) for r in job.context.fx_rates)
    return Job(tuple(lines), tuple(entries), replace(job.context, fx_rates=rates))


def elsewhere(entries: Sequence[LedgerEntry], copy: int) -> Iterator[LedgerEntry]:
    """The same documents of other contacts: the same days and amounts, other numbers, names with other letters."""
    letters = "abcdefghijklmnopqrstuvwxyz"
    turned = letters[copy % 26 :] + letters[: copy % 26]
    table = str.maketrans(letters + letters.upper(), turned + turned.upper())
    word = f" {letters[copy // 26 % 26]}{turned[:5]}"
    for e in entries:
        number, reference = (_NUMBER.sub(lambda m: m[0] + str(copy), t) for t in (e.number, e.reference))
        name = e.contact_name.translate(table) + word
        yield replace(e, id=f"{e.id}x{copy}", contact_name=name, number=number, reference=reference)


def _job(directory: Path) -> Job:
    return read_job({n: (directory / n).read_text(encoding="utf-8") for n in FILES if (directory / n).is_file()})


def whole(directory: Path, lines: int) -> dict[str, float]:
    """One statement of about so many lines, matched as a whole, in this process."""
    job = _job(directory)
    large = enlarged(job, max(1, round(lines / len(job.lines))))
    large = replace(large, lines=large.lines[:lines])
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    started = time.process_time()
    proposals = match(large.lines, large.entries, large.context)
    seconds = time.process_time() - started
    return {
        "lines": len(large.lines),
        "entries": len(large.entries),
        "proposals": len(proposals),
        "seconds": seconds,
        "lines_per_second": len(large.lines) / seconds,
        "input_megabytes": before,
        "most_megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def one_by_one(directory: Path, new: int, entries: int) -> dict[str, float]:
    """Processor milliseconds of one new line against a standing statement, with at least so many entries open."""
    job = _job(directory)
    opened = [e for e in job.entries if e.open_amount != Decimal(0)]
    beside = [e for copy in range(1, math.ceil(entries / len(opened))) for e in elsewhere(opened, copy)]
    step = max(1, len(job.lines) // new)
    fresh = job.lines[step - 1 :: step][:new]
    kept = {x.id for x in fresh}
    started = time.process_time()
    standing = Standing([x for x in job.lines if x.id not in kept], [*job.entries, *beside], job.context)
    prepared = time.process_time() - started
    taken = []
    for line in fresh:
        started = time.process_time()
        standing.add_lines([line])
        taken.append((time.process_time() - started) * 1000)
    taken.sort()
    return {
        "open_entries": len(opened) + len(beside),
        "standing_lines": len(job.lines) - len(fresh),
        "prepared_seconds": prepared,
        "new_lines": len(taken),
        "median_ms": taken[len(taken) // 2],
        "p95_ms": taken[int(len(taken) * 0.95)],
        "longest_ms": taken[-1],
    }


def main() -> int:
    """Print a line per size, or with --json one object; ends with 1 when growth or the new line is beyond the goal."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directory", type=Path, metavar="DIR")
    parser.add_argument("--lines", type=int, nargs="*", default=[20_000, 50_000, 200_000])
    parser.add_argument("--new", type=int, default=300)
    parser.add_argument("--entries", type=int, default=100_000)
    parser.add_argument("--only", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if options.only:
        print(json.dumps(whole(options.directory, options.only)))
        return 0
    sizes = []
    for lines in options.lines:
        command = [sys.executable, __file__, str(options.directory), "--only", str(lines)]
        sizes.append(json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout))
        if not options.json:
            r = sizes[-1]
            print(
                f"{r['lines']:>9,} lines, {r['entries']:>9,} entries: {r['seconds']:8.1f} s  "
                f"{r['lines_per_second']:6.0f} lines/s  {r['most_megabytes']:6.0f} MB",
                flush=True,
            )
    single = one_by_one(options.directory, options.new, options.entries) if options.new else {}
    if options.json:
        print(json.dumps({"sizes": sizes, "one_line": single}))
    elif single:
        print(
            f"one new line against {single['open_entries']:,} open entries and {single['standing_lines']:,} lines: "
            f"median {single['median_ms']:.1f} ms, p95 {single['p95_ms']:.1f} ms, "
            f"longest {single['longest_ms']:.1f} ms (prepared in {single['prepared_seconds']:.0f} s)"
        )
    is_slow = any(
        b["seconds"] / a["seconds"] > 1.2 * b["lines"] * math.log(b["lines"]) / (a["lines"] * math.log(a["lines"]))
        for a, b in zip(sizes, sizes[1:], strict=False)
    )
    return 1 if is_slow or single.get("p95_ms", 0.0) > 50.0 else 0


if __name__ == "__main__":
    sys.exit(main())
