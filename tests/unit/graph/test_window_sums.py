"""Window sums against the convolution and the pool computed by their definitions."""

import random
from collections import Counter
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from specc.graph.build import build_network
from specc.graph.network import Layer
from specc.graph.rewrites import pooled_convolutions, window_sums
from specc.spec.model import InputSpec, LayerSpec, ModelSpec, Padding


def convolution(size: int, kernel: int, stride: int, padding: Padding, channels: int = 1) -> Layer:
    layer = LayerSpec(name="c", kind="dwconv", kernel=(kernel, kernel), stride=(stride, stride), padding=padding)
    model = ModelSpec(
        name="m",
        input=InputSpec(name="x", shape=(size, size, channels)),
        layers=(layer, LayerSpec(name="p", kind="avgpool")),
    )
    ((found, _pool),) = pooled_convolutions(build_network(model))
    return found


def taps_met(layer: Layer) -> dict[tuple[int, int], frozenset[tuple[int, int]]]:
    """Which kernel taps meet each input position over all output positions, by the definition of a convolution."""
    height, width = layer.input_shapes[0][:2]
    met: dict[tuple[int, int], set[tuple[int, int]]] = {}
    for out_row in range(layer.output_shape[0]):
        for out_column in range(layer.output_shape[1]):
            for tap_row in range(layer.kernel[0]):
                for tap_column in range(layer.kernel[1]):
                    row = out_row * layer.stride[0] + tap_row - layer.pad_before[0]
                    column = out_column * layer.stride[1] + tap_column - layer.pad_before[1]
                    if 0 <= row < height and 0 <= column < width:
                        met.setdefault((row, column), set()).add((tap_row, tap_column))
    return {position: frozenset(taps) for position, taps in met.items()}


@given(st.integers(1, 9), st.integers(1, 4), st.integers(1, 5), st.sampled_from(["same", "valid"]), st.integers(1, 3))
def test_counts_follow_from_which_taps_meet_which_position(
    size: int, kernel: int, stride: int, padding: Padding, channels: int
) -> None:
    if padding == "valid" and kernel > size:
        return
    layer = convolution(size, kernel, stride, padding, channels)
    sums = window_sums(layer)
    assert sums is not None
    met = taps_met(layer)
    assert sums.additions == len(met) * channels
    assert sums.classes == len(set(met.values())) * channels
    assert sums.macs == kernel * kernel * channels


@given(st.integers(2, 8), st.integers(1, 4), st.integers(1, 3), st.integers(0, 1000))
def test_the_rewrite_gives_the_same_integer(size: int, kernel: int, stride: int, seed: int) -> None:
    """Sums over the classes, put together per tap, give what the convolution and the sum of its outputs give."""
    layer = convolution(size, kernel, stride, "same")
    generator = random.Random(seed)
    values = {(row, column): generator.randint(-128, 127) for row in range(size) for column in range(size)}
    weights = {(row, column): generator.randint(-128, 127) for row in range(kernel) for column in range(kernel)}
    direct = sum(
        weights[tap_row, tap_column]
        * values.get(
            (
                out_row * stride + tap_row - layer.pad_before[0],
                out_column * stride + tap_column - layer.pad_before[1],
            ),
            0,
        )
        for out_row in range(layer.output_shape[0])
        for out_column in range(layer.output_shape[1])
        for tap_row in range(kernel)
        for tap_column in range(kernel)
    )
    class_sums: Counter[frozenset[tuple[int, int]]] = Counter()
    for position, taps in taps_met(layer).items():
        class_sums[taps] += values[position]
    rewritten = sum(weights[tap] * sum(total for taps, total in class_sums.items() if tap in taps) for tap in weights)
    assert rewritten == direct


def test_the_reference_sheet_takes_about_nine_thousand_cycles() -> None:
    sums = window_sums(convolution(32, 3, 1, "same", channels=16))
    assert sums is not None
    assert (sums.additions, sums.corrections, sums.macs) == (16_384, 384, 144)
    assert sums.at_least(Fraction(2), Fraction(2)) == (16_384 + 144) // 2
    assert sums.about(Fraction(2)) == 8_720


def test_an_activation_stands_in_the_way() -> None:
    layers = (
        LayerSpec(name="c", kind="conv", kernel=(1, 1), units=2, activation="relu"),
        LayerSpec(name="p", kind="avgpool"),
    )
    network = build_network(ModelSpec(name="m", input=InputSpec(name="x", shape=(4, 4, 1)), layers=layers))
    assert [pair[0].name for pair in pooled_convolutions(network)] == ["c"]
    assert window_sums(network.layer("c")) is None


def test_a_second_reader_or_a_local_pool_is_no_pair() -> None:
    conv = LayerSpec(name="c", kind="dwconv", kernel=(1, 1))
    local = LayerSpec(name="p", kind="avgpool", kernel=(2, 2))
    pool = LayerSpec(name="p", kind="avgpool")
    again = LayerSpec(name="d", kind="dense", units=1, inputs=("c",))
    for layers in ((conv, local), (conv, pool, again)):
        network = build_network(ModelSpec(name="m", input=InputSpec(name="x", shape=(4, 4, 1)), layers=layers))
        assert pooled_convolutions(network) == ()
