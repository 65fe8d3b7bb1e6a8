"""Least bytes per layer, counted by hand."""

import pytest

from specc.graph.network import Layer, Network
from specc.graph.traffic import least_traffic
from specc.graph.widths import code_bytes
from specc.spec.model import QuantizationTable

NOTHING = frozenset[str]()


def network(*layers: Layer) -> Network:
    return Network(name="n", input="x", input_shape=layers[0].input_shapes[0], layers=layers)


def traffic(layer: Layer, kept: frozenset[str] = NOTHING, table: QuantizationTable | None = None) -> int:
    return least_traffic(layer, code_bytes(network(layer), table), table, kept)


def layer(kind, shape, output, **options) -> Layer:
    inputs = options.pop("inputs", ("x",))
    return Layer("a", kind, inputs, (shape,) * len(inputs), output, **options)


@pytest.mark.parametrize(
    ("one", "codes"),
    [
        (layer("dense", (5,), (3,)), 15 + 5 + 3),
        (layer("add", (2, 2, 3), (2, 2, 3), inputs=("x", "x")), 12 + 12),  # one tensor, read once
        (layer("relu", (2, 2, 3), (2, 2, 3)), 12),  # in place: nothing need be written
        (layer("flatten", (2, 2, 3), (12,)), 0),
        (layer("softmax", (12,), (12,)), 24),
        (layer("maxpool", (5, 5, 2), (2, 2, 2), kernel=(2, 2), stride=(2, 2)), 4 * 4 * 2),  # the last row is not met
        (layer("avgpool", (4, 4, 2), (2, 2, 2), kernel=(1, 1), stride=(3, 3)), 4 * 2 + 4 * 2),  # steps over the rest
        (layer("conv", (4, 4, 2), (2, 2, 3), kernel=(3, 3)), 3 * 9 * 2 + 16 * 2 + 4 * 3),
        # 3x3 same on one pixel: only the middle tap meets it
        (layer("dwconv", (1, 1, 4), (1, 1, 4), kernel=(3, 3), pad_before=(1, 1)), 4 + 4 + 4),
    ],
    ids=lambda value: value.kind if isinstance(value, Layer) else "",
)
def test_codes_without_a_quantization_are_floats(one: Layer, codes: int) -> None:
    assert traffic(one) == 4 * codes


def test_kept_tensors_cost_nothing() -> None:
    dense = layer("dense", (5,), (3,))
    assert traffic(dense, frozenset({"x"})) == 4 * (15 + 3)
    assert traffic(dense, frozenset({"a"})) == 4 * (15 + 5)
