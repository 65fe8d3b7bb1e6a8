"""Every spec in the language reference is a spec, and the reference names every section and layer."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest

from specc.diagnostics.model import Sink
from specc.elaborate import load_text
from specc.elaborate.layers import KINDS
from specc.source import SourceFile
from specc.spec.model import NumberFormat
from specc.syntax.files import SIZE_LIMIT
from specc.syntax.words import SECTIONS

REFERENCE = (Path(__file__).resolve().parents[3] / "docs" / "language.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```hwspec\n(.*?)```", REFERENCE, re.DOTALL)


def test_there_are_examples() -> None:
    assert len(EXAMPLES) == 4


@pytest.mark.parametrize("text", EXAMPLES)
def test_example_is_a_spec(text: str) -> None:
    sink = Sink()
    assert load_text(SourceFile("example", text), sink) is not None
    assert {diagnostic.code for diagnostic in sink.diagnostics} <= {"N1104"}


@pytest.mark.parametrize("section", SECTIONS)
def test_every_section_is_described(section: str) -> None:
    assert f"**{section}" in REFERENCE


@pytest.mark.parametrize("kind", KINDS)
def test_every_layer_is_described(kind: str) -> None:
    assert f"`{kind}`" in REFERENCE


@pytest.mark.parametrize("form", get_args(NumberFormat))
def test_every_number_format_is_named(form: str) -> None:
    assert f"`{form}`" in REFERENCE


def test_stated_size_limit() -> None:
    assert f"{SIZE_LIMIT >> 10} KiB" in REFERENCE
