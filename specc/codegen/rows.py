"""Where the rows of a layer's tensors lie, as its kernel reaches them: by macros of a row's number, and of the tile."""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from specc.codegen.arena import Arena
from specc.codegen.array import Array, array
from specc.codegen.geometry import step_of
from specc.graph.execution import Step
from specc.graph.lifetimes import copy_name
from specc.graph.network import Layer
from specc.graph.tiles import Tiles
from specc.numerics.quantized import QuantizedNetwork

FIRST_COPY: Final = 0x8000  # as in firmware/runtime/network.h

# What the names of the arrays begin with.
TILE_PREFIXES: Final = ("input_begin_", "second_input_begin_", "output_begin_", "output_first_", "cut_first_")

Macros = dict[str, str | int]


class Rows:
    """Macros and arrays for the rows of one layer's tensors.

    Args:
        network: the network.
        layer: as the network has it.
        identifier: of the layer.
        arena: where the tensors lie.
        counts: rows of its input and output, as its kernel sees them.
    """

    def __init__(
        self, network: QuantizedNetwork, layer: Layer, identifier: str, arena: Arena, counts: tuple[int, int]
    ) -> None:
        self._network = network
        self._layer = layer
        self._identifier = identifier
        self._arena = arena
        self._step: Step = step_of(network, layer)
        self._tiles = self._step.tiles
        self.macros: Macros = {}
        self.arrays: list[Array] = []
        in_rows, out_rows = counts
        self._input("INPUT", layer.inputs[0], in_rows)
        if layer.kind == "add":
            self._input("SECOND_INPUT", layer.inputs[1], in_rows)
        self._output(out_rows)
        if self._tiles:
            self._outside(self._tiles)
            self._copy(self._tiles)

    def _input(self, prefix: str, tensor: str, rows: int) -> None:
        self.macros[f"{prefix}_T"] = self._type(tensor)
        self.macros[f"{prefix}_ROW(y)"] = self._row(f"{prefix}_T", tensor, rows, self._begins(prefix, tensor))

    def _begins(self, prefix: str, tensor: str) -> str:
        """Codes between a row's start and what the layer reads of it."""
        if not self._tiles:
            return ""
        return self._codes(f"{prefix.lower()}_begin", self._tiles.reads_from(self._layer, tensor), tensor)

    def _output(self, rows: int) -> None:
        name = self._layer.name
        self.macros["OUTPUT_T"] = self._type(name)
        begins = self._codes("output_begin", self._tiles.writes_to(self._layer), name) if self._tiles else ""
        self.macros["OUTPUT_ROW(y)"] = self._row("OUTPUT_T", name, rows, begins)

    def _outside(self, tiles: Tiles) -> None:
        """Of a ring that the layer writes: the columns outside of the tensor, and what stands there."""
        name = self._layer.name
        if name not in tiles.outside or name not in tiles.kept:
            return
        self.macros |= {
            "KEPT": tiles.kept[name].width,
            "KEPT_FIRST": self._by_tile("output_first", tiles.kept[name].firsts),
            "KEPT_ROW(y)": self._row("OUTPUT_T", name, self._layer.output_shape[0], ""),
            "OUTPUT_COLUMNS": self._layer.output_shape[1],
            "OUTPUT_CODES": self._layer.output_shape[2],
            "OUTSIDE_CODE": self._outside_code(tiles, name),
        }

    def _copy(self, tiles: Tiles) -> None:
        """The tensor whose columns the layer copies into a ring, if there is one."""
        for tensor, copied in tiles.copied.items():
            if self._network.network.layers[copied.reader].name != self._layer.name:
                continue
            height, width, channels = self._network.network.shape(tensor)
            whole = f"((CUT_T *)(specc_arena + {self._arena.offsets[tensor]}) + (y) * {width * channels})"
            self.macros |= {
                "CUT_T": self._type(tensor),
                "CUT_FROM(y)": whole,
                "CUT_TO(y)": self._row("CUT_T", tensor, height, ""),
                "CUT_KEPT": tiles.kept[tensor].width,
                "CUT_FIRST": self._by_tile("cut_first", tiles.kept[tensor].firsts),
                "CUT_COLUMNS": width,
                "CUT_CODES": channels,
                "CUT_OUTSIDE": self._outside_code(tiles, tensor),
            }

    def _row(self, c_type: str, tensor: str, rows: int, begins: str) -> str:
        """The place of row `y` of a tensor, as the step keeps it."""
        offset, kept, codes = self._arena.offsets.get(tensor), self._network.rings.get(tensor), 0
        shape = self._network.network.shape(tensor)
        if self._tiles and tensor in self._tiles.kept:
            codes = self._tiles.kept[tensor].width * shape[2]
            if tensor in self._tiles.copied:
                offset, kept = self._arena.offsets[copy_name(tensor, self._step)], self._tiles.copied[tensor].rows
        place = "(y)" if kept is None or kept >= rows else f"((uint32_t)(y) % {kept})"
        return f"(({c_type} *)(specc_arena + {offset}) + {place} * {codes or math.prod(shape) // rows}{begins})"

    def _codes(self, name: str, columns: tuple[int, ...], tensor: str) -> str:
        channels = self._network.network.shape(tensor)[2]
        return "" if not any(columns) else f" + {self._by_tile(name, tuple(c * channels for c in columns))}"

    def _by_tile(self, name: str, values: tuple[int, ...]) -> str:
        """A number of the tile that runs: itself where it is the same in all."""
        if len(set(values)) == 1:
            return f"({values[0]})"
        full = f"{name}_{self._identifier}"
        self.arrays.append(array(full, "int32_t", np.array(values)))
        return f"{full}[specc_tile]"

    def _outside_code(self, tiles: Tiles, tensor: str) -> str:
        form = self._network.formats[tensor]
        code = form.low if tiles.outside.get(tensor) == "lowest code" else form.zero_point
        return f"({code})"

    def _type(self, tensor: str) -> str:
        return f"int{self._network.formats[tensor].container_bits}_t"
