"""Which layers run together by rows: the least memory, or the least work within a limit.

Every way of cutting the layers into neighbours that run together is weighed, by dynamic programming over the places of
the cuts. Bytes are those that live at once in a step; work is the number of calls by rows, each of which costs a call
and, while layers are timed, two readings of the clock. Nothing is ever computed twice.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from specc.graph.execution import Execution, Step, runs_by_rows
from specc.graph.lifetimes import IN_PLACE, Buffer, buffers, peak, pool_sums_bytes, tensor_bytes
from specc.graph.network import Network
from specc.graph.row_work import row_work

_LONGEST: Final = 40  # layers that are tried together; the number of ways grows with its square


@dataclass(frozen=True)
class Request:
    """What a schedule declares, and the network it is about.

    Args:
        network: the network.
        widths: bytes per value of each tensor.
        window_sums: names of the convolutions that run as window sums.
        together: names of layers that run as one, each a run of neighbours.
        streamed: whether the input arrives by rows.
        alignment: sizes of buffers are rounded up to a multiple of this many bytes.
    """

    network: Network
    widths: Mapping[str, int]
    window_sums: frozenset[str] = frozenset()
    together: tuple[tuple[str, ...], ...] = ()
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


def least_memory(request: Request) -> Execution:
    """The execution whose steps need least at once, and of those the one of least work.

    Raises:
        UnfitError: as `as_declared`.
    """
    planner = _Planner(request, free=True)
    return planner.least_work(planner.least_bytes())


def within(request: Request, limit: int) -> Execution:
    """The execution of least work whose steps need at most `limit` bytes; that of least memory if none does.

    Raises:
        UnfitError: as `as_declared`.
    """
    planner = _Planner(request, free=True)
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
        self._groups = [tuple(self._places[name] for name in names) for names in request.together]
        self._candidates = [
            [found for first in range(last, -1, -1) if (found := self._candidate(first, last)) is not None]
            for last in range(len(request.network.layers))
        ]

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
            raise UnfitError(f"no schedule of rows is possible at layer {name}, as the spec declares it")
        return best[-1]

    def _candidate(self, first: int, last: int) -> _Candidate | None:
        request = self._request
        if last - first >= _LONGEST or not self._allowed(first, last):
            return None
        streamed = request.streamed and first == 0
        if last == first and not streamed:
            step: Step | None = Step(first, last)
        else:
            step = runs_by_rows(request.network, first, last, request.window_sums, streamed=streamed)
        return None if step is None else _Candidate(step, self._bytes(step), len(step.calls))

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
        sizes = [self._size(name, step.rings.get(name)) for name in (*made, *self._before(step.first, step.rings))]
        sums = sum(pool_sums_bytes(layer, request.window_sums) for layer in layers)
        return sum(sizes) + sums + self._size_of_ring(step, request.network.input)

    def _size_of_ring(self, step: Step, tensor: str) -> int:
        return self._size(tensor, step.rings[tensor]) if tensor in step.rings else 0

    def _bytes_as_a_whole(self, index: int) -> int:
        layer = self._request.network.layers[index]
        live = sum(self._size(name, None) for name in self._before(index, ()))
        own = self._size(layer.name, None)
        return live if self._writes_over(index) else live + own

    def _writes_over(self, index: int) -> bool:
        layer = self._request.network.layers[index]
        if layer.kind == "flatten":
            return True
        return layer.kind in IN_PLACE and any(
            self._last_reader(name) <= index and self._size(name, None) == self._size(layer.name, None)
            for name in layer.inputs
        )

    def _before(self, first: int, rings: Collection[str]) -> Iterable[str]:
        """Tensors made before a layer that it or a later one reads, but for an input that arrives by rows."""
        network = self._request.network
        tensors = [network.input, *(layer.name for layer in network.layers[:first])]
        return [name for name in tensors if name not in rings and self._last_reader(name) >= first]

    def _last_reader(self, tensor: str) -> int:
        return max((self._places[layer.name] for layer in self._request.network.consumers(tensor)), default=-1)

    def _size(self, tensor: str, rows: int | None) -> int:
        request = self._request
        size = tensor_bytes(request.network, request.widths, tensor, rows, request.window_sums)
        return -(-size // request.alignment) * request.alignment
