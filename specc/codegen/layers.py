"""What each layer needs in C: its arrays of constants, and the macros its kernel is specialised by."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from specc.codegen.arena import Arena
from specc.codegen.array import Array, array
from specc.codegen.folding import folded_bias
from specc.codegen.geometry import SPATIAL, as_run, row_counts, row_width
from specc.codegen.input_pass import COPY, as_read, copy_macros
from specc.codegen.kernels import Kernel
from specc.codegen.rows import Macros, Rows
from specc.codegen.window_sums import products_constants, sums_constants
from specc.graph.lifetimes import sums_name
from specc.graph.network import Layer, Network, Shape
from specc.graph.row_work import row_work
from specc.numerics.golden import TABLE_FRACTION, softmax_table_shift
from specc.numerics.quantized import LayerNumbers, QuantizedNetwork
from specc.numerics.windows import is_padded
from specc.spec.model import TABULATED

_WITH_WEIGHTS = ("conv", "dwconv", "dense")


@dataclass(frozen=True)
class LayerCode:
    """One layer as the templates see it."""

    name: str  # as declared
    identifier: str
    summary: str  # for a comment
    kernel: Kernel | None  # None for a layer without code
    macros: dict[str, str]
    arrays: tuple[Array, ...]
    by_rows: bool
    in_tiles: bool
    in_parts: bool  # which threads may do at the same time
    output_offset: int
    # Of the output: bytes that appear at once, how many such parts are kept, and the calls that each takes.
    part_bytes: int
    parts_kept: int
    calls_per_part: int
    tiles: int  # that each of them takes


def identifiers(network: Network) -> dict[str, str]:
    """A part of a C identifier for each layer: its name where C allows it, never the same twice."""
    taken: set[str] = set()
    result = {}
    for index, layer in enumerate(network.layers):
        plain = re.sub(r"[^A-Za-z0-9_]", "_", layer.name)
        result[layer.name] = plain if plain not in taken else f"{plain}_{index}"
        taken.add(result[layer.name])
    return result


def layer_code(
    network: QuantizedNetwork, layer: Layer, identifier: str, arena: Arena, kernel: Kernel | None, *, threads: int = 1
) -> LayerCode:
    """Everything that the templates need for one layer, with its kernel, for a number of threads."""
    numbers = network.numbers[layer.name]
    by_rows = layer.name in network.by_rows
    tiles = network.tiles.get(layer.name)
    whole, layer = layer, as_run(network, layer)
    view, reader = as_read(network, layer)
    work = row_work(layer, network.window_sums) if by_rows else None
    parts = 1 if tiles or not work else work.parts
    if layer.name in network.window_sums:
        form = network.formats[layer.inputs[0]]
        arrays, macros = sums_constants(layer, max(-form.low, form.high), identifier)
    elif layer.inputs[0] in network.window_sums:
        summed = network.network.layer(layer.inputs[0])
        zero_point = network.formats[summed.inputs[0]].zero_point
        arrays, macros = products_constants(summed, network.numbers[summed.name], numbers, zero_point, identifier)
    else:
        arrays = _arrays(view, reader, kernel, identifier)
        macros = _macros(view, reader, kernel, identifier) if kernel else {}
    in_parts = threads > 1 and not by_rows and not network.window_sums & {layer.name, *layer.inputs}
    copied = copy_macros(network, layer, arena.offsets[layer.inputs[0]])
    in_parts = in_parts and not (numbers.activation_clamp or copied)
    if kernel:
        rows = Rows(network, whole, identifier, arena, row_counts(view, reader))
        arrays = (*arrays, *rows.arrays)
        macros = rows.macros | _values(network, layer, identifier, arena) | macros | copied
    if in_parts and "TILE" in macros:
        positions = math.prod(layer.output_shape[:2])
        macros["TILE"] = min(int(macros["TILE"]), -(-positions // threads))
    return LayerCode(
        name=layer.name,
        identifier=identifier,
        summary=f"{layer.kind} {_show(layer.input_shapes[0])} -> {_show(layer.output_shape)}",
        kernel=kernel,
        macros={name: value if isinstance(value, str) else _literal(value) for name, value in macros.items()},
        arrays=arrays,
        by_rows=by_rows,
        in_tiles=tiles is not None,
        in_parts=in_parts,
        output_offset=arena.offsets[layer.name],
        part_bytes=0 if layer.name in network.without_rows else _bytes(network, whole) // parts,
        parts_kept=1 if tiles else network.rings.get(layer.name, parts),
        calls_per_part=work.calls if work and (work.sums or tiles) else 1,
        tiles=tiles.count if tiles else 1,
    )


def _bytes(network: QuantizedNetwork, layer: Layer) -> int:
    return math.prod(layer.output_shape) * network.layer_format(layer).container_bits // 8


def _arrays(network: QuantizedNetwork, layer: Layer, kernel: Kernel | None, name: str) -> tuple[Array, ...]:
    numbers, source = network.numbers[layer.name], network.formats[layer.inputs[0]]
    if layer.kind in TABULATED:
        assert numbers.table is not None
        return (array(f"table_{name}", _table_type(network, layer), numbers.table),)
    if layer.kind == "softmax":
        assert numbers.table is not None
        return (array(f"table_{name}", "uint32_t", numbers.table),)
    if layer.kind == "avgpool" and numbers.multipliers.size > 1:
        return _scales(numbers, name)
    if layer.kind not in _WITH_WEIGHTS:
        return ()
    packed = kernel.packed if kernel else None
    assert numbers.weights is not None and numbers.bias is not None
    bias = numbers.bias if is_padded(layer) else folded_bias(layer, numbers.weights, numbers.bias, source.zero_point)
    beside = (array(f"bias_{name}", "int32_t", bias), *_scales(numbers, name))
    if packed is None:
        return (array(f"weights_{name}", f"int{numbers.weight_container_bits}_t", numbers.weights), *beside)
    c_type = "int32_t" if packed.alignment == 4 else f"_Alignas({packed.alignment}) int32_t"
    kept = (own for own in beside if own.name.removesuffix(f"_{name}") in packed.beside)
    return (array(f"weights_{name}", c_type, packed.weights), *kept)


def _scales(numbers: LayerNumbers, name: str) -> tuple[Array, ...]:
    return (
        array(f"multipliers_{name}", "int32_t", numbers.multipliers),
        array(f"shifts_{name}", "uint8_t", numbers.shifts),
    )


def _values(network: QuantizedNetwork, layer: Layer, identifier: str, arena: Arena) -> Macros:
    """The codes of a layer's output, and what holds for all of its kernels."""
    view, reader = as_read(network, layer)
    out, numbers = network.layer_format(layer), network.numbers[layer.name]
    in_rows, out_rows = row_counts(view, reader)
    macros: Macros = {
        "LAYER": identifier,
        "OUTPUT_ZERO_POINT": out.zero_point,
        "CLAMP_LOW": numbers.clamp_low,
        "CLAMP_HIGH": numbers.clamp_high,
        "OUT_HEIGHT": out_rows,
        "ROW_FUNCTION": "activated_row" if numbers.activation_clamp else "row",
    }
    if reader is not layer:
        macros["INPUT_T"] = f"int{view.formats[reader.inputs[0]].container_bits}_t"
        macros["COPIED"] = f"((INPUT_T *){COPY})"
        macros["INPUT_ROW(y)"] = f"(COPIED + (y) * {math.prod(reader.input_shapes[0]) // in_rows})"
    if numbers.activation_clamp:
        low, high = numbers.activation_clamp
        macros |= {
            "ACTIVATION_LOW": low,
            "ACTIVATION_HIGH": high,
            "ROW_CODES": math.prod(layer.output_shape) // out_rows,
        }
    sums = next((name for name in (layer.name, *layer.inputs) if name in network.window_sums), sums_name(layer))
    if sums in arena.offsets:
        macros["SUMS"] = f"((int32_t *)(specc_arena + {arena.offsets[sums]}))"
    return macros


def _macros(network: QuantizedNetwork, layer: Layer, kernel: Kernel, identifier: str) -> Macros:
    source, out = network.formats[layer.inputs[0]], network.layer_format(layer)
    numbers = network.numbers[layer.name]
    macros: Macros = {}
    if layer.kind in ("relu", "relu6", *TABULATED, "softmax", "add"):
        macros["ELEMENTS"] = math.prod(layer.output_shape) // row_counts(network, layer)[1]
    if layer.kind == "softmax":
        macros |= _softmax(source.bits, out.bits, identifier)
    if layer.kind in TABULATED:
        macros |= {
            "TABLE": f"table_{identifier}",
            "TABLE_T": _table_type(network, layer),
            "TABLE_FIRST": numbers.table_first,
            "TABLE_LAST": numbers.table_last,
            "TABLE_SHIFT": numbers.table_shift,
            "TABLE_FRACTION": TABLE_FRACTION,
            "INTERPOLATED": int(source.bits > 8),
        }
    if layer.kind in ("avgpool", "add"):
        macros |= {
            "INPUT_ZERO_POINT": source.zero_point,
            "MULTIPLIER": int(numbers.multipliers[0]),
            "SHIFT": int(numbers.shifts[0]),
        }
    if layer.kind == "avgpool" and numbers.multipliers.size > 1:  # by the channel that the kernel is at
        macros |= {"MULTIPLIER": f"multipliers_{identifier}[channel]", "SHIFT": f"shifts_{identifier}[channel]"}
    if layer.kind == "add":
        second = network.formats[layer.inputs[1]]
        macros |= {"SECOND_ZERO_POINT": second.zero_point, "SECOND_MULTIPLIER": int(numbers.multipliers[1])}
    if layer.kind in SPATIAL:
        macros |= _geometry(network, layer)
    if layer.kind in (*_WITH_WEIGHTS, "avgpool"):
        macros["ACCUMULATOR_BITS"] = numbers.accumulator_bits
    if layer.kind in _WITH_WEIGHTS:
        macros |= _weighted(layer, numbers, identifier)
        if kernel.packed:
            macros |= kernel.packed.macros
        if layer.kind != "dense":
            macros["INPUT_ZERO_POINT"] = source.zero_point if is_padded(layer) else 0
    return macros


def _weighted(layer: Layer, numbers: LayerNumbers, identifier: str) -> Macros:
    own: Macros = {
        "WEIGHT_T": f"int{numbers.weight_container_bits}_t",
        "WEIGHTS": f"weights_{identifier}",
        "BIAS": f"bias_{identifier}",
        "MULTIPLIERS": f"multipliers_{identifier}",
        "SHIFTS": f"shifts_{identifier}",
        "HIGH_SHIFTS": int(numbers.shifts.min() >= 32) + int(numbers.shifts.min() >= 33),
    }
    if layer.kind == "conv":
        own["FILTERS"] = layer.output_shape[-1]
    if layer.kind == "dense":
        own |= {"UNITS": layer.output_shape[-1], "FEATURES": math.prod(layer.input_shapes[0])}
    return own


def _geometry(network: QuantizedNetwork, layer: Layer) -> Macros:
    in_rows = row_counts(network, layer)[0]
    height, width, channels = layer.input_shapes[0]
    own: Macros = {
        "IN_HEIGHT": in_rows,
        "IN_WIDTH": height * width // in_rows,
        "CHANNELS": channels,
        "OUT_WIDTH": row_width(network, layer),
        "KERNEL_HEIGHT": layer.kernel[0],
        "KERNEL_WIDTH": layer.kernel[1],
        "STRIDE_HEIGHT": layer.stride[0],
        "STRIDE_WIDTH": layer.stride[1],
    }
    if layer.kind != "avgpool":
        own |= {"PAD_TOP": layer.pad_before[0], "PAD_LEFT": layer.pad_before[1], "PADDED": int(is_padded(layer))}
    return own


def _softmax(source_bits: int, out_bits: int, identifier: str) -> Macros:
    return {
        "TABLE": f"table_{identifier}",
        "TABLE_SHIFT": softmax_table_shift(out_bits),
        "TWO_TABLES": int(source_bits > 8),
        "OUTPUT_BITS": out_bits,
    }


def _table_type(network: QuantizedNetwork, layer: Layer) -> str:
    """Entries of a sigmoid's or tanh's table: output codes, or what codes are interpolated from."""
    interpolated = network.formats[layer.inputs[0]].bits > 8
    return "int32_t" if interpolated else f"int{network.layer_format(layer).container_bits}_t"


def _literal(value: int) -> str:
    """A number in C; negative ones in parentheses, since they are pasted behind a minus sign too."""
    return f"({value})" if value < 0 else str(value)


def _show(shape: Shape) -> str:
    return "x".join(map(str, shape))
