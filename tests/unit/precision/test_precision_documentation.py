"""docs/precision.md: its example runs."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]


def test_the_example_runs(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    text = (ROOT / "docs" / "precision.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    monkeypatch.chdir(ROOT)
    exec(compile(example, "docs/precision.md", "exec"), {})
    name, value, low, high = capsys.readouterr().out.split()
    assert name in {"conv0", "depthwise1"} and float(low) < float(value) < float(high)
