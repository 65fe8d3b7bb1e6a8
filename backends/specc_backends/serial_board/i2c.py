"""A board as an I2C bridge: the drivers of `specc.measure.energy.ina` run over it."""

from __future__ import annotations

from specc_backends.serial_board.board import SerialBoard


class BoardBridge:
    """Registers of the devices on a board's I2C pins; an `I2cBridge`."""

    def __init__(self, board: SerialBoard) -> None:
        self._board = board

    def read_word(self, address: int, register: int) -> int:
        """Unsigned content of a register.

        Raises:
            OSError: no device acknowledges.
            BackendError: the board failed.
        """
        return self._board.i2c_read(address, register)

    def write_word(self, address: int, register: int, value: int) -> None:
        """Set a register.

        Raises:
            OSError: no device acknowledges.
            BackendError: the board failed.
        """
        self._board.i2c_write(address, register, value)
