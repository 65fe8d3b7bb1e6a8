"""From a declared network to one with every number fixed: weights, formats, multipliers."""

from __future__ import annotations

from fractions import Fraction
from typing import Final

import numpy as np

from specc.graph.lifetimes import in_least_memory_order
from specc.graph.network import Layer, Network
from specc.graph.widths import FORMAT_KEEPING, activation_rows, row_bits
from specc.numerics import reference
from specc.numerics.imported import imported_numbers, imported_parameters
from specc.numerics.inputs import draw_inputs
from specc.numerics.layer_numbers import QuantizationError, WeightCodes, unweighted_numbers, weighted_numbers
from specc.numerics.quantized import IntArray, LayerNumbers, QuantizedNetwork, TensorFormat
from specc.numerics.weights import FloatArray, Parameters, draw_parameters
from specc.spec import Spec
from specc.spec.model import QuantizationRow, QuantizationTable

__all__ = ["QuantizationError", "grid_codes", "quantize", "quantize_parameters"]

CALIBRATION_INPUTS: Final = 32
_MAX_BITS: Final = 16
_MAX_ACCUMULATOR_BITS: Final = 32


def quantize(spec: Spec, network: Network) -> QuantizedNetwork:
    """Fix every number of a network: as its file has them, or as the spec's quantization table and seeds say.

    Raises:
        QuantizationError: the spec leaves a number open, or a number does not fit its format.
    """
    if spec.model.file is not None and spec.model.file.content.quantized:
        return imported_numbers(spec.model.file.content, network)
    if spec.quantization is None:
        raise QuantizationError(network.name, "no quantization table says how wide its numbers are")
    if spec.model.file is not None:
        return quantize_parameters(
            spec, network, spec.quantization, imported_parameters(spec.model.file.content, network)
        )
    if spec.model.weights is None:
        raise QuantizationError(network.name, "the model declares no weights; seeded ones are enough to measure cost")
    parameters = draw_parameters(network, spec.model.weights.seed)
    return quantize_parameters(spec, network, spec.quantization, parameters)


def quantize_parameters(
    spec: Spec, network: Network, table: QuantizationTable, parameters: dict[str, Parameters]
) -> QuantizedNetwork:
    """As `quantize`, with the real weights given. The layers come in the order that needs least memory.

    Raises:
        QuantizationError: as `quantize`.
    """
    formats = _tensor_formats(spec, network, table, parameters)
    numbers = {layer.name: _numbers(layer, table, parameters.get(layer.name), formats) for layer in network.layers}
    widths = {tensor: form.container_bits // 8 for tensor, form in formats.items()}
    return QuantizedNetwork(in_least_memory_order(network, widths), formats, numbers)


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
    if not row.uniform:
        raise QuantizationError(name, "only signed fixed point of one width, with 0 as the code of zero, is computed")
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
    if parameters is not None:
        row = _checked(layer.name, table.row(layer.name))
        return _weighted(layer, row, parameters, formats[layer.inputs[0]], formats[layer.name])
    return unweighted_numbers(layer, formats)


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
    codes = WeightCodes(weights, bias.astype(np.int64), scales, row_bits(row), row.accumulator)
    return weighted_numbers(layer, codes, source, out)


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
