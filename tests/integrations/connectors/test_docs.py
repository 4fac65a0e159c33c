"""The page on connectors explains every key there is, and no other."""

import re
from pathlib import Path

import pytest

from integrations.engine import faults, templates
from integrations.engine.grammar import GRAMMAR
from integrations.engine.manifest_writing import PROBES, STRATEGIES

ROOT = Path(__file__).resolve().parents[3]
PAGE = (ROOT / "docs" / "connectors.md").read_text()
SHOWN = set(re.findall(r"[a-z_]+", " ".join(re.findall(r"`([^`\n]+)`", PAGE))))


@pytest.mark.parametrize("kind", sorted(GRAMMAR))
def test_every_key_is_explained(kind: str) -> None:
    assert sorted(GRAMMAR[kind] - SHOWN) == []


def test_every_converter_place_way_and_class_is_named() -> None:
    words = set(re.findall(r"[a-z_]+", PAGE))
    assert {key.removeprefix("as ") for key in GRAMMAR if key.startswith("as ")} <= SHOWN
    assert words >= templates.PLACES
    assert words >= PROBES | STRATEGIES | set(faults.KINDS) | set(faults.WHO)


def test_the_grammar_fits_one_page() -> None:
    assert len(PAGE.splitlines()) <= 200


def test_the_checklist_names_files_that_exist() -> None:
    text = (ROOT / "integrations" / "connectors" / "README.md").read_text()
    for path in re.findall(r"`((?:integrations|tests|docs)/[^`<]+)", text):
        assert (ROOT / path).exists(), path
