"""docs/precision.md: its example runs."""

import re
from pathlib import Path

import pytest

from specc.diagnostics.model import Sink
from specc.elaborate import load_text
from specc.source import SourceFile

ROOT = Path(__file__).resolve().parents[3]


def test_the_example_runs(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    text = (ROOT / "docs" / "precision.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    monkeypatch.chdir(ROOT)
    exec(compile(example, "docs/precision.md", "exec"), {})
    name, value, low, high = capsys.readouterr().out.split()
    assert name in {"conv0", "depthwise1"} and float(low) < float(value) < float(high)


def test_the_spec_is_a_spec() -> None:
    text = (ROOT / "docs" / "precision.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```hwspec\n(.*?)```", text, re.DOTALL)
    sink = Sink()
    assert load_text(SourceFile("example", example), sink) is not None
    assert not sink.diagnostics
