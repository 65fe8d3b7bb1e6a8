"""Every schedule of the generated C gives what the golden model gives, which knows of no schedules."""

import dataclasses
import random

import pytest
from c_programs import assert_parity
from network_zoo import quantized, random_network, scrambled, spec_of

from specc.codegen.generate import plan_arena
from specc.codegen.kernels import GENERIC, X86, family_of
from specc.codegen.toolchain import Toolchain
from specc.graph.execution import Execution, Step, runs_by_rows, runs_in_tiles
from specc.graph.lifetimes import ALIGNMENT
from specc.graph.planner import Request, as_declared, least_memory
from specc.numerics.quantized import QuantizedNetwork
from specc.spec.model import Fusion, LayerSpec, QuantizationRow

FAMILY_OF_HOST = family_of("host", has_dsp=False)


def cut_at_random(network: QuantizedNetwork, seed: int) -> Execution:
    """Neighbours by rows, wherever they can be, in runs of random length."""
    choose = random.Random(seed)
    steps: list[Step] = []
    first = 0
    while first < len(network.network.layers):
        last = min(first + choose.randint(0, 9), len(network.network.layers) - 1)
        tried = (runs_by_rows(network.network, first, end, network.window_sums) for end in range(last, first - 1, -1))
        step = next((step for step in tried if step), Step(first, first))
        steps.append(step)
        first = step.last + 1
    return Execution(tuple(steps))


def request(network: QuantizedNetwork, *, streamed: bool = False) -> Request:
    return Request(network.network, network.value_bytes, network.window_sums, streamed=streamed, alignment=ALIGNMENT)


def scheduled(network: QuantizedNetwork, execution: Execution) -> QuantizedNetwork:
    return dataclasses.replace(network, execution=execution)


@pytest.mark.parametrize("seed", range(400, 404))
def test_random_networks_by_rows(toolchain: Toolchain, seed: int) -> None:
    network = scrambled(random_network(seed, layers=40), seed)
    assert_parity(toolchain, scheduled(network, cut_at_random(network, seed)), 4, "-O2")


@pytest.mark.skipif(FAMILY_OF_HOST != X86, reason="this computer is no x86")
@pytest.mark.parametrize("seed", [404, pytest.param(405, marks=pytest.mark.slow)])
def test_random_networks_by_rows_with_x86_kernels(toolchain: Toolchain, seed: int) -> None:
    network = scrambled(random_network(seed, layers=40), seed)
    assert_parity(toolchain, scheduled(network, cut_at_random(network, seed)), 4, "-O2", family=X86)


def residual(seed: int) -> QuantizedNetwork:
    """Chains with strides, paddings and skips, as the reference networks have them."""
    choose = random.Random(seed)
    layers = []
    for block in range(3):
        stride = (choose.randint(1, 2), choose.randint(1, 2))
        kernel = (choose.randint(1, 4), choose.randint(1, 4))
        layers += [
            LayerSpec(name=f"d{block}", kind="dwconv", kernel=kernel, stride=stride, padding="same"),
            LayerSpec(name=f"p{block}", kind="conv", kernel=(1, 1), units=5, activation="relu"),
            LayerSpec(name=f"c{block}", kind="conv", kernel=(3, 3), units=5, padding="same", activation="relu6"),
            LayerSpec(name=f"a{block}", kind="add", inputs=(f"c{block}", f"p{block}")),
            LayerSpec(name=f"r{block}", kind="relu"),
            LayerSpec(name=f"m{block}", kind="maxpool", kernel=(2, 3), stride=(1, 1), padding="same"),
        ]
    layers.append(LayerSpec(name="pool", kind="avgpool"))
    layers.append(LayerSpec(name="classes", kind="dense", units=3))
    shape = (choose.randint(9, 23), choose.randint(9, 15), 3)
    return quantized(spec_of(layers, shape, [QuantizationRow(layer="*", bits=choose.choice([8, 12]))], seed))


def in_tiles_at_random(network: QuantizedNetwork, seed: int) -> Execution:
    """The longest runs that can be in tiles, of random width, and every other layer as a whole."""
    choose = random.Random(seed)
    steps: list[Step] = []
    first, layers = 0, network.network.layers
    while first < len(layers):
        step = Step(first, first)
        for last in range(min(len(layers) - 1, first + choose.randint(1, 12)), first, -1):
            shape = layers[last].output_shape
            width = choose.randint(1, max(1, shape[1] - 1)) if len(shape) == 3 else 1
            if (found := runs_in_tiles(network.network, first, last, width)) is not None:
                step = found
                break
        steps.append(step)
        first = step.last + 1
    return Execution(tuple(steps))


@pytest.mark.parametrize("family", dict.fromkeys([GENERIC, FAMILY_OF_HOST]))
@pytest.mark.parametrize("seed", [*range(4), *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(4, 40))])
def test_tiles(toolchain: Toolchain, seed: int, family: str) -> None:
    network = scrambled(residual(seed), seed)
    network = scheduled(network, in_tiles_at_random(network, seed))
    assert any(tiles.count > 1 for tiles in network.tiles.values())
    assert_parity(toolchain, network, 3, "-O2", family=family)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("streamed", [False, True])
def test_least_memory(toolchain: Toolchain, seed: int, *, streamed: bool) -> None:
    network = residual(seed)
    wanted = request(network, streamed=streamed)
    network = scheduled(network, least_memory(wanted))
    assert_parity(toolchain, network, 3, "-O2")
    assert wanted.peak(network.steps) <= plan_arena(dataclasses.replace(network, execution=None)).size
    assert (network.network.input in network.rings) == streamed


def pooled(seed: int, *, depthwise: bool) -> QuantizedNetwork:
    """A convolution whose outputs are only averaged, run as window sums."""
    choose = random.Random(seed)
    size = (choose.randint(3, 9), choose.randint(3, 9))
    kernel = (choose.randint(1, min(4, size[0])), choose.randint(1, min(4, size[1])))
    layers = [
        LayerSpec(
            name="conv",
            kind="dwconv" if depthwise else "conv",
            kernel=kernel,
            stride=(choose.randint(1, 3), choose.randint(1, 3)),
            padding=choose.choice(["same", "valid"]),
            units=None if depthwise else choose.randint(1, 5),
        ),
        LayerSpec(name="gap", kind="avgpool"),
        LayerSpec(name="dense", kind="dense", units=3),
    ]
    rows = [QuantizationRow(layer="*", bits=choose.choice([8, 12]))]
    if choose.random() < 0.5:
        layers.insert(0, LayerSpec(name="before", kind="conv", kernel=(3, 3), padding="same", units=3))
    spec = spec_of(layers, (*size, choose.randint(1, 6)), rows, seed)
    fusions = (Fusion(layers=("conv", "gap"), method="window_sums"),)
    return quantized(spec.model_copy(update={"model": spec.model.model_copy(update={"fusions": fusions})}))


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("depthwise", [False, True])
def test_window_sums(toolchain: Toolchain, seed: int, *, depthwise: bool) -> None:
    network = pooled(seed, depthwise=depthwise)
    streamed = bool(seed % 2)
    network = scheduled(network, as_declared(request(network, streamed=streamed)))
    assert_parity(toolchain, network, 4, "-O2")
