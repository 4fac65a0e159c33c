"""An index of keys tells who has one, as a table of lists would, in a fraction of its memory."""

import tracemalloc
from collections import defaultdict

from hypothesis import given
from hypothesis import strategies as st

from mappings.key_index import KeyIndex

KEYS = st.sets(st.one_of(st.integers(0, 9), st.integers(0, 2**39 - 1)), max_size=6)


@given(keys=st.lists(KEYS, max_size=40), asked=st.lists(st.integers(0, 2**39 - 1), max_size=5), most=st.integers(1, 8))
def test_it_tells_what_a_table_of_lists_would(keys: list[set[int]], asked: list[int], most: int) -> None:
    table: dict[int, list[int]] = defaultdict(list)
    for place, each in enumerate(keys):
        for key in each:
            table[key].append(place)
    index = KeyIndex(keys)
    for key in [*table, *asked]:
        expected = table.get(key, [])
        assert index.sharing(key, most=most) == (expected if len(expected) <= most else [])


def test_it_takes_no_more_than_a_few_bytes_a_key() -> None:
    count = 20_000
    tracemalloc.start()
    index = KeyIndex({hash((place, number)) for number in range(8)} for place in range(count))
    kept, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert index.sharing(hash((7, 3)), most=1) == [7]
    assert kept / (8 * count) < 25
    assert peak / (8 * count) < 90
