"""What is there, what is missing, and what that costs."""

from pathlib import Path

import pytest

from specc.cli import main
from specc.measure.doctor import examine


def test_what_is_installed_is_named_with_its_version(tmp_path: Path) -> None:
    from importlib.metadata import version

    tools = {tool.name: tool for tool in examine(tmp_path)}
    assert tools["ziglang"].found == version("ziglang")
    assert tools["backends"].found is not None and "host" in tools["backends"].found
    assert all(tool.cost and tool.repair for tool in tools.values())


def test_what_is_missing_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    tools = {tool.name: tool for tool in examine(tmp_path)}
    assert tools["valgrind"].found is None and tools["pyocd or openocd"].found is None
    assert tools["RAPL energy counters"].found is None
    fake = tmp_path / "openocd"
    fake.write_text("#!/bin/sh\n")
    fake.chmod(0o755)
    zone = tmp_path / "intel-rapl:0"
    zone.mkdir()
    (zone / "energy_uj").write_text("5")
    tools = {tool.name: tool for tool in examine(tmp_path)}
    assert tools["pyocd or openocd"].found == str(fake)
    assert tools["RAPL energy counters"].found == "intel-rapl:0"


def test_the_command_tells_the_cost_of_what_is_missing(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert main(["doctor"]) == 0
    (line,) = [line for line in capsys.readouterr().out.splitlines() if line.startswith("valgrind")]
    assert "✗ missing" in line and "no simulated counters" in line
