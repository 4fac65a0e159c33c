"""One possible explanation of some bank lines, with the evidence for it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True, eq=False)
class Hypothesis:
    """These rows and these items belong together; `claims` are the rows and items that nobody else may then use.

    Rows count from 0 upwards, items are claimed as -1 - index. A duplicate claims only itself, not its original.
    `difference` is rows minus items in whole units of the rows' currency, `rate` what converted them where that was
    needed.
    """

    rows: tuple[int, ...]
    items: tuple[int, ...]
    family: str
    features: dict[str, float]
    difference: int = 0
    claims: tuple[int, ...] = ()
    score: float = 0.0
    probability: float = 0.0
    rate: str = ""

    def __post_init__(self) -> None:
        if not self.claims:
            items = self.items
            self.claims = (*self.rows, -1 - items[0]) if len(items) == 1 else (*self.rows, *[-1 - i for i in items])
