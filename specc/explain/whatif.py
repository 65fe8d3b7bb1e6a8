"""What a change would gain, from the counters of a target as it is: predicted before anything is measured.

A prediction multiplies the cycles of each cause by a factor with bounds, and adds what is done more often: see
`effects`. A prediction that the measurement leaves is shown as missed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from specc.evidence import Figure
from specc.explain.attribution import CAUSES, attribute, tells_computing
from specc.explain.effects import changed
from specc.explain.factors import IN_MEMORY, REARRANGED, SAME_CODE, Cycles, Effect, Factor, reversed_effect
from specc.explain.layout import Layout
from specc.explain.probe import OUTSIDE
from specc.measure.result import Measurement
from specc.measure.variants import Change
from specc.spec.hardware import Hardware, Target
from specc.units import Quantity

# How hard a change is, for the return on effort: gain in percent over difficulty.
DIFFICULTY: Final[dict[str, int]] = {
    "clock": 1,  # one setting of the start-up code; peripherals may have to be set up again
    "compile": 1,  # one flag of the build
    "placement": 2,  # the linker script and the start-up code
    "rewrites": 3,
    "kernels": 3,  # other code for every layer, to be tested again
    "fusion": 3,
    "tile": 3,
    "bits": 4,  # other numbers in the network: its accuracy must be judged again
}
DIFFICULTIES: Final = (
    "1: a setting; 2: the build is laid out anew; 3: other code for the layers; 4: other numbers, so that accuracy "
    "must be judged again"
)


@dataclass(frozen=True)
class Prediction:
    """Latency of an inference after changes, in seconds.

    `latency` is about the figure that a measurement quotes; `bound` about its upper end, where flash may add waits.
    """

    latency: Figure
    bound: Figure

    def holds(self, measured: Figure) -> bool | None:
        """Whether a measured latency, and its upper bound, lie where they were predicted; None: nothing was said."""
        answers = [
            _within(self.latency, measured.value),
            _within(self.bound, measured.high) if measured.high is not None else None,
        ]
        known = [answer for answer in answers if answer is not None]
        return all(known) if known else None


def can_be_predicted(before: Measurement) -> bool:
    """Whether counters tell apart what cycles were spent on; without them nothing is predicted but a clock."""
    return _parts(before) is not None


def predict(
    before: Measurement,
    target: Target,
    changes: Sequence[Change],
    then: Layout,
    now: Layout,
    *,
    compiled: Mapping[str, Factor] = MappingProxyType({}),
) -> Prediction:
    """Latency after changes, from the counters of the target as it is.

    Args:
        before: the measurement of the target as it is.
        target: as it is.
        changes: what is to change, together.
        then: layout of the variant.
        now: layout of the target as it is.
        compiled: what other flags do to the cycles of some kernels, by kernel: see `probe`.
    """
    clock = before.provenance.clock_hz
    whole = before.counters.get("cycles")
    if clock is None or whole is None or not whole.value:
        return _nothing("no cycles were counted: what they were spent on cannot be said")
    axes: set[str] = {change.axis for change in changes}
    parts = _parts(before)
    if parts is None and axes != {"clock"}:
        return _nothing("no counters tell apart what the cycles were spent on")
    after_clock = next((float(c.value.base) for c in changes if isinstance(c.value, Quantity)), clock)
    cycles = (
        Cycles(whole.value, whole.value, whole.value)
        if parts is None
        else changed(
            parts,
            axes,
            then,
            now,
            _compiled(target, changes, now, compiled),
            optimised=_optimises(_flags(target, changes)),
        )
    )
    basis = "from the counters before the change: " + "; ".join(_reasons(axes, parts is not None))
    if before.evidence == "measured" and after_clock != clock:
        cycles = _measured_at(cycles, target.hardware, clock, after_clock)
    quoted = (before.total.best.value or 0.0) * clock / whole.value  # the counters are those of one input
    latency = _figure(cycles.times(Factor(quoted, quoted, quoted)), after_clock, basis)
    if then.choices and axes == {"kernels"} and before.total.best.high is not None:
        # The kernels of now are among those that are tried, and those that are taken have no higher upper bound.
        most = before.total.best.high
        latency = latency.model_copy(update={"high": most if latency.high is None else min(latency.high, most)})
    bound = _bound(before, target.hardware, (clock, after_clock), axes, basis)
    return Prediction(latency, bound)


def _parts(before: Measurement) -> dict[str, dict[str, float]] | None:
    """Cycles by cause of each layer, and of what is outside the layers under an empty name."""
    total = attribute(before.counters)
    if total is None or not tells_computing(before.counters):
        return None
    outside = {part.cause: part.cycles for part in total.parts}
    parts: dict[str, dict[str, float]] = {}
    for layer in before.layers:
        own = attribute(layer.counters)
        if own is None:
            continue
        parts[layer.name] = {part.cause: part.cycles for part in own.parts}
        for part in own.parts:
            outside[part.cause] = outside.get(part.cause, 0.0) - part.cycles
    parts[""] = outside
    return parts


def _compiled(
    target: Target, changes: Sequence[Change], now: Layout, found: Mapping[str, Factor]
) -> Callable[[str], Effect]:
    """What other flags do to the cycles of a layer: as was found for its kernel, else what they can do to any code."""
    if all(change.axis != "compile" for change in changes):
        return lambda layer: {}
    before, after = (_optimises(text) for text in (target.compile, _flags(target, changes)))
    bounds = REARRANGED if before and after else SAME_CODE if before == after else IN_MEMORY
    any_code = reversed_effect(IN_MEMORY) if after and not before else bounds

    def effect(layer: str) -> Effect:
        own = found.get(now.kernels.get(layer, OUTSIDE))
        return dict.fromkeys(CAUSES, own) if own else any_code

    return effect


def _flags(target: Target, changes: Sequence[Change]) -> str:
    """The compiler's flags after changes."""
    return next((str(change.value) for change in changes if change.axis == "compile"), target.compile)


def _optimises(flags: str) -> bool:
    """Whether the last level among compiler flags is one that optimises; none is -O0."""
    levels = re.findall(r"-O(\w*)", flags)
    return bool(levels) and levels[-1] != "0"


def _measured_at(cycles: Cycles, hardware: Hardware, before_hz: float, after_hz: float) -> Cycles:
    """Cycles at another clock, from a measurement that contains the waits for flash of its own clock.

    Between no cycle waiting and all of them reads of flash, which take one cycle and the wait states. Where the states
    are not declared they follow from an access time t that is not known either: a read takes ceil(t f) cycles at f, and
    with ceil(x) < 2 x beyond one cycle, x = t f, the reads at both clocks differ by no more than twice the clocks do.
    """
    timing = hardware.flash_timing
    states = [timing.states_at(hertz) if timing else None for hertz in (before_hz, after_hz)]
    before, after = states
    if before is not None and after is not None:
        ratio = (after + 1) / (before + 1)
    else:
        ratio = after_hz / before_hz / 2 if after_hz < before_hz else 2 * after_hz / before_hz
    high = None if cycles.high is None else cycles.high * max(ratio, 1.0)
    return Cycles(cycles.low * min(ratio, 1.0), cycles.value, high)


def _bound(before: Measurement, hardware: Hardware, clocks: tuple[float, float], axes: set[str], basis: str) -> Figure:
    """The upper end: the core's own margin grows with the cycles, the waits with the wait states.

    Unknown where code changes, and with it what is read from flash.
    """
    whole, waits = before.counters["cycles"], before.counters.get("flash_waits_at_most")
    timing = hardware.flash_timing
    if whole.high is None or not whole.value or waits is None or waits.high is None or timing is None:
        return Figure.unknown("s", "no upper bound was found before the change")
    if axes - {"clock", "placement"}:
        return Figure.unknown("s", "what other code reads from flash is not known before it is built")
    states, then = (timing.states_at(clock) for clock in clocks)
    if not states or then is None:
        return Figure.unknown("s", "the wait states at one of the clocks are not known, or there were none")
    own = whole.high - waits.high
    low, high = (own + end for end in _waits_at(waits.high, states, then, hardware))
    value = high
    if "placement" in axes:  # constants no longer wait; code and its literals still do
        data = before.counters.get("flash_data_misses")
        saved = (data.value or 0.0) * _cycles_of_miss(hardware, then) if data else 0.0
        value = low = max(own, low - saved)
    ends = {"value": value / clocks[1], "low": low / clocks[1], "high": high / clocks[1]}
    return Figure(unit="s", evidence="predicted", basis=basis, **ends)


def _waits_at(waits: float, states: int, then: int, hardware: Hardware) -> tuple[float, float]:
    """Waits at other wait states. A miss takes r (s + 1) - 1 cycles, r reads for a line of the cache."""
    ratios = [(reads * (then + 1) - 1) / (reads * (states + 1) - 1) for reads in _reads_of_miss(hardware)]
    return waits * min(ratios), waits * max(ratios)


def _reads_of_miss(hardware: Hardware) -> list[int]:
    timing, cache = hardware.flash_timing, hardware.flash_cache
    assert timing is not None
    lines = [side.line_bytes for side in (cache.instruction, cache.data) if side] if cache else []
    return [-(-line // timing.line_bytes) for line in lines] or [1]


def _cycles_of_miss(hardware: Hardware, states: int) -> int:
    timing, cache = hardware.flash_timing, hardware.flash_cache
    assert timing is not None
    line = cache.data.line_bytes if cache and cache.data else timing.line_bytes
    return -(-line // timing.line_bytes) * (states + 1) - 1


def _reasons(axes: set[str], by_cause: bool) -> list[str]:
    known = {
        "clock": "as many cycles, each as long as the clock makes it"
        if by_cause
        else "as many cycles but for those that wait for flash",
        "compile": "each kernel's cycles as those of a network of every kind of layer change, with short and with long "
        "loops; of other kernels as many products, in loops that are unrolled or not",
        "bits": "as many products; words of wider codes hold fewer of them",
        "tile": "as many cycles for each column, those that are computed again included, and calls for each tile",
        "fusion": "the same products, in calls for each row; window sums are counted additions and products",
        "kernels": "two products in an instruction, up to four codes in a word; tuned kernels take no more than now",
        "placement": "constants in SRAM are read without waiting",
        "rewrites": "what is not folded into kernels and constants is done in a pass of its own, by layer or by code",
    }
    return [reason for axis, reason in known.items() if axis in axes]


def _figure(cycles: Cycles, clock: float, basis: str) -> Figure:
    return Figure(
        value=cycles.value / clock,
        low=cycles.low / clock,
        high=None if cycles.high is None else cycles.high / clock,
        unit="s",
        evidence="predicted",
        basis=basis,
    )


def _nothing(reason: str) -> Prediction:
    return Prediction(Figure.unknown("s", reason), Figure.unknown("s", reason))


def _within(predicted: Figure, value: float | None) -> bool | None:
    if predicted.value is None or value is None:
        return None
    slack = 1e-9 * abs(value)  # of floating point
    low_kept = predicted.low is None or value >= predicted.low - slack
    return low_kept and (predicted.high is None or value <= predicted.high + slack)
