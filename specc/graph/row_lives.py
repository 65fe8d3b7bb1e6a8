"""How long each row of a tensor is kept while layers run together by rows."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from specc.graph.execution import Step
from specc.graph.network import Network
from specc.graph.row_work import row_work


@dataclass(frozen=True)
class RowLife:
    """A row lies in place `row` modulo the ring's rows from call `first` of its step to call `last`, both included."""

    row: int
    first: int
    last: int


def row_lives(network: Network, step: Step, window_sums: frozenset[str] = frozenset()) -> dict[str, list[RowLife]]:
    """The life of every row of each tensor that a step keeps in a ring: from the call that makes it to its last reader.

    Args:
        network: the network.
        step: one that runs by rows.
        window_sums: names of the convolutions that run as window sums.
    """
    works = {
        index: row_work(layer, window_sums)
        for index, layer in enumerate(network.layers)
        if step.first <= index <= step.last
    }
    lives: dict[str, list[RowLife]] = {tensor: [] for tensor in step.rings}
    done: Counter[int] = Counter()
    for time, (index, call) in enumerate(step.calls):
        work = works.get(index)
        if work is None:  # a row of the input arrives
            lives[network.input].append(RowLife(call, time, time))
            continue
        for tensor in {name for name in work.layer.inputs if name in lives}:
            first, last = work.reads(call)
            for row in range(first, last + 1):
                lives[tensor][row] = RowLife(row, lives[tensor][row].first, time)
        if work.layer.name in lives:
            made = lives[work.layer.name]
            made.extend(RowLife(row, time, time) for row in range(len(made), work.made(done[index] + 1)))
        done[index] += 1
    return lives
