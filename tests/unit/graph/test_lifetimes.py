"""Lifetimes and the order of least memory, against every order there is."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from specc.graph.build import build_network
from specc.graph.lifetimes import buffers, in_least_memory_order, owners, peak
from specc.graph.network import Layer, Network
from specc.spec.model import InputSpec, LayerSpec, ModelSpec


def network(shape: tuple[int, ...], *layers: LayerSpec) -> Network:
    return build_network(ModelSpec(name="n", input=InputSpec(name="x", shape=shape), layers=layers))


def widths(graph: Network) -> dict[str, int]:
    return dict.fromkeys(["x", *(layer.name for layer in graph.layers)], 1)


def branched() -> Network:
    """Two branches from x that meet in an add; the declared order starts with the one that leaves more behind."""
    return network(
        (4, 4, 2),
        LayerSpec(name="wide", kind="conv", kernel=(1, 1), units=16, inputs=("x",)),
        LayerSpec(name="slow", kind="conv", kernel=(1, 1), units=24, inputs=("x",)),
        LayerSpec(name="small", kind="conv", kernel=(1, 1), units=4, inputs=("slow",)),
        LayerSpec(name="narrow", kind="conv", kernel=(1, 1), units=4, inputs=("wide",)),
        LayerSpec(name="sum", kind="add", inputs=("small", "narrow")),
    )


def valid_orders(graph: Network) -> list[tuple[Layer, ...]]:
    """Every order in which the layers can run, with the declared last one last."""
    found = []
    for order in itertools.permutations(graph.layers[:-1]):
        seen = {"x"}
        for layer in (*order, graph.layers[-1]):
            if not seen.issuperset(layer.inputs):
                break
            seen.add(layer.name)
        else:
            found.append((*order, graph.layers[-1]))
    return found


def test_the_order_of_least_memory_is_found() -> None:
    graph = branched()
    declared = peak(buffers(graph, widths(graph)))
    ordered = in_least_memory_order(graph, widths(graph))
    least = min(peak(buffers(replace(graph, layers=order), widths(graph))) for order in valid_orders(graph))
    # Declared: wide (256) is alive while slow (384) is made into small (64). Better: one branch to its end first.
    assert declared == 256 + 384 + 64
    assert least < declared
    assert peak(buffers(ordered, widths(ordered))) == least
    assert ordered.output == "sum"


@st.composite
def graphs(draw: st.DrawFn) -> Network:
    """Small networks with branches: each layer reads one or two earlier tensors."""
    layers: list[LayerSpec] = []
    channels = {"x": 4}
    for index in range(draw(st.integers(1, 6))):
        name = f"l{index}"
        source = draw(st.sampled_from(sorted(channels)))
        kind = draw(st.sampled_from(["conv", "relu", "tanh", "add"]))
        if kind == "add":
            other = draw(st.sampled_from([n for n in sorted(channels) if channels[n] == channels[source]]))
            layers.append(LayerSpec(name=name, kind="add", inputs=(source, other)))
            channels[name] = channels[source]
        elif kind in ("relu", "tanh"):
            layers.append(LayerSpec(name=name, kind=kind, inputs=(source,)))
            channels[name] = channels[source]
        else:
            channels[name] = draw(st.sampled_from([2, 4, 8]))
            layers.append(LayerSpec(name=name, kind="conv", kernel=(1, 1), units=channels[name], inputs=(source,)))
    return network((2, 2, 4), *layers)


@given(graphs())
def test_no_order_needs_less_and_nothing_live_shares_memory(graph: Network) -> None:
    ordered = in_least_memory_order(graph, widths(graph))
    least = min(peak(buffers(replace(graph, layers=order), widths(graph))) for order in valid_orders(graph))
    assert peak(buffers(ordered, widths(ordered))) == least
    check_sharing(ordered)


def check_sharing(graph: Network) -> None:
    """Run the network on names: every value must still be in its memory whenever a layer reads it."""
    owner = owners(graph, widths(graph))
    memory = {owner["x"]: "x"}
    for layer in graph.layers:
        for name in layer.inputs:
            assert memory[owner[name]] == name
        memory[owner[layer.name]] = layer.name
    assert memory[owner[graph.output]] == graph.output


def test_a_flatten_takes_no_memory_and_keeps_its_input_alive() -> None:
    graph = network(
        (2, 2, 2),
        LayerSpec(name="f", kind="flatten"),
        LayerSpec(name="d", kind="dense", units=3),
        LayerSpec(name="e", kind="dense", units=5, inputs=("f",)),
    )
    found = {buffer.name: buffer for buffer in buffers(graph, widths(graph), alignment=4)}
    assert set(found) == {"x", "d", "e"}
    assert (found["x"].size, found["x"].first, found["x"].last) == (8, 0, 2)
    assert found["d"].size == 4  # 3 rounded up
    assert (found["e"].first, found["e"].last) == (2, 3)  # read by the program after the last layer


def test_a_long_network_with_many_branches_keeps_its_order() -> None:
    """Sixteen branches that can be interleaved in any way: too many sets to look at."""
    branches = [LayerSpec(name=f"b{i}", kind="conv", kernel=(1, 1), units=2, inputs=("x",)) for i in range(16)]
    sums = [LayerSpec(name=f"s{i}", kind="add", inputs=(f"s{i - 1}" if i else "b0", f"b{i + 1}")) for i in range(15)]
    graph = network((2, 2, 2), *branches, *sums)
    assert in_least_memory_order(graph, widths(graph)) is graph
    assert math.prod(graph.output_shape) == 8
