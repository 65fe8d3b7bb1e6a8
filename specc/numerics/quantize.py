"""From a declared network to one with every number fixed: weights, formats, multipliers."""

from __future__ import annotations

from fractions import Fraction
from typing import Final

import numpy as np

from specc.graph.network import Layer, Network
from specc.graph.widths import FORMAT_KEEPING, activation_rows, row_bits
from specc.numerics import reference
from specc.numerics.golden import softmax_table_shift
from specc.numerics.inputs import draw_inputs
from specc.numerics.quantized import IntArray, LayerNumbers, QuantizedNetwork, TensorFormat
from specc.numerics.scales import add_multipliers, multipliers
from specc.numerics.weights import FloatArray, Parameters, draw_parameters
from specc.spec import Spec
from specc.spec.model import QuantizationRow, QuantizationTable

CALIBRATION_INPUTS: Final = 32
_MAX_BITS: Final = 16
_MAX_ACCUMULATOR_BITS: Final = 32


class QuantizationError(Exception):
    """The network's numbers cannot be represented as the spec asks. `layer` names the layer or tensor."""

    def __init__(self, layer: str, message: str) -> None:
        super().__init__(f"{layer}: {message}")
        self.layer = layer


def quantize(spec: Spec, network: Network) -> QuantizedNetwork:
    """Fix every number of a network as the spec's quantization table and seeds say.

    Raises:
        QuantizationError: the spec leaves a number open, or a number does not fit its format.
    """
    if spec.quantization is None:
        raise QuantizationError(network.name, "no quantization table says how wide its numbers are")
    if spec.model.weights is None:
        raise QuantizationError(network.name, "the model declares no weights; seeded ones are enough to measure cost")
    parameters = draw_parameters(network, spec.model.weights.seed)
    return quantize_parameters(spec, network, spec.quantization, parameters)


def quantize_parameters(
    spec: Spec, network: Network, table: QuantizationTable, parameters: dict[str, Parameters]
) -> QuantizedNetwork:
    """As `quantize`, with the real weights given.

    Raises:
        QuantizationError: as `quantize`.
    """
    formats = _tensor_formats(spec, network, table, parameters)
    numbers = {layer.name: _numbers(layer, table, parameters.get(layer.name), formats) for layer in network.layers}
    return QuantizedNetwork(network, formats, numbers)


# ---- formats of activations ----


def _tensor_formats(
    spec: Spec, network: Network, table: QuantizationTable, parameters: dict[str, Parameters]
) -> dict[str, TensorFormat]:
    rows = {tensor: _checked(tensor, row) for tensor, row in activation_rows(network, table).items()}
    ranges = _observed_ranges(spec, network, parameters) if any(row.calibrated for row in rows.values()) else {}
    formats: dict[str, TensorFormat] = {network.input: _format(network.input, rows[network.input], ranges)}
    for layer in network.layers:
        if layer.kind in FORMAT_KEEPING:
            formats[layer.name] = formats[layer.inputs[0]]
        elif layer.kind == "softmax":
            formats[layer.name] = _probabilities(row_bits(rows[layer.name]))
        else:
            formats[layer.name] = _format(layer.name, rows[layer.name], ranges)
    return formats


def _checked(name: str, row: QuantizationRow | None) -> QuantizationRow:
    if row is None:
        raise QuantizationError(name, "no row of the quantization table governs it; a row for * governs what is left")
    bits = row_bits(row)
    if not 2 <= bits <= _MAX_BITS:
        raise QuantizationError(name, f"{bits} bits with guard bits; integers of 2 to {_MAX_BITS} bits are possible")
    if not 2 <= row.accumulator <= _MAX_ACCUMULATOR_BITS:
        raise QuantizationError(
            name, f"an accumulator of {row.accumulator} bits; 2 to {_MAX_ACCUMULATOR_BITS} bits are possible"
        )
    if not row.calibrated and (row.step is None or row.step <= 0 or row.range is None or row.range < row.step):
        raise QuantizationError(name, f"a range of {row.range} and a step of {row.step} give no codes but zero")
    return row


def _format(tensor: str, row: QuantizationRow, ranges: dict[str, tuple[float, float]]) -> TensorFormat:
    bits = row_bits(row)
    if not row.calibrated:
        low, high = grid_codes(row)
        assert row.step is not None
        return TensorFormat(row.step, 0, bits, low, high)
    low_code, high_code = -(1 << (bits - 1)), (1 << (bits - 1)) - 1
    low_value, high_value = ranges[tensor]
    # Rounded to float32, so that the last bits of a sum, which differ between machines, do not reach the scale.
    scale = float(np.float32((high_value - low_value) / (high_code - low_code)))
    if scale == 0:  # the tensor is zero on every calibration input: any scale represents it
        return TensorFormat(1.0, 0, bits, low_code, high_code)
    zero_point = low_code - round(low_value / scale)
    return TensorFormat(scale, min(max(zero_point, low_code), high_code), bits, low_code, high_code)


def _probabilities(bits: int) -> TensorFormat:
    """Format of a softmax's output: [0, 1) in 2**bits steps."""
    half = 1 << (bits - 1)
    return TensorFormat(2.0**-bits, -half, bits, -half, half - 1)


def grid_codes(row: QuantizationRow) -> tuple[int, int]:
    """Smallest and largest code of a row with range and step: within the range, and within the width."""
    largest = Fraction(repr(row.range)) // Fraction(repr(row.step))
    half = 1 << (row_bits(row) - 1)
    return max(-largest, -half), min(largest, half - 1)


def _observed_ranges(spec: Spec, network: Network, parameters: dict[str, Parameters]) -> dict[str, tuple[float, float]]:
    """Smallest and largest value of each tensor over seeded inputs; zero always included."""
    declared = spec.model.input
    if declared.distribution is None:
        raise QuantizationError(declared.name, "calibration needs an input distribution, and the spec declares none")
    seed = spec.model.weights.seed if spec.model.weights else 0
    inputs = draw_inputs(declared, CALIBRATION_INPUTS, seed)
    tensors = reference.run(network, parameters, inputs, np.float64)
    ranges = {name: (min(0.0, float(x.min())), max(0.0, float(x.max()))) for name, x in tensors.items()}
    for name, (low, high) in ranges.items():
        if not np.isfinite(high - low):
            raise QuantizationError(name, "its values are not finite on the calibration inputs")
    return ranges


# ---- numbers of layers ----


def _numbers(
    layer: Layer, table: QuantizationTable, parameters: Parameters | None, formats: dict[str, TensorFormat]
) -> LayerNumbers:
    inputs = [formats[name] for name in layer.inputs]
    out = formats[layer.name]
    clamp_low, clamp_high = _clamp(layer, out)
    if parameters is not None:
        return _weighted(layer, _checked(layer.name, table.row(layer.name)), parameters, inputs[0], out)
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
    return LayerNumbers(
        multipliers=mantissas,
        shifts=shifts,
        clamp_low=clamp_low,
        clamp_high=clamp_high,
        table=_exponentials(layer, inputs[0], out) if layer.kind == "softmax" else None,
    )


def _weighted(
    layer: Layer, row: QuantizationRow, parameters: Parameters, source: TensorFormat, out: TensorFormat
) -> LayerNumbers:
    axis = {"conv": 0, "dense": 0, "dwconv": 2}[layer.kind]
    weights, scales = _quantize_weights(row, parameters.weights, axis)
    bias = np.rint(parameters.bias / (source.scale * scales))
    limit = float(1 << (row.accumulator - 1))
    if not np.all((bias >= -limit) & (bias < limit)):
        worst = float(parameters.bias[np.argmax(np.abs(bias))])
        raise QuantizationError(
            layer.name,
            f"bias {worst:.6g} is {np.abs(bias).max():.3g} steps of the accumulator, whose {row.accumulator} bits "
            f"hold {int(limit) - 1:,}: coarser steps or a wider accumulator",
        )
    mantissas, shifts = _multipliers(layer, source.scale * scales / out.scale)
    clamp_low, clamp_high = _clamp(layer, out)
    return LayerNumbers(
        weights=weights,
        bias=bias.astype(np.int64),
        weight_bits=row_bits(row),
        accumulator_bits=row.accumulator,
        multipliers=mantissas,
        shifts=shifts,
        clamp_low=clamp_low,
        clamp_high=clamp_high,
    )


def _quantize_weights(row: QuantizationRow, weights: FloatArray, axis: int) -> tuple[IntArray, FloatArray]:
    """Codes of the weights, and the scale of each output channel (along `axis`)."""
    if not row.calibrated:
        assert row.step is not None
        low, high = grid_codes(row)
        scales = np.full(weights.shape[axis], row.step)
    else:
        high = (1 << (row_bits(row) - 1)) - 1
        low = -high
        others = tuple(i for i in range(weights.ndim) if i != axis)
        peaks = np.abs(weights).max(axis=others)
        scales = np.where(peaks > 0, peaks / high, 1.0)
    shape = [1] * weights.ndim
    shape[axis] = -1
    codes = np.clip(np.rint(weights / scales.reshape(shape)), low, high)
    return np.asarray(codes, dtype=np.int64), scales


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


def _exponentials(layer: Layer, source: TensorFormat, out: TensorFormat) -> IntArray:
    """The table of `golden.softmax`."""
    shift = softmax_table_shift(out.bits)
    elements = layer.output_shape[-1]
    if elements << shift >= 1 << 32:
        raise QuantizationError(layer.name, f"a softmax over {elements:,} values overflows its 32-bit sum")
    if source.bits <= 8:
        distances = np.arange(1 << source.bits, dtype=np.float64)
    else:
        distances = np.concatenate([np.arange(256) * 256.0, np.arange(256.0)])
    return np.asarray(np.rint(np.exp(-distances * source.scale) * (1 << shift)), dtype=np.int64)
