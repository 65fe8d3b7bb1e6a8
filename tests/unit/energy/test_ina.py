"""The sensors' drivers against simulated chips, and against the worked examples of their datasheets."""

import pytest
from simulated_ina import SHUNT, VOLTS, SimulatedIna219, SimulatedIna226

from specc.measure.energy.ina import (
    INA226_AVERAGES,
    Ina219,
    Ina226,
    SensorError,
    ina219_calibration,
    ina226_calibration,
    ina226_rate,
)


def test_calibration_of_the_worked_examples() -> None:
    # A step of 1 mA over 2 milliohms: 2560 (INA226), 20480 (INA219).
    assert ina226_calibration(1e-3, SHUNT) == 2560
    assert ina219_calibration(1e-3, SHUNT) == 20480


def test_registers_of_the_worked_example_ina226() -> None:
    chip = SimulatedIna226()
    chip.registers[5] = 2560
    assert [chip.read_word(0x40, register) for register in (1, 2, 4, 3)] == [8000, 9584, 10000, 4792]


def test_registers_of_the_worked_example_ina219() -> None:
    chip = SimulatedIna219()
    chip.registers[5] = 20480
    assert chip.read_word(0x40, 1) == 2000 and chip.read_word(0x40, 2) >> 3 == 2995
    assert [chip.read_word(0x40, register) for register in (4, 3)] == [10000, 5990]


@pytest.mark.parametrize("load", [10.0, 0.5, -3.0])
def test_a_load_is_measured_ina226(load: float) -> None:
    reading = Ina226(SimulatedIna226(load), shunt_ohms=SHUNT, largest_amperes=15).read()
    assert reading.bus_volts == pytest.approx(VOLTS, abs=1.25e-3)
    assert reading.shunt_volts == pytest.approx(load * SHUNT, abs=2.5e-6)
    assert reading.amperes == pytest.approx(load, abs=2 * 15 / 32768)
    assert reading.watts == pytest.approx(abs(load) * VOLTS, abs=25 * 2 * 15 / 32768)


@pytest.mark.parametrize("load", [10.0, -3.0])
def test_a_load_is_measured_ina219(load: float) -> None:
    sensor = Ina219(SimulatedIna219(load), shunt_ohms=SHUNT, largest_amperes=15, averages=4)
    reading = sensor.read()
    assert reading.bus_volts == pytest.approx(VOLTS, abs=4e-3)
    assert reading.amperes == pytest.approx(load, abs=5e-3)
    assert reading.watts == pytest.approx(abs(load) * VOLTS, rel=1e-2)
    assert sensor.rate == pytest.approx(1 / (4 * 2 * 532e-6))


def test_configuration_bits() -> None:
    # Power-on values of the datasheets: one average, 1.1 ms each: 4127h; 32 V, 320 mV, 12 bits, continuous: 399Fh.
    chip = SimulatedIna226()
    Ina226(chip, shunt_ohms=SHUNT, largest_amperes=15, conversion=1.1e-3)
    assert chip.registers[0] == 0x4127
    other = SimulatedIna219()
    Ina219(other, shunt_ohms=0.1, largest_amperes=3.2)
    assert other.registers[0] == 0x399F


def test_the_rate_is_what_averages_and_conversions_leave() -> None:
    assert ina226_rate(1, 140e-6) == pytest.approx(3571, abs=1)
    assert ina226_rate(16, 1.1e-3) == pytest.approx(28.4, abs=0.05)
    assert [ina226_rate(n, 140e-6) >= 1000 for n in INA226_AVERAGES] == [True] + [False] * 7
    for averages, conversion in ((3, 140e-6), (1, 141e-6)):
        with pytest.raises(SensorError, match="has no"):
            ina226_rate(averages, conversion)


@pytest.mark.parametrize(("amperes", "fits"), [(40.96, True), (40.97, False)])
def test_the_shunt_range_of_the_ina226(amperes: float, fits: bool) -> None:
    if fits:
        Ina226(SimulatedIna226(), shunt_ohms=SHUNT, largest_amperes=amperes)
    else:
        with pytest.raises(SensorError, match=r"drop 81.94 mV over the shunt; the INA226 measures ±81.92 mV"):
            Ina226(SimulatedIna226(), shunt_ohms=SHUNT, largest_amperes=amperes)


def test_what_cannot_be_measured_is_refused() -> None:
    with pytest.raises(SensorError, match="measures ±320 mV"):
        Ina219(SimulatedIna219(), shunt_ohms=0.1, largest_amperes=3.3)
    with pytest.raises(SensorError, match="no setting for 3 averages"):
        Ina219(SimulatedIna219(), shunt_ohms=0.1, largest_amperes=1, averages=3)
    for arguments in ((1e-9, 1e-3), (1.0, 1.0), (0.0, 1.0)):
        with pytest.raises(SensorError):
            ina226_calibration(*arguments)


def test_a_sensor_that_is_not_there_or_is_another() -> None:
    with pytest.raises(SensorError, match="nothing answers at I2C address 0x41"):
        Ina226(SimulatedIna226(), shunt_ohms=SHUNT, largest_amperes=1, address=0x41)
    with pytest.raises(SensorError, match="nothing answers at I2C address 0x41"):
        Ina219(SimulatedIna219(), shunt_ohms=SHUNT, largest_amperes=1, address=0x41)

    class Other(SimulatedIna226):
        def read_word(self, address: int, register: int) -> int:
            return 0x1234 if register == 0xFF else super().read_word(address, register)

    with pytest.raises(SensorError, match="is no INA226: it identifies as 0x1234"):
        Ina226(Other(), shunt_ohms=SHUNT, largest_amperes=1)


def test_an_overflow_is_no_reading() -> None:
    chip = SimulatedIna219()
    sensor = Ina219(chip, shunt_ohms=SHUNT, largest_amperes=15)
    chip.overflow = 1
    with pytest.raises(SensorError, match="overflow"):
        sensor.read()
