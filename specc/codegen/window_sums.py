"""The constants of window sums: which inputs share a sum, and which weights each sum meets.

The kernels `window_sums.inc` and `window_products.inc` say what they are for.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np

from specc.codegen.array import Array, array
from specc.graph.network import Layer
from specc.numerics.quantized import IntArray, LayerNumbers, QuantizedNetwork

NO_CLASS: Final = 255  # of a position that strides step over
_SUM_BITS: Final = 32


@dataclass(frozen=True)
class AxisClasses:
    """Positions along one axis of the input, by the kernel taps that they meet."""

    class_of: tuple[int, ...]  # of each position; `NO_CLASS` for one that no tap meets
    taps: tuple[tuple[int, int], ...]  # lowest and highest tap of each class; between them in steps of the stride
    outputs_met: tuple[int, ...]  # positions that each tap of the kernel meets

    def runs(self) -> tuple[tuple[int, int, int, int], ...]:
        """The positions as runs of one class: first, step, count, class."""
        found: list[tuple[int, int, int, int]] = []
        for number in range(len(self.taps)):
            positions = [at for at, other in enumerate(self.class_of) if other == number]
            while positions:
                first = positions[0]
                step = positions[1] - first if len(positions) > 1 else 1
                breaks = (i + 1 for i, (a, b) in enumerate(pairwise(positions)) if b - a != step)
                count = next(breaks, len(positions))
                found.append((first, step, count, number))
                positions = positions[count:]
        return tuple(found)


def axis_classes(layer: Layer, axis: int) -> AxisClasses:
    """Classes along an axis (0: rows, 1: columns) of a convolution's input."""
    size, outputs = layer.input_shapes[0][axis], layer.output_shape[axis]
    kernel, stride, before = layer.kernel[axis], layer.stride[axis], layer.pad_before[axis]
    numbers: dict[tuple[int, int], int] = {}
    class_of = []
    for position in range(size):
        met = [tap for tap in range(kernel) if _output(position + before - tap, stride, outputs) is not None]
        class_of.append(numbers.setdefault((met[0], met[-1]), len(numbers)) if met else NO_CLASS)
    outputs_met = tuple(
        sum(_output(position + before - tap, stride, outputs) is not None for position in range(size))
        for tap in range(kernel)
    )
    return AxisClasses(tuple(class_of), tuple(numbers), outputs_met)


def _output(offset: int, stride: int, outputs: int) -> int | None:
    """The output whose window begins at an offset, if there is one."""
    output, rest = divmod(offset, stride)
    return output if rest == 0 and 0 <= output < outputs else None


def summed_bias(layer: Layer, numbers: LayerNumbers, zero_point: int) -> IntArray:
    """Bias of each channel over all output positions, less the zero point times every weight an input meets.

    Exact modulo 2**32, which is all that the accumulator keeps.
    """
    assert numbers.weights is not None and numbers.bias is not None
    met = np.outer(axis_classes(layer, 0).outputs_met, axis_classes(layer, 1).outputs_met)
    pattern = "yx,yxc->c" if layer.kind == "dwconv" else "yx,fyxc->f"
    positions = layer.output_shape[0] * layer.output_shape[1]
    total = numbers.bias * positions - zero_point * np.einsum(pattern, met, numbers.weights)
    return np.asarray(total.astype(np.int32), dtype=np.int64)


def sums_constants(layer: Layer, largest: int, identifier: str) -> tuple[tuple[Array, ...], dict[str, str | int]]:
    """Arrays and macros of a convolution that runs as window sums; `largest` magnitude of an input code."""
    rows, columns = axis_classes(layer, 0), axis_classes(layer, 1)
    height, width, channels = layer.input_shapes[0]
    arrays = (
        array(f"classes_{identifier}", "uint8_t", np.array(rows.class_of)),
        array(f"runs_{identifier}", "uint16_t", np.array(columns.runs())),
    )
    return arrays, {
        "IN_WIDTH": width,
        "OUT_HEIGHT": height,  # a call for each input row
        "CHANNELS": channels,
        "LARGEST_CODE": largest,
        "ROW_CLASS": f"classes_{identifier}",
        "NO_CLASS": NO_CLASS,
        "RUNS": f"runs_{identifier}",
        "RUN_COUNT": len(columns.runs()),
        "ROW_CLASSES": len(rows.taps),
        "COLUMN_CLASSES": len(columns.taps),
    }


def products_constants(
    layer: Layer, own: LayerNumbers, pool: LayerNumbers, zero_point: int, identifier: str
) -> tuple[tuple[Array, ...], dict[str, str | int]]:
    """Arrays and macros of the pool behind a convolution that runs as window sums.

    Args:
        layer: the convolution.
        own: its numbers.
        pool: the pool's numbers.
        zero_point: of the convolution's input.
        identifier: of the pool.
    """
    assert own.weights is not None
    rows, columns = axis_classes(layer, 0), axis_classes(layer, 1)
    weight_type = f"int{own.weight_container_bits}_t"
    arrays = (
        array(f"weights_{identifier}", weight_type, own.weights),
        array(f"bias_{identifier}", "int32_t", summed_bias(layer, own, zero_point)),
        array(f"multipliers_{identifier}", "int32_t", pool.multipliers),
        array(f"shifts_{identifier}", "uint8_t", pool.shifts),
        array(f"row_taps_{identifier}", "uint16_t", np.array(rows.taps)),
        array(f"column_taps_{identifier}", "uint16_t", np.array(columns.taps)),
    )
    return arrays, {
        "WEIGHT_T": weight_type,
        **{own.name.removesuffix(f"_{identifier}").upper(): own.name for own in arrays},
        "HIGH_SHIFTS": int(pool.shifts.min() >= 32),
        "DEPTHWISE": int(layer.kind == "dwconv"),
        "CHANNELS": layer.input_shapes[0][2],
        "FILTERS": layer.output_shape[2],
        "KERNEL_HEIGHT": layer.kernel[0],
        "KERNEL_WIDTH": layer.kernel[1],
        "STRIDE_HEIGHT": layer.stride[0],
        "STRIDE_WIDTH": layer.stride[1],
        "ROW_CLASSES": len(rows.taps),
        "COLUMN_CLASSES": len(columns.taps),
        "ACCUMULATOR_BITS": pool.accumulator_bits,
    }


def with_every_output(network: QuantizedNetwork) -> QuantizedNetwork:
    """The network whose convolutions make every output, in place of running as window sums: the same arithmetic.

    The codes of an output are its accumulator, in 32 bits: twice it, rounded to half of that, is it. The pool adds them
    up modulo 2**32, as window sums are.
    """
    highest = (1 << (_SUM_BITS - 1)) - 1
    formats, numbers = dict(network.formats), dict(network.numbers)
    for name in network.window_sums:
        channels = network.network.layer(name).output_shape[-1]
        formats[name] = dataclasses.replace(formats[name], zero_point=0, bits=_SUM_BITS, low=-highest - 1, high=highest)
        numbers[name] = dataclasses.replace(
            numbers[name],
            multipliers=np.full(channels, 2),
            shifts=np.ones(channels, np.int64),
            clamp_low=-highest - 1,
            clamp_high=highest,
        )
    return dataclasses.replace(network, formats=formats, numbers=numbers, window_sums=frozenset())
