"""Every spec in the language reference is a spec, and the reference names every section and layer."""

from __future__ import annotations

import re

import pytest

from specc.diagnostics.model import Sink
from specc.elaborate import load_text
from specc.elaborate.layers import KINDS
from specc.resources import resource
from specc.source import SourceFile
from specc.syntax.files import SIZE_LIMIT
from specc.syntax.words import SECTIONS

REFERENCE = resource("grammar", "edition-1.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```hwspec\n(.*?)```", REFERENCE, re.DOTALL)


def test_there_are_examples() -> None:
    assert len(EXAMPLES) == 2


@pytest.mark.parametrize("text", EXAMPLES)
def test_example_is_a_spec(text: str) -> None:
    sink = Sink()
    assert load_text(SourceFile("example", text), sink) is not None
    assert not sink.diagnostics


@pytest.mark.parametrize("section", SECTIONS)
def test_every_section_is_described(section: str) -> None:
    assert f"**{section}" in REFERENCE


@pytest.mark.parametrize("kind", KINDS)
def test_every_layer_is_described(kind: str) -> None:
    assert f"`{kind}`" in REFERENCE


def test_stated_size_limit() -> None:
    assert f"{SIZE_LIMIT >> 10} KiB" in REFERENCE
