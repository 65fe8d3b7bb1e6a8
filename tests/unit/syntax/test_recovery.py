"""One mistake is one error: brackets, quotes, separators taken out of real files, and files cut short."""

from __future__ import annotations

from pathlib import Path

import pytest

from specc.diagnostics.model import Diagnostic, Sink
from specc.elaborate import load_text
from specc.elaborate.layers import KINDS
from specc.resources import resource
from specc.source import SourceFile
from specc.syntax.words import LAYERS

FILES = ("edge_cnn", "edge_cnn_repaired", "kws")


def text_of(name: str) -> str:
    return Path(resource("specs", f"{name}.hwspec")).read_text(encoding="utf-8")


def errors(text: str) -> list[Diagnostic]:
    sink = Sink()
    load_text(SourceFile("test", text), sink)
    return [diagnostic for diagnostic in sink if diagnostic.severity == "error"]


def places(text: str, characters: str) -> list[int]:
    """Offsets of characters outside comments."""
    found, offset = [], 0
    for line in text.splitlines(keepends=True):
        code = line.split("#", 1)[0]
        found += [offset + index for index, character in enumerate(code) if character in characters]
        offset += len(line)
    return found


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("character", ["{", "}", '"', "|"])
def test_one_lost_sign_is_one_error_on_its_line(name: str, character: str) -> None:
    text = text_of(name)
    offsets = places(text, character)
    assert offsets
    for offset in offsets:
        line = text.count("\n", 0, offset) + 1
        found = errors(text[:offset] + text[offset + 1 :])
        assert len(found) == 1, (line, [str(diagnostic) for diagnostic in found])
        (diagnostic,) = found
        assert diagnostic.primary is not None
        labelled = {diagnostic.primary.span.line, *(label.span.line for label in diagnostic.secondary)}
        if character != "}":  # a lost closing brace is only seen further down; the block it belongs to is named
            assert line in labelled, (line, diagnostic)


@pytest.mark.parametrize("name", FILES)
def test_one_lost_comma_is_at_most_one_error(name: str) -> None:
    text = text_of(name)
    for offset in places(text, ","):
        assert len(errors(text[:offset] + text[offset + 1 :])) <= 1


@pytest.mark.parametrize("character", ["{", "}", "$", ",", "="])
def test_one_sign_too_many_is_one_error(character: str) -> None:
    text = text_of("kws")
    for offset in places(text, "\n"):
        found = errors(text[:offset] + character + text[offset:])
        assert len(found) <= 1, (text.count("\n", 0, offset) + 1, [(d.code, d.message) for d in found])


@pytest.mark.parametrize("name", FILES)
def test_half_written_files_have_few_errors(name: str) -> None:
    text = text_of(name)
    start = text.index("model")
    for length in range(start + 6, len(text), 11):
        found = errors(text[:length])
        assert len(found) <= 1, (length, [(d.code, d.message) for d in found])


def test_errors_do_not_hide_one_another() -> None:
    text = text_of("kws")
    text = text.replace("use stm32l4r5", "use stm32l4r6").replace("energy then latency", "energie then latency")
    text = text.replace("kernel 10x4,", "kernel 10x4;").replace("<= 128 KiB", "<= 128 ms")
    assert [diagnostic.code for diagnostic in errors(text)] == ["E0010", "E1011", "E1008", "E1016"]


def test_hopeless_text_ends_early() -> None:
    found = errors("hwspec 1\n" + "a = b ;\n" * 10_000)
    assert found[-1].code == "E0019"
    assert len(found) < 100


def test_names_follow_every_kind_of_layer() -> None:
    assert set(LAYERS) == set(KINDS)
