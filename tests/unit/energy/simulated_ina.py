"""Current sensors that measure a load, register by register."""

from __future__ import annotations

AMPERES, VOLTS, SHUNT = 10.0, 11.98, 0.002  # both datasheets: a load of 10 A behind a shunt of 2 milliohms


class Chip:
    """Registers of a sensor that measures a load, with the arithmetic of its datasheet in whole numbers."""

    def __init__(self, load: float = AMPERES) -> None:
        self.load = load
        self.registers = dict.fromkeys(range(6), 0)

    def write_word(self, address: int, register: int, value: int) -> None:
        self._answer(address)
        assert 0 <= value <= 0xFFFF and register in (0, 5)
        self.registers[register] = value

    def _answer(self, address: int) -> None:
        if address != 0x40:
            raise OSError("no acknowledge")


class SimulatedIna226(Chip):
    def read_word(self, address: int, register: int) -> int:
        self._answer(address)
        shunt = round(self.load * SHUNT / 2.5e-6)
        bus = round(VOLTS / 1.25e-3)
        current = shunt * self.registers[5] // 2048  # SBOS547 equation 3
        power = abs(current) * bus // 20000  # SBOS547 equation 4
        values = {1: shunt, 2: bus, 3: power, 4: current, 0xFE: 0x5449, 0xFF: 0x2260}
        return values.get(register, self.registers.get(register, 0)) & 0xFFFF


class SimulatedIna219(Chip):
    overflow = 0

    def read_word(self, address: int, register: int) -> int:
        self._answer(address)
        shunt = round(self.load * SHUNT / 10e-6)
        bus = round(VOLTS / 4e-3)
        current = shunt * self.registers[5] // 4096  # SBOS448 equation 4
        power = abs(current) * bus // 5000  # SBOS448 equation 5
        values = {1: shunt, 2: bus << 3 | 2 | self.overflow, 3: power, 4: current}
        return values.get(register, self.registers.get(register, 0)) & 0xFFFF
