"""The rows that a ring holds, call by call: as many as the kernel below needs, and never two in one place."""

from hypothesis import given, settings
from hypothesis import strategies as st
from test_execution import build, random_chain, windows_of

from specc.graph.execution import runs_by_rows, runs_in_tiles
from specc.graph.row_lives import RowLife, rings_of, row_lives
from specc.spec.model import LayerSpec


@given(st.integers(0, 100_000), st.booleans())
@settings(max_examples=150, deadline=None)
def test_no_two_rows_are_in_one_place(seed: int, streamed: bool) -> None:
    network = random_chain(seed)
    step = runs_by_rows(network, 0, len(network.layers) - 1, streamed=streamed)
    assert step is not None
    lives = row_lives(network, step)
    assert lives.keys() == step.rings.keys()
    for tensor, own in lives.items():
        assert [life.row for life in own] == list(range(network.shape(tensor)[0]))
        for life in own:
            later = own[life.row + step.rings[tensor] :]
            assert all(
                life.last < other.first
                for other in later
                if other.row % step.rings[tensor] == life.row % step.rings[tensor]
            )


@given(st.integers(0, 100_000))
@settings(max_examples=150, deadline=None)
def test_a_row_lives_from_its_maker_to_its_last_reader(seed: int) -> None:
    network = random_chain(seed)
    step = runs_by_rows(network, 0, len(network.layers) - 1, streamed=True)
    assert step is not None
    lives = row_lives(network, step)
    for tensor, own in lives.items():
        for life in own:
            index, call = step.calls[life.first]
            maker = network.input if index == len(network.layers) else network.layers[index].name
            assert (maker, call) == (tensor, life.row)
            readings = [
                time
                for time, (reader, done) in enumerate(step.calls)
                if reader < len(network.layers)
                and tensor in network.layers[reader].inputs
                and life.row in windows_of(network.layers[reader], done)
            ]
            assert life.last == max(readings, default=life.first)


def test_three_rows_under_a_kernel_by_hand() -> None:
    """a makes a row in each call, b reads three of them: with padding, the first call of b needs two."""
    layers = (
        LayerSpec(name="a", kind="maxpool", kernel=(1, 1), stride=(1, 1)),
        LayerSpec(name="b", kind="dwconv", kernel=(3, 3), padding="same"),
    )
    network = build((4, 4, 1), *layers)
    step = runs_by_rows(network, 0, 1)
    assert step is not None
    assert step.calls == ((0, 0), (0, 1), (1, 0), (0, 2), (1, 1), (0, 3), (1, 2), (1, 3))
    assert row_lives(network, step) == {"a": [RowLife(0, 0, 4), RowLife(1, 1, 6), RowLife(2, 3, 7), RowLife(3, 5, 7)]}


def test_every_tile_has_its_own_rows() -> None:
    """The input's columns are copied row by row into a ring of two, for windows of two rows, once for each tile."""
    layers = (
        LayerSpec(name="a", kind="maxpool", kernel=(2, 1), stride=(1, 1)),
        LayerSpec(name="b", kind="relu"),
    )
    step = runs_in_tiles(build((4, 4, 1), *layers), 0, 1, 2)
    assert step is not None
    copy = 3  # behind both layers and the arrival of rows, by the first layer
    assert step.calls == ((copy, 0), (copy, 1), (0, 0), (1, 0), (copy, 2), (0, 1), (1, 1), (copy, 3), (0, 2), (1, 2))
    first = [RowLife(0, 0, 2), RowLife(1, 1, 5), RowLife(2, 4, 8), RowLife(3, 7, 8)]
    second = [RowLife(life.row, life.first + 10, life.last + 10) for life in first]
    lives = row_lives(build((4, 4, 1), *layers), step)
    assert rings_of(step) == {"a": 1, "columns of x from layer 1 on": 2}
    assert lives["columns of x from layer 1 on"] == first + second
    assert [life.row for life in lives["a"]] == [0, 1, 2, 0, 1, 2]
