"""The steps in which a network executes: layers as a whole, or neighbouring layers together, row by row.

Layers that run together make a row each time the next one needs it, so that the tensors between them need not exist as
a whole. Each lies in a ring of a few rows, row r in place r modulo their number; a row is kept until its last reader
has run, so that nothing is ever computed twice. Rings have a power of two of rows, if the tensor has as many: the place
of a row is then found without a division. What another step reads is written as a whole.

Layers that run together may make their output in tiles (`specc.graph.tiles`): some columns of it, for all rows, and
then the next.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

from specc.graph.network import Network
from specc.graph.row_work import RowWork, row_work, rows_of
from specc.graph.tiles import Columns, Copied, Tiles, tiled


@dataclass(frozen=True)
class Step:
    """Layers `first` to `last` of the network, by index, both included.

    Without `calls` it is one layer that runs as a whole. Otherwise each call is the index of a layer and the number of
    its call (see `RowWork`); the index behind the last layer stands for the arrival of an input row. With `tiles`, the
    calls are those of each tile, and the index of a layer moved behind that one, by `copying`, stands for its copy of
    the columns of an input row.
    """

    first: int
    last: int
    calls: tuple[tuple[int, int], ...] = ()
    rings: Mapping[str, int] = field(default_factory=dict)  # rows kept of each tensor that is never there as a whole
    tiles: Tiles | None = None

    @property
    def times(self) -> int:
        """How often the calls run: once for each tile."""
        return self.tiles.count if self.tiles else 1


@dataclass(frozen=True)
class Execution:
    """All steps of an inference, in order."""

    steps: tuple[Step, ...]

    @property
    def by_rows(self) -> frozenset[int]:
        """Indices of the layers that run by rows."""
        return frozenset(i for step in self.steps if step.calls for i in range(step.first, step.last + 1))

    @property
    def rings(self) -> dict[str, int]:
        """Rows kept of each tensor that is never there as a whole."""
        return {tensor: rows for step in self.steps for tensor, rows in step.rings.items()}

    @property
    def row_calls(self) -> int:
        """Calls of layers that run by rows, arrivals of input rows included."""
        return sum(len(step.calls) * step.times for step in self.steps)

    @property
    def columns(self) -> dict[str, Columns]:
        """The columns kept of each tensor that is never there as a whole, where these are not all."""
        return {name: step.tiles.kept[name] for step in self.steps if step.tiles for name in step.rings}

    def describe(self, network: Network) -> str:
        """The steps by rows, in words."""
        chains = [step for step in self.steps if step.calls]
        if not chains:
            return "every layer as a whole"
        names = [_named(network, step) for step in chains]
        arriving = f", {network.input} arriving by rows" if network.input in self.rings else ""
        return f"by rows: {', '.join(names)}{arriving}"


def _named(network: Network, step: Step) -> str:
    layers = "+".join(layer.name for layer in network.layers[step.first : step.last + 1])
    width = step.tiles.width if step.tiles else 0
    return f"{layers} in tiles of {width} column{'s' if width > 1 else ''}" if width else layers


def macs_computed(network: Network, execution: Execution) -> dict[str, int]:
    """Multiply-accumulates of each layer in an inference, those that tiles compute again included."""
    macs = {layer.name: layer.macs for layer in network.layers}
    for step in execution.steps:
        if step.tiles:
            layers = network.layers[step.first : step.last + 1]
            macs |= {layer.name: step.tiles.macs(layer) for layer in layers}
    return macs


def copying(network: Network, index: int) -> int:
    """What stands in a call for a layer's copy of an input row's columns, behind the arrival of rows."""
    return len(network.layers) + 1 + index


def resident(network: Network) -> Execution:
    """Every layer as a whole, one after the other."""
    return Execution(tuple(Step(index, index) for index in range(len(network.layers))))


def runs_by_rows(
    network: Network, first: int, last: int, window_sums: Collection[str] = (), *, streamed: bool = False
) -> Step | None:
    """Some neighbouring layers as one step by rows, or None where they cannot be.

    Args:
        network: the network.
        first: index of the first layer.
        last: index of the last layer.
        window_sums: names of the convolutions that run as window sums.
        streamed: whether the input arrives by rows, which only a step with all of its readers can take.
    """
    works = _works(network, first, last, window_sums)
    if works is None:
        return None
    if streamed and {layer.name for layer in network.consumers(network.input)} - {work.layer.name for work in works}:
        return None
    arriving = {network.input: len(network.layers)} if streamed else {}
    return _Simulation(network, first, works, frozenset(window_sums), arriving).run()


def runs_in_tiles(
    network: Network, first: int, last: int, width: int, window_sums: Collection[str] = ()
) -> Step | None:
    """Some neighbouring layers as one step by rows, tile by tile, or None where they cannot be.

    Args:
        network: the network.
        first: index of the first layer.
        last: index of the last layer.
        width: columns of the last layer's output at a time.
        window_sums: names of the convolutions that run as window sums, which have no columns.
    """
    works = _works(network, first, last, window_sums)
    if works is None or works[-1].parts == 1 or width > works[-1].layer.output_shape[1]:
        return None
    tiles = tiled(works, width)
    if tiles is None or not _is_left_by_its_last(network, works):
        return None
    readers = {
        name: next(first + i for i, work in enumerate(works) if name in work.layer.inputs)
        for name in tiles.kept.keys() - tiles.made.keys()
    }
    if len(set(readers.values())) < len(readers):
        return None  # a layer copies one input
    copies = {name: copying(network, reader) for name, reader in readers.items()}
    step = _Simulation(network, first, works, frozenset(window_sums), copies).run()
    copied = {name: Copied(reader, step.rings[name]) for name, reader in sorted(readers.items())}
    rings = {name: rows for name, rows in step.rings.items() if name not in copied}
    return replace(step, rings=rings, tiles=replace(tiles, copied=copied))


def with_tile_width(network: Network, step: Step, width: int) -> Step | None:
    """A step in tiles with tiles of another width, or None where it cannot be. Its calls are the same."""
    assert step.tiles is not None
    works = _works(network, step.first, step.last, ())
    tiles = tiled(works or (), width)
    return None if tiles is None else replace(step, tiles=replace(tiles, copied=step.tiles.copied))


def _is_left_by_its_last(network: Network, works: list[RowWork]) -> bool:
    """Whether nothing but the output of the last of some layers is read elsewhere, and that is."""
    made = {work.layer.name for work in works}
    left = {name for name in made if {layer.name for layer in network.consumers(name)} - made}
    return (left | ({network.output} & made)) == {works[-1].layer.name}


def _works(network: Network, first: int, last: int, window_sums: Collection[str]) -> list[RowWork] | None:
    works = [row_work(layer, frozenset(window_sums)) for layer in network.layers[first : last + 1]]
    found = [work for work in works if work is not None]
    return found if len(found) == len(works) else None


class _Simulation:
    """Runs the layers on paper: each row is made when it is asked for, and kept while somebody may still read it.

    `arriving` names the tensors whose rows come from elsewhere one by one, with what stands for that in a call.
    """

    def __init__(
        self,
        network: Network,
        first: int,
        works: list[RowWork],
        window_sums: frozenset[str],
        arriving: Mapping[str, int],
    ) -> None:
        self._network = network
        self._first = first
        self._works = works
        self._done = [0] * len(works)
        self._calls: list[tuple[int, int]] = []
        self._maker = {work.layer.name: index for index, work in enumerate(works)}
        self._arriving = arriving
        self._made = dict.fromkeys((*self._maker, *arriving), 0)
        self._readers = {
            tensor: [i for i, work in enumerate(works) if tensor in work.layer.inputs] for tensor in self._made
        }
        self._rings = {tensor: 1 for tensor in self._made if self._stays_inside(tensor) and tensor not in window_sums}

    def run(self) -> Step:
        # The last layer asks for what it needs; then come the rows that it does not ask for.
        for index in (len(self._works) - 1, *range(len(self._works) - 1)):
            while not self._finished(index):
                self._call(index)
        if self._arriving.get(self._network.input) == len(self._network.layers):  # every row has to be taken
            self._ask(self._network.input, rows_of(self._network.input_shape) - 1)
        last = self._first + len(self._works) - 1
        rings = {
            name: min(_power_of_two(rows), rows_of(self._network.shape(name))) for name, rows in self._rings.items()
        }
        return Step(self._first, last, tuple(self._calls), rings)

    def _stays_inside(self, tensor: str) -> bool:
        if tensor in self._arriving:
            return True
        readers = self._network.consumers(tensor)
        inside = len(readers) == len(self._readers[tensor])
        return inside and tensor != self._network.output

    def _ask(self, tensor: str, row: int) -> None:
        """Make a tensor's rows up to one."""
        while tensor in self._made and self._made[tensor] <= row:
            if tensor in self._maker:
                self._call(self._maker[tensor])
            else:
                self._calls.append((self._arriving[tensor], self._made[tensor]))
                self._keep(tensor, self._made[tensor] + 1)

    def _call(self, index: int) -> None:
        work, call = self._works[index], self._done[index]
        for tensor in work.layer.inputs:
            self._ask(tensor, work.reads(call)[1])
        self._calls.append((self._first + index, call))
        # The row that is made and those that are read are in memory at the same time.
        self._keep(work.layer.name, work.made(call + 1))
        self._done[index] += 1

    def _keep(self, tensor: str, made: int) -> None:
        self._made[tensor] = made
        if tensor not in self._rings:
            return
        oldest = [self._works[i].reads(self._done[i])[0] for i in self._readers[tensor] if not self._finished(i)]
        self._rings[tensor] = max(self._rings[tensor], made - min(oldest, default=made))

    def _finished(self, index: int) -> bool:
        return self._done[index] == self._works[index].calls


def _power_of_two(least: int) -> int:
    return 1 << (least - 1).bit_length()
