"""Which layers run together by rows: the least memory, or the least work within a limit.

Every way of cutting the layers into neighbours that run together is weighed, by dynamic programming over the places of
the cuts. Bytes are those that live at once in a step; work is an estimate of the cycles that running by rows adds.

Tiles compute columns of their halos again. So they are weighed only where rows alone need more memory than there is,
and only those that need less than rows alone: of each run the output cut into a few numbers of tiles.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from specc.graph.execution import Execution, Step, runs_by_rows, runs_in_tiles, with_tile_width
from specc.graph.lifetimes import (
    IN_PLACE,
    Buffer,
    buffers,
    copied_bytes,
    peak,
    pool_sums_bytes,
    ring_bytes,
    tensor_bytes,
)
from specc.graph.network import Network
from specc.graph.row_cost import row_cost
from specc.graph.row_work import row_work

_LONGEST: Final = 40  # layers that are tried together; the number of ways grows with its square
_TILE_COUNTS: Final = (2, 3, 4, 6, 8)  # that an output is cut into; with more, halos outgrow what they belong to


@dataclass(frozen=True)
class Request:
    """What a schedule declares, and the network it is about.

    Args:
        network: the network.
        widths: bytes per value of each tensor.
        window_sums: names of the convolutions that run as window sums.
        together: names of layers that run as one, each a run of neighbours.
        tiles: columns at a time of the output of such runs, by their names; runs without are not cut by declaration.
        streamed: whether the input arrives by rows.
        alignment: sizes of buffers are rounded up to a multiple of this many bytes.
    """

    network: Network
    widths: Mapping[str, int]
    window_sums: frozenset[str] = frozenset()
    together: tuple[tuple[str, ...], ...] = ()
    tiles: Mapping[tuple[str, ...], int] = field(default_factory=dict)
    streamed: bool = False
    alignment: int = 1

    def peak(self, execution: Execution) -> int:
        """Bytes that live at once at most."""
        return peak(self.buffers(execution))

    def buffers(self, execution: Execution) -> list[Buffer]:
        """The buffers of an execution."""
        return buffers(self.network, self.widths, self.alignment, execution, self.window_sums)


class UnfitError(ValueError):
    """The layers cannot run as the schedule declares; the message says which."""


def as_declared(request: Request) -> Execution:
    """Layers by rows only where they are declared to run as one, or to take the input by rows.

    Raises:
        UnfitError: a declared run of layers cannot run by rows.
    """
    return _Planner(request, free=False).least_work(math.inf)


def least_memory(request: Request, *, in_tiles: bool = True) -> Execution:
    """The execution whose steps need least at once, and of those the one of least work.

    Without `in_tiles`, only declared runs have tiles, and nothing else is computed twice.

    Raises:
        UnfitError: as `as_declared`.
    """
    return _least_work(request, 0, in_tiles=in_tiles)


def within(request: Request, limit: int) -> Execution:
    """The execution of least work whose steps need at most `limit` bytes; that of least memory if none does.

    It has tiles only where rows alone need more.

    Raises:
        UnfitError: as `as_declared`.
    """
    return _least_work(request, limit, in_tiles=True)


def _least_work(request: Request, limit: int, *, in_tiles: bool) -> Execution:
    planner = _Planner(request, free=True)
    if in_tiles and planner.least_bytes() > limit:
        planner.add_tiles()
    return planner.least_work(max(limit, planner.least_bytes()))


@dataclass(frozen=True)
class _Candidate:
    step: Step
    bytes: int
    work: int


class _Planner:
    """All steps that are allowed, by the layer that they end with.

    With `free`, any neighbours may run together; without, only those that are declared to.
    """

    def __init__(self, request: Request, *, free: bool) -> None:
        self._request = request
        self._free = free
        self._places = {layer.name: index for index, layer in enumerate(request.network.layers)}
        self._live = self._tensors_before_each_layer()
        self._groups = [tuple(self._places[name] for name in names) for names in request.together]
        self._widths = {
            (self._places[names[0]], self._places[names[-1]]): width for names, width in request.tiles.items()
        }
        longest = _LONGEST if free or self._groups else 1
        self._candidates = [
            [
                found
                for first in range(last, max(last - longest, -1), -1)
                if (found := self._candidate(first, last)) is not None
            ]
            for last in range(len(request.network.layers))
        ]

    def add_tiles(self) -> None:
        """Let runs be cut into tiles where they then need less than the best execution without."""
        most = self.least_bytes()
        for last, candidates in enumerate(self._candidates):
            for first in range(last):
                candidates.extend(found for found in self._in_tiles(first, last, most) if found.bytes < most)

    def least_bytes(self) -> int:
        """The least that the step of most bytes can need."""
        best: list[float] = [0]
        for candidates in self._candidates:
            best.append(min((max(best[c.step.first], c.bytes) for c in candidates), default=math.inf))
        return int(self._checked(best))

    def least_work(self, limit: float) -> Execution:
        """The execution of least work whose steps need no more than the limit; of equals, that of shorter steps."""
        best: list[float] = [0]
        chosen: list[_Candidate | None] = []
        for candidates in self._candidates:
            fitting = [c for c in candidates if c.bytes <= limit]
            found = min(fitting, key=lambda c: best[c.step.first] + c.work, default=None)
            chosen.append(found)
            best.append(math.inf if found is None else best[found.step.first] + found.work)
        self._checked(best)
        steps: list[Step] = []
        end = len(chosen)
        while end:
            candidate = chosen[end - 1]
            assert candidate is not None, "a finite sum has a candidate at each of its cuts"
            steps.insert(0, candidate.step)
            end = candidate.step.first
        return Execution(tuple(steps))

    def _checked(self, best: list[float]) -> float:
        if math.isinf(best[-1]):
            first = next(index for index, value in enumerate(best) if math.isinf(value)) - 1
            name = self._request.network.layers[first].name
            tile = next((width for (start, last), width in self._widths.items() if start <= first <= last), None)
            what = f"tiles of {tile} columns" if tile else "rows"
            raise UnfitError(f"no schedule of {what} is possible at layer {name}, as the spec declares it")
        return best[-1]

    def _candidate(self, first: int, last: int) -> _Candidate | None:
        request = self._request
        if not self._allowed(first, last):
            return None
        streamed = request.streamed and first == 0
        width = self._widths.get((first, last))
        if width is not None:
            # Every tile reads all rows of the input once more, and those of one that arrives by rows have gone by then.
            step = None if streamed else runs_in_tiles(request.network, first, last, width, request.window_sums)
        elif last == first and not streamed:
            step = Step(first, last)
        else:
            step = runs_by_rows(request.network, first, last, request.window_sums, streamed=streamed)
        return None if step is None else self._weighed(step)

    def _weighed(self, step: Step) -> _Candidate:
        return _Candidate(step, self._bytes(step), row_cost(self._request.network, self._request.widths, step))

    def _in_tiles(self, first: int, last: int, most: int) -> Iterator[_Candidate]:
        """A run in tiles of several widths, where anything can be saved: what is no ring lies in memory as a whole."""
        network = self._request.network
        shape = network.layers[last].output_shape
        if last - first >= _LONGEST or len(shape) < 3 or (first, last) in self._widths:
            return
        whole = sum(self._size(name) for name in (network.layers[last].name, *self._before(first, ())))
        if whole >= most or (self._request.streamed and first == 0) or not self._allowed(first, last):
            return
        widths = sorted({-(-shape[1] // tiles) for tiles in _TILE_COUNTS} - {shape[1]})
        step = runs_in_tiles(network, first, last, widths[-1], self._request.window_sums) if widths else None
        tried = (with_tile_width(network, step, width) for width in widths) if step else ()
        yield from (self._weighed(one) for one in tried if one)

    def _allowed(self, first: int, last: int) -> bool:
        """Whether a step has all layers of a declared run or none, and runs nothing together that must not."""
        inside = range(first, last + 1)
        shared = [group for group in self._groups if any(index in inside for index in group)]
        if any(group[0] not in inside or group[-1] not in inside for group in shared):
            return False
        if first == last or (len(shared) == 1 and len(inside) == len(shared[0])):
            return True
        return self._free and all(self._saves(index) for index in inside if not any(index in group for group in shared))

    def _saves(self, index: int) -> bool:
        """Whether a layer can save memory by rows."""
        work = row_work(self._request.network.layers[index], self._request.window_sums)
        return work is not None and work.way != "at once"

    def _bytes(self, step: Step) -> int:
        """Bytes of what lives while a step runs; layers as a whole write over an input where they can."""
        request, network = self._request, self._request.network
        layers = network.layers[step.first : step.last + 1]
        if not step.calls:
            return self._bytes_as_a_whole(step.first)
        made = [layer.name for layer in layers]
        whole = [name for name in (*made, *self._before(step.first, step.rings)) if name not in step.rings]
        columns = step.tiles.kept if step.tiles else {}
        rings = [
            ring_bytes(network, request.widths, name, rows, columns.get(name)) for name, rows in step.rings.items()
        ]
        beside = [pool_sums_bytes(layer, request.window_sums) for layer in layers]
        beside += copied_bytes(network, request.widths, step).values()
        return sum(map(self._size, whole)) + sum(map(self._aligned, (*rings, *beside)))

    def _bytes_as_a_whole(self, index: int) -> int:
        layer = self._request.network.layers[index]
        live = sum(self._size(name) for name in self._before(index, ()))
        own = self._size(layer.name)
        return live if self._writes_over(index) else live + own

    def _writes_over(self, index: int) -> bool:
        layer = self._request.network.layers[index]
        if layer.kind == "flatten":
            return True
        return layer.kind in IN_PLACE and any(
            self._last_reader(name) <= index and self._size(name) == self._size(layer.name) for name in layer.inputs
        )

    def _before(self, first: int, rings: Collection[str]) -> Iterable[str]:
        """Tensors made before a layer that it or a later one reads, but for an input that arrives by rows."""
        return [name for name in self._live[first] if name not in rings]

    def _tensors_before_each_layer(self) -> list[list[str]]:
        """For each layer, the tensors made before it that it or a later one reads."""
        network = self._request.network
        live: list[list[str]] = [[] for _ in network.layers]
        for place, name in enumerate([network.input, *(layer.name for layer in network.layers)]):
            for reader in range(place, self._last_reader(name) + 1):
                live[reader].append(name)
        return live

    def _last_reader(self, tensor: str) -> int:
        return max((self._places[layer.name] for layer in self._request.network.consumers(tensor)), default=-1)

    def _size(self, tensor: str) -> int:
        request = self._request
        return self._aligned(tensor_bytes(request.network, request.widths, tensor, request.window_sums))

    def _aligned(self, size: int) -> int:
        return -(-size // self._request.alignment) * self._request.alignment
