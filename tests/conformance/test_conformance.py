"""Each file of the corpus against its exact expected outcome.

`ok/NAME.hwspec` has its Spec in `NAME.json` (without what is unknown, and hardware of the library by name alone), and
its warnings, if any, in `NAME.txt`; `err/NAME.hwspec` has the diagnostics as printed in `NAME.txt`.
SPECC_UPDATE_CONFORMANCE=1 rewrites the expectations: read the difference before it is committed.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from specc.diagnostics.model import Sink
from specc.diagnostics.render_text import render, summary
from specc.elaborate import load_text
from specc.elaborate.hardware import library_names
from specc.spec import Spec
from specc.syntax.files import decode

HERE = Path(__file__).parent
UPDATE = os.environ.get("SPECC_UPDATE_CONFORMANCE") == "1"
OK = sorted((HERE / "ok").glob("*.hwspec"))
ERR = sorted((HERE / "err").glob("*.hwspec"))


def read(path: Path) -> tuple[Spec | None, Sink, str]:
    name = f"{path.parent.name}/{path.name}"
    sink = Sink()
    source = decode(path.read_bytes(), name, path, sink)
    spec = load_text(source, sink) if source else None
    diagnostics = list(sink)
    return spec, sink, render(diagnostics) + "\n" + summary(diagnostics, name) + "\n"


def as_json(spec: Spec) -> str:
    data = spec.model_dump(exclude_none=True)
    for target in data["targets"]:
        if target["hardware"]["name"] in library_names():
            target["hardware"] = target["hardware"]["name"]
    return json.dumps(data, ensure_ascii=False, indent=1) + "\n"


def expect(path: Path, actual: str) -> None:
    if UPDATE:
        path.write_text(actual, encoding="utf-8")
    assert path.read_text(encoding="utf-8") == actual


def test_the_corpus_is_there() -> None:
    assert len(OK) >= 90
    assert len(ERR) >= 200


@pytest.mark.parametrize("path", OK, ids=lambda path: path.stem)
def test_ok(path: Path) -> None:
    spec, sink, text = read(path)
    assert not sink.has_errors, text
    assert spec is not None
    assert bool(sink.diagnostics) == path.stem.startswith("warn_"), text
    expect(path.with_suffix(".json"), as_json(spec))
    if sink.diagnostics:
        expect(path.with_suffix(".txt"), text)


@pytest.mark.parametrize("path", ERR, ids=lambda path: path.stem)
def test_err(path: Path) -> None:
    spec, sink, text = read(path)
    assert spec is None
    assert sink.has_errors
    expect(path.with_suffix(".txt"), text)


@pytest.mark.parametrize("path", OK, ids=lambda path: path.stem)
def test_json_round_trip(path: Path) -> None:
    spec, _, _ = read(path)
    assert spec is not None
    assert Spec.model_validate_json(spec.model_dump_json()) == spec
