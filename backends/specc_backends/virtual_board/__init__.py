"""The virtual board: the same firmware as on silicon, run by Unicorn, priced by a documented model of the core."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from specc_backends.virtual_board.backend import VirtualBoardBackend

__all__ = ["VirtualBoardBackend"]


def __getattr__(name: str) -> Any:
    # Loaded when asked for: the worker process imports this package too, and needs none of what the backend brings.
    if name == "VirtualBoardBackend":
        from specc_backends.virtual_board.backend import VirtualBoardBackend

        return VirtualBoardBackend
    raise AttributeError(f"module {__name__} has no attribute {name}")
