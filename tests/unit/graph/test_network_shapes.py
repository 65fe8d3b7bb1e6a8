"""Shape inference against outputs counted window by window, and the message for every way of not fitting."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from specc.graph.build import build_network
from specc.graph.network import Network, ShapeError
from specc.spec.model import InputSpec, LayerSpec, ModelSpec


def network(shape: tuple[int, ...], *layers: LayerSpec) -> Network:
    return build_network(ModelSpec(name="m", input=InputSpec(name="x", shape=shape), layers=layers))


def test_the_keyword_spotting_network_has_the_published_size(keyword_spotting: Network) -> None:
    built = keyword_spotting
    assert built.macs == 2_656_768
    assert built.parameters == 22_604
    assert built.layers[0].output_shape == (25, 5, 64)
    assert built.layers[0].pad_before == (4, 1)
    assert built.shape("pool") == (1, 1, 64)
    assert built.output_shape == (12,)


def outputs_by_walking(size: int, kernel: int, stride: int, before: int, behind: int) -> int:
    """How often a window fits, found by moving it."""
    count, start = 0, -before
    while start + kernel <= size + behind:
        count, start = count + 1, start + stride
    return count


@given(st.integers(1, 40), st.integers(1, 12), st.integers(1, 9))
def test_valid_padding_counts_the_windows_that_fit(size: int, kernel: int, stride: int) -> None:
    layer = LayerSpec(name="c", kind="conv", kernel=(kernel, 1), stride=(stride, 1), units=1)
    expected = outputs_by_walking(size, kernel, stride, 0, 0)
    if expected == 0:
        with pytest.raises(ShapeError, match="does not fit"):
            network((size, 1, 1), layer)
    else:
        assert network((size, 1, 1), layer).output_shape == (expected, 1, 1)


@given(st.integers(1, 40), st.integers(1, 12), st.integers(1, 9))
def test_same_padding_adds_the_least_padding_that_reaches_every_stride(size: int, kernel: int, stride: int) -> None:
    built = network(
        (1, size, 3), LayerSpec(name="d", kind="dwconv", kernel=(1, kernel), stride=(1, stride), padding="same")
    )
    outputs = len(range(0, size, stride))
    assert built.output_shape == (1, outputs, 3)
    total = next(padding for padding in range(100) if outputs_by_walking(size, kernel, stride, 0, padding) >= outputs)
    assert built.layers[0].pad_before == (0, total // 2)


def test_a_layer_without_inputs_reads_the_one_before() -> None:
    built = network((4,), LayerSpec(name="a", kind="dense", units=3), LayerSpec(name="b", kind="dense", units=2))
    assert [layer.inputs for layer in built.layers] == [("x",), ("a",)]


def test_branches_join_in_an_add() -> None:
    built = network(
        (4, 4, 2),
        LayerSpec(name="a", kind="dwconv", kernel=(3, 3), padding="same"),
        LayerSpec(name="s", kind="add", inputs=("a", "x")),
    )
    assert built.output_shape == (4, 4, 2)
    assert {layer.name for layer in built.consumers("x")} == {"a", "s"}


def test_a_dense_layer_reads_an_image_as_one_vector() -> None:
    built = network((4, 5, 2), LayerSpec(name="d", kind="dense", units=3))
    assert built.layers[0].weight_shape == (3, 40)
    assert built.parameters == 3 * 40 + 3


def conv(**fields: object) -> LayerSpec:
    return LayerSpec.model_validate({"name": "c", "kind": "conv", "units": 1, "kernel": (3, 3)} | fields)


@pytest.mark.parametrize(
    ("shape", "layer", "field", "text"),
    [
        (
            (4, 4, 1),
            conv(kernel=(5, 5)),
            "kernel",
            "kernel 5x5 of `c` does not fit into `x`, which is 4x4x1: use `padding same`, or a kernel of at most 4x4",
        ),
        ((16,), conv(), "inputs", "`x` is a vector of 16"),
        ((4, 4, 1), conv(kernel=None), "kernel", "needs a kernel"),
        ((4, 4, 1), conv(units=None), "units", "needs a number of filters"),
        ((4, 4, 1), conv(stride=(0, 1)), "stride", "stride 0x1 must be at least 1x1"),
        ((4, 4, 1), conv(kernel=(0, 1)), "kernel", "kernel 0x1 must be at least 1x1"),
        ((4, 4, 1), conv(inputs=("y",)), "inputs", "reads `y`, which no earlier layer makes"),
        ((4, 4, 1), conv(inputs=("x", "x")), "inputs", "reads 1 tensor, not 2"),
        ((4, 4, 1), conv(name="x"), "name", "name `x` is already taken"),
        ((4, 4, 1), LayerSpec(name="c", kind="add"), "inputs", "reads 2 tensors, not 1"),
        ((4, 4, 1), LayerSpec(name="c", kind="dense"), "units", "needs a number of units"),
        ((4, 4, 1), LayerSpec(name="c", kind="softmax"), "inputs", "softmax `c` takes one vector, `x` is 4x4x1"),
        (
            (4, 4, 1),
            LayerSpec(name="c", kind="avgpool", kernel=(3, 3), padding="same"),
            "padding",
            "use `padding valid`, which gives 2x2",
        ),
        (  # padding is no way out: an average over it is refused
            (4, 4, 1),
            LayerSpec(name="c", kind="avgpool", kernel=(5, 5), stride=(1, 1)),
            "kernel",
            "use `global`, or a kernel of at most 4x4",
        ),
    ],
)
def test_what_does_not_fit_is_said_with_its_figures(
    shape: tuple[int, ...], layer: LayerSpec, field: str, text: str
) -> None:
    with pytest.raises(ShapeError) as caught:
        network(shape, layer)
    assert (caught.value.layer, caught.value.field) == (layer.name, field)
    assert text in str(caught.value)


@pytest.mark.parametrize("shape", [(), (4, 4), (0,), (4, 0, 1)])
def test_an_input_has_one_or_three_dimensions(shape: tuple[int, ...]) -> None:
    with pytest.raises(ShapeError) as caught:
        network(shape, LayerSpec(name="d", kind="dense", units=1))
    assert caught.value.layer == "x"


def test_adding_different_shapes_names_both() -> None:
    with pytest.raises(ShapeError, match="`x` is 4x4x1, `c` is 2x2x1"):
        network((4, 4, 1), conv(), LayerSpec(name="s", kind="add", inputs=("x", "c")))


def test_a_network_has_layers() -> None:
    with pytest.raises(ShapeError, match="declares no layers"):
        network((4, 4, 1))
