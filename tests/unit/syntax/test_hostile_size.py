"""Texts of the largest size allowed, made to be slow: each ends in seconds, with a bounded list of findings."""

from __future__ import annotations

import time

import pytest

from specc.diagnostics.bounded import LIMIT
from specc.diagnostics.model import Sink
from specc.diagnostics.render_text import render
from specc.elaborate import load_text
from specc.source import SourceFile
from specc.syntax.files import SIZE_LIMIT

PATTERNS = ["a,", "a{}", "|a|\n", '"', '"\\', "1..", "±", "a", "1µ", "relu r\n", "\n"]


@pytest.mark.parametrize("pattern", PATTERNS)
def test_repeated_to_the_limit(pattern: str) -> None:
    start = "hwspec 1\n"
    text = start + pattern * ((SIZE_LIMIT - len(start)) // len(pattern))
    sink = Sink()
    began = time.process_time()
    assert load_text(SourceFile("test", text), sink) is None
    printed = render(list(sink))
    assert time.process_time() - began < 30  # a second or two; the margin is for slow machines
    assert 1 <= len(sink.diagnostics) <= 2 * LIMIT + 2
    assert len(printed) < 200_000


def test_text_beyond_the_limit_is_not_read() -> None:
    sink = Sink()
    assert load_text(SourceFile("test", " " * (SIZE_LIMIT + 1)), sink) is None
    assert [diagnostic.code for diagnostic in sink] == ["E0006"]
