"""From a declared network to one with every number fixed: weights, formats, multipliers."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Final

import numpy as np

from specc.graph.lifetimes import in_least_memory_order
from specc.graph.network import Layer, Network
from specc.graph.widths import FORMAT_KEEPING, activation_rows, row_bits
from specc.numerics import reference
from specc.numerics.imported import imported_numbers, imported_parameters
from specc.numerics.inputs import draw_inputs
from specc.numerics.layer_numbers import (
    QuantizationError,
    WeightCodes,
    unweighted_numbers,
    weighted_numbers,
    window_sum_numbers,
)
from specc.numerics.quantized import IntArray, LayerNumbers, QuantizedNetwork, TensorFormat
from specc.numerics.weights import FloatArray, Parameters, draw_parameters
from specc.spec import Spec
from specc.spec.model import QuantizationRow, QuantizationTable

__all__ = [
    "QuantizationError",
    "along_channels",
    "checked_row",
    "grid_codes",
    "layer_numbers",
    "observed_ranges",
    "output_format",
    "quantize",
    "quantize_parameters",
    "quantize_weights",
    "real_parameters",
    "tensor_format",
    "weight_codes",
]

Ranges = Mapping[str, tuple[float, float]]  # smallest and largest value of each tensor

CALIBRATION_INPUTS: Final = 32
_MAX_BITS: Final = 16
_MAX_ACCUMULATOR_BITS: Final = 32
_MAX_MODELLED_ACCUMULATOR_BITS: Final = 64


def quantize(spec: Spec, network: Network) -> QuantizedNetwork:
    """Fix every number of a network: as its file has them, or as the spec's quantization table and seeds say.

    Raises:
        QuantizationError: the spec leaves a number open, or a number does not fit its format.
    """
    if spec.model.file is not None and spec.model.file.content.quantized:
        return imported_numbers(spec.model.file.content, network, _window_sums(spec))
    if spec.quantization is None:
        raise QuantizationError(network.name, "no quantization table says how wide its numbers are")
    return quantize_parameters(spec, network, spec.quantization, real_parameters(spec, network))


def real_parameters(spec: Spec, network: Network) -> dict[str, Parameters]:
    """Real weights and biases of a network, by layer: its file's, trained ones, or drawn from the spec's seed.

    A file that holds nothing but codes gives the real numbers that they stand for.

    Raises:
        QuantizationError: the spec says nothing about weights, or those of its file are not finite.
    """
    if spec.model.file is not None:
        content = spec.model.file.content
        return (
            _decoded(imported_numbers(content, network))
            if content.quantized
            else imported_parameters(content.weights, network)
        )
    weights = spec.model.weights
    if weights is None:
        raise QuantizationError(network.name, "the model declares no weights; seeded ones are enough to measure cost")
    if weights.file is not None:
        return imported_parameters(weights.file.content.weights, network)
    return draw_parameters(network, weights.seed)


def _decoded(quantized: QuantizedNetwork) -> dict[str, Parameters]:
    parameters = {}
    for layer in quantized.network.layers:
        own = quantized.numbers[layer.name]
        if own.weights is not None and own.bias is not None:
            weights = own.weights * along_channels(layer, own.weight_scales)
            bias = own.bias * own.weight_scales * quantized.formats[layer.inputs[0]].scale
            parameters[layer.name] = Parameters(weights, bias)
    return parameters


def quantize_parameters(
    spec: Spec,
    network: Network,
    table: QuantizationTable,
    parameters: Mapping[str, Parameters],
    *,
    ranges: Ranges | None = None,
    deployable: bool = True,
) -> QuantizedNetwork:
    """As `quantize`, with the real weights given. The layers come in the order that needs least memory.

    Args:
        ranges: what `observed_ranges` found, where it is known already; calibrated rows need it.
        deployable: refuse what no kernel computes: widths of weights and activations that differ, another code of zero,
            accumulators of more than 32 bits. The precision of such tables can be studied all the same.

    Raises:
        QuantizationError: as `quantize`.
    """
    rows = {
        tensor: checked_row(tensor, row, deployable=deployable)
        for tensor, row in activation_rows(network, table).items()
    }
    if ranges is None:
        calibrated = any(row.calibrated for row in rows.values())
        ranges = observed_ranges(spec, network, parameters) if calibrated else {}
    formats: dict[str, TensorFormat] = {network.input: tensor_format(rows[network.input], ranges.get(network.input))}
    for layer in network.layers:
        formats[layer.name] = (
            formats[layer.inputs[0]]
            if layer.kind in FORMAT_KEEPING
            else output_format(layer, rows[layer.name], ranges.get(layer.name))
        )
    numbers: dict[str, LayerNumbers] = {}
    for layer in network.layers:
        own = parameters.get(layer.name)
        row = checked_row(layer.name, table.row(layer.name), deployable=deployable) if own else None
        numbers[layer.name] = layer_numbers(layer, row, own, formats)
    sums = _window_sums(spec)
    for name, pool in sums.items():
        layer, source = network.layer(name), formats[network.layer(name).inputs[0]]
        row = checked_row(name, table.row(name), deployable=deployable)
        codes = weight_codes(layer, row, parameters[name], source)
        numbers |= window_sum_numbers(layer, network.layer(pool), codes, source, formats[pool])
    widths = {tensor: form.container_bits // 8 for tensor, form in formats.items()}
    return QuantizedNetwork(in_least_memory_order(network, widths), formats, numbers, frozenset(sums))


def _window_sums(spec: Spec) -> dict[str, str]:
    """The convolutions that the schedule declares to run as window sums, with the pool of each."""
    declared = (fusion.layers for fusion in spec.model.fusions if fusion.method == "window_sums")
    return {layers[0]: layers[-1] for layers in declared}


# ---- formats of activations ----


def checked_row(name: str, row: QuantizationRow | None, *, deployable: bool = True) -> QuantizationRow:
    """The row that governs a layer or tensor, if integers can be made of it.

    Raises:
        QuantizationError: there is no row, it is not of fixed point, a width is out of reach, or `deployable` is asked
            and no kernel computes it.
    """
    if row is None:
        raise QuantizationError(name, "no row of the quantization table governs it; a row for * governs what is left")
    if row.format != "fixed" or (deployable and not row.uniform):
        raise QuantizationError(name, "only signed fixed point of one width, with 0 as the code of zero, is computed")
    for bits in (row_bits(row), _weight_bits(row)):
        if not 2 <= bits <= _MAX_BITS:
            raise QuantizationError(
                name, f"{bits} bits with guard bits; integers of 2 to {_MAX_BITS} bits are possible"
            )
    widest = _MAX_ACCUMULATOR_BITS if deployable else _MAX_MODELLED_ACCUMULATOR_BITS
    if not 2 <= row.accumulator <= widest:
        raise QuantizationError(name, f"an accumulator of {row.accumulator} bits; 2 to {widest} bits are possible")
    if not row.calibrated and (row.step is None or row.step <= 0 or row.range is None or row.range < row.step):
        raise QuantizationError(name, f"a range of {row.range} and a step of {row.step} give no codes but zero")
    return row


def tensor_format(row: QuantizationRow, observed: tuple[float, float] | None) -> TensorFormat:
    """Format of an activation tensor under a row; `observed` values are needed where the row is calibrated."""
    bits = row_bits(row)
    if not row.calibrated:
        assert row.step is not None
        low, high = grid_codes(row)
        zero, half = row.zero or 0, 1 << (bits - 1)
        return TensorFormat(row.step, zero, bits, max(low + zero, -half), min(high + zero, half - 1))
    assert observed is not None, "a calibrated row needs what was observed"
    low_code, high_code = -(1 << (bits - 1)), (1 << (bits - 1)) - 1
    low_value, high_value = observed
    # Rounded to float32, so that the last bits of a sum, which differ between machines, do not reach the scale.
    scale = float(np.float32((high_value - low_value) / (high_code - low_code)))
    if scale == 0:  # the tensor is zero on every calibration input: any scale represents it
        return TensorFormat(1.0, 0, bits, low_code, high_code)
    zero_point = low_code - round(low_value / scale)
    return TensorFormat(scale, min(max(zero_point, low_code), high_code), bits, low_code, high_code)


def output_format(layer: Layer, row: QuantizationRow, observed: tuple[float, float] | None) -> TensorFormat:
    """Format of a layer's output where it is not that of its input: as its row says.

    Probabilities have one format of their own; so have sigmoid and tanh where the row is calibrated, for what they can
    give is known.
    """
    if layer.kind == "softmax" or (layer.kind == "sigmoid" and row.calibrated):
        return _steps_of_one(row_bits(row), row_bits(row), -(1 << (row_bits(row) - 1)))
    if layer.kind == "tanh" and row.calibrated:
        return _steps_of_one(row_bits(row), row_bits(row) - 1, 0)
    return tensor_format(row, observed)


def _steps_of_one(bits: int, fraction: int, zero_point: int) -> TensorFormat:
    """Codes of `bits` in steps of 2**-fraction: [0, 1) around the lowest code, or [-1, 1) around 0."""
    half = 1 << (bits - 1)
    return TensorFormat(2.0**-fraction, zero_point, bits, -half, half - 1)


def grid_codes(row: QuantizationRow, bits: int | None = None) -> tuple[int, int]:
    """Smallest and largest code of a row with range and step: within the range, and within the width.

    `bits` is the width; that of the row's activations if it is left out.
    """
    largest = Fraction(repr(row.range)) // Fraction(repr(row.step))
    half = 1 << ((bits or row_bits(row)) - 1)
    return max(-largest, -half), min(largest, half - 1)


def observed_ranges(spec: Spec, network: Network, parameters: Mapping[str, Parameters]) -> Ranges:
    """Smallest and largest value of each tensor; zero always included.

    As the file of the weights says; what it leaves out, over seeded inputs.

    Raises:
        QuantizationError: the spec declares no input distribution, and one is needed; or a value is not finite.
    """
    stored: Ranges = {}
    if spec.model.weights is not None and spec.model.weights.file is not None:
        found = spec.model.weights.file.content.ranges
        stored = {name: (min(0.0, low), max(0.0, high)) for name, (low, high) in found.items()}
    if stored.keys() >= {network.input, *(layer.name for layer in network.layers)}:
        return stored
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
    return {**ranges, **stored}


# ---- numbers of layers ----


def layer_numbers(
    layer: Layer, row: QuantizationRow | None, parameters: Parameters | None, formats: Mapping[str, TensorFormat]
) -> LayerNumbers:
    """The constants of one layer; a layer with `parameters` has a row.

    Raises:
        QuantizationError: a number does not fit its format.
    """
    if parameters is None:
        return unweighted_numbers(layer, formats)
    assert row is not None
    source = formats[layer.inputs[0]]
    return weighted_numbers(layer, weight_codes(layer, row, parameters, source), source, formats[layer.name])


def weight_codes(layer: Layer, row: QuantizationRow, parameters: Parameters, source: TensorFormat) -> WeightCodes:
    """Codes of a layer's weights and biases under a row; `source` is the format of its input.

    Raises:
        QuantizationError: a bias does not fit the accumulator.
    """
    weights, scales = quantize_weights(layer, row, parameters.weights)
    bias = np.rint(parameters.bias / (source.scale * scales))
    limit = float(1 << (row.accumulator - 1))
    if not np.all((bias >= -limit) & (bias < limit)):
        worst = float(parameters.bias[np.argmax(np.abs(bias))])
        wider = " or a wider accumulator" if row.accumulator < _MAX_ACCUMULATOR_BITS else ""
        raise QuantizationError(
            layer.name,
            f"bias {worst:.6g} is {np.abs(bias).max():.3g} steps of the accumulator, whose {row.accumulator} bits "
            f"hold {int(limit) - 1:,}: coarser steps{wider} would do",
        )
    return WeightCodes(weights, bias.astype(np.int64), scales, _weight_bits(row), row.accumulator)


def quantize_weights(layer: Layer, row: QuantizationRow, weights: FloatArray) -> tuple[IntArray, FloatArray]:
    """Codes of a layer's weights, and the scale of each output channel."""
    if not row.calibrated:
        assert row.step is not None
        low, high = grid_codes(row, _weight_bits(row))
        scales = np.full(layer.output_shape[-1], row.step)
    else:
        high = (1 << (_weight_bits(row) - 1)) - 1
        low = -high
        channel = _channel_axis(layer)
        peaks = np.abs(weights).max(axis=tuple(axis for axis in range(weights.ndim) if axis != channel))
        scales = np.where(peaks > 0, peaks / high, 1.0)
    codes = np.clip(np.rint(weights / along_channels(layer, scales)), low, high)
    return np.asarray(codes, dtype=np.int64), scales


def along_channels(layer: Layer, values: FloatArray) -> FloatArray:
    """One value for each output channel, in a shape that multiplies the layer's weights."""
    assert layer.weight_shape is not None
    shape = [1] * len(layer.weight_shape)
    shape[_channel_axis(layer)] = -1
    return values.reshape(shape)


def _channel_axis(layer: Layer) -> int:
    return 2 if layer.kind == "dwconv" else 0


def _weight_bits(row: QuantizationRow) -> int:
    return (row.weights or row.bits) + row.guard
