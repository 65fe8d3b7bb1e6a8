"""How a layer runs row by row: which input rows each call reads, and which output rows there are after it.

A convolution, a pool of small windows and an elementwise layer make one output row in each call. A global average
pool, and a convolution as window sums, add one input row to their sums in each call; their result is there after the
last. Any other layer reads its whole input in its only call. A vector is one row.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from specc.graph.network import Layer, Shape
from specc.graph.rewrites import is_global_average
from specc.spec.model import TABULATED

_WINDOWED: Final = frozenset({"conv", "dwconv", "avgpool", "maxpool"})
_ELEMENTWISE: Final = frozenset({"add", "relu", "relu6", *TABULATED})


@dataclass(frozen=True)
class RowWork:
    """The calls of one layer that runs by rows."""

    layer: Layer
    way: Literal["windows", "values", "sums", "at once"]

    @property
    def sums(self) -> bool:
        """Whether the layer adds input rows up."""
        return self.way == "sums"

    @property
    def calls(self) -> int:
        """Calls of one inference."""
        if self.way == "at once":
            return 1
        return rows_of(self.layer.input_shapes[0] if self.sums else self.layer.output_shape)

    @property
    def parts(self) -> int:
        """Rows of the output, as far as they appear one by one."""
        return rows_of(self.layer.output_shape) if self.way in ("windows", "values") else 1

    def reads(self, call: int) -> tuple[int, int]:
        """First and last input row that a call reads, both inside the input."""
        layer = self.layer
        height = rows_of(layer.input_shapes[0])
        if self.way == "at once":
            return 0, height - 1
        if self.way != "windows":
            return call, call
        top = call * layer.stride[0] - layer.pad_before[0]
        last = min(top + layer.kernel[0], height) - 1
        return min(max(top, 0), last), last

    def made(self, done: int) -> int:
        """Output rows that are there after so many calls."""
        if self.parts == 1:
            return rows_of(self.layer.output_shape) if done == self.calls else 0
        return done


def row_work(layer: Layer, window_sums: frozenset[str]) -> RowWork | None:
    """How a layer runs by rows, or None for a flatten, which is not run at all.

    Args:
        layer: the layer.
        window_sums: names of the convolutions that run as window sums.
    """
    if layer.kind == "flatten":
        return None
    if layer.name in window_sums or (is_global_average(layer) and layer.inputs[0] not in window_sums):
        return RowWork(layer, "sums")
    if len(layer.input_shapes[0]) == 3 and layer.inputs[0] not in window_sums:
        if layer.kind in _WINDOWED:
            return RowWork(layer, "windows")
        if layer.kind in _ELEMENTWISE:
            return RowWork(layer, "values")
    return RowWork(layer, "at once")


def rows_of(shape: Shape) -> int:
    """Rows of a tensor; a vector is one."""
    return shape[0] if len(shape) == 3 else 1
