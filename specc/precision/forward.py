"""A batch through a network, as its arithmetic says, with what the way back needs.

Integers are kept as whole numbers in floating point, of a type that holds every sum exactly, so that matrix products
are those of BLAS; requantization is in 64-bit integers. The results equal the golden model's codes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from specc.graph.network import Layer
from specc.numerics import golden
from specc.numerics.formats import NumberFormat
from specc.numerics.quantized import LayerNumbers, TensorFormat
from specc.numerics.tables import function
from specc.precision.arithmetic import Arithmetic, Grid, LayerArithmetic, Rounding, exact_type, sums_fit_float32
from specc.precision.layers import Array, outputs_of, padded, taps, weighted_sums, window_sums
from specc.spec.model import TABULATED

_REQUANTIZE_LIMIT = 2**31  # sums up to here times a multiplier of 31 bits stay within 64


@dataclass(frozen=True)
class Tensor:
    """Activations: real = scale * values. With a scale other than 1 the values are codes less their zero point."""

    values: Array
    scale: float = 1.0

    @property
    def real(self) -> Array:
        """What the values stand for."""
        return self.values if self.scale == 1.0 else self.values * self.values.dtype.type(self.scale)


Record = tuple[Tensor, Array | None, Array | None, Tensor | None]


@dataclass
class Trace:
    """What a batch left behind on its way.

    `slopes` holds the derivative of what follows a layer's sums, 0 or 1 for each output: activation and limits, where
    rounding counts as the identity (the straight-through estimator); None where it is 1 everywhere. `choices` holds the
    place in the window, counted row by row, that a max pool took; the first of equals. `sums` holds the window sums of
    summed convolutions.
    """

    tensors: dict[str, Tensor] = field(default_factory=dict)
    slopes: dict[str, Array | None] = field(default_factory=dict)
    choices: dict[str, Array] = field(default_factory=dict)
    sums: dict[str, Tensor] = field(default_factory=dict)

    def record(self, own: LayerArithmetic) -> Record:
        """All that one layer left behind, in few bytes."""
        name, slopes = own.layer.name, self.slopes[own.output]
        tensor = self.tensors[own.output]
        kept = Tensor(_narrow(tensor.values), tensor.scale) if own.integers is not None else tensor
        packed = None if slopes is None else np.packbits(slopes)
        return kept, packed, self.choices.get(name), self.sums.get(name)

    def take(self, own: LayerArithmetic, record: Record) -> None:
        """Put back what `record` gave."""
        kept, packed, choices, sums = record
        whole = own.integers is not None
        tensor = Tensor(kept.values.astype(np.float32), kept.scale) if whole else kept
        self.tensors[own.output] = tensor
        shape = tensor.values.shape
        slopes = None if packed is None else np.unpackbits(packed, count=tensor.values.size).reshape(shape)
        self.slopes[own.output] = None if slopes is None else slopes.astype(np.bool_)
        if choices is not None:
            self.choices[own.layer.name] = choices
        if sums is not None:
            self.sums[own.layer.name] = sums


def _narrow(codes: Array) -> Array:
    """Whole numbers in the smallest type that holds them."""
    largest = np.abs(codes).max(initial=0)
    return codes.astype(np.int8 if largest < 2**7 else np.int16 if largest < 2**15 else np.int32)


def forward(arithmetic: Arithmetic, inputs: Array) -> Trace:
    """Run a batch of real inputs (batch, *input shape)."""
    trace = Trace()
    name = arithmetic.network.input
    trace.tensors[name], trace.slopes[name] = enter(arithmetic, inputs)
    for own in arithmetic.layers:
        step(arithmetic, own, trace)
    return trace


def enter(arithmetic: Arithmetic, inputs: Array) -> tuple[Tensor, Array | None]:
    """The network's input, rounded as a target is given it: to nearest, ties to even."""
    rounding = arithmetic.input_rounding
    if isinstance(rounding, Grid) and rounding.rounds and rounding.saturates:
        form = rounding.form
        values = np.divide(inputs, form.scale, dtype=np.float64)
        np.rint(values, out=values)
        np.clip(values, form.low - form.zero_point, form.high - form.zero_point, out=values)
        return Tensor(values if arithmetic.only_summed else values.astype(np.float32), form.scale), None
    real = inputs.dtype if arithmetic.only_summed else arithmetic.real
    values, slopes = _rounded(inputs.astype(real, copy=False), rounding, np.rint)
    return Tensor(values), slopes


def step(arithmetic: Arithmetic, own: LayerArithmetic, trace: Trace) -> None:
    """Run one layer: its output and what belongs to it are added to the trace."""
    if own.pool is not None:
        # Its sums may be known already; it needs nothing else of its input.
        if own.layer.name not in trace.sums:
            trace.sums[own.layer.name] = _window_sums(own, trace.tensors[own.layer.inputs[0]])
        inputs = [trace.sums[own.layer.name]]
    else:
        inputs = [trace.tensors[name] for name in own.layer.inputs]
    if own.layer.kind == "maxpool":
        trace.choices[own.layer.name] = _choices(own.layer, inputs[0].values)
    compute = _real if own.integers is None else _integer
    trace.tensors[own.output], trace.slopes[own.output] = compute(arithmetic, own, inputs, trace)


def _window_sums(own: LayerArithmetic, x: Tensor) -> Tensor:
    values = x.values
    if own.source is not None and not sums_fit_float32(own.layer, own.source):
        values = values.astype(np.float64, copy=False)
    return Tensor(window_sums(own.layer, values).astype(np.float64, copy=False), x.scale)


# ---- in integers ----


def _integer(
    arithmetic: Arithmetic, own: LayerArithmetic, inputs: list[Tensor], trace: Trace
) -> tuple[Tensor, Array | None]:
    layer, numbers, form = own.layer, own.integers, own.form
    assert numbers is not None and form is not None and own.source is not None
    x = inputs[0].values
    zero = form.zero_point
    if layer.kind == "flatten":
        return Tensor(x.reshape(len(x), *layer.output_shape), form.scale), None
    if layer.kind == "softmax":
        codes = golden.softmax(x.astype(np.int64), numbers, own.source.bits, form.bits)
        return Tensor((codes - zero).astype(np.float32), form.scale), None
    if layer.kind in TABULATED:
        codes = golden.tabulated(_whole(x) + own.source.zero_point, numbers, own.source.bits)
        return Tensor((codes - zero).astype(np.float32), form.scale), None
    if layer.kind in ("relu", "relu6"):
        before = x + np.float32(zero)
        return _clamped(before, numbers, form, layer.kind)
    if layer.kind == "maxpool":
        return _clamped(_taken(layer, x, trace) + np.float32(zero), numbers, form, "linear")
    if layer.kind == "add":
        scaled = _whole(x) * numbers.multipliers[0] + _whole(inputs[1].values) * numbers.multipliers[1]
        codes = golden.requantize(scaled, 1, numbers.shifts[0])
    else:
        codes = _requantized(_sums(own, inputs[0]), numbers)
    codes += zero
    return _clamped(codes, numbers, form, layer.activation)


def _sums(own: LayerArithmetic, x: Tensor) -> Array:
    """Exact sums of products of codes, the bias not yet added."""
    layer, numbers = own.layer, own.integers
    assert numbers is not None and own.source is not None
    if layer.kind == "avgpool":
        total = np.zeros((len(x.values), *layer.output_shape))
        for _, _, view in taps(layer, x.values):
            total += view
        return total
    assert numbers.weights is not None
    if own.pool is not None:
        return _window_products(layer, x.values, numbers.weights)
    real = np.float64 if layer.kind == "dense" else exact_type(layer, numbers.weights, own.source)
    return weighted_sums(layer, x.values.astype(real, copy=False), numbers.weights.astype(real))


def _window_products(layer: Layer, sums: Array, weights: Array) -> Array:
    """Sums of products of a convolution added up over all its outputs: (batch, 1, 1, channels)."""
    if layer.kind == "dwconv":
        products = (sums * weights.astype(sums.dtype)).sum(axis=(1, 2))
    else:
        products = sums.reshape(len(sums), -1) @ weights.reshape(len(weights), -1).T.astype(sums.dtype)
    return np.asarray(products).reshape(len(sums), 1, 1, -1)


def _requantized(sums: Array, numbers: LayerNumbers) -> Array:
    total = _whole(sums)
    if numbers.bias is not None:
        total += numbers.bias
    if numbers.accumulator_bits < 64:
        total = golden.wrap(total, numbers.accumulator_bits)
    if numbers.accumulator_bits > 32 and np.abs(total).max(initial=0) > _REQUANTIZE_LIMIT:
        # The product leaves 64 bits. In float64 it is right to 2**-53 of itself, and what is this large saturates.
        ratio = numbers.multipliers * np.exp2(-numbers.shifts.astype(np.float64))
        return np.asarray(np.floor(total * ratio + 0.5).astype(np.int64))
    return golden.requantize(total, numbers.multipliers, numbers.shifts)


def _clamped(codes: Array, numbers: LayerNumbers, form: TensorFormat, activation: str) -> tuple[Tensor, Array | None]:
    low, high = numbers.clamp_low, numbers.clamp_high
    slopes = codes > low if activation != "linear" else codes >= low
    slopes &= codes < high if activation == "relu6" else codes <= high
    values = np.clip(codes, low, high) - form.zero_point
    return Tensor(values.astype(np.float32, copy=False), form.scale), slopes


def _whole(x: Array) -> Array:
    return x.astype(np.int64)


# ---- in floating point ----


def _real(
    arithmetic: Arithmetic, own: LayerArithmetic, inputs: list[Tensor], trace: Trace
) -> tuple[Tensor, Array | None]:
    layer = own.layer
    x = inputs[0].real
    if layer.kind == "flatten":
        return Tensor(x.reshape(len(x), *layer.output_shape)), None
    if layer.kind == "maxpool":
        return Tensor(_taken(layer, x, trace)), None
    if layer.kind == "softmax":
        powers = np.exp(x - x.max(axis=-1, keepdims=True))
        y = powers / powers.sum(axis=-1, keepdims=True)
    elif layer.kind in TABULATED:
        y = function(layer.kind, x)
    elif layer.kind in ("relu", "relu6"):
        y = x
    elif layer.kind == "add":
        y = x + inputs[1].real
    elif layer.kind == "avgpool":
        y = np.zeros((len(x), *layer.output_shape), x.dtype)
        for _, _, view in taps(layer, x):
            y += view
        y /= layer.kernel[0] * layer.kernel[1]
    else:
        y = _real_sums(own, x)
    activation = layer.kind if layer.kind in ("relu", "relu6") else layer.activation
    slopes = None
    if activation != "linear":
        slopes = y > 0 if activation == "relu" else (y > 0) & (y < 6)
        y = np.clip(y, 0, None if activation == "relu" else 6)
    values, within = _rounded(y, own.rounding, lambda codes: np.floor(codes + 0.5))
    if within is not None:
        slopes = within if slopes is None else slopes & within
    return Tensor(values.astype(arithmetic.real, copy=False)), slopes


def _real_sums(own: LayerArithmetic, x: Array) -> Array:
    layer, weights, bias = own.layer, own.weights, own.bias
    assert weights is not None and bias is not None
    # Dense sums are long and few: they are taken in float64.
    real = np.float64 if layer.kind == "dense" else x.dtype
    positions = 1
    if own.pool is not None:
        positions = outputs_of(layer)
        y = _window_products(layer, x, weights) / positions
    else:
        y = weighted_sums(layer, x.astype(real, copy=False), weights.astype(real))
    y = y + bias.astype(y.dtype)
    if own.accumulator_steps is not None:
        period = own.accumulator_steps / positions * 2.0**own.accumulator_bits
        y = y - (period * np.floor(y / period + 0.5)).astype(y.dtype)
    return np.asarray(y)


def _rounded(y: Array, rounding: Rounding, nearest: Callable[[Array], Array]) -> tuple[Array, Array | None]:
    """Values as a rounding leaves them, and where they lie within its limits."""
    if rounding is None:
        return y, None
    if not isinstance(rounding, Grid):
        return _in_format(y, rounding)
    form = rounding.form
    scale = y.dtype.type(form.scale)
    low, high = form.low - form.zero_point, form.high - form.zero_point
    if not rounding.rounds:
        within = (y >= low * scale) & (y <= high * scale)
        return np.clip(y, low * scale, high * scale), within
    codes = nearest(y / scale)
    if not rounding.saturates:
        return codes * scale, None
    within = (codes >= low) & (codes <= high)
    return np.clip(codes, low, high) * scale, within


def _in_format(y: Array, form: NumberFormat) -> tuple[Array, Array | None]:
    return form.round(y.astype(np.float64)).astype(y.dtype), None


# ---- max pool ----


def _choices(layer: Layer, x: Array) -> Array:
    """Which place of each window holds its largest value, the first of equals: (batch, *output shape)."""
    best: Array | None = None
    for i, j, view in taps(layer, padded(layer, x, fill=-np.inf)):
        if best is None:
            best, place = view.copy(), np.zeros(view.shape, np.int32)
            continue
        larger = view > best
        np.copyto(best, view, where=larger)
        place[larger] = i * layer.kernel[1] + j
    return place


def _taken(layer: Layer, x: Array, trace: Trace) -> Array:
    """What a max pool took."""
    place = trace.choices[layer.name]
    y = np.zeros(place.shape, x.dtype)
    for i, j, view in taps(layer, padded(layer, x)):
        np.copyto(y, view, where=place == i * layer.kernel[1] + j)
    return y
