"""The words that completion offers are the words that the checker takes: asked of the checker itself."""

from __future__ import annotations

import re

import pytest

from specc.check import check_source
from specc.diagnostics.model import Diagnostic
from specc.lsp.vocabulary import DIMENSIONS, INPUT_OPTIONS, ITEMS, TOP, VALUES
from specc.source import SourceFile
from specc.units import UNITS

NONSENSE = "qqqqqqqqqqqqqqqq"
SECTIONS = {
    "model": f"model m {{ input x 8x8x1, {NONSENSE} y }}",
    "schedule": f"schedule m {{ {NONSENSE} }}",
    "target": f"target t {{ {NONSENSE} }}",
    "kernels": f"kernels t {{ {NONSENSE} }}",
    "hardware": f"hardware h {{ {NONSENSE} }}",
    "budget": f"budget t {{ {NONSENSE} }}",
    "harness": f"harness {{ {NONSENSE} }}",
    "instrument": f"instrument t {{ {NONSENSE} }}",
    "guidelines": f"guidelines {{ {NONSENSE} }}",
    "experiments": f"experiments {{ {NONSENSE} }}",
}
BASE = "model m { input x 8x8x1, conv c { kernel 3x3, filters 4 } }\ntarget t { use host }\n"
EXPANDED_BEFORE = {"repeat", "import", "let", "hwspec"}  # gone before the checker looks for sections and layers


def findings(text: str) -> list[Diagnostic]:
    return list(check_source(SourceFile("spec.hwspec", text)).diagnostics)


def known_here(text: str) -> tuple[set[str], bool]:
    """The words that the checker names beside a nonsense word, and whether these are all."""
    (note,) = [note for found in findings(text) if NONSENSE in found.message for note in found.notes]
    words = re.sub(r"^known here: ", "", note)
    return set(words.replace(", …", "").split(", ")), "…" not in words


@pytest.mark.parametrize("section", ITEMS)
def test_items_of_a_section(section: str) -> None:
    text = SECTIONS[section]
    rest = "" if section in ("model", "target") else BASE
    known, complete = known_here(f"hwspec 1\n{text}\n{rest}")
    offered = set(ITEMS[section]) - EXPANDED_BEFORE
    assert known <= offered
    assert not complete or known == offered


def test_sections() -> None:
    known, _ = known_here(f"hwspec 1\n{BASE}{NONSENSE} a {{ }}")
    assert known - EXPANDED_BEFORE == set(TOP) - EXPANDED_BEFORE


def test_options_of_the_input() -> None:
    known, _ = known_here(f"hwspec 1\nmodel m {{ input x 8 {{ {NONSENSE} }} }}")
    assert known == set(INPUT_OPTIONS)


def test_every_dimension_has_units() -> None:
    dimensions = {unit.dimension for unit in UNITS.values()}
    assert all(dimension in dimensions for wanted in DIMENSIONS.values() for dimension in wanted)


@pytest.mark.parametrize("keyword", ["activation", "padding"])
def test_values_of_a_keyword(keyword: str) -> None:
    text = "hwspec 1\nmodel m {{ input x 8x8x1, conv c {{ kernel 3x3, filters 4, {} {} }} }}"
    for word in VALUES[keyword]:
        assert not findings(text.format(keyword, word))
    known, _ = known_here(text.format(keyword, NONSENSE))
    assert known == set(VALUES[keyword])
