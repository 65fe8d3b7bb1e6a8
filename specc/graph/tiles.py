"""Tiles: layers that run together by rows make some columns of their output first, for all rows, then the next.

The rings of such a run are only as wide as a tile and what its windows reach beyond it, its halo. Columns of a halo are
computed once for each tile that needs them, which is the price. A run is never cut into tiles of rows: rings keep every
row until its last reader has run, so that such tiles would save nothing and compute rows twice.

Of each tensor as many columns are made in every tile, so that one specialised kernel for each layer serves all of them.
Where they do not come out even, a tile begins further to the left and makes more than it needs. No column outside of a
tensor is ever made. Where windows reach there, its ring holds what padding stands for: the zero point under a
convolution, the lowest code under a max pool.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from specc.graph.network import Layer
from specc.graph.row_work import RowWork

Outside = Literal["zero point", "lowest code"]

_COLUMNS: Final = 1  # axis of a shape (height, width, channels)


@dataclass(frozen=True)
class Columns:
    """As many columns of a tensor in every tile: `width` from `firsts` on, one for each tile."""

    firsts: tuple[int, ...]
    width: int

    @property
    def ends(self) -> tuple[int, ...]:
        """The columns behind the last ones."""
        return tuple(first + self.width for first in self.firsts)


@dataclass(frozen=True)
class Copied:
    """A tensor in memory of which a run copies each tile's columns into a ring, padding included."""

    reader: int  # index of the first layer that reads it; the copies are part of its calls
    rows: int  # kept


@dataclass(frozen=True)
class Tiles:
    """How a run of layers is cut into tiles."""

    width: int  # columns of the run's output at a time
    made: Mapping[str, Columns]  # by every layer of the run, of its output
    kept: Mapping[str, Columns]  # in rings, of every tensor that the run reads; they may begin and end outside of it
    outside: Mapping[str, Outside]  # what stands for columns outside of a tensor, where windows reach them
    copied: Mapping[str, Copied]  # the tensors that it reads and does not make

    @property
    def count(self) -> int:
        """The number of tiles."""
        return len(next(iter(self.made.values())).firsts)

    def narrowed(self, layer: Layer) -> Layer:
        """A layer of the run as it is in each tile: without padding to the left and to the right."""
        shapes = tuple(
            _of_width(shape, self.kept[name].width)
            for name, shape in zip(layer.inputs, layer.input_shapes, strict=True)
        )
        output = _of_width(layer.output_shape, self.made[layer.name].width)
        return replace(layer, input_shapes=shapes, output_shape=output, pad_before=(layer.pad_before[0], 0))

    def reads_from(self, layer: Layer, tensor: str) -> tuple[int, ...]:
        """In each tile, the column in the ring of an input at which the first window of a layer begins."""
        needed = _needed(layer, self.made[layer.name])
        return tuple(a - b for a, b in zip(needed.firsts, self.kept[tensor].firsts, strict=True))

    def writes_to(self, layer: Layer) -> tuple[int, ...]:
        """In each tile, the column at which the first output goes: in its ring, or in the whole output of the run."""
        made = self.made[layer.name].firsts
        kept = self.kept[layer.name].firsts if layer.name in self.kept else (0,) * len(made)
        return tuple(a - b for a, b in zip(made, kept, strict=True))

    def macs(self, layer: Layer) -> int:
        """Multiply-accumulates of a layer of the run in all tiles, those that are computed again included."""
        return self.count * self.narrowed(layer).macs


def tiled(works: Sequence[RowWork], width: int) -> Tiles | None:
    """The columns of every tensor that a run reads or makes, or None where it cannot run in tiles.

    Every layer must slide windows or work value by value, and its output be read in the run, but for the last one's.

    Args:
        works: of the layers, in order.
        width: of a tile, in columns of the last one's output.
    """
    last = works[-1].layer
    if any(work.way not in ("windows", "values") for work in works):
        return None
    columns = last.output_shape[_COLUMNS]
    made = {last.name: Columns(tuple(min(first, columns - width) for first in range(0, columns, width)), width)}
    wanted: dict[str, list[Columns]] = {}
    outside: dict[str, Outside] = {}
    for work in reversed(works):
        layer = work.layer
        if layer is not last:
            if layer.name not in wanted:
                return None
            made[layer.name] = _inside(wanted[layer.name], layer.output_shape[_COLUMNS])
        for name, shape in zip(layer.inputs, layer.input_shapes, strict=True):
            needed = _needed(layer, made[layer.name])
            wanted.setdefault(name, []).append(needed)
            if min(needed.firsts) < 0 or max(needed.ends) > shape[_COLUMNS]:
                stands: Outside = "lowest code" if layer.kind == "maxpool" else "zero point"
                if outside.setdefault(name, stands) != stands:
                    return None
    kept = {name: _around([*all_, made[name]] if name in made else all_) for name, all_ in wanted.items()}
    return Tiles(width, made, kept, outside, {})


def _needed(layer: Layer, made: Columns) -> Columns:
    """The input columns that a layer's windows meet, those outside of the input included."""
    kernel, stride, padding = layer.kernel[1], layer.stride[1], layer.pad_before[1]
    return Columns(tuple(first * stride - padding for first in made.firsts), (made.width - 1) * stride + kernel)


def _around(all_: Sequence[Columns]) -> Columns:
    """The fewest columns that hold all of some in each tile."""
    firsts = tuple(min(tile) for tile in zip(*(one.firsts for one in all_), strict=True))
    ends = (max(tile) for tile in zip(*(one.ends for one in all_), strict=True))
    return Columns(firsts, max(end - first for first, end in zip(firsts, ends, strict=True)))


def _inside(wanted: Sequence[Columns], columns: int) -> Columns:
    """The fewest columns inside of a tensor that hold what some readers want of it in each tile."""
    both = [
        (max(0, min(tile)), min(columns, max(tile)))
        for tile in zip(*(side for one in wanted for side in (one.firsts, one.ends)), strict=True)
    ]
    width = max(1, *(end - first for first, end in both))
    return Columns(tuple(min(first, columns - width) for first, _ in both), width)


def _of_width(shape: tuple[int, ...], width: int) -> tuple[int, ...]:
    return (shape[0], width, *shape[2:])
