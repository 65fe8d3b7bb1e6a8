"""What a change would gain, from the counters of a target as it is: predicted before anything is measured.

A prediction multiplies the cycles of each cause by a factor with bounds. The bounds follow from what the instructions
can do: a dual multiply-accumulate does two of what a single one does, a word holds four codes of a byte. They are
never fitted to measured variants. A prediction that the measurement leaves is shown as missed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from specc.evidence import Figure
from specc.explain.attribution import (
    BRANCHES,
    DIVIDES,
    FLOATS,
    LOADS,
    MULTIPLY,
    OTHER,
    STORES,
    UNATTRIBUTED,
    attribute,
    tells_computing,
)
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
    "bits": 4,  # other numbers in the network: its accuracy must be judged again
}
DIFFICULTIES: Final = (
    "1: a setting; 2: the build is laid out anew; 3: other code for the layers; 4: other numbers, so that accuracy "
    "must be judged again"
)
_BYTE_BITS: Final = 8


@dataclass(frozen=True)
class Factor:
    """What becomes of the cycles of a cause: at least, likely, at most times as many. None: no upper bound."""

    low: float
    value: float
    high: float | None


Effect = Mapping[str, Factor]
_SAME: Final = Factor(1, 1, 1)

# Dual multiply-accumulates on words of four 8-bit codes, in place of single ones on single codes. Two products in an
# instruction (SMLAD; Armv7-M Architecture Reference Manual, A4.4.3): half the multiplications, or all of them where
# pairs cannot be formed. A word holds four codes: a quarter of the loads, or all. Loops turn up to eight times less
# often (four codes of two outputs); unpacking may cost half of that again.
_DUAL: Final[Effect] = {
    MULTIPLY: Factor(0.5, 0.5, 1),
    LOADS: Factor(0.25, 0.5, 1),
    STORES: Factor(0.25, 1, 1),
    BRANCHES: Factor(0.125, 0.25, 1),
    OTHER: Factor(0.125, 0.5, 1.5),
    UNATTRIBUTED: Factor(0.125, 1, 1.5),
}
# Kernels for few registers: as many products, in loops that turn up to eight times less often.
_UNROLLED: Final[Effect] = {**_DUAL, MULTIPLY: _SAME}
_FAMILIES: Final = {"dsp": _DUAL, "armv6m": _UNROLLED}  # beside generic kernels
# By rows, a layer is as many calls as it has rows: as many products (twice for a row of one position in a kernel that
# takes two), and for the rest as much again at most. Outside of the layers, a call and two readings of the clock each.
_BY_ROWS: Final[Effect] = {
    MULTIPLY: Factor(1, 1, 2),
    LOADS: Factor(0.9, 1.05, 2),
    STORES: Factor(0.9, 1.05, 2),
    BRANCHES: Factor(0.9, 1.2, 2),
    OTHER: Factor(0.9, 1.2, 2),
    UNATTRIBUTED: Factor(0.9, 1.2, None),
}
_BY_ROWS_OUTSIDE: Final[Effect] = {
    cause: Factor(1, 2, None) for cause in (LOADS, STORES, BRANCHES, OTHER, UNATTRIBUTED)
}
# Window sums replace most products by additions; how many depends on the windows.
_WINDOW_SUMS: Final[Effect] = {
    cause: Factor(0, 1, None) for cause in (LOADS, STORES, BRANCHES, OTHER, UNATTRIBUTED)
} | {MULTIPLY: Factor(0, 0, None)}
# 16-bit codes in place of 8-bit ones: as many products; words hold half as many codes, so up to twice the loads and
# stores; unpacking falls away, or twice the addresses are worked out.
_WIDER: Final[Effect] = {
    LOADS: Factor(1, 1.5, 2),
    STORES: Factor(1, 1, 2),
    BRANCHES: Factor(0.5, 1, 2),
    OTHER: Factor(0.5, 1, 2),
    UNATTRIBUTED: Factor(0.5, 1, 2),
}
# Optimised code compiled anew: as many products. A loop that is no longer unrolled works out two addresses, counts,
# compares and branches back for each of them, up to eight cycles (a taken branch takes up to four; Cortex-M4 Technical
# Reference Manual, 3.3.1); one that is unrolled does none of that. Operands stay in registers or are loaded once more.
# Branches of other loops: compilers unroll up to eight times (`DefaultUnrollRuntimeCount` of LLVM's
# TargetTransformInfo; `max-unroll-times` of GCC's manual, 3.12).
_REARRANGED: Final[Effect] = {
    MULTIPLY: Factor(1, 1, 9),
    **dict.fromkeys((LOADS, STORES, DIVIDES, FLOATS), Factor(0.5, 1, 2)),
    **dict.fromkeys((OTHER, UNATTRIBUTED), Factor(0, 1, 2)),
    BRANCHES: Factor(0, 1, 8),
}
# Without optimisation code is arranged anew, and every value lives in memory: an instruction loads up to three operands
# (a multiply-accumulate) and stores its result, four accesses of up to two cycles beside its own cycle. No instruction
# is saved. The likely value is the geometric mean of what going through memory alone may cost.
_IN_MEMORY: Final[Effect] = {cause: Factor(1, 3, 9 * (factor.high or 1)) for cause, factor in _REARRANGED.items()}
# The same instructions with other constants: what literals and clamps may change.
_SAME_CODE: Final[Effect] = {
    cause: Factor(0.98, 1, 1.02) for cause in (MULTIPLY, LOADS, STORES, BRANCHES, DIVIDES, FLOATS, OTHER, UNATTRIBUTED)
}


# Cycles of a code in a pass that clamps: at least half a cycle, for a word of four is loaded and stored in two. At most
# a load and a store of two cycles each, two comparisons with two cycles behind each, and the address, the count and the
# branch of the loop, which refills the pipeline (Cortex-M4 Technical Reference Manual, 3.3.1).
_PASS: Final = (0.5, 7.0, 16.0)


@dataclass(frozen=True)
class Layout:
    """What of a built variant is known before it is compiled: of each layer the kernel, the codes, the schedule."""

    kernels: Mapping[str, str]  # by layer; layers without code are missing
    bits: Mapping[str, int]  # of the containers of a layer's codes
    by_rows: frozenset[str] = frozenset()  # layers that run row by row
    passed: int = 0  # codes that activations go over in passes of their own


@dataclass(frozen=True)
class _Cycles:
    low: float
    value: float
    high: float | None

    def __add__(self, other: _Cycles) -> _Cycles:
        high = None if self.high is None or other.high is None else self.high + other.high
        return _Cycles(self.low + other.low, self.value + other.value, high)

    def times(self, factor: Factor) -> _Cycles:
        high = None if self.high is None or factor.high is None else self.high * factor.high
        return _Cycles(self.low * factor.low, self.value * factor.value, high)


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


def predict(before: Measurement, target: Target, changes: Sequence[Change], then: Layout, now: Layout) -> Prediction:
    """Latency after changes, from the counters of the target as it is.

    Args:
        before: the measurement of the target as it is.
        target: as it is.
        changes: what is to change, together.
        then: layout of the variant.
        now: layout of the target as it is.
    """
    clock = before.provenance.clock_hz
    whole = before.counters.get("cycles")
    if clock is None or whole is None or not whole.value:
        return _nothing("no cycles were counted: what they were spent on cannot be said")
    axes: set[str] = {change.axis for change in changes}
    compiled = _compiled(target, changes)
    parts = _parts(before)
    if parts is None and axes != {"clock"}:
        return _nothing("no counters tell apart what the cycles were spent on")
    after_clock = next((float(c.value.base) for c in changes if isinstance(c.value, Quantity)), clock)
    cycles = (
        _Cycles(whole.value, whole.value, whole.value) if parts is None else _changed(parts, axes, then, now, compiled)
    )
    basis = "from the counters before the change: " + "; ".join(_reasons(axes, parts is not None))
    if before.evidence == "measured" and after_clock != clock:
        cycles = _measured_at(cycles, target.hardware, clock, after_clock)
    quoted = (before.total.best.value or 0.0) * clock / whole.value  # the counters are those of one input
    latency = _figure(cycles.times(Factor(quoted, quoted, quoted)), after_clock, basis)
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


def _compiled(target: Target, changes: Sequence[Change]) -> Effect:
    """What another level of optimisation does to every cycle; nothing where the compiler's flags stay."""
    flags = next((str(change.value) for change in changes if change.axis == "compile"), None)
    if flags is None:
        return {}
    before, after = (_optimises(text) for text in (target.compile, flags))
    if before and after:
        return _REARRANGED
    if before == after:
        return _SAME_CODE
    return _IN_MEMORY if before else _reversed(_IN_MEMORY)


def _optimises(flags: str) -> bool:
    """Whether the last level among compiler flags is one that optimises; none is -O0."""
    levels = re.findall(r"-O(\w*)", flags)
    return bool(levels) and levels[-1] != "0"


def _changed(
    parts: dict[str, dict[str, float]], axes: set[str], then: Layout, now: Layout, compiled: Effect
) -> _Cycles:
    sums = _Cycles(0, 0, 0)
    for layer, causes in parts.items():
        effects = [compiled, *_effects(layer, axes, then, now)]
        for cause, count in causes.items():
            own = _Cycles(count, count, count)
            for effect in effects:
                own = own.times(effect.get(cause, _SAME))
            sums += own
    codes = then.passed - now.passed
    ends = [codes * cycles for cycles in _PASS]
    changed = sums + _Cycles(min(ends), ends[1], max(ends))
    return replace(changed, low=max(changed.low, 0.0), value=max(changed.value, 0.0))


def _effects(layer: str, axes: set[str], then: Layout, now: Layout) -> Iterable[Effect]:
    """What happens to the cycles of a layer."""
    if "fusion" in axes and not layer:
        yield _BY_ROWS_OUTSIDE if then.by_rows else _reversed(_BY_ROWS_OUTSIDE)
    before, after = (layout.kernels.get(layer, "") for layout in (now, then))
    if "window_" in before or "window_" in after:
        if before != after:
            yield _WINDOW_SUMS
        return
    families = [_FAMILIES.get(kernel.partition("/")[0]) for kernel in (before, after)]
    if families[0] != families[1]:
        yield from (_reversed(effect) for effect in families[:1] if effect)
        yield from (effect for effect in families[1:] if effect)
    if (layer in now.by_rows) != (layer in then.by_rows):
        yield _BY_ROWS if layer in then.by_rows else _reversed(_BY_ROWS)
    if "bits" in axes and layer:
        narrow, wide = (layout.bits.get(layer, _BYTE_BITS) for layout in (now, then))
        if wide > narrow:
            yield _WIDER
        elif wide < narrow:
            yield _reversed(_WIDER)
        else:
            yield _SAME_CODE


def _reversed(effect: Effect) -> Effect:
    """What undoing a change does."""
    return {
        cause: Factor(0 if f.high is None else 1 / f.high, 1 / f.value if f.value else 1, 1 / f.low if f.low else None)
        for cause, f in effect.items()
    }


def _measured_at(cycles: _Cycles, hardware: Hardware, before_hz: float, after_hz: float) -> _Cycles:
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
    return _Cycles(cycles.low * min(ratio, 1.0), cycles.value, high)


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
        "compile": "as many products, in loops that are unrolled or not; and without optimisation up to four accesses "
        "to memory for each instruction",
        "bits": "as many products; words of wider codes hold fewer of them",
        "fusion": "the same products, in calls for each row; window sums are not predicted beyond their lower end",
        "kernels": "two products in an instruction, up to four codes in a word",
        "placement": "constants in SRAM are read without waiting",
        "rewrites": "every code of an activation is loaded, compared and stored once more",
    }
    return [reason for axis, reason in known.items() if axis in axes]


def _figure(cycles: _Cycles, clock: float, basis: str) -> Figure:
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
