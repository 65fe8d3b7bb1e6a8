"""Weights and scales of an ONNX file on their way to `ImportedWeights`. Arrays are NumPy's, which onnx needs anyway."""

from __future__ import annotations

import importlib
import math
from dataclasses import dataclass, replace
from typing import Any, Final

from specc.elaborate.importers.common import damaged, unsupported
from specc.spec.imported import Constant, ImportedWeights, TensorScale

_LAYOUTS: Final = {"int8": "<i1", "int32": "<i4", "float32": "<f4", "float64": "<f8"}
_BIAS_SCALE_TOLERANCE: Final = 1e-5  # relative; the product of two scales, rounded to 32 bits


@dataclass(frozen=True)
class Weights:
    """Weights of one layer in the file's layout; `axis` is that of the output channels."""

    origin: str
    array: Any
    axis: int
    permutation: tuple[int, ...] | None = None
    bias: Any = None
    scales: Any = None  # of quantized weights: one, or one per output channel

    def check(self, channels: int) -> None:
        """Types that go together, and scales that fit the channels."""
        kind = "int8" if self.scales is not None else "float"
        if not str(self.array.dtype).startswith(kind):
            raise unsupported(
                self.origin, f"its weights are {self.array.dtype}", "weights of one 8-bit type, or floats"
            )
        if self.scales is not None and self.scales.size not in (1, channels):
            raise damaged(f"{self.origin}: {self.scales.size} scales for {channels} output channels")

    def with_bias_codes(self, codes: Any, scales: Any, input_scale: float) -> Weights:
        """With a quantized bias, whose scale must be that of input times weights."""
        if self.scales is None:
            raise unsupported(self.origin, "its bias is quantized, its weights are not", "both quantized")
        expected = input_scale * self.scales.astype("float64")
        sizes = {scales.size, expected.size}
        if codes.dtype != "int32" or len(sizes - {1}) > 1:
            raise unsupported(
                self.origin, f"its bias is {codes.dtype}", "a bias of 32-bit integers, scaled as its sums"
            )
        if (abs(scales - expected) > _BIAS_SCALE_TOLERANCE * expected).any():
            raise unsupported(self.origin, "its bias has a scale of its own", "the scale of input times weights")
        return replace(self, bias=codes.reshape(-1))

    def normalized(self, scale: Any, shift: Any, mean: Any, variance: Any, epsilon: float) -> Weights:
        """With a batch normalization behind it: y = (x - mean) / sqrt(variance + epsilon) * scale + shift."""
        numpy: Any = importlib.import_module("numpy")
        spread = variance.astype("float64") + epsilon
        if not (spread > 0).all():
            raise damaged(f"{self.origin}: the batch normalization behind it has a variance that is not positive")
        factor = scale / numpy.sqrt(spread)
        shape = [1] * self.array.ndim
        shape[self.axis] = -1
        bias = 0.0 if self.bias is None else self.bias.astype("float64")
        return replace(self, array=self.array * factor.reshape(shape), bias=(bias - mean) * factor + shift)

    def stored(self) -> ImportedWeights:
        """As plain data."""
        bias = None if self.bias is None else _constant(self.bias, None)
        scales = () if self.scales is None else tuple(float(scale) for scale in self.scales.ravel())
        return ImportedWeights(_constant(self.array, self.permutation), bias, scales)

    @staticmethod
    def tensor_scale(origin: str, scale: Any, zero_point: Any) -> TensorScale:
        """Quantization of an activation, in signed codes."""
        kind = "uint8" if zero_point is None else str(zero_point.dtype)
        if kind not in ("int8", "uint8"):
            raise unsupported(origin, f"its codes are {kind}", "codes of 8 bits")
        if scale.size != 1 or (zero_point is not None and zero_point.size != 1):
            raise unsupported(origin, "an activation with a scale per channel", "one scale per activation")
        value = float(scale.item())
        if not 0 < value < math.inf:
            raise damaged(f"{origin}: the scale {value} is not a positive number")
        code = 0 if zero_point is None else int(zero_point.item())
        return TensorScale(value, code - 128 if kind == "uint8" else code)


def quantization(origin: str, codes: Any, scales: Any, zero_points: Any) -> tuple[Any, Any]:
    """Codes (int8 weights, int32 biases) and scales of a dequantized constant, symmetric about zero."""
    if str(codes.dtype) == "uint8":
        codes = (codes.astype("int16") - 128).astype("int8")
        zero_points = (0 if zero_points is None else zero_points.astype("int16")) - 128
        symmetric = not (zero_points != 0).any() if hasattr(zero_points, "any") else zero_points == 0
    else:
        symmetric = zero_points is None or not zero_points.any()
    if str(codes.dtype) not in ("int8", "int32") or not symmetric:
        raise unsupported(origin, f"constants of {codes.dtype} with a zero point", "weights symmetric about zero")
    if scales.dtype.kind != "f" or not ((scales > 0) & (scales < math.inf)).all() or scales.size == 0:
        raise damaged(f"{origin}: a scale that is not a positive number")
    return codes, scales.reshape(-1)


def _constant(array: Any, permutation: tuple[int, ...] | None) -> Constant:
    kind = str(array.dtype)
    return Constant(kind, tuple(array.shape), array.astype(_LAYOUTS[kind]).tobytes(), permutation)  # type: ignore[arg-type]
