"""The working set of every layer against the memories it must fit into."""

from __future__ import annotations

import math

from specc.explain.working_set import WorkingSet, capacities, working_sets
from specc.numerics.quantized import QuantizedNetwork
from specc.report import style
from specc.report.numbers import count, quantity
from specc.spec.hardware import Target


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
