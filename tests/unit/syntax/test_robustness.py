"""Nothing that can stand in a file makes the front end raise or hang."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from specc.diagnostics.model import Sink
from specc.diagnostics.render_json import render as render_json
from specc.diagnostics.render_text import render
from specc.elaborate import load_text
from specc.resources import resource
from specc.source import SourceFile
from specc.syntax.files import decode

SPECS = [path.read_text(encoding="utf-8") for path in sorted(Path(resource("specs")).rglob("*.hwspec"))]
SIGNS = [
    "{",
    "}",
    "|",
    ",",
    "\n",
    '"',
    "±",
    "..",
    "x",
    "_",
    "<=",
    "#",
    " ",
    "\t",
    "\r",
    "\x1b",
    "\u2028",
    "µ",
    "日",
    "0",
]
WORDS = [
    "model",
    "m",
    "conv",
    "input",
    "3x3",
    "8 ms",
    "kernel",
    "hwspec 1",
    "target",
    "use",
    "host",
    "budget",
    "all",
    "1e9",
]
PIECES = st.sampled_from([*SIGNS, *WORDS])


def survives(text: str) -> None:
    sink = Sink()
    spec = load_text(SourceFile("test", text), sink)
    assert (spec is None) == sink.has_errors
    diagnostics = list(sink)
    render(diagnostics, colour=True)
    render_json(diagnostics)
    for diagnostic in diagnostics:
        if diagnostic.primary is not None and diagnostic.primary.span.source.text == text:
            assert 0 <= diagnostic.primary.span.start <= diagnostic.primary.span.end <= len(text)


@settings(deadline=2000)
@given(st.text())
def test_any_text(text: str) -> None:
    survives(text)


@settings(deadline=2000)
@given(st.binary())
def test_any_bytes(data: bytes) -> None:
    sink = Sink()
    source = decode(data, "test", None, sink)
    assert (source is None) == sink.has_errors
    if source is not None:
        survives(source.text)


@settings(deadline=2000, max_examples=300)
@given(st.lists(PIECES, max_size=60).map("".join))
def test_pieces_of_the_language(text: str) -> None:
    survives(text)


@settings(deadline=2000, max_examples=200)
@given(st.sampled_from(SPECS), st.data())
def test_mutated_specs(text: str, data: st.DataObject) -> None:
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(text)))
        removed = data.draw(st.integers(0, 20))
        text = text[:at] + data.draw(PIECES) + text[at + removed :]
    survives(text)
