"""The input of a layer as a copy of its own: what generated code would be if kernels did not fold it into what they do.

Padding is folded into the bounds of a kernel's loops, and an input's zero point into its biases. Without the one, the
copy has the codes of the padding around it; without the other, its codes are less the zero point, and zero stands for
zero. Either way a sum has the same terms as before, so every result stays the same. Layers that run by rows, and window
sums, read no whole input, and keep both.
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import Final

from specc.graph.network import Layer, Shape
from specc.numerics.quantized import QuantizedNetwork, TensorFormat
from specc.numerics.windows import is_padded

COPY: Final = "specc_copied_input"  # of one layer at a time
_PADDED: Final = ("conv", "dwconv", "maxpool")
_WEIGHTED: Final = ("conv", "dwconv", "dense")


@dataclass(frozen=True)
class InputPass:
    """A copy of a layer's input, and what its kernel finds in place of the original."""

    layer: Layer  # that reads the copy
    network: QuantizedNetwork  # that knows the format of the copy
    outside: int  # code of the copy for what lies outside of the input
    taken_off: int  # of every code

    @property
    def bytes(self) -> int:
        """Of the copy."""
        return math.prod(self.layer.input_shapes[0]) * self.format.container_bits // 8

    @property
    def format(self) -> TensorFormat:
        """Of the copy."""
        return self.network.formats[self.layer.inputs[0]]


def can_lose_padding(network: QuantizedNetwork, layer: Layer) -> bool:
    """Whether a kernel reads a whole input, and beyond its borders."""
    return layer.kind in _PADDED and is_padded(layer) and _reads_whole(network, layer)


def can_lose_zero_point(network: QuantizedNetwork, layer: Layer) -> bool:
    """Whether a kernel reads a whole input whose zero point is part of biases."""
    return layer.kind in _WEIGHTED and network.formats[layer.inputs[0]].zero_point != 0 and _reads_whole(network, layer)


def input_pass(network: QuantizedNetwork, layer: Layer) -> InputPass | None:
    """The copy of a layer's input that its code makes; None where its kernel reads the input itself."""
    padded = "padding" in network.off and can_lose_padding(network, layer)
    shifted = "zero_points" in network.off and can_lose_zero_point(network, layer)
    if not (padded or shifted):
        return None
    form = network.formats[layer.inputs[0]]
    zero = form.zero_point if shifted else 0
    # A code less the zero point takes a bit more, and kernels know codes of 8 and of 16 bits.
    own = dataclasses.replace(
        form,
        zero_point=form.zero_point - zero,
        low=form.low - zero,
        high=form.high - zero,
        bits=form.bits + 1 if shifted else form.bits,
    )
    name = f"{layer.inputs[0]} of {layer.name}"
    shape = _padded_shape(layer) if padded else layer.input_shapes[0]
    before = (0, 0) if padded else layer.pad_before
    reader = dataclasses.replace(layer, inputs=(name,), input_shapes=(shape,), pad_before=before)
    view = dataclasses.replace(network, formats={**network.formats, name: own})
    # A maximum is not to come from outside of the input.
    return InputPass(reader, view, own.low if layer.kind == "maxpool" else own.zero_point, zero)


def as_read(network: QuantizedNetwork, layer: Layer) -> tuple[QuantizedNetwork, Layer]:
    """A layer, in its network, as its kernel sees it: with the copy of its input, where there is one."""
    made = input_pass(network, layer)
    return (made.network, made.layer) if made else (network, layer)


def copy_bytes(network: QuantizedNetwork) -> int:
    """Bytes of the largest copy; 0 where there is none."""
    return max((made.bytes for layer in network.network.layers if (made := input_pass(network, layer))), default=0)


def copy_macros(network: QuantizedNetwork, layer: Layer, offset: int) -> dict[str, str | int]:
    """Macros of the pass that makes the copy; none where there is no copy.

    Args:
        network: the network.
        layer: one of its layers.
        offset: of its input, in the activations.
    """
    made = input_pass(network, layer)
    if made is None:
        return {}
    rows, codes = _rows(layer.input_shapes[0])
    copied_rows, copied_codes = _rows(made.layer.input_shapes[0])
    padded = copied_rows * copied_codes != rows * codes
    return {
        "SOURCE_T": f"int{network.formats[layer.inputs[0]].container_bits}_t",
        "SOURCE": f"((const SOURCE_T *)(specc_arena + {offset}))",
        "SOURCE_ROWS": rows,
        "SOURCE_CODES": codes,
        "COPIED_ROWS": copied_rows,
        "COPIED_CODES": copied_codes,
        "ROWS_ABOVE": layer.pad_before[0] if padded else 0,
        "CODES_BEFORE": layer.pad_before[1] * layer.input_shapes[0][-1] if padded else 0,
        "OUTSIDE": made.outside,
        "TAKEN_OFF": made.taken_off,
    }


def _reads_whole(network: QuantizedNetwork, layer: Layer) -> bool:
    return layer.name not in network.by_rows | network.window_sums


def _padded_shape(layer: Layer) -> Shape:
    reach = [(layer.output_shape[axis] - 1) * layer.stride[axis] + layer.kernel[axis] for axis in (0, 1)]
    sizes = [max(reach[axis], layer.pad_before[axis] + layer.input_shapes[0][axis]) for axis in (0, 1)]
    return (*sizes, layer.input_shapes[0][-1])


def _rows(shape: Shape) -> tuple[int, int]:
    """Rows of a tensor, and the codes of each; a vector is one row."""
    rows = shape[0] if len(shape) == 3 else 1
    return rows, math.prod(shape) // rows
