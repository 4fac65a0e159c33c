"""What the page of a split sends: an amount and a target in each row."""

from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from uuid import UUID

from django.http import QueryDict

from reconciliation.money import plain
from reconciliation.services.decisions import RefusedError
from reconciliation.services.splitting import MOST_PARTS, Part

EMPTY_ROWS = (("", ""),) * 3
Row = tuple[str, str]


def part_rows(post: QueryDict) -> list[Row]:
    """Pairs of amount and target as they were typed, empty rows left out."""
    pairs = zip(post.getlist("amount"), post.getlist("target"), strict=False)
    return [(amount.strip()[:40], target[:60]) for amount, target in pairs if amount.strip() or target][
        : MOST_PARTS + 1
    ]


def rows_of(parts: Sequence[Part]) -> list[Row]:
    """Rows as if somebody had typed these parts."""
    return [(str(plain(part.amount)), _target(part)) for part in parts]


def _target(part: Part) -> str:
    if part.record is not None:
        return f"record:{part.record}"
    return f"rule:{part.rule}" if part.rule is not None else ""


def named_records(rows: Sequence[Row]) -> list[UUID]:
    """The documents that rows name, as far as they can be read."""
    return [part.record for part in map(_quietly, rows) if part is not None and part.record is not None]


def _quietly(row: Row) -> Part | None:
    try:
        return _part(0, "0", row[1])
    except RefusedError:
        return None


def read_parts(rows: Sequence[Row]) -> list[Part]:
    """Parts of these rows; RefusedError that names the row which says nothing."""
    return [_part(at, amount, target) for at, (amount, target) in enumerate(rows, 1)]


def _part(at: int, amount: str, target: str) -> Part:
    kind, _, pk = target.partition(":")
    try:
        size = Decimal(amount.replace(",", "").replace(" ", "").replace("−", "-"))  # noqa: RUF001
        if not size.is_finite() or abs(size) >= Decimal("1e13"):
            raise InvalidOperation
        named = UUID(pk) if kind in ("record", "rule") else None
    except (InvalidOperation, ValueError) as wrong:
        raise RefusedError(f"Row {at} has no amount that can be read; write it such as 1200.50.") from wrong
    return Part(size, record=named if kind == "record" else None, rule=named if kind == "rule" else None)
