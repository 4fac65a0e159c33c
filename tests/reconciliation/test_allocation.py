"""Money is spread without losing or inventing a cent, whatever the lines and records."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from reconciliation.allocation import allocate

_CENTS = st.integers(min_value=1, max_value=5_000_000).map(lambda cents: Decimal(cents) / 100)


@given(
    lines=st.lists(_CENTS, min_size=1, max_size=4),
    debts=st.lists(_CENTS, min_size=1, max_size=5),
    credits=st.lists(_CENTS, max_size=2),
    sign=st.sampled_from([1, -1]),
)
def test_shares_and_left_over_add_up_to_the_lines(
    lines: list[Decimal], debts: list[Decimal], credits: list[Decimal], sign: int
) -> None:
    entries = [(f"d{i}", sign * x) for i, x in enumerate(debts)] + [(f"c{i}", -sign * x) for i, x in enumerate(credits)]
    result = allocate([(i, sign * x) for i, x in enumerate(lines)], entries)
    shared = sum((share.amount for share in result.shares), Decimal(0))
    assert shared + sign * result.left_over == sign * sum(lines)
    for name, owed in entries:
        settled = sum((s.amount for s in result.shares if s.entry == name), Decimal(0))
        assert abs(settled) <= abs(owed)
        assert settled * owed >= 0


def test_a_credit_note_lets_one_payment_settle_more() -> None:
    result = allocate([("line", Decimal("80"))], [("invoice", Decimal("100")), ("credit note", Decimal("-20"))])
    assert {share.entry: share.amount for share in result.shares} == {"invoice": 100, "credit note": -20}
    assert result.left_over == 0


def test_an_overpayment_is_left_over() -> None:
    result = allocate([("line", Decimal("-105"))], [("bill", Decimal("-100"))])
    assert [share.amount for share in result.shares] == [Decimal("-100")]
    assert result.left_over == 5
