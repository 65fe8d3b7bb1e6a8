"""A real board over a serial line: the same network as on the virtual board, timed by the board's own counter."""

from specc_backends.serial_board.backend import SerialBoardBackend

__all__ = ["SerialBoardBackend"]
