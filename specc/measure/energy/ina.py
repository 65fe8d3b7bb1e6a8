"""Drivers of Texas Instruments' current sensors INA226 (datasheet SBOS547) and INA219 (SBOS448) over an I2C bridge.

The bridge is whatever can write and read 16-bit registers of a device: a board's firmware, a USB adapter, a simulation.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Protocol

SHUNT_LIMIT_INA226: Final = 81.92e-3  # volts either way, section 6.5
_REGISTER_MAX: Final = 0xFFFF
_ROUNDING: Final = 1 + 1e-9  # 3.2 A times 0.1 ohm is a little above 320 mV in binary
_CONFIGURATION, _SHUNT, _BUS, _POWER, _CURRENT, _CALIBRATION = range(6)  # both chips, section "register maps"
_MANUFACTURER, _DIE = 0xFE, 0xFF  # INA226 only
_TEXAS_INSTRUMENTS, _INA226_DIE = 0x5449, 0x2260
_CONTINUOUS: Final = 0b111  # shunt and bus, both chips

# INA226, tables 6 to 8: codes of averages and of conversion times (seconds, typical).
INA226_AVERAGES: Final = (1, 4, 16, 64, 128, 256, 512, 1024)
INA226_CONVERSIONS: Final = (140e-6, 204e-6, 332e-6, 588e-6, 1.1e-3, 2.116e-3, 4.156e-3, 8.244e-3)
# INA219, table 5: code of the ADC setting to number of averages, 12 bits each of 532 us.
INA219_AVERAGES: Final = {1: 0b0011, 2: 0b1001, 4: 0b1010, 8: 0b1011, 16: 0b1100, 32: 0b1101, 64: 0b1110, 128: 0b1111}
_INA219_CONVERSION: Final = 532e-6
# INA219, table 4: full scale of the shunt voltage (volts) to the code of the gain.
INA219_RANGES: Final = {40e-3: 0, 80e-3: 1, 160e-3: 2, 320e-3: 3}
_INA219_BUS_32_VOLTS: Final = 1 << 13
_INA219_OVERFLOW: Final = 1


class SensorError(Exception):
    """The sensor is absent, is another chip, or cannot measure what it is asked to."""


class I2cBridge(Protocol):
    """Reads and writes 16-bit registers, most significant byte first on the wire."""

    def read_word(self, address: int, register: int) -> int:
        """Unsigned content of a register.

        Raises:
            OSError: no device answers.
        """
        ...

    def write_word(self, address: int, register: int, value: int) -> None:
        """Set a register.

        Raises:
            OSError: no device answers.
        """
        ...


@dataclass(frozen=True)
class Reading:
    """One averaged reading; current and power as the chip computes them."""

    bus_volts: float
    shunt_volts: float
    amperes: float
    watts: float


def ina226_calibration(current_step: float, shunt_ohms: float) -> int:
    """Content of the calibration register: 0.00512 / (current step x shunt), SBOS547 equation 1.

    Raises:
        SensorError: it does not fit the register.
    """
    return _calibration(0.00512, current_step, shunt_ohms)


def ina219_calibration(current_step: float, shunt_ohms: float) -> int:
    """Content of the calibration register: trunc(0.04096 / (current step x shunt)), SBOS448 equation 1; bit 0 is void.

    Raises:
        SensorError: it does not fit the register.
    """
    return _calibration(0.04096, current_step, shunt_ohms) & ~1


def ina226_rate(averages: int, conversion: float) -> float:
    """Readings per second, shunt and bus converted in turn: 1 / (averages x 2 x conversion time).

    Raises:
        SensorError: the chip has no such setting.
    """
    _code(INA226_AVERAGES, averages, "averages")
    _code(INA226_CONVERSIONS, conversion, "conversion time")
    return 1 / (averages * 2 * conversion)


def is_ina226(bridge: I2cBridge, address: int) -> bool:
    """Whether the device at an address says that it is an INA226; it must answer at all.

    Raises:
        OSError: no device answers.
    """
    return (bridge.read_word(address, _MANUFACTURER), bridge.read_word(address, _DIE)) == (
        _TEXAS_INSTRUMENTS,
        _INA226_DIE,
    )


class Ina226:
    """An INA226, set up for continuous conversion of shunt and bus.

    Raises:
        SensorError: no INA226 answers, or the settings cannot be met.
    """

    def __init__(
        self,
        bridge: I2cBridge,
        *,
        shunt_ohms: float,
        largest_amperes: float,
        address: int = 0x40,
        averages: int = 1,
        conversion: float = 140e-6,
    ) -> None:
        if largest_amperes * shunt_ohms > SHUNT_LIMIT_INA226 * _ROUNDING:
            drop = largest_amperes * shunt_ohms * 1e3
            raise SensorError(f"{largest_amperes:g} A drop {drop:.4g} mV over the shunt; the INA226 measures ±81.92 mV")
        self._bridge, self._address = bridge, address
        self._expect(_MANUFACTURER, _TEXAS_INSTRUMENTS)
        self._expect(_DIE, _INA226_DIE)
        # SBOS547 equation 2; no finer than the calibration register can express.
        step = max(largest_amperes / 32768, 0.00512 / (_REGISTER_MAX * shunt_ohms))
        calibration = ina226_calibration(step, shunt_ohms)
        self.current_step = 0.00512 / (calibration * shunt_ohms)  # what the whole number stands for
        self.rate = ina226_rate(averages, conversion)
        time_code = _code(INA226_CONVERSIONS, conversion, "conversion time")
        configuration = (
            1 << 14  # reads as one, table 5
            | _code(INA226_AVERAGES, averages, "averages") << 9
            | time_code << 6
            | time_code << 3
            | _CONTINUOUS
        )
        bridge.write_word(address, _CONFIGURATION, configuration)
        bridge.write_word(address, _CALIBRATION, calibration)

    def read(self) -> Reading:
        """The newest averaged reading."""
        return Reading(
            bus_volts=self._bridge.read_word(self._address, _BUS) * 1.25e-3,
            shunt_volts=_signed(self._bridge.read_word(self._address, _SHUNT)) * 2.5e-6,
            amperes=_signed(self._bridge.read_word(self._address, _CURRENT)) * self.current_step,
            watts=self._bridge.read_word(self._address, _POWER) * 25 * self.current_step,
        )

    def _expect(self, register: int, content: int) -> None:
        try:
            found = self._bridge.read_word(self._address, register)
        except OSError as error:
            raise SensorError(f"nothing answers at I2C address 0x{self._address:02x}: {error}") from error
        if found != content:
            raise SensorError(f"the device at 0x{self._address:02x} is no INA226: it identifies as 0x{found:04x}")


class Ina219:
    """An INA219, set up for continuous conversion of shunt and bus. The chip has no identity to check.

    Raises:
        SensorError: nothing answers, or the settings cannot be met.
    """

    def __init__(
        self,
        bridge: I2cBridge,
        *,
        shunt_ohms: float,
        largest_amperes: float,
        address: int = 0x40,
        averages: int = 1,
    ) -> None:
        drop = largest_amperes * shunt_ohms
        gain = next((code for limit, code in sorted(INA219_RANGES.items()) if drop <= limit * _ROUNDING), None)
        if gain is None:
            raise SensorError(
                f"{largest_amperes:g} A drop {drop * 1e3:.4g} mV over the shunt; the INA219 measures ±320 mV"
            )
        if averages not in INA219_AVERAGES:
            raise SensorError(f"the INA219 has no setting for {averages} averages: {_listed(INA219_AVERAGES)}")
        self._bridge, self._address = bridge, address
        step = max(largest_amperes / 32768, 0.04096 / (_REGISTER_MAX * shunt_ohms))
        calibration = ina219_calibration(step, shunt_ohms)
        self.current_step = 0.04096 / (calibration * shunt_ohms)
        self.rate = 1 / (averages * 2 * _INA219_CONVERSION)
        code = INA219_AVERAGES[averages]
        configuration = _INA219_BUS_32_VOLTS | gain << 11 | code << 7 | code << 3 | _CONTINUOUS
        try:
            bridge.write_word(address, _CONFIGURATION, configuration)
            bridge.write_word(address, _CALIBRATION, calibration)
        except OSError as error:
            raise SensorError(f"nothing answers at I2C address 0x{address:02x}: {error}") from error

    def read(self) -> Reading:
        """The newest averaged reading.

        Raises:
            SensorError: current or power exceeded what the chip can compute (its overflow flag).
        """
        bus = self._bridge.read_word(self._address, _BUS)
        if bus & _INA219_OVERFLOW:
            raise SensorError("the INA219 reports an overflow: the current is beyond the declared largest one")
        return Reading(
            bus_volts=(bus >> 3) * 4e-3,
            shunt_volts=_signed(self._bridge.read_word(self._address, _SHUNT)) * 10e-6,
            amperes=_signed(self._bridge.read_word(self._address, _CURRENT)) * self.current_step,
            watts=self._bridge.read_word(self._address, _POWER) * 20 * self.current_step,
        )


def _calibration(constant: float, current_step: float, shunt_ohms: float) -> int:
    if current_step <= 0 or shunt_ohms <= 0:
        raise SensorError("current step and shunt must be greater than zero")
    # A hair above, so that an exact quotient is not lost to the rounding of the division.
    value = int(constant / (current_step * shunt_ohms) * (1 + 1e-12))
    if not 1 <= value <= _REGISTER_MAX:
        raise SensorError(f"calibration {value} does not fit 16 bits: choose another shunt or largest current")
    return value


def _code(settings: tuple[float, ...], value: float, what: str) -> int:
    if value not in settings:
        raise SensorError(f"the INA226 has no {what} of {value:g}: {_listed(settings)}")
    return settings.index(value)


def _listed(settings: Iterable[float]) -> str:
    return ", ".join(f"{value:g}" for value in settings)


def _signed(word: int) -> int:
    return word - 0x10000 if word & 0x8000 else word
