"""What of a program is known before it is compiled: of each layer the kernel, the codes, and what it does how often."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from specc.codegen.geometry import as_run
from specc.codegen.input_pass import as_read, input_pass
from specc.codegen.window_sums import axis_classes
from specc.explain.factors import RowCalls
from specc.graph.execution import Step
from specc.graph.network import Layer
from specc.graph.rewrites import window_sums
from specc.graph.row_work import RowWork, row_work
from specc.numerics.quantized import QuantizedNetwork
from specc.numerics.windows import is_padded


@dataclass(frozen=True)
class Work:
    """What a convolution, and the pool that averages it, do how often, as window sums or one after the other."""

    products: int = 0
    additions: int = 0
    rescaled: int = 0


@dataclass(frozen=True)
class Layout:
    """How a program computes its layers."""

    kernels: Mapping[str, str]  # by layer; layers without code are missing
    bits: Mapping[str, int]  # of the containers of the codes that a layer's kernel reads
    by_rows: frozenset[str] = frozenset()  # layers that run row by row
    passed: int = 0  # codes that are gone over in passes of their own
    calls: Mapping[str, int] = field(default_factory=dict)  # by layer that has code
    rows: Mapping[str, RowCalls] = field(default_factory=dict)  # of layers that make rows
    copied: int = 0  # codes that are copied into the columns of tiles
    outputs: Mapping[str, int] = field(default_factory=dict)  # codes of each layer
    on_padding: Mapping[str, float] = field(default_factory=dict)  # part of a layer's products that its kernel may skip
    averaged: Mapping[str, Work] = field(default_factory=dict)  # by layer, of those that window sums are about
    choices: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # kernels of a layer that is to be tuned


def layout_of(
    network: QuantizedNetwork, kernels: Mapping[str, str], choices: Mapping[str, tuple[str, ...]] | None = None
) -> Layout:
    """The layout of a network as it is scheduled.

    Args:
        network: the network, without the rewrites that are off.
        kernels: family and name of the kernel of each layer that has code.
        choices: the kernels of each layer that is to be tuned.
    """
    layers = network.network.layers
    read = {layer.name: as_read(network, layer) for layer in layers}
    works = {layer.name: row_work(layer, network.window_sums) for layer in layers if layer.name in network.by_rows}
    return Layout(
        kernels=kernels,
        bits={name: view.formats[reader.inputs[0]].container_bits for name, (view, reader) in read.items()},
        by_rows=network.by_rows,
        passed=sum(_passed(network, layer) for layer in layers),
        calls={name: _calls(network, name, works.get(name)) for name in kernels},
        rows=dict(_rows(network)),
        copied=sum(_copied(network, step) for step in network.steps.steps),
        outputs={layer.name: math.prod(layer.output_shape) for layer in layers},
        on_padding={name: part for name, (_, reader) in read.items() if (part := _on_padding(reader))},
        averaged=dict(_averaged(network)),
        choices=choices or {},
    )


def _calls(network: QuantizedNetwork, layer: str, work: RowWork | None) -> int:
    """Calls of a layer: of one that runs by rows as many as it has rows, for each of its tiles."""
    tiles = network.tiles.get(layer)
    return (work.calls if work else 1) * (tiles.count if tiles else 1)


def _rows(network: QuantizedNetwork) -> Iterator[tuple[str, RowCalls]]:
    for name in network.by_rows:
        tiles = network.tiles.get(name)
        shape = as_run(network, network.network.layer(name)).output_shape
        if len(shape) == 3:
            yield name, RowCalls(shape[0] * (tiles.count if tiles else 1), shape[1])


def _copied(network: QuantizedNetwork, step: Step) -> int:
    """Codes that a step copies into the columns of its tiles."""
    if step.tiles is None:
        return 0
    shapes = ((network.network.shape(name), step.tiles.kept[name].width) for name in step.tiles.copied)
    return sum(step.times * shape[0] * width * shape[2] for shape, width in shapes)


def _passed(network: QuantizedNetwork, layer: Layer) -> int:
    copied = input_pass(network, layer)
    of_copy = math.prod(copied.layer.input_shapes[0]) if copied else 0
    return of_copy + (math.prod(layer.output_shape) if network.numbers[layer.name].activation_clamp else 0)


def _on_padding(layer: Layer) -> float:
    """The part of a layer's products that meet padding."""
    if not is_padded(layer):
        return 0.0
    inside = [sum(axis_classes(layer, axis).outputs_met) for axis in (0, 1)]
    every = [layer.output_shape[axis] * layer.kernel[axis] for axis in (0, 1)]
    return 1 - math.prod(inside) / math.prod(every)


def _averaged(network: QuantizedNetwork) -> list[tuple[str, Work]]:
    """The work of every linear convolution that is only averaged, and of its pool."""
    found = []
    for layer in network.network.layers:
        readers = network.network.consumers(layer.name)
        if layer.kind not in ("conv", "dwconv") or len(readers) != 1 or readers[0].kind != "avgpool":
            continue
        sums, pool = window_sums(layer), readers[0]
        if sums is None or pool.output_shape[:2] != (1, 1):
            continue
        outputs, results = math.prod(layer.output_shape), math.prod(pool.output_shape)
        if layer.name not in network.window_sums:
            found += [
                (layer.name, Work(products=layer.macs, rescaled=outputs)),
                (pool.name, Work(additions=outputs, rescaled=results)),
            ]
            continue
        rows, columns = axis_classes(layer, 0), axis_classes(layer, 1)
        # The sums of a run of positions are loaded and stored, as if a code more were added.
        runs = layer.input_shapes[0][0] * len(columns.runs()) * layer.input_shapes[0][-1]
        tests = math.prod(layer.kernel) * len(rows.taps) * len(columns.taps)
        found += [
            (layer.name, Work(additions=sums.additions + runs)),
            (pool.name, Work(products=sums.macs, additions=sums.corrections + tests, rescaled=results)),
        ]
    return found
