"""The elaborator builds spec objects without pydantic's validators; what it builds is what they would let through."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from specc.diagnostics.model import Sink
from specc.elaborate import load
from specc.spec.base import Node
from specc.spec.model import ModelFile, ReadFile

ROOT = Path(__file__).resolve().parents[3]
SPECS = [
    *sorted((ROOT / "specs").glob("*.hwspec")),
    *sorted((ROOT / "tests" / "conformance" / "ok").glob("*.hwspec")),
    *sorted((ROOT / "tests" / "conformance" / "check").glob("*.hwspec")),
]


def nodes(value: Any) -> Iterator[Node]:
    if isinstance(value, Node):
        yield value
        for name in type(value).model_fields:
            yield from nodes(getattr(value, name))
    elif isinstance(value, tuple | list):
        for entry in value:
            yield from nodes(entry)


def test_the_corpus_has_every_kind_of_node() -> None:
    found = {type(node) for path in SPECS for node in nodes(load(path, Sink()))}
    found |= {ReadFile, ModelFile}  # their three values come from a path, a digest and an importer
    assert found == set(_kinds(Node)), "a kind of node is built nowhere in the corpus, and so not looked at here"


def _kinds(of: type[Node]) -> Iterator[type[Node]]:
    for kind in of.__subclasses__():
        if kind.__module__.startswith("specc.spec"):
            yield kind
        yield from _kinds(kind)


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_every_value_is_what_validation_makes_of_it(path: Path) -> None:
    for node in nodes(load(path, Sink())):
        fields = {name: getattr(node, name) for name in type(node).model_fields}
        validated = type(node).model_validate(fields)
        for name, value in fields.items():
            checked = getattr(validated, name)
            assert (type(checked), checked) == (type(value), value), f"{type(node).__name__}.{name}"
        assert type(node).model_validate(fields, strict=True) == node
