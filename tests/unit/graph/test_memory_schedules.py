"""Memory of the schedules: the figures of the reference sheet, and a liveness bound computed another way."""

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from specc.graph.build import build_network
from specc.graph.memory import liveness_bound, schedule, schedules, streamable, weight_bytes
from specc.graph.network import Network
from specc.spec.model import Fusion, InputSpec, LayerSpec, ModelSpec, QuantizationRow, QuantizationTable

EIGHT_BITS = QuantizationTable(model="m", rows=(QuantizationRow(layer="*", bits=8),))


def edge() -> tuple[Network, QuantizationTable]:
    layers = (
        LayerSpec(name="conv", kind="dwconv", kernel=(3, 3), padding="same"),
        LayerSpec(name="gap", kind="avgpool"),
        LayerSpec(name="mlp1", kind="dense", units=32, activation="relu"),
        LayerSpec(name="mlp2", kind="dense", units=16),
    )
    model = ModelSpec(name="edge", input=InputSpec(name="frame", shape=(32, 32, 16)), layers=layers)
    rows = tuple(QuantizationRow(layer=name, bits=bits) for name, bits in (("conv", 8), ("mlp1", 12), ("mlp2", 16)))
    return build_network(model), QuantizationTable(model="edge", rows=rows)


def test_the_reference_sheet() -> None:
    network, table = edge()
    assert weight_bytes(network, table) == (144 + 64) + (1_024 + 128) + (1_024 + 64) == 2_448
    resident = {
        candidate.name: candidate.total_bytes for candidate in schedules(network, table) if not candidate.planned
    }
    assert resident == {
        "every tensor resident": 35_344,
        "conv+gap fused": 19_024,
        "frame streamed by rows": 1_536 + 16_384 + 128 + 2_448,
        "frame streamed by rows, conv+gap fused": 4_176,
    }


def test_window_sums_hold_one_row_and_a_sum_for_each_class() -> None:
    network, table = edge()
    fusion = Fusion(layers=("conv", "gap"), method="window_sums")
    found = schedule(network, table, fusions=(fusion,), streamed=True)
    assert found.total_bytes == 32 * 16 + 9 * 16 * 4 + 128 + 2_448


def test_the_keyword_spotting_network_needs_16_000_bytes(keyword_spotting: Network) -> None:
    assert liveness_bound(keyword_spotting, EIGHT_BITS) == 16_000


def test_a_residual_block_keeps_its_shortcut_alive() -> None:
    layers = (
        LayerSpec(name="a", kind="conv", kernel=(3, 3), units=16, padding="same"),
        LayerSpec(name="b", kind="conv", kernel=(3, 3), units=16, padding="same"),
        LayerSpec(name="c", kind="conv", kernel=(3, 3), units=16, padding="same"),
        LayerSpec(name="s", kind="add", inputs=("a", "c")),
    )
    network = build_network(ModelSpec(name="m", input=InputSpec(name="x", shape=(32, 32, 3)), layers=layers))
    assert liveness_bound(network, EIGHT_BITS) == 3 * 16_384  # the bound of the image classification network, too


def test_a_flatten_takes_no_memory() -> None:
    layers = (LayerSpec(name="f", kind="flatten"), LayerSpec(name="d", kind="dense", units=10))
    network = build_network(ModelSpec(name="m", input=InputSpec(name="x", shape=(4, 4, 2)), layers=layers))
    assert liveness_bound(network, EIGHT_BITS) == 32 + 10


def random_network(seed: int) -> Network:
    """Layers that read any earlier tensor, all of one shape, so that everything can be added."""
    generator = random.Random(seed)
    names = ["x"]
    layers: list[LayerSpec] = []
    for index in range(generator.randint(1, 9)):
        name = f"t{index}"
        if generator.random() < 0.4:
            inputs = (generator.choice(names), generator.choice(names))
            layers.append(LayerSpec(name=name, kind="add", inputs=inputs))
        else:
            units = generator.choice(names)
            layers.append(LayerSpec(name=name, kind="dense", units=7, inputs=(units,)))
        names.append(name)
    return build_network(ModelSpec(name="m", input=InputSpec(name="x", shape=(7,)), layers=tuple(layers)))


@given(st.integers(0, 10_000))
def test_the_liveness_bound_lies_between_one_layer_and_the_declared_order_without_sharing(seed: int) -> None:
    """What each order needs exactly is tested with the lifetimes; these are the ends that hold for every network."""
    network = random_network(seed)
    declared, largest_layer = 0, 0
    for now, layer in enumerate(network.layers):
        made = {network.input, *(earlier.name for earlier in network.layers[:now])}
        needed_later = {name for later in network.layers[now:] for name in later.inputs} | {network.output}
        declared = max(declared, 7 * len((made & needed_later) | {layer.name}))
        largest_layer = max(largest_layer, 7 * len(set(layer.inputs)) + (7 if layer.kind == "dense" else 0))
    if not network.consumers(network.input):
        return
    assert largest_layer <= liveness_bound(network, EIGHT_BITS) <= declared


@given(st.integers(0, 10_000))
def test_sharing_never_needs_more_than_a_place_for_each_tensor(seed: int) -> None:
    network = random_network(seed)
    apart = schedule(network, EIGHT_BITS)
    assert apart.activation_bytes == 7 * (len(network.layers) + 1)
    assert liveness_bound(network, EIGHT_BITS) <= apart.activation_bytes


@pytest.mark.parametrize(
    ("shape", "layers", "expected"),
    [
        ((8, 8, 1), (LayerSpec(name="c", kind="dwconv", kernel=(3, 3)),), True),
        ((8,), (LayerSpec(name="d", kind="dense", units=2),), False),
        ((8, 8, 1), (LayerSpec(name="d", kind="dense", units=2),), False),
        (
            (8, 8, 1),
            (
                LayerSpec(name="c", kind="dwconv", kernel=(3, 3), padding="same"),
                LayerSpec(name="s", kind="add", inputs=("c", "x")),
            ),
            False,
        ),
    ],
)
def test_only_an_image_that_one_window_reads_can_stream(
    shape: tuple[int, ...], layers: tuple[LayerSpec, ...], expected: bool
) -> None:
    network = build_network(ModelSpec(name="m", input=InputSpec(name="x", shape=shape), layers=layers))
    assert streamable(network) is expected
    if not expected:
        resident = math.prod(shape)
        assert schedule(network, EIGHT_BITS, streamed=True).activations[0].bytes == resident


def test_a_kernel_taller_than_the_image_holds_the_image_once() -> None:
    layers = (LayerSpec(name="c", kind="dwconv", kernel=(9, 1), padding="same"),)
    network = build_network(ModelSpec(name="m", input=InputSpec(name="x", shape=(4, 4, 1)), layers=layers))
    assert schedule(network, EIGHT_BITS, streamed=True).activations[0].bytes == 16
