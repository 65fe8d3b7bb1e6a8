"""What flash wait states can cost at most, from a target's declared facts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from specc.spec.hardware import FlashTiming

DEFAULT_LINE_BYTES: Final = 16  # only counts lines; without declared timing no cycles follow from them


@dataclass(frozen=True)
class FlashModel:
    """Bounds on the cost of reading flash.

    `wait_states` is None where the target declares none for its clock; then only the lower bound is known.
    """

    line_bytes: int
    wait_states: int | None
    basis: str
    assumptions: tuple[str, ...]

    def wait_cycles(self, fetch_lines: int, data_reads: int) -> int | None:
        """The most cycles that reading flash can add; None where nothing is known."""
        return None if self.wait_states is None else self.wait_states * (fetch_lines + data_reads)


def flash_model(timing: FlashTiming | None, clock_hz: float) -> FlashModel:
    """The bounds that follow from declared flash timing at a clock."""
    lower = "cycles of the documented core model at zero wait states, the low end"
    if timing is None:
        reason = "the hardware declares no flash timing"
        return FlashModel(
            DEFAULT_LINE_BYTES, None, f"{lower}; a lower bound: {reason}", (f"zero wait states: {reason}",)
        )
    states = timing.states_at(clock_hz)
    if states is None:
        reason = f"the declared flash timing does not reach {clock_hz / 1e6:g} MHz"
        return FlashModel(
            timing.line_bytes, None, f"{lower}; a lower bound: {reason}", (f"zero wait states: {reason}",)
        )
    if states == 0:
        assumption = f"no flash wait states at {clock_hz / 1e6:g} MHz"
        return FlashModel(timing.line_bytes, 0, f"{lower}; the high end takes the manual's ranges", (assumption,))
    return FlashModel(
        timing.line_bytes,
        states,
        f"{lower}; the high end adds {states} wait states to every flash line fetched and every data read of flash",
        (
            f"low end: flash answers at once; high end: each {timing.line_bytes}-byte line that execution enters and "
            f"each data read of flash waits {states} cycles, as with no cache and no prefetch",
            "instruction fetches and data reads of flash do not displace each other's buffer",
        ),
    )
