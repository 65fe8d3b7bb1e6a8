"""What changes do to cycles: factors for the cycles of each cause, and costs of what is done more often.

The bounds follow from what the instructions can do: a dual multiply-accumulate does two of what a single one does, a
word holds four codes of a byte. They are never fitted to measured variants.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from specc.explain.attribution import (
    BRANCHES,
    DIVIDES,
    FLOATS,
    LOADS,
    MULTIPLY,
    OTHER,
    STORES,
    UNATTRIBUTED,
)


@dataclass(frozen=True)
class Factor:
    """What becomes of the cycles of a cause: at least, likely, at most times as many. None: no upper bound."""

    low: float
    value: float
    high: float | None


@dataclass(frozen=True)
class Cycles:
    """At least, likely, at most so many cycles. None: no upper bound."""

    low: float
    value: float
    high: float | None

    def __add__(self, other: Cycles) -> Cycles:
        high = None if self.high is None or other.high is None else self.high + other.high
        return Cycles(self.low + other.low, self.value + other.value, high)

    def times(self, factor: Factor) -> Cycles:
        """With each end multiplied."""
        high = None if self.high is None or factor.high is None else self.high * factor.high
        return Cycles(self.low * factor.low, self.value * factor.value, high)


@dataclass(frozen=True)
class RowCalls:
    """How a layer runs by rows: so many calls in an inference, each of which makes so many columns of its output."""

    calls: int
    columns: int


Effect = Mapping[str, Factor]
SAME: Final = Factor(1, 1, 1)

# Dual multiply-accumulates on words of four 8-bit codes, in place of single ones on single codes. Two products in an
# instruction (SMLAD; Armv7-M Architecture Reference Manual, A4.4.3): half the multiplications, or all of them where
# pairs cannot be formed. A word holds four codes: a quarter of the loads, or all. Loops turn up to eight times less
# often (four codes of two outputs); unpacking may cost half of that again.
DUAL: Final[Effect] = {
    MULTIPLY: Factor(0.5, 0.5, 1),
    LOADS: Factor(0.25, 0.5, 1),
    STORES: Factor(0.25, 1, 1),
    BRANCHES: Factor(0.125, 0.25, 1),
    OTHER: Factor(0.125, 0.5, 1.5),
    UNATTRIBUTED: Factor(0.125, 1, 1.5),
}
# Kernels for a 32-bit multiplication: one for two products, two for three, or one for each, in loops that turn up to
# eight times less often. The codes of windows are written out as words first: of one of 3x3 nine, where no filters and
# no neighbours share them, beside a code that comes of it.
SIDE_BY_SIDE: Final[Effect] = {**DUAL, MULTIPLY: Factor(0.5, 0.7, 1), STORES: Factor(0.25, 2, 10)}
FAMILIES: Final = {"dsp": DUAL, "armv6m": SIDE_BY_SIDE}  # beside generic kernels
# By rows, a layer is as many calls as it has rows: as many products (twice for a row of one position in a kernel that
# takes two), and for the rest as much again at most; what a call itself takes is `CALL`.
BY_ROWS: Final[Effect] = {
    MULTIPLY: Factor(1, 1, 2),
    LOADS: Factor(0.9, 1.05, 2),
    STORES: Factor(0.9, 1.05, 2),
    BRANCHES: Factor(0.9, 1.1, 2),
    OTHER: Factor(0.9, 1.1, 2),
    UNATTRIBUTED: Factor(0.9, 1.1, 2),
}
# Another kernel of the same family: products by pairs or one by one, words of four codes or of one, and loops that are
# as much shorter or longer.
OTHER_LOOPS: Final[Effect] = {
    MULTIPLY: Factor(0.5, 1, 2),
    LOADS: Factor(0.25, 1, 4),
    STORES: Factor(0.25, 1, 4),
    BRANCHES: Factor(0.125, 1, 8),
    OTHER: Factor(0.125, 1, 8),
    UNATTRIBUTED: Factor(0.125, 1, 8),
}
# 16-bit codes in place of 8-bit ones: as many products; words hold half as many codes, so up to twice the loads and
# stores; unpacking falls away, or twice the addresses are worked out.
WIDER: Final[Effect] = {
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
REARRANGED: Final[Effect] = {
    MULTIPLY: Factor(1, 1, 9),
    **dict.fromkeys((LOADS, STORES, DIVIDES, FLOATS), Factor(0.5, 1, 2)),
    **dict.fromkeys((OTHER, UNATTRIBUTED), Factor(0, 1, 2)),
    BRANCHES: Factor(0, 1, 8),
}
# Without optimisation code is arranged anew, and every value lives in memory: an instruction loads up to three operands
# (a multiply-accumulate) and stores its result, four accesses of up to two cycles beside its own cycle. No instruction
# is saved. The likely value is the geometric mean of what going through memory alone may cost.
IN_MEMORY: Final[Effect] = {cause: Factor(1, 3, 9 * (factor.high or 1)) for cause, factor in REARRANGED.items()}
# The same instructions with other constants: what literals and clamps may change.
SAME_CODE: Final[Effect] = {
    cause: Factor(0.98, 1, 1.02) for cause in (MULTIPLY, LOADS, STORES, BRANCHES, DIVIDES, FLOATS, OTHER, UNATTRIBUTED)
}


def reversed_effect(effect: Effect) -> Effect:
    """What undoing a change does."""
    return {
        cause: Factor(0 if f.high is None else 1 / f.high, 1 / f.value if f.value else 1, 1 / f.low if f.low else None)
        for cause, f in effect.items()
    }


def whole_windows(on_padding: float) -> Effect:
    """What becomes of a layer whose windows no longer reach beyond its input.

    Products on padding are made, where a kernel skipped them. No bound is tested, no window is put together code by
    code, and where the zero point is part of the bias then, none is taken off: up to three quarters of the rest.

    Args:
        on_padding: part of the products that meet padding.
    """
    most = 1 / (1 - on_padding)
    return {MULTIPLY: Factor(1, 1, most)} | {
        cause: Factor(0.25, 1, most) for cause in (LOADS, STORES, BRANCHES, OTHER, UNATTRIBUTED)
    }


def other_columns(before: RowCalls, after: RowCalls) -> Effect:
    """What becomes of a layer by rows whose rows are cut into other tiles, but for what a call itself takes.

    As many cycles for each column, those that are computed again included. A kernel that takes positions in pairs may
    have one more of them in a row, before or after; and what is no product may belong to rows, not to columns.
    """
    columns = after.calls * after.columns / (before.calls * before.columns)
    rows = after.calls / before.calls
    low, high = columns * before.columns / (before.columns + 1), columns * (after.columns + 1) / after.columns
    beside = Factor(min(low, rows), columns, max(high, rows))
    return {MULTIPLY: Factor(low, columns, high)} | dict.fromkeys(
        (LOADS, STORES, BRANCHES, OTHER, UNATTRIBUTED), beside
    )


@dataclass(frozen=True)
class Cost:
    """Cycles of something that is done once more, or once less: at least, likely, at most.

    Instructions are counted for a Cortex-M4 (Technical Reference Manual, 3.3.1): a load, a store or a branch that is
    taken has up to four cycles, everything else one.
    """

    low: float
    value: float
    high: float

    def times(self, count: float) -> Cycles:
        """Cycles of so many of them; of fewer than none, what they would have taken less."""
        ends = (self.low * count, self.high * count)
        return Cycles(min(ends), self.value * count, max(ends))


# A code in a pass of its own. At least half a cycle, for a word of four is loaded and stored in two. At most a load and
# a store of two cycles each, two comparisons with two cycles behind each, and the address, the count and the branch.
PASS: Final = Cost(0.5, 7.0, 16.0)
# A code copied into the columns of a tile. At least half a cycle, for a word of four is loaded and stored in two. At
# most a load and a store of two cycles each, the count and the branch.
COPY: Final = Cost(0.5, 1.0, 8.0)
# A further call of a layer, outside of it: two marks, two readings of a clock, the call, and loads of what is called.
# Then inside: up to fourteen registers saved and restored, and the bounds of loops worked out.
CALL: Final = Cost(5.0, 60.0, 250.0)
CALL_INSIDE: Final = Cost(0.0, 40.0, 200.0)
# A code that is rescaled by numbers of its channel, in place of by those of its layer: three loads, a long product,
# shifts and additions of 64 bits, two comparisons, the loop; less a product, a saturation and a store.
RESCALED: Final = Cost(0.0, 15.0, 40.0)
# A product and an addition of codes from memory: at best two, or four, in an instruction; at most two loads, the
# operation, two addresses and a turn of the loop.
PRODUCT: Final = Cost(0.5, 4.0, 20.0)
ADDITION: Final = Cost(0.25, 2.0, 20.0)
