"""The activation planner: nothing that is needed overlaps, and the plan reaches the known bounds."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from specc.codegen.arena import place, place_optimally, plan
from specc.graph.build import build_network
from specc.graph.lifetimes import ALIGNMENT, Buffer
from specc.graph.network import Network
from specc.spec.model import InputSpec, LayerSpec, ModelSpec


def network(shape: tuple[int, ...], *layers: LayerSpec) -> Network:
    return build_network(ModelSpec(name="n", input=InputSpec(name="x", shape=shape), layers=layers))


def peak(buffers: list[Buffer]) -> int:
    """The liveness bound: most bytes needed at any one step."""
    return max(sum(b.size for b in buffers if b.first <= step <= b.last) for step in range(40))


buffers = st.lists(st.tuples(st.integers(1, 500), st.integers(0, 30), st.integers(0, 8)), min_size=1, max_size=25).map(
    lambda rows: [Buffer(f"b{i}", 4 * size, first, first + last) for i, (size, first, last) in enumerate(rows)]
)


@given(buffers)
def test_buffers_needed_together_never_overlap(wanted: list[Buffer]) -> None:
    offsets = place(wanted)
    for a, b in itertools.combinations(wanted, 2):
        if a.overlaps(b):
            assert offsets[a.name] + a.size <= offsets[b.name] or offsets[b.name] + b.size <= offsets[a.name]
    size = max(offsets[b.name] + b.size for b in wanted)
    assert peak(wanted) <= size <= sum(b.size for b in wanted)


def test_a_gap_is_filled_by_what_fits_it_best() -> None:
    wanted = [
        Buffer("a", 100, 0, 9),
        Buffer("hole", 48, 0, 1),
        Buffer("b", 40, 0, 9),
        Buffer("small", 36, 5, 6),  # lives when "hole" is free again
    ]
    offsets = place(wanted)
    assert offsets == {"a": 0, "hole": 100, "b": 148, "small": 100}


@pytest.mark.parametrize(("code_bytes", "expected"), [(1, 16_000), (2, 32_000)])
def test_keyword_spotting_reaches_the_liveness_bound(code_bytes: int, expected: int) -> None:
    blocks = [
        layer
        for i in range(4)
        for layer in (
            LayerSpec(name=f"d{i}", kind="dwconv", kernel=(3, 3), padding="same"),
            LayerSpec(name=f"p{i}", kind="conv", kernel=(1, 1), units=64),
        )
    ]
    first = LayerSpec(name="c", kind="conv", kernel=(10, 4), stride=(2, 2), padding="same", units=64)
    graph = network((49, 10, 1), first, *blocks, LayerSpec(name="a", kind="avgpool"))
    arena = plan(graph, dict.fromkeys(["x", *(layer.name for layer in graph.layers)], code_bytes))
    assert arena.size == expected


def test_flatten_shares_memory_and_keeps_it_alive() -> None:
    graph = network(
        (2, 2, 2),
        LayerSpec(name="f", kind="flatten"),
        LayerSpec(name="d", kind="dense", units=3),
        LayerSpec(name="e", kind="dense", inputs=("f",), units=5),
    )
    arena = plan(graph, dict.fromkeys(["x", "f", "d", "e"], 1))
    assert arena.offsets["f"] == arena.offsets["x"] == 0
    assert arena.offsets["d"] >= 8 and arena.offsets["e"] >= 8  # the input, read again by e, is still there


def test_a_skip_connection_keeps_its_tensor() -> None:
    graph = network(
        (4, 4, 2),
        LayerSpec(name="a", kind="relu"),
        LayerSpec(name="b", kind="relu"),
        LayerSpec(name="c", kind="add", inputs=("a", "b")),
    )
    arena = plan(graph, dict.fromkeys("xabc", 1))
    # a writes over x, which nobody else reads; b must not write over a, which c reads; c writes over a.
    assert arena.offsets["x"] == arena.offsets["a"] == arena.offsets["c"]
    assert abs(arena.offsets["b"] - arena.offsets["a"]) == 32
    assert arena.size == arena.bound == 64


def test_an_input_in_wider_codes_is_not_written_over() -> None:
    graph = network((8,), LayerSpec(name="a", kind="relu"), LayerSpec(name="b", kind="dense", units=1))
    assert plan(graph, {"x": 2, "a": 1, "b": 1}).size == 24


def test_the_solver_closes_the_gap_that_the_greedy_placement_leaves() -> None:
    """Greedy puts b above c, and d above both; with b at the top everything fits into the peak."""
    wanted = [Buffer("a", 40, 6, 10), Buffer("b", 40, 3, 7), Buffer("c", 44, 0, 4), Buffer("d", 8, 5, 6)]
    greedy = place(wanted)
    assert max(greedy[b.name] + b.size for b in wanted) == 92
    offsets, bound = place_optimally(wanted, greedy)
    assert max(offsets[b.name] + b.size for b in wanted) == bound == peak(wanted) == 88


@given(buffers)
def test_the_optimum_is_never_worse_and_its_bound_never_above_it(wanted: list[Buffer]) -> None:
    start = place(wanted)
    offsets, bound = place_optimally(wanted, start)
    for a, b in itertools.combinations(wanted, 2):
        if a.overlaps(b):
            assert offsets[a.name] + a.size <= offsets[b.name] or offsets[b.name] + b.size <= offsets[a.name]
    sizes = [max(found[b.name] + b.size for b in wanted) for found in (start, offsets)]
    assert peak(wanted) <= bound <= sizes[1] <= sizes[0]


def test_offsets_are_aligned_to_words() -> None:
    graph = network((3,), LayerSpec(name="d", kind="dense", units=5), LayerSpec(name="e", kind="dense", units=7))
    arena = plan(graph, {"x": 1, "d": 2, "e": 1})
    assert all(offset % ALIGNMENT == 0 for offset in arena.offsets.values())
