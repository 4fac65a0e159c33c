"""One-to-one pairs of the best total weight: sparse, exact per connected group, and the same in any order."""

import heapq
from collections import defaultdict
from collections.abc import Mapping

Edges = Mapping[tuple[str, str], int]

_MOST_EXACT = 400
"""Up to so many on the left of one group the best total is found exactly; larger groups lose their weakest edges."""


def best_pairs(edges: Edges) -> dict[str, str]:
    """left → right, one-to-one, with the greatest sum of weights; ties are settled by name, not by order."""
    chosen: dict[str, str] = {}
    groups = [dict(group) for group in _groups(edges)]
    while groups:
        group = groups.pop()
        lefts = {left for left, _ in group}
        if len(lefts) <= _MOST_EXACT:
            chosen |= _best(group)
            continue
        weakest = min(group.values())
        stronger = {pair: weight for pair, weight in group.items() if weight > weakest}
        # A group of equals has no better total: by name, each takes the first that is free.
        if stronger:
            groups += [dict(part) for part in _groups(stronger)]
        else:
            chosen |= _in_turn(group)
    return chosen


def _groups(edges: Edges) -> list[Edges]:
    root: dict[tuple[int, str], tuple[int, str]] = {}

    def find(node: tuple[int, str]) -> tuple[int, str]:
        top = node
        while root.setdefault(top, top) != top:
            top = root[top]
        while root[node] != top:
            root[node], node = top, root[node]
        return top

    for left, right in edges:
        root[find((0, left))] = find((1, right))
    groups: dict[tuple[int, str], dict[tuple[str, str], int]] = defaultdict(dict)
    for (left, right), weight in edges.items():
        groups[find((0, left))][left, right] = weight
    return list(groups.values())


def _in_turn(group: Edges) -> dict[str, str]:
    chosen: dict[str, str] = {}
    taken: set[str] = set()
    for left, right in sorted(group):
        if left not in chosen and right not in taken:
            chosen[left] = right
            taken.add(right)
    return chosen


def _best(group: Edges) -> dict[str, str]:
    """Augment along the path that gains most, until none gains (successive shortest paths with potentials)."""
    lefts = sorted({left for left, _ in group})
    rights = sorted({right for _, right in group})
    at = {right: number for number, right in enumerate(rights)}
    costs: list[list[tuple[int, int]]] = [[] for _ in lefts]
    position = {left: number for number, left in enumerate(lefts)}
    for (left, right), weight in sorted(group.items()):
        costs[position[left]].append((at[right], -weight))
    # Everybody may stay alone at no cost: an own right-hand partner that nobody else wants.
    for number, own in enumerate(costs):
        own.append((len(rights) + number, 0))
    partner = _assign(costs, len(rights) + len(lefts))
    return {left: rights[partner[n]] for n, left in enumerate(lefts) if partner[n] < len(rights)}


def _assign(costs: list[list[tuple[int, int]]], size: int) -> list[int]:
    holder = [-1] * size
    partner = [-1] * len(costs)
    price = [0] * size
    gain = [min(cost for _, cost in own) for own in costs]
    for start in range(len(costs)):
        distance: dict[int, int] = {}
        came: dict[int, int] = {}
        done: set[int] = set()
        heap: list[tuple[int, int]] = []
        _relax(start, 0, costs, price, gain, distance, came, heap)
        while heap:
            far, right = heapq.heappop(heap)
            if right in done:
                continue
            done.add(right)
            if holder[right] < 0:
                break
            _relax(holder[right], far, costs, price, gain, distance, came, heap)
        _settle(start, right, far, done, distance, came, holder, partner, price, gain)
    return partner


def _relax(
    left: int,
    far: int,
    costs: list[list[tuple[int, int]]],
    price: list[int],
    gain: list[int],
    distance: dict[int, int],
    came: dict[int, int],
    heap: list[tuple[int, int]],
) -> None:
    for right, cost in costs[left]:
        reach = far + cost - gain[left] - price[right]
        if right not in distance or reach < distance[right]:
            distance[right], came[right] = reach, left
            heapq.heappush(heap, (reach, right))


def _settle(
    start: int,
    end: int,
    far: int,
    done: set[int],
    distance: dict[int, int],
    came: dict[int, int],
    holder: list[int],
    partner: list[int],
    price: list[int],
    gain: list[int],
) -> None:
    for right in done - {end}:
        price[right] += distance[right] - far
        gain[holder[right]] += far - distance[right]
    gain[start] += far
    at = end
    while True:
        left = came[at]
        holder[at] = left
        at, partner[left] = partner[left], at
        if left == start:
            return
