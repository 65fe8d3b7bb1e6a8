"""`--port` and `specc flash` from the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from specc.cli import main
from specc.measure import flash as flash_module
from specc.measure import runner
from specc_backends.host import HostBackend
from specc_backends.serial_board import SerialBoardBackend

MOCKS = Path(__file__).resolve().parents[2] / "mock_commands"
SPEC = """hwspec 1

model small {
  input x 8 { distribution normal 0.5 }
  dense d { units 4 }
  weights seed 1
}

quantization small {
  | layer | bits | range      |
  | ----- | ---- | ---------- |
  | *     | 8    | calibrated |
}

target f407 { use stm32f407, clock 168 MHz, compile "-O2" }
target here { use host, compile "-O2" }

budget all { latency total p95 <= 200 ms }
"""


@pytest.fixture(autouse=True)
def backends(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (flash_module, runner):
        monkeypatch.setattr(module, "discover", lambda: [HostBackend(), SerialBoardBackend()])


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    path = tmp_path / "small.hwspec"
    path.write_text(SPEC)
    return path


def arguments(spec: Path, folder: Path, command: str, *more: str) -> list[str]:
    return [command, str(spec), "--build", str(folder), *more]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["f407"], "--port f407: write NAME=PORT, for example f407=/dev/ttyACM0"),
        (["=x"], "write NAME=PORT"),
        (["f407="], "write NAME=PORT"),
        (["other=/dev/ttyACM0"], "declares no target other; it declares f407, here"),
        (["f407=/dev/a", "f407=/dev/b"], "the target or the port was given before"),
        (["f407=/dev/a", "here=/dev/a"], "the target or the port was given before"),
    ],
)
def test_ports_that_make_no_sense(
    spec: Path, folder: Path, capsys: pytest.CaptureFixture[str], given: list[str], message: str
) -> None:
    options = [word for text in given for word in ("--port", text)]
    with pytest.raises(SystemExit) as caught:
        main(arguments(spec, folder, "measure", *options))
    assert caught.value.code == 2
    assert message in capsys.readouterr().err


def test_a_port_without_a_board(spec: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--target", "f407", "--port", "f407=/dev/no-such-port"]
    assert main(arguments(spec, tmp_path / "build", "measure", *options)) == 1
    assert "target f407: there is no port /dev/no-such-port: is the board connected?" in capsys.readouterr().err


def test_a_port_for_hardware_without_board_support(
    spec: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--target", "here", "--port", "here=/dev/ttyACM0"]
    main(arguments(spec, tmp_path / "build", "measure", *options))
    assert "target here: no backend can measure host (host) through a port" in capsys.readouterr().err


def test_flash(
    spec: Path, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    tools = tmp_path / "bin"
    tools.mkdir()
    (tools / "openocd").symlink_to(MOCKS / "openocd")
    monkeypatch.setenv("PATH", str(tools))
    monkeypatch.setenv("MOCK_LOG", str(tmp_path / "log"))
    assert main(arguments(spec, folder, "flash", "--target", "f407", "--probe", "0670FF")) == 0
    assert "is on the board (by openocd); its serial line: USART2, PA2 and PA3" in capsys.readouterr().out
    assert "adapter serial {0670FF}" in (tmp_path / "log").read_text()
    monkeypatch.setenv("MOCK_OPENOCD_STATUS", "1")
    assert main(arguments(spec, folder, "flash", "--target", "f407")) == 1
    error = capsys.readouterr().err
    assert f"specc: openocd failed: Error: open failed (log: {folder / 'logs' / 'f407.log'})" in error
    assert "Open On-Chip Debugger" in (folder / "logs" / "f407.log").read_text()


def test_flash_of_what_has_no_board_support(spec: Path, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments(spec, folder, "flash", "--target", "here")) == 1
    assert "specc: there is no board support for host, so it cannot be flashed" in capsys.readouterr().err


def test_flash_of_an_unknown_target(spec: Path, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(arguments(spec, folder, "flash", "--target", "f408"))
    assert caught.value.code == 2
    assert "declares no target f408" in capsys.readouterr().err
