"""The constants of one layer's integer arithmetic, from the formats of its tensors and the codes of its weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from specc.graph.network import Layer
from specc.numerics.golden import softmax_table_shift
from specc.numerics.quantized import IntArray, LayerNumbers, TensorFormat
from specc.numerics.scales import add_multipliers, multipliers
from specc.numerics.tables import softmax_table, table_of
from specc.numerics.weights import FloatArray
from specc.spec.model import TABULATED


class QuantizationError(Exception):
    """The network's numbers cannot be represented as the spec asks. `layer` names the layer or tensor."""

    def __init__(self, layer: str, message: str) -> None:
        super().__init__(f"{layer}: {message}")
        self.layer = layer


@dataclass(frozen=True)
class WeightCodes:
    """Integer weights (layout of `Layer.weight_shape`) and biases, and the scale of each output channel's weights."""

    weights: IntArray
    bias: IntArray  # in units of input scale * weight scale
    scales: FloatArray
    weight_bits: int = 8
    accumulator_bits: int = 32


def weighted_numbers(layer: Layer, codes: WeightCodes, source: TensorFormat, out: TensorFormat) -> LayerNumbers:
    """Constants of a conv, dwconv or dense layer.

    Raises:
        QuantizationError: a ratio of scales that no multiplier represents.
    """
    mantissas, shifts = _multipliers(layer, source.scale * codes.scales / out.scale)
    clamp_low, clamp_high = _clamp(layer, out)
    return LayerNumbers(
        weights=codes.weights,
        bias=codes.bias,
        weight_bits=codes.weight_bits,
        accumulator_bits=codes.accumulator_bits,
        multipliers=mantissas,
        shifts=shifts,
        clamp_low=clamp_low,
        clamp_high=clamp_high,
        weight_scales=codes.scales,
    )


def window_sum_numbers(
    convolution: Layer, pool: Layer, codes: WeightCodes, source: TensorFormat, out: TensorFormat
) -> dict[str, LayerNumbers]:
    """Constants of a convolution and of the global average pool behind it, run as window sums; by layer.

    Raises:
        QuantizationError: a ratio of scales that no multiplier represents.
    """
    positions = pool.kernel[0] * pool.kernel[1]
    mantissas, shifts = _multipliers(pool, source.scale * codes.scales / (out.scale * positions))
    clamp_low, clamp_high = _clamp(pool, out)
    sums = LayerNumbers(
        weights=codes.weights,
        bias=codes.bias,
        weight_bits=codes.weight_bits,
        accumulator_bits=codes.accumulator_bits,
        weight_scales=codes.scales,
    )
    averages = LayerNumbers(
        accumulator_bits=codes.accumulator_bits,
        multipliers=mantissas,
        shifts=shifts,
        clamp_low=clamp_low,
        clamp_high=clamp_high,
    )
    return {convolution.name: sums, pool.name: averages}


def unweighted_numbers(layer: Layer, formats: Mapping[str, TensorFormat], softmax_beta: float = 1.0) -> LayerNumbers:
    """Constants of a layer without weights; `softmax_beta` multiplies a softmax's input.

    Raises:
        QuantizationError: a ratio of scales that no multiplier represents, or a softmax over too many values.
    """
    inputs = [formats[name] for name in layer.inputs]
    out = formats[layer.name]
    clamp_low, clamp_high = _clamp(layer, out)
    if layer.kind == "avgpool":
        ratio = inputs[0].scale / (out.scale * layer.kernel[0] * layer.kernel[1])
        mantissas, shifts = _multipliers(layer, np.array([ratio]))
    elif layer.kind == "add":
        try:
            mantissas, shifts = add_multipliers(inputs[0].scale / out.scale, inputs[1].scale / out.scale)
        except OverflowError as error:
            raise QuantizationError(layer.name, str(error)) from error
    else:
        mantissas, shifts = np.zeros(0, np.int64), np.zeros(0, np.int64)
    if layer.kind in TABULATED:
        table = table_of(layer.kind, inputs[0], out)
        return LayerNumbers(
            clamp_low=clamp_low,
            clamp_high=clamp_high,
            table=table.entries,
            table_first=table.first,
            table_last=table.last,
            table_shift=table.shift,
        )
    return LayerNumbers(
        multipliers=mantissas,
        shifts=shifts,
        clamp_low=clamp_low,
        clamp_high=clamp_high,
        table=_exponentials(layer, inputs[0], out, softmax_beta) if layer.kind == "softmax" else None,
    )


def _multipliers(layer: Layer, ratios: FloatArray) -> tuple[IntArray, IntArray]:
    try:
        return multipliers(ratios)
    except OverflowError as error:
        raise QuantizationError(layer.name, str(error)) from error


def _clamp(layer: Layer, out: TensorFormat) -> tuple[int, int]:
    """Codes between which the layer's output is clamped: its format, and its activation."""
    kind = layer.kind if layer.kind in ("relu", "relu6") else layer.activation
    low = out.low if kind == "linear" else max(out.low, out.zero_point)
    high = min(out.high, out.zero_point + round(6 / out.scale)) if kind == "relu6" else out.high
    return low, high


def _exponentials(layer: Layer, source: TensorFormat, out: TensorFormat, beta: float) -> IntArray:
    """The table of a softmax."""
    elements = layer.output_shape[-1]
    if elements << softmax_table_shift(out.bits) >= 1 << 32:
        raise QuantizationError(layer.name, f"a softmax over {elements:,} values overflows its 32-bit sum")
    return softmax_table(source, out.bits, beta)
