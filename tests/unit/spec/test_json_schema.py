"""The JSON Schema, by an independent validator: it takes every spec of the corpus and nothing that is none."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from specc.cli import main
from specc.diagnostics.model import Sink
from specc.elaborate import load
from specc.spec.schema import json_schema

jsonschema = pytest.importorskip("jsonschema", reason="jsonschema is not installed")

ROOT = Path(__file__).resolve().parents[3]
OK = sorted((ROOT / "tests" / "conformance" / "ok").glob("*.hwspec"))
SHIPPED = sorted((ROOT / "specs").glob("*.hwspec"))


def spec_json(path: Path) -> Any:
    spec = load(path, Sink())
    assert spec is not None
    return json.loads(spec.model_dump_json())


@pytest.fixture(scope="module")
def validator() -> Any:
    schema = json_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


@pytest.mark.parametrize("path", [*OK, *SHIPPED], ids=lambda path: path.stem)
def test_every_spec_is_valid(path: Path, validator: Any) -> None:
    assert [error.message for error in validator.iter_errors(spec_json(path))] == []


@pytest.mark.parametrize(
    ("where", "value"),
    [
        (("edition",), "one"),
        (("unknown",), 1),
        (("model", "layers", 0, "kind"), "convolution"),
        (("model", "layers", 0, "stride"), [1, 1, 1]),
        (("targets", 0, "clock"), {"number": "1.5", "unit": "MHz"}),
        (("targets", 0, "clock"), {"number": "1", "unit": "megahertz"}),
        (("targets", 0, "clock"), 168),
        (("budgets", 0, "items", 0, "relation"), "=="),
        (("model", "spans"), {}),
    ],
)
def test_what_is_no_spec_is_refused(where: tuple[str | int, ...], value: object, validator: Any) -> None:
    data = copy.deepcopy(spec_json(ROOT / "specs" / "edge_cnn.hwspec"))
    place = data
    for step in where[:-1]:
        place = place[step]
    place[where[-1]] = value
    assert list(validator.iter_errors(data))


def test_the_command_prints_it_and_it_is_stable(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema"]) == 0
    first = capsys.readouterr().out
    assert json.loads(first) == json_schema()
    assert json.loads(first)["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert main(["schema"]) == 0
    assert capsys.readouterr().out == first
