"""The tensor map: which activation lies where in memory while each layer runs."""

from __future__ import annotations

from specc.codegen.arena import Arena
from specc.codegen.generate import plan_arena
from specc.numerics.quantized import QuantizedNetwork
from specc.report import style
from specc.report.numbers import count

_MOST_STEPS = 60  # beyond that no rectangle is wide enough to be read


def tensor_map(network: QuantizedNetwork | None) -> style.Image | None:
    """A rectangle for each buffer: its life from left to right, its bytes from bottom to top."""
    if network is None or not 2 <= len(network.network.layers) <= _MOST_STEPS:
        return None
    arena = plan_arena(network)
    names = [layer.name for layer in network.network.layers]
    with style.figure(2.4) as canvas:
        axes = canvas.subplots()
        for index, buffer in enumerate(arena.buffers):
            offset, steps = arena.offsets[buffer.name] / 1024, buffer.last - buffer.first + 1
            colour = (style.SKY, style.PALE)[index % 2]
            axes.bar(
                buffer.first, buffer.size / 1024, width=steps, bottom=offset, align="edge", color=colour,
                edgecolor="white", linewidth=0.8,
            )  # fmt: skip
            if buffer.size >= arena.size / 14:
                middle = (buffer.first + steps / 2, offset + buffer.size / 2048)
                label = style.plain(buffer.name, 6 * steps)
                axes.annotate(label, middle, ha="center", va="center", fontsize=style.SIZE - 1)
        axes.axhline(arena.size / 1024, color=style.INK, linewidth=0.8)
        axes.set_xlim(0, len(names))
        axes.set_ylim(0, arena.size / 1024 * 1.04)
        axes.set_xticks(
            [step + 0.5 for step in range(len(names))], [style.plain(n, 14) for n in names], rotation=40, ha="right"
        )
        axes.set_ylabel("activations, KiB")
        axes.tick_params(axis="x", length=0)
        return style.image(canvas, "tensors", _alternative(arena), _caption(arena, names))


def _alternative(arena: Arena) -> str:
    parts = [
        f"{buffer.name} {count(buffer.size)} B from byte {count(arena.offsets[buffer.name])}, steps {buffer.first + 1} "
        f"to {buffer.last + 1}"
        for buffer in arena.buffers
    ]
    return "Activations in memory: " + "; ".join(parts) + "."


def _caption(arena: Arena, names: list[str]) -> str:
    live = [sum(b.size for b in arena.buffers if b.first <= step <= b.last) for step in range(len(names))]
    fullest = names[live.index(max(live))]
    proof = (
        "no placement of whole tensors needs less"
        if arena.optimal
        else f"no placement of whole tensors needs less than {count(arena.bound)} B"
    )
    return f"The activations need {count(arena.size)} B, all of it first while {fullest} runs; {proof}."
