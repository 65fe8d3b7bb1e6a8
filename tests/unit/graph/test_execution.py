"""Steps by rows: every row is there when it is read, no ring is larger than need be, and planners keep their word."""

import itertools
import math
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from specc.graph.build import build_network
from specc.graph.execution import Execution, Step, resident, runs_by_rows, runs_in_tiles
from specc.graph.network import Layer, Network
from specc.graph.planner import Request, UnfitError, as_declared, least_memory, within
from specc.graph.row_cost import row_cost
from specc.spec.model import InputSpec, LayerSpec, ModelSpec


def build(shape: tuple[int, ...], *layers: LayerSpec) -> Network:
    return build_network(ModelSpec(name="m", input=InputSpec(name="x", shape=shape), layers=layers))


def random_chain(seed: int, most: int = 7) -> Network:
    """Layers that slide windows, and additions of what has the same shape."""
    choose = random.Random(seed)
    layers: list[LayerSpec] = []
    shapes = {"x": (choose.randint(3, 12), choose.randint(3, 9), 2)}
    for index in range(choose.randint(1, most)):
        source = choose.choice(list(shapes)[-2:])
        twins = [name for name in shapes if shapes[name] == shapes[source]]
        if choose.random() < 0.3:
            layer = LayerSpec(name=f"t{index}", kind="add", inputs=(source, choose.choice(twins)))
        else:
            layer = LayerSpec(
                name=f"t{index}",
                kind=choose.choice(["dwconv", "maxpool"]),
                inputs=(source,),
                kernel=(choose.randint(1, min(4, shapes[source][0])), choose.randint(1, min(3, shapes[source][1]))),
                stride=(choose.randint(1, 3), choose.choice([1, 1, 2])),
                padding=choose.choice(["same", "valid"]),
            )
        layers.append(layer)
        network = build(shapes["x"], *layers)
        shapes[layer.name] = network.output_shape
    return network


def windows_of(layer: Layer, row: int) -> range:
    """Input rows that an output row needs, counted one by one."""
    if layer.kind == "add":
        return range(row, row + 1)
    top = row * layer.stride[0] - layer.pad_before[0]
    inside = [r for r in range(top, top + layer.kernel[0]) if 0 <= r < layer.input_shapes[0][0]]
    return range(inside[0], inside[-1] + 1)


def replay(network: Network, step: Step) -> None:
    """Follow the calls with memory as small as the rings say: each place holds the row that was written last."""
    memory: dict[str, dict[int, int]] = {name: {} for name in (network.input, *(la.name for la in network.layers))}
    calls: dict[int, int] = {}
    for index, call in step.calls:
        assert call == calls.get(index, 0), "the calls of a layer come in order"
        calls[index] = call + 1
        arriving = index == len(network.layers)
        name = network.input if arriving else network.layers[index].name
        for source in () if arriving else network.layers[index].inputs:
            if source in step.rings or any(source == la.name for la in network.layers[step.first : step.last + 1]):
                for row in windows_of(network.layers[index], call):
                    place = row % step.rings.get(source, row + 1)
                    assert memory[source].get(place) == row, f"{name} reads row {row} of {source}"
        memory[name][call % step.rings.get(name, call + 1)] = call
    assert all(calls[i] == network.layers[i].output_shape[0] for i in range(step.first, step.last + 1))


@given(st.integers(0, 100_000), st.booleans())
@settings(max_examples=200)
def test_every_row_is_there_when_it_is_read(seed: int, streamed: bool) -> None:
    network = random_chain(seed)
    step = runs_by_rows(network, 0, len(network.layers) - 1, streamed=streamed)
    assert step is not None
    replay(network, step)
    assert (network.input in step.rings) == (streamed and bool(network.consumers(network.input)))
    assert network.output not in step.rings


@given(st.integers(0, 100_000), st.integers(0, 30))
@settings(max_examples=100)
def test_half_a_ring_loses_a_row(seed: int, which: int) -> None:
    network = random_chain(seed)
    step = runs_by_rows(network, 0, len(network.layers) - 1, streamed=True)
    assert step is not None
    shrinkable = [name for name, rows in step.rings.items() if rows > 1 and network.consumers(name)]
    if not shrinkable:
        return
    name = shrinkable[which % len(shrinkable)]
    smaller = Step(step.first, step.last, step.calls, {**step.rings, name: (step.rings[name] + 1) // 2})
    with pytest.raises(AssertionError, match=rf"of {name}\b"):
        replay(network, smaller)


def every_cut(network: Network, *, tiles: bool) -> list[Execution]:
    """All ways of running neighbours together; with tiles, also with their output cut into 2, 3, 4 and more parts."""
    count = len(network.layers)
    found = []
    for cuts in range(1 << (count - 1)):
        ends = [i for i in range(count) if i == count - 1 or cuts >> i & 1]
        choices: list[list[Step]] = []
        first = 0
        for end in ends:
            step = Step(first, end) if first == end else runs_by_rows(network, first, end)
            assert step is not None
            choices.append([step])
            if tiles and first < end:
                columns = network.layers[end].output_shape[1]
                widths = {math.ceil(columns / parts) for parts in (2, 3, 4, 6, 8)} - {columns}
                cut = (runs_in_tiles(network, first, end, width) for width in sorted(widths))
                choices[-1] += [one for one in cut if one]
            first = end + 1
        found += [Execution(steps) for steps in itertools.product(*choices)]
    return found


@given(st.integers(0, 100_000))
@settings(max_examples=30, deadline=None)
def test_no_way_of_cutting_needs_less(seed: int) -> None:
    network = random_chain(seed, most=5)
    widths = dict.fromkeys((network.input, *(layer.name for layer in network.layers)), 1)
    request = Request(network, widths)
    by_rows, every = every_cut(network, tiles=False), every_cut(network, tiles=True)

    def cost(execution: Execution) -> int:
        return sum(row_cost(network, widths, step) for step in execution.steps)

    least = least_memory(request)
    best = min(map(request.peak, every))
    assert request.peak(least) == best
    assert cost(least) == min(cost(e) for e in every if request.peak(e) == best)
    limit = (best + request.peak(resident(network))) // 2
    chosen = within(request, limit)
    assert request.peak(chosen) <= limit
    # Tiles compute something twice: only where rows alone do not fit.
    tried = by_rows if min(map(request.peak, by_rows)) <= limit else every
    assert cost(chosen) == min(cost(e) for e in tried if request.peak(e) <= limit)


def test_a_limit_that_whole_tensors_keep_runs_nothing_by_rows(keyword_spotting: Network) -> None:
    network = keyword_spotting
    request = Request(network, dict.fromkeys((network.input, *(layer.name for layer in network.layers)), 1))
    assert within(request, 16_000).row_calls == 0
    assert 0 < request.peak(within(request, 15_999)) < 16_000
    # Three rows under each depthwise kernel, in rings of four, and one row of each other layer, 5 columns of 64 codes;
    # the sums of the pool and its output; the input, whole.
    assert request.peak(least_memory(request)) == 490 + (4 * 4 + 4 + 1) * 320 + 64 * 4 + 64 == 7_530


def test_a_fusion_that_is_no_work_is_refused() -> None:
    layers = (LayerSpec(name="c", kind="conv", kernel=(3, 3), units=2), LayerSpec(name="f", kind="flatten"))
    network = build((6, 6, 1), *layers, LayerSpec(name="d", kind="dense", units=2))
    widths = dict.fromkeys(("x", "c", "f", "d"), 1)
    with pytest.raises(UnfitError, match="layer c"):
        as_declared(Request(network, widths, together=(("c", "f"),)))
    declared = as_declared(Request(network, widths, streamed=True))
    assert [bool(step.calls) for step in declared.steps] == [True, False, False]
    assert declared.rings == {"x": 4}
