"""Bank rules as plain conditions: which rule takes a line, and why. Pure; patterns are RE2, which always ends in time.

Source of the syntax: RE2 (no back-references, no look-around), so that no pattern somebody types can hold up a worker.
"""

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal

import re2

CONTAINS, STARTS, PATTERN = "contains", "starts", "pattern"
ANYWHERE = "any"
FIELDS = (ANYWHERE, "description", "counterparty", "reference")
_MOST_PATTERN_BYTES = 1_000_000


class RuleError(ValueError):
    """The rule cannot be asked; the text says what to change."""


@dataclass(frozen=True, slots=True)
class Line:
    """What a rule may look at; `amount` is signed, money in is positive."""

    account_id: str
    amount: Decimal
    description: str = ""
    counterparty: str = ""
    reference: str = ""


@dataclass(frozen=True, slots=True)
class Conditions:
    """What a rule asks for; all of it has to hold. Amounts are unsigned, ends included; empty means any."""

    test: str = ""
    text: str = ""
    field: str = ANYWHERE
    counterparty: str = ""
    direction: str = ""
    least: Decimal | None = None
    most: Decimal | None = None
    account_id: str = ""

    def __post_init__(self) -> None:
        if not (self.text or self.counterparty or self.least is not None or self.most is not None):
            raise RuleError(
                "Ask for something: a text, a counterparty or an amount. A rule without any takes every line."
            )
        if self.least is not None and self.most is not None and self.least > self.most:
            raise RuleError("The smallest amount is larger than the largest.")


Test = Callable[[Line], bool]


def compiled(conditions: Conditions) -> Test:
    """One function of a line. RuleError when a pattern is no RE2 pattern, or too large."""
    tests: list[Test] = []
    if conditions.text:
        tests.append(_text_test(conditions))
    if conditions.counterparty:
        wanted = folded(conditions.counterparty)
        tests.append(lambda line: wanted in folded(line.counterparty))
    if conditions.direction:
        is_in = conditions.direction == "in"
        tests.append(lambda line: (line.amount > 0) == is_in)
    least, most = conditions.least, conditions.most
    if least is not None or most is not None:
        low, high = least or Decimal(0), Decimal("Infinity") if most is None else most
        tests.append(lambda line: low <= abs(line.amount) <= high)
    if conditions.account_id:
        tests.append(lambda line: line.account_id == conditions.account_id)
    return lambda line: all(test(line) for test in tests)


def first_of(line: Line, tests: Sequence[Test]) -> int | None:
    """The place of the first rule that takes the line; None when none does."""
    return next((at for at, test in enumerate(tests) if test(line)), None)


def folded(text: str) -> str:
    """Without case, accents and doubled spaces, as people compare names."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(c))
    return re.sub(r"\s+", " ", plain).strip()


def _text_test(conditions: Conditions) -> Test:
    look = _look(conditions.field)
    if conditions.test == PATTERN:
        found = _pattern(conditions.text)
        return lambda line: any(found(text) for text in look(line))
    wanted = folded(conditions.text)
    if conditions.test == STARTS:
        return lambda line: any(folded(text).startswith(wanted) for text in look(line))
    return lambda line: any(wanted in folded(text) for text in look(line))


def _look(field: str) -> Callable[[Line], tuple[str, ...]]:
    if field == ANYWHERE:
        return lambda line: (line.description, line.counterparty, line.reference)
    return lambda line: (getattr(line, field),)


def _pattern(text: str) -> Callable[[str], bool]:
    options = re2.Options()
    options.max_mem = _MOST_PATTERN_BYTES
    options.case_sensitive = False
    options.log_errors = False
    try:
        found = re2.compile(text, options)
    except re2.error as wrong:
        raise RuleError(
            f"This is no pattern of RE2: {_said(wrong)}. Back-references and look-around are not known."
        ) from wrong
    return lambda value: found.search(value) is not None


def _said(wrong: Exception) -> str:
    said = wrong.args[0] if wrong.args else wrong
    return said.decode(errors="replace") if isinstance(said, bytes) else str(said)
