"""Faults of layers that read tables: sigmoid and tanh, and softmax."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

import numpy as np

from specc.graph.network import Layer
from specc.numerics.faults import ENOUGH_DIFFERING, Fault, saturation, zero_points
from specc.numerics.golden import TABLE_FRACTION, exponentials, interpolated
from specc.numerics.quantized import IntArray, LayerNumbers, QuantizedNetwork, TensorFormat
from specc.numerics.tables import real_codes, softmax_table, table_of
from specc.spec.model import TABULATED

# Factors of the distance in the exponent that a softmax may have by mistake.
_OTHER_EXPONENTS: Final = {
    "powers of e, without a factor": 1.0,
    "powers of 2, not of e": math.log(2),
    "powers of half the distance": 0.5,
    "powers of twice the distance": 2.0,
}


def faults_of_function(network: QuantizedNetwork, layer: Layer, x: IntArray, found: IntArray) -> Iterator[Fault]:
    """Faults of a sigmoid or tanh of the codes x."""
    numbers, source, out = network.numbers[layer.name], network.formats[layer.inputs[0]], network.layer_format(layer)
    bounds = numbers.clamp_low, numbers.clamp_high
    other = next(kind for kind in TABULATED if kind != layer.kind)
    yield f"table: it is that of {other}", _by_table(other, source, out, x)
    if source.zero_point:
        started = replace(source, zero_point=0, low=source.low, high=source.high)
        yield "zero point: the input's is not taken off", _by_table(layer.kind, started, out, x)
    exact = real_codes(layer.kind, x, source, out)
    yield "rounding: the fraction is cut off downwards", np.clip(np.floor(exact).astype(np.int64), *bounds)
    near = out.zero_point + np.trunc(exact - out.zero_point).astype(np.int64)
    yield "rounding: the fraction is cut off towards zero", np.clip(near, *bounds)
    nearest = np.floor(exact + 0.5).astype(np.int64)
    yield from saturation(nearest, bounds, out.container_bits, found)
    if source.bits > 8:
        yield from _interpolation(numbers, x)
    else:
        yield from _entries(numbers, x, found)
    yield from zero_points(nearest, bounds, found)


def _by_table(kind: str, source: TensorFormat, out: TensorFormat, x: IntArray) -> IntArray:
    table = table_of(kind, source, out)
    if source.bits <= 8:
        return table.entries[x - table.first]
    place = np.clip(x, table.first, table.last) - table.first
    return np.clip(interpolated(table.entries, place, table.shift), out.low, out.high)


def _interpolation(numbers: LayerNumbers, x: IntArray) -> Iterator[Fault]:
    assert numbers.table is not None
    shift, bounds = numbers.table_shift, (numbers.clamp_low, numbers.clamp_high)
    place = np.clip(x, numbers.table_first, numbers.table_last) - numbers.table_first
    entry, between = place >> shift, place & ((1 << shift) - 1)
    step = np.clip((numbers.table[entry] + (1 << (TABLE_FRACTION - 1))) >> TABLE_FRACTION, *bounds)
    yield "table: nothing is interpolated between its entries", step
    fine = (numbers.table[entry] << shift) + (numbers.table[entry + 1] - numbers.table[entry]) * between
    yield "rounding: what is interpolated is cut off downwards", np.clip(fine >> (shift + TABLE_FRACTION), *bounds)


def _entries(numbers: LayerNumbers, x: IntArray, found: IntArray) -> Iterator[Fault]:
    """A table with an entry for each code that is read at another place, or that has other entries."""
    assert numbers.table is not None
    table, place = numbers.table, x - numbers.table_first
    for away in (1, -1):
        beside = table[np.clip(place + away, 0, len(table) - 1)]
        yield f"table: it is read one entry too {'late' if away > 0 else 'early'}", beside
    if len(table) == 256:
        yield "table: the code that it is read with is taken as unsigned", table[(place + 128) & 255]
    held = table.copy()
    held[place] = found
    wrong = np.flatnonzero(held != table)
    # Of a code that comes once nothing is known but what it gave: others must confirm it.
    if np.array_equal(held[place], found) and np.count_nonzero(found != table[place]) - len(wrong) >= ENOUGH_DIFFERING:
        first = int(wrong[0])
        codes = f"{len(wrong)} of its {len(table)} entries {'is' if len(wrong) == 1 else 'are'} wrong"
        at = numbers.table_first + first
        yield f"table: {codes}, the first is that of code {at}: {held[first]}, not {table[first]}", held[place]


def faults_of_softmax(network: QuantizedNetwork, layer: Layer, x: IntArray, found: IntArray) -> Iterator[Fault]:
    """Faults of a softmax of the codes x."""
    numbers, source, out = network.numbers[layer.name], network.formats[layer.inputs[0]], network.layer_format(layer)
    assert numbers.table is not None
    bounds = numbers.clamp_low, numbers.clamp_high
    distance = x.max(axis=-1, keepdims=True) - x
    parts = exponentials(numbers.table, distance, source.bits, out.bits)

    def quotient(parts: IntArray, *, rounded: bool = True) -> IntArray:
        total = parts.sum(axis=-1, keepdims=True)
        shares = ((parts << out.bits) + (total // 2 if rounded else 0)) // np.maximum(total, 1)
        return np.asarray(out.zero_point + shares)

    yield "rounding: the quotient is cut off", np.clip(quotient(parts, rounded=False), *bounds)
    yield from saturation(quotient(parts), bounds, out.container_bits, found)
    yield from zero_points(quotient(parts), bounds, found)
    for name, factor in _OTHER_EXPONENTS.items():
        changed = exponentials(softmax_table(source, out.bits, factor), distance, source.bits, out.bits)
        yield f"exponentials: {name}", np.clip(quotient(changed), *bounds)
    if source.bits > 8:
        coarse = exponentials(numbers.table, distance & ~255, source.bits, out.bits)
        yield "exponentials: the low byte of the distance is left out", np.clip(quotient(coarse), *bounds)
