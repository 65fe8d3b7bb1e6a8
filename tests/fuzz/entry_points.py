"""What untrusted bytes reach. Each function takes any bytes, and raises only if specc itself is wrong."""

from __future__ import annotations

from specc.check import check_source
from specc.diagnostics.model import FileFindings, Sink
from specc.diagnostics.render import MACHINE_FORMATS, render
from specc.diagnostics.render_text import render as render_text
from specc.elaborate.importers import ModelFileError, import_model
from specc.source import SourceFile, Span
from specc.syntax.files import decode
from specc.syntax.formatter import FormatError, format_source

NAME = "fuzzed.hwspec"
_HERE = Span(SourceFile(NAME, "x"), 0, 1)


def language(data: bytes) -> None:
    """Parse, elaborate, check, print in every format, and lay out: twice, to the same text."""
    sink = Sink()
    source = decode(data, NAME, None, sink)
    found = check_source(source).diagnostics if source else tuple(sink)
    render_text(found)
    for form in MACHINE_FORMATS:
        render([FileFindings(NAME, found)], form)
    if source is not None:
        formatted(source.text)


def formatted(text: str) -> str:
    """A text in its layout, which must be its own layout; as it is if it has none."""
    try:
        once = format_source(SourceFile(NAME, text), Sink())
    except FormatError:
        return text
    assert format_source(SourceFile(NAME, once), Sink()) == once, "the layout changes a second time"
    return once


def editor(data: bytes) -> None:
    """Every request of the language server, at a few places of the text."""
    from lsprotocol import types

    from specc.lsp.completion import complete
    from specc.lsp.document import Document
    from specc.lsp.findings import diagnostics, quick_fixes
    from specc.lsp.hover import hover
    from specc.lsp.navigation import RenameError, definition, rename, symbols

    document = Document("untitled:fuzzed", data.decode("utf-8", errors="replace"), 1, "utf-16")
    diagnostics(document)
    symbols(document)
    lines = document.source.text.split("\n")
    for step in range(5):
        line = len(lines) * step // 4  # the last one lies behind the text
        place = types.Position(line, len(lines[line]) * (step + 1) // 4 if line < len(lines) else 7)
        hover(document, place)
        complete(document, place)
        definition(document, place)
        quick_fixes(document, types.Range(place, place))
        try:
            rename(document, place, "other")
        except RenameError:
            continue


def tflite(data: bytes) -> None:
    """A TensorFlow Lite file: understood, or refused in words."""
    _model(data, ".tflite")


def onnx(data: bytes) -> None:
    """An ONNX file: understood, or refused in words."""
    _model(data, ".onnx")


def _model(data: bytes, suffix: str) -> None:
    try:
        import_model(data, suffix, _HERE)
    except ModelFileError as error:
        assert str(error), "refused without a word"


ENTRY_POINTS = {function.__name__: function for function in (language, editor, tflite, onnx)}
