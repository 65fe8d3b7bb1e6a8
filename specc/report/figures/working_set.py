"""The working set of every layer against the memories it must fit into."""

from __future__ import annotations

import math
from dataclasses import dataclass

from specc.numerics.quantized import QuantizedNetwork
from specc.report import style
from specc.report.numbers import count, quantity
from specc.spec.hardware import CacheGeometry, Target


@dataclass(frozen=True)
class WorkingSet:
    """Bytes that a layer touches: weights (with what belongs to them), inputs, output."""

    layer: str
    weights: int
    inputs: int
    output: int

    @property
    def total(self) -> int:
        return self.weights + self.inputs + self.output


def working_sets(network: QuantizedNetwork) -> list[WorkingSet]:
    """What each layer touches, in order: weights in their containers, 32-bit biases, every input once, the output."""
    found = []
    for layer in network.network.layers:
        numbers = network.numbers[layer.name]
        weights = 0 if numbers.weights is None else numbers.weights.size * numbers.weight_container_bits // 8
        bias = 0 if numbers.bias is None else numbers.bias.size * 4
        shapes = dict(zip(layer.inputs, layer.input_shapes, strict=True))
        inputs = sum(_bytes(network, name, shape) for name, shape in shapes.items())
        found.append(WorkingSet(layer.name, weights + bias, inputs, _bytes(network, layer.name, layer.output_shape)))
    return found


def _bytes(network: QuantizedNetwork, tensor: str, shape: tuple[int, ...]) -> int:
    return math.prod(shape) * network.formats[tensor].container_bits // 8


def capacities(targets: tuple[Target, ...]) -> dict[str, float]:
    """Bytes of the data caches and of the SRAM that the targets declare; equal ones once, with all their targets."""
    by_size: dict[tuple[str, float], list[str]] = {}
    for target in targets:
        hardware = target.hardware
        cache = hardware.flash_cache.data if hardware.flash_cache else None
        if cache is not None:
            by_size.setdefault(("flash data cache", _size(cache)), []).append(target.name)
        if hardware.l1_data is not None:
            by_size.setdefault(("L1 data cache", float(hardware.l1_data.value.base)), []).append(target.name)
        if hardware.sram is not None:
            by_size.setdefault(("SRAM", float(hardware.sram.value.base)), []).append(target.name)
    return {f"{kind} of {', '.join(names)}": size for (kind, size), names in by_size.items()}


def _size(cache: CacheGeometry) -> float:
    return float(cache.sets * cache.ways * cache.line_bytes)


def working_set(network: QuantizedNetwork | None, targets: tuple[Target, ...]) -> style.Image | None:
    """Stacked bars on a logarithmic axis would lie, so points: one for each part, and the memories as upright lines."""
    if network is None:
        return None
    from matplotlib.ticker import FuncFormatter, NullFormatter

    sets = working_sets(network)
    memories = capacities(targets)
    with style.figure(0.8 + 0.17 * (len(sets) + 0.8 * len(memories))) as canvas:
        axes = canvas.add_subplot()
        parts = (
            ("weights", "s", style.BLUE, [one.weights for one in sets]),
            ("input", "<", style.ORANGE, [one.inputs for one in sets]),
            ("output", ">", style.GREEN, [one.output for one in sets]),
            ("all of it", "|", style.INK, [one.total for one in sets]),
        )
        for name, mark, colour, sizes in parts:
            known = [(size, y) for y, size in enumerate(sizes) if size]
            axes.plot(
                [size for size, _ in known], [y for _, y in known], mark, color=colour, label=name,
                markersize=9 if mark == "|" else 5, markeredgewidth=1.6 if mark == "|" else 0.5,
            )  # fmt: skip
        for place, (name, size) in enumerate(sorted(memories.items(), key=lambda pair: pair[1])):
            axes.axvline(size, color=style.MUTED, linewidth=0.8, linestyle=(0, (4, 2)), zorder=1)
            beyond = size > 16384  # names of large memories to the left of their line, of small ones to the right
            axes.annotate(
                style.plain(name, 44), (size, len(sets) + place * 0.8), xytext=(-4 if beyond else 4, 0),
                textcoords="offset points", ha="right" if beyond else "left", va="center", fontsize=style.SIZE - 1,
                color=style.MUTED, bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.6},
            )  # fmt: skip
        axes.set_xscale("log")
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: quantity(value, "B", 1)))
        axes.xaxis.set_minor_formatter(NullFormatter())
        powers = range(4, math.ceil(math.log2(max([one.total for one in sets] + list(memories.values())))) + 2, 2)
        axes.set_xticks([float(2**power) for power in powers])
        axes.minorticks_off()
        axes.set_yticks(range(len(sets)), [style.plain(one.layer, 18) for one in sets])
        axes.set_ylim(len(sets) + 0.8 * len(memories) - 0.4, -0.6)
        axes.set_xlabel("bytes that a layer touches in an inference (logarithmic)")
        style.quiet(axes)
        canvas.legend(loc="outside upper left", ncols=4, handlelength=1.0, columnspacing=1.4)
        largest = max(sets, key=lambda one: one.total)
        alternative = "Bytes that each layer touches: " + "; ".join(f"{s.layer} {count(s.total)}" for s in sets)
        return style.image(canvas, "working-set", f"{alternative}.", _caption(largest, sets, memories))


def _caption(largest: WorkingSet, sets: list[WorkingSet], memories: dict[str, float]) -> str:
    text = f"{largest.layer} touches the most, {quantity(largest.total, 'B')}"
    caches = {name: size for name, size in memories.items() if "cache" in name}
    for name, size in caches.items():
        fitting = sum(one.weights <= size for one in sets if one.weights)
        weighted = sum(bool(one.weights) for one in sets)
        text += f"; the weights of {fitting} of {weighted} layers fit the {name} ({quantity(size, 'B')})"
    return f"{text}. The SRAM holds inputs and outputs, flash the weights."
