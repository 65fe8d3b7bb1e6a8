"""What commands print for programs where the spec cannot be measured: the findings, as `specc check` prints them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from specc.cli import main

UNKNOWN_LAYER = """hwspec 1
model m { input x 8, dense d { units 2 }, weights seed 1 }
quantization m {
  | layer | bits | range      |
  | ----- | ---- | ---------- |
  | *     | 8    | calibrated |
}
target t { use stm32f407 }
budget t { latency e <= 1 ms }
"""
COMMANDS = [
    ("precision", "--json"),
    ("precision", "--localise", "--json"),
    ("tune", "--json"),
    ("predict", "--json"),
    ("experiment", "--json"),
    ("roofline", "--json"),
    ("verify", "--format", "json"),
]


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    path = tmp_path / "s.hwspec"
    path.write_text(UNKNOWN_LAYER, encoding="utf-8")
    return path


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_programs_get_the_findings_in_one_document(
    command: tuple[str, ...], spec: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", "--no-cache", "--format", "json", str(spec)]) == 1
    wanted = json.loads(capsys.readouterr().out)
    name, *options = command
    assert main([name, str(spec), *options, "--build", str(spec.parent / "build")]) == 1
    printed = capsys.readouterr()
    assert json.loads(printed.out) == wanted
    assert [found["code"] for found in wanted["diagnostics"]] == ["E1011"]
    assert "E1011" in printed.err


@pytest.mark.parametrize("command", ["precision", "tune", "predict", "experiment", "roofline", "verify"])
def test_people_get_them_once(command: str, spec: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([command, str(spec), "--build", str(spec.parent / "build")]) == 1
    printed = capsys.readouterr()
    assert (printed.out + printed.err).count("error[E1011]") == 1


@pytest.mark.parametrize("objective", ["cycles", "energy"])
def test_a_target_that_is_not_declared(objective: str, spec: Path, capsys: pytest.CaptureFixture[str]) -> None:
    spec.write_text(UNKNOWN_LAYER.replace("latency e", "latency d"), encoding="utf-8")
    with pytest.raises(SystemExit) as end:
        main(["tune", str(spec), "--objective", objective, "--target", "u", "--build", str(spec.parent / "build")])
    assert end.value.code == 2
    assert capsys.readouterr().err.endswith(f"specc: {spec} declares no target u; it declares t\n")
