"""Places in texts and structures."""

from decimal import Decimal

import pytest

from integrations.engine import templates
from integrations.engine.sections import ManifestError


def test_a_text_that_is_exactly_a_place_yields_the_value_itself() -> None:
    values = {"start": 11, "body": {"a": Decimal("1.10")}, "org": "9"}
    filled = templates.filled_structure({"q": ["{start}", "from {start}"], "{org}": "{body}", "n": 1}, values)
    assert filled == {"q": [11, "from 11"], "9": {"a": Decimal("1.10")}, "n": 1}


def test_a_place_may_lead_into_a_value() -> None:
    assert templates.filled("{contact.id}/{org}", {"contact": {"id": "7"}, "org": "9"}) == "7/9"


def test_what_stands_in_a_path_cannot_climb_out_of_it() -> None:
    assert templates.filled_path("/a/{id}/{path}", {"id": "x/../y", "path": "p/q"}) == "/a/x%2F..%2Fy/p/q"


def test_an_unknown_place_is_named() -> None:
    with pytest.raises(ManifestError, match="here: unknown places nobody.id, expected some of"):
        templates.checked_structure({"a": [{"b": "{nobody.id} {org}"}]}, "here")
    assert templates.checked("{nobody.id}", "here", {"nobody"}) == "{nobody.id}"
