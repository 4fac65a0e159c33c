"""XML as data: there and back, and nothing that could unfold."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.engine import xmltext
from integrations.engine.xmltext import BrokenXmlError

NAMES = st.from_regex(r"\A[A-Za-z][A-Za-z0-9]{0,8}\Z")
TEXTS = st.text(st.characters(min_codepoint=33, max_codepoint=0x24F, exclude_categories=["Cc"]), min_size=1)
DATA = st.recursive(
    TEXTS,
    lambda inner: st.dictionaries(
        st.one_of(NAMES, NAMES.map("@{}".format)), inner | st.lists(inner, min_size=2, max_size=3), min_size=1
    ),
    max_leaves=10,
)


def attributes_are_texts(value: Any) -> bool:
    if isinstance(value, dict):
        return all(
            (isinstance(inner, str) if name[:1] == "@" else attributes_are_texts(inner))
            for name, inner in value.items()
        )
    return all(map(attributes_are_texts, value)) if isinstance(value, list) else True


@given(NAMES, DATA.filter(attributes_are_texts))
def test_what_is_written_is_read(name: str, data: Any) -> None:
    assert xmltext.loads(xmltext.dumps({name: data}).decode()) == {name: data}


def test_prefixes_are_dropped_and_named_lists_are_lists() -> None:
    text = '<a:r xmlns:a="urn:x"><a:record internalId="5"><a:name>N</a:name></a:record></a:r>'
    assert xmltext.loads(text, ["record"]) == {"r": {"record": [{"@internalId": "5", "name": "N"}]}}


@pytest.mark.parametrize(
    "text", ['<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "<a><b></a>", "no xml", "<a>&unknown;</a>"]
)
def test_what_is_broken_or_could_unfold_is_refused(text: str) -> None:
    with pytest.raises(BrokenXmlError):
        xmltext.loads(text)


def test_what_is_not_given_is_left_out_and_signs_are_escaped() -> None:
    assert xmltext.dumps({"a": {"@b": '<"', "c": None, "d": "x & y", "e": True}}) == (
        b'<?xml version="1.0" encoding="UTF-8"?><a b=\'&lt;"\'><d>x &amp; y</d><e>true</e></a>'
    )
