"""From a quantization table to the arithmetic that it asks for, with operations switched on one by one."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from specc.graph.network import Layer, Network
from specc.graph.widths import FORMAT_KEEPING, activation_rows
from specc.numerics.formats import NumberFormat, by_name
from specc.numerics.imported import imported_numbers
from specc.numerics.layer_numbers import QuantizationError, window_sum_numbers
from specc.numerics.quantize import (
    Ranges,
    along_channels,
    checked_row,
    layer_numbers,
    observed_ranges,
    output_format,
    quantize_weights,
    tensor_format,
    weight_codes,
)
from specc.numerics.quantized import LayerNumbers, QuantizedNetwork, TensorFormat
from specc.numerics.weights import FloatArray, Parameters
from specc.precision.arithmetic import Active, Arithmetic, Grid, LayerArithmetic, Operation, Rounding, grouped
from specc.precision.arithmetic import linear_pools as pools_of
from specc.precision.layers import outputs_of
from specc.spec import Spec
from specc.spec.model import QuantizationRow, QuantizationTable


@dataclass(frozen=True)
class Numbers:
    """What a table makes of a network: a format for each tensor, the constants of each layer that has some in
    integers, and its weights and biases as they are rounded."""

    formats: dict[str, TensorFormat | NumberFormat]
    integers: dict[str, LayerNumbers]  # of a convolution summed with its pool: of both together
    rounded: dict[str, Parameters]


@dataclass
class Tables:
    """Turns tables into arithmetic, for one network with one set of real weights.

    `summed` names the convolutions whose outputs are summed before they are rounded: those that the spec's schedule
    fuses with their pool as window sums.
    """

    spec: Spec
    network: Network
    parameters: dict[str, Parameters]
    summed: Collection[str] = ()
    _ranges: Ranges | None = None

    @property
    def declared(self) -> QuantizationTable | None:
        """The table that the spec's network computes by; None where its file holds the numbers, which then decide."""
        file = self.spec.model.file
        return None if file is not None and file.content.quantized else self.spec.quantization

    def arithmetic(self, table: QuantizationTable | None, active: Active = None) -> Arithmetic:
        """The arithmetic of a table; None stands for the numbers that the model's own file holds.

        Args:
            active: the operations that lose precision; all, where it is left out.

        Raises:
            QuantizationError: a number does not fit its format, or no row governs a layer.
        """
        return assemble(self.network, self.parameters, self.numbers(table), self._pools(), active)

    def numbers(self, table: QuantizationTable | None) -> Numbers:
        """What a table makes of the network.

        Raises:
            QuantizationError: as `arithmetic`.
        """
        if table is None:
            file = self.spec.model.file
            if file is None or not file.content.quantized:
                raise QuantizationError(self.network.name, "no quantization table says how wide its numbers are")
            return of_quantized(imported_numbers(file.content, self.network))
        formats = self._formats(table)
        integers: dict[str, LayerNumbers] = {}
        rounded: dict[str, Parameters] = {}
        for layer, pool in grouped(self.network, self._pools()):
            row, own = table.row(layer.name), self.parameters.get(layer.name)
            numbers = self._integers(layer, pool, row, formats)
            if numbers is not None:
                integers[layer.name] = numbers
            if own is not None:
                source = formats[layer.inputs[0]]
                rounded[layer.name] = (
                    _decoded(layer, numbers, source, outputs_of(layer) if pool else 1)
                    if numbers is not None and isinstance(source, TensorFormat)
                    else self._rounded(layer, row, own)
                )
        return Numbers(formats, integers, rounded)

    def _pools(self) -> dict[str, Layer]:
        return {name: pool for name, pool in pools_of(self.network).items() if name in self.summed}

    def _formats(self, table: QuantizationTable) -> dict[str, TensorFormat | NumberFormat]:
        rows = activation_rows(self.network, table)
        formats: dict[str, TensorFormat | NumberFormat] = {}
        layers = {layer.name: layer for layer in self.network.layers}
        for tensor, row in rows.items():
            layer = layers.get(tensor)
            if layer is not None and layer.kind in FORMAT_KEEPING:
                formats[tensor] = formats[layer.inputs[0]]
            elif row is not None and row.format != "fixed":
                formats[tensor] = by_name(row.format)
            else:
                checked = checked_row(tensor, row, deployable=False)
                observed = self._observed()[tensor] if checked.calibrated else None
                formats[tensor] = output_format(layer, checked, observed) if layer else tensor_format(checked, observed)
        return formats

    def _observed(self) -> Ranges:
        if self._ranges is None:
            self._ranges = observed_ranges(self.spec, self.network, self.parameters)
        return self._ranges

    def _integers(
        self,
        layer: Layer,
        pool: Layer | None,
        row: QuantizationRow | None,
        formats: Mapping[str, TensorFormat | NumberFormat],
    ) -> LayerNumbers | None:
        """Constants of a layer that computes in integers, or None if it does not."""
        output = pool.name if pool else layer.name
        grids = {name: form for name in (*layer.inputs, output) if isinstance(form := formats[name], TensorFormat)}
        if len(grids) < len({*layer.inputs, output}):
            return None
        own = self.parameters.get(layer.name)
        if own is None:
            return layer_numbers(layer, None, None, grids)
        if row is None or row.format != "fixed":
            return None
        checked = checked_row(layer.name, row, deployable=False)
        if pool is None:
            return layer_numbers(layer, checked, own, grids)
        return summed_numbers(layer, pool, checked, own, grids)

    def _rounded(self, layer: Layer, row: QuantizationRow | None, own: Parameters) -> Parameters:
        """Weights as a row rounds them, of a layer that does not compute in integers."""
        if row is None:
            raise QuantizationError(layer.name, "no row of the quantization table governs it")
        if row.format != "fixed":
            return Parameters(by_name(row.format).round(own.weights), own.bias)
        # The bias stays real: nothing says how wide its sum is.
        codes, scales = quantize_weights(layer, checked_row(layer.name, row, deployable=False), own.weights)
        return Parameters(codes * along_channels(layer, scales), own.bias)


def assemble(
    network: Network,
    parameters: Mapping[str, Parameters],
    numbers: Numbers,
    pools: Mapping[str, Layer] = MappingProxyType({}),
    active: Active = None,
) -> Arithmetic:
    """The arithmetic of a network's numbers.

    Args:
        parameters: real weights and biases, for where rounding them is switched off.
        pools: the pool of each convolution that is summed with it, by the convolution's name.
        active: the operations that lose precision; all, where it is left out.
    """

    def on(name: str, operation: Operation) -> bool:
        return active is None or (name, operation) in active

    layers = []
    for layer, pool in grouped(network, pools):
        output = pool.name if pool else layer.name
        integers = numbers.integers.get(layer.name)
        own = (numbers.rounded if on(layer.name, "weights") else parameters).get(layer.name)
        weights, bias = (own.weights, own.bias) if own else (None, None)
        form, source = numbers.formats[output], numbers.formats[layer.inputs[0]]
        if active is None and integers is not None:
            assert isinstance(form, TensorFormat) and isinstance(source, TensorFormat)
            layers.append(LayerArithmetic(layer, pool, weights, bias, integers, form, source))
            continue
        steps = None
        if integers is not None and own is not None and on(layer.name, "accumulator"):
            assert isinstance(source, TensorFormat)
            steps = source.scale * integers.weight_scales
        keeps = layer.kind in FORMAT_KEEPING
        layers.append(
            LayerArithmetic(
                layer,
                pool,
                weights,
                bias,
                accumulator_bits=integers.accumulator_bits if integers else 32,
                accumulator_steps=steps,
                rounding=None if keeps else _rounding(form, on(output, "activations"), on(output, "saturation")),
            )
        )
    entry = network.input
    rounding = _rounding(numbers.formats[entry], on(entry, "activations"), on(entry, "saturation"))
    return Arithmetic(network, tuple(layers), rounding)


def of_quantized(quantized: QuantizedNetwork) -> Numbers:
    """The numbers of a network whose every number is fixed already."""
    rounded = {}
    for layer in quantized.network.layers:
        numbers, source = quantized.numbers[layer.name], quantized.formats[layer.inputs[0]]
        if numbers.weights is not None:
            rounded[layer.name] = _decoded(layer, numbers, source, 1)
    return Numbers(dict(quantized.formats), quantized.numbers, rounded)


def summed_numbers(
    layer: Layer, pool: Layer, row: QuantizationRow, own: Parameters, formats: Mapping[str, TensorFormat]
) -> LayerNumbers:
    """Constants of a convolution summed with its pool: one sum over all outputs, rounded once.

    Raises:
        QuantizationError: a number does not fit its format.
    """
    source = formats[layer.inputs[0]]
    numbers = window_sum_numbers(layer, pool, weight_codes(layer, row, own, source), source, formats[pool.name])
    convolution, average = numbers[layer.name], numbers[pool.name]
    assert convolution.bias is not None
    return dataclasses.replace(
        average,
        weights=convolution.weights,
        bias=convolution.bias * outputs_of(layer),
        weight_bits=convolution.weight_bits,
        weight_scales=convolution.weight_scales,
    )


def _decoded(layer: Layer, numbers: LayerNumbers, source: TensorFormat, positions: int) -> Parameters:
    assert numbers.weights is not None and numbers.bias is not None
    bias: FloatArray = numbers.bias * (numbers.weight_scales * source.scale / positions)
    return Parameters(np.asarray(numbers.weights * along_channels(layer, numbers.weight_scales)), bias)


def _rounding(form: TensorFormat | NumberFormat, rounds: bool, saturates: bool) -> Rounding:
    if isinstance(form, TensorFormat):
        return Grid(form, rounds, saturates) if rounds or saturates else None
    return form if rounds else None
