"""The beginning of a long body, cut where everything before is whole, so that it can be redacted like the whole.

A value that the cut would go through is left out: half a secret is recognised by nothing.
"""

import re

# A text that is broken off reaches to the end: what looks like a comma inside it is none.
_PART = re.compile(r'"(?:[^"\\]|\\.)*"?|[\[\]{},]', re.DOTALL)
_CLOSED = {"{": "}", "[": "]"}


def json_beginning(text: str) -> tuple[str, str]:
    """(text, end): the beginning of a JSON text up to the last comma between whole values, and what closes it."""
    stack: list[str] = []
    cut, end = 0, ""
    for match in _PART.finditer(text):
        part = match[0]
        if part in _CLOSED:
            stack.append(_CLOSED[part])
        elif part == ",":
            cut, end = match.start(), "".join(reversed(stack))
        elif part in ("}", "]") and (not stack or stack.pop() != part):
            break
    return text[:cut], end


def xml_beginning(text: str) -> str:
    """The beginning of an XML text up to the last element that is closed in it."""
    place = text.rfind("</")
    while place >= 0:
        end = text.find(">", place)
        if end >= 0:
            return text[: end + 1]
        place = text.rfind("</", 0, place)
    return ""
