"""Variants of a target: what an experiment changes, and the spec in which nothing else is changed.

Each axis has the values that the spec's `experiments` section lists, or without a list those that are worth a try on
the target. A value that a target has already is no variant.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Final, Literal, get_args

from specc.codegen.gcc import installed as gcc_installed
from specc.codegen.kernels import GENERIC, family_of
from specc.codegen.schedule import switchable, unfused
from specc.codegen.toolchain import CLANG, GCC, compiler_of
from specc.measure.backend import BuildOptions
from specc.numerics.quantized import QuantizedNetwork
from specc.spec import Spec
from specc.spec.experiments import Experiments
from specc.spec.hardware import Target
from specc.spec.kernels import ALL_REWRITES, REWRITES, KernelRule
from specc.spec.model import Fusion, QuantizationRow
from specc.units import UNITS, Quantity

Axis = Literal["clock", "compile", "bits", "fusion", "tile", "kernels", "placement", "rewrites"]
AXES: Final[tuple[Axis, ...]] = get_args(Axis)

# Tried where the spec lists nothing. Zig takes -O1 and -O3 for -O2.
_LEVELS: Final = ("-O0", "-O2", "-Os")
_CLOCK_PARTS: Final = (Fraction(1, 4), Fraction(1, 2), Fraction(3, 4))  # of the target's own, without wait states
_BITS: Final = (8, 16)
GRID_LIMIT: Final = 256  # variants of a grid

Value = Quantity | str | int


class VariantError(Exception):
    """A variant that cannot be: the message says why."""


@dataclass(frozen=True)
class Change:
    """One axis at another value."""

    axis: Axis
    value: Value

    @property
    def label(self) -> str:
        """As tables show it: `84 MHz`, `-O3`, `16 bits`, `layers by rows`, `tuned kernels`, `rewrite padding off`."""
        if self.axis == "bits":
            return f"{self.value} bits"
        if self.axis == "kernels":
            return f"{self.value} kernels"
        if self.axis == "placement":
            return f"weights in {'SRAM' if self.value == 'sram' else self.value}"
        if self.axis == "rewrites":
            return f"rewrite {self.value} off"
        if self.axis == "fusion":
            return "layers by rows" if self.value == "on" else "layer by layer"
        if self.axis == "tile":
            return f"tiles of {self.value} column{'' if self.value == 1 else 's'}"
        return str(self.value)


@dataclass(frozen=True)
class Variant:
    """A target with changes, in a spec that has this target alone."""

    changes: tuple[Change, ...]
    spec: Spec
    options: BuildOptions

    @property
    def target(self) -> Target:
        """The target with its changes."""
        return self.spec.targets[0]


def declared_axes(experiments: Experiments | None) -> tuple[Axis, ...]:
    """The axes that a spec lists values for."""
    if experiments is None:
        return ()
    listed: dict[Axis, tuple[object, ...]] = {
        "clock": experiments.clocks,
        "compile": experiments.compile,
        "bits": experiments.bits,
        "fusion": experiments.fusion,
        "tile": experiments.tiles,
        "kernels": experiments.kernels,
        "rewrites": experiments.rewrites,
    }
    return tuple(axis for axis in AXES if listed.get(axis))


def changes(spec: Spec, target: Target, axis: Axis, network: QuantizedNetwork) -> tuple[Change, ...]:
    """The values of an axis that a target is to be tried at, with the spec's network; none where it has no other."""
    listed = spec.experiments or Experiments()
    values: Sequence[Value]
    if axis == "clock":
        values = [clock for clock in listed.clocks or _clocks(target) if float(clock.base) != target.clock_hz]
    elif axis == "compile":
        tried = listed.compile or (*_LEVELS, *_other_compiler(target))
        values = [level for level in tried if level != target.compile]
    elif axis == "bits":
        values = [bits for bits in listed.bits or _BITS if bits not in _widths(spec) or len(_widths(spec)) > 1]
    elif axis == "fusion":
        asked = ["on" if fused else "off" for fused in listed.fusion or (True, False)]
        values = [value for value in asked if value != _fused(spec)]
    elif axis == "tile":
        values = [width for width in listed.tiles or _tiles(spec) if {width} != {one.tile for one in _runs(spec)}]
    elif axis == "kernels":
        choices = listed.kernels or ((GENERIC,) if _family(target) != GENERIC else ())
        now = spec.kernels_of(target.name).rules or (KernelRule(choice="fastest"),)
        values = [choice for choice in choices if now != (KernelRule(choice=choice),)]
    elif axis == "placement":
        values = ["sram"] if target.hardware.core.startswith("cortex-m") else []
    else:
        values = _rewrites(spec, target, network)
    return tuple(Change(axis, value) for value in values)


def single(spec: Spec, target: Target, axes: Sequence[Axis], network: QuantizedNetwork) -> list[tuple[Change, ...]]:
    """One change at a time."""
    return [(change,) for axis in axes for change in changes(spec, target, axis, network)]


def grid(spec: Spec, target: Target, axes: Sequence[Axis], network: QuantizedNetwork) -> list[tuple[Change, ...]]:
    """Every combination of changes, the target as it is left out.

    Raises:
        VariantError: there are more than `GRID_LIMIT`.
    """
    values = [(None, *changes(spec, target, axis, network)) for axis in axes]
    number = math.prod(len(options) for options in values)
    if number > GRID_LIMIT:
        raise VariantError(f"a grid of {number:,} variants of {target.name}; at most {GRID_LIMIT} are tried")
    found = [tuple(change for change in choice if change) for choice in itertools.product(*values)]
    return sorted(filter(None, found), key=len)


def variant(spec: Spec, target: Target, made: Sequence[Change]) -> Variant:
    """A target with changes.

    Raises:
        VariantError: the hardware cannot run so, or the widths of a file cannot be changed.
    """
    options = BuildOptions()
    changed = target
    for change in made:
        if change.axis == "clock":
            changed = _with_clock(changed, change.value)
        elif change.axis == "compile":
            changed = changed.model_copy(update={"compile": change.value})
        elif change.axis == "kernels":
            spec = _with_kernels(spec, target, rules=(KernelRule.model_validate({"choice": change.value}),))
        elif change.axis == "placement":
            options = replace(options, weights="sram" if change.value == "sram" else "flash")
        elif change.axis == "fusion":
            spec = _by_rows(spec) if change.value == "on" else unfused(spec)
        elif change.axis == "tile":
            spec = _with_tile(spec, int(str(change.value)))
        elif change.axis == "rewrites":
            off = REWRITES if change.value == ALL_REWRITES else (*spec.kernels_of(target.name).off, change.value)
            spec = _with_kernels(spec, target, off=off)
        elif change.axis == "bits":
            spec = _with_bits(spec, int(str(change.value)))
    name = ".".join([target.name, *(re.sub(r"[^A-Za-z0-9]+", "-", f"{c.axis} {c.label}") for c in made)])
    budgets = tuple(b.model_copy(update={"target": name}) if b.target == target.name else b for b in spec.budgets)
    kernels = tuple(k.model_copy(update={"target": name}) if k.target == target.name else k for k in spec.kernels)
    targets = (changed.model_copy(update={"name": name}),)
    own = spec.model_copy(update={"targets": targets, "budgets": budgets, "kernels": kernels})
    return Variant(tuple(made), own, options)


def _family(target: Target) -> str:
    return family_of(target.hardware.core, has_dsp=target.hardware.dsp)


def _other_compiler(target: Target) -> tuple[str, ...]:
    """The same flags for the other compiler, where there is one for the target: GCC, on this computer alone."""
    if target.hardware.core != "host":
        return ()
    flags = target.compile.removeprefix(f"{GCC} ")
    if compiler_of(target.compile) == GCC:
        return (flags,)
    return (f"{GCC} {flags.removeprefix(f'{CLANG} ')}",) if gcc_installed() else ()


def _rewrites(spec: Spec, target: Target, network: QuantizedNetwork) -> list[str]:
    """The rewrites of generated code that are on, and rewrite something; all of them together where there are more."""
    generated = not target.hardware.core.startswith("ethos")
    found: list[str] = [*switchable(spec, target, network)] if generated else []
    every = [*found, ALL_REWRITES] if found else []
    if spec.experiments is not None and spec.experiments.rewrites:
        return [name for name in spec.experiments.rewrites if name in every]
    return every if len(found) > 1 else found


def _with_kernels(spec: Spec, target: Target, **changed: object) -> Spec:
    """The spec with a kernels section of the target's own, in which something is changed."""
    own = spec.kernels_of(target.name).model_copy(update={"target": target.name, **changed})
    others = tuple(kernels for kernels in spec.kernels if kernels.target not in (target.name, "all"))
    return spec.model_copy(update={"kernels": (*others, own)})


def _clocks(target: Target) -> list[Quantity]:
    """The highest clock of each number of wait states, and parts of the target's own where none are declared."""
    highest = target.clock or (target.hardware.clock.value if target.hardware.clock else None)
    if highest is None or not target.hardware.core.startswith("cortex-m"):
        return []
    timing = target.hardware.flash_timing
    if timing is None:
        return [_megahertz(highest.base * part) for part in _CLOCK_PARTS]
    return [entry.up_to for entry in timing.wait_states if entry.up_to.base < highest.base]


def _megahertz(hertz: Fraction) -> Quantity:
    return Quantity(hertz / UNITS["MHz"].scale, UNITS["MHz"])


def _with_clock(target: Target, clock: Value) -> Target:
    assert isinstance(clock, Quantity)
    if target.clock_hz is None:
        raise VariantError(f"the clock of {target.hardware.name} cannot be set")
    highest = target.hardware.clock
    if highest is not None and clock.base > highest.value.base:
        raise VariantError(f"{clock} is above the {highest.value} that {target.hardware.name} runs at most")
    return target.model_copy(update={"clock": clock})


def _fused(spec: Spec) -> str:
    """Whether the spec asks for layers by rows, or for window sums."""
    return "on" if spec.model.fusions or spec.model.rows == "least" else "off"


def _by_rows(spec: Spec) -> Spec:
    """The spec as it is if it asks for fusion; else the schedule of least memory."""
    if _fused(spec) == "on":
        return spec
    return spec.model_copy(update={"model": spec.model.model_copy(update={"rows": "least"})})


def _runs(spec: Spec) -> list[Fusion]:
    """The fused layers that an experiment cuts into tiles: those that the spec cuts; all, where it cuts none."""
    fused = [one for one in spec.model.fusions if one.method == "fused"]
    return [one for one in fused if one.tile] or fused


def _tiles(spec: Spec) -> list[int]:
    """Half and twice the columns that are declared."""
    declared = {one.tile for one in _runs(spec) if one.tile}
    return sorted({width for tile in declared for width in (tile // 2, 2 * tile) if width} - declared)


def _with_tile(spec: Spec, width: int) -> Spec:
    runs = _runs(spec)
    if not runs:
        raise VariantError("no layers are fused that could run in tiles: a `schedule` fuses some")
    fusions = tuple(one.model_copy(update={"tile": width}) if one in runs else one for one in spec.model.fusions)
    return spec.model_copy(update={"model": spec.model.model_copy(update={"fusions": fusions})})


def _widths(spec: Spec) -> set[int]:
    return {row.bits for row in spec.quantization.rows} if spec.quantization else set()


def _with_bits(spec: Spec, bits: int) -> Spec:
    if spec.quantization is None:
        raise VariantError("the widths are those of the model's file; without a quantization table nothing widens them")
    rows = tuple(_with_width(row, bits) for row in spec.quantization.rows)
    return spec.model_copy(update={"quantization": spec.quantization.model_copy(update={"rows": rows})})


def _with_width(row: QuantizationRow, bits: int) -> QuantizationRow:
    """A row of another width that represents the same range, with codes as far apart as that takes."""
    if bits < 2:
        raise VariantError("one bit leaves no code but zero and a negative one")
    if not row.uniform:
        raise VariantError(f"row `{row.layer}` has widths or a format of its own")
    if row.range is None:
        return row.model_copy(update={"bits": bits})
    return row.model_copy(update={"bits": bits, "step": row.range / (2 ** (bits - 1) - 1)})
