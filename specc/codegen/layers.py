"""What each layer needs in C: its arrays of constants, and the macros its kernel is specialised by."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

import numpy as np

from specc.codegen.arena import Arena
from specc.codegen.array import Array, array
from specc.codegen.geometry import SPATIAL, row_counts, row_width
from specc.codegen.kernels import Kernel, kernel_of
from specc.graph.network import Layer, Network, Shape
from specc.numerics.golden import softmax_table_shift
from specc.numerics.quantized import IntArray, LayerNumbers, QuantizedNetwork
from specc.numerics.windows import is_padded

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
    output_offset: int
    output_bytes: int


def identifiers(network: Network) -> dict[str, str]:
    """A part of a C identifier for each layer: its name where C allows it, never the same twice."""
    taken: set[str] = set()
    result = {}
    for index, layer in enumerate(network.layers):
        plain = re.sub(r"[^A-Za-z0-9_]", "_", layer.name)
        result[layer.name] = plain if plain not in taken else f"{plain}_{index}"
        taken.add(result[layer.name])
    return result


def layer_code(network: QuantizedNetwork, layer: Layer, identifier: str, arena: Arena, family: str) -> LayerCode:
    """Everything that the templates need for one layer, with kernels of a family."""
    out = network.layer_format(layer)
    numbers = network.numbers[layer.name]
    kernel = kernel_of(network, layer, family)
    return LayerCode(
        name=layer.name,
        identifier=identifier,
        summary=f"{layer.kind} {_show(layer.input_shapes[0])} -> {_show(layer.output_shape)}",
        kernel=kernel,
        macros=_macros(network, layer, kernel, identifier, arena) if kernel else {},
        arrays=_arrays(layer, kernel, numbers, identifier, network.formats[layer.inputs[0]].zero_point),
        output_offset=arena.offsets[layer.name],
        output_bytes=math.prod(layer.output_shape) * out.container_bits // 8,
    )


def _arrays(
    layer: Layer, kernel: Kernel | None, numbers: LayerNumbers, name: str, zero_point: int
) -> tuple[Array, ...]:
    if layer.kind == "softmax":
        assert numbers.table is not None
        return (array(f"table_{name}", "uint32_t", numbers.table),)
    if layer.kind not in _WITH_WEIGHTS:
        return ()
    packed = kernel.packed if kernel else None
    if packed and packed.streamed:
        return (array(f"weights_{name}", "int32_t", packed.weights),)
    assert numbers.weights is not None and numbers.bias is not None
    bias = numbers.bias if is_padded(layer) else _folded_bias(layer, numbers.weights, numbers.bias, zero_point)
    return (
        array(f"weights_{name}", "int32_t", packed.weights)
        if packed
        else array(f"weights_{name}", f"int{numbers.weight_container_bits}_t", numbers.weights),
        array(f"bias_{name}", "int32_t", bias),
        array(f"multipliers_{name}", "int32_t", numbers.multipliers),
        array(f"shifts_{name}", "uint8_t", numbers.shifts),
    )


def _folded_bias(layer: Layer, weights: IntArray, bias: IntArray, zero_point: int) -> IntArray:
    """Bias less zero point times the sum of the weights, so that the kernel may use input codes as they are.

    Exact modulo 2**32, which is all that the accumulator keeps.
    """
    axes = (0, 1) if layer.kind == "dwconv" else tuple(range(1, weights.ndim))
    folded = bias - zero_point * weights.sum(axis=axes)
    return np.asarray(folded.astype(np.int32), dtype=np.int64)


def _macros(network: QuantizedNetwork, layer: Layer, kernel: Kernel, identifier: str, arena: Arena) -> dict[str, str]:
    source, out = network.formats[layer.inputs[0]], network.layer_format(layer)
    numbers = network.numbers[layer.name]
    in_rows, out_rows = row_counts(layer)
    macros: dict[str, str | int] = {
        "LAYER": identifier,
        "INPUT_T": f"int{source.container_bits}_t",
        "INPUT_ROW(y)": _rows(arena, layer.inputs[0], "INPUT_T", in_rows, layer.input_shapes[0]),
        "OUTPUT_T": f"int{out.container_bits}_t",
        "OUTPUT_ROW(y)": _rows(arena, layer.name, "OUTPUT_T", out_rows, layer.output_shape),
        "CLAMP_LOW": numbers.clamp_low,
        "CLAMP_HIGH": numbers.clamp_high,
        "OUT_HEIGHT": out_rows,
    }
    if layer.kind in ("relu", "relu6", "softmax", "add"):
        macros["ELEMENTS"] = math.prod(layer.output_shape)
    if layer.kind == "softmax":
        macros |= _softmax(source.bits, out.bits, identifier) | {"OUTPUT_ZERO_POINT": out.zero_point}
    if layer.kind == "add":
        macros |= _second_input(network, layer, arena)
    if layer.kind in ("avgpool", "add"):
        macros |= {
            "INPUT_ZERO_POINT": source.zero_point,
            "OUTPUT_ZERO_POINT": out.zero_point,
            "MULTIPLIER": int(numbers.multipliers[0]),
            "SHIFT": int(numbers.shifts[0]),
        }
    if layer.kind in SPATIAL:
        macros |= _geometry(layer, in_rows)
    if layer.kind in (*_WITH_WEIGHTS, "avgpool"):
        macros["ACCUMULATOR_BITS"] = numbers.accumulator_bits
    if layer.kind in _WITH_WEIGHTS:
        macros |= _weighted(layer, numbers, identifier) | {"OUTPUT_ZERO_POINT": out.zero_point}
        if kernel.packed:
            macros |= kernel.packed.macros
        if layer.kind != "dense":
            macros["INPUT_ZERO_POINT"] = source.zero_point if is_padded(layer) else 0
    return {name: str(value) if not isinstance(value, int) else _literal(value) for name, value in macros.items()}


def _weighted(layer: Layer, numbers: LayerNumbers, identifier: str) -> dict[str, str | int]:
    own: dict[str, str | int] = {
        "WEIGHT_T": f"int{numbers.weight_container_bits}_t",
        "WEIGHTS": f"weights_{identifier}",
        "BIAS": f"bias_{identifier}",
        "MULTIPLIERS": f"multipliers_{identifier}",
        "SHIFTS": f"shifts_{identifier}",
        "HIGH_SHIFTS": int(numbers.shifts.min() >= 32),
    }
    if layer.kind == "conv":
        own["FILTERS"] = layer.output_shape[-1]
    if layer.kind == "dense":
        own |= {"UNITS": layer.output_shape[-1], "FEATURES": math.prod(layer.input_shapes[0])}
    return own


def _geometry(layer: Layer, in_rows: int) -> dict[str, str | int]:
    height, width, channels = layer.input_shapes[0]
    own: dict[str, str | int] = {
        "IN_HEIGHT": in_rows,
        "IN_WIDTH": height * width // in_rows,
        "CHANNELS": channels,
        "OUT_WIDTH": row_width(layer),
        "KERNEL_HEIGHT": layer.kernel[0],
        "KERNEL_WIDTH": layer.kernel[1],
        "STRIDE_HEIGHT": layer.stride[0],
        "STRIDE_WIDTH": layer.stride[1],
    }
    if layer.kind != "avgpool":
        own |= {"PAD_TOP": layer.pad_before[0], "PAD_LEFT": layer.pad_before[1], "PADDED": int(is_padded(layer))}
    return own


def _second_input(network: QuantizedNetwork, layer: Layer, arena: Arena) -> dict[str, str | int]:
    second = network.formats[layer.inputs[1]]
    return {
        "SECOND_INPUT_T": f"int{second.container_bits}_t",
        "SECOND_INPUT_ROW(y)": _rows(arena, layer.inputs[1], "SECOND_INPUT_T", 1, layer.input_shapes[1]),
        "SECOND_ZERO_POINT": second.zero_point,
        "SECOND_MULTIPLIER": int(network.numbers[layer.name].multipliers[1]),
    }


def _softmax(source_bits: int, out_bits: int, identifier: str) -> dict[str, str | int]:
    return {
        "TABLE": f"table_{identifier}",
        "TABLE_SHIFT": softmax_table_shift(out_bits),
        "TWO_TABLES": int(source_bits > 8),
        "OUTPUT_BITS": out_bits,
    }


def _rows(arena: Arena, tensor: str, c_type: str, rows: int, shape: Shape) -> str:
    """The address of row y of a tensor that lies in memory whole."""
    return f"(({c_type} *)(specc_arena + {arena.offsets[tensor]}) + (y) * {math.prod(shape) // rows})"


def _literal(value: int) -> str:
    """A number in C; negative ones in parentheses, since they are pasted behind a minus sign too."""
    return f"({value})" if value < 0 else str(value)


def _show(shape: Shape) -> str:
    return "x".join(map(str, shape))
