"""Runs any bare-metal program on the virtual core: `specc sim`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from specc_backends.virtual_board.sim.simulate import VirtualBoardSimulator

__all__ = ["VirtualBoardSimulator"]


def __getattr__(name: str) -> Any:
    # Loaded when asked for: the worker process imports this package too, and needs none of what the parent brings.
    if name == "VirtualBoardSimulator":
        from specc_backends.virtual_board.sim.simulate import VirtualBoardSimulator

        return VirtualBoardSimulator
    raise AttributeError(f"module {__name__} has no attribute {name}")
