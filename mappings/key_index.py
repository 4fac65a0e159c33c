"""Which of many have a key: some twelve bytes for each key of each, in order; a table of lists takes two hundred."""

from array import array
from bisect import bisect_left
from collections.abc import Collection, Iterable, Iterator

_PLACE_BITS, _KEY_BITS = 24, 39
_ONE_KEY = 1 << _PLACE_BITS
_PLACE, _KEY = _ONE_KEY - 1, (1 << _KEY_BITS) - 1


class KeyIndex:
    """Made of the keys (hashes) of each, in the order of their places; at most 16 million of them.

    Of a hash 39 bits are kept: two keys that agree in them are told apart by whoever compares what is found.
    """

    def __init__(self, keys: Iterable[Collection[int]]) -> None:
        self._packed = array("q", sorted(_packed(keys)))
        # Where the keys begin whose first bits are these: as many beginnings as keys, so that nothing is searched for.
        bits = min(len(self._packed).bit_length(), _KEY_BITS)
        self._shift = _KEY_BITS - bits
        self._begins = array("I", _begins(self._packed, self._shift + _PLACE_BITS, 1 << bits))

    def sharing(self, key: int, *, most: int) -> list[int]:
        """The places of those that have the key, in order; none when more than `most` have it."""
        key &= _KEY
        first = key >> self._shift
        low, end = key << _PLACE_BITS, self._begins[first + 1]
        start = bisect_left(self._packed, low, self._begins[first], end)
        found = self._packed[start : min(end, start + most + 1)]
        if len(found) and found[-1] >= low + _ONE_KEY:
            found = found[: bisect_left(found, low + _ONE_KEY)]
        return [] if len(found) > most else [each & _PLACE for each in found]


def _packed(keys: Iterable[Collection[int]]) -> Iterator[int]:
    for place, each in enumerate(keys):
        if place > _PLACE:
            raise OverflowError(f"An index holds at most {_ONE_KEY} entries.")
        yield from ((key & _KEY) << _PLACE_BITS | place for key in each)


def _begins(packed: "array[int]", shift: int, count: int) -> Iterator[int]:
    """For each of so many beginnings of a key, the position of the first that is not below it; then the end."""
    following = 0
    for position, each in enumerate(packed):
        while following <= each >> shift:
            yield position
            following += 1
    yield from (len(packed) for _ in range(following, count + 1))
