"""Whether a worker's memory depends on how much it syncs: its peak with ten thousand invoices and with a million.

    python benchmarks/memory.py [--few 10000] [--many 1000000] [--json]

A sandbox process of its own speaks QuickBooks' protocol. The old invoices of its companies are made page by page when
they are asked for, each after the pattern of one that was founded as all are, with all their postings in the journal
(see `archived` in the sandbox's README): a million documents at once would fit into no laptop. The worker is a fork,
so that its peak (resident set) is its own; both syncs are full ones into an empty mirror, and must end with as many
records as the ledger has. Limits are lifted on both sides as in `loading.py`. Uses the database of DATABASE_URL: a
tenant `loading-…` is added to it, its records are removed at the end (a million are some gigabytes meanwhile). Exit
status 1 when a sync lost something, or when the peak is more than 1.2 times as high with many.
"""

import argparse
import json
import os
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.loading import company, ours  # noqa: E402 - run as a script, the project is found now

MOST = 1.2
_FOUNDED = 1000


def measured(records: int, seed: int) -> dict[str, Any]:
    """One full sync of a company with so many invoices."""
    with company(_FOUNDED, seed, archived=records - _FOUNDED) as (_, connection):
        (found,) = ours(connection, 1)
    return {name: found[name] for name in ("records", "peak_mb", "seconds", "cpu_seconds", "calls", "throttled")}


def main() -> int:
    """Parse, run, print; 1 when something was lost or memory grew."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--few", type=int, default=10_000)
    parser.add_argument("--many", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    few, many = measured(options.few, options.seed), measured(options.many, options.seed)
    ratio = round(many["peak_mb"] / few["peak_mb"], 3)
    if options.json:
        print(json.dumps({"few": few, "many": many, "ratio": ratio}))
    else:
        for name, found in (("few", few), ("many", many)):
            print(f"{name:<5}", ", ".join(f"{what} {value}" for what, value in found.items()))
        print(f"peak with many / with few: {ratio} (at most {MOST}); load of the machine now {os.getloadavg()[0]:.1f}")
    is_whole = few["records"] == options.few and many["records"] == options.many
    return 0 if is_whole and ratio <= MOST else 1


if __name__ == "__main__":
    raise SystemExit(main())
