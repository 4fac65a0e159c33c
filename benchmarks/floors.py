"""The least time that limits allow: greedy simulations on plain numbers, for benchmarks."""

import heapq
import random
from collections.abc import Sequence
from dataclasses import dataclass

Latency = tuple[float, float]


@dataclass(frozen=True)
class Allowance:
    """What a ledger itself lets one connection do; `windows` are (calls, seconds)."""

    at_once: int
    windows: tuple[tuple[int, float], ...] = ()


# The ledgers' own numbers (not the portal's, which keep a reserve), as the sandbox counts them.
ALLOWED = {
    "xero": Allowance(5, ((60, 60.0),)),
    "quickbooks": Allowance(10, ((500, 60.0), (10, 1.0))),
    "netsuite": Allowance(5),
    "zoho_books": Allowance(5, ((100, 60.0),)),
    "sage_intacct": Allowance(6),
}


def floor(calls: int, allowed: Allowance, latency: Latency, *, chained: int = 0, seed: int = 0) -> float:
    """Seconds until the last answer when every call leaves the moment it may; `chained` ones wait for each other."""
    dice = random.Random(seed)
    return greedy([dice.uniform(*latency) for _ in range(calls)], allowed, chained=chained)


def greedy(taken: Sequence[float], allowed: Allowance, *, chained: int = 0) -> float:
    """The same for calls that take so many seconds each; they count when they arrive, half of that after they left."""
    under_way: list[float] = []
    arrivals: list[float] = []
    now = last = 0.0
    for number, seconds in enumerate(taken):
        if number < chained:
            now = max(now, last)
        while under_way and under_way[0] <= now:
            heapq.heappop(under_way)
        if len(under_way) >= allowed.at_once:
            now = max(now, heapq.heappop(under_way))
        arrival = max([now + seconds / 2, *_opened(arrivals, allowed.windows)])
        now = arrival - seconds / 2
        arrivals.append(arrival)
        heapq.heappush(under_way, now + seconds)
        last = max(last, now + seconds)
    return last


def mean_floor(calls: int, allowed: Allowance, latency: Latency, *, chained: int = 0, rounds: int = 20) -> float:
    """The mean of several simulations."""
    found = [floor(calls, allowed, latency, chained=chained, seed=seed) for seed in range(rounds)]
    return sum(found) / rounds


def slowest_floor(connections: int, calls: int, allowed: Allowance, latency: Latency, *, chained: int = 0) -> float:
    """The end of the last of several connections that do not hold each other up."""
    found = [floor(calls, allowed, latency, chained=chained, seed=seed) for seed in range(connections)]
    return max(found)


def _opened(arrivals: Sequence[float], windows: Sequence[tuple[int, float]]) -> list[float]:
    """When each full window has a place again."""
    return [arrivals[-most] + seconds for most, seconds in windows if len(arrivals) >= most]
