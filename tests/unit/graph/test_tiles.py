"""Tiles: every column is there when it is read, none is made outside of a tensor, and every output column is made."""

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from test_execution import build, random_chain, windows_of

from specc.graph.execution import Step, copying, runs_in_tiles
from specc.graph.network import Layer, Network
from specc.graph.tiles import Tiles
from specc.spec.model import LayerSpec


def columns_of(layer: Layer, column: int) -> range:
    """Input columns under a window, counted one by one."""
    if layer.kind == "add":
        return range(column, column + 1)
    left = column * layer.stride[1] - layer.pad_before[1]
    return range(left, left + layer.kernel[1])


class Replay:
    """Follows the calls of every tile with rings as small as the step says."""

    def __init__(self, network: Network, step: Step, tiles: Tiles) -> None:
        self.network = network
        self.tiles = tiles
        self.rows = {**step.rings, **{name: copied.rows for name, copied in tiles.copied.items()}}
        # What lies in each place of a ring: a row and a column, or None for what stands outside of the tensor.
        self.rings: dict[str, dict[tuple[int, int], tuple[int, int] | None]] = {name: {} for name in self.rows}
        self.output: set[tuple[int, int]] = set()
        for tile in range(step.times):
            for index, row in step.calls:
                self.call(index, row, tile)

    def call(self, index: int, row: int, tile: int) -> None:
        if index > len(self.network.layers):
            reader = index - copying(self.network, 0)
            name = next(name for name, copied in self.tiles.copied.items() if copied.reader == reader)
            width = self.network.shape(name)[1]
            inside = set(range(width)) & {self.tiles.kept[name].firsts[tile] + i for i in range(self.kept(name))}
            self.write(name, row, tile, inside)
            return
        layer = self.network.layers[index]
        made = self.tiles.made[layer.name]
        columns = range(made.firsts[tile], made.firsts[tile] + made.width)
        assert columns[0] >= 0 and columns[-1] < layer.output_shape[1], "nothing is made outside of the tensor"
        for source in layer.inputs:
            for source_row in windows_of(layer, row):
                self.read(layer, source, source_row, columns, tile)
        begin = self.tiles.writes_to(layer)[tile]
        if layer.name in self.rings:
            assert begin == columns[0] - self.tiles.kept[layer.name].firsts[tile]
            self.write(layer.name, row, tile, set(columns))
        else:
            self.output |= {(row, begin + i) for i in range(len(columns))}

    def read(self, layer: Layer, source: str, row: int, columns: range, tile: int) -> None:
        stride = 1 if layer.kind == "add" else layer.stride[1]
        for number, x in enumerate(columns):
            for offset, column in enumerate(columns_of(layer, x)):
                place = self.tiles.reads_from(layer, source)[tile] + number * stride + offset
                assert 0 <= place < self.kept(source), "a kernel stays within its ring's row"
                inside = 0 <= column < self.network.shape(source)[1]
                assert self.rings[source].get((row % self.rows[source], place)) == ((row, column) if inside else None)

    def write(self, name: str, row: int, tile: int, columns: set[int]) -> None:
        for place in range(self.kept(name)):
            column = self.tiles.kept[name].firsts[tile] + place
            if not 0 <= column < self.network.shape(name)[1]:
                self.rings[name][row % self.rows[name], place] = None
            elif column in columns:
                self.rings[name][row % self.rows[name], place] = (row, column)

    def kept(self, name: str) -> int:
        return self.tiles.kept[name].width


@given(st.integers(0, 100_000), st.integers(1, 9), st.integers(0, 3))
@settings(max_examples=300, deadline=None)
def test_every_column_is_there_when_it_is_read(seed: int, width: int, first: int) -> None:
    network = random_chain(seed)
    last = len(network.layers) - 1
    step = runs_in_tiles(network, min(first, last), last, min(width, network.output_shape[1]))
    assume(step is not None and step.tiles is not None)
    assert step is not None and step.tiles is not None
    height, columns = network.output_shape[:2]
    assert Replay(network, step, step.tiles).output == {(y, x) for y in range(height) for x in range(columns)}


def pair(**second: object) -> Network:
    first = LayerSpec(name="a", kind="dwconv", kernel=(3, 3), padding="same")
    return build((8, 16, 2), first, LayerSpec(name="b", kind="dwconv", kernel=(3, 3), padding="same", **second))


def test_halos_by_hand() -> None:
    """Two windows of 3 columns: the second's tile of 4 needs 5 columns of the first at a border, and 6 elsewhere."""
    step = runs_in_tiles(pair(), 0, 1, 4)
    assert step is not None and step.tiles is not None
    assert step.tiles.made["b"].firsts == (0, 4, 8, 12)
    assert step.tiles.made["a"].firsts == (0, 3, 7, 10)  # the last begins a column early to make 6, too
    assert step.tiles.made["a"].width == 6
    assert (step.tiles.kept["a"].firsts, step.tiles.kept["a"].width) == ((-1, 3, 7, 10), 7)
    assert step.tiles.macs(pair().layers[0]) == 4 * 8 * 6 * 2 * 9
    assert dict(step.tiles.outside) == {"x": "zero point", "a": "zero point"}


def test_two_tiles_share_what_lies_between_them() -> None:
    """No tile makes what lies outside, so that two of them have one inner halo each."""
    step = runs_in_tiles(pair(), 0, 1, 8)
    assert step is not None and step.tiles is not None
    assert (step.tiles.made["a"].firsts, step.tiles.made["a"].width) == ((0, 7), 9)


@pytest.mark.parametrize(
    "layers",
    [
        pytest.param([LayerSpec(name="b", kind="avgpool")], id="sums"),
        pytest.param([LayerSpec(name="b", kind="dense", units=2)], id="vector"),
        pytest.param(
            [LayerSpec(name="b", kind="relu"), LayerSpec(name="c", kind="relu", inputs=("a",))], id="read elsewhere"
        ),
        pytest.param(
            [
                LayerSpec(name="b", kind="dwconv", kernel=(1, 3), padding="same"),
                LayerSpec(name="c", kind="maxpool", kernel=(1, 3), stride=(1, 1), padding="same", inputs=("a",)),
                LayerSpec(name="d", kind="add", inputs=("b", "c")),
            ],
            id="two kinds of padding",
        ),
    ],
)
def test_what_cannot_run_in_tiles(layers: list[LayerSpec]) -> None:
    network = build((8, 16, 2), LayerSpec(name="a", kind="relu"), *layers)
    assert runs_in_tiles(network, 0, len(layers), 1) is None


def test_no_tile_is_wider_than_the_output() -> None:
    assert runs_in_tiles(pair(stride=(2, 2)), 0, 1, 8) is not None
    assert runs_in_tiles(pair(stride=(2, 2)), 0, 1, 9) is None
