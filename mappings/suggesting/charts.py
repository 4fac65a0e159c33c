"""National charts by their number ranges: what an account's number says when its name says little."""

from collections.abc import Iterable, Mapping

from mappings.suggesting.concepts import Vocabulary

_ENOUGH = 6
_AGREEING = 0.55


def by_number(vocabulary: Vocabulary, accounts: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Code → concept, for the chart that most of the (code, name) pairs agree with; empty when they follow none."""
    pairs = [(code, name) for code, name in accounts if code.isascii() and code.isdigit() and len(code) >= 3]
    best: tuple[int, dict[str, str]] = (0, {})
    for ranges in vocabulary.codes.values():
        found = _places({code for code, _ in pairs}, ranges)
        agreeing = sum(_agrees(vocabulary, found[code], name) for code, name in pairs if code in found)
        if agreeing >= max(_ENOUGH, _AGREEING * len(found), best[0] + 1):
            best = (agreeing, found)
    return best[1]


def _agrees(vocabulary: Vocabulary, concept: str, name: str) -> bool:
    strengths: Mapping[str, float] = vocabulary.meaning(name).strengths
    return any(vocabulary.near[each].get(concept, 0.0) >= 0.75 for each in strengths)


def _places(codes: Iterable[str], ranges: Iterable[tuple[str, str, str]]) -> dict[str, str]:
    """The concept of the narrowest range that a code's leading digits lie in."""
    leading = {str(number): concept for first, last, concept in ranges for number in range(int(first), int(last) + 1)}
    lengths = sorted({len(each) for each in leading}, reverse=True)
    found = {}
    for code in codes:
        plain = code.lstrip("0")
        concept = next((leading[plain[:n]] for n in lengths if len(plain) >= n and plain[:n] in leading), "")
        if concept:
            found[code] = concept
    return found
