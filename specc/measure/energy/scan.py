"""Which current sensors answer on a bridge, and what flows through them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from specc.measure.energy.ina import I2cBridge, Ina219, Ina226, Reading, SensorError, is_ina226

# Both chips have two address pins with four settings each: SBOS547 table 2, SBOS448 table 1.
ADDRESSES: Final = range(0x40, 0x50)
_ANY_REGISTER: Final = 0


@dataclass(frozen=True)
class Found:
    """A device that answers."""

    address: int
    chip: str  # ina226, or unknown
    reading: Reading | None  # None: not asked for
    trouble: str = ""  # why it could not be read

    def to_json(self) -> dict[str, Any]:
        """Plain data; volts, amperes and watts."""
        reading = self.reading
        return {
            "address": self.address,
            "chip": self.chip,
            "bus_volts": reading.bus_volts if reading else None,
            "amperes": reading.amperes if reading else None,
            "watts": reading.watts if reading else None,
            "trouble": self.trouble,
        }


def scan(bridge: I2cBridge, settings: tuple[float, float] | None) -> list[Found]:
    """The devices at the addresses that these sensors can have.

    Args:
        bridge: to their registers.
        settings: ohms of the shunt and the largest amperes, to read the sensors; None: only find them.

    Raises:
        BackendError: the board with the bridge failed.
    """
    return [_found(bridge, address, settings) for address in ADDRESSES if _answers(bridge, address)]


def _answers(bridge: I2cBridge, address: int) -> bool:
    try:
        bridge.read_word(address, _ANY_REGISTER)
    except OSError:
        return False
    return True


def _found(bridge: I2cBridge, address: int, settings: tuple[float, float] | None) -> Found:
    known = is_ina226(bridge, address)
    chip = "ina226" if known else "unknown"
    if settings is None:
        return Found(address, chip, None)
    shunt, largest = settings
    driver = Ina226 if known else Ina219
    try:
        reading = driver(bridge, shunt_ohms=shunt, largest_amperes=largest, address=address).read()
    except SensorError as error:
        return Found(address, chip, None, str(error))
    return Found(address, chip, reading)
