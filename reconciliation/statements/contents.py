"""What the columns of a table hold: whether a head is to be believed, and what a person should look at."""

import re
from collections.abc import Mapping, Sequence

from reconciliation.statements.columns import Layout
from reconciliation.statements.directions import IN, OUT
from reconciliation.statements.values import read_date, told_order

Records = Sequence[tuple[int, Mapping[str, str]]]
_LOOKED_AT = 500
_FEW = 3


def believed(columns: Mapping[str, str], heads: Sequence[str], records: Records) -> dict[str, str]:
    """The recognised columns without those whose values say otherwise, and with the direction if one is told."""
    found = dict(columns)
    for ours, agrees in _HOLDS.items():
        if ours in found and not agrees(_values(found[ours], records)):
            del found[ours]
    if "amount" in found and "direction" not in found and not _has_signs(found["amount"], records):
        used = set(found.values())
        told = (head for head in heads if head not in used and _tells_direction(_values(head, records), records))
        if direction := next(told, None):
            found["direction"] = direction
    return found


def doubts_of(layout: Layout, records: Records, *, day_first: bool) -> list[str]:
    """Sentences for the person who imports: what the table leaves open, and how it is read all the same."""
    return [*_unordered(layout, records, day_first=day_first), *_one_way(layout, records)]


def unread(columns: Mapping[str, str], heads: Sequence[str], records: Records) -> list[str]:
    """Heads of columns that hold something and are read as nothing."""
    used = set(columns.values())
    return [head for head in heads if head not in used and _values(head, records)]


def _values(head: str, records: Records) -> list[str]:
    return [value for _, record in records[:_LOOKED_AT] if (value := record.get(head, ""))]


def _are_codes(values: Sequence[str]) -> bool:
    # One bad row among good ones is a bad row and no other column.
    return sum(bool(re.fullmatch(r"[A-Za-z]{3}", value)) for value in values) * 2 >= len(values)


def _are_directions(values: Sequence[str]) -> bool:
    return sum(value.lower() in OUT | IN for value in values) * 2 >= len(values)


def _repeat(values: Sequence[str]) -> bool:
    """A file is of one account, or of few; a column with another one on most rows names whom the money came from."""
    different = len(set(values))
    return different < _FEW or different * 2 <= len(values)


_HOLDS = {"currency": _are_codes, "direction": _are_directions, "account_id": _repeat}


def _has_signs(head: str, records: Records) -> bool:
    return any(re.search(r"[-\u2212(]|[CD]R?$", value.upper()) for value in _values(head, records))


def _tells_direction(values: Sequence[str], records: Records) -> bool:
    words = {value.lower() for value in values}
    is_sure = bool(words & IN) or all(len(word) > 1 for word in words)
    return len(values) == len(records[:_LOOKED_AT]) and words <= OUT | IN and bool(words & OUT) and is_sure


def _unordered(layout: Layout, records: Records, *, day_first: bool) -> list[str]:
    values = _values(layout.columns.get("date", ""), records)
    open_ones = [value for value in values if re.match(r"\d{1,2}[./ -]\d{1,2}[./ -]\d{2}", value)]
    if layout.day_first is not None or not open_ones or told_order(open_ones) is not None:
        return []
    try:
        day = read_date(open_ones[0], day_first=day_first)
    except ValueError:
        return []
    return [
        f"No date of this file tells whether the day or the month stands first: “{open_ones[0]}” is read as "
        f"{day.day} {day:%B %Y}. If the bank means the other, say so under “Columns and how they are read”."
    ]


def _one_way(layout: Layout, records: Records) -> list[str]:
    columns = layout.columns
    amounts = _values(columns.get("amount", ""), records)
    if len(amounts) < _FEW or "direction" in columns or _has_signs(columns["amount"], records):
        return []
    way = "out" if layout.is_reversed else "in"
    return [
        f"Every amount of this file is read as money {way}. If the bank tells money in from money out in another "
        "column, or writes money out without a sign, say so under “Columns and how they are read”."
    ]
