"""Flashing: which tool is called and how, and what is said when it cannot be."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from serial_rig import make_job, target

from specc.measure.backend import BackendError
from specc_backends.serial_board import SerialBoardBackend, flasher, parts

MOCKS = Path(__file__).resolve().parents[2] / "mock_commands"


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "log"
    monkeypatch.setenv("MOCK_LOG", str(path))
    return path


def only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    """Make these stand-ins the only commands there are, beside the shell's own."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in names:
        (folder / name).symlink_to(MOCKS / name)
    monkeypatch.setenv("PATH", str(folder))


def test_openocd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, log: Path) -> None:
    only(tmp_path, monkeypatch, "openocd", "pyocd")
    assert flasher.flash(Path("/x/firmware.elf"), parts.PARTS["stm32f407"], None) == "openocd"
    assert log.read_text().splitlines() == [
        "-f",
        "interface/stlink.cfg",
        "-f",
        "target/stm32f4x.cfg",
        "-c",
        "program {/x/firmware.elf} verify reset exit",
    ]


def test_openocd_with_a_chosen_probe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, log: Path) -> None:
    only(tmp_path, monkeypatch, "openocd")
    flasher.flash(Path("/x/firmware.elf"), parts.PARTS["rp2040"], "E660 12")
    assert log.read_text().splitlines()[:6] == [
        "-f",
        "interface/cmsis-dap.cfg",
        "-c",
        "adapter serial {E660 12}",
        "-f",
        "target/rp2040.cfg",
    ]


@pytest.mark.parametrize("probe", ["x} ; exec touch /tmp/x; {", "[exit]", "$env(HOME)", 'a"b', "a\\b"])
def test_a_probe_cannot_carry_commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, log: Path, probe: str) -> None:
    only(tmp_path, monkeypatch, "openocd")
    with pytest.raises(BackendError, match="command language"):
        flasher.flash(Path("/x/firmware.elf"), parts.PARTS["stm32f407"], probe)
    assert not log.exists()


def test_pyocd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, log: Path) -> None:
    only(tmp_path, monkeypatch, "pyocd")
    assert flasher.flash(Path("firmware.elf"), parts.PARTS["stm32h743"], "0670FF") == "pyocd"
    assert log.read_text().splitlines() == [
        "flash",
        "--target",
        "stm32h743xx",
        "--uid",
        "0670FF",
        "--",
        "firmware.elf",
    ]


def test_no_tool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    only(tmp_path, monkeypatch)
    with pytest.raises(BackendError, match=r"neither OpenOCD nor pyOCD is installed: install one .*another programmer"):
        flasher.flash(Path("firmware.elf"), parts.PARTS["stm32f407"], None)


def test_a_tool_that_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, log: Path) -> None:
    only(tmp_path, monkeypatch, "openocd")
    monkeypatch.setenv("MOCK_OPENOCD_STATUS", "1")
    with pytest.raises(BackendError, match="openocd failed: Error: open failed") as caught:
        flasher.flash(Path("firmware.elf"), parts.PARTS["stm32f407"], None)
    assert "Open On-Chip Debugger" in caught.value.log
    assert log.exists()


def test_a_tool_that_hangs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "bin"
    folder.mkdir()
    script = folder / "openocd"
    script.write_text("#!/bin/sh\nexec sleep 60\n")
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setattr(flasher, "_SECONDS", 0.3)
    with pytest.raises(BackendError, match=r"openocd did not end within 0\.3 s"):
        flasher.flash(Path("firmware.elf"), parts.PARTS["stm32f407"], None)


def test_the_backend_builds_and_flashes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, log: Path, folder: Path
) -> None:
    only(tmp_path, monkeypatch, "openocd")
    done = SerialBoardBackend().flash(make_job(folder, to=target()), None)
    key = SerialBoardBackend().key(make_job(folder))
    elf = folder / "serial_board" / f"board-{key[:12]}" / "firmware.elf"
    assert elf.is_file()
    assert log.read_text().splitlines()[-1] == f"program {{{elf}}} verify reset exit"
    assert done.startswith(f"board: {elf} is on the board (by openocd)")
