"""What flash wait states can cost at most, from a target's declared facts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from specc.spec.hardware import CacheGeometry, Hardware

DEFAULT_LINE_BYTES: Final = 16  # only counts lines; without declared timing no cycles follow from them
Geometry = tuple[int, int, int]  # bytes of a line, sets, lines in a set (0: no cache)


@dataclass(frozen=True)
class FlashModel:
    """Bounds on the cost of reading flash.

    `wait_states` is None where the target declares none for its clock; then only the lower bound is known.
    """

    line_bytes: int  # of one read
    wait_states: int | None
    instruction: Geometry
    data: Geometry
    basis: str
    assumptions: tuple[str, ...]

    def wait_cycles(self, fetch_misses: int, data_misses: int) -> int | None:
        """The most cycles that reading flash can add; None where nothing is known."""
        if self.wait_states is None:
            return None
        return fetch_misses * self._miss_cycles(self.instruction) + data_misses * self._miss_cycles(self.data)

    def _miss_cycles(self, geometry: Geometry) -> int:
        """Cycles a miss adds. A line wider than one read of flash takes several, one after another."""
        assert self.wait_states is not None
        reads = -(-geometry[0] // self.line_bytes)
        return reads * (self.wait_states + 1) - 1


def flash_model(hardware: Hardware, clock_hz: float) -> FlashModel:
    """The bounds that follow from a hardware's declared flash timing and cache at a clock."""
    timing, cache = hardware.flash_timing, hardware.flash_cache
    line_bytes = timing.line_bytes if timing else DEFAULT_LINE_BYTES
    states = timing.states_at(clock_hz) if timing else None
    at = f"{clock_hz / 1e6:g} MHz"
    if states is None:
        reason = f"flash timing is not declared for {at}" if timing else "flash timing is not declared"
        basis = f"documented core model at zero wait states, as {reason}"
        assumptions: tuple[str, ...] = (f"zero wait states: {reason}",)
    elif states == 0:
        basis = "bounds of the documented core model; the value is the lower one"
        assumptions = (f"no flash wait states at {at}",)
    else:
        reads = "every flash line fetched and every data read of flash"
        if cache is not None:
            reads = "every read of flash that misses the simulated cache"
        basis = (
            "bounds of the documented core model; the value is the lower one, at zero wait states; the upper one adds "
            f"{states} wait states to {reads}"
        )
        assumptions = (
            f"upper bound: {states} wait states at {at} for {reads}; prefetch off",
            "upper bound: when a branch is taken, the fetch unit had run up to three words ahead in vain",
            "upper bound: every literal misses the cache",
            *((f"flash cache: {_describe(cache.instruction, cache.data)}, as the source states it",) if cache else ()),
        )
    return FlashModel(
        line_bytes=line_bytes,
        wait_states=states,
        instruction=_geometry(cache.instruction if cache else None, line_bytes),
        data=_geometry(cache.data if cache else None, line_bytes),
        basis=basis,
        assumptions=assumptions,
    )


def _geometry(cache: CacheGeometry | None, line_bytes: int) -> Geometry:
    return (cache.line_bytes, cache.sets, cache.ways) if cache else (line_bytes, 1, 0)


def _describe(instruction: CacheGeometry | None, data: CacheGeometry | None) -> str:
    sides = {"instructions": instruction, "data": data}
    return "; ".join(
        f"{side} {cache.sets} x {cache.ways} lines of {cache.line_bytes} B, least recently used"
        if cache
        else f"{side} none"
        for side, cache in sides.items()
    )
