"""Current sensors read through a board: the drivers, the protocol, the firmware's I2C, and a device on the lines."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import i2c_bus
import pytest
from line_faults import FaultyLine, dropped
from serial_rig import CLOCK_HZ, SRAM, end
from simulated_ina import AMPERES, SHUNT, VOLTS, SimulatedIna219, SimulatedIna226

from specc.cli import main
from specc.measure.energy.ina import Ina219, Ina226, SensorError
from specc_backends.serial_board.board import SerialBoard
from specc_backends.serial_board.firmware import Firmware
from specc_backends.serial_board.i2c import BoardBridge
from specc_backends.serial_board.line import SerialLine

Attach = Callable[[str], str]


@pytest.fixture
def attach(library: Path, firmware: Firmware) -> Iterator[Attach]:
    """Starts boards with a device on their I2C lines; the port of each."""
    running: list[subprocess.Popen[str]] = []

    def start(device: str) -> str:
        arguments = [device, str(firmware.elf), str(library), str(SRAM), str(CLOCK_HZ)]
        process = subprocess.Popen([sys.executable, i2c_bus.__file__, *arguments], stdout=subprocess.PIPE, text=True)
        running.append(process)
        assert process.stdout is not None
        return process.stdout.readline().strip()

    yield start
    end(running)


@pytest.mark.parametrize(
    ("name", "driver", "chip"), [("ina226", Ina226, SimulatedIna226), ("ina219", Ina219, SimulatedIna219)]
)
def test_a_sensor_reads_the_same_through_a_board(attach: Attach, name: str, driver: type, chip: type) -> None:
    settings = {"shunt_ohms": SHUNT, "largest_amperes": 15}
    with SerialLine(attach(name)) as line:
        through = driver(BoardBridge(SerialBoard(line, 10.0)), **settings).read()
    assert through == driver(chip(), **settings).read()
    assert (through.amperes, through.bus_volts) == pytest.approx((AMPERES, VOLTS), rel=2e-3)
    assert through.watts == pytest.approx(AMPERES * VOLTS, rel=5e-3)


def test_every_bit_arrives(attach: Attach) -> None:
    with SerialLine(attach("memory")) as line:
        bridge = BoardBridge(SerialBoard(line, 10.0))
        words = {0: 0x0000, 1: 0xFFFF, 2: 0x8000, 3: 0x0001, 0x55: 0xA55A, 0xAA: 0x5AA5, 0xFF: 0x1234}
        for register, word in words.items():
            bridge.write_word(i2c_bus.ADDRESS, register, word)
        assert {register: bridge.read_word(i2c_bus.ADDRESS, register) for register in words} == words
        assert bridge.read_word(i2c_bus.ADDRESS, 4) == 0


def test_a_line_that_loses_bytes_loses_no_word(attach: Attach) -> None:
    with FaultyLine(attach("memory"), dropped(0.01)) as faulty, SerialLine(faulty.port) as line:
        bridge = BoardBridge(SerialBoard(line, 10.0))
        for register in range(8):
            bridge.write_word(i2c_bus.ADDRESS, register, 3 * register)
        assert [bridge.read_word(i2c_bus.ADDRESS, register) for register in range(8)] == list(range(0, 24, 3))
        assert line.repeated > 0


@pytest.mark.parametrize("device", ["nothing", "memory", "held clock"])
def test_nobody_answers(attach: Attach, device: str) -> None:
    with SerialLine(attach(device)) as line:
        board = SerialBoard(line, 10.0)
        with pytest.raises(SensorError, match=r"nothing answers at I2C address 0x41: no device on the I2C pins of the"):
            Ina226(BoardBridge(board), shunt_ohms=SHUNT, largest_amperes=15, address=0x41)
        if device == "memory":  # the bus is free again
            assert board.i2c_read(i2c_bus.ADDRESS, 0) == 0


def test_another_chip_is_named(attach: Attach) -> None:
    with SerialLine(attach("ina219")) as line, pytest.raises(SensorError, match="is no INA226"):
        Ina226(BoardBridge(SerialBoard(line, 10.0)), shunt_ohms=SHUNT, largest_amperes=15)


def test_the_command_says_what_answers(attach: Attach, capsys: pytest.CaptureFixture[str]) -> None:
    port = attach("ina226")
    assert main(["energy", "sensors", "--port", port]) == 0
    assert capsys.readouterr().out.splitlines()[-1].split() == ["0x40", "INA226"]
    settings = ["--shunt", str(SHUNT), "--largest", "15"]
    assert main(["energy", "sensors", "--port", port, *settings, "--format", "json"]) == 0
    (found,) = json.loads(capsys.readouterr().out)["sensors"]
    assert (found["address"], found["chip"], found["trouble"]) == (0x40, "ina226", "")
    assert (found["amperes"], found["bus_volts"]) == pytest.approx((AMPERES, VOLTS), rel=2e-3)


def test_the_command_reads_what_does_not_say_what_it_is(attach: Attach, capsys: pytest.CaptureFixture[str]) -> None:
    port = attach("ina219")
    assert main(["energy", "sensors", "--port", port, "--shunt", str(SHUNT), "--largest", "15"]) == 0
    (line,) = [line for line in capsys.readouterr().out.splitlines() if "0x40" in line]
    assert "does not say; an INA219, perhaps" in line and f"{AMPERES * 1e3:.4g} mA" in line


def test_the_command_names_a_shunt_beyond_a_sensor(attach: Attach, capsys: pytest.CaptureFixture[str]) -> None:
    port = attach("ina226")
    assert main(["energy", "sensors", "--port", port, "--shunt", "1", "--largest", "15"]) == 0
    assert "the INA226 measures ±81.92 mV" in capsys.readouterr().out


def test_the_command_without_sensors(attach: Attach, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["energy", "sensors", "--port", attach("nothing")]) == 1
    assert "no sensor answers on the I2C pins of the board at" in capsys.readouterr().err
    assert main(["energy", "sensors", "--port", "/dev/no-such-port"]) == 1
    assert "there is no port /dev/no-such-port" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["energy", "sensors", "--port", "x", "--shunt", "1"])
    assert "--shunt and --largest belong together" in capsys.readouterr().err
