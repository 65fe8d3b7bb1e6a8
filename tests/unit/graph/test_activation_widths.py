"""Which row governs which tensor."""

from specc.graph.build import build_network
from specc.graph.network import Network
from specc.graph.widths import activation_bits, container_bytes
from specc.spec.model import InputSpec, LayerKind, LayerSpec, ModelSpec, QuantizationRow, QuantizationTable


def chain(*layers: tuple[str, LayerKind]) -> Network:
    declared = tuple(
        LayerSpec(name=name, kind=kind, units=2, kernel=(2, 2) if kind == "maxpool" else None) for name, kind in layers
    )
    return build_network(ModelSpec(name="m", input=InputSpec(name="x", shape=(4, 4, 2)), layers=declared))


def table(**bits: int) -> QuantizationTable:
    rows = tuple(QuantizationRow(layer=name.replace("every", "*"), bits=width) for name, width in bits.items())
    return QuantizationTable(model="m", rows=rows)


def test_a_tensor_has_the_width_of_its_reader_else_of_its_maker() -> None:
    network = chain(("gap", "avgpool"), ("a", "dense"), ("b", "dense"), ("out", "softmax"))
    assert activation_bits(network, table(a=12, b=16)) == {"x": 32, "gap": 12, "a": 16, "b": 16, "out": 16}


def test_the_star_row_governs_layers_without_their_own() -> None:
    network = chain(("gap", "avgpool"), ("a", "dense"), ("b", "dense"))
    assert activation_bits(network, table(every=8, b=16)) == {"x": 8, "gap": 8, "a": 16, "b": 16}


def test_guard_bits_widen_the_codes() -> None:
    row = QuantizationRow(layer="a", bits=8, guard=1)
    widths = activation_bits(chain(("a", "dense")), QuantizationTable(model="m", rows=(row,)))
    assert widths == {"x": 9, "a": 9}


def test_layers_that_keep_their_format_are_seen_through() -> None:
    network = chain(("a", "dense"), ("r", "relu"), ("f", "flatten"), ("b", "dense"))
    assert activation_bits(network, table(a=8, b=16)) == {"x": 8, "a": 16, "r": 16, "f": 16, "b": 16}


def test_of_several_readers_the_widest_counts() -> None:
    layers = (
        LayerSpec(name="a", kind="dense", units=2),
        LayerSpec(name="b", kind="dense", units=2, inputs=("x",)),
        LayerSpec(name="s", kind="add", inputs=("a", "b")),
    )
    network = build_network(ModelSpec(name="m", input=InputSpec(name="x", shape=(4,)), layers=layers))
    assert activation_bits(network, table(a=8, b=12)) == {"x": 12, "a": 8, "b": 12, "s": 8}


def test_without_a_table_everything_is_a_float() -> None:
    assert set(activation_bits(chain(("a", "dense")), None).values()) == {32}


def test_thousands_of_layers_in_a_row_are_no_problem() -> None:
    network = chain(*((f"r{index}", "relu") for index in range(4000)), ("a", "dense"))
    assert set(activation_bits(network, table(a=9)).values()) == {9}


def test_containers() -> None:
    assert [container_bytes(bits) for bits in (1, 8, 9, 16, 17, 32)] == [1, 1, 2, 2, 4, 4]
