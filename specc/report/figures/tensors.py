"""The tensor map: which activation lies where in memory while the network runs, row by row where it runs by rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from specc.codegen.arena import Arena
from specc.codegen.generate import plan_arena
from specc.graph.execution import Step
from specc.graph.lifetimes import Buffer
from specc.graph.row_lives import rings_of, row_lives
from specc.measure.planning import as_measured
from specc.numerics.quantized import QuantizedNetwork
from specc.report import style
from specc.report.inputs import ReportInputs
from specc.report.numbers import count

_MOST_LAYERS: Final = 60  # beyond that no rectangle is wide enough to be read
_LETTERS: Final = 120  # that fit beside each other
_SHORTEST: Final = 5  # a name with fewer letters left is no name
_MOST_ROWS: Final = 1500  # rows of rings that are drawn one by one


def tensor_maps(inputs: ReportInputs) -> tuple[style.Image, ...]:
    """A map for each schedule that a target was measured with; of whole layers where there is none."""
    if inputs.quantized is None:
        return ()
    schedules: dict[str, tuple[QuantizedNetwork, list[str]]] = {}
    for name, result in inputs.measurements.items():
        if (found := as_measured(inputs.spec, inputs.quantized, result)) is not None:
            schedules.setdefault(found.schedule, (found, []))[1].append(name)
    if len(schedules) < 2:
        network = next((network for network, _ in schedules.values()), inputs.quantized)
        maps = [tensor_map(network)]
    else:
        maps = [tensor_map(network, targets) for network, targets in schedules.values()]
    return tuple(found for found in maps if found is not None)


def tensor_map(network: QuantizedNetwork, targets: list[str] | None = None) -> style.Image | None:
    """A rectangle for each buffer: its life from left to right, its bytes from bottom to top. In a ring, a bar for each
    row that it holds.

    Args:
        network: with the schedule that it runs by.
        targets: those with this schedule, where there are others.
    """
    if not 2 <= len(network.network.layers) <= _MOST_LAYERS:
        return None
    arena = plan_arena(network)
    time = _Time.of(network)
    with style.figure(2.4) as canvas:
        axes = canvas.subplots()
        for index in range(len(arena.buffers)):
            _draw_buffer(axes, network, arena, time, index)
        _draw_rows(axes, network, arena, time)
        axes.axhline(arena.size / 1024, color=style.INK, linewidth=0.8)
        axes.set_xlim(0, time.edges[-1])
        axes.set_ylim(0, arena.size / 1024 * 1.04)
        axes.set_xticks(time.middles, time.labels, rotation=40, ha="right")
        axes.set_ylabel("activations, KiB")
        axes.tick_params(axis="x", length=0)
        name = f"tensors-{targets[0]}" if targets else "tensors"
        return style.image(canvas, name, _alternative(arena, network), _caption(arena, network, targets))


@dataclass(frozen=True)
class _Time:
    """The horizontal axis: a step as wide as it has layers."""

    edges: tuple[float, ...]  # where each step begins, and where the last ends
    labels: tuple[str, ...]

    @classmethod
    def of(cls, network: QuantizedNetwork) -> _Time:
        edges, labels = [0.0], []
        for step in network.steps.steps:
            names = [layer.name for layer in network.network.layers[step.first : step.last + 1]]
            edges.append(edges[-1] + len(names))
            labels.append(
                style.plain(names[0], 14)
                if len(names) == 1
                else f"{style.plain(names[0], 10)} to {style.plain(names[-1], 10)}"
            )
        return cls(tuple(edges), tuple(labels))

    @property
    def middles(self) -> list[float]:
        return [(first + last) / 2 for first, last in zip(self.edges, self.edges[1:], strict=False)]

    def of_buffer(self, buffer: Buffer) -> tuple[float, float]:
        """Where its life begins and ends; the output is needed until it is read, behind the last step."""
        return self.edges[buffer.first], self.edges[min(buffer.last + 1, len(self.edges) - 1)]


def _draw_buffer(axes: Any, network: QuantizedNetwork, arena: Arena, time: _Time, index: int) -> None:
    buffer = arena.buffers[index]
    ring = buffer.name in _rings(network)
    name = f"sums of {buffer.name}" if buffer.name in network.window_sums else buffer.name
    begin, end = time.of_buffer(buffer)
    offset = arena.offsets[buffer.name] / 1024
    look = (
        {"color": "white", "edgecolor": style.BLUE, "linewidth": 0.6}
        if ring
        else {"color": (style.SKY, style.PALE)[index % 2], "edgecolor": "white", "linewidth": 0.8}
    )
    axes.bar(begin, buffer.size / 1024, width=end - begin, bottom=offset, align="edge", **look)
    longest = int(_LETTERS * (end - begin) / time.edges[-1])
    if buffer.size >= arena.size / 14 and longest >= _SHORTEST:
        label = style.plain(name, longest)
        axes.annotate(
            label, ((begin + end) / 2, offset + buffer.size / 2048), ha="center", va="center", fontsize=style.SIZE - 1,
            zorder=4, bbox={"boxstyle": "square,pad=0.1", "color": "white", "alpha": 0.75} if ring else None,
        )  # fmt: skip


def _draw_rows(axes: Any, network: QuantizedNetwork, arena: Arena, time: _Time) -> None:
    """A bar for each row of a ring, in its place, from the call that makes it to the last that reads it."""
    sizes = {buffer.name: buffer.size for buffer in arena.buffers}
    for number, step in enumerate(network.steps.steps):
        begin, end = time.edges[number], time.edges[number + 1]
        for tensor, row, first, last in _rows(network, step):
            rows = rings_of(step)[tensor]
            height = sizes[tensor] / rows / 1024
            call = (end - begin) / (len(step.calls) * step.times)
            axes.bar(
                begin + first * call, height, width=(last + 1 - first) * call, align="edge", linewidth=0,
                bottom=arena.offsets[tensor] / 1024 + row % rows * height,
                color=(style.BLUE, style.SKY)[row % 2], zorder=3,
            )  # fmt: skip


def _rows(network: QuantizedNetwork, step: Step) -> Iterator[tuple[str, int, int, int]]:
    """Tensor, row, first and last call; nothing where there are too many to be seen."""
    if not step.calls:
        return
    lives = row_lives(network.network, step, network.window_sums)
    if sum(map(len, lives.values())) > _MOST_ROWS:
        return
    for tensor, own in lives.items():
        for life in own:
            yield tensor, life.row, life.first, life.last


def _alternative(arena: Arena, network: QuantizedNetwork) -> str:
    parts = [
        f"{_named(buffer.name, network)} {count(buffer.size)} B from byte {count(arena.offsets[buffer.name])}, steps "
        f"{buffer.first + 1} to {buffer.last + 1}"
        for buffer in arena.buffers
    ]
    return "Activations in memory: " + "; ".join(parts) + "."


def _named(tensor: str, network: QuantizedNetwork) -> str:
    if tensor in network.window_sums:
        return f"sums of {tensor}"
    rows = _rings(network).get(tensor)
    return tensor if rows is None else f"{rows} row{'s' if rows > 1 else ''} of {tensor}"


def _rings(network: QuantizedNetwork) -> dict[str, int]:
    """Rows of every ring, by its buffer."""
    return {name: rows for step in network.steps.steps for name, rows in rings_of(step).items()}


def _caption(arena: Arena, network: QuantizedNetwork, targets: list[str] | None) -> str:
    steps = network.steps.steps
    live = [sum(b.size for b in arena.buffers if b.first <= step <= b.last) for step in range(len(steps))]
    fullest = steps[live.index(max(live))]
    names = [layer.name for layer in network.network.layers[fullest.first : fullest.last + 1]]
    way = "in tiles" if fullest.tiles else "by rows"
    running = f"{names[0]} runs" if len(names) == 1 else f"{names[0]} to {names[-1]} run {way}"
    what = "whole tensors" if not network.rings else "these tensors and rings"
    proof = f"no placement of {what} needs less"
    if not arena.optimal:
        proof += f" than {count(arena.bound)} B"
    rings = " In a ring, a bar is a row from the call that makes it to the last that reads it." if network.rings else ""
    if any(step.tiles for step in steps):
        rings += " In tiles, each has its own rows, as wide as the tile and its halo."
    where = f"On {', '.join(targets)}: the" if targets else "The"
    return f"{where} activations need {count(arena.size)} B, all of it first while {running}; {proof}.{rings}"
